"""Trainings: every step as written by hand, the order, chunks, Ctrl-C, a diverged loss, the ways to stop."""

import os
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import symcnn
from symcnn.numeric import BACKENDS, initial_values, numba_is_there
from symcnn.numeric.learner import Learner
from symcnn.train import trainer
from symcnn.train.trainer import order_of
from tests.slow import rest_slow
from tests.tools.oracles import article_gradients
from tests.train.conftest import OPTIMIZERS, SAMPLES, overfitted

needs_numba = pytest.mark.skipif(not numba_is_there(), reason="numba is not installed: pip install numba")

LINEAR = symcnn.Network((2,), [symcnn.Dense(1)])
LINE = ([[1.0, 2.0], [3.0, -1.0]], [[1.0], [0.0]])

# --- full batch -----------------------------------------------------------------------------------------------------


def test_the_defaults_learn_both_images(net, data):
    run = symcnn.train(net, data)
    assert run.loss[-1] < 0.01
    assert abs(run.loss[-1] - 0.000208932050887) < 1e-14
    assert run.predictions[0, 0] >= 0.9
    assert run.predictions[1, 1] >= 0.9
    assert run.right == 2
    assert run.stopped == "steps"
    assert list(run.parameters) == list(net.parameters)
    assert run.steps == 10_000
    assert len(run.loss) == 10_001


@pytest.mark.parametrize("seed", range(1, 9))
def test_other_seeds_learn_too(net, data, seed):
    run = symcnn.train(net, data, seed=seed)
    assert run.loss[-1] < 5e-4
    assert min(run.predictions[0, 0], run.predictions[1, 1]) >= 0.9


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_backend_walks_the_same_way(net, data, backend):
    run = symcnn.train(net, data, steps=200, backend=backend)
    theta = initial_values(net, 0)
    for _ in range(200):
        rows = [article_gradients(theta, i, t) for i, t in zip(data.images, data.targets, strict=True)]
        theta = theta - 0.5 * np.array([sum(row[p] for row in rows) for p in net.parameters])
    assert np.allclose(run.theta, theta, rtol=1e-12)
    assert run.backend == backend


@pytest.mark.parametrize("backend", BACKENDS)
def test_loss_k_is_the_error_after_k_updates(net, data, backend):
    run = symcnn.train(net, data, steps=7, backend=backend)
    program = symcnn.compile(net)
    for k in (0, 3, 7):
        theta = symcnn.train(net, data, steps=k, backend=backend).theta
        assert abs(run.loss[k] - program.loss_and_gradient(theta, data.images, data.targets)[0]) < 1e-15
    assert np.array_equal(run.initial, initial_values(net, 0))


def test_the_mean_divides_loss_and_gradient(net, data):
    total = symcnn.train(net, data, steps=50, learning_rate=0.5)
    mean = symcnn.train(net, data, steps=50, learning_rate=1.0, reduction="mean")
    assert np.allclose(mean.theta, total.theta, rtol=1e-13)
    assert np.allclose(mean.loss, total.loss / 2, rtol=1e-13)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("threshold", [0.45, 0.05])
def test_an_early_stop_is_exact(net, data, backend, threshold):
    run = symcnn.train(net, data, steps=2000, backend=backend, stop_below=threshold)
    assert run.stopped == "loss"
    assert run.loss[-1] < threshold <= run.loss[-2]
    # as many steps, with and without the threshold, which the last of them reaches
    for stop_below, stopped in ((None, "steps"), (threshold, "loss")):
        again = symcnn.train(net, data, steps=run.steps, backend=backend, stop_below=stop_below)
        assert again.stopped == stopped
        assert np.array_equal(run.theta, again.theta)
        assert np.array_equal(run.loss, again.loss)


def test_a_stop_before_the_first_step(net, data):
    run = symcnn.train(net, data, stop_below=10.0)
    assert run.steps == 0
    assert run.stopped == "loss"
    assert np.array_equal(run.theta, run.initial)


