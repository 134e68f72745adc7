"""The value beside each formula: what formualizer finds, bit by bit; what a reader without a calculator sees."""

import math
import subprocess
import sysconfig
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

import symcnn
from symcnn.workbook.cell_values import cell_values
from symcnn.workbook.evaluator import CellError
from symcnn.workbook.xlsx_writer import workbook_bytes
from tests.slow import rest_slow
from tests.tools.networks import from_seed
from tests.tools.recalculate import by_formualizer, by_office, cached, needs_office

RECALC = Path(sysconfig.get_path("scripts")) / "formualizer"

#: What stands in A1:C3 where the formulas below are worked out; the rest is empty.
GIVEN = [(0.1, 2, 0.3), (4, 5.5, "text"), (True, -7, 1e300)]

#: Formula -> value.
FORMULAS = {
    "=-2^2": 4.0, "=2^3^2": 64.0, "=2^-1": 0.5, "=-1*A2^2": -16.0, "=1-2-3": -4.0, "=8/4/2": 1.0, "=5%": 0.05,
    "=0.1+0.2": 0.30000000000000004, "=SUM(A1:C1)": 2.4, "=SUM(A1:C2,1)": 12.9, "=A3+1": 2.0, "=E9+1": 1.0, "=E9": 0.0,
    "=SUM(A3,C2:C3)": 1e300, "=SUM(A3)": 0.0, "=COUNT(A3,B3,C2)": 1.0, "=MAX(C2,-1)": -1.0, "=SUM(A3:B3)": -7.0, "=SUMSQ(A1:B1)": 4.01, "=SUMPRODUCT(A1:C1,A2:C2)": 11.4,
    "=SUMPRODUCT((A1:C1>0.2)*A1:C1)": 2.3, "=SUMXMY2(A1:B1,A2:B2)": 27.46,
    "=MAX(0,B3)": 0.0, "=MIN(A1:B3)": -7.0, "=COUNT(A1:C3)": 7.0, "=MOD(-3,2)": 1.0, "=MOD(5.5,-2)": -0.5,
    "=ROUND(2.675,2)": 2.68, "=ROUND(-2.5,0)": -3.0, "=ROUND(1234.5,-2)": 1200.0, "=ABS(B3)": 7.0, "=SQRT(2)": 2**0.5,
    "=INDEX(A1:C3,2,2)": 5.5, "=INDEX(A1:A3,2)": 4.0, "=SUM(INDEX(A1:C3,1,0))": 2.4, "=INDEX(A1:C3,4,1)": CellError("#REF!"),
    "=MATCH(2,A1:C1,0)": 2.0, "=MATCH(3,A1:C1,0)": CellError("#N/A"), "=MATCH(5,A1:A2,1)": 2.0,
    "=IF(A1>0,\"up\",1/0)": "up", "=IF(FALSE,1)": False, "=AND(A1>0,B3>0)": False, "=OR(A1>0,B3>0)": True,
    "=A1=0.1": True, "=A1<>B1": True, "=\"a\"=\"A\"": True, "=1<\"a\"": True, "=\"n = \"&ROUND(A1,4)&\"!\"": "n = 0.1!",
    "=\"\"&1e-7": "0.0000001", "=\"\"&123456789.125": "123456789.125", "=\"\"&A3": "TRUE", "=\"say \"\"A1\"\"\"": 'say "A1"',
    "=1/0": CellError("#DIV/0!"), "=EXP(710)": CellError("#NUM!"), "=1/(1+EXP(1000))": CellError("#NUM!"),
    "=EXP(-800)": 0.0, "=C3*C3": CellError("#NUM!"), "=1/(C3*C3)": CellError("#NUM!"), "=LN(0)": CellError("#NUM!"),
    "=SQRT(-1)": CellError("#NUM!"), "=(-8)^(1/3)": CellError("#NUM!"), "=C2*2": CellError("#VALUE!"),
    "=INT(-2.5)": -3.0, "=0^-1": CellError("#DIV/0!"), "=rate*2": 11.0, "=Other!B2+'It''s'!A1": 8.0, "=TANH(1)": 0.7615941559557649,
}  # fmt: skip


#: Not calculated by formualizer; Excel and LibreOffice do.
ELEMENTWISE = {
    "=SUMPRODUCT(ABS(A2:B2),A1:B1)": 11.4,
    "=SUMPRODUCT(EXP(A1:C1-A1),A2:B2-0.5)": CellError("#VALUE!"),
}


