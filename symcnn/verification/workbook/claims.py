"""What is claimed of the cells of a workbook, and how each claim is decided.

forward, backward    a cell's formula, with everything up to the next quantities put in, is the variable of the graph
totals               the factor times the sum over the images
next, training       parameter - learning rate · gradient; the first row of Training is a forward and a backward pass
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sympy import Add, Expr, Symbol

from symcnn.derivation import Graph, Variable
from symcnn.printers.cells import FormulaError, Place, written
from symcnn.printers.excel import FormulaPrinter
from symcnn.proof import GradientDomain, Verdict
from symcnn.proof.algebras import RealAlgebra
from symcnn.proof.arithmetic import Element
from symcnn.verification.workbook.equality import FormulaDomain, Values
from symcnn.verification.workbook.graph import CellGraph
from symcnn.verification.workbook.numbers import elsewhere, everything, given
from symcnn.verification.workbook.quantities import FACTOR, RATE, NamedCells
from symcnn.verification.workbook.result import Mismatch

#: Choices of parameters at which a wrong formula may show, beside the initial values.
WITNESSES = 8


@dataclass(frozen=True)
class ExpectedFormula:
    """A cell, and what its formula must say."""

    name: str
    place: Place
    expected: Expr
    right: Callable[[FormulaPrinter], str]


@dataclass
class Decider:
    """Decides claims about one workbook; keeps what was found."""

    quantities: NamedCells
    shown: CellGraph
    first_row: CellGraph
    findings: list[Mismatch] = field(default_factory=list)
    #: The cells of which something was claimed.
    claimed: set[Place] = field(default_factory=set)
    #: Where each finding of a claim stands, and the cells that are put in there.
    cones: dict[str, tuple[Place, list[Place]]] = field(default_factory=dict)

    # --- the claims -------------------------------------------------------------------------------------------------

    def forward(self, image: int, at: Callable[[str], Place]) -> Iterator[ExpectedFormula]:
        """Every quantity of the forward pass of an image."""
        yield from (self._variable(v, image, at) for v in self._graph.forward.values())

    def backward(self, image: int, at: Callable[[str], Place], gradients: bool) -> Iterator[ExpectedFormula]:
        """Every adjoint of an image; the parameters' gradients too, where they have cells of their own."""
        for v in self._graph.backward.values():
            if gradients or v.tensor.role == "adjoint":
                yield self._variable(v, image, at)

    def totals(self, at: Callable[[str], Place], put_in: bool) -> Iterator[ExpectedFormula]:
        """∂E_total of each parameter; ``put_in``: from the adjoints, not from the gradients of each image."""
        q = self.quantities
        for p in q.network.parameters:
            yield self._total(f"dE_d{p}", at, self._graph.backward[f"dE_d{p}"].expression if put_in else None)

    def error(self, at: Callable[[str], Place]) -> ExpectedFormula:
        return self._total("E_total", at, None)

    def next(self, places: Callable[[str], Place]) -> Iterator[ExpectedFormula]:
        """What gradient descent makes of each parameter."""
        for p in self.quantities.network.parameters:
            expected = Symbol(p) - Symbol(RATE) * Symbol(f"dE_d{p}")
            yield ExpectedFormula(f"next_{p}", places(p), expected, _descent(p))

    def starts(self) -> Iterator[ExpectedFormula]:
        """The first row of Training begins with the initial values."""
        for p in self.quantities.network.parameters:
            initial = Symbol(f"initial_{p}")
            place = self.quantities.column(p)[0]
            yield ExpectedFormula(p, place, initial, lambda printer, e=initial: printer.expression(e).text)  # type: ignore[misc]

    def _variable(self, variable: Variable, image: int, at: Callable[[str], Place]) -> ExpectedFormula:
        q, name = self.quantities, f"{variable.name}_image{image}"
        expected = q.derivation.of_image(variable.expression, image)

        def right(printer: FormulaPrinter) -> str:
            own = FormulaPrinter(lambda n: printer.expression(Symbol(q.of_image(n, image))).text)
            return own.variable(variable)

        return ExpectedFormula(name, at(name), expected, right)

    def _total(self, name: str, at: Callable[[str], Place], formula: Expr | None) -> ExpectedFormula:
        q = self.quantities
        bare = "E" if name == "E_total" else name
        images = range(1, q.images + 1)
        parts = [Symbol(f"{bare}_image{m}") if formula is None else q.derivation.of_image(formula, m) for m in images]
        expected = Add(*parts) * (Symbol(FACTOR) if q.trains else 1)
        return ExpectedFormula(name, at(name), expected, lambda printer: printer.expression(expected).text)

    @property
    def _graph(self) -> Graph:
        return self.quantities.derivation.graph

    # --- deciding ---------------------------------------------------------------------------------------------------

    def decide(self, claim: ExpectedFormula, graph: CellGraph, image: int | None = None) -> str:
        """Proved, probable, refuted or unknown; what is refuted is a finding.

        Args:
            image: of which an adjoint is claimed: a formula that is not the derivation's own may still be right.

        Raises:
            InputError: the formula is outside the supported grammar.
        """
        self.claimed.add(claim.place)
        if graph.stored(claim.place).formula is None:
            self._add(claim, graph)
            return "refuted"
        candidate = graph.right_side(claim.place)
        verdict = self._domain(candidate, claim.expected, graph).decide()
        if not verdict and image is not None:
            verdict = self._as_gradient(claim.name, candidate, image) or verdict
        if verdict.outcome == "wrong":
            values = verdict.counterexample
            self._add(claim, graph, values if isinstance(values, tuple) else None, verdict.at)
        return verdict.status

    def derived(self, names: Sequence[str]) -> dict[str, Verdict]:
        """What is known of the derivation's own formulas, against which the cells are held."""
        return {n: self._gradients.decide_displayed(n) for n in names}

    @cached_property
    def _gradients(self) -> GradientDomain:
        return GradientDomain(self.quantities.derivation)

    def _as_gradient(self, name: str, candidate: Expr, image: int) -> Verdict | None:
        """A formula of one image, against the derivative of E."""
        suffix = f"_image{image}"
        bare = {s: Symbol(s.name.removesuffix(suffix)) for s in candidate.free_symbols if s.name.endswith(suffix)}
        known = {*self._graph.inputs, *(v.name for v in self._graph)}
        own = set(self.quantities.network.parameters)
        if any(s not in bare and s.name not in own for s in candidate.free_symbols):
            return None
        if any(b.name not in known for b in bare.values()):
            return None
        self._gradients.renew_budget()
        return self._gradients.decide(name.removesuffix(suffix).removeprefix("dE_d"), candidate.xreplace(bare))

    # --- findings ---------------------------------------------------------------------------------------------------

    @cached_property
    def _values(self) -> list[tuple[str, dict[str, Element]]]:
        q = self.quantities
        first = given(q, self.shown)
        found = [("at_initial_values", everything(q, first))]
        return found + [("at_other_values", everything(q, elsewhere(first, n))) for n in range(WITNESSES)]

    def apart(self, one: Expr, other: Expr, graph: CellGraph) -> tuple[tuple[float, float], str] | None:
        """Two values that differ, and where."""
        return self._domain(one, other, graph).counterexample()

    def _domain(self, one: Expr, other: Expr, graph: CellGraph) -> FormulaDomain:
        return FormulaDomain(one, other, self._points(one.free_symbols | other.free_symbols, graph))

    def _points(self, symbols: set[Symbol], graph: CellGraph) -> Iterator[Values]:
        """The workbook's values, then others; a cell without a name holds its number."""
        for at, values in self._values:
            known = dict(values)
            for symbol in symbols:
                if symbol.name not in known and (number := self._number(graph, symbol)) is not None:
                    known[symbol.name] = number
            yield at, known

    def _add(
        self, claim: ExpectedFormula, graph: CellGraph, values: tuple[float, float] | None = None, at: str = ""
    ) -> None:
        finding = self._finding(claim, graph, values, at)
        self.findings.append(finding)
        if graph.stored(claim.place).formula is not None:
            self.cones[finding.cell] = (claim.place, graph.cone(claim.place))

    def _number(self, graph: CellGraph, symbol: Symbol) -> Element | None:
        """What stands in a cell without a name."""
        value = graph.number_called(symbol.name)
        return None if value is None else RealAlgebra([], 1).rational(*value.as_integer_ratio())

    def _finding(
        self, claim: ExpectedFormula, graph: CellGraph, values: tuple[float, float] | None, at: str
    ) -> Mismatch:
        stored = graph.stored(claim.place)
        found = (
            f"={stored.formula}" if stored.formula is not None else str("" if stored.value is None else stored.value)
        )
        return Mismatch(written(claim.place), claim.name, found, f"={self._right(claim, graph)}", values, at)

    def _right(self, claim: ExpectedFormula, graph: CellGraph) -> str:
        """The formula that should stand there, over the cells of the quantities."""
        cells = {symbol.name: place for place, symbol in graph.quantities.items()}

        def name(quantity: str) -> str:
            place = cells.get(quantity)
            if place is None:
                raise FormulaError(f"{quantity} has no cell here")
            return written(place, claim.place[0])

        return claim.right(FormulaPrinter(name))


def _descent(parameter: str) -> Callable[[FormulaPrinter], str]:
    def right(printer: FormulaPrinter) -> str:
        value, rate, slope = (printer.expression(Symbol(n)).text for n in (parameter, RATE, f"dE_d{parameter}"))
        return f"{value}-{rate}*{slope}"

    return right