def test_initial_values_as_vector_or_by_name(net, data):
    theta = np.linspace(-1, 1, 20)
    by_vector = symcnn.train(net, data, steps=5, initial=theta)
    by_name = symcnn.train(net, data, steps=5, initial=dict(zip(net.parameters, theta, strict=True)))
    assert np.array_equal(by_vector.theta, by_name.theta)
    assert np.array_equal(by_vector.initial, theta)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_stop_comes_before_what_diverges_later(backend):
    """Within one chunk: the loss falls in the first step, and is infinite some forty steps later."""
    steep = symcnn.Network((2,), [symcnn.Dense(1, bias=False)])
    settings = {"learning_rate": 1e4, "backend": backend, "initial": [1.0, 1e-9]}
    data = ([[0.01, 0.0], [0.0, 1.0]], [[0.0], [0.0]])
    with pytest.raises(symcnn.TrainingDivergedError, match=r"inf after [34]\d steps"):
        symcnn.train(steep, data, steps=64, **settings)
    run = symcnn.train(steep, data, steps=64, stop_below=1e-6, **settings)
    assert (run.steps, run.stopped) == (1, "loss")
    assert np.array_equal(run.theta, symcnn.train(steep, data, steps=1, **settings).theta)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_diverging_loss_names_step_and_rate(backend):
    with pytest.raises(symcnn.TrainingDivergedError) as error:
        symcnn.train(LINEAR, LINE, learning_rate=50.0, steps=5000, backend=backend)
    message = str(error.value)
    steps = int(re.search(r"the loss is inf after (\d+) steps with learning_rate=50: ", message)[1])
    assert "\n" not in message
    settings = {"learning_rate": 50.0, "backend": backend}
    assert np.isfinite(symcnn.train(LINEAR, LINE, steps=steps - 1, **settings).loss).all()
    with pytest.raises(symcnn.TrainingDivergedError, match=f"inf after {steps} steps"):
        symcnn.train(LINEAR, LINE, steps=steps, **settings)


def test_all_backends_diverge_at_the_same_step():
    steps = set()
    for backend in BACKENDS:
        with pytest.raises(symcnn.TrainingDivergedError, match="inf after") as error:
            symcnn.train(LINEAR, LINE, learning_rate=50.0, steps=5000, backend=backend)
        steps.add(str(error.value))
    assert len(steps) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_overflow_of_exp_is_no_error(net, data, backend):
    """z = -1000: math.exp(1000) raises where 1/(1 + exp) is simply 0; training goes on from there."""
    theta = initial_values(net, 0)
    theta[18] = -1000.0
    run = symcnn.train(net, data, steps=300, initial=theta, backend=backend)
    assert run.steps == 300
    assert np.isfinite(run.theta).all()
    assert run.parameters["b_o1"] == -1000.0
    assert run.loss[-1] < run.loss[0]


def test_more_steps_than_one_chunk(net, data):
    whole = symcnn.train(net, data, steps=4_100)
    first = symcnn.train(net, data, steps=2_050, backend=whole.backend)
    second = symcnn.train(net, data, steps=2_050, initial=first.theta, backend=whole.backend)
    assert np.array_equal(second.theta, whole.theta)
    assert np.array_equal(np.concatenate([first.loss[:-1], second.loss]), whole.loss)


def test_progress_is_called_with_the_steps_done(net, data):
    steps = []
    symcnn.train(net, data, steps=5_000, progress=steps.append)
    assert steps[-1] == 5_000
    assert steps == sorted(steps)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("backend", BACKENDS)
def test_ctrl_c_returns_what_was_learnt_so_far(net, data, backend):
    timers = []

    def soon(_):  # once it runs, and not while it still compiles
        if not timers:
            timers.append(threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)))
            timers[0].start()

    run = symcnn.train(net, data, steps=1_000_000_000, backend=backend, progress=soon, stop_below=0.0)
    timers[0].join()
    assert run.stopped == "interrupted"
    assert 0 < run.steps < 1_000_000_000
    again = symcnn.train(net, data, steps=run.steps, backend=backend)
    assert np.array_equal(run.theta, again.theta)
    assert np.array_equal(run.loss, again.loss)


def test_the_three_spellings():
    from symcnn.train import train

    assert symcnn.train is train
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "symcnn.train", "--steps", "20"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "2 of 2" in done.stdout


@pytest.mark.parametrize("samples", rest_slow([12, 1, 3]))
def test_the_compiled_loop_for_few_and_for_many_images(net, samples):
    """Few images are written out, many are a loop: both walk as the arrays do."""
    rng = np.random.default_rng(samples)
    data = (rng.uniform(-1, 1, (samples, 3, 3)), rng.uniform(size=(samples, 2)))
    source = symcnn.compile(net, "numba").training_source(samples)
    assert ("for n in range(images.shape[0])" in source) == (samples == 12)
    for reduction in ("sum", "mean"):
        runs = [symcnn.train(net, data, steps=60, backend=b, reduction=reduction) for b in ("numpy", "numba")]
        assert np.allclose(runs[0].theta, runs[1].theta, rtol=1e-11)
        assert np.allclose(runs[0].loss, runs[1].loss, rtol=1e-12)


