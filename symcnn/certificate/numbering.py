"""Which number each quantity has in a certificate: parameters, pixels, targets, shifts, quantities, values of calls.

A shift is what ``Equation.constant`` says: the largest output inside a softmax; nothing is differentiated through it.
In the proof it does not move: that E does not depend on it is a lemma.
"""

from collections.abc import Mapping

from sympy import Expr, Symbol

from symcnn.derivation import Derivation, Variable
from symcnn.symbolic import ERROR


class Numbering:
    """The numbers of one network's quantities.

    Attributes:
        stated: the forward variables that E depends on, in order; the last one is E.
        shifts: the names of the shifts.
        first: the number of the first of ``stated``.
        values: calls inside formulas and their numbers, which come last.
    """

    def __init__(self, derivation: Derivation) -> None:
        graph, self._quantities = derivation.graph, derivation.quantities
        constant = {e.target.tensor for e in derivation.forward if e.constant}
        self.parameters = derivation.network.parameters
        self.data = tuple(n for n, (tensor, _) in graph.inputs.items() if tensor.role in ("image", "target"))
        self.shifts = tuple(v.name for v in graph.forward.values() if v.tensor in constant)
        self.stated: tuple[Variable, ...] = tuple(
            v for v in graph.forward.values() if v.quantity.adjoint in graph or v.tensor == ERROR
        )
        inputs = [*self.parameters, *self.data, *self.shifts]
        self.of: Mapping[str, int] = {n: k for k, n in enumerate([*inputs, *(v.name for v in self.stated)], 1)}
        self.first, self.last = len(inputs) + 1, len(inputs) + len(self.stated)
        self.values: dict[Expr, int] = {}
        self._names = {v.expression: Symbol(v.name) for v in graph.forward.values() if v.expression.is_Function}

    def number(self, value: Expr) -> int:
        """Of a quantity, or of a call's value: a new one, where it has none."""
        value = self._names.get(value, value)
        if isinstance(value, Symbol) and value.name in self.of:
            return self.of[value.name]
        return self.values.setdefault(value, self.last + len(self.values) + 1)

    def name(self, symbol: Symbol) -> str:
        """As the calculus writes it: #29 the quantity, !31 ∂E by it."""
        quantity = self._quantities.of(symbol)
        return f"!{self.of[quantity.primal.name]}" if quantity.is_adjoint else f"#{self.number(symbol)}"
