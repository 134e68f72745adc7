import os
import subprocess
import sys

import numpy as np
import pytest

import symcnn
from symcnn.numeric import cache
from symcnn.numeric import compiled as compiled_programs
from symcnn.numeric.cache import compiled
from symcnn.numeric.compiled import LoopLearner, lanes_for
from symcnn.numeric.learner import OPTIMIZERS, Batching, Learner, State
from tests.tools import oracles

needs_numba = pytest.mark.skipif(not cache.numba_is_there(), reason="numba is not installed: pip install numba")

SMALL = symcnn.Network(
    (5, 4),
    [symcnn.Conv2D(2, 2, padding=1), symcnn.Activation("tanh"), symcnn.MaxPool2D(2), symcnn.Dense(3)],
    "cross_entropy",
)
#: Two channels, a stride, paddings, three filters, not square: too large for straight lines.
ODD = symcnn.Network(
    (2, 11, 8),
    [
        symcnn.Conv2D(3, 3, stride=2, padding=1), symcnn.Activation("relu"), symcnn.MaxPool2D(2, 1, padding=1),
        symcnn.AvgPool2D(2, 1, padding=1, count_include_pad=False), symcnn.Dense(4),
    ],
    "cross_entropy",
)  # fmt: skip


def case(net, samples, seed=0):
    rng = np.random.default_rng(seed)
    targets = np.eye(net.outputs)[rng.integers(0, net.outputs, samples)]
    return rng.uniform(-1, 1, len(net.parameters)), rng.normal(size=(samples, *net.input_shape)), targets


@pytest.fixture
def uncompiled(monkeypatch):
    """The printed loops as plain Python."""

    def plain(source, name):
        space = {}
        exec(source, space)
        return space[name]

    monkeypatch.setattr(compiled_programs, "compiled", plain)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_epoch_in_one_call_walks_as_the_steps_of_any_program(uncompiled, optimizer, reduction):
    """Batches of 4 of 11 samples, the last one of 3; twice, so that what is remembered matters."""
    theta, images, targets = case(SMALL, 11)
    program = symcnn.compile(SMALL, "expressions")
    batching = Batching(OPTIMIZERS[optimizer], 4, 0.1, reduction)
    learners = [
        kind(program, images, targets, batching, State.start(theta, batching.optimizer))
        for kind in (Learner, LoopLearner)
    ]
    rng = np.random.default_rng(2)
    for order in (rng.permutation(11), rng.permutation(11)[:7]):
        losses = [learner.epoch(order) for learner in learners]
        assert np.allclose(*losses, rtol=1e-12)
        for name, array in learners[0].state.arrays.items():
            assert np.allclose(array, learners[1].state.arrays[name], rtol=1e-11, atol=1e-14), name
        assert learners[0].state.scalars == pytest.approx(learners[1].state.scalars)


def test_a_state_of_another_kind_is_changed_in_place_too(uncompiled):
    theta, images, targets = case(SMALL, 4)
    batching = Batching(OPTIMIZERS["momentum"], 4, 0.1)
    states = [State.start(theta, batching.optimizer), State.start(theta, batching.optimizer, "float32")]
    for state in states:
        LoopLearner(symcnn.compile(SMALL, "expressions"), images, targets, batching, state).epoch(np.arange(4))
    for name in states[0].arrays:
        assert states[1].arrays[name].dtype == np.float32
        assert np.allclose(states[0].arrays[name], states[1].arrays[name], rtol=1e-5)


def test_an_order_of_other_samples_is_refused(uncompiled):
    """The loops test no index."""
    theta, images, targets = case(SMALL, 4)
    sgd = Batching(OPTIMIZERS["sgd"], 4, 0.1)
    learner = LoopLearner(
        symcnn.compile(SMALL, "expressions"), images, targets, sgd, State.start(theta, sgd.optimizer)
    )  # fmt: skip
    for order in ([0, 4], [-1, 0]):
        with pytest.raises(IndexError, match="0 to 3"):
            learner.epoch(np.array(order))
    assert np.array_equal(learner.state.arrays["theta"], theta)
    assert learner.epoch(np.array([], dtype=int)).size == 0


def test_a_batch_fills_as_few_blocks_as_possible():
    assert [lanes_for(SMALL, n) for n in (1, 2, 7, 8, 9, 50, 64, 65, 100, 1437)] == [1, 2, 7, 8, 16, 56, 64, 40, 56, 64]
    large = symcnn.Network((60, 60), [symcnn.Conv2D(64, 3), symcnn.Dense(10)])
    assert lanes_for(large, 64) == 32  # nearer to the processor
    assert lanes_for(symcnn.Network((300, 300), [symcnn.Conv2D(50, 3), symcnn.Dense(1)]), 64) == 8  # it must fit


