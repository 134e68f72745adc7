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

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sympy import QQ, Expr
from sympy.polys.rings import PolyElement, PolyRing, ring

from symcnn.derivation.derivation import Derivation
from symcnn.symbolic import sigmoid

METHOD = "exact normal form, sigmoid outputs as generators"


class UndecidableError(Exception):
    """An expression has no normal form in the ring; the message says what stands in the way."""


@dataclass(frozen=True)
class Dual:
    """A value with its derivatives in several directions: v + Σ d·ε."""

    value: PolyElement
    slopes: Mapping[str, PolyElement]

    def __add__(self, other: "Dual") -> "Dual":
        return Dual(self.value + other.value, _merge(self.slopes, other.slopes))

    def __mul__(self, other: "Dual") -> "Dual":
        mine = {d: s * other.value for d, s in self.slopes.items()}
        theirs = {d: self.value * s for d, s in other.slopes.items()}
        return Dual(self.value * other.value, _merge(mine, theirs))


def _merge(a: Mapping[str, PolyElement], b: Mapping[str, PolyElement]) -> dict[str, PolyElement]:
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

    def sigmoid(self, z: PolyElement) -> PolyElement:
        if z in self._known:
            return self._known[z]
        if -z in self._known:
            return 1 - self._known[-z]
        if not self._free:
            raise UndecidableError("a sigmoid of an argument that the network does not have")
        self._known[z] = self._free.pop(0)
        return self._known[z]

    def element(self, expression: Expr, environment: Mapping[str, PolyElement]) -> PolyElement:
        """A SymPy expression as a polynomial; a name is looked up in the environment, then among the generators."""
        return self._walk(expression, lambda name: environment.get(name, self.generators.get(name)))

    def _walk(self, e: Expr, lookup: Callable[[str], PolyElement | None]) -> PolyElement:
        if e.is_Symbol:
            found = lookup(e.name)
            if found is None:
                raise UndecidableError(f"{e.name} is not a quantity of the network")
            return found
        if e.is_Rational:
            return self.ring(QQ(e.p, e.q))
        if e.is_Add:
            return sum((self._walk(a, lookup) for a in e.args), self.ring.zero)
        if e.is_Mul:
            result = self.ring.one
            for a in e.args:
                result = result * self._walk(a, lookup)
            return result
        if e.is_Pow and e.exp.is_Integer and e.exp >= 0:
            return self._walk(e.base, lookup) ** int(e.exp)
        if isinstance(e, sigmoid):
            return self.sigmoid(self._walk(e.args[0], lookup))
        raise UndecidableError(f"{e.func.__name__} has no normal form here")

    def dual(self, e: Expr, lookup: Mapping[str, Dual]) -> Dual:
        """A SymPy expression in dual numbers: value and derivatives by forward mode."""
        if e.is_Symbol:
            return lookup[e.name]
        if e.is_Rational:
            return Dual(self.ring(QQ(e.p, e.q)), {})
        if e.is_Add or e.is_Mul:
            first, *rest = (self.dual(a, lookup) for a in e.args)
            for part in rest:
                first = first + part if e.is_Add else first * part
            return first
        if e.is_Pow and e.exp.is_Integer and e.exp >= 1:
            base = self.dual(e.base, lookup)
            outer = int(e.exp) * base.value ** (int(e.exp) - 1)
            return Dual(base.value ** int(e.exp), {d: outer * s for d, s in base.slopes.items()})
        if isinstance(e, sigmoid):
            z = self.dual(e.args[0], lookup)
            s = self.sigmoid(z.value)
            slope = s * (1 - s)
            return Dual(s, {d: slope * dz for d, dz in z.slopes.items()})
        raise UndecidableError(f"{e.func.__name__} has no normal form here")


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

    The ring holds the parameters once and everything else once for each image; the feature maps' cells are generators
    too, for the four gradients in which x is kept.
    """

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        d = derivation
        self._shared = d.network.parameters
        self._inputs = [name for name in d.graph.inputs if name not in self._shared]
        self._maps = [name for name in d.names if name not in self._shared]
        self._images = range(1, d.samples + 1)
        named = [f"{name}_image{m}" for m in self._images for name in (*self._inputs, *self._maps)]
        calls = sum(len(v.expression.atoms(sigmoid)) for v in d.graph.forward.values())
        # twice for each image: once with x put in, once with x kept; as many again for what a candidate may bring
        self.ring = SigmoidRing((*self._shared, *named), 4 * calls * d.samples)

    def decide(self, name: str, candidate: Expr) -> Verdict:
        """Is the candidate, an expression of one image, ∂E/∂name?

        For a parameter the images are added on both sides: Σ candidate(image) against ∂E_total/∂name. A candidate may
        use every quantity of the network: adjoints, x, h, o, pixels, parameters, targets.
        """
        parameter = name in self._shared
        claim = f"∂{'E_total' if parameter else 'E'}/∂{name}"
        try:
            environments = self._environments if parameter else self._environments_x_kept
            each = [self.ring.element(candidate, e) for e in environments]
            if parameter:
                equal = sum(each, self.ring.ring.zero) == self._total_slopes[name]
            else:
                equal = all(found == slopes[name] for found, slopes in zip(each, self._image_slopes, strict=True))
        except UndecidableError as reason:
            return Verdict(name, claim, None, str(reason))
        return Verdict(name, claim, equal, METHOD)

    @cached_property
    def _total_slopes(self) -> Mapping[str, PolyElement]:
        """∂E_total/∂parameter of the fully substituted E_total, in all directions at once."""
        zero = Dual(self.ring.ring.zero, {p: self.ring.ring.zero for p in self._shared})
        return sum((self._error(m, self._shared, kept=()) for m in self._images), zero).slopes

    @cached_property
    def _image_slopes(self) -> list[Mapping[str, PolyElement]]:
        """∂E/∂x of each image, everything downstream of x put in and x kept."""
        zero = self.ring.ring.zero
        return [{x: zero for x in self._maps} | dict(self._error(m, self._maps, self._maps).slopes) for m in self._images]

    def _error(self, image: int, directions: Iterable[str], kept: Iterable[str]) -> Dual:
        """E of one image in dual numbers."""
        wanted = set(directions)
        values: dict[str, Dual] = {}
        for name, element in self._given(image, kept).items():
            values[name] = Dual(element, {name: self.ring.ring.one} if name in wanted else {})
        for variable in self.derivation.graph.forward.values():
            if variable.name not in values:
                values[variable.name] = self.ring.dual(variable.expression, values)
        return values["E"]

    def _given(self, image: int, kept: Iterable[str]) -> dict[str, PolyElement]:
        g = self.ring.generators
        own = {name: g[f"{name}_image{image}"] for name in (*self._inputs, *kept)}
        return {name: g[name] for name in self._shared} | own

    @cached_property
    def _environments(self) -> list[dict[str, PolyElement]]:
        return [self._environment(m, ()) for m in self._images]

    @cached_property
    def _environments_x_kept(self) -> list[dict[str, PolyElement]]:
        return [self._environment(m, self._maps) for m in self._images]

    def _environment(self, image: int, kept: Iterable[str]) -> dict[str, PolyElement]:
        """Every quantity of one image as an element of the ring: what a candidate may use."""
        found: dict[str, PolyElement] = self._given(image, kept)
        for variable in self.derivation.graph:
            if variable.name not in found:
                found[variable.name] = self.ring.element(variable.expression, found)
        return found


def prove(derivation: Derivation) -> Proof:
    """Decide every displayed gradient, and the formula with adjoints from which it is made."""
    prover = Prover(derivation)
    return Proof(tuple(_both(prover, name) for name in derivation.names))


def _both(prover: Prover, name: str) -> Verdict:
    gradient = prover.derivation[name]
    verdicts = [prover.decide(name, candidate) for candidate in (gradient.formula, gradient.expression)]
    return next((v for v in verdicts if not v), verdicts[0])
