"""Samples: images with their targets, checked against a network.

A label is a text that every format of symcnn can hold, so that it is written and read back unchanged.
"""

import math
import re
import warnings
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symcnn.errors import InputError, SymcnnWarning, quoted, reason_of
from symcnn.network.network import Network
from symcnn.network.png import Array as Array
from symcnn.network.png import Ink, check_ink, is_picture, picture_pixels, warn_of_pictures
from symcnn.network.words import DATA_ARGUMENTS, in_any_words
from symcnn.text.characters import is_shown

#: Characters of a label: as many as a folder's name may have.
MAX_LABEL = 255


def check_label(where: str, label: object) -> str:
    """Return the label, if it is valid: the same rule for Python, network files, folders and saved trainings.

    Raises:
        InputError: no text, too long, or with a character that some format cannot hold.
    """
    if not isinstance(label, str):
        raise InputError(f"{where}: label={quoted(label)}; expected a text")
    if len(label) > MAX_LABEL:
        raise InputError(f"{where}: a label of {len(label)} characters; expected at most {MAX_LABEL}")
    bad = next((c for c in label if not is_shown(c)), None)
    if bad is not None:
        raise InputError(
            f"{where}: label={quoted(label)} has the character U+{ord(bad):04X}; expected printable characters"
            " (no control characters, line breaks, halves of characters or marks of direction)"
        )
    return label


def check_labels(labels: Iterable[object], where: str = "sample") -> None:
    """Check the labels of samples, counted from 1 in messages."""
    first: dict[str, int] = {}
    for number, label in enumerate(labels, 1):
        first.setdefault(str(label), number)
    for text, number in first.items():
        check_label(f"{where} {number}", text)


#: Pixels past which gradient descent at the usual rates seldom gets anywhere.
LARGE_PIXELS = 20.0


