import numpy as np
import pytest

import symcnn
from symcnn.errors import SymcnnWarning
from symcnn.network import check_same_classes, checked, class_names
from symcnn.network.data import class_order


def test_a_pair_is_data(net, data):
    pairs = [
        checked(net, d) for d in (data, (data.images, data.targets), [data.images.tolist(), data.targets.tolist()])
    ]
    for images, targets in pairs:
        assert np.array_equal(images, data.images)
        assert np.array_equal(targets, data.targets)


def test_an_axis_of_one_channel_may_be_given_or_not():
    net = symcnn.Network((1, 3, 3), [symcnn.Dense(2)])
    image = np.eye(3)
    for images in ([image], [[image]]):
        assert checked(net, (images, [[1, 0]]))[0].shape == (1, 3, 3)


@pytest.mark.parametrize(
    ("images", "targets", "message"),
    [
        (np.zeros((2, 2, 2)), np.eye(2), "images of shape"),
        (np.zeros((3, 3)), np.eye(2), "images of shape"),
        (np.zeros((0, 3, 3)), np.zeros((0, 2)), "at least one sample"),
        (np.full((2, 3, 3), np.inf), np.eye(2), r"the value at \(1, 1, 1\)"),
        (np.zeros((2, 3, 3)), np.eye(3), "targets of shape"),
        (np.zeros((2, 3, 3)), [2, 0], "targets: the label of image 1 is 2; expected whole numbers from 0 to 1"),
        (np.zeros((2, 3, 3)), [[1], [0]], "targets of shape"),
        (np.zeros((2, 3, 3)), [0, 0.5], "targets: the label of image 2 is 0.5; .*or rows of 2 values"),
        (np.zeros((2, 3, 3)), None, "targets: missing"),
        (np.zeros((2, 3, 3)), [["a", "b"], ["c", "d"]], "targets: expected numbers"),
    ],
)
def test_what_does_not_fit_is_refused(net, images, targets, message):
    with pytest.raises(symcnn.InputError, match=message):
        checked(net, (images, targets))


def test_labels_are_as_many_as_images(net, data):
    with pytest.raises(symcnn.InputError, match="labels: 1 of them"):
        checked(net, symcnn.Data(data.images, data.targets, ["cross"]))


def test_other_kinds_of_data_are_refused(net):
    with pytest.raises(symcnn.InputError, match=r"expected symcnn\.Data"):
        checked(net, "images")
    with pytest.raises(symcnn.InputError, match=r"data of type ndarray: .*; the targets are missing"):
        checked(net, IMAGES)


@pytest.mark.parametrize(
    ("loss", "targets", "message"),
    [
        ("cross_entropy", [[1, 0], [-0.25, 1]], r"the value at \(2, 1\) \(counted from 1\) is -0.25; .*at least 0"),
        ("binary_cross_entropy", [[1, 0], [0.5, 1.5]], r"the value at \(2, 2\) .* is 1.5; .*from 0 to 1"),
        ("binary_cross_entropy", [[-1, 0], [0.5, 1]], r"the value at \(1, 1\) .* is -1; .*'binary_cross_entropy'"),
    ],
)
def test_targets_that_make_a_loss_meaningless_are_refused(loss, targets, message):
    net = symcnn.Network((3,), [symcnn.Dense(2, "sigmoid")], loss=loss)
    for use in (checked, symcnn.train, lambda *a: symcnn.compile(net).loss_and_gradient(np.zeros(8), *a[1])):
        with pytest.raises(symcnn.InputError, match=message):
            use(net, (np.ones((2, 3)), targets))


@pytest.mark.parametrize("loss", ["cross_entropy", "half_squared_error", "mse"])
def test_other_targets_are_not(loss):
    targets = [[3, 0], [0.25, 0.25]] if loss == "cross_entropy" else [[3, 0], [-0.25, 0.25]]
    net = symcnn.Network((3,), [symcnn.Dense(2)], loss=loss)
    assert np.array_equal(checked(net, (np.ones((2, 3)), targets))[1], targets)


def test_classes_are_named_by_their_labels():
    rows = np.eye(3)[[1, 0, 1]]
    assert class_names(rows, ["b", "a", "b"]) == ("a", "b", "2")
    assert class_names(rows, ["b", "a", "c"]) is None
    assert class_names(np.array([[1.0], [0.0]]), ["yes", "no"]) == ("no", "yes")
    assert class_names(np.array([[1.0], [0.5]]), ["yes", "no"]) is None


