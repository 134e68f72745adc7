"""What a formula takes up besides its width (``breaking.width``): how high it is."""

from symcnn.formula import tree
from symcnn.formula.steps import nodes
from symcnn.formula.tree import Node


def tall(node: Node) -> bool:
    """Is it higher than a line of text?"""
    return any(isinstance(n, (tree.Partial, tree.Fraction, tree.Over, tree.Matrix)) for n in nodes(node))


def height(node: Node) -> float:
    """Of a formula on one line, in em: so high are brackets around it."""
    rows = (1.55 * len(n.rows) * (1.7 if tall(n.rows[0][0]) else 1) for n in nodes(node) if isinstance(n, tree.Matrix))
    return max(rows, default=2.6 if tall(node) else 1.0)