@dataclass(frozen=True, eq=False, repr=False)
class Data:
    """Images with their targets: arrays, lists, pandas' frames and series, tensors of PyTorch.

    >>> import symcnn
    >>> data = symcnn.Data([[[1, 0], [0, 1]], [[0, 1], [1, 0]]], ["falls", "rises"])
    >>> data
    Data(2 samples: images (2, 2, 2), targets (2))
    >>> data[:1].targets
    array([0.])
    >>> symcnn.Data([[1, 2], [3, 4]], targets=[0, 1, 0])
    Traceback (most recent call last):
    symcnn.errors.InputError: targets: 3 of them; expected 2, one for each image

    Attributes:
        images: (samples, [channels,] height, width) or (samples, features), used as they are; of one channel also
            (samples, height · width), row by row; or a list of Pillow's images, which become pixels as PNG files do
            (``symcnn.network.png``).
        targets: (samples, outputs), or None for a forward-only network; for a single output also (samples,); for
            several also (samples,): the number of each image's class, from 0; or (samples,) names of classes, of which
            there must be as many as the network has classes (``class_order``).
        labels: a text for each image; if None, the names of the classes where the targets are names.
        ink: of Pillow's images: "black" on white (the default) or "white" on black.
        drawn_in: of pixels that were pictures: the ink by which ``read_data`` made them; a training saves it.

    Raises:
        InputError: targets or labels are not as many as images; a label that some format cannot hold
            (``symcnn.network.data``).
    """

    images: Any
    targets: Any = None
    labels: Sequence[str] | None = None
    ink: Ink | None = None
    drawn_in: Ink | None = None

    def __post_init__(self) -> None:
        if self.images is None or isinstance(self.images, (str, bytes, Path)):
            raise InputError(
                f"images={quoted(self.images)}: expected numbers or pictures; symcnn.read_data(path, network) reads a"
                " file"
            )
        if self.labels is not None:
            check_labels(self.labels)
        images = _count(self.images)
        for what, values in (("targets", self.targets), ("labels", self.labels)):
            count = _count(values)
            if None not in (images, count) and images != count:
                raise InputError(f"{what}: {count} of them; expected {images}, one for each image")

    def __len__(self) -> int:
        """The number of samples."""
        return _count(self.images) or 0

    def __repr__(self) -> str:
        parts = {"images": self.images, "targets": self.targets, "labels": self.labels}
        texts = [f"{what} {_shape_in_words(values)}" for what, values in parts.items() if values is not None]
        return f"Data({len(self)} sample{'s' * (len(self) != 1)}: {', '.join(texts)})"

    def __getitem__(self, chosen: "int | slice | Sequence[int] | NDArray[np.intp]") -> "Data":
        """Some of the samples, counted from 0: ``data[7]``, ``data[:10]``, ``data[[7, 3]]``."""
        count = len(self)
        if isinstance(chosen, slice):
            numbers = np.arange(count)[chosen]
        else:
            numbers = np.atleast_1d(np.asarray(chosen))
            if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
                raise InputError(f"data[{quoted(chosen)}]: expected a sample's number from 0, several, or a slice")
            if ((numbers < -count) | (numbers >= count)).any():
                raise IndexError(f"data[{quoted(chosen)}]: expected numbers from 0 to {count - 1}")
        targets, labels, pictures = self.targets, self.labels, _pictures(self.images)
        if (names := _names(targets)) is not None:  # a part may lack a class, and still has its number
            targets, labels = _class_numbers(names), labels or names
        targets = None if targets is None else np.asarray(as_array(targets))[numbers]
        labels = None if labels is None else [labels[n] for n in numbers]
        images = np.asarray(as_array(self.images))[numbers] if pictures is None else [pictures[n] for n in numbers]
        return replace(self, images=images, targets=targets, labels=labels)

    def split(self, share: float, seed: int = 0) -> "tuple[Data, Data]":
        """Two parts of the samples, each in the order of this one: the rest, and a share drawn at random.

        Args:
            share: of the samples, above 0 and below 1; of at least one sample each part.
            seed: of ``numpy.random.default_rng(seed).permutation``.
        """
        count = len(self)
        if not isinstance(share, (int, float)) or isinstance(share, bool) or not 0 < share < 1 or count < 2:
            raise InputError(
                f"share {quoted(share)} of {count} samples: expected a number above 0 and below 1, of at least 2"
            )
        if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
            raise InputError(f"seed={quoted(seed)}: expected a whole number, at least 0")
        out = np.random.default_rng(seed).permutation(count)[: min(max(round(share * count), 1), count - 1)]
        return self[np.setdiff1d(np.arange(count), out)], self[np.sort(out)]


# the decorator that layers have too would hide the class from type checkers
Data.__init__ = in_any_words("Data", DATA_ARGUMENTS, {})(Data.__init__)  # type: ignore[method-assign]

DataLike = Data | tuple[Any, Any]


class _Pair(Data):
    """A pair (images, targets), whose sizes ``checked`` compares: the network says more about what is wrong."""

    def __post_init__(self) -> None:
        pass


def _count(values: Any) -> int | None:
    """The number of samples in images, targets or labels; None where it cannot be told."""
    if is_picture(values):
        return 1
    shape = getattr(values, "shape", None)
    if shape is not None:  # a sparse matrix has no length
        return int(shape[0]) if len(shape) else None
    return len(values) if isinstance(values, Sized) else None


def _shape_in_words(values: Any) -> str:
    """The shape of images, targets or labels, as far as it can be told without a copy."""
    if is_picture(values) or _pictures(values) is not None:
        return "of Pillow"
    shape = getattr(values, "shape", None)
    if shape is None:
        try:
            shape = np.shape(values)
        except (ValueError, RuntimeError):
            return "of different lengths"
    return _shape(tuple(shape))


def data_of(data: Any, targets: Any = None) -> DataLike:
    """Samples that were passed as one argument, ``Data`` or a pair, or as two, images and targets."""
    if targets is None:
        return data  # type: ignore[no-any-return]  # ``as_data`` checks it
    if isinstance(data, Data):
        raise InputError("targets: symcnn.Data has targets of its own; expected images and targets, or one of Data")
    return data, targets


