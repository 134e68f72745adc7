"""IDX files: every number in its place, and what is no whole file refused before anything is allocated."""

import gzip
import os
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import symcnn
from symcnn.network import idx
from symcnn.network.idx import read_idx

NET = symcnn.Network((2, 3), [symcnn.Dense(3)], loss="cross_entropy")
PIXELS = bytes([0, 51, 255, 102, 0, 153, 255, 255, 0, 0, 0, 255, 0, 0, 0, 204, 255, 255, 255, 0, 255, 0, 0, 0])
#: Three samples of 2×3 pixels and a fourth, as numbers that were written out by hand.
IMAGES = [[[0, 0.2, 1], [0.4, 0, 0.6]], [[1, 1, 0], [0, 0, 1]], [[0, 0, 0], [0.8, 1, 1]], [[1, 0, 1], [0, 0, 0]]]
FILE = bytes([0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 3]) + PIXELS
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 4, 2, 0, 1, 0])
TARGETS = [[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def packed(values):
    """An IDX file, written without the reader's tables."""
    code = CODES[values.dtype.str[1:]]
    return struct.pack(f">HBB{values.ndim}I", 0, code, values.ndim, *values.shape) + values.astype(
        values.dtype.newbyteorder(">")
    ).tobytes("C")


def read(path, net=NET, *, words="divided by 255", **options):
    with pytest.warns(symcnn.errors.SymcnnWarning, match=words):
        return symcnn.read_data(path, net, **options)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        ("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"),
        ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
        ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"),
        ("train-images-idx3-ubyte", "train-labels.idx1-ubyte.gz"),
        ("emnist-digits-test-images-idx3-ubyte", "emnist-digits-test-labels-idx1-ubyte"),
        ("images.idx", "labels.idx"),
        ("my-images", "my-labels"),
    ],
)
def test_images_with_the_labels_beside_them(tmp_path, images, labels):
    for name, content in ((images, FILE), (labels, LABELS)):
        (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    data = read(tmp_path / images, words=f"^{tmp_path / images}: labels from {labels}; bytes are divided by 255")
    assert data.images.tolist() == IMAGES
    assert data.targets.tolist() == TARGETS
    assert data.labels is None


def test_labels_of_another_name_are_named(tmp_path):
    (tmp_path / "a.bin").write_bytes(gzip.compress(FILE))  # packed under a name that does not say so
    (tmp_path / "b.bin").write_bytes(LABELS)
    data = read(tmp_path / "a.bin", labels=tmp_path / "b.bin", words="a.bin: bytes are divided")
    assert data.images.tolist() == IMAGES
    assert data.targets.tolist() == TARGETS
    with pytest.raises(symcnn.InputError, match=r"a\.bin: its name tells no file of labels"):
        symcnn.read_data(tmp_path / "a.bin", NET)
    for name in ("train-images-idx3-ubyte", "d.npz", "d.csv"):
        (tmp_path / name).write_bytes(FILE)
    with pytest.raises(symcnn.InputError, match=r"no labels beside it; expected train-labels-idx1-ubyte, packed or no"):
        symcnn.read_data(tmp_path / "train-images-idx3-ubyte", NET)
    for path in (tmp_path / "d.npz", tmp_path / "d.csv", tmp_path):
        with pytest.raises(symcnn.InputError, match="labels: is for IDX files"):
            symcnn.read_data(path, NET, labels=tmp_path / "b.bin")
    with pytest.raises(symcnn.InputError, match="another file holds one part"):
        symcnn.read_data(tmp_path / "a.bin", NET, labels=tmp_path / "b.bin", part="test")


@pytest.mark.parametrize(
    ("pixels", "shape", "words"),
    [
        (np.arange(24, dtype="u1").reshape(4, 2, 3) // 2, (2, 3), None),  # bytes, but of no picture
        (np.arange(24, dtype="i2").reshape(4, 2, 3) * -9, (2, 3), None),
        (np.arange(24, dtype="f8").reshape(4, 6) / 7, (2, 3), r"6 numbers of an image are taken as 2×3 pixels"),
        (np.arange(24, dtype="f4").reshape(4, 2, 3) / 8, (6,), r"the 2×3 pixels of an image are taken as 6 numbers"),
    ],
)
def test_other_numbers_are_taken_as_they_are(tmp_path, pixels, shape, words):
    (tmp_path / "x-images.idx").write_bytes(packed(pixels))
    (tmp_path / "x-labels.idx").write_bytes(packed(np.array([2, 0, 1, 0], "i4")))
    net = symcnn.Network(shape, [symcnn.Dense(3)], loss="cross_entropy")
    data = read(tmp_path / "x-images.idx", net, words=words or "labels from")
    assert data.images.tolist() == pixels.reshape(4, *shape).tolist()
    assert data.targets.tolist() == TARGETS


def test_colours_come_first_or_last(tmp_path):
    net = symcnn.Network((3, 4, 5), [symcnn.Dense(2)], loss="cross_entropy")
    first = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5)).astype("u1")
    (tmp_path / "c-labels-idx1").write_bytes(packed(np.array([1, 0], "u1")))
    for pixels, words in ((first, "c-labels-idx1; bytes are"), (np.moveaxis(first, 1, 3), "channels come last in the")):
        (tmp_path / "c-images-idx4").write_bytes(packed(pixels))
        data = read(tmp_path / "c-images-idx4", net, words=words)
        assert np.array_equal(data.images, first / 255)
        assert data.images.flags.c_contiguous


