"""What a formula takes up besides its width (``breaking.width``): its parts, and how high it is."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from symcnn.formula import tree
from symcnn.formula.tree import Node


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
