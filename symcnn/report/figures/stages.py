"""What a diagram of a network shows, read from its equations: the tensors that layers give on, and how each is made.

Preactivations and the parts of a softmax are steps inside a layer: here they belong to the neuron that they end in.

A network that is too large to be drawn neuron by neuron: a block for each layer, with its shape.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import sympy

from symcnn.formula.tree import Symbol
from symcnn.network import Network
from symcnn.report.figures.sketch import Label, Mark, Rect, Sketch, Words, arrow, runs_of
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


IN_A_ROW, PITCH, HIGH, MARGIN = 5, 186.0, 158.0, 14.0
#: Height of a row where blocks stand under each other.
NARROW_HIGH = 104.0
#: Sheets of a stack of maps, at most, and how far each stands behind the one before.
SHEETS, SHIFT = 4, 5.0


def blocks(
    found: Sequence[LayerView], words: Mapping[str, str], decimal: str, *, narrow: bool = False,
    title: str = "",
) -> Sketch:  # fmt: skip
    """Stages as stacks of maps or bars of neurons, joined by arrows that name the operation.

    Args:
        words: as in ``network_diagram``.
    """
    marks: list[Mark] = []
    per_row = 1 if narrow else IN_A_ROW
    width = 360.0 if narrow else MARGIN * 2 + PITCH * min(per_row, len(found))
    high = NARROW_HIGH if narrow else HIGH
    for n, stage in enumerate(found):
        x = 90.0 if narrow else MARGIN + (n % per_row + 0.5) * PITCH
        y = MARGIN + (n // per_row) * high + (40 if narrow else 66)
        marks += _glyph(stage, x, y)
        name = runs_of(_name(stage, n == len(found) - 1, words), decimal)
        shape = runs_of(_by(stage.tensor.shape), decimal)
        if narrow:
            marks += [Label(168, y - 2, name, 14, "ink"), Label(168, y + 17, shape, 13, "muted")]
        else:
            marks += [Label(x, y - 50, name, 14, "ink", "middle"), Label(x, y + 62, shape, 13, "muted", "middle")]
        if n:
            marks += _step(stage, x, y, n % per_row == 0, narrow, words, decimal)
    rows = -(-len(found) // per_row)
    return Sketch(width, 2 * MARGIN + rows * high - (20 if narrow else 8), tuple(marks), title)


def _step(
    stage: LayerView, x: float, y: float, turns: bool, narrow: bool, words: Mapping[str, str], decimal: str
) -> Iterator[Mark]:
    """The arrow to a stage, with its operation."""
    label = runs_of(_label(stage, words), decimal)
    if narrow:
        yield from arrow((x, y - 70), (x, y - 42))
        yield Label(x + 12, y - 50, label, 12, "muted")
    elif turns:  # the first of a further row
        yield from arrow((x - 84, y), (x - 48, y))
        yield Label(x - 66, y - 9, label, 12, "muted halo", "middle")
    else:
        yield from arrow((x - PITCH / 2 - 28, y), (x - PITCH / 2 + 30, y))
        yield Label(x - PITCH / 2, y - 9, label, 12, "muted halo", "middle")


def _label(stage: LayerView, words: Mapping[str, str]) -> Words:
    if stage.operation == "convolution" and stage.weights:
        return f"∗ {_by(stage.weights.shape)}"
    if stage.operation == "dense" and stage.weights:
        return f"{stage.function}" if stage.function else ""
    return {"activation": stage.function, "maximum": "max", "mean": words["mean"]}.get(stage.operation, "")


def _name(stage: LayerView, last: bool, words: Mapping[str, str]) -> Words:
    kind = {"convolution": "map", "activation": "activated", "maximum": "pooled", "mean": "pooled",
            "image": "image"}.get(stage.operation, "hidden")  # fmt: skip
    letters = stage.tensor.letters
    return (f"{words['output' if last else kind]} ", Symbol(letters.capitalize() if not stage.is_vector else letters))


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _glyph(stage: LayerView, x: float, y: float) -> Iterator[Mark]:
    """Sheets for maps, a bar for neurons; the larger the tensor, the larger they are."""
    if stage.is_vector:
        height = min(78.0, 18 + 9 * math.log2(1 + stage.tensor.size))
        yield Rect(x - 8, y - height / 2, 16, height, "filter block", 0.22, radius=3)
        return
    rows, columns = stage.tensor.shape[-2:]
    scale = min(62.0, 14 + 11 * math.log2(1 + max(rows, columns))) / max(rows, columns)
    width, height = max(6.0, columns * scale), max(6.0, rows * scale)
    sheets = min(stage.maps, SHEETS)
    look = "grey" if stage.operation == "image" else "positive"
    for n in reversed(range(sheets)):
        shift = (n - (sheets - 1) / 2) * SHIFT
        left, top = x - width / 2 + shift, y - height / 2 - shift
        yield Rect(left, top, width, height, "ground")
        yield Rect(left, top, width, height, f"{look} block", 0.25)
