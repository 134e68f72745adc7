"""What stands in ``reports/`` is what the command writes now: texts byte for byte, workbooks cell by cell."""

from pathlib import Path

import openpyxl
import pytest

from symcnn.story import tell

REPORTS = Path(__file__).parents[1] / "reports"


@pytest.fixture(scope="module", params=["en", "fr"])
def both(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports") / request.param
    assert tell(folder, request.param, 0.5, 10_000, 0).ok
    return folder, REPORTS / request.param


def test_the_same_files(both):
    fresh, kept = both
    assert {p.name for p in fresh.iterdir()} == {p.name for p in kept.iterdir()}


@pytest.mark.parametrize("name", ["derivation.md", "one-number.svg"])
def test_texts(both, name):
    fresh, kept = both
    assert (fresh / name).read_text("utf-8") == (kept / name).read_text("utf-8")


def test_workbooks(both):
    fresh, kept = (openpyxl.load_workbook(folder / "cnn.xlsx") for folder in both)
    assert fresh.sheetnames == kept.sheetnames
    for sheet in fresh:
        other = kept[sheet.title]
        assert sheet.dimensions == other.dimensions
        for row in sheet.iter_rows():
            for cell in row:
                known = other[cell.coordinate].value
                same = cell.value == known or abs(float(cell.value) - float(known)) <= 1e-12
                assert same, (sheet.title, cell.coordinate)
    assert {n: d.attr_text for n, d in fresh.defined_names.items()} == {
        n: d.attr_text for n, d in kept.defined_names.items()
    }