# --- by epochs --------------------------------------------------------------------------------------------------------


def by_hand(net, data, course):
    """Parameters and losses, as the textbook writes the updates; up to a loss that is not finite."""
    program, count = symcnn.compile(net, "python"), len(data.images)
    theta = initial_values(net, course["seed"], course.get("initial", "scaled"))
    v, m, s, k, losses = (np.zeros_like(theta) for _ in range(5))
    losses, k, rate = [], 0, course["learning_rate"]
    for epoch in range(1, course["epochs"] + 1):
        order = np.random.default_rng((course["seed"], epoch)).permutation(count)
        for start in range(0, count, course["batch_size"]):
            batch = order[start : start + course["batch_size"]]
            loss, g = program.loss_and_gradient(theta, data.images[batch], data.targets[batch])
            if course.get("reduction", "mean") == "mean":
                loss, g = loss / len(batch), g / len(batch)
            losses.append(loss)
            if not np.isfinite(loss):
                return theta, losses
            k += 1
            if course["optimizer"] == "sgd":
                theta = theta - rate * g
            elif course["optimizer"] == "momentum":
                v = 0.9 * v + g
                theta = theta - rate * v
            else:
                m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
                theta = theta - rate * (m / (1 - 0.9**k)) / (np.sqrt(s / (1 - 0.999**k)) + 1e-8)
    return theta, losses


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("backend", ["numpy", "expressions", "python", "numba"])
def test_every_step_is_the_textbooks(net, many, optimizer, backend):
    course = {"batch_size": 8, "epochs": 3, "optimizer": optimizer, "learning_rate": 0.1, "seed": 4}
    run = symcnn.train(net, many, backend=backend, **course)
    theta, losses = by_hand(net, many, course)
    assert np.allclose(run.theta, theta, rtol=1e-11)
    assert np.allclose(run.loss, losses, rtol=1e-11)
    assert run.steps == 9
    assert run.stopped == "epochs"
    assert run.backend == backend


def test_every_step_is_the_textbooks_in_epochs_of_several_chunks(net, many):
    course = {"batch_size": 2, "epochs": 2, "optimizer": "momentum", "learning_rate": 0.1, "seed": 2}
    run = symcnn.train(net, many, backend="numpy", **course)
    theta, losses = by_hand(net, many, course)
    assert np.allclose(run.theta, theta, rtol=1e-11)
    assert np.allclose(run.loss, losses, rtol=1e-11)


def test_the_sum_is_the_sum_of_the_batch(net, many):
    course = {
        "batch_size": 8, "epochs": 2, "optimizer": "sgd", "learning_rate": 0.1, "seed": 0, "reduction": "sum",
        "initial": "uniform",
    }  # fmt: skip
    run = symcnn.train(net, many, **course)
    theta, losses = by_hand(net, many, course)
    assert np.allclose(run.theta, theta, rtol=1e-12)
    assert np.allclose(run.loss, losses, rtol=1e-12)


def test_one_batch_of_everything_is_the_full_batch(net, data):
    settings = {"learning_rate": 0.5, "initial": "uniform", "reduction": "sum", "seed": 3}
    by_steps = symcnn.train(net, data, steps=50, backend="numpy", **settings)
    by_epochs = symcnn.train(net, data, epochs=50, batch_size=None, backend="numpy", **settings)
    assert np.allclose(by_epochs.theta, by_steps.theta, rtol=1e-12)
    assert np.allclose(by_epochs.loss, by_steps.loss[:-1], rtol=1e-12)


def test_nothing_asked_for_is_the_articles_way(net, data):
    run = symcnn.train(net, data)
    assert run.course is None
    assert run.history["loss"] == run.loss.tolist()
    assert np.array_equal(run.initial, initial_values(net, 0))


def test_every_sample_once_an_epoch_and_each_epoch_in_its_own_order():
    orders = [order_of(epoch, 7, 100) for epoch in (1, 2, 3)]
    assert all(np.array_equal(np.sort(order), np.arange(100)) for order in orders)
    assert not np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], order_of(1, 8, 100))
    assert np.array_equal(orders[2], order_of(3, 7, 100))


