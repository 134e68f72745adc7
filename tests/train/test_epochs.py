"""Training by epochs: every step as written by hand, the order, the metrics, the ways to stop."""

import json
import os
import signal
import sys
import threading

import numpy as np
import pytest

import symcnn
from symcnn.numeric import initial_values, numba_is_there
from tests.slow import rest_slow

needs_numba = pytest.mark.skipif(not numba_is_there(), reason="numba is not installed: pip install numba")

SAMPLES = 22
OPTIMIZERS = ("sgd", "momentum", "adam")


@pytest.fixture(scope="module")
def many():
    """Samples for the article's network; the last batch of 8 has 6."""
    rng = np.random.default_rng(5)
    return symcnn.Data(rng.uniform(size=(SAMPLES, 3, 3)), np.eye(2)[rng.integers(0, 2, SAMPLES)])


def by_hand(net, data, course):
    """Parameters and losses, as the textbook writes the updates."""
    program = symcnn.compile(net, "python")
    theta = initial_values(net, course["seed"], course.get("initial", "scaled"))
    v, m, s, k, losses = (np.zeros_like(theta) for _ in range(5))
    losses, k, rate = [], 0, course["learning_rate"]
    for epoch in range(1, course["epochs"] + 1):
        order = np.random.default_rng((course["seed"], epoch)).permutation(SAMPLES)
        for start in range(0, SAMPLES, course["batch_size"]):
            batch = order[start : start + course["batch_size"]]
            loss, g = program.loss_and_gradient(theta, data.images[batch], data.targets[batch])
            if course.get("reduction", "mean") == "mean":
                loss, g = loss / len(batch), g / len(batch)
            losses.append(loss)
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
    assert run.history == ()
    assert np.array_equal(run.initial, initial_values(net, 0))


def test_every_sample_once_an_epoch_and_each_epoch_in_its_own_order():
    from symcnn.train.epochs import order_of

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


@pytest.mark.parametrize(
    ("targets", "accuracy"),
    [([[0.0], [1.0], [1.0]], 2 / 3), ([[0.0], [0.5], [1.0]], None), ([[0.0], [2.0], [1.0]], None)],
)
def test_accuracy_only_where_targets_are_classes(targets, accuracy):
    net = symcnn.Network((2,), [symcnn.Dense(1, "sigmoid")])
    data = ([[-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]], targets)
    run = symcnn.train(net, data, epochs=0, initial=[5.0, 0.0, 0.0])
    assert run.history[0].accuracy == accuracy
    if accuracy is None:
        with pytest.raises(symcnn.InputError, match="tell no classes apart"):
            run.accuracy()


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
    train, unseen = many.split(0.5)
    wrong = symcnn.Data(unseen.images, 1 - unseen.targets)  # learning makes these worse, sooner or later
    run = symcnn.train(net, train, batch_size=4, epochs=300, optimizer="adam", validation=wrong, patience=3)
    assert run.stopped == "patience"
    losses = [epoch.validation_loss for epoch in run.history]
    assert len(losses) - 1 - int(np.argmin(losses)) == 3
    without = symcnn.train(net, train, batch_size=4, epochs=run.history[-1].number, optimizer="adam", patience=3)
    assert without.stopped == "epochs"


def overfitted(many):
    """Samples, and validation data that learning makes worse sooner or later."""
    train, unseen = many.split(0.5)
    return train, symcnn.Data(unseen.images, 1 - unseen.targets)


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


def test_a_run_with_its_best_parameters_is_saved(net, many, tmp_path):
    train, unseen = overfitted(many)
    run = symcnn.train(net, train, batch_size=4, epochs=300, optimizer="adam", validation=unseen, patience=3)
    path = run.save(tmp_path / "run.json")
    again = symcnn.Run.load(path)
    assert (again.best_epoch, again.measured, again.history) == (run.best_epoch, run.measured, run.history)
    assert np.array_equal(again.theta, run.theta)
    assert np.array_equal(again.last_theta, run.last_theta)
    assert again.save(tmp_path / "again.json").read_bytes() == path.read_bytes()
    plain = symcnn.train(net, train, batch_size=4, epochs=5, validation=unseen)
    document = json.loads(plain.save(tmp_path / "plain.json").read_text("utf-8"))
    assert document["format"] == "symcnn run 2"  # as earlier versions wrote it, and read it
    assert "last_theta" not in document
    assert symcnn.Run.load(tmp_path / "plain.json").best_epoch == plain.best_epoch


