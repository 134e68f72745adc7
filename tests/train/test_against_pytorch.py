"""The trainers against PyTorch: its own autograd and optimizers, on random networks (``tests/train/trainings.py``)."""

import numpy as np
import pytest
from sympy import Float, Symbol

import symcnn
from symcnn.numeric.optimizers import GRADIENT, OPTIMIZERS, RATE, THETA, Optimizer
from symcnn.symbolic import LEAF, Template, gate, wins
from symcnn.verification import verify_workbook
from tests.train.trainings import Comparison, Training, random_training

pytest.importorskip("torch", reason='PyTorch is not installed: pip install "symcnn[torch]"')

NUMPY, FLAT, DOUBLE, SINGLE = "numpy", ("expressions", "python"), "float64", "float32"


def held(seeds, backends, dtypes=(DOUBLE,)):
    """No fault in any of them, and next to none that hangs on last bits."""
    made = [Comparison(random_training(s), b, d) for s in seeds for b in backends for d in dtypes]
    faults = [str(c) for c in made if c.faults]
    assert not faults, "\n".join(faults)
    return sum(c.hangs_on_last_bits for c in made)


# small ones: every optimizer and loss, inputs of one cell, ties, kinks at 0
@pytest.mark.parametrize("seed", [4, 22, 23, 38])
def test_random_trainings_are_pytorchs(seed):
    assert held([seed], (NUMPY, *FLAT)) == 0
    assert held([seed], [NUMPY], [SINGLE]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 200, 25))
def test_two_hundred_random_trainings_are_pytorchs(first):
    seeds = range(first, first + 25)
    assert held(seeds, (NUMPY, *FLAT)) <= 3
    assert held(seeds, [NUMPY], [SINGLE]) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 25, 5))
def test_some_of_them_compiled(first):
    """25: a network compiles in seconds; the campaign takes all."""
    pytest.importorskip("numba", reason='numba is not installed: pip install "symcnn[fast]"')
    assert held(range(first, first + 5), ["numba"]) == 0
    assert held([first], ["numba"], [SINGLE]) == 0


# --- a maximum over numbers alone -----------------------------------------------------------------------------------

POOLS = {
    "one cell": ((1, 1), [symcnn.MaxPool2D(1)]),
    "one cell in borders": ((1, 1), [symcnn.MaxPool2D(2, padding=1)]),
    "one cell and a number outside": ((1, 1), [symcnn.MaxPool2D(2, padding=1, pad_value=-0.5)]),
    "three channels of one cell": ((3, 1, 1), [symcnn.MaxPool2D(1), symcnn.MaxPool2D(3, padding="same")]),
    "several cells": ((3, 2), [symcnn.MaxPool2D(2, stride=1)]),
    "of a function": ((1, 2), [symcnn.Activation("tanh"), symcnn.MaxPool2D(2, padding=1)]),
    "behind a mean": ((2, 2), [symcnn.AvgPool2D(2), symcnn.MaxPool2D(1)]),
}


def pooled(name):
    shape, layers = POOLS[name]
    return symcnn.Network(shape, [*layers, symcnn.Flatten(), symcnn.Dense(2)], "half_squared_error")


@pytest.mark.parametrize("name", POOLS)
def test_a_maximum_of_pixels_is_trained(name):
    """Pixels that are no whole numbers: SymPy makes a number of ``maximum(0.5, 0.25)`` when they are put in."""
    net, rng = pooled(name), np.random.default_rng(3)
    images, targets = rng.normal(size=(4, *net.input_shape)), rng.uniform(size=(4, 2))
    theta = rng.uniform(-1, 1, len(net.parameters))
    training = Training(1, net, theta, images, targets, 1, "sgd", 2, "mean", 0.1)
    for backend in (NUMPY, "python"):
        assert not Comparison(training, backend).faults


# what a number is called must not be put in for exponents: (o - t)², 1/s
@pytest.mark.parametrize("pixel", [-1.0, 1.0, 2.0, -0.5, 0.0])
@pytest.mark.parametrize("loss", ["half_squared_error", "cross_entropy"])
def test_a_maximum_of_pixels_is_no_name_of_a_number(pixel, loss):
    net = symcnn.Network((1, 2), [symcnn.MaxPool2D(1), symcnn.Dense(2, "softmax"), symcnn.Dense(2)], loss)
    images = np.full((2, 1, 2), pixel)
    training = Training(1, net, np.linspace(-1, 1, len(net.parameters)), images, np.eye(2), 0, "sgd", None, "sum", 0.1)
    assert not Comparison(training, "python").faults


@pytest.mark.parametrize("name", ["one cell", "one cell in borders"])
def test_a_maximum_of_one_pixel_is_exported_and_reported(name, tmp_path):
    net, data = pooled(name), ([[[0.5]], [[-0.25]]], [[1.0, 0.0], [0.0, 1.0]])
    path = symcnn.export_workbook(net, data, tmp_path / "one.xlsx", learning_rate=0.1, steps=2)
    assert verify_workbook(path, net).ok
    report = symcnn.write_report(net, tmp_path / "one.md", data=data, run=symcnn.train(net, data, steps=3))
    assert "p_{11}" in report.read_text("utf-8")


# --- the check can fail ---------------------------------------------------------------------------------------------


def _sign_of_the_velocity(monkeypatch):
    v = Symbol("velocity")
    wrong = Optimizer("momentum", ((v, Float(0.9) * v - GRADIENT), (THETA, THETA + RATE * v * (1 - Float(1e-8)))), {})
    monkeypatch.setitem(OPTIMIZERS, "momentum", wrong)


def _every_tie_wins(monkeypatch):
    monkeypatch.setitem(LEAF[wins].columns, "python", Template(lambda a, largest, *_: f"float({a} == {largest})"))


def _open_at_zero(monkeypatch):
    monkeypatch.setitem(LEAF[gate].columns, "python", "({2} if {0} < 0.0 else {1})")


@pytest.mark.parametrize("alter", [_sign_of_the_velocity, _every_tie_wins, _open_at_zero])
def test_a_wrong_trainer_is_seen(monkeypatch, alter):
    """A learning rate wrong in its eighth digit; a tie that goes to all; a rectifier open at 0."""
    training = random_training({_sign_of_the_velocity: 1, _every_tie_wins: 17, _open_at_zero: 6}[alter])
    assert not Comparison(training, "python").faults
    alter(monkeypatch)
    assert any("parameters" in fault for fault in Comparison(training, "python").faults)
