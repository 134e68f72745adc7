import numpy as np
import pytest

import symcnn
from symcnn.network import checked


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
