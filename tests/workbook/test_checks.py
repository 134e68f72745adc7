"""The sheet Checks: it passes as written and after a reader's changes, and each of its lines can fail."""

import openpyxl
import pytest

import symcnn
from symcnn.text import catalogue
from tests.tools.recalculate import by_formualizer, named, set_cells

STEPS = 4
LINES = ("difference", "forward", "backward", "steps", "finite", "symcnn")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("checks") / "cnn.xlsx"
    return symcnn.export_workbook(symcnn.article.network(), symcnn.article.images(), path, steps=STEPS)


def verdicts(path, lang="en"):
    """Key of each line of the summary -> its verdict; "all": all_checks, "status": the status line."""
    text, values = catalogue(lang), by_formualizer(path)
    title, place = named(path)["all_checks"]
    sheet = openpyxl.load_workbook(path)[title]
    rows = {sheet.cell(r, 2).value: r for r in range(1, 20)}
    found = {key: values[title, f"G{rows[text(f'workbook.check_{key}')]}"] for key in LINES}
    return {**found, "all": values[title, place], "status": values[text("workbook.contents"), "B5"]}


def corrupted(path, copy, name, old, new, row=None):
    """A copy in which one formula is altered: a named cell's, or in a row of a named column of Training."""
    book = openpyxl.load_workbook(path)
    sheet, cell = named(path)[name]
    cell = cell if row is None else cell.partition(":")[0].rstrip("0123456789") + str(row)
    formula = book[sheet][cell].value
    assert old in formula
    book[sheet][cell].value = formula.replace(old, new, 1)
    book.save(copy)
    return copy


def failing(path):
    found = verdicts(path)
    return {key for key in LINES if found[key] == "✗ differs"}


def test_everything_passes(path):
    found = verdicts(path)
    assert {found[key] for key in (*LINES, "all")} == {"✓ ok"}
    assert found["status"].endswith("✓ all checks pass")


@pytest.mark.slow
def test_a_readers_changes_pass_too_and_are_not_compared_with_the_export(path, tmp_path):
    for n, changes in enumerate(
        ({"learning_rate": 0.7}, {"i_12_image2": 0.25}, {"t_1_image1": 0.9}, {"step_shown": 3})
    ):
        found = verdicts(set_cells(path, changes, tmp_path / f"{n}.xlsx"))
        assert found["all"] == "✓ ok", changes
        assert found["symcnn"] == ("✓ ok" if "step_shown" in changes else "– inputs changed"), changes


def test_two_pixels_exchanged_are_a_change(path, tmp_path):
    """Their sum is the same."""
    found = verdicts(set_cells(path, {"i_11_image1": 0, "i_12_image1": 1}, tmp_path / "swapped.xlsx"))
    assert found["symcnn"] == "– inputs changed"


def test_a_wrong_gradient_is_seen(path, tmp_path):
    copy = corrupted(path, tmp_path / "g.xlsx", "dE_db_o1", "=", "=2*")
    assert failing(copy) == {"difference", "backward"}
    assert verdicts(copy)["all"] == "✗ differs"
    assert verdicts(copy)["status"].endswith("✗ a check fails: see the Checks sheet")


def test_a_wrong_error_is_seen(path, tmp_path):
    assert failing(corrupted(path, tmp_path / "e.xlsx", "E_total", "=", "=1.5*")) == {"forward"}


def test_a_wrong_update_is_seen(path, tmp_path):
    copy = corrupted(path, tmp_path / "u.xlsx", "training_f_12", "-", "+", row=10)
    assert failing(copy) == {"steps", "symcnn"}


def test_a_wrong_error_in_training_is_seen(path, tmp_path):
    assert failing(corrupted(path, tmp_path / "t.xlsx", "training_E_total", "+", "-", row=8 + STEPS)) == {"symcnn"}
    assert failing(corrupted(path, tmp_path / "s.xlsx", "training_E_total", "+", "-", row=8)) == {"forward"}


@pytest.mark.slow
def test_a_training_that_diverges_is_told_in_words(path, tmp_path):
    """The parameters overflow; no #NUM! stands where a reader looks first."""
    changed = set_cells(path, {"learning_rate": 1e200, "step_shown": 3}, tmp_path / "far.xlsx")
    values, found = by_formualizer(changed), verdicts(changed)
    assert found["finite"] == found["all"] == "✗ differs"
    assert "training diverges" in found["status"]
    checks = [v for (sheet, cell), v in values.items() if sheet == "Checks" and cell[0] in "EFG" and cell[1:].isdigit()]
    assert "not a number" in checks
    assert not any(str(v).startswith(("#", "{")) for v in checks)


def test_a_corner_is_told_and_passes(tmp_path):
    """ReLU at 0 exactly: the difference is half of one slope, the gradient the other; both are told apart."""
    net = symcnn.Network((2, 2), [symcnn.Conv2D(1, 2), symcnn.Activation("relu"), symcnn.Dense(1)])
    data = ([[[1.0, 0.0], [0.0, 0.0]]], [[0.5]])
    initial = [0.0, 0.3, 0.3, 0.3, 0.0, 0.8, 0.1]
    path = symcnn.export_workbook(net, data, tmp_path / "corner.xlsx", steps=2, initial=initial, learning_rate=0.1)
    values, found = by_formualizer(path), verdicts(path)
    shown = [v for (sheet, cell), v in values.items() if sheet == "Checks" and cell[0] == "G" and cell[1:].isdigit()]
    assert shown.count("✓ kink") == 2  # f_11 and the filter's bias move the pixel that stands at 0
    assert found["all"] == "✓ ok"
    # a gradient outside of both slopes is still wrong
    assert "difference" in failing(corrupted(path, tmp_path / "wrong.xlsx", "dE_df_11", "=", "=1+"))


def test_past_a_size_a_sample_of_each_tensor_is_checked_and_the_sheet_says_so(tmp_path, monkeypatch):
    from symcnn.workbook.sheets import checks as checks_sheet

    monkeypatch.setattr(checks_sheet, "MAX_PERTURBED", 600)
    path = tmp_path / "sample.xlsx"
    symcnn.export_workbook(symcnn.article.network(), symcnn.article.images(), path, steps=1)
    sheet = openpyxl.load_workbook(path)["Checks"]
    words = catalogue("en")("workbook.some_gradients", count=10, all=20)
    row = next(r for r in range(1, 40) if sheet.cell(r, 2).value == words)
    shown = [sheet.cell(r, 2).value for r in range(row + 2, row + 12)]
    assert [s[0] for s in shown] == ["f", "f", "w", "w", "b", "b", "w", "w", "b", "b"]
    assert verdicts(path)["all"] == "✓ ok"
