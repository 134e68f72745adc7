"""Holding the prints of one definition against each other, and against independent truths."""

from symcnn.verification.agreement import TOLERANCE, Agreement, exact_gradients, programs_agree

__all__ = ["TOLERANCE", "Agreement", "exact_gradients", "programs_agree"]
