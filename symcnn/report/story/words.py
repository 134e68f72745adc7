"""Running text from the catalogue: a template's words, with formulas and links where its placeholders stand.

"{total} is *the sum*; `symcnn verify` says so"   ->   (InlineFormula(E_total), " is ", Emphasis("the sum"), …)
"""

import re
from collections.abc import Iterable, Iterator

from symcnn.formula.tree import Node
from symcnn.report.document import Code, Emphasis, Inline, InlineFormula, Link, Text
from symcnn.text import Catalogue

#: What may be put in a template: a formula, something inline, words, a whole number, or running text.
Part = Node | Inline | int | Text

_MARKED = re.compile(r"\{(?P<name>\w+)\}|\*\*(?P<strong>.+?)\*\*|\*(?P<emphasis>.+?)\*|`(?P<code>.+?)`")


def sentence(text: Catalogue, key: str, **parts: Part) -> Text:
    """The catalogue's text with its parts put in.

    Raises:
        KeyError: the template asks for a part that is not given.
    """
    return joined(_split(text(key), parts))


def joined(pieces: Iterable[Part]) -> Text:
    """Pieces one after the other as running text; neighbouring words become one."""
    found: list[Inline] = []
    for piece in (inline for given in pieces for inline in _inlines(given)):
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece != "":
            found.append(piece)
    return tuple(found)


def listed(items: Iterable[Part], separator: str = ", ") -> Text:
    """Items with a separator between them."""
    pieces: list[Part] = []
    for item in items:
        pieces += [separator, item] if pieces else [item]
    return joined(pieces)


def capitalized(words: Text) -> Text:
    """The same with a capital letter in front, where it starts with a word."""
    first, *rest = words
    return (first[:1].upper() + first[1:], *rest) if isinstance(first, str) else words


def _split(template: str, parts: dict[str, Part]) -> Iterator[Part]:
    end = 0
    for found in _MARKED.finditer(template):
        yield template[end : found.start()]
        end = found.end()
        if found["name"]:
            yield parts[found["name"]]
        elif found["code"]:
            yield Code(found["code"])
        else:
            yield Emphasis(found["strong"] or found["emphasis"], bool(found["strong"]))
    yield template[end:]


def _inlines(part: Part) -> tuple[Inline, ...]:
    if isinstance(part, int):
        return (str(part),)
    if isinstance(part, str | Emphasis | Code | Link | InlineFormula):
        return (part,)
    return part if isinstance(part, tuple) else (InlineFormula(part),)
