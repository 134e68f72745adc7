"""Entries are chosen by the index maps of an equation and by the numbers of a pass, never by a layer."""

import numpy as np
import pytest

import symcnn
from symcnn.derivation import Derivation, instance
from symcnn.report.entries import MOST, choose
from symcnn.report.one_pass import OnePass


@pytest.fixture(scope="module")
def derivation():
    layers = [
        symcnn.Conv2D(2, 3, padding=1),
        symcnn.Activation("relu"),
        symcnn.MaxPool2D(2),
        symcnn.Flatten(),
        symcnn.Dense(3),
    ]
    return Derivation(symcnn.Network((6, 6), layers, "cross_entropy"), 1)


@pytest.fixture(scope="module")
def numbers(derivation):
    rng = np.random.default_rng(4)
    pixels = np.zeros((6, 6))
    pixels[1:4, 2:5] = rng.uniform(size=(3, 3))  # flat elsewhere: windows tie
    return OnePass(derivation, rng.uniform(-1, 1, len(derivation.network.parameters)), pixels, np.eye(3)[1])


def chosen(derivation, numbers, name):
    [equation] = [e for e in derivation.equations if e.target.tensor.name == name]
    return {entry.index: entry for entry in choose(equation, numbers)}, numbers and numbers.arrays[
        equation.target.tensor
    ]


def with_reason(found, reason):
    [entry] = [entry for entry in found.values() if reason in entry.reasons]
    return entry


def test_of_a_padded_window_the_corner_has_fewer_terms_than_the_middle(derivation, numbers):
    found, _ = chosen(derivation, numbers, "x")
    corner, middle = found[0, 0, 0], found[1, 3, 3]
    assert (corner.reasons, corner.terms, corner.whole) == (("corner",), 4 + 1, 9 + 1)
    assert "middle" in middle.reasons
    assert middle.terms == middle.whole == 10


def test_the_number_of_terms_is_that_of_the_formula(derivation, numbers):
    for equation in derivation.equations:
        for entry in choose(equation, numbers):
            variable = instance(equation, entry.index)
            assert entry.terms == len(variable.products), variable.name


def test_the_largest_derivative_is_chosen(derivation, numbers):
    for equation in derivation.equations:
        tensor = equation.target.tensor
        gradient = numbers.gradient(tensor)
        found = {entry.index: entry for entry in choose(equation, numbers)}
        assert len(found) <= MOST
        if tensor.size > 1 and gradient is not None and not any(e.reasons == ("closed",) for e in found.values()):
            largest = max(found, key=lambda index: abs(gradient[index]))
            assert abs(gradient[largest]) == np.abs(gradient).max()


def test_a_closed_argument_and_an_open_one_stand_side_by_side(derivation):
    """Also where the largest derivative arrives at a closed one."""
    at_closed = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        theta = rng.uniform(-1, 1, len(derivation.network.parameters))
        numbers = OnePass(derivation, theta, rng.uniform(size=(6, 6)), np.eye(3)[1])
        for name, argument in (("a", "x"), ("dE_dx", "a")):
            found, _ = chosen(derivation, numbers, name)
            _, values = chosen(derivation, numbers, argument)
            assert values[with_reason(found, "closed").index] <= 0
            assert values[with_reason(found, "gradient").index] > 0
        _, arriving = chosen(derivation, numbers, "dE_da")
        _, values = chosen(derivation, numbers, "x")
        at_closed += values.ravel()[np.abs(arriving).argmax()] <= 0
    assert at_closed


def test_a_tie_and_the_cell_that_comes_too_late(derivation, numbers):
    found, largest = chosen(derivation, numbers, "p")
    tie = with_reason(found, "tie").index
    _, cells = chosen(derivation, numbers, "a")
    k, r, c = tie
    assert (cells[k, 2 * r : 2 * r + 2, 2 * c : 2 * c + 2] == largest[tie]).sum() > 1
    found, gradient = chosen(derivation, numbers, "dE_da")
    late = with_reason(found, "late").index
    k, r, c = late
    _, arriving = chosen(derivation, numbers, "dE_dp")
    assert cells[late] == largest[k, r // 2, c // 2]
    assert gradient[late] == 0 != arriving[k, r // 2, c // 2]


def test_where_all_entries_are_alike_the_largest_stands_for_all(derivation, numbers):
    for name in ("o", "dE_dw_po", "dE_db_o"):
        found, _ = chosen(derivation, numbers, name)
        assert [entry.reasons for entry in found.values()] == [("gradient",)]


def test_without_numbers_form_alone_decides(derivation):
    found, _ = chosen(derivation, None, "x")
    assert [entry.reasons for entry in found.values()] == [("corner",), ("middle",)]
    found, _ = chosen(derivation, None, "o")
    assert [(index, entry.reasons) for index, entry in found.items()] == [((0,), ("first",))]


def test_a_border_that_is_no_corner():
    """A window with a stride that does not divide: the last column hangs over."""
    layers = [symcnn.Conv2D(1, 2), symcnn.AvgPool2D(2, 2, padding="same"), symcnn.Flatten(), symcnn.Dense(2)]
    d = Derivation(symcnn.Network((6, 6), layers, "mse"), 1)
    found, _ = chosen(d, None, "p")
    border = with_reason(found, "border")
    assert border.index == (2, 2)
    assert border.terms == 1 < border.whole == 4


def test_two_equal_cells_are_a_tie():
    layers = [symcnn.Conv2D(1, 1, bias=False), symcnn.MaxPool2D(2), symcnn.Flatten(), symcnn.Dense(2)]
    d = Derivation(symcnn.Network((4, 4), layers, "mse"), 1)
    pixels = np.arange(16.0).reshape(4, 4) + 1
    pixels[2, 0] = pixels[3, 1] = 20
    theta = np.linspace(0.5, 1, len(d.network.parameters))
    found, _ = chosen(d, OnePass(d, theta, pixels, np.zeros(2)), "p")
    assert with_reason(found, "tie").index == (1, 0)
