"""Workbooks of any network, recalculated by other programs; past the limits an error."""

import itertools
import re
from pathlib import Path

import numpy as np
import openpyxl
import pytest

import symcnn
from symcnn.numeric.values import values_of_images
from tests.slow import rest_slow
from tests.tools.networks import from_seed
from tests.tools.recalculate import by_formualizer, by_office, named, needs_office

EXAMPLES = Path(__file__).parents[2] / "examples"


def check_any(path, net, theta, data, values):
    """Every named cell, and the loss after every step, against symcnn's numbers."""
    places, derivation = named(path), symcnn.derive(net, len(data[0]))
    each = list(values_of_images(derivation, theta, data))
    seen = 0
    for name, place in places.items():
        bare, _, image = name.partition("_image")
        if place in values and image:
            found, wanted = float(values[place]), each[int(image) - 1][bare]
            assert abs(found - wanted) <= 1e-12 * max(1, abs(wanted)), (name, found, wanted)
            seen += 1
    assert seen == sum(len(v) - len(derivation.graph.inputs) for v in each)
    for name in net.parameters:
        wanted = sum(v[f"dE_d{name}"] for v in each)
        assert abs(float(values[places[f"dE_d{name}"]]) - wanted) <= 1e-12 * max(1, abs(wanted)), name


def exported(seed, folder, steps=3):
    net, theta, images, targets = from_seed(seed)
    path = folder / f"{seed}.xlsx"
    symcnn.export_workbook(net, (images, targets), path, initial=theta, steps=steps, learning_rate=0.01)
    return path, net, theta, (images, targets)


@pytest.mark.slow
@pytest.mark.parametrize("seed", rest_slow(range(2)))
def test_random_networks_recalculate_to_symcnns_numbers(seed, tmp_path):
    """Every layer, activation and loss: maxima, softmax and their adjoints included."""
    path, net, theta, data = exported(seed, tmp_path)
    values = by_formualizer(path)
    check_any(path, net, theta, data, values)
    run = symcnn.train(net, data, initial=theta, steps=3, learning_rate=0.01, backend="python")
    for k, loss in enumerate(run.loss):
        assert abs(float(values["Training", f"C{8 + k}"]) - loss) <= 1e-11 * max(1, abs(loss))
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert deepest(cell.value) <= 64
                    assert len(cell.value) <= 8192


def deepest(formula):
    """How many parentheses are open at once."""
    return max(itertools.accumulate((c == "(") - (c == ")") for c in formula))


@pytest.mark.slow
@needs_office
@pytest.mark.parametrize("seed", range(1))
def test_libreoffice_agrees_on_random_networks(seed, tmp_path):
    path, net, theta, data = exported(seed, tmp_path)
    check_any(path, net, theta, data, by_office(path, tmp_path))


@pytest.mark.slow
@needs_office
@pytest.mark.parametrize("name", ["two_filters", "strided"])
def test_the_examples_recalculate_in_both_programs(name, tmp_path):
    net, data = symcnn.read_network(EXAMPLES / f"{name}.toml")
    theta = np.random.default_rng(1).uniform(-1, 1, len(net.parameters))
    path = symcnn.export_workbook(net, data, tmp_path / f"{name}.xlsx", initial=theta, steps=3, lang="fr")
    pair = (data.images, data.targets)
    for values in (by_formualizer(path), by_office(path, tmp_path)):
        check_any(path, net, theta, pair, values)


@pytest.mark.parametrize("name", ["dE_dx_111_image1", "dE_dz_o2_image1", "s_image1"])
def test_a_corruption_in_a_maximum_or_a_softmax_is_seen(name, tmp_path):
    layers = [symcnn.Conv2D(2, 2), symcnn.MaxPool2D(2, 1), symcnn.Dense(2, "softmax")]
    net = symcnn.Network((3, 4), layers, "mse")
    rng = np.random.default_rng(3)
    theta, data = rng.uniform(-1, 1, len(net.parameters)), (rng.normal(size=(1, 3, 4)), np.eye(2)[:1])
    path = symcnn.export_workbook(net, data, tmp_path / "good.xlsx", initial=theta, steps=1)
    check_any(path, net, theta, data, by_formualizer(path))
    book = openpyxl.load_workbook(path)
    sheet, cell = named(path)[name]
    book[sheet][cell].value += "+0.001"
    book.save(tmp_path / "bad.xlsx")
    with pytest.raises(AssertionError, match=r"_image1|dE_d"):
        check_any(tmp_path / "bad.xlsx", net, theta, data, by_formualizer(tmp_path / "bad.xlsx"))


@pytest.mark.slow
def test_a_sum_that_no_cell_holds_is_written_row_by_row(tmp_path):
    """A weight of a filter on a 20×20 image: 256 products; each row of the map stands beside a row of the image."""
    net = symcnn.Network((20, 20), [symcnn.Conv2D(1, 5, normalize=True), symcnn.AvgPool2D(8), symcnn.Dense(2)])
    rng = np.random.default_rng(3)
    data, theta = (rng.normal(size=(1, 20, 20)), np.eye(2)[:1]), rng.uniform(-1, 1, len(net.parameters))
    path = symcnn.export_workbook(net, data, tmp_path / "rows.xlsx", initial=theta, steps=1)
    book, places = openpyxl.load_workbook(path), named(path)
    names = ("dE_df_11_image1", "dE_db_x1_image1", "x_1010_image1")
    weight, bias, cell = (book[places[name][0]][places[name][1]].value for name in names)
    assert weight.count("SUMPRODUCT(") == 16
    assert len(weight) < 2000
    assert bias.count("SUM(") == 16
    assert "SUMPRODUCT" not in cell
    check_any(path, net, theta, data, by_formualizer(path))


@pytest.mark.parametrize(
    ("shape", "layers", "message"),
    [
        ((1, 17000), [symcnn.AvgPool2D((1, 100)), symcnn.Dense(1)],
         "sheet Forward: 17351 columns; a spreadsheet has 16384: make i (1×17000) smaller"),
        ((300,), [symcnn.Dense(1)], "o_1: its formula has"),
        ((18, 18), [symcnn.MaxPool2D(16, 1), symcnn.Dense(1)],
         "a maximum of 256 cells; a spreadsheet takes at most 255"),
    ],
)  # fmt: skip
def test_past_a_spreadsheets_limits_the_limit_and_the_remedy_are_named(shape, layers, message, tmp_path):
    net = symcnn.Network(shape, layers)
    data = (np.ones((1, *shape)), np.zeros((1, net.outputs)))
    with pytest.raises(symcnn.NotSupportedYetError, match=re.escape(message)):
        symcnn.export_workbook(net, data, tmp_path / "large.xlsx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("seed", range(2))
def test_any_forward_pass_is_a_sheet_of_maps(seed, tmp_path):
    net, theta, images, targets = from_seed(seed)
    path = tmp_path / "maps.xlsx"
    symcnn.export_workbook(symcnn.Network(net.input_shape, net.layers, None), (images, None), path, initial=theta)
    values = [v for v in by_formualizer(path).values() if isinstance(v, (int, float))]
    wanted = next(iter(values_of_images(symcnn.derive(net), theta, (images, targets))))
    for name in net.forward.outputs.scalars():
        assert any(abs(v - wanted[name]) <= 1e-12 * max(1, abs(wanted[name])) for v in values), name
