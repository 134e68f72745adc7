"""What can be referred to in a document: equations, figures and sections by their ``id``; and what a print refuses."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import Literal

from symcnn.errors import SymcnnError
from symcnn.report.document import Block, Display, Document, Figure, Link, Section, Text

Kind = Literal["equation", "figure", "section"]


class UnexaminedError(SymcnnError, ValueError):
    """An equation was to be printed that nobody examined, or a link that leads nowhere."""


@dataclass(frozen=True)
class Target:
    """Where a link leads.

    Attributes:
        number: of an equation or a figure; of a section its place.
        title: of a section.
    """

    kind: Kind
    number: int
    title: Text = ()

    @property
    def name(self) -> str:
        """The same in every format: eq-7, fig-1, sec-3."""
        return f"{self.kind[:3]}-{self.number}"


class References:
    """The targets of a document by their id.

    Raises:
        UnexaminedError: an equation has no evidence or no number, two things have one id, a link has no target.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        found = [(s.id, Target("section", n, s.title)) for n, s in enumerate(sections(document.sections), 1)]
        figures = 0
        for block in document.blocks():
            if isinstance(block, Display):
                if block.evidence is None or block.number < 1:
                    raise UnexaminedError(f"equation {block.id}: not examined; a report shows what was examined only")
                found.append((block.id, Target("equation", block.number)))
            elif isinstance(block, Figure):
                figures += 1
                found.append((block.id, Target("figure", figures)))
        self.targets = dict(found)
        twice = [name for name, count in Counter(name for name, _ in found).items() if count > 1]
        if twice:
            raise UnexaminedError(f"{twice[0]}: two parts of the report have this id; expected one")
        for link in links(document):
            if link.target not in self.targets:
                raise UnexaminedError(f"link to {link.target}: there is no such equation, figure or section")

    @cached_property
    def linked(self) -> frozenset[str]:
        """The ids to which links lead."""
        return frozenset(link.target for link in links(self._document))


def sections(inside: tuple[Section, ...]) -> Iterator[Section]:
    """All sections, each before its inner ones."""
    for section in inside:
        yield section
        yield from sections(section.sections)


def links(part: Document | Section | Block | Text | object) -> Iterator[Link]:
    """Every link of a part of a document. Formulas have none."""
    if isinstance(part, Link):
        yield part
    elif isinstance(part, tuple):
        for inner in part:
            yield from links(inner)
    elif isinstance(part, Figure):
        yield from links(part.caption)
    elif is_dataclass(part) and not isinstance(part, Display):
        for inner in fields(part):
            yield from links(getattr(part, inner.name))
