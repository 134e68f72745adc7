"""Coq: formulas over the reals as a reader sees them, and the same as terms of the calculus that proves them.

    reader     o_1 := sigmoid z_o1              dE_dz_o1 := dE_do_1 * o_1 * (1 - o_1)
    calculus   Fn Sigmoid 31 31 (#29)           !31 * #31 * (1 - #31)

``#29`` is the quantity with the number 29, ``!31`` is ∂E by the quantity 31. Both are printed by the same rules, so
that the one means the other by mere computation. A call inside a formula (log s, 1/s, a gate) has a number too:
that of its value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
        log: _applied("log"),
        gate: _applied("gate"),
        maximum: lambda z: reduce(lambda a, b: Text(f"Rmax {a.within(ATOM)} {b.within(ATOM)}", POWER), z),
        wins: _wins,
    },
    number=lambda q: Text(f"{q.p}/{q.q}", PRODUCT),
    power=lambda base, n: Text(f"{base.within(ATOM)}^{n}", POWER),
    times=" * ",
)

#: Leaf function -> its name in the calculus.
CALLS: dict[Function, str] = {
    sigmoid: "Sigmoid", tanh: "Tanh", exp: "Exp", log: "Log", softplus: "Softplus", relu: "Relu", leaky_relu: "Leaky",
}  # fmt: skip

#: Where the slope at an argument is not written with the value: as which call.
BESIDE: dict[str, Callable[[Expr, Expr], Expr]] = {
    "Log": lambda z, y: 1 / z,
    "Inverse": lambda z, y: 1 / z**2,
    "Softplus": lambda z, y: sigmoid(z),
    "Relu": lambda z, y: gate(y, 1, 0),
    "Leaky": lambda z, y: gate(y, 1, LEAKY_SLOPE),
}


@dataclass(frozen=True)
class Demand:
    """What the calculus wants to know of a call in a formula, beside its value: ``conditions`` in expressions.v.

    Attributes:
        function: whose call it is ("Inverse": 1/s).
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

    def __init__(self, name: Callable[[str], str], number: Callable[[Expr], int]) -> None:
        super().__init__(replace(COQ, functions={}), name)
        self._number_of = number
        self._stated: Symbol | None = None
        self.demands: list[Demand] = []

    def forward(self, variable: Variable) -> str:
        """What states a quantity: its calls are differentiated, and ``demands`` holds what they demand."""
        self._stated, self._whole, self.demands = Symbol(variable.name), variable.expression, []
        if variable.reduce == "max":
            return self._largest([sympy.Mul(*factors) for a in variable.addends for factors in a.products])
        return self.variable(variable)

    def backward(self, variable: Variable) -> str:
        """What claims an adjoint: its calls are values."""
        self._stated = None
        return self.variable(variable)

    def _largest(self, candidates: Sequence[Expr]) -> str:
        assert self._stated is not None
        self.demands.append(Demand("Largest", sympy.Tuple(*candidates)))
        cells = []
        for n, x in enumerate(candidates):
            if x.is_Number:
                cells.append(f"Given ({x.p}) {x.q}")
            else:
                weight = self._number_of(wins(x, self._stated, *candidates[:n]))
                cells.append(f"Cell {self._number_of(x)} {weight}")
        return f"(Largest {self._number_of(self._stated)} ({cells[0]}) [{'; '.join(cells[1:])}])"

    def _quotient(self, text: Text, below: Sequence[Expr]) -> Text:
        divisor = sympy.Mul(*below)
        inverse = self._called(1 / divisor, "Inverse", divisor, self.expression(divisor))
        return Text(f"{text.within(PRODUCT)} * {inverse.text}", PRODUCT)

    def _call(self, shown: Expr, arguments: Sequence[Text], function: Function) -> Text:
        return self._called(shown, CALLS.get(function, ""), shown.args[0], arguments[0])

    def _called(self, call: Expr, name: str, argument: Expr, text: Text) -> Text:
        if self._stated is None:
            return Text(f"#{self._number_of(call)}", ATOM)
        value = self._stated if call == self._whole else call
        beside = BESIDE[name](argument, value) if name in BESIDE else value
        self.demands.append(Demand(name, argument))
        return Text(f"(Fn {name} {self._number_of(value)} {self._number_of(beside)} {text.within(ATOM)})", ATOM)
