"""Samples of the tests of training."""

import numpy as np
import pytest

import symcnn

SAMPLES = 22
OPTIMIZERS = ("sgd", "momentum", "adam")


@pytest.fixture(scope="module")
def many():
    """Samples for the article's network; the last batch of 8 has 6."""
    rng = np.random.default_rng(5)
    return symcnn.Data(rng.uniform(size=(SAMPLES, 3, 3)), np.eye(2)[rng.integers(0, 2, SAMPLES)])


def overfitted(many):
    """Samples, and validation data that learning makes worse sooner or later."""
    train, unseen = many.split(0.5)
    return train, symcnn.Data(unseen.images, 1 - unseen.targets)
