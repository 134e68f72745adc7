"""Scalar expressions as infix text, for straight-line Python, NumPy, cell formulas and Coq.

A language is a table (``Language``): its column in the records of the leaf functions, and how it writes numbers and
powers. A leaf without such a column is printed as its definition. The printer is strict: a function that is no leaf, or
a number without a rule, raises TypeError; nothing falls back on SymPy's ``str``. Products and factors keep the order of
the derivation, so the same formula reads the same everywhere. Parentheses follow from the emitted text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import attrgetter
from typing import NamedTuple

import sympy
from sympy import Expr, Rational, Symbol

from symcnn.derivation import Addend, Product, Variable
from symcnn.symbolic import LEAF, Column, Leaf, Z, in_reading_order, maximum
from symcnn.symbolic.leaves import ATOM as ATOM
from symcnn.symbolic.leaves import LEVELS, SUM, Function
from symcnn.symbolic.leaves import POWER as POWER
from symcnn.symbolic.leaves import PRODUCT as PRODUCT


class InfixText(NamedTuple):
    """Infix text and how tightly it binds."""

    text: str
    level: int

    def within(self, level: int) -> str:
        """The text as an operand of something that binds at ``level``."""
        return self.text if self.level >= level else f"({self.text})"

    def __format__(self, level: str) -> str:
        """In a column of a leaf: ``{0}`` the text, ``{0:power}`` the text within a power."""
        return self.within(LEVELS[level]) if level else self.text


def plain_number(q: sympy.Number) -> InfixText:
    """A fraction as a quotient, a float in its shortest decimal form."""
    if isinstance(q, Rational):
        return InfixText(f"{q.p}/{q.q}", PRODUCT)
    text = repr(float(q))
    return InfixText(text, PRODUCT if text.startswith("-") else ATOM)


@dataclass(frozen=True)
class Language:
    """A target language.

    Attributes:
        column: the column of a leaf function, if it has one in this language.
        power: writes base (already an operand) to the n, n ≥ 2.
        number: writes a rational number that is no integer, or a float.
        times, plus, minus: the operators, with their blanks.
        negative: the text before a product that negates it.
        root: the square root's name.
    """

    column: Callable[[Leaf], Column | None]
    power: Callable[[InfixText, int], InfixText]
    number: Callable[[sympy.Number], InfixText] = plain_number
    times: str = "*"
    plus: str = " + "
    minus: str = " - "
    negative: str = "-"
    root: str = "sqrt"


class InfixPrinter:
    """Prints expressions in one language; ``name`` maps a quantity's symbol to its name or its cell there."""

    def __init__(self, language: Language, name: Callable[[Symbol], str] = attrgetter("name")) -> None:
        self.language = language
        self._name = name
        self._argument: InfixText | None = None

    def variable(self, variable: Variable) -> str:
        """The right side of a variable, in the order of the derivation."""
        if variable.reduce == "max":
            arguments = [self.product(f, a.coefficient) for a in variable.addends for f in a.products]
            # named here: SymPy makes a number of maximum(0.5, 0.25), which is no call any more
            return self._call(maximum, arguments, maximum).text
        return self.addends(variable.addends)

    def addends(self, addends: Sequence[Addend]) -> str:
        """A sum of addends, in their order."""
        return self.sum([self._addend(a) for a in addends]).text

    def expression(self, e: Expr) -> InfixText:
        """Any SymPy expression of the supported kinds."""
        if e == Z and self._argument is not None:
            return self._argument
        if e.is_Symbol:
            return InfixText(self._name(e), ATOM)
        if e.is_Number:
            return self._number(e)
        if e.is_Add:
            return self.sum([self.expression(a) for a in in_reading_order(e.args)])
        if e.is_Mul:
            coefficient, rest = e.as_coeff_Mul()
            return self.product(sympy.Mul.make_args(rest), coefficient)
        if e.is_Pow and e.exp.is_Integer:
            return self.product((e,)) if e.exp < 0 else self.language.power(self.expression(e.base), int(e.exp))
        if e.is_Pow and e.exp == Rational(1, 2):
            return InfixText(f"{self.language.root}({self.expression(e.base).text})", ATOM)
        return self._call(e, [self.expression(a) for a in e.args], e.func)

    def product(
        self, factors: Sequence[Expr], coefficient: Expr = sympy.S.One, last: InfixText | None = None
    ) -> InfixText:
        """Factors in their order, then ``last``; a rational coefficient as a number in front, divisors behind."""
        above: list[InfixText] = []
        below: list[Expr] = []
        for factor in factors:
            if factor.is_Number:
                coefficient = coefficient * factor
            elif is_divisor(factor):
                below.append(1 / factor)
            else:
                above.append(self.expression(factor))
        above += [last] if last is not None else []
        text = self._scaled(self._times(above), coefficient) if above else self._number(coefficient)
        return self._quotient(text, below) if below else text

    def _quotient(self, text: InfixText, below: Sequence[Expr]) -> InfixText:
        divisor = self._times([self.expression(d) for d in below])
        return InfixText(f"{text.within(PRODUCT)}/{divisor.within(ATOM)}", PRODUCT)

    def sum(self, parts: Sequence[InfixText]) -> InfixText:
        """Parts in their order; a part that starts with a minus is subtracted."""
        if not parts:
            return self._number(sympy.S.Zero)
        if len(parts) == 1:
            return parts[0]
        text = parts[0].within(SUM)
        negative = self.language.negative
        for part in parts[1:]:
            if part.level >= PRODUCT and part.text.startswith(negative):
                text += self.language.minus + part.text.removeprefix(negative)
            else:
                text += self.language.plus + part.within(SUM)
        return InfixText(text, SUM)

    def terms(self, products: Sequence[Product]) -> list[InfixText]:
        """The products as terms of a sum; a spreadsheet's printer joins those whose cells stand side by side."""
        return [self.product(factors) for factors in products]

    def _addend(self, addend: Addend) -> InfixText:
        return self._scaled(self.sum(self.terms(addend.products)), addend.coefficient)

    def _times(self, operands: Sequence[InfixText]) -> InfixText:
        if len(operands) == 1:
            return operands[0]
        return InfixText(self.language.times.join(o.within(POWER) for o in operands), PRODUCT)

    def _scaled(self, text: InfixText, coefficient: Expr) -> InfixText:
        if coefficient == 1:
            return text
        if not coefficient.is_Rational:
            sign = self.language.negative if coefficient < 0 else ""
            return InfixText(sign + self._times([self._number(abs(coefficient)), text]).text, PRODUCT)
        above, below = coefficient.p, coefficient.q
        inner = text.within(PRODUCT)
        if above == -1:
            inner = f"{self.language.negative}{text.within(POWER)}"
        elif above != 1:
            inner = f"{above}{self.language.times}{text.within(POWER)}"
        return InfixText(inner if below == 1 else f"{inner}/{below}", PRODUCT)

    def _number(self, number: Expr) -> InfixText:
        if isinstance(number, sympy.Integer):
            return InfixText(str(number), ATOM if number >= 0 else PRODUCT)
        if isinstance(number, (Rational, sympy.Float)) and number.is_finite:
            return self.language.number(number)
        raise TypeError(f"no rule to print {number!r}")

    def _call(self, call: object, arguments: Sequence[InfixText], function: Function) -> InfixText:
        leaf = LEAF.get(function)
        template = None if leaf is None else self.language.column(leaf)
        if template is not None:
            return written(template, arguments)
        if leaf is None or leaf.definition is None:
            raise TypeError(f"no rule to print {call!r}")
        outer, self._argument = self._argument, arguments[0]
        try:
            return self.expression(leaf.definition)
        finally:
            self._argument = outer


def written(template: Column, arguments: Sequence[InfixText]) -> InfixText:
    """A call as its leaf's template has it."""
    if template.folds:
        pair = template._replace(folds=False)
        return reduce(lambda a, b: written(pair, (a, b)), arguments)
    if callable(template.text):
        return InfixText(template.text(*arguments), template.level)
    every = ",".join(a.text for a in arguments)
    return InfixText(template.text.format(*arguments, all=every), template.level)


def is_divisor(factor: Expr) -> bool:
    """Is the factor a negative power: 1/s, 1/s²?"""
    return bool(factor.is_Pow and factor.exp.is_Integer and factor.exp < 0)
