"""Expressions and their derivatives worked out in an algebra in which equality can be decided.

Every output of a sigmoid, tanh, exp, log or softplus is a generator, beside parameters, pixels and targets; two outputs
are one generator when their arguments agree. What a relu lets through and which candidate a maximum takes is a
generator too: relu(z) = g·z, max(a, b, …) = v₁·a + v₂·b + …, whatever g and v are; so a formula is shown for every
region between the kinks at once. Then a gradient is a polynomial, or where something is divided by, a fraction.

    PolynomialAlgebra   ℚ[names, outputs, gates, winners]: normal forms, so equality is exact
    ModularAlgebra      every generator a random number modulo 2⁶¹ - 1: different polynomials agree with a probability
                        of at most degree/p (Schwartz, Zippel); for networks whose normal forms are too large
    DegreeAlgebra       degrees only: what that bound needs
    RealAlgebra         no generators: every function at its value, to 60 digits, at random parameters and pixels: where
                        two formulas differ here, they are different, whatever the outputs have to do with each other

Derivatives come from dual numbers, D(s) = s·(1 - s)·D(z): forward mode, without ``diff`` and without adjoints.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy
from sympy import GF, QQ, Expr
from sympy.polys.rings import PolyRing, ring

from symcnn.symbolic import (
    LEAKY_SLOPE,
    exp,
    gate,
    leaky_relu,
    log,
    maximum,
    relu,
    sigmoid,
    softplus,
    tanh,
    wins,
)  # fmt: skip

#: Products of monomials that may be formed (a few seconds); past it, normal forms are too large. The article's network
#: needs 13,000.
BUDGET = 200_000

#: Generators of a ring; past it, monomials are so long that nothing comes out in time.
MAX_GENERATORS = 600

PRIME = 2**61 - 1

#: Digits of the real algebra, and how far two equal values may be apart there.
REAL_DIGITS, REAL_TOLERANCE = 60, 1e-35

Element = Any  # of the algebra: a polynomial, a number modulo p, a degree, a real number

Function = type[sympy.Function]


class UndecidableError(Exception):
    """An expression has no place in the algebra; the message says what stands in the way."""


class TooLargeError(UndecidableError):
    """It has one, but its normal form is too large to be worked out."""


@dataclass(frozen=True)
class Dual:
    """A value with its derivatives in several directions: v + Σ d·ε."""

    value: Element
    slopes: Mapping[str, Element]


def merged(a: Mapping[str, Element], b: Mapping[str, Element]) -> dict[str, Element]:
    """Slopes added, direction by direction."""
    both = dict(a)
    for direction, slope in b.items():
        both[direction] = both[direction] + slope if direction in both else slope
    return both


class Algebra(ABC):
    """Sums, products, quotients and the leaf functions of named generators."""

    zero: Element
    one: Element
    generators: dict[str, Element]

    def __init__(self) -> None:
        #: what was met: ("sigmoid", z) -> its generator, ("gate", z) -> g, ("winners", largest) -> (candidates, v…)
        self._known: dict[tuple[str, Element], Any] = {}

    @abstractmethod
    def rational(self, above: int, below: int) -> Element: ...

    @abstractmethod
    def fresh(self) -> Element:
        """One more generator."""

    @abstractmethod
    def inverse(self, a: Element) -> Element: ...

    def times(self, a: Element, b: Element) -> Element:
        return a * b

    def renew_budget(self) -> None:
        """Let what follows take its time anew."""
        return

    def mark(self) -> int:
        """How much is known."""
        return len(self._known)

    def restore(self, mark: int) -> bool:
        """Forget what was met since a mark; was there anything?"""
        later = list(self._known)[mark:]
        for key in later:
            del self._known[key]
        return bool(later)

    # --- the leaf functions -------------------------------------------------------------------------------------------

    def call(self, function: Function, z: Sequence[Element]) -> Element:
        """A leaf function's output."""
        if function is maximum:
            return self.maximum(z)
        if function is wins:
            return self.winner(*z)
        if function is gate:
            return self._between(self._gate_of(z[0]), z[1], z[2])
        if function in (relu, leaky_relu):
            return self.gated(z[0], self._slope(function, z[0]))
        if function in (sigmoid, tanh, exp, log, softplus):
            return self.output(function, z[0])
        raise UndecidableError(f"{function.__name__} has no normal form here")

    def derivative(self, function: Function, z: Element, output: Element) -> Element:
        """D(output) = derivative · D(z), for a function of one argument."""
        if function is sigmoid:
            return self.times(output, self.one - output)
        if function is tanh:
            return self.one - self.times(output, output)
        if function is exp:
            return output
        if function is log:
            return self.inverse(z)
        if function is softplus:
            return self.output(sigmoid, z)
        return self._slope(function, z)

    def output(self, function: Function, z: Element) -> Element:
        """The generator of a smooth function's output, one for each argument."""
        odd = {sigmoid: self.one, tanh: self.zero}
        if function in odd:
            if z == self.zero:  # where a window lies in the padding
                return self.rational(1, 2) if function is sigmoid else self.zero
            if (function.__name__, -z) in self._known:  # σ(-z) = 1 - σ(z), tanh(-z) = -tanh(z)
                return odd[function] - self._known[function.__name__, -z]
        return self._remembered(function.__name__, z)

    def gate(self, z: Element) -> Element:
        """1 where z > 0, else 0: a generator, the same for what the gate lets through."""
        return self._remembered("gate", z)

    def gated(self, z: Element, slope: Element) -> Element:
        """slope·z, which has the sign of z."""
        found = self.times(slope, z)
        self._known.setdefault(("gate", found), self._known.get(("gate", z)))
        return found

    def maximum(self, candidates: Sequence[Element]) -> Element:
        """v₁·a + v₂·b + …: one generator for each candidate."""
        key = ("maximum", tuple(candidates))
        if key not in self._known:
            shares = [self.one] if len(candidates) == 1 else [self.fresh() for _ in candidates]
            largest = sum((self.times(v, a) for v, a in zip(shares, candidates, strict=True)), self.zero)
            self._known[key] = (largest, shares)
            self._known["winners", largest] = (list(candidates), shares)
        return self._known[key][0]

    def shares(self, candidates: Sequence[Element]) -> list[Element]:
        """∂max/∂candidate, candidate by candidate."""
        self.maximum(candidates)
        found: list[Element] = self._known["maximum", tuple(candidates)][1]
        return found

    def winner(self, value: Element, largest: Element, *before: Element) -> Element:
        """∂max/∂value, where ``before`` are the candidates before it: as the maximum itself has it, or refused."""
        candidates, shares = self._known.get(("winners", largest), ([], []))
        place = len(before)
        if candidates[: place + 1] != [*before, value]:
            raise UndecidableError("[… is the first maximum]: no maximum of these candidates in the network")
        return shares[place]

    def _slope(self, function: Function, z: Element) -> Element:
        below = self.zero if function is relu else self.rational(LEAKY_SLOPE.p, LEAKY_SLOPE.q)
        return self._between(self.gate(z), self.one, below)

    def _between(self, g: Element, above: Element, below: Element) -> Element:
        return below + self.times(g, above - below)

    def _gate_of(self, y: Element) -> Element:
        if ("gate", y) not in self._known:
            raise UndecidableError("[… > 0]: not an argument or an output of a relu of the network")
        return self._known["gate", y]

    def _remembered(self, kind: str, z: Element) -> Element:
        if (kind, z) not in self._known:
            self._known[kind, z] = self.fresh()
        return self._known[kind, z]

    # --- expressions --------------------------------------------------------------------------------------------------

    def element(self, e: Expr, known: dict[Expr, Element]) -> Element:
        """A SymPy expression in the algebra; ``known`` holds the names, and remembers each sum and call met."""
        if e in known:
            return known[e]
        if e.is_Symbol:
            raise UndecidableError(f"{e.name} is not a quantity of the network")
        if e.is_Rational:
            return self.rational(e.p, e.q)
        if e.is_Mul:
            first, *rest = (self.element(a, known) for a in e.args)
            for part in rest:
                first = self.times(first, part)
            return first
        if e.is_Pow and e.exp.is_Integer:
            return self.power(self.element(e.base, known), int(e.exp))
        if e.is_Add:
            known[e] = sum((self.element(a, known) for a in e.args), self.zero)
        elif e.is_Function:
            known[e] = self.call(e.func, [self.element(a, known) for a in e.args])
        else:
            raise UndecidableError(f"{e.func.__name__} has no normal form here")
        return known[e]

    def dual(self, e: Expr, lookup: Mapping[str, Dual]) -> Dual:
        """A SymPy expression in dual numbers: value and derivatives by forward mode."""
        if e.is_Symbol:
            return lookup[e.name]
        if e.is_Rational:
            return Dual(self.rational(e.p, e.q), {})
        if e.is_Add or e.is_Mul:
            first, *rest = (self.dual(a, lookup) for a in e.args)
            for part in rest:
                first = self._sum(first, part) if e.is_Add else self._product(first, part)
            return first
        if e.is_Pow and e.exp.is_Integer:
            base, n = self.dual(e.base, lookup), int(e.exp)
            return self._scaled(
                self.power(base.value, n), self.times(self.rational(n, 1), self.power(base.value, n - 1)), base
            )
        if e.is_Function:
            return self._dual_call(e.func, [self.dual(a, lookup) for a in e.args])
        raise UndecidableError(f"{e.func.__name__} has no normal form here")

    def power(self, base: Element, exponent: int) -> Element:
        if exponent < 0:
            base, exponent = self.inverse(base), -exponent
        result = self.one
        for _ in range(exponent):
            result = self.times(result, base)
        return result

    def _dual_call(self, function: Function, z: Sequence[Dual]) -> Dual:
        values = [d.value for d in z]
        output = self.call(function, values)
        if function is maximum:
            slopes: dict[str, Element] = {}
            for share, candidate in zip(self.shares(values), z, strict=True):
                slopes = merged(slopes, self._scaled(output, share, candidate).slopes)
            return Dual(output, slopes)
        if function in (gate, wins):  # constant between the kinks
            return Dual(output, {})
        return self._scaled(output, self.derivative(function, values[0], output), z[0])

    def _scaled(self, value: Element, slope: Element, inner: Dual) -> Dual:
        """The chain rule: a value whose derivative is slope · (the inner one's)."""
        return Dual(value, {d: self.times(slope, s) for d, s in inner.slopes.items()})

    def _sum(self, a: Dual, b: Dual) -> Dual:
        return Dual(a.value + b.value, merged(a.slopes, b.slopes))

    def _product(self, a: Dual, b: Dual) -> Dual:
        left = {d: self.times(s, b.value) for d, s in a.slopes.items()}
        right = {d: self.times(a.value, s) for d, s in b.slopes.items()}
        return Dual(self.times(a.value, b.value), merged(left, right))


