"""What the tests share: the article's network, and a fixed, printed seed for hypothesis."""

import pytest
from hypothesis import settings

import symcnn

settings.register_profile("suite", deadline=None, derandomize=True, print_blob=True, max_examples=40)
settings.load_profile("suite")


def pytest_report_header() -> str:
    return "hypothesis: derandomized, 40 examples a law; NumPy seeds stand in the tests"


@pytest.fixture(scope="session")
def net() -> symcnn.Network:
    return symcnn.article.network()


@pytest.fixture(scope="session")
def data() -> symcnn.Data:
    return symcnn.article.images()


@pytest.fixture(scope="session")
def derivation(net: symcnn.Network) -> symcnn.Derivation:
    return symcnn.derive(net)
