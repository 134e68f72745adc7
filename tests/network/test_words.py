"""Words of other libraries: taken where they mean one thing; else our word and the difference."""

import numpy as np
import pytest

import symcnn
from symcnn import Activation, AvgPool2D, Conv2D, Dense, Flatten, InputError, MaxPool2D, Network, NotSupportedYetError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (lambda: Conv2D(8, [3, 3], padding="valid"), Conv2D(8, 3)),
        (lambda: Conv2D(8.0, np.int64(3), stride=(2, 2), padding="SAME"), Conv2D(8, 3, 2, "same")),
        (lambda: Conv2D(out_channels=8, kernel_size=3, strides=2, use_bias=False), Conv2D(8, 3, 2, bias=False)),
        (lambda: Conv2D(8, 3, padding=(1, 1)), Conv2D(8, 3, padding=1)),
        (lambda: MaxPool2D((2, 2)), MaxPool2D(2)),
        (lambda: MaxPool2D(pool_size=2), MaxPool2D(2)),
        (lambda: AvgPool2D(kernel_size=(2, 2), stride=[1, 1]), AvgPool2D(2, 1)),
        (lambda: Dense(3, activation="ReLU"), Dense(3, "relu")),
        (lambda: Dense(out_features=3, activation="linear"), Dense(3)),
        (lambda: Activation("Logistic"), Activation("sigmoid")),
        (lambda: Conv2D(8, 3, strides=(2, 2), dilation_rate=(1, 2)), Conv2D(8, 3, 2, dilation=(1, 2))),
        (lambda: MaxPool2D(pool_size=[2, 2], strides=(1, 2)), MaxPool2D(2, (1, 2))),
        (lambda: Network((3,), [Dense(2)], "CrossEntropyLoss"), Network((3,), [Dense(2)], "cross_entropy")),
        (lambda: Network(np.array([3]), [Dense(2)], "mse_loss"), Network((3,), [Dense(2)], "mse")),
    ],
)
def test_words_with_one_meaning_are_taken(written, meant):
    assert written() == meant


@pytest.mark.parametrize(
    ("written", "kind", "words"),
    [
        (lambda: Conv2D(8, 3, groups=2), NotSupportedYetError, "every filter sees every channel"),
        (lambda: Conv2D(8, 3, stride=(2, 1, 1)), InputError, "or two of them"),
        (lambda: Conv2D(8, 3, dilation=0), InputError, "at least 1"),
        (lambda: MaxPool2D((2, 3), padding=(1, 3)), InputError, "expected less than size=(2, 3)"),
        (lambda: Conv2D(filters=8, kernel_size=3, in_channels=1), InputError, "follows from what the layer receives"),
        (lambda: Dense(784, 128), InputError, "is not told how many inputs"),
        (lambda: Dense("10"), InputError, "whole number"),
        (lambda: Dense(3, unit=2), InputError, "did you mean 'units'"),
        (lambda: Dense(3, "LeakyReLU"), InputError, "slope is 0.01"),
        (lambda: Dense(3, "sigmoide"), InputError, "did you mean 'sigmoid'"),
        (lambda: Network((3,), [Dense(2)], "categorical_crossentropy"), InputError, "softmax inside"),
        (lambda: Network((3,), [Dense(2, "sigmoid")], "bce"), InputError, "take their mean"),
        (lambda: Network((3,), [Flatten]), InputError, "is the class Flatten"),
        (lambda: Network((3,), Dense(2)), InputError, "expected a list of layers"),
        (lambda: Network((3,), [Dense(2)], optimizer="adam"), InputError, "optimizer: it belongs to symcnn.train"),
        (lambda: Network((3,), [Dense(2)], losses="mse"), InputError, "did you mean 'loss'"),
        (lambda: Network((3,), [Dense(2)], "x" * 100_000), InputError, "unknown"),
    ],
)
def test_words_with_several_meanings_are_refused_with_ours(written, kind, words):
    with pytest.raises(kind) as error:
        written()
    assert words in str(error.value)
    assert len(str(error.value)) < 300


