"""The algebras in which formulas are decided; what they have in common stands in ``algebra.py``.

PolynomialAlgebra   ℚ[names, outputs, gates, winners]: normal forms, so equality is exact
ModularAlgebra      every generator a random number modulo 2⁶¹ - 1: different polynomials agree with a probability
                    of at most degree/p (Schwartz, Zippel); for networks whose normal forms are too large
DegreeAlgebra       degrees only: what that bound needs
RealAlgebra         no generators: every function at its value, to 60 digits, at random parameters and pixels: where
                    two formulas differ here, they are different, whatever the outputs have to do with each other
PointAlgebra        the same in floating point, at values that are given
"""

import random
from collections.abc import Iterable, Mapping, Sequence

import mpmath
from sympy import QQ, Symbol
from sympy.polys.rings import PolyRing, ring

from symcnn.proof.algebra import Algebra
from symcnn.proof.arithmetic import PRIME, Element
from symcnn.proof.verdict import TooLargeError, UndecidableError
from symcnn.symbolic import LEAF, log
from symcnn.symbolic.leaves import Function

#: Products of monomials that may be formed (a few seconds); past it, normal forms are too large. The article's network
#: needs 13,000.
BUDGET = 200_000

#: Generators of a ring; past it, monomials are so long that nothing comes out in time.
MAX_GENERATORS = 600

#: Digits of the real algebra.
REAL_DIGITS = 60


class PolynomialAlgebra(Algebra):
    """ℚ[names, outputs, gates, winners]: exact.

    Args:
        symbols: the generators that have a name; others: how many more there may be.
        budget: how many products of monomials may be formed; None: ``BUDGET``.

    Raises:
        TooLargeError: more generators than a ring can have.
    """

    def __init__(self, symbols: Iterable[Symbol], others: int, budget: int | None = None) -> None:
        super().__init__()
        listed = list(symbols)
        if len(listed) + others > MAX_GENERATORS:
            raise TooLargeError(f"{len(listed) + others} generators; normal forms are worked out with {MAX_GENERATORS}")
        self._ring: PolyRing = ring([*map(str, listed), *(f"other_{n}" for n in range(1, others + 1))], QQ)[0]
        self.zero, self.one = self._ring.zero, self._ring.one
        self.generators = dict(zip(listed, self._ring.gens, strict=False))
        self._others = self._ring.gens[len(listed) :]
        self._used: list[int] = []  # how much was known when each was taken
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

    1/s counts as deg s: a sum of such fractions, multiplied by all that it is divided by, has at most twice the degree
    that is found.
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
    """Real numbers: parameters and data at random, every function at its value."""

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
    """Floating point at given values."""

    def __init__(self, values: Mapping[Symbol, float]) -> None:
        super().__init__((), 0)
        self._context = mpmath.fp
        self.zero, self.one = 0.0, 1.0
        self.generators = dict(values)

    def rational(self, above: int, below: int) -> Element:
        return above / below
