"""The printed loops, run as plain Python: what they say does not depend on a compiler."""

import math

import numpy as np
import pytest
import sympy

import symcnn
from symcnn.derivation.reverse import reverse
from symcnn.numeric.learner import OPTIMIZERS
from symcnn.printers.loops import DIFFERENTIATE, MEASURE, OptimizerUpdate, loops
from symcnn.printers.loops.nest import Machine, tile
from symcnn.printers.loops.rewrite import inlined, rewritten, seeded, with_winners
from symcnn.printers.loops.statements import LoopPrinter, grouped, language
from symcnn.printers.rewriting import functions_behind
from symcnn.symbolic import LEAVES, gate
from tests.slow import rest_slow
from tests.tools import oracles
from tests.tools.networks import from_seed

DIGITS = symcnn.Network(
    (8, 8),
    [symcnn.Conv2D(8, 3), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Flatten(), symcnn.Dense(10)],
    "cross_entropy",
)


def program(net, lanes, dtype="float64"):
    sgd = OPTIMIZERS["sgd"]
    return loops(net.forward, OptimizerUpdate(sgd.updates, sgd.scalars), lanes, dtype)


def run(source, work, net, theta, images, targets, mode=DIFFERENTIATE):
    """Loss and gradient of one batch, or its loss and outputs; what the buffers held before must not matter."""
    space = {}
    exec(source, space)
    space["exp"] = lambda z: math.exp(z) if z < 700 else math.inf
    theta = np.array(theta, dtype=float)
    gradient, losses, samples = np.full_like(theta, np.nan), np.zeros(1), np.arange(len(images))
    outputs = np.full(targets.shape[::-1], np.nan)
    arrays = (np.full(work, np.nan), images.reshape(len(images), -1), targets, samples)
    with np.errstate(all="ignore"):
        space["epoch"](theta, gradient, *arrays, len(images), False, 0.0, mode, losses, outputs)
    return losses[0], outputs.T if mode == MEASURE else gradient


def loss_and_gradient(net, theta, images, targets, lanes=2):
    printed = program(net, lanes)
    return run(printed.source, printed.work, net, theta, images, targets)


def differences(net, theta, images, targets, found):
    """From the hand-written oracle, relative to the largest entry."""
    wanted = oracles.gradient(net, theta, images, targets)
    loss = oracles.loss(net, theta, images, targets).real
    return abs(found[0] - loss) / max(abs(loss), 1e-3), np.abs(found[1] - wanted).max() / max(
        np.abs(wanted).max(), 1e-9
    )


@pytest.mark.slow
@pytest.mark.parametrize("start", rest_slow([0, 40, 80]))
def test_random_networks_agree_with_the_oracle(start):
    """Any layer, stride, padding and loss; blocks of one to four lanes, whole and filled up."""
    for seed in range(start, start + 40):
        case = from_seed(seed)
        found = loss_and_gradient(*case, lanes=1 + seed % 4)
        loss, gradient = differences(*case, found)
        assert loss < 1e-12, (seed, case[0])
        assert gradient < 1e-11, (seed, case[0])


ODD = [
    symcnn.Network((4,), [symcnn.Dense(70)], "cross_entropy"),  # too many classes for a straight line
    symcnn.Network((3,), [symcnn.Dense(66, "softmax"), symcnn.Dense(2)], "mse"),
    symcnn.Network((11, 10), [symcnn.MaxPool2D(5), symcnn.Dense(3)], "cross_entropy"),
    symcnn.Network((11, 11), [symcnn.Conv2D(2, 2), symcnn.Activation("tanh"), symcnn.MaxPool2D(5, 5), symcnn.Dense(2)]),
    symcnn.Network(
        (2, 13, 11), [symcnn.MaxPool2D(9, 2, padding=2), symcnn.Conv2D(3, 3, 2, 1), symcnn.Dense(2, "relu")]
    ),
    symcnn.Network(
        (16, 16), [symcnn.Conv2D(2, 3), *[symcnn.MaxPool2D(2)] * 2, symcnn.MaxPool2D(2, 1), symcnn.Dense(2)]
    ),
    symcnn.Network((9, 9), [symcnn.Activation("relu"), symcnn.AvgPool2D(2, 1, "same", False), symcnn.Dense(2)]),
]


