"""Conventions of all emitters: brackets, signs, and the digits of numbers."""

from collections.abc import Callable
from decimal import Decimal

from symcnn.formula import tree
from symcnn.formula.tree import Node

#: The nodes that need brackets under an exponent, besides those that need them as a factor.
UNDER_A_POWER = (tree.Fraction, tree.Product, tree.Power, tree.Over)


def bracketed(node: Node) -> bool:
    """Is the node bracketed as a factor, behind a sign, or behind ∂/∂x? (The text of a number below 0 is, too.)"""
    return isinstance(node, (tree.Sum, tree.Negated))


def single_matrix(nodes: tuple[Node, ...]) -> bool:
    """Is it a single matrix, which has brackets of its own?"""
    return len(nodes) == 1 and isinstance(nodes[0], tree.Matrix)


def is_zero(node: Node) -> bool:
    """Is the node the number 0, before which no minus stands?"""
    return isinstance(node, tree.Number) and node.value == 0


def signed_term(node: Node) -> tuple[str, Node, bool]:
    """Return the sign of a term of a sum, the term without it, and whether the term is set as an operand."""
    if isinstance(node, tree.Negated):
        return "−", node.node, True
    return "+", node, isinstance(node, tree.Number)


def descended(node: tree.Update) -> Node:
    """Return the right side of an update: name − η · slope."""
    return tree.Sum((node.name, tree.Negated(tree.Product((tree.Symbol("η"), node.slope)))))


#: Significant digits of every floating-point number.
FLOAT_DIGITS = 15


def with_power_of_ten(text: str, power: Callable[[int], str]) -> str:
    """Return ``1.5e-12`` as 1.5 times a power of ten, which ``power`` writes."""
    mantissa, e, exponent = text.partition("e")
    return mantissa + power(int(exponent)) if e else text


def format_number(value: float | Decimal, digits: int | None) -> str:
    """Return a number with so many significant digits (None: exactly); whole numbers as they are, no -0.

    Very small ones (below 10⁻⁹) and very large ones (from 10¹⁵) are written as ``1.235e-12``.
    """
    if digits is None:
        return str(int(value)) if value == int(value) else repr(value)
    size = abs(float(value))
    if digits > FLOAT_DIGITS and isinstance(value, float):
        value = Decimal(str(float(value)))  # 0.3 to 17 digits is no 0.29999999999999999
    if size >= 1e15:
        return f"{value:.{digits - 1}e}"
    if value == int(value) or size >= 10.0**digits:
        return f"{round(value):d}"
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text
    exponent = int(text.split("e")[1])
    if exponent >= digits:  # 9999.7 to four digits
        return f"{round(value):d}"
    return text if exponent < -9 else f"{value:.{digits - 1 - exponent}f}".rstrip("0")
