"""What a diagram of a network shows, read from its equations: the tensors that layers give on, and how each is made.

Preactivations and the parts of a softmax are steps inside a layer: here they belong to the neuron that they end in.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import sympy

from symcnn.network import Network
from symcnn.symbolic import LEAF, Access, Equation, Tensor, TensorKind, exp

Operation = Literal["image", "convolution", "activation", "maximum", "mean", "dense", "error"]

#: Kinds of tensors that layers give on: feature map, activated, pooled, hidden neurons, outputs.
GIVEN_ON = frozenset((
    TensorKind.FEATURE_MAP, TensorKind.ACTIVATED_MAP, TensorKind.POOLED_MAP, TensorKind.HIDDEN, TensorKind.OUTPUT,
))  # fmt: skip


@dataclass(frozen=True)
class LayerView:
    """A tensor with the operation that makes it.

    Attributes:
        weights: the filter of a convolution, the weights of neurons.
        function: the activation that a layer applies: "σ", "ReLU", "softmax"; empty for none.
    """

    tensor: Tensor
    operation: Operation
    weights: Tensor | None = None
    function: str = ""

    @property
    def is_vector(self) -> bool:
        return len(self.tensor.shape) < 2

    @cached_property
    def maps(self) -> int:
        return self.tensor.shape[0] if len(self.tensor.shape) == 3 else 1


def stages(network: Network) -> list[LayerView]:
    """From the image to the outputs."""
    stated = network.forward
    found = [LayerView(stated.image, "image")]
    weights: Tensor | None = None
    function = ""
    for equation in stated.equations:
        tensor = equation.target.tensor
        accesses = {a.tensor for t in equation.terms for f in t.factors for a in f.atoms(Access)}
        own = [t for t in accesses if t.role == "parameter" and t.kind in (TensorKind.FILTER, TensorKind.WEIGHT)]
        weights = own[0] if own else weights
        function = _function(equation) or function
        if tensor.kind in GIVEN_ON:
            found.append(LayerView(tensor, _operation(equation, weights, found[-1].tensor), weights, function))
            weights, function = None, ""
        if tensor == stated.outputs:
            break
    return found


def _operation(equation: Equation, weights: Tensor | None, source: Tensor) -> Operation:
    if weights is not None:
        return "convolution" if weights.kind is TensorKind.FILTER else "dense"
    if equation.reduce == "max":
        return "maximum"
    return "mean" if any(term.axes for term in equation.terms) else "activation"


def _function(equation: Equation) -> str:
    """The leaf function that an equation applies."""
    for term in equation.terms:
        for factor in term.factors:
            for part in sympy.preorder_traversal(factor):
                if part.func is exp:
                    return "softmax"
                if part.func in LEAF:
                    return LEAF[part.func].display or LEAF[part.func].activation
    return ""
