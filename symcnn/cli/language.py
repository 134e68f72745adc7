"""The language of the command line: which one, its words by key, its help, and the French of error lines.

An error is raised in English, wherever that is; where its line fits a template of ``text/errors.fr.toml``, a French
command line prints the French of that template, otherwise the English line.
"""

import os
import re
from collections.abc import Sequence
from contextvars import ContextVar
from functools import cache
from itertools import pairwise
from typing import Any

from symcnn.errors import InputError, quoted
from symcnn.text import LANGUAGES, Catalogue, catalogue, tables

#: The environment variable that chooses the language where ``--lang`` does not.
VARIABLE = "SYMCNN_LANG"

_language = ContextVar("language", default="en")


# --- which language -------------------------------------------------------------------------------------------------


def language() -> str:
    """The language of this command: "en" or "fr"."""
    return _language.get()


def set_language(lang: str) -> None:
    _language.set(lang)


def choose_language(arguments: Sequence[str]) -> None:
    """Take the language of a command line that is not read yet, so that its own errors and its help are in it.

    Raises:
        InputError: there is no ``--lang`` that is known, and ``SYMCNN_LANG`` is not.
    """
    set_language("en")
    options = list(arguments[: list(arguments).index("--")] if "--" in arguments else arguments)
    words = [after for word, after in pairwise(options) if word == "--lang"]
    words += [word.removeprefix("--lang=") for word in options if word.startswith("--lang=")]
    chosen = [lang for lang in map(_known, words) if lang is not None]
    if chosen:
        set_language(chosen[-1])
    elif os.environ.get(VARIABLE):
        set_language(checked_language(VARIABLE, os.environ[VARIABLE]))


def _known(word: str) -> str | None:
    """The language of "fr", "FR", "fr_FR", "fr-CA" or "fr_FR.UTF-8"; None if there is none."""
    match = re.fullmatch("([a-z]{2})(?:[-_][a-z]{2})?(?:[.@].*)?", word.strip().lower())
    return match[1] if match is not None and match[1] in LANGUAGES else None


def checked_language(name: str, word: str) -> str:
    lang = _known(word)
    if lang is None:
        raise InputError(f"{name}: unknown language {quoted(word)}; expected one of {', '.join(LANGUAGES)}")
    return lang


# --- words by key ---------------------------------------------------------------------------------------------------


def text(key: str, **values: object) -> str:
    """A text of the command line in its language, by key: ``text("train.steps")``."""
    return _catalogue()(key, **values)


def words(table: str) -> dict[str, Any]:
    """A table of texts."""
    return dict(_catalogue().words(table))


def grouped(count: int) -> str:
    """A printed count with its thousands apart: 10,000 or 10 000."""
    return catalogue(language()).number(count)


def decimal(number: str) -> str:
    """A printed number with the decimal sign of the language."""
    return number.replace(".", catalogue(language()).decimal)


def _catalogue() -> Catalogue:
    return Catalogue(language(), tables(f"cli.{language()}"))


# --- the French of error lines --------------------------------------------------------------------------------------

#: Placeholders by what stands in them: a part, which has to have a template of its own; places such as "layer 2",
#: reasons, and names joined by "or", which are put into French where they can be. All else is the user's, and stays.
_PARTS, _PLACES, _REASONS, _NAMES = ("what", "expected"), "where", "reason", "names"


def in_language(line: str) -> str:
    """An error line or a hint in the language of the command, if there is a template for it."""
    if language() == "en":
        return line
    return _in_french(line) or line


def _in_french(line: str) -> str | None:
    """The line's French, behind what names a file or a place; None if no template fits."""
    for start in (0, *(match.end() for match in re.finditer(": ", line))):
        french = _filled(line[start:], "line")
        if french is not None:
            return (_place(line[: start - 2]) + "\u202f: " if start else "") + french
    return None


def _filled(line: str, kind: str) -> str | None:
    """The French of the template of a kind that has most of the letters; None if none fits."""
    best, most = None, -1
    for parts, names, size, french in _templates(kind):
        values = _between(parts, line) if size > most else None
        if values is None or (kind == "place" and any(" " in value for value in values)):
            continue
        if not parts[0] and names[0] != _PLACES and ": " in values[0]:
            continue  # what names a file is no part of the line
        translated = {name: _value(name, value) for name, value in zip(names, values, strict=True)}
        if None not in translated.values():
            best, most = french.format(**translated), size
    return best


def _value(name: str, value: str) -> str | None:
    """What stands for a placeholder in the French line; None: the template does not fit."""
    kind = name.rstrip("0123456789")
    if kind in _PARTS:
        return _filled(value, "part")
    if kind == _REASONS:
        return _filled(value, "part") or value
    if kind == _PLACES:
        return _place(value)
    if kind == _NAMES:
        return re.sub(" (or|and) ", lambda match: " ou " if match[1] == "or" else " et ", value)
    return None if re.search("[:;] ", value) and value[:1] not in "'\"" else value


def _place(words: str) -> str:
    """Places such as "net.toml: layer 2": what is no place of symcnn's stays as it is."""
    return "\u202f: ".join(_filled(word, "place") or word for word in words.split(": "))


def _between(parts: Sequence[str], line: str) -> list[str] | None:
    """What stands between the fixed parts of a template in a line, each as short as can be; None if it does not fit."""
    if not line.startswith(parts[0]) or not line.endswith(parts[-1]):
        return None
    if len(parts) == 1:
        return [] if line == parts[0] else None
    values, at, end = [], len(parts[0]), len(line) - len(parts[-1])
    for part in parts[1:-1]:
        there = line.find(part, at, end)
        if there <= at:
            return None
        values.append(line[at:there])
        at = there + len(part)
    return [*values, line[at:end]] if at < end else None


@cache
def _templates(kind: str) -> list[tuple[list[str], list[str], int, str]]:
    """The fixed parts of each template, its placeholders, the number of its fixed characters, and its French."""
    made = []
    for english, french in tables("errors.fr")[kind].items():
        pieces = re.split(r"\{(\w+)\}", english)
        made.append((pieces[::2], pieces[1::2], sum(map(len, pieces[::2])), french))
    return made
