"""Optimizers and mini-batch training: one epoch at a time over samples in a given order.

An optimizer is a list of expressions, printed for every backend.

    sgd        θ ← θ - η·g
    momentum   v ← μ·v + g                                       θ ← θ - η·v
    adam       m ← β₁·m + (1 - β₁)·g    v ← β₂·v + (1 - β₂)·g²   θ ← θ - η·(m/(1 - β₁ᵏ))/(√(v/(1 - β₂ᵏ)) + ε)

θ and the optimizer's state (v, m) have an entry for each parameter; g is ∂E_total/∂θ of the batch (reduction "mean":
divided by its samples). ``scalars`` are single numbers that every step multiplies by a factor: β₁ᵏ, β₂ᵏ.

``Learner`` trains any program, batch by batch; a program may bring a learner of its own (``ArrayLearner``: buffers that
are used again; a compiled loop).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Float, Symbol, sqrt

from symcnn.errors import InputError, one_of, quoted
from symcnn.network import Array, Network
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import NUMPY
from symcnn.symbolic import Access, Equation

THETA, GRADIENT, RATE = Symbol("theta"), Symbol("gradient"), Symbol("rate")


@dataclass(frozen=True)
class Optimizer:
    """An update rule.

    Attributes:
        name: the user's word for it.
        updates: for each entry, in order: ``theta`` or an array of the state <- an expression of theta, gradient, rate,
            the state and the scalars.
        scalars: name -> the factor that it is multiplied by at the start of every step; it starts at 1.
    """

    name: str
    updates: tuple[tuple[Symbol, Expr], ...]
    scalars: Mapping[str, float]

    @property
    def state(self) -> tuple[str, ...]:
        """The arrays besides theta, each as long: zeros at the start."""
        return tuple(symbol.name for symbol, _ in self.updates if symbol != THETA)


def _sgd() -> Optimizer:
    return Optimizer("sgd", ((THETA, THETA - RATE * GRADIENT),), {})


def _momentum(mu: float = 0.9) -> Optimizer:
    v = Symbol("velocity")
    return Optimizer("momentum", ((v, Float(mu) * v + GRADIENT), (THETA, THETA - RATE * v)), {})


def _adam(beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8) -> Optimizer:
    m, v, power_1, power_2 = (Symbol(name) for name in ("moment_1", "moment_2", "power_1", "power_2"))
    first = Float(beta_1) * m + Float(1 - beta_1) * GRADIENT
    second = Float(beta_2) * v + Float(1 - beta_2) * GRADIENT**2
    step = RATE / (1 - power_1) * m / (sqrt(v / (1 - power_2)) + Float(epsilon))
    return Optimizer("adam", ((m, first), (v, second), (THETA, THETA - step)), {"power_1": beta_1, "power_2": beta_2})


OPTIMIZERS: Mapping[str, Optimizer] = {o.name: o for o in (_sgd(), _momentum(), _adam())}


def optimizer_called(name: object) -> Optimizer:
    """The optimizer of this name.

    Raises:
        InputError: the name is unknown.
    """
    word = name.lower() if isinstance(name, str) else None  # Keras and PyTorch write Adam and SGD
    if word is None or word not in OPTIMIZERS:
        raise InputError(f"optimizer={quoted(name)}: unknown; {one_of(name, OPTIMIZERS)}")
    return OPTIMIZERS[word]


if TYPE_CHECKING:
    from symcnn.numeric.program import ArrayProgram, Program

Order = NDArray[np.intp]

# --- learners -------------------------------------------------------------------------------------------------------

#: Measures some samples at the current parameters: the loss summed over them, and the outputs (samples, outputs).
Meter = Callable[[], tuple[float, Array]]


def check_order(order: Order, samples: int) -> None:
    """Refuse numbers of samples out of range: compiled loops and buffers don't check them."""
    if len(order) and not 0 <= order.min() <= order.max() < samples:
        raise IndexError(f"order: expected numbers of samples, 0 to {samples - 1}")


