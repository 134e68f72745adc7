"""Mini-batch training: the state of an optimizer, and one epoch at a time over samples in a given order.

A program may bring a learner of its own (buffers that are used again, a compiled loop); this one asks any program for
loss and gradient, batch by batch.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from symcnn.network import Array
from symcnn.numeric.optimizers import THETA, Optimizer
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.numpy_scalars import NUMPY

if TYPE_CHECKING:
    from symcnn.numeric.program import Program

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
