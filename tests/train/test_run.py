"""What a training gives back."""

import importlib
import pickle

import numpy as np
import pytest

import symcnn
from symcnn.errors import SymcnnWarning


def test_a_run_predicts_any_image(net, data):
    run = symcnn.train(net, data, steps=500)
    assert run.predict(data.images[:1]).shape == (1, 2)
    assert "500 steps" in repr(run)


def test_the_parameters_after_some_steps_are_walked_to_again(net, data):
    for reduction in ("sum", "mean"):
        run = symcnn.train(net, data, steps=70, reduction=reduction, seed=2)
        settings = {"reduction": reduction, "seed": 2, "backend": run.backend}
        for k, theta in zip((0, 1, 3, 69), run.parameters_after((0, 1, 3, 69)), strict=True):
            assert np.array_equal(theta, symcnn.train(net, data, steps=k, **settings).theta)
        assert np.array_equal(run.parameters_after([70])[0], run.theta)
    with pytest.raises(symcnn.InputError, match="parameters_after: trained by epochs"):
        symcnn.train(net, data, epochs=1).parameters_after([0])


def test_earlier_names_go_on_working(net, data):
    from symcnn.train import Course, TrainConfig

    run = symcnn.train(net, data, epochs=1, batch_size=1, seed=3)
    assert Course is TrainConfig
    assert run.course == Course("sgd", 1, 0.2, "mean", "float64", 3)


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
        with pytest.raises(symcnn.InputError, match="a different network"):
            use(*arguments, tmp_path / ("x.xlsx" if use is symcnn.export_workbook else "x.md"), run=run)


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


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "3 epochs, batch size 2, optimizer adam"), ("fr", "3 époques, lots de 2")]
)
def test_a_report_tells_of_epochs_and_a_workbook_of_steps_only(net, data, tmp_path, lang, words):
    run = symcnn.train(net, data, batch_size=2, epochs=3, optimizer="adam")
    text = symcnn.write_report(net, tmp_path / "d.md", run=run, lang=lang).read_text("utf-8")
    assert words in text
    early = symcnn.train(net, data, batch_size=2, epochs=30, optimizer="adam", learning_rate=2, patience=2)
    assert early.last is not None
    told = symcnn.write_report(net, tmp_path / "e.md", run=early, lang=lang).read_text("utf-8")
    assert {"en": "those of epoch ", "fr": "ceux de l’époque "}[lang] + str(early.best_epoch) in told
    with pytest.raises(symcnn.InputError, match="run: trained by epochs"):
        symcnn.export_workbook(net, data, tmp_path / "c.xlsx", run=run)
    assert not (tmp_path / "c.xlsx").exists()


# --- what users of Keras, scikit-learn and pandas try first ----------------------------------------------------------

DIGITS = symcnn.Network((4, 4), [symcnn.Conv2D(2, 3), symcnn.Activation("relu"), symcnn.Dense(3)], "cross_entropy")
X = np.random.default_rng(0).uniform(size=(12, 4, 4))
Y = np.arange(12) % 3


