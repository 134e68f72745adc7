"""What saved runs and checkpoints have in common: their parts as JSON words, and back, each checked."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, get_args

from symcnn.errors import InputError, reason_of
from symcnn.network import Ink, Network, network_from
from symcnn.numeric import BACKENDS
from symcnn.train.metrics import Epoch
from symcnn.train.settings import Course, course_of

MAX_FLOAT = sys.float_info.max


def json_from(content: bytes, formats: Sequence[str], what: str, words: Sequence[str]) -> dict[str, Any]:
    """A document of one of these formats that has all these words; nothing in it is evaluated."""
    try:
        document = json.loads(content.decode("utf-8"), parse_constant=_refuse)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError, ValueError) as error:
        raise InputError(f"not JSON ({reason_of(error)})") from None
    found = document.get("format") if isinstance(document, dict) else type(document).__name__
    if found not in formats:
        raise InputError(f"format {str(found)[:40]!r}; expected {formats[0]!r}, {what}")
    for word in words:
        if word not in document:
            raise InputError(f"damaged: {word} is missing")
    return document  # type: ignore[no-any-return]  # a dictionary: it has a format


def one_of(word: str, value: Any, allowed: Sequence[str]) -> Any:
    if not isinstance(value, str) or value not in allowed:
        raise InputError(f"{word}={str(value)[:40]!r}: expected one of {', '.join(allowed)}")
    return value


def network_of(words: Any) -> Network:
    """A network with a loss."""
    if not isinstance(words, dict):
        raise InputError("network: expected its words")
    network = network_from(words)
    network.require_loss("a saved training")
    return network


def ink_from(value: Any) -> Ink | None:
    """The ink of the samples; None where they were numbers, and in files of versions that did not keep it."""
    return None if value is None else one_of("ink", value, get_args(Ink))


def backend_from(value: Any) -> str:
    found: str = one_of("backend", value, tuple(BACKENDS))
    return found


def course_from(words: Any) -> Course:
    """The settings of a training by epochs."""
    names = {field.name for field in fields(Course)}
    if not isinstance(words, dict) or set(words) != names or None in words.values():
        raise InputError(f"course: expected {', '.join(sorted(names))}")
    return course_of(1, **words)


def history_words(history: Sequence[Epoch]) -> list[list[float | None]]:
    return [[e.loss, e.accuracy, e.validation_loss, e.validation_accuracy] for e in history]


def history_from(rows: Any) -> tuple[Epoch, ...]:
    """From epoch 0 on: loss, accuracy, the same of the validation data; null where there is none."""
    if not isinstance(rows, list) or not rows:
        raise InputError("history: expected a list, from what was measured before the first step on")
    found = []
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != 4 or not all(map(_fits, row, _RULES)):
            raise InputError(f"history: epoch {number} is {str(row)[:80]}; expected [loss, accuracy, loss, accuracy]")
        found.append(Epoch(number, *row))
    return tuple(found)


def lowest(history: Sequence[Epoch]) -> int:
    """The first epoch where the watched loss is lowest."""
    return min(history, key=lambda epoch: epoch.watched).number


def epoch_from(value: Any, history: Sequence[Epoch]) -> int:
    """The number of an epoch of the history."""
    if type(value) is not int or not 0 <= value < len(history):
        raise InputError(f"best_epoch={str(value)[:40]}: expected a whole number from 0 to {len(history) - 1}")
    return value


def is_finite(value: object) -> bool:
    return type(value) in (int, float) and abs(value) <= MAX_FLOAT  # type: ignore[arg-type]


def _share(value: Any) -> bool:
    return value is None or (is_finite(value) and 0 <= value <= 1)


#: What stands in a row of the history.
_RULES: tuple[Callable[[Any], bool], ...] = (is_finite, _share, lambda v: v is None or is_finite(v), _share)


def _fits(value: Any, rule: Callable[[Any], bool]) -> bool:
    return rule(value)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")
