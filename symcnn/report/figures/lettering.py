"""How words and formulas are set inside a drawing: runs of one look each, with real subscripts, and how wide they are.

SVG has no mathematics, so a formula of a figure is one line: x with its subscript, ∂E/∂f with a slash. An italic
letter, an upright number and a word of the language are different runs; nothing is written under its ASCII name.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import singledispatch
from itertools import groupby

from symcnn.formula import Plain, tree
from symcnn.formula.brackets import bracketed
from symcnn.formula.tree import Node

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
