"""Files that version 0.1 wrote are read by every later one, and mean what they meant."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import symcnn
from symcnn.audit import audit, mapping_from
from symcnn.cli import main
from symcnn.network.datafiles import read_data
from symcnn.text import catalogue
from symcnn.workbook import verify_workbook
from symcnn.workbook.cell_values import CellContent
from symcnn.workbook.check.verify import verify_package
from symcnn.workbook.check.xlsx_reader import read_package
from tests.slow import rest_slow
from tests.tools.coq import needs_coq

FILES = Path(__file__).parent / "fixtures" / "v0.1"
EXPECTED = json.loads((FILES / "expected.json").read_text("utf-8"))
RUNS = {"steps": "article", "epochs": "classes"}


def near(values, expected):
    return np.allclose(values, expected, rtol=1e-12, atol=1e-12)


def network(name):
    return symcnn.read_network(FILES / f"{name}.toml")[0]


def classes():
    return read_data(FILES / "data.npz", network("classes"))


@pytest.mark.parametrize("name", ["article", "channels", "classes", "binary"])
def test_a_network_file_has_the_same_parameters_and_gradients(name):
    net, expected = network(name), EXPECTED[name]
    assert list(net.parameters) == expected["parameters"]
    theta = np.linspace(-0.5, 0.5, len(net.parameters))
    image = np.linspace(-1, 1, int(np.prod(net.input_shape))).reshape(1, *net.input_shape)
    loss, gradient = symcnn.compile(net).loss_and_gradient(theta, image, np.eye(1, net.outputs))
    assert near(loss, expected["loss"])
    assert near(gradient, expected["gradient"])


def test_a_network_file_without_a_loss_has_the_same_maps():
    net, expected = network("operations"), EXPECTED["operations"]
    assert list(net.parameters) == expected["parameters"]
    image = np.linspace(-1, 1, 16).reshape(1, 4, 4)
    maps = symcnn.compile(net).forward(np.linspace(-0.5, 0.5, len(net.parameters)), image)
    assert maps.keys() == expected["maps"].keys()
    assert all(near(maps[name], values) for name, values in expected["maps"].items())


def test_samples_and_their_labels():
    _, data = symcnn.read_network(FILES / "classes.toml")
    assert list(data.labels) == ["top", "middle", "milieu é « 1 »"]
    assert np.array_equal(data.targets, np.eye(3))
    assert data.images.shape == (3, 4, 4)
    assert symcnn.read_network(FILES / "channels.toml")[1] is None


def test_the_same_samples_from_both_kinds_of_file():
    one, other = (read_data(FILES / name, network("classes")) for name in ("data.npz", "data.csv"))
    assert np.array_equal(one.images, other.images)
    assert np.array_equal(one.targets, np.eye(3)[np.arange(24) % 3])
    assert np.array_equal(one.targets, other.targets)


@pytest.mark.parametrize("name", RUNS)
def test_a_saved_run_predicts_what_it_did(name):
    run, expected = symcnn.Run.load(FILES / f"{name}.json"), EXPECTED[name]
    assert run.network == network(RUNS[name])
    assert near(run.theta, expected["theta"])
    assert near([run.loss[0], run.loss[-1]], expected["loss"])
    images = symcnn.article.images().images if name == "steps" else classes().images[:4]
    assert near(run.predict(images), expected["predict"])


def resumed(folder, *arguments):
    main(["train", *map(str, arguments), "--save", str(folder / "more.json")])
    return symcnn.Run.load(folder / "more.json").theta


def test_a_training_by_steps_goes_on(tmp_path):
    theta = resumed(tmp_path, "--resume", FILES / "steps.json", "--steps", 20)
    assert near(theta, EXPECTED["steps"]["resumed"])


def test_a_checkpoint_goes_on_as_if_it_had_never_stopped(tmp_path):
    files = (FILES / "classes.toml", "--data", FILES / "data.npz", "--resume", FILES / "epochs.ckpt.npz")
    theta = resumed(tmp_path, *files, "--epochs", 5)
    assert np.allclose(theta, EXPECTED["epochs"]["resumed"], rtol=1e-10, atol=1e-10)


def test_a_checkpoint_with_momentum_and_float32_goes_on(tmp_path):
    assert near(symcnn.Run.load(FILES / "momentum.json").theta, EXPECTED["momentum"]["theta"])
    files = (FILES / "classes.toml", "--data", FILES / "data.csv", "--resume", FILES / "momentum.ckpt.npz")
    theta = resumed(tmp_path, *files, "--hold-out", 0.25, "--epochs", 4)
    assert np.allclose(theta, EXPECTED["momentum"]["resumed"], rtol=1e-5, atol=1e-6)


def test_a_saved_run_by_epochs_goes_on(tmp_path):
    """Two epochs more, without the optimizer's state: the loss goes on falling."""
    main(["train", "--resume", str(FILES / "epochs.json"), "--epochs", "2", "--save", str(tmp_path / "more.json")])
    more, before = symcnn.Run.load(tmp_path / "more.json"), symcnn.Run.load(FILES / "epochs.json")
    assert more.loss[-1] < before.loss[-1]
    assert more.theta.shape == before.theta.shape


