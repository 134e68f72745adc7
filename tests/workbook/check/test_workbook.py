"""Workbooks read back from their files: what nobody touched is proved, what was altered is named."""

import random
import re
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from sympy import Symbol, symbols

import symcnn
from symcnn.printers.cells import written
from symcnn.symbolic import E_TOTAL, E
from symcnn.text import catalogue
from symcnn.workbook import verify_workbook
from symcnn.workbook.cell_values import CellContent
from symcnn.workbook.check.cell_graph import CellGraph
from symcnn.workbook.check.claims import FormulaDomain, evaluate_all, input_values
from symcnn.workbook.check.names import NamedCells
from symcnn.workbook.check.verify import verify_package
from symcnn.workbook.check.xlsx_reader import read_package
from tests.slow import rest_slow
from tests.tools.alterations import alterations, missed
from tests.tools.alterations import workbook as article_package
from tests.tools.networks import from_seed

ARTICLE = symcnn.article.network()


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return article_package(tmp_path_factory.mktemp("workbook"), "en")


def place(package, name):
    at = package.names[name.lower()]
    return at.sheet, at.row, at.column


def changed(package, cell, formula, value=None):
    """What is found when one cell holds something else."""
    sheet, row, column = cell
    kept = package.sheets[sheet][row, column]
    package.sheets[sheet][row, column] = CellContent(formula, value)
    try:
        return verify_package(package, "x.xlsx", ARTICLE, catalogue("en"))
    finally:
        package.sheets[sheet][row, column] = kept


