"""The files of trainings: a run as JSON, a checkpoint as ``.npz``.

A run file has everything of a ``Run``, every number to the last bit, and a checksum. A checkpoint has everything that a
training by epochs resumes from; of the samples, only their fingerprint:

    theta, velocity, moment_1 …    the state of the optimizer, in the dtype of the training
    initial, loss                  parameters before the first step; the loss of each step so far
    best                           parameters of the epoch where the watched loss was lowest
    settings                       network, course, history …: JSON as bytes
    checksum                       SHA-256 of all of it

A file that was damaged, or is something else, is refused with the reason; nothing in it is evaluated or unpickled.
"""

import hashlib
import io
import json
import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from symcnn.errors import InputError, SymcnnError, reason_of
from symcnn.files import check_writable, write_whole
from symcnn.network import Array, Data, DataLike, Ink, Network, checked, network_from, read_bytes, words_of
from symcnn.network.data import check_label
from symcnn.network.datafiles import Npz, open_npz
from symcnn.numeric import BACKENDS
from symcnn.numeric.learner import THETA, State, optimizer_called
from symcnn.train.metrics import Epoch, History, TrainState, lowest
from symcnn.train.settings import Stopped, TrainConfig, checked_rate, checked_reduction

if TYPE_CHECKING:
    from symcnn.train.run import Run

#: A run on all samples at once; one by epochs; and one whose parameters are not those after its last step.
RUN, RUN_EPOCHS, RUN_BEST = "symcnn run 1", "symcnn run 2", "symcnn run 3"
RUN_WHAT, RUN_SUFFIXES = "a training saved by symcnn", (".json",)
RUN_WORDS = ("network", "learning_rate", "reduction", "backend", "stopped", "initial", "theta", "loss", "images",
             "targets", "labels")  # fmt: skip
RUN_FORMATS = {
    RUN: RUN_WORDS,
    RUN_EPOCHS: (*RUN_WORDS, "course", "history"),
    RUN_BEST: (*RUN_WORDS, "course", "history", "best_epoch", "last_theta"),
}
#: Words of samples that were pictures.
RUN_OPTIONAL = ("ink",)
#: Bytes of a run.
MAX_BYTES = 256_000_000
#: Numbers from whose length that of all is estimated.
SAMPLED = 2_000

#: The format that is written; an earlier one without a best epoch, which is still read.
CHECKPOINT, CHECKPOINT_LAST, CHECKPOINT_FAMILY = "symcnn checkpoint 2", "symcnn checkpoint 1", b"symcnn checkpoint"
CHECKPOINT_WHAT, CHECKPOINT_SUFFIXES = "a checkpoint that symcnn wrote (.npz)", (".npz",)
CHECKPOINT_WORDS = ("network", "course", "backend", "mark", "classes", "scalars", "history")
CHECKPOINT_FORMATS = {CHECKPOINT: CHECKPOINT_WORDS, CHECKPOINT_LAST: CHECKPOINT_WORDS}
#: Bytes of a checkpoint's settings: a history of some hundred thousand epochs.
MAX_SETTINGS = 64_000_000

DAMAGED = "damaged or changed by hand: its checksum does not fit"
MAX_FLOAT = sys.float_info.max

# --- runs -----------------------------------------------------------------------------------------------------------


def save_run(run: "Run", path: str | Path) -> Path:
    """Write a run; the file is written whole or not at all."""
    target = check_writable(path, RUN_SUFFIXES)
    images, targets = checked(run.network, run.data)
    content: dict[str, Any] = {
        "network": words_of(run.network),
        **{word: getattr(run, word) for word in ("learning_rate", "reduction", "backend", "stopped")},
        **{word: getattr(run, word).tolist() for word in ("initial", "theta", "loss")},
        "images": images.tolist(),
        "targets": targets.tolist(),
        "labels": None if run.data.labels is None else [str(label) for label in run.data.labels],
    }
    form = RUN
    if run.course is not None:
        content |= {"course": asdict(run.course), "history": _history_rows(run.history)}
        form = RUN_EPOCHS
    if run.last is not None:
        content |= {"best_epoch": run.best_epoch, "last_theta": run.last.tolist()}
        form = RUN_BEST
    if run.ink is not None:
        content |= {"ink": run.ink}
    text = json.dumps({"format": form, "checksum": checksum_of_words(content), **content}, allow_nan=False)
    if len(text) >= MAX_BYTES:
        raise InputError(
            f"{path}: the run takes {len(text)} bytes; at most {MAX_BYTES} can be read back: use fewer steps"
        )
    write_whole(target, (text + "\n").encode("utf-8"))
    return target


