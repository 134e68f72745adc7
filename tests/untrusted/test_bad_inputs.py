"""More than 200 bad files and settings: each is one clear line, exit status 2, nothing written, no traceback."""

import json
from pathlib import Path

import pytest

import symcnn
from symcnn.cli import main
from tests.network.test_file import GOOD, SAMPLE
from tests.test_cli import run

NET = GOOD + SAMPLE


def replaced(*changes):
    text = NET
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


#: Values that are wrong for a whole number of at least 1, for a flag, for a word, as TOML writes them.
NOT_COUNTS = ["0", "-1", "1.5", '"2"', "true", "[]", "[1, 2, 3]", "nan", "inf", "{}", "2026-01-01", "[[1]]", '""']
NOT_FLAGS = ["0", "1", '"true"', "[]", "1.0", "{}"]
NOT_WORDS = ["0", '"unknown"', "[]", "true", "{}", '"sigmoid "', '"Sigmoids"']
NOT_IMAGES = [
    "[]", "[[]]", "3", '"abc"', "[[1, 0, 1]]", "[[1, 0], [0, 1]]", "[[1, 0, 1], [0, 1], [1, 0, 1]]", "true", "{}",
    '[["a", 0, 1], [0, 1, 0], [1, 0, 1]]', "[[nan, 0, 1], [0, 1, 0], [1, 0, 1]]", "[[inf, 0, 1], [0, 1, 0], [1, 0, 1]]",
    "[[[[1, 0, 1], [0, 1, 0], [1, 0, 1]]]]", "[[1, 0, 1], [0, 1, 0], [1, 0, {a = 1}]]", "2026-01-01",
]  # fmt: skip
NOT_TARGETS = [
    "[]",
    "[1]",
    "[1, 0, 0]",
    "2",
    "0.5",
    '"a"',
    "[[1, 0]]",
    '["a", "b"]',
    "[nan, 0]",
    "[inf, 0]",
    "{}",
    "[[1], [0]]",
]

NETWORKS = [
    *(replaced(("filters = 1", f"filters = {v}")) for v in NOT_COUNTS if v not in ("[[1]]",)),
    *(replaced(("kernel_size = 2", f"kernel_size = {v}")) for v in NOT_COUNTS),
    *(replaced(("kernel_size = 2", f"kernel_size = 2\nstride = {v}")) for v in NOT_COUNTS),
    *(replaced(("kernel_size = 2", f"kernel_size = 2\npadding = {v}")) for v in NOT_COUNTS if v != "0"),
    *(replaced(("units = 2", f"units = {v}")) for v in NOT_COUNTS),
    *(replaced(("bias = false", f"bias = {v}")) for v in NOT_FLAGS),
    *(replaced(("bias = false", f"bias = false\nnormalize = {v}")) for v in NOT_FLAGS),
    *(replaced(('activation = "sigmoid"', f"activation = {v}")) for v in NOT_WORDS),
    *(replaced(('loss = "half_squared_error"', f"loss = {v}")) for v in NOT_WORDS),
    *(replaced(('type = "Flatten"', f"type = {v}")) for v in NOT_WORDS),
    *(replaced(("[[1, 0, 1], [0, 1, 0], [1, 0, 1]]", v)) for v in NOT_IMAGES),
    *(replaced(("target = [1, 0]", f"target = {v}")) for v in NOT_TARGETS),
    *(replaced(("input_shape = [3, 3]", f"input_shape = {v}")) for v in
      ("[]", "3", "[0, 3]", "[3, -3]", "[3.5, 3]", '["3", 3]', "[3, 3, 3, 3]", "true", '"3x3"', "[[3, 3]]", "{}", "[1, 1]",
       "[2, 2, 2]", "[100000, 100000]")),
    *(replaced(("units = 2", f"units = {v}")) for v in ("1000000000", "99999999999999999999")),
    replaced(("kernel_size = 2", "kernel_size = 2\npadding = 1000000")),
    *(replaced(('type = "Flatten"', f'type = "MaxPool2D"\nsize = 1\npad_value = {v}\n[[layer]]\ntype = "Flatten"')) for v in
      ("1" * 400, "-" + "1" * 400, "9" * 309, "1e400", "nan", "true", '"0"')),
    replaced(("kernel_size = 2", "kernel_size = 2\nstride = " + "1" * 400)), replaced(("units = 2", "units = " + "1" * 400)),
    replaced(("target = [1, 0]", f"target = [{'1' * 400}, 0]")), replaced(("[[1, 0, 1]", f"[[{'1' * 400}, 0, 1]")),
    replaced(("filters = 1", "filtres = 1")), replaced(("[[layer]]", "[[layers]]")), replaced(("[[layer]]", "[layer]")),
    replaced(("input_shape", "shape")), replaced(("[[sample]]", "[[sampels]]")), replaced(("image =", "picture =")),
    "", "x", "=", "[[layer]]", "input_shape = [3, 3]", "input_shape = [3, 3]\nlayer = []", "layer = 3\ninput_shape = [1]",
    "\x00", "[" * 5000, "a = " + "[" * 900, NET + NET, 'input_shape = [3, 3]\n[[layer]]\ntype = "Dense"\nunits = 2\nunits = 3',
    "# only a comment\n", "input_shape = __import__('os').system('touch broken')\n",
]  # fmt: skip

