"""Algebras in which expressions and their derivatives are computed, and equality can be decided.

Every output of a smooth function (sigmoid, exp, log …) is a generator, beside parameters, pixels and targets; two
outputs are one generator when their arguments agree. The gate of a relu and the selection of a maximum are generators
too: relu(z) = g·z, max(a, b, …) = v₁·a + v₂·b + …, for any g and v; so a formula is proved for every region between
the kinks at once. A gradient is then a polynomial or, with a division, a fraction. Derivatives come from dual numbers,
D(s) = s·(1 - s)·D(z): forward mode, without ``diff`` and without adjoints.

PolynomialAlgebra   ℚ[names, outputs, gates, winners]: normal forms, so equality is exact
ModularAlgebra      every generator a random number modulo 2⁶¹ - 1: different polynomials agree with a probability
                    of at most degree/p (Schwartz, Zippel); for networks whose normal forms are too large
DegreeAlgebra       degrees only, for that bound
RealAlgebra         no generators: every function has its value, to 60 digits, at random parameters and pixels; formulas
                    that differ here are different, however the outputs depend on each other
PointAlgebra        the same in floating point, at the values of the caller
"""

import random
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

import mpmath
from sympy import QQ, Expr, Symbol
from sympy.polys.rings import PolyRing, ring

from symcnn.proof.arithmetic import PRIME, Arithmetic, Dual, Element
from symcnn.proof.verdict import TooLargeError, UndecidableError
from symcnn.symbolic import LEAF, Y, Z, exp, gate, log, maximum, sigmoid, tanh, wins
from symcnn.symbolic.leaves import Function


