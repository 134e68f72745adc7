"""A training as a JSON file: everything of a ``Run``, every number to the last bit, and a checksum.

Read back it is the same run: its network, parameters, losses and data. A file that was damaged, or is something else,
is refused with the reason; nothing in it is evaluated.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np

from symcnn.errors import InputError, SymcnnError
from symcnn.files import check_writable, write_whole
from symcnn.network import Array, Data, checked, network_from, read_bytes, words_of
from symcnn.numeric import BACKENDS
from symcnn.train.run import Run

FORMAT = "symcnn run 1"
SUFFIXES = (".json",)
MAX_BYTES = 256_000_000
MAX_FLOAT = sys.float_info.max

STOPPED = ("steps", "loss", "interrupted")
REDUCTIONS = ("sum", "mean")


def save_run(run: Run, path: str | Path) -> Path:
    """Write a run; the file is there as a whole or not at all."""
    target = check_writable(path, SUFFIXES)
    images, targets = checked(run.network, run.data)
    labels = None if run.data.labels is None else [str(label) for label in run.data.labels]
    content = {
        "network": words_of(run.network),
        "learning_rate": run.learning_rate,
        "reduction": run.reduction,
        "backend": run.backend,
        "stopped": run.stopped,
        "initial": run.initial.tolist(),
        "theta": run.theta.tolist(),
        "loss": run.loss.tolist(),
        "images": images.tolist(),
        "targets": targets.tolist(),
        "labels": labels,
    }
    text = json.dumps({"format": FORMAT, "checksum": _checksum(content), **content}, allow_nan=False)
    if len(text) >= MAX_BYTES:
        raise InputError(
            f"{path}: the run takes {len(text)} bytes; at most {MAX_BYTES} can be read back: use fewer steps"
        )
    write_whole(target, (text + "\n").encode("utf-8"))
    return target


def load_run(path: str | Path) -> Run:
    """Read a run back.

    Raises:
        InputError: the file is missing, damaged, or no run; the message says which.
    """
    path = Path(path)
    content = read_bytes(path, MAX_BYTES, "a saved training (JSON)")
    try:
        return _run(_document(content))
    except SymcnnError as error:
        raise InputError(f"{path}: {error}") from None


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content.decode("utf-8"), parse_constant=_refuse)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError) as error:
        raise InputError(f"not JSON ({str(error).splitlines()[0][:80]})") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        found = document.get("format") if isinstance(document, dict) else type(document).__name__
        raise InputError(f"format {str(found)[:40]!r}; expected {FORMAT!r}, a training saved by symcnn")
    words = ("network", "learning_rate", "reduction", "backend", "stopped", "initial", "theta", "loss", "images",
             "targets", "labels")  # fmt: skip
    for word in words:
        if word not in document:
            raise InputError(f"damaged: {word} is missing")
    rest = {word: document[word] for word in words}
    if document.get("checksum") != _checksum(rest):
        raise InputError("damaged or changed by hand: its checksum does not fit")
    return rest


def _run(document: dict[str, Any]) -> Run:
    if not isinstance(document["network"], dict):
        raise InputError("network: expected its words")
    network = network_from(document["network"])
    network.require_loss("a saved training")
    count = len(network.parameters)
    initial, theta = (_numbers(document, word, count) for word in ("initial", "theta"))
    loss = _numbers(document, "loss", None)
    if (loss < 0).any():
        raise InputError("loss: expected no negative numbers")
    rate = document["learning_rate"]
    if not _is_finite(rate) or rate <= 0:
        raise InputError(f"learning_rate={rate!r}: expected a finite number above 0")
    labels = document["labels"]
    if labels is not None and not (
        isinstance(labels, list) and all(isinstance(x, str) and x.isprintable() for x in labels)
    ):
        raise InputError("labels: expected printable words")
    images, targets = checked(network, Data(document["images"], document["targets"], labels))
    reduction: Literal["sum", "mean"] = _one_of(document, "reduction", REDUCTIONS)
    stopped: Literal["steps", "loss", "interrupted"] = _one_of(document, "stopped", STOPPED)
    return Run(
        network, Data(images, targets, labels), initial, theta, loss, float(rate), reduction,
        _one_of(document, "backend", tuple(BACKENDS)), stopped,
    )  # fmt: skip


def _numbers(document: dict[str, Any], word: str, count: int | None) -> Array:
    values = document[word]
    numbers = isinstance(values, list) and all(_is_finite(v) for v in values)
    if not numbers or not values or (count is not None and len(values) != count):
        many = f"{count} " if count is not None else ""
        raise InputError(f"{word}: expected {many}finite numbers")
    return np.array(values, dtype=np.float64)


def _is_finite(value: object) -> bool:
    return type(value) in (int, float) and abs(value) <= MAX_FLOAT  # type: ignore[arg-type]


def _one_of(document: dict[str, Any], word: str, allowed: tuple[str, ...]) -> Any:
    if not isinstance(document[word], str) or document[word] not in allowed:
        raise InputError(f"{word}={str(document[word])[:40]!r}: expected one of {', '.join(allowed)}")
    return document[word]


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")
