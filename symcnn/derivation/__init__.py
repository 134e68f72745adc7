"""From equations to derivatives: reverse mode in index notation, the scalar graph, its steps, and proof."""

from symcnn.derivation.derivation import ChainTerm, Derivation, Gradient, Step, derive, evaluate, explain
from symcnn.derivation.graph import (
    Addend,
    Graph,
    Product,
    Scalars,
    Variable,
    check_size,
    count_products,
    instance,
    points,
)
from symcnn.derivation.operations import count_operations
from symcnn.derivation.proof import Judge, Proof, Verdict

__all__ = [
    "Addend", "ChainTerm", "Derivation", "Gradient", "Graph", "Judge", "Product", "Proof", "Scalars", "Step",
    "Variable", "Verdict", "check_size", "count_operations", "count_products", "derive", "evaluate", "explain",
    "instance", "points",
]  # fmt: skip
