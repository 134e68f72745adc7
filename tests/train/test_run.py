"""What a training gives back."""

import numpy as np
import pytest

import symcnn


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
