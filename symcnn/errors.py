"""What can go wrong, as a caller would tell it apart. Every message is one line: what, where, expected."""

import difflib
from collections.abc import Collection
from itertools import islice

#: Names that a message lists; of more it names the nearest, and says how many there are. Past MOST_COMPARED names only
#: those that begin alike are compared.
MOST_LISTED = 12
MOST_COMPARED = 5_000


class SymcnnError(Exception):
    """The base of every error that symcnn raises on purpose."""


class InputError(SymcnnError, ValueError):
    """What the user gave cannot be used: a network, data, a setting or a file."""


class NotSupportedYetError(SymcnnError, NotImplementedError):
    """A sound request that this version cannot fulfil; a later one may."""


class TrainingDivergedError(SymcnnError, ArithmeticError):
    """The loss became NaN or infinite; the message names the step and the learning rate."""


class RefusedError(SymcnnError, ValueError):
    """An equality that a report would show fails, or cannot be examined; the message names the display."""


class UnknownQuantityError(InputError, KeyError):
    """A network has no quantity of that name; the message tells the nearest."""

    def __str__(self) -> str:  # a KeyError's would be in quotes
        return str(self.args[0])


def quoted(value: object, limit: int = 60) -> str:
    """A value as a message shows it: its ``repr``, shortened to fit a line."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def nearest(word: object, names: Collection[str], most: int = 3) -> list[str]:
    """The names that look most like a word; of many names, of those that begin as it does."""
    if not isinstance(word, str):
        return []
    compared: Collection[str] = names
    if len(names) > MOST_COMPARED:
        compared = list(islice((n for n in names if n[:2].lower() == word[:2].lower()), MOST_COMPARED))
    lower: dict[str, str] = {}
    for name in compared:
        lower.setdefault(name.lower(), name)
    return [lower[n] for n in difflib.get_close_matches(word[:60].lower(), lower, most, 0.76)]


def one_of(word: object, names: Collection[str]) -> str:
    """What a message says of a word that is none of the names: the nearest, and all, or how many there are.

    "did you mean 'relu'? expected one of sigmoid, tanh, relu"
    """
    near = nearest(word, names)
    mean = f"did you mean {' or '.join(map(quoted, near))}? " if near else ""
    if len(names) <= MOST_LISTED:
        return f"{mean}expected one of {', '.join(names)}"
    some = "" if near else f", such as {', '.join(islice(names, 3))}"
    return f"{mean}expected one of {len(names)} names{some}"