class PolynomialAlgebra(Algebra):
    """ℚ[names, outputs, gates, winners]: exact.

    Args:
        names: the generators that have a name; others: how many more there may be.

    Raises:
        TooLargeError: more generators than a ring can have.
    """

    def __init__(self, names: Iterable[str], others: int) -> None:
        super().__init__()
        listed = list(names)
        if len(listed) + others > MAX_GENERATORS:
            raise TooLargeError(f"{len(listed) + others} generators; normal forms are worked out with {MAX_GENERATORS}")
        self._ring: PolyRing = ring([*listed, *(f"other_{n}" for n in range(1, others + 1))], QQ)[0]
        self.zero, self.one = self._ring.zero, self._ring.one
        self.generators = dict(zip(listed, self._ring.gens, strict=False))
        self._others = self._ring.gens[len(listed) :]
        self._used: list[int] = []  # how much was known when each was taken
        self._budget = BUDGET

    def rational(self, above: int, below: int) -> Element:
        return self._ring(QQ(above, below))

    def fresh(self) -> Element:
        if len(self._used) == len(self._others):
            raise TooLargeError("more functions than the network has")
        self._used.append(len(self._known))
        return self._others[len(self._used) - 1]

    def restore(self, mark: int) -> bool:
        while self._used and self._used[-1] >= mark:
            self._used.pop()
        return super().restore(mark)

    def inverse(self, a: Element) -> Element:
        if a.is_ground and a != 0:
            return self._ring(1 / a.LC)
        raise TooLargeError("a quotient has no normal form as a polynomial")

    def renew_budget(self) -> None:
        self._budget = BUDGET

    def times(self, a: Element, b: Element) -> Element:
        self._budget -= len(a) * len(b)
        if self._budget < 0:
            raise TooLargeError("the normal form is too large to be worked out")
        return a * b