@pytest.mark.slow
@needs_numba
def test_a_larger_network_compiles_and_agrees():
    """In blocks of 32, one of them filled up, beside the complex step."""
    theta, images, targets = case(ODD, 50)
    program = symcnn.compile(ODD, "numba")
    assert "    # dE_df[k, d, p, q] += dE_dx[k, r, c]·i[d, 2*r + p - 1, 2*c + q - 1]" in program.source
    loss, gradient = program.loss_and_gradient(theta, images, targets)
    wanted = oracles.gradient(ODD, theta, images[:6], targets[:6])
    assert loss == pytest.approx(oracles.loss(ODD, theta, images, targets).real, rel=1e-13)
    few = program.loss_and_gradient(theta, images[:6], targets[:6])[1]
    assert np.abs(few - wanted).max() < 1e-12 * np.abs(wanted).max()
    rest = program.loss_and_gradient(theta, images[6:], targets[6:])[1]
    assert np.abs(few + rest - gradient).max() < 1e-12 * np.abs(gradient).max()
    images[3, 1, 4, 4] = np.nan
    loss, gradient = program.differentiate(theta, images, targets)
    assert np.isnan(loss)
    assert np.isnan(gradient).all()


@needs_numba
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e308])
def test_compiled_loops_see_what_is_not_finite(bad):
    """A flag that let the compiler assume finite numbers would lose some."""
    theta, images, targets = case(ODD, 6)
    theta[5] = bad
    loss, gradient = symcnn.compile(ODD, "numba").differentiate(theta, images, targets)
    assert not np.isfinite(loss)
    assert not np.isfinite(gradient).all()
    if np.isnan(bad):
        assert np.isnan(gradient).all()


@needs_numba
def test_compiled_training_in_either_precision():
    net = symcnn.Network((4,), [symcnn.Dense(3, "tanh"), symcnn.Dense(2)], "cross_entropy")
    theta, images, targets = case(net, 20)
    adam = OPTIMIZERS["adam"]
    walks = {}
    for backend, dtype in (("expressions", "float64"), ("numba", "float64"), ("numba", "float32")):
        state = State.start(theta, adam, dtype)
        learner = symcnn.compile(net, backend, dtype).learner(images, targets, Batching(adam, 8, 0.01), state)
        losses = np.concatenate([learner.epoch(np.arange(20)) for _ in range(5)])
        assert state.arrays["theta"].dtype == dtype
        walks[backend, dtype] = losses, state.arrays["theta"]
    for a, b in zip(walks["expressions", "float64"], walks["numba", "float64"], strict=True):
        assert np.allclose(a, b, rtol=1e-10)
    for a, b in zip(walks["numba", "float64"], walks["numba", "float32"], strict=True):
        assert not np.array_equal(a, b)
        assert np.allclose(a, b, rtol=1e-3, atol=1e-3)


@needs_numba
def test_many_images_are_trained_in_blocks():
    """Full batch: the loops walk as the arrays do."""
    net = symcnn.article.network()
    rng = np.random.default_rng(4)
    data = (rng.uniform(-1, 1, (70, 3, 3)), rng.uniform(size=(70, 2)))
    assert "for first in range" in symcnn.compile(net, "numba").training_source(70)
    runs = [symcnn.train(net, data, steps=40, learning_rate=0.01, backend=b) for b in ("expressions", "numba")]
    assert np.allclose(runs[0].theta, runs[1].theta, rtol=1e-11)
    assert np.allclose(runs[0].loss, runs[1].loss, rtol=1e-12)


SAME_BITS = """
import hashlib, numpy as np, symcnn
rng = np.random.default_rng(0)
layers = [symcnn.Conv2D(3, 3), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Dense(4)]
net = symcnn.Network((7, 7), layers, "cross_entropy")
data = (rng.normal(size=(50, 7, 7)), rng.integers(0, 4, 50))
for _ in range(2):
    run = symcnn.train(net, data, batch_size=16, epochs=4, optimizer="adam", backend="numba")
    said = run.theta.tobytes() + run.loss.tobytes() + repr(tuple(run.history)).encode()
    print(run.backend, hashlib.sha256(said).hexdigest())
"""


