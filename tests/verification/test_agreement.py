import numpy as np
import pytest

import symcnn
from symcnn.numeric import PROGRAMS, initial_values
from symcnn.verification import TOLERANCE, exact_gradients, programs_agree


@pytest.mark.parametrize("seed", range(5))
def test_every_program_agrees_with_50_digits(derivation, net, data, seed):
    found = programs_agree(derivation, initial_values(net, seed), data)
    assert [a.backend for a in found] == [*PROGRAMS, "displayed"]
    assert all(a.ok for a in found), found
    assert TOLERANCE == 1e-13


def test_a_wrong_program_is_seen(derivation, net, data, monkeypatch):
    """One sign changed in the printed source of one backend: that one is off, and the gradient is named."""
    program = PROGRAMS["expressions"]
    right = program._print
    monkeypatch.setattr(program, "_print", lambda self: right(self).replace("dE_dw_h1o1 = dE", "dE_dw_h1o1 = -dE"))
    found = {a.backend: a for a in programs_agree(derivation, initial_values(net, 0), data)}
    assert not found["expressions"].ok
    assert found["expressions"].where == "w_h1o1"
    assert found["numpy"].ok


def test_a_lost_digit_is_seen(derivation, net, data, monkeypatch):
    program = PROGRAMS["numpy"]
    right = program.differentiate

    def rounded(self, *arguments):
        loss, gradient = right(self, *arguments)
        return loss, gradient * (1 + 1e-12)

    monkeypatch.setattr(program, "differentiate", rounded)
    found = {a.backend: a for a in programs_agree(derivation, initial_values(net, 0), data)}
    assert not found["numpy"].ok
    assert 5e-13 < found["numpy"].worst < 2e-12


def test_the_reference_is_the_complex_step(derivation, net, data):
    from tests.tools.oracles import gradient

    theta = initial_values(net, 7)
    _, rows = exact_gradients(derivation, theta, data)
    wanted = gradient(net, theta, data.images, data.targets)
    found = np.array([float(sum(row[p] for row in rows)) for p in net.parameters])
    assert np.allclose(found, wanted, rtol=1e-13, atol=1e-17)


def test_nan_counts_as_disagreement(derivation, net, data, monkeypatch):
    monkeypatch.setattr(PROGRAMS["python"], "differentiate", lambda *_: (float("nan"), np.zeros(20)))
    found = {a.backend: a for a in programs_agree(derivation, initial_values(net, 0), data)}
    assert found["python"].worst == float("inf")


def test_it_works_for_any_network():
    net = symcnn.Network((2, 4, 4), [symcnn.Conv2D(2, 3, padding=1), symcnn.AvgPool2D(2), symcnn.Dense(2, "sigmoid")])
    rng = np.random.default_rng(2)
    data = (rng.normal(size=(3, 2, 4, 4)), rng.uniform(size=(3, 2)))
    assert all(a.ok for a in programs_agree(symcnn.derive(net, 3), initial_values(net, 1), data))


@pytest.mark.parametrize(
    ("size_of_a", "reach", "floor"),
    [
        (1.0, 1.0, 1e-2),  # a hundredth of the largest entry; E_total, however large, is none
        (1.0, 100.0, 0.1),  # a thousandth of the largest quantity of the pass
        (0.01, 1.0, 1e-3),
    ],
)
def test_small_entries_are_measured_against_a_part_of_the_largest(size_of_a, reach, floor):
    from symcnn.verification.agreement import _worst

    exact = {"E_total": 1000.0, "a": size_of_a, "b": 0.0}
    size = {"E_total": 1000.0, "a": size_of_a, "b": 1e-9}
    gap, where = _worst({**exact, "b": 1e-5}, exact, size, reach)
    assert where == "b"
    assert gap == pytest.approx(1e-5 / floor)
