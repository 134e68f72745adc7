"""Coq: formulas over the reals as a reader sees them, and the same as terms of the calculus that proves them.

    reader     o_1 := sigmoid z_o1              dE_dz_o1 := dE_do_1 * o_1 * (1 - o_1)
    calculus   Fn Sigmoid 31 31 (#29)           !31 * #31 * (1 - #31)

``#29`` is the quantity with the number 29, ``!31`` is ∂E by the quantity 31. Both are printed by the same rules, so that
the one means the other by mere computation. A call inside a formula (log s, 1/s, a gate) has a number too: that of its
value.
"""

from collections.abc import Callable, Sequence
from functools import reduce

import sympy
from sympy import Expr, Symbol

from symcnn.derivation import Variable
from symcnn.printers.infix import ATOM, POWER, PRODUCT, InfixPrinter, Language, Text
from symcnn.symbolic import (
    LEAKY_SLOPE,
    exp,
    gate,
    leaky_relu,
    log,
    maximum,
    relu,
    sigmoid,
    softplus,
    tanh,
    wins,
)  # fmt: skip

Function = type[sympy.Function]
#: A call's argument and value -> what its slope is called.
Companion = Callable[[Expr, Expr], Expr]


def _applied(name: str) -> Callable[[Sequence[Text]], Text]:
    return lambda z: Text(" ".join([name, *(t.within(ATOM) for t in z)]), POWER)


def _wins(z: Sequence[Text]) -> Text:
    value, largest, *before = (t.within(ATOM) for t in z)
    return Text(f"wins {value} {largest} [{'; '.join(before)}]", POWER)


COQ = Language(
    functions={
        sigmoid: _applied("sigmoid"),
        tanh: _applied("tanh"),
        relu: _applied("relu"),
        leaky_relu: _applied("leaky_relu"),
        softplus: _applied("softplus"),
        exp: _applied("exp"),
        log: _applied("ln"),
        gate: _applied("gate"),
        maximum: lambda z: reduce(lambda a, b: Text(f"Rmax {a.within(ATOM)} {b.within(ATOM)}", POWER), z),
        wins: _wins,
    },
    number=lambda q: Text(f"{q.p}/{q.q}", PRODUCT),
    power=lambda base, n: Text(f"{base.within(ATOM)}^{n}", POWER),
    times=" * ",
)

#: Leaf function -> its name in the calculus, and what its slope is called there beside its own value: a call too.
CALLS: dict[Function, tuple[str, Companion | None]] = {
    sigmoid: ("Sigmoid", None),
    tanh: ("Tanh", None),
    exp: ("Exp", None),
    log: ("Log", lambda z, y: 1 / z),
    softplus: ("Softplus", lambda z, y: sigmoid(z)),
    relu: ("Relu", lambda z, y: gate(y, 1, 0)),
    leaky_relu: ("Leaky", lambda z, y: gate(y, 1, LEAKY_SLOPE)),
}


class CalculusPrinter(InfixPrinter):
    """Formulas as terms of the calculus.

    Args:
        name: quantity or adjoint -> ``#29``, ``!31``.
        number: a call inside a formula (1/s too) -> the number of its value.
    """

    def __init__(self, name: Callable[[str], str], number: Callable[[Expr], int]) -> None:
        super().__init__(COQ, name)
        self._number_of = number
        self._stated: Symbol | None = None

    def forward(self, variable: Variable) -> str:
        """What states a quantity: its calls are differentiated."""
        self._stated = Symbol(variable.name)
        self._whole = variable.expression
        return self.variable(variable)

    def backward(self, variable: Variable) -> str:
        """What claims an adjoint: its calls are values."""
        self._stated = None
        return self.variable(variable)

    def _quotient(self, text: Text, below: Sequence[Expr]) -> Text:
        divisor = sympy.Mul(*below)
        return self._times([text, self._called(1 / divisor, "Inverse", None, self.expression(divisor))])

    def _call(self, shown: Expr, arguments: Sequence[Text], function: Function) -> Text:
        name, companion = CALLS.get(function, ("", None))
        return self._called(shown, name, companion, arguments[0])

    def _called(self, call: Expr, name: str, companion: Companion | None, argument: Text) -> Text:
        if self._stated is None:
            return Text(f"#{self._number_of(call)}", ATOM)
        value = self._stated if call == self._whole else call
        beside = companion(call.args[0], value) if companion else value
        return Text(f"(Fn {name} {self._number_of(value)} {self._number_of(beside)} {argument.within(ATOM)})", ATOM)
