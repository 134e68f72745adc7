"""Are two expressions in a network's quantities equal, whatever the parameters and the data? As in ``proof.py``.

    structure        SymPy's own canonical form is the same
    exact            the same normal form, everything put in
    modulo a prime   the same at random points, where normal forms are too large; with a bound of the error probability
    numbers          the same at real points to 50 digits, where functions depend on each other (a textbook's softmax)

Different numbers at one real point refute.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import mpmath
from sympy import Expr

from symcnn.derivation.algebra import Element, TooLargeError, UndecidableError
from symcnn.derivation.algebras import PRIME, DegreeAlgebra, ModularAlgebra, PolynomialAlgebra, RealAlgebra
from symcnn.derivation.derivation import Derivation
from symcnn.derivation.paths import Quantities
from symcnn.derivation.proof import SEEDS, generators_of

#: Products of monomials for all identities of one network together: about a second. Past it, random points decide.
BUDGET = 60_000

#: Real points at which numbers are compared, and the digits that must agree there.
POINTS, DIGITS = 40, 50


@dataclass(frozen=True)
class Decision:
    """What is known of one equality.

    Attributes:
        status: "proved", "probable" (with an error probability below ``epsilon``), "agrees" (in numbers only),
            "refuted", or "unknown".
        reason: of "unknown": what stands in the way; of "refuted": two values that differ.
    """

    status: Literal["proved", "probable", "agrees", "refuted", "unknown"]
    reason: str = ""
    epsilon: float = 0.0


class Identities:
    """Decides equalities over the quantities of some images.

    Args:
        images: (0,) is the image at hand; more where an equality names them.
    """

    def __init__(self, derivation: Derivation, images: tuple[int, ...] = (0,)) -> None:
        self.derivation, self.images = derivation, images
        self._names = Quantities.inputs(derivation, images)
        self._calls = generators_of(derivation)
        self._decided: dict[tuple[Expr, Expr], Decision] = {}

    def decide(self, left: Expr, right: Expr) -> Decision:
        """Is left = right an identity?"""
        if left == right:
            return Decision("proved")
        if (left, right) not in self._decided:
            self._decided[left, right] = self._decide(left, right)
        return self._decided[left, right]

    def _decide(self, left: Expr, right: Expr) -> Decision:
        try:
            if self._exact is not None:
                a, b = self._exact.elements(left, right)
                return Decision("proved") if a == b else self._in_numbers(left, right)
        except TooLargeError:
            pass  # this one alone
        except UndecidableError as reason:
            return self._in_numbers(left, right, str(reason))
        try:
            return self._at_random_points(left, right)
        except UndecidableError as reason:
            return self._in_numbers(left, right, str(reason))

    def _at_random_points(self, left: Expr, right: Expr) -> Decision:
        for quantities in self.modular:
            a, b = quantities.elements(left, right)
            if a != b:
                return self._in_numbers(left, right)
        # the bound of ``Judge``: two polynomials, or the arguments of two functions, agree at a random point
        degree = 2 * max(map(int, self._degrees.elements(left, right)))
        calls = 2 * self._calls * len(self.images)
        return Decision("probable", "", float((degree * (1 + calls**2) / PRIME) ** len(SEEDS)))

    def _in_numbers(self, left: Expr, right: Expr, reason: str = "") -> Decision:
        """The normal forms differ, or there are none: numbers refute, or agree."""
        compared = 0
        for seed in range(POINTS):
            try:
                a, b = self._real(seed).elements(left, right)
            except UndecidableError as found:  # a logarithm of what is negative there
                reason = reason or str(found)
                continue
            if not agree(a, b):
                return Decision("refuted", f"{float(a):.6g} ≠ {float(b):.6g}")
            compared += a != 0  # what a closed gate makes 0 on both sides says nothing
        return Decision("agrees", "") if compared >= POINTS // 4 else Decision("unknown", reason)

    def agree_where_shares(self, left: Expr, right: Expr) -> bool:
        """Are they the same in numbers wherever each image's targets add to 1, as shares do?"""
        try:
            return all(agree(*quantities.elements(left, right)) for quantities in self._shares)
        except UndecidableError:
            return False

    @cached_property
    def _shares(self) -> list[Quantities]:
        found = []
        for seed in range(POINTS // 4):
            algebra = RealAlgebra(self._names, seed)
            for last, others in Quantities.shares(self.derivation, self.images):
                algebra.generators[last] = algebra.one - sum(algebra.generators[name] for name in others)
            found.append(Quantities(self.derivation, algebra, self.images))
        return found

    @cached_property
    def _exact(self) -> Quantities | None:
        """None where the network's own normal forms are too large."""
        try:
            algebra = PolynomialAlgebra(self._names, self._calls * (len(self.images) + 1), BUDGET)
            return Quantities(self.derivation, algebra, self.images)
        except TooLargeError:
            return None

    @cached_property
    def modular(self) -> list[Quantities]:
        """The network's quantities modulo a prime, at each of the random points."""
        return [Quantities(self.derivation, ModularAlgebra(self._names, seed), self.images) for seed in SEEDS]

    @cached_property
    def _degrees(self) -> Quantities:
        return Quantities(self.derivation, DegreeAlgebra(self._names), self.images)

    def _real(self, seed: int) -> Quantities:
        if seed not in self._points:
            self._points[seed] = Quantities(self.derivation, RealAlgebra(self._names, seed), self.images)
        return self._points[seed]

    @cached_property
    def _points(self) -> dict[int, Quantities]:
        return {}


def agree(a: Element, b: Element) -> bool:
    """To 50 digits, or as far as a value near 0 has any."""
    return bool(mpmath.isfinite(a) and mpmath.isfinite(b) and abs(a - b) <= 10.0**-DIGITS * max(1, abs(a), abs(b)))
