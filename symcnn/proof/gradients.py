"""Proof that the displayed gradients are the derivatives of the error, by a separate path.

    the derivative   dual numbers in an algebra, through E_total with everything put in; for a feature map's cell,
                     through E of one image with x kept as a generator
    the candidate    any SymPy expression, for example ``d.gradients[name]``, turned into the algebra

No ``diff`` and no adjoint takes part in the derivative. Both sides share the forward equations: those are tied down
elsewhere, by the article's printed equations. What differs in generators is wrong only with a real point at which the
values differ: outputs may depend on each other (σ(2z) on σ(z)), gates too. And numbers that agree do not make a
gradient right.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sympy import Expr, Function, Symbol

from symcnn.derivation import Derivation, Variable
from symcnn.errors import UnknownQuantityError, one_of, quoted
from symcnn.proof.algebra import Algebra
from symcnn.proof.arithmetic import Dual, Element
from symcnn.proof.candidate import in_our_words
from symcnn.proof.domain import POINTS, AlgebraicDomain, Make
from symcnn.proof.paths import Slope, given, inputs
from symcnn.proof.verdict import Method, TooLargeError, UndecidableError, Verdict, decide
from symcnn.symbolic import E_TOTAL, LEAF, PIECEWISE, E, Name, Tensor, entries, maximum

EXACT = "exact normal form, outputs of functions as generators"
MODULAR = "random points modulo 2^61 - 1, outputs of functions as generators"
#: The same where relu or a maximum occurs.
EXACT_GATES = "exact normal form, outputs of functions, gates and winners as generators"
MODULAR_GATES = "random points modulo 2^61 - 1, outputs of functions, gates and winners as random field elements"
REAL = "the values differ at a real point"
FOREIGN = "the normal forms differ, but the numbers agree: outputs of functions depend on each other"


@dataclass(frozen=True)
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


class _Images:
    """One algebra with what is given for some images: parameters, data and, it may be, a kept tensor."""

    def __init__(self, derivation: Derivation, algebra: Algebra, start: list[dict[Expr, Element]]) -> None:
        self._graph = derivation.graph
        self.algebra, self._start = algebra, start
        self._quantities: list[dict[Expr, Element]] | None = None

    @property
    def forward(self) -> list[dict[Expr, Element]]:
        """Every quantity of the forward pass of each image as an element, and the adjoints that were needed."""
        if self._quantities is None:
            self._quantities = [dict(start) for start in self._start]
            self._add(self._graph.forward.values())
        return self._quantities

    def elements(self, candidate: Expr) -> list[Element]:
        """The candidate with each image's quantities put in; what it alone brings is forgotten afterwards."""
        known = self.forward
        self._add(self._adjoints_of(candidate))
        mark = self.algebra.mark()
        try:
            return [self.algebra.element(candidate, k) for k in known]
        finally:
            if self.algebra.restore(mark):
                self._quantities = None  # they remember sums with sigmoids that are gone

    def _adjoints_of(self, candidate: Expr) -> list[Variable]:
        """The adjoints that a candidate rests on, each after those that it itself rests on."""
        backward, needed = self._graph.backward, set()
        waiting = [s.name for s in candidate.free_symbols]
        while waiting:
            name = waiting.pop()
            if name in backward and name not in needed:
                needed.add(name)
                waiting += [s.name for s in backward[name].symbols()]
        return [variable for name, variable in backward.items() if name in needed] if needed else []

    def _add(self, variables: Iterable[Variable]) -> None:
        assert self._quantities is not None
        for variable in variables:
            key = variable.quantity.symbol
            for known in self._quantities:
                if key not in known:
                    known[key] = self.algebra.element(variable.expression, known)

    def slopes(self, directions: Iterable[Symbol]) -> dict[Symbol, Element]:
        """∂E/∂direction, added over the images: dual numbers, everything that is not given put in."""
        total = dict.fromkeys(directions, self.algebra.zero)
        for start in self._start:
            values = {s: Dual(e, {s: self.algebra.one} if s in total else {}) for s, e in start.items()}
            for variable in self._graph.forward.values():
                if variable.quantity.symbol not in values:
                    values[variable.quantity.symbol] = self.algebra.dual(variable.expression, values)
            total = self.algebra.merged((total, values[E.symbol].slopes))
        return total

    def slope_put_in(self, by: Symbol) -> Element:
        """∂E/∂(a quantity of the forward pass) of the first image, as a function of what is given."""
        values = {s: Dual(e, {}) for s, e in self._start[0].items()}
        for variable in self._graph.forward.values():
            symbol, found = variable.quantity.symbol, self.algebra.dual(variable.expression, values)
            values[symbol] = Dual(found.value, {by: self.algebra.one}) if symbol == by else found
        return values[E.symbol].slopes.get(by, self.algebra.zero)


