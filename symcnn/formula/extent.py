"""How much room a displayed formula takes, roughly: what a print needs to know where a line may have to break.

Widths are in em of a text face, as measured on STIX Two; they err to the wide side.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import singledispatch

from symcnn.formula import tree
from symcnn.formula.plain import Plain
from symcnn.formula.tree import Node

#: A digit or letter, the same in a subscript, a sign with the space around it, a bracket.
LETTER, SMALL, SIGN, BRACKET = 0.55, 0.4, 1.2, 0.4

_PLAIN = Plain()


def parts(node: Node) -> Iterator[Node]:
    """A formula and all that it is made of."""
    yield node
    for found in _inner(tuple(getattr(node, f.name) for f in fields(node))):
        yield from parts(found)


def _inner(values: tuple[object, ...]) -> Iterator[Node]:
    for value in values:
        if isinstance(value, tuple):
            yield from _inner(value)
        elif is_dataclass(value):
            yield value  # type: ignore[misc]


def tall(node: Node) -> bool:
    """Is it higher than a line of text?"""
    return any(isinstance(n, (tree.Partial, tree.Fraction, tree.Over, tree.Matrix)) for n in parts(node))


def height(node: Node) -> float:
    """Of a formula on one line, in em: so high are brackets around it."""
    rows = (1.55 * len(n.rows) * (1.7 if tall(n.rows[0][0]) else 1) for n in parts(node) if isinstance(n, tree.Matrix))
    return max(rows, default=2.6 if tall(node) else 1.0)


@singledispatch
def width(node: Node) -> float:
    """Of a formula on one line, in em."""
    raise TypeError(f"no width of {node!r}")


@width.register
def _(node: tree.Symbol) -> float:
    comma = 1 if node.indices and node.word else 0
    return LETTER * len(node.letter) + SMALL * (len(node.indices) + len(node.word) + comma)


@width.register
def _(node: tree.Number) -> float:
    return 0.5 * len(_PLAIN.emit(node))


@width.register
def _(node: tree.Partial) -> float:
    return max(width(node.of), width(node.by)) + 0.8


@width.register
def _(node: tree.Fraction) -> float:
    return max(width(node.above), width(node.below)) + 0.3


@width.register
def _(node: tree.Power) -> float:
    return width(node.base) + 2 * BRACKET + SMALL * len(str(node.exponent))


@width.register
def _(node: tree.Call) -> float:
    return LETTER * len(node.function) + 2 * BRACKET + _row(node.arguments, 0.5)


@width.register
def _(node: tree.Product) -> float:
    return _row(node.factors, 0.8) + 2 * BRACKET * sum(isinstance(f, (tree.Sum, tree.Negated)) for f in node.factors)


@width.register
def _(node: tree.Sum) -> float:
    return _row(node.terms, SIGN)


@width.register
def _(node: tree.Negated) -> float:
    return 0.8 + width(node.node)


@width.register
def _(node: tree.Over) -> float:
    return max(1.5, SMALL * len(", ".join(node.letters))) + width(node.body)


@width.register
def _(node: tree.Relation) -> float:
    return width(node.left) + SIGN + width(node.right)


@width.register
def _(node: tree.Indicator) -> float:
    return 2 * BRACKET + _row(node.conditions, 0.5)


@width.register
def _(node: tree.Equality) -> float:
    return _row(node.members, SIGN)


@width.register
def _(node: tree.Labelled) -> float:
    return width(node.node) + 2 * BRACKET + SMALL * len(node.word)


@width.register
def _(node: tree.Update) -> float:
    return 2 * width(node.name) + width(node.slope) + 4


@width.register
def _(node: tree.Under) -> float:
    return max(width(node.node), 0.8 * width(node.number))


@width.register
def _(node: tree.Matrix) -> float:
    columns = (max(map(width, column)) for column in zip(*node.rows, strict=True))
    return sum(columns) + 0.8 * len(node.rows[0]) + 2 * BRACKET


@width.register
def _(node: tree.Convolution) -> float:
    return width(node.image) + SIGN + width(node.filter)


@width.register
def _(node: tree.Word) -> float:
    return 0.5 * len(node.text)


def _row(nodes: tuple[Node, ...], between: float) -> float:
    return sum(map(width, nodes)) + between * (len(nodes) - 1)
