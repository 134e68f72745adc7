"""Samples from files: each form gives the same samples."""

import numpy as np
import pytest

import symcnn
from tests.tools.pictures import colour, ink, write_png

NET = symcnn.Network((2, 3), [symcnn.Dense(3)], loss="cross_entropy")
IMAGES = np.array(
    [[[0, 0.2, 1], [0.4, 0, 0.6]], [[1, 1, 0], [0, 0, 1]], [[0, 0, 0], [0.8, 1, 1]], [[1, 0, 1], [0, 0, 0]]]
)
LABELS = np.array([2, 0, 1, 0])
TARGETS = np.eye(3)[LABELS]


def same(data, images=IMAGES, targets=TARGETS):
    assert np.allclose(data.images, images, rtol=0, atol=1e-15)
    assert np.array_equal(data.targets, targets)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8, bool])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npz_with_labels(tmp_path, dtype, order):
    images = np.asarray(IMAGES > 0.5, dtype=dtype, order=order)
    np.savez_compressed(tmp_path / "d.npz", images=images, labels=LABELS)
    same(symcnn.read_data(tmp_path / "d.npz", NET), images)


def test_npz_with_targets_and_an_axis_for_one_channel(tmp_path):
    targets = np.full((4, 3), 0.25)
    np.savez(tmp_path / "d.npz", images=IMAGES[:, None], targets=targets, notes=np.zeros(3))
    net = symcnn.Network((1, 2, 3), [symcnn.Dense(3)])
    same(symcnn.read_data(tmp_path / "d.npz", net), targets=targets)


ROWS = [",".join(map(str, [*image.ravel(), label])) for image, label in zip(IMAGES, LABELS, strict=True)]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(ROWS),
        "\n" + "\r\n\r\n".join(ROWS) + "\r\n",
        "\n".join(ROWS).replace(",", ";"),
        "\n".join(ROWS).replace(",", "\t"),
        "\n".join(ROWS).replace(",", " , "),
        "\ufeffa,b,c,d,e,f,class\n" + "\n".join(ROWS),
        '"0";"1";"2";"3";"4";"5";"Label"\n' + "\n".join(ROWS).replace(",", ";"),
        "label,p1,p2,p3,p4,p5,p6\n" + "\n".join(f"{row[-1]},{row[:-2]}" for row in ROWS),
        "0,1,label,2,3,4,5\n"
        + "\n".join(",".join([*row.split(",")[:2], row[-1], *row.split(",")[2:6]]) for row in ROWS),
    ],
)
def test_csv_with_a_class_on_each_line(tmp_path, text):
    (tmp_path / "d.csv").write_text(text, "utf-8", newline="")
    same(symcnn.read_data(tmp_path / "d.csv", NET))


def test_csv_with_targets(tmp_path):
    rows = [",".join(map(str, [*image.ravel(), 0.5, 0.25, 0.25])) for image in IMAGES]
    (tmp_path / "d.csv").write_text("\n".join(rows), "utf-8")
    same(symcnn.read_data(tmp_path / "d.csv", NET), targets=np.tile([0.5, 0.25, 0.25], (4, 1)))


def test_a_single_output_has_its_target_on_the_line(tmp_path):
    net = symcnn.Network((2,), [symcnn.Dense(1)])
    (tmp_path / "d.csv").write_text("1,2,0.5\n3,4,-7e-1\n", "utf-8")
    data = symcnn.read_data(tmp_path / "d.csv", net)
    assert data.images.tolist() == [[1, 2], [3, 4]]
    assert data.targets.tolist() == [[0.5], [-0.7]]


def test_channels_stand_one_after_the_other(tmp_path):
    net = symcnn.Network((2, 1, 2), [symcnn.Dense(2)])
    (tmp_path / "d.csv").write_text("1,2,3,4,1\n", "utf-8")
    data = symcnn.read_data(tmp_path / "d.csv", net)
    assert data.images.tolist() == [[[[1, 2]], [[3, 4]]]]
    assert data.targets.tolist() == [[0, 1]]


