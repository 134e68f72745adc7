"""The bound of a wrong "equal", and what it counts: held against figures worked out by hand."""

import pytest

import symcnn
from symcnn.proof.algebra import PRIME
from symcnn.proof.gradients import GradientDomain, generators_of


# one neuron: ∂E/∂w = (o - t)·i, o = w·i + b: degree 3; with σ: (o - t)·o·(1 - o)·i, each o of degree 2,
# since it may be a fraction of two: degree 7
@pytest.mark.parametrize(
    ("units", "activation", "degree", "generators"), [(1, None, 3, 0), (1, "sigmoid", 7, 1), (2, "sigmoid", 7, 2)]
)
def test_the_error_probability_is_that_of_two_independent_points(monkeypatch, units, activation, degree, generators):
    d = symcnn.derive(symcnn.Network((1,), [symcnn.Dense(units, activation)]), samples=1)
    judge = GradientDomain(d)
    monkeypatch.setattr(judge, "exact", None)
    verdict = judge.decide("w_i1o1", d["w_i1o1"].formula)
    one_point = 2 * degree * (1 + (2 * generators) ** 2) / PRIME
    assert verdict.status == "probable"
    assert verdict.epsilon == pytest.approx(one_point**2, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("layers", "count"),
    [
        ([symcnn.Dense(3)], 0),
        ([symcnn.Activation("relu"), symcnn.Dense(2, "sigmoid")], 4 + 2),
        ([symcnn.MaxPool2D(2), symcnn.Dense(1)], 4),  # a share for each candidate
        ([symcnn.Conv2D(1, 1), symcnn.MaxPool2D(2, 1), symcnn.MaxPool2D(1), symcnn.Dense(1, "tanh")], 4 + 1 + 1),
    ],
)
def test_generators_are_counted(layers, count):
    assert generators_of(symcnn.derive(symcnn.Network((2, 2), layers), samples=1)) == count
