"""Equalities between the quantities of a network, and the slopes between them, whatever the parameters and the data."""

from functools import cached_property

from sympy import Expr, Symbol

from symcnn.derivation import Derivation
from symcnn.proof.algebras import RealAlgebra
from symcnn.proof.arithmetic import Element
from symcnn.proof.domain import POINTS, SEEDS, AlgebraicDomain, Make, agree, error_probability
from symcnn.proof.gradients import generators_of
from symcnn.proof.paths import QuantityTable, inputs, shares
from symcnn.proof.verdict import Comparison, OneMethod, Verdict, decide
from symcnn.symbolic import E

#: Products of monomials for all identities of one network together: about a second. Past it, random points decide.
BUDGET = 60_000

#: Why an equality holds with a softmax and not without.
SHARES = "targets add to 1"


class QuantityDomain(AlgebraicDomain[QuantityTable]):
    """The quantities of some images; where functions depend on each other (a textbook's softmax), numbers suffice.

    Args:
        images: (0,) is the image at hand; more where an equality names them.
    """

    numbers_suffice = True
    budget = BUDGET

    def __init__(self, derivation: Derivation, images: tuple[int, ...] = (0,)) -> None:
        self.derivation, self.images = derivation, images
        self._decided: dict[tuple[Expr, Expr], Verdict] = {}

    def decide(self, left: Expr, right: Expr) -> Verdict:
        """Is left = right an identity? Each is decided once."""
        if (left, right) not in self._decided:
            self._decided[left, right] = decide(left, right, self)
        return self._decided[left, right]

    def decide_where_shares(self, left: Expr, right: Expr) -> Verdict:
        """Are they the same in numbers wherever each image's targets add to 1, as shares do?"""
        return decide(left, right, OneMethod("numbers", SHARES, self._compare_where_shares))

    def _compare_where_shares(self, left: Expr, right: Expr) -> Comparison:
        return Comparison(all(agree(*table.sides(left, right)) for table in self._where_shares))

    def decide_chain_rule(self) -> Verdict:
        """∂E/∂u = Σ ∂E/∂v · (∂v/∂u by v's own equation), for every quantity u of the network."""
        symbols, e = self.modular[0].symbols, E.symbol
        forward = [[table.carried(u, e) for u in symbols] for table in self.modular]
        backward = [[table.slope(e, u) for u in symbols] for table in self.modular]
        return decide(forward, backward, OneMethod("modulo a prime", self.modularly, self._compare_chain_rule))

    def _compare_chain_rule(self, forward: list[list[Element]], backward: list[list[Element]]) -> Comparison:
        if forward != backward:
            return Comparison(False, counterexample="∂E/∂u carried forward is not what is collected backward")
        degree = 2 * max(int(self.degrees.slope(E.symbol, u)) for u in self.degrees.symbols)
        return Comparison(True, error_probability(degree, self.leaves(), 1, len(SEEDS)))

    # --- the same quantities in each algebra --------------------------------------------------------------------------

    def sides_in(self, make: Make) -> QuantityTable:
        algebra = make(self._inputs, self._generators * (len(self.images) + 1))
        return QuantityTable(self.derivation, algebra, self.images)

    def leaves(self) -> int:
        return 2 * self._generators * len(self.images)

    @cached_property
    def _inputs(self) -> list[Symbol]:
        return inputs(self.derivation, self.images)

    @cached_property
    def _generators(self) -> int:
        return generators_of(self.derivation)

    @cached_property
    def _where_shares(self) -> list[QuantityTable]:
        """Real points at which the targets of each image add to 1."""
        points = []
        for seed in range(POINTS // 4):
            algebra = RealAlgebra(self._inputs, seed)
            for last, others in shares(self.derivation, self.images):
                algebra.generators[last] = algebra.one - sum(algebra.generators[other] for other in others)
            points.append(QuantityTable(self.derivation, algebra, self.images))
        return points
