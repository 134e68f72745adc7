"""Proof that the displayed gradients are the derivatives of the error, by a separate path.

    the derivative   dual numbers in an algebra, through the fully substituted E_total; for a feature map's cell,
                     through E of one image with x kept as a generator
    the candidate    any SymPy expression, for example ``d.gradients[name]``, as an element of the algebra

The derivative uses no ``diff`` and no adjoint. Both sides share the forward equations, which are checked elsewhere, by
the article's printed equations. A candidate that differs in generators is wrong only with a real point at which the
values differ: outputs may depend on each other (σ(2z) on σ(z)), gates too. And numbers that agree do not prove a
gradient.

A candidate may be in SymPy's words; a sigmoid or a softmax written out needs no rule, because the algebra relates it to
exp:

    Symbol("f_11", real=True)                        f_11: assumptions don't matter
    0.1                                              1/10: a float is the decimal that it prints as
    Max(0, z)                                        relu(z)
    Piecewise((a, z > 0), (b, True)), Heaviside(z, 0)    gate(z, a, b)
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sympy import Expr, Float, Heaviside, Max, Piecewise, Rational, S, Symbol
from sympy.core.relational import GreaterThan, LessThan, Relational, StrictGreaterThan, StrictLessThan

from symcnn.derivation import Derivation, Variable
from symcnn.errors import UnknownQuantityError, one_of, quoted
from symcnn.proof.algebra import Algebra
from symcnn.proof.arithmetic import Dual, Element
from symcnn.proof.domain import POINTS, AlgebraicDomain, Make
from symcnn.proof.paths import Slope, generators_of, inputs, parameters_and_data
from symcnn.proof.verdict import Method, TooLargeError, UndecidableError, Verdict, decide
from symcnn.symbolic import E_TOTAL, PIECEWISE, E, Name, Tensor, entries, gate, relu, symbol
from symcnn.text.characters import html_table


def standardized(e: Expr) -> Expr:
    """Return a formula in symcnn's own functions.

    Raises:
        UndecidableError: it has another value at a kink than on either side, which symcnn has not.
    """
    if e.is_Symbol:
        return symbol(e.name)
    if isinstance(e, Float):
        return _exact(e)
    if isinstance(e, Piecewise):
        return _pieces(list(e.args))
    if isinstance(e, Heaviside):
        if e.args[1] != 0:
            raise UndecidableError(f"{e}: its value at 0 is not 0, as relu's slope there is; write Heaviside(z, 0)")
        return gate(standardized(e.args[0]), S.One, S.Zero)
    if not e.args:
        return e
    args = [standardized(a) for a in e.args]
    if isinstance(e, Max) and len(args) == 2 and S.Zero in args:
        [z] = [a for a in args if a != 0] or [S.Zero]
        return relu(z)
    return e.func(*args)


def _exact(number: Float) -> Rational:
    # a double prints as the shortest decimal that is nearest to no other double
    return Rational(repr(float(number)) if number._prec == 53 else str(number))


def _pieces(pieces: list[Expr]) -> Expr:
    (value, condition), *others = pieces
    if condition == S.true or not others:
        if condition != S.true:
            raise UndecidableError(f"Piecewise: nothing is said of where {condition} is false")
        return standardized(value)
    rest = _pieces(others)
    value = standardized(value)
    if not isinstance(condition, Relational) or condition.lhs.is_Number == condition.rhs.is_Number:
        raise UndecidableError(f"Piecewise where {condition}: only comparisons of a quantity with 0 are decided")
    low, high = condition.lhs, condition.rhs  # low < high
    if isinstance(condition, (StrictGreaterThan, GreaterThan)):
        low, high = high, low
    elif not isinstance(condition, (StrictLessThan, LessThan)):
        raise UndecidableError(f"Piecewise where {condition}: only comparisons with 0 are decided")
    strict = isinstance(condition, (StrictGreaterThan, StrictLessThan))
    if low == 0 and strict:  # z > 0
        return gate(standardized(high), value, rest)
    if high == 0 and not strict:  # z <= 0
        return gate(standardized(low), rest, value)
    raise UndecidableError(
        f"Piecewise where {condition}: at the kink itself it takes the other side; symcnn's rectifiers have the"
        " slope of the left side at 0: write > 0 or <= 0"
    )


EXACT = "exact normal form, outputs of functions as generators"
MODULAR = "random points modulo 2^61 - 1, outputs of functions as generators"
#: The same where relu or a maximum occurs.
EXACT_GATES = "exact normal form, outputs of functions, gates and winners as generators"
MODULAR_GATES = "random points modulo 2^61 - 1, outputs of functions, gates and winners as random field elements"
REAL = "the values differ at a real point"
FOREIGN = "the normal forms differ, but the numbers agree: outputs of functions depend on each other"


@dataclass(frozen=True, repr=False)
class Proof:
    """One verdict for each gradient, in the order of the derivation."""

    rows: tuple[Verdict, ...]

    @property
    def ok(self) -> bool:
        """Everything is proved."""
        return all(self.rows)

    @property
    def proved(self) -> int:
        return sum(map(bool, self.rows))

    def __str__(self) -> str:
        return "\n".join(f"{row.claim}: {row.status} ({row.method})" for row in self.rows)

    def __repr__(self) -> str:
        return f"Proof({self.proved} of {len(self.rows)} proved)"

    def _repr_html_(self) -> str:
        rows = [(row.claim, row.status, row.method) for row in self.rows]
        return f"{html_table(('claim', 'status', 'method'), rows)}<p>{self!r}</p>"


class _Images:
    """The quantities of some images in one algebra, from their parameters, data and perhaps a kept tensor."""

    def __init__(self, derivation: Derivation, algebra: Algebra, start: list[dict[Expr, Element]]) -> None:
        self._graph = derivation.graph
        self.algebra, self._start = algebra, start
        self._quantities: list[dict[Expr, Element]] | None = None

    @property
    def forward(self) -> list[dict[Expr, Element]]:
        """Every quantity of each image's forward pass as an element, and the adjoints used so far."""
        if self._quantities is None:
            self._quantities = [dict(start) for start in self._start]
            self._add(self._graph.forward.values())
        return self._quantities

    def elements(self, candidate: Expr) -> list[Element]:
        """Return the candidate of each image; functions that only it has are forgotten afterwards."""
        known = self.forward
        self._add(self._adjoints_of(candidate))
        mark = self.algebra.mark()
        try:
            return [self.algebra.element(candidate, k) for k in known]
        finally:
            if self.algebra.restore(mark):
                self._quantities = None  # they cache sums with sigmoids that are forgotten

    def _adjoints_of(self, candidate: Expr) -> list[Variable]:
        """Return the adjoints on which a candidate depends, each after those on which it depends itself."""
        backward, needed = self._graph.backward, set()
        waiting = [s.name for s in candidate.free_symbols]
        while waiting:
            name = waiting.pop()
            if name in backward and name not in needed:
                needed.add(name)
                waiting += [s.name for s in backward[name].symbols()]
        return [backward[name] for name in backward.in_order(needed)]

    def _add(self, variables: Iterable[Variable]) -> None:
        assert self._quantities is not None
        for variable in variables:
            key = variable.quantity.symbol
            for known in self._quantities:
                if key not in known:
                    known[key] = self.algebra.element(variable.expression, known)

    def slopes(self, directions: Iterable[Symbol]) -> dict[Symbol, Element]:
        """Return ∂E/∂direction, summed over the images: dual numbers through the whole forward pass."""
        total = dict.fromkeys(directions, self.algebra.zero)
        for start in self._start:
            values = {s: Dual(e, {s: self.algebra.one} if s in total else {}) for s, e in start.items()}
            for variable in self._graph.forward.values():
                if variable.quantity.symbol not in values:
                    values[variable.quantity.symbol] = self.algebra.dual(variable.expression, values)
            total = self.algebra.merged((total, values[E.symbol].slopes))
        return total

    def expanded_slope(self, by: Symbol) -> Element:
        """Return ∂E/∂(a quantity of the forward pass) of the first image, as a function of parameters and data."""
        values = {s: Dual(e, {}) for s, e in self._start[0].items()}
        for variable in self._graph.forward.values():
            symbol, dual = variable.quantity.symbol, self.algebra.dual(variable.expression, values)
            values[symbol] = Dual(dual.value, {by: self.algebra.one}) if symbol == by else dual
        return values[E.symbol].slopes.get(by, self.algebra.zero)