def test_a_folder_has_a_class_for_each_subfolder(tmp_path):
    for name, numbers in {"b": [1], "a": [3, 0], "c": [2]}.items():
        (tmp_path / name).mkdir()
        for n in numbers:
            write_png(tmp_path / name / f"{n}.PNG", ink(IMAGES[n]))
    (tmp_path / ".DS_Store").write_text("passed over")
    data = symcnn.read_data(tmp_path, NET)
    same(data, IMAGES[[0, 3, 1, 2]], np.eye(3)[[0, 0, 1, 2]])
    assert data.labels == ["a", "a", "b", "c"]


def test_a_folder_for_a_single_output(tmp_path):
    net = symcnn.Network((2, 3), [symcnn.Dense(1, "sigmoid")], loss="binary_cross_entropy")
    for name, n in {"no": 0, "yes": 1}.items():
        (tmp_path / name).mkdir()
        write_png(tmp_path / name / "x.png", ink(IMAGES[n]))
    same(symcnn.read_data(tmp_path, net), IMAGES[:2], [[0.0], [1.0]])


def test_colours_are_three_channels(tmp_path):
    pixels = np.arange(18.0).reshape(3, 2, 3) * 15 / 255
    net = symcnn.Network((3, 2, 3), [symcnn.Dense(2)])
    for name in "ab":
        (tmp_path / name).mkdir()
        write_png(tmp_path / name / "x.png", colour(pixels))
    same(symcnn.read_data(tmp_path, net), np.array([pixels, pixels]), np.eye(2))
    run = symcnn.train(net, symcnn.read_data(tmp_path, net), epochs=1, backend="python")
    assert run.classes == ("a", "b")


def test_a_run_knows_its_classes(tmp_path):
    for name, n in {"ring": 0, "bar": 1, "dot": 2}.items():
        (tmp_path / name).mkdir()
        write_png(tmp_path / name / "x.png", ink(IMAGES[n]))
    data = symcnn.read_data(tmp_path, NET)
    run = symcnn.train(NET, data, epochs=1, backend="expressions", checkpoint=tmp_path / "c.npz")
    assert run.classes == ("bar", "dot", "ring")
    from symcnn.train.run import Trained

    assert Trained.load(tmp_path / "c.npz").classes == run.classes
    assert Trained.load(run.save(tmp_path / "r.json")).labels == ("bar", "dot", "ring")


