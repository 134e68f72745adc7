"""Expressions and their derivatives worked out in an algebra in which equality can be decided.

Every sigmoid output is a generator, beside parameters, pixels and targets, so every gradient of a network of sums,
products and sigmoids is a polynomial. Two sigmoids are one generator when their arguments agree; σ(-z) is 1 - σ(z).

    PolynomialAlgebra   ℚ[names, s_1, s_2, …]: normal forms, so equality is exact
    ModularAlgebra      every generator a random number modulo 2⁶¹ - 1: different polynomials agree with a probability
                        of at most degree/p (Schwartz, Zippel); for networks whose normal forms are too large
    DegreeAlgebra       degrees only: what that bound needs

Derivatives come from dual numbers, D(s) = s·(1 - s)·D(z): forward mode, without ``diff`` and without adjoints.
"""

import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sympy import GF, QQ, Expr
from sympy.polys.rings import PolyRing, ring

from symcnn.symbolic import sigmoid

#: Products of monomials that may be formed (a few seconds); past it, normal forms are too large. The article's network
#: needs 13,000.
BUDGET = 200_000

PRIME = 2**61 - 1

Element = Any  # of the algebra: a polynomial, a number modulo p, a degree


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
    """Sums, products, whole powers and sigmoids of named generators."""

    zero: Element
    one: Element
    generators: dict[str, Element]

    def __init__(self) -> None:
        self._known: dict[Element, Element] = {}
        self._forgotten = 0

    @abstractmethod
    def rational(self, above: int, below: int) -> Element: ...

    @abstractmethod
    def fresh(self) -> Element:
        """A generator for one more sigmoid output."""

    def release(self, element: Element) -> None:
        """A sigmoid's generator is not needed any more."""
        return

    def times(self, a: Element, b: Element) -> Element:
        return a * b

    def renew_budget(self) -> None:
        """Let what follows take its time anew."""
        return

    def mark(self) -> int:
        """How many sigmoids are known."""
        return len(self._known)

    def restore(self, mark: int) -> bool:
        """Forget the sigmoids met since a mark; were there any?"""
        later = list(self._known)[mark:]
        for z in reversed(later):
            self.release(self._known.pop(z))
        self._forgotten = len(later)
        return bool(later)

    def met_after(self, mark: int) -> bool:
        """Were there sigmoids after a mark, still known or just forgotten?"""
        return len(self._known) + self._forgotten > mark

    def sigmoid(self, z: Element) -> Element:
        if z in self._known:
            return self._known[z]
        if z == self.zero:  # where a window lies in the padding
            return self.rational(1, 2)
        if -z in self._known:
            return self.one - self._known[-z]
        self._known[z] = self.fresh()
        return self._known[z]

    def element(self, e: Expr, known: dict[Expr, Element]) -> Element:
        """A SymPy expression in the algebra; ``known`` holds the names, and remembers each sum and sigmoid met."""
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
        if e.is_Pow and e.exp.is_Integer and e.exp >= 0:
            return self.power(self.element(e.base, known), int(e.exp))
        if e.is_Add:
            known[e] = sum((self.element(a, known) for a in e.args), self.zero)
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
            return Dual(self.rational(e.p, e.q), {})
        if e.is_Add or e.is_Mul:
            first, *rest = (self.dual(a, lookup) for a in e.args)
            for part in rest:
                first = self._sum(first, part) if e.is_Add else self._product(first, part)
            return first
        if e.is_Pow and e.exp.is_Integer and e.exp >= 1:
            base, n = self.dual(e.base, lookup), int(e.exp)
            outer = self.times(self.rational(n, 1), self.power(base.value, n - 1))
            return Dual(self.power(base.value, n), {d: self.times(outer, s) for d, s in base.slopes.items()})
        if isinstance(e, sigmoid):
            z = self.dual(e.args[0], lookup)
            s = self.sigmoid(z.value)
            slope = self.times(s, self.one - s)
            return Dual(s, {d: self.times(slope, dz) for d, dz in z.slopes.items()})
        raise UndecidableError(f"{e.func.__name__} has no normal form here")

    def power(self, base: Element, exponent: int) -> Element:
        result = self.one
        for _ in range(exponent):
            result = self.times(result, base)
        return result

    def _sum(self, a: Dual, b: Dual) -> Dual:
        return Dual(a.value + b.value, merged(a.slopes, b.slopes))

    def _product(self, a: Dual, b: Dual) -> Dual:
        left = {d: self.times(s, b.value) for d, s in a.slopes.items()}
        right = {d: self.times(a.value, s) for d, s in b.slopes.items()}
        return Dual(self.times(a.value, b.value), merged(left, right))


class PolynomialAlgebra(Algebra):
    """ℚ[names, s_1, …, s_n]: exact.

    Args:
        names: the generators besides the sigmoid outputs; sigmoids: how many of those there may be.
    """

    def __init__(self, names: Iterable[str], sigmoids: int) -> None:
        super().__init__()
        listed = list(names)
        outputs = [f"sigmoid_{n}" for n in range(1, sigmoids + 1)]
        self._ring: PolyRing = ring([*listed, *outputs], QQ)[0]
        self.zero, self.one = self._ring.zero, self._ring.one
        self.generators = dict(zip(listed, self._ring.gens, strict=False))
        self._free = list(self._ring.gens[len(listed) :])
        self._budget = BUDGET

    def rational(self, above: int, below: int) -> Element:
        return self._ring(QQ(above, below))

    def fresh(self) -> Element:
        if not self._free:
            raise UndecidableError("a sigmoid of an argument that the network does not have")
        return self._free.pop(0)

    def release(self, element: Element) -> None:
        self._free.insert(0, element)

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
    """Upper bounds of degrees; every name and every sigmoid output has degree 1."""

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.zero = self.one = Degree(0)
        self.generators = dict.fromkeys(names, Degree(1))

    def rational(self, above: int, below: int) -> Element:
        return Degree(0)

    def fresh(self) -> Element:
        return Degree(1)
