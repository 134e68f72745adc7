"""The ground floor: index-notation equations, and the leaf functions with their derivative rules."""

from symcnn.symbolic.display import html_of, latex_of
from symcnn.symbolic.equation import Access, Affine, Axis, Equation, Index, Role, Tensor, Term
from symcnn.symbolic.functions import DIFFERENTIABLE, LEAVES, maximum, relu, sigmoid
from symcnn.symbolic.order import in_reading_order

__all__ = [
    "DIFFERENTIABLE", "LEAVES", "Access", "Affine", "Axis", "Equation", "Index", "Role", "Tensor", "Term",
    "html_of", "in_reading_order", "latex_of", "maximum", "relu", "sigmoid",
]  # fmt: skip
