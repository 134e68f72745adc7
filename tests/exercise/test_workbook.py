"""The workbook says what is right, holds no answer, and takes numbers in blanks only."""

import io
import re
import zipfile

import openpyxl
import pytest

from symcnn import article
from symcnn.derivation import Derivation
from symcnn.exercise import draw, write_exercise
from symcnn.exercise.sheet import ExercisePlan, as_printed
from symcnn.exercise.workbook import to_workbook
from symcnn.text import LANGUAGES, catalogue
from tests.tools import sdk
from tests.tools.recalculate import by_formualizer, by_office, needs_office

CHECK = re.compile(r"MOD\(ROUND\((\w+)\*10000,0\)\*(\d+)\+(\d+),(\d+)\),\{([\d,]+)\}")


@pytest.fixture(scope="module")
def sheet():
    return draw(ExercisePlan(Derivation(article.network(), 1)), article.images(), 7)


@pytest.fixture(scope="module")
def content(sheet):
    return to_workbook(sheet, catalogue("en"), False)


def checks_of(worksheet):
    """Address of each blank -> the function that its check is."""
    found = {}
    for row in worksheet.iter_rows():
        for cell in row:
            match = CHECK.search(cell.value) if isinstance(cell.value, str) else None
            if match is not None:
                _, factor, more, modulus, remainders = match.groups()
                found[match[1]] = (int(factor), int(more), int(modulus), set(map(int, remainders.split(","))))
    return found


def is_right(check, value):
    factor, more, modulus, remainders = check
    return (round(value * 10_000) * factor + more) % modulus in remainders


def test_only_blanks_can_be_typed_in(sheet, content):
    (page,) = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    checks = checks_of(page)
    assert len(checks) == len(sheet.plan.blanks)
    assert page.protection.sheet
    open_cells = {c.coordinate for row in page.iter_rows() for c in row if not c.protection.locked}
    assert set(checks) <= open_cells
    for place in open_cells:
        assert page[place].value is None
    for row in page.iter_rows():
        for cell in row:
            if isinstance(cell.value, str) and cell.value.startswith("="):
                assert cell.protection.locked
                assert cell.protection.hidden


def test_each_blank_has_the_name_that_the_json_gives_it(sheet):
    """So that a marked workbook can be read without its layout."""
    for lang in LANGUAGES:
        book = openpyxl.load_workbook(io.BytesIO(to_workbook(sheet, catalogue(lang), True)))
        names = {name: defined.attr_text for name, defined in book.defined_names.items()}
        assert set(names) == set(sheet.plan.names.values())
        for key, name in sheet.plan.names.items():
            place = names[name].rpartition("!")[2].replace("$", "")
            assert book.worksheets[0][place].value == float(sheet.text(sheet.plan.blanks[key])), key


def test_no_answer_is_in_the_file(sheet, content):
    given = {as_printed(sheet.values[name]) for name in sheet.plan.given}
    answers = {sheet.text(b) for b in sheet.plan.blanks.values()} - given
    secret = [a.lstrip("-") for a in answers if len(a.partition(".")[2]) == 4]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = b"".join(archive.read(name) for name in archive.namelist()).decode()
        assert "xl/worksheets/sheet2.xml" not in archive.namelist()
    assert len(secret) > 15
    for answer in secret:
        assert answer not in parts
        assert not answer.startswith("0.") or answer[2] == "0" or answer[2:] not in re.findall(r"\d+", parts)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_check_takes_the_answer_and_no_other_number(sheet, lang):
    empty, full = (
        openpyxl.load_workbook(io.BytesIO(to_workbook(sheet, catalogue(lang), is_key))).worksheets[0]
        for is_key in (False, True)
    )
    checks = checks_of(empty)
    assert checks == checks_of(full)
    numbers = sorted({full[place].value for place in checks})
    for place, check in checks.items():
        answer = full[place].value
        assert is_right(check, answer)
        exact = round(answer, 3) == answer
        for other in (*numbers, -answer, answer + 0.0002, answer - 0.0002, answer + 0.001, 10 * answer, 0.0, 99.9999):
            assert is_right(check, other) == (abs(other - answer) < (1e-9 if exact else 1.5e-4)), (place, other)
        for n in range(0, 1_000_000, 997):  # wherever on the scale
            assert is_right(check, n / 10_000) == (abs(n / 10_000 - answer) < (1e-9 if exact else 1.5e-4))


def test_the_same_bytes(sheet, content):
    assert to_workbook(sheet, catalogue("en"), False) == content


def test_a_workbook_for_each_student(tmp_path):
    names = tmp_path / "list.csv"
    names.write_text("name\n=HYPERLINK(1)\nAda Lovelace\n", "utf-8")
    files = write_exercise(out=tmp_path / "ex.xlsx", key=tmp_path / "key.xlsx", seed=3, students=names)
    assert [f.name for f in files] == ["ex-1.xlsx", "ex-2.xlsx", "ex.json", "key-1.xlsx", "key-2.xlsx", "key.json"]
    for number, name in ((1, "=HYPERLINK(1)"), (2, "Ada Lovelace")):
        (page,) = openpyxl.load_workbook(tmp_path / f"ex-{number}.xlsx").worksheets
        assert page.title == f"Sheet 300{number}"
        cell = page["B1"]
        assert cell.value == f"Name {name}"
        assert cell.data_type == "s"


@pytest.mark.parametrize(
    "recalculate",
    [by_formualizer, pytest.param(by_office, marks=(pytest.mark.slow, needs_office))],
)
def test_spreadsheets_say_the_same(sheet, content, tmp_path, recalculate):
    """Right numbers, wrong ones, a text, blanks, and a number that is too large."""
    key = openpyxl.load_workbook(io.BytesIO(to_workbook(sheet, catalogue("en"), True))).worksheets[0]
    book = openpyxl.load_workbook(io.BytesIO(content))
    (page,) = book.worksheets
    checks = checks_of(page)
    expected = {}
    for n, place in enumerate(checks):
        answer = key[place].value
        typed, mark = [(answer, "✓"), (answer + 0.0003, "✗"), ("0,x", "?"), (None, ""), (1e12, "✗")][n % 5]
        page[place].value = typed
        expected[page[place].offset(0, 1).coordinate] = mark
    source = tmp_path / "typed.xlsx"
    book.save(source)
    values = recalculate(source, tmp_path) if recalculate is by_office else recalculate(source)
    for place, mark in expected.items():
        assert (values[page.title, place] or "") == mark, place
    right = sum(mark == "✓" for mark in expected.values())
    assert values[page.title, "B3"] == f"{right} / {len(checks)}"


@pytest.mark.slow
@sdk.needs_sdk
def test_microsofts_validator_has_nothing_to_say(sheet, tmp_path):
    paths = []
    for is_key in (False, True):
        paths.append(str(tmp_path / f"{is_key}.xlsx"))
        (tmp_path / f"{is_key}.xlsx").write_bytes(to_workbook(sheet, catalogue("fr"), is_key))
    assert sdk.findings(sdk.laid_out(tmp_path), paths) == []
