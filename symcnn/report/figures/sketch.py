"""A drawing as data: shapes and labels with a look each, printed as SVG in the colours of a theme.

A look is a class of the stylesheet, so a shape knows no colour. "light" and "dark" write the colours out (a picture in
a page cannot see the page's variables, and paper would print them black); "page" names the page's variables, and its
font. What a script may change is marked:

    data-v="f_11" data-digits="3"      the text of a number: looked up, rounded like ``formula.shown``
    data-heat="f_11" data-scale="…"    a cell: fill-opacity = colours.strength(value, scale); class positive or negative
    data-edge="f_11" data-scale="…"    a line: stroke-width = 0.7 + 2.6 · min(1, |value| / scale); class as above
    data-room="38"                     a text that becomes wider than that is set closer
    data-on="f_11 f_12"                lights up (class "lit") when one of these is touched

Coordinates are rounded to a tenth, so that the same drawing is the same bytes on every machine.

How words and formulas are set inside a drawing: runs of one look each, with real subscripts, and how wide they are.

SVG has no mathematics, so a formula of a figure is one line: x with its subscript, ∂E/∂f with a slash. An italic
letter, an upright number and a word of the language are different runs; nothing is written under its ASCII name.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, singledispatch
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from symcnn.colours import DARK, LIGHT
from symcnn.formula import Plain, tree
from symcnn.formula.conventions import bracketed
from symcnn.formula.tree import Key, Node
from symcnn.report.document import Theme

#: What is written at one place: words, a formula, or several of both in a row.
Words = str | Node | tuple[str | Node, ...]

#: How much of its cell a text may take by our widths: some viewers have only a font that is a quarter wider.
FILL = 0.78

#: The size of a subscript, and how far it stands below the line, in parts of the size of its letter.
SMALL, DROP = 0.72, 0.22


@dataclass(frozen=True)
class TextRun:
    """Characters of one look.

    Attributes:
        live: the number whose value they show, if that may change: its key and its digits go into the drawing.
    """

    text: str
    italic: bool = False
    low: bool = False
    live: tree.Number | None = None


def runs_of(words: Words, decimal: str) -> tuple[TextRun, ...]:
    """Words and formulas as runs; ``decimal`` is the decimal sign of the numbers."""
    parts = words if isinstance(words, tuple) else (words,)
    return tuple(run for part in parts for run in ([TextRun(part)] if isinstance(part, str) else _set(part, decimal)))


def width_of(runs: Iterable[TextRun], size: float) -> float:
    """About how wide they are, in the units of ``size``: measured on a text font, a little generous."""
    return sum(len_em(run.text, run.italic) * size * (SMALL if run.low else 1) for run in runs)


@singledispatch
def _set(node: object, decimal: str) -> Iterable[TextRun]:
    raise TypeError(f"no rule to draw {node!r}")


@_set.register
def _(node: tree.Symbol, decimal: str) -> Iterator[TextRun]:
    yield TextRun(node.letter, italic=node.letter.isalpha())
    for letters, characters in groupby(node.indices, str.isalpha):
        yield TextRun("".join(characters), italic=letters, low=True)
    if node.word:
        yield TextRun(f",\u202f{node.word}" if node.indices else node.word, low=True)


@_set.register
def _(node: tree.Number, decimal: str) -> Iterator[TextRun]:
    yield TextRun(Plain(decimal).emit(node), live=node if node.key else None)


@_set.register
def _(node: tree.Word, decimal: str) -> Iterator[TextRun]:
    yield TextRun(node.text)


@_set.register
def _(node: tree.Partial, decimal: str) -> Iterator[TextRun]:
    yield from (TextRun("∂", italic=True), *_set(node.of, decimal))
    yield from (TextRun("/"), TextRun("∂", italic=True), *_set(node.by, decimal))


@_set.register
def _(node: tree.Negated, decimal: str) -> Iterator[TextRun]:
    yield from (TextRun("−"), *_operand(node.node, decimal))


@_set.register
def _(node: tree.Convolution, decimal: str) -> Iterator[TextRun]:
    yield from (*_set(node.image, decimal), TextRun(" ∗ "), *_set(node.filter, decimal))


@_set.register
def _(node: tree.Product, decimal: str) -> Iterator[TextRun]:
    # "·" between digits reads as a decimal point: "×" there
    sign = " × " if all(isinstance(f, tree.Number) for f in node.factors) else " · "
    for n, factor in enumerate(node.factors):
        yield from ([TextRun(sign)] if n else [])
        yield from _operand(factor, decimal)


@_set.register
def _(node: tree.Sum, decimal: str) -> Iterator[TextRun]:
    for n, term in enumerate(node.terms):
        minus = isinstance(term, tree.Negated)
        yield from ([TextRun(" − " if minus else " + ")] if n else [])
        yield from _operand(term.node if n and isinstance(term, tree.Negated) else term, decimal)


@_set.register
def _(node: tree.Equality, decimal: str) -> Iterator[TextRun]:
    for n, member in enumerate(node.members):
        yield from ([TextRun(" = ")] if n else [])
        yield from _set(member, decimal)


def _operand(node: Node, decimal: str) -> Iterator[TextRun]:
    """What stands in a product or after a sign: between brackets where it would be misread."""
    inner = list(_set(node, decimal))
    brackets = bracketed(node) or inner[0].text.startswith("−")
    yield from ([TextRun("("), *inner, TextRun(")")] if brackets else inner)


def merged(runs: Iterable[TextRun]) -> Iterator[TextRun]:
    """Neighbours of one look as one run."""
    for _, same in groupby(runs, lambda run: (run.italic, run.low, run.live)):
        found = list(same)
        yield replace(found[0], text="".join(run.text for run in found))


#: Advance widths in thousandths of the size, the wider of STIX Two Text and Libertinus Serif, by character.
_WIDTHS = {
    **dict.fromkeys("'’.,:;|!", 260), **dict.fromkeys("ijl", 300), **dict.fromkeys("ft()[]/ \u00a0r-I", 370),
    **dict.fromkeys("sJ", 420), **dict.fromkeys("0123456789acegzéèêàçû", 500),
    **dict.fromkeys("bdhknopqvxyuô·?βσηθ∂FLPSE", 570), **dict.fromkeys("ABCDGHKNOQRTUVXYZ", 730),
    **dict.fromkeys("+−=×<>≤→←∗%∞", 690), **dict.fromkeys("mwMW—…", 900), "\u202f": 170, "\u2009": 170,
}  # fmt: skip


def len_em(text: str, italic: bool = False) -> float:
    """The width of a text in parts of its size; an unknown character counts as a wide one."""
    return sum(_WIDTHS.get(c, 620) for c in text) / 1000


#: Attributes of an element beside its geometry, in order; a value may be whose number it shows.
Data = tuple[tuple[str, str | Key], ...]

#: Those that a script looks up at another step of the training.
_LIVE = ("data-heat", "data-edge")


@dataclass(frozen=True)
class Box:
    """Where a mark is."""

    left: float
    top: float
    right: float
    bottom: float

    def wider(self, by: float) -> "Box":
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def overlaps(self, other: "Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    look: str
    opacity: float | None = None
    radius: float = 0
    data: Data = ()

    @property
    def box(self) -> Box:
        return Box(self.x, self.y, self.x + self.width, self.y + self.height)

    def svg(self) -> str:
        place = f'x="{_n(self.x)}" y="{_n(self.y)}" width="{_n(self.width)}" height="{_n(self.height)}"'
        rounded = f' rx="{_n(self.radius)}"' if self.radius else ""
        faint = "" if self.opacity is None else f' fill-opacity="{self.opacity:.3f}"'
        return f'<rect class="{self.look}" {place}{rounded}{faint}{_data(self.data)}/>'


@dataclass(frozen=True)
class Cells:
    """Many rectangles (left, top, right, bottom) of one look and strength, as one path."""

    boxes: tuple[tuple[float, float, float, float], ...]
    look: str
    opacity: float | None = None
    data: Data = ()

    @property
    def box(self) -> Box:
        left, top, right, bottom = zip(*self.boxes, strict=True)
        return Box(min(left), min(top), max(right), max(bottom))

    def svg(self) -> str:
        d = "".join(f"M{_n(a)} {_n(b)}H{_n(c)}V{_n(d)}H{_n(a)}Z" for a, b, c, d in self.boxes)
        faint = "" if self.opacity is None else f' fill-opacity="{self.opacity:.3f}"'
        return f'<path class="{self.look}"{faint} d="{d}"/>'


@dataclass(frozen=True)
class Circle:
    x: float
    y: float
    radius: float
    look: str
    data: Data = ()

    @property
    def box(self) -> Box:
        return Box(self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius)

    def svg(self) -> str:
        place = f'cx="{_n(self.x)}" cy="{_n(self.y)}" r="{_n(self.radius)}"'
        return f'<circle class="{self.look}" {place}{_data(self.data)}/>'


@dataclass(frozen=True)
class Line:
    """Through points; ``closed``: filled, an arrowhead or an area. (No <marker>: a hidden one is lost for all.)"""

    points: tuple[tuple[float, float], ...]
    look: str
    width: float | None = None
    closed: bool = False
    data: Data = ()

    @property
    def box(self) -> Box:
        xs, ys = zip(*self.points, strict=True)
        return Box(min(xs), min(ys), max(xs), max(ys))

    def svg(self) -> str:
        d = "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in self.points) + ("Z" if self.closed else "")
        width = "" if self.width is None else f' stroke-width="{self.width:.2f}"'
        return f'<path class="{self.look}" d="{d}"{width}{_data(self.data)}/>'


@dataclass(frozen=True)
class Label:
    """Runs of characters on a line: ``y`` is the line they stand on; ``anchor``: what of them is at ``x``."""

    x: float
    y: float
    runs: tuple[TextRun, ...]
    size: float
    look: str = "ink"
    anchor: str = "start"
    data: Data = ()

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)

    @property
    def width(self) -> float:
        return width_of(self.runs, self.size)

    @property
    def box(self) -> Box:
        left = self.x - {"start": 0.0, "middle": self.width / 2, "end": self.width}[self.anchor]
        low = DROP * self.size if any(run.low for run in self.runs) else 0.0
        return Box(left, self.y - 0.7 * self.size, left + self.width, self.y + max(low, 0.05 * self.size))

    def svg(self) -> str:
        runs = list(merged(self.runs))
        alone = len(runs) == 1 and not runs[0].low
        anchor = "" if self.anchor == "start" else f' text-anchor="{self.anchor}"'
        # the look of a run that is alone is the look of its text
        look = f"{self.look} italic" if alone and runs[0].italic else self.look
        live = _live(runs[0]) if alone else ""
        inside = escape(runs[0].text) if alone else "".join(self._spans(runs))
        place = f'x="{_n(self.x)}" y="{_n(self.y)}" font-size="{_n(self.size)}"'
        return f'<text class="{look}" {place}{anchor}{live}{_data(self.data)}>{inside}</text>'

    def _spans(self, runs: Iterable[TextRun]) -> Iterator[str]:
        low = False
        for run in runs:
            words = []
            if run.italic:
                words.append('class="italic"')
            if run.low != low:
                words.append(f'dy="{"" if run.low else "-"}{_n(DROP * self.size)}"')
            if run.low:
                words.append(f'font-size="{_n(SMALL * self.size)}"')
            low = run.low
            attributes = "".join(f" {word}" for word in words) + _live(run)
            yield f"<tspan{attributes}>{escape(run.text)}</tspan>" if attributes else escape(run.text)


Mark = Rect | Cells | Circle | Line | Label


@dataclass(frozen=True)
class Sketch:
    """A drawing of given size, in the order in which it is painted.

    Attributes:
        title: what a pointer that rests on it is told.
    """

    width: float
    height: float
    marks: tuple[Mark, ...]
    title: str = ""

    def svg(self, theme: Theme) -> str:
        """One <svg> element; see ``report.document.Drawing``."""
        space = "" if theme == "page" else ' xmlns="http://www.w3.org/2000/svg"'
        size = f'viewBox="0 0 {_n(self.width)} {_n(self.height)}"'
        if theme == "page":  # text of one size in all figures: none is blown up
            size += f' style="max-width:{_n(self.width)}px"'
        else:
            size += f' width="{_n(self.width)}" height="{_n(self.height)}"'
        head = f'<svg{space} class="sketch" {size} role="img">'
        title = [f"<title>{escape(self.title)}</title>"] if self.title else []
        ground = [] if theme == "page" else [Rect(0, 0, self.width, self.height, "paper").svg()]
        marks = [mark.svg() for mark in self.marks]
        return "\n".join([head, *title, self._style(theme), *ground, *marks, "</svg>"])

    def keys(self) -> Iterator[Key]:
        """Whose numbers are shown, as a text, a colour or the width of a line, and may change."""
        for mark in self.marks:
            if isinstance(mark, Label):
                yield from (run.live.key for run in mark.runs if run.live is not None and run.live.key is not None)
            yield from (value for name, value in mark.data if name in _LIVE and not isinstance(value, str))

    def _style(self, theme: Theme) -> str:
        colours = COLOURS[theme]
        used = self._looks | ({"paper"} if theme != "page" else set())
        rules = [
            f".sketch .{look}{{{rule.format_map(colours)}}}"
            for look, rule in LOOKS.items()
            if used.issuperset(look.split("."))
        ]
        text = "text{stroke:none}" if theme == "page" else f"text{{font-family:{FONTS}}}"
        lit = [f".sketch .lit.{look}{{{rule.format_map(colours)}}}" for look, rule in LIT.items() if look in used]
        return "<style>" + f".sketch {text}" + "".join(rules) + "".join(lit if theme == "page" else []) + "</style>"

    @cached_property
    def _looks(self) -> set[str]:
        looks = {look for mark in self.marks for look in mark.look.split()}
        italic = any(run.italic for mark in self.marks if isinstance(mark, Label) for run in mark.runs)
        signed = looks & {"positive", "negative"}  # a script may change the sign of a number
        return looks | ({"italic"} if italic else set()) | ({"positive", "negative"} if signed else set())


#: Theme -> the colours' names and values; those of a page are its variables.
COLOURS: dict[str, dict[str, str]] = {
    "light": LIGHT,
    "dark": DARK,
    "page": {name: f"var(--{name})" for name in LIGHT},
}

FONTS = (
    "'STIX Two Text','STIX Two Math','Libertinus Serif','New Computer Modern','New Computer Modern Math',"
    "'Times New Roman','Liberation Serif','Nimbus Roman',STIX,Times,serif"
)

#: Look -> its rule, with the names of the colours.
LOOKS: Mapping[str, str] = {
    "paper": "fill:{paper}",
    "ink": "fill:{ink}",
    "muted": "fill:{muted}",
    "filter": "fill:{filter}",
    "gradient": "fill:{gradient}",
    "grey": "fill:{image}",
    "positive": "fill:{positive}",
    "negative": "fill:{negative}",
    "edge": "stroke-linecap:round",
    "edge.positive": "stroke:{above};fill:none",
    "edge.negative": "stroke:{below};fill:none",
    "series": "stroke-width:1.8;stroke-linejoin:round",
    "series.positive": "stroke:{above};fill:none",
    "series.negative": "stroke:{below};fill:none",
    "series.filter": "stroke:{filter};fill:none",
    "series.gradient": "stroke:{gradient};fill:none",
    "dashed": "stroke-dasharray:6 4",
    "bar": "stroke:{ink};fill:none",
    "cell": "stroke:{rule};stroke-width:1",
    "joined": "shape-rendering:crispEdges",
    "empty": "fill:none",
    "block": "stroke:{muted};stroke-width:1",
    "ground": "fill:{paper}",
    "neuron": "fill:{paper};stroke:{ink};stroke-width:1.2",
    "thin": "fill:none;stroke:{rule};stroke-width:1",
    "marked": "stroke:{gradient};stroke-width:1.8",
    "route": "fill:none;stroke:{gradient}",
    "line": "fill:none;stroke:{ink};stroke-width:1.3",
    "faint": "fill:none;stroke:{muted};stroke-width:1;stroke-dasharray:3 3",
    "frame": "fill:none;stroke:{filter};stroke-width:2.6",
    "window": "fill:none;stroke:{filter};stroke-width:2.6;opacity:0",
    "halo": "paint-order:stroke;stroke:{paper};stroke-width:3.5;stroke-linejoin:round",
    "curve": "fill:none;stroke:{gradient};stroke-width:1.8;stroke-linejoin:round",
    "italic": "font-style:italic",
}

#: What lighting up changes.
LIT: Mapping[str, str] = {
    "window": "opacity:1",
    "cell": "stroke:{filter};stroke-width:2.6",
    "edge": "stroke-width:4",
    "block": "stroke:{muted};stroke-width:1",
    "ground": "fill:{paper}",
    "neuron": "stroke:{filter};stroke-width:2.6",
}


def arrow(start: tuple[float, float], end: tuple[float, float], look: str = "line") -> tuple[Line, Line]:
    """A line with its head at ``end``."""
    (x1, y1), (x2, y2) = start, end
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    back = (x2 - 7 * dx, y2 - 7 * dy)
    head = ((x2, y2), (back[0] - 3.4 * dy, back[1] + 3.4 * dx), (back[0] + 3.4 * dy, back[1] - 3.4 * dx))
    return Line((start, back), look), Line(head, "muted" if look == "thin" else "ink", closed=True)


def _n(value: float) -> str:
    """A coordinate: a tenth is finer than any screen."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _data(data: Data) -> str:
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in data)


def _live(run: TextRun) -> str:
    if run.live is None:
        return ""
    digits = "" if run.live.digits is None else f' data-digits="{run.live.digits}"'
    return f" data-v={quoteattr(str(run.live.key))}{digits}"
