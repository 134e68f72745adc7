"""Whether premises hold at given numbers: kinks and ties that are met, and those that only seem to be.

That those which hold are enough, and those which do not are needed, ``test_statements`` shows in numbers.
"""

import symcnn
from symcnn.certificate import premises_of
from symcnn.network import Activation, Conv2D, Dense, MaxPool2D, Network


def failed(layers, theta, image, shape=None):
    net = Network(shape or (len(image),), layers)
    return [c.theorem.removeprefix("is_dE_d") for c in premises_of(net, theta, ([image], [[0.0]])).failed]


def test_an_argument_of_relu_at_0_fails_for_what_moves_it():
    layers = [Dense(1, "relu"), Dense(1)]
    assert failed(layers, [1.0, 2.0, 0.5, 1.0, 0.0], [0.5, 0.25]) == []
    assert failed(layers, [1.0, -2.0, 0.0, 1.0, 0.0], [0.5, 0.25]) == ["w_i1h1", "w_i2h1", "b_h1"]
    assert failed(layers, [1.0, -2.0, 1e-12, 1.0, 0.0], [0.5, 0.25]) == ["w_i1h1", "w_i2h1", "b_h1"]


def test_an_argument_that_stays_0_does_not_fail():
    layers = [Dense(1, "relu", bias=False), Dense(1)]
    assert failed(layers, [1.0, 2.0, 1.0, 0.0], [0.0, 0.0]) == []
    assert failed(layers, [1.0, 2.0, 1.0, 0.0], [0.0, 1e-300]) == ["w_i2h1"]


def test_a_neuron_that_is_off_hides_a_kink_behind_it():
    """What the second relu sees stays what its bias is, whatever the first layer and the weight do."""
    layers = [Dense(1, "relu"), Dense(1, "relu"), Dense(1)]
    assert failed(layers, [-1.0, 0.0, 1.0, 0.0, 1.0, 0.0], [1.0]) == ["b_hb1"]


def test_a_tie_of_copies_is_none_for_parameters_but_one_for_cells():
    layers = [Conv2D(1, 1, bias=False), MaxPool2D(2), Dense(1)]
    ones = [[1.0, 1.0], [1.0, 1.0]]
    cells = [f"x_{rc}_image1" for rc in (11, 12, 21, 22)]
    assert failed(layers, [2.0, 1.0, 0.0], ones, (2, 2)) == cells
    assert failed(layers, [2.0, 1.0, 0.0], [[1.0, 0.5], [0.25, 0.5]], (2, 2)) == []
    assert failed(layers, [2.0, 1.0, 0.0], [[1.0, 0.5], [0.25, 1.0]], (2, 2)) == [cells[0], cells[3]]


def test_a_tie_that_a_parameter_breaks_fails_for_it():
    layers = [Conv2D(1, (1, 2), bias=False), MaxPool2D(2), Dense(1)]
    image = [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    assert failed(layers, [2.0, 1.0, 1.0, 0.0], image, (2, 3)) == []
    assert failed(layers, [2.0, 2.0, 1.0, 0.0], image, (2, 3)) == ["f_11", "f_12", "x_11_image1", "x_12_image1"]


def test_cells_that_relu_puts_out_are_equal_and_stay_so():
    layers = [Conv2D(1, 1), Activation("relu"), MaxPool2D(2), Dense(1)]
    image = [[1.0, 0.5], [0.25, 0.5]]
    assert failed(layers, [2.0, -3.0, 1.0, 0.0], image, (2, 2)) == []
    assert failed(layers, [2.0, -2.0, 1.0, 0.0], image, (2, 2)) == ["f_11", "b_x1", "x_11_image1"]


def test_distances_are_told():
    net = Network((1,), [Dense(1, "relu"), Dense(1)])
    held = premises_of(net, [2.0, -0.5, 1.0, 0.0], symcnn.Data([[1.0], [0.5]], [[0.0], [0.0]]))
    assert (held.images, held.claims, held.kink, held.lead) == (2, 4, 0.5, None)
    assert [c.theorem for c in held.failed] == []
