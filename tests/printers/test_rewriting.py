"""Rewritten equations say the same of E: shown on the equations, and on their scalar instances."""

import numpy as np
import pytest
import sympy

import symcnn
from symcnn.derivation.graph import instantiate
from symcnn.derivation.reverse import reverse
from symcnn.printers import rewriting
from symcnn.printers.rewriting import rewritten, used
from tests.tools.networks import from_seed, values_for


def network(*layers, shape=(6, 6), loss="half_squared_error"):
    return symcnn.Network(shape, [*layers, symcnn.Flatten(), symcnn.Dense(2)], loss)


def texts(net):
    return [str(e) for e in rewritten(net.forward.equations)]


CONV, RELU = symcnn.Conv2D(2, 3), symcnn.Activation("relu")


def test_relu_and_bias_move_behind_and_windows_are_split_off():
    assert texts(network(CONV, RELU, symcnn.MaxPool2D(2)))[:4] == [
        "sum_x[k, u, v, r, c] = Σ_{p, q} i[2*r + u + p, 2*c + v + q]·f[k, p, q]",
        "largest_sum_x[k, r, c] = max_{u, v} sum_x[k, u, v, r, c]",
        "largest_x[k, r, c] = largest_sum_x[k, r, c] + b_x[k]",
        "p[k, r, c] = relu(largest_x[k, r, c])",
    ]


def test_windows_that_overlap_stay_where_they_are():
    assert texts(network(CONV, RELU, symcnn.MaxPool2D(2, 1)))[:2] == [
        "sum_x[k, r, c] = Σ_{p, q} i[r + p, c + q]·f[k, p, q]",
        "largest_sum_x[k, r, c] = max_{u, v} sum_x[k, r + u, c + v]",
    ]


def test_a_number_that_stands_for_absent_cells_keeps_everything_before_the_maximum():
    net = network(CONV, RELU, symcnn.MaxPool2D(2, 1, "same", 0))
    assert texts(net) == [str(e) for e in net.forward.equations]


def test_absent_cells_that_take_no_part_do_not():
    net = network(CONV, symcnn.MaxPool2D(2, padding=1))
    assert texts(net)[1] == "largest_sum_x[k, r, c] = max_{u, v} sum_x[k, 2*r + u - 1, 2*c + v - 1]"


def test_a_function_that_is_not_known_to_be_monotone_stays():
    net = network(CONV, symcnn.Activation("tanh"), symcnn.MaxPool2D(2))
    assert texts(net)[1:3] == ["a[k, r, c] = tanh(x[k, r, c])", "p[k, r, c] = max_{u, v} a[k, 2*r + u, 2*c + v]"]


def test_a_mean_whose_windows_have_the_same_letters_stays():
    net = network(symcnn.AvgPool2D(2, 1), symcnn.MaxPool2D(2), shape=(7, 7))
    assert texts(net) == [str(e) for e in net.forward.equations]


def test_what_the_loss_does_not_need_is_left_out():
    net = network(symcnn.Conv2D(1, 2), loss="cross_entropy")
    assert any(e.target.tensor.name == "y" for e in net.forward.equations)
    assert not any(e.target.tensor.name == "y" for e in used(net.forward.equations))


def value_and_gradient(net, equations, point):
    """E and ∂E/∂parameters at 30 digits, from scalar instances of these equations and of their adjoints."""
    stated = net.forward
    adjoints = reverse(equations, (stated.image, stated.targets))
    graph = instantiate((stated.image, stated.targets, *stated.parameters), equations, adjoints)
    values = dict(point)
    for variable in graph:
        inner = variable.expression.xreplace({sympy.Symbol(n): v for n, v in values.items()})
        values[variable.name] = sympy.sympify(inner).evalf(30)
    return [values["E"], *(values[f"dE_d{p}"] for p in net.parameters)]


def at_random(net, theta, image, target):
    stated = net.forward
    names = [*net.parameters, *stated.image.scalars(), *stated.targets.scalars()]
    numbers = [*theta, *image.ravel(), *target.ravel()]
    return {n: sympy.Float(float(v), 30) for n, v in zip(names, numbers, strict=True)}


def difference(net, theta, image, target):
    point = at_random(net, theta, image, target)
    before = value_and_gradient(net, net.forward.equations, point)
    after = value_and_gradient(net, rewritten(net.forward.equations), point)
    return max(abs(a - b) for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("seed", [2, 13, 21, 36])
def test_loss_and_gradient_are_the_same_at_30_digits(seed):
    net, theta, images, targets = from_seed(seed)
    assert rewritten(net.forward.equations) != tuple(used(net.forward.equations))
    assert difference(net, theta, images[0], targets[0]) < 1e-25


def test_the_comparison_sees_a_bias_moved_past_absent_cells_that_count(monkeypatch):
    net = network(CONV, symcnn.MaxPool2D(2, 1, "same", 0), shape=(4, 4))
    theta, images, targets = values_for(net, np.random.default_rng(0), 1)
    theta[[name.startswith("b_x") for name in net.parameters]] = -9  # every absent 0 is the largest
    case = (theta, images[0], targets[0])
    assert difference(net, *case) < 1e-25
    monkeypatch.setattr(rewriting._Pooling, "is_padded", False)
    assert difference(net, *case) > 1e-3
