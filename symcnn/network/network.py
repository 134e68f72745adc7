"""A network as a user declares it, and what it states: tensors and forward equations, in order."""

import html
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from symcnn.errors import InputError, quoted
from symcnn.network.describe import settings_of
from symcnn.network.layers import LAYERS, Activation, AvgPool2D, Conv2D, Flatten, Layer, MaxPool2D, OutputRow, whole
from symcnn.network.losses import LOSSES, Outputs, loss_named
from symcnn.network.names import Names
from symcnn.symbolic import ERROR, Equation, Tensor, TensorKind

#: Entries of one array of a network.
MAX_CELLS = 5_000_000


@dataclass(frozen=True)
class Forward:
    """What a network states.

    Attributes:
        image, targets: the data of one sample (targets: None without a loss).
        outputs: the last layer's values.
        parameters: the trainable tensors, layer by layer.
        feature_maps: what each convolution gives.
        equations: one after the other; the last one is E, if there is a loss.
    """

    image: Tensor
    outputs: Tensor
    targets: Tensor | None
    parameters: tuple[Tensor, ...]
    feature_maps: tuple[Tensor, ...]
    equations: tuple[Equation, ...]


@dataclass(frozen=True)
class Network:
    """A small network: the shape of its input, its layers in order, and its loss.

    Args:
        input_shape: (features,), (height, width) or (channels, height, width).
        layers: in the order in which the data passes them.
        loss: "half_squared_error" (½·(o - t)², summed over the outputs), "mse" ((o - t)², their mean),
            "cross_entropy" (softmax inside: the last layer's values are logits), "binary_cross_entropy" (the last layer
            is a sigmoid), or None for a forward pass only.

    Raises:
        InputError: a layer does not fit what it receives; the message names layer, value and remedy.
    """

    input_shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    loss: str | None = "half_squared_error"

    def __init__(
        self, input_shape: Iterable[int], layers: Iterable[Layer], loss: str | None = "half_squared_error"
    ) -> None:
        object.__setattr__(self, "input_shape", _input_shape(input_shape))
        object.__setattr__(self, "layers", _layers(layers))
        object.__setattr__(self, "loss", loss_named(loss))
        _ = self.forward  # a network that does not fit together is refused here, not at its first use

    def __reduce__(self) -> tuple[object, ...]:
        # a copy works the rest out again
        return type(self), (self.input_shape, self.layers, self.loss)

    @cached_property
    def forward(self) -> Forward:
        names = Names()
        shape = self.input_shape[1:] if len(self.input_shape) == 3 and self.input_shape[0] == 1 else self.input_shape
        image = tensor = names.tensor(TensorKind.IMAGE, shape, "image")
        equations: list[Equation] = []
        parameters: list[Tensor] = []
        feature_maps: list[Tensor] = []
        last = max((n for n, layer in enumerate(self.layers) if not isinstance(layer, Flatten)), default=-1)
        flattened = False
        for number, layer in self._stages():
            if flattened and isinstance(layer, (Conv2D, MaxPool2D, AvgPool2D)):
                raise InputError(
                    f"layer {number + 1}: {type(layer).__name__}: its input is flattened; expected a map:"
                    " put it before Flatten"
                )
            flattened = flattened or isinstance(layer, Flatten)
            try:
                stated = layer.state(tensor, names, final=number == last)
                _check_size(layer, (stated.output, *stated.parameters))
            except InputError as error:
                raise InputError(f"layer {number + 1}: {error}") from None
            tensor = stated.output
            equations += stated.equations
            parameters += stated.parameters
            feature_maps += stated.feature_maps
        targets = None
        if self.loss is not None:
            if len(tensor.shape) != 1:
                raise InputError(
                    f"loss={self.loss!r}: the last layer gives maps of {'×'.join(map(str, tensor.shape))} cells;"
                    " expected neurons: end with Dense, Flatten or a pooling over whole maps, or set loss=None"
                )
            targets = names.tensor(TensorKind.TARGET, tensor.shape, "target")
            stated_last = equations[-1] if equations and equations[-1].target.tensor == tensor else None
            equations += LOSSES[self.loss](Outputs(tensor, targets, stated_last, names))
            if not parameters:
                raise InputError(
                    "layers: none has parameters, so there is nothing to train; add Conv2D or Dense, or set loss=None"
                )
        return Forward(image, tensor, targets, tuple(parameters), tuple(feature_maps), tuple(equations))

    def _stages(self) -> list[tuple[int, Layer | OutputRow]]:
        """The layers, numbered; where maps become the outputs, a row of neurons before the last activations."""
        stages: list[tuple[int, Layer | OutputRow]] = list(enumerate(self.layers))
        tail = len(stages)
        while tail and isinstance(self.layers[tail - 1], (Flatten, Activation)):
            tail -= 1
        if self.loss is not None and tail:
            activations = sum(isinstance(layer, Activation) for layer in self.layers[tail:])
            stages.insert(tail, (-1, OutputRow(activations, activations < len(self.layers) - tail)))
        return stages

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the trainable scalars, layer by layer: weights, then biases."""
        return tuple(name for tensor in self.forward.parameters for name in tensor.scalars())

    @property
    def outputs(self) -> int:
        """The number of output values of one sample."""
        return self.forward.outputs.size

    @property
    def probabilities(self) -> Tensor | None:
        """What cross_entropy's softmax makes of the outputs: a share for each class. None with another loss."""
        return self.forward.equations[-2].target.tensor if self.loss == "cross_entropy" else None

    def _repr_html_(self) -> str:
        """Layers with their settings, the parameters' names."""
        rows = []
        for layer in self.layers:
            settings = ", ".join(f"{k}={v}" for k, v in settings_of(layer).items() if v is not None)
            rows.append(f"<tr><td>{type(layer).__name__}</td><td>{html.escape(settings)}</td></tr>")
        shape = "×".join(map(str, self.input_shape))
        names = ", ".join(self.parameters[:40]) + (" …" if len(self.parameters) > 40 else "")
        return (
            f"<table><tr><th>input</th><td>{shape}</td></tr>{''.join(rows)}<tr><th>loss</th><td>{self.loss}</td></tr>"
            f"</table><p>{len(self.parameters)} parameters: {names}</p>"
        )

    def require_loss(self, what: str) -> None:
        """Refuse a forward-only network where a loss is needed."""
        if self.loss is None:
            raise InputError(
                f"{what}: this network has no loss (loss=None, or 'none' in a file), so there is no error E to"
                " differentiate; give it a loss"
            )