@pytest.mark.parametrize("value", [-1, 999, 1.0, True, None, "2"])
def test_a_best_epoch_that_was_none(net, many, tmp_path, value):
    from symcnn.train.store import _checksum

    train, unseen = overfitted(many)
    run = symcnn.train(net, train, batch_size=4, epochs=300, optimizer="adam", validation=unseen, patience=3)
    document = json.loads(run.save(tmp_path / "run.json").read_text("utf-8"))
    assert document["format"] == "symcnn run 3"
    rest = {k: v for k, v in {**document, "best_epoch": value}.items() if k not in ("format", "checksum")}
    text = json.dumps({"format": document["format"], "checksum": _checksum(rest), **rest})
    (tmp_path / "run.json").write_text(text, "utf-8")
    with pytest.raises(symcnn.InputError, match=r"run\.json: best_epoch="):
        symcnn.Run.load(tmp_path / "run.json")


def test_divergence_names_epoch_and_step():
    net = symcnn.Network((2,), [symcnn.Dense(1)])
    data = (np.ones((6, 2)) * 3, np.zeros((6, 1)))
    with pytest.raises(symcnn.TrainingDivergedError, match=r"in epoch \d+, step [123] with learning_rate=50: training"):
        symcnn.train(net, data, batch_size=2, epochs=1000, learning_rate=50)


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


def test_progress_and_epochs_are_told(net, many):
    steps, epochs = [], []
    run = symcnn.train(net, many, batch_size=8, epochs=4, progress=steps.append, each_epoch=epochs.append)
    assert steps[-1] == run.steps == 12
    assert tuple(epochs) == run.history


def test_a_run_by_epochs_is_saved_and_goes_on(net, many, tmp_path):
    run = symcnn.train(net, many, batch_size=8, epochs=3, optimizer="adam", validation=many, dtype="float32", seed=2)
    again = symcnn.Run.load(run.save(tmp_path / "run.json"))
    for word in ("course", "history", "stopped", "reduction", "learning_rate", "backend", "steps"):
        assert getattr(again, word) == getattr(run, word)
    assert np.array_equal(again.theta, run.theta)
    assert again.save(tmp_path / "again.json").read_bytes() == (tmp_path / "run.json").read_bytes()
    further = symcnn.train(net, many, batch_size=8, epochs=1, initial=again)
    assert np.array_equal(further.initial, run.theta)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size=0: expected a whole number, at least 1"),
        ({"batch_size": 2.5}, "batch_size=2.5"),
        ({"epochs": -1}, "epochs=-1: expected a whole number, at least 0"),
        ({"epochs": True}, "epochs=True"),
        ({"optimizer": "rmsprop"}, "optimizer='rmsprop': unknown; expected one of sgd, momentum, adam"),
        ({"dtype": "float16"}, "dtype='float16'"),
        ({"patience": 0}, "patience=0"),
        ({"epochs": 2, "learning_rate": 0}, "learning_rate=0"),
        ({"epochs": 2, "reduction": "max"}, "reduction='max'"),
        ({"epochs": 2, "initial": "zeros"}, "initial='zeros'"),
        ({"epochs": 2, "seed": -1}, "seed=-1"),
        ({"epochs": 2, "steps": 5}, "steps=5: a training by epochs counts epochs"),
        ({"epochs": 2, "backend": "gpu"}, "backend='gpu'"),
        ({"validation": ([[1.0]], [[1.0]])}, "validation: images of shape (1, 1)"),
        ({"epochs": 2, "checkpoint": "x.json"}, "x.json: unknown suffix"),
        ({"epochs": 2, "checkpoint": "no/x.npz"}, "no/x.npz: the folder no does not exist"),
        ({"epochs": 2, "resume": "missing.npz"}, "missing.npz: cannot be read"),
    ],
)
def test_settings_that_cannot_be_used(net, data, settings, message):
    with pytest.raises(symcnn.InputError) as error:
        symcnn.train(net, data, **settings)
    assert message in str(error.value)


