"""The compiled program (extra ``fast``): printed loops, compiled by numba; and the backends by name.

    a small network        the scalar graph in straight lines; full-batch training depends on the number of images
    any, and mini-batches  loop nests printed from the index-notation equations, in blocks of so many samples

No flag lets the compiler assume away NaN or infinity: a diverging loss is seen. A mini-batch epoch is one call of a
compiled function, from gathering the samples to the update; the same function measures, forward only, any samples.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from symcnn.derivation import count_products
from symcnn.errors import InputError, one_of, quoted
from symcnn.network import Array, Network, checked_network
from symcnn.numeric.cache import compiled, require_numba
from symcnn.numeric.learner import OPTIMIZERS, THETA, Batching, Learner, Meter, Order, State, check_order
from symcnn.numeric.program import PROGRAMS, ArrayProgram, Descend, Program, scalar_graph
from symcnn.printers.loops import DIFFERENTIATE, LEARN, MEASURE, Loops, OptimizerUpdate, loops
from symcnn.printers.numba import compiled_gradient, compiled_training
from symcnn.printers.python import standalone

#: Samples of a block: by default, and at most.
LANES, MOST = 32, 64
#: Bytes of a processor's cache, and bytes that buffers may take.
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
    """The loops of an optimizer by name, printed once in a process."""
    rule = OPTIMIZERS[optimizer]
    return loops(network.forward, OptimizerUpdate(rule.updates, rule.scalars), lanes, dtype)


class Epochs:
    """A compiled ``epoch`` with its buffers, on these samples.

    Args:
        images: (samples, …); targets: (samples, outputs).
        mean: divide each batch's loss and gradient by its samples.
    """

    def __init__(self, program: Loops, images: Array, targets: Array, batch_size: int, mean: bool, dtype: str) -> None:
        self._dtype = np.dtype(dtype)
        self._images = _plain(images.reshape(len(images), -1), self._dtype)
        self._targets = _plain(targets, self._dtype)
        self._batch_size, self._mean = batch_size, mean
        self._work = _aligned(program.work, self._dtype)
        self._function = compiled(program.source, "epoch")

    def __call__(
        self, theta: Array, gradient: Array, order: Order, rate: float, mode: int, state: Sequence[Array] = (),
        outputs: Array | None = None,
    ) -> Array:  # fmt: skip
        """One pass over ``order``; theta, gradient and the optimizer's state are changed in place.

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
            *state,
        )  # fmt: skip
        return losses


class LoopLearner(Learner):
    """Trains by calling the compiled epoch."""

    def __init__(self, program: Program, images: Array, targets: Array, batching: Batching, state: State) -> None:
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
        names = [THETA.name, *optimizer.state]
        # of the program's own type; the state's arrays themselves where they already are
        theta, *rest = arrays = [_plain(state.arrays[n], np.dtype(self.program.dtype)) for n in names]
        powers = np.array([state.scalars[n] for n in optimizer.scalars])
        others = [*rest, powers] if optimizer.scalars else rest
        losses = epochs(theta, self._gradient, order, self.batching.rate, mode, others, outputs)
        for name, array in zip(names, arrays, strict=True):
            if array is not state.arrays[name]:
                state.arrays[name][:] = array
        state.scalars.update(zip(optimizer.scalars, powers.tolist(), strict=True))
        return losses


def _plain(values: Any, dtype: np.dtype[Any]) -> Any:
    """The array itself if compiled code can use it, else a copy."""
    return np.require(values, dtype, ["C_CONTIGUOUS", "ALIGNED", "WRITEABLE"])


def _aligned(size: int, dtype: np.dtype[Any]) -> Array:
    """Zeros aligned to 64 bytes."""
    raw = np.zeros(size * dtype.itemsize + 64, dtype=np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + size * dtype.itemsize].view(dtype)


#: Products (forward, of one image) up to which straight lines compile in a second or two.
STRAIGHT = 250
#: Images from which on vectors over the samples beat straight lines.
MANY = 32


