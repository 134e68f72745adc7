import ast
import builtins

import numpy as np
import pytest

import symcnn
from symcnn.network.layers import ACTIVATIONS
from symcnn.numeric import BACKENDS, as_theta, initial_values
from tests.tools.networks import from_seed
from tests.tools.oracles import article_gradients

SEEDS = range(8)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_articles_gradient_as_written_by_hand(net, data, backend, seed):
    theta = initial_values(net, seed)
    rows = [article_gradients(theta, i, t) for i, t in zip(data.images, data.targets, strict=True)]
    wanted = [sum(row[p] for row in rows) for p in net.parameters]
    _, gradient = symcnn.compile(net, backend).loss_and_gradient(theta, data.images, data.targets)
    assert np.allclose(gradient, wanted, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("backend", BACKENDS)
def test_pytorch_agrees(net, data, backend):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    theta = initial_values(net, 3)
    values = torch.tensor(theta, dtype=torch.float64, requires_grad=True)
    f, w1, b1, w2, b2 = values[:4], values[4:12], values[12:14], values[14:18], values[18:]
    x = torch.nn.functional.conv2d(torch.tensor(data.images)[:, None], f.reshape(1, 1, 2, 2))
    h = torch.sigmoid(x.reshape(2, 4) @ w1.reshape(4, 2) + b1)
    o = torch.sigmoid(h @ w2.reshape(2, 2) + b2)
    loss = ((o - torch.tensor(data.targets)) ** 2).sum() / 2
    loss.backward()
    found_loss, gradient = symcnn.compile(net, backend).loss_and_gradient(theta, data.images, data.targets)
    assert abs(found_loss - loss.item()) < 1e-15
    assert np.allclose(gradient, values.grad.numpy(), rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("backend", BACKENDS)
def test_predictions_and_readable_source(net, data, backend):
    program = symcnn.compile(net, backend)
    theta = initial_values(net, 0)
    assert np.allclose(program.predict(theta, data.images), symcnn.compile(net).predict(theta, data.images), rtol=1e-15)
    assert "def " in program.source
    sigmoids = ("exp(h, h)", "1/(1 + np.exp(-z_h", "1.0/(1.0 + exp(-z_h1))")
    assert any(text in program.source for text in sigmoids)
    by_name = dict(zip(net.parameters, theta, strict=True))
    assert np.array_equal(program.predict(by_name, data.images), program.predict(theta, data.images))


def without_symcnn(source):
    """The functions of a printed program, where symcnn can't be imported."""

    def imported(name, *rest, **named):
        if name.split(".")[0] not in ("numpy", "math", "numba"):
            raise ImportError(f"{name} is not installed")
        return __import__(name, *rest, **named)

    space = {"__builtins__": {**vars(builtins), "__import__": imported}}
    exec(compile(source, "<printed>", "exec"), space)
    return space


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_a_printed_program_runs_without_symcnn(seed):
    net, theta, images, targets = from_seed(seed)
    expected, slope = symcnn.compile(net).loss_and_gradient(theta, images, targets)
    flat = images.reshape(len(images), -1)
    theta, images = np.asarray(theta), images.reshape(len(images), *net.forward.image.shape)

    run, arrays = without_symcnn(symcnn.compile(net).source)["loss_and_gradient"](
        theta, found := np.empty_like(theta), len(images)
    )
    arrays[net.forward.image.name][...] = np.moveaxis(images, 0, -1)
    arrays[net.forward.targets.name][...] = targets.T
    assert np.isclose(run(), expected, rtol=1e-13)
    assert np.allclose(found, slope, rtol=1e-11, atol=1e-14)

    loss, found = without_symcnn(symcnn.compile(net, "expressions").source)["loss_and_gradient"](theta, images, targets)
    assert np.isclose(loss, expected, rtol=1e-13)
    assert np.allclose(found, slope, rtol=1e-11, atol=1e-14)

    function = without_symcnn(symcnn.compile(net, "python").source)["one_image"]
    pairs = [function(theta.tolist(), i.tolist(), t.tolist()) for i, t in zip(flat, targets, strict=True)]
    assert np.isclose(sum(e for e, _ in pairs), expected, rtol=1e-13)
    assert np.allclose(np.sum([g for _, g in pairs], axis=0), slope, rtol=1e-11, atol=1e-14)

    program = symcnn.compile(net, "numba")
    assert "symcnn" not in program.source.replace("Printed by symcnn", "")
    without_symcnn(program.source)


@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a != "softmax"])
def test_what_printed_loops_call_is_defined_in_their_module(activation):
    layers = [symcnn.Conv2D(4, 3), symcnn.Activation(activation), symcnn.Flatten(), symcnn.Dense(3)]
    source = symcnn.compile(symcnn.Network((12, 12), layers, "mse"), "numba").source
    space = without_symcnn(source)
    called = {
        node.func.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called
    assert [name for name in called if name not in space and not hasattr(builtins, name)] == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_saturated_neurons_do_not_overflow(net, data, backend):
    theta = np.full(20, -2000.0)
    loss, gradient = symcnn.compile(net, backend).loss_and_gradient(theta, data.images, data.targets)
    assert loss == 1
    assert not gradient.any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_forward_layer_in_every_backend(backend):
    layers = [
        symcnn.Conv2D(2, (2, 3), stride=2, padding=1),
        symcnn.Activation("relu"),
        symcnn.MaxPool2D(2, 1, "same"),
        symcnn.AvgPool2D(2),
        symcnn.Dense(3, "relu"),
        symcnn.Activation("sigmoid"),
    ]
    net = symcnn.Network((2, 5, 6), layers, loss=None)
    from tests.tools.oracles import outputs

    rng = np.random.default_rng(11)
    theta, images = rng.normal(size=len(net.parameters)), rng.normal(size=(4, 2, 5, 6))
    wanted = [outputs(net, theta, image) for image in images]
    assert np.allclose(symcnn.compile(net, backend).predict(theta, images), wanted, rtol=1e-13)


def test_nan_is_not_swallowed_by_relu():
    net = symcnn.Network((2,), [symcnn.Activation("relu"), symcnn.Dense(1, "relu")], loss=None)
    for backend in BACKENDS:
        program = symcnn.compile(net, backend)
        assert np.isnan(program.outputs(np.array([np.nan, 1, 1]), np.ones((1, 2)))).all()


@pytest.mark.parametrize(
    ("theta", "message"),
    [
        (np.zeros(19), r"expected \(20,\)"),
        (np.full(20, np.nan), "f_11 is nan"),
        ("abc", "expected 20 numbers"),
        ({"f_11": 1.0}, "f_12 is missing"),
        (dict.fromkeys([*symcnn.article.network().parameters, "g"], 0.0), "'g' is unknown"),
    ],
)
def test_parameters_that_do_not_fit(net, theta, message):
    with pytest.raises(symcnn.InputError, match=message):
        as_theta(net, theta)


def test_unknown_backends_and_networks_without_loss():
    net = symcnn.article.operations()
    with pytest.raises(symcnn.InputError, match="expected one of numpy, expressions, python"):
        symcnn.compile(net, "fortran")
    with pytest.raises(symcnn.InputError, match="loss=None"):
        symcnn.compile(net).loss_and_gradient(symcnn.article.features(), symcnn.article.picture().images, [[0]])


def test_straight_line_programs_say_when_a_network_is_too_large():
    net = symcnn.Network((60, 60), [symcnn.Conv2D(8, 3), symcnn.Dense(1)])
    with pytest.raises(symcnn.NotSupportedYetError, match='backend="numpy"'):
        symcnn.compile(net, "python")


def test_the_training_loop_is_printed_for_its_images(net, data):
    source = symcnn.compile(net, "python").training_source(data.images, data.targets)
    assert "x_11_image1 = f_11 + f_22" in source
    assert source.count("= f_12 + f_21") == 1  # the other cells with the same right side are the same variable
    assert "dE_dz_o2_image1 = o_2_image1*o_2_image1*(1 - o_2_image1)" in source
    other = symcnn.compile(net, "python").training_source(data.images * 0.5 - 2, data.targets)
    assert "x_11_image1 = -1.5*f_11 - 2*f_12 - 2*f_21 - 1.5*f_22\n" in other


@pytest.mark.parametrize("backend", ["numpy", "expressions", "python"])
def test_absent_cells_take_no_part_in_a_maximum_unless_they_count_as_something(backend):
    """On a flat negative image: with 0 in the place of absent cells the border would be 0."""
    image = np.full((1, 3, 3), -1.0)
    for pad_value, corner in ((None, -1.0), (0, 0.0), (-0.5, -0.5)):
        net = symcnn.Network((3, 3), [symcnn.MaxPool2D(2, 1, "same", pad_value)], loss=None)
        found = symcnn.compile(net, backend).predict([], image).reshape(3, 3)
        assert found[0, 0] == -1
        assert found[2, 2] == corner


def test_the_training_loop_knows_single_quantities_and_zero_candidates():
    """m and s of a softmax have no index either; a black pixel may be the largest of its window."""
    import numpy as np

    import symcnn

    net = symcnn.Network((3, 3), [symcnn.MaxPool2D(2, 1), symcnn.Dense(2)], "cross_entropy")
    images, targets = -np.eye(3)[None], np.eye(2)[:1]
    runs = [
        symcnn.train(net, (images, targets), steps=5, learning_rate=0.1, backend=b) for b in ("python", "expressions")
    ]
    assert np.allclose(runs[0].loss, runs[1].loss, rtol=1e-13, atol=0)


def test_a_quantity_that_is_a_parameter_keeps_its_value_during_the_updates():
    """Behind the edge of the image x = b; b is updated before the weights that x is multiplied with."""
    import numpy as np

    import symcnn

    layers = [symcnn.Conv2D(1, 1, stride=2, padding=1), symcnn.AvgPool2D(1, stride=2), symcnn.Dense(1)]
    net = symcnn.Network((2, 2), layers)
    data = (np.ones((1, 2, 2)), np.ones((1, 1)))
    runs = [symcnn.train(net, data, steps=5, learning_rate=0.1, backend=b) for b in ("python", "expressions")]
    assert np.allclose(runs[0].loss, runs[1].loss, rtol=1e-13, atol=0)


@pytest.mark.parametrize("backend", ["python", "expressions"])
def test_single_precision_is_refused_where_it_would_be_double(net, data, backend):
    message = f'dtype=\'float32\': backend="{backend}" computes in float64 only; expected "numpy" or "numba"'
    for use in (
        lambda: symcnn.compile(net, backend, dtype="float32"),
        lambda: symcnn.train(net, data, epochs=1, backend=backend, dtype="float32"),
    ):
        with pytest.raises(symcnn.InputError, match=message):
            use()
