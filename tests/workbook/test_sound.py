"""Every kind of workbook that symcnn writes, looked at as Excel would: the rules, and Microsoft's validator."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

import symcnn
from tests.slow import rest_slow
from tests.tools import sdk
from tests.tools.networks import from_seed
from tests.workbook.rules import findings

EXAMPLES = Path(__file__).parents[2] / "examples"


def article(folder, lang):
    net, data = symcnn.article.network(), symcnn.article.images()
    return symcnn.export_workbook(net, data, folder / f"article_{lang}.xlsx", steps=20, lang=lang)


def operations(folder, lang):
    return symcnn.export_workbook(
        symcnn.article.operations(), symcnn.article.picture(), folder / f"operations_{lang}.xlsx",
        initial=symcnn.article.features(), lang=lang,
    )  # fmt: skip


def example(folder, name, lang):
    net, data = symcnn.read_network(EXAMPLES / f"{name}.toml")
    return symcnn.export_workbook(net, data, folder / f"{name}_{lang}.xlsx", steps=5, lang=lang)


def large(folder, lang):
    """Past 2,000 quantities: a sheet for each layer."""
    layers = [symcnn.Conv2D(8, 3), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Dense(10)]
    net = symcnn.Network((8, 8), layers, "cross_entropy")
    data = (np.random.default_rng(8).uniform(size=(3, 8, 8)), np.array([7, 0, 3]))
    return symcnn.export_workbook(net, data, folder / f"large_{lang}.xlsx", lang=lang)


def random_network(folder, seed):
    net, theta, images, targets = from_seed(seed)
    path = folder / f"random_{seed}.xlsx"
    return symcnn.export_workbook(net, (images, targets), path, initial=theta, steps=2, learning_rate=0.02)


#: Kinds of workbooks, each with its language, its name or its seed.
SOME = [(article, "en"), (operations, "fr"), (random_network, 2)]
OTHERS = [
    (article, "fr"), (operations, "en"), (large, "en"), (example, "strided", "en"), (example, "two_filters", "fr"),
    (random_network, 1),
]  # fmt: skip


@pytest.fixture(scope="module", params=rest_slow([SOME, OTHERS]))
def kinds(request):
    return request.param


@pytest.fixture(scope="module")
def workbooks(kinds, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    return [write(folder, *which) for write, *which in kinds]


@pytest.mark.slow
def test_no_rule_of_excel_is_broken(workbooks):
    for path in workbooks:
        assert findings(path) == [], path.name


@sdk.needs_sdk
def test_microsofts_validator_finds_nothing(workbooks, tmp_path):
    root = sdk.laid_out(tmp_path)
    assert sdk.findings(root, workbooks) == []
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(workbooks[0]) as source, zipfile.ZipFile(broken, "w") as out:
        for name in source.namelist():
            out.writestr(name, source.read(name).replace(b"<ignoredError sqref", b"<ignoredError where"))
    assert sdk.findings(root, [broken])


@pytest.mark.slow
def test_the_same_input_gives_the_same_bytes(workbooks, kinds, tmp_path):
    for path, (write, *which) in zip(workbooks, kinds, strict=True):
        assert write(tmp_path, *which).read_bytes() == path.read_bytes(), path.name
