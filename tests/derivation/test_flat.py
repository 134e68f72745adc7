"""Flat images, where every window ties and rectifiers stand at 0: first maximum, and relu'(0) = 0, as in PyTorch.

Random images never tie, so code that credits every tied maximum passes on them: it is shown here that it differs.
"""

import importlib.util

import numpy as np
import pytest

import symcnn
from tests.tools import oracles
from tests.tools.gradients import in_50_digits, worst_tensor

MAXIMA = symcnn.Network(
    (4, 4), [symcnn.Conv2D(2, 2, padding=1), symcnn.MaxPool2D(2, 1), symcnn.Flatten(), symcnn.Dense(2)], "cross_entropy"
)
OVERLAPPING = symcnn.Network(
    (5, 5), [symcnn.MaxPool2D(3, 2, padding=1), symcnn.Conv2D(1, 2), symcnn.MaxPool2D(2, 1, "same", 0), symcnn.Dense(2)]
)
RECTIFIERS = symcnn.Network(
    (4, 4),
    [
        symcnn.Conv2D(2, 2),
        symcnn.Activation("relu"),
        symcnn.MaxPool2D(2),
        symcnn.Dense(3, "leaky_relu"),
        symcnn.Dense(2, "relu"),
    ],
    "mse",
)
NETWORKS = {"maxima": MAXIMA, "overlapping": OVERLAPPING, "rectifiers": RECTIFIERS}
BACKENDS = ("numpy", "expressions", "python")


def flat_case(net, value, weights="random"):
    """Constant images, and parameters that are exact in binary, so that equal sums are equal numbers."""
    rng = np.random.default_rng(5)
    count = len(net.parameters)
    theta = np.zeros(count) if weights == "zero" else rng.integers(-8, 9, count) / 8
    images = np.full((2, *net.input_shape), value)
    images[1] *= -1
    return theta, images, rng.uniform(size=(2, net.outputs))


def every_tied_maximum(window):
    """The mistake: all cells that reach the maximum are credited."""
    cells = window.ravel()
    tied = cells[cells.real == cells.real.max()]
    return tied[0].real + 1j * tied.imag.sum() if np.iscomplexobj(cells) else tied[0]


CASES = [(name, value, weights) for name in NETWORKS for value in (1.0, 0.0) for weights in ("random", "zero")]


@pytest.mark.parametrize(("name", "value", "weights"), CASES)
def test_every_program_decides_ties_and_kinks_alike(name, value, weights):
    net = NETWORKS[name]
    case = flat_case(net, value, weights)
    wanted = oracles.loss(net, *case), oracles.gradient(net, *case)
    for backend in BACKENDS:
        assert worst_tensor(net, symcnn.compile(net, backend).loss_and_gradient(*case), wanted)[0] < 1e-12, backend
    assert worst_tensor(net, in_50_digits(net, *case), wanted)[0] < 1e-12
    if importlib.util.find_spec("torch"):
        from tests.tools.torch_oracle import loss_and_gradient

        assert worst_tensor(net, loss_and_gradient(net, *case), wanted)[0] < 1e-12


@pytest.mark.parametrize("name", ["maxima", "overlapping"])
def test_code_that_credits_every_tied_maximum_differs_on_flat_images_alone(name, monkeypatch):
    net = NETWORKS[name]
    flat = flat_case(net, 1.0)
    random = (flat[0], np.random.default_rng(0).normal(size=flat[1].shape), flat[2])
    right = [oracles.gradient(net, *case) for case in (flat, random)]
    monkeypatch.setattr(oracles, "first_maximum", every_tied_maximum)
    wrong = [oracles.gradient(net, *case) for case in (flat, random)]
    assert np.abs(wrong[0] - right[0]).max() > 0.1 * np.abs(right[0]).max()
    assert np.array_equal(wrong[1], right[1])


def test_a_rectifier_at_0_passes_nothing_on():
    """All weights and biases 0: every z is 0, and what lies before the rectifier has no gradient."""
    case = flat_case(RECTIFIERS, 1.0, "zero")
    _, gradient = symcnn.compile(RECTIFIERS, "python").loss_and_gradient(*case)
    assert not np.any(gradient)
    open_by_a_hair = case[0].copy()
    open_by_a_hair[-2:] = 1e-9  # the biases of the last layer
    _, moved = symcnn.compile(RECTIFIERS, "python").loss_and_gradient(open_by_a_hair, *case[1:])
    assert np.all(moved[-2:] != 0)