def as_data(data: DataLike) -> Data:
    """``Data``, if need be made of a pair (images, targets); with labels where the targets are names."""
    if isinstance(data, (tuple, list)) and len(data) == 2:
        data = _Pair(*data)
    if not isinstance(data, Data):
        raise InputError(
            f"data of type {type(data).__name__}: expected symcnn.Data or a pair (images, targets)"
            + ("; the targets are missing" if hasattr(data, "shape") else "")
        )
    if data.labels is None and (names := _names(data.targets)) is not None:
        return replace(data, labels=names)
    return data


def ink_of(data: DataLike) -> Ink | None:
    """The ink of the pictures that the images are, or were made of; None where they never were pictures."""
    data = as_data(data)
    return data.drawn_in if _pictures(data.images) is None else check_ink(data.ink)


def checked(network: Network, data: DataLike) -> tuple[Array, Array]:
    """Images and targets as float arrays that fit the network.

    Returns:
        images: (samples, *network.forward.image.shape), an axis of one channel left out; targets: (samples, outputs).
    """
    data = as_data(data)
    images = checked_images(network, data.images, data.ink)
    if data.targets is None:
        raise InputError(f"targets: missing; expected {len(images)} rows of {network.outputs} values")
    targets = _rows(network, data.targets)
    expected = (len(images), network.outputs)
    if targets.shape != expected:
        raise InputError(
            f"targets of shape {_shape(targets.shape)}: expected {_shape(expected)}, one row of"
            f" {network.outputs} values for each of the {len(images)} images"
        )
    _check_range(network, targets)
    if data.labels is not None and len(data.labels) != len(images):
        raise InputError(f"labels: {len(data.labels)} of them; expected {len(images)}, one for each image")
    return images, targets


#: Loss -> the largest target, and the range in words; the smallest is 0.
_RANGES = {"binary_cross_entropy": (1.0, "from 0 to 1"), "cross_entropy": (np.inf, "at least 0")}


def _check_range(network: Network, targets: Array) -> None:
    """Refuse targets out of range. Rows of cross_entropy need not add to 1: its gradient holds for any."""
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
    """A name for each output: the label of all samples whose largest target it is.

    A single output has two classes, 0 and 1. None where there are no labels, no classes, or samples of one class with
    different labels.
    """
    names = _class_labels(targets, labels)
    return None if names is None else tuple(names.get(k, str(k)) for k in range(max(targets.shape[1], 2)))


def _class_labels(targets: Array, labels: Sequence[str] | None) -> dict[int, str] | None:
    """Class -> the label of all its samples; without the classes of which there is no sample."""
    is_single = targets.shape[1] == 1
    if labels is None or (is_single and not np.isin(targets, (0, 1)).all()):
        return None
    names: dict[int, str] = {}
    for k, label in zip((targets[:, 0] if is_single else np.argmax(targets, axis=1)).tolist(), labels, strict=True):
        if names.setdefault(int(k), str(label)) != str(label):
            return None
    return names


def check_same_classes(known: tuple[Array, Sequence[str] | None], other: tuple[Array, Sequence[str] | None]) -> None:
    """Refuse samples whose classes have other names than those of the same outputs: (targets, labels) of each."""
    ours, theirs = _class_labels(*known), _class_labels(*other)
    if ours and theirs and any(ours.get(k, name) != name for k, name in theirs.items()):
        lists = (", ".join(name for _, name in sorted(names.items())[:20]) for names in (theirs, ours))
        raise InputError(f"its classes are {next(lists)}; expected those of the training: {next(lists)}")


def _rows(network: Network, values: Any) -> Array:
    """Targets as rows; of several outputs, a whole number for each image is a class, and so is a name."""
    names = _names(values)
    if names is not None:
        return class_rows(network, class_numbers(network, names, "targets"))
    targets = _numbers("targets", values)
    if network.outputs == 1:
        return targets[:, np.newaxis] if targets.ndim == 1 else targets
    if network.loss == "cross_entropy" and targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1:
        return targets
    bad = bad_class(network, targets)
    if bad is not None:
        raise InputError(
            f"targets: the label of image {bad + 1} is {targets[bad]:g}; expected whole numbers from 0 to"
            f" {network.outputs - 1}, or rows of {network.outputs} values"
        )
    return class_rows(network, targets)