def test_a_split_is_drawn_and_whole():
    data = symcnn.Data(np.arange(10.0)[:, None], np.arange(10), [str(n) for n in range(10)])
    rest, out = data.split(0.3, seed=2)
    assert (len(rest.images), len(out.images)) == (7, 3)
    assert sorted([*rest.targets, *out.targets]) == list(range(10))
    assert rest.labels == [str(n) for n in rest.targets]
    assert np.array_equal(data.split(0.3, seed=2)[1].images, out.images)
    assert not np.array_equal(data.split(0.3, seed=3)[1].images, out.images)
    for share in (0, 1, -0.1, float("nan"), True, "0.2"):
        with pytest.raises(symcnn.InputError, match="share"):
            data.split(share)


def test_auto_takes_numba_for_many_samples_only(net):
    from symcnn.train.choice import choose_for_epochs

    assert choose_for_epochs(net, 100, 64, "float64") == "numpy"
    assert choose_for_epochs(net, 1_000_000, 64, "float64") == "numba"


@pytest.mark.parametrize("suffix", rest_slow([".svg", ".png"]))
def test_the_picture_of_epochs_is_the_same_every_time(tmp_path, suffix):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install matplotlib")
    rng = np.random.default_rng(1)
    net = symcnn.Network((3, 5, 4), [symcnn.Conv2D(6, (2, 3)), symcnn.Dense(2, "sigmoid")])
    data = (rng.uniform(size=(12, 3, 5, 4)), np.eye(2)[rng.integers(0, 2, 12)])
    run = symcnn.train(net, data, batch_size=4, epochs=3, validation=data)
    files = [run.plot(tmp_path / f"{n}{suffix}").read_bytes() for n in range(2)]
    assert files[0] == files[1]
    if suffix == ".svg":
        for words in (b"loss per sample", b"accuracy", b"validation", b"filters before", b"its feature maps"):
            assert words in files[0]


def test_a_picture_without_convolution_or_accuracy(tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install matplotlib")
    net = symcnn.Network((2,), [symcnn.Dense(1)])
    run = symcnn.train(net, ([[1.0, 2.0], [0.0, 1.0]], [[3.0], [1.5]]), epochs=2)
    assert b"accuracy" not in run.plot(tmp_path / "x.svg").read_bytes()


def test_a_mosaic_keeps_every_map_apart():
    from symcnn.train.plot_epochs import mosaic

    picture = mosaic(np.arange(6.0).reshape(6, 1, 1))
    assert np.array_equal(picture[0], [0, np.nan, 1, np.nan, 2, np.nan, 3], equal_nan=True)
    assert np.isnan(picture[1]).all()
    assert np.array_equal(picture[2], [4, np.nan, 5, np.nan, np.nan, np.nan, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "3 epochs in batches of 2, optimizer adam"), ("fr", "3 époques par lots")]
)
def test_a_report_tells_of_epochs_and_a_workbook_of_steps_only(net, data, tmp_path, lang, words):
    run = symcnn.train(net, data, batch_size=2, epochs=3, optimizer="adam")
    text = symcnn.write_report(net, tmp_path / "d.md", run=run, lang=lang).read_text("utf-8")
    assert words in text
    early = symcnn.train(net, data, batch_size=2, epochs=30, optimizer="adam", learning_rate=2, patience=2)
    assert early.last is not None
    told = symcnn.write_report(net, tmp_path / "e.md", run=early, lang=lang).read_text("utf-8")
    assert {"en": "those of epoch ", "fr": "ceux de l'époque "}[lang] + str(early.best_epoch) in told
    with pytest.raises(symcnn.InputError, match="run: trained by epochs"):
        symcnn.export_workbook(net, data, tmp_path / "c.xlsx", run=run)
    assert not (tmp_path / "c.xlsx").exists()


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("course", None), ("course", {}), ("course", {"seed": 1}), ("history", []), ("history", [[1.0, 0.5]]),
        ("history", [["a", 0.5, None, None]]), ("history", [[1.0, 1.5, None, None]]), ("history", {"a": 1}),
        ("stopped", "tired"),
    ],
)  # fmt: skip
def test_a_damaged_run_by_epochs(net, data, tmp_path, word, value):
    from symcnn.train.store import _checksum

    path = symcnn.train(net, data, epochs=1).save(tmp_path / "run.json")
    document = {**json.loads(path.read_text("utf-8")), word: value}
    rest = {k: v for k, v in document.items() if k not in ("format", "checksum")}
    path.write_text(json.dumps({**document, "checksum": _checksum(rest)}), "utf-8")
    with pytest.raises(symcnn.InputError, match=rf"run\.json: {word}"):
        symcnn.Run.load(path)


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
