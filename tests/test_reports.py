"""What stands in ``reports/`` is what the command writes now.

Texts and figures byte for byte; the numbers that a page looks up, to 10⁻⁷; workbooks cell by cell; a PDF byte for byte
where the same Typst set it, else page for page.
"""

import json
import math
import re
from pathlib import Path

import openpyxl
import pytest

from symcnn.story import tell

REPORTS = Path(__file__).parents[1] / "reports"
DATA = re.compile(r'(<script type="application/json" id="states">)(.*?)(</script>)', re.DOTALL)


@pytest.fixture(scope="module", params=["en", "fr"])
def both(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports") / request.param
    assert tell(folder, request.param, 0.5, 10_000, 0).ok
    return folder, REPORTS / request.param


def test_the_same_files(both):
    fresh, kept = both
    assert {p.name for p in fresh.iterdir()} == {p.name for p in kept.iterdir()}


def test_texts_and_figures(both):
    fresh, kept = both
    compared = [path.name for path in fresh.iterdir() if path.suffix in (".md", ".tex", ".svg")]
    assert {"derivation.md", "derivation.tex", "one-number.svg"} < set(compared)
    for name in compared:
        assert (fresh / name).read_text("utf-8") == (kept / name).read_text("utf-8"), name


def alike(a, b):
    """Two JSON values: the same but for the last digits of numbers."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, float) or isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-12)
    return a == b


def test_pages(both):
    fresh, kept = ((folder / "derivation.html").read_text("utf-8") for folder in both)
    assert DATA.sub(r"\1\3", fresh) == DATA.sub(r"\1\3", kept)
    (now,), (then,) = (DATA.findall(page) for page in (fresh, kept))
    assert alike(json.loads(now[1]), json.loads(then[1]))


def test_pages_on_paper(both):
    fresh, kept = ((folder / "derivation.pdf").read_bytes() for folder in both)
    (now,), (then,) = (set(re.findall(rb"/Creator\(([^)]*)\)", content)) for content in (fresh, kept))
    assert fresh.count(b"/Type/Page/") == kept.count(b"/Type/Page/") > 10
    assert now != then or fresh == kept


def test_workbooks(both):
    """The same bytes where the same openpyxl wrote them, else the same cells."""
    if len({(folder / "cnn.xlsx").read_bytes() for folder in both}) == 1:
        return
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