# --- classes ------------------------------------------------------------------------------------------------------


def class_order(names: Iterable[str]) -> list[str]:
    """Names of classes, each once, sorted: whole numbers first, by size; then the others, in which a run of digits
    counts as a number, so that ``class2`` is before ``class10``."""

    def key(name: str) -> tuple[Any, ...]:
        if re.fullmatch(r"[+-]?[0-9]{1,300}", name):
            return 0, int(name), name
        parts = re.split(r"([0-9]{1,300})", name)
        return 1, [(1, part) if n % 2 == 0 else (0, int(part)) for n, part in enumerate(parts) if part], name

    return sorted(set(names), key=key)


def class_numbers(network: Network, names: Sequence[str], what: str) -> Array:
    """The number of each sample's class, from the names of all.

    Raises:
        InputError: there are more or fewer names than classes.
    """
    known, classes = class_order(names), max(network.outputs, 2)
    if len(known) != classes:
        raise InputError(
            f"{what}: names of {len(known)} classes ({listed(known)}); expected {classes}, as the network tells apart,"
            f" or whole numbers from 0 to {classes - 1}"
        )
    return _class_numbers(names)


def _class_numbers(names: Sequence[str]) -> Array:
    number = {name: n for n, name in enumerate(class_order(names))}
    return np.array([number[name] for name in names], dtype=np.float64)


def by_numbers(data: DataLike, classes: Sequence[str] | None) -> Data:
    """The data, names of classes replaced by their numbers in ``classes``: some classes may have no sample."""
    data = as_data(data)
    names = _names(data.targets)
    if names is None or classes is None or not set(names) <= set(classes):
        return data
    return replace(data, targets=[classes.index(name) for name in names])


def bad_class(network: Network, numbers: Array) -> int | None:
    """The first sample whose class is not one of the network's."""
    with np.errstate(invalid="ignore"):
        good = (numbers == np.floor(numbers)) & (numbers >= 0) & (numbers < max(network.outputs, 2))
    return None if good.all() else int(np.argmin(good))


def class_rows(network: Network, numbers: Array) -> Array:
    """Rows of targets for classes: 1 for the class, 0 for the others; a single output is 0 or 1."""
    if network.outputs == 1:
        return numbers[:, np.newaxis]
    rows: Array = np.eye(network.outputs)[numbers.astype(int)]
    return rows


def _names(targets: Any) -> list[str] | None:
    """Targets (samples,) or (samples, 1) that are text, as names of classes."""
    if targets is None or isinstance(targets, (str, bytes)) or _is_foreign(targets):
        return None
    try:
        array = np.asarray(targets)
    except (ValueError, RuntimeError):  # ragged
        return None
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or not len(array) or array.dtype.kind not in "USO":
        return None
    if not all(isinstance(name, (str, bytes)) for name in (targets if isinstance(targets, list) else array.tolist())):
        return None
    return texts(array)


def texts(array: NDArray[Any]) -> list[str]:
    """An array of text or bytes as a list of text."""
    return [name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in array.tolist()]


def listed(names: Sequence[str], most: int = 8) -> str:
    """Some of many names, for a message."""
    some = ", ".join(name[:30] if name.isprintable() else quoted(name, 30) for name in names[:most])
    return f"{some}, …" if len(names) > most else some or "none"


# --- images and numbers -------------------------------------------------------------------------------------------


