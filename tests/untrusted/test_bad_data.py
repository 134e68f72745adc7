"""Data files that cannot be used: each is one clear line that says where, exit status 2, nothing written."""

import io
import shutil
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

import symcnn
from symcnn.cli import main
from tests.test_cli import run
from tests.tools.pictures import ink, write_png

NET = """
input_shape = [2, 3]
loss = "cross_entropy"
[[layer]]
type = "Dense"
units = 3
"""
IMAGES, LABELS = np.ones((4, 2, 3)), np.array([0, 1, 2, 1])


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def archive(compression=zipfile.ZIP_DEFLATED, **members):
    """A zip file with these very bytes as its members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def member(shape, descr="<f8", content=b""):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": descr, "fortran_order": False, "shape": shape})
    return head.getvalue() + content


def with_value(array, place, value):
    changed = np.array(array, dtype=np.float64)
    changed[place] = value
    return changed


def encrypted():
    content = bytearray(npz(images=IMAGES, labels=LABELS))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(mark, at + 1)) >= 0:
            content[at + offset] |= 1
    return bytes(content)


GOOD = npz(images=IMAGES, labels=LABELS)
OBJECTS = np.array([{"a": 1}, None], dtype=object)
HEADLESS = b"\x93NUMPY\x01\x00" + (500).to_bytes(2, "little")

#: What is in d.npz, and what the message must say.
NPZ = {
    "empty": (b"", "not a whole .npz file"),
    "text": (b"images, labels", "not a whole .npz file"),
    "half": (GOOD[: len(GOOD) // 2], "not a whole .npz file"),
    "without its end": (GOOD[:-30], "not a whole .npz file"),
    "a flipped byte": (GOOD[:80] + bytes([GOOD[80] ^ 255]) + GOOD[81:], ""),
    "an empty archive": (archive(), "holds no array 'images'"),
    "no images": (npz(labels=LABELS), "holds no array 'images'; its arrays: labels"),
    "no labels": (npz(images=IMAGES), "expected targets or labels beside images"),
    "both": (npz(images=IMAGES, labels=LABELS, targets=np.eye(3)), "expected targets or labels beside images, one of"),
    "another size": (npz(images=np.ones((4, 3, 3)), labels=LABELS), "images: shape (4, 3, 3); expected (samples, 2, 3)"),
    "flat": (npz(images=np.ones((4, 6)), labels=LABELS), "images: shape (4, 6)"),
    "no sample axis": (npz(images=np.float64(3), labels=LABELS), "images: shape ()"),
    "no samples": (npz(images=np.ones((0, 2, 3)), labels=np.ones(0)), "at least one sample"),
    "few labels": (npz(images=IMAGES, labels=LABELS[:3]), "labels: shape (3,); expected (4,)"),
    "labels as rows": (npz(images=IMAGES, labels=np.eye(4)), "labels: shape (4, 4); expected (4,)"),
    "few targets": (npz(images=IMAGES, targets=np.eye(3)), "targets: shape (3, 3); expected (4, 3)"),
    "wide targets": (npz(images=IMAGES, targets=np.ones((4, 5))), "targets: shape (4, 5); expected (4, 3)"),
    "a label of 3": (npz(images=IMAGES, labels=[0, 1, 3, 1]), "labels: image 3: the label is 3; expected whole numbers from 0 to 2"),
    "a label of -1": (npz(images=IMAGES, labels=[0, -1, 2, 1]), "labels: image 2: the label is -1"),
    "a label of 0.5": (npz(images=IMAGES, labels=[0, 1, 2, 0.5]), "labels: image 4: the label is 0.5"),
    "a label of NaN": (npz(images=IMAGES, labels=[0, 1, np.nan, 0]), "labels: image 3: the label is nan"),
    "words": (npz(images=IMAGES, labels=np.array(list("abcd"))), "labels: names of 4 classes (a, b, c, d); expected 3"),
    "complex": (npz(images=IMAGES * 1j, labels=LABELS), "images: holds complex128"),
    "dates": (npz(images=IMAGES.astype("datetime64[s]"), labels=LABELS), "images: holds datetime64[s]"),
    "NaN": (npz(images=with_value(IMAGES, (2, 1, 0), np.nan), labels=LABELS), "the value at (3, 2, 1) (counted from 1) is nan"),
    "infinity": (npz(images=with_value(IMAGES, (0, 0, 2), np.inf), labels=LABELS), "the value at (1, 1, 3) (counted from 1) is inf"),
    "NaN as a target": (npz(images=IMAGES, targets=with_value(np.ones((4, 3)), (3, 1), np.nan)), "targets: the value at (4, 2)"),
    "pickled images": (npz(images=OBJECTS, labels=LABELS), "images: holds Python objects"),
    "pickled labels": (npz(images=IMAGES, labels=OBJECTS), "labels: holds Python objects"),
    "not NumPy": (archive(images=b"words"), "images: not a NumPy array"),
    "half a head": (archive(images=HEADLESS), "images: not a NumPy array"),
    "a head of code": (archive(images=HEADLESS + b"__import__('os').system('touch broken')".ljust(500)), "images: not a NumPy array"),
    "a deep head": (archive(images=HEADLESS + (b"(" * 500)), "images: not a NumPy array"),
    "a long head": (archive(images=b"\x93NUMPY\x02\x00" + (60_000).to_bytes(4, "little") + b" " * 60_000), "images: not a NumPy array"),
    "another version": (archive(images=b"\x93NUMPY\x09\x00" + bytes(200)), "images: not a NumPy array (version (9, 0))"),
    "a huge head": (archive(images=member((10**12, 2, 3))), "images: shape (1000000000000, 2, 3); expected at most"),
    "a negative head": (archive(images=member((-4, 2, 3))), "images: shape (-4, 2, 3)"),
    "too many pixels": (archive(images=member((40_000_000, 2, 3), "|u1")), "expected at most 200000000 pixels in all"),
    "fewer numbers": (archive(images=member((4, 2, 3), content=bytes(100)), labels=member((4,), content=bytes(32))), "images: damaged: its numbers"),
    "more numbers": (archive(images=member((4, 2, 3), content=bytes(10**8)), labels=member((4,), content=bytes(32))), "images: damaged: its numbers"),
    "encrypted": (encrypted(), "images: damaged"),
}  # fmt: skip

CSV = {
    "empty": (b"", "holds no samples"),
    "blank lines": (b"\n\n  \n", "holds no samples"),
    "only a head": (b"a,b,c,d,e,f,label\n", "holds no samples"),
    "bytes": (b"\xff\xfe\x00", "not text in UTF-8"),
    "few columns": (b"1,2,3\n", "line 1: 3 columns; expected 7: 6 pixels, then the class, or 9"),
    "many columns": (b"1," * 20 + b"1\n", "line 1: 21 columns"),
    "few columns after blank lines": (b"\n \n1,2,3\n", "line 3: 3 columns; expected 7"),
    "two columns of labels": (b"\nlabel,b,c,d,e,f,Label\n1,2,3,4,5,6,0\n", "line 2: 2 columns are named label; expected one"),
    "a short head": (b"a,b,label\n1,2,3,4,5,6,0\n", "line 1: 3 columns; expected 7: 6 pixels and the label"),
    "a ragged line": (b"1,2,3,4,5,6,0\n\n1,2,3,4,5,6\n", "line 3: 6 columns; the first line has 7"),
    "a word": (b"1,2,3,4,5,6,0\n1,2,x,4,5,6,0\n", "line 2: 'x' is not a number"),
    "a word in the first line": (b"1,2,x,4,5,6,0\n", "line 1: 'x' is not a number"),
    "a missing cell": (b"1,2,,4,5,6,0\n", "line 1: '' is not a number"),
    "NaN": (b"1,2,nan,4,5,6,0\n", "line 1: 'nan' is not a number"),
    "infinity": (b"1,2,inf,4,5,6,0\n", "line 1: 'inf' is not a number"),
    "too large": (b"1,2,3,4,5,6,0\n1,2,3,4,1e999,6,0\n", "line 2: a number is too large"),
    "hexadecimal": (b"1,2,0x10,4,5,6,0\n", "line 1: '0x10'"),
    "underscores": (b"1,2,1_0,4,5,6,0\n", "line 1: '1_0'"),
    "other digits": ("1,2,٣,4,5,6,0\n".encode(), "line 1: '٣'"),
    "both decimal signs": (b"1;2;0,5;4;5;6;0\n1;2;0.5;4;5;6;1\n", "line 1 has a decimal comma, line 2 a decimal point"),
    "a formula": (b"1,2,=1+1,4,5,6,0\n", "line 1: '=1+1'"),
    "a label of 3": (b"x,x,x,x,x,x,y\n1,2,3,4,5,6,0\n\n1,2,3,4,5,6,3\n", "line 4: the label is 3; expected whole numbers from 0 to 2"),
    "a label of 1.5": (b"1,2,3,4,5,6,1.5\n", "line 1: the label is 1.5"),
    "a label of -1": (b"label,a,b,c,d,e,f\n-1,2,3,4,5,6,0\n", "line 2: the label is -1"),
    "a long number": (b"1,2,3,4,5,6," + b"9" * 400 + b"\n", "line 1: a number is too large"),
}  # fmt: skip


def one_line(arguments, capsys):
    status, out, err = run(*arguments, capsys=capsys)
    assert status == 2, (arguments, out, err)
    assert not out
    assert err.startswith("symcnn: "), err
    assert err.count("\n") == 1, err
    assert len(err) < 500, err
    return err


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("net.toml").write_text(NET, "utf-8")
    return tmp_path


def refused(here, capsys, name, *more):
    before = sorted(here.rglob("*"))
    message = one_line(
        ["train", "net.toml", "--data", name, "--checkpoint", "c.npz", "--save", "r.json", *more], capsys
    )
    assert sorted(here.rglob("*")) == before
    return message


@pytest.mark.parametrize("what", NPZ)
def test_a_bad_npz(here, capsys, what):
    content, words = NPZ[what]
    Path("d.npz").write_bytes(content)
    message = refused(here, capsys, "d.npz")
    assert "d.npz: " in message
    assert words in message


@pytest.mark.parametrize("what", CSV)
def test_a_bad_csv(here, capsys, what):
    content, words = CSV[what]
    Path("d.csv").write_bytes(content)
    message = refused(here, capsys, "d.csv")
    assert "d.csv: " in message
    assert words in message


@pytest.mark.parametrize("where", ["--data", "--validation"])
def test_a_good_one_is_read(here, capsys, where):
    Path("d.npz").write_bytes(GOOD)
    main(["train", "net.toml", "--data", "d.npz", where, "d.npz", "--epochs", "1", "--backend", "expressions"])
    assert "1: sgd" in capsys.readouterr().out


def folders(**classes):
    for name, files in classes.items():
        Path("d", name).mkdir(parents=True)
        for file, content in files.items():
            path = Path("d", name, file)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                write_png(path, ink(np.ones(content)))


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ({"a": {"1.png": (2, 3)}, "b": {"1.png": (2, 3)}}, "d: 2 subfolders (a, b); expected 3"),
        ({"a": {"1.png": (2, 3)}, "b": {"1.png": (2, 3), "2.png": (3, 3)}, "c": {"1.png": (2, 3)}},
         "d/b/2.png: an image of 3×3 pixels; expected 2×3"),
        ({"a": {"1.png": (2, 3)}, "b": {}, "c": {"1.png": (2, 3)}}, "d/b: holds no images"),
        ({"a": {"1.png": (2, 3)}, "b": {"1.jpg": b"x"}, "c": {"1.png": (2, 3)}}, "d/b/1.jpg: expected only PNG images"),
        ({"a": {"1.png": (2, 3)}, "b": {"1.png": b"x"}, "c": {"1.png": (2, 3)}}, "d/b/1.png: not a PNG image"),
        ({"a": {"1.png": (2, 3)}, "b": {"1.png": b""}, "c": {"1.png": (2, 3)}}, "d/b/1.png: not a PNG image"),
        ({"a": {"1.png": (2, 3)}, "b\x07": {"1.png": (2, 3)}, "c": {"1.png": (2, 3)}}, "expected printable characters"),
    ],
)  # fmt: skip
def test_a_bad_folder(here, capsys, classes, words):
    folders(**classes)
    assert words in refused(here, capsys, "d")


def test_other_things_in_a_folder(here, capsys):
    folders(a={"1.png": (2, 3)}, b={"1.png": (2, 3)}, c={"1.png": (2, 3)})
    Path("d", "notes.txt").write_text("mine")
    assert "d/notes.txt: a file; expected only subfolders" in refused(here, capsys, "d")
    Path("d", "notes.txt").unlink()
    Path("d", "c", "deeper.png").mkdir()
    assert "d/c/deeper.png: expected only PNG images" in refused(here, capsys, "d")
    Path("d", "c", "deeper.png").rmdir()
    png = Path("d", "b", "1.png").read_bytes()
    for part in (30, 45, len(png) - 20):
        Path("d", "b", "1.png").write_bytes(png[:part])
        assert "d/b/1.png: not a PNG image" in refused(here, capsys, "d")
    shutil.rmtree("d")
    Path("d").mkdir()
    assert "d: 0 subfolders (none)" in refused(here, capsys, "d")


def test_a_png_that_unpacks_to_much_more_is_never_unpacked(here, capsys):
    """Ten million pixels in a few kilobytes: the size stands in the head."""
    folders(a={"1.png": (2, 3)}, b={"1.png": (2, 3)}, c={"1.png": (2, 3)})

    def chunk(kind, content):
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    head = (100_000).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10**7))) + chunk(b"IEND", b"")
    )
    Path("d", "b", "1.png").write_bytes(bomb)
    assert "d/b/1.png: " in refused(here, capsys, "d")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "missing.npz"], "missing.npz: no such file"),
        (["--data", "missing"], "missing: no such file or folder"),
        (["--data", "net.toml"], "net.toml: unknown suffix '.toml'; expected samples"),
        (["--data", "d.npz", "--validation", "missing.csv"], "missing.csv: no such file"),
        (["--data", "d.npz", "--validation", "d.npz", "--hold-out", "0.5"], "--validation and --hold-out cannot"),
        (["--data", "d.npz", "--hold-out", "0"], "share 0.0 of 4 samples"),
        (["--data", "d.npz", "--hold-out", "1"], "share 1.0"),
        (["--data", "d.npz", "--hold-out", "nan"], "share nan"),
        (["--data", "d.npz", "--hold-out", "half"], "--hold-out 'half': expected a number"),
        (["--data", "d.npz", "--batch-size", "0"], "batch_size=0"),
        (["--data", "d.npz", "--epochs", "-1"], "epochs=-1"),
        (["--data", "d.npz", "--epochs", "2", "--steps", "3"], "steps=3: a training by epochs counts epochs"),
        (["--data", "d.npz", "--optimizer", "lion"], "--optimizer 'lion': expected one of"),
        (["--data", "d.npz", "--dtype", "float16"], "--dtype 'float16': did you mean 'float64'?"),
        (["--data", "d.npz", "--patience", "0"], "patience=0"),
        (["--data", "d.npz", "--checkpoint", "c.json"], "c.json: unknown suffix"),
        (["--data", "d.npz", "--checkpoint", "no/c.npz"], "the folder no does not exist"),
        (["--data", "d.npz", "--resume", "d.npz"], "d.npz: no settings in it; expected a checkpoint"),
        (["--data", "d.npz", "--resume", "c.npz"], "c.npz: no such file"),
        (["--data", "d.npz", "--plot", "p.pdf"], "p.pdf: unknown suffix"),
        ([], "net.toml: no samples; add [[sample]] tables with image and target, or give --data"),
    ],
)
def test_a_bad_setting(here, capsys, arguments, words):
    Path("d.npz").write_bytes(GOOD)
    before = sorted(here.iterdir())
    assert words in one_line(["train", "net.toml", *arguments], capsys)
    assert sorted(here.iterdir()) == before


@pytest.mark.parametrize("content", [b"", b"PK", GOOD])
def test_predict_takes_no_other_npz(here, capsys, content):
    Path("d.npz").write_bytes(content)
    Path("x.csv").write_text("1,1,1\n1,1,1\n")
    assert "d.npz: " in one_line(["predict", "d.npz", "x.csv"], capsys)


def test_random_damage_is_refused_in_one_line_or_read(here):
    """No other exception, whatever bytes are changed or cut off."""
    network, rng = symcnn.read_network("net.toml")[0], np.random.default_rng(3)
    table = b"a,b,c,d,e,f,label\n1,2,3,4,5,6,0\n1,2.5,-3,4e1,5,6,2\n"
    for name, good in (("d.npz", GOOD), ("d.csv", table)):
        for _ in range(500):
            content = bytearray(good)
            for place in rng.integers(0, len(content), int(rng.integers(1, 4))):
                content[place] = rng.integers(256)
            Path(name).write_bytes(content[: rng.integers(len(content))] if rng.random() < 0.2 else content)
            try:
                assert len(symcnn.read_data(name, network).images)
            except symcnn.InputError as error:
                message = str(error)
                assert "\n" not in message, message
