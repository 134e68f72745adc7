"""Verification: gradients, programs and workbooks, checked against each other and independent references."""

from pathlib import Path
from typing import TYPE_CHECKING

from symcnn.network import Network
from symcnn.proof.equations import check_equations
from symcnn.verification.agreement import TOLERANCE, Agreement, exact_gradients, programs_agree
from symcnn.verification.planted import PlantedEquation, planted_equations
from symcnn.verification.result import Caught, CheckRow, CoqEvidence, Verification, method_in_words
from symcnn.verification.verify import taken_one_by_one, verify

if TYPE_CHECKING:
    from symcnn.verification.workbook import WorkbookVerification

__all__ = [
    "TOLERANCE", "Agreement", "Caught", "CheckRow", "CoqEvidence", "PlantedEquation", "Verification", "check_equations",
    "exact_gradients", "method_in_words", "planted_equations", "programs_agree", "taken_one_by_one", "verify",
    "verify_workbook",
]  # fmt: skip


def verify_workbook(path: str | Path, network: Network | None = None, *, lang: str = "en") -> "WorkbookVerification":
    """Read a workbook back from its file and prove its formulas; see ``symcnn/verification/workbook/verify.py``."""
    from symcnn.verification.workbook import verify_workbook as read_back  # openpyxl takes a while to import

    return read_back(path, network, lang=lang)