def checked_images(network: Network, images: Any, ink: Ink | None = None) -> Array:
    """Images as a float array (samples, *shape of the input), an axis of one channel left out.

    Args:
        images: an array, used as it is, or one or several of Pillow's images.
        ink: of Pillow's images: "black" or "white".
    """
    shape = network.forward.image.shape
    check_shape(network.input_shape)
    pictures = _pictures(images)
    if pictures is not None:
        return _of_pictures(pictures, shape, check_ink(ink))
    if ink is not None:
        raise InputError(f"ink={quoted(ink)}: is for pictures; the images are numbers, which are taken as they are")
    array = _numbers("images", images)
    if len(shape) != 2 or array.ndim != 2 or array.shape[1] != math.prod(shape):  # flat: row by row
        check_image_shape(network, array.shape)
    return array.reshape(len(array), *shape)


def check_image_shape(network: Network, actual: tuple[int, ...]) -> None:
    """Refuse images of a shape that does not fit; the message says what would make them fit."""
    shape = network.forward.image.shape
    one_channel = ((1, *shape), (*shape, 1)) if len(shape) == 2 else ()
    if actual[1:] in (shape, network.input_shape, *one_channel) and actual[0]:
        return
    wanted = ", ".join(map(str, network.input_shape))
    remedy = ""
    if len(shape) == 3 and actual[1:] == (*shape[1:], shape[0]):
        remedy = "; channels come first: numpy.moveaxis(images, -1, 1)"
    elif actual in (shape, network.input_shape):
        remedy = "; of a single image: images[None]"
    elif len(actual) > 1 and math.prod(actual[1:]) == math.prod(shape) and 1 in (len(shape), len(actual) - 1):
        remedy = f"; of as many values, row by row: images.reshape(-1, {wanted})"
    raise InputError(f"images of shape {_shape(actual)}: expected (samples, {wanted}), at least one sample{remedy}")


def check_shape(shape: tuple[int, ...]) -> None:
    """Refuse data for an input that is written with its channels last."""
    if len(shape) != 3 or shape[2] not in (1, 3, 4) or min(shape[:2]) < 4 or min(shape[:2]) <= shape[2]:
        return
    if shape[0] == shape[1] or (shape[2] > 1 and min(shape[:2]) > 4):
        rows, columns, channels = shape
        right = (channels, rows, columns) if channels > 1 else (rows, columns)
        raise InputError(
            f"input_shape={shape}: channels come first; for images of {rows}×{columns} pixels expected {right}"
            f" (for {rows} channels of {columns}×{channels} turn them on their side: ({rows}, {channels}, {columns}))"
        )


def large_pixels(images: Array) -> str | None:
    """A warning about pixels that are far from [0, 1], or None."""
    largest = float(np.abs(images).max())
    if largest <= LARGE_PIXELS:
        return None
    scale = 255 if largest <= 255 else 65535 if 30_000 < largest <= 65535 else None
    remedy = f"divide them by {scale}" if scale else "scale them to about [0, 1]"
    return f"pixels reach {largest:g}: a training usually wants them from 0 to 1, {remedy}; else a lower learning rate"


def warn_of_large_pixels(images: Array) -> None:
    message = large_pixels(images)
    if message is not None:
        warnings.warn(message, SymcnnWarning, stacklevel=3)


def as_array(values: Any) -> Any:
    """Convert what NumPy would convert wrongly, or not at all: tensors of PyTorch, masked and sparse arrays, and lists
    of them."""
    if isinstance(values, (list, tuple)) and any(map(_is_foreign, values)):
        return [as_array(value) for value in values]
    if not _is_foreign(values):
        return values
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.is_masked(values):
            count = int(np.ma.getmaskarray(values).sum())
            raise InputError(f"a masked array, {count} of whose values are masked; fill them: array.filled(0)")
        return np.asarray(values.data)
    if hasattr(values, "toarray"):
        return values.toarray()
    tensor = values.detach()
    if str(tensor.layout) != "torch.strided":
        tensor = tensor.to_dense()
    tensor = tensor.cpu()
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()  # NumPy has no bfloat16


def _is_foreign(values: Any) -> bool:
    kind = type(values)
    return (
        isinstance(values, np.ma.MaskedArray)
        or (kind.__module__.startswith("scipy.sparse") and hasattr(values, "toarray"))
        or (hasattr(kind, "detach") and hasattr(kind, "numpy"))
    )