SETTINGS = [
    ["train", "--rate", v] for v in ("0", "-1", "nan", "inf", "-inf", "abc", "", "1e400", "0x1", "1,5")
] + [
    ["train", "--steps", v] for v in ("-1", "1.5", "abc", "", "1e3", "nan")
] + [
    ["train", "--seed", v] for v in ("-1", "1.5", "abc", "")
] + [
    ["train", "--backend", v] for v in ("", "gpu", "NUMPY", "python3")
] + [
    ["train", "--reduction", "max"], ["train", "--stop-below", "x"], ["train", "--stop-below", "nan"],
    ["train", "--save", "x.txt"], ["train", "--save", "no/x.json"], ["train", "--plot", "x.pdf"], ["train", "--plot", "."],
    ["train", "--resume", "missing.json"], ["train", "a", "b"], ["explain"], ["explain", "q"], ["explain", "x_11", "--image", "9"],
    ["explain", "x_11", "--step", "-1"], ["predict"], ["predict", "x.json"], ["predict", "x.json", "y.csv"],
    ["verify", "missing.toml"], ["verify", "--lang", "es"], ["export", "--out", "."], ["export", "--out", "x.csv"],
    ["report", "--out", "x.htm"], ["report", "--out", "x"], ["report", "--out", "no/x.pdf"], ["report", "--out", "."],
    ["report", "--out", "x.md", "--out", "x.doc"], ["report", "--out", "x.md", "--steps", "-1"], ["report", "--lang", "ENG"], ["derive", "--of", ""], ["derive", "--of", "i_11"], ["nope"],
    ["article", "--steps", "x"], ["export", "--steps", "3000000"], ["--nope"],
]  # fmt: skip


def one_line(arguments, capsys):
    status, out, err = run(*arguments, capsys=capsys)
    assert status == 2, (arguments, out, err)
    assert err.startswith("symcnn: "), err
    assert err.count("\n") == 1, err
    assert 12 < len(err) < 1000, err
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize("number", range(len(NETWORKS)))
def test_a_bad_network_file(tmp_path, monkeypatch, capsys, number):
    monkeypatch.chdir(tmp_path)
    path = Path("net.toml")
    path.write_text(NETWORKS[number], "utf-8")
    message = one_line(["train", path, "--steps", "2", "--save", "run.json"], capsys)
    assert "net.toml" in message
    assert [p.name for p in tmp_path.iterdir()] == ["net.toml"]


