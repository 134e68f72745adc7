"""A program held against dual numbers in float64, carried through the forward equations: at any size of the network.

Σ_images E′ = Σ_p v_p · g_p       v in the parameters of one tensor at a time, g what the program computed
"""

from typing import Any

import numpy as np

from symcnn.derivation import Derivation
from symcnn.network import DataLike, checked
from symcnn.numeric import Program, as_theta
from symcnn.proof.arithmetic import Reals
from symcnn.proof.interpret import Interpreter

#: The largest relative difference of a tensor: both sides are float64, and each adds in its own order.
DUAL_TOLERANCE = 1e-11

#: A tensor whose gradients all nearly vanish is measured against this part of the largest.
FLOOR = 1e-3

SEED = 0


def duals_agree(derivation: Derivation, theta: Any, data: DataLike, program: Program) -> tuple[float, str]:
    """The largest relative difference, and the tensor (or E_total) that has it."""
    network = derivation.network
    images, targets = checked(network, data)
    values = as_theta(network, theta)
    loss, gradient = program.loss_and_gradient(values, images, targets)
    if not (np.isfinite(loss) and np.all(np.isfinite(gradient))):
        return float("inf"), "E_total"
    tensors = network.forward.parameters
    cuts = np.cumsum([p.size for p in tensors])[:-1]
    # from a continuum, and another one at other parameters: exchanged entries must not weigh the same
    direction = np.random.default_rng([SEED, int(np.float64(values[0]).view(np.uint64))]).uniform(0.5, 2, len(values))
    error, slopes = _slopes(derivation, values, direction, images, targets)
    products = np.split(direction * gradient, cuts)
    floor = FLOOR * max(float(np.abs(p).sum()) for p in products)
    gaps = [
        (abs(float(slope - part.sum())) / max(float(np.abs(part).sum()), floor, 1e-300), f"∂E_total/∂{tensor.name}")
        for tensor, slope, part in zip(tensors, slopes, products, strict=True)
    ]
    return max([*gaps, (abs(loss - error) / max(abs(error), 1e-300), "E_total")])


def _slopes(derivation: Derivation, theta: Any, direction: Any, images: Any, targets: Any) -> tuple[float, Any]:
    """E_total, and its slope along each parameter tensor's part of a direction."""
    stated = derivation.network.forward
    assert stated.targets is not None  # a derivation has a loss
    tensors, samples = stated.parameters, len(images)
    cuts = np.cumsum([p.size for p in tensors])[:-1]
    error, slopes = derivation.forward[-1].target.tensor, []
    given = {p: np.tile(v, (samples, 1)) for p, v in zip(tensors, np.split(theta, cuts), strict=True)}
    given |= {stated.image: images.reshape(samples, -1), stated.targets: targets}
    total = 0.0
    for tensor, part in zip(tensors, np.split(direction, cuts), strict=True):
        run = Interpreter(Reals(), given, {tensor: np.tile(part, (samples, 1))})
        run.run(derivation.forward)
        slopes.append(run.slopes[error].sum() if error in run.slopes else 0.0)
        total = float(run.value(error).sum())
    return total, slopes
