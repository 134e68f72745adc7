"""A network as a user declares it, with its tensors and forward equations; the losses.

A loss gives the error E of one sample in equations of outputs o and targets t; E_total adds the samples.

    half_squared_error     E = Σ_k ½·(o[k] - t[k])²
    mse                    E = 1/K · Σ_k (o[k] - t[k])²
    cross_entropy          E = Σ_k t[k]·(log(s) + m - o[k])    = -Σ_k t[k]·log y[k],  y[k] = u[k]/s the softmax of o
    binary_cross_entropy   E = Σ_k softplus(z[k]) - t[k]·z[k]  = -Σ_k t[k]·log o[k] + (1 - t[k])·log(1 - o[k]),
                                                                 where o = sigmoid(z)

The last two are written so that no logarithm of 0 and no overflow occurs; that both sides agree is a test.
"""

import html
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sympy import Rational, S

from symcnn.errors import MOST_LISTED, InputError, missing_attribute, quoted
from symcnn.network.layers import (
    LAYERS,
    Activation,
    AvgPool2D,
    Conv2D,
    Flatten,
    Layer,
    LayerOutput,
    MaxPool2D,
    Names,
    OutputRow,
    softmax,
    whole,
)
from symcnn.network.words import NETWORK_ARGUMENTS, REFUSED_NETWORK_ARGUMENTS, canonical, in_any_words
from symcnn.symbolic import ERROR, Access, Axis, Equation, Tensor, TensorKind, Term, log, sigmoid, softplus
from symcnn.text.characters import html_table, plain_table

# --- losses ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LossInputs:
    """The last layer's values o, the targets t, and the equation of o, if the last layer has one."""

    outputs: Tensor
    targets: Tensor
    equation: Equation | None
    names: Names

    @property
    def axis(self) -> Axis:
        return Axis("k", self.outputs.size)

    @property
    def o(self) -> Access:
        return self.entry(self.outputs)

    @property
    def t(self) -> Access:
        return self.entry(self.targets)

    def entry(self, tensor: Tensor) -> Access:
        """A tensor's entry k."""
        return Access(tensor, (self.axis.index,))


def half_squared_error(inputs: LossInputs) -> tuple[Equation, ...]:
    return _error(Term((Rational(1, 2), (inputs.o - inputs.t) ** 2), (inputs.axis,)))


def mse(inputs: LossInputs) -> tuple[Equation, ...]:
    return _error(Term(((inputs.o - inputs.t) ** 2,), (inputs.axis,), Rational(1, inputs.axis.size)))


def cross_entropy(inputs: LossInputs) -> tuple[Equation, ...]:
    if inputs.axis.size < 2:
        raise InputError("loss='cross_entropy': the network has one output; expected a class each, at least 2")
    factor = inputs.equation.terms[0].factors[0] if inputs.equation else S.One
    if factor.is_Mul and any(f.is_Pow and f.exp == -1 for f in factor.args):  # exponentials divided by their sum
        raise InputError(
            "loss='cross_entropy': the last layer is a softmax already, and the loss has one inside; end with"
            " activation=None"
        )
    y = inputs.names.tensor(TensorKind.PROBABILITY, inputs.outputs.shape)
    probabilities = softmax(y, inputs.outputs, inputs.axis, inputs.names)
    surprise = log(probabilities.sum) + probabilities.largest - inputs.o
    return (*probabilities.equations, *_error(Term((inputs.t, surprise), (inputs.axis,))))


def binary_cross_entropy(inputs: LossInputs) -> tuple[Equation, ...]:
    terms = inputs.equation.terms if inputs.equation else ()
    call = terms[0].factors[0] if len(terms) == 1 else None
    if not isinstance(call, sigmoid):
        raise InputError(
            "loss='binary_cross_entropy': the last layer's values must lie between 0 and 1; end with"
            ' activation="sigmoid"'
        )
    z = inputs.entry(call.args[0].tensor)
    return _error(Term((softplus(z),), (inputs.axis,)), Term((inputs.t, z), (inputs.axis,), S.NegativeOne))


def _error(*terms: Term) -> tuple[Equation, ...]:
    return (Equation(Access(ERROR, ()), (), terms),)


