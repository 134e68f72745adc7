"""Comparison of two expressions in the algebras, one after the other.

same             as written
exact            the same normal form; outputs of functions, gates and maxima are generators
modulo a prime   the same at random points, where normal forms are too large; with a bound of the error probability
numbers          at real points: sides that differ there are different, however the outputs depend on each other
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar

import mpmath
from sympy import Symbol

from symcnn.proof.algebra import Algebra, DegreeAlgebra, ModularAlgebra, PolynomialAlgebra, RealAlgebra
from symcnn.proof.arithmetic import PRIME, Element
from symcnn.proof.verdict import Comparison, Domain, Method, TooLargeError, UndecidableError

#: The number of real points, and the digits to which equal values agree there.
POINTS, DIGITS = 40, 50

#: The least difference of different values; a smaller one decides nothing.
APART = 1e-35

#: The seeds of the random points of a decision modulo the prime.
SEEDS = (20210126, 20261124)


class Sides(Protocol):
    """Both sides of an equality in one algebra."""

    def sides(self, left: Any, right: Any) -> tuple[Element, Element]:
        """
        Raises:
            UndecidableError: one of them has no form there.
        """
        ...


S = TypeVar("S", bound=Sides)

#: Makes an algebra of these generators, with room for so many more.
Make = Callable[[Iterable[Symbol], int], Algebra]


class AlgebraicDomain(Domain, Generic[S]):
    """The methods for two sides that any algebra can compute.

    Attributes:
        exactly, modularly, numerically: the methods in words.
        budget: the most products of monomials of normal forms; None: the algebra's own.
        points: the number of real points; apart: the least difference of different values.
        numbers_suffice: do numbers that agree prove equality? Else they only refute.
        foreign: the reason of "not decided", where the normal forms differ and the numbers agree.
    """

    exactly, modularly, numerically = "exact normal form", "random points modulo 2^61 - 1", "numbers"
    budget: int | None = None
    points, apart = POINTS, APART
    numbers_suffice = False
    foreign = ""

    @abstractmethod
    def sides_in(self, make: Make) -> S:
        """Return both sides in an algebra."""

    @abstractmethod
    def leaves(self) -> int:
        """Return the most values of functions of both sides."""

    @cached_property
    def exact(self) -> S | None:
        """The sides in normal forms; None where those of the network are too large."""
        try:
            return self.sides_in(lambda names, others: PolynomialAlgebra(names, others, self.budget))
        except TooLargeError:
            return None

    @cached_property
    def modular(self) -> list[S]:
        """The sides at each of the random points."""
        return [self.sides_in(lambda names, _, seed=seed: ModularAlgebra(names, seed)) for seed in SEEDS]  # type: ignore[misc]

    @cached_property
    def degrees(self) -> S:
        """Upper bounds of the degrees of both sides."""
        return self.sides_in(lambda names, _: DegreeAlgebra(names))

    def reals(self) -> Iterator[tuple[S, str]]:
        """Yield the sides at real points, and where each point lies, in words."""
        for seed in range(self.points):
            if len(self._reals) <= seed:
                self._reals.append(self.sides_in(lambda names, _, seed=seed: RealAlgebra(names, seed)))  # type: ignore[misc]
            yield self._reals[seed], ""

    @cached_property
    def _reals(self) -> list[S]:
        return []

    def methods(self, left: Any, right: Any) -> Iterator[Method]:
        if left == right:
            yield Method("same", "the same as written", lambda: Comparison(True))
        yield Method("exact", self.exactly, lambda: self._by_normal_forms(left, right))
        yield Method("modulo a prime", self.modularly, lambda: self._at_random_points(left, right))
        yield Method("numbers", self.numerically, lambda: self.in_numbers(left, right))

    def _by_normal_forms(self, left: Any, right: Any) -> Comparison:
        if self.exact is None:
            raise TooLargeError("the network's own normal forms are too large")
        return Comparison(_equal(self.exact, left, right))

    def _at_random_points(self, left: Any, right: Any) -> Comparison:
        if not all(_equal(evaluator, left, right) for evaluator in self.modular):
            return Comparison(False)
        # twice, for the denominators
        degree = 2 * max(map(int, self.degrees.sides(left, right)))
        return Comparison(True, error_probability(degree, self.leaves(), 1, len(SEEDS)))

    def in_numbers(self, left: Any, right: Any) -> Comparison:
        """Compare values at real points: different at one of them or, where numbers suffice, equal at enough of them.

        Raises:
            UndecidableError: no values differ, which does not suffice.
        """
        agreeing, reason = 0, ""
        for evaluator, at in self.reals():
            try:
                a, b = evaluator.sides(left, right)
            except UndecidableError as error:  # a logarithm of a negative number there
                reason = reason or str(error)
                continue
            if differ(a, b, self.apart):
                return Comparison(False, counterexample=(float(a), float(b)), at=at)
            agreeing += agree(a, b) and a != 0  # 0 on both sides may come from a closed gate
        if self.numbers_suffice and agreeing >= self.points // 4:
            return Comparison(True)
        raise UndecidableError(reason or self.foreign)


def error_probability(degree: int, leaves: int, points: int, runs: int = 1) -> float:
    """Return a bound of the probability that two different sides come out equal.

    Two polynomials of a degree of at most D agree at one random point with a probability of at most D/p (Schwartz,
    Zippel), at k points together (D/p)^k. Of n values of leaf functions two with different arguments are one element
    if their arguments agree at all those points; there are fewer than n² such pairs. Independent runs multiply.
    """
    return float(((1 + leaves**2) * (degree / PRIME) ** points) ** runs)


def _equal(evaluator: Sides, left: Any, right: Any) -> bool:
    a, b = evaluator.sides(left, right)
    return bool(a == b)


def agree(a: Element, b: Element) -> bool:
    """Do two values agree to 50 digits, or a value near 0 as far as it has any?"""
    return bool(mpmath.isfinite(a) and mpmath.isfinite(b) and abs(a - b) <= 10.0**-DIGITS * max(1, abs(a), abs(b)))


def differ(a: Element, b: Element, apart: float = APART) -> bool:
    """Do two values differ by more than rounding? A value that is not finite does not."""
    return bool(abs(a - b) > apart * max(1, abs(a), abs(b)))