class Algebra(Arithmetic):
    """Sums, products, quotients and the leaf functions of named generators."""

    #: Are formulas with equal elements equal? Not with bounds of degrees, nor with numbers at one point.
    is_faithful = True
    zero: Element
    one: Element
    generators: dict[Symbol, Element]

    def __init__(self) -> None:
        #: ("sigmoid", z) -> its generator, ("gate", z) -> g, ("winners", largest) -> (candidates, v…)
        self._known: dict[tuple[str, Element], Any] = {}

    @abstractmethod
    def fresh(self) -> Element:
        """Return another generator."""

    def renew_budget(self) -> None:
        """Start a new budget of products."""
        return

    def mark(self) -> int:
        """Return a checkpoint for ``restore``."""
        return len(self._known)

    def restore(self, mark: int) -> bool:
        """Forget the functions since a checkpoint; return whether there were any."""
        later = list(self._known)[mark:]
        for key in later:
            del self._known[key]
        return bool(later)

    # --- the leaf functions -------------------------------------------------------------------------------------------

    def call(self, function: Function, z: Sequence[Element]) -> Element:
        """Return a leaf function's output."""
        if function is maximum:
            return self.maximum(z)
        if function is wins:
            return self.winner(*z)
        if function is gate:
            return self._between(self._gate_of(z[0]), z[1], z[2])
        leaf = LEAF.get(function)
        if leaf is None:
            raise UndecidableError(f"{function.__name__} has no normal form here")
        if leaf.is_linear:
            return self.gated(z[0], self._slope(function, z[0]))
        output = self.output(function, z[0])
        if leaf.sides:  # the output has the sign of z
            self._known.setdefault(("gate", output), self.gate(z[0]))
        return output

    def derivative(self, function: Function, z: Element, output: Element) -> Element:
        """Return the derivative of a function of one argument: D(output) = derivative · D(z)."""
        leaf = LEAF[function]
        return self._slope(function, z) if leaf.is_linear else self.element(leaf.slope, {Z: z, Y: output})

    def output(self, function: Function, z: Element) -> Element:
        """Return the generator of a smooth function's output, one for each argument."""
        odd = {sigmoid: self.one, tanh: self.zero}
        if function in odd:
            if z == self.zero:  # a window in the padding
                return self.rational(1, 2) if function is sigmoid else self.zero
            if (function.__name__, -z) in self._known:  # σ(-z) = 1 - σ(z), tanh(-z) = -tanh(z)
                return odd[function] - self._known[function.__name__, -z]
        if (function.__name__, z) not in self._known and function in (exp, tanh, sigmoid):
            related = self._related(function, z)
            if related is not None:
                return related
        return self._generator(function.__name__, z)

    def _related(self, function: Function, z: Element) -> Element | None:
        """Return exp, tanh or sigmoid as a fraction of another of them that is known.

        exp(z) = σ(z)/(1 - σ(z)) = (1 + tanh(z/2))/(1 - tanh(z/2)); and exp(z) = exp(z - m)·exp(m) as in a softmax.
        """
        two, half = self.rational(2, 1), self.rational(1, 2)
        if function is exp:
            for known, sign in (("sigmoid", self.one), ("sigmoid", -self.one)):
                s = self._known.get((known, self.times(sign, z)))
                if s is not None:
                    above, below = (s, self.one - s) if sign == self.one else (self.one - s, s)
                    return self.times(above, self.inverse(below))
            for sign in (self.one, -self.one):
                t = self._known.get(("tanh", self.times(self.times(sign, half), z)))
                if t is not None:
                    t = self.times(sign, t)
                    return self.times(self.one + t, self.inverse(self.one - t))
            powers = [(a, value) for (kind, a), value in self._known.items() if kind == "exp"]
            for key in [k for k in self._known if k[0] == "winners"]:  # the shift of a softmax
                if any(z - key[1] == a for a, _ in powers):
                    return self.times(self._known["exp", z - key[1]], self._generator("exp", key[1]))
            return self._quotient_of_powers(z, dict(powers))
        power = self._known.get(("exp", z if function is sigmoid else self.times(two, z)))
        if power is not None:
            above = power if function is sigmoid else power - self.one
            return self.times(above, self.inverse(self.one + power))
        other = self._known.get(
            ("tanh", self.times(half, z)) if function is sigmoid else ("sigmoid", self.times(two, z))
        )
        if other is None:
            return None
        return self.times(half, self.one + other) if function is sigmoid else self.times(two, other) - self.one

    def _quotient_of_powers(self, z: Element, powers: Mapping[Element, Element]) -> Element | None:
        """Return exp(a - b) = exp(a)/exp(b)."""
        for b, below in powers.items():
            if z + b in powers:
                return self.times(powers[z + b], self.inverse(below))
        return None

    def gate(self, z: Element) -> Element:
        """Return 1 where z > 0, else 0: a generator, the same for the output of the gate."""
        return self._generator("gate", z)

    def gated(self, z: Element, slope: Element) -> Element:
        """Return slope·z, which has the sign of z."""
        output = self.times(slope, z)
        self._known.setdefault(("gate", output), self._known.get(("gate", z)))
        return output

    def maximum(self, candidates: Sequence[Element]) -> Element:
        """Return v₁·a + v₂·b + …, with a generator for each candidate."""
        if len(candidates) == 1:
            return candidates[0]
        key = ("maximum", tuple(candidates))
        if key not in self._known:
            shares = [self.fresh() for _ in candidates]
            largest = sum((self.times(v, a) for v, a in zip(shares, candidates, strict=True)), self.zero)
            self._known[key] = (largest, shares)
            self._known["winners", largest] = (list(candidates), shares)
        return self._known[key][0]

    def shares(self, candidates: Sequence[Element]) -> list[Element]:
        """Return ∂max/∂candidate of each candidate."""
        if len(candidates) == 1:
            return [self.one]
        self.maximum(candidates)
        return list(self._known["maximum", tuple(candidates)][1])

    def winner(self, value: Element, largest: Element, *before: Element) -> Element:
        """Return ∂max/∂value of a maximum of the network; ``before`` are the candidates before the value."""
        if value == largest and not before:  # alone in its window
            return self.one
        candidates, shares = self._known.get(("winners", largest), ([], []))
        place = len(before)
        if candidates[: place + 1] != [*before, value]:
            raise UndecidableError("[… is the first maximum]: no maximum of these candidates in the network")
        return shares[place]

    def _slope(self, function: Function, z: Element) -> Element:
        _, above, below = LEAF[function].slope.args
        return self._between(self.gate(z), *(self.rational(side.p, side.q) for side in (above, below)))

    def _between(self, g: Element, above: Element, below: Element) -> Element:
        return below + self.times(g, above - below)

    def _gate_of(self, y: Element) -> Element:
        if ("gate", y) not in self._known:
            raise UndecidableError("[… > 0]: not an argument or an output of a relu of the network")
        return self._known["gate", y]

    def _generator(self, kind: str, z: Element) -> Element:
        if (kind, z) not in self._known:
            self._known[kind, z] = self.fresh()
        return self._known[kind, z]

    # --- expressions --------------------------------------------------------------------------------------------------

    def element(self, e: Expr, known: dict[Expr, Element]) -> Element:
        """Return a SymPy expression in the algebra; ``known`` has the names, and caches sums and calls."""
        if e in known:
            return known[e]
        if e.is_Symbol:
            raise UndecidableError(f"{e.name} is not a quantity of the network")
        if e.is_Rational:
            return self.rational(e.p, e.q)
        if e.is_Mul:
            return reduce(self.times, [self.element(a, known) for a in e.args])
        if e.is_Pow and e.exp.is_Integer:
            return self.power(self.element(e.base, known), int(e.exp))
        if e.is_Add:
            known[e] = sum((self.element(a, known) for a in e.args), self.zero)
        elif e.is_Function:
            known[e] = self.call(e.func, [self.element(a, known) for a in e.args])
        else:
            raise UndecidableError(f"{e.func.__name__} has no normal form here")
        return known[e]

    def dual(self, e: Expr, lookup: Mapping[Symbol, Dual]) -> Dual:
        """Return a SymPy expression in dual numbers: value and derivatives by forward mode."""
        if e.is_Symbol:
            return lookup[e]
        if e.is_Rational:
            return Dual(self.rational(e.p, e.q))
        if e.is_Add or e.is_Mul:
            parts = [self.dual(a, lookup) for a in e.args]
            return self.dual_sum(parts) if e.is_Add else self.dual_product(parts)
        if e.is_Pow and e.exp.is_Integer:
            return self.dual_power(self.dual(e.base, lookup), int(e.exp))
        if e.is_Function:
            return self._dual_call(e.func, [self.dual(a, lookup) for a in e.args])
        raise UndecidableError(f"{e.func.__name__} has no normal form here")

    def power(self, base: Element, exponent: int) -> Element:
        if exponent < 0:
            base, exponent = self.inverse(base), -exponent
        return reduce(self.times, [base] * exponent, self.one)

    def _dual_call(self, function: Function, z: Sequence[Dual]) -> Dual:
        values = [d.value for d in z]
        output = self.call(function, values)
        if function is maximum:
            shared = [self.chain(output, v, d).slopes for v, d in zip(self.shares(values), z, strict=True)]
            return Dual(output, self.merged(shared))
        if function is gate:  # constant between the kinks
            g, (_, above, below) = self._gate_of(values[0]), z
            return Dual(
                output,
                self.merged((self.chain(output, g, above).slopes, self.chain(output, self.one - g, below).slopes)),
            )
        if function is wins:  # constant between the ties
            return Dual(output)
        return self.chain(output, self.derivative(function, values[0], output), z[0])