def test_images_and_targets_are_two_arguments(net, data):
    whole = symcnn.train(DIGITS, (X, Y), epochs=2)
    for run in (
        symcnn.train(DIGITS, X, Y, epochs=2),
        symcnn.train(DIGITS, X.tolist(), np.eye(3)[Y], epochs=2),
        symcnn.train(DIGITS, X.reshape(12, 16), y=Y, n_epochs=2),
        symcnn.train(model=DIGITS, X=X, y=Y, num_epochs=2, batch=12, lr=0.2, random_state=0, optimizer="SGD"),
    ):
        assert np.array_equal(run.theta, whole.theta)
    by_class = symcnn.train(net, data.images, [0, 1], steps=3, optimizer="SGD")
    assert by_class.course is None
    assert np.array_equal(by_class.theta, symcnn.train(net, data, steps=3).theta)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((DIGITS, X), "data of type ndarray: .*; the targets are missing"),
        ((DIGITS, symcnn.Data(X, Y), Y), "targets: symcnn.Data has targets of its own"),
        (((X, Y), DIGITS), "network of type tuple: expected symcnn.Network"),
        (("net.toml", X, Y), "network of type str: expected symcnn.Network"),
        ((DIGITS, X, Y[:5]), r"targets of shape \(5, 3\): expected \(12, 3\), one row"),
    ],
)
def test_arguments_in_another_order_or_number_are_refused(arguments, message):
    with pytest.raises(symcnn.InputError, match=message):
        symcnn.train(*arguments)


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        ({"loss": "mse"}, symcnn.InputError, r"it belongs to the network: symcnn\.Network\(…, loss=…\)"),
        ({"verbose": 1}, symcnn.InputError, "each_epoch=print shows every epoch"),
        ({"validation_split": 0.2}, symcnn.InputError, r"symcnn\.Data\(images, targets\)\.split\(0\.2\)"),
        ({"callbacks": []}, symcnn.InputError, "patience=… stops early"),
        ({"weight_decay": 0.1}, symcnn.NotSupportedYetError, "no penalty on weights"),
        ({"epoch": 3}, symcnn.InputError, "train: unknown word 'epoch'; did you mean 'epochs'"),
        ({"lr": 1, "learning_rate": 2}, symcnn.InputError, "train: learning_rate and learning_rate mean|mean the same"),
        ({"optimizer": "AdamW"}, symcnn.InputError, "optimizer='AdamW': unknown; did you mean 'adam'?"),
    ],
)
def test_words_of_other_libraries_are_answered_with_ours(words, kind, message):
    with pytest.raises(kind, match=message):
        symcnn.train(DIGITS, X, Y, **words)


@pytest.mark.parametrize(
    ("thing", "name", "message"),
    [
        ("network", "fit", r"write run = symcnn\.train\(network, images, targets\)"),
        ("network", "predict", r"a network has no weights: .* then run\.predict\(images\)"),
        ("run", "predict_proba", r"write run\.probabilities\(images\)"),
        ("run", "evaluate", r"write run\.score\(images, targets\)"),
        ("run", "weights", r"write run\.parameters, or run\.theta"),
    ],
)
def test_attributes_of_other_libraries_are_answered_with_ours(thing, name, message):
    run = symcnn.train(DIGITS, X, Y, epochs=0)
    owner = run if thing == "run" else DIGITS
    assert not hasattr(owner, name)
    with pytest.raises(AttributeError, match=f"'{type(owner).__name__}' object has no attribute '{name}'; {message}"):
        getattr(owner, name)
    with pytest.raises(AttributeError, match=f"'{type(owner).__name__}' object has no attribute 'nonsense'$"):
        _ = owner.nonsense


def test_the_history_has_rows_and_columns():
    run = symcnn.train(DIGITS, X[:8], Y[:8], epochs=3, validation_data=(X[8:], Y[8:]))
    assert list(run.history.keys()) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert run.history["val_loss"] == [epoch.validation_loss for epoch in run.history] == run.history["validation_loss"]
    assert dict(run.history) == run.history.history == dict(run.history.items())
    assert ([type(v) for v in run.history["accuracy"]], len(run.history)) == ([float] * 4, 4)
    assert run.history[-1] == run.history[3] == run.history[2:][1]
    assert ("loss" in run.history, "lr" in run.history, run.history[1] in run.history) == (True, False, True)
    assert repr(run.history).startswith("History(4 rows: loss ")
    again = pickle.loads(pickle.dumps(run))
    assert again.history == run.history == tuple(run.history)
    with pytest.raises(IndexError):
        _ = run.history[4]


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_training_by_steps_has_a_history_too(net, data, reduction):
    run = symcnn.train(net, data, steps=30, reduction=reduction)
    assert run.history["loss"] == run.loss.tolist()
    assert (len(run.history), run.history[30].number, run.measured.loss) == (31, 30, run.loss[-1])
    assert pickle.loads(pickle.dumps(run)).history == run.history
    with pytest.raises(KeyError, match=r"^history\['val_loss'\]: .*; a training with validation=… measures it$"):
        _ = run.history["val_loss"]
    with pytest.raises(
        symcnn.InputError, match=r"with epochs=… measures it, where the targets are classes; run\.score"
    ):
        _ = run.history["accuracy"]
    with pytest.raises(symcnn.InputError, match=r"history\['los'\]: unknown; did you mean 'loss'"):
        _ = run.history["los"]


