"""What a metric is made of, on random networks: loss and outputs of every program, without a gradient."""

import numpy as np
import pytest

import symcnn
from symcnn.train.metrics import measure, right
from tests.networks import from_seed


@pytest.mark.parametrize("seed", range(40))
def test_loss_and_outputs_are_those_of_the_passes(seed):
    net, theta, images, targets = from_seed(seed)
    program = symcnn.compile(net, "numpy")
    images = images.reshape(len(images), *net.forward.image.shape)
    loss, outputs = program.loss_and_outputs(theta, images, targets)
    reference = symcnn.compile(net, "python")
    assert np.isclose(loss, reference.loss_and_gradient(theta, images, targets)[0], rtol=1e-12)
    assert np.allclose(outputs, reference.predict(theta, images), rtol=1e-12)


def test_many_samples_are_measured_in_parts(net):
    rng = np.random.default_rng(0)
    images, targets = rng.uniform(size=(1_500, 3, 3)), np.eye(2)[rng.integers(0, 2, 1_500)]
    theta = rng.uniform(-1, 1, 20)
    program = symcnn.compile(net)
    loss, accuracy = measure(program, theta, images, targets)
    assert np.isclose(loss, program.loss_and_gradient(theta, images, targets)[0] / 1_500, rtol=1e-12)
    assert accuracy == right(program.predict(theta, images), targets).mean()


def test_right_is_the_largest_alone():
    outputs = np.array([[2.0, 1.0], [0.0, 2.0], [1.0, 1.0], [0.0, 0.0], [np.nan, 1.0]])
    assert right(outputs, np.array([[1.0, 0.0]] * 5)).tolist() == [True, False, False, False, False]
    assert right(np.array([[0.5], [0.49], [0.7]]), np.array([[1.0], [1.0], [0.0]])).tolist() == [True, False, False]


def test_a_network_that_says_nothing_has_nothing_right():
    net = symcnn.Network((2,), [symcnn.Dense(3)], loss="cross_entropy")
    run = symcnn.train(net, (np.zeros((4, 2)), [0, 1, 2, 0]), initial=np.zeros(9), epochs=0)
    assert run.right == 0
    assert run.accuracy() == run.history[0].accuracy == 0
