"""Where a displayed formula wants brackets, and how its signs stand: said once for every emitter."""

from symcnn.formula import tree
from symcnn.formula.tree import Node

#: What needs brackets under an exponent, besides what needs them as a factor.
UNDER_A_POWER = (tree.Fraction, tree.Product, tree.Power, tree.Over)


def bracketed(node: Node) -> bool:
    """Does it need brackets as a factor, behind a sign, or behind ∂/∂x? (A number below 0 does too, as text.)"""
    return isinstance(node, (tree.Sum, tree.Negated))


def single_matrix(nodes: tuple[Node, ...]) -> bool:
    """A matrix alone has brackets of its own."""
    return len(nodes) == 1 and isinstance(nodes[0], tree.Matrix)


def is_zero(node: Node) -> bool:
    """A number 0: no minus stands before it."""
    return isinstance(node, tree.Number) and node.value == 0


def signed_term(node: Node) -> tuple[str, Node, bool]:
    """A further term of a sum: its sign, the term, and whether it is set as an operand."""
    if isinstance(node, tree.Negated):
        return "−", node.node, True
    return "+", node, isinstance(node, tree.Number)


def descended(node: tree.Update) -> Node:
    """What an update puts in a parameter's place."""
    return tree.Sum((node.name, tree.Negated(tree.Product((tree.Symbol("η"), node.slope)))))
