"""E as a function of the quantities that move: the parameters, or a convolution's feature map with all that follows.

``Numbering`` gives a number to each quantity of a certificate: parameters, pixels, targets, shifts, quantities, values
of calls. A shift is the target of a constant equation, the largest output inside a softmax: nothing is differentiated
through it. In the proof it does not move: that E does not depend on it is a lemma.
"""

from collections.abc import Mapping
from functools import cached_property

from sympy import Expr, Symbol

from symcnn.derivation import Derivation, Variable
from symcnn.printers.coq import CALLS, COQ, CalculusPrinter, Demand
from symcnn.printers.infix import InfixPrinter
from symcnn.symbolic import ERROR, KINKED, Tensor


class Numbering:
    """The numbers of one network's quantities.

    Attributes:
        variables: the forward variables that E depends on, in order; the last one is E.
        shifts: the names of the shifts.
        first: the number of the first of ``variables``.
        values: calls inside formulas and their numbers, which come last.
    """

    def __init__(self, derivation: Derivation) -> None:
        graph, self._quantities = derivation.graph, derivation.quantities
        constant = {e.target.tensor for e in derivation.forward if e.constant}
        self.parameters = derivation.network.parameters
        self.data = tuple(n for n, (tensor, _) in graph.inputs.items() if tensor.role in ("image", "target"))
        self.shifts = tuple(v.name for v in graph.forward.values() if v.tensor in constant)
        self.variables: tuple[Variable, ...] = tuple(
            v for v in graph.forward.values() if v.quantity.adjoint in graph or v.tensor == ERROR
        )
        inputs = [*self.parameters, *self.data, *self.shifts]
        self.of: Mapping[str, int] = {n: k for k, n in enumerate([*inputs, *(v.name for v in self.variables)], 1)}
        self.first, self.last = len(inputs) + 1, len(inputs) + len(self.variables)
        self.values: dict[Expr, int] = {}
        self._names = {v.expression: Symbol(v.name) for v in graph.forward.values() if v.expression.is_Function}

    def number(self, value: Expr) -> int:
        """The number of a quantity or of a call's value; a new one, if it has none yet."""
        value = self._names.get(value, value)
        if isinstance(value, Symbol) and value.name in self.of:
            return self.of[value.name]
        return self.values.setdefault(value, self.last + len(self.values) + 1)

    def name(self, symbol: Symbol) -> str:
        """The calculus's name: #29 for the quantity, !31 for ∂E by it."""
        quantity = self._quantities.of(symbol)
        return f"!{self.of[quantity.primal.name]}" if quantity.is_adjoint else f"#{self.number(symbol)}"


class Stage:
    """E as a function of the quantities that move, and the variables between.

    Args:
        tensor: the feature map that moves; None: the parameters.
        whole: the network's own stage; None: this one.

    Attributes:
        name: in proofs; module: of its definitions ("": the specification itself).
        moving: the name of E's argument that moves: ``parameter`` or ``map``.
        inputs: the arguments of the stage's quantities.
        free: the quantities that move; low, high: their numbers, from low to before high.
        variables: what is computed from them for E, in order; first: the number of the first.
        terms, demands: each of ``variables`` as a term of the calculus, and the side conditions of its calls.
    """

    def __init__(
        self, derivation: Derivation, numbers: Numbering, tensor: Tensor | None = None, whole: "Stage | None" = None
    ) -> None:
        self.derivation, self.numbers, self.tensor = derivation, numbers, tensor
        self.whole = whole or self
        self.inputs: tuple[str, ...] = ("parameter", "image")
        if tensor is None:
            self.name, self.module, self.moving, self.free = "network", "", "parameter", numbers.parameters
        else:
            self.name, self.module, self.moving = f"after_{tensor.name}", f"After_{tensor.name}", "map"
            self.free = tuple(tensor.scalars())
            self.inputs += ("map",)
        self.low, self.high = numbers.of[self.free[0]], numbers.of[self.free[-1]] + 1
        self.first = numbers.first if tensor is None else self.high
        self.variables = tuple(v for v in numbers.variables if numbers.of[v.name] >= self.first)
        printer = CalculusPrinter(numbers.name, numbers.number)
        self.terms: dict[str, str] = {}
        self.demands: dict[str, list[Demand]] = {}
        for v in self.variables:
            self.terms[v.name] = printer.forward(v)
            self.demands[v.name] = printer.demands

    @cached_property
    def kinks(self) -> list[Expr]:
        """The arguments of relu."""
        kinked = {CALLS[f] for f in KINKED if f in CALLS}
        return [d.argument for demands in self.demands.values() for d in demands if d.function in kinked]

    @cached_property
    def ties(self) -> list[tuple[Expr, ...]]:
        """The windows of maxima: their candidates."""
        return [tuple(d.argument) for demands in self.demands.values() for d in demands if d.function == "Largest"]

    @cached_property
    def adjoints(self) -> Mapping[str, Variable]:
        """∂E/∂(quantity) by the quantity's name: of the parameters and of all variables but E."""
        names = (*self.numbers.parameters, *(v.name for v in self.numbers.variables[:-1]))
        graph, of = self.derivation.graph, self.derivation.quantities.of
        return {name: graph[of(name).adjoint] for name in names}

    def point(self, image: str) -> str:
        """The value of the argument that moves in the network."""
        return "parameter" if self.tensor is None else f"(map_{self.tensor.name} parameter {image})"

    def premises(self, image: str, number: int | str) -> list[tuple[str, str]]:
        """The premises of a theorem about an image and the quantity with the number: name and statement."""
        names = [name for name, conditions in (("no_kink", self.kinks), ("no_tie", self.ties)) if conditions]
        path = f"{self.module}." if self.module else ""
        arguments = f"{number} parameter {image}" + ("" if self.tensor is None else f" {self.point(image)}")
        return [(name, f"{path}{name} {arguments}") for name in names]

    @cached_property
    def arguments(self) -> Mapping[str, tuple[str, ...]]:
        """The arguments that each quantity depends on."""
        n, graph = self.numbers, self.derivation.graph
        used: dict[str, set[str]] = {p: {"parameter"} for p in n.parameters} | {d: {"image"} for d in n.data}
        used |= {x: {self.moving} for x in self.free}
        for v in [*graph.forward.values(), *(() if self.tensor else graph.backward.values())]:
            if v.name not in used:
                used[v.name] = set().union(*(used[s.name] for s in v.symbols()))
        return {name: tuple(a for a in self.inputs if a in own) for name, own in used.items()}

    @cached_property
    def defined(self) -> list[Variable]:
        """The forward variables that the stage defines, whether E depends on them or not: all after the free ones."""
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
            values: argument -> its value, if that is not its name: ``image="image1"``.
        """
        own = self.tensor is None or name in self._own
        arguments = [values.get(a, a) for a in (self if own else self.whole).arguments[name]]
        path = f"{self.module}." if self.module and own and not inside else ""
        return f"({' '.join([path + name, *arguments])})" if arguments else path + name

    def printed(self, value: Expr | Variable, replaced: Mapping[str, str] | None = None, inside: bool = False) -> str:
        """An expression, or a variable's right side, with its quantities applied.

        Args:
            replaced: text for some of the quantities.
        """
        texts = replaced or {}
        printer = InfixPrinter(COQ, lambda s: texts[s.name] if s.name in texts else self.applied(s.name, inside))
        return printer.variable(value) if isinstance(value, Variable) else printer.expression(value).text
