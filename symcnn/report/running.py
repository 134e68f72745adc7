"""Running text as every print needs it: on one line, and without formulas where a format has no place for them."""

import re

from symcnn.formula import Plain
from symcnn.formula.breaking import tall
from symcnn.report.document import Document, InlineFormula, Link, Text
from symcnn.report.references import References
from symcnn.text import catalogue

#: Control characters and halves of surrogate pairs, which no format may contain.
_NO_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATE = re.compile(r"[\ud800-\udfff\ufffe\uffff]")


def one_line(words: str) -> str:
    """Words without line breaks and what else is no character; no-break spaces stay."""
    return _SURROGATE.sub("\ufffd", _NO_CHARACTER.sub(" ", words))


class Print:
    """What the prints on paper have in common: a document, where its links lead, and what stands for them in words.

    Raises:
        UnexaminedError: the document shows what was not examined.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._references = References(document)
        self._plain = Plain(document.decimal)
        self._text = catalogue(document.lang)

    def figure_name(self, number: int) -> str:
        """ "Figure 3" in the language of the document."""
        return self._text("print.figure", number=number)

    def link_words(self, link: Link) -> str:
        """What a link shows: its own words, or the number of its equation or figure, or the title of its section."""
        target = self._references.targets[link.target]
        if link.text:
            return one_line(link.text)
        if target.kind == "section":
            return plain(target.title, Plain())
        return f"({target.number})" if target.kind == "equation" else self.figure_name(target.number)


def plain(text: Text, emitter: Plain) -> str:
    """Running text without any markup."""
    words = (emitter.emit(part.node) if isinstance(part, InlineFormula)
             else part if isinstance(part, str) else part.text for part in text)  # fmt: skip
    return one_line("".join(words))


def has_fraction(text: Text) -> bool:
    """Does it stand higher than a line?"""
    return any(isinstance(part, InlineFormula) and tall(part.node) for part in text)