@dataclass(frozen=True)
class Batching:
    """The settings of an epoch.

    Attributes:
        batch_size: samples of a step; the last batch of an epoch has the remainder.
        rate: the learning rate.
        reduction: "sum": the gradient of the batch's samples added; "mean": divided by their number.
    """

    optimizer: Optimizer
    batch_size: int
    rate: float
    reduction: Literal["sum", "mean"] = "sum"


@dataclass
class State:
    """The state of a training: arrays and numbers by name, changed in place.

    Attributes:
        arrays: "theta" and the optimizer's state, 1-D, in the order of the parameters.
        scalars: the optimizer's numbers.
    """

    arrays: dict[str, Array]
    scalars: dict[str, float] = field(default_factory=dict)

    @classmethod
    def start(cls, theta: Any, optimizer: Optimizer, dtype: str = "float64") -> "State":
        values = np.array(theta, dtype=dtype)
        others = {name: np.zeros_like(values) for name in optimizer.state}
        return cls({THETA.name: values, **others}, dict.fromkeys(optimizer.scalars, 1.0))

    def multiply_scalars(self, optimizer: Optimizer) -> None:
        for name, factor in optimizer.scalars.items():
            self.scalars[name] *= factor


class Learner:
    """Trains a program on these samples.

    Args:
        images: (samples, *shape of the input, an axis of one channel left out); targets: (samples, outputs).
    """

    def __init__(self, program: "Program", images: Array, targets: Array, batching: Batching, state: State) -> None:
        self.program, self.batching, self.state = program, batching, state
        self._images, self._targets = images, targets

    @cached_property
    def _updates(self) -> list[tuple[str, Any]]:
        printer = InfixPrinter(NUMPY)
        return [
            (symbol.name, compile(printer.expression(e).text, f"<{symbol.name}>", "eval"))  # our own print
            for symbol, e in self.batching.optimizer.updates
        ]

    def epoch(self, order: Order) -> Array:
        """One pass over ``order`` (numbers of samples), a step for each batch, the state changed in place.

        Returns:
            each batch's loss before its update (reduction "mean": divided by its samples).
        """
        size = self.batching.batch_size
        return np.array([self._step(order[start : start + size]) for start in range(0, len(order), size)])

    def meter(self, images: Array, targets: Array) -> Meter:
        """Measure these samples with the parameters of the state at that time, by the program that trains."""
        return self.program.meter(self.state.arrays[THETA.name], images, targets)

    def _step(self, batch: Order) -> float:
        theta = self.state.arrays[THETA.name]
        with np.errstate(over="ignore", invalid="ignore"):
            loss, gradient = self.program.differentiate(theta, self._images[batch], self._targets[batch])
        factor = 1.0 if self.batching.reduction == "sum" else 1.0 / len(batch)
        self._update(gradient * factor)
        return loss * factor

    def _update(self, gradient: Array) -> None:
        self.state.multiply_scalars(self.batching.optimizer)
        space = {**self.state.arrays, **self.state.scalars, "gradient": gradient, "rate": self.batching.rate, "np": np}
        for name, code in self._updates:
            space[name] = self.state.arrays[name]
            self.state.arrays[name][:] = eval(code, space)


#: The most samples of a block; bytes of one buffer, so that it stays in the cache; samples for which it may be larger,
#: so that products have long rows; the most entries of a buffer.
MOST_SAMPLES, NEAR, FEW_SAMPLES, MOST_ENTRIES = 256, 1 << 21, 16, 4_000_000


class Buffers:
    """A printed function for so many samples, with its buffers.

    Attributes:
        run: computes from ``theta`` and the arrays of images and targets; returns the loss, if the function has one.
        arrays: every tensor by name, the samples last.
        theta, gradient: 1-D; the arrays of the parameters and their gradients are views of them.
    """

    def __init__(
        self, function: Callable[..., Any], network: Network, samples: int, theta: Array, gradient: Array
    ) -> None:
        self.theta, self.gradient = theta, gradient
        self.run, self.arrays = function(theta, gradient, samples)
        # views with the samples first: rows of pixels, rows of targets
        self._images = self.arrays[network.forward.image.name].reshape(-1, samples).T
        targets = network.forward.targets
        self._targets = self.arrays[targets.name].T if targets and targets.name in self.arrays else None

    def fill(self, theta: Array, images: Array, targets: Array | None = None) -> None:
        """Copy parameters, images and targets into the buffers."""
        self.theta[:] = theta
        self.fill_rows(images.reshape(len(images), -1), targets)

    def fill_rows(self, images: Array, targets: Array | None = None) -> None:
        """Copy rows of pixels and targets, whose shapes are not checked."""
        np.copyto(self._images, images)
        if targets is not None and self._targets is not None:
            np.copyto(self._targets, targets)


