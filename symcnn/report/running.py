"""Running text as every print needs it: on one line, and without formulas where a format has no place for them."""

import re

from symcnn.formula import Plain
from symcnn.formula.extent import tall
from symcnn.report.document import Formula, Link, Text
from symcnn.report.references import References

#: Control characters and halves of surrogate pairs, which no format may contain.
_NO_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATE = re.compile(r"[\ud800-\udfff\ufffe\uffff]")


def one_line(words: str) -> str:
    """Words without line breaks and what else is no character; no-break spaces stay."""
    return _SURROGATE.sub("\ufffd", _NO_CHARACTER.sub(" ", words))


def link_words(link: Link, references: References, figure: str) -> str:
    """What a link shows: its own words, or the number of its equation or figure, or the title of its section.

    Args:
        figure: "Figure {number}" in the language of the document.
    """
    target = references[link.target]
    if link.text:
        return one_line(link.text)
    if target.kind == "section":
        return plain(target.title, Plain())
    return f"({target.number})" if target.kind == "equation" else figure.format(number=target.number)


def plain(text: Text, emitter: Plain) -> str:
    """Running text without any markup."""
    words = (emitter.emit(part.node) if isinstance(part, Formula) else part if isinstance(part, str) else part.text
             for part in text)  # fmt: skip
    return one_line("".join(words))


def has_fraction(text: Text) -> bool:
    """Does it stand higher than a line?"""
    return any(isinstance(part, Formula) and tall(part.node) for part in text)
