"""Equalities between numbers as they are written: 7 / 9 = 0,78 holds to the places that are shown.

A value lies in an interval: a rounded literal may be off by half a unit of its last place. A single literal is rounded
to its own places, however few; inside of an expression a literal is exact unless it is the rounded value of
something that the text states (``Roundings``). Two members agree where their intervals meet; they differ where they do
not meet though every literal of several digits is taken for rounded; between the two, nothing is said.
"""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import partial, reduce
from itertools import product
from typing import Any

import mpmath
from mpmath.libmp import to_rational

from symcnn.dispatch import DispatchMethod
from symcnn.formula import tree
from symcnn.formula.conventions import FLOAT_DIGITS
from symcnn.formula.steps import nodes
from symcnn.formula.tree import Node
from symcnn.proof.numbers import Interval, IntervalArray
from symcnn.symbolic import LEAVES, maximum

#: Literals with as many significant digits are taken for rounded, inside of an expression too.
LONG = 3

#: Results of one text that are remembered.
MAX_RESULTS = 500

#: What floating point holds; arguments of functions are smaller.
LARGEST, LARGEST_ARGUMENT = 10**300, 10**6

#: A decimal in the place of a whole number has fewer places.
MOST_PLACES = 7

#: Between which numbers a literal lies.
Around = Callable[[tree.Number], Interval]

#: More digits than a literal may have.
_MATH = mpmath.MPContext()
_MATH.dps = 60
#: Functions of one number, all of them increasing.
_INCREASING: dict[str, Callable[[Any], Any]] = {
    leaf.display: partial(leaf.value_at, _MATH) for leaf in LEAVES if leaf.display and leaf.function is not maximum
}
#: What rounding adds on either side, of a value up to 1.
_ROUNDING = Fraction(1, 10**45)


class NoNumberError(Exception):
    """A formula holds letters without a number, or has no value."""


def may_be_one(a: Node, b: Node) -> bool:
    """Can two literals be one number: the same, or one the other with fewer places?"""
    literals = [n.node if isinstance(n, tree.Negated) else n for n in (a, b)]
    coarse, fine = sorted(literals, key=lambda n: places(n) if isinstance(n, tree.Number) else 0)
    if not isinstance(coarse, tree.Number) or not isinstance(fine, tree.Number):
        return True
    off = abs(coarse.exact - fine.exact)
    return off <= (half_unit(coarse) if places(coarse) < places(fine) else 0)


def slack(a: Node, b: Node) -> Fraction:
    """By what share a calculation and its result may differ: so many digits come from floating point."""
    digits = [n.digits or 0 for n in nodes((a, b)) if isinstance(n, tree.Number)]
    is_calculation = len(digits) > 2 or any(isinstance(n, tree.Call) for n in nodes((a, b)))
    return Fraction(1, 2**50) if is_calculation and max(digits, default=0) > FLOAT_DIGITS else Fraction(0)


def is_numeric(node: Node) -> bool:
    """Nothing but numbers, and no letter?"""
    return not any(isinstance(n, (tree.Symbol, tree.Word, tree.Partial)) for n in nodes(node))


def shows_numbers(members: "tuple[Node, ...]") -> bool:
    """Does an equality show values: under its letters, or as decimals?"""
    return any(
        isinstance(n, tree.Under) or (isinstance(n, tree.Number) and n.digits is not None) for n in nodes(members)
    )


def is_cut_off(literal: Node, value: IntervalArray) -> bool:
    """Are the digits of a literal those of the value, cut off instead of rounded?"""
    number = literal.node if isinstance(literal, tree.Negated) else literal
    if not isinstance(number, tree.Number) or number.digits is None or len(value.entries) != 1:
        return False
    shown = number.exact * (-1 if literal is not number else 1)
    unit = 2 * half_unit(number)
    low, high = value.entries[0]
    if shown < 0:
        low, high, shown = -high, -low, -shown
    return low < shown + unit and high >= shown


def block(node: Node, rounded: "bool | Around") -> IntervalArray:
    """Between which numbers a written value lies.

    Args:
        rounded: are the literals in it rounded? Or between which numbers each lies.

    Raises:
        NoNumberError
    """
    try:
        found = _IntervalEvaluator(rounded).of(node)
        if any(abs(end) > LARGEST for interval in found.entries for end in interval):
            raise NoNumberError("too large for a number")
        return found
    except (ArithmeticError, ValueError, OverflowError) as error:
        raise NoNumberError(str(error)) from None


def exactly_equal(a: Node, b: Node) -> bool:
    """One value, as the literals say?"""
    try:
        return _IntervalEvaluator(False).block(a) == _IntervalEvaluator(False).block(b)
    except (ArithmeticError, ValueError) as error:
        raise NoNumberError(str(error)) from None