def test_other_names_for_the_same_classes_are_refused():
    train, one = (np.eye(3)[[0, 1]], ["cat", "dog"]), (np.array([[0.0], [1.0]]), ["cat", "dog"])
    for known, other in (
        (train, (np.eye(3)[[1, 2]], ["dog", "fox"])),
        (train, (np.eye(3)[[0]], None)),
        (train, (np.eye(3)[[0, 0]], ["tom", "kitty"])),  # names of samples, not of classes
        (one, (np.array([[1.0]]), ["dog"])),
    ):
        check_same_classes(known, other)
    for known, other in ((train, (np.eye(3)[[0, 1]], ["bird", "cat"])), (one, (np.array([[0.0]]), ["dog"]))):
        with pytest.raises(symcnn.InputError, match=r"its classes are .*; expected those of the training: cat, dog"):
            check_same_classes(known, other)


# --- what people have in their hands ------------------------------------------------------------------------------

CLASSES = symcnn.Network((3, 3), [symcnn.Dense(2)], loss="cross_entropy")
ONE = symcnn.Network((3, 3), [symcnn.Dense(1)])
IMAGES = np.arange(18.0).reshape(2, 3, 3) / 20


def test_tensors_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    images, targets = torch.tensor(IMAGES, requires_grad=True), torch.eye(2, requires_grad=True)
    for values in (images, [*images], images.to_sparse(), torch.nn.Parameter(images.clone().detach())):
        assert np.array_equal(checked(CLASSES, (values, targets))[0], IMAGES)
    assert checked(CLASSES, (images.bfloat16(), torch.tensor([0, 1])))[1].tolist() == [[1, 0], [0, 1]]
    net = symcnn.Network((2,), [symcnn.Dense(1)])
    initial = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    for values in (initial, dict(zip(net.parameters, initial, strict=True))):
        run = symcnn.train(net, (torch.ones(1, 2), torch.ones(1)), initial=values, steps=0)
        assert run.theta.tolist() == [1, 2, 3]


def test_masked_and_sparse_arrays():
    masked = np.ma.masked_array(IMAGES, mask=False)
    assert np.array_equal(checked(CLASSES, (masked, [0, 1]))[0], IMAGES)
    masked[1, 2, 0] = np.ma.masked
    for images, targets in ((masked, [0, 1]), (IMAGES, np.ma.masked_array([0, 1], [True, False])), ([*masked], [0, 1])):
        with pytest.raises(symcnn.InputError, match=r"1 of whose values are masked; fill them: array\.filled\(0\)"):
            checked(CLASSES, (images, targets))
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed: pip install scipy")
    net = symcnn.Network((3,), [symcnn.Dense(2)])
    for kind in (sparse.csr_matrix, sparse.coo_array, sparse.lil_matrix):
        assert np.array_equal(checked(net, (kind(IMAGES[0]), kind(IMAGES[0, :, :2])))[1], IMAGES[0, :, :2])


@pytest.mark.parametrize(
    ("net", "targets", "rows"),
    [
        (ONE, [0.5, -1], [[0.5], [-1]]),
        (ONE, np.array([[0.5], [-1]]), [[0.5], [-1]]),
        (CLASSES, [[1], [0]], [[0, 1], [1, 0]]),
        (CLASSES, np.array([True, False]), [[0, 1], [1, 0]]),
        (CLASSES, ["dog", "cat"], [[0, 1], [1, 0]]),
        (CLASSES, np.array([["dog"], ["cat"]]), [[0, 1], [1, 0]]),
        (CLASSES, np.array([b"10", b"9"]), [[0, 1], [1, 0]]),
        (CLASSES, np.array(["dog", "cat"], dtype=object), [[0, 1], [1, 0]]),
        (ONE, ["yes", "no"], [[1], [0]]),
    ],
)
def test_targets_whose_meaning_is_plain(net, targets, rows):
    assert checked(net, (IMAGES, targets))[1].tolist() == rows


def test_names_of_classes_stay_with_a_training():
    data = symcnn.Data(np.tile(IMAGES, (2, 1, 1)), ["cat", "ant", "cat", "ant"])
    assert symcnn.train(CLASSES, data, epochs=1, backend="numpy").classes == ("ant", "cat")
    parts = symcnn.Data(data.images, ["cat", "cat", "cat", "ant"]).split(0.5, seed=1)
    part = next(part for part in parts if "ant" not in part.labels)
    assert checked(CLASSES, part)[1].tolist() == [[0, 1], [0, 1]]  # a part may lack a class
    for targets, words in ((["a", "a"], r"1 classes \(a\); expected 2"), (["a", 3], "is 'a'"), (["a", None], "is 'a'")):
        with pytest.raises(symcnn.InputError, match=words):
            checked(CLASSES, (IMAGES, targets))


@pytest.mark.parametrize("shape", [(2, 3, 3), (2, 1, 3, 3), (2, 3, 3, 1)])
@pytest.mark.parametrize("input_shape", [(3, 3), (1, 3, 3)])
def test_an_axis_of_one_channel_anywhere(shape, input_shape):
    net = symcnn.Network(input_shape, [symcnn.Dense(2)])
    assert np.array_equal(checked(net, (IMAGES.reshape(shape), np.eye(2)))[0], IMAGES)


