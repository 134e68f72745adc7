"""The layers: each declares its parameters, its shape rule and its equation, and knows no backend.

    Conv2D      x[k,r,c] = b[k] + Σ_{d,p,q} i[d, s·r + p - pad, s·c + q - pad] · f[k,d,p,q]
    Dense       z[j] = b[j] + Σ_{k,r,c} x[k,r,c] · w[k,r,c,j];   h[j] = σ(z[j])
    Activation  a[…] = relu(x[…])
    MaxPool2D   p[k,r,c] = max over u,v of a[k, s·r + u - pad, s·c + v - pad]
    AvgPool2D   p[k,r,c] = 1/size² · Σ_{u,v} a[k, s·r + u - pad, s·c + v - pad]
    softmax     m = max_j z[j];  u[j] = exp(z[j] - m);  s = Σ_j u[j];  h[j] = u[j]/s
    Flatten     has no equation: Dense sums over whatever axes it receives

What the article and the frameworks call convolution does not flip the filter: it is a cross-correlation.
Index letters: n sample · d channel · k filter or map · r c row, column · p q row, column in the filter ·
u v row, column in the pooling window · j neuron.

Names of tensors: i image · f filter · x feature map · a activated map · p pooled map · z preactivation · h hidden
neuron · o output · w weight · b bias · t target · E error · softmax: m the largest, u exponentials, s their sum, y
probabilities · q shares of a mean. A further layer of a kind takes a letter after its own: f, fb, fc, …; x, xb, xc, …
Axes of length 1 that only count filters or channels do not exist in a tensor, so no name carries them.
"""

import math
import numbers
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from keyword import iskeyword
from string import ascii_lowercase
from typing import Literal, TypeVar

import numpy as np
import sympy
from sympy import Rational, S

from symcnn.errors import InputError, quoted
from symcnn.network.words import canonical, in_any_words
from symcnn.symbolic import LEAVES, Access, Affine, Axis, Equation, Role, Tensor, TensorKind, Term, exp


class Names:
    """Makes the tensors of one network, each with letters of its own."""

    def __init__(self) -> None:
        self._taken: Counter[TensorKind] = Counter()

    def letters(self, kind: TensorKind) -> str:
        """``x``, then ``xb``, ``xc``, …, ``xz``, ``xbb``, … (not ``xa``, which would look like a first)."""
        while True:
            letters = kind.value + _suffix(self._taken[kind])
            self._taken[kind] += 1
            if not iskeyword(letters):  # the nineteenth activated map would be "as"
                return letters

    def tensor(
        self, kind: TensorKind, shape: tuple[int, ...], role: Role = "value", values: tuple[Rational, ...] = ()
    ) -> Tensor:
        letters = self.letters(kind)
        # a single quantity has no index: m, s
        return Tensor(letters, shape, ((f"{letters}_" if shape else letters, len(shape)),), role, values, kind)


def _suffix(n: int) -> str:
    text = ""
    while n:
        n, digit = divmod(n - 1, 25)
        text = ascii_lowercase[1 + digit] + text
    return text


def preactivation(activation: Tensor) -> Tensor:
    name, shape = f"z_{activation.letters}", activation.shape
    return Tensor(name, shape, ((name, len(shape)),), kind=TensorKind.PREACTIVATION, target=activation)


def weights(source: Tensor, target: Tensor) -> Tensor:
    a, b = source.letters, target.letters
    parts = ((f"w_{a}", len(source.shape)), (b, len(target.shape)))
    shape = source.shape + target.shape
    return Tensor(f"w_{a}{b}", shape, parts, "parameter", kind=TensorKind.WEIGHT, source=source, target=target)


def bias(target: Tensor, size: int) -> Tensor:
    """One bias for each of the target's neurons or filters."""
    name = f"b_{target.letters}"
    return Tensor(name, (size,), ((name, 1),), "parameter", kind=TensorKind.BIAS, target=target)


@dataclass(frozen=True)
class Softmax:
    """The equations of a softmax, and two of its quantities: m, the largest score, and s, the sum of exponentials."""

    equations: tuple[Equation, ...]
    largest: Access
    sum: Access