class ModularAlgebra(Algebra):
    """Numbers modulo the prime 2⁶¹ - 1: every generator is a random one, from a seed."""

    def __init__(self, names: Iterable[str], seed: int) -> None:
        super().__init__()
        self._field = GF(PRIME)
        self._random = random.Random(seed)
        self.zero, self.one = self._field.zero, self._field.one
        self.generators = {name: self.fresh() for name in names}

    def rational(self, above: int, below: int) -> Element:
        return self._field(above) / self._field(below)

    def fresh(self) -> Element:
        return self._field(self._random.randrange(PRIME))

    def inverse(self, a: Element) -> Element:
        if a == self.zero:
            raise UndecidableError("a division by zero")
        return self.one / a


class Degree(int):
    """The degree of a polynomial: a sum has at most the larger one, a product the sum of both."""

    def __add__(self, other: int) -> "Degree":
        return Degree(max(self, other))

    __radd__ = __sub__ = __rsub__ = __add__

    def __mul__(self, other: int) -> "Degree":
        return Degree(int(self) + int(other))

    __rmul__ = __mul__

    def __neg__(self) -> "Degree":
        return self


class DegreeAlgebra(Algebra):
    """Upper bounds of degrees; every name and every other generator has degree 1.

    1/s counts as deg s: a sum of such fractions, multiplied by all that it is divided by, has at most twice the degree
    that is found.
    """

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.zero = self.one = Degree(0)
        self.generators = dict.fromkeys(names, Degree(1))

    def rational(self, above: int, below: int) -> Element:
        return Degree(0)

    def fresh(self) -> Element:
        return Degree(1)

    def inverse(self, a: Element) -> Element:
        return a

    def winner(self, value: Element, largest: Element, *before: Element) -> Element:
        return Degree(1)

    def _gate_of(self, y: Element) -> Element:
        return Degree(1)