def _check_size(layer: Layer | OutputRow, tensors: Iterable[Tensor]) -> None:
    for tensor in tensors:
        if tensor.size > MAX_CELLS:
            raise InputError(
                f"{layer}: {tensor.name} would have {tensor.size} entries; symcnn is for small networks, at most"
                f" {MAX_CELLS} in one array"
            )


def _input_shape(shape: Iterable[int]) -> tuple[int, ...]:
    sizes = [whole(n) for n in (shape if isinstance(shape, Iterable) and not isinstance(shape, str) else (shape,))]
    given = tuple(n for n in sizes if n is not None and n > 0)
    if len(given) < len(sizes) or not 1 <= len(given) <= 3:
        raise InputError(
            f"input_shape={quoted(shape)}: expected whole numbers, at least 1, as (features,), (height, width)"
            " or (channels, height, width)"
        )
    if math.prod(given) > MAX_CELLS:
        raise InputError(f"input_shape={quoted(given)}: {quoted(math.prod(given))} pixels; at most {MAX_CELLS}")
    return given


def _layers(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    given = tuple(layers)
    if not given:
        raise InputError("layers=[]: expected at least one layer")
    for number, layer in enumerate(given, 1):
        if not isinstance(layer, tuple(LAYERS.values())):
            if isinstance(layer, type) and layer.__name__ in LAYERS:
                raise InputError(f"layer {number} is the class {layer.__name__}: expected {layer.__name__}(…)")
            raise InputError(f"layer {number} is {quoted(layer)}: expected one of {', '.join(LAYERS)}")
    return given


__all__ = ["ERROR", "Forward", "Network"]