def test_a_single_output(tmp_path):
    net = symcnn.Network((2, 3), [symcnn.Dense(1, "sigmoid")], loss="binary_cross_entropy")
    (tmp_path / "images").write_bytes(FILE)
    (tmp_path / "labels").write_bytes(packed(np.array([1, 0, 0, 1], "u1")))
    assert read(tmp_path / "images", net).targets.tolist() == [[1], [0], [0], [1]]


def test_what_emnist_exchanges_is_said(tmp_path):
    (tmp_path / "emnist-letters-test-images-idx3-ubyte").write_bytes(FILE)
    (tmp_path / "emnist-letters-test-labels-idx1-ubyte").write_bytes(packed(np.array([1, 2, 3, 3], "u1")))
    with pytest.raises(symcnn.InputError, match="the label is 3; expected whole numbers from 0 to 2; they count from"):
        symcnn.read_data(tmp_path / "emnist-letters-test-images-idx3-ubyte", NET)
    net = symcnn.Network((2, 3), [symcnn.Dense(4)], loss="cross_entropy")
    data = read(tmp_path / "emnist-letters-test-images-idx3-ubyte", net, words="rows and columns are exchanged")
    assert data.targets.argmax(axis=1).tolist() == [1, 2, 3, 3]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_written_is_read(tmp_path_factory, data):
    dtype = np.dtype(data.draw(st.sampled_from(sorted(CODES))))
    shape = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    content = data.draw(
        st.binary(min_size=int(np.prod(shape)) * dtype.itemsize, max_size=int(np.prod(shape)) * dtype.itemsize)
    )
    values = np.frombuffer(content, dtype).reshape(shape)
    path = tmp_path_factory.mktemp("idx") / "x"
    file = packed(values)
    path.write_bytes(gzip.compress(file) if data.draw(st.booleans()) else file)
    found = read_idx(path)
    assert found.shape == values.shape
    assert found.astype(dtype).tobytes() == values.tobytes()
    cut = data.draw(st.integers(0, len(file) - 1))
    whole = gzip.compress(file)
    for broken in (file[:cut], gzip.compress(file[:cut]), whole[: cut * len(whole) // len(file)], file + b"\0"):
        path.write_bytes(broken)
        with pytest.raises(symcnn.InputError, match=r"cut off|damaged|not an IDX file"):
            read_idx(path)


#: What is in the file of images, and what the message must say.
BAD = {
    "empty": (b"", "not an IDX file but an empty file"),
    "the head's beginning": (FILE[:3], r"not an IDX file \(it begins with the bytes 00 00 08\)"),
    "its lengths cut off": (FILE[:11], "cut off in its head; expected 3 lengths there"),
    "one byte short": (FILE[:-1], "damaged or cut off: 23 bytes, where its head says 4×2×3 numbers, 24 bytes"),
    "one byte more": (FILE + b"\0", "damaged or cut off: 25 bytes, where"),
    "least byte first": (bytes([3, 8, 0, 0]) + FILE[4:], "it begins with the bytes 03 08 00 00"),
    "an unknown type": (bytes([0, 0, 10, 3]) + FILE[4:], "it begins with the bytes 00 00 0a 03"),
    "no axes": (bytes([0, 0, 8, 0]), "and 1 to 4 axes"),
    "200 axes": (bytes([0, 0, 8, 200]) + FILE[4:], "and 1 to 4 axes"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + FILE, "not an IDX file but a PNG image"),
    "a zip archive": (b"PK\x03\x04" + FILE, "not an IDX file but a zip archive"),
    "a pickle": (b"\x80\x04\x95\x0e" + bytes(7) + b"c__builtin__\nexit\n(tR.", "not an IDX file but a pickle"),
    "HTML": (b"<!DOCTYPE html><html>404</html>", "not an IDX file but an HTML page"),
    "packed text": (gzip.compress(b"hello"), "it begins with the bytes 68 65 6c 6c"),
    "packed and cut off": (gzip.compress(FILE)[:-12], "damaged or cut off"),
    "packed and changed": (gzip.compress(FILE)[:-6] + b"abcdef", "damaged or cut off"),
    "packed and one byte short": (gzip.compress(FILE[:-1]), "damaged or cut off: 23 bytes, where its head says 24"),
    "packed and one byte more": (gzip.compress(FILE + b"\0"), "more bytes than the 24 that its head says"),
    "packed twice": (gzip.compress(gzip.compress(FILE)), "not an IDX file but a gzip archive"),
    "labels": (LABELS, "one number for each sample, so these are labels"),
    "no samples": (FILE[:4] + bytes(4) + FILE[8:16], "at least one sample"),
    "of another size": (packed(np.ones((4, 3, 3), "u1")), r"images: shape \(4, 3, 3\); expected \(samples, 2, 3\)"),
    "not finite": (packed(np.full((4, 2, 3), np.nan)), "expected a finite number"),
    "too many numbers": (FILE[:4] + b"\xff" * 12 + PIXELS, "as its head says; expected at most 200000000 in all"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_of_images(tmp_path, name):
    content, words = BAD[name]
    (tmp_path / "images-idx3").write_bytes(content)
    (tmp_path / "labels-idx1").write_bytes(LABELS)
    with pytest.raises(symcnn.InputError, match=words) as refused:
        symcnn.read_data(tmp_path / "images-idx3", NET)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LABELS[:7] + b"\3" + LABELS[8:-1], r"labels: shape \(3,\); expected \(4,\), one for each image"),
        (FILE, r"labels: shape \(4, 2, 3\); expected \(4,\)"),
        (LABELS[:-1] + b"\3", "labels: image 4: the label is 3; expected whole numbers from 0 to 2"),
        (LABELS[:-1], "labels-idx1: damaged or cut off: 3 bytes"),
        (packed(np.array([0, 1, 0.5, 2], "f4")), "labels: image 3: the label is 0.5"),
        (packed(np.array([[0, 9]] * 4, "i4")), r"labels: shape \(4, 2\)"),
    ],
)
def test_bad_labels(tmp_path, content, words):
    (tmp_path / "images-idx3").write_bytes(FILE)
    (tmp_path / "labels-idx1").write_bytes(content)
    with pytest.raises(symcnn.InputError, match=words):
        symcnn.read_data(tmp_path / "images-idx3", NET)


def test_a_head_that_promises_much_costs_nothing(tmp_path):
    head = FILE[:4] + struct.pack(">3I", 190_000, 28, 28)
    for content in (head + PIXELS, gzip.compress(head + PIXELS)):
        (tmp_path / "x-images").write_bytes(content)
        tracemalloc.start()
        with pytest.raises(symcnn.InputError, match="damaged or cut off"):
            read_idx(tmp_path / "x-images")
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
        tracemalloc.stop()


def test_a_packed_file_is_unpacked_no_further_than_its_head_says(tmp_path):
    with gzip.open(tmp_path / "bomb.gz", "wb", 9) as file:
        file.write(FILE)
        for _ in range(200):
            file.write(bytes(1_000_000))
    tracemalloc.start()
    with pytest.raises(symcnn.InputError, match="more bytes than the 24"):
        read_idx(tmp_path / "bomb.gz")
    assert tracemalloc.get_traced_memory()[1] < 4_000_000
    tracemalloc.stop()


@pytest.mark.filterwarnings("ignore::symcnn.errors.SymcnnWarning")
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_changed_byte_is_read_or_refused(tmp_path, is_packed):
    """Nothing else can happen; and where the file is packed, a changed byte of the content never passes."""
    (tmp_path / "labels-idx1").write_bytes(LABELS)
    content = gzip.compress(FILE, mtime=0) if is_packed else FILE
    passed = []
    for place in range(len(content)):
        for byte in {0, 255, content[place] ^ 1, content[place] ^ 128} - {content[place]}:
            (tmp_path / "images-idx3").write_bytes(content[:place] + bytes([byte]) + content[place + 1 :])
            try:
                data = symcnn.read_data(tmp_path / "images-idx3", NET)
            except symcnn.InputError:
                continue
            assert data.images.shape == (4, 2, 3)
            passed.append((place, data.images.tolist() == IMAGES))
    if is_packed:
        assert all(same for _, same in passed)
    else:  # in the head, only the type may be another one of as many bytes: signed ones
        assert {place for place, _ in passed} == {2, *range(16, 40)}


def test_pipes_and_folders(tmp_path):
    os.mkfifo(tmp_path / "images-idx3")
    with pytest.raises(symcnn.InputError, match="pipe"):
        symcnn.read_data(tmp_path / "images-idx3", NET)
    (tmp_path / "t10k-images").write_bytes(FILE)
    (tmp_path / "t10k-labels").mkdir()
    with pytest.raises(symcnn.InputError, match="no labels beside it"):
        symcnn.read_data(tmp_path / "t10k-images", NET)


def test_a_folder_of_parts(tmp_path):
    for part, names in {"train": "train", "test": "t10k"}.items():
        content = FILE if part == "train" else FILE[:7] + b"\1" + FILE[8:16] + PIXELS[6:12]
        targets = LABELS if part == "train" else LABELS[:7] + b"\1" + LABELS[9:10]
        (tmp_path / f"{names}-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
        (tmp_path / f"{names}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(targets))
    words = r"train-images-idx3-ubyte.gz: also there: \"test\" \(--part; read_data: part\); labels from train-labels"
    assert read(tmp_path, words=words).images.tolist() == IMAGES
    data = read(tmp_path, part="test", words="t10k-images-idx3-ubyte.gz: labels from t10k-labels-idx1-ubyte.gz; bytes")
    assert data.images.tolist() == IMAGES[1:2]
    assert data.targets.tolist() == TARGETS[1:2]
    with pytest.raises(
        symcnn.InputError, match="no one file of the part 'val'; files of images there: train-images-idx"
    ):
        symcnn.read_data(tmp_path, NET, part="val")
    with pytest.raises(symcnn.InputError, match="ink='white': is for pictures"):
        symcnn.read_data(tmp_path, NET, ink="white")
    (tmp_path / "train-images-idx3-ubyte").write_bytes(FILE)  # unpacked beside it, as torchvision leaves them
    assert (
        read(tmp_path, part="train", words="train-images-idx3-ubyte: labels from train-lab").images.tolist() == IMAGES
    )
    (tmp_path / "training-images-idx3").write_bytes(FILE)
    with pytest.raises(symcnn.InputError, match="no one file of the part 'train'"):
        symcnn.read_data(tmp_path, NET)


def test_another_suffix_is_still_unknown(tmp_path):
    (tmp_path / "d.mat").write_bytes(b"MATLAB 5.0 MAT-file")
    with pytest.raises(symcnn.InputError, match=r"unknown suffix '\.mat'; expected samples"):
        symcnn.read_data(tmp_path / "d.mat", NET)
    assert idx.is_idx(tmp_path / "train.csv.gz")
