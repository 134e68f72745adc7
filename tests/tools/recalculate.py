"""Workbooks recalculated by programs that are not ours, in place of trusting what a formula should give.

formualizer (PyPI) is always there; LibreOffice where it is installed. formualizer works every formula out; LibreOffice
is given a copy without cached values, so that nothing is taken from a cache.
"""

import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import formualizer
import openpyxl
import pytest
from openpyxl.utils.cell import coordinate_to_tuple

SPACES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"

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
    """(sheet, cell) -> value, for every formula cell; worked out once for a file as it stands."""
    written = path.stat()
    return dict(_by_formualizer(path, written.st_mtime_ns, written.st_size))


@lru_cache(maxsize=32)
def _by_formualizer(path: Path, *_: int) -> dict[tuple[str, str], object]:
    engine = formualizer.load_workbook(str(path))
    engine.evaluate_all()
    found = {}
    for sheet, cell in formula_cells(path):
        row, column = coordinate_to_tuple(cell)
        found[sheet, cell] = engine.get_value(sheet, row, column)
    return found


def formula_cells(path: Path) -> Iterator[tuple[str, str]]:
    """(sheet, cell) of every formula, read from the XML: openpyxl takes ten times as long."""
    with zipfile.ZipFile(path) as package:
        targets = {
            relation.get("Id"): str(relation.get("Target")).removeprefix("/xl/")
            for relation in ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
        }
        for sheet in _workbook(path).iterfind("m:sheets/m:sheet", SPACES):
            name, content = str(sheet.get("name")), package.read(f"xl/{targets[sheet.get(RELATION)]}").decode("utf-8")
            yield from ((name, cell) for cell in re.findall(r'<c r="([A-Z]+[0-9]+)"[^>]*><f[ >/]', content))


def _workbook(path: Path) -> ElementTree.Element:
    with zipfile.ZipFile(path) as package:
        return ElementTree.fromstring(package.read("xl/workbook.xml"))


def without_values(path: Path, copy: Path) -> Path:
    """A copy in which no formula has a cached value: LibreOffice takes a cached value for granted."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            content = source.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content = re.sub(rb"(</f>)<v[^>]*>[^<]*</v>", rb"\1", content)
            out.writestr(name, content)
    return copy


def by_office(path: Path, folder: Path, strip: bool = True) -> dict[tuple[str, str], object]:
    """The same by LibreOffice: a copy without cached values loaded, calculated and saved again."""
    given = without_values(path, folder / f"bare_{path.name}") if strip else path
    return cached(path, through_office([given], folder)[0])


def through_office(paths: list[Path], folder: Path) -> list[Path]:
    """Workbooks loaded and saved again, all by one LibreOffice."""
    assert OFFICE is not None
    out = folder / "recalculated"
    out.mkdir(exist_ok=True)
    subprocess.run(
        [OFFICE, f"-env:UserInstallation=file://{folder}/profile", "--headless",
         "--convert-to", "xlsx:Calc MS Excel 2007 XML",
         "--outdir", str(out), *map(str, paths)],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return [out / path.name for path in paths]


def cached(path: Path, holder: Path | None = None) -> dict[tuple[str, str], object]:
    """(sheet, cell) -> the value that stands in the file, for every formula cell of ``path``."""
    values = openpyxl.load_workbook(holder or path, data_only=True)
    return {(sheet, cell): values[sheet][cell].value for sheet, cell in formula_cells(path)}


def named(path: Path) -> dict[str, tuple[str, str]]:
    """Defined name -> (sheet, cell)."""
    places = {}
    for defined in _workbook(path).iterfind("m:definedNames/m:definedName", SPACES):
        if defined.get("localSheetId") is not None:  # a print area
            continue
        sheet, cell = str(defined.text).rsplit("!", 1)
        places[str(defined.get("name"))] = (sheet.strip("'").replace("''", "'"), cell.replace("$", ""))
    return places