@pytest.mark.parametrize("net", ODD)
def test_sizes_that_no_random_network_has(net):
    rng = np.random.default_rng(5)
    theta = rng.uniform(-1, 1, len(net.parameters))
    images, targets = rng.normal(size=(3, *net.input_shape)), rng.uniform(size=(3, net.outputs))
    loss, gradient = differences(net, theta, images, targets, loss_and_gradient(net, theta, images, targets))
    assert loss < 1e-12
    assert gradient < 1e-11


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("stride", [1, 2])
def test_of_equal_cells_the_first_in_row_order_is_credited(stride, padding):
    """On flat images; numbers that are exact in binary, so that equal sums are equal."""
    layers = [symcnn.Conv2D(2, 2), symcnn.Activation("relu"), symcnn.MaxPool2D(2, stride, padding), symcnn.Dense(2)]
    net = symcnn.Network((6, 6), layers)
    theta = np.random.default_rng(1).integers(-8, 9, len(net.parameters)) / 8
    images = np.ones((3, 6, 6)) * np.array([1.0, 0.0, -0.5])[:, None, None]
    images[:, 0, 0] = 0.25  # the windows that see it are not flat: all winners at once would differ
    targets = np.array([[0.5, 0.25], [1, 0], [0, 1]])
    assert max(differences(net, theta, images, targets, loss_and_gradient(net, theta, images, targets))) < 1e-13


def test_a_corrupted_print_is_caught():
    """Each of these is one character or one line of the source, and none leaves the gradient as it was."""
    net = symcnn.Network((5, 5), [*DIGITS.layers[:3], symcnn.Dense(3)], "cross_entropy")
    rng = np.random.default_rng(0)
    theta, images, targets = rng.uniform(-1, 1, len(net.parameters)), rng.normal(size=(3, 5, 5)), np.eye(3)
    printed = program(net, 2)
    corruptions = [
        (" > largest_x1)", " < largest_x1)"), ("_winner1 == 1.0", "_winner1 == 0.0"), ("else 0.0\n", "else 1.0\n"),
        ("i1*f1", "i2*f1"), ("dE_df_at1 = 9*at_k", "dE_df_at1 = 0"), ("stop - 1)", "stop - 2)"), ("= b_x1", "= 0.0"),
        ("gradient[:] = 0.0", "gradient[:] = 1.0"), ("-(seed1*t1)", "seed1*t1"),
    ]  # fmt: skip
    assert (
        max(differences(net, theta, images, targets, run(printed.source, printed.work, net, theta, images, targets)))
        < 1e-12
    )
    for old, new in corruptions:
        assert old in printed.source, old
        source = printed.source.replace(old, new, 1)
        found = run(source, printed.work, net, theta, images, targets)
        assert not max(differences(net, theta, images, targets, found)) < 1e-6, (old, new)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["pixel", "weight", "bias"])
def test_what_is_not_finite_is_seen(bad, where):
    """In the loss; and no entry of the gradient of a NaN is a number again where it depends on it."""
    net = symcnn.Network((6, 6), [*DIGITS.layers[:3], symcnn.Dense(3)], "cross_entropy")
    rng = np.random.default_rng(3)
    theta, images = rng.uniform(-1, 1, len(net.parameters)), rng.normal(size=(3, 6, 6))
    if where == "pixel":
        images[1, 2, 2] = bad
    else:
        theta[{"weight": 72 + 8, "bias": 72}[where]] = bad
    loss, gradient = loss_and_gradient(net, theta, images, np.eye(3))
    if where == "bias" and bad == -math.inf:  # a filter that is switched off
        assert np.isfinite(loss)
    else:
        assert not np.isfinite(loss)
        assert not np.isfinite(gradient).all()
    if math.isnan(bad):
        assert np.isnan(gradient).all()


def test_single_precision_prints_no_double():
    source = program(DIGITS, 16, "float32").source
    body = source[source.index("for first in") :].split("for n in range(min")[0]
    numbers = [w for w in body.replace("(", " ( ").replace(")", " ) ").split() if w[0].isdigit() and "." in w]
    assert body.count("real ( ".replace(" ", "")) >= len(numbers) > 0
    for number in set(numbers):
        assert body.count(number) == body.count(f"real({number})")


def test_every_leaf_has_its_rule_and_no_other_function():
    a = sympy.Symbol("a")
    for dtype in ("float64", "float32"):
        printer = LoopPrinter(language(dtype), lambda letters, text: text)
        for leaf in (leaf.function for leaf in LEAVES if leaf.takes_one or leaf.function is gate):
            assert "a" in printer.expression(leaf(a, 1, 0) if leaf is gate else leaf(a)).text
        with pytest.raises(TypeError, match="no rule to print"):
            printer.expression(sympy.sin(a))


# --- the rewritings -------------------------------------------------------------------------------------------------


def test_relu_moves_behind_the_maximum():
    stated = DIGITS.forward.equations
    assert [str(e) for e in functions_behind(stated)[1:3]] == [
        "largest_x[k, r, c] = max_{u, v} x[k, 2*r + u, 2*c + v]",
        "p[k, r, c] = relu(largest_x[k, r, c])",
    ]
    # a sigmoid rounds different numbers to one: which of them wins would change
    smooth = symcnn.Network((4, 4), [symcnn.Activation("sigmoid"), symcnn.MaxPool2D(2), symcnn.Dense(1)])
    assert functions_behind(smooth.forward.equations) == smooth.forward.equations
    # a border of -1 would become 0 behind it
    counted = symcnn.Network((4, 4), [symcnn.Activation("relu"), symcnn.MaxPool2D(2, 2, 1, -1), symcnn.Dense(1)])
    assert functions_behind(counted.forward.equations) == counted.forward.equations


