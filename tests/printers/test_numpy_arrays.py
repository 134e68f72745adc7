"""The NumPy program beside the oracles: layers, ties, types, batches of any size; and what its source looks like."""

import re

import numpy as np
import pytest

import symcnn
from symcnn.printers.arrays.lines import Lines, Sizes
from symcnn.printers.numpy_arrays import update_program
from symcnn.symbolic import Affine
from tests.tools import oracles
from tests.tools.networks import from_seed, values_for

DIGITS = symcnn.Network(
    (8, 8),
    [symcnn.Conv2D(8, 3), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Flatten(), symcnn.Dense(10)],
    "cross_entropy",
)
#: Borders, windows that overlap, strides, a mean that counts its cells, every kind of line.
ODD = symcnn.Network(
    (2, 7, 8),
    [
        symcnn.Conv2D(3, 3, stride=2, padding=1),
        symcnn.Activation("leaky_relu"),
        symcnn.MaxPool2D(2, 1, padding=1),
        symcnn.Conv2D(2, (2, 3), padding=1),
        symcnn.Activation("tanh"),
        symcnn.AvgPool2D(2, padding=1, count_include_pad=False),
        symcnn.Flatten(),
        symcnn.Dense(4, "sigmoid"),
        symcnn.Dense(3),
    ],
    "cross_entropy",
)


def truth(net, theta, images, targets):
    """Loss and gradient by the oracle."""
    return oracles.loss(net, theta, images, targets).real, oracles.gradient(net, theta, images, targets)


def worst(found, wanted):
    """How far loss and gradient are from what is wanted, over the loss and the largest entry."""
    scale = max(np.abs(wanted[1]).max(), 1e-9)
    return max(np.abs(found[1] - wanted[1]).max() / scale, abs(found[0] - wanted[0]) / max(abs(wanted[0]), 1e-3))


@pytest.mark.parametrize("seed", range(40))
def test_a_random_network_has_the_oracles_gradient(seed):
    net, theta, images, targets = from_seed(seed)
    found = symcnn.compile(net).loss_and_gradient(theta, images, targets)
    assert worst(found, truth(net, theta, images, targets)) < 1e-11


@pytest.mark.parametrize("seed", range(40))
def test_on_flat_images_only_the_first_of_equal_cells_is_credited(seed):
    net, theta, images, targets = from_seed(seed)
    images = np.ones_like(images) * np.array([0.7, -1.3, 0.0])[: len(images)].reshape(-1, *[1] * (images.ndim - 1))
    found = symcnn.compile(net).loss_and_gradient(theta, images, targets)
    assert worst(found, truth(net, theta, images, targets)) < 1e-11


def test_the_first_of_equal_cells_where_it_shows():
    """Four equal cells of a window have four different filters' inputs behind them."""
    net = symcnn.Network((2, 2), [symcnn.Conv2D(1, 1), symcnn.MaxPool2D(2), symcnn.Flatten(), symcnn.Dense(1)])
    theta = np.array([0.0, 0.5, 1.0, 0.0])  # f = 0: every cell of x is b_x, whatever the image
    image, target = np.array([[[3.0, 5.0], [7.0, 11.0]]]), np.array([[0.0]])
    _, gradient = symcnn.compile(net).loss_and_gradient(theta, image, target)
    assert gradient.tolist() == [0.5 * 3, 0.5, 0.25, 0.5]


@pytest.mark.parametrize("seed", range(20))
def test_float32_agrees_with_float64(seed):
    net, theta, images, targets = from_seed(seed)
    loss, gradient = symcnn.compile(net, dtype="float32").loss_and_gradient(theta, images, targets)
    expected, wanted = symcnn.compile(net).loss_and_gradient(theta, images, targets)
    assert abs(loss - expected) < 1e-4 * max(1, abs(expected))
    assert np.abs(gradient - wanted).max() < 1e-4 * max(1e-3, np.abs(wanted).max())


def test_float32_is_computed_in_float32():
    program = symcnn.compile(ODD, dtype="float32")
    program.loss_and_gradient(*values_for(ODD, np.random.default_rng(0), 2))
    buffers = program._cached_buffers("loss_and_gradient", 2)
    assert {a.dtype for a in buffers.arrays.values()} == {np.dtype("float32")}


