import numpy as np
import pytest

import symcnn
from symcnn import Activation, AvgPool2D, Conv2D, Dense, Flatten, InputError, MaxPool2D, Network


def shape(*layers, of=(7, 5)):
    return Network(of, layers, loss=None).forward.outputs.shape


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Conv2D(1, 2), (6, 4)),
        (Conv2D(3, 3), (3, 5, 3)),
        (Conv2D(1, (3, 1), stride=2), (3, 3)),
        (Conv2D(1, 3, padding=1), (7, 5)),
        (Conv2D(1, 2, stride=2, padding="same"), (4, 3)),
        (MaxPool2D(2), (3, 2)),
        (MaxPool2D(2, stride=1, padding="same", pad_value=0), (7, 5)),
        (MaxPool2D(2, stride=2, padding="same", pad_value=0), (4, 3)),
        (AvgPool2D(3, stride=1), (5, 3)),
        (Activation("relu"), (7, 5)),
        (Flatten(), (7, 5)),
        (Dense(4), (4,)),
    ],
)
def test_shapes(layer, expected):
    assert shape(layer) == expected


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: shape(Conv2D(1, 4), of=(3, 3)), ["Conv2D(kernel_size=4)", "3 rows", "at most 3", "padding"]),
        (lambda: shape(MaxPool2D(4), of=(3, 3)), ["MaxPool2D(size=4)", "3 rows"]),
        (lambda: Conv2D(0, 2), ["Conv2D(filters=0)", "at least 1"]),
        (lambda: Conv2D(1, "2"), ["Conv2D(kernel_size='2')", "whole number"]),
        (lambda: Conv2D(1, 2, stride=0), ["Conv2D(stride=0)"]),
        (lambda: Conv2D(1, 2, padding=-1), ["Conv2D(padding=-1)", '"same"']),
        (lambda: Conv2D(1, 2, padding="full"), ["Conv2D(padding='full')", '"valid"']),
        (lambda: MaxPool2D(2, padding=2), ["MaxPool2D(padding=2)", "less than size=2"]),
        (lambda: MaxPool2D(2, pad_value=float("nan")), ["MaxPool2D(pad_value=nan)", "finite"]),
        (lambda: Dense(True), ["Dense(units=True)"]),
        (lambda: Dense(2, activation="sigmoide"), ["Dense(activation='sigmoide')", "sigmoid"]),
        (lambda: Activation("step"), ["Activation(kind='step')"]),
        (lambda: shape(Dense(2), Conv2D(1, 1)), ["Conv2D", "2 features", "before Flatten"]),
        (lambda: Network((3,), []), ["at least one layer"]),
        (lambda: Network((0, 3), [Dense(1)]), ["input_shape=(0, 3)"]),
        (lambda: Network((3, 3, 3, 3), [Dense(1)]), ["input_shape"]),
        (lambda: Network((3, 3), ["Dense"]), ["layer 1", "Conv2D"]),
        (lambda: Network((3, 3), [Conv2D(1, 2)]), ["half_squared_error", "end with Dense"]),
        (lambda: Network((3, 3), [Dense(1)], loss="hinge"), ["loss='hinge'", "half_squared_error"]),
    ],
)
def test_what_does_not_fit_is_refused_with_layer_value_and_remedy(make, words):
    with pytest.raises(InputError) as error:
        make()
    message = str(error.value)
    assert all(word in message for word in words), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dense(2, activation="swish"), "sigmoid, tanh, relu, leaky_relu, "),
        (lambda: Network((3, 3), [Conv2D(1, 2), Activation("softmax")], None), "expected neurons: put Dense before it"),
        (lambda: Network((3, 3), [Dense(1)], "cross_entropy"), "one output; expected a class each, at least 2"),
        (lambda: Network((3, 3), [Dense(2)], "binary_cross_entropy"), 'end with activation="sigmoid"'),
        (lambda: Network((3, 3), [Dense(2, "softmax")], "cross_entropy"), "the last layer is a softmax already"),
        (lambda: Network((3, 3), [Dense(2)], "hinge"), "half_squared_error, mse, cross_entropy, binary_cross_entropy"),
        (lambda: AvgPool2D(2, count_include_pad=1), "expected True or False"),
    ],
)
def test_what_does_not_fit_says_what_does(make, words):
    with pytest.raises(InputError) as error:
        make().forward if isinstance(make(), Network) else make()
    assert words in str(error.value)


def test_one_filter_and_one_channel_leave_no_index():
    assert Network((3, 3), [Conv2D(1, 2), Dense(1)]).parameters[:5] == ("f_11", "f_12", "f_21", "f_22", "b_x1")
    assert symcnn.Network((1, 3, 3), [Conv2D(1, 2, bias=False), Dense(1)]).parameters[0] == "f_11"


def test_parameters_come_layer_by_layer_weights_then_biases():
    net = Network((2, 3, 3), [Conv2D(2, 2), Conv2D(2, 2), Dense(1, "sigmoid"), Dense(2)])
    tensors = [t.name for t in net.forward.parameters]
    assert tensors == ["f", "b_x", "fb", "b_xb", "w_xbh", "b_h", "w_ho", "b_o"]
    assert net.parameters[:2] == ("f_1111", "f_1112")
    assert net.parameters[-1] == "b_o2"


def test_a_layer_that_does_not_fit_says_which_it_is():
    with pytest.raises(symcnn.InputError, match=r"layer 2: Conv2D: its input h has 4 features; expected a map"):
        Network((3, 3), [symcnn.Dense(4), symcnn.Conv2D(1, 2)], loss=None)
    with pytest.raises(symcnn.InputError, match=r"layer 2: Conv2D: its input is flattened"):
        Network((3, 3), [symcnn.Flatten(), symcnn.Conv2D(1, 2)], loss=None)


def test_a_network_without_parameters_is_refused_or_runs_forward():
    with pytest.raises(symcnn.InputError, match="nothing to train"):
        symcnn.Network((2,), [symcnn.Activation("sigmoid")])
    net = symcnn.Network((4, 4), [symcnn.MaxPool2D(2)], loss=None)
    for backend in ("numpy", "expressions", "python"):
        assert symcnn.compile(net, backend).predict([], np.ones((2, 4, 4))).shape == (2, 4)


def test_outputs_that_rest_on_no_pixel_have_a_row_for_each_image():
    net = symcnn.Network((2, 2), [symcnn.Conv2D(1, 1, padding=1)], loss=None)
    images = np.arange(8.0).reshape(2, 2, 2)
    wanted = symcnn.compile(net).predict([2.0, 5.0], images)
    for backend in ("expressions", "python"):
        assert np.array_equal(symcnn.compile(net, backend).predict([2.0, 5.0], images), wanted)


def test_map_layers_after_flatten_are_refused():
    with pytest.raises(symcnn.InputError, match="its input is flattened"):
        symcnn.Network((4, 4), [symcnn.Flatten(), symcnn.Conv2D(1, 2), symcnn.Dense(1)])


def test_equal_layers_are_equal_and_flags_are_flags():
    assert symcnn.Conv2D(1, (2, 2)) == symcnn.Conv2D(1, [2, 2]) == symcnn.Conv2D(1, 2)
    with pytest.raises(symcnn.InputError, match="expected True or False"):
        symcnn.Dense(1, None, "no")
