"""A training as a picture."""

import numpy as np
import pytest

import symcnn
from symcnn.train.plot import mosaic
from tests.slow import rest_slow


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_a_plot_is_the_same_every_time(net, data, tmp_path, suffix):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed: pip install matplotlib")
    run = symcnn.train(net, data, steps=300)
    files = [run.plot(tmp_path / f"{n}{suffix}").read_bytes() for n in range(2)]
    assert files[0] == files[1]
    assert len(files[0]) > 5_000


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
    picture = mosaic(np.arange(6.0).reshape(6, 1, 1))
    assert np.array_equal(picture[0], [0, np.nan, 1, np.nan, 2, np.nan, 3], equal_nan=True)
    assert np.isnan(picture[1]).all()
    assert np.array_equal(picture[2], [4, np.nan, 5, np.nan, np.nan, np.nan, np.nan], equal_nan=True)
