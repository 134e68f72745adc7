"""The compiled program (extra ``fast``): the whole training loop printed from the scalar graph, compiled by numba.

What is compiled depends on the network and the number of images, and is kept for the process. No flag that would let
the compiler assume away NaN or infinity: a diverging loss is seen.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from symcnn.errors import InputError
from symcnn.network import Array
from symcnn.numeric.program import ArrayProgram, Program, Trainer, check_scalars, largest, run_source, scalar_graph
from symcnn.printers.numba import compiled_gradient, compiled_training

#: Reordering sums and fusing multiply-adds; nothing that ignores NaN, infinity or the sign of zero where it matters.
SAFE_MATH = frozenset({"reassoc", "contract", "arcp", "nsz"})


class NumbaProgram(Program):
    """Compiled by numba; the forward pass for predictions is the array program's."""

    backend = "numba"

    def _check_size(self) -> None:
        check_scalars(self.network)
        require_numba()

    def _print(self) -> str:
        graph = scalar_graph(self.network)
        return compiled_gradient(graph, self.network.parameters) if self.network.loss else ""

    def training_source(self, samples: int) -> str:
        """The whole training loop for so many images, as it is compiled."""
        return compiled_training(scalar_graph(self.network), self.network.parameters, samples)

    def _loss_and_gradient(self, theta: Array, images: Array, targets: Array) -> tuple[float, Array]:
        gradient = np.empty(len(theta))
        function = _compiled(self.source, "loss_and_gradient")
        return float(function(theta, images.reshape(len(images), -1), targets, gradient)), gradient

    def _predict(self, theta: Array, images: Array) -> Array:
        return ArrayProgram(self.network)._predict(theta, images)

    def trainer(self, images: Array, targets: Array) -> Trainer:
        loop = _compiled(self.training_source(len(images)), "train")
        flat, wanted = np.ascontiguousarray(images.reshape(len(images), -1)), np.ascontiguousarray(targets)

        def train(theta: Sequence[float], step: float, steps: int) -> tuple[Sequence[float], Array]:
            values, losses = np.array(theta, dtype=np.float64), np.empty(steps)
            loop(values, flat, wanted, step, losses)
            return values.tolist(), losses

        return train


def require_numba() -> Any:
    """The numba package, or how to get it."""
    try:
        import numba
    except ImportError:
        raise InputError('backend="numba": numba is not installed; pip install "symcnn[fast]"') from None
    return numba


def numba_is_there() -> bool:
    """Is the extra installed?"""
    from importlib.util import find_spec

    return find_spec("numba") is not None


@lru_cache(maxsize=32)
def _compiled(source: str, name: str) -> Callable[..., Any]:
    """A function of printed source, compiled once in a process."""
    import math

    numba = require_numba()
    function = run_source(source, exp=math.exp, largest=numba.njit(largest))[name]
    compiled: Callable[..., Any] = numba.njit(fastmath=set(SAFE_MATH), error_model="numpy")(function)
    return compiled