def softmax(target: Tensor, source: Tensor, axis: Axis, names: Names) -> Softmax:
    """m = max z, u = exp(z - m), s = Σ u, target = u/s, over the one axis of ``source``.

    The result does not depend on m, which keeps the exponentials from overflowing: nothing is differentiated through
    it.
    """
    index = (axis.index,)
    z = Access(source, index)
    m = Access(names.tensor(TensorKind.LARGEST, ()), ())
    u = Access(names.tensor(TensorKind.EXPONENTIAL, source.shape), index)
    s = Access(names.tensor(TensorKind.TOTAL, ()), ())
    equations = (
        Equation(m, (), (Term((z,), (axis,)),), "max", constant=True),
        Equation(u, (axis,), (Term((exp(z - m),)),)),
        Equation(s, (), (Term((u,), (axis,)),)),
        Equation(Access(target, index), (axis,), (Term((u / s,)),)),
    )
    return Softmax(equations, m, s)


Padding = int | tuple[int, int] | Literal["same"]

ELEMENTWISE: dict[str, Callable[[sympy.Expr], sympy.Expr]] = {
    leaf.activation: leaf.function for leaf in LEAVES if leaf.activation
}
ACTIVATIONS = (*ELEMENTWISE, "softmax")


@dataclass(frozen=True)
class LayerOutput:
    """A layer's output tensor, its equations, its parameters, and its feature map, if it has one: ∂E/∂(feature map) is
    one of the derivation's results."""

    output: Tensor
    equations: tuple[Equation, ...] = ()
    parameters: tuple[Tensor, ...] = ()
    feature_maps: tuple[Tensor, ...] = ()


_L = TypeVar("_L")


def _in_any_words(layer: type[_L]) -> type[_L]:
    """A decorator: the layer also takes the names that other libraries have for its settings."""
    layer.__init__ = in_any_words(layer.__name__)(layer.__init__)  # type: ignore[method-assign]
    return layer


@_in_any_words
@dataclass(frozen=True)
class Conv2D:
    """Slide ``filters`` filters over a map, without flipping them (a cross-correlation).

    >>> import symcnn
    >>> print(symcnn.Network((5, 5), [symcnn.Conv2D(2, 3, stride=2)], loss=None).forward.equations[0])
    x[k, r, c] = Σ_{p, q} i[2*r + p, 2*c + q]·f[k, p, q] + b_x[k]

    Args:
        filters: how many, at least 1.
        kernel_size: an integer, or (rows, columns).
        stride: at least 1, or (rows, columns).
        padding: cells of zeros on every side, (rows, columns), or "same" (output ⌈n/stride⌉, the odd cell at the bottom
            and right).
        bias: one bias for each filter.
        normalize: divide the sum of the window by its number of cells (channels × rows × columns).
        dilation: from one cell of a window to the next, at least 1, or (rows, columns).
    """

    filters: int
    kernel_size: int | tuple[int, int]
    stride: int | tuple[int, int] = 1
    padding: Padding = 0
    bias: bool = True
    normalize: bool = False
    dilation: int | tuple[int, int] = 1

    def __post_init__(self) -> None:
        _positive(self, "filters")
        for field in ("kernel_size", "stride", "dilation"):
            _one_or_two(self, field)
        _padding(self)
        _flag(self, "bias")
        _flag(self, "normalize")

    def state(self, source: Tensor, names: Names, final: bool) -> LayerOutput:
        channels, rows, columns = _map_shape(self, source)
        height, width = pair_of(self.kernel_size)
        slide_r, slide_c = _slides(self, "kernel_size", (rows, columns))
        k = (Axis("k", self.filters),) if self.filters > 1 else ()
        d = (Axis("d", channels),) if channels > 1 else ()
        r, c, p, q = (Axis("r", slide_r.count), Axis("c", slide_c.count), Axis("p", height), Axis("q", width))
        shape = tuple(axis.size for axis in (*k, r, c))
        f = names.tensor(TensorKind.FILTER, tuple(axis.size for axis in (*k, *d, p, q)), "parameter")
        x = names.tensor(TensorKind.FEATURE_MAP, shape)
        window = Access(source, (*(a.index for a in d), slide_r.index("r", "p"), slide_c.index("c", "q")))
        scale = Rational(1, channels * height * width) if self.normalize else S.One
        terms = [Term((window, _entry(f, (*k, *d, p, q))), (*d, p, q), scale)]
        parameters = [f]
        if self.bias:
            b = bias(x, self.filters)
            parameters.append(b)
            terms.append(Term((Access(b, tuple(a.index for a in k) or (Affine(),)),)))
        axes = (*k, r, c)
        return LayerOutput(x, (Equation(_entry(x, axes), axes, tuple(terms)),), tuple(parameters), (x,))