def places(number: tree.Number) -> int:
    """How many digits stand behind the decimal sign."""
    if number.digits is None:
        return 0
    return number.digits - 1 - _exponent(number)


def _exponent(number: tree.Number) -> int:
    """Of the first digit that is not 0, as a power of ten."""
    return (number.decimal or Decimal(str(number.value))).adjusted() if number.value else 0


def half_unit(number: tree.Number) -> Fraction:
    """By how much a rounded number may be off."""
    return Fraction(0) if number.digits is None else Fraction(1, 2) / Fraction(10) ** places(number)


def rounded_like(value: Node, like: Node) -> Node:
    """A value as a number with as many places as another one has."""
    [(low, high)] = block(value, False).entries
    middle = (low + high) / 2
    if middle.denominator == 1:
        return tree.Number(int(middle))
    if isinstance(like, tree.Number) and like.digits is None:
        exact = next((n for n in range(1, MOST_PLACES) if (middle * 10**n).denominator == 1), None)
        like = (
            like
            if exact is None
            else _decimal(middle, exact, len(str(abs(middle.numerator * 10**exact // middle.denominator))))
        )
    if not isinstance(like, tree.Number) or like.digits is None:
        return tree.Fraction(tree.Number(middle.numerator), tree.Number(middle.denominator))
    shown = places(like)
    return _decimal(middle, shown, shown + 1 + _exponent(_decimal(middle, shown, 1)))


def _decimal(value: Fraction, shown: int, digits: int) -> tree.Number:
    """A value rounded to so many places."""
    return tree.Number.written(f"{round(value * Fraction(10) ** shown)}e{-shown}", digits)


class Roundings:
    """Which literals of a text are rounded values: what a calculation, or a quantity, was said to be."""

    def __init__(self) -> None:
        self._results: dict[tuple[Fraction, int | None], tree.Number] = {}

    def add(self, number: tree.Number) -> None:
        """Remember a result."""
        if number.digits is not None and number.digits > 1 and len(self._results) < MAX_RESULTS:
            self._results[abs(number.exact), number.digits] = number.negative if number.value < 0 else number

    def tight(self, number: tree.Number) -> Interval:
        """Exact, unless it is a result, or a result with fewer places."""
        if number.digits is None:
            return exactly(number)
        if (abs(number.exact), number.digits) in self._results:
            return around(number)
        value, unit = number.exact, 2 * half_unit(number)
        low = high = value
        for result in self._results.values():
            other = result.exact * (-1 if value < 0 else 1)
            is_rounded = number.digits >= 2 and abs(other - value) <= unit / 2
            is_cut = number.digits >= LONG and 0 <= abs(other) - abs(value) < unit
            if places(result) > places(number) and (is_rounded or is_cut):
                low, high = min(low, other), max(high, other)
        return low, high

    def wide(self, number: tree.Number) -> Interval:
        """Rounded, where it has several digits."""
        low, high = self.tight(number)
        if number.digits is not None and number.digits >= LONG:
            one, other = around(number)
            return min(low, one), max(high, other)
        return low, high


class _IntervalEvaluator:
    """Works out intervals."""

    def __init__(self, rounded: bool | Around) -> None:
        self._literal: Around = (around if rounded else exactly) if isinstance(rounded, bool) else rounded

    def of(self, node: Node) -> IntervalArray:
        """The value of a whole member: a single literal is rounded to its own places."""
        alone = node.node if isinstance(node, tree.Negated) else node
        if isinstance(alone, tree.Number):
            low, high = around(alone)
            return IntervalArray(((low, high),) if alone is node else ((-high, -low),))
        if isinstance(node, tree.Matrix):
            return self._matrix(node, _IntervalEvaluator(True))
        return self.block(node)

    @DispatchMethod
    def block(self, node: Node) -> IntervalArray:
        raise NoNumberError(type(node).__name__)

    def one(self, node: Node) -> Interval:
        found = self.block(node)
        if len(found.entries) != 1:
            raise NoNumberError("a group where one number is expected")
        return found.entries[0]

    @block.register
    def _(self, node: tree.Number) -> IntervalArray:
        return IntervalArray((self._literal(node),))

    @block.register
    def _(self, node: tree.Under) -> IntervalArray:
        return _IntervalEvaluator(True).block(node.number)

    @block.register
    def _(self, node: tree.Labelled) -> IntervalArray:
        return self.block(node.node)

    @block.register
    def _(self, node: tree.Negated) -> IntervalArray:
        found = self.block(node.node)
        return IntervalArray(tuple((-high, -low) for low, high in found.entries), found.shape)

    @block.register
    def _(self, node: tree.Sum) -> IntervalArray:
        return reduce(_plus, map(self.block, node.terms))

    @block.register
    def _(self, node: tree.Product) -> IntervalArray:
        return reduce(_scaled, map(self.block, node.factors))

    @block.register
    def _(self, node: tree.Fraction) -> IntervalArray:
        low, high = self.one(node.below)
        if low <= 0 <= high:
            raise NoNumberError("a division by zero")
        return _scaled(self.block(node.above), IntervalArray(((1 / high, 1 / low),)))

    @block.register
    def _(self, node: tree.Power) -> IntervalArray:
        low, high = self.one(node.base)
        if node.exponent < 0 and low <= 0 <= high:
            raise NoNumberError("a division by zero")
        ends = [low**node.exponent, high**node.exponent]
        if low < 0 < high and node.exponent % 2 == 0:
            ends.append(Fraction(0))
        return IntervalArray(((min(ends), max(ends)),))

    @block.register
    def _(self, node: tree.Call) -> IntervalArray:
        if node.function == "max":
            found = [self.one(a) for a in node.arguments]
            return IntervalArray(((max(f[0] for f in found), max(f[1] for f in found)),))
        if node.function not in _INCREASING or len(node.arguments) != 1:
            raise NoNumberError(node.function)
        inner = self.block(node.arguments[0])
        return IntervalArray(tuple(_applied(_INCREASING[node.function], e) for e in inner.entries), inner.shape)

    @block.register
    def _(self, node: tree.Matrix) -> IntervalArray:
        return self._matrix(node, self)

    def _matrix(self, node: tree.Matrix, values: "_IntervalEvaluator") -> IntervalArray:
        entries = tuple(values.one(entry) for row in node.rows for entry in row)
        return IntervalArray(entries, (len(node.rows), len(node.rows[0])))

    @block.register
    def _(self, node: tree.Convolution) -> IntervalArray:
        image, window = self.block(node.image), self.block(node.filter)
        if len(image.shape) != 2 or len(window.shape) != 2:
            raise NoNumberError("a convolution of what is no matrix")
        (rows, columns), (height, width) = image.shape, window.shape
        shape = (rows - height + 1, columns - width + 1)
        entries = tuple(
            reduce(_add, (
                _times(image.entries[(r + p) * columns + c + q], window.entries[p * width + q])
                for p, q in product(range(height), range(width))
            ))
            for r, c in product(*map(range, shape))
        )  # fmt: skip
        return IntervalArray(entries, shape)

    @block.register
    def _(self, node: tree.Indicator) -> IntervalArray:
        first, *_ = node.conditions
        if not isinstance(first, tree.Relation) or len(node.conditions) != 1 or first.sign not in (">", "≤", "<"):
            raise NoNumberError("a condition")
        left, right = self.one(first.left), self.one(first.right)
        above = left[0] > right[1]
        below = left[1] <= right[0]
        if not above and not below:
            return IntervalArray(((Fraction(0), Fraction(1)),))
        holds = above if first.sign == ">" else below
        return IntervalArray(((Fraction(holds), Fraction(holds)),))


def around(number: tree.Number) -> Interval:
    """What a literal may be the rounded value of."""
    return number.exact - half_unit(number), number.exact + half_unit(number)


def exactly(number: tree.Number) -> Interval:
    """A literal as it stands."""
    return number.exact, number.exact


def _applied(function: Callable[[Any], Any], interval: Interval) -> Interval:
    if max(map(abs, interval)) > LARGEST_ARGUMENT:
        raise NoNumberError("too large for a number")
    low, high = (_fraction(function(_MATH.mpf(end.numerator) / end.denominator)) for end in interval)
    off = _ROUNDING * max(Fraction(1), abs(low), abs(high))
    return low - off, high + off


def _fraction(value: Any) -> Fraction:
    """A number as it is held; one that is all but 0 is 0."""
    value = _MATH.convert(value)  # a side of a rectifier is the whole number 0
    if not isinstance(value, _MATH.mpf) or not abs(value) < LARGEST:  # ln of what is not positive
        raise NoNumberError("too large for a number")
    return Fraction(*to_rational(value._mpf_)) if abs(value) * LARGEST > 1 else Fraction(0)


def _add(a: Interval, b: Interval) -> Interval:
    return a[0] + b[0], a[1] + b[1]


def _times(a: Interval, b: Interval) -> Interval:
    products = [x * y for x in a for y in b]
    return min(products), max(products)


def _plus(a: IntervalArray, b: IntervalArray) -> IntervalArray:
    if a.shape != b.shape:
        raise NoNumberError("a sum of groups of different shapes")
    return IntervalArray(tuple(map(_add, a.entries, b.entries)), a.shape)


def _scaled(a: IntervalArray, b: IntervalArray) -> IntervalArray:
    if len(a.entries) > 1 and len(b.entries) > 1:
        raise NoNumberError("a product of groups")
    few, many = (a, b) if len(a.entries) == 1 else (b, a)
    return IntervalArray(tuple(_times(few.entries[0], e) for e in many.entries), many.shape)
