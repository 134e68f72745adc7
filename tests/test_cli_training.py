"""``symcnn train`` by epochs and ``symcnn predict``, as a user meets them."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import symcnn
from symcnn.cli import main
from symcnn.errors import install_command
from symcnn.numeric.cache import compiled, numba_is_there
from symcnn.train import load_checkpoint, plot, store
from symcnn.train.settings import FULL_BATCH_RATE, RATES
from tests.test_cli import run
from tests.tools.pictures import ink, write_png
from tests.train.test_trainer import LINE

NET = """
input_shape = [4, 4]
loss = "cross_entropy"
[[layer]]
type = "Conv2D"
filters = 6
kernel_size = 2
[[layer]]
type = "Activation"
kind = "relu"
[[layer]]
type = "Dense"
units = 2
"""


def strokes(count, seed=0):
    """Images of a horizontal or a vertical stroke, and which."""
    rng = np.random.default_rng(seed)
    images, labels = np.zeros((count, 4, 4)), rng.integers(0, 2, count)
    for image, label in zip(images, labels, strict=True):
        (image if label == 0 else image.T)[rng.integers(0, 4)] = 1
    return images, labels


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.toml").write_text(NET, "utf-8")
    images, labels = strokes(60)
    np.savez("data.npz", images=images, labels=labels)
    rows = [",".join(map(str, [*image.ravel(), label])) for image, label in zip(images, labels, strict=True)]
    Path("data.csv").write_text("\n".join(rows), "utf-8")
    return tmp_path


def epochs_in(out):
    """The lines of the epochs: number -> the figures beside it."""
    lines = re.findall(r"^ *(\d+)  +(.*)$", out, re.MULTILINE)
    return {int(number): figures.replace(" %", "%").split() for number, figures in lines}


def test_every_epoch_is_a_line_and_the_network_learns(here, capsys):
    status, out, err = run(
        "train", "net.toml", "--data", "data.npz", "--hold-out", "0.25", "--epochs", 60, "--batch-size", 4,
        "--optimizer", "adam", "--save", "run.json", "--checkpoint", "c.npz", capsys=capsys,
    )  # fmt: skip
    assert status == 0, err
    assert err == ""
    lines = epochs_in(out)
    assert list(lines) == list(range(61))
    assert all(len(figures) == 4 for figures in lines.values())
    assert lines[60][1] == "100.00%"
    assert "60: adam, rate 0.005, batches of 4, mean, float64" in out
    assert out.strip().endswith("run.json\nc.npz")
    assert len(json.loads(Path("run.json").read_text("utf-8"))["history"]) == 61


def test_csv_and_npz_are_the_same_samples(here, capsys):
    outs = [
        run("train", "net.toml", "--data", name, "--epochs", 2, capsys=capsys)[1] for name in ("data.npz", "data.csv")
    ]
    assert outs[0] == outs[1]
    assert "batches of 64" in outs[0]


def test_resumed_it_walks_as_if_it_had_never_stopped(here, capsys):
    settings = ["--data", "data.npz", "--validation", "data.csv", "--batch-size", "8", "--optimizer", "momentum"]
    whole = run("train", "net.toml", *settings, "--epochs", 4, "--checkpoint", "whole.npz", capsys=capsys)[1]
    run("train", "net.toml", *settings, "--epochs", 2, "--checkpoint", "c.npz", capsys=capsys)
    status, out, err = run(
        "train", "--data", "data.npz", "--validation", "data.csv", "--epochs", 4, "--resume", "c.npz", "--checkpoint",
        "c.npz", capsys=capsys,
    )  # fmt: skip
    assert status == 0, err
    assert epochs_in(out) == {n: epochs_in(whole)[n] for n in (3, 4)}
    assert Path("c.npz").read_bytes() == Path("whole.npz").read_bytes()
    _, _, err = run("train", "--data", "data.npz", "--resume", "c.npz", "--epochs", 5, capsys=capsys)
    assert "a checkpoint of other samples" in err
    _, _, err = run("train", "--resume", "c.npz", "--epochs", 5, capsys=capsys)
    assert "a checkpoint has no samples; add --data" in err


def test_a_saved_run_goes_on_with_its_settings(here, capsys):
    run("train", "net.toml", "--data", "data.npz", "--batch-size", 16, "--optimizer", "adam", "--epochs", 1, "--save",
        "run.json", capsys=capsys)  # fmt: skip
    status, out, err = run("train", "--resume", "run.json", "--epochs", 1, "--rate", 0.01, capsys=capsys)
    assert status == 0, err
    assert "1: adam, rate 0.01, batches of 16, mean, float64" in out


def test_a_folder_of_pictures_teaches_and_predict_names_the_class(here, capsys):
    images, labels = strokes(40)
    for n, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = Path("strokes", "across" if label == 0 else "upright")
        folder.mkdir(parents=True, exist_ok=True)
        write_png(folder / f"{n}.png", ink(image))
    main(["train", "net.toml", "--data", "strokes", "--epochs", "40", "--batch-size", "4", "--optimizer", "adam",
          "--save", "run.json", "--checkpoint", "c.npz"])  # fmt: skip
    capsys.readouterr()
    picture = next(Path("strokes", "upright").iterdir())
    for trained in ("run.json", "c.npz"):
        status, out, err = run("predict", trained, picture, capsys=capsys)
        assert status == 0, err
        cells = [cell.strip() for cell in out.split("\n")[3].split("│")]
        assert cells[2] == "upright"
        assert 0.9 < float(cells[3]) <= 1
        assert cells[4] == "across"
    assert load_checkpoint("c.npz").classes == ("across", "upright")


def test_steps_on_a_data_file_are_the_full_batch(here, capsys):
    _, out, _ = run("train", "net.toml", "--data", "data.npz", "--steps", 5, "--backend", "numpy", capsys=capsys)
    assert "5 (stopped at the step limit)" in out
    assert "epoch" not in out


def test_patience_and_a_diverging_loss(here, capsys):
    _, out, _ = run(
        "train", "net.toml", "--data", "data.npz", "--epochs", 500, "--patience", 1, "--optimizer", "adam", "--rate",
        0.5, capsys=capsys,
    )  # fmt: skip
    assert "(stopped: no further improvement)" in out
    net = '[[layer]]\ntype = "Dense"\nunits = 1\n'
    Path("line.toml").write_text(f"input_shape = [2]\n{net}", "utf-8")
    np.savez("line.npz", images=LINE[0], targets=LINE[1])
    status, _, err = run("train", "line.toml", "--data", "line.npz", "--rate", 1e9, "--epochs", 99, capsys=capsys)
    assert status == 2
    assert re.search(r"epoch \d+.* with learning_rate=1e\+09: training diverged", err)


def test_samples_that_could_not_be_saved_are_refused_before_the_training(here, capsys, monkeypatch):
    monkeypatch.setattr(store, "MAX_BYTES", 1_000)
    status, out, err = run("train", "net.toml", "--data", "data.npz", "--save", "run.json", capsys=capsys)
    assert status == 2
    assert not out
    assert "at most 1000 can be read back; write a checkpoint instead" in err


def test_the_help_tells_the_rates(capsys):
    out = " ".join(run("train", "--help", capsys=capsys)[1].split())
    assert f"[default: {FULL_BATCH_RATE}; with epochs" in out
    assert all(f"{rate} for {name}" in out for name, rate in RATES.items())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data", "data.npz", "--checkpoint", "data.npz"],
        ["--data", "data.npz", "--checkpoint", "link.npz"],
        ["--data", "data.csv", "--validation", "data.npz", "--checkpoint", "./data.npz"],
        ["--data", "data.npz", "--checkpoint", "mine.npz"],
        ["--resume", "run.json", "--epochs", "2", "--save", "run.json"],
        ["--data", "pictures", "--plot", "pictures/a/1.png"],
    ],
)
def test_nothing_that_is_read_is_written_over(here, capsys, arguments):
    run("train", "net.toml", "--data", "data.npz", "--epochs", 1, "--save", "run.json", capsys=capsys)
    Path("link.npz").symlink_to("data.npz")
    np.savez("mine.npz", work=np.arange(5))
    Path("pictures", "a").mkdir(parents=True)
    write_png(Path("pictures", "a", "1.png"), ink(np.ones((4, 4))))
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    status, out, err = run("train", "net.toml", *arguments, capsys=capsys)
    assert status == 2
    assert not out
    assert re.search(
        r"is also an input of this command|something else than a checkpoint|is inside the input folder", err
    )
    assert err.count("\n") == 1
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def pictures_of(folder, **classes):
    """A folder with images of one stroke each: class -> the row that is black."""
    for name, row in classes.items():
        Path(folder, name).mkdir(parents=True)
        for n in range(3):
            image = np.full((4, 4), n / 10)
            image[row] = 1
            write_png(Path(folder, name, f"{n}.png"), ink(image))


def test_a_validation_folder_of_other_classes_is_refused(here, capsys):
    pictures_of("train", cat=0, dog=3)
    pictures_of("valid", bird=1, cat=0)
    pictures_of("same", cat=0, dog=3)
    status, out, err = run("train", "net.toml", "--data", "train", "--validation", "valid", capsys=capsys)
    assert (status, out) == (2, "")
    assert "validation: its classes are bird, cat; expected those of the training: cat, dog" in err
    assert run("train", "net.toml", "--data", "train", "--validation", "same", "--epochs", 1, capsys=capsys)[0] == 0
    net, folders = symcnn.read_network("net.toml")[0], ("train", "valid")
    trained, other = (symcnn.read_data(folder, net) for folder in folders)
    with pytest.raises(symcnn.InputError, match="bird, cat; expected those of the training: cat, dog"):
        symcnn.train(net, trained, epochs=1).accuracy(other)


def test_a_resumed_training_asks_for_what_it_is_told(here, capsys):
    settings = ["--data", "data.npz", "--hold-out", 0.25]
    run("train", "net.toml", *settings, "--optimizer", "adam", "--dtype", "float32", "--seed", 5, "--epochs", 1,
        "--checkpoint", "c.npz", capsys=capsys)  # fmt: skip
    resume = ["train", *settings, "--resume", "c.npz", "--epochs", 2]
    for option, value in (("--optimizer", "sgd"), ("--dtype", "float64")):
        status, _, err = run(*resume, option, value, capsys=capsys)
        assert status == 2
        assert f"c.npz: {option[2:]}='{value}': the checkpoint was trained with" in err
    status, out, err = run(*resume, capsys=capsys)
    assert (status, err) == (0, "")
    assert "2: adam, rate 0.005, batches of 64, mean, float32" in out


def test_a_share_that_cannot_be_names_its_option(here, capsys):
    _, _, err = run("train", "net.toml", "--data", "data.npz", "--hold-out", 0, capsys=capsys)
    assert "symcnn: --hold-out: share 0.0 of 60 samples" in err


def test_a_plot_without_matplotlib_is_refused_before_the_training(here, capsys, monkeypatch):
    monkeypatch.setattr(plot, "find_spec", lambda name: None)
    status, out, err = run("train", "net.toml", "--data", "data.npz", "--plot", "p.png", capsys=capsys)
    assert (status, out) == (2, "")
    assert err == f"symcnn: p.png: plots need matplotlib: {install_command('matplotlib')}\n"


def cells_of(out):
    """Heads and rows of a table."""
    lines = [re.split("[│┃]", line)[1:-1] for line in out.split("\n") if line[:1] in "│┃" and line]
    return [[cell.strip() for cell in line] for line in lines]


@pytest.mark.parametrize("trained", ["run.json", "c.npz"])
@pytest.mark.parametrize(
    ("loss", "activation", "heads"),
    [
        ("binary_cross_entropy", 'activation = "sigmoid"', ["image", "o_1", "class", "probability"]),
        ("half_squared_error", "", ["image", "o_1", "class"]),
    ],
)
def test_one_output_tells_two_classes_apart(here, capsys, trained, loss, activation, heads):
    pictures_of("animals", cat=0, dog=3)
    layer = f'[[layer]]\ntype = "Dense"\nunits = 1\n{activation}\n'
    Path("one.toml").write_text(f'input_shape = [4, 4]\nloss = "{loss}"\n{layer}', "utf-8")
    run("train", "one.toml", "--data", "animals", "--epochs", 60, "--optimizer", "adam", "--rate", 0.05, "--save",
        "run.json", "--checkpoint", "c.npz", capsys=capsys)  # fmt: skip
    status, out, err = run("predict", trained, "animals/cat/0.png", "animals/dog/1.png", capsys=capsys)
    assert (status, err) == (0, "")
    table = cells_of(out)
    assert table[0] == heads
    assert [row[2] for row in table[1:]] == ["cat", "dog"]
    if "probability" in heads:
        (cat, dog) = ([float(row[n]) for n in (1, 3)] for row in table[1:])
        assert abs(cat[0] + cat[1] - 1) < 1e-3
        assert abs(dog[0] - dog[1]) < 1e-3
        assert min(cat[1], dog[1]) > 0.5


def test_one_output_of_no_classes_is_only_shown(here, capsys):
    Path("line.toml").write_text('input_shape = [2]\n[[layer]]\ntype = "Dense"\nunits = 1\n', "utf-8")
    np.savez("line.npz", images=LINE[0], targets=LINE[1])
    Path("x.csv").write_text("1,2\n")
    run("train", "line.toml", "--data", "line.npz", "--epochs", 1, "--save", "run.json", capsys=capsys)
    status, out, _ = run("predict", "run.json", "x.csv", capsys=capsys)
    assert status == 0
    assert cells_of(out)[0] == ["image", "o_1"]


def test_a_saved_run_of_another_network_is_named(here, capsys):
    run("train", "net.toml", "--data", "data.npz", "--epochs", 1, "--save", "k.json", capsys=capsys)
    Path("other.toml").write_text(NET.replace("filters = 6", "filters = 5"), "utf-8")
    status, _, err = run("train", "other.toml", "--data", "data.npz", "--resume", "k.json", capsys=capsys)
    assert status == 2
    assert err == "symcnn: k.json: was trained with a different network than other.toml\n"


@pytest.mark.skipif(not numba_is_there(), reason="numba is not installed: pip install numba")
def test_a_first_run_with_numba_says_what_it_waits_for(here, capsys, monkeypatch):
    monkeypatch.setenv("SYMCNN_CACHE", str(here / "cache"))
    compiled.cache_clear()
    arguments = ("train", "net.toml", "--data", "data.npz", "--epochs", 1, "--backend", "numba")
    status, _, err = run(*arguments, capsys=capsys)
    assert (status, err.count("\n")) == (0, 1), err
    assert err.startswith("numba compiles this network's program")
    for _ in range(2):  # from this process, and from the cache
        status, _, err = run(*arguments, capsys=capsys)
        assert (status, err) == (0, "")
        compiled.cache_clear()


def test_an_early_stop_says_whose_parameters_it_keeps(here, capsys):
    images, labels = strokes(20, seed=9)
    np.savez("wrong.npz", images=images, labels=1 - labels)
    status, out, err = run(
        "train", "net.toml", "--data", "data.npz", "--validation", "wrong.npz", "--epochs", 50, "--optimizer", "adam",
        "--batch-size", 8, "--patience", 2, "--save", "run.json", capsys=capsys,
    )  # fmt: skip
    assert status == 0, err
    saved = symcnn.Run.load("run.json")
    assert saved.stopped == "patience"
    assert f"of epoch {saved.best_epoch}, where the loss was lowest" in out
    assert f"→ {saved.measured.loss:.6g}"[:6] in out


def test_the_class_of_a_csv_is_where_it_is_said(here, capsys):
    images, labels = strokes(60)
    rows = [",".join(map(str, [label, *image.ravel()])) for image, label in zip(images, labels, strict=True)]
    Path("first.csv").write_text("\n".join(rows), "utf-8")
    settings = ["--data", "first.csv", "--epochs", 2]
    assert (
        run("train", "net.toml", *settings, "--label-column", "first", capsys=capsys)[1]
        == run("train", "net.toml", "--data", "data.csv", "--epochs", 2, capsys=capsys)[1]
    )
    Path("head.csv").write_text(",".join(["9", *map(str, range(16))]) + "\n" + "\n".join(rows), "utf-8")
    out = run("train", "net.toml", "--data", "head.csv", "--validation", "data.npz", "--header", "--label-column",
              "first", "--epochs", 2, capsys=capsys)[1]  # fmt: skip
    assert epochs_in(out)[2][1] == epochs_in(out)[2][3]
    for option, words in (
        ("--label-column=2", "needs a .csv file in"),
        ("--header", "needs a .csv file in"),
        ("--ink=white", "a folder"),
    ):
        status, out, err = run("train", "net.toml", "--data", "data.npz", option, capsys=capsys)
        assert (status, out) == (2, "")
        assert words in err


def answers(out):
    """The cells of a table without the names of the files."""
    return [cells[1:] for cells in cells_of(out)]


def test_the_ink_of_a_training_is_remembered(here, capsys):
    images, labels = strokes(20)
    for n, (image, label) in enumerate(zip(images, labels, strict=True)):
        for folder, values in (("black", ink(image)), ("white", 255 - ink(image))):
            Path(folder, str(label)).mkdir(parents=True, exist_ok=True)
            write_png(Path(folder, str(label), f"{n}.png"), values)
    settings = ["train", "net.toml", "--epochs", 3, "--save"]
    black = run(*settings, "black.json", "--data", "black", capsys=capsys)
    white = run(*settings, "white.json", "--data", "white", "--ink", "white", capsys=capsys)
    assert black[1].replace("black.json", "white.json") == white[1]
    assert black[2] == white[2] == ""
    runs = {name: symcnn.Run.load(f"{name}.json") for name in ("black", "white")}
    assert [found.ink for found in runs.values()] == ["black", "white"]
    assert np.array_equal(runs["black"].theta, runs["white"].theta)
    run("train", "net.toml", "--epochs", 3, "--data", "white", "--ink", "white", "--checkpoint", "c.npz", capsys=capsys)
    picture = next(Path("white", "0").iterdir())
    expected = run("predict", "black.json", Path("black", *picture.parts[1:]), capsys=capsys)
    for trained in ("white.json", "c.npz"):
        for option in ([], ["--ink", "white"]):
            seen = run("predict", trained, picture, *option, capsys=capsys)
            assert (seen[0], seen[2]) == (0, "")
            assert answers(seen[1]) == answers(expected[1])
    other = run("predict", "white.json", Path("black", *picture.parts[1:]), "--ink", "black", capsys=capsys)
    assert answers(other[1]) == answers(expected[1])
    assert other[2] == "symcnn: hint: --ink black: it was trained on pictures with --ink white\n"
    # going on, from either file, reads the folder as before
    status, _, err = run("train", "--resume", "c.npz", "--data", "white", "--epochs", 4, capsys=capsys)
    assert (status, err) == (0, "")
    run("train", "--resume", "white.json", "--data", "white", "--epochs", 1, "--save", "more.json", capsys=capsys)
    assert symcnn.Run.load("more.json").ink == "white"
    assert np.array_equal(symcnn.Run.load("more.json").data.images, runs["white"].data.images)
    Path("x.csv").write_text("0,0,0,0\n" * 4)
    assert "--ink: is for PNG images" in run("predict", "white.json", "x.csv", "--ink", "white", capsys=capsys)[2]


def test_the_ink_of_pillows_images_is_remembered(here):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
    pixels, labels = strokes(6)
    pictures = [image.fromarray(255 - ink(values)) for values in pixels]
    network = symcnn.read_network("net.toml")[0]
    made = symcnn.train(network, symcnn.Data(pictures, labels, ink="white"), epochs=2, backend="expressions")
    assert made.ink == "white"
    assert np.array_equal(made.predict(pictures), made.predict(pixels))
    assert np.array_equal(made.probabilities(pictures[0]), made.probabilities(pixels[:1]))
    assert made.accuracy((pictures, labels)) == made.accuracy((pixels, labels))
    part, rest = symcnn.Data(pictures, labels, ink="white").split(0.5)
    assert symcnn.train(network, part, epochs=0, backend="expressions").ink == "white"
    assert (rest.ink, symcnn.train(network, (pixels, labels), epochs=0, backend="expressions").ink) == ("white", None)


def test_runs_that_know_no_ink_and_wrong_ones(here, capsys):
    images, labels = strokes(6)
    made = symcnn.train(symcnn.read_network("net.toml")[0], (images, labels), epochs=1, backend="expressions")
    assert "ink" not in json.loads(made.save("r.json").read_text())
    write_png(Path("x.png"), ink(images[0]))
    assert run("predict", "r.json", "x.png", capsys=capsys)[0] == 0
    for value in ("white", "green", 3):
        document = json.loads(Path("r.json").read_text()) | {"ink": value}
        content = {k: v for k, v in document.items() if k not in ("format", "checksum")}
        Path("t.json").write_text(json.dumps(document))
        assert "checksum" in run("predict", "t.json", "x.png", capsys=capsys)[2]
        Path("t.json").write_text(json.dumps(document | {"checksum": store.checksum_of_words(content)}))
        status, _, err = run("predict", "t.json", "x.png", capsys=capsys)
        assert status == (0 if value == "white" else 2)
        assert value == "white" or "expected one of black, white" in err


def test_pictures_on_another_scale_than_the_samples_are_said(here, capsys):
    """Trained on 0 to 16 or to 255, or on standardized numbers: a PNG is from 0 to 1."""
    images, labels = strokes(6)
    write_png(Path("x.png"), ink(images[0]))
    Path("x.csv").write_text("0,0,0,0\n" * 4)
    for scale, words in ((1, ""), (16, "up to 16"), (255, "up to 255"), (-3, "up to 3")):
        np.savez("d.npz", images=images * scale, labels=labels)
        run("train", "net.toml", "--data", "d.npz", "--epochs", 1, "--save", "r.json", capsys=capsys)
        status, _, err = run("predict", "r.json", "x.png", capsys=capsys)
        assert (status, err.count("\n")) == (0, bool(words))
        assert words in err
        assert run("predict", "r.json", "x.csv", capsys=capsys)[::2] == (0, "")


def test_pictures_that_show_nothing_are_said_once(here, capsys):
    """Values from 0 to 1, to 16 or of 12 bits in a file whose white is 255 or 65535; white on a transparent ground."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
    images, _ = strokes(4)
    clear = [np.dstack([np.full((4, 4, 3), 255), 255 * x]).astype(np.uint8) for x in images]
    kinds = {
        "masks": [x.astype(np.uint8) for x in images], "sixteenths": [(16 * x).astype(np.uint8) for x in images],
        "12 bits": [(4095 * x).astype(np.uint16) for x in images], "clear": clear,
    }  # fmt: skip
    for name, values in kinds.items():
        for n, pixels in enumerate(values):
            path = Path(name, str(n % 2), f"{n}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            image.fromarray(pixels).save(path)
        status, _, err = run("train", "net.toml", "--data", name, "--epochs", 0, capsys=capsys)
        assert (status, err.count("\n")) == (0, 1), name
        assert "show next to nothing" in err
    assert run("train", "net.toml", "--data", "clear", "--ink", "white", "--epochs", 0, capsys=capsys)[2] == ""


def test_white_on_black_is_said_once(here, capsys):
    for name in ("0", "1"):
        Path("dark", name).mkdir(parents=True)
        for n in range(3):
            write_png(Path("dark", name, f"{n}.png"), np.zeros((4, 4), np.uint8))
    status, _, err = run("train", "net.toml", "--data", "dark", "--epochs", 1, "--save", "r.json", capsys=capsys)
    assert status == 0
    assert err.count("symcnn: hint: the border of the pictures is black") == 1
    status, _, err = run("predict", "r.json", "dark/0/0.png", "dark/1/0.png", capsys=capsys)
    assert status == 0
    assert err.count("\n") == 1
    assert "--ink white" in err


def test_pixels_up_to_255_train_and_are_said_once(here, capsys):
    images, labels = strokes(60)
    np.savez("data.npz", images=images * 255, labels=labels)
    status, out, err = run("train", "net.toml", "--data", "data.npz", "--epochs", 2, "--save", "r.json", capsys=capsys)
    assert status == 0
    assert "r.json" in out
    assert err.count("symcnn: hint: pixels reach 255: a training usually wants them from 0 to 1, divide") == 1
    assert err.count("\n") <= 2


@pytest.mark.parametrize(
    ("loss", "activation", "units"),
    [("cross_entropy", "", 2), ("half_squared_error", "", 2), ("mse", "", 1), ("binary_cross_entropy", "sigmoid", 1)],
)
def test_a_training_that_has_learnt_nothing_says_so(here, capsys, loss, activation, units):
    """Images that tell nothing about their classes: the best that can be is one answer for all."""
    layer = f'[[layer]]\ntype = "Dense"\nunits = {units}\n' + (f'activation = "{activation}"\n' if activation else "")
    Path("flat.toml").write_text(f'input_shape = [4, 4]\nloss = "{loss}"\n{layer}', "utf-8")
    images, labels = strokes(60)
    np.savez("blank.npz", images=np.ones_like(images), labels=labels)
    np.savez("easy.npz", images=np.stack([labels] * 16, axis=1).reshape(60, 4, 4) / 1.0, labels=labels)
    for more in (["--epochs", 5, "--rate", 0.01], ["--steps", 50, "--rate", 0.0001]):
        status, _, err = run("train", "flat.toml", "--data", "blank.npz", *more, capsys=capsys)
        assert status == 0
        assert err.count("symcnn: hint: nothing is learnt yet: the same answer for every image") == 1
    for name in ("easy.npz", "blank.npz"):
        more = ["--epochs", 40, "--rate", 0.05] if name == "easy.npz" else ["--epochs", 0]
        assert run("train", "flat.toml", "--data", name, *more, capsys=capsys)[2] == ""