LOSSES: dict[str, Callable[[LossInputs], tuple[Equation, ...]]] = {
    loss.__name__: loss for loss in (half_squared_error, mse, cross_entropy, binary_cross_entropy)
}


def loss_named(word: object) -> str | None:
    """Our name of a loss; None for no loss.

    Raises:
        InputError: the word means no loss, or only nearly one.
    """
    if word is None or word == "none":
        return None
    name = canonical("loss", word, (*LOSSES, "none"), f"loss={quoted(word)}")
    return None if name == "none" else name


# --- descriptions ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """The kind of a tensor: its letter ("w"), and the letters of the tensors that weights, biases and preactivations
    belong to."""

    letter: str
    source: str = ""
    target: str = ""


def kind_of(tensor: Tensor) -> Kind:
    """``w_xh`` is ("w", "x", "h"), ``b_h`` is ("b", "", "h"), ``xb`` is ("x", "", "")."""
    first = tensor.parts[0][0]
    if first.startswith("w_"):
        return Kind("w", first.removeprefix("w_"), tensor.parts[1][0])
    if first.startswith(("b_", "z_")):
        return Kind(first[0], "", first[2:])
    return Kind(first[0])


def settings_of(layer: Layer) -> Mapping[str, object]:
    """The layer's settings by name, for display: stride filled in, a window as rows and columns."""
    values = {f.name: getattr(layer, f.name) for f in fields(layer)}
    window = values.get("kernel_size", values.get("size"))
    if window is not None:
        values["rows"], values["columns"] = window if isinstance(window, tuple) else (window, window)
        values["stride"] = values["stride"] or window
    return {name: "×".join(map(str, v)) if isinstance(v, tuple) else v for name, v in values.items()}


# --- the network ----------------------------------------------------------------------------------------------------

#: Entries of one array of a network.
MAX_CELLS = 5_000_000


_TRAIN = "run = symcnn.train(network, images, targets)"

#: What other libraries call it -> what to write.
INSTEAD = {
    "fit": f"write {_TRAIN}",
    "train": f"write {_TRAIN}",
    "compile": "write symcnn.train(network, …, optimizer=…); the loss belongs to symcnn.Network(…, loss=…), and"
    " symcnn.compile(network) makes a program",
    **{
        name: f"a network has no weights: {_TRAIN}, then run.{then}"
        for name, then in {
            "predict": "predict(images)", "predict_proba": "probabilities(images)", "score": "score(images, targets)",
            "evaluate": "score(images, targets)", "weights": "parameters", "get_weights": "parameters",
            "state_dict": "parameters", "save": "save(path)",
        }.items()
    },
    "count_params": "write len(network.parameters)",
    "add": "a network does not change: symcnn.Network(input_shape, [*network.layers, layer], network.loss)",
    "gradient": "write symcnn.derive(network)",
}  # fmt: skip


@dataclass(frozen=True)
class Forward:
    """The forward graph of a network.

    Attributes:
        image, targets: the data of one sample (targets: None without a loss).
        outputs: the last layer's values.
        parameters: the trainable tensors, layer by layer.
        feature_maps: the outputs of the convolutions.
        equations: in order; the last one is that of E, if there is a loss.
        steps: the layers, each with what it makes of what it receives; where maps become the outputs, a row of neurons;
            at last the loss, if there is one.
    """

    image: Tensor
    outputs: Tensor
    targets: Tensor | None
    parameters: tuple[Tensor, ...]
    feature_maps: tuple[Tensor, ...]
    equations: tuple[Equation, ...]
    steps: tuple[tuple[Layer | OutputRow | str, LayerOutput], ...]

    @property
    def answers(self) -> Tensor:
        """The network's answer: its probabilities, if the loss makes them, or its outputs."""
        made = (equation.target.tensor for equation in self.equations)
        return next((tensor for tensor in made if tensor.kind is TensorKind.PROBABILITY), self.outputs)


