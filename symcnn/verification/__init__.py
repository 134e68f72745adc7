"""Verification: gradients and programs, checked against each other and independent references."""

from symcnn.proof.equations import check_equations
from symcnn.verification.agreement import TOLERANCE, Agreement, exact_gradients, programs_agree
from symcnn.verification.planted import PlantedEquation, planted_equations
from symcnn.verification.result import Caught, CheckRow, CoqEvidence, Verification, method_in_words
from symcnn.verification.verify import taken_one_by_one, verify

__all__ = [
    "TOLERANCE", "Agreement", "Caught", "CheckRow", "CoqEvidence", "PlantedEquation", "Verification", "check_equations",
    "exact_gradients", "method_in_words", "planted_equations", "programs_agree", "taken_one_by_one", "verify",
]  # fmt: skip