class RealAlgebra(Algebra):
    """Real numbers: parameters and data at random, every function at its value."""

    def __init__(self, names: Iterable[str], seed: int) -> None:
        super().__init__()
        self._context = mpmath.MPContext()
        self._context.dps = REAL_DIGITS
        self._random = random.Random(seed)
        self.zero, self.one = self._context.mpf(0), self._context.mpf(1)
        self.generators = {name: self.fresh() for name in names}

    def rational(self, above: int, below: int) -> Element:
        return self._context.mpf(above) / below

    def fresh(self) -> Element:
        return self._context.mpf(self._random.randrange(-(10**9), 10**9)) / 10**9

    def inverse(self, a: Element) -> Element:
        if a == 0:
            raise UndecidableError("a division by zero")
        return 1 / a

    def output(self, function: Function, z: Element) -> Element:
        c = self._context
        if function is log and z <= 0:
            raise UndecidableError("a logarithm of what is not positive")
        if function is sigmoid:
            return 1 / (1 + c.exp(-z))
        return c.log1p(c.exp(z)) if function is softplus else getattr(c, function.__name__)(z)

    def gate(self, z: Element) -> Element:
        return self.one if z > 0 else self.zero

    def gated(self, z: Element, slope: Element) -> Element:
        return slope * z

    def _gate_of(self, y: Element) -> Element:
        return self.gate(y)

    def maximum(self, candidates: Sequence[Element]) -> Element:
        return max(candidates)

    def shares(self, candidates: Sequence[Element]) -> list[Element]:
        first = candidates.index(max(candidates))
        return [self.one if n == first else self.zero for n in range(len(candidates))]

    def winner(self, value: Element, largest: Element, *before: Element) -> Element:
        return self.one if value == largest and largest not in before else self.zero

    @staticmethod
    def equal(a: Element, b: Element) -> bool:
        """Nothing between them but rounding."""
        return bool(abs(a - b) <= REAL_TOLERANCE * max(1, abs(a), abs(b)))
