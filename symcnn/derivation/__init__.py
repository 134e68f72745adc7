"""From equations to derivatives: reverse mode in index notation, the scalar graph, and its steps."""

from symcnn.derivation.derivation import ChainTerm, Derivation, Gradient, Step, derive
from symcnn.derivation.graph import (
    Addend,
    Entries,
    Graph,
    Product,
    Variable,
    check_size,
    count_products,
    instance,
    points,
)
from symcnn.derivation.operations import count_operations

__all__ = [
    "Addend", "ChainTerm", "Derivation", "Entries", "Gradient", "Graph", "Product", "Step",
    "Variable", "check_size", "count_operations", "count_products", "derive", "instance", "points",
]  # fmt: skip
