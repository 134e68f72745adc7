"""What Coq says of the article's certificate, asked once for all tests."""

from pathlib import Path

import pytest

import symcnn
from symcnn import certificate as certificates
from symcnn.proof import Verdict

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def article(net, data, tmp_path_factory):
    """What ``certify`` wrote and found."""
    return certificates.certify(net, tmp_path_factory.mktemp("article"), data=data)


@pytest.fixture(scope="session")
def two_filters():
    return symcnn.read_network(EXAMPLES / "two_filters.toml")


@pytest.fixture(scope="session")
def text(net, data):
    return certificates.certificate_of(net, data).text


@pytest.fixture
def shown_to_coq(monkeypatch):
    """The texts that Coq would be shown; all of them are said to be certified."""
    texts = []

    def said(text, theorems, timeout):
        texts.append(text)
        return certificates.CoqVerdict(Verdict("right", "kernel"), dict.fromkeys(theorems, frozenset()), coq="8.16.1")

    monkeypatch.setattr(certificates, "verdict_on", said)
    return texts