def workbook(formulas):
    book = Workbook()
    sheet, other, third = book.active, book.create_sheet("Other"), book.create_sheet("It's")
    for row in GIVEN:
        sheet.append(row)
    other["B2"], third["A1"] = 5.5, 2.5
    from openpyxl.workbook.defined_name import DefinedName

    book.defined_names["rate"] = DefinedName("rate", attr_text="Other!$B$2")
    for n, formula in enumerate(formulas, 1):
        sheet.cell(n, 10, formula)
    return book


@pytest.mark.parametrize("formula", FORMULAS | ELEMENTWISE)
def test_a_formula_gives_what_excel_gives(formula):
    found = cell_values(workbook([formula]))["Sheet"]["J1"]
    wanted = (FORMULAS | ELEMENTWISE)[formula]
    assert type(found) is type(wanted)
    assert found == (pytest.approx(wanted, rel=1e-15) if isinstance(wanted, float) else wanted)


def test_many_cells_at_once_have_the_values_of_each_alone():
    book = workbook([])
    for column, formula in enumerate(FORMULAS | ELEMENTWISE, 10):
        for row in range(1, 31):
            book.active.cell(row, column, formula)
    values = cell_values(book)["Sheet"]
    for column, formula in enumerate(FORMULAS | ELEMENTWISE, 10):
        alone = cell_values(workbook([formula]))["Sheet"]["J1"]
        each = {repr(values[f"{get_column_letter(column)}{row}"]) for row in range(1, 31)}
        assert each == {repr(alone)}, formula