@_in_any_words
@dataclass(frozen=True)
class Dense:
    """A fully connected layer: every neuron sums over all that it receives, of whatever shape.

    >>> import symcnn
    >>> print(symcnn.Network((2, 3), [symcnn.Dense(4)]).forward.equations[0])
    o[j] = Σ_{r, c} i[r, c]·w_io[r, c, j] + b_o[j]

    Args:
        units: the number of neurons.
        activation: one of ``symcnn.network.layers.ACTIVATIONS`` ("sigmoid", "relu", "softmax" …), or None for the sum
            itself.
        bias: one bias for each neuron.
    """

    units: int
    activation: str | None = None
    bias: bool = True

    def __post_init__(self) -> None:
        _positive(self, "units")
        _flag(self, "bias")
        if self.activation is not None:
            _activation(self, "activation")

    def state(self, source: Tensor, names: Names, final: bool) -> LayerOutput:
        j = Axis("j", self.units)
        h = names.tensor(TensorKind.OUTPUT if final else TensorKind.HIDDEN, (self.units,))
        w = weights(source, h)
        inputs = _axes_of(source)
        terms = [Term((_entry(source, inputs), _entry(w, (*inputs, j))), inputs)]
        parameters = [w]
        if self.bias:
            b = bias(h, self.units)
            parameters.append(b)
            terms.append(Term((_entry(b, (j,)),)))
        z = preactivation(h) if self.activation else h
        equations = [Equation(_entry(z, (j,)), (j,), tuple(terms))]
        if self.activation:
            equations += _activated(h, z, self.activation, names)
        return LayerOutput(h, tuple(equations), tuple(parameters))


@_in_any_words
@dataclass(frozen=True)
class Activation:
    """Apply one of ``symcnn.network.layers.ACTIVATIONS`` ("sigmoid", "relu" …) to every cell of a map, or to every
    neuron; "softmax" to neurons.

    >>> import symcnn
    >>> print(symcnn.Network((5, 5), [symcnn.Activation("ReLU")], loss=None).forward.equations[0])
    a[r, c] = relu(i[r, c])
    """

    kind: str

    def __post_init__(self) -> None:
        _activation(self, "kind")

    def state(self, source: Tensor, names: Names, final: bool) -> LayerOutput:
        if self.kind == "softmax" and len(source.shape) != 1:
            cells = "×".join(map(str, source.shape))
            raise InputError(
                f"{_call(self, 'kind')}: its input {source.letters} is a map of {cells} cells; expected neurons: put"
                " Dense before it"
            )
        kind = TensorKind.OUTPUT if final and len(source.shape) == 1 else TensorKind.ACTIVATED_MAP
        a = names.tensor(kind, source.shape)
        return LayerOutput(a, _activated(a, source, self.kind, names))


