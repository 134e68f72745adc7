"""The ground floor: index-notation equations, and the leaf functions with their derivative rules."""

from symcnn.symbolic.display import html_of, latex_of
from symcnn.symbolic.equation import (
    ADJOINT,
    Access,
    Affine,
    Axis,
    Equation,
    Index,
    Role,
    Tensor,
    TensorKind,
    Term,
    Wins,
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
from symcnn.symbolic.quantity import (
    E_TOTAL,
    ERROR,
    TOTAL_ERROR,
    E,
    Name,
    Quantities,
    Quantity,
    entries,
    quantity_of,
    split_name,
)  # fmt: skip

__all__ = [
    "ADJOINT", "ERROR", "E_TOTAL", "KINKED", "LEAF", "LEAVES", "PIECEWISE", "TOTAL_ERROR", "Access", "Affine", "Axis",
    "Column", "E", "Equation", "Index", "Leaf", "Name", "Quantities", "Quantity", "Role", "Tensor", "TensorKind",
    "Term", "Wins", "Y", "Z", "entries", "exp", "gate", "html_of", "in_reading_order", "latex_of", "leaky_relu", "log",
    "maximum", "quantity_of", "relu", "sigmoid", "softplus", "split_name", "symbol", "tanh", "wins",
]  # fmt: skip