def test_an_adjoint_that_goes_to_winners_stands_in_its_readers():
    stated = DIGITS.forward
    forward = functions_behind(stated.equations)
    adjoints = with_winners(seeded(reverse(forward, (stated.image, stated.targets))))
    assert "dE_dx[k, 2*r + u, 2*c + v] += dE_dlargest_x[k, r, c]·[largest_x_winner[k, r, c] is 2*u + v]" in map(
        str, adjoints
    )
    assert "dE_do[k] += seed·-1·t[k]" in map(str, adjoints)
    inside = [str(e) for e in inlined(adjoints)]
    assert (
        "dE_df[k, p, q] += dE_dlargest_x[k, r, c]·[largest_x_winner[k, r, c] is 2*u + v]·i[p + 2*r + u, q + 2*c + v]"
        in inside
    )
    assert not any("dE_dx" in text for text in inside)
    # windows that overlap: a cell may win twice, so its adjoint is a sum and stays
    overlapping = symcnn.Network((4, 4), [symcnn.Conv2D(1, 2), symcnn.MaxPool2D(2, 1), symcnn.Dense(1)]).forward
    kept = inlined(with_winners(reverse(overlapping.equations, (overlapping.image, overlapping.targets))))
    assert any(str(e).startswith("dE_dx") for e in kept)


def test_a_bias_does_not_ask_which_candidate_won():
    stated = DIGITS.forward
    _, backward = rewritten(stated.equations, (stated.image, stated.targets), stated.outputs)
    assert "dE_db_x[k] += dE_dlargest_x[k, r, c]" in map(str, backward)


def test_what_is_read_once_is_computed_there_and_what_is_small_is_one_line():
    stated = DIGITS.forward
    groups = grouped(*rewritten(stated.equations, (stated.image, stated.targets), stated.outputs))
    assert [len(g.comments) for g in groups] == [3, 1, 8, 1, 1, 2, 1, 1]
    assert [g.straight for g in groups] == [False, False, True, False, True, False, False, False]
    assert not any("y[k]" in comment for g in groups for comment in g.comments)  # probabilities that nothing reads


def test_tiles_are_windows_and_blocks():
    stated = DIGITS.forward
    groups = grouped(*rewritten(stated.equations, (stated.image, stated.targets), stated.outputs))
    machine = Machine(64, 8)
    convolution = max(groups[0].statements, key=lambda s: s.instances)
    found = tile(convolution, machine, {}, frozenset("uv"))
    assert {a: found[a] for a in "uvpq"} == {"u": 2, "v": 2, "p": 3, "q": 3}
    dense = groups[1].statements[-1]
    counts = tile(dense, machine, {}, frozenset())
    assert counts["j"] > 1
    assert math.prod(counts[a] for a in "krc") > 1
    assert all(a.size % counts[a.name] == 0 for s in (convolution, dense) for a in s.axes if a.name in counts)


def pools(rng):
    """Three or four poolings in a row, now and then with something between: sums and maxima joined into one nest."""
    kinds = [
        lambda: symcnn.MaxPool2D(2), lambda: symcnn.MaxPool2D(2, 1), lambda: symcnn.AvgPool2D(2),
        lambda: symcnn.AvgPool2D(2, 2, 1, False), lambda: symcnn.Activation("relu"), lambda: symcnn.MaxPool2D(1),
    ]  # fmt: skip
    return [kinds[int(rng.integers(len(kinds)))]() for _ in range(4)]


@pytest.mark.parametrize("seed", range(24))
def test_poolings_one_after_the_other(seed):
    """The axes of what was joined once must not be caught by the next: with three in a row, they were."""
    rng = np.random.default_rng(seed)
    chain = [symcnn.MaxPool2D(2)] * 3 if seed == 0 else pools(rng)
    first = [symcnn.Conv2D(2, 3, padding=1)] if seed % 2 else []
    net = symcnn.Network((16, 16), [*first, *chain, symcnn.Dense(2)], "cross_entropy")
    theta = rng.uniform(-1, 1, len(net.parameters))
    images, targets = rng.normal(size=(3, 16, 16)), np.eye(2)[[0, 1, 1]]
    found = loss_and_gradient(net, theta, images, targets)
    wanted = symcnn.compile(net, "numpy").loss_and_gradient(theta, images, targets)
    assert abs(found[0] - wanted[0]) <= 1e-12 * abs(wanted[0])
    assert np.abs(found[1] - wanted[1]).max() <= 1e-12 * np.abs(wanted[1]).max()
    if seed < 3:
        assert max(differences(net, theta, images, targets, found)) < 1e-11
