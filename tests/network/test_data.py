import numpy as np
import pytest

import symcnn
from symcnn.network import check_same_classes, checked, class_names


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
        (np.zeros((2, 3, 3)), [1, 0], "targets of shape"),
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
