"""Workbooks recalculated by programs that are not ours, in place of trusting what a formula should give.

formualizer (PyPI) is always there; LibreOffice where it is installed. The workbook's formulas carry no cached values,
so nothing can be taken from a cache.
"""

import shutil
import subprocess
from pathlib import Path

import formualizer
import openpyxl
import pytest

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
needs_office = pytest.mark.skipif(
    OFFICE is None, reason="LibreOffice is not installed: apt-get install libreoffice-calc-nogui"
)


def set_cells(path: Path, changes: dict[str, float], copy: Path) -> Path:
    """A copy with other inputs, each named by its defined name, or "Sheet!A1"."""
    book = openpyxl.load_workbook(path)
    for name, value in changes.items():
        place = name if "!" in name else book.defined_names[name].attr_text
        sheet, cell = place.rsplit("!", 1)
        book[sheet.strip("'")][cell.replace("$", "")] = value
    book.save(copy)
    return copy


def by_formualizer(path: Path) -> dict[tuple[str, str], object]:
    """(sheet, cell) -> value, for every formula cell."""
    engine = formualizer.load_workbook(str(path))
    engine.evaluate_all()
    book = openpyxl.load_workbook(path)
    return {
        (sheet.title, cell.coordinate): engine.get_value(sheet.title, cell.row, cell.column)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


def by_office(path: Path, folder: Path) -> dict[tuple[str, str], object]:
    """The same by LibreOffice: loaded, recalculated and saved again."""
    assert OFFICE is not None
    out = folder / "recalculated"
    subprocess.run(
        [OFFICE, f"-env:UserInstallation=file://{folder}/profile", "--headless",
         "--convert-to", "xlsx:Calc MS Excel 2007 XML",
         "--outdir", str(out), str(path)],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    formulas, values = openpyxl.load_workbook(path), openpyxl.load_workbook(out / path.name, data_only=True)
    return {
        (sheet.title, cell.coordinate): values[sheet.title][cell.coordinate].value
        for sheet in formulas
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


def named(path: Path) -> dict[str, tuple[str, str]]:
    """Defined name -> (sheet, cell)."""
    places = {}
    for name, defined in openpyxl.load_workbook(path).defined_names.items():
        sheet, cell = defined.attr_text.rsplit("!", 1)
        places[name] = (sheet.strip("'").replace("''", "'"), cell.replace("$", ""))
    return places
