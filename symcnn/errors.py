"""What can go wrong, as a caller would tell it apart. Every message is one line: what, where, expected."""

import reprlib


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


def quoted(value: object, limit: int = 60) -> str:
    """The value as Python writes it, on one line, shortened in the middle to ``limit`` characters."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = limit
    short.maxlist = short.maxtuple = short.maxdict = short.maxset = short.maxfrozenset = limit // 3
    short.fillvalue = "…"
    try:
        text = short.repr(value)
    except ValueError:  # a whole number of more digits than Python prints
        text = f"{type(value).__name__} of thousands of digits"
    if "\n" in text:
        text = " ".join(text.split())
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[len(text) - (limit - limit // 2 - 1) :]}"
    return text
