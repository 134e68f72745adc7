"""Index-notation adjoints against the complex step of a hand-written forward pass, on random networks."""

import numpy as np
import pytest
from hypothesis import given, settings

import symcnn
from tests.slow import rest_slow
from tests.tools.gradients import PROGRAMS, SATURATED, Tally
from tests.tools.networks import differentiable, from_seed
from tests.tools.oracles import gradient, loss


@settings(max_examples=15)
@given(differentiable())
def test_every_program_gives_the_gradient_of_the_oracle(case):
    net, theta, images, targets = case
    wanted, error = gradient(net, theta, images, targets), loss(net, theta, images, targets)
    floor = max(1e-3 * np.abs(wanted).max(), SATURATED)
    for backend in ("numpy", "expressions", "python"):
        found_error, found = symcnn.compile(net, backend).loss_and_gradient(theta, images, targets)
        assert abs(found_error - error) <= 1e-12 * max(abs(error), 1e-3), backend
        assert np.all(np.abs(found - wanted) <= 1e-11 * np.maximum(np.abs(wanted), floor)), backend


@pytest.mark.slow
@given(differentiable())
def test_the_displayed_expressions_add_up_to_the_gradient(case):
    net, theta, images, targets = case
    wanted = gradient(net, theta, images, targets)
    found = symcnn.derive(net).evaluate(theta, images, targets)
    sums = np.array([found[p].sum() for p in net.parameters])
    floor = max(1e-3 * np.abs(wanted).max(), SATURATED)
    assert np.all(np.abs(sums - wanted) <= 1e-11 * np.maximum(np.abs(wanted), floor))


@pytest.mark.parametrize("first", rest_slow(range(0, 120, 30)))
def test_120_random_networks_tensor_by_tensor(first):
    """The campaign's first networks: every tensor of the gradient, against the oracle; the equations modulo a prime."""
    tally = Tally({"50 digits": 30, "expressions": 6, "python": 6})
    for seed in range(first, first + 30):
        tally.add(seed, from_seed(seed), PROGRAMS)
    assert tally.compared["numpy"] == 30
    assert not tally.failures, "\n".join(tally.failures)
