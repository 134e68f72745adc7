"""Mini-batch training: the state of an optimizer, and one epoch at a time over samples in a given order.

A program may bring a learner of its own (buffers that are used again, a compiled loop); this one asks any program for
loss and gradient, batch by batch.

Buffers of the array program, made once for a number of samples, and the learner that trains in them.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from symcnn.network import Array, Network
from symcnn.numeric.optimizers import THETA, Optimizer
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import NUMPY
from symcnn.symbolic import Access, Equation

if TYPE_CHECKING:
    from symcnn.numeric.program import ArrayProgram, Program

Order = NDArray[np.intp]

#: What some samples are worth at the parameters of now: the loss summed over them, and (samples, outputs).
Meter = Callable[[], tuple[float, Array]]


def check_order(order: Order, samples: int) -> None:
    """Refuse numbers of samples that are not there: compiled loops and buffers don't look."""
    if len(order) and not 0 <= order.min() <= order.max() < samples:
        raise IndexError(f"order: expected numbers of samples, 0 to {samples - 1}")


@dataclass(frozen=True)
class Batching:
    """How an epoch is made.

    Attributes:
        batch_size: samples of a step; the last batch of an epoch has what remains.
        rate: the learning rate.
        reduction: "sum": the gradient of the batch's samples added; "mean": divided by their number.
    """

    optimizer: Optimizer
    batch_size: int
    rate: float
    reduction: Literal["sum", "mean"] = "sum"


@dataclass
class State:
    """What training changes: arrays and numbers by name, in place.

    Attributes:
        arrays: "theta" and what the optimizer remembers, 1-D, in the order of the parameters.
        scalars: the optimizer's numbers.
    """

    arrays: dict[str, Array]
    scalars: dict[str, float] = field(default_factory=dict)

    @classmethod
    def start(cls, theta: Any, optimizer: Optimizer, dtype: str = "float64") -> "State":
        values = np.array(theta, dtype=dtype)
        remembered = {name: np.zeros_like(values) for name in optimizer.remembered}
        return cls({THETA.name: values, **remembered}, dict.fromkeys(optimizer.scalars, 1.0))


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
        return np.array([self._step(batch) for batch in self.batches(order)])

    def meter(self, images: Array, targets: Array) -> Meter:
        """Measure these samples with the parameters that the state has then, by the program that trains."""
        return self.program.meter(self.state.arrays[THETA.name], images, targets)

    def batches(self, order: Order) -> Iterator[Order]:
        for start in range(0, len(order), self.batching.batch_size):
            yield order[start : start + self.batching.batch_size]

    def _step(self, batch: Order) -> float:
        theta = self.state.arrays[THETA.name]
        with np.errstate(over="ignore", invalid="ignore"):
            loss, gradient = self.program.differentiate(theta, self._images[batch], self._targets[batch])
        factor = 1.0 if self.batching.reduction == "sum" else 1.0 / len(batch)
        self._update(gradient * factor)
        return loss * factor

    def _update(self, gradient: Array) -> None:
        for name, by in self.batching.optimizer.scalars.items():
            self.state.scalars[name] *= by
        space = {**self.state.arrays, **self.state.scalars, "gradient": gradient, "rate": self.batching.rate, "np": np}
        for name, code in self._updates:
            space[name] = self.state.arrays[name]
            self.state.arrays[name][:] = eval(code, space)


#: Samples that are taken at once, at most; bytes of one buffer, so that what is used again stays near the processor;
#: samples for which it may be larger, so that products have long rows; and entries that it never has more of.
MOST_SAMPLES, NEAR, FEW_SAMPLES, MOST_ENTRIES = 256, 1 << 21, 16, 4_000_000


