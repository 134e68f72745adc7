"""Which number each quantity has in a certificate: parameters, pixels and targets, quantities, values of calls."""

from collections.abc import Mapping
from functools import cached_property

from sympy import Expr, Symbol

from symcnn.derivation import Derivation, Variable
from symcnn.network.network import ERROR


class Numbering:
    """The numbers of one network's quantities.

    Attributes:
        stated: the forward variables that E depends on, in order; the last one is E.
        first: the number of the first of them; parameters, pixels and targets have smaller ones.
        values: calls inside formulas and their numbers, which come last.
    """

    def __init__(self, derivation: Derivation) -> None:
        self.graph = derivation.graph
        self.parameters = derivation.network.parameters
        data = [n for n, (tensor, _) in self.graph.inputs.items() if not tensor.is_shared]
        self.data = tuple(data)
        backward = self.graph.backward
        self.stated: tuple[Variable, ...] = tuple(
            v for v in self.graph.forward.values() if f"dE_d{v.name}" in backward or v.tensor == ERROR
        )
        names = [*self.parameters, *data, *(v.name for v in self.stated)]
        self.of: Mapping[str, int] = {name: n for n, name in enumerate(names, 1)}
        self.first = len(self.parameters) + len(data) + 1
        self.values: dict[Expr, int] = {}

    @cached_property
    def last(self) -> int:
        return self.of["E"]

    def number(self, value: Expr) -> int:
        """Of a quantity, or of a call's value: a new one, where it has none."""
        if isinstance(value, Symbol):
            return self.of[value.name]
        return self.values.setdefault(value, len(self.of) + len(self.values) + 1)

    def name(self, name: str) -> str:
        """As the calculus writes it: #29 the quantity, !31 ∂E by it."""
        return f"#{self.of[name]}" if name in self.of else f"!{self.of[name.removeprefix('dE_d')]}"
