"""A report as data: sections of blocks. The story builds one, and each print (Markdown, HTML, LaTeX, …) lays it out.

Nothing here knows a format: running text is made of words and formula trees, a figure draws itself from data, and an
equation carries how it was examined. A print escapes every word that it sets.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

from symcnn.formula.tree import Key, Node


@dataclass(frozen=True)
class Emphasis:
    """Words to be stressed."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Code:
    """A command, a file's name, a name in Python."""

    text: str


@dataclass(frozen=True)
class Link:
    """To an equation, figure or section of this document by its ``id``; in words, or as the equation's number."""

    target: str
    text: str = ""


@dataclass(frozen=True)
class InlineFormula:
    """A formula in running text or in a cell of a table."""

    node: Node


#: Running text: words as they are (never markup), formulas, links.
Inline = str | Emphasis | Code | Link | InlineFormula
Text = tuple[Inline, ...]

#: The rows of a table, each of as many cells as its head.
Rows = tuple[tuple[Text, ...], ...]

#: How an equality was examined. "definition": it says what a symbol means (a layer's equation, the error). "read": it
#: is given data. "rule": a rule that is stated and not derived (the derivative of a leaf function, the chain rule in
#: general). "computed": numbers that follow from shown ones to the digits shown. The rest: a ``Verdict``.
Method = Literal["definition", "read", "rule", "computed", "proved", "probable", "agrees"]


@dataclass(frozen=True)
class Evidence:
    """Why an equality stands here.

    Attributes:
        method: how it was examined.
        detail: the method in the reader's words: "exact normal form, …", "at 40 points to 50 digits".
    """

    method: Method
    detail: str = ""


@dataclass(frozen=True)
class Display:
    """One equation, by itself, with its number.

    Attributes:
        id: stable, for links and tests: "x_11", "dE_df_12", "dx_11_df_12", "chain_rule".
        formula: what is shown, and what is proved.
        evidence: how it was examined; a print refuses a display without it.
        number: its number in the document, from 1 (``Document.numbered``).
    """

    id: str
    formula: Node
    evidence: Evidence | None = None
    number: int = 0


@dataclass(frozen=True)
class Paragraph:
    text: Text


@dataclass(frozen=True)
class Bullets:
    items: tuple[Text, ...]


@dataclass(frozen=True)
class Note:
    """An answer to a question that readers have at this place (a confusion), set apart; ``title`` is the question."""

    title: str
    text: Text


@dataclass(frozen=True)
class Table:
    """Rows of cells. ``numeric``: which columns are numbers (set to the right)."""

    head: tuple[Text, ...]
    rows: Rows
    caption: Text = ()
    numeric: tuple[int, ...] = ()


Theme = Literal["light", "dark", "page"]


class Drawing(Protocol):
    """A figure that draws itself.

    ``svg(theme)``: one <svg> element with a viewBox. "light" and "dark" are complete by themselves (literal colours,
    own font list); "page" takes its colours from the page's CSS variables (--ink, --paper, --muted, --rule, --image,
    --filter, --gradient, --positive, --negative) and marks live numbers with ``data-v="key"``. ``keys()``: of those.
    """

    def svg(self, theme: Theme) -> str: ...

    def keys(self) -> Iterable[Key]: ...


@dataclass(frozen=True)
class Figure:
    """A drawing with its caption.

    Attributes:
        id: "network", "loss": also its file's name beside a Markdown report.
        alternative: what it shows, in a sentence, for who can't see it.
        narrow: the same laid out for a phone, where there is such a layout.
        width: of the whole line, at most 1.
        whole: no page is broken between the drawing and its caption.
    """

    id: str
    drawing: Drawing
    caption: Text
    alternative: str
    narrow: Drawing | None = None
    width: float = 1.0
    whole: bool = False


Block = Paragraph | Bullets | Note | Table | Display | Figure


@dataclass(frozen=True)
class Section:
    """A heading with what belongs to it; ``id`` is stable: "conventions", "filter"."""

    id: str
    title: Text
    blocks: tuple[Block, ...] = ()
    sections: tuple["Section", ...] = ()


@dataclass(frozen=True)
class States:
    """The numbers of the page at chosen steps of the training, for a slider.

    Attributes:
        steps: the steps, ascending, the first is 0.
        values: key of a ``Number`` -> its value at each of the steps.
        shown: the step that the document prints.
    """

    steps: tuple[int, ...]
    values: dict[Key, tuple[float, ...]] = field(default_factory=dict)
    shown: int = 0


@dataclass(frozen=True)
class Document:
    """A whole report.

    Attributes:
        title: the heading.
        lead: under it: what this is and how it was made.
        lang: "en" or "fr".
        decimal: the decimal sign of the language.
        states: for a page that can be moved through the training; None without a training.
    """

    title: Text
    lead: Text
    sections: tuple[Section, ...]
    lang: str
    decimal: str
    states: States | None = None

    def blocks(self) -> Iterator[Block]:
        """Every block, in the order in which it is read."""
        return blocks(self.sections)

    def displays(self) -> Iterator[Display]:
        """Every equation, in the order of the document."""
        return displays(self.sections)


def blocks(sections: Iterable[Section]) -> Iterator[Block]:
    """Every block of sections, in the order in which it is read."""
    for section in sections:
        yield from section.blocks
        yield from blocks(section.sections)


def displays(sections: Iterable[Section]) -> Iterator[Display]:
    """Every equation of sections, in the order in which it is read."""
    return (block for block in blocks(sections) if isinstance(block, Display))
