"""Random small networks: every layer, every setting, odd shapes, every loss; drawn by hypothesis or from a seed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

import symcnn

#: Picks one of several options.
Pick = Callable[[Sequence[Any]], Any]

SMOOTH = ("sigmoid", "tanh")
KINKED = ("relu", "leaky_relu")
LOSSES = ("half_squared_error", "mse", "cross_entropy", "binary_cross_entropy")


def any_network(pick: Pick, smooth: bool = False) -> symcnn.Network:
    """A network with a loss; ``smooth``: only layers without kinks and ties.

    Raises:
        InputError: some layer does not fit what it receives (draw again).
    """
    kinds = SMOOTH if smooth else SMOOTH + KINKED
    rows, columns, channels = pick(range(2, 7)), pick(range(2, 7)), pick((1, 2))
    layers: list[Any] = []
    for _ in range(pick((0, 1, 1, 2))):
        layers.append(
            symcnn.Conv2D(
                filters=pick((1, 2, 3)),
                kernel_size=pick((1, 2, 3, (1, 2), (2, 3), (3, 1))),
                stride=pick((1, 1, 2, 3)),
                padding=pick((0, 1, "same")),
                bias=pick((True, False)),
                normalize=pick((False, False, True)),
            )
        )
        if pick((True, False)):
            layers.append(symcnn.Activation(pick(kinds)))
        pooling = pick(("none", "average", "average" if smooth else "maximum"))
        if pooling == "average":
            layers.append(symcnn.AvgPool2D(pick((2, 3)), pick((None, 1, 2)), pick((0, 1, "same")), pick((True, False))))
        elif pooling == "maximum":
            layers.append(
                symcnn.MaxPool2D(pick((2, 3)), pick((None, 1, 2)), pick((0, 1, "same")), pick((None, 0, -0.5)))
            )
        if pick((True, False, False)):
            layers.append(symcnn.Activation(pick(kinds)))
    layers.append(symcnn.Flatten())
    if pick((True, False)):
        layers.append(symcnn.Dense(pick((1, 2, 3)), pick((*kinds, "softmax", None))))
    loss = pick(LOSSES)
    last = "sigmoid" if loss == "binary_cross_entropy" else pick((*kinds, "softmax", None, None))
    layers.append(symcnn.Dense(pick((2, 3)) if loss == "cross_entropy" else pick((1, 2, 3)), last, pick((True, False))))
    return symcnn.Network((channels, rows, columns) if channels > 1 else (rows, columns), layers, loss)


def values_for(net: symcnn.Network, rng: np.random.Generator, samples: int) -> tuple[Any, Any, Any]:
    """Parameters, images and targets; away from kinks and ties with probability 1."""
    theta = rng.uniform(-1, 1, len(net.parameters))
    images = rng.normal(size=(samples, *net.input_shape))
    return theta, images, rng.uniform(size=(samples, net.outputs))


def digits() -> symcnn.Network:
    """8×8 handwritten digits: 810 parameters."""
    layers = [symcnn.Conv2D(8, 3), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Flatten(), symcnn.Dense(10)]
    return symcnn.Network((8, 8), layers, "cross_entropy")


def lenet() -> symcnn.Network:
    """28×28 images, two convolutions, three dense layers: 44,426 parameters."""
    maps = [[symcnn.Conv2D(k, 5), symcnn.Activation("relu"), symcnn.MaxPool2D(2)] for k in (6, 16)]
    dense = [symcnn.Dense(120, "relu"), symcnn.Dense(84, "relu"), symcnn.Dense(10)]
    return symcnn.Network((28, 28), [*maps[0], *maps[1], symcnn.Flatten(), *dense], "cross_entropy")


def from_seed(seed: int, smooth: bool = False) -> tuple[symcnn.Network, Any, Any, Any]:
    """Network, parameters, images and targets: the same for the same seed."""
    rng = np.random.default_rng(seed)

    def pick(options: Sequence[Any]) -> Any:
        return options[int(rng.integers(len(options)))]

    while True:
        try:
            net = any_network(pick, smooth)
        except symcnn.InputError:
            continue
        return net, *values_for(net, rng, int(rng.integers(1, 4)))


@st.composite
def differentiable(draw, smooth=False):
    """A network with a loss, parameters, one to three images and their targets."""
    try:
        net = any_network(lambda options: draw(st.sampled_from(list(options))), smooth)
    except symcnn.InputError:
        assume(False)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return net, *values_for(net, rng, draw(st.integers(1, 3)))
