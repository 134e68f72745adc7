"""Random small networks for property tests: every layer with a derivative, every setting, odd shapes."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

import symcnn


@st.composite
def differentiable(draw):
    """A network with a loss, two or so images and targets, and parameters."""
    rows, columns, channels = draw(st.integers(2, 6)), draw(st.integers(2, 6)), draw(st.integers(1, 2))
    layers = []
    for _ in range(draw(st.integers(0, 2))):
        layers.append(
            symcnn.Conv2D(
                filters=draw(st.integers(1, 3)),
                kernel_size=draw(st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))),
                stride=draw(st.integers(1, 2)),
                padding=draw(st.sampled_from([0, 1, "same"])),
                bias=draw(st.booleans()),
                normalize=draw(st.booleans()),
            )
        )
        if draw(st.booleans()):
            layers.append(symcnn.Activation("sigmoid"))
        if draw(st.booleans()):
            stride = draw(st.sampled_from([None, 1, 2]))
            layers.append(symcnn.AvgPool2D(2, stride, draw(st.sampled_from([0, 1, "same"]))))
    layers.append(symcnn.Flatten())
    if draw(st.booleans()):
        layers.append(symcnn.Dense(draw(st.integers(1, 3)), draw(st.sampled_from(["sigmoid", None]))))
    layers.append(symcnn.Dense(draw(st.integers(1, 3)), draw(st.sampled_from(["sigmoid", None])), draw(st.booleans())))
    shape = (channels, rows, columns) if channels > 1 else (rows, columns)
    try:
        net = symcnn.Network(shape, layers)
    except symcnn.InputError:
        assume(False)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    samples = draw(st.integers(1, 3))
    theta = rng.uniform(-1, 1, len(net.parameters))
    return net, theta, rng.normal(size=(samples, *shape)), rng.uniform(size=(samples, net.outputs))
