"""The workbook of a large network: every cell against the scalar graph, in several engines; what is left out."""

import math

import numpy as np
import openpyxl
import pytest

import symcnn
from symcnn.derivation import Derivation
from symcnn.errors import InputError, NotSupportedYetError
from symcnn.text import catalogue
from symcnn.workbook import layer_plan, layer_workbook
from symcnn.workbook.layer_workbook import fitting_plan
from tests.slow import rest_slow
from tests.tools import sdk
from tests.tools.layer_books import NETWORKS, cells, expected, exported, inputs_for, titles
from tests.tools.networks import from_seed
from tests.tools.recalculate import by_formualizer, by_office, cached, needs_office, set_cells
from tests.workbook.rules import findings


def hold(inputs, lang="en"):
    """Every entry of every tensor of the workbook has the value of the scalar graph; how many there are."""
    wanted, count = expected(inputs), 0
    for name, cell, value in cells(inputs, lang):
        assert isinstance(value, (int, float)), (name, cell, value)
        assert math.isclose(value, wanted[name], rel_tol=1e-9, abs_tol=1e-9), (name, cell, value, wanted[name])
        count += 1
    return count


@pytest.mark.parametrize(
    "name", rest_slow(["overlapping", "spread", *(n for n in NETWORKS if n not in ("overlapping", "spread"))], 2)
)
def test_every_cell_has_its_value(name):
    net = NETWORKS[name]
    plan, _ = fitting_plan(Derivation(net, 1), catalogue("en"), False)
    shown = sum(t.size for t in plan.placements) - 1  # the learning rate
    assert hold(inputs_for(net)) == shown
    derived = [e.target.tensor for e in plan.derivation.backward]
    assert {t.primal for t in derived} - {net.forward.image} <= {t.primal for t in plan.placements}


@pytest.mark.parametrize("seed", rest_slow(range(120), 4))
def test_every_cell_of_random_networks_has_its_value(seed):
    net, theta, images, targets = from_seed(seed)
    inputs = layer_workbook.LayerInputs(net, images[0], targets[0], theta, 0.5)
    assert hold(inputs, ("en", "fr")[seed % 2])


def test_sums_are_written_as_rectangles_of_cells():
    book, _ = layer_workbook.layer_book(catalogue("en"), inputs_for(NETWORKS["small"]))
    sheet = {name: book.workbook[name] for name in book.workbook.sheetnames}
    assert sheet["Conv1"]["G8"].value == "=SUMPRODUCT(Image!C8:E10,$C$8:$E$10)+$D$12"
    assert sheet["Pool1"]["C8"].value == "=MAX(ReLU1!G8:H9)"
    assert sheet["Dense1"]["D11"].value == "=SUMPRODUCT(I$9:AI$9,I11:AI11)+F11"
    assert sheet["dDense1"]["I11"].value == "=$D11*Dense1!I$9"
    assert sheet["dConv1"]["G8"].value == "=IF(ReLU1!G8>0,dReLU1!G8,0)"
    assert sheet["newConv1"]["C8"].value == "=Conv1!C8-Image!$O$9*dConv1!C8"
    # a map read against its direction: zeros around its derivatives, the filter turned
    assert sheet["dPool1"]["C8"].value.count("SUMPRODUCT(") == 3


@pytest.fixture(scope="module", params=["small", *rest_slow(["spread", "strides", "overlapping", "means", "neurons"])])
def file(request, tmp_path_factory):
    net = NETWORKS[request.param]
    return net, exported(net, tmp_path_factory.mktemp("layers") / "layers.xlsx")


def test_no_rule_of_excel_is_broken(file):
    assert findings(file[1]) == []


@sdk.needs_sdk
def test_microsofts_validator_finds_nothing(file, tmp_path):
    assert sdk.findings(sdk.laid_out(tmp_path), [file[1]]) == []


def test_another_engine_finds_the_same_bits(file):
    _, path = file
    kept, values = cached(path), by_formualizer(path)
    assert len(kept) > 100
    assert {place: value for place, value in kept.items() if value != values[place]} == {}


@needs_office
@pytest.mark.slow
def test_libreoffice_finds_the_same_numbers(file, tmp_path):
    _, path = file
    values = by_office(path, tmp_path)
    for place, value in cached(path).items():
        if isinstance(value, (int, float)):
            assert math.isclose(float(values[place]), value, rel_tol=1e-12, abs_tol=1e-15), place


def test_the_same_input_gives_the_same_bytes(file, tmp_path):
    net, path = file
    assert exported(net, tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


def test_what_is_changed_goes_through_all_sheets(tmp_path):
    """A pixel, a weight, a target, the learning rate: as if they had been exported so."""
    net = NETWORKS["small"]
    path = exported(net, tmp_path / "before.xlsx")
    first = inputs_for(net)
    image, target, theta = first.image.copy(), 1 - first.target, first.theta.copy()
    image[3, 4], theta[4] = 0.75, -0.3125
    changes = {"Image!H12": 0.75, "Conv1!D9": -0.3125, "learning_rate": 0.125}
    changes |= {f"Output!{cell}": t for cell, t in zip(("G11", "G12", "G13"), target.tolist(), strict=True)}
    values = by_formualizer(set_cells(path, changes, tmp_path / "changed.xlsx"))
    inputs = layer_workbook.LayerInputs(net, image, target, theta, 0.125)
    wanted = expected(inputs)
    computed = {(cell.split("!")[0], cell.split("!")[1]): name for name, cell, _ in cells(inputs)}
    count = 0
    for place, name in computed.items():
        if place in values:
            assert math.isclose(float(values[place]), wanted[name], rel_tol=1e-9, abs_tol=1e-12), (name, place)
            count += 1
    assert count > 600


# --- a part ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "sheets", "numbers"),
    [
        (["Conv2", "ReLU2"], ["Image", "Pool1", "Conv2", "ReLU2", "dReLU2", "dConv2", "newConv2"], {"p", "dE_dab"}),
        (["dense1"], ["Image", "ReLU2", "Dense1", "dDense1", "newDense1"], {"ab", "dE_dh"}),
        (["Image", "Conv1"], ["Image", "Conv1", "dReLU1", "dConv1", "newConv1"], {"a", "dE_da"}),
    ],
)
def test_layers_alone_hold_what_they_read_of_others_as_numbers(chosen, sheets, numbers, tmp_path):
    net = NETWORKS["small"]
    inputs = inputs_for(net, layers=tuple(chosen))
    assert hold(inputs)
    plan, _ = fitting_plan(Derivation(net, 1), catalogue("en"), False, tuple(chosen))
    assert {t.name for t in plan.given} >= numbers
    book = openpyxl.load_workbook(exported(net, tmp_path / "part.xlsx", layers=chosen))
    assert set(sheets) <= set(book.sheetnames)
    assert any(name.startswith("given_") for name in book.defined_names)