@pytest.mark.parametrize("lang", rest_slow(["fr", "en"]))
def test_an_untouched_workbook_raises_nothing_and_all_24_are_proved(tmp_path, lang):
    path = tmp_path / "a.xlsx"
    symcnn.export_workbook(ARTICLE, symcnn.article.images(), path, steps=30, lang=lang)
    found = verify_workbook(path, lang=lang)
    assert found.ok
    assert not found.findings
    gradients = [row for row in found.rows if row.claim.startswith("∂E")]
    assert len(gradients) == 24
    assert all(row.status == "proved" for row in gradients)
    assert found.not_checked
    words = catalogue(lang)("verify.not_checked")
    assert words in str(found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", rest_slow([12, 1]))
def test_untouched_workbooks_of_other_networks_raise_nothing(tmp_path, seed):
    net, theta, images, targets = from_seed(seed)
    path = tmp_path / "a.xlsx"
    symcnn.export_workbook(net, (images, targets), path, initial=theta, steps=2)
    found = verify_workbook(path, net)
    assert found.ok, str(found)
    assert not [row.claim for row in found.rows[:-1] if row.status == "unknown"]


@pytest.mark.slow
def test_thirty_altered_formulas_are_caught(package):
    rng = random.Random(7)
    chosen = rng.sample(list(alterations(package, rng, 3)), 30)
    assert missed(package, chosen, ARTICLE) == []


@pytest.mark.slow
def test_a_sheet_that_is_larger_than_a_reader_can_follow_is_read_too(tmp_path):
    net = symcnn.Network((9, 9), [symcnn.Conv2D(4, 3), symcnn.Flatten(), symcnn.Dense(3, "sigmoid")], "mse")
    rng = np.random.default_rng(0)
    path = tmp_path / "one.xlsx"
    symcnn.export_workbook(net, (rng.normal(size=(2, 9, 9)), rng.uniform(size=(2, 3))), path, steps=5)
    found = verify_workbook(path, net)
    assert found.ok, [str(f) for f in found.findings[:3]]


def test_the_cell_is_named_with_the_right_formula_and_two_numbers(package):
    sheet, row, column = cell = place(package, "x_11_image1")
    formula = package.sheets[sheet][row, column].formula
    found = changed(package, cell, formula.replace("+", "-", 1))
    assert not found.ok
    [finding] = found.findings
    assert finding.quantity == "x_11_image1"
    assert finding.actual == "=" + formula.replace("+", "-", 1)
    a, b = finding.values
    assert a != b
    assert finding.cell in str(found)
    assert finding.right in str(found)


def test_a_number_in_place_of_a_formula_is_found(package):
    [finding] = changed(package, place(package, "E_total"), None, 0.5).findings
    assert finding.quantity == "E_total"
    assert finding.actual == "0.5"


def test_another_way_to_write_the_same_formula_is_no_error(package):
    sheet, row, column = cell = place(package, "h_1_image1")
    z = package.sheets[sheet][row, column].formula.split("(-")[1].rstrip(")")
    assert changed(package, cell, f"1/(1+EXP(-({z}+0)))").ok
    o = place(package, "dE_do_1_image1")
    assert changed(package, o, "-(" + package.sheets[o[0]][o[1:]].formula + ")*-1").ok


@pytest.mark.slow
def test_one_row_of_training_that_is_another_formula_is_found(package):
    column = package.names["training_x_11_image1"].first
    for row in (column.row, column.row + 1, column.row + 3):
        cell = (column.sheet, row, column.column)
        formula = package.sheets[column.sheet][row, column.column].formula
        found = changed(package, cell, formula.replace("$B$", "B", 1).replace("$C$", "C", 1))
        assert [f.quantity for f in found.findings] == ["training_x_11_image1"], row
        assert [f.cell for f in found.findings] == [
            f"{column.sheet}!{openpyxl.utils.get_column_letter(column.column)}{row}"
        ]


def test_a_step_that_is_looked_up_one_row_off_is_found(package):
    sheet, row, column = cell = place(package, "f_12")
    formula = package.sheets[sheet][row, column].formula
    [finding] = changed(package, cell, formula.replace("+1)", "+2)")).findings
    assert finding.quantity == "f_12"


@pytest.mark.slow
def test_a_label_that_states_another_formula_is_found(package):
    """The list on Backward, and Symbols."""
    labels = [
        (sheet, row, column, cell.value)
        for sheet, cells in package.sheets.items()
        for (row, column), cell in cells.items()
        if isinstance(cell.value, str) and cell.formula is None and "∂E/∂x11 · i12 + ∂E/∂x12 · i13" in cell.value
    ]
    assert labels
    for *cell, text in labels:
        for wrong in (text.replace("i12", "i11", 1), text.replace("+", "−", 1), text.replace("x11 ·", "x11", 1)):
            [finding] = changed(package, cell, None, wrong).findings
            assert (finding.cell, finding.actual) == (written(tuple(cell)), wrong)
            assert unicodedata.normalize("NFKC", finding.right) == text  # a cell's subscripts are formats


@pytest.mark.slow
def test_labels_are_read_in_both_languages(tmp_path):
    for lang in ("en", "fr"):
        found = verify_package(article_package(tmp_path, lang), "x", ARTICLE, catalogue("en"))
        [row] = [row for row in found.rows if "labels state" in row.claim]
        assert row.status == "proved"
        assert int(re.search(r"(\d+) labels", row.claim)[1]) > 100


@pytest.mark.slow
def test_a_workbook_saved_by_another_program_is_still_read(tmp_path):
    """openpyxl writes inline texts and drops what it does not know; the formulas stay."""
    path, copy = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    symcnn.export_workbook(ARTICLE, symcnn.article.images(), path, steps=3)
    openpyxl.load_workbook(path).save(copy)
    assert verify_workbook(copy).ok


def test_shared_formulas_stand_for_their_copies(tmp_path):
    """Excel writes a column that is filled down once, with its copies."""
    path = tmp_path / "a.xlsx"
    symcnn.export_workbook(ARTICLE, symcnn.article.images(), path, steps=3)
    copy = shared(path, tmp_path / "b.xlsx")
    assert read_package(copy) == read_package(path)


def shared(path: Path, copy: Path) -> Path:
    """A copy in which a column of Training is a shared formula."""
    at = read_package(path).names["training_x_11_image1"]
    letter, first = openpyxl.utils.get_column_letter(at.first.column), at.first.row
    below = b'<f t="shared" si="0"/>'
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for part in old.namelist():
            text = old.read(part)
            if text.count(b"<row") and f'r="{letter}{at.last.row}"'.encode() in text:
                for row in range(first, at.last.row + 1):
                    head = f'(<c r="{letter}{row}"[^>]*>)<f>([^<]*)</f>'.encode()
                    master = rb'\1<f t="shared" si="0" ref="A1:A9">\2</f>'
                    text = re.sub(head, master if row == first else rb"\1" + below, text)
            new.writestr(part, text)
    return copy


def test_equality_is_decided_whatever_the_cells_are_called():
    a, b = Symbol("'My Sheet'!A1"), Symbol("Parameters!$D$6")
    assert FormulaDomain((a + b) ** 2, a**2 + 2 * a * b + b**2).decide().status == "proved"
    assert FormulaDomain((a + b) ** 2, a**2 + a * b + b**2).decide().status == "refuted"
    x, y = symbols("x y")
    probable = FormulaDomain(x / (x + y) + y / (x + y), x / x).decide()
    assert probable.status == "probable"
    assert 0 < probable.epsilon < 1e-30
    assert FormulaDomain(x / (x + y), y / (x + y)).decide().status == "refuted"


def test_what_a_reader_may_change_changes_no_verdict(tmp_path):
    package = article_package(tmp_path, "fr")
    given = {"i_12_image1": 1.0, "i_22_image2": -0.3, "t_1_image1": 0.0, "t_1_image2": 0.25, "learning_rate": 3.0}
    for name, value in (given | {"reduction_factor": 0.5, "step_shown": 3.0, "initial_f_11": 2.5}).items():
        sheet, row, column = place(package, name)
        package.sheets[sheet][row, column] = CellContent(None, value)
    assert verify_package(package, "x.xlsx", ARTICLE, catalogue("en")).ok


def test_totals_add_up_every_image(net, package):
    """At the workbook's own numbers, to 60 digits: E_total and each total gradient are the sums over the images."""
    quantities = NamedCells(net, package, "cnn.xlsx")
    assert quantities.images == 2
    known = evaluate_all(quantities, input_values(quantities, CellGraph(package, quantities.current)))
    totals = [p.adjoint for p in quantities.parameters]
    for total, each in [(E_TOTAL, E), *zip(totals, totals, strict=True)]:
        first, second = (known[each.of_image(m).symbol] for m in (1, 2))
        assert known[total.symbol] == first + second != first


@pytest.mark.parametrize(
    ("name", "instead", "said"),
    [
        ("x_33_image1", "x_11_image1", "x_33_image1 is no quantity"),  # of a larger map
        ("x_11_image3", "x_11_image1", "x_11_image3 is no quantity"),  # of a third image
        ("dE_df_12_image2", None, "the name dE_df_12_image2 is missing"),
        ("f_12", "f_11", "is named f_11 and f_12; expected two cells"),
    ],
)
def test_names_of_another_network_are_refused(package, name, instead, said):
    """A name too many, one too few, and two of one cell."""
    names = dict(package.names)
    names.pop(name.lower(), None)
    if instead is not None:
        names[name.lower()] = names[instead.lower()]
    quantities = NamedCells(ARTICLE, replace(package, names=names), "x.xlsx")
    with pytest.raises(symcnn.InputError, match=f"(?i){re.escape(said)}"):
        quantities.check()
    NamedCells(ARTICLE, package, "x.xlsx").check()
