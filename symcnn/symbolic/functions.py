"""The leaf functions: the only places where a derivative is stated and not derived.

    sigmoid(z)          1/(1 + exp(-z))           s·(1 - s), written with the output s, as a person would
    tanh(z)             SymPy's own               1 - tanh²(z)
    relu(z)             max(0, z)                 gate(a, 1, 0), written with the output a = relu(z)
    leaky_relu(z)       z > 0: z, else z/100      gate(a, 1, 1/100)
    softplus(z)         log(1 + exp(z))           sigmoid(z)
    exp(z), log(z)      SymPy's own               exp(z), 1/z
    gate(y, a, b)       a where y > 0, else b     0: constant on either side. At the kink it is b, as in PyTorch
    maximum(a, b, …)   the largest               the adjoint of a maximum uses ``wins``
    wins(a, m, b, …)   1 where a = m and no earlier candidate b of the window is m, else 0: ties go to the first

Each is a SymPy function, so that ``diff`` knows its rule (``fdiff``) and every printer can dispatch on it.
"""

from collections.abc import Callable
from typing import Any

import mpmath
import sympy
from mpmath.libmp import prec_to_dps
from sympy import Expr, Rational, S
from sympy import exp as exp
from sympy import log as log
from sympy import tanh as tanh

#: The slope of leaky_relu on the left (PyTorch's default).
LEAKY_SLOPE = Rational(1, 100)


def _at(call: Expr, prec: int, value: Callable[[Any], Any]) -> Expr:
    """A function's value at its argument, to ``prec`` bits; SymPy's own evaluation loses the digits of zeros inside."""
    z = call.args[0].evalf(prec_to_dps(prec) + 5)
    if not z.is_Float and not z.is_Rational:
        return call
    with mpmath.workprec(prec + 16):
        return sympy.Float(value(z._to_mpmath(prec + 16)), precision=prec)


class sigmoid(sympy.Function):
    """The logistic function 1/(1 + exp(-z))."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        return self * (1 - self)

    def _eval_rewrite_as_exp(self, z: Expr, **_: object) -> Expr:
        return 1 / (1 + exp(-z))

    def _eval_evalf(self, prec: int) -> Expr:
        return _at(self, prec, lambda z: 1 / (1 + mpmath.exp(-z)))


class softplus(sympy.Function):
    """log(1 + exp(z)), which printers write so that it does not overflow."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        return sigmoid(self.args[0])

    def _eval_rewrite_as_exp(self, z: Expr, **_: object) -> Expr:
        return log(1 + exp(z))

    def _eval_evalf(self, prec: int) -> Expr:
        return _at(self, prec, lambda z: max(z, 0) + mpmath.log1p(mpmath.exp(-abs(z))))


class gate(sympy.Function):
    """``gate(y, above, below)``: above where y > 0, else below. Both are numbers."""

    nargs = 3

    def fdiff(self, argindex: int = 1) -> Expr:
        return S.Zero

    def _eval_evalf(self, prec: int) -> Expr:
        y, above, below = (a._eval_evalf(prec) for a in self.args)
        return (above if y > 0 else below) if y.is_number else self


class relu(sympy.Function):
    """The rectifier max(0, z); its slope at 0 is 0."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        return gate(self, 1, 0)

    def _eval_evalf(self, prec: int) -> Expr:
        z = self.args[0]._eval_evalf(prec)
        return (z if z > 0 else S.Zero) if z.is_number else self


class leaky_relu(sympy.Function):
    """z where it is positive, else z/100; its slope at 0 is 1/100."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        return gate(self, 1, LEAKY_SLOPE)

    def _eval_evalf(self, prec: int) -> Expr:
        z = self.args[0]._eval_evalf(prec)
        return (z if z > 0 else LEAKY_SLOPE * z)._eval_evalf(prec) if z.is_number else self


class maximum(sympy.Function):
    """The largest of its arguments.

    Not ``sympy.Max``: that one sorts its arguments, drops equal ones and asks for their assumptions (6 ms each).
    """

    def _eval_evalf(self, prec: int) -> Expr:
        values = [a._eval_evalf(prec) for a in self.args]
        return max(values) if all(v.is_number for v in values) else self


class wins(sympy.Function):
    """``wins(candidate, largest, *before)``: 1 where the candidate is the first that equals the largest, else 0."""

    def fdiff(self, argindex: int = 1) -> Expr:
        return S.Zero

    def _eval_evalf(self, prec: int) -> Expr:
        value, largest, *before = (a._eval_evalf(prec) for a in self.args)
        if not all(v.is_number for v in (value, largest, *before)):
            return self
        return S.One if value == largest and largest not in before else S.Zero


#: Every leaf function. Each printer has one rule for each; a test walks this set.
LEAVES: tuple[type[sympy.Function], ...] = (
    sigmoid, tanh, relu, leaky_relu, softplus, exp, log, gate, maximum, wins,
)  # fmt: skip