def test_grey_in_16_bits_is_scaled_not_clipped(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
    from symcnn.network.png import png_pixels

    found = []
    for name, values in (("8", np.uint8([[0, 128], [255, 1]])), ("16", np.uint16([[0, 128], [255, 1]]) * 257)):
        image.fromarray(values).save(tmp_path / f"{name}.png")
        found.append(png_pixels((tmp_path / f"{name}.png").read_bytes(), (2, 2)))
    assert np.array_equal(*found)


def test_folders_of_whole_numbers_are_the_classes_of_the_same_npz(tmp_path):
    net = symcnn.Network((2, 3), [symcnn.Dense(11)], loss="cross_entropy")
    images = np.zeros((11, 2, 3))
    images.reshape(11, 6)[np.arange(11), np.arange(11) % 6] = 0.2 * (np.arange(11) // 6 + 1)
    for n, image in enumerate(images):
        (tmp_path / "d" / str(n)).mkdir(parents=True)
        write_png(tmp_path / "d" / str(n) / "x.png", ink(image))
    np.savez(tmp_path / "d.npz", images=images, labels=np.arange(11))
    folder, arrays = symcnn.read_data(tmp_path / "d", net), symcnn.read_data(tmp_path / "d.npz", net)
    same(folder, arrays.images, arrays.targets)
    assert folder.labels == [str(n) for n in range(11)]


@pytest.mark.parametrize("labels", [["owl", "ant", "cat", "ant"], [b"10", b"2", b"9", b"2"]])
def test_npz_with_names_of_classes(tmp_path, labels):
    np.savez(tmp_path / "d.npz", images=IMAGES, labels=np.array(labels))
    data = symcnn.read_data(tmp_path / "d.npz", NET)
    same(data)
    assert data.labels == [x if isinstance(x, str) else x.decode() for x in labels]


def test_npz_with_a_column_of_labels_or_of_one_target(tmp_path):
    np.savez(tmp_path / "d.npz", images=IMAGES[:, :, :, None], labels=LABELS[:, None])
    same(symcnn.read_data(tmp_path / "d.npz", NET))
    net = symcnn.Network((2, 3), [symcnn.Dense(1)])
    np.savez(tmp_path / "d.npz", images=IMAGES, targets=LABELS / 2)
    same(symcnn.read_data(tmp_path / "d.npz", net), targets=LABELS[:, None] / 2)


def test_channels_last_in_files(tmp_path):
    np.savez(tmp_path / "d.npz", images=np.zeros((2, 8, 8, 3)), labels=[0, 1])
    first = symcnn.Network((3, 8, 8), [symcnn.Dense(2)], loss="cross_entropy")
    last = symcnn.Network((8, 8, 3), [symcnn.Dense(2)], loss="cross_entropy")
    for net, words in ((first, "channels come first: numpy.moveaxis"), (last, r"expected \(3, 8, 8\)")):
        with pytest.raises(symcnn.InputError, match=words):
            symcnn.read_data(tmp_path / "d.npz", net)
    (tmp_path / "d.csv").write_text(",".join("0" * 193) + "\n")
    with pytest.raises(symcnn.InputError, match=r"expected \(3, 8, 8\)"):
        symcnn.read_data(tmp_path / "d.csv", last)


# --- .npz under the names of public data sets ---------------------------------------------------------------------

BYTES = np.rint(IMAGES * 255).astype(np.uint8)
SCALED = "bytes are divided by 255, so that pixels lie from 0 to 1"


def read(path, net=NET, *, words, **options):
    with pytest.warns(symcnn.errors.SymcnnWarning, match=words):
        return symcnn.read_data(path, net, **options)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("x_{}", "y_{}"), ("X_{}", "y_{}"), ("X_{}", "Y_{}"), ("{}_images", "{}_labels"), ("{}X", "{}y"),
        ("images_{}", "labels_{}"), ("{}_data", "{}_targets"), ("x{}", "y{}"),
    ],
)  # fmt: skip
def test_npz_with_the_parts_of_a_public_data_set(tmp_path, images, labels):
    parts = {"train": [0, 1, 2, 3], "val": [3], "test": [2, 1]}
    arrays = {}
    for part, numbers in parts.items():
        arrays |= {images.format(part): BYTES[numbers], labels.format(part): LABELS[numbers, None].astype(np.uint8)}
    np.savez(tmp_path / "d.npz", **arrays)
    names = f'{images.format("train")} and {labels.format("train")} are read; also there: "val", "test"'
    same(read(tmp_path / "d.npz", words=rf"{names} \(--part; read_data: part\); {SCALED}"))
    for part, numbers in parts.items():
        same(read(tmp_path / "d.npz", part=part, words=rf"d\.npz: {SCALED}$"), IMAGES[numbers], TARGETS[numbers])


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("x", "y"), ("X", "y"), ("data", "target"), ("images", "y"), ("arr_0", "arr_1"), ("input_data", "target_data"),
        ("features", "targets"),
    ],
)  # fmt: skip
def test_npz_without_parts(tmp_path, images, labels, recwarn):
    np.savez(tmp_path / "d.npz", **{images: IMAGES.astype(np.float32), labels: LABELS})
    same(symcnn.read_data(tmp_path / "d.npz", NET), IMAGES.astype(np.float32))
    np.savez(tmp_path / "d.npz", **{images: IMAGES, labels: np.array(["owl", "ant", "cat", "ant"])})
    data = symcnn.read_data(tmp_path / "d.npz", NET)
    same(data)
    assert data.labels == ["owl", "ant", "cat", "ant"]
    np.savez(tmp_path / "d.npz", **{images: IMAGES, labels: TARGETS.astype(np.int32)})
    same(symcnn.read_data(tmp_path / "d.npz", NET))
    assert not recwarn.list