@_in_any_words
@dataclass(frozen=True)
class MaxPool2D:
    """The largest value of each window; where several are equal, the first in row order.

    >>> import symcnn
    >>> print(symcnn.Network((4, 4), [symcnn.MaxPool2D(2)], loss=None).forward.equations[0])
    p[r, c] = max_{u, v} i[2*r + u, 2*c + v]

    Args:
        size: of the window, an integer or (rows, columns).
        stride: how far it moves, an integer or (rows, columns); None: its size.
        padding: absent cells on every side, (rows, columns), or "same" (output ⌈n/stride⌉, the odd cell at the bottom
            and right).
        pad_value: the value of an absent cell; None: it takes no part (PyTorch, Keras). The article's is 0.
    """

    size: int | tuple[int, int]
    stride: int | tuple[int, int] | None = None
    padding: Padding = 0
    pad_value: float | None = None

    def __post_init__(self) -> None:
        _pooling(self)
        number = isinstance(self.pad_value, (int, float)) and not isinstance(self.pad_value, bool)
        # a whole number of hundreds of digits is no float: math.isfinite would raise an OverflowError
        if self.pad_value is not None and not (number and abs(self.pad_value) <= sys.float_info.max):
            raise InputError(f"{_call(self, 'pad_value')}: expected a finite number or None")

    def state(self, source: Tensor, names: Names, final: bool) -> LayerOutput:
        outside = None if self.pad_value is None else Rational(str(self.pad_value))
        return _pooled(self, source, names, S.One, outside, "max")


@_in_any_words
@dataclass(frozen=True)
class AvgPool2D:
    """The mean of each window.

    >>> import symcnn
    >>> print(symcnn.Network((4, 4), [symcnn.AvgPool2D(2)], loss=None).forward.equations[0])
    p[r, c] = 1/4·(Σ_{u, v} i[2*r + u, 2*c + v])

    Args:
        size: of the window, an integer or (rows, columns).
        stride: how far it moves, an integer or (rows, columns); None: its size.
        padding: absent cells on every side, (rows, columns), or "same".
        count_include_pad: True: absent cells count as 0 and the divisor is always that of a whole window (PyTorch's
            default); False: divide by the number of cells inside the map.
    """

    size: int | tuple[int, int]
    stride: int | tuple[int, int] | None = None
    padding: Padding = 0
    count_include_pad: bool = True

    def __post_init__(self) -> None:
        _pooling(self)
        _flag(self, "count_include_pad")

    def state(self, source: Tensor, names: Names, final: bool) -> LayerOutput:
        if self.count_include_pad or self.padding == 0:
            return _pooled(self, source, names, Rational(1, math.prod(pair_of(self.size))), S.Zero, "sum")
        return _pooled(self, source, names, S.One, S.Zero, "sum", share=True)


@dataclass(frozen=True)
class Flatten:
    """All cells of all maps as one row of inputs. It has no equation: Dense sums over whatever axes it receives.

    >>> import symcnn
    >>> print(symcnn.Network((2, 3), [symcnn.Flatten(), symcnn.Dense(4)]).forward.equations[0])
    o[j] = Σ_{r, c} i[r, c]·w_io[r, c, j] + b_o[j]
    """

    def state(self, source: Tensor, names: Names, final: bool) -> LayerOutput:
        return LayerOutput(source)


Layer = Conv2D | Dense | Activation | MaxPool2D | AvgPool2D | Flatten
LAYERS: dict[str, type[Layer]] = {t.__name__: t for t in (Conv2D, Dense, Activation, MaxPool2D, AvgPool2D, Flatten)}


@dataclass(frozen=True)
class OutputRow:
    """The cells of maps as the network's outputs, in the order map, row, column, where no Dense sums over them. An
    internal layer.

    Args:
        activations: how many follow; if it is one, the row is its preactivations.
        flattens: a Flatten follows; without one, only maps of one cell each, or one row or column, are flattened.
    """

    activations: int
    flattens: bool

    def state(self, source: Tensor, names: Names, final: bool) -> LayerOutput:
        axes = _axes_of(source)
        long = [n for n, axis in enumerate(axes) if axis.size > 1]
        if len(axes) == 1 or (len(long) > 1 and not self.flattens):
            return LayerOutput(source)
        if self.activations == 1:
            row = preactivation(Names().tensor(TensorKind.OUTPUT, (source.size,)))
        else:
            row = names.tensor(TensorKind.HIDDEN if self.activations else TensorKind.OUTPUT, (source.size,))
        steps = [math.prod(source.shape[n + 1 :]) for n in range(len(axes))]
        index = Affine(tuple((axes[n].name, steps[n]) for n in long))
        cell = Access(source, tuple(a.index if a.size > 1 else Affine() for a in axes))
        return LayerOutput(row, (Equation(Access(row, (index,)), tuple(axes[n] for n in long), (Term((cell,)),)),))


