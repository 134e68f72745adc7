"""Contents, links, ribbon, frozen heads, print set-up, Symbols, Charts: what every sheet has, in both languages."""

import html
import re
import zipfile

import numpy as np
import openpyxl
import pytest

import symcnn
from symcnn.text import catalogue
from tests.slow import rest_slow
from tests.tools.recalculate import by_formualizer, named, set_cells

STEPS = 6
KEYS = (
    "contents",
    "convolution",
    "inputs",
    "parameters",
    "forward",
    "backward",
    "training",
    "charts",
    "symbols",
    "checks",
)


@pytest.fixture(scope="module", params=rest_slow(["en", "fr"]))
def workbook(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("navigation") / "cnn.xlsx"
    symcnn.export_workbook(symcnn.article.network(), symcnn.article.images(), path, steps=STEPS, lang=request.param)
    return request.param, path, openpyxl.load_workbook(path)


def links(sheet):
    """Cell -> where it leads."""
    return {link.ref: link.location for row in sheet.iter_rows() for c in row if (link := c.hyperlink) is not None}


def leads_to(location):
    sheet, _, cell = location.rpartition("!")
    return sheet.strip("'").replace("''", "'"), cell


def test_contents_leads_to_every_sheet_and_to_the_step_shown(workbook):
    lang, path, book = workbook
    titles = [catalogue(lang)(f"workbook.{key}") for key in KEYS]
    assert book.sheetnames == titles
    found = [leads_to(x) for x in links(book[titles[0]]).values()]
    assert [sheet for sheet, cell in found if cell == "A1"] == titles[1:]
    assert named(path)["step_shown"] in found


def test_every_sheet_leads_on_back_and_to_contents(workbook):
    _, _, book = workbook
    titles = book.sheetnames
    for n, title in enumerate(titles[1:], 1):
        sheet = book[title]
        first = [leads_to(c.hyperlink.location)[0] for c in sheet[1] if c.hyperlink]
        wanted = [titles[n - 1]] if n > 1 else []
        wanted += [titles[0], *titles[n + 1 : n + 2]]
        assert first == wanted, title


def test_every_link_leads_to_a_cell(workbook):
    _, _, book = workbook
    for sheet in book:
        for location in links(sheet).values():
            assert leads_to(location)[0] in book.sheetnames, location


def test_the_ribbon_repeats_the_status_line(workbook):
    lang, path, book = workbook
    values = by_formualizer(path)
    contents = book.sheetnames[0]
    for title in book.sheetnames[1:]:
        assert values[title, "B2"] == values[contents, "B5"], title
    shown = set_cells(path, {"step_shown": 4}, path.with_name("four.xlsx"))
    assert f"{catalogue(lang)('workbook.status')} 4 " in by_formualizer(shown)[contents, "B5"]


def test_heads_stay_and_pages_are_a4_and_as_wide_as_the_sheet(workbook):
    lang, _, book = workbook
    for sheet in book.worksheets:
        assert sheet.page_setup.paperSize == 9
        assert sheet.page_setup.fitToWidth == 1
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.oddFooter.center.text, sheet.oddFooter.right.text) == ("&A", "&P / &N")
    for sheet in book.worksheets[1:]:
        training = sheet.title == catalogue(lang)("workbook.training")
        assert sheet.freeze_panes == ("D8" if training else "A5"), sheet.title


def test_every_symbol_shows_the_value_of_the_cell_it_leads_to(workbook):
    lang, path, book = workbook
    sheet, values = book[catalogue(lang)("workbook.symbols")], by_formualizer(path)
    rows = [(sheet.cell(r, 7), sheet.cell(r, 8)) for r in range(6, sheet.max_row + 1) if sheet.cell(r, 8).hyperlink]
    assert len(rows) == 11 + 20 + 13 + 1 + 32
    for value, place in rows:
        target, cell = leads_to(place.hyperlink.location)
        assert place.value == f"{target}!{cell}"
        shown = values.get((target, cell), book[target][cell].value)
        assert values[sheet.title, value.coordinate] == shown


def test_charts_show_the_training_and_the_step_shown(workbook):
    lang, path, book = workbook
    charts = book[catalogue(lang)("workbook.charts")]._charts
    assert len(charts) == 4
    values = by_formualizer(set_cells(path, {"step_shown": 5}, path.with_name("five.xlsx")))
    for chart in charts:
        curves, points = chart.series[: len(chart.series) // 2], chart.series[len(chart.series) // 2 :]
        for curve, point in zip(curves, points, strict=True):
            sheet, area = leads_to(curve.yVal.numRef.f)
            cells = [c for row in book[sheet][area.replace("$", "")] for c in row]
            assert len(cells) == STEPS + 1
            here, cell = leads_to(point.yVal.numRef.f)
            assert values[here, cell.replace("$", "")] == values[sheet, cells[5].coordinate]
            here, cell = leads_to(point.xVal.numRef.f)
            assert values[here, cell.replace("$", "")] == 5


def test_the_file_and_its_charts_have_words(workbook):
    lang, path, book = workbook
    text = catalogue(lang)
    properties = book.properties
    title = text("workbook.title")
    assert (properties.title, properties.creator, properties.language) == (title, "symcnn", lang)
    with zipfile.ZipFile(path) as archive:
        drawing = archive.read("xl/drawings/drawing1.xml").decode("utf-8")
    described = [html.unescape(words) for words in re.findall(r'<cNvPr [^>]*descr="([^"]*)"', drawing)]
    titles = [text(f"workbook.chart_{key}") for key in ("error", "outputs", "filter", "gradient")]
    assert [words.partition(".")[0] for words in described] == titles
    assert all(f" {STEPS}" in words for words in described)
    assert "‖∇E‖" in described[-1]
    assert "Chart" not in drawing.replace("drawingml/2006/chart", "")


def test_the_size_of_the_gradient_is_its_norm(workbook):
    _, path, book = workbook
    values, places = by_formualizer(path), named(path)
    squares = sum(
        values[place] ** 2 for name, place in places.items() if name.startswith("dE_d") and "_image" not in name
    )
    sheet, area = leads_to(book.defined_names["training_norm"].attr_text)
    first = area.replace("$", "").partition(":")[0]
    assert values[sheet, first] == pytest.approx(squares**0.5, rel=1e-12)


@pytest.mark.slow
def test_a_large_network_is_told_by_tensor(tmp_path):
    layers = [symcnn.Conv2D(3, 3), symcnn.Activation("relu"), symcnn.Dense(4)]
    net = symcnn.Network((6, 6), layers, "cross_entropy")
    rng = np.random.default_rng(2)
    data = (rng.uniform(size=(2, 6, 6)), np.array([0, 3]))
    path = symcnn.export_workbook(net, data, tmp_path / "large.xlsx", steps=1, learning_rate=0.01)
    sheet = openpyxl.load_workbook(path)["Symbols"]
    words = [sheet.cell(r, 3).value for r in range(6, sheet.max_row + 1) if sheet.cell(r, 8).hyperlink]
    assert len(words) < 40
    assert any(catalogue("en")("workbook.first_of", count=27) in w for w in words)
