"""What the checks rest on, each piece held by a value that was worked out by hand."""

import mpmath
import numpy as np
import pytest

import symcnn
from symcnn.derivation import derive
from symcnn.derivation.proof import Judge, generators_of
from symcnn.verification import verify
from symcnn.verification.agreement import FLOOR, LEAST, _worst
from symcnn.verification.duals import duals_agree
from symcnn.verification.leaves import leaves


def test_an_entry_is_measured_against_a_part_of_the_largest_gradient_not_of_the_loss():
    ours = {"E_total": 1e6, "f_11": 1.0, "f_12": 1e-9 + 1e-15}
    exact = {"E_total": mpmath.mpf(10) ** 6, "f_11": mpmath.mpf(1), "f_12": mpmath.mpf(10) ** -9}
    size = {name: abs(value) for name, value in exact.items()}
    worst, where = _worst(ours, exact, size, 1.0)
    assert where == "f_12"
    assert worst == pytest.approx(1e-15 / FLOOR, rel=1e-3)
    assert _worst(ours, exact, size, 1e4)[0] == pytest.approx(1e-15 / (LEAST * 1e4), rel=1e-3)


@pytest.mark.parametrize("library", ["mpmath", "numpy"])
def test_the_first_of_equal_candidates_wins(library):
    decisions, distances = [], []
    known = leaves(library, decisions=decisions, distances=distances)
    assert known["maximum"](1.0, 3.0, 3.0) == 3
    assert decisions == [1]
    assert distances == [0]
    assert known["maximum"](2.0, 2.0, 2.0) == 2
    assert decisions == [1, 0]
    assert [known["wins"](2.0, 2.0), known["wins"](2.0, 2.0, 2.0), known["wins"](1.0, 2.0)] == [1, 0, 0]


def test_generators_are_counted_one_an_output_and_one_a_candidate(derivation):
    assert generators_of(derivation) == 4  # h_1, h_2, o_1, o_2
    pooled = symcnn.Network((2, 2), [symcnn.MaxPool2D(2), symcnn.Dense(1, activation="sigmoid")])
    assert generators_of(derive(pooled)) == 4 + 1


def test_the_error_probability_is_of_all_points_together():
    """Two points that are drawn apart: their probabilities multiply, (d/2⁶¹)² and not 2·d/2⁶¹."""
    net = symcnn.Network((2,), [symcnn.Dense(2)], "cross_entropy")
    judge = Judge(derive(net))
    verdict = judge._at_random_points("b_o1", "", judge.derivation["b_o1"].formula)
    assert verdict.status == "probable"
    assert 0 < verdict.epsilon < 1e-24


def test_every_tensor_has_its_own_part_of_the_slopes():
    layers = [symcnn.Conv2D(2, 2), symcnn.Dense(3, activation="tanh"), symcnn.Dense(2)]
    net = symcnn.Network((3, 3), layers, "mse")
    assert len(net.forward.parameters) == 6
    rng = np.random.default_rng(5)
    theta = rng.uniform(-1, 1, len(net.parameters))
    data = rng.normal(size=(2, 3, 3)), rng.normal(size=(2, 2))
    worst, where = duals_agree(derive(net), theta, data, "numpy")
    assert worst < 1e-11, where


def test_only_a_plain_first_convolution_is_told_as_a_window_of_its_adjoint(net, data):
    text = "∂E/∂F is the convolution of I with ∂E/∂X"
    plain = [row for row in verify(net, data).rows if row.claim == text]
    assert [row.status for row in plain] == ["proved"]
    strided = symcnn.Network((4, 4), [symcnn.Conv2D(1, 2, stride=2, bias=False), symcnn.Dense(1, activation="sigmoid")])
    rng = np.random.default_rng(0)
    found = verify(strided, (rng.uniform(size=(2, 4, 4)), rng.uniform(size=(2, 1))))
    assert found.ok
    assert not [row for row in found.rows if row.claim == text]