def test_a_file_in_the_words_of_keras_and_pytorch(tmp_path):
    path = tmp_path / "net.toml"
    path.write_text(
        'input_shape = [4, 4]\nloss = "CrossEntropy"\n[[layers]]\ntype = "conv2d"\n'
        "out_channels = 2\nkernel_size = [3, 3]\n"
        'padding = "valid"\n[[layers]]\ntype = "ReLU"\n[[layers]]\ntype = "MaxPooling2D"\npool_size = 2\n'
        '[[layers]]\ntype = "Linear"\nout_features = 3\n'
    )
    layers = [Conv2D(2, 3), Activation("relu"), MaxPool2D(2), Dense(3)]
    assert symcnn.read_network(path)[0] == Network((4, 4), layers, "cross_entropy")


@pytest.mark.parametrize(
    "text",
    [
        ".".join(["a"] * 100_000) + " = 1",
        "[" + " . ".join(["a"] * 50_000) + "]",
        "x = {" + ".".join(['"a.b"'] * 20_000) + " = 1}",
        "input_shape = [3]\n" + "a" * 1_000_000 + " = 1",
    ],
)
def test_deep_keys_are_refused_before_parsing(tmp_path, text):
    path = tmp_path / "net.toml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        symcnn.read_network(path)
    assert len(str(error.value)) < 400 + len(str(path))


def test_dots_in_strings_comments_and_numbers_are_no_keys(tmp_path):
    path = tmp_path / "net.toml"
    dots = "a." * 40
    path.write_text(
        f'input_shape = [1] # {dots}b\n[[layer]]\ntype = "Dense"\nunits = 1\n'
        f'[[sample]]\nimage = [0.5]\ntarget = [1.0]\nlabel = "{dots[:50]}"'
    )
    assert symcnn.read_network(path)[0] == Network((1,), [Dense(1)])


@pytest.mark.parametrize(
    ("layers", "loss", "outputs"),
    [
        ([Conv2D(3, 3, padding=1), AvgPool2D(4), Flatten()], "cross_entropy", 3),
        ([Conv2D(2, 2), MaxPool2D(3)], "cross_entropy", 2),
        ([Conv2D(1, 3), Flatten()], "half_squared_error", 4),
        ([Conv2D(2, 3), Activation("relu"), Flatten()], "mse", 8),
        ([Conv2D(3, 2), AvgPool2D(3), Activation("sigmoid")], "binary_cross_entropy", 3),
        ([Conv2D(2, 4), Flatten(), Activation("softmax")], "mse", 2),
    ],
)
def test_maps_give_outputs(layers, loss, outputs):
    net = Network((4, 4), layers, loss)
    assert net.forward.outputs.scalars() == [f"o_{n}" for n in range(1, outputs + 1)]
    assert symcnn.derive(net).prove().ok
    rng = np.random.default_rng(0)
    theta = rng.uniform(-1, 1, len(net.parameters))
    images, targets = rng.uniform(size=(2, 4, 4)), np.eye(outputs)[[0, outputs - 1]]
    found = [
        symcnn.compile(net, b).loss_and_gradient(theta, images, targets) for b in ("numpy", "expressions", "python")
    ]
    for loss_value, gradient in found[1:]:
        assert loss_value == pytest.approx(found[0][0], rel=1e-12)
        assert np.allclose(gradient, found[0][1], rtol=1e-11)
    step = [theta + h * np.eye(len(theta))[0] for h in (1e-6, -1e-6)]
    after, before = (symcnn.compile(net).loss_and_gradient(t, images, targets)[0] for t in step)
    assert (after - before) / 2e-6 == pytest.approx(found[0][1][0], abs=1e-6)


def test_one_layer_object_twice_is_two_layers():
    """A layer is a description, not a holder of weights: each place in the list has parameters of its own."""
    layer = Dense(3)
    assert len(Network((3,), [layer, layer], "mse").forward.parameters) == 4


@pytest.mark.parametrize(
    "use",
    [
        symcnn.derive, symcnn.compile, symcnn.verify, symcnn.check_network,
        lambda thing: symcnn.train(thing, [[1, 2]], [1]),
        lambda thing: symcnn.export_workbook(thing, ([[1, 2]], [1]), "x.xlsx"),
        lambda thing: symcnn.write_report(thing, "x.md"),
        lambda thing: symcnn.write_certificate(thing, "x.v"),
    ],
)  # fmt: skip
def test_what_is_no_network_is_refused_everywhere(use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for thing in ([Dense(2)], 3):
        with pytest.raises(InputError, match=f"network of type {type(thing).__name__}: expected symcnn.Network"):
            use(thing)
    assert not list(tmp_path.iterdir())
