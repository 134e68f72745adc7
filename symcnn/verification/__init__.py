"""Holding the prints of one definition against each other, and against independent truths."""

from symcnn.verification.agreement import TOLERANCE, Agreement, exact_gradients, programs_agree
from symcnn.verification.verify import Caught, Row, Verification, method_in_words, verify

__all__ = [
    "TOLERANCE", "Agreement", "Caught", "Row", "Verification", "exact_gradients", "method_in_words", "programs_agree",
    "verify",
]  # fmt: skip
