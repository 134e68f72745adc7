"""Training in buffers does what the plain learner does, whatever the batch."""

import numpy as np
import pytest

import symcnn
from symcnn.numeric import ArrayProgram
from symcnn.numeric.learner import OPTIMIZERS, Batching, Learner, State, blocks, even_blocks, samples_at_once
from tests.tools.networks import from_seed, values_for


def trained(make, net, program, batching, dtype="float64", samples=23, epochs=3):
    theta, images, targets = values_for(net, np.random.default_rng(0), samples)
    state = State.start(theta, batching.optimizer, dtype)
    learner = make(program, images.reshape(samples, *net.forward.image.shape), targets, batching, state)
    losses = [learner.epoch(np.random.default_rng(k).permutation(samples)) for k in range(epochs)]
    return np.concatenate(losses), state


def in_buffers(program, *arguments):
    return program.learner(*arguments)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=list(OPTIMIZERS))
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_the_learner_in_buffers_does_what_the_plain_one_does(optimizer, reduction):
    for seed in range(6):
        net, *_ = from_seed(seed)
        program = symcnn.compile(net)
        batching = Batching(optimizer, 5, 0.01, reduction)  # 23 samples: the last batch has 3
        losses, state = trained(in_buffers, net, program, batching)
        expected, plain = trained(Learner, net, program, batching)
        assert np.allclose(losses, expected, rtol=1e-13, atol=1e-13)
        assert state.scalars == plain.scalars
        for name, array in state.arrays.items():
            assert np.allclose(array, plain.arrays[name], rtol=1e-11, atol=1e-14), name


def test_training_with_float32_stays_there():
    net, *_ = from_seed(0)
    batching = Batching(OPTIMIZERS["momentum"], 8, 0.01, "mean")
    losses, state = trained(in_buffers, net, symcnn.compile(net, dtype="float32"), batching, "float32")
    expected, _ = trained(in_buffers, net, symcnn.compile(net), batching)
    assert {a.dtype for a in state.arrays.values()} == {np.dtype("float32")}
    assert np.allclose(losses, expected, rtol=1e-4)


def test_a_state_that_is_taken_up_goes_on_bit_for_bit():
    net, theta, *_ = from_seed(0)
    _, images, targets = values_for(net, np.random.default_rng(0), 20)
    images = images.reshape(20, *net.forward.image.shape)
    optimizer, order = OPTIMIZERS["adam"], np.arange(20)
    batching = Batching(optimizer, 6, 0.01)
    through = State.start(theta, optimizer)
    learner = symcnn.compile(net).learner(images, targets, batching, through)
    learner.epoch(order)
    saved = State({n: a.copy() for n, a in through.arrays.items()}, dict(through.scalars))
    learner.epoch(order)
    symcnn.compile(net).learner(images, targets, batching, saved).epoch(order)
    assert all(np.array_equal(saved.arrays[n], through.arrays[n]) for n in saved.arrays)


def test_fewer_samples_at_once_where_there_are_many_windows():
    def at_once(*layers, itemsize=8, size=40):
        return samples_at_once(symcnn.Network((size, size), layers, None).forward.equations, itemsize)

    assert at_once(symcnn.Conv2D(2, 3), size=8) == 256
    assert at_once(symcnn.Conv2D(2, 3)) == 2 * 1024 * 1024 // (8 * 9 * 38 * 38)  # two megabytes
    assert at_once(symcnn.Conv2D(2, 3), itemsize=4) == 2 * 1024 * 1024 // (4 * 9 * 38 * 38)
    assert at_once(symcnn.Conv2D(2, 10)) == 16  # at least
    assert at_once(symcnn.Conv2D(2, 20, 1, 10)) == 4_000_000 // (20 * 20 * 41 * 41)  # but not above what must fit
    assert [b.stop - b.start for b in blocks(7, 3)] == [3, 3, 1]
    assert [b.stop - b.start for b in even_blocks(64, 36)] == [32, 32]
    assert [b.stop - b.start for b in even_blocks(7, 3)] == [3, 3, 1]
    assert [b.stop - b.start for b in even_blocks(5, 256)] == [5]


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_batch_in_parts_is_the_batch(monkeypatch, optimizer):
    """Parts of 3, 3, 2 of a batch of 8, then the rest of 3 (the last batch): the same walk up to rounding."""
    net = symcnn.Network((6, 6), [symcnn.Conv2D(2, 3), symcnn.MaxPool2D(2), symcnn.Dense(3)], "cross_entropy")
    rng = np.random.default_rng(1)
    data = (rng.normal(size=(11, 6, 6)), rng.integers(0, 3, 11))
    settings = {"batch_size": 8, "epochs": 3, "backend": "numpy", "optimizer": optimizer}
    whole = symcnn.train(net, data, **settings)
    monkeypatch.setattr(ArrayProgram, "at_once", 3)
    parts = symcnn.train(net, data, **settings)
    assert not np.array_equal(parts.theta, whole.theta)  # other sums
    assert np.allclose(parts.theta, whole.theta, rtol=1e-9, atol=1e-12)
    assert np.allclose(parts.loss, whole.loss, rtol=1e-12)
    assert parts.history[-1].accuracy == whole.history[-1].accuracy


@pytest.mark.parametrize("order", [[0, 23], [-1, 3], [22, 10**9]])
def test_an_order_of_samples_that_are_not_there_is_refused(net, order):
    def make(*arguments):
        learner = in_buffers(*arguments)
        with pytest.raises(IndexError, match="order: expected numbers of samples, 0 to 22"):
            learner.epoch(np.array(order))
        return learner

    losses, _ = trained(make, net, symcnn.compile(net), Batching(OPTIMIZERS["sgd"], 5, 0.01), epochs=1)
    assert len(losses) == 5
