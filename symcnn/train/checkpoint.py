"""Checkpoints: everything that a training by epochs goes on from, in one ``.npz`` file.

    theta, velocity, moment_1 …    the state of the optimizer, in the dtype of the training
    initial, loss                  parameters before the first step; the loss of each step so far
    best                           parameters of the epoch where the watched loss was lowest
    settings                       network, course, history …: JSON as bytes
    checksum                       SHA-256 of all of it

Nothing is pickled, and a file that was damaged or belongs to another training is refused. The samples are not in it,
only their fingerprint.
"""

import hashlib
import io
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symcnn.errors import InputError
from symcnn.files import check_writable, write_whole
from symcnn.network import Array, Ink, Network, words_of
from symcnn.network.labels import check_label
from symcnn.network.npz import Npz, open_npz
from symcnn.numeric.learner import State
from symcnn.numeric.optimizers import THETA, optimizer_called
from symcnn.train.epochs import Samples, Stand
from symcnn.train.settings import Course
from symcnn.train.words import (
    backend_from,
    course_from,
    epoch_from,
    history_from,
    history_words,
    ink_from,
    json_from,
    network_of,
)

#: What is written, and what is read: the first one knew of no best epoch.
FORMAT, FORMAT_LAST, FAMILY = "symcnn checkpoint 2", "symcnn checkpoint 1", b"symcnn checkpoint"
SUFFIXES = (".npz",)
WHAT = "a checkpoint that symcnn wrote (.npz)"
WORDS = ("network", "course", "backend", "mark", "classes", "scalars", "history")

#: Bytes of the settings: a history of some hundred thousand epochs.
MAX_SETTINGS = 64_000_000


@dataclass(frozen=True)
class Checkpoint:
    """A training by epochs, between two epochs.

    Attributes:
        mark: the fingerprint of its samples.
        classes: what each output stands for, where the samples had labels.
        initial: parameters before the first step.
        ink: of its samples, where they were pictures.
    """

    network: Network
    course: Course
    backend: str
    mark: str
    classes: tuple[str, ...] | None
    initial: Array
    stand: Stand
    ink: Ink | None = None

    @property
    def theta(self) -> Array:
        return self.stand.state.arrays[THETA.name].astype(np.float64)

    def require(self, network: Network, mark: str) -> None:
        """Refuse to go on with another network, or with other samples."""
        if self.network != network:
            raise InputError("a checkpoint of another network; expected one of the network that is given")
        if self.mark != mark:
            raise InputError(
                "a checkpoint of other samples; expected the same data and validation data, in the same order"
            )


def fingerprint(samples: Samples, validation: Samples | None) -> str:
    """Tells samples apart, to the bit."""
    found = hashlib.sha256()
    for array in (*samples, *(validation or ())):
        found.update(f"{array.shape}".encode())
        found.update(np.ascontiguousarray(array, dtype=np.float64).data)
    return found.hexdigest()


