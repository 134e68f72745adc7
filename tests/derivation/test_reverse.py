"""Index-notation adjoints against the complex step of a hand-written forward pass, on random networks."""

import numpy as np
from hypothesis import given

import symcnn
from tests.networks import differentiable
from tests.oracles import gradient, loss


@given(differentiable())
def test_every_program_gives_the_gradient_of_the_oracle(case):
    net, theta, images, targets = case
    wanted, error = gradient(net, theta, images, targets), loss(net, theta, images, targets)
    floor = 1e-3 * max(np.abs(wanted).max(), 1e-12)
    for backend in ("numpy", "expressions", "python"):
        found_error, found = symcnn.compile(net, backend).loss_and_gradient(theta, images, targets)
        assert abs(found_error - error) <= 1e-12 * max(abs(error), 1e-3), backend
        assert np.all(np.abs(found - wanted) <= 1e-11 * np.maximum(np.abs(wanted), floor)), backend


@given(differentiable())
def test_the_displayed_expressions_add_up_to_the_gradient(case):
    net, theta, images, targets = case
    wanted = gradient(net, theta, images, targets)
    found = symcnn.derive(net).evaluate(theta, images, targets)
    sums = np.array([found[p].sum() for p in net.parameters])
    assert np.all(np.abs(sums - wanted) <= 1e-11 * np.maximum(np.abs(wanted), 1e-3 * np.abs(wanted).max() + 1e-15))
