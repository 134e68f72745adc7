"""The claims about the cells of a workbook, and how each is decided.

forward, backward    a cell's formula, inlined up to the next quantities, is the variable of the graph
totals               the factor times the sum over the images
next, training       parameter - learning rate · gradient; the first row of Training is a forward and a backward pass

Whether two formulas say the same is decided as written, by normal forms, modulo a prime, or in numbers: every quantity
of a workbook at its inputs, to 60 digits, where an altered formula shows by its number.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sympy import Add, Expr, Function, Rational, Symbol

from symcnn.derivation import Graph, Variable
from symcnn.errors import InputError
from symcnn.printers.cells import FormulaError, Place, written
from symcnn.printers.excel import FormulaPrinter
from symcnn.proof import GradientDomain
from symcnn.proof.algebra import Algebra, RealAlgebra
from symcnn.proof.arithmetic import Element
from symcnn.proof.domain import AlgebraicDomain, Make
from symcnn.proof.verdict import UndecidableError, Verdict, decide
from symcnn.symbolic import E_TOTAL, LEAF, E, Quantity, maximum, relu
from symcnn.workbook.check.cell_graph import CellGraph
from symcnn.workbook.check.names import FACTOR, RATE, Named, NamedCells, initial, next_value
from symcnn.workbook.check.result import Mismatch

#: Values of quantities, and where they are: "at_initial_values" or "at_other_values".
Values = tuple[str, Mapping[Symbol, Element]]


class Bounded(RealAlgebra):
    """Real numbers whose functions are only worked out where a spreadsheet could: formulas may tower up anything."""

    def output(self, function: type[Function], z: Element) -> Element:
        if abs(z) > 1e9:
            raise UndecidableError("too large a number")
        return super().output(function, z)


class FormulaEvaluator:
    """Formulas in one algebra.

    Args:
        known: symbol -> element.
    """

    def __init__(self, algebra: Algebra, known: Mapping[Expr, Element]) -> None:
        self._algebra, self._known = algebra, known

    def sides(self, left: Expr, right: Expr) -> tuple[Element, Element]:
        known = dict(self._known)
        return self._algebra.element(left, known), self._algebra.element(right, known)


class FormulaDomain(AlgebraicDomain[FormulaEvaluator]):
    """Two formulas, whatever the quantities in them are. A cell must hold what symcnn writes, in whatever form.

    Args:
        points: values of the quantities at which the formulas may differ; others are at random.
    """

    is_canonical = True
    apart = 1e-12

    def __init__(self, left: Expr, right: Expr, points: Iterable[Values] = ()) -> None:
        self._left, self._right = written_alike(left), written_alike(right)
        self._points = points
        self._symbols = sorted(self._left.free_symbols | self._right.free_symbols, key=str)
        # names that a ring takes, whatever the sheets are called
        self._names = [f"q_{n}" for n in range(len(self._symbols))]
        calls = [c for e in (self._left, self._right) for c in e.atoms(Function)]
        self._calls = sum(max(len(c.args), LEAF[c.func].generators if c.func in LEAF else 1) for c in calls)

    def decide(self) -> Verdict:
        """Do they say the same?"""
        return decide(self._left, self._right, self)

    def counterexample(self) -> tuple[tuple[float, float], str] | None:
        """Two values that differ, and where."""
        try:
            comparison = self.in_numbers(self._left, self._right)
        except UndecidableError:
            return None
        values = comparison.counterexample
        return (values, comparison.at) if isinstance(values, tuple) else None

    def sides_in(self, make: Make) -> FormulaEvaluator:
        algebra = make(self._names, self._calls)
        return FormulaEvaluator(algebra, dict(zip(self._symbols, algebra.generators.values(), strict=True)))

    def leaves(self) -> int:
        return self._calls

    def reals(self) -> Iterator[tuple[FormulaEvaluator, str]]:
        for at, values in self._points:
            algebra = Bounded([s.name for s in self._symbols if s not in values], 1)
            known = {s: values.get(s, algebra.generators.get(s.name)) for s in self._symbols}
            yield FormulaEvaluator(algebra, known), at


def written_alike(e: Expr) -> Expr:
    """Decimals as the rational numbers that are written, and MAX(0,z) as one and the same function."""
    changes = {f: Rational(repr(float(f))) for f in e.atoms() if f.is_Float}
    changes |= {m: relu(m.args[1]) for m in e.atoms(maximum) if len(m.args) == 2 and m.args[0] == 0}
    return e.xreplace(changes) if changes else e


def input_values(quantities: NamedCells, graph: CellGraph) -> dict[Symbol, float]:
    """Return pixels, targets, settings and initial values, as their cells hold them.

    Raises:
        InputError: one of them is no number.
    """
    q = quantities
    data = [quantity.of_image(m) for m in range(1, q.images + 1) for quantity in q.inputs]
    names: dict[Symbol, Named] = {quantity.symbol: quantity for quantity in data}
    names |= {setting: setting for setting in q.settings}
    names |= {p.symbol: initial(p) if q.trains else p for p in q.parameters}
    values = {}
    for symbol, name in names.items():
        place = q.place(name)
        content = graph.content(place)
        if content.formula is not None or not isinstance(content.value, float):
            raise InputError(f"{q.path}: {written(place)} ({name}): expected a number, which the reader may change")
        values[symbol] = content.value
    return values


def random_values(values: Mapping[Symbol, float], seed: int) -> dict[Symbol, float]:
    """Return random values for the same symbols."""
    rng = random.Random(seed)
    return {n: rng.uniform(0.25, 2) * rng.choice((-1, 1)) for n in values}


def evaluate_all(quantities: NamedCells, values: Mapping[Symbol, float]) -> dict[Symbol, Element]:
    """Evaluate every quantity at these inputs."""
    q, graph = quantities, quantities.derivation.graph
    algebra = Bounded([], 1)
    known: dict[Symbol, Element] = {s: algebra.rational(*v.as_integer_ratio()) for s, v in values.items()}
    known |= {initial(p): known[p.symbol] for p in q.parameters}
    for m in range(1, q.images + 1):
        inputs = (*q.parameters, *q.inputs)
        of_image: dict[Expr, Element] = {n.symbol: known[n.of_image(m).symbol] for n in inputs}
        for variable in graph:
            try:
                value = algebra.element(variable.expression, of_image)
            except UndecidableError:  # a logarithm of no positive number: neither it nor what depends on it has a value
                return known
            quantity = variable.quantity
            of_image[quantity.symbol] = known[quantity.of_image(m).symbol] = value
    factor: Element = known.get(FACTOR, algebra.one)
    for quantity in [E, *(p.adjoint for p in q.parameters)]:
        total = sum((known[quantity.of_image(m).symbol] for m in range(1, q.images + 1)), algebra.zero)
        known[(E_TOTAL if quantity == E else quantity).symbol] = factor * total
    return known


#: Choices of parameters at which a wrong formula may show, beside the initial values.
WITNESSES = 8


@dataclass(frozen=True)
class ExpectedFormula:
    """A cell, and what its formula must say; ``right`` prints it, if not as the expression."""

    of: Named
    place: Place
    expected: Expr
    right: Callable[[FormulaPrinter], str] | None = None


@dataclass
class Decider:
    """Decides claims about one workbook and collects the mismatches."""

    quantities: NamedCells
    current: CellGraph
    first_row: CellGraph
    findings: list[Mismatch] = field(default_factory=list)
    #: The cells that a claim is about.
    claimed: set[Place] = field(default_factory=set)
    #: Cell of a finding -> its place, and the formula cells that are inlined there.
    cones: dict[str, tuple[Place, list[Place]]] = field(default_factory=dict)

    # --- the claims -------------------------------------------------------------------------------------------------

    def forward(self, image: int, at: Callable[[Quantity], Place]) -> Iterator[ExpectedFormula]:
        """Every quantity of the forward pass of an image."""
        yield from (self._variable(v, image, at) for v in self._graph.forward.values())

    def backward(self, image: int, at: Callable[[Quantity], Place], gradients: bool) -> Iterator[ExpectedFormula]:
        """Every adjoint of an image; the parameters' gradients too, where they have cells of their own."""
        for v in self._graph.backward.values():
            if gradients or v.tensor.role == "adjoint":
                yield self._variable(v, image, at)

    def totals(self, at: Callable[[Quantity], Place], inline: bool) -> Iterator[ExpectedFormula]:
        """∂E_total of each parameter; ``inline``: from the adjoints, not from the gradients of each image."""
        for p in self.quantities.parameters:
            yield self._total(p.adjoint, at, self._graph[p.adjoint].expression if inline else None)

    def error(self, at: Callable[[Quantity], Place]) -> ExpectedFormula:
        return self._total(E_TOTAL, at, None)

    def next(self, places: Callable[[Quantity], Place]) -> Iterator[ExpectedFormula]:
        """Each parameter after a step of gradient descent."""
        for p in self.quantities.parameters:
            symbols = p.symbol, RATE, p.adjoint.symbol

            def right(printer: FormulaPrinter, symbols: tuple[Symbol, ...] = symbols) -> str:
                return "{}-{}*{}".format(*(printer.expression(symbol).text for symbol in symbols))

            expected = p.symbol - RATE * p.adjoint.symbol
            yield ExpectedFormula(next_value(p), places(p), expected, right)

    def starts(self) -> Iterator[ExpectedFormula]:
        """The first row of Training begins with the initial values."""
        for p in self.quantities.parameters:
            yield ExpectedFormula(p, self.quantities.column(p)[0], initial(p))

    def _variable(self, variable: Variable, image: int, at: Callable[[Quantity], Place]) -> ExpectedFormula:
        derivation, quantity = self.quantities.derivation, variable.quantity.of_image(image)
        expected = derivation.of_image(variable.expression, image)

        def right(printer: FormulaPrinter) -> str:
            own = FormulaPrinter(lambda symbol: printer.expression(derivation.of_image(symbol, image)).text)
            return own.variable(variable)

        return ExpectedFormula(quantity, at(quantity), expected, right)

    def _total(self, of: Quantity, at: Callable[[Quantity], Place], formula: Expr | None) -> ExpectedFormula:
        q = self.quantities
        one = (E if of == E_TOTAL else of).symbol if formula is None else formula
        expected = Add(*(q.derivation.of_image(one, m) for m in range(1, q.images + 1))) * (FACTOR if q.trains else 1)
        return ExpectedFormula(of, at(of), expected)

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
        if graph.content(claim.place).formula is None:
            self._add(claim, graph)
            return "refuted"
        candidate = graph.right_side(claim.place)
        verdict = self._domain(candidate, claim.expected, graph).decide()
        if not verdict and image is not None:
            verdict = self._as_gradient(claim.of, candidate, image) or verdict
        if verdict.outcome == "wrong":
            values = verdict.counterexample
            self._add(claim, graph, values if isinstance(values, tuple) else None, verdict.at)
        return verdict.status

    def derived(self, names: Sequence[str]) -> dict[str, Verdict]:
        """Decide the derivation's own formulas, which the cells are compared with."""
        return {n: self._gradients.decide_displayed(n) for n in names}

    @cached_property
    def _gradients(self) -> GradientDomain:
        return GradientDomain(self.quantities.derivation)

    def _as_gradient(self, adjoint: Named, candidate: Expr, image: int) -> Verdict | None:
        """A formula of one image, against the derivative of E."""
        known = self.quantities.derivation.quantities
        bare: dict[Expr, Expr] = {}
        for symbol in candidate.free_symbols:
            quantity = known.of(symbol) if symbol in known else None
            if quantity is None or quantity != quantity.of_image(image) or quantity == E_TOTAL:
                return None
            bare[symbol] = quantity.of_image(None).symbol
        assert isinstance(adjoint, Quantity)  # of an image
        self._gradients.renew_budget()
        return self._gradients.decide(adjoint.of_image(None).primal.name, candidate.xreplace(bare))

    # --- findings ---------------------------------------------------------------------------------------------------

    @cached_property
    def _values(self) -> list[tuple[str, dict[Symbol, Element]]]:
        q = self.quantities
        first = input_values(q, self.current)
        points = [("at_initial_values", evaluate_all(q, first))]
        return points + [("at_other_values", evaluate_all(q, random_values(first, n))) for n in range(WITNESSES)]

    def differing_values(self, one: Expr, other: Expr, graph: CellGraph) -> tuple[tuple[float, float], str] | None:
        """Two values that differ, and where."""
        return self._domain(one, other, graph).counterexample()

    def _domain(self, one: Expr, other: Expr, graph: CellGraph) -> FormulaDomain:
        return FormulaDomain(one, other, self._points(one.free_symbols | other.free_symbols, graph))

    def _points(self, symbols: set[Symbol], graph: CellGraph) -> Iterator[Values]:
        """The workbook's values, then others; a cell without a name holds its number."""
        for at, values in self._values:
            known = dict(values)
            for symbol in symbols:
                if symbol not in known and (number := graph.number_called(symbol.name)) is not None:
                    known[symbol] = RealAlgebra([], 1).rational(*number.as_integer_ratio())
            yield at, known

    def _add(
        self, claim: ExpectedFormula, graph: CellGraph, values: tuple[float, float] | None = None, at: str = ""
    ) -> None:
        cell, content = written(claim.place), graph.content(claim.place)
        right = f"={self._right(claim, graph)}"
        self.findings.append(Mismatch(cell, claim.of.name, content.text, right, values, at))
        if content.formula is not None:
            self.cones[cell] = (claim.place, graph.cone(claim.place))

    def _right(self, claim: ExpectedFormula, graph: CellGraph) -> str:
        """Return the right formula, over the cells of the quantities."""
        cells = {symbol: place for place, symbol in graph.quantities.items()}

        def name(symbol: Symbol) -> str:
            place = cells.get(symbol)
            if place is None:
                raise FormulaError(f"{symbol.name} has no cell here")
            return written(place, claim.place[0])

        printer = FormulaPrinter(name)
        return printer.expression(claim.expected).text if claim.right is None else claim.right(printer)