@dataclass(frozen=True)
class Network:
    """A small network: the shape of its input, its layers in order, and its loss.

    >>> import symcnn
    >>> net = symcnn.Network((3, 3), [symcnn.Conv2D(1, 2, bias=False), symcnn.Dense(2, "sigmoid")])
    >>> net.parameters[:5]
    ('f_11', 'f_12', 'f_21', 'f_22', 'w_x11o1')
    >>> symcnn.Network((3, 3), [symcnn.Conv2D(1, 4)])
    Traceback (most recent call last):
    symcnn.errors.InputError: layer 1: Conv2D(kernel_size=4): the input has 3 rows; kernel_size must be at most 3, ...

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

    @in_any_words("Network", NETWORK_ARGUMENTS, REFUSED_NETWORK_ARGUMENTS)
    def __init__(
        self, input_shape: Iterable[int], layers: Iterable[Layer], loss: str | None = "half_squared_error"
    ) -> None:
        object.__setattr__(self, "input_shape", _input_shape(input_shape))
        object.__setattr__(self, "layers", _layers(layers))
        object.__setattr__(self, "loss", loss_named(loss))
        _ = self.forward  # a network that does not fit together is refused here, not at its first use

    def __reduce__(self) -> tuple[object, ...]:
        # a copy computes the cached properties again
        return type(self), (self.input_shape, self.layers, self.loss)

    @cached_property
    def forward(self) -> Forward:
        names = Names()
        shape = self.input_shape[1:] if len(self.input_shape) == 3 and self.input_shape[0] == 1 else self.input_shape
        image = tensor = names.tensor(TensorKind.IMAGE, shape, "image")
        equations: list[Equation] = []
        parameters: list[Tensor] = []
        feature_maps: list[Tensor] = []
        steps: list[tuple[Layer | OutputRow | str, LayerOutput]] = []
        last = max((n for n, layer in enumerate(self.layers) if not isinstance(layer, Flatten)), default=-1)
        is_flat = False
        for number, layer in self._stages():
            if is_flat and isinstance(layer, (Conv2D, MaxPool2D, AvgPool2D)):
                raise InputError(
                    f"layer {number + 1}: {type(layer).__name__}: its input is flattened; expected a map:"
                    " put it before Flatten"
                )
            is_flat = is_flat or isinstance(layer, Flatten)
            try:
                result = layer.state(tensor, names, final=number == last)
                _check_size(layer, (result.output, *result.parameters))
            except InputError as error:
                raise InputError(f"layer {number + 1}: {error}") from None
            tensor = result.output
            steps.append((layer, result))
            equations += result.equations
            parameters += result.parameters
            feature_maps += result.feature_maps
        targets = None
        if self.loss is not None:
            if len(tensor.shape) != 1:
                raise InputError(
                    f"loss={self.loss!r}: the last layer gives maps of {'×'.join(map(str, tensor.shape))} cells;"
                    " expected neurons: end with Dense, Flatten or a pooling over whole maps, or set loss=None"
                )
            targets = names.tensor(TensorKind.TARGET, tensor.shape, "target")
            equation = equations[-1] if equations and equations[-1].target.tensor == tensor else None
            last_equations = LOSSES[self.loss](LossInputs(tensor, targets, equation, names))
            steps.append((self.loss, LayerOutput(ERROR, last_equations)))
            equations += last_equations
            if not parameters:
                raise InputError(
                    "layers: none has parameters, so there is nothing to train; add Conv2D or Dense, or set loss=None"
                )
        tensors = tuple(parameters), tuple(feature_maps)
        return Forward(image, tensor, targets, *tensors, tuple(equations), tuple(steps))

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
        """The softmax of the outputs inside cross_entropy; None with another loss."""
        return self.forward.equations[-2].target.tensor if self.loss == "cross_entropy" else None

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Heads and rows: of each layer its output, the output's shape, its number of parameters, and its equations."""
        rows = [["input", self.forward.image.name, "×".join(map(str, self.input_shape)), "", ""]]
        for layer, result in self.forward.steps:
            if isinstance(layer, OutputRow) and not result.equations:
                continue
            name = layer if isinstance(layer, str) else _as_written(layer)
            output = result.output
            shape = str(output.size) if isinstance(layer, Flatten) else "×".join(map(str, output.shape)) or "1"
            count = str(sum(tensor.size for tensor in result.parameters))
            rows.append([name, output.name, shape, count, "\n".join(map(str, result.equations))])
        return ["layer", "output", "shape", "parameters", "formula"], rows

    def summary(self) -> None:
        """Print the layers as a table: output, shape, parameters and formula of each.

        >>> import symcnn
        >>> symcnn.Network((2, 2), [symcnn.Conv2D(1, 2), symcnn.Dense(2, "sigmoid")]).summary()
        layer                           output  shape  parameters  formula
        input                           i       2×2
        Conv2D(1, 2)                    x       1×1    5           x[r, c] = Σ_{p, q} i[r + p, c + q]·f[p, q] + b_x[0]
        Dense(2, activation='sigmoid')  o       2      4           z_o[j] = Σ_{r, c} x[r, c]·w_xo[r, c, j] + b_o[j]
                                                                   o[j] = sigmoid(z_o[j])
        half_squared_error              E       1      0           E = Σ_{k} 1/2·(o[k] - t[k])**2
        9 parameters: f_11, f_12, f_21, f_22, b_x1, w_x11o1, w_x11o2, b_o1, b_o2
        """
        print(self)

    def __str__(self) -> str:
        return f"{plain_table(*self.table())}\n{self._parameters_in_words()}"

    def _repr_html_(self) -> str:
        return f"{html_table(*self.table())}<p>{html.escape(self._parameters_in_words())}</p>"

    def _parameters_in_words(self) -> str:
        names = ", ".join(self.parameters[:MOST_LISTED]) + (", …" if len(self.parameters) > MOST_LISTED else "")
        return f"{len(self.parameters):,} parameters: {names}" if names else "no parameters"

    if not TYPE_CHECKING:  # a checker that saw __getattr__ would accept any name

        def __getattr__(self, name: str) -> Any:
            raise missing_attribute(self, name, INSTEAD)

    def require_loss(self, what: str) -> None:
        """Refuse a forward-only network where a loss is needed."""
        if self.loss is None:
            raise InputError(
                f"{what}: this network has no loss (loss=None, or 'none' in a file), so there is no error E to"
                " differentiate; give it a loss"
            )


