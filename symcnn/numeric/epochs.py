"""Mini-batch training in a compiled loop: an epoch is one call, from gathering the samples to the update.

The same function measures: forward only, on any samples.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from symcnn.network import Array, Network
from symcnn.numeric.cache import compiled
from symcnn.numeric.learner import Batching, Learner, Meter, Order, State, check_order
from symcnn.numeric.optimizers import OPTIMIZERS, THETA
from symcnn.printers.loops import LEARN, MEASURE, Loops, NetworkSpec, OptimizerUpdate, loops

if TYPE_CHECKING:
    from symcnn.numeric.program import Program

#: Samples of a block: where nobody says how many come, and at most.
LANES, MOST = 32, 64
#: Bytes that a processor keeps near, and that buffers may take.
NEAR, ROOM = 1 << 20, 1 << 28


def lanes_for(network: Network, batch_size: int) -> int:
    """Samples of a block: a batch in as few blocks as fit, whole vectors but for tiny batches."""
    # values, adjoints, and as much again for borders and winners
    bytes_each = 8 * 3 * sum(e.target.tensor.size for e in network.forward.equations)
    most = MOST if bytes_each * MOST <= NEAR else MOST // 2
    while most > 8 and bytes_each * most > ROOM:
        most //= 2
    blocks = -(-batch_size // most)
    lanes = -(-batch_size // blocks)
    return lanes if lanes < 8 else -(-lanes // 8) * 8


@lru_cache(maxsize=32)
def printed(network: Network, optimizer: str, lanes: int, dtype: str) -> Loops:
    """The program of an optimizer by name, printed once in a process."""
    stated, rule = network.forward, OPTIMIZERS[optimizer]
    assert stated.targets is not None  # whoever trains has a loss
    given = NetworkSpec(stated.image, stated.targets, stated.outputs, stated.parameters, stated.equations)
    return loops(given, OptimizerUpdate(rule.updates, rule.scalars), lanes, dtype)


class Epochs:
    """A compiled ``epoch`` with its buffers, on these samples.

    Args:
        images: (samples, …); targets: (samples, outputs).
        mean: divide each batch's loss and gradient by its samples.
    """

    def __init__(
        self, program: Loops, images: Array, targets: Array, batch_size: int, mean: bool, dtype: str
    ) -> None:  # fmt: skip
        self._dtype = np.dtype(dtype)
        self._images = _plain(images.reshape(len(images), -1), self._dtype)
        self._targets = _plain(targets, self._dtype)
        self._batch_size, self._mean = batch_size, mean
        self._work = _aligned(program.work, self._dtype)
        self._function = compiled(program.source, "epoch")

    def __call__(
        self, theta: Array, gradient: Array, order: Order, rate: float, mode: int, remembered: Sequence[Array] = (),
        outputs: Array | None = None,
    ) -> Array:  # fmt: skip
        """One pass over ``order``; theta, gradient and what is remembered are changed in place.

        Args:
            mode: LEARN, DIFFERENTIATE (one batch), or MEASURE.
            outputs: filled when it measures: (outputs, samples).
        """
        samples = _plain(order, np.dtype(np.int64))
        check_order(samples, len(self._images))
        losses = np.zeros(-(-len(samples) // self._batch_size))
        self._function(
            theta, gradient, self._work, self._images, self._targets, samples, self._batch_size, self._mean,
            self._dtype.type(rate), mode, losses, np.empty((0, 0), self._dtype) if outputs is None else outputs,
            *remembered,
        )  # fmt: skip
        return losses


class LoopLearner(Learner):
    """Trains by calling the compiled epoch."""

    def __init__(self, program: "Program", images: Array, targets: Array, batching: Batching, state: State) -> None:
        super().__init__(program, images, targets, batching, state)
        lanes = lanes_for(program.network, batching.batch_size)
        self._loops = printed(program.network, batching.optimizer.name, lanes, program.dtype)
        self._gradient = np.zeros(len(program.network.parameters), program.dtype)
        mean = batching.reduction == "mean"
        self._epochs = Epochs(self._loops, images, targets, batching.batch_size, mean, program.dtype)

    def epoch(self, order: Order) -> Array:
        """See ``Learner.epoch``."""
        return self._run(self._epochs, order, LEARN)

    def meter(self, images: Array, targets: Array) -> Meter:
        """See ``Learner.meter``."""
        epochs = Epochs(self._loops, images, targets, len(images), False, self.program.dtype)
        order, outputs = np.arange(len(images)), np.empty(targets.shape[::-1], self.program.dtype)
        return lambda: (float(self._run(epochs, order, MEASURE, outputs).sum()), outputs.T)

    def _run(self, epochs: Epochs, order: Order, mode: int, outputs: Array | None = None) -> Array:
        optimizer, state = self.batching.optimizer, self.state
        names = [THETA.name, *(s.name for s, _ in optimizer.updates if s != THETA)]
        # of the program's own type; the state's arrays themselves where they already are
        theta, *rest = arrays = [_plain(state.arrays[n], np.dtype(self.program.dtype)) for n in names]
        powers = np.array([state.scalars[n] for n in optimizer.scalars])
        remembered = [*rest, powers] if optimizer.scalars else rest
        losses = epochs(theta, self._gradient, order, self.batching.rate, mode, remembered, outputs)
        for name, array in zip(names, arrays, strict=True):
            if array is not state.arrays[name]:
                state.arrays[name][:] = array
        state.scalars.update(zip(optimizer.scalars, powers.tolist(), strict=True))
        return losses


def _plain(values: Any, dtype: np.dtype[Any]) -> Any:
    """The array itself where it is of the one kind that is compiled for, else a copy."""
    return np.require(values, dtype, ["C_CONTIGUOUS", "ALIGNED", "WRITEABLE"])


def _aligned(size: int, dtype: np.dtype[Any]) -> Array:
    """Zeros that begin where a vector does."""
    raw = np.zeros(size * dtype.itemsize + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size * dtype.itemsize].view(dtype)
