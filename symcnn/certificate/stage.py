"""E as a function of what moves: of the parameters, or of a convolution's feature map with all that comes after it."""

from collections.abc import Mapping
from functools import cached_property

from sympy import Expr

from symcnn.certificate.numbering import Numbering
from symcnn.derivation import Derivation, Variable
from symcnn.printers.coq import CALLS, COQ, CalculusPrinter, Demand
from symcnn.printers.infix import InfixPrinter
from symcnn.symbolic import KINKED, Tensor


class Stage:
    """One E and the quantities that it is made of.

    Args:
        tensor: the feature map that moves; None: the parameters.
        whole: the network's own stage; None: this one.

    Attributes:
        name: in proofs; module: where its quantities are defined ("": in the specification itself).
        moving: the name of what E is a function of: ``parameter`` or ``map``.
        free: the quantities that move; low, high: their numbers, from low to before high.
        stated: what is computed from them for E, in order; first: the number of the first.
        terms, demands: each of ``stated`` as a term of the calculus, and what its calls demand.
    """

    def __init__(
        self, derivation: Derivation, numbers: Numbering, tensor: Tensor | None = None, whole: "Stage | None" = None
    ) -> None:
        self.derivation, self.numbers, self.tensor = derivation, numbers, tensor
        self.whole = whole or self
        if tensor is None:
            self.name, self.module, self.moving, self.free = "network", "", "parameter", numbers.parameters
        else:
            self.name, self.module, self.moving = f"after_{tensor.name}", f"After_{tensor.name}", "map"
            self.free = tuple(tensor.scalars())
        self.low, self.high = numbers.of[self.free[0]], numbers.of[self.free[-1]] + 1
        self.first = numbers.first if tensor is None else self.high
        self.stated = tuple(v for v in numbers.stated if numbers.of[v.name] >= self.first)
        printer = CalculusPrinter(numbers.name, numbers.number)
        self.terms: dict[str, str] = {}
        self.demands: dict[str, list[Demand]] = {}
        for v in self.stated:
            self.terms[v.name] = printer.forward(v)
            self.demands[v.name] = printer.demands

    @cached_property
    def kinks(self) -> list[Expr]:
        """The arguments of relu."""
        kinked = {CALLS[f] for f in KINKED if f in CALLS}
        return [d.argument for found in self.demands.values() for d in found if d.function in kinked]

    @cached_property
    def ties(self) -> list[tuple[Expr, ...]]:
        """The windows of maxima: their candidates."""
        return [tuple(d.argument) for found in self.demands.values() for d in found if d.function == "Largest"]

    @cached_property
    def adjoints(self) -> Mapping[str, Variable]:
        """The derivation's ∂E/∂(quantity), by the quantity's name: of parameters and of all that is stated but E."""
        names = (*self.numbers.parameters, *(v.name for v in self.numbers.stated[:-1]))
        graph, of = self.derivation.graph, self.derivation.quantities.of
        return {name: graph[of(name).adjoint] for name in names}

    @property
    def given(self) -> tuple[str, ...]:
        """What the stage's quantities are functions of."""
        return ("parameter", "image") if self.tensor is None else ("parameter", "image", "map")

    def point(self, image: str) -> str:
        """What moves, where it is what the network has."""
        return "parameter" if self.tensor is None else f"(map_{self.tensor.name} parameter {image})"

    def premises(self, image: str, number: int | str) -> list[tuple[str, str]]:
        """Those of a theorem about an image and about the quantity with the number: name and statement."""
        names = [name for name, found in (("no_kink", self.kinks), ("no_tie", self.ties)) if found]
        path = f"{self.module}." if self.module else ""
        given = f"{number} parameter {image}" + ("" if self.tensor is None else f" {self.point(image)}")
        return [(name, f"{path}{name} {given}") for name in names]

    @cached_property
    def arguments(self) -> Mapping[str, tuple[str, ...]]:
        """What each quantity is a function of."""
        n, graph = self.numbers, self.derivation.graph
        found: dict[str, set[str]] = {p: {"parameter"} for p in n.parameters} | {d: {"image"} for d in n.data}
        found |= {x: {self.moving} for x in self.free}
        for v in [*graph.forward.values(), *(() if self.tensor else graph.backward.values())]:
            if v.name not in found:
                found[v.name] = set().union(*(found[s.name] for s in v.symbols()))
        return {name: tuple(a for a in self.given if a in of) for name, of in found.items()}

    @cached_property
    def defined(self) -> list[Variable]:
        """The forward variables that the stage states, whether E depends on them or not: all after what is free."""
        variables = list(self.derivation.graph.forward.values())
        places = [n for n, v in enumerate(variables) if v.name in self.free]
        return variables[places[-1] + 1 :] if places else variables

    @cached_property
    def _own(self) -> set[str]:
        return {*self.free, *(v.name for v in self.defined)}

    def applied(self, name: str, inside: bool = False, **values: str) -> str:
        """A quantity of this stage, applied to its arguments; one that does not move is the network's own.

        Args:
            inside: in the stage's own module, where names need no path.
            values: what the arguments are, where that is not their name: ``image="image1"``.
        """
        own = self.tensor is None or name in self._own
        found = [values.get(a, a) for a in (self if own else self.whole).arguments[name]]
        path = f"{self.module}." if self.module and own and not inside else ""
        return f"({' '.join([path + name, *found])})" if found else path + name

    def printed(self, value: Expr | Variable, instead: Mapping[str, str] | None = None, inside: bool = False) -> str:
        """An expression, or a variable's right side, with its quantities applied.

        Args:
            instead: what stands for some of them.
        """
        known = instead or {}
        printer = InfixPrinter(COQ, lambda s: known[s.name] if s.name in known else self.applied(s.name, inside))
        return printer.variable(value) if isinstance(value, Variable) else printer.expression(value).text