def _as_written(layer: Layer | OutputRow) -> str:
    """A layer in Python, without what is its default."""
    if isinstance(layer, OutputRow):
        return "outputs"
    values = [(f, getattr(layer, f.name)) for f in fields(layer)]
    words = [repr(v) if f.default is MISSING else f"{f.name}={v!r}" for f, v in values if v != f.default]
    return f"{type(layer).__name__}({', '.join(words)})"


def checked_network(network: object) -> Network:
    """Return the network, if it is one."""
    if not isinstance(network, Network):
        raise InputError(f"network of type {type(network).__name__}: expected symcnn.Network")
    return network


def _check_size(layer: Layer | OutputRow, tensors: Iterable[Tensor]) -> None:
    for tensor in tensors:
        if tensor.size > MAX_CELLS:
            raise InputError(
                f"{layer}: {tensor.name} would have {tensor.size} entries; symcnn is for small networks, at most"
                f" {MAX_CELLS} in one array"
            )


def _input_shape(shape: Iterable[int]) -> tuple[int, ...]:
    values = [whole(n) for n in (shape if isinstance(shape, Iterable) and not isinstance(shape, str) else (shape,))]
    sizes = tuple(n for n in values if n is not None and n > 0)
    if len(sizes) < len(values) or not 1 <= len(sizes) <= 3:
        raise InputError(
            f"input_shape={quoted(shape)}: expected whole numbers, at least 1, as (features,), (height, width)"
            " or (channels, height, width)"
        )
    if math.prod(sizes) > MAX_CELLS:
        raise InputError(f"input_shape={quoted(sizes)}: {quoted(math.prod(sizes))} pixels; at most {MAX_CELLS}")
    return sizes


def _layers(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    if not isinstance(layers, Iterable):
        raise InputError(f"layers={quoted(layers)}: expected a list of layers")
    layers = tuple(layers)
    if not layers:
        raise InputError("layers=[]: expected at least one layer")
    for number, layer in enumerate(layers, 1):
        if not isinstance(layer, tuple(LAYERS.values())):
            if isinstance(layer, type) and layer.__name__ in LAYERS:
                raise InputError(f"layer {number} is the class {layer.__name__}: expected {layer.__name__}(…)")
            raise InputError(f"layer {number} is {quoted(layer)}: expected one of {', '.join(LAYERS)}")
    return layers


__all__ = ["ERROR", "Forward", "Network"]