def test_windows_are_added_up_cell_by_cell_and_an_error_stays_where_it_is():
    """Sums of 25 products at 100 places have the bits of a loop; one text and one error are in some of the windows."""
    book, rng = Workbook(), np.random.default_rng(3)
    sheet, numbers = book.active, rng.normal(size=(14, 14)) * 10.0 ** rng.integers(-9, 9, size=(14, 14))
    for (r, c), number in np.ndenumerate(numbers):
        sheet.cell(1 + r, 1 + c, float(number))
    sheet["A1"], sheet["N14"], sheet["N1"] = "text", "=1/0", 0.0
    for r, c in np.ndindex(10, 10):
        window = f"{get_column_letter(1 + c)}{1 + r}:{get_column_letter(5 + c)}{5 + r}"
        sheet.cell(
            1 + r, 21 + c, f"=SUMPRODUCT({window},$E$5:$I$9)+MAX({window})-1*EXP(A1:A1)".replace("A1:A1", "$N$1")
        )
        sheet.cell(21 + r, 21 + c, f"=SUMPRODUCT(({window}>0)*EXP({window}/1000000000),$E$5:$I$9/$E$5:$I$9)")
    values = cell_values(book)["Sheet"]
    for r, c in np.ndindex(10, 10):
        cells = [0.0 if (i, j) == (0, 0) else numbers[i, j] for i in range(r, r + 5) for j in range(c, c + 5)]
        cells = [0.0 if n == 0 and (r, c) == (0, 0) else v for n, v in enumerate(cells)]
        cells = [0.0 if (r + n // 5, c + n % 5) == (0, 13) else v for n, v in enumerate(cells)]
        total = open_gates = 0.0
        for n, v in enumerate(cells):
            total += v * numbers[4 + n // 5, 4 + n % 5]
            open_gates += math.exp(v / 1e9) if v > 0 else 0.0
        first = values[f"{get_column_letter(21 + c)}{1 + r}"]
        if (r, c) == (9, 9):
            assert first == CellError("#DIV/0!")
            continue
        seen = cells[1:] if (r, c) == (0, 0) else cells  # MAX passes over a text
        assert first == total + max(seen) - 1.0
        second = values[f"{get_column_letter(21 + c)}{21 + r}"]
        assert second == (CellError("#VALUE!") if (r, c) == (0, 0) else open_gates)


def test_formualizer_agrees_on_all_of_them(tmp_path):
    path = tmp_path / "formulas.xlsx"
    path.write_bytes(workbook_bytes(workbook(FORMULAS)))
    engine, values = by_formualizer(path), cached(path)
    for place, found in engine.items():
        if isinstance(found, dict):
            assert str(values[place]).startswith("#"), place
        else:
            assert values[place] == found, place


def test_values_do_not_depend_on_the_order_of_cells_and_nothing_recurses():
    book = Workbook()
    sheet = book.active
    for row in range(1, 5000):
        sheet.cell(row, 1, f"=A{row + 1}+1")  # each rests on the next
    sheet["A5000"] = 1
    assert cell_values(book)["Sheet"]["A1"] == 5000.0
    sheet["A5000"] = "=A1"
    with pytest.raises(ValueError, match=r"Sheet!A\d+ rests on itself"):
        cell_values(book)


def test_a_sum_longer_than_pythons_stack():
    book = Workbook()
    book.active["A1"] = "=" + "+".join(["B1"] * 2500)
    book.active["B1"] = 2
    assert cell_values(book)["Sheet"]["A1"] == 5000.0


@pytest.mark.parametrize("lang", rest_slow(["fr", "en"]))
def test_no_cached_value_of_the_article_changes_when_it_is_recalculated(net, data, lang, tmp_path):
    path = symcnn.export_workbook(net, data, tmp_path / "cnn.xlsx", steps=30, lang=lang)
    done = subprocess.run([RECALC, "recalc", path, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert " 0 cached values changed, 0 error cells" in done.stdout
    assert cached(path) == by_formualizer(path)


@pytest.mark.parametrize("seed", rest_slow([1, 0]))
def test_nor_of_a_random_network(seed, tmp_path):
    net, theta, images, targets = from_seed(seed)
    path = symcnn.export_workbook(
        net, (images, targets), tmp_path / "x.xlsx", initial=theta, steps=4, learning_rate=0.02
    )
    assert cached(path) == by_formualizer(path)


def test_a_poisoned_value_is_seen(net, data, tmp_path):
    path = poisoned(symcnn.export_workbook(net, data, tmp_path / "cnn.xlsx", steps=1), tmp_path)
    done = subprocess.run([RECALC, "recalc", path, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert " 1 cached values changed" in done.stdout


@pytest.mark.slow
@needs_office
def test_libreoffice_works_a_poisoned_value_out_again(net, data, tmp_path):
    """It trusts what it finds; only a copy without values says anything."""
    path = poisoned(symcnn.export_workbook(net, data, tmp_path / "cnn.xlsx", steps=1), tmp_path)
    trusted, calculated, engine = (
        by_office(path, tmp_path, strip=False), by_office(path, tmp_path), by_formualizer(path)
    )  # fmt: skip
    (place,) = [p for p, value in trusted.items() if value == 12345]
    assert calculated[place] == pytest.approx(engine[place], rel=1e-12)


def poisoned(path, folder):
    """A copy with 12345 as the value of its last formula."""
    copy = folder / "poisoned.xlsx"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w") as out:
        last = max(n for n in source.namelist() if n.startswith("xl/worksheets/sheet"))
        for name in source.namelist():
            content = source.read(name)
            if name == last:
                before, _, after = content.rpartition(b"</f><v>")
                content = before + b"</f><v>12345" + after[after.index(b"</v>") :]
            out.writestr(name, content)
    return copy


def test_a_training_that_diverges_has_errors_as_values(net, data, tmp_path):
    path = symcnn.export_workbook(net, data, tmp_path / "x.xlsx", steps=3, learning_rate=1e6,
                                  initial=np.linspace(-300, 300, len(net.parameters)))  # fmt: skip
    values, engine = cached(path), by_formualizer(path)
    assert {p for p, v in values.items() if str(v).startswith("#")} == {
        p for p, v in engine.items() if isinstance(v, dict)
    }


def test_readers_without_a_calculator_see_numbers(net, data, tmp_path):
    path = symcnn.export_workbook(net, data, tmp_path / "x.xlsx", steps=2)
    values = cached(path)
    assert all(v not in (None, "") for v in values.values())
    types = {type(v) for v in values.values()}
    assert types >= {int, float, str}
    with zipfile.ZipFile(path) as file:
        text = file.read("xl/worksheets/sheet1.xml") + file.read("xl/worksheets/sheet7.xml")
    assert b"inlineStr" not in text


def test_a_text_is_written_once_as_it_is(tmp_path):
    book = Workbook()
    for n, text in enumerate([" a ", "b", "b", "x_x0041_", "x", "<&>"], 1):
        book.active.cell(n, 1, text)
    path = tmp_path / "x.xlsx"
    path.write_bytes(workbook_bytes(book))
    assert [c.value for c in openpyxl.load_workbook(path).active["A"]] == [
        " a ",
        "b",
        "b",
        "x_x0041_",
        "x",
        "<&>",
    ]
    assert zipfile.ZipFile(path).read("xl/sharedStrings.xml").count(b"<si>") == 5
