"""The Picker and Overview: whatever is chosen, the parts shown add up to the cell on its sheet."""

import random

import openpyxl
import pytest

import symcnn
from symcnn.text import catalogue
from symcnn.workbook.cell_values import cell_values
from symcnn.workbook.evaluator import CellError
from symcnn.workbook.layer_workbook import LayerInputs, layer_book
from tests.slow import rest_slow
from tests.tools.layer_books import NETWORKS, exported, inputs_for
from tests.tools.networks import from_seed
from tests.tools.recalculate import by_formualizer, named, set_cells

DEEP = symcnn.Network(
    (3, 9, 9),
    [symcnn.Conv2D(4, 3, padding=1), symcnn.Activation("relu"), symcnn.MaxPool2D(3),
     symcnn.Conv2D(5, (2, 1), bias=False), symcnn.Activation("tanh"), symcnn.Conv2D(2, 2), symcnn.Flatten(),
     symcnn.Dense(3)],
    "cross_entropy",
)  # fmt: skip
CHOSEN = {"small": NETWORKS["small"], "deep": DEEP, **{k: NETWORKS[k] for k in ("spread", "strides", "overlapping")}}


@pytest.fixture(scope="module", params=["deep", *rest_slow(["small", "spread", "strides", "overlapping"], 0)])
def file(request, tmp_path_factory):
    net = CHOSEN[request.param]
    return net, exported(net, tmp_path_factory.mktemp("picker") / "book.xlsx")


def agreements(path):
    """The verdicts of the Picker's comparisons with other sheets."""
    words = {catalogue("en")(f"workbook.picker_{key}") for key in ("same", "other")}
    return [v for (sheet, _), v in by_formualizer(path).items() if sheet == "Picker" and v in words]


def test_it_begins_at_a_border(file):
    _, path = file
    book, places = openpyxl.load_workbook(path), named(path)
    chosen = {key: book["Picker"][places[f"picked_{key}"][1]].value for key in ("layer", "map", "row", "column")}
    shape = next(t.shape for t in file[0].forward.feature_maps)
    assert chosen["layer"] == "Conv1"
    assert chosen["row"] in (1, shape[-2]) or chosen["column"] in (1, shape[-1])
    assert set(agreements(path)) == {catalogue("en")("workbook.picker_same")}


def test_the_blocks_that_come_back_have_colours(file):
    sheet, heading = openpyxl.load_workbook(file[1])["Picker"], catalogue("en")("workbook.picker_feeds")
    areas = [area for area in sheet.conditional_formatting if any(rule.colorScale for rule in area.rules)]
    tops = [cell.row for row in sheet.iter_rows() for cell in row if cell.value == heading]
    if not tops:  # no other convolution uses the maps
        assert "Conv2" not in openpyxl.load_workbook(file[1], read_only=True).sheetnames
        return
    [top] = tops
    shown = [cell for row in sheet.iter_rows(min_row=top) for cell in row if "INDEX(" in str(cell.value)]
    assert len(shown) > 20
    assert [cell for cell in shown if not any(cell.coordinate in area.cells for area in areas)] == []


@pytest.mark.slow
@pytest.mark.parametrize("draws", rest_slow([1, 4]))
def test_every_choice_adds_up(file, draws, tmp_path):
    """Drawn choices in every layer: the sum of the products is the cell, what comes back is its derivative."""
    net, path = file
    rng = random.Random(3)
    maps = net.forward.feature_maps
    for n, tensor in enumerate(maps, 1):
        if f"Conv{n}" not in openpyxl.load_workbook(path, read_only=True).sheetnames:
            continue
        for _ in range(draws):
            shape = (1, *tensor.shape)[-3:]
            layer, row, column = (rng.randint(1, size) for size in shape)
            changes = {"picked_layer": f"Conv{n}", "picked_map": layer, "picked_row": row, "picked_column": column}
            copy = set_cells(path, changes, tmp_path / "picked.xlsx")
            verdicts = agreements(copy)
            assert verdicts, changes
            assert set(verdicts) == {catalogue("en")("workbook.picker_same")}, changes


def test_a_convolution_of_many_filters_nests_no_deeper():
    """A spreadsheet takes 64 levels; the bias of the chosen map is looked up, not asked for one by one."""
    net = symcnn.Network((4, 4), [symcnn.Conv2D(70, 3), symcnn.Flatten(), symcnn.Dense(2)], "cross_entropy")
    book, _ = layer_book(catalogue("en"), inputs_for(net))
    cells = (c.value for row in book.workbook["Picker"].iter_rows() for c in row if c.data_type == "f")
    assert max(text.count("IF(") for text in cells) < 10


@pytest.mark.parametrize("seed", rest_slow(range(60), 4))
def test_of_any_network_no_cell_is_an_error_and_no_sum_differs(seed):
    net, theta, images, targets = from_seed(seed)
    book, _ = layer_book(catalogue("fr"), LayerInputs(net, images[0], targets[0], theta, 0.5))
    wrong = catalogue("fr")("workbook.picker_other")
    for sheet, values in cell_values(book.workbook).items():
        for cell, value in values.items():
            assert not isinstance(value, CellError), (sheet, cell, value)
            assert value != wrong, (sheet, cell)


def test_a_wrong_formula_on_a_layers_sheet_shows(file, tmp_path):
    _, path = file
    book, places = openpyxl.load_workbook(path), named(path)
    sheet, cells = places["x_1_image1"]
    picked = {key: book["Picker"][places[f"picked_{key}"][1]] for key in ("map", "row", "column")}
    for cell in picked.values():
        cell.value = 1
    first = cells.split(":")[0]
    book[sheet][first] = f"{book[sheet][first].value}+0.5"
    book.save(tmp_path / "wrong.xlsx")
    assert catalogue("en")("workbook.picker_other") in agreements(tmp_path / "wrong.xlsx")


def test_every_dot_of_the_overview_is_a_cell_of_a_layer(file):
    net, path = file
    book = openpyxl.load_workbook(path)
    values = by_formualizer(path)
    dots = [
        c
        for row in book["Overview"].iter_rows()
        for c in row
        if isinstance(c.value, str) and c.value[1:].count("!") == 1
    ]
    fetched = [c for c in dots if c.value.startswith("=") and "(" not in c.value]
    assert len(fetched) > sum(t.size for t in net.forward.feature_maps)
    for cell in fetched:
        sheet, place = cell.value[1:].replace("$", "").split("!")
        other = values.get((sheet.strip("'"), place), book[sheet.strip("'")][place].value)
        assert values["Overview", cell.coordinate] == other