def check_savable(path: str | Path, network: Network, data: DataLike) -> None:
    """Refuse, before the training, samples that are too large for the file of a run."""
    images = checked(network, data)[0].ravel()
    some = images[:: max(len(images) // SAMPLED, 1)].tolist()
    expected = len(images) * (len(json.dumps(some)) // len(some))
    if expected >= MAX_BYTES:
        raise InputError(
            f"{path}: with these samples it would take about {expected} bytes, at most {MAX_BYTES} can be read back;"
            " write a checkpoint instead, which predicts too"
        )


def read_run(path: str | Path) -> dict[str, Any]:
    """Read the fields of a ``Run``.

    Raises:
        InputError: the file is missing, damaged, or no run; the message says which.
    """
    path = Path(path)
    content = read_bytes(path, MAX_BYTES, "a saved training (JSON)")
    try:
        return _run_fields(content)
    except SymcnnError as error:
        raise InputError(f"{path}: {error}") from None


def _run_fields(content: bytes) -> dict[str, Any]:
    document = _json_document(content, RUN_FORMATS, RUN_WHAT)
    checksum = document.get("checksum")
    words = (*RUN_FORMATS[document["format"]], *(word for word in RUN_OPTIONAL if word in document))
    document = {word: document[word] for word in words}
    if checksum != checksum_of_words(document):
        raise InputError(DAMAGED)
    network = _network(document["network"])
    count = len(network.parameters)
    initial, theta = (_vector(document, word, count) for word in ("initial", "theta"))
    course = _config(document["course"]) if "course" in document else None
    # by epochs a loss for each step; there may be no step
    loss = _vector(document, "loss", None, least=0 if course else 1)
    if (loss < 0).any():
        raise InputError("loss: expected no negative numbers")
    rate = checked_rate(document["learning_rate"])
    labels = document["labels"]
    if labels is not None and not (isinstance(labels, list) and all(isinstance(x, str) for x in labels)):
        raise InputError("labels: expected texts")
    images, targets = checked(network, Data(document["images"], document["targets"], labels))
    history = _history(document["history"]) if course is not None else ()
    last, best_epoch = None, lowest(history) if history else None
    if "last_theta" in document:
        last = _vector(document, "last_theta", count)
        best_epoch = _best_epoch(document["best_epoch"], history)
    data = Data(images, targets, labels, drawn_in=_ink(document.get("ink")))
    return {
        "network": network, "data": data, "initial": initial, "theta": theta, "loss": loss,
        "learning_rate": rate, "reduction": checked_reduction(document["reduction"]),
        "backend": _one_of("backend", document["backend"], BACKENDS),
        "stopped": _one_of("stopped", document["stopped"], get_args(Stopped)), "course": course,
        "history": History.of_epochs(history),
        "best_epoch": best_epoch, "last": last,
    }  # fmt: skip


def _vector(document: dict[str, Any], word: str, count: int | None, least: int = 1) -> Array:
    values = document[word]
    are_numbers = isinstance(values, list) and all(_is_finite(v) for v in values)
    if not are_numbers or len(values) < least or (count is not None and len(values) != count):
        raise InputError(f"{word}: expected {'' if count is None else f'{count} '}finite numbers")
    return np.array(values, dtype=np.float64)


def checksum_of_words(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()


# --- checkpoints ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checkpoint:
    """A training by epochs, between two epochs.

    Attributes:
        fingerprint: of its samples.
        classes: a name for each output, if the samples had labels.
        initial: parameters before the first step.
        ink: of its samples, if they were pictures.
    """

    network: Network
    course: TrainConfig
    backend: str
    fingerprint: str
    classes: tuple[str, ...] | None
    initial: Array
    state: TrainState
    ink: Ink | None = None

    @property
    def theta(self) -> Array:
        return self.state.theta.astype(np.float64)

    def require(self, network: Network, fingerprint: str) -> None:
        """Refuse to resume with another network, or with other samples."""
        if self.network != network:
            raise InputError("a checkpoint of another network; expected one of the network that is given")
        if self.fingerprint != fingerprint:
            raise InputError(
                "a checkpoint of other samples; expected the same data and validation data, in the same order"
            )


def fingerprint_of(*samples: tuple[Array, Array] | None) -> str:
    """A hash of the bits of all images and targets, those of the validation included."""
    digest = hashlib.sha256()
    for array in (array for pair in samples if pair is not None for array in pair):
        digest.update(f"{array.shape}".encode())
        digest.update(np.ascontiguousarray(array, dtype=np.float64).data)
    return digest.hexdigest()


def save_checkpoint(checkpoint: Checkpoint, target: Path) -> None:
    """Write a checkpoint; the file is written whole or not at all."""
    state = checkpoint.state
    assert state.best is not None  # an epoch was measured
    settings = {
        "format": CHECKPOINT,
        "network": words_of(checkpoint.network),
        "course": asdict(checkpoint.course),
        "backend": checkpoint.backend,
        "mark": checkpoint.fingerprint,
        "classes": checkpoint.classes,
        "scalars": state.variables.scalars,
        "history": _history_rows(state.history),
        "best_epoch": state.best_epoch,
        "ink": checkpoint.ink,
    }
    arrays: dict[str, NDArray[Any]] = {
        **state.variables.arrays,
        "initial": checkpoint.initial,
        "loss": state.losses,
        "best": state.best,
        "settings": np.frombuffer(json.dumps(settings, allow_nan=False).encode("utf-8"), np.uint8),
    }
    buffer = io.BytesIO()
    np.savez(buffer, checksum=checksum_of_arrays(arrays), **arrays)  # type: ignore[arg-type]  # none is allow_pickle
    write_whole(target, buffer.getvalue())


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        InputError: the file is missing, damaged, or no checkpoint; the message says which.
    """
    with open_npz(Path(path), CHECKPOINT_WHAT) as archive:
        content = _settings(archive)
        settings = _json_document(content.tobytes(), CHECKPOINT_FORMATS, CHECKPOINT_WHAT)
        network, config = _network(settings["network"]), _config(settings["course"])
        arrays = {"settings": content, **_arrays(archive, network, config, settings["format"] == CHECKPOINT)}
        if "checksum" not in archive.names or not np.array_equal(archive.array("checksum"), checksum_of_arrays(arrays)):
            raise InputError(DAMAGED)
        return _checkpoint(settings, network, config, arrays)


def check_checkpoint_path(path: str | Path) -> Path:
    """Return the path, if a checkpoint may be written there; for a check before any work is done.

    Raises:
        InputError: as of ``check_writable``; or the file is something else, samples for example.
    """
    target = check_writable(path, CHECKPOINT_SUFFIXES)
    if target.exists():
        try:
            with open_npz(target, CHECKPOINT_WHAT) as archive:
                if CHECKPOINT_FAMILY not in _settings(archive).tobytes()[:80]:
                    raise InputError("of another kind")
        except InputError:
            raise InputError(
                f"{target}: holds something else than {CHECKPOINT_WHAT}, and would be overwritten; expected another"
                " name"
            ) from None
    return target


def _settings(archive: Npz) -> NDArray[Any]:
    """The bytes of the settings; compressed members are refused, since they may unpack to any size."""
    if "settings" not in archive.names or THETA.name not in archive.names:
        raise InputError(f"no settings in it; expected {CHECKPOINT_WHAT}")
    if archive.compressed:
        raise InputError(f"{archive.compressed[0]}: compressed; expected {CHECKPOINT_WHAT}: it compresses nothing")
    size = math.prod(archive.shape("settings"))
    if size > MAX_SETTINGS:
        raise InputError(f"settings: {size} bytes; expected at most {MAX_SETTINGS}")
    return archive.array("settings")


def _arrays(archive: Npz, network: Network, config: TrainConfig, has_best: bool) -> dict[str, NDArray[Any]]:
    """The arrays beside the settings; their lengths are checked before they are read."""
    count = len(network.parameters)
    names = (THETA.name, *optimizer_called(config.optimizer).state, "initial", *(["best"] if has_best else []))
    lengths: dict[str, int | None] = {**dict.fromkeys(names, count), "loss": None}
    unknown = sorted(set(archive.names) - set(lengths) - {"settings", "checksum"})
    if unknown:
        raise InputError(f"unknown array {unknown[0][:30]!a}; expected {', '.join(sorted(lengths))}")
    for name, length in {**lengths, "checksum": 32}.items():
        shape = archive.shape(name)
        if len(shape) != 1 or (length is not None and shape != (length,)):
            raise InputError(f"{name}: shape {shape}; expected {'one axis' if length is None else f'({length},)'}")
    return {name: archive.array(name) for name in lengths}


def _checkpoint(
    settings: dict[str, Any], network: Network, config: TrainConfig, arrays: Mapping[str, NDArray[Any]]
) -> Checkpoint:
    optimizer = optimizer_called(config.optimizer)
    variables = {name: _floats(arrays, name, config.dtype) for name in (THETA.name, *optimizer.state)}
    scalars = settings["scalars"]
    if not isinstance(scalars, dict) or set(scalars) != set(optimizer.scalars):
        raise InputError(f"scalars: expected those of {config.optimizer}")
    if not all(isinstance(v, float) and 0 <= v <= 1 for v in scalars.values()):
        raise InputError("scalars: expected numbers from 0 to 1")
    history = _history(settings["history"])
    if settings["format"] == CHECKPOINT:
        best_epoch, best = _best_epoch(settings.get("best_epoch"), history), _floats(arrays, "best", config.dtype)
    else:  # the parameters of earlier epochs are not in the file
        best_epoch, best = len(history) - 1, variables[THETA.name].copy()
    state = TrainState(State(variables, scalars), _floats(arrays, "loss", "float64"), history, best_epoch, best)
    return Checkpoint(
        network, config, _one_of("backend", settings["backend"], BACKENDS), str(settings["mark"]),
        _classes(network, settings["classes"]), _floats(arrays, "initial", "float64"), state,
        _ink(settings.get("ink")),
    )  # fmt: skip


def _classes(network: Network, names: Any) -> tuple[str, ...] | None:
    if names is None:
        return None
    count = max(network.outputs, 2)  # a single output has two classes
    if not isinstance(names, list) or len(names) != count:
        raise InputError(f"classes: expected {count} names")
    return tuple(check_label("classes", name) for name in names)


def _floats(arrays: Mapping[str, NDArray[Any]], name: str, dtype: str) -> Array:
    values = arrays[name]
    if values.dtype != np.dtype(dtype):
        raise InputError(f"{name}: expected numbers of {dtype}")
    if not np.isfinite(values).all():
        raise InputError(f"{name}: expected finite numbers")
    return values.copy()  # the array that was read is read-only


def checksum_of_arrays(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.uint8]:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return np.frombuffer(digest.digest(), np.uint8)


# --- common parts ---------------------------------------------------------------------------------------------------


def _json_document(content: bytes, formats: Mapping[str, Sequence[str]], what: str) -> dict[str, Any]:
    """A document of one of these formats that has all words of its format; nothing in it is evaluated."""
    try:
        document = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError) as error:
        raise InputError(f"not JSON ({reason_of(error)})") from None
    form = document.get("format") if isinstance(document, dict) else type(document).__name__
    if not isinstance(form, str) or form not in formats:
        raise InputError(f"format {str(form)[:40]!r}; expected {next(iter(formats))!r}, {what}")
    for word in formats[form]:
        if word not in document:
            raise InputError(f"damaged: {word} is missing")
    return document  # type: ignore[no-any-return]  # a dictionary: it has a format


def _refuse_constant(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _one_of(word: str, value: Any, allowed: Collection[str]) -> Any:
    if not isinstance(value, str) or value not in allowed:
        raise InputError(f"{word}={str(value)[:40]!r}: expected one of {', '.join(allowed)}")
    return value


def _network(words: Any) -> Network:
    """A network with a loss."""
    if not isinstance(words, dict):
        raise InputError("network: expected its words")
    network = network_from(words)
    network.require_loss("a saved training")
    return network


def _ink(value: Any) -> Ink | None:
    """The ink of the samples; None if they were numbers, and in files of earlier versions."""
    return None if value is None else _one_of("ink", value, get_args(Ink))


def _config(words: Any) -> TrainConfig:
    """The settings of a training by epochs."""
    names = {field.name for field in fields(TrainConfig)}
    if not isinstance(words, dict) or set(words) != names or None in words.values():
        raise InputError(f"course: expected {', '.join(sorted(names))}")
    return TrainConfig.from_request(1, **words)


def _history_rows(history: Sequence[Epoch]) -> list[list[float | None]]:
    return [[e.loss, e.accuracy, e.validation_loss, e.validation_accuracy] for e in history]


def _history(rows: Any) -> tuple[Epoch, ...]:
    """The history from epoch 0 on: rows of loss, accuracy, and the same of the validation data, or null."""
    if not isinstance(rows, list) or not rows:
        raise InputError("history: expected a list, from what was measured before the first step on")
    for number, row in enumerate(rows):
        if not (isinstance(row, list) and len(row) == 4 and all(rule(v) for v, rule in zip(row, _ROW, strict=True))):
            raise InputError(f"history: epoch {number} is {str(row)[:80]}; expected [loss, accuracy, loss, accuracy]")
    return tuple(Epoch(number, *row) for number, row in enumerate(rows))


def _best_epoch(value: Any, history: Sequence[Epoch]) -> int:
    """The number of an epoch of the history."""
    if type(value) is not int or not 0 <= value < len(history):
        raise InputError(f"best_epoch={str(value)[:40]}: expected a whole number from 0 to {len(history) - 1}")
    return value


def _is_finite(value: object) -> bool:
    return type(value) in (int, float) and abs(value) <= MAX_FLOAT  # type: ignore[arg-type]


def _is_share(value: Any) -> bool:
    return value is None or (_is_finite(value) and 0 <= value <= 1)


#: The checks of the values in a row of the history.
_ROW: tuple[Callable[[Any], bool], ...] = (_is_finite, _is_share, lambda v: v is None or _is_finite(v), _is_share)