#: The most products of monomials of a normal form (a few seconds). The article's network needs 13,000.
BUDGET = 200_000

#: The most generators of a ring; with more, monomials are too long to finish in time.
MAX_GENERATORS = 600

#: Digits of the real algebra.
REAL_DIGITS = 60


class PolynomialAlgebra(Algebra):
    """ℚ[names, outputs, gates, winners]: exact.

    Args:
        symbols: the generators with a name; others: the most further ones.
        budget: the most products of monomials; None: ``BUDGET``.

    Raises:
        TooLargeError: more generators than a ring can have.
    """

    def __init__(self, symbols: Iterable[Symbol], others: int, budget: int | None = None) -> None:
        super().__init__()
        named = list(symbols)
        if len(named) + others > MAX_GENERATORS:
            raise TooLargeError(f"{len(named) + others} generators; normal forms are worked out with {MAX_GENERATORS}")
        self._ring: PolyRing = ring([*map(str, named), *(f"other_{n}" for n in range(1, others + 1))], QQ)[0]
        self.zero, self.one = self._ring.zero, self._ring.one
        self.generators = dict(zip(named, self._ring.gens, strict=False))
        self._others = self._ring.gens[len(named) :]
        self._used: list[int] = []  # the checkpoint at which each was taken
        self._most = self._budget = BUDGET if budget is None else budget

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
        self._budget = self._most

    def times(self, a: Element, b: Element) -> Element:
        self._budget -= len(a) * len(b)
        if self._budget < 0:
            raise TooLargeError("the normal form is too large to be worked out")
        return a * b