def test_the_history_measures_after_every_epoch(net, many):
    train, unseen = many.split(0.25, seed=1)
    run = symcnn.train(net, train, batch_size=4, epochs=5, validation=unseen, optimizer="adam", learning_rate=0.05)
    assert [epoch.number for epoch in run.history] == [0, 1, 2, 3, 4, 5]
    program = symcnn.compile(net, "python")
    for moment, theta in ((run.history[0], run.initial), (run.history[-1], run.theta)):
        for samples, loss, accuracy in (
            (train, moment.loss, moment.accuracy),
            (unseen, moment.validation_loss, moment.validation_accuracy),
        ):
            total = program.loss_and_gradient(theta, samples.images, samples.targets)[0]
            outputs = program.predict(theta, samples.images)
            assert np.isclose(loss, total / len(samples.images), rtol=1e-12)
            assert accuracy == np.mean(outputs.argmax(axis=1) == samples.targets.argmax(axis=1))
    assert run.accuracy() == run.history[-1].accuracy
    assert run.accuracy(unseen) == run.history[-1].validation_accuracy


def test_float32_is_trained_in_float32(net, many):
    runs = [
        symcnn.train(net, many, batch_size=8, epochs=2, dtype=dtype, backend="numpy")
        for dtype in ("float32", "float64")
    ]
    assert np.array_equal(runs[0].theta, runs[0].theta.astype(np.float32))
    assert not np.array_equal(runs[0].theta, runs[1].theta)
    assert np.allclose(runs[0].theta, runs[1].theta, atol=1e-5)


def test_scaled_values_are_the_uniform_ones_over_the_root_of_the_fan_in():
    net = symcnn.Network((2, 5, 5), [symcnn.Conv2D(3, 2), symcnn.Dense(4, bias=False)])
    ratio = initial_values(net, 1, "scaled") / initial_values(net, 1)
    assert np.allclose(ratio[: 3 * 8 + 3], 1 / np.sqrt(2 * 2 * 2))
    assert np.allclose(ratio[27:], 1 / np.sqrt(3 * 4 * 4))


def test_it_stops_when_the_loss_is_below(net, many):
    whole = symcnn.train(net, many, batch_size=8, epochs=30, optimizer="adam")
    threshold = (whole.history[7].loss + whole.history[8].loss) / 2
    run = symcnn.train(net, many, batch_size=8, epochs=30, optimizer="adam", stop_below=threshold)
    assert run.stopped == "loss"
    assert run.history == whole.history[:9]


def test_patience_watches_the_validation_data(net, many):
    train, wrong = overfitted(many)
    run = symcnn.train(net, train, batch_size=4, epochs=300, optimizer="adam", validation=wrong, patience=3)
    assert run.stopped == "patience"
    losses = [epoch.validation_loss for epoch in run.history]
    assert len(losses) - 1 - int(np.argmin(losses)) == 3
    without = symcnn.train(net, train, batch_size=4, epochs=run.history[-1].number, optimizer="adam", patience=3)
    assert without.stopped == "epochs"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("backend", ["numpy", pytest.param("numba", marks=needs_numba)])
def test_patience_gives_back_the_best_parameters(net, many, backend, dtype):
    train, unseen = overfitted(many)
    settings = {"batch_size": 4, "optimizer": "adam", "validation": unseen, "backend": backend, "dtype": dtype}
    run = symcnn.train(net, train, epochs=300, patience=3, **settings)
    watched = [epoch.validation_loss for epoch in run.history]
    assert (run.stopped, run.best_epoch) == ("patience", len(watched) - 4)
    assert run.best_epoch == int(np.argmin(watched))
    best = symcnn.train(net, train, epochs=run.best_epoch, **settings)
    assert np.array_equal(run.theta, best.theta)
    assert run.measured == best.history[-1]
    assert run.accuracy(unseen) == run.measured.validation_accuracy
    last = symcnn.train(net, train, epochs=len(watched) - 1, **settings)
    assert np.array_equal(run.last_theta, last.theta)
    assert np.array_equal(last.last_theta, last.theta)
    assert not np.array_equal(run.theta, run.last_theta)
    assert (last.best_epoch, last.measured) == (run.best_epoch, last.history[-1])  # nobody asked for an early stop
    assert f"-> {run.measured.loss:.6g}, stopped: patience" in repr(run)


def test_patience_that_does_not_run_out_gives_the_best_too(net, many):
    train, unseen = overfitted(many)
    settings = {"batch_size": 4, "optimizer": "adam", "validation": unseen}
    whole = symcnn.train(net, train, epochs=300, patience=3, **settings)
    run = symcnn.train(net, train, epochs=whole.best_epoch + 2, patience=3, **settings)
    assert run.stopped == "epochs"
    assert np.array_equal(run.theta, whole.theta)
    assert run.best_epoch == whole.best_epoch