def samples_at_once(equations: Sequence[Equation], itemsize: int) -> int:
    """How many samples go through one set of buffers: fewer where there are many windows to copy."""
    largest = 1
    for equation in equations:
        for term in equation.terms:
            sizes = {a.name: a.size for a in (*equation.axes, *term.axes)}
            for access in (a for f in term.factors for a in f.atoms(Access) if not a.tensor.is_shared):
                largest = max(largest, math.prod(sizes[a] for a in set(access.axes)))
    near = max(FEW_SAMPLES, NEAR // (itemsize * largest))
    return max(1, min(MOST_SAMPLES, near, MOST_ENTRIES // largest))


def blocks(samples: int, at_once: int) -> list[slice]:
    """The samples in blocks of ``at_once``, which go through the same buffers."""
    return [slice(at, min(at + at_once, samples)) for at in range(0, samples, at_once)]


def even_blocks(samples: int, at_once: int) -> list[slice]:
    """As few blocks, of one size but for the last."""
    return blocks(samples, -(-samples // -(-samples // at_once)))


class ArrayLearner(Learner):
    """Trains in buffers that share the state's parameters: a step copies a batch in, runs, and updates."""

    program: "ArrayProgram"

    def __init__(
        self, program: "ArrayProgram", images: Array, targets: Array, batching: Batching, state: State
    ) -> None:
        super().__init__(program, images, targets, batching, state)
        theta = state.arrays[THETA.name]
        self._images = np.ascontiguousarray(images.reshape(len(images), -1), theta.dtype)
        self._targets = np.ascontiguousarray(targets, theta.dtype)
        self._gradient = np.zeros_like(theta)
        others = (state.arrays[name] for name in batching.optimizer.state)
        self._run_update = program.update(batching.optimizer)(theta, self._gradient, *others)
        self._buffers: dict[int, _Batch] = {}

    def epoch(self, order: Order) -> Array:
        check_order(order, len(self._images))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return super().epoch(order)

    def _step(self, batch: Order) -> float:
        size = len(batch)
        first, *others = even_blocks(size, self.program.at_once)
        loss = self._run(batch[first])
        if others:
            total = self._gradient.copy()
            for block in others:
                loss += self._run(batch[block])
                total += self._gradient
            self._gradient[:] = total
        if self.batching.reduction == "mean":
            loss *= 1.0 / size
            np.multiply(self._gradient, 1.0 / size, self._gradient)
        self.state.multiply_scalars(self.batching.optimizer)
        self._run_update(self.batching.rate, *self.state.scalars.values())
        return loss

    def _run(self, samples: Order) -> float:
        """The loss of some samples; their gradient is written into ``_gradient``."""
        size = len(samples)
        if size not in self._buffers:
            buffers = self.program.buffers(size, self.state.arrays[THETA.name], self._gradient)
            self._buffers[size] = _Batch(buffers, self._images, self._targets, size)
        return self._buffers[size].run(samples)


class _Batch:
    """Batches of one size, or blocks of them, gathered into their buffers."""

    def __init__(self, buffers: Buffers, images: Array, targets: Array, size: int) -> None:
        self._buffers = buffers
        self._sources = [(array, np.empty((size, array.shape[1]), array.dtype)) for array in (images, targets)]

    def run(self, samples: Order) -> float:
        for array, rows in self._sources:
            # mode "raise" would copy through a further buffer; the order is checked once for the epoch
            array.take(samples, 0, rows, "clip")
        self._buffers.fill_rows(*(rows for _, rows in self._sources))
        return float(self._buffers.run())