@pytest.mark.parametrize("net", [DIGITS, ODD], ids=["digits", "odd"])
def test_batches_of_different_sizes_one_after_the_other(net):
    program = symcnn.compile(net)
    rng = np.random.default_rng(1)
    kept = []
    for samples in (3, 1, 50, 3, 300, 1, 7):
        theta, images, targets = values_for(net, rng, samples)
        found = program.loss_and_gradient(theta, images, targets)
        fresh = symcnn.compile(net).loss_and_gradient(theta, images, targets)
        assert found[0] == fresh[0]
        assert np.array_equal(found[1], fresh[1])
        kept.append((found[1], found[1].copy()))
    assert all(np.array_equal(a, b) for a, b in kept), "a later call has overwritten a result"


def test_many_samples_are_the_sum_of_each():
    theta, images, targets = values_for(DIGITS, np.random.default_rng(2), 600)
    program = symcnn.compile(DIGITS)
    loss, gradient = program.loss_and_gradient(theta, images, targets)
    single = [program.loss_and_gradient(theta, images[n : n + 1], targets[n : n + 1]) for n in range(600)]
    assert np.isclose(loss, sum(e for e, _ in single), rtol=1e-12)
    assert np.allclose(gradient, sum(g for _, g in single), rtol=1e-10, atol=1e-10)


def test_a_forward_pass_is_not_overwritten_by_the_next():
    program = symcnn.compile(DIGITS)
    theta, images, _ = values_for(DIGITS, np.random.default_rng(3), 2)
    first = program.forward(theta, images)
    copies = {name: array.copy() for name, array in first.items()}
    program.forward(theta * 2, images + 1)
    assert first["x"].shape == (2, 8, 6, 6)
    assert first["y"].shape == (2, 10)
    assert all(np.array_equal(first[name], copies[name]) for name in first)
    assert np.allclose(first["y"].sum(axis=1), 1)


@pytest.mark.parametrize("net", [DIGITS, ODD], ids=["digits", "odd"])
def test_nan_stays_nan_and_leaves_nothing_behind(net):
    theta, images, targets = values_for(net, np.random.default_rng(4), 3)
    program = symcnn.compile(net)
    for name in [tensor.scalars()[0] for tensor in net.forward.parameters]:
        broken = theta.copy()
        broken[net.parameters.index(name)] = np.nan
        with np.errstate(all="ignore"):
            loss, gradient = program.differentiate(broken, images, targets)
        assert np.isnan(loss), name
        assert np.isnan(gradient).mean() > 0.9, name
    assert np.isfinite(program.loss_and_gradient(theta, images, targets)[0]), "NaN has stayed in a buffer"


def test_a_loss_past_the_largest_number_is_infinite():
    net = symcnn.Network((2,), [symcnn.Dense(1)])
    loss, _ = symcnn.compile(net).loss_and_gradient(np.full(3, 1e200), [[1.0, 2.0]], [[0.0]])
    assert loss == np.inf


# --- the source -----------------------------------------------------------------------------------------------------


def step(net):
    """The lines of a step, comments included."""
    source = symcnn.compile(net).source.split("def loss_and_gradient(")[1]
    return source.split("    def run():\n")[1].split("\n\n")[0].splitlines()


def test_the_articles_source():
    lines = [line.strip() for line in step(symcnn.article.network())]
    at = lines.index("# dE_df[p, q] += dE_dx[r, c]·i[r + p, c + q]")
    assert lines[at + 1] == "matmul(i_pq_rcn, dE_dx_rcn_1, dE_df_pq_1)"
    at = lines.index("# dE_dz_o[j] += dE_do[j]·o[j]·(1 - o[j])")
    assert lines[at + 1 : at + 4] == [
        "multiply(dE_do, o, dE_dz_o)",
        "subtract(1, o, work_1)",
        "multiply(dE_dz_o, work_1, dE_dz_o)",
    ]


@pytest.mark.parametrize("net", [DIGITS, ODD], ids=["digits", "odd"])
def test_a_step_only_fills_buffers(net):
    call = re.compile(
        r"        [a-z_.]+\((?:[\w.*/ =(),-]+, )+(?:out=)?\w+\)|        copyto\(\w+, [\w/]+(, where=\w+)?\)"
    )
    window = re.compile(r"        for cell, part in \w+:|            add\(cell, part, cell\)")
    for line in step(net)[:-1]:
        assert line.startswith("        # ") or call.fullmatch(line) or window.fullmatch(line), line
    assert step(net)[-1] == "        return add.reduce(E)"