@pytest.mark.parametrize(
    ("input_shape", "images", "words"),
    [
        ((3, 8, 6), (2, 8, 6, 3), r"channels come first: numpy.moveaxis\(images, -1, 1\)"),
        ((4, 5, 5), (2, 5, 5, 4), r"expected \(samples, 4, 5, 5\).*channels come first"),
        ((32, 32, 3), (2, 32, 32, 3), r"input_shape=\(32, 32, 3\): channels come first.* expected \(3, 32, 32\)"),
        ((8, 8, 1), (2, 8, 8, 1), r"input_shape=\(8, 8, 1\): .* expected \(8, 8\)"),
        ((28, 20, 3), (2, 28, 20, 3), r"expected \(3, 28, 20\)"),
        ((32, 32, 3), (2, 3, 32, 32), r"expected \(3, 32, 32\)"),
        ((3, 3), (3, 3), r"of a single image: images\[None\]"),
        ((2, 3, 3), (2, 18), r"images.reshape\(-1, 2, 3, 3\)"),
        ((9,), (2, 3, 3), r"images.reshape\(-1, 9\)"),
    ],
)
def test_channels_come_first(input_shape, images, words):
    net = symcnn.Network(input_shape, [symcnn.Dense(2)])
    with pytest.raises(symcnn.InputError, match=words):
        checked(net, (np.zeros(images), np.eye(2)))


def test_flat_images_of_one_channel_are_read_row_by_row(net):
    flat = np.arange(18).reshape(2, 9)
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: pip install pandas")
    for images in (flat, flat.tolist(), pandas.DataFrame(flat, columns=[f"pixel{n}" for n in range(9)])):
        for targets in ([0, 1], pandas.Series([0, 1], index=[7, 3]), pandas.Series(["a", "b"], dtype="category")):
            assert np.array_equal(checked(net, (images, targets))[0], flat.reshape(2, 3, 3))
            assert np.array_equal(checked(net, symcnn.Data(images, targets)[1:])[0], flat.reshape(2, 3, 3)[1:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"targets": [0, 1, 0]}, "targets: 3 of them; expected 2, one for each image"),
        ({"y": [0, 1, 0]}, "targets: 3 of them; expected 2"),
        ({"labels": ["a"]}, "labels: 1 of them; expected 2"),
        ({"target": [0, 1]}, "Data: unknown word 'target'; did you mean 'targets'"),
        ({"X": IMAGES}, "Data: X and images mean the same"),
        ({"images": None}, "images=None: expected numbers or pictures"),
        ({"images": "digits.npz"}, r"images='digits.npz': .*symcnn\.read_data\(path, network\) reads a file"),
    ],
)
def test_samples_that_do_not_fit_each_other_are_refused_at_once(arguments, message):
    with pytest.raises(symcnn.InputError, match=message):
        symcnn.Data(**{"images": IMAGES, **arguments})


def test_samples_are_told_in_one_line(data):
    assert repr(data) == "Data(2 samples: images (2, 3, 3), targets (2, 2), labels (2))"
    assert repr(data[:1]) == "Data(1 sample: images (1, 3, 3), targets (1, 2), labels (1))"
    assert repr(symcnn.Data(X=IMAGES.tolist())) == "Data(2 samples: images (2, 3, 3))"
    assert repr(symcnn.Data([[1, 2], [3]])) == "Data(2 samples: images of different lengths)"


@pytest.mark.parametrize("shape", [(3, 3, 3), (2, 5, 3), (8, 100, 1), (1, 4, 3), (3, 5, 3), (16, 5, 5)])
def test_other_shapes_are_as_they_are_written(shape):
    net = symcnn.Network(shape, [symcnn.Dense(2)])
    assert len(checked(net, (np.zeros((2, *shape)), np.eye(2)))[0]) == 2