class Residue(int):
    """A number modulo ``PRIME``. (Faster than SymPy's, of which a large network makes millions.)"""

    __slots__ = ()

    def __add__(self, other: int) -> "Residue":
        return Residue(int.__add__(self, other) % PRIME)

    def __sub__(self, other: int) -> "Residue":
        return Residue(int.__sub__(self, other) % PRIME)

    def __rsub__(self, other: int) -> "Residue":
        return Residue(int.__sub__(other, self) % PRIME)

    def __mul__(self, other: int) -> "Residue":
        return Residue(int.__mul__(self, other) % PRIME)

    def __neg__(self) -> "Residue":
        return Residue(int.__neg__(self) % PRIME)

    __radd__, __rmul__ = __add__, __mul__


class ModularAlgebra(Algebra):
    """Numbers modulo the prime 2⁶¹ - 1: every generator is a random one, from a seed."""

    def __init__(self, symbols: Iterable[Symbol], seed: int) -> None:
        super().__init__()
        self._random = random.Random(seed)
        self.zero, self.one = Residue(0), Residue(1)
        self.generators = {symbol: self.fresh() for symbol in symbols}

    def rational(self, above: int, below: int) -> Element:
        if below % PRIME == 0:
            raise UndecidableError(f"a division by {below}, which is zero modulo 2^61 - 1")
        return Residue(above * pow(below, -1, PRIME) % PRIME)

    def fresh(self) -> Element:
        return Residue(self._random.randrange(PRIME))

    def inverse(self, a: Element) -> Element:
        if a == self.zero:
            raise UndecidableError("a division by zero")
        return Residue(pow(int(a), -1, PRIME))


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

    1/s counts as deg s: a sum of such fractions, times all its denominators, has at most twice this degree.
    """

    is_faithful = False

    def __init__(self, symbols: Iterable[Symbol]) -> None:
        super().__init__()
        self.zero = self.one = Degree(0)
        self.generators = dict.fromkeys(symbols, Degree(1))

    def rational(self, above: int, below: int) -> Element:
        return Degree(0)

    def fresh(self) -> Element:
        return Degree(1)

    def inverse(self, a: Element) -> Element:
        return a

    def output(self, function: Function, z: Element) -> Element:
        return Degree(2)  # a generator, or a fraction of two

    def winner(self, value: Element, largest: Element, *before: Element) -> Element:
        return Degree(1)

    def _gate_of(self, y: Element) -> Element:
        return Degree(1)


class RealAlgebra(Algebra):
    """Real numbers: random parameters and data, every function at its value."""

    is_faithful = False

    def __init__(self, symbols: Iterable[Symbol], seed: int) -> None:
        super().__init__()
        self._context = mpmath.MPContext()
        self._context.dps = REAL_DIGITS
        self._random = random.Random(seed)
        self.zero, self.one = self._context.mpf(0), self._context.mpf(1)
        self.generators = {symbol: self.fresh() for symbol in symbols}

    def rational(self, above: int, below: int) -> Element:
        return self._context.mpf(above) / below

    def fresh(self) -> Element:
        return self._context.mpf(self._random.randrange(-(10**9), 10**9)) / 10**9

    def inverse(self, a: Element) -> Element:
        if a == 0:
            raise UndecidableError("a division by zero")
        return 1 / a

    def output(self, function: Function, z: Element) -> Element:
        if function is log and z <= 0:
            raise UndecidableError("a logarithm of what is not positive")
        return LEAF[function].value_at(self._context, z)

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


class PointAlgebra(RealAlgebra):
    """Floating point, at the values of the caller."""

    def __init__(self, values: Mapping[Symbol, float]) -> None:
        super().__init__((), 0)
        self._context = mpmath.fp
        self.zero, self.one = 0.0, 1.0
        self.generators = dict(values)

    def rational(self, above: int, below: int) -> Element:
        return above / below