def test_a_training_that_got_worse_says_so():
    with pytest.warns(SymcnnWarning, match=r"the loss rose from \S+ to \S+ on .* by epochs \(epochs=20\)"):
        symcnn.train(DIGITS, np.tile(X, (20, 1, 1)), np.tile(Y, 20), steps=1)
    hint = r'every one of 10,000 steps takes all 72 samples, .*: epochs=20, batch_size=64, optimizer="adam"'
    with pytest.warns(SymcnnWarning, match=hint):
        symcnn.train(DIGITS, np.tile(X, (6, 1, 1)), np.tile(Y, 6), stop_below=1e9)
    symcnn.train(
        DIGITS, np.tile(X, (20, 1, 1)), np.tile(Y, 20), steps=1, learning_rate=0.5
    )  # whoever chooses a rate sees the losses


def test_score_and_classes_are_in_the_words_of_the_targets():
    names = np.array(["ant", "bee", "cat"])
    numbered = symcnn.train(DIGITS, X, Y, epochs=60, optimizer="adam", lr=0.1)
    named = symcnn.train(DIGITS, X, names[Y], epochs=60, optimizer="adam", lr=0.1, validation=(X[:2], ["ant", "bee"]))
    numbers = numbered.predict_classes(X)
    assert np.array_equal(numbers, numbered.predict(X).argmax(axis=1))
    assert np.array_equal(named.predict_classes(X), names[numbers])
    assert numbered.score(X, Y) == numbered.accuracy() == np.mean(numbers == Y) > 0.6
    assert named.score(X, names[Y]) == named.score() == numbered.score((X, Y))
    right = numbers == Y
    for some in (X[right], Y[right]), (X[Y == 1], Y[Y == 1]):  # also where a class is missing
        assert named.score(some[0], names[some[1]]) == numbered.score(*some)
    with pytest.raises(symcnn.InputError, match="names of 2 classes"):
        named.score(X[:2], ["ant", "wasp"])
    for run in (symcnn.train(symcnn.Network((2,), [symcnn.Dense(1)]), [[1, 0], [0, 1]], [3, 4], steps=1),):
        for use in (run.score, lambda run=run: run.predict_classes([[1, 0]])):
            with pytest.raises(symcnn.InputError, match="tell no classes apart"):
                use()
    one = symcnn.train(symcnn.Network((1,), [symcnn.Dense(1, "sigmoid")]), [[-1], [1]], [0, 1], steps=90)
    assert one.predict_classes([[-5], [5]]).tolist() == [0, 1]


def test_a_history_as_a_frame_of_pandas(net, data, monkeypatch):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: pip install pandas")
    frame = symcnn.train(DIGITS, X, Y, epochs=2, validation=(X, Y)).to_frame()
    assert (frame.index.name, frame.shape) == ("epoch", (3, 4))
    run = symcnn.train(net, data, steps=5)
    expected = pandas.DataFrame({"loss": run.loss}, index=pandas.RangeIndex(6, name="step"))
    pandas.testing.assert_frame_equal(run.to_frame(), expected)
    monkeypatch.setattr(importlib.import_module("symcnn.train.run"), "find_spec", lambda name: None)
    with pytest.raises(symcnn.InputError, match=r'^to_frame: needs pandas: .* -m pip install "pandas>='):
        run.to_frame()