@pytest.mark.parametrize(
    ("images", "words"),
    [
        ([[[1, 0, 1], [0, 1], [1, 0, 1]]], "image 1: its rows have 3 and 2 values"),
        ([np.zeros((3, 3)).tolist(), [[1, 0, 1], [0, 1, 0], [1]]], "image 2: its rows have 3 and 1 values"),
        ([np.zeros((3, 3)), np.zeros((3, 2))], r"image 2 is of shape \(3, 2\), the first of \(3, 3\)"),
        ([[[1, 0, 1], [0, "a", 0], [1, 0, 1]]], r"the value at \(1, 2, 2\) is 'a'"),
        ([[[1, 0, 1], [0, None, 0], [1, 0, 1]]], r"the value at \(1, 2, 2\) is None"),
        ([[[1, 0, 1], [0, 10**400, 0], [1, 0, 1]]], "int too large to convert to float"),
        (["x" * 100_000], "is 'xxxx.{0,60}xxx'"),
        (np.zeros((1, 3, 3), complex), r"the value at \(1, 1, 1\) is 0j"),
    ],
)
def test_a_message_names_what_is_there(images, words):
    with pytest.raises(symcnn.InputError, match=words) as error:
        checked(CLASSES, (images, [0]))
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (map(str, range(11)), [str(k) for k in range(11)]),
        (["10", "9", "-1", "007", "0"], ["-1", "0", "007", "9", "10"]),
        (["class10", "class2", "class1"], ["class1", "class2", "class10"]),
        (["b", "10", "a", "9", "a"], ["9", "10", "a", "b"]),
        (["cat", "Cat", "été", "1.5", "1.10"], ["1.5", "1.10", "Cat", "cat", "été"]),
        (["2" * 400, "3"], ["3", "2" * 400]),
    ],
)
def test_classes_are_numbered_by_their_names(names, order):
    assert class_order(names) == order


def test_large_pixels_are_said_once(recwarn):
    data = (IMAGES * 255 / IMAGES.max(), [0, 1])
    with pytest.warns(SymcnnWarning, match=r"pixels reach 255: .* divide them by 255"):
        run = symcnn.train(CLASSES, data, steps=3, learning_rate=0.5)
    assert run.steps == 3
    with pytest.warns(SymcnnWarning, match=r"pixels reach 8\.5e\+06"):
        symcnn.train(CLASSES, (IMAGES * 1e7, [0, 1]), steps=0)
    for scale in (1, 16, -1):  # as the digits of scikit-learn
        symcnn.train(CLASSES, (IMAGES * scale, [0, 1]), steps=0)
    assert not recwarn.list


def test_a_split_is_drawn_and_whole():
    data = symcnn.Data(np.arange(10.0)[:, None], np.arange(10), [str(n) for n in range(10)])
    rest, out = data.split(0.3, seed=2)
    assert (len(rest.images), len(out.images)) == (7, 3)
    assert sorted([*rest.targets, *out.targets]) == list(range(10))
    assert rest.labels == [str(n) for n in rest.targets]
    assert np.array_equal(data.split(0.3, seed=2)[1].images, out.images)
    assert not np.array_equal(data.split(0.3, seed=3)[1].images, out.images)
    for share in (0, 1, -0.1, float("nan"), True, "0.2"):
        with pytest.raises(symcnn.InputError, match="share"):
            data.split(share)


def test_a_split_leaves_a_sample_on_either_side():
    data = symcnn.Data(np.arange(3.0)[:, None], np.arange(3))
    assert [len(part.images) for part in data.split(0.99)] == [1, 2]
    assert [len(part.images) for part in data.split(0.01)] == [2, 1]


@pytest.mark.parametrize(
    ("image", "lengths"),
    [([[1, 2], [3]], "2 and 1"), ([[[1, 2], [3, 4]], [[5, 6], [7]]], "2 and 1"), ([[[[1], [2, 3, 4]]]], "1 and 3")],
)
def test_rows_of_different_lengths_are_named_however_deep(image, lengths):
    net = symcnn.Network((2, 2, 2), [symcnn.Flatten(), symcnn.Dense(1)], "mse")
    with pytest.raises(symcnn.InputError, match=f"image 1: its rows have {lengths} values"):
        symcnn.train(net, ([image], [[1]]), steps=0)


def test_some_of_the_samples():
    images, labels = np.arange(24.0).reshape(4, 2, 3), np.array([2, 0, 1, 0])
    data = symcnn.Data(images, labels, ["c", "a", "b", "a"])
    assert len(data) == 4
    for chosen, numbers in ((2, [2]), (-1, [3]), (slice(1, 3), [1, 2]), ([3, 0], [3, 0]), (np.array([1]), [1])):
        some = data[chosen]
        assert np.array_equal(some.images, images[numbers])
        assert some.targets.tolist() == labels[numbers].tolist()
        assert some.labels == [data.labels[n] for n in numbers]
    assert [part.labels for part in data] == [["c"], ["a"], ["b"], ["a"]]
    assert data[:1].targets.tolist() == [2]
    for wrong in (4, -5, [0, 4]):
        with pytest.raises(IndexError, match="expected numbers from 0 to 3"):
            data[wrong]
    for wrong in (1.0, "1", [[0]], True, []):
        with pytest.raises(symcnn.InputError, match="expected a sample's number from 0, several, or a slice"):
            data[wrong]


def test_some_of_the_samples_keep_their_classes():
    data = symcnn.Data(np.zeros((3, 2)), ["owl", "ant", "cat"])
    some = data[[2]]
    assert some.targets.tolist() == [1]
    assert some.labels == ["cat"]
    assert symcnn.Data(np.zeros((3, 2)))[1:].targets is None