class GradientEvaluator:
    """Gradients of one derivation, and candidates for them, in one algebra.

    For a parameter the algebra has the parameters, and the data of each image: E_total is the sum over the images,
    fully substituted. For a feature map's cell it has one image, whose pixels are symbols like any other, and the cells
    of that map: E with everything downstream of x substituted and x kept. (Only of that map: with a later map kept too,
    E would not depend on this one.)

    Args:
        directions: the parameters by which E_total is differentiated at once (None: all); any other one by itself.
    """

    def __init__(
        self,
        derivation: Derivation,
        make: Make,
        directions: Sequence[Symbol] | None = None,
    ) -> None:
        d = self.derivation = derivation
        self._shared, self._data = parameters_and_data(d)
        self._make, self._directions = make, self._shared if directions is None else directions
        self._is_shared = frozenset(self._shared)
        self._too_large = ""
        self.calls = generators_of(d)
        # every image has the same formulas with other names: two suffice to see that they are added
        images = range(1, min(d.samples, 2) + 1)
        # as many again as the network has, for the functions of a candidate
        algebra = make(inputs(d, images), self.calls * len(images) + self.calls)
        maps = d.network.forward.feature_maps if algebra.is_faithful else ()
        self._maps = {q.symbol: tensor for tensor in maps for q in entries(tensor)}
        self._total = _Images(d, algebra, [self._start_values(algebra, image) for image in images])
        self._total_slopes: dict[Symbol, Element] = {}
        self._kept: dict[Tensor, _Images] = {}
        self._kept_slopes: dict[Tensor, dict[Symbol, Element]] = {}

    def renew_budget(self) -> None:
        """Start a new budget, which the next decisions share."""
        for images in (self._total, *self._kept.values()):
            images.algebra.renew_budget()

    def prepare(self, by: Symbol) -> None:
        """Compute what every decision about ∂E/∂by needs, whatever the candidate.

        Raises:
            TooLargeError: that alone is too large; every later decision is then refused, too.
        """
        if self._too_large:
            raise TooLargeError(self._too_large)
        try:
            self._prepare(by)
        except TooLargeError as error:
            self._too_large = str(error)
            raise

    def _prepare(self, by: Symbol) -> None:
        _ = self._total.forward
        if by in self._is_shared:
            self._total_slope(by)
        if by in self._maps:
            tensor = self._maps[by]
            if tensor not in self._kept_slopes:
                cells = [q.symbol for q in entries(tensor)]
                algebra = self._make([*self._shared, *self._data, *cells], 2 * self.calls)
                self._kept[tensor] = _Images(self.derivation, algebra, [self._start_values(algebra, None, cells)])
                self._kept_slopes[tensor] = self._kept[tensor].slopes(cells)
            _ = self._kept[tensor].forward

    def sides(self, candidate: Expr, derivative: Slope) -> tuple[Element, Element]:
        """Return the candidate, an expression of one image, and the derivative of E.

        For a parameter the images are added on both sides: Σ candidate(image) and ∂E_total/∂name. For any other
        quantity of the forward pass it is one image: with its feature map kept or, where that does not decide it (x may
        be substituted in the candidate, or it is a quantity of no feature map), fully substituted.

        Raises:
            UndecidableError: the candidate has no form in the algebra.
        """
        by = derivative.by
        self.prepare(by)
        if by in self._maps:
            tensor = self._maps[by]
            [element] = self._kept[tensor].elements(candidate)
            if element == self._kept_slopes[tensor][by]:
                return element, element
        if by in self._is_shared:
            return sum(self._total.elements(candidate), self._total.algebra.zero), self._total_slope(by)
        return self._total.elements(candidate)[0], self._total.expanded_slope(by)

    def _total_slope(self, by: Symbol) -> Element:
        """Return ∂E_total/∂parameter of the fully substituted E_total."""
        if by not in self._total_slopes:
            together = self._directions if by in self._directions else (by,)
            self._total_slopes |= self._total.slopes(together)
        return self._total_slopes[by]

    def _start_values(self, algebra: Algebra, image: int | None, kept: Iterable[Symbol] = ()) -> dict[Expr, Element]:
        """Return the generators of one image: the shared parameters, its own data, and the kept tensor."""
        at = self.derivation.quantities.of_image
        return {s: algebra.generators[at(s, image)] for s in (*self._shared, *self._data, *kept)}


