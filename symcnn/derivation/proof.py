"""Proof that the displayed gradients are the derivatives of the error, by a separate path.

    the derivative   dual numbers in an algebra, through E_total with everything put in; for a feature map's cell,
                     through E of one image with x kept as a generator
    the candidate    any SymPy expression, for example ``d.gradients[name]``, turned into the algebra

No ``diff`` and no adjoint takes part in the derivative. Both sides share the forward equations: those are tied down
elsewhere, by the article's printed equations. Normal forms decide exactly; where they are too large, evaluation at
random points of a large prime field decides with an error probability that is told. What differs there is refuted only
with a witness, a real point at which the values differ: outputs may depend on each other (σ(2z) on σ(z)), gates too.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sympy import Expr, Function

from symcnn.derivation.algebra import Algebra, Dual, Element, TooLargeError, UndecidableError, merged
from symcnn.derivation.algebras import PRIME, DegreeAlgebra, ModularAlgebra, PolynomialAlgebra, RealAlgebra
from symcnn.derivation.candidate import in_our_words
from symcnn.derivation.derivation import Derivation
from symcnn.errors import UnknownQuantityError, one_of, quoted
from symcnn.symbolic import LEAF, PIECEWISE, Tensor, maximum, symbol

Status = Literal["proved", "probable", "refuted", "unknown"]

EXACT = "exact normal form, outputs of functions as generators"
MODULAR = "random points modulo 2^61 - 1, outputs of functions as generators"
#: The same where relu or a maximum occurs.
EXACT_GATES = "exact normal form, outputs of functions, gates and winners as generators"
MODULAR_GATES = "random points modulo 2^61 - 1, outputs of functions, gates and winners as random field elements"
REAL = "the values differ at a real point"
FOREIGN = "the normal forms differ, but the numbers agree: outputs of functions depend on each other"

#: Real points at which a difference may show: at one of them a gate may be closed and another candidate may win.
WITNESSES = 40

#: Random points of one modular decision, each by its seed.
SEEDS = (20210126, 20261124)


@dataclass(frozen=True)
class Verdict:
    """What is known of one claim.

    Attributes:
        status: "proved" (exactly), "probable" (proved with an error probability below ``epsilon``), "refuted", or
            "unknown" (``method`` is the reason).
        epsilon: bound of the error probability; 0 where the proof is exact.
    """

    name: str
    claim: str
    status: Status
    method: str
    epsilon: float = 0.0

    @property
    def proved(self) -> bool | None:
        """True, False (refuted), or None (unknown)."""
        return {"proved": True, "probable": True, "refuted": False, "unknown": None}[self.status]

    def __bool__(self) -> bool:
        return self.proved is True


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

    def __init__(self, derivation: Derivation, algebra: Algebra, given: list[dict[Expr, Element]]) -> None:
        self._graph = derivation.graph
        self.algebra, self.given = algebra, given
        self._quantities: list[dict[Expr, Element]] | None = None

    @property
    def forward(self) -> list[dict[Expr, Element]]:
        """Every quantity of the forward pass of each image as an element, and the adjoints that were needed."""
        if self._quantities is None:
            self._quantities = [dict(given) for given in self.given]
            self._add(self._graph.forward)
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

    def _adjoints_of(self, candidate: Expr) -> list[str]:
        """The adjoints that a candidate rests on, each after those that it itself rests on."""
        backward, needed = self._graph.backward, set()
        waiting = [s.name for s in candidate.free_symbols]
        while waiting:
            name = waiting.pop()
            if name in backward and name not in needed:
                needed.add(name)
                waiting += [s.name for s in backward[name].symbols()]
        return [name for name in backward if name in needed] if needed else []

    def _add(self, names: Iterable[str]) -> None:
        assert self._quantities is not None
        for name in names:
            variable, key = self._graph[name], symbol(name)
            for known in self._quantities:
                if key not in known:
                    known[key] = self.algebra.element(variable.expression, known)

    def slopes(self, directions: Iterable[str]) -> dict[str, Element]:
        """∂E/∂direction, added over the images: dual numbers, everything that is not given put in."""
        total = dict.fromkeys(directions, self.algebra.zero)
        for given in self.given:
            values = {s.name: Dual(e, {s.name: self.algebra.one} if s.name in total else {}) for s, e in given.items()}
            for variable in self._graph.forward.values():
                if variable.name not in values:
                    values[variable.name] = self.algebra.dual(variable.expression, values)
            total = merged(total, values["E"].slopes)
        return total

    def slope_put_in(self, name: str) -> Element:
        """∂E/∂(a quantity of the forward pass) of the first image, as a function of what is given."""
        values = {s.name: Dual(e, {}) for s, e in self.given[0].items()}
        for variable in self._graph.forward.values():
            found = self.algebra.dual(variable.expression, values)
            values[variable.name] = Dual(found.value, {name: self.algebra.one}) if variable.name == name else found
        return values["E"].slopes.get(name, self.algebra.zero)


class Prover:
    """Decides candidates for the gradients of one derivation in one algebra.

    For a parameter the algebra holds the parameters once and the data once for each image: E_total is the sum over the
    images, with everything put in. For a feature map's cell it holds one image, whose pixels are symbols like any
    other, and the cells of that map: E with everything downstream of x put in and x kept. (Only of that map: with a
    later map kept too, E would not depend on this one.)

    Args:
        make: an algebra of these generators with room for so many more.
        directions: the parameters by which E_total is differentiated at once (None: all); any other one by itself.
    """

    def __init__(
        self,
        derivation: Derivation,
        make: Callable[[Iterable[str], int], Algebra],
        directions: Sequence[str] | None = None,
    ) -> None:
        d = self.derivation = derivation
        self._shared = d.network.parameters
        self._make, self._directions = make, self._shared if directions is None else directions
        self._is_shared = frozenset(self._shared)
        self._data = [name for name in d.graph.inputs if name not in self._is_shared]
        self._maps = {n: tensor for tensor in d.network.forward.feature_maps for n in tensor.scalars()}
        self.calls = generators_of(d)
        # every image brings the same formulas with names of its own: two show that they are added
        images = range(1, min(d.samples, 2) + 1)
        data = [f"{name}_image{m}" for m in images for name in self._data]
        # as many again as the network has: a candidate may bring its own
        algebra = make([*self._shared, *data], self.calls * len(images) + self.calls)
        self._total = _Images(d, algebra, [self._symbols(algebra, f"_image{m}") for m in images])
        self._total_slopes: dict[str, Element] = {}
        self._kept: dict[Tensor, _Images] = {}
        self._kept_slopes: dict[Tensor, dict[str, Element]] = {}

    def renew_budget(self) -> None:
        """Let the next decisions take their time anew; until then all share one budget."""
        for images in (self._total, *self._kept.values()):
            images.algebra.renew_budget()

    def prepare(self, name: str) -> None:
        """Work out what every decision about ``name`` needs, whatever the candidate.

        Raises:
            TooLargeError: that alone is too much.
        """
        _ = self._total.forward
        if name in self._is_shared:
            self._total_slope(name)
        if name in self._maps:
            tensor = self._maps[name]
            if tensor not in self._kept_slopes:
                algebra = self._make([*self._shared, *self._data, *tensor.scalars()], 2 * self.calls)
                self._kept[tensor] = _Images(self.derivation, algebra, [self._symbols(algebra, "", tensor.scalars())])
                self._kept_slopes[tensor] = self._kept[tensor].slopes(tensor.scalars())
            _ = self._kept[tensor].forward

    def equal(self, name: str, candidate: Expr) -> bool:
        """Is the candidate, an expression of one image, ∂E/∂name in this algebra?

        For a parameter the images are added on both sides: Σ candidate(image) against ∂E_total/∂name. For any other
        quantity of the forward pass, one image: with its feature map kept; or, where that does not decide it (x may
        be written out, or another quantity is asked for), with everything put in.

        Raises:
            UndecidableError: the candidate has no place in the algebra.
        """
        self.prepare(name)
        if name in self._maps:
            tensor = self._maps[name]
            [element] = self._kept[tensor].elements(candidate)
            if element == self._kept_slopes[tensor][name]:
                return True
        left, right = self.sides(name, candidate)
        return bool(left == right)

    def sides(self, name: str, candidate: Expr) -> tuple[Element, Element]:
        """The candidate and the derivative, everything put in."""
        if name in self._is_shared:
            return sum(self._total.elements(candidate), self._total.algebra.zero), self._total_slope(name)
        return self._total.elements(candidate)[0], self._total.slope_put_in(name)

    def _total_slope(self, name: str) -> Element:
        """∂E_total/∂parameter of the fully substituted E_total."""
        if name not in self._total_slopes:
            together = self._directions if name in self._directions else (name,)
            self._total_slopes |= self._total.slopes(together)
        return self._total_slopes[name]

    def _symbols(self, algebra: Algebra, suffix: str, kept: Iterable[str] = ()) -> dict[Expr, Element]:
        """What is given for one image: the shared parameters, its own data, and what is kept."""
        shared = {symbol(name): algebra.generators[name] for name in self._shared}
        return shared | {symbol(name): algebra.generators[name + suffix] for name in (*self._data, *kept)}


def generators_of(derivation: Derivation) -> int:
    """How many generators the leaf functions of one image need: an output, a gate, or a share for each candidate."""
    total = 0
    for variable in derivation.graph.forward.values():
        for call in variable.expression.atoms(Function):
            total += len(call.args) if isinstance(call, maximum) else LEAF[call.func].generators
    return total


class Judge:
    """Decides candidates: by normal forms, or where they are too large, modulo a prime at random points.

    Args:
        names: the gradients about which it will be asked: what they share is worked out once. None: all.
    """

    def __init__(self, derivation: Derivation, names: Iterable[str] | None = None) -> None:
        self.derivation = derivation
        parameters = derivation.network.parameters
        wanted = frozenset(parameters if names is None else names)
        self._directions = tuple(name for name in parameters if name in wanted)
        self._exact_is_possible = True
        self._real_points: dict[int, Prover] = {}
        kinked = any(v.expression.has(*PIECEWISE) for v in derivation.graph.forward.values())
        self.exactly, self.modular = (EXACT_GATES, MODULAR_GATES) if kinked else (EXACT, MODULAR)

    @cached_property
    def _quantities(self) -> dict[str, None]:
        graph = self.derivation.graph
        return dict.fromkeys((*graph.inputs, *graph.forward, *graph.backward))

    @cached_property
    def _exact(self) -> Prover:
        return Prover(self.derivation, PolynomialAlgebra, self._directions)

    @cached_property
    def _modular(self) -> list[Prover]:
        def at(seed: int) -> Prover:
            return Prover(self.derivation, lambda names, _: ModularAlgebra(names, seed), self._directions)

        return [at(seed) for seed in SEEDS]

    @cached_property
    def _degrees(self) -> Prover:
        return Prover(self.derivation, lambda names, _: DegreeAlgebra(names), self._directions)

    def _real(self, seed: int) -> Prover:
        if seed not in self._real_points:
            self._real_points[seed] = Prover(
                self.derivation, lambda names, _: RealAlgebra(names, seed), self._directions
            )
        return self._real_points[seed]

    def renew_budget(self) -> None:
        """Let the next decisions take their time anew; until then all share one budget."""
        if self._exact_is_possible and "_exact" in self.__dict__:
            self._exact.renew_budget()

    def decide(self, name: str, candidate: Expr) -> Verdict:
        """Is the candidate ∂E/∂name? It may use every quantity of the network: adjoints, x, h, o, pixels, parameters.

        Raises:
            InputError: nothing is differentiated by ``name``.
        """
        d = self.derivation
        parameter = name in d.network.parameters
        if not parameter and name not in d.graph.forward:
            names = [*d.network.parameters, *d.graph.forward]
            raise UnknownQuantityError(f"{quoted(name)}: nothing is differentiated by it; {one_of(name, names)}")
        claim = f"∂{'E_total' if parameter else 'E'}/∂{name}"
        foreign = sorted(s.name for s in candidate.free_symbols if s.name not in self._quantities)
        if foreign:
            reason = f"{quoted(foreign[0])} is not a quantity of the network: {one_of(foreign[0], self._quantities)}"
            return Verdict(name, claim, "unknown", reason)
        try:
            candidate = in_our_words(candidate)
        except UndecidableError as reason:
            return Verdict(name, claim, "unknown", str(reason))
        try:
            if self._prepared(name):
                if self._exact.equal(name, candidate):
                    return Verdict(name, claim, "proved", self.exactly)
                return self._refuted(name, claim, candidate, self.exactly)
        except TooLargeError:
            pass  # this candidate alone
        except UndecidableError as reason:
            return self._without_normal_form(name, claim, candidate, str(reason))
        return self._at_random_points(name, claim, candidate)

    def decide_displayed(self, name: str) -> Verdict:
        """What is displayed of ∂E/∂name, with adjoints and with them put in: the first verdict that is not "proved"."""
        self.renew_budget()
        gradient = self.derivation[name]
        displayed = [gradient.formula] + ([gradient.expression] if gradient.has_short_expression else [])
        verdicts = [self.decide(name, candidate) for candidate in displayed]
        return next((v for v in verdicts if not v), verdicts[0])

    def _prepared(self, name: str) -> bool:
        """Does this network have normal forms of a bearable size? Tried once."""
        if self._exact_is_possible:
            try:
                self._exact.prepare(name)
            except TooLargeError:
                self._exact_is_possible = False
        return self._exact_is_possible

    def _at_random_points(self, name: str, claim: str, candidate: Expr) -> Verdict:
        try:
            if not all(prover.equal(name, candidate) for prover in self._modular):
                return self._refuted(name, claim, candidate, self.modular)
            # a wrong "equal": the two polynomials, or the arguments of two functions, agree at a random point;
            # twice, for what is divided by
            degree = 2 * max(map(int, self._degrees.sides(name, candidate)))
            calls = 2 * self._degrees.calls
            epsilon = float((degree * (1 + calls**2) / PRIME) ** len(SEEDS))
            return Verdict(name, claim, "probable", self.modular, epsilon)
        except UndecidableError as reason:
            return self._without_normal_form(name, claim, candidate, str(reason))

    def _refuted(self, name: str, claim: str, candidate: Expr, method: str) -> Verdict:
        """It differs; refuted if the values differ at a real point too."""
        if self._has_witness(name, candidate):
            return Verdict(name, claim, "refuted", method)
        return Verdict(name, claim, "unknown", FOREIGN)

    def _without_normal_form(self, name: str, claim: str, candidate: Expr, reason: str) -> Verdict:
        """A winner or a gate that the network does not have: a real point may refute it, nothing proves it."""
        try:
            if self._has_witness(name, candidate):
                return Verdict(name, claim, "refuted", REAL)
        except UndecidableError:
            pass
        return Verdict(name, claim, "unknown", reason)

    def _has_witness(self, name: str, candidate: Expr) -> bool:
        """Is there a real point at which the values differ?"""
        seeds = range(WITNESSES if self.exactly == EXACT_GATES else 1)
        return any(not RealAlgebra.equal(*self._real(seed).sides(name, candidate)) for seed in seeds)


def prove(derivation: Derivation) -> Proof:
    """Decide every displayed gradient, and the formula with adjoints from which it is made."""
    judge = Judge(derivation)
    return Proof(tuple(judge.decide_displayed(name) for name in derivation.names))