@pytest.mark.parametrize("arguments", SETTINGS, ids=" ".join)
def test_a_bad_setting(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    one_line(arguments, capsys)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    net, data = symcnn.article.network(), symcnn.article.images()
    path = symcnn.train(net, data, steps=4).save(tmp_path_factory.mktemp("run") / "run.json")
    return path.read_text("utf-8")


def damaged():
    """(what, a function of the text of a good run)"""

    def changed(**words):
        return lambda text: json.dumps({**json.loads(text), **words})

    def signed(**words):
        """Changed, with a checksum that fits: the content itself must be refused."""
        from symcnn.train.store import checksum_of_words

        def make(text):
            document = {**json.loads(text), **words}
            rest = {k: v for k, v in document.items() if k not in ("format", "checksum")}
            return json.dumps({**document, "checksum": checksum_of_words(rest)})

        return make

    yield "empty", lambda text: ""
    yield "half", lambda text: text[: len(text) // 2]
    yield "no JSON", lambda text: "not json"
    yield "a list", lambda text: "[1, 2]"
    yield "a number", lambda text: "3"
    yield "deep", lambda text: "[" * 100_000
    yield "foreign", lambda text: '{"a": 1}'
    yield "NaN", lambda text: text.replace('"learning_rate": 0.5', '"learning_rate": NaN')
    yield "a digit", lambda text: text.replace("0.4987", "0.4986", 1)
    for form in ("symcnn run 9", ["symcnn run 1"], {}, None):
        yield f"format {form}", changed(format=form)
    yield "no checksum", lambda text: text.replace('"checksum"', '"sum"')
    for word in ("network", "theta", "initial", "loss", "images", "targets", "labels", "backend", "stopped"):
        yield f"without {word}", lambda text, w=word: json.dumps({k: v for k, v in json.loads(text).items() if k != w})
        yield f"{word} = 3", changed(**{word: 3})
    for word, values in {
        "theta": ([], [1.0], ["a"] * 20, None, [True] * 20, [[1.0]] * 20),
        "loss": ([], "x", [None], [True]),
        "network": (3, [], {}, {"input_shape": [3, 3]}, {"input_shape": [3, 3], "loss": "none", "layer": []}),
        "learning_rate": (0, -1, "x", None, True),
        "reduction": ("max", 1, None),
        "stopped": ("never", 1),
        "images": ([], [[1]], "x"),
        "targets": ([], [[1]], None),
        "labels": (3, [1, 2], ["one"]),
    }.items():
        for value in values:
            yield f"signed {word} = {value!r}"[:40], signed(**{word: value})


@pytest.mark.parametrize(("what", "damage"), list(damaged()), ids=[what for what, _ in damaged()])
def test_a_damaged_run(tmp_path, monkeypatch, capsys, saved, what, damage):
    monkeypatch.chdir(tmp_path)
    Path("run.json").write_text(damage(saved), "utf-8")
    assert "run.json" in one_line(["train", "--resume", "run.json", "--steps", "2"], capsys)
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


IMAGES = {
    "empty.csv": b"", "words.csv": b"a,b,c\n", "short.csv": b"1,0\n0,1\n", "ragged.csv": b"1,0,1\n0,1\n1,0,1\n",
    "nan.csv": b"nan,0,1\n0,1,0\n1,0,1\n", "inf.csv": b"inf,0,1\n0,1,0\n1,0,1\n", "bytes.csv": b"\xff\xfe\x00",
    "long.csv": b"1,0,1\n" * 50, "formula.csv": b"=1+1,0,1\n0,1,0\n1,0,1\n", "huge.csv": b"1," * 3_000_000,
    "empty.toml": b"", "broken.toml": b"image = [[", "wrong.toml": b"image = [[1, 0], [0, 1]]\n", "word.toml": b"image = 'x'\n",
    "other.toml": b"a = 1\n", "samples.toml": b"sample = 3\n", "deep.toml": b"image = " + b"[" * 3000, "bytes.toml": b"\xff\xfe",
    "empty.png": b"", "text.png": b"not a picture", "half.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "picture.jpg": b"\xff\xd8\xff", "noend": b"1,0,1\n", "picture.gif": b"GIF89a",
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_a_bad_image(tmp_path, monkeypatch, capsys, saved, name):
    monkeypatch.chdir(tmp_path)
    Path("run.json").write_text(saved, "utf-8")
    Path(name).write_bytes(IMAGES[name])
    assert name in one_line(["predict", "run.json", name], capsys)


@pytest.mark.parametrize("size", [(4, 3), (3, 4), (1, 1), (6000, 6000)])
def test_a_png_of_another_size_is_never_unpacked(tmp_path, monkeypatch, capsys, saved, size):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
    monkeypatch.chdir(tmp_path)
    Path("run.json").write_text(saved, "utf-8")
    image.new("L", size).save("x.png")
    message = one_line(["predict", "run.json", "x.png"], capsys)
    assert "expected 3×3" in message or "larger than" in message


def test_a_users_own_images(tmp_path, monkeypatch, capsys, saved):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
    monkeypatch.chdir(tmp_path)
    Path("run.json").write_text(saved, "utf-8")
    Path("a.csv").write_text("1;0;1\n0;1;0\n1;0;1\n")
    Path("b.toml").write_text("image = [[1, 0, 1], [0, 1, 0], [1, 0, 1]]\n")
    picture = image.new("L", (3, 3), 255)
    for place in ((0, 0), (2, 0), (1, 1), (0, 2), (2, 2)):
        picture.putpixel(place, 0)
    picture.save("c.png")
    main(["predict", "run.json", "a.csv", "b.toml", "c.png"])
    rows = [
        line.split("│")[2:4]
        for line in capsys.readouterr().out.splitlines()
        if "│ a" in line or ".toml" in line or ".png" in line
    ]
    assert len(rows) == 3
    assert rows[0] == rows[1] == rows[2]


def test_there_are_at_least_200():
    assert len(NETWORKS) + len(SETTINGS) + len(list(damaged())) + len(IMAGES) >= 200


#: TOML that no parser should be given, or whose error speaks of Python.
BAD_TOML = {
    "an integer of 5,000 digits": ("x = " + "9" * 5_000, "(a whole number of more than 4300 digits)"),
    "a negative one in a list": ("x = [[1, -" + "1" * 4_301 + "]]", "(a whole number of more than 4300 digits)"),
    "one with underscores": ("x = 1" + "_111" * 2_000, "(a whole number of more than 4300 digits)"),
    "a deep key": (".".join(["a"] * 100_000) + " = 1", "(a key of more than 16 parts"),
    "a deep table": ("[" + ".".join(["a"] * 100_000) + "]", "(a key of more than 16 parts"),
    "deep lists": ("x = " + "[" * 50_000, "not TOML ("),
    "no value": ("x =", "not TOML ("),
}


@pytest.mark.parametrize("name", BAD_TOML)
def test_every_way_in_for_toml_says_it_in_one_line(name, tmp_path, capsys):
    text, words = BAD_TOML[name]
    for file in ("n.toml", "m.toml", "i.toml"):
        (tmp_path / file).write_text(text, "utf-8")
    (tmp_path / "front.md").write_text(f"+++\n{text}\n+++\n", "utf-8")
    (tmp_path / "plain.md").write_text("$x = 1$\n", "utf-8")
    symcnn.train(symcnn.article.network(), symcnn.article.images(), steps=1).save(tmp_path / "r.json")
    for command in (
        ["derive", tmp_path / "n.toml"], ["predict", tmp_path / "r.json", tmp_path / "i.toml"],
        ["audit", tmp_path / "plain.md", "--mapping", tmp_path / "m.toml"], ["audit", tmp_path / "front.md"],
    ):  # fmt: skip
        status, out, err = run(*command, capsys=capsys)
        assert (status, out) == (2, ""), command
        assert words in err
        assert err.count("\n") == 1
        assert len(err) < 300 + len(str(tmp_path))
        assert "sys." not in err


def test_a_saved_training_with_an_integer_of_5000_digits(tmp_path, capsys):
    (tmp_path / "r.json").write_text('{"format": ' + "1" * 5_000 + "}", "utf-8")
    (tmp_path / "i.toml").write_text("image = [[1]]", "utf-8")
    status, _, err = run("predict", tmp_path / "r.json", tmp_path / "i.toml", capsys=capsys)
    assert (status, err.count("\n")) == (2, 1)
    assert "not JSON (a whole number of more than 4300 digits)" in err
