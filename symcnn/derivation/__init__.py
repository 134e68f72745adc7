"""From equations to derivatives: reverse mode in index notation, the scalar graph, its steps, and proof."""

from symcnn.derivation.derivation import ChainTerm, Derivation, Gradient, Step, derive, evaluate, explain
from symcnn.derivation.graph import Addend, Graph, Product, Variable, check_size, count_operations, points, products_of
from symcnn.derivation.proof import Judge, Proof, Verdict

__all__ = [
    "Addend", "ChainTerm", "Derivation", "Gradient", "Graph", "Judge", "Product", "Proof", "Step", "Variable",
    "Verdict", "check_size", "count_operations", "derive", "evaluate", "explain", "points",
    "products_of",
]  # fmt: skip
