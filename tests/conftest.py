"""What the tests share: the article's network, and a fixed, printed seed for hypothesis."""

import os
import signal

import pytest
from hypothesis import settings

import symcnn

settings.register_profile("suite", deadline=None, derandomize=True, print_blob=True, max_examples=40)
settings.load_profile("suite")


# a run in the background of a shell inherits an ignored Ctrl-C: trainings that a test interrupts would go on for ever
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    return "hypothesis: derandomized, 40 examples a law; NumPy seeds stand in the tests"


@pytest.fixture(scope="session", autouse=True)
def _compiled_programs_go_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Not into the cache of whoever runs the tests; workers share what they compile."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "compiled"
    folder.mkdir(mode=0o700, exist_ok=True)
    os.environ["SYMCNN_CACHE"] = str(folder)


@pytest.fixture(scope="session")
def net() -> symcnn.Network:
    return symcnn.article.network()


@pytest.fixture(scope="session")
def data() -> symcnn.Data:
    return symcnn.article.images()


@pytest.fixture(scope="session")
def derivation(net: symcnn.Network) -> symcnn.Derivation:
    return symcnn.derive(net)