def test_one_product_for_each_contraction():
    text = "\n".join(step(DIGITS))
    # two layers: forward and the gradient of the weights; the first one's input is data
    assert text.count("matmul(") == 5
    assert text.count("i_pquvrcn,") == 1  # the windows of the image are copied once, for both
    assert "for " not in re.sub(r"#.*", "", text)


def test_the_source_does_not_grow_with_the_image():
    def printed(size):
        layers = [symcnn.Conv2D(4, 3), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Dense(5)]
        return symcnn.compile(symcnn.Network((size, size), layers, "cross_entropy")).source

    assert printed(8).count("\n") == printed(40).count("\n")


@pytest.mark.parametrize(
    "net", [pytest.param(DIGITS, marks=pytest.mark.slow, id="digits"), pytest.param(ODD, id="odd")]
)
def test_every_line_is_needed(net):
    """Any line of a step that is left out makes loss or gradient wrong; the check above would see it."""
    theta, images, targets = values_for(net, np.random.default_rng(5), 4)
    wanted = truth(net, theta, images, targets)
    source = symcnn.compile(net).source
    head, run = source.rsplit("    def run():\n", 1)
    lines = run.split("\n\n")[0].splitlines()
    shift = next(n for n, line in enumerate(lines) if line.startswith("        # m = "))
    for n, line in enumerate(lines[:-1]):
        # no softmax depends on its shift m, and the first line of a loop goes with the second
        if line.startswith(("        #", "            ")) or n == shift + 1:
            continue
        fewer = lines[:n] + lines[n + 2 if line.endswith(":") else n + 1 :]
        program = symcnn.compile(net)
        program.source = head + "    def run():\n" + run.replace("\n".join(lines), "\n".join(fewer))
        with np.errstate(all="ignore"):
            program.differentiate(theta[::-1], images[::-1] + 1, targets[::-1])  # leaves other numbers in the buffers
            found = program.differentiate(theta, images, targets)
        assert not worst(found, wanted) < 1e-11, line


def test_an_update_is_the_optimizers_expression():
    from symcnn.numeric.learner import OPTIMIZERS

    assert "subtract(theta, work_1, theta)" in update_program(OPTIMIZERS["sgd"].updates, ("rate",))
    adam = update_program(OPTIMIZERS["adam"].updates, ("rate", "power_1", "power_2"))
    assert "# moment_1 = 0.09999999999999998*gradient + 0.9*moment_1" in adam
    assert "def run(rate, power_1, power_2):" in adam


def strided(index, axes, sizes, lengths=(7,)):
    """Views printed for an array of 7 rows for 2 samples, and the array."""
    lines = Lines()
    text = lines.strided("array", index, lengths, axes, Sizes(sizes))
    array = np.arange(7 * 2.0).reshape(7, 2)
    space = {"array": array, "as_strided": np.lib.stride_tricks.as_strided, "samples": 2}
    exec("\n".join(lines.once), space)
    return array, lambda **at: eval(text, {**space, **at})


def test_a_view_is_the_array_through_its_index():
    row = Affine((("r", 2), ("p", 1)), 1)
    array, view = strided([row], ["p", "r", "n"], {"p": 2, "r": 3})
    for p, r, n in np.ndindex(2, 3, 2):
        assert view()[p, r, n] == array[2 * r + p + 1, n]
    view()[1, 2, 1] = -1
    assert array[6, 1] == -1
    array, view = strided([row], ["r", "n"], {"p": 2, "r": 3})  # p is a loop's variable
    for p, r, n in np.ndindex(2, 3, 2):
        assert view(p=p)[r, n] == array[2 * r + p + 1, n]


@pytest.mark.parametrize("index", [Affine((("r", 2), ("p", 1)), 2), Affine((("r", 1),), -1)])
def test_a_view_that_would_leave_the_array_is_refused(index):
    with pytest.raises(IndexError, match="past an axis of length 7"):
        strided([index], ["r", "n"], {"p": 2, "r": 3})


def test_a_second_array_of_one_name_has_the_next_number():
    lines = Lines()
    assert [lines.name("work"), lines.name("work"), lines.name("work"), lines.name("x")] == [
        "work", "work_2", "work_3", "x",
    ]  # fmt: skip
