"""The compiled program (extra ``fast``): printed loops, compiled by numba.

    a small network        the scalar graph in straight lines; full-batch training depends on the number of images
    any, and mini-batches  loop nests printed from the index-notation equations, in blocks of so many samples

No flag that would let the compiler assume away NaN or infinity: a diverging loss is seen.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from symcnn.derivation import count_products
from symcnn.network import Array
from symcnn.numeric.cache import compiled, require_numba
from symcnn.numeric.epochs import LANES, Epochs, LoopLearner, lanes_for, printed
from symcnn.numeric.learner import Batching, Learner, State
from symcnn.numeric.program import ArrayProgram, Descend, Program, scalar_graph
from symcnn.printers.loops import DIFFERENTIATE, LEARN, Loops
from symcnn.printers.numba import compiled_gradient, compiled_training
from symcnn.printers.python import standalone

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
        if not self._straight:
            return self._by_loops(theta, images, targets)
        gradient = np.empty(len(theta))
        function = compiled(self.source, "loss_and_gradient")
        return float(function(theta, images.reshape(len(images), -1), targets, gradient)), gradient

    def _by_loops(self, theta: Array, images: Array, targets: Array) -> tuple[float, Array]:
        """One batch that is not learnt from."""
        epochs = Epochs(self._loops(LANES), images, targets, max(len(images), 1), False, self.dtype)
        values = np.ascontiguousarray(theta, dtype=self.dtype)
        gradient = np.zeros_like(values)
        losses = epochs(values, gradient, np.arange(len(images)), 0.0, DIFFERENTIATE)
        return float(losses.sum()), gradient

    def outputs(self, theta: Array, images: Array) -> Array:
        return self._whole_arrays.outputs(theta, images)

    @cached_property
    def _whole_arrays(self) -> ArrayProgram:
        """What predicts, printed once."""
        return ArrayProgram(self.network)

    def learner(self, images: Array, targets: Array, batching: Batching, state: State) -> Learner:
        return LoopLearner(self, images, targets, batching, state)

    def trainer(self, images: Array, targets: Array) -> Descend:
        if not self._straight or len(images) >= MANY:
            return self._trainer_by_loops(images, targets)
        loop = compiled(self.training_source(len(images)), "train")
        flat, wanted = np.ascontiguousarray(images.reshape(len(images), -1)), np.ascontiguousarray(targets)

        def train(theta: Sequence[float], step: float, steps: int) -> tuple[Sequence[float], Array]:
            values, losses = np.array(theta, dtype=np.float64), np.empty(steps)
            loop(values, flat, wanted, step, losses)
            return values.tolist(), losses

        return train

    def _trainer_by_loops(self, images: Array, targets: Array) -> Descend:
        count = len(images)
        epochs = Epochs(self._loops(count), images, targets, count, False, self.dtype)
        order = np.arange(count)

        def train(theta: Sequence[float], step: float, steps: int) -> tuple[Sequence[float], Array]:
            values = np.array(theta, dtype=self.dtype)
            gradient = np.zeros_like(values)
            losses = epochs(values, gradient, np.tile(order, steps), step, LEARN)
            return values.tolist(), losses

        return train


class LoopsProgram(NumbaProgram):
    """The same, in loops whatever the size: what trains by epochs, for holding it against the straight lines."""

    backend = "numba loops"

    @cached_property
    def _straight(self) -> bool:
        return False
