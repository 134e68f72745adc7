"""Equalities between numbers as they are written: 7 / 9 = 0,78 holds to the places that are shown."""

import math
from fractions import Fraction

from symcnn.formula import tree
from symcnn.formula.tree import Node

#: A literal with as many places is taken for rounded, inside of an expression too.
LONG = 4

Interval = tuple[Fraction, Fraction]


def is_numeric(node: Node) -> bool:
    """Nothing but numbers?"""
    if isinstance(node, tree.Number):
        return True
    if isinstance(node, tree.Power):
        return is_numeric(node.base)
    if isinstance(node, (tree.Sum, tree.Product)):
        return all(map(is_numeric, node.terms if isinstance(node, tree.Sum) else node.factors))
    if isinstance(node, tree.Fraction):
        return is_numeric(node.above) and is_numeric(node.below)
    return isinstance(node, tree.Negated) and is_numeric(node.node)


def exactly_equal(a: Node, b: Node) -> bool:
    """One value, as the literals say?"""
    return interval(a) == interval(b)


def agree_rounded(a: Node, b: Node) -> bool:
    """Can both have one value, within the places that are written?"""
    (low, high), (other_low, other_high) = interval(a, lone=True), interval(b, lone=True)
    return low <= other_high and other_low <= high


def interval(node: Node, lone: bool = False) -> Interval:
    """Between which numbers a written value lies.

    Args:
        lone: a single literal, rounded to its own places, however few.
    """
    if isinstance(node, tree.Number):
        value, half = Fraction(str(node.value)), half_unit(node)
        long = node.digits is not None and places(node) >= LONG
        return (value - half, value + half) if lone or long else (value, value)
    if isinstance(node, tree.Negated):
        low, high = interval(node.node, lone)
        return -high, -low
    if isinstance(node, tree.Sum):
        found = [interval(term) for term in node.terms]
        return sum((f[0] for f in found), Fraction(0)), sum((f[1] for f in found), Fraction(0))
    if isinstance(node, tree.Product):
        result: Interval = (Fraction(1), Fraction(1))
        for factor in node.factors:
            result = _times(result, interval(factor))
        return result
    if isinstance(node, tree.Fraction):
        low, high = interval(node.below)
        if low <= 0 <= high:
            raise ZeroDivisionError
        return _times(interval(node.above), (1 / high, 1 / low))
    if isinstance(node, tree.Power):
        result = (Fraction(1), Fraction(1))
        for _ in range(abs(node.exponent)):
            result = _times(result, interval(node.base))
        return result if node.exponent >= 0 else (1 / result[1], 1 / result[0])
    raise TypeError(f"no number: {node!r}")


def rounded_like(value: Node, like: Node) -> Node:
    """A value as a number with as many places as another one has."""
    low, high = interval(value)
    shown = places(like) if isinstance(like, tree.Number) else 0
    middle = (low + high) / 2
    found = round(middle, shown)
    if middle.denominator == 1 or not isinstance(like, tree.Number) or like.digits is None:
        return tree.Number(int(middle)) if middle.denominator == 1 else tree.Fraction(tree.Number(middle.numerator), tree.Number(middle.denominator))
    exponent = math.floor(math.log10(abs(found))) if found else 0
    return tree.Number(float(found), shown + 1 + exponent)


def places(number: tree.Number) -> int:
    """How many digits stand behind the decimal sign."""
    if number.digits is None:
        return 0
    exponent = math.floor(math.log10(abs(number.value))) if number.value else 0
    return number.digits - 1 - exponent


def half_unit(number: tree.Number) -> Fraction:
    """By how much a rounded number may be off."""
    return Fraction(0) if number.digits is None else Fraction(1, 2) / Fraction(10) ** places(number)


def _times(a: Interval, b: Interval) -> Interval:
    products = [x * y for x in a for y in b]
    return min(products), max(products)
