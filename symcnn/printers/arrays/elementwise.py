"""Expressions element by element: a tree of operations as lines ``ufunc(in, in, out)``.

    dE_do * o * (1 - o)    ->    multiply(dE_do, o, dE_dz_o); subtract(1, o, work_1); multiply(dE_dz_o, work_1, dE_dz_o)

Operands with fewer axes are lined up with the result (NumPy broadcasts), and a subexpression is computed over its own
axes only. Numbers without an array among them (a learning rate, 1 - β) stay Python's.
"""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import sympy
from sympy import Expr, Rational, S

from symcnn.printers.arrays.lines import Lines, Operand, Sizes
from symcnn.printers.infix import InfixPrinter, is_divisor
from symcnn.printers.python import NUMPY
from symcnn.symbolic import LEAF, Access, Wins, Z, gate, in_reading_order


@dataclass(frozen=True)
class Value:
    """A printed subexpression: its text, its axes, whether it is a scratch buffer, and whether it has truth values."""

    text: str
    axes: frozenset[str] = frozenset()
    scratch: bool = False
    is_mask: bool = False


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
        """Write the expression into ``out``, which has all axes and may be one of the expression's own arrays."""
        own = {operand.name for a in _leaves(expression) if (operand := self._find(a)) is not None}
        value = self.value(expression, out, free=out not in own)
        self.store(value, out)

    def store(self, value: Value, out: str) -> None:
        """Copy the value into ``out``, if the last operation did not write there."""
        if value.text != out:
            self.lines.copy(out, value.text)
            self.release(value)

    def value(self, e: Expr, out: str | None = None, free: bool = True) -> Value:
        """Compute, in ``out`` where that has the axes; ``free``: intermediate values may be put there too."""
        if not self._is_array(e):
            return Value(self._scalars.expression(e).text)
        if isinstance(e, (Access, Wins, sympy.Symbol)):
            operand = self._find(e)
            assert operand is not None  # a leaf, and one of the leaves has an array
            return self.leaf(operand)
        inner = out if free else None
        if e.is_Add:
            return self._sum(in_reading_order(e.args), out, inner)
        if e.is_Mul:
            coefficient, rest = e.as_coeff_Mul()
            return self.product(sympy.Mul.make_args(rest), coefficient, out, free)
        if e.is_Pow:
            return self._power(e, out, inner)
        if isinstance(e, gate):
            return self._gate(*e.args)
        leaf = LEAF.get(e.func)
        column = None if leaf is None else leaf.columns.get("arrays")
        if isinstance(column, str):
            return self._calls(column, self.value(e.args[0], inner), out)
        if leaf is None or leaf.definition is None:  # masks of winners are arrays, and maxima equations of their own
            raise TypeError(f"no rule to print {e!r}")
        return self.value(leaf.definition.xreplace({Z: e.args[0]}), out, free)

    def product(
        self, factors: Sequence[Expr], coefficient: Expr = S.One, out: str | None = None, free: bool = True
    ) -> Value:
        """Factors in their order, then the divisors; a coefficient goes first."""
        inner = out if free else None
        parts = [("divide", 1 / f) if is_divisor(f) else ("multiply", f) for f in factors]
        parts.sort(key=lambda part: (self._is_array(part[1]), part[0] == "divide"))  # numbers meet numbers first
        if parts and coefficient.is_Rational and coefficient.p == 1 and coefficient.q != 1:
            parts.append(("divide", sympy.Integer(coefficient.q)))  # 7/9 is not 7 times a rounded 1/9
            coefficient = S.One
        value = Value(self._scalars.expression(coefficient).text)
        if coefficient == 1 and parts and parts[0][0] == "multiply":
            value = self.value(parts.pop(0)[1], inner if parts else out, free)
        for number, (function, factor) in enumerate(parts, 1):
            # the value may be in out by now: a further factor gets a buffer of its own
            other = self.value(factor, inner if value.text != inner else None)
            target = out if number == len(parts) else inner
            if coefficient == -1 and number == 1 and function == "multiply":
                value = self.unary("negative", other, target)
            else:
                value = self.binary(function, value, other, target)
        return value

    def _is_array(self, e: Expr) -> bool:
        return any(self._find(a) is not None for a in _leaves(e))

    # --- operations -------------------------------------------------------------------------------------------------

    def binary(self, function: str, a: Value, b: Value, out: str | None = None) -> Value:
        if not a.axes and not b.axes and not (a.scratch or b.scratch):
            sign = {"multiply": "*", "divide": "/", "add": "+", "subtract": "-"}[function]
            return Value(f"{_bracketed(a.text)} {sign} {_bracketed(b.text)}")
        return self._call(function, out, a, b)

    def unary(self, function: str, a: Value, out: str | None = None) -> Value:
        return self._call(function, out, a)

    def _call(self, function: str, out: str | None, *inputs: Value) -> Value:
        target = self._target(frozenset().union(*(v.axes for v in inputs)), out, *inputs)
        self.lines.call(function, *(v.text for v in inputs), out=target.text)
        for value in inputs:
            if value.text != target.text:
                self.release(value)
        return target

    def mask(self, function: str, a: Value, b: Value) -> Value:
        """A comparison: a scratch buffer of truth values."""
        axes = a.axes | b.axes
        name = self._scratch(axes, "bool")
        self.lines.call(function, a.text, b.text, out=name)
        for value in (a, b):
            self.release(value)
        return Value(name, axes, True, True)

    def release(self, value: Value) -> None:
        """Return a scratch buffer."""
        if value.scratch:
            self.lines.release(value.text)

    def scratch(self, axes: frozenset[str]) -> Value:
        return Value(self._scratch(axes), axes, True)

    def _scratch(self, axes: frozenset[str], dtype: str = "dtype") -> str:
        shape = [self.sizes[a] if a in axes else 1 for a in self.order]
        while len(shape) > 1 and self.order[len(self.order) - len(shape)] not in axes:
            shape.pop(0)
        return self.lines.acquire(shape, dtype)

    def _target(self, axes: frozenset[str], out: str | None, *inputs: Value) -> Value:
        if out is not None and axes == frozenset(self.order):
            return Value(out, axes)
        reusable = (v for v in inputs if v.scratch and v.axes == axes and not v.is_mask)
        return next(reusable, None) or self.scratch(axes)

    def _sum(self, parts: Sequence[Expr], out: str | None, inner: str | None) -> Value:
        total = self.value(parts[0], inner)
        for number, part in enumerate(parts[1:], 2):
            negative = part.could_extract_minus_sign()
            other = self.value(-part if negative else part, inner if total.text != inner else None)
            target = out if number == len(parts) else inner
            total = self.binary("subtract" if negative else "add", total, other, target)
        return total

    def _gate(self, y: Expr, above: Expr, below: Expr) -> Value:
        mask = self.mask("greater", self.value(y), Value("0"))
        if (above, below) == (1, 0):
            return mask
        result = self.scratch(mask.axes)
        for branch, where in ((below, ""), (above, mask.text)):
            value = self.value(branch)
            self.lines.copy(result.text, value.text, where=where)
            self.release(value)
        self.release(mask)
        return result

    def _calls(self, text: str, z: Value, out: str | None) -> Value:
        """Nested calls of ufuncs, as a leaf's record has them, of the value z.

        Where z is needed more than once, the inner calls write neither into its buffer nor into ``out``, which may be
        the same.
        """
        call = ast.parse(text, mode="eval").body
        once = sum(isinstance(n, ast.Name) and n.id == "z" for n in ast.walk(call)) == 1
        kept = z if once else replace(z, scratch=False)

        def run(node: ast.expr, target: str | None) -> Value:
            if isinstance(node, ast.Name):
                return kept
            if isinstance(node, ast.Constant):
                return Value(str(node.value))
            assert isinstance(node, ast.Call)
            function = ast.unparse(node.func)
            first, *others = (run(a, target if once else None) for a in node.args)
            return self.binary(function, first, others[0], target) if others else self.unary(function, first, target)

        result = run(call, out)
        if not once and result.text != z.text:
            self.release(z)
        return result

    def _power(self, e: Expr, out: str | None, inner: str | None) -> Value:
        if e.exp in (Rational(1, 2), 2):
            return self.unary("square" if e.exp == 2 else "sqrt", self.value(e.base, inner), out)
        if e.exp.is_Integer and e.exp < 0:
            return self.product((e,), S.One, out, inner is not None)
        if e.exp.is_Integer:
            return self.binary("power", self.value(e.base, inner), Value(str(e.exp)), out)
        raise TypeError(f"no rule to print {e!r}")


def _bracketed(text: str) -> str:
    return text if text.isidentifier() or text.isdecimal() else f"({text})"


def _leaves(e: Expr) -> list[Expr]:
    return sorted(e.atoms(Access, Wins, sympy.Symbol), key=str)
