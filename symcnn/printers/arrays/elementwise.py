"""Expressions element by element: a tree of operations as lines ``ufunc(in, in, out)``.

    dE_do * o * (1 - o)    ->    multiply(dE_do, o, dE_dz_o); subtract(1, o, work_1); multiply(dE_dz_o, work_1, dE_dz_o)

Operands with fewer axes are lined up with the result (NumPy broadcasts), and a subexpression is computed over its own
axes only. Numbers without an array among them (a learning rate, 1 - β) stay Python's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy
from sympy import Expr, Rational, S

from symcnn.printers.arrays.lines import Lines, Operand, Sizes
from symcnn.printers.infix import InfixPrinter, is_divisor
from symcnn.printers.numpy_scalars import NUMPY
from symcnn.symbolic import (
    LEAKY_SLOPE,
    Access,
    Wins,
    exp,
    gate,
    in_reading_order,
    leaky_relu,
    log,
    relu,
    sigmoid,
    softplus,
    tanh,
)


@dataclass(frozen=True)
class Value:
    """What a subexpression is: its text, the axes that it has, and whether its buffer is a scratch one."""

    text: str
    axes: frozenset[str] = frozenset()
    scratch: bool = False
    truth: bool = False


class Elementwise:
    """Writes expressions over the axes ``order``.

    Args:
        find: the array of an access, a winner's mask or (in an update) a symbol; None for a plain number's symbol.
    """

    def __init__(
        self, lines: Lines, sizes: Sizes, order: Sequence[str], find: Callable[[Expr], Operand | None]
    ) -> None:
        self.lines, self.sizes, self.order, self._find = lines, sizes, tuple(order), find
        self._scalars = InfixPrinter(NUMPY)

    def leaf(self, operand: Operand) -> Value:
        return Value(self.lines.aligned(operand, self.order), frozenset(operand.axes))

    def into(self, expression: Expr, out: str) -> None:
        """``out`` (all axes of the order, perhaps one of the expression's own arrays) becomes the expression."""
        own = {f.name for a in _leaves(expression) if (f := self._find(a)) is not None}
        value = self.value(expression, out, free=out not in own)
        self.store(value, out)

    def store(self, value: Value, out: str) -> None:
        """Where the last operation did not already write there."""
        if value.text != out:
            self.lines.copy(out, value.text)
            self.done(value)

    def value(self, e: Expr, out: str | None = None, free: bool = True) -> Value:
        """Compute, in ``out`` where that has the axes; ``free``: also parts on the way may be put there."""
        if not self._is_array(e):
            return Value(self._scalars.expression(e).text)
        if isinstance(e, (Access, Wins, sympy.Symbol)):
            found = self._find(e)
            assert found is not None  # a leaf, and one of the leaves has an array
            return self.leaf(found)
        inner = out if free else None
        if e.is_Add:
            return self._sum(in_reading_order(e.args), out, inner)
        if e.is_Mul:
            coefficient, rest = e.as_coeff_Mul()
            return self.product(sympy.Mul.make_args(rest), coefficient, out, free)
        if e.is_Pow:
            return self._power(e, out, inner)
        rule = _RULES.get(e.func)
        if rule is None:
            raise TypeError(f"no rule to print {e!r}")
        return rule(self, e.args, out, inner)

    def product(
        self, factors: Sequence[Expr], coefficient: Expr = S.One, out: str | None = None, free: bool = True
    ) -> Value:
        """Factors in their order, then what is divided by; a coefficient goes first."""
        inner = out if free else None
        parts = [("divide", 1 / f) if is_divisor(f) else ("multiply", f) for f in factors]
        parts.sort(key=lambda part: (self._is_array(part[1]), part[0] == "divide"))  # numbers meet numbers first
        if parts and coefficient.is_Rational and coefficient.p == 1 and coefficient.q != 1:
            parts.append(("divide", sympy.Integer(coefficient.q)))  # 7/9 is not 7 times a rounded 1/9
            coefficient = S.One
        found = Value(self._scalars.expression(coefficient).text)
        if coefficient == 1 and parts and parts[0][0] == "multiply":
            found = self.value(parts.pop(0)[1], inner if parts else out, free)
        for number, (function, factor) in enumerate(parts, 1):
            # what is kept may stand in out by now: a further factor gets a buffer of its own
            other = self.value(factor, inner if found.text != inner else None)
            target = out if number == len(parts) else inner
            if coefficient == -1 and number == 1 and function == "multiply":
                found = self.unary("negative", other, target)
            else:
                found = self.binary(function, found, other, target)
        return found

    def _is_array(self, e: Expr) -> bool:
        return any(self._find(a) is not None for a in _leaves(e))

    # --- operations -------------------------------------------------------------------------------------------------

    def binary(self, function: str, a: Value, b: Value, out: str | None = None) -> Value:
        if not a.axes and not b.axes and not (a.scratch or b.scratch):
            sign = {"multiply": "*", "divide": "/", "add": "+", "subtract": "-"}[function]
            return Value(f"{_bracketed(a.text)} {sign} {_bracketed(b.text)}")
        axes = a.axes | b.axes
        target = self._target(axes, out, a, b)
        self.lines.call(function, a.text, b.text, out=target.text)
        self._release(target, a, b)
        return target

    def unary(self, function: str, a: Value, out: str | None = None) -> Value:
        target = self._target(a.axes, out, a)
        self.lines.call(function, a.text, out=target.text)
        self._release(target, a)
        return target

    def mask(self, function: str, a: Value, b: Value) -> Value:
        """A comparison: a scratch buffer of truth values."""
        axes = a.axes | b.axes
        name = self._scratch(axes, "bool")
        self.lines.call(function, a.text, b.text, out=name)
        for value in (a, b):
            self.done(value)
        return Value(name, axes, True, True)

    def done(self, value: Value) -> None:
        """Give a scratch buffer back."""
        if value.scratch:
            self.lines.release(value.text)

    def scratch(self, axes: frozenset[str]) -> Value:
        return Value(self._scratch(axes), axes, True)

    def _scratch(self, axes: frozenset[str], dtype: str = "dtype") -> str:
        shape = [self.sizes[a] if a in axes else 1 for a in self.order]
        while len(shape) > 1 and self.order[len(self.order) - len(shape)] not in axes:
            shape.pop(0)
        return self.lines.take(shape, dtype)

    def _target(self, axes: frozenset[str], out: str | None, *inputs: Value) -> Value:
        if out is not None and axes == frozenset(self.order):
            return Value(out, axes)
        for value in inputs:
            if value.scratch and value.axes == axes and not value.truth:
                return value
        return self.scratch(axes)

    def _release(self, kept: Value, *values: Value) -> None:
        for value in values:
            if value.text != kept.text:
                self.done(value)

    def _sum(self, parts: Sequence[Expr], out: str | None, inner: str | None) -> Value:
        found = self.value(parts[0], inner)
        for number, part in enumerate(parts[1:], 2):
            negative = part.could_extract_minus_sign()
            other = self.value(-part if negative else part, inner if found.text != inner else None)
            target = out if number == len(parts) else inner
            found = self.binary("subtract" if negative else "add", found, other, target)
        return found

    def _power(self, e: Expr, out: str | None, inner: str | None) -> Value:
        if e.exp == Rational(1, 2):
            return self.unary("sqrt", self.value(e.base, inner), out)
        if e.exp == 2:
            return self.unary("square", self.value(e.base, inner), out)
        if e.exp.is_Integer and e.exp < 0:
            return self.product((e,), S.One, out, inner is not None)
        if e.exp.is_Integer:
            return self.binary("power", self.value(e.base, inner), Value(str(e.exp)), out)
        raise TypeError(f"no rule to print {e!r}")


def _bracketed(text: str) -> str:
    return text if text.isidentifier() or text.isdecimal() else f"({text})"


def _leaves(e: Expr) -> list[Expr]:
    return sorted(e.atoms(Access, Wins, sympy.Symbol), key=str)


Rule = Callable[[Elementwise, Sequence[Expr], str | None, str | None], Value]


def _ufunc(name: str) -> Rule:
    return lambda p, z, out, inner: p.unary(name, p.value(z[0], inner), out)


def _sigmoid(p: Elementwise, z: Sequence[Expr], out: str | None, inner: str | None) -> Value:
    found = p.unary("negative", p.value(z[0], inner), out)
    found = p.unary("exp", found, out)
    found = p.binary("add", found, Value("1"), out)
    return p.binary("divide", Value("1"), found, out)


def _leaky(p: Elementwise, z: Sequence[Expr], out: str | None, inner: str | None) -> Value:
    # the larger of z and z/100, which keeps NaN
    value = p.value(z[0], inner)
    low = p.scratch(value.axes)
    p.lines.call("multiply", value.text, str(float(LEAKY_SLOPE)), out=low.text)
    return p.binary("maximum", value, low, out)


def _gate(p: Elementwise, z: Sequence[Expr], out: str | None, inner: str | None) -> Value:
    open_ = p.mask("greater", p.value(z[0]), Value("0"))
    if (z[1], z[2]) == (1, 0):
        return open_
    found = p.scratch(open_.axes)
    p.lines.copy(found.text, p.value(z[2]).text)
    p.lines.copy(found.text, p.value(z[1]).text, where=open_.text)
    p.done(open_)
    return found


#: Leaf function -> how it is computed. Masks of winners are arrays, and maxima equations of their own.
_RULES: dict[type[sympy.Function], Rule] = {
    sigmoid: _sigmoid,
    tanh: _ufunc("tanh"),
    relu: lambda p, z, out, inner: p.binary("maximum", p.value(z[0], inner), Value("0"), out),
    leaky_relu: _leaky,
    softplus: lambda p, z, out, inner: p.binary("logaddexp", p.value(z[0], inner), Value("0"), out),
    exp: _ufunc("exp"),
    log: _ufunc("log"),
    gate: _gate,
}