class GradientEvaluator:
    """Gradients of one derivation, and candidates for them, in one algebra.

    For a parameter the algebra holds the parameters once and the data once for each image: E_total is the sum over the
    images, with everything put in. For a feature map's cell it holds one image, whose pixels are symbols like any
    other, and the cells of that map: E with everything downstream of x put in and x kept. (Only of that map: with a
    later map kept too, E would not depend on this one.)

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
        self._shared, self._data = given(d)
        self._make, self._directions = make, self._shared if directions is None else directions
        self._is_shared = frozenset(self._shared)
        self._too_large = ""
        self.calls = generators_of(d)
        # every image brings the same formulas with names of its own: two show that they are added
        images = range(1, min(d.samples, 2) + 1)
        # as many again as the network has: a candidate may bring its own
        algebra = make(inputs(d, images), self.calls * len(images) + self.calls)
        maps = d.network.forward.feature_maps if algebra.is_faithful else ()
        self._maps = {q.symbol: tensor for tensor in maps for q in entries(tensor)}
        self._total = _Images(d, algebra, [self._given(algebra, image) for image in images])
        self._total_slopes: dict[Symbol, Element] = {}
        self._kept: dict[Tensor, _Images] = {}
        self._kept_slopes: dict[Tensor, dict[Symbol, Element]] = {}

    def renew_budget(self) -> None:
        """Let the next decisions take their time anew; until then all share one budget."""
        for images in (self._total, *self._kept.values()):
            images.algebra.renew_budget()

    def prepare(self, by: Symbol) -> None:
        """Work out what every decision about ∂E/∂by needs, whatever the candidate.

        Raises:
            TooLargeError: that alone is too much; then it is refused from now on.
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
                self._kept[tensor] = _Images(self.derivation, algebra, [self._given(algebra, None, cells)])
                self._kept_slopes[tensor] = self._kept[tensor].slopes(cells)
            _ = self._kept[tensor].forward

    def sides(self, candidate: Expr, derivative: Slope) -> tuple[Element, Element]:
        """The candidate, an expression of one image, and the derivative of E.

        For a parameter the images are added on both sides: Σ candidate(image) and ∂E_total/∂name. For any other
        quantity of the forward pass, one image: with its feature map kept; or, where that does not decide it (x may
        be written out, or another quantity is asked for), with everything put in.

        Raises:
            UndecidableError: the candidate has no place in the algebra.
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
        return self._total.elements(candidate)[0], self._total.slope_put_in(by)

    def _total_slope(self, by: Symbol) -> Element:
        """∂E_total/∂parameter of the fully substituted E_total."""
        if by not in self._total_slopes:
            together = self._directions if by in self._directions else (by,)
            self._total_slopes |= self._total.slopes(together)
        return self._total_slopes[by]

    def _given(self, algebra: Algebra, image: int | None, kept: Iterable[Symbol] = ()) -> dict[Expr, Element]:
        """What is given for one image: the shared parameters, its own data, and what is kept."""
        at = self.derivation.quantities.of_image
        return {s: algebra.generators[at(s, image)] for s in (*self._shared, *self._data, *kept)}


def generators_of(derivation: Derivation) -> int:
    """How many generators the leaf functions of one image need: an output, a gate, or a share for each candidate."""
    total = 0
    for variable in derivation.graph.forward.values():
        for call in variable.expression.atoms(Function):
            total += len(call.args) if isinstance(call, maximum) else LEAF[call.func].generators
    return total


class GradientDomain(AlgebraicDomain[GradientEvaluator]):
    """Candidates (left) for derivatives of E (right).

    Args:
        listed: the gradients about which it will be asked: what they share is worked out once. None: all.
    """

    numerically, foreign = REAL, FOREIGN

    def __init__(self, derivation: Derivation, listed: Iterable[Name] | None = None) -> None:
        self.derivation = derivation
        parameters, _ = given(derivation)
        of = derivation.quantities.of
        wanted = frozenset(parameters if listed is None else (of(name).symbol for name in listed))
        self._directions = tuple(parameter for parameter in parameters if parameter in wanted)
        kinked = any(v.expression.has(*PIECEWISE) for v in derivation.graph.forward.values())
        self.exactly, self.modularly = (EXACT_GATES, MODULAR_GATES) if kinked else (EXACT, MODULAR)
        # with kinks, a gate is closed at some points, and another candidate wins
        self.points = POINTS if kinked else 1

    def decide(self, name: Name, candidate: Expr) -> Verdict:
        """Is the candidate ∂E/∂name? It may use every quantity of the network: adjoints, x, h, o, pixels, parameters.

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
        """What is displayed of ∂E/∂name, with adjoints and with them put in: the first verdict that is not "right"."""
        self.renew_budget()
        gradient = self.derivation[name]
        displayed = [gradient.formula] + ([gradient.expression] if gradient.has_short_expression else [])
        verdicts = [self.decide(gradient.quantity, candidate) for candidate in displayed]
        return next((v for v in verdicts if not v), verdicts[0])

    def renew_budget(self) -> None:
        """Let the next decisions take their time anew; until then all share one budget."""
        if self.__dict__.get("exact") is not None:
            self.__dict__["exact"].renew_budget()

    def methods(self, left: Expr, right: Slope) -> Iterator[Method]:
        """
        Raises:
            UndecidableError: the candidate is written in what the network does not have.
        """
        foreign = sorted(s.name for s in left.free_symbols if s.name not in self._quantities)
        if foreign:
            raise UndecidableError(
                f"{quoted(foreign[0])} is not a quantity of the network: {one_of(foreign[0], self._quantities)}"
            )
        return super().methods(in_our_words(left), right)

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
    """Decide every displayed gradient, and the formula with adjoints from which it is made."""
    domain = GradientDomain(derivation)
    return Proof(tuple(map(domain.decide_displayed, derivation.listed)))
