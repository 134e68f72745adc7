"""The derivation that users get: with what can be asked of its formulas.

``symcnn.Derivation`` is defined here, where its formulas are decided, and not where they are derived: so the room below
knows nothing of proof, and no import runs upwards.
"""

from functools import cached_property

from sympy import Expr, sympify

from symcnn.derivation import Derivation
from symcnn.errors import InputError, quoted
from symcnn.network import Network
from symcnn.proof.gradients import GradientDomain, Proof, prove
from symcnn.proof.identities import QuantityDomain
from symcnn.proof.verdict import Verdict


class ProvableDerivation(Derivation):
    """All derivatives of a network's error, by name, and the proof of them; see ``symcnn.derivation.Derivation``."""

    def prove(self) -> Proof:
        """Decide each of ``gradients`` against an independent derivative, exactly; see ``proof/gradients.py``."""
        return prove(self)

    def decide(self, name: str, candidate: Expr) -> Verdict:
        """Is this formula, anyone's, ∂E/∂name? Proved, refuted, or undecided with the reason.

        Args:
            candidate: of one image, in any quantities of the network: adjoints, x, h, o, pixels, parameters, targets.
        """
        if not isinstance(candidate, (Expr, int, float)):
            raise InputError(f"candidate {quoted(candidate)}: expected a SymPy expression")
        candidate = sympify(candidate)
        self._gradient_domain.renew_budget()
        return self._gradient_domain.decide(name, candidate)

    @cached_property
    def _gradient_domain(self) -> GradientDomain:
        return GradientDomain(self)

    def identities(self, images: tuple[int, ...] = (0,)) -> QuantityDomain:
        """Decides equalities between any quantities of some images; kept, with all that it has decided."""
        domains = self.__dict__.setdefault("_quantity_domains", {})
        return domains.setdefault(images, QuantityDomain(self, images))  # type: ignore[no-any-return]


def derive(network: Network, samples: int = 2) -> ProvableDerivation:
    """All derivatives of a network's error; see :class:`symcnn.Derivation`."""
    return ProvableDerivation(network, samples)