def read_alike(data: DataLike, ink: Ink | None) -> Data:
    """The data; Pillow's images that come without an ink are read with this one."""
    data = as_data(data)
    return replace(data, ink=ink) if data.ink is None and _pictures(data.images) is not None else data


def pixels_of(network: Network, images: Any, ink: Ink | None) -> Array:
    """Images as ``checked_images``; the ink is for Pillow's only, numbers are used as they are."""
    return checked_images(network, images, None if _pictures(images) is None else ink)


def _pictures(images: Any) -> list[Any] | None:
    """Pillow's images, one or several."""
    if is_picture(images):
        return [images]
    if isinstance(images, (list, tuple)) and any(map(is_picture, images)):
        return list(images)
    return None


def _of_pictures(pictures: list[Any], shape: tuple[int, ...], ink: Ink) -> Array:
    array = np.empty((len(pictures), *shape))
    for n, picture in enumerate(pictures):
        if not is_picture(picture):
            raise InputError(f"images: number {n + 1} is no image of Pillow's, as others are; expected one kind")
        try:
            array[n] = picture_pixels(picture, shape, ink)
        except InputError as error:
            raise InputError(f"images: number {n + 1}: {error}") from None
    warn_of_pictures(array, ink)
    return array


def _numbers(what: str, values: Any) -> Array:
    expected = f"{what}: expected numbers, every sample of the same shape"
    try:
        values = as_array(values)
        array = np.asarray(values)
        if array.dtype.kind not in "iufb":
            reason = _not_a_number(values)
            if reason or array.dtype.kind != "O":  # whole numbers past 2**64 are objects to NumPy
                raise TypeError(reason or f"{array.dtype} values")
        array = array.astype(np.float64)
    except InputError as error:
        raise InputError(f"{what}: {error}") from None
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        reason = _uneven(what, values) if isinstance(error, ValueError) else None
        raise InputError(f"{expected} ({reason or reason_of(error)})") from None
    if not np.isfinite(array).all():
        place = tuple(int(n) + 1 for n in np.argwhere(~np.isfinite(array))[0])
        value = array[tuple(n - 1 for n in place)]
        raise InputError(f"{what}: the value at {_shape(place)} (counted from 1) is {value}; expected a finite number")
    return array


def _not_a_number(values: Any) -> str | None:
    """Describe the first value that is no number, and its place."""
    array = np.asarray(values, dtype=object)
    for place, value in np.ndenumerate(array):
        if not isinstance(value, (int, float, np.number, np.bool_)):
            where = f"the value at {_shape([n + 1 for n in place])}" if place else "it"
            return f"{where} is {quoted(value)}"
    return None


def _uneven(what: str, values: Any) -> str | None:
    """Which sample of a list differs from the first, or is uneven in itself."""
    first: tuple[int, ...] | None = None
    for n, value in enumerate(values if isinstance(values, (list, tuple)) else (), 1):
        lengths = _row_lengths(value)
        if lengths is not None:
            return f"{what[:-1]} {n}: its rows have {' and '.join(map(str, lengths))} values"
        shape = np.shape(value)
        first = shape if first is None else first
        if shape != first:
            return f"{what[:-1]} {n} is of shape {_shape(shape)}, the first of {_shape(first)}"
    return None


def _row_lengths(value: Any) -> list[int] | None:
    """The different lengths of the rows of nested lists, where there are several."""
    if not isinstance(value, (list, tuple)):
        return None
    lengths = list(dict.fromkeys(len(row) if isinstance(row, (list, tuple)) else 1 for row in value))
    if len(lengths) > 1 or len({isinstance(row, (list, tuple)) for row in value}) > 1:
        return lengths[:4]
    return next((inner for row in value if (inner := _row_lengths(row)) is not None), None)


def _shape(shape: Sequence[int]) -> str:
    return f"({', '.join(map(str, shape))})"
