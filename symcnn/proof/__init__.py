"""Whether an equality is right: one judge for every room, one verdict, one arithmetic.

``decide(left, right, domain)`` decides an equality of two sides in some domain: right, wrong or not decided
(``verdict.py``; it alone makes a ``Verdict``). A domain lists its methods from the strongest: as written, exact normal
form, modulo a prime with its error probability, numbers at real points.

    gradients    a formula for ∂E/∂name against dual numbers through E
    paths        two expressions in the quantities of a network and the slopes between them
    numbers      written or computed numbers, each in an interval
    equations    the adjoint equations in index notation against dual numbers through the forward equations
    elsewhere    a workbook's cells (``workbook/check``), Coq's result on a certificate (``certificate``)

Kept apart on purpose is the independent oracle, ``verification/evidence.py`` with ``evaluate.py``: it
shares no arithmetic with this room, so that an error in one shows in the other. ``derivation`` knows nothing of proof;
the derivation that users get, with ``prove`` and ``decide``, is made above both (``symcnn/interactive.py``).
"""

from symcnn.proof.equations import check_equations
from symcnn.proof.gradients import GradientDomain, Proof, prove
from symcnn.proof.paths import QuantityDomain
from symcnn.proof.verdict import Comparison, OneMethod, UndecidableError, Verdict, decide

__all__ = [
    "Comparison", "GradientDomain", "OneMethod", "Proof", "QuantityDomain", "UndecidableError",
    "Verdict", "check_equations", "decide", "prove",
]  # fmt: skip