@pytest.mark.parametrize("file", rest_slow(["binary.fr", "article.en", "article.fr"]))
def test_a_workbook_is_verified(file, capsys):
    name = file.split(".")[0]
    main(["verify", str(FILES / f"{name}.toml"), "--workbook", str(FILES / f"{file}.xlsx")])
    assert "WRONG" not in capsys.readouterr().out


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_workbook_of_one_image_is_verified(lang):
    """Nothing writes that form today: every claim is proved as it was; the cells that no claim reads are counted."""
    found = verify_workbook(FILES / "one_image.fr.xlsx", network("one_image"), lang=lang)
    assert found.ok
    *claims, others = found.rows
    assert len(claims) == 21
    assert {row.status for row in claims} <= {"proved", "probable"}
    text = catalogue(lang)
    assert (others.claim, others.status) == (text("proof.others_of_one", count=149), "unknown")
    assert text("proof.no_writing") in str(found)
    assert text("proof.rest_others") not in str(found)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("x_11_image1", lambda formula: formula.replace("+", "-", 1)),
        ("s_image1", lambda formula: None),  # a number
        ("dE_df_11_image1", lambda formula: f"1.0001*{formula}"),
        ("dE_df_11", lambda formula: formula + "+1"),
        ("next_b_o1", lambda formula: formula.replace("-", "+")),  # uphill
    ],
)
def test_an_altered_cell_of_a_workbook_of_one_image_is_found(name, change):
    package = read_package(FILES / "one_image.fr.xlsx")
    at = package.names[name.lower()]
    cells = package.sheets[at.sheet]
    cells[at.row, at.column] = CellContent(change(cells[at.row, at.column].formula), 0.5)
    found = verify_package(package, "one_image.fr.xlsx", network("one_image"), catalogue("en"))
    assert [f.quantity for f in found.findings] == [name]


def test_a_workbook_with_a_training_is_not_read_as_one_without():
    """One name of a training is enough, so that cells that can be compared are never left undecided."""
    package = read_package(FILES / "binary.fr.xlsx")
    names = {name: at for name, at in package.names.items() if not name.startswith("training_")}
    with pytest.raises(symcnn.InputError, match="the name training_"):
        verify_package(replace(package, names=names), "binary.fr.xlsx", network("binary"), catalogue("en"))


@pytest.mark.slow
@needs_coq
def test_a_certificate_is_checked(capsys):
    main(["verify", str(FILES / "binary.toml"), "--certificate", str(FILES / "certificate.v")])
    assert "13 theorems" in capsys.readouterr().out


def test_a_mapping_is_read():
    mapping = mapping_from((FILES / "mapping.toml").read_text("utf-8"), "mapping.toml")
    assert mapping.names == ("net", "out")
    assert mapping.decimal == "."
    assert mapping.values == {"w_h1o1": 0.4}
    found = audit(FILES / "notes.tex", network("article"), FILES / "mapping.toml").findings
    assert [f.verdict for f in found] == ["true", "true", "true", "false"]
