"""One image's pass through a network of any size: the value of every quantity, one array a tensor.

The equations are worked out as they are displayed, forward and then the adjoints, with whole arrays; nothing is written
out entry by entry. Two other ways lead to the same numbers, and are compared before a document shows one of them:

    forward, E, ∂E/∂parameter   the printed NumPy program
    ∂E/∂(any tensor)            dual numbers through the forward equations, in which no adjoint takes part: E moves by
                                Σ v·∂E/∂u where every tensor u is moved in a random direction v
"""

from functools import cached_property
from typing import Any

import numpy as np

from symcnn.derivation import Derivation
from symcnn.formula.tree import Key
from symcnn.network import Array
from symcnn.numeric import ArrayProgram
from symcnn.proof.arithmetic import Reals
from symcnn.proof.interpret import Interpreter
from symcnn.symbolic import E, Quantity, Tensor

#: The largest relative difference between two ways to one array.
TOLERANCE = 1e-9

#: E and ∂E/∂(a tensor) are measured against no less than this share of the targets' size: where an answer is nearly
#: right, two numbers of that size are subtracted, and the difference has their rounding.
LEAST = 1e-5

#: Random directions, and their seed.
DIRECTIONS, SEED = 2, 20261130


class OnePass:
    """The numbers of one image.

    Args:
        theta: the parameters.
        pixels, targets: of the image, checked.
        image: its number, from 1: that of the keys.
    """

    def __init__(self, derivation: Derivation, theta: Any, pixels: Array, targets: Array, image: int = 1) -> None:
        self.derivation, self.image = derivation, image
        self._theta = np.asarray(theta, dtype=np.float64)
        self._pixels, self._targets = pixels, targets
        with np.errstate(all="ignore"):
            run = Interpreter(Reals(), self._inputs(1))
            run.run(derivation.equations)
        self.arrays: dict[Tensor, Array] = {
            tensor: values[0].reshape(tensor.shape) for tensor, values in run.values.items()
        }

    def _inputs(self, points: int) -> dict[Tensor, Array]:
        stated = self.derivation.network.forward
        assert stated.targets is not None  # a derivation has a loss
        cuts = np.cumsum([p.size for p in stated.parameters])[:-1]
        flat = dict(zip(stated.parameters, np.split(self._theta, cuts), strict=True))
        flat |= {stated.image: self._pixels.ravel(), stated.targets: self._targets.ravel()}
        return {tensor: np.tile(values, (points, 1)) for tensor, values in flat.items()}

    def __getitem__(self, key: Key) -> float:
        """
        Raises:
            KeyError: it is no quantity of this image.
        """
        if not isinstance(key, Quantity) or key.image != (None if self._is_shared(key) else self.image):
            raise KeyError(key)
        return float(self.arrays[key.tensor.adjoint() if key.is_adjoint else key.tensor][key.index])

    @staticmethod
    def _is_shared(key: Quantity) -> bool:
        return key.tensor.is_shared and not key.is_adjoint

    def __contains__(self, key: Key) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    def gradient(self, tensor: Tensor) -> Array | None:
        """∂E/∂(every entry of a tensor); of an adjoint the array itself; None: E is not differentiated by it."""
        return self.arrays.get(tensor if tensor.is_adjoint else tensor.adjoint())

    @property
    def is_finite(self) -> bool:
        return all(np.isfinite(array).all() for array in self.arrays.values())

    @property
    def _least(self) -> float:
        return LEAST * (float(np.abs(self._targets).max()) or 1.0)

    @cached_property
    def difference(self) -> tuple[float, str]:
        """The largest relative difference from the other two ways, and of what."""
        return max((*self._from_program(), *self._from_duals()), key=lambda pair: pair[0])

    @property
    def agrees(self) -> bool:
        return self.difference[0] <= TOLERANCE

    def _from_program(self) -> list[tuple[float, str]]:
        network = self.derivation.network
        program = ArrayProgram(network)
        images, targets = self._pixels.reshape(1, *network.input_shape), self._targets.reshape(1, -1)
        values = {name: array[0] for name, array in program.forward(self._theta, images).items()}
        error, gradient = program.loss_and_gradient(self._theta, images, targets)
        parameters, cuts = network.forward.parameters, np.cumsum([p.size for p in network.forward.parameters])[:-1]
        values[self.derivation.forward[-1].target.tensor.name] = np.asarray(error)
        values |= {p.adjoint().name: part for p, part in zip(parameters, np.split(gradient, cuts), strict=True)}
        own = {t.name: (array, self._least * (t.is_adjoint or t.name == E.name)) for t, array in self.arrays.items()}
        return [(_apart(*own[name], array), name) for name, array in values.items() if name in own]

    def _from_duals(self) -> list[tuple[float, str]]:
        """E moves by Σ v·∂E/∂u; each tensor's direction is as large as makes it weigh as much as the others."""
        rng, forward = np.random.default_rng(SEED), self.derivation.forward
        moves: dict[Tensor, Array] = {}
        expected, error = np.zeros(DIRECTIONS), forward[-1].target.tensor
        for tensor in self.arrays:
            adjoint = None if tensor.is_adjoint or tensor == error else self.gradient(tensor)
            if adjoint is not None:
                length = max(float(np.linalg.norm(adjoint)), self._least)
                moves[tensor] = rng.normal(size=(DIRECTIONS, tensor.size)) / length
                expected += moves[tensor] @ adjoint.ravel()
        inputs = self._inputs(DIRECTIONS)
        run = Interpreter(Reals(), inputs, {t: v for t, v in moves.items() if t in inputs})
        with np.errstate(all="ignore"):
            for equation in forward:
                run.run([equation])
                own = moves.get(equation.target.tensor)
                if own is not None:
                    run.slopes[equation.target.tensor] = run.slopes.get(equation.target.tensor, 0.0) + own
        reached = run.slopes[error][:, 0]
        return [(float(np.abs(reached - expected).max() / np.sqrt(len(moves))), "∂E")]


def _apart(one: Array, least: float, other: Array) -> float:
    scale = max(float(np.abs(one).max(initial=0)), float(np.abs(other).max(initial=0)), least)
    return float(np.abs(one - other.reshape(one.shape)).max(initial=0) / scale) if scale else 0.0
