"""Samples: images with their targets, checked against a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symcnn.errors import InputError
from symcnn.network.labels import check_labels
from symcnn.network.network import Network

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Data:
    """Images and what the network should answer.

    Attributes:
        images: (samples, [channels,] height, width) or (samples, features).
        targets: (samples, outputs), or None for a forward-only network; for cross-entropy also (samples,): the number
            of each image's class, from 0.
        labels: what each image shows, in words.

    Raises:
        InputError: a label that some format cannot hold (``symcnn.network.labels``).
    """

    images: Any
    targets: Any = None
    labels: Sequence[str] | None = None

    def __post_init__(self) -> None:
        if self.labels is not None:
            check_labels(self.labels)

    def split(self, share: float, seed: int = 0) -> "tuple[Data, Data]":
        """Two parts of the samples, each in the order of this one: the rest, and a share held out, drawn at random.

        Args:
            share: of the samples, above 0 and below 1; of at least one sample each part.
            seed: of ``numpy.random.default_rng(seed).permutation``.
        """
        count = len(self.images)
        if not isinstance(share, (int, float)) or isinstance(share, bool) or not 0 < share < 1 or count < 2:
            raise InputError(
                f"share {share!r} of {count} samples: expected a number above 0 and below 1, of at least 2"
            )
        if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
            raise InputError(f"seed={seed!r}: expected a whole number, at least 0")
        out = np.random.default_rng(seed).permutation(count)[: min(max(round(share * count), 1), count - 1)]
        rest = np.setdiff1d(np.arange(count), out)
        return self._part(rest), self._part(np.sort(out))

    def _part(self, numbers: NDArray[np.intp]) -> "Data":
        targets = None if self.targets is None else np.asarray(self.targets)[numbers]
        labels = None if self.labels is None else [self.labels[n] for n in numbers]
        return Data(np.asarray(self.images)[numbers], targets, labels)


DataLike = Data | tuple[Any, Any]


def as_data(data: DataLike) -> Data:
    """``Data`` as it is, or made of a pair (images, targets)."""
    if isinstance(data, Data):
        return data
    if isinstance(data, (tuple, list)) and len(data) == 2:
        return Data(*data)
    raise InputError(f"data of type {type(data).__name__}: expected symcnn.Data or a pair (images, targets)")


def checked(network: Network, data: DataLike) -> tuple[Array, Array]:
    """Images and targets as float arrays that fit the network.

    Returns:
        images: (samples, *network.forward.image.shape), an axis of one channel left out; targets: (samples, outputs).
    """
    given = as_data(data)
    images = checked_images(network, given.images)
    if given.targets is None:
        raise InputError(f"targets: missing; expected {len(images)} rows of {network.outputs} values")
    targets = _rows(network, given.targets)
    expected = (len(images), network.outputs)
    if targets.shape != expected:
        raise InputError(
            f"targets of shape {_shape(targets.shape)}: expected {_shape(expected)}, one row of"
            f" {network.outputs} values for each of the {len(images)} images"
        )
    _check_range(network, targets)
    if given.labels is not None and len(given.labels) != len(images):
        raise InputError(f"labels: {len(given.labels)} of them; expected {len(images)}, one for each image")
    return images, targets


#: What the targets of a loss may be, where not any number makes it an error of something.
_RANGES = {"binary_cross_entropy": (1.0, "from 0 to 1"), "cross_entropy": (np.inf, "at least 0")}


def _check_range(network: Network, targets: Array) -> None:
    """Rows of cross_entropy need not add to 1: its gradient is stated for any."""
    if network.loss not in _RANGES:
        return
    largest, words = _RANGES[network.loss]
    bad = np.argwhere((targets < 0) | (targets > largest))
    if len(bad):
        sample, k = bad[0].tolist()
        raise InputError(
            f"targets: the value at ({sample + 1}, {k + 1}) (counted from 1) is {targets[sample, k]:g}; with"
            f" loss='{network.loss}' expected numbers {words}"
        )


def class_names(targets: Array, labels: Sequence[str] | None) -> tuple[str, ...] | None:
    """What each output stands for, in words: the label that all samples have whose largest target it is.

    A single output tells two classes apart: 0 and 1. None where there are no labels, no classes, or samples of one
    class with different labels.
    """
    named = _named(targets, labels)
    if named is None:
        return None
    return tuple(named.get(k, str(k)) for k in range(max(targets.shape[1], 2)))


def _named(targets: Array, labels: Sequence[str] | None) -> dict[int, str] | None:
    """Class -> the label of all its samples; without the classes of which there is no sample."""
    single = targets.shape[1] == 1
    if labels is None or (single and not np.isin(targets, (0, 1)).all()):
        return None
    found: dict[int, str] = {}
    for k, label in zip((targets[:, 0] if single else np.argmax(targets, axis=1)).tolist(), labels, strict=True):
        if found.setdefault(int(k), str(label)) != str(label):
            return None
    return found


def check_same_classes(known: tuple[Array, Sequence[str] | None], other: tuple[Array, Sequence[str] | None]) -> None:
    """Refuse samples whose classes have other names than those of the same outputs: (targets, labels) of each."""
    ours, theirs = _named(*known), _named(*other)
    if ours and theirs and any(ours.get(k, name) != name for k, name in theirs.items()):
        lists = (", ".join(name for _, name in sorted(names.items())[:20]) for names in (theirs, ours))
        raise InputError(f"its classes are {next(lists)}; expected those of the training: {next(lists)}")


def _rows(network: Network, given: Any) -> Array:
    """Targets as rows; a whole number for each image is a class, for cross-entropy."""
    targets = _numbers("targets", given)
    if targets.ndim != 1 or network.loss != "cross_entropy":
        return targets
    classes = network.outputs
    bad = np.flatnonzero((targets != np.floor(targets)) | (targets < 0) | (targets >= classes))
    if bad.size:
        raise InputError(
            f"targets: the label of image {bad[0] + 1} is {targets[bad[0]]:g}; expected whole numbers from 0 to"
            f" {classes - 1}, or rows of {classes} values"
        )
    rows: Array = np.eye(classes)[targets.astype(int)]
    return rows


def checked_images(network: Network, images: Any) -> Array:
    """Images as a float array (samples, *shape of the input), an axis of one channel left out."""
    array = _numbers("images", images)
    shape = network.forward.image.shape
    if array.shape[1:] not in (shape, network.input_shape) or not len(array):
        raise InputError(
            f"images of shape {_shape(array.shape)}: expected (samples, {', '.join(map(str, network.input_shape))}),"
            " at least one sample"
        )
    return array.reshape(len(array), *shape)


def _numbers(what: str, values: Any) -> Array:
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "iufb":
            raise TypeError(f"{given.dtype} values")
        array = given.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{what}: expected numbers, every sample of the same shape ({_first_line(error)})") from None
    if not np.isfinite(array).all():
        place = tuple(int(n) + 1 for n in np.argwhere(~np.isfinite(array))[0])
        value = array[tuple(n - 1 for n in place)]
        raise InputError(f"{what}: the value at {_shape(place)} (counted from 1) is {value}; expected a finite number")
    return array


def _shape(shape: Sequence[int]) -> str:
    return f"({', '.join(map(str, shape))})"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
