"""Cells far out: a sigmoid that is 0 or 1 to the last digit, and a training that ends in no numbers."""

import math

import numpy as np
import openpyxl
import pytest

import symcnn
from symcnn.errors import SymcnnWarning
from symcnn.text import catalogue, tables
from symcnn.workbook import verify_workbook
from symcnn.workbook.cell_values import cell_values
from symcnn.workbook.evaluator import CellError
from tests.slow import rest_slow

pytestmark = pytest.mark.filterwarnings("ignore:pixels reach 255:symcnn.errors.SymcnnWarning")

SIGMOID = symcnn.Network((2, 2), [symcnn.Dense(2, activation="sigmoid"), symcnn.Dense(2, activation="sigmoid")])
LINEAR = symcnn.Network((2, 2), [symcnn.Dense(2), symcnn.Dense(1)])
IMAGES = [[[255.0, 0.0], [255.0, 255.0]], [[0.0, 255.0], [0.0, 0.0]]]


def errors(path):
    book = openpyxl.load_workbook(path, data_only=True)
    return [f"{s.title}!{c.coordinate}" for s in book for row in s.iter_rows() for c in row if c.data_type == "e"]


def sigmoid_of(z):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B1"] = z, "=IF(A1<0,EXP(A1)/(1+EXP(A1)),1/(1+EXP(-A1)))"
    return cell_values(book)[book.active.title]["B1"]


@pytest.mark.parametrize(
    "z", [-1e308, -5000.0, -800.0, -709.79, -709.0, -37.5, -1e-9, 0.0, 1e-9, 37.5, 709.79, 5000.0, 1e308]
)
def test_a_sigmoid_cell_is_a_number_everywhere_and_exact(z):
    with np.errstate(over="ignore"):
        exact = float(1 / (1 + np.exp(-np.longdouble(z))))
    found = sigmoid_of(z)
    assert not isinstance(found, CellError)
    assert math.isclose(found, exact, rel_tol=1e-15, abs_tol=1e-307)


@pytest.mark.parametrize("rate", rest_slow([5000.0, 0.5]))
def test_pixels_of_255_fill_no_cell_with_an_error(rate, tmp_path):
    data = symcnn.Data(np.array(IMAGES), np.eye(2))
    path = symcnn.export_workbook(SIGMOID, data, tmp_path / "w.xlsx", learning_rate=rate, steps=20)
    assert errors(path) == []
    assert verify_workbook(path, SIGMOID).ok
    run = symcnn.train(SIGMOID, data, learning_rate=rate, steps=20)
    sheet = openpyxl.load_workbook(path, data_only=True)["Training"]
    assert [sheet.cell(8 + k, 3).value for k in range(21)] == pytest.approx(run.loss, rel=1e-12, abs=1e-12)


def test_a_workbook_of_an_earlier_version_is_still_proved(tmp_path):
    """They have σ as 1/(1+EXP(-z)), also in the cells of Checks that no claim reads."""
    path = symcnn.export_workbook(SIGMOID, ([[[0.5, 0], [1, 0]]], [[1, 0]]), tmp_path / "w.xlsx", steps=2)
    book = openpyxl.load_workbook(path)
    changed = 0
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f" and cell.value.startswith("=IF(") and "<0,EXP(" in cell.value:
                    cell.value = "=" + cell.value[cell.value.index(",1/(1+EXP(") + 1 : -1]
                    changed += 1
    book.save(path)
    assert changed > 50
    assert verify_workbook(path, SIGMOID).ok
    book["Checks"].cell(openpyxl.utils.cell.coordinate_to_tuple("I7")[0], 9).value = "=1"
    book.save(path)
    assert not verify_workbook(path, SIGMOID).ok


@pytest.mark.parametrize(("rate", "lang"), rest_slow([(1.0, "en"), (0.3, "fr")]))
def test_a_training_that_diverges_ends_with_its_last_numbers(rate, lang, tmp_path):
    data = symcnn.Data(np.array(IMAGES) / 85, np.array([[1.0], [0.0]]))
    with pytest.raises(symcnn.TrainingDivergedError):
        symcnn.train(LINEAR, data, learning_rate=rate, steps=60)
    with pytest.warns(SymcnnWarning, match="it diverges; the workbook holds") as told:
        path = symcnn.export_workbook(LINEAR, data, tmp_path / "w.xlsx", learning_rate=rate, steps=60, lang=lang)
    assert errors(path) == []
    book, text = openpyxl.load_workbook(path), catalogue(lang)
    sheet = book[text("workbook.training")]
    last = sheet.cell(sheet.max_row, 2).value
    assert 1 <= last < 60
    assert f"holds {last} of 60 steps" in str(told[0].message)
    words = text("workbook.cut_off", asked=60, steps=last)
    assert words in [c.value for row in book[text("workbook.contents")].iter_rows() for c in row]
    assert verify_workbook(path, LINEAR).ok


def test_a_training_without_one_step_of_numbers_is_refused(tmp_path):
    path = tmp_path / "w.xlsx"
    data = symcnn.Data(np.array(IMAGES), np.array([[1.0], [0.0]]))
    with pytest.raises(symcnn.TrainingDivergedError, match="use a smaller learning rate"):
        symcnn.export_workbook(LINEAR, data, path, learning_rate=1e200, steps=5)
    assert not path.exists()


# --- names of sheets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("of", "lang"), rest_slow([("en", "fr"), ("fr", "en"), ("en", "en"), ("fr", "fr")]))
def test_a_verification_names_the_sheets_that_the_workbook_has(of, lang, tmp_path):
    path = symcnn.export_workbook(SIGMOID, ([[[0.5, 0], [1, 0]]], [[1, 0]]), tmp_path / "w.xlsx", steps=2, lang=of)
    claims = " ".join(row.claim for row in verify_workbook(path, SIGMOID, lang=lang).rows)
    titles = {code: catalogue(code)("workbook.training") for code in ("en", "fr")}
    assert claims.count(titles[of]) == 4
    other = titles["fr" if of == "en" else "en"]
    assert other not in claims
    assert "Entraînement" not in claims


def test_where_english_words_of_a_workbook_name_a_sheet_french_ones_do():
    english, french = (tables(lang) for lang in ("en", "fr"))
    keys = ("inputs", "parameters", "forward", "backward", "training", "charts", "symbols", "checks")
    titles = [(english["workbook"][k], french["workbook"][k]) for k in keys]
    for key, words in english["workbook"].items():
        for here, there in titles:
            if isinstance(words, str) and f" {here}" in words and here not in ("Training",):
                assert there in french["workbook"][key], key