def test_of_equal_losses_the_first_is_the_best_and_epoch_0_may_be(net, many):
    """A rate so small that nothing changes; and data that any step makes worse."""
    still = symcnn.train(net, many, batch_size=22, epochs=9, patience=2, learning_rate=1e-300)
    assert (still.best_epoch, still.history[-1].number, still.stopped) == (0, 2, "patience")
    assert np.array_equal(still.theta, still.initial)
    settings = {"batch_size": 8, "epochs": 50, "learning_rate": 0.05, "seed": 1}
    learnt = symcnn.train(net, many, **settings)
    opposite = symcnn.Data(many.images, 1 - many.targets)
    run = symcnn.train(net, many, **settings, initial=learnt, validation=opposite, patience=4)
    assert run.best_epoch == int(np.argmin([epoch.validation_loss for epoch in run.history]))
    full = symcnn.train(net, many, steps=3)
    assert full.best_epoch is None
    assert np.array_equal(full.last_theta, full.theta)


def test_divergence_names_epoch_and_step():
    net = symcnn.Network((2,), [symcnn.Dense(1)])
    data = symcnn.Data(np.ones((6, 2)) * 3, np.zeros((6, 1)))
    course = {"batch_size": 2, "epochs": 100, "learning_rate": 50}
    with np.errstate(all="ignore"):
        first = len(by_hand(net, data, {**course, "optimizer": "sgd", "seed": 0})[1]) - 1
    place = f"in epoch {first // 3 + 1}, step {first % 3 + 1} with learning_rate=50: training"
    with pytest.raises(symcnn.TrainingDivergedError, match=place):
        symcnn.train(net, data, **course)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("backend", ["numpy", "python"])
def test_ctrl_c_keeps_whole_batches(net, many, backend):
    timers = []

    def soon(_):
        if not timers:
            timers.append(threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)))
            timers[0].start()

    settings = {"batch_size": 8, "backend": backend, "optimizer": "momentum"}
    run = symcnn.train(net, many, epochs=1_000_000, progress=soon, **settings)
    timers[0].join()
    assert run.stopped == "interrupted"
    epochs = run.history[-1].number
    assert 3 * epochs <= run.steps <= 3 * (epochs + 1)
    again = symcnn.train(net, many, epochs=epochs + 1, **settings)
    assert np.array_equal(run.loss, again.loss[: run.steps])


def test_ctrl_c_within_a_chunk_leaves_the_state_before_it(net, many, monkeypatch):
    whole, done = Learner.epoch, []

    def interrupted_in_the_second_epoch(self, order):
        done.extend(order)
        if len(done) <= SAMPLES:
            return whole(self, order)
        whole(self, order[:3])
        raise KeyboardInterrupt

    settings = {"batch_size": 1, "backend": "python", "optimizer": "adam"}
    first = symcnn.train(net, many, epochs=1, **settings)
    monkeypatch.setattr(Learner, "epoch", interrupted_in_the_second_epoch)
    run = symcnn.train(net, many, epochs=9, **settings)
    assert (run.stopped, run.steps, run.history) == ("interrupted", SAMPLES, first.history)
    assert np.array_equal(run.theta, first.theta)


def test_ctrl_c_before_anything_is_learnt_is_ctrl_c(net, many, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "measuring", lambda *_: interrupted)
    with pytest.raises(KeyboardInterrupt):
        symcnn.train(net, many, epochs=2)


def test_progress_and_epochs_are_called(net, many):
    steps, epochs = [], []
    run = symcnn.train(net, many, batch_size=8, epochs=4, progress=steps.append, each_epoch=epochs.append)
    assert steps[-1] == run.steps == 12
    assert tuple(epochs) == run.history


def test_no_epochs_are_a_run_too(net, many, tmp_path):
    run = symcnn.train(net, many, epochs=0, checkpoint=tmp_path / "c.npz")
    assert (run.steps, len(run.loss), len(run.history)) == (0, 0, 1)
    assert np.array_equal(run.theta, run.initial)
    loaded = symcnn.Run.load(run.save(tmp_path / "run.json"))
    assert loaded.loss.shape == (0,)
    assert loaded.history == run.history
    assert repr(loaded) == repr(run)
    assert repr(run).startswith("Run(0 epochs, 0 steps with")
    assert loaded._repr_html_() == run._repr_html_()
    run.plot(tmp_path / "run.png")
    resumed = symcnn.train(net, many, epochs=2, resume=tmp_path / "c.npz")
    assert np.array_equal(resumed.theta, symcnn.train(net, many, epochs=2).theta)
