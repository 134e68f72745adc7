"""Equalities between the quantities of a network, and the slopes between them, whatever the parameters and the data."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from sympy import Expr

from symcnn.derivation import Derivation
from symcnn.proof.algebras import DegreeAlgebra, ModularAlgebra, PolynomialAlgebra, RealAlgebra
from symcnn.proof.domain import POINTS, SEEDS, AlgebraicDomain, agree, error_probability
from symcnn.proof.gradients import generators_of
from symcnn.proof.paths import QuantityTable
from symcnn.proof.verdict import Comparison, Method, TooLargeError, UndecidableError, Verdict, decide

#: Products of monomials for all identities of one network together: about a second. Past it, random points decide.
BUDGET = 60_000

#: Why an equality holds with a softmax and not without.
SHARES = "targets add to 1"


class QuantityDomain(AlgebraicDomain):
    """The quantities of some images; where functions depend on each other (a textbook's softmax), numbers suffice.

    Args:
        images: (0,) is the image at hand; more where an equality names them.
    """

    numbers_suffice = True

    def __init__(self, derivation: Derivation, images: tuple[int, ...] = (0,)) -> None:
        self.derivation, self.images = derivation, images
        self._decided: dict[tuple[Expr, Expr], Verdict] = {}
        self._real: dict[int, QuantityTable] = {}

    def decide(self, left: Expr, right: Expr) -> Verdict:
        """Is left = right an identity? Each is decided once."""
        if (left, right) not in self._decided:
            self._decided[left, right] = decide(left, right, self)
        return self._decided[left, right]

    def decide_where_shares(self, left: Expr, right: Expr) -> Verdict:
        """Are they the same in numbers wherever each image's targets add to 1, as shares do?"""
        return decide(left, right, _WhereShares(self))

    def decide_chain_rule(self) -> Verdict:
        """∂E/∂u = Σ ∂E/∂v · (∂v/∂u by v's own equation), for every quantity u of the network."""
        return decide(QuantityTable.carried, QuantityTable.slope, _ChainRule(self))

    # --- the same quantities in each algebra --------------------------------------------------------------------------

    @cached_property
    def _names(self) -> list[str]:
        return QuantityTable.inputs(self.derivation, self.images)

    @cached_property
    def _generators(self) -> int:
        return generators_of(self.derivation)

    def leaves(self, left: Any, right: Any) -> int:
        return 2 * self._generators * len(self.images)

    def exact(self) -> QuantityTable:
        if self._exact is None:
            raise TooLargeError("the network's own normal forms are too large")
        return self._exact

    @cached_property
    def _exact(self) -> QuantityTable | None:
        try:
            algebra = PolynomialAlgebra(self._names, self._generators * (len(self.images) + 1), BUDGET)
            return QuantityTable(self.derivation, algebra, self.images)
        except TooLargeError:
            return None

    def modular(self) -> list[QuantityTable]:
        return self._modular

    @cached_property
    def _modular(self) -> list[QuantityTable]:
        return [QuantityTable(self.derivation, ModularAlgebra(self._names, seed), self.images) for seed in SEEDS]

    def degrees(self) -> QuantityTable:
        return self._degrees

    @cached_property
    def _degrees(self) -> QuantityTable:
        return QuantityTable(self.derivation, DegreeAlgebra(self._names), self.images)

    def real(self, seed: int) -> QuantityTable:
        if seed not in self._real:
            self._real[seed] = QuantityTable(self.derivation, RealAlgebra(self._names, seed), self.images)
        return self._real[seed]

    @cached_property
    def where_shares(self) -> list[QuantityTable]:
        """Real points at which the targets of each image add to 1."""
        points = []
        for seed in range(POINTS // 4):
            algebra = RealAlgebra(self._names, seed)
            for last, others in QuantityTable.shares(self.derivation, self.images):
                algebra.generators[last] = algebra.one - sum(algebra.generators[name] for name in others)
            points.append(QuantityTable(self.derivation, algebra, self.images))
        return points


class _ChainRule:
    """∂E/∂u carried forward from u to E (left), and collected backward from E (right)."""

    is_canonical = True

    def __init__(self, domain: QuantityDomain) -> None:
        self._domain = domain

    def methods(self, left: Any, right: Any) -> Iterator[Method]:
        yield Method("modulo a prime", self._domain.modularly, lambda: self._at_random_points(left, right))

    def _at_random_points(self, left: Any, right: Any) -> Comparison:
        for table in self._domain.modular():
            for u in table.names:
                if u != "E" and left(table, u, "E") != right(table, "E", u):
                    return Comparison(False, counterexample=f"∂E/∂{u}")
        degrees = self._domain.degrees()
        degree = 2 * max(int(degrees.slope("E", u)) for u in degrees.names)
        return Comparison(True, error_probability(degree, self._domain.leaves(left, right), 1, len(SEEDS)))


class _WhereShares:
    """The same quantities where targets add to 1: in numbers only."""

    is_canonical = False

    def __init__(self, domain: QuantityDomain) -> None:
        self._domain = domain

    def methods(self, left: Any, right: Any) -> Iterator[Method]:
        yield Method("numbers", SHARES, lambda: Comparison(self._agree(left, right)))

    def _agree(self, left: Any, right: Any) -> bool:
        try:
            return all(agree(*quantities.sides(left, right)) for quantities in self._domain.where_shares)
        except UndecidableError:
            return False
