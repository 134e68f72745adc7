"""The samples of a command: files of public data sets, their parts, and one sample of many."""

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook

import symcnn
from tests.network.test_idx import packed
from tests.test_cli import run
from tests.test_cli_training import NET, epochs_in, strokes

IMAGES, LABELS = strokes(40)
PIXELS = np.rint(IMAGES * 255).astype(np.uint8)
IDX = "t10k-images-idx3-ubyte.gz"
DIVIDED = "bytes are divided by 255, so that pixels lie from 0 to 1"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a network and its samples in several forms."""
    monkeypatch.chdir(tmp_path)
    Path("net.toml").write_text(NET, "utf-8")
    np.savez("data.npz", images=IMAGES, labels=LABELS)
    np.savez("parts.npz", x_train=PIXELS, y_train=LABELS, x_test=PIXELS[:9], y_test=LABELS[:9], x_val=PIXELS[:5],
             y_val=LABELS[:5])  # fmt: skip
    Path(IDX).write_bytes(gzip.compress(packed(PIXELS)))
    Path("t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(packed(LABELS.astype("u1"))))
    return tmp_path


def test_every_form_trains_alike(here, capsys):
    settings = ["--epochs", 2, "--hold-out", 0.25, "--seed", 3]
    Path("renamed.bin").write_bytes(Path("t10k-labels-idx1-ubyte.gz").read_bytes())
    expected = run("train", "net.toml", "--data", "data.npz", *settings, capsys=capsys)
    assert expected[0] == 0
    for options, hint in (
        (["parts.npz"], rf'parts.npz: x_train and y_train are read; also there: "val", "test" \(.*\); {DIVIDED}'),
        ([IDX], f"{IDX}: labels from t10k-labels-idx1-ubyte.gz; {DIVIDED}"),
        ([IDX, "--labels", "renamed.bin"], f"{IDX}: {DIVIDED}"),
    ):
        status, out, err = run("train", "net.toml", "--data", *options, *settings, capsys=capsys)
        assert (status, out) == (0, expected[1])
        assert re.fullmatch(f"symcnn: hint: {hint}\n", err), err


def test_validation_is_another_part(here, capsys):
    out, err = run(
        "train", "net.toml", "--data", "parts.npz", "--validation", "parts.npz", "--epochs", 1, capsys=capsys
    )[1:]
    assert "symcnn: hint: --validation: of parts.npz the part val\n" in err
    Path("mnist").mkdir()
    for name, count in (("train", 40), ("t10k", 5)):
        Path(f"mnist/{name}-images-idx3-ubyte").write_bytes(packed(PIXELS[:count]))
        Path(f"mnist/{name}-labels-idx1-ubyte").write_bytes(packed(LABELS[:count].astype("u1")))
    options = ["train", "net.toml", "--data", "mnist", "--validation", "mnist", "--epochs", 1]
    status, same, err = run(*options, capsys=capsys)
    assert (status, same) == (0, out), err
    assert "symcnn: hint: --validation: of mnist the part test\n" in err
    np.savez("valid.npz", images=IMAGES[:5], labels=LABELS[:5])
    expected = run("train", "net.toml", "--data", "data.npz", "--validation", "valid.npz", "--epochs", 1, capsys=capsys)
    assert epochs_in(out) == epochs_in(expected[1])
    status, out, err = run(
        "train", "net.toml", "--data", "parts.npz", "--part", "test", "--epochs", 0, "--batch-size", 4, "--save",
        "run.json", capsys=capsys,
    )  # fmt: skip
    assert (status, err) == (0, f"symcnn: hint: parts.npz: {DIVIDED}\n")
    assert np.array_equal(symcnn.Run.load("run.json").data.images, IMAGES[:9])


@pytest.mark.slow
@pytest.mark.parametrize("source", ["c.npz", pytest.param("run.json", marks=pytest.mark.slow)])
def test_one_sample_of_a_training_that_was_saved(here, capsys, source):
    learnt = symcnn.train(
        symcnn.read_network("net.toml")[0], (IMAGES, LABELS), epochs=2, batch_size=8, checkpoint="c.npz"
    )
    learnt.save("run.json")
    number = int(np.flatnonzero(LABELS == 1)[2]) + 1
    options = ["--data", IDX, "--sample", number, "--run", source]
    status, out, err = run("export", "net.toml", *options, "--steps", 2, "--out", "one.xlsx", capsys=capsys)
    assert (status, out) == (0, "one.xlsx\n"), err
    assert f"symcnn: sample {number} of 40, class 1\n" in err
    names = [f"i_{row}{column}_image1" for row in range(1, 5) for column in range(1, 5)]
    expected = [*IMAGES[number - 1].ravel().tolist(), learnt.parameters["f_111"]]
    assert values_in("one.xlsx", *names, "f_111") == expected
    out = run("explain", "f_111", *options, "--step", 1, capsys=capsys)[1]
    assert f"× {learnt.learning_rate:g}" in out or f"{learnt.learning_rate:g} ×" in out
    out = run("explain", "f_111", *options, "--step", 1, "--rate", 0.25, capsys=capsys)[1]
    assert "0.25 ×" in out
    out = run("explain", "f_111", *options, capsys=capsys)[1]
    assert f"{learnt.parameters['f_111']:.6g}"[:7] in out
    out = run("explain", "E", *options, capsys=capsys)[1]
    own = learnt.probabilities(IMAGES[[number - 1]])[0, 1]
    assert f"{-np.log(own):.6g}"[:6] in out
    if source == "c.npz":
        return
    status, out, err = run("report", *options, "--out", "one.md", capsys=capsys)
    assert status == 0, err
    assert f"sample {number} of 40" in err
    text = Path("one.md").read_text("utf-8")
    assert f"{own:.4f}"[:6] in text
    assert "Images shown here: 1." in text


def values_in(path, *names):
    """The cells of these names in a workbook."""
    book = load_workbook(path, data_only=True)
    places = [next(book.defined_names[name].destinations) for name in names]
    return [book[sheet][cell].value for sheet, cell in places]


@pytest.mark.slow
def test_samples_of_the_file_itself_may_be_chosen(here, capsys):
    status, _, err = run("export", "--sample", 2, "--sample", 1, "--steps", 1, capsys=capsys)
    assert (status, err) == (0, "symcnn: sample 2 of 2, circle\nsymcnn: sample 1 of 2, cross\n")
    net, data = symcnn.article.network(), symcnn.article.images()
    learnt = symcnn.train(net, data, steps=3)
    learnt.save("run.json")
    assert run("export", "--run", "run.json", "--out", "a.xlsx", capsys=capsys)[0] == 0
    symcnn.export_workbook(net, data, "b.xlsx", run=symcnn.Run.load("run.json"))
    assert Path("a.xlsx").read_bytes() == Path("b.xlsx").read_bytes()
    err = run("export", "--run", "run.json", "--rate", 1, "--out", "a.xlsx", capsys=capsys)[2]
    assert "--learning-rate: the training in --run has its own" in err
    # of one of its samples: what was learnt, and not that training, which was of both
    assert run("export", "--run", "run.json", "--sample", 2, "--steps", 1, "--out", "c.xlsx", capsys=capsys)[0] == 0
    row = [f"i_1{column}_image1" for column in (1, 2, 3)]
    assert values_in("c.xlsx", "f_12", *row) == [learnt.parameters["f_12"], *data.images[1][0].tolist()]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--data", IDX, "--sample", 0], "--sample 0: expected a whole number from 1 to 40"),
        (["--data", IDX, "--sample", 41], "--sample 41: expected a whole number from 1 to 40"),
        (["--data", "parts.npz", "--part", "test", "--sample", 10], "from 1 to 9"),
        (["--sample", 1], "net.toml: no samples; add"),
        (["--data", IDX, "--part", "test"], "--part: needs an .npz file or a folder of IDX files in --data"),
        (["--part", "test"], "--part: needs an .npz file"),
        (["--labels", IDX], "--labels: needs an IDX file of images in --data"),
        (["--data", "data.npz", "--labels", IDX], "data.npz: labels: is for IDX files"),
        (["--data", "data.npz", "--part", "test"], "data.npz: part='test': no such part"),
        (["--data", "t10k-labels-idx1-ubyte.gz"], "these are labels"),
        (["--data", IDX, "--run", "net.toml"], "net.toml: not JSON"),
        (["--data", IDX, "--run", "data.npz"], "data.npz: no settings in it; expected a checkpoint"),
        (["--run", "c.npz"], "c.npz: a checkpoint has no samples; add --data"),
        (
            ["--data", IDX, "--run", "other.npz"],
            "other.npz: was trained with a different network than net.toml",
        ),
        (["--data", IDX, "--run", "c.npz", "--seed", 1], "--seed: the training in --run has its own; leave it out"),
        (["--data", "gone-images-idx3"], "gone-images-idx3: no such file or folder"),
        (["--data", "cut-images-idx3"], "cut-images-idx3: damaged or cut off: 84 bytes, where its head says 40×4×4"),
    ],
)
def test_a_choice_that_cannot_be_made(here, capsys, options, words):
    symcnn.train(symcnn.read_network("net.toml")[0], (IMAGES, LABELS), epochs=1, checkpoint="c.npz")
    other = symcnn.Network((4, 4), [symcnn.Dense(2)], loss="cross_entropy")
    symcnn.train(other, (IMAGES, LABELS), epochs=1, checkpoint="other.npz")
    Path("cut-images-idx3").write_bytes(packed(PIXELS)[:100])
    before = sorted(Path().iterdir())
    for command in (["export", "--out", "o.xlsx"], ["report", "--out", "o.md"], ["explain", "f_111"]):
        status, out, err = run(*command, "net.toml", *options, capsys=capsys)
        assert (status, out) == (2, "")
        assert words in err.splitlines()[-1]
    assert sorted(Path().iterdir()) == before


def test_a_chart_of_more_than_eight_outputs(tmp_path):
    net = symcnn.Network((2, 2), [symcnn.Dense(10)], loss="cross_entropy")
    symcnn.export_workbook(net, (np.eye(4).reshape(4, 2, 2)[:2], [9, 3]), tmp_path / "w.xlsx", steps=2)
    assert (tmp_path / "w.xlsx").stat().st_size > 10_000
