from pathlib import Path

import numpy as np
import pytest

import symcnn

GOOD = """
input_shape = [3, 3]
loss = "half_squared_error"
[[layer]]
type = "Conv2D"
filters = 1
kernel_size = 2
bias = false
[[layer]]
type = "Flatten"
[[layer]]
type = "Dense"
units = 2
activation = "sigmoid"
[[layer]]
type = "Dense"
units = 2
activation = "sigmoid"
"""
SAMPLE = "[[sample]]\nimage = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]\ntarget = [1, 0]\n"

#: What is changed in a good file, and what the one line of the error must say.
BAD = [
    ("", "input_shape is missing", None),
    ("Conv2D", "layer 1: type='Conv3D': unknown; did you mean 'Conv2D'?", "Conv3D"),
    ('type = "Flatten"', "layer 2: type is missing; expected one of Conv2D, Dense", "size = 1"),
    ("filters = 1", "layer 1 (Conv2D): unknown word 'filter'", "filter = 1"),
    ("filters = 1", "layer 1 (Conv2D): filters is missing", ""),
    ("filters = 1", "layer 1: Conv2D(filters='one')", 'filters = "one"'),
    ("bias = false", "layer 1 (Conv2D): bias=0; expected true or false", "bias = 0"),
    ("kernel_size = 2", "layer 1: Conv2D(kernel_size=4): the input has 3 rows", "kernel_size = 4"),
    ("half_squared_error", "loss='squared': unknown", "squared"),
    ("input_shape = [3, 3]", "input_shape=[3, -3]", "input_shape = [3, -3]"),
    ("input_shape = [3, 3]", "unknown word 'inputshape'", "inputshape = [3, 3]\ninput_shape = [3, 3]"),
    ("units = 2", "not TOML", "units = = 2"),
    ('"half_squared_error"', "loss=['a']: unknown; expected one of", '["a"]'),
    ('activation = "sigmoid"', "layer 3: Dense(activation={'a': 1})", "activation = {a = 1}"),
    ('activation = "sigmoid"', "layer 3: Dense(activation='swish'): unknown; expected one of", 'activation = "swish"'),
    ("units = 2", "at most 5000000 in one array", "units = 1000000000"),
    ('type = "Dense"', "layer 3: type=['Dense']", 'type = ["Dense"]'),
]
BAD_SAMPLES = [
    ("sample 1: label=5", SAMPLE + "label = 5\n"),
    ("sample 1: label='\\x01'", SAMPLE + 'label = "\\u0001"\n'),
    ("sample 2: images: expected numbers", SAMPLE + "[[sample]]\nimage = [[1, 0], [0]]\ntarget = [1, 0]\n"),
    ("sample 1: image is missing", "[[sample]]\ntarget = [1, 0]\n"),
    ("sample 1: target is missing", "[[sample]]\nimage = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]\n"),
    ("unknown word 'label_'", SAMPLE + "label_ = 'x'\n"),
    ("sample 1: images of shape (1, 2, 2)", "[[sample]]\nimage = [[1, 0], [0, 1]]\ntarget = [1, 0]\n"),
    (
        "sample 1: targets of shape (1, 3)",
        "[[sample]]\nimage = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]\ntarget = [1, 0, 0]\n",
    ),
    ("is nan; expected a finite number", "[[sample]]\nimage = [[nan, 0, 1], [0, 1, 0], [1, 0, 1]]\ntarget = [1, 0]\n"),
    ("images: expected numbers", '[[sample]]\nimage = [["a", 0, 1], [0, 1, 0], [1, 0, 1]]\ntarget = [1, 0]\n'),
    ("images: expected numbers", "[[sample]]\nimage = [[1, 0], [0, 1, 0], [1, 0, 1]]\ntarget = [1, 0]\n"),
    ("sample: expected tables", "sample = 3\n"),
]


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_a_network_file_says_the_same_as_python(tmp_path):
    net, data = symcnn.read_network(write(tmp_path / "net.toml", GOOD + SAMPLE))
    assert net == symcnn.article.network()
    assert data is not None
    by_class = symcnn.read_network(write(tmp_path / "by_class.toml", GOOD + SAMPLE.replace("[1, 0]\n", "0\n")))[1]
    assert np.array_equal(by_class.targets, [[1, 0]])
    assert data.targets.tolist() == [[1, 0]]
    assert data.labels is None


@pytest.mark.parametrize(("old", "message", "new"), BAD)
def test_a_bad_file_is_one_clear_line(tmp_path, old, message, new):
    text = "" if new is None else GOOD.replace(old, new, 1)
    path = write(tmp_path / "net.toml", text)
    with pytest.raises(symcnn.SymcnnError) as error:
        symcnn.read_network(path)
    assert message in str(error.value), error.value
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("message", "sample"), BAD_SAMPLES)
def test_bad_samples_are_one_clear_line(tmp_path, message, sample):
    text = sample + GOOD if sample.startswith("sample") else GOOD + sample
    with pytest.raises(symcnn.InputError) as error:
        symcnn.read_network(write(tmp_path / "net.toml", text))
    assert message in str(error.value), error.value


def test_what_is_no_text_or_no_file(tmp_path):
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "binary.toml", tmp_path / "missing.toml", tmp_path):
        with pytest.raises(symcnn.InputError, match="expected a network file"):
            symcnn.read_network(path)


def test_a_file_is_told_in_its_own_words(tmp_path):
    path = write(tmp_path / "net.toml", GOOD[: GOOD.index("[[layer]]")] + '[[layer]]\ntype = "MaxPool2D"\nsize = 2\n')
    with pytest.raises(symcnn.InputError, match=r'net\.toml: layers: none has parameters.*, or set loss = "none"'):
        symcnn.read_network(path)