class Filled:
    """A printed function for so many samples, with its buffers.

    Attributes:
        run: computes from what stands in ``theta`` and in the arrays of images and targets; gives the loss, if it is
            the function for that.
        arrays: every tensor by name, the samples last.
        theta, gradient: 1-D, in the order of the parameters, which are views of them.
    """

    def __init__(
        self, function: Callable[..., Any], network: Network, samples: int, theta: Array, gradient: Array
    ) -> None:
        self.theta, self.gradient = theta, gradient
        self.run, self.arrays = function(theta, gradient, samples)
        stated = network.forward
        # rows of pixels and of targets, the samples first, as they are given
        self._images = self.arrays[stated.image.name].reshape(-1, samples).T
        self._targets = (
            self.arrays[stated.targets.name].T if stated.targets and stated.targets.name in self.arrays else None
        )

    def fill(self, theta: Array, images: Array, targets: Array | None = None) -> None:
        """Parameters, images and targets into the buffers."""
        self.theta[:] = theta
        self.give(images.reshape(len(images), -1), targets)

    def give(self, images: Array, targets: Array | None = None) -> None:
        """Rows of pixels and targets, without looking at their shape."""
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
                seen = {letter for affine in access.index for letter, _ in affine.coefficients}
                largest = max(largest, math.prod(sizes[letter] for letter in seen))
    near = max(FEW_SAMPLES, NEAR // (itemsize * largest))
    return max(1, min(MOST_SAMPLES, near, MOST_ENTRIES // largest))


def blocks(samples: int, at_once: int) -> list[slice]:
    """Many samples go through the same buffers, a block after the other."""
    return [slice(at, min(at + at_once, samples)) for at in range(0, samples, at_once)]


def even_blocks(samples: int, at_once: int) -> list[slice]:
    """As many blocks, of one size but for the last."""
    return blocks(samples, -(-samples // -(-samples // at_once)))


class ArrayLearner(Learner):
    """Trains in buffers whose parameters are the state's own: a step copies a batch in, runs, and updates."""

    program: "ArrayProgram"

    def __init__(
        self, program: "ArrayProgram", images: Array, targets: Array, batching: Batching, state: State
    ) -> None:
        super().__init__(program, images, targets, batching, state)
        theta = state.arrays[THETA.name]
        self._images = np.ascontiguousarray(images.reshape(len(images), -1), theta.dtype)
        self._targets = np.ascontiguousarray(targets, theta.dtype)
        self._gradient = np.zeros_like(theta)
        remembered = (state.arrays[name] for name in batching.optimizer.remembered)
        self._run_update = program.update(batching.optimizer)(theta, self._gradient, *remembered)
        self._parts: dict[int, _BatchBuffers] = {}

    def epoch(self, order: Order) -> Array:
        check_order(order, len(self._images))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return super().epoch(order)

    def _step(self, batch: Order) -> float:
        size = len(batch)
        parts = even_blocks(size, self.program.at_once)
        loss = self._part(parts[0]).run(batch[parts[0]])
        if len(parts) > 1:
            # the first part has filled the gradient, the others are added
            total = self._gradient.copy()
            for part in parts[1:]:
                loss += self._part(part).run(batch[part])
                total += self._gradient
            self._gradient[:] = total
        if self.batching.reduction == "mean":
            loss *= 1.0 / size
            np.multiply(self._gradient, 1.0 / size, self._gradient)
        scalars = self.state.scalars
        for name, by in self.batching.optimizer.scalars.items():
            scalars[name] *= by
        self._run_update(self.batching.rate, *scalars.values())
        return loss

    def _part(self, block: slice) -> "_BatchBuffers":
        size = block.stop - block.start
        if size not in self._parts:
            filled = self.program.filled(size, self.state.arrays[THETA.name], self._gradient)
            self._parts[size] = _BatchBuffers(filled, self._images, self._targets, size)
        return self._parts[size]


class _BatchBuffers:
    """Batches of one size, or parts of them, gathered into their buffers."""

    def __init__(self, filled: Filled, images: Array, targets: Array, size: int) -> None:
        self._filled = filled
        self._given = [(given, np.empty((size, given.shape[1]), given.dtype)) for given in (images, targets)]

    def run(self, batch: Order) -> float:
        for given, rows in self._given:
            # mode "raise" would take through a further buffer; the order is checked once for the epoch
            given.take(batch, 0, rows, "clip")
        self._filled.give(*(rows for _, rows in self._given))
        return float(self._filled.run())
