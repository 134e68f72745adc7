"""The text catalogue: every sentence and label that a reader of a document sees, by key, in English and French."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from symcnn.errors import InputError

LANGUAGES = ("en", "fr")


class Catalogue:
    """The texts of one language: ``text("report.title", count=24)``."""

    def __init__(self, lang: str, tables: dict[str, Any]) -> None:
        self.lang = lang
        self._tables = tables

    @property
    def decimal(self) -> str:
        """The decimal sign of the language."""
        return self("number.decimal")

    def __call__(self, key: str, **values: object) -> str:
        found: Any = self._tables
        for word in key.split("."):
            found = found[word]
        text = str(found)
        return text.format(**values) if values else text

    def words(self, key: str) -> dict[str, str]:
        """A table of single words."""
        found: Any = self._tables
        for word in key.split("."):
            found = found[word]
        return dict(found)

    def has(self, key: str) -> bool:
        found: Any = self._tables
        for word in key.split("."):
            if not isinstance(found, dict) or word not in found:
                return False
            found = found[word]
        return True


def catalogue(lang: str) -> Catalogue:
    """The catalogue of "en" or "fr"."""
    if lang not in LANGUAGES:
        raise InputError(f"lang={lang!r}: unknown language; expected one of {', '.join(LANGUAGES)}")
    return Catalogue(lang, tables(lang))


@cache
def tables(lang: str) -> dict[str, Any]:
    return tomllib.loads(files("symcnn.text").joinpath(f"{lang}.toml").read_text("utf-8"))
