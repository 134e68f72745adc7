"""The numbers of one pass: three ways to each, and a wrong one is seen."""

import numpy as np
import pytest

from symcnn.derivation import Derivation
from symcnn.numeric.values import values_of_images
from symcnn.report.one_pass import TOLERANCE, OnePass
from symcnn.symbolic import E, entries
from tests.tools.networks import digits, from_seed


@pytest.fixture
def one_pass():
    d, rng = Derivation(digits(), 1), np.random.default_rng(0)
    return OnePass(d, rng.uniform(-1, 1, len(d.network.parameters)), rng.uniform(size=(8, 8)), np.eye(10)[3])


@pytest.mark.parametrize("seed", range(6))
def test_every_number_is_that_of_the_scalar_graph(seed):
    net, theta, images, targets = from_seed(seed)
    d = Derivation(net, 1)
    found = OnePass(d, theta, images[0], targets[0], image=1)
    [values] = values_of_images(d, theta, (images[:1], targets[:1]))
    assert found.agrees, found.difference
    for quantity in (E, *entries(*d.network.forward.parameters), *(v.quantity for v in d.graph)):
        key = quantity.of_image(1)
        assert key in found
        assert found[key] == pytest.approx(values[quantity.name], rel=1e-9, abs=1e-12), key


def test_other_images_and_unknown_quantities_are_none_of_it(one_pass):
    assert E.of_image(2) not in one_pass
    assert E not in one_pass
    with pytest.raises(KeyError):
        one_pass[E.of_image(2)]


@pytest.mark.parametrize("name", ["x", "p", "o", "y", "dE_dx", "dE_dp", "dE_df", "dE_do", "dE_di", "E"])
def test_one_wrong_entry_of_any_tensor_is_seen(one_pass, name):
    assert one_pass.agrees
    [tensor] = [t for t in one_pass.arrays if t.name == name]
    del one_pass.difference
    largest = np.unravel_index(np.abs(one_pass.arrays[tensor]).argmax(), tensor.shape)
    one_pass.arrays[tensor][largest] *= 1 + 1e-6
    assert one_pass.difference[0] > TOLERANCE


@pytest.mark.parametrize("sure", [25, 30, 40, 60])
def test_an_answer_that_is_nearly_right_agrees_too(sure):
    """∂E/∂o is the difference of two numbers near 1: it has their rounding."""
    d, rng = Derivation(digits(), 1), np.random.default_rng(0)
    theta = rng.uniform(-1, 1, len(d.network.parameters))
    theta[d.network.parameters.index("b_o04")] += sure
    one_pass = OnePass(d, theta, rng.uniform(size=(8, 8)), np.eye(10)[3])
    [slopes] = [array for t, array in one_pass.arrays.items() if t.name == "dE_do"]
    assert np.abs(slopes).max() < 1e-4
    assert one_pass.agrees, one_pass.difference
    del one_pass.difference
    slopes[3] += 1e-7
    assert one_pass.difference[0] > TOLERANCE