def test_the_forward_pass_alone(tmp_path):
    net = NETWORKS["small"]
    assert hold(inputs_for(net, forward_only=True))
    book = openpyxl.load_workbook(exported(net, tmp_path / "forward.xlsx", layers=None, forward_only=True))
    assert not [name for name in book.sheetnames if name.startswith(("d", "new"))]
    notes = [str(row[1].value) for row in book["Contents"].iter_rows()]
    assert catalogue("en")("workbook.left_out_asked") in notes


def test_an_unknown_layer_is_refused_in_a_line(tmp_path):
    net, path = NETWORKS["small"], tmp_path / "no.xlsx"
    with pytest.raises(
        InputError, match=r"layers: 'Conv9': did you mean 'Conv1' or 'Conv2'\? expected one of"
    ) as caught:
        exported(net, path, layers=["Conv9"])
    assert "\n" not in str(caught.value)
    assert not path.exists()


def test_a_network_without_a_loss_has_no_layers_to_choose(tmp_path):
    net, data = symcnn.article.operations(), symcnn.article.picture()
    with pytest.raises(InputError, match="expected a network with a loss"):
        symcnn.export_workbook(net, data, tmp_path / "no.xlsx", forward_only=True)
    assert not (tmp_path / "no.xlsx").exists()


# --- limits ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_does_not_fit_is_left_out_in_order(monkeypatch):
    """The parameters after a step, then gradients of the widest dense layers, then the backward pass."""
    net, text = NETWORKS["small"], catalogue("en")
    derivation, seen = Derivation(net, 1), []
    for most in (10_000, 1_800, 1_300, 900, 700):
        monkeypatch.setattr(layer_workbook, "MAX_FORMULAS", most)
        plan, notes = fitting_plan(derivation, text, False)
        assert plan.count <= most
        seen.append((plan.extent.next_values, len(plan.extent.without), plan.extent.backward))
        assert bool(notes) == (plan.extent != layer_plan.Extent()), notes
    assert seen[0] == (True, 0, True)
    assert seen[-1] == (True, 0, False)
    assert [*dict.fromkeys(seen)] == seen or len({*seen}) >= 3
    monkeypatch.setattr(layer_workbook, "MAX_FORWARD", 100)
    with pytest.raises(
        NotSupportedYetError, match=r"\d+ formulas in its forward pass; at most 100: choose some of the"
    ):
        fitting_plan(derivation, text, False)


def test_a_layer_wider_than_a_sheet_is_left_out_and_named(monkeypatch, tmp_path):
    monkeypatch.setattr(layer_plan, "MAX_COLUMNS", 30)
    net = NETWORKS["small"]
    plan, (note,) = fitting_plan(Derivation(net, 1), catalogue("en"), False)
    assert plan.too_large == [] or "Dense1" in note
    assert {s for s in titles(net) if s in note} >= {"Dense1"}
    with pytest.raises(NotSupportedYetError, match="layers: Dense1: its sheet would have more than"):
        fitting_plan(Derivation(net, 1), catalogue("en"), False, ("Dense1",))


# --- a real one -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_lenet_against_pytorch(tmp_path):
    """28×28 pixels, 61,706 parameters: every gradient, and its size."""
    torch_oracle = pytest.importorskip("tests.tools.torch_oracle")
    net = symcnn.Network(
        (28, 28),
        [symcnn.Conv2D(6, 5, padding=2), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Conv2D(16, 5),
         symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Flatten(), symcnn.Dense(120, "relu"),
         symcnn.Dense(84, "relu"), symcnn.Dense(10)],
        "cross_entropy",
    )  # fmt: skip
    rng = np.random.default_rng(5)
    theta, image, target = rng.normal(0, 0.1, len(net.parameters)), rng.uniform(0, 1, (28, 28)), np.eye(10)[7]
    path = symcnn.export_workbook(net, (image[None], target[None]), tmp_path / "lenet.xlsx", initial=theta)
    assert path.stat().st_size < 8_000_000
    assert len(cached(path)) > 150_000
    loss, gradient = torch_oracle.loss_and_gradient(net, theta, image[None], target[None])
    wanted = dict(zip(net.parameters, gradient, strict=True))
    inputs = layer_workbook.LayerInputs(net, image, target, theta, 0.5)
    count = 0
    for name, cell, value in cells(inputs):
        if name.startswith("dE_d") and name.removeprefix("dE_d") in wanted:
            assert math.isclose(value, wanted[name.removeprefix("dE_d")], rel_tol=1e-9, abs_tol=1e-9), (name, cell)
            count += 1
        elif name == "E":
            assert math.isclose(value, loss, rel_tol=1e-9)
    assert count == 61_706
