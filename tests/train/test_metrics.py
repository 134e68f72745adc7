"""What a metric is made of, on random networks: loss and outputs of every program, without a gradient."""

import numpy as np
import pytest

import symcnn
from symcnn.numeric.cache import numba_is_there
from symcnn.numeric.learner import OPTIMIZERS, Batching, State
from symcnn.train.metrics import measuring, right
from tests.tools.networks import from_seed

needs_numba = pytest.mark.skipif(not numba_is_there(), reason="numba is not installed: pip install numba")


def learner_of(net, theta, images, targets, backend="numpy", dtype="float64", batch_size=4):
    optimizer = OPTIMIZERS["sgd"]
    images, targets = np.asarray(images, dtype), np.asarray(targets, dtype)
    images = images.reshape(len(images), *net.forward.image.shape)
    program = symcnn.compile(net, backend, dtype)
    state = State.start(theta, optimizer, dtype)
    return program.learner(images, targets, Batching(optimizer, batch_size, 0.01), state), images, targets


@pytest.mark.parametrize("seed", range(40))
def test_loss_and_outputs_are_those_of_the_passes(seed):
    net, theta, images, targets = from_seed(seed)
    learner, images, targets = learner_of(net, theta, images, targets)
    loss, outputs = learner.meter(images, targets)()
    reference = symcnn.compile(net, "python")
    assert np.isclose(loss, reference.loss_and_gradient(theta, images, targets)[0], rtol=1e-12)
    assert np.allclose(outputs, reference.predict(theta, images), rtol=1e-12)


@needs_numba
@pytest.mark.parametrize("seed", [pytest.param(s, marks=[] if s < 1 else pytest.mark.slow) for s in range(24)])
def test_the_compiled_loops_measure_the_same(seed):
    """Random layers and losses; an uneven last block."""
    net, theta, images, targets = from_seed(seed)
    learner, images, targets = learner_of(net, theta, images, targets, "numba", batch_size=2)
    loss, outputs = learner.meter(images, targets)()
    reference = symcnn.compile(net, "expressions")
    assert np.isclose(loss, reference.loss_and_gradient(theta, images, targets)[0], rtol=1e-12)
    assert np.allclose(outputs, reference.predict(theta, images), rtol=1e-11, atol=1e-13)


#: One output, several, a softmax of its own, logits, and a first layer that is only seen through a maximum.
KINDS = {
    "one output": symcnn.Network((3, 3), [symcnn.Dense(1, "sigmoid")], "binary_cross_entropy"),
    "one number": symcnn.Network((4,), [symcnn.Dense(1)], "mse"),
    "half squared": symcnn.Network((4,), [symcnn.Dense(3, "tanh"), symcnn.Dense(2, "sigmoid")]),
    "softmax": symcnn.Network((4, 4), [symcnn.Conv2D(2, 2), symcnn.Dense(3, "softmax")], "mse"),
    "logits": symcnn.Network(
        (6, 6), [symcnn.Conv2D(2, 3), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Dense(3)], "cross_entropy"
    ),
    "many outputs": symcnn.Network((2,), [symcnn.Dense(70)], "cross_entropy"),
}


#: Each of them is compiled.
SLOW = [pytest.mark.slow]


def data_for(net, samples, rng):
    images = rng.normal(size=(samples, *net.input_shape))
    classes = rng.integers(0, max(net.outputs, 2), samples)
    return images, classes[:, None].astype(float) if net.outputs == 1 else np.eye(net.outputs)[classes]


@pytest.mark.parametrize(
    ("kind", "backend"),
    [
        *((kind, backend) for kind in KINDS for backend in ("numpy", "expressions")),
        *(pytest.param(kind, "numba", marks=[needs_numba, *SLOW[kind == "logits" :]]) for kind in KINDS),
    ],
)
def test_the_history_is_what_pytorch_measures(kind, backend):
    """Of the parameters after each epoch; 21 samples in batches of 8, of which 5 remain; and a single one."""
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    from tests.tools.torch_oracle import loss_and_gradient

    net, rng = KINDS[kind], np.random.default_rng(7)
    known, unseen = data_for(net, 21, rng), data_for(net, 1, rng)
    thetas = []
    for epochs in (0, 1, 2):
        run = symcnn.train(net, known, batch_size=8, epochs=epochs, validation=unseen, backend=backend)
        thetas.append(run.theta)
    reference = symcnn.compile(net, "expressions")
    for moment, theta in zip(run.history, thetas, strict=True):
        rows = ((known, moment.loss, moment.accuracy), (unseen, moment.validation_loss, moment.validation_accuracy))
        for (images, targets), loss, accuracy in rows:
            assert loss == pytest.approx(loss_and_gradient(net, theta, images, targets)[0] / len(images), rel=1e-11)
            assert accuracy == right(reference.predict(theta, images), targets).mean()


@needs_numba
def test_single_precision_is_measured_in_single_precision():
    net, rng = KINDS["logits"], np.random.default_rng(3)
    images, targets = data_for(net, 40, rng)
    theta = rng.uniform(-1, 1, len(net.parameters)).astype(np.float32)
    exact = symcnn.compile(net, "expressions").predict(theta, images.astype(np.float32))
    for backend in ("numpy", "numba"):
        learner, *samples = learner_of(net, theta, images, targets, backend, "float32", 16)
        _, outputs = learner.meter(*samples)()
        assert outputs.dtype == np.float32
        assert 0 < np.abs(outputs - exact).max() < 1e-5


def test_many_samples_are_measured_in_parts(net):
    rng = np.random.default_rng(0)
    theta = rng.uniform(-1, 1, 20)
    learner, *samples = learner_of(net, theta, rng.uniform(size=(1_500, 3, 3)), np.eye(2)[rng.integers(0, 2, 1_500)])
    program, measure = symcnn.compile(net), measuring(learner, *samples)
    for values in (theta, theta / 2):  # what the state is then
        learner.state.arrays["theta"][:] = values
        loss, accuracy = measure()
        assert np.isclose(loss, program.loss_and_gradient(values, *samples)[0] / 1_500, rtol=1e-12)
        assert accuracy == right(program.predict(values, samples[0]), samples[1]).mean()


@needs_numba
def test_a_loss_that_is_no_number_is_measured_as_such():
    net, rng = KINDS["logits"], np.random.default_rng(3)
    images, targets = data_for(net, 9, rng)
    images[8, 0, 0] = np.nan
    for backend in ("numpy", "numba"):
        learner, *samples = learner_of(net, np.ones(len(net.parameters)), images, targets, backend)
        loss, outputs = learner.meter(*samples)()
        assert np.isnan(loss)
        assert np.isnan(outputs[8]).all()
        assert np.isfinite(outputs[:8]).all()


def test_right_is_the_largest_alone():
    outputs = np.array([[2.0, 1.0], [0.0, 2.0], [1.0, 1.0], [0.0, 0.0], [np.nan, 1.0]])
    assert right(outputs, np.array([[1.0, 0.0]] * 5)).tolist() == [True, False, False, False, False]
    assert right(np.array([[0.5], [0.49], [0.7]]), np.array([[1.0], [1.0], [0.0]])).tolist() == [True, False, False]


def test_a_network_that_says_nothing_has_nothing_right():
    net = symcnn.Network((2,), [symcnn.Dense(3)], loss="cross_entropy")
    run = symcnn.train(net, (np.zeros((4, 2)), [0, 1, 2, 0]), initial=np.zeros(9), epochs=0)
    assert run.right == 0
    assert run.accuracy() == run.history[0].accuracy == 0
