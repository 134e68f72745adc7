"""A training as a JSON file: everything of a ``Run``, every number to the last bit, and a checksum.

Read back it is the same run: its network, parameters, losses and data. A file that was damaged, or is something else,
is refused with the reason; nothing in it is evaluated.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from symcnn.errors import InputError, SymcnnError
from symcnn.files import check_writable, write_whole
from symcnn.network import Array, Data, DataLike, Network, checked, read_bytes, words_of
from symcnn.train.run import STOPPED, Run
from symcnn.train.settings import checked_rate, checked_reduction
from symcnn.train.words import (
    backend_from,
    course_from,
    epoch_from,
    history_from,
    history_words,
    ink_from,
    is_finite,
    json_from,
    lowest,
    network_of,
    one_of,
)

#: A run on all samples at once; one by epochs, which has more to tell; and one whose parameters are not its last ones.
FORMAT, FORMAT_EPOCHS, FORMAT_BEST = "symcnn run 1", "symcnn run 2", "symcnn run 3"
WHAT = "a training saved by symcnn"
SUFFIXES = (".json",)
MAX_BYTES = 256_000_000

WORDS = ("network", "learning_rate", "reduction", "backend", "stopped", "initial", "theta", "loss", "images", "targets",
         "labels")  # fmt: skip
MORE_WORDS = {
    FORMAT: (), FORMAT_EPOCHS: ("course", "history"), FORMAT_BEST: ("course", "history", "best_epoch", "last_theta")
}  # fmt: skip

#: Of samples that were pictures.
OPTIONAL = ("ink",)

#: Numbers whose length is measured to foresee that of all.
SAMPLED = 2_000


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
    if run.course is not None:
        content |= {"course": asdict(run.course), "history": history_words(run.history)}
    form = FORMAT if run.course is None else FORMAT_EPOCHS
    if run.last is not None:
        content |= {"best_epoch": run.best_epoch, "last_theta": run.last.tolist()}
        form = FORMAT_BEST
    if run.ink is not None:
        content |= {"ink": run.ink}
    text = json.dumps({"format": form, "checksum": _checksum(content), **content}, allow_nan=False)
    if len(text) >= MAX_BYTES:
        raise InputError(
            f"{path}: the run takes {len(text)} bytes; at most {MAX_BYTES} can be read back: use fewer steps"
        )
    write_whole(target, (text + "\n").encode("utf-8"))
    return target


def check_savable(path: str | Path, network: Network, data: DataLike) -> None:
    """Refuse before the training what could not be saved after it: the samples are part of a run."""
    images = checked(network, data)[0].ravel()
    some = images[:: max(len(images) // SAMPLED, 1)].tolist()
    expected = len(images) * (len(json.dumps(some)) // len(some))
    if expected >= MAX_BYTES:
        raise InputError(
            f"{path}: with these samples it would take about {expected} bytes, at most {MAX_BYTES} can be read back;"
            " write a checkpoint instead, which predicts too"
        )


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
    document = json_from(content, tuple(MORE_WORDS), WHAT, WORDS)
    words = (*WORDS, *MORE_WORDS[document["format"]])
    for word in words:
        if word not in document:
            raise InputError(f"damaged: {word} is missing")
    rest = {word: document[word] for word in (*words, *(word for word in OPTIONAL if word in document))}
    if document.get("checksum") != _checksum(rest):
        raise InputError("damaged or changed by hand: its checksum does not fit")
    return rest


def _run(document: dict[str, Any]) -> Run:
    network = network_of(document["network"])
    count = len(network.parameters)
    initial, theta = (_numbers(document, word, count) for word in ("initial", "theta"))
    course = course_from(document["course"]) if "course" in document else None
    # by epochs a loss for each step, of which there may be none
    loss = _numbers(document, "loss", None, least=0 if course else 1)
    if (loss < 0).any():
        raise InputError("loss: expected no negative numbers")
    rate = checked_rate(document["learning_rate"])
    labels = document["labels"]
    if labels is not None and not (isinstance(labels, list) and all(isinstance(x, str) for x in labels)):
        raise InputError("labels: expected texts")
    images, targets = checked(network, Data(document["images"], document["targets"], labels))
    history = history_from(document["history"]) if course is not None else ()
    last, best_epoch = None, lowest(history) if history else None
    if "last_theta" in document:
        last = _numbers(document, "last_theta", count)
        best_epoch = epoch_from(document["best_epoch"], history)
    return Run(
        network, Data(images, targets, labels, drawn_in=ink_from(document.get("ink"))), initial, theta, loss, rate,
        checked_reduction(document["reduction"]),
        backend_from(document["backend"]), one_of("stopped", document["stopped"], STOPPED), course,
        history, best_epoch, last,
    )  # fmt: skip


def _numbers(document: dict[str, Any], word: str, count: int | None, least: int = 1) -> Array:
    values = document[word]
    numbers = isinstance(values, list) and all(is_finite(v) for v in values)
    if not numbers or len(values) < least or (count is not None and len(values) != count):
        many = f"{count} " if count is not None else ""
        raise InputError(f"{word}: expected {many}finite numbers")
    return np.array(values, dtype=np.float64)


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()