def test_npz_with_values_for_one_output_or_several(tmp_path):
    net = symcnn.Network((2, 3), [symcnn.Dense(1)])
    np.savez(tmp_path / "d.npz", x=IMAGES, y=LABELS / 3)
    same(symcnn.read_data(tmp_path / "d.npz", net), targets=LABELS[:, None] / 3)
    many = symcnn.Network((2, 3), [symcnn.Dense(3, "sigmoid")], loss="binary_cross_entropy")
    np.savez(tmp_path / "d.npz", x=IMAGES, y=[[1, 1, 0], [0, 0, 0], [1, 0, 1], [1, 1, 1]])
    assert symcnn.read_data(tmp_path / "d.npz", many).targets[0].tolist() == [1, 1, 0]


def test_the_own_names_are_taken_as_they_are(tmp_path, recwarn):
    np.savez(tmp_path / "d.npz", images=BYTES, labels=LABELS, x_train=BYTES[:2], y_train=LABELS[:2], x_test=BYTES)
    same(symcnn.read_data(tmp_path / "d.npz", NET), BYTES.astype(float))
    assert not recwarn.list
    same(read(tmp_path / "d.npz", part="train", words=SCALED), IMAGES[:2], TARGETS[:2])


def test_the_only_part_is_read(tmp_path):
    np.savez(tmp_path / "d.npz", test_images=IMAGES, test_labels=LABELS)
    same(symcnn.read_data(tmp_path / "d.npz", NET))
    np.savez(tmp_path / "d.npz", x_val=IMAGES, y_val=LABELS, x_test=IMAGES[:1], y_test=LABELS[:1])
    same(read(tmp_path / "d.npz", words='x_val and y_val are read; also there: "test"'))


def test_bytes_near_one_are_not_scaled(tmp_path, recwarn):
    np.savez(tmp_path / "d.npz", x=(IMAGES > 0.5).astype(np.uint8), y=LABELS)
    same(symcnn.read_data(tmp_path / "d.npz", NET), IMAGES > 0.5)
    np.savez(tmp_path / "d.npz", x=IMAGES * 255, y=LABELS)  # no bytes: train says what helps
    same(symcnn.read_data(tmp_path / "d.npz", NET), IMAGES * 255)
    assert not recwarn.list


def test_images_of_public_data_sets_are_fitted_where_there_is_one_way(tmp_path):
    colours = np.random.default_rng(1).integers(0, 256, (4, 5, 4, 3)).astype(np.uint8)
    net = symcnn.Network((3, 5, 4), [symcnn.Dense(3)], loss="cross_entropy")
    np.savez(tmp_path / "d.npz", train_images=colours, train_labels=LABELS)
    data = read(
        tmp_path / "d.npz",
        net,
        words=rf"the channels come last in the file and are moved to the front, 3×5×4; {SCALED}",
    )
    assert data.images.shape == (4, 3, 5, 4)
    assert all(data.images[n, c, i, j] == colours[n, i, j, c] / 255 for n, i, j, c in np.ndindex(4, 5, 4, 3))
    np.savez(tmp_path / "d.npz", X=IMAGES.reshape(4, 6), y=LABELS)
    same(read(tmp_path / "d.npz", words="6 numbers of an image are taken as 2×3 pixels, row by row"))
    flat = symcnn.Network((6,), [symcnn.Dense(3)], loss="cross_entropy")
    np.savez(tmp_path / "d.npz", x=IMAGES[..., None], y=LABELS)
    same(read(tmp_path / "d.npz", flat, words="the 2×3×1 pixels of an image are taken as 6"), IMAGES.reshape(4, 6))
    same(symcnn.read_data(tmp_path / "d.npz", NET))
    cube = symcnn.Network((3, 3, 3), [symcnn.Dense(3)], loss="cross_entropy")  # as it is: no way to tell
    np.savez(tmp_path / "d.npz", x=np.arange(108.0).reshape(4, 3, 3, 3), y=LABELS)
    assert np.array_equal(symcnn.read_data(tmp_path / "d.npz", cube).images.ravel(), np.arange(108))


