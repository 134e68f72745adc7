"""The exceptions, and the parts of their messages. Every message is one line: what, where, expected."""

import difflib
import reprlib
import sys
from collections.abc import Collection, Mapping
from itertools import islice

#: Names that a message lists; of more it names the nearest, and says how many there are. Past MOST_COMPARED names only
#: those that begin alike are compared.
MOST_LISTED = 12
MOST_COMPARED = 5_000


class SymcnnError(Exception):
    """The base of every error that symcnn raises on purpose."""


class InputError(SymcnnError, ValueError):
    """An input cannot be used: a network, data, a setting or a file."""


class NotSupportedYetError(SymcnnError, NotImplementedError):
    """A sound request that this version cannot fulfil; a later one may."""


class TrainingDivergedError(SymcnnError, ArithmeticError):
    """The loss became NaN or infinite; the message names the step and the learning rate."""


class PrintError(SymcnnError):
    """A document that holds cannot be set in one format; the message names it. Other formats are not concerned."""


class RefusedError(SymcnnError, ValueError):
    """An equality that a report would show fails, or cannot be examined; the message names the display."""


class UnknownQuantityError(InputError, KeyError):
    """There is no quantity or column of that name; the message names the nearest."""

    def __str__(self) -> str:  # a KeyError's would be in quotes
        return str(self.args[0])


class SymcnnWarning(UserWarning):
    """The request is carried out, but not in the usual sense or not completely; one line says what."""


#: Libraries that not everything needs, as ``pyproject.toml`` has them among its extras.
LIBRARIES = {
    "matplotlib": "matplotlib>=3.8,<4",
    "numba": "numba>=0.60,<1",
    "pandas": "pandas>=2.1,<4",
    "pillow": "pillow>=10,<14",
    "typst": "typst>=0.14,<0.16",
}


def install_command(library: str) -> str:
    """Return the command that installs one of ``LIBRARIES`` for the running Python."""
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable or "python"
    return f'{python} -m pip install "{LIBRARIES[library]}"'


def quoted(value: object, limit: int = 60) -> str:
    """Return the value as Python writes it, on one line, shortened in the middle to ``limit`` characters."""
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


def reason_of(error: BaseException, limit: int = 120) -> str:
    """Return the message of an error of Python or a library on one line; its type if it has none."""
    line = (str(error).splitlines() or [""])[0][:limit] or type(error).__name__
    if "limit" in line and "integer string conversion" in line:  # its remedy is for who programs
        return f"a whole number of more than {sys.get_int_max_str_digits()} digits"
    return line


def shortened(message: str, limit: int = 1_000) -> str:
    """Shorten a message in the middle to ``limit`` characters."""
    half = limit // 2 - 1
    return message if len(message) <= limit else f"{message[:half]} … {message[-half:]}"


def nearest(word: object, names: Collection[str], most: int = 3) -> list[str]:
    """Return the names most like a word, of equally like ones the first; of many, only those that begin as it does."""
    if not isinstance(word, str):
        return []
    compared: Collection[str] = names
    if len(names) > MOST_COMPARED:
        compared = list(islice((n for n in names if n[:2].lower() == word[:2].lower()), MOST_COMPARED))
    lower: dict[str, str] = {}
    for name in compared:
        lower.setdefault(name.lower(), name)
    key, order = word[:60].lower(), list(lower)

    def distance(name: str) -> tuple[float, int]:
        return -difflib.SequenceMatcher(None, name, key).ratio(), order.index(name)

    return [lower[n] for n in sorted(difflib.get_close_matches(key, order, most, 0.76), key=distance)]


def missing_attribute(thing: object, name: str, instead: Mapping[str, str]) -> AttributeError:
    """Return the error for an attribute that a thing lacks, with what to write instead of another library's name."""
    remedy = f"; {instead[name]}" if name in instead else ""
    return AttributeError(f"{type(thing).__name__!r} object has no attribute {name!r}{remedy}", name=name, obj=thing)


def did_you_mean(word: object, names: Collection[str]) -> str:
    """Return the question after the names nearest to a word: "did you mean 'relu'?"; "" if none is near."""
    near = nearest(word, names)
    return f"did you mean {' or '.join(map(quoted, near))}?" if near else ""


def one_of(word: object, names: Collection[str]) -> str:
    """Return the part of a message for a word that is none of the names: the nearest, and all names or their number.

    "did you mean 'relu'? expected one of sigmoid, tanh, relu"
    """
    question = did_you_mean(word, names)
    mean = f"{question} " if question else ""
    if len(names) <= MOST_LISTED:
        return f"{mean}expected one of {', '.join(names)}"
    some = "" if question else f", such as {', '.join(islice(names, 3))}"
    return f"{mean}expected one of {len(names)} names{some}"
