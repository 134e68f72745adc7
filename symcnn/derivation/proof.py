"""Proof that the displayed gradients are the derivatives of the error: exact, and by a separate path.

Every sigmoid output is a generator of a polynomial ring over ℚ, beside parameters, pixels and targets, so every
gradient of a network of sums, products and sigmoids is a polynomial there, and equality is decided by its normal form.
Two sigmoids are one generator when the normal forms of their arguments agree; σ(-z) is 1 - σ(z).

    the derivative   forward mode: dual numbers in the ring, D(s) = s·(1 - s)·D(z), through E_total with everything
                     put in; for a feature map's cell, through E of one image with x kept as a generator
    the candidate    any SymPy expression, for example ``d.gradients[name]``, turned into the ring

No ``diff`` and no adjoint takes part in the derivative. Both sides share the forward equations: those are tied down
elsewhere, by the article's printed equations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sympy import QQ, Expr, Symbol
from sympy.polys.rings import PolyElement, PolyRing, ring

from symcnn.derivation.derivation import Derivation
from symcnn.errors import InputError
from symcnn.symbolic import sigmoid

METHOD = "exact normal form, sigmoid outputs as generators"

#: Products of monomials that one prover may form (a few seconds); past it a network (several convolutions in a row) is
#: "undecided". The article's network needs 13,000.
BUDGET = 200_000


class UndecidableError(Exception):
    """An expression has no normal form in the ring; the message says what stands in the way."""


@dataclass(frozen=True)
class Dual:
    """A value with its derivatives in several directions: v + Σ d·ε."""

    value: PolyElement
    slopes: Mapping[str, PolyElement]


def _merged(a: Mapping[str, PolyElement], b: Mapping[str, PolyElement]) -> dict[str, PolyElement]:
    merged = dict(a)
    for direction, slope in b.items():
        merged[direction] = merged[direction] + slope if direction in merged else slope
    return merged


class SigmoidRing:
    """ℚ[names, s_1, s_2, …], where each s is the output of one sigmoid."""

    def __init__(self, names: Iterable[str], sigmoids: int) -> None:
        listed = list(names)
        outputs = [f"sigmoid_{n}" for n in range(1, sigmoids + 1)]
        self.ring: PolyRing = ring([*listed, *outputs], QQ)[0]
        self.generators = dict(zip(listed, self.ring.gens, strict=False))
        self._free = list(self.ring.gens[len(listed) :])
        self._known: dict[PolyElement, PolyElement] = {}
        self._budget = BUDGET

    def renew_budget(self) -> None:
        self._budget = BUDGET

    def times(self, a: PolyElement, b: PolyElement) -> PolyElement:
        """a·b, as long as the budget lasts."""
        self._budget -= len(a) * len(b)
        if self._budget < 0:
            raise UndecidableError("the normal form is too large to be worked out")
        return a * b

    def mark(self) -> int:
        """How many sigmoids are known."""
        return len(self._known)

    def restore(self, mark: int) -> bool:
        """Forget the sigmoids met since a mark; were there any?"""
        later = list(self._known)[mark:]
        self._free = [self._known.pop(z) for z in later] + self._free
        return bool(later)

    def sigmoid(self, z: PolyElement) -> PolyElement:
        if z in self._known:
            return self._known[z]
        if -z in self._known:
            return 1 - self._known[-z]
        if not self._free:
            raise UndecidableError("a sigmoid of an argument that the network does not have")
        self._known[z] = self._free.pop(0)
        return self._known[z]

    def element(self, e: Expr, known: dict[Expr, PolyElement]) -> PolyElement:
        """A SymPy expression as a polynomial; ``known`` holds the names, and remembers each sum and sigmoid met."""
        if e in known:
            return known[e]
        if e.is_Symbol:
            raise UndecidableError(f"{e.name} is not a quantity of the network")
        if e.is_Rational:
            return self.ring(QQ(e.p, e.q))
        if e.is_Mul:
            first, *rest = (self.element(a, known) for a in e.args)
            for part in rest:
                first = self.times(first, part)
            return first
        if e.is_Pow and e.exp.is_Integer and e.exp >= 0:
            return self._power(self.element(e.base, known), int(e.exp))
        if e.is_Add:
            known[e] = sum((self.element(a, known) for a in e.args), self.ring.zero)
        elif isinstance(e, sigmoid):
            known[e] = self.sigmoid(self.element(e.args[0], known))
        else:
            raise UndecidableError(f"{e.func.__name__} has no normal form here")
        return known[e]

    def dual(self, e: Expr, lookup: Mapping[str, Dual]) -> Dual:
        """A SymPy expression in dual numbers: value and derivatives by forward mode."""
        if e.is_Symbol:
            return lookup[e.name]
        if e.is_Rational:
            return Dual(self.ring(QQ(e.p, e.q)), {})
        if e.is_Add or e.is_Mul:
            first, *rest = (self.dual(a, lookup) for a in e.args)
            for part in rest:
                first = self._sum(first, part) if e.is_Add else self._product(first, part)
            return first
        if e.is_Pow and e.exp.is_Integer and e.exp >= 1:
            base = self.dual(e.base, lookup)
            outer = int(e.exp) * self._power(base.value, int(e.exp) - 1)
            return Dual(self._power(base.value, int(e.exp)), {d: self.times(outer, s) for d, s in base.slopes.items()})
        if isinstance(e, sigmoid):
            z = self.dual(e.args[0], lookup)
            s = self.sigmoid(z.value)
            slope = s * (1 - s)
            return Dual(s, {d: self.times(slope, dz) for d, dz in z.slopes.items()})
        raise UndecidableError(f"{e.func.__name__} has no normal form here")

    def _power(self, base: PolyElement, exponent: int) -> PolyElement:
        result = self.ring.one
        for _ in range(exponent):
            result = self.times(result, base)
        return result

    def _sum(self, a: Dual, b: Dual) -> Dual:
        return Dual(a.value + b.value, _merged(a.slopes, b.slopes))

    def _product(self, a: Dual, b: Dual) -> Dual:
        left = {d: self.times(s, b.value) for d, s in a.slopes.items()}
        right = {d: self.times(a.value, s) for d, s in b.slopes.items()}
        return Dual(self.times(a.value, b.value), _merged(left, right))


@dataclass(frozen=True)
class Verdict:
    """What is known of one claim: ``proved`` is True, False (refuted: the normal forms differ), or None (undecided)."""

    name: str
    claim: str
    proved: bool | None
    method: str

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
        words = {True: "proved", False: "REFUTED", None: "undecided"}
        return "\n".join(f"{row.claim}: {words[row.proved]} ({row.method})" for row in self.rows)


class Prover:
    """Decides candidates for the gradients of one derivation.

    For a parameter the ring holds the parameters once and the data once for each image: E_total is the sum over the
    images, with everything put in. For a feature map's cell it holds one image, whose pixels are symbols like any
    other, and the cells themselves: E with everything downstream of x put in and x kept.
    """

    def __init__(self, derivation: Derivation) -> None:
        d = self.derivation = derivation
        self._shared = d.network.parameters
        self._data = [name for name in d.graph.inputs if name not in self._shared]
        self._maps = [name for name in d.names if name not in self._shared]
        calls = sum(len(v.expression.atoms(sigmoid)) for v in d.graph.forward.values())
        # every image brings the same formulas with names of its own: two show that they are added
        images = range(1, min(d.samples, 2) + 1)
        # as many sigmoids again as the network has: a candidate may bring its own
        data = [f"{name}_image{m}" for m in images for name in self._data]
        self._total = SigmoidRing([*self._shared, *data], calls * len(images) + calls)
        self._kept = SigmoidRing([*self._shared, *self._data, *self._maps], 2 * calls)
        self._given = [self._symbols(self._total, f"_image{m}") for m in images]
        self._given_kept = self._symbols(self._kept, "", self._maps)

    def renew_budget(self) -> None:
        """Let the next decisions take their time anew; until then all share one budget."""
        self._total.renew_budget()
        self._kept.renew_budget()

    def decide(self, name: str, candidate: Expr) -> Verdict:
        """Is the candidate, an expression of one image, ∂E/∂name?

        For a parameter the images are added on both sides: Σ candidate(image) against ∂E_total/∂name. For any other
        quantity of the forward pass, one image: with the feature map kept; or, where that does not decide it (x may
        be written out, or another quantity is asked for), with everything put in. A candidate may use every quantity
        of the network: adjoints, x, h, o, pixels, parameters, targets.
        """
        parameter = name in self._shared
        if not parameter and name not in self.derivation.graph.forward:
            known = ", ".join((*self._shared, *self.derivation.graph.forward))
            raise InputError(f"{name}: nothing is differentiated by it; expected one of {known}")
        claim = f"∂{'E_total' if parameter else 'E'}/∂{name}"
        try:
            equal = (
                self._is_total_slope(name, candidate)
                if parameter
                else (self._is_kept_slope(name, candidate) or self._is_slope_put_in(name, candidate))
            )
        except UndecidableError as reason:
            return Verdict(name, claim, None, str(reason))
        return Verdict(name, claim, equal, METHOD)

    def _is_total_slope(self, name: str, candidate: Expr) -> bool:
        slope = self._total_slopes[name]
        each = self._elements(self._total, candidate, "_quantities")
        return bool(sum(each, self._total.ring.zero) == slope)

    def _is_kept_slope(self, name: str, candidate: Expr) -> bool:
        if name not in self._maps:
            return False
        slope = self._kept_slopes[name]
        return bool(self._elements(self._kept, candidate, "_quantities_kept")[0] == slope)

    def _is_slope_put_in(self, name: str, candidate: Expr) -> bool:
        """∂E/∂name of the first image as a function of parameters and data."""
        ring, values = self._total, {s.name: Dual(e, {}) for s, e in self._given[0].items()}
        for variable in self.derivation.graph.forward.values():
            found = ring.dual(variable.expression, values)
            values[variable.name] = Dual(found.value, {name: ring.ring.one}) if variable.name == name else found
        slope = values["E"].slopes.get(name, ring.ring.zero)
        return bool(self._elements(ring, candidate, "_quantities")[0] == slope)

    def _elements(self, ring: SigmoidRing, candidate: Expr, quantities: str) -> list[PolyElement]:
        """The candidate with each image's quantities put in; what it alone brings is forgotten afterwards."""
        known = getattr(self, quantities)
        mark = ring.mark()
        try:
            return [ring.element(candidate, k) for k in known]
        finally:
            if ring.restore(mark):
                del self.__dict__[quantities]  # it remembers sums with sigmoids that are gone

    @cached_property
    def _total_slopes(self) -> Mapping[str, PolyElement]:
        """∂E_total/∂parameter of the fully substituted E_total, in all directions at once."""
        return self._slopes(self._total, self._given, self._shared)

    @cached_property
    def _kept_slopes(self) -> Mapping[str, PolyElement]:
        """∂E/∂x, everything downstream of x put in and x kept."""
        return self._slopes(self._kept, [self._given_kept], self._maps)

    def _slopes(
        self, ring: SigmoidRing, images: list[dict[Expr, PolyElement]], directions: Iterable[str]
    ) -> dict[str, PolyElement]:
        total = dict.fromkeys(directions, ring.ring.zero)
        for given in images:
            values = {s.name: Dual(e, {s.name: ring.ring.one} if s.name in total else {}) for s, e in given.items()}
            for variable in self.derivation.graph.forward.values():
                if variable.name not in values:
                    values[variable.name] = ring.dual(variable.expression, values)
            total = _merged(total, values["E"].slopes)
        return total

    def _symbols(self, ring: SigmoidRing, suffix: str, kept: Iterable[str] = ()) -> dict[Expr, PolyElement]:
        """What is given for one image: the shared parameters, its own data, and what is kept."""
        shared = {Symbol(name): ring.generators[name] for name in self._shared}
        return shared | {Symbol(name): ring.generators[name + suffix] for name in (*self._data, *kept)}

    @cached_property
    def _quantities(self) -> list[dict[Expr, PolyElement]]:
        return [self._all_quantities(self._total, given) for given in self._given]

    @cached_property
    def _quantities_kept(self) -> list[dict[Expr, PolyElement]]:
        return [self._all_quantities(self._kept, self._given_kept)]

    def _all_quantities(self, ring: SigmoidRing, given: dict[Expr, PolyElement]) -> dict[Expr, PolyElement]:
        """Every quantity of one image as an element of the ring: what a candidate may use."""
        found = dict(given)
        for variable in self.derivation.graph:
            symbol = Symbol(variable.name)
            if symbol not in found:
                found[symbol] = ring.element(variable.expression, found)
        return found


def prove(derivation: Derivation) -> Proof:
    """Decide every displayed gradient, and the formula with adjoints from which it is made."""
    prover = Prover(derivation)
    return Proof(tuple(_both(prover, name) for name in derivation.names))


def _both(prover: Prover, name: str) -> Verdict:
    gradient = prover.derivation[name]
    verdicts = [prover.decide(name, candidate) for candidate in (gradient.formula, gradient.expression)]
    return next((v for v in verdicts if not v), verdicts[0])
