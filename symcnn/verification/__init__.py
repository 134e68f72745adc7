"""Holding the prints of one definition against each other, and against independent truths."""

from symcnn.verification.agreement import TOLERANCE, Agreement, exact_gradients, programs_agree
from symcnn.verification.modular import check_equations
from symcnn.verification.planted_equations import PlantedEquation, planted_equations
from symcnn.verification.result import Caught, Row, Verification, method_in_words
from symcnn.verification.verify import taken_one_by_one, verify

__all__ = [
    "TOLERANCE", "Agreement", "Caught", "PlantedEquation", "Row", "Verification", "check_equations", "exact_gradients",
    "method_in_words", "planted_equations", "programs_agree", "taken_one_by_one", "verify",
]  # fmt: skip
