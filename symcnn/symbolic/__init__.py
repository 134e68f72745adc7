"""The ground floor: index-notation equations, and the leaf functions with their derivative rules."""

from symcnn.symbolic.equation import Access, Affine, Axis, Equation, Index, Role, Tensor, Term, Wins, symbol
from symcnn.symbolic.leaves import (
    KINKED,
    LEAF,
    LEAVES,
    PIECEWISE,
    Column,
    Leaf,
    Y,
    Z,
    exp,
    gate,
    leaky_relu,
    log,
    maximum,
    relu,
    sigmoid,
    softplus,
    tanh,
    wins,
)
from symcnn.symbolic.order import in_reading_order

__all__ = [
    "KINKED", "LEAF", "LEAVES", "PIECEWISE", "Access", "Affine", "Axis", "Column", "Equation", "Index", "Leaf", "Role",
    "Tensor", "Term", "Wins", "Y", "Z", "exp", "gate", "in_reading_order", "leaky_relu", "log",
    "maximum", "relu", "sigmoid", "softplus", "symbol", "tanh", "wins",
]  # fmt: skip