U = np.uint8


@pytest.mark.parametrize(
    ("arrays", "options", "words"),
    [
        ({"x_train": BYTES, "y_train": LABELS}, {"part": "test"}, "part='test': no such part; there: train"),
        ({"images": BYTES, "labels": LABELS}, {"part": "test"}, "no such part; there: none; its arrays"),
        ({"images": BYTES, "labels": LABELS}, {"part": "all"}, "part='all': expected one of train, val, test"),
        ({"x_train": BYTES, "y_test": LABELS}, {}, "x_train, but no array for its labels; expected one; its arrays"),
        ({"y_train": LABELS}, {}, "holds no array 'images'; its arrays: y_train"),
        ({"x": BYTES, "X": BYTES, "y": LABELS}, {}, "holds x and X may all be its images; expected one"),
        ({"data": BYTES, "target": LABELS, "label": LABELS}, {}, "target and label may all be its labels"),
        ({"x": BYTES, "y": LABELS[:3]}, {}, r"y: shape \(3,\), and x: shape \(4, 2, 3\); expected as many labels"),
        ({"x": BYTES, "y": np.eye(4)}, {}, r"y: shape \(4, 4\); expected \(4,\), one for each image"),
        ({"x": BYTES, "y": LABELS + 1}, {}, "y: image 1: the label is 3; expected .* from 0 to 2; they count"),
        ({"x": np.zeros((4, 3, 2), U), "y": LABELS}, {}, r"x: shape \(4, 3, 2\); expected \(samples, 2, 3\)"),
        ({"x": np.zeros((4, 2, 3, 3), U), "y": LABELS}, {}, r"x: shape \(4, 2, 3, 3\); expected \(samples, 2, 3\)"),
        ({"x": np.zeros((0, 2, 3), U), "y": LABELS[:0]}, {}, "at least one sample"),
        ({"x": np.full((4, 2, 3), np.nan), "y": LABELS}, {}, "images: the value at .* is nan"),
        ({"x": IMAGES, "y": np.full(4, np.nan)}, {}, "y: image 1: the label is nan"),
        ({"x": IMAGES, "y": np.array([2, 0, 1, None])}, {}, "y: not a NumPy array|y: holds Python objects"),
        ({"x": np.array([1, None]), "y": LABELS}, {}, "x: holds Python objects; expected numbers"),
    ],
)  # fmt: skip
def test_npz_under_public_names_that_cannot_be_used(tmp_path, arrays, options, words):
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(symcnn.InputError, match=words) as refused:
        symcnn.read_data(tmp_path / "d.npz", NET, **options)
    assert str(refused.value).startswith(f"{tmp_path / 'd.npz'}: ")


def test_parts_are_for_npz(tmp_path):
    (tmp_path / "d.csv").write_text("1,2,3,4,5,6,0\n")
    for path in (tmp_path / "d.csv", tmp_path):
        with pytest.raises(symcnn.InputError, match=r"part='test': is for \.npz and folders of IDX"):
            symcnn.read_data(path, NET, part="test")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff\xd8\xff\xe0 JFIF", "not an .npz file but a JPEG image"), (b"\x93NUMPY\x01\0", "but a NumPy array"),
     (b"\x1f\x8b\x08", "but a gzip archive"), (b"1,2,3\n", "not a whole .npz file")],
)  # fmt: skip
def test_an_npz_that_is_something_else_is_named(tmp_path, content, words):
    (tmp_path / "d.npz").write_bytes(content)
    with pytest.raises(symcnn.InputError, match=words):
        symcnn.read_data(tmp_path / "d.npz", NET)
