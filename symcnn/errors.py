"""What can go wrong, as a caller would tell it apart. Every message is one line: what, where, expected."""

import reprlib
import sys


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


class SymcnnWarning(UserWarning):
    """Something that can be done, and is seldom meant; the message says what usually is."""


#: Libraries that not everything needs, as ``pyproject.toml`` has them among its extras.
LIBRARIES = {
    "matplotlib": "matplotlib>=3.8,<4",
    "numba": "numba>=0.60,<1",
    "pillow": "pillow>=10,<14",
    "typst": "typst>=0.14,<0.16",
}


def install_command(library: str) -> str:
    """What installs one of ``LIBRARIES`` for the Python that runs."""
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable or "python"
    return f'{python} -m pip install "{LIBRARIES[library]}"'


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


def shortened(message: str, limit: int = 1_000) -> str:
    """A message that fits a screen, whatever was put into it."""
    half = limit // 2 - 1
    return message if len(message) <= limit else f"{message[:half]} … {message[-half:]}"