@needs_numba
@pytest.mark.slow
def test_the_same_bits_every_time(tmp_path):
    """Compiled in this process, again in it, and taken from the cache by the next one."""
    environment, lines = {**os.environ, "SYMCNN_CACHE": str(tmp_path)}, []
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", SAME_BITS], env=environment, capture_output=True, text=True)
        lines += done.stdout.splitlines()
    assert len(lines) == 4
    assert len(set(lines)) == 1
    assert lines[0].startswith("numba ")


# --- the cache ------------------------------------------------------------------------------------------------------

PROCESS = """
import numpy as np, symcnn
from symcnn.numeric.cache import compiled
program = symcnn.compile(symcnn.article.network(), "numba", "float32")
found = program.loss_and_gradient(np.full(20, 0.5), np.ones((2, 3, 3)), np.eye(2))[1]
stats = compiled(program.source, "epoch").__wrapped__.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()), *found)
"""


def in_a_process(folder):
    """Cache hits, misses, and the gradient."""
    environment = {**os.environ, "SYMCNN_CACHE": str(folder)}
    done = subprocess.run([sys.executable, "-c", PROCESS], env=environment, capture_output=True, text=True, check=True)
    hits, misses, *gradient = done.stdout.split()
    return int(hits), int(misses), gradient


@pytest.mark.slow
@needs_numba
def test_the_next_process_takes_what_was_compiled_but_never_runs_the_file(tmp_path):
    hits, misses, gradient = in_a_process(tmp_path)
    assert (hits, misses) == (0, 1)
    assert in_a_process(tmp_path) == (1, 0, gradient)
    [file] = (tmp_path / "compiled").glob("*.py")
    printed = file.read_text("utf-8")
    file.write_text(
        printed.replace("theta[at] - ", "theta[at] + ") + f"\nopen({str(tmp_path / 'ran')!r}, 'w')\n", "utf-8"
    )
    assert in_a_process(tmp_path)[2] == gradient
    assert file.read_text("utf-8") == printed
    assert not (tmp_path / "ran").exists()


@needs_numba
@pytest.mark.skipif(os.name != "posix", reason="folder permissions are POSIX's")
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMCNN_CACHE", str(tmp_path))
    source = "def twice(x):\n    return 2*x\n"
    assert compiled(source, "twice")(2) == 4
    assert len(list((tmp_path / "compiled").glob("*.py"))) == 1
    (tmp_path / "compiled").chmod(0o777)
    assert compiled(source + "\n", "twice")(2) == 4
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SYMCNN_CACHE", str(tmp_path / "file"))
    assert compiled(source + "\n\n", "twice")(2) == 4
    assert len(list((tmp_path / "compiled").glob("*.py"))) == 1


@needs_numba
def test_the_log_says_once_what_it_waits_for(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("SYMCNN_CACHE", str(tmp_path))
    caplog.set_level("INFO", logger="symcnn")
    source = "def thrice(x):\n    return 3*x\n"
    for _ in range(2):
        assert compiled(source, "thrice")(2) == 6
    [record] = caplog.records
    assert record.name == "symcnn.numba"
    assert record.getMessage().startswith("numba compiles this network's program")
    assert str(tmp_path) in record.getMessage()
    caplog.clear()
    compiled.cache_clear()  # as in another process: the machine code is there
    assert compiled(source, "thrice")(2) == 6
    assert not caplog.records


def test_the_oldest_modules_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMCNN_CACHE", str(tmp_path))
    monkeypatch.setattr(cache, "KEPT", 3)
    for n in range(5):
        path = cache._module_file(f"# {n}\n", f"symcnn_{n}")
        os.utime(path, (n, n))
    assert sorted(p.name for p in (tmp_path / "compiled").glob("*.py")) == ["symcnn_2.py", "symcnn_3.py", "symcnn_4.py"]


def test_an_interrupt_that_numba_wraps_is_an_interrupt():
    def chained():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise TypeError("cannot be typed") from None

    def quoted():
        raise TypeError("Internal error: KeyboardInterrupt()")

    def another():
        raise TypeError("cannot be typed")

    for function, expected in ((chained, KeyboardInterrupt), (quoted, KeyboardInterrupt), (another, TypeError)):
        with pytest.raises(expected):
            cache.interruptible(function)()
    assert cache.interruptible(max)(2, 3) == 3


@needs_numba
def test_an_interrupt_while_it_compiles_comes_through(monkeypatch):
    """Where numba types the loops, which it does at the first call."""
    from numba.core import typeinfer

    def interrupted(*arguments, **options):
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise TypeError("cannot be typed") from error

    monkeypatch.setattr(typeinfer.TypeInferer, "propagate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compiled("def once(x):\n    return x + 1\n", "once")(1.0)