class GradientDomain(AlgebraicDomain[GradientEvaluator]):
    """Candidates (left) for derivatives of E (right).

    Args:
        listed: the gradients that will be decided; what they share is computed once. None: all.
    """

    numerically, foreign = REAL, FOREIGN

    def __init__(self, derivation: Derivation, listed: Iterable[Name] | None = None) -> None:
        self.derivation = derivation
        derivation.require_scalars("proved gradient by gradient", "`symcnn verify` proves the equations of any network")
        parameters, _ = parameters_and_data(derivation)
        of = derivation.quantities.of
        directions = frozenset(parameters if listed is None else (of(name).symbol for name in listed))
        self._directions = tuple(parameter for parameter in parameters if parameter in directions)
        kinked = any(v.expression.has(*PIECEWISE) for v in derivation.graph.forward.values())
        self.exactly, self.modularly = (EXACT_GATES, MODULAR_GATES) if kinked else (EXACT, MODULAR)
        # with kinks, a gate is closed at some points, and another candidate wins
        self.points = POINTS if kinked else 1

    def decide(self, name: Name, candidate: Expr) -> Verdict:
        """Decide whether a candidate is ∂E/∂name; it may use every quantity of the network, also adjoints.

        Raises:
            InputError: nothing is differentiated by ``name``.
        """
        d = self.derivation
        by = d.quantities.of(name) if name in d.quantities else None
        if by is None or not ((by.tensor.is_shared and not by.is_adjoint) or by.name in d.graph.forward):
            names = [*d.network.parameters, *d.graph.forward]
            raise UnknownQuantityError(f"{quoted(name)}: nothing is differentiated by it; {one_of(name, names)}")
        claim = Slope((E_TOTAL if by.tensor.is_shared else E).symbol, by.symbol)
        return decide(candidate, Slope(E.symbol, by.symbol), self, name=by, claim=claim)

    def decide_displayed(self, name: Name) -> Verdict:
        """Decide the displayed forms of ∂E/∂name, with and without adjoints; return the first verdict but "right"."""
        self.renew_budget()
        gradient = self.derivation[name]
        displayed = [gradient.formula] + ([gradient.expression] if gradient.has_short_expression else [])
        verdicts = [self.decide(gradient.quantity, candidate) for candidate in displayed]
        return next((v for v in verdicts if not v), verdicts[0])

    def renew_budget(self) -> None:
        """Start a new budget, which the next decisions share."""
        if self.__dict__.get("exact") is not None:
            self.__dict__["exact"].renew_budget()

    def methods(self, left: Expr, right: Slope) -> Iterator[Method]:
        """
        Raises:
            UndecidableError: the candidate has a symbol that is no quantity of the network.
        """
        foreign = sorted(s.name for s in left.free_symbols if s.name not in self._quantities)
        if foreign:
            raise UndecidableError(
                f"{quoted(foreign[0])} is not a quantity of the network: {one_of(foreign[0], self._quantities)}"
            )
        return super().methods(standardized(left), right)

    @cached_property
    def _quantities(self) -> dict[str, None]:
        graph = self.derivation.graph
        return dict.fromkeys((*graph.inputs, *graph.forward, *graph.backward))

    # --- the same gradients in each algebra ---------------------------------------------------------------------------

    def sides_in(self, make: Make) -> GradientEvaluator:
        return GradientEvaluator(self.derivation, make, self._directions)

    def leaves(self) -> int:
        return 2 * self.degrees.calls


def prove(derivation: Derivation) -> Proof:
    """Decide every displayed gradient, and the formula with adjoints from which it follows."""
    domain = GradientDomain(derivation)
    return Proof(tuple(map(domain.decide_displayed, derivation.listed)))