class NumbaProgram(Program):
    """Compiled by numba; the forward pass for predictions is the array program's."""

    backend = "numba"

    def _check_size(self) -> None:
        require_numba()

    @cached_property
    def _straight(self) -> bool:
        """Is the network small enough for straight lines? (They are printed in double precision.)"""
        return self.dtype == "float64" and count_products(self.network.forward.equations) <= STRAIGHT

    def _loops(self, samples: int) -> Loops:
        """The printed loops for batches of so many samples."""
        return printed(self.network, "sgd", lanes_for(self.network, samples), self.dtype)

    def _print(self) -> str:
        if not self.network.loss:
            return ""
        if not self._straight:
            return self._loops(LANES).source
        return standalone(compiled_gradient(scalar_graph(self.network), self.network.parameters), compiled=True)

    def training_source(self, samples: int) -> str:
        """The whole training loop for so many images, as it is compiled."""
        if not self._straight or samples >= MANY:
            return self._loops(samples).source
        source = compiled_training(scalar_graph(self.network), self.network.parameters, samples)
        return standalone(source, compiled=True)

    def differentiate(self, theta: Array, images: Array, targets: Array) -> tuple[float, Array]:
        if self._straight:
            gradient = np.empty(len(theta))
            function = compiled(self.source, "loss_and_gradient")
            return float(function(theta, images.reshape(len(images), -1), targets, gradient)), gradient
        epochs = Epochs(self._loops(LANES), images, targets, max(len(images), 1), False, self.dtype)
        values = np.ascontiguousarray(theta, dtype=self.dtype)
        gradient = np.zeros_like(values)
        losses = epochs(values, gradient, np.arange(len(images)), 0.0, DIFFERENTIATE)
        return float(losses.sum()), gradient

    def outputs(self, theta: Array, images: Array) -> Array:
        return self._whole_arrays.outputs(theta, images)

    @cached_property
    def _whole_arrays(self) -> ArrayProgram:
        """The array program, which predicts."""
        return ArrayProgram(self.network)

    def learner(self, images: Array, targets: Array, batching: Batching, state: State) -> Learner:
        return LoopLearner(self, images, targets, batching, state)

    def trainer(self, images: Array, targets: Array) -> Descend:
        count = len(images)
        if not self._straight or count >= MANY:
            epochs = Epochs(self._loops(count), images, targets, count, False, self.dtype)
            order = np.arange(count)

            def train_in_loops(theta: Sequence[float], step: float, steps: int) -> tuple[Sequence[float], Array]:
                values = np.array(theta, dtype=self.dtype)
                losses = epochs(values, np.zeros_like(values), np.tile(order, steps), step, LEARN)
                return values.tolist(), losses

            return train_in_loops
        loop = compiled(self.training_source(count), "train")
        flat, targets = np.ascontiguousarray(images.reshape(count, -1)), np.ascontiguousarray(targets)

        def train(theta: Sequence[float], step: float, steps: int) -> tuple[Sequence[float], Array]:
            values, losses = np.array(theta, dtype=np.float64), np.empty(steps)
            loop(values, flat, targets, step, losses)
            return values.tolist(), losses

        return train


class LoopsProgram(NumbaProgram):
    """Loops whatever the size of the network, to compare them with the straight lines."""

    backend = "numba loops"

    @cached_property
    def _straight(self) -> bool:
        return False


#: Every backend; "numba" needs the extra ``fast``.
BACKENDS: dict[str, type[Program]] = {**PROGRAMS, NumbaProgram.backend: NumbaProgram}


#: With the backends that only verification uses.
_EVERY: dict[str, type[Program]] = {**BACKENDS, LoopsProgram.backend: LoopsProgram}


def compile_program(network: Network, backend: str = "numpy", dtype: str = "float64") -> Program:
    """A network as a program of one of the backends "numpy", "expressions", "python", "numba"; see ``Program``.

    >>> import symcnn
    >>> net, data = symcnn.article.network(), symcnn.article.images()
    >>> loss, gradient = symcnn.compile(net).loss_and_gradient([0.1] * 20, data.images, data.targets)
    >>> round(loss, 6), gradient.shape
    (0.505419, (20,))

    Args:
        dtype: "float64" or "float32" ("numpy" and "numba").

    Raises:
        InputError: an unknown backend, or one that is not installed.
    """
    if backend not in _EVERY:
        raise InputError(f"backend={quoted(backend)}: unknown; {one_of(backend, BACKENDS)}")
    return _EVERY[backend](checked_network(network), dtype)
