"""What stands in ``reports/`` is what the command writes now.

Texts and figures byte for byte; the numbers that a page looks up, to 10⁻⁷; workbooks cell by cell; a PDF byte for byte
where the same Typst set it, else page for page.
"""

import contextlib
import io
import json
import math
import re
from pathlib import Path

import openpyxl
import pytest

from symcnn.cli import main
from tests.slow import rest_slow
from tests.tools.recalculate import cached

ROOT = Path(__file__).parents[1]
REPORTS = ROOT / "reports"
DATA = re.compile(r'(<script type="application/json" id="states">)(.*?)(</script>)', re.DOTALL)


@pytest.fixture(scope="module", params=rest_slow(["en", "fr"]))
def told(request, tmp_path_factory):
    """The language, what ``symcnn article`` wrote in it, and what it printed."""
    lang, top = request.param, tmp_path_factory.mktemp("reports")
    with contextlib.chdir(top), contextlib.redirect_stdout(io.StringIO()) as out:
        main(["article", "--lang", lang])
    return lang, top / "article", out.getvalue()


@pytest.fixture(scope="module")
def both(told):
    lang, folder, _ = told
    return folder, REPORTS / lang


def test_what_the_readme_says_that_the_command_prints(told):
    lang, _, printed = told
    page = ROOT / ("README.md" if lang == "en" else f"README.{lang}.md")
    shown = re.search(r"```text\n(symcnn.*?)```", page.read_text("utf-8"), re.DOTALL).group(1)
    assert [line.rstrip() for line in printed.strip().splitlines()] == shown.strip().splitlines()


def test_the_same_files(both):
    fresh, kept = both
    assert {p.name for p in fresh.iterdir()} == {p.name for p in kept.iterdir()}


def test_texts_and_figures(both):
    fresh, kept = both
    compared = [path.name for path in fresh.iterdir() if path.suffix in (".md", ".tex", ".svg")]
    assert {"derivation.md", "derivation.tex", "one-number.svg"} < set(compared)
    for name in compared:
        assert (fresh / name).read_text("utf-8") == (kept / name).read_text("utf-8"), name


def alike(a, b, digits=1e-7):
    """Two JSON values: the same but for the last digits of numbers."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[k], b[k], digits) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(alike(x, y, digits) for x, y in zip(a, b, strict=True))
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=digits, abs_tol=1e-12)
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
    """The same cells, and the same values of formulas but for their last digits: those are the processor's."""
    fresh, kept = (folder / "cnn.xlsx" for folder in both)
    if fresh.read_bytes() == kept.read_bytes():
        return
    values, known = cached(fresh), cached(kept)
    assert values.keys() == known.keys()
    assert [place for place, value in values.items() if not alike(value, known[place], 1e-12)] == []
    fresh, kept = (openpyxl.load_workbook(path) for path in (fresh, kept))
    assert fresh.sheetnames == kept.sheetnames
    for sheet in fresh:
        other = kept[sheet.title]
        assert sheet.dimensions == other.dimensions
        for row in sheet.iter_rows():
            for cell in row:
                known = other[cell.coordinate].value
                assert alike(cell.value, known, 1e-12), (sheet.title, cell.coordinate)
    assert {n: d.attr_text for n, d in fresh.defined_names.items()} == {
        n: d.attr_text for n, d in kept.defined_names.items()
    }
