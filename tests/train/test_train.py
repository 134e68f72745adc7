import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import symcnn
from symcnn.numeric import BACKENDS, initial_values
from symcnn.train.choice import choose
from tests.oracles import article_gradients
from tests.slow import rest_slow

LINEAR = symcnn.Network((2,), [symcnn.Dense(1)])
LINE = ([[1.0, 2.0], [3.0, -1.0]], [[1.0], [0.0]])


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
    again = symcnn.train(net, data, steps=run.steps, backend=backend)
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
def test_a_diverging_loss_names_step_and_rate(backend):
    with pytest.raises(symcnn.TrainingDivergedError) as error:
        symcnn.train(LINEAR, LINE, learning_rate=50.0, steps=5000, backend=backend)
    message = str(error.value)
    assert "learning_rate=50" in message
    assert "after " in message
    assert "\n" not in message


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


def test_progress_is_told(net, data):
    told = []
    symcnn.train(net, data, steps=5_000, progress=told.append)
    assert told[-1] == 5_000
    assert told == sorted(told)


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


def test_auto_says_what_it_chose_and_changes_with_the_size(net, data):
    assert choose(net, 2, 100) == "python"
    assert choose(net, 2, 10_000) == "python"
    assert choose(net, 10_000, 10_000) == "numpy"
    assert choose(net, 2, 10_000_000) == "numba"
    assert symcnn.train(net, data, steps=10).backend == "python"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0}, "learning_rate=0: expected a finite number above 0"),
        ({"learning_rate": -1.0}, "learning_rate=-1.0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"learning_rate": float("inf")}, "learning_rate=inf"),
        ({"learning_rate": "fast"}, "learning_rate='fast'"),
        ({"steps": -1}, "steps=-1: expected a whole number"),
        ({"steps": 10**400}, "steps=1000000000000000000000000000…00000000000000000000000000000: expected at most"),
        ({"initial": [10**400] * 20}, "parameters: expected 20 numbers"),
        ({"steps": 1.5}, "steps=1.5"),
        ({"seed": -1}, "seed=-1"),
        ({"backend": "gpu"}, "backend='gpu': unknown; expected one of auto"),
        ({"reduction": "max"}, "reduction='max'"),
        ({"stop_below": float("nan")}, "stop_below=nan"),
        ({"initial": [1.0]}, "parameters of shape"),
    ],
)
def test_settings_that_cannot_be_used(net, data, settings, message):
    with pytest.raises(symcnn.InputError) as error:
        symcnn.train(net, data, **settings)
    assert message in str(error.value)


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
    assert "images right" in done.stdout


def test_a_run_predicts_any_image(net, data):
    run = symcnn.train(net, data, steps=500)
    assert run.predict(data.images[:1]).shape == (1, 2)
    assert "500 steps" in repr(run)


def test_one_output_is_right_on_its_side_of_a_half():
    net = symcnn.Network((2,), [symcnn.Dense(1, "sigmoid")])
    data = (np.zeros((3, 2)), [[0.0], [1.0], [0.0]])
    low = symcnn.train(net, data, steps=0, initial=[0.0, 0.0, -3.0])
    assert low.right == 2


def test_a_run_keeps_its_own_data_and_speaks_for_its_network_only(net, data, tmp_path):
    images = data.images.copy()
    run = symcnn.train(net, (images, data.targets), steps=2_000)
    images[:] = 0
    assert run.right == 2
    other = symcnn.Network((3, 3), [symcnn.Dense(2)])
    for use in (symcnn.export_workbook, symcnn.write_report):
        arguments = (other, data) if use is symcnn.export_workbook else (other,)
        with pytest.raises(symcnn.InputError, match="another network"):
            use(*arguments, tmp_path / ("x.xlsx" if use is symcnn.export_workbook else "x.md"), run=run)


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


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_a_plot_is_the_same_every_time(net, data, tmp_path, suffix):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install matplotlib")
    run = symcnn.train(net, data, steps=300)
    files = [run.plot(tmp_path / f"{n}{suffix}").read_bytes() for n in range(2)]
    assert files[0] == files[1]
    assert len(files[0]) > 5_000


def test_a_saved_run_is_the_same_run(net, data, tmp_path):
    run = symcnn.train(net, data, steps=500, seed=3, reduction="mean", learning_rate=0.7)
    again = symcnn.Run.load(run.save(tmp_path / "run.json"))
    for one, other in ((run.theta, again.theta), (run.initial, again.initial), (run.loss, again.loss)):
        assert np.array_equal(one, other)
    assert again.network == net
    assert (again.learning_rate, again.reduction, again.backend, again.stopped) == (0.7, "mean", run.backend, "steps")
    assert np.array_equal(again.predictions, run.predictions)
    assert again.save(tmp_path / "again.json").read_bytes() == (tmp_path / "run.json").read_bytes()


def test_a_training_goes_on_from_a_saved_run(net, data, tmp_path):
    first = symcnn.train(net, data, steps=150, backend="python")
    second = symcnn.train(
        net, data, steps=150, initial=symcnn.Run.load(first.save(tmp_path / "a.json")), backend="python"
    )
    whole = symcnn.train(net, data, steps=300, backend="python")
    assert np.array_equal(second.theta, whole.theta)


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
