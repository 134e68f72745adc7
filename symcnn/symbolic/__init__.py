"""The ground floor: index-notation equations, and the leaf functions with their derivative rules."""

from symcnn.symbolic.equation import (
    ADJOINT,
    Access,
    Affine,
    Axis,
    Equation,
    Index,
    IndexedAtom,
    RecordAtom,
    Role,
    Tensor,
    TensorKind,
    Term,
    Wins,
    substitute,
    symbol,
)
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
    in_reading_order,
    leaky_relu,
    log,
    maximum,
    relu,
    sigmoid,
    softplus,
    tanh,
    wins,
)
from symcnn.symbolic.quantity import ERROR, TOTAL_ERROR, Name, Quantities, Quantity, entries, is_numbered, quantity_of

__all__ = [
    "ADJOINT", "ERROR", "KINKED", "LEAF", "LEAVES", "PIECEWISE", "TOTAL_ERROR", "Access", "Affine", "Axis", "Column",
    "Equation", "Index", "IndexedAtom", "Leaf", "Name", "Quantities", "Quantity", "RecordAtom", "Role", "Tensor",
    "TensorKind", "Term", "Wins", "Y", "Z", "entries", "exp", "gate", "in_reading_order", "is_numbered", "leaky_relu",
    "log", "maximum", "quantity_of", "relu", "sigmoid", "softplus", "substitute", "symbol", "tanh", "wins",
]  # fmt: skip
