"""The leaf functions: the only places where a derivative is stated and not derived.

    sigmoid(z) = 1/(1 + exp(-z))      sigmoid' = s·(1 - s), written with the output s, as a person would
    relu(z)    = max(0, z)
    maximum(a, b, …)                  the largest argument; ties go to the first

Each is a SymPy function, so that ``diff`` knows its rule (``fdiff``) and every printer can dispatch on it.
"""

import sympy
from sympy import Expr


class sigmoid(sympy.Function):
    """The logistic function 1/(1 + exp(-z))."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Expr:
        return self * (1 - self)

    def _eval_rewrite_as_exp(self, z: Expr, **_: object) -> Expr:
        return 1 / (1 + sympy.exp(-z))

    def _eval_evalf(self, prec: int) -> Expr:
        return self.rewrite(sympy.exp)._eval_evalf(prec)


class relu(sympy.Function):
    """The rectifier max(0, z). Only its forward equation is used so far: no derivative rule yet."""

    nargs = 1

    def _eval_evalf(self, prec: int) -> Expr:
        z = self.args[0]._eval_evalf(prec)
        return (z if z > 0 else sympy.S.Zero) if z.is_number else self


class maximum(sympy.Function):
    """The largest of its arguments.

    Not ``sympy.Max``: that one sorts its arguments, drops equal ones and asks for their assumptions (6 ms each).
    """

    def _eval_evalf(self, prec: int) -> Expr:
        values = [a._eval_evalf(prec) for a in self.args]
        return max(values) if all(v.is_number for v in values) else self


#: Every leaf function. Each printer has one rule for each; a test walks this set.
LEAVES: tuple[type[sympy.Function], ...] = (sigmoid, relu, maximum)

#: Those whose derivative can be taken.
DIFFERENTIABLE: tuple[type[sympy.Function], ...] = (sigmoid,)