def save_checkpoint(checkpoint: Checkpoint, target: Path) -> None:
    """Write it; the file is there as a whole or not at all."""
    stand = checkpoint.stand
    assert stand.best is not None  # an epoch was measured
    settings = {
        "format": FORMAT,
        "network": words_of(checkpoint.network),
        "course": asdict(checkpoint.course),
        "backend": checkpoint.backend,
        "mark": checkpoint.mark,
        "classes": checkpoint.classes,
        "scalars": stand.state.scalars,
        "history": history_words(stand.history),
        "best_epoch": stand.best_epoch,
        "ink": checkpoint.ink,
    }
    arrays: dict[str, NDArray[Any]] = {
        **stand.state.arrays,
        "initial": checkpoint.initial,
        "loss": stand.losses,
        "best": stand.best,
        "settings": np.frombuffer(json.dumps(settings, allow_nan=False).encode("utf-8"), np.uint8),
    }
    buffer = io.BytesIO()
    np.savez(buffer, checksum=_checksum(arrays), **arrays)  # type: ignore[arg-type]  # names are words, none allow_pickle
    write_whole(target, buffer.getvalue())


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read one back.

    Raises:
        InputError: the file is missing, damaged, or no checkpoint; the message says which.
    """
    with open_npz(Path(path), WHAT) as archive:
        content = _settings(archive)
        settings = json_from(content.tobytes(), (FORMAT, FORMAT_LAST), WHAT, WORDS)
        network, course = network_of(settings["network"]), course_from(settings["course"])
        arrays = {"settings": content, **_numbers(archive, network, course, settings["format"] == FORMAT)}
        if "checksum" not in archive.names or not np.array_equal(archive.array("checksum"), _checksum(arrays)):
            raise InputError("damaged or changed by hand: its checksum does not fit")
        return _checkpoint(settings, network, course, arrays)


def check_place(path: str | Path) -> Path:
    """The path, if a checkpoint may be written there: known before any work is done.

    Raises:
        InputError: as of ``check_writable``; or something else stands there, samples for example.
    """
    target = check_writable(path, SUFFIXES)
    if target.exists():
        try:
            with open_npz(target, WHAT) as archive:
                if FAMILY not in _settings(archive).tobytes()[:80]:
                    raise InputError("of another kind")
        except InputError:
            raise InputError(
                f"{target}: holds something else than {WHAT}, and would be overwritten; expected another name"
            ) from None
    return target


def _settings(archive: Npz) -> NDArray[Any]:
    """The bytes of the settings; nothing is read that would unpack to more than the file has."""
    if "settings" not in archive.names or THETA.name not in archive.names:
        raise InputError(f"no settings in it; expected {WHAT}")
    if archive.compressed:
        raise InputError(f"{archive.compressed[0]}: compressed; expected {WHAT}: it compresses nothing")
    size = math.prod(archive.shape("settings"))
    if size > MAX_SETTINGS:
        raise InputError(f"settings: {size} bytes; expected at most {MAX_SETTINGS}")
    return archive.array("settings")


def _numbers(archive: Npz, network: Network, course: Course, has_best: bool) -> dict[str, NDArray[Any]]:
    """The arrays beside the settings, each of the length that the network says before it is read."""
    count = len(network.parameters)
    held = (THETA.name, *optimizer_called(course.optimizer).remembered)
    lengths = {**dict.fromkeys(held, count), "initial": count, "loss": None, **({"best": count} if has_best else {})}
    unknown = sorted(set(archive.names) - set(lengths) - {"settings", "checksum"})
    if unknown:
        raise InputError(f"unknown array {unknown[0][:30]!a}; expected {', '.join(sorted(lengths))}")
    for name, length in {**lengths, "checksum": 32}.items():
        shape = archive.shape(name)
        if len(shape) != 1 or (length is not None and shape != (length,)):
            raise InputError(f"{name}: shape {shape}; expected {'one axis' if length is None else f'({length},)'}")
    return {name: archive.array(name) for name in lengths}


def _checkpoint(
    settings: dict[str, Any], network: Network, course: Course, arrays: Mapping[str, NDArray[Any]]
) -> Checkpoint:
    optimizer = optimizer_called(course.optimizer)
    held = {name: _floats(arrays, name, course.dtype) for name in (THETA.name, *optimizer.remembered)}
    scalars = settings["scalars"]
    if not isinstance(scalars, dict) or set(scalars) != set(optimizer.scalars):
        raise InputError(f"scalars: expected those of {course.optimizer}")
    if not all(isinstance(v, float) and 0 <= v <= 1 for v in scalars.values()):
        raise InputError("scalars: expected numbers from 0 to 1")
    history = history_from(settings["history"])
    if settings["format"] == FORMAT:
        best_epoch, best = epoch_from(settings.get("best_epoch"), history), _floats(arrays, "best", course.dtype)
    else:  # of the epochs before, nobody kept the parameters
        best_epoch, best = len(history) - 1, held[THETA.name].copy()
    stand = Stand(State(held, scalars), _floats(arrays, "loss", "float64"), history, best_epoch, best)
    return Checkpoint(
        network, course, backend_from(settings["backend"]), str(settings["mark"]),
        _classes(network, settings["classes"]), _floats(arrays, "initial", "float64"), stand,
        ink_from(settings.get("ink")),
    )  # fmt: skip


def _classes(network: Network, given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    count = max(network.outputs, 2)  # a single output tells two classes apart
    if not isinstance(given, list) or len(given) != count:
        raise InputError(f"classes: expected {count} names")
    return tuple(check_label("classes", name) for name in given)


def _floats(arrays: Mapping[str, NDArray[Any]], name: str, dtype: str) -> Array:
    values = arrays[name]
    if values.dtype != np.dtype(dtype):
        raise InputError(f"{name}: expected numbers of {dtype}")
    if not np.isfinite(values).all():
        raise InputError(f"{name}: expected finite numbers")
    return values.copy()  # what was read is read-only


def _checksum(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.uint8]:
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        found.update(np.ascontiguousarray(arrays[name]).data)
    return np.frombuffer(found.digest(), np.uint8)
