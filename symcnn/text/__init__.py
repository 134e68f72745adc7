"""The text catalogue: every sentence and label that a reader of a document sees, by key, in English and French."""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from symcnn.errors import InputError, SymcnnError, quoted

LANGUAGES = ("en", "fr")

T = TypeVar("T")

#: Placeholders whose numbers say which one, not how many.
NUMBERS_OF_ONE = frozenset({"number", "seed", "line", "column"})


class Catalogue:
    """The texts of one language: ``text("report.title", count=24)``."""

    def __init__(self, lang: str, tables: dict[str, Any]) -> None:
        self.lang = lang
        self._tables = tables

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Catalogue) and self._tables is other._tables

    def __hash__(self) -> int:
        return hash(self.lang)

    def __reduce__(self) -> tuple[object, ...]:
        return (catalogue if self == catalogue(self.lang) else earlier_catalogue), (self.lang,)

    @property
    def decimal(self) -> str:
        """The decimal sign of the language."""
        return self("number.decimal")

    def number(self, count: int) -> str:
        """A count with its thousands apart: 10,000 in English, 10 000 in French."""
        return f"{count:,}".replace(",", self("number.group"))

    def shown(self, name: str, value: T) -> T | str:
        """A value as a document shows it: counts with their thousands apart, but not the number of a line or a seed."""
        if not isinstance(value, int) or isinstance(value, bool) or name in NUMBERS_OF_ONE:
            return value
        return self.number(value) if "number" in self._tables else value  # the command line's texts have none

    def __call__(self, key: str, **values: object) -> str:
        found: Any = self._tables
        for word in key.split("."):
            found = found[word]
        text = str(found)
        return text.format(**{name: self.shown(name, value) for name, value in values.items()}) if values else text

    def words(self, key: str) -> dict[str, str]:
        """A table of single words."""
        found: Any = self._tables
        for word in key.split("."):
            found = found[word]
        return dict(found)

    def image_labels(self, labels: Sequence[str] | None, count: int) -> list[str]:
        """ "image 1 (cross)": what each image is called; labels that the catalogue knows are translated."""
        if labels is None:
            return [self("label.image", number=n + 1) for n in range(count)]
        known = self.words("shown")
        return [self("label.image_named", number=n + 1, label=known.get(x, x)) for n, x in enumerate(labels)]


class SaidError(SymcnnError):
    """An error whose sentence stands in the catalogue, below ``fault``: ``str`` gives it in English.

    Args:
        key: of the sentence; ``values`` stand in it.
    """

    def __init__(self, key: str, **values: object) -> None:
        self.key, self.values = f"fault.{key}", values
        super().__init__(self.said(catalogue("en")))

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.key.removeprefix("fault."), self.values)

    def said(self, text: Catalogue) -> str:
        """The sentence in the catalogue's language."""
        return text(self.key, **self.values)


def _again(kind: type[SaidError], key: str, values: dict[str, object]) -> SaidError:
    return kind(key, **values)


def catalogue(lang: str) -> Catalogue:
    """The catalogue of "en" or "fr"."""
    if lang not in LANGUAGES:
        raise InputError(f"lang={quoted(lang)}: unknown language; expected one of {', '.join(LANGUAGES)}")
    return Catalogue(lang, tables(lang))


def earlier_catalogue(lang: str) -> Catalogue:
    """The catalogue with the titles of sheets, and the words in formulas, of workbooks that version 0.1 wrote."""
    return Catalogue(lang, _earlier_tables(lang))


@cache
def _earlier_tables(lang: str) -> dict[str, Any]:
    today = tables(lang)
    return today | {table: today[table] | words for table, words in today["earlier"].items()}


@cache
def tables(lang: str) -> dict[str, Any]:
    return tomllib.loads(files("symcnn.text").joinpath(f"{lang}.toml").read_text("utf-8"))
