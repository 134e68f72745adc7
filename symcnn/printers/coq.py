"""Coq: formulas over the reals as a reader sees them, and the same as terms of the calculus that proves them.

    reader     o_1 := sigmoid z_o1              dE_dz_o1 := dE_do_1 * o_1 * (1 - o_1)
    calculus   Fn Sigmoid 31 31 (#29)           !31 * #31 * (1 - #31)

``#29`` is the quantity with the number 29, ``!31`` is ∂E by the quantity 31. Both are printed by the same rules, so
that the one means the other by mere computation. A call inside a formula (log s, 1/s, a gate) has a number too:
that of its value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import sympy
from sympy import Expr, Symbol

from symcnn.derivation import Variable
from symcnn.errors import NotSupportedYetError
from symcnn.printers.infix import ATOM, POWER, PRODUCT, InfixPrinter, InfixText, Language
from symcnn.symbolic import LEAF, LEAVES, Y, Z, wins
from symcnn.symbolic.leaves import Function

COQ = Language(
    column=lambda leaf: leaf.column("coq"),
    power=lambda base, n: InfixText(f"{base.within(ATOM)}^{n}", POWER),
    number=lambda q: InfixText(f"{q.p}/{q.q}", PRODUCT),
    times=" * ",
)

#: Leaf function -> its name in the calculus.
CALLS: dict[Function, str] = {
    leaf.function: str(leaf.columns["calculus"]) for leaf in LEAVES if "calculus" in leaf.columns
}


@cache
def _beside(name: str) -> Expr | None:
    """The slope in the argument z and the value y, if the calculus has no formula for it in the value alone."""
    if name == "Inverse":
        return 1 / Z**2
    slope = next(LEAF[function].slope for function, called in CALLS.items() if called == name)
    return slope if slope.has(Z, sympy.Function) else None


@dataclass(frozen=True)
class Demand:
    """A side condition of a call in a formula: see ``conditions`` in expressions.v.

    Attributes:
        function: the function called ("Inverse": 1/s).
        argument: of the call; for a maximum the candidates.
    """

    function: str
    argument: Expr


class CalculusPrinter(InfixPrinter):
    """Formulas as terms of the calculus.

    Args:
        name: quantity or adjoint -> ``#29``, ``!31``.
        number: a call inside a formula (1/s too) -> the number of its value.
    """

    def __init__(self, name: Callable[[Symbol], str], number: Callable[[Expr], int]) -> None:
        super().__init__(COQ, name)
        self._number_of = number
        self._defined: Symbol | None = None
        self.demands: list[Demand] = []

    def forward(self, variable: Variable) -> str:
        """The definition of a quantity: its calls are differentiated, and ``demands`` gets their conditions."""
        self._defined, self._whole, self.demands = Symbol(variable.name), variable.expression, []
        if variable.reduce == "max":
            return self._largest([sympy.Mul(*factors) for a in variable.addends for factors in a.products])
        return self.variable(variable)

    def backward(self, variable: Variable) -> str:
        """The formula of an adjoint: its calls are values."""
        self._defined = None
        return self.variable(variable)

    def _largest(self, candidates: Sequence[Expr]) -> str:
        assert self._defined is not None
        self.demands.append(Demand("Largest", sympy.Tuple(*candidates)))
        first, *others = (
            f"Given ({x.p}) {x.q}"
            if x.is_Number
            else f"Cell {self._number_of(x)} {self._number_of(wins(x, self._defined, *candidates[:n]))}"
            for n, x in enumerate(candidates)
        )
        return f"(Largest {self._number_of(self._defined)} ({first}) [{'; '.join(others)}])"

    def _quotient(self, text: InfixText, below: Sequence[Expr]) -> InfixText:
        divisor = sympy.Mul(*below)
        inverse = self._called(1 / divisor, "Inverse", divisor, self.expression(divisor))
        return InfixText(f"{text.within(PRODUCT)} * {inverse.text}", PRODUCT)

    def _call(self, call: Expr, arguments: Sequence[InfixText], function: Function) -> InfixText:
        if self._defined is not None and function not in CALLS:
            raise NotSupportedYetError(
                f"certificate: {function.__name__}: its slope is not proved in Coq yet; expected"
                f" {', '.join(leaf.activation for leaf in LEAVES if leaf.function in CALLS and leaf.activation)};"
                " `symcnn verify` does without"
            )
        return self._called(call, CALLS.get(function, ""), call.args[0], arguments[0])

    def _called(self, call: Expr, name: str, argument: Expr, text: InfixText) -> InfixText:
        if self._defined is None:
            return InfixText(f"#{self._number_of(call)}", ATOM)
        value = self._defined if call == self._whole else call
        slope = _beside(name)
        beside = value if slope is None else slope.xreplace({Z: argument, Y: value})
        self.demands.append(Demand(name, argument))
        return InfixText(f"(Fn {name} {self._number_of(value)} {self._number_of(beside)} {text.within(ATOM)})", ATOM)