# --- shared pieces of the equations ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Slide:
    """A window that slides along one direction: ``count`` positions, ``stride`` apart, from ``-before`` on; its cells
    are ``dilation`` apart."""

    count: int
    stride: int
    before: int
    dilation: int

    def index(self, position: str, offset: str) -> Affine:
        return Affine(((position, self.stride), (offset, self.dilation)), -self.before)

    def inside(self, window: int, length: int) -> list[int]:
        """How many of a window's cells are inside the map, at each position."""
        starts = (n * self.stride - self.before for n in range(self.count))
        return [min(start + window, length) - max(start, 0) for start in starts]


def _slides(layer: "Conv2D | MaxPool2D | AvgPool2D", field: str, lengths: tuple[int, int]) -> tuple[_Slide, _Slide]:
    """How the window of ``field`` slides over rows and columns."""
    windows, strides = pair_of(getattr(layer, field)), pair_of(layer.stride or getattr(layer, field))
    dilations = pair_of(getattr(layer, "dilation", 1))

    def slide(direction: int, unit: str) -> _Slide:
        length, stride, dilation = lengths[direction], strides[direction], dilations[direction]
        reach = dilation * (windows[direction] - 1) + 1
        if layer.padding == "same":
            count = -(-length // stride)
            return _Slide(count, stride, max((count - 1) * stride + reach - length, 0) // 2, dilation)
        padding = pair_of(layer.padding)[direction]
        padded = length + 2 * padding
        if reach > padded:
            most = (padded - 1) // dilation + 1
            raise InputError(
                f"{_call(layer, field)}: the input has {length} {unit}; {field} must be at most {most}, or add padding"
            )
        return _Slide((padded - reach) // stride + 1, stride, padding, dilation)

    return slide(0, "rows"), slide(1, "columns")


def _pooled(
    layer: MaxPool2D | AvgPool2D, source: Tensor, names: Names, scale: Rational, outside: sympy.Expr | None,
    reduce: Literal["sum", "max"], share: bool = False,
) -> LayerOutput:  # fmt: skip
    maps, rows, columns = _map_shape(layer, source)
    slide_r, slide_c = _slides(layer, "size", (rows, columns))
    height, width = pair_of(layer.size)
    k = (Axis("k", maps),) if maps > 1 else ()
    axes = (*k, Axis("r", slide_r.count), Axis("c", slide_c.count))
    window = (Axis("u", height), Axis("v", width))
    p = names.tensor(TensorKind.POOLED_MAP, tuple(axis.size for axis in axes))
    cell = Access(source, (*(a.index for a in k), slide_r.index("r", "u"), slide_c.index("c", "v")), outside)
    factors: tuple[sympy.Expr, ...] = (cell,)
    if share:  # one divided by the number of cells inside the map, for each window
        inside = slide_r.inside(height, rows), slide_c.inside(width, columns)
        values = tuple(Rational(1, high * wide) for high in inside[0] for wide in inside[1])
        shares = names.tensor(TensorKind.SHARE, (slide_r.count, slide_c.count), "constant", values)
        factors = (cell, _entry(shares, axes[-2:]))
    return LayerOutput(p, (Equation(_entry(p, axes), axes, (Term(factors, window, scale),), reduce),))


def _activated(target: Tensor, source: Tensor, kind: str, names: Names) -> tuple[Equation, ...]:
    axes = (Axis("j", source.size),) if len(source.shape) == 1 else _axes_of(source)
    if kind == "softmax":
        return softmax(target, source, axes[0], names).equations
    value = ELEMENTWISE[kind](_entry(source, axes))
    return (Equation(_entry(target, axes), axes, (Term((value,)),)),)


def _axes_of(tensor: Tensor) -> tuple[Axis, ...]:
    letters = {1: "k", 2: "rc", 3: "krc"}[len(tensor.shape)]
    return tuple(Axis(letter, size) for letter, size in zip(letters, tensor.shape, strict=True))


def _entry(tensor: Tensor, axes: tuple[Axis, ...]) -> Access:
    """``tensor[axes]``"""
    return Access(tensor, tuple(axis.index for axis in axes))


def _map_shape(layer: Layer, source: Tensor) -> tuple[int, int, int]:
    """Channels, rows and columns of the input of a layer for maps."""
    if len(source.shape) == 1:
        raise InputError(
            f"{type(layer).__name__}: its input {source.letters} has {source.shape[0]} features; expected a map"
            " (rows, columns): put it before Flatten and Dense"
        )
    channels, rows, columns = source.shape if len(source.shape) == 3 else (1, *source.shape)
    return channels, rows, columns


# --- checks of the settings ----------------------------------------------------------------------------------------


def _call(layer: Layer, field: str) -> str:
    return f"{type(layer).__name__}({field}={quoted(getattr(layer, field))})"


def whole(value: object) -> int | None:
    """The value as an int if it is whole (NumPy's integers, 8.0); None for anything else."""
    if isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    return int(value) if isinstance(value, (float, np.floating)) and float(value).is_integer() else None


def pair_of(value: int | tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of a setting that is one number for both, or two."""
    return value if isinstance(value, tuple) else (value, value)


def _positive(layer: Layer, field: str) -> None:
    """Check a setting that is a whole number."""
    count = whole(getattr(layer, field))
    if count is None or count < 1:
        raise InputError(f"{_call(layer, field)}: expected a whole number, at least 1")
    _not_too_large(layer, field, count)
    object.__setattr__(layer, field, count)


def _one_or_two(layer: Layer, field: str, least: int = 1) -> None:
    """Check a setting that is a whole number, or two: rows and columns. It is stored so that equal layers are equal."""
    value = getattr(layer, field)
    counts = [whole(n) for n in (value if isinstance(value, (tuple, list)) else [value])]
    if not 1 <= len(counts) <= 2 or any(n is None or n < least for n in counts):
        more = ", or two of them" if field != "padding" else ', two of them (rows, columns), "same" or "valid" (0)'
        raise InputError(f"{_call(layer, field)}: expected a whole number, at least {least}{more}")
    _not_too_large(layer, field, *counts)
    object.__setattr__(layer, field, counts[0] if len(set(counts)) == 1 else tuple(counts))


def _not_too_large(layer: Layer, field: str, *counts: int | None) -> None:
    if any(n is not None and n > sys.maxsize for n in counts):
        digits = max(len(str(n)) for n in counts)
        raise InputError(f"{type(layer).__name__}({field}=…): a number of {digits} digits; expected at most 18")


def _flag(layer: Layer, field: str) -> None:
    value = getattr(layer, field)
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"{_call(layer, field)}: expected True or False")
    object.__setattr__(layer, field, bool(value))


def _padding(layer: "Conv2D | MaxPool2D | AvgPool2D") -> None:
    value: object = layer.padding
    if isinstance(value, str) and value.lower() in ("same", "valid"):
        object.__setattr__(layer, "padding", "same" if value.lower() == "same" else 0)
        return
    _one_or_two(layer, "padding", 0)


def _pooling(layer: MaxPool2D | AvgPool2D) -> None:
    for field in ("size", "stride") if layer.stride is not None else ("size",):
        _one_or_two(layer, field)
    _padding(layer)
    if layer.padding == "same":
        return
    if any(n >= most for n, most in zip(pair_of(layer.padding), pair_of(layer.size), strict=True)):
        raise InputError(f"{_call(layer, 'padding')}: expected less than size={layer.size}, or a window is empty")


def _activation(layer: Layer, field: str) -> None:
    value: object = getattr(layer, field)
    if whole(value) is not None:
        raise InputError(
            f"{_call(layer, field)}: expected one of {', '.join(ACTIVATIONS)} ({type(layer).__name__} is not told how"
            " many inputs it has: that follows from what it receives)"
        )
    word: str | None = canonical("activation", value, ACTIVATIONS, _call(layer, field))
    if word == "none":
        if field == "kind":
            raise InputError(f"{_call(layer, field)}: it would change nothing: leave the layer out")
        word = None
    object.__setattr__(layer, field, word)
