"""The values of a large network, from arrays, against those of the scalar graph as straight-line Python."""

import numpy as np
import pytest
from hypothesis import given, settings

import symcnn
from symcnn.numeric import values
from symcnn.numeric.values import values_of_images
from tests.tools.networks import differentiable, lenet


@settings(max_examples=8)
@given(differentiable())
def test_values_from_arrays_are_those_of_the_graph(case):
    net, theta, images, targets = case
    derivation = symcnn.derive(net, len(images))
    wanted = list(values_of_images(derivation, theta, (images, targets)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "MAX_PRODUCTS", 0)
        found = list(values_of_images(derivation, theta, (images, targets)))
        patch.setattr(values, "ENTRIES", 1)  # one image at a time
        alone = list(values_of_images(derivation, theta, (images, targets)))
    for one, other, again in zip(wanted, found, alone, strict=True):
        assert set(other) == set(again) == set(one)
        scale = max(map(abs, one.values()))
        for name, value in one.items():
            for computed in (other[name], again[name]):  # sums in another order
                assert abs(computed - value) <= 1e-13 * max(abs(value), scale), name


def test_values_of_a_large_network_are_those_of_its_program():
    net, rng = lenet(), np.random.default_rng(1)
    theta, images, targets = rng.uniform(-0.2, 0.2, len(net.parameters)), rng.uniform(size=(2, 28, 28)), np.eye(10)[:2]
    each = list(values_of_images(symcnn.derive(net), theta, (images, targets)))
    loss, gradient = symcnn.compile(net).loss_and_gradient(theta, images, targets)
    assert abs(sum(values["E"] for values in each) - loss) <= 1e-12 * loss
    for n in range(0, len(net.parameters), 997):
        total = sum(values[f"dE_d{net.parameters[n]}"] for values in each)
        assert abs(total - gradient[n]) <= 1e-12 * np.abs(gradient).max(), net.parameters[n]
    assert each[1]["i_0102"] == images[1, 0, 1]
    assert each[0]["t_01"] == 1
    with pytest.raises(KeyError):
        _ = each[0]["f_999"]
