"""Checkpoints: everything that a training by epochs goes on from, in one ``.npz`` file.

    theta, velocity, moment_1 …    the state of the optimizer, in the dtype of the training
    initial, loss                  parameters before the first step; the loss of each step so far
    settings                       network, course, history …: JSON as bytes
    checksum                       SHA-256 of all of it

Nothing is pickled, and a file that was damaged or belongs to another training is refused. The samples are not in it,
only their fingerprint.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symcnn.errors import InputError
from symcnn.files import write_whole
from symcnn.network import Array, Network, words_of
from symcnn.network.npz import Npz, open_npz
from symcnn.numeric.learner import State
from symcnn.numeric.optimizers import THETA, optimizer_called
from symcnn.train.epochs import Samples, Stand
from symcnn.train.settings import Course
from symcnn.train.words import backend_from, course_from, history_from, history_words, json_from, network_of

FORMAT = "symcnn checkpoint 1"
SUFFIXES = (".npz",)
WHAT = "a checkpoint that symcnn wrote (.npz)"


@dataclass(frozen=True)
class Checkpoint:
    """A training by epochs, between two epochs.

    Attributes:
        mark: the fingerprint of its samples.
        classes: what each output stands for, where the samples had labels.
        initial: parameters before the first step.
    """

    network: Network
    course: Course
    backend: str
    mark: str
    classes: tuple[str, ...] | None
    initial: Array
    stand: Stand

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
    settings = {
        "format": FORMAT,
        "network": words_of(checkpoint.network),
        "course": asdict(checkpoint.course),
        "backend": checkpoint.backend,
        "mark": checkpoint.mark,
        "classes": checkpoint.classes,
        "scalars": stand.state.scalars,
        "history": history_words(stand.history),
    }
    arrays: dict[str, NDArray[Any]] = {
        **stand.state.arrays,
        "initial": checkpoint.initial,
        "loss": stand.losses,
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
        arrays = {name: archive.array(name) for name in _names(archive)}
        if "checksum" not in archive.names or not np.array_equal(archive.array("checksum"), _checksum(arrays)):
            raise InputError("damaged or changed by hand: its checksum does not fit")
        return _checkpoint(arrays)


def _names(archive: Npz) -> list[str]:
    if "settings" not in archive.names or THETA.name not in archive.names:
        raise InputError(f"no settings in it; expected {WHAT}")
    return sorted(set(archive.names) - {"checksum"})


def _checkpoint(arrays: Mapping[str, NDArray[Any]]) -> Checkpoint:
    words = ("network", "course", "backend", "mark", "classes", "scalars", "history")
    settings = json_from(arrays["settings"].tobytes(), (FORMAT,), WHAT, words)
    network = network_of(settings["network"])
    course = course_from(settings["course"])
    optimizer = optimizer_called(course.optimizer)
    count = len(network.parameters)
    held = {name: _floats(arrays, name, course.dtype, count) for name in (THETA.name, *optimizer.remembered)}
    scalars = settings["scalars"]
    if not isinstance(scalars, dict) or set(scalars) != set(optimizer.scalars):
        raise InputError(f"scalars: expected those of {course.optimizer}")
    if not all(isinstance(v, float) and 0 <= v <= 1 for v in scalars.values()):
        raise InputError("scalars: expected numbers from 0 to 1")
    losses = _floats(arrays, "loss", "float64", None)
    stand = Stand(State(held, scalars), losses, history_from(settings["history"]))
    initial = _floats(arrays, "initial", "float64", count)
    return Checkpoint(
        network, course, backend_from(settings["backend"]), str(settings["mark"]),
        _classes(network, settings["classes"]), initial, stand,
    )  # fmt: skip


def _classes(network: Network, given: Any) -> tuple[str, ...] | None:
    if given is None:
        return None
    if not isinstance(given, list) or len(given) != network.outputs:
        raise InputError(f"classes: expected {network.outputs} names")
    if not all(isinstance(name, str) and name.isprintable() for name in given):
        raise InputError("classes: expected printable words")
    return tuple(given)


def _floats(arrays: Mapping[str, NDArray[Any]], name: str, dtype: str, count: int | None) -> Array:
    values = arrays.get(name)
    if values is None or values.dtype != np.dtype(dtype) or values.ndim != 1 or (count or len(values)) != len(values):
        raise InputError(f"{name}: expected {'' if count is None else f'{count} '}numbers of {dtype}")
    if not np.isfinite(values).all():
        raise InputError(f"{name}: expected finite numbers")
    return values.copy()  # what was read is read-only


def _checksum(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.uint8]:
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        found.update(np.ascontiguousarray(arrays[name]).data)
    return np.frombuffer(found.digest(), np.uint8)
