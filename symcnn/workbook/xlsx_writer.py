"""The workbook as a file: each formula with its value beside it, texts in one table, no reason to recalculate or warn.

openpyxl writes a formula without its value, so that a preview, Protected View or pandas shows nothing. Here a formula
cell holds ``<f>`` and ``<v>``; closing an untouched file asks nothing, since the cache is complete and said to be so.
Two of openpyxl's private modules are subclassed: its range in the dependencies is the one that this is tested with.
"""

import io
import re
import sys
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText
from openpyxl.chart import ScatterChart
from openpyxl.chart.data_source import NumData, NumVal
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.constants import SHEET_MAIN_NS, XML_NS
from openpyxl.xml.functions import Element, SubElement, tostring

from symcnn.printers.cells import corners, reference
from symcnn.workbook.cell_values import Values, cell_values
from symcnn.workbook.evaluator import CellError, Value

#: Points of a curve; longer ones are left to the program that opens the file.
MAX_POINTS = 2_001


def fill_caches(workbook: Workbook, values: Mapping[str, Mapping[str, Value]]) -> None:
    """Give every series of every chart its numbers."""
    known: dict[str, NumData | None] = {}
    for sheet in workbook.worksheets:
        for chart in sheet._charts:  # type: ignore[attr-defined]
            for series in chart.series:
                for source in (series.xVal.numRef, series.yVal.numRef):
                    if source.f not in known:
                        known[source.f] = _numbers(source.f, workbook, values)
                    source.numCache = known[source.f]


def _numbers(text: str, workbook: Workbook, values: Mapping[str, Mapping[str, Value]]) -> NumData | None:
    target = reference(text)
    assert target is not None  # our own addresses
    first, last = corners(target)
    assert first.sheet is not None
    if last.row - first.row >= MAX_POINTS:
        return None
    sheet, calculated = workbook[first.sheet], values[first.sheet]
    points = []
    for n in range(last.row - first.row + 1):
        cell = sheet.cell(first.row + n, first.column)
        value = calculated.get(cell.coordinate, cell.value)
        if isinstance(value, float | int):  # a training that diverged has none
            points.append(NumVal(idx=n, v=repr(value)))
    return NumData(formatCode="General", ptCount=last.row - first.row + 1, pt=points)


SHARED_STRINGS = "xl/sharedStrings.xml"

#: Of compression: the default, 6, takes half as long again for 3 % less.
LEVEL = 5

_MOMENT = (2021, 1, 26, 0, 0, 0)
_STAMP = "2021-01-26T00:00:00Z"
_STRINGS_TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"

#: The schema's order of what a font says; openpyxl writes its own.
_FONT_ORDER = (
    "b", "i", "strike", "condense", "extend", "outline", "shadow", "u", "vertAlign", "sz", "color", "name", "family",
    "charset", "scheme",
)  # fmt: skip


def package(content: bytes) -> bytes:
    """The same workbook: related to its table of texts, fonts in the order of the schema, every date in it fixed."""
    source, target = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with source, zipfile.ZipFile(target, "w") as out:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", _STAMP.encode(), data)
            elif entry.filename == "xl/_rels/workbook.xml.rels":
                data = _with_strings(data)
            elif entry.filename == "xl/styles.xml":
                data = re.sub(rb"(?<=<font>).*?(?=</font>)", _ordered, data, flags=re.DOTALL)
            fixed = zipfile.ZipInfo(entry.filename, _MOMENT)
            out.writestr(fixed, data, zipfile.ZIP_DEFLATED, LEVEL)
    return target.getvalue()


def _with_strings(relations: bytes) -> bytes:
    relation = f'<Relationship Type="{_STRINGS_TYPE}" Target="/{SHARED_STRINGS}" Id="rIdStrings" />'
    return relations.replace(b"</Relationships>", relation.encode() + b"</Relationships>")


def _ordered(font: "re.Match[bytes]") -> bytes:
    parts = re.findall(rb"(<(\w+)[^>]*/>)", font[0])
    return b"".join(element for element, _ in sorted(parts, key=lambda part: _FONT_ORDER.index(part[1].decode())))


#: The calculation engine of Excel 2019 and later: with a lower one, the file is recalculated when it is opened.
ENGINE = 191029

#: What Excel would mark with a green triangle although it is meant: a training row is unlike the row above it.
IGNORED = (
    "evalError", "numberStoredAsText", "formula", "formulaRange", "unlockedFormula", "emptyCellReference",
)  # fmt: skip

#: How openpyxl writes a sheet without rows: with or without lxml.
_NO_ROWS = re.compile(rb"<sheetData ?/>")


def workbook_bytes(workbook: Workbook, values: Values | None = None) -> bytes:
    """The finished file; the same workbook gives the same bytes.

    Args:
        values: of its formulas, if they are known already.
    """
    workbook.calculation.calcId = ENGINE
    workbook.calculation.fullCalcOnLoad = False
    buffer = io.BytesIO()
    archive = zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED)  # compressed once, when it is packed
    _BookWriter(workbook, archive, cell_values(workbook) if values is None else values).save()
    return package(buffer.getvalue())


class _Strings:
    """Each text once, in the order in which cells first show it."""

    path = f"/{SHARED_STRINGS}"
    mime_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._table = Element("sst", xmlns=SHEET_MAIN_NS)
        self._uses = 0

    def number(self, text: str | CellRichText) -> int:
        self._uses += 1
        key = repr(text) if isinstance(text, CellRichText) else text
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers)
            item = SubElement(self._table, "si")
            if isinstance(text, CellRichText):
                item.extend(text.to_tree())
            else:
                _text(SubElement(item, "t"), text)
        return self._numbers[key]

    def xml(self) -> str | bytes:
        self._table.set("count", str(self._uses))
        self._table.set("uniqueCount", str(len(self._numbers)))
        return tostring(self._table)


class DescribedChart(ScatterChart):
    """A chart with words for who can't see it."""

    # openpyxl takes from each class only what that class says itself
    __elements__, __nested__ = ScatterChart.__elements__, ScatterChart.__nested__
    name, alternative = "", ""


class _Drawing(SpreadsheetDrawing):
    """openpyxl's, whose charts have no words but "Chart 1"."""

    __elements__ = SpreadsheetDrawing.__elements__

    def _chart_frame(self, idx: int) -> Any:
        frame, chart = super()._chart_frame(idx), self.charts[idx - 1]  # type: ignore[misc]
        if isinstance(chart, DescribedChart):
            words = frame.nvGraphicFramePr.cNvPr
            words.name, words.descr = chart.name, chart.alternative
        return frame


class _BookWriter(ExcelWriter):
    """openpyxl's writer with the values of formulas, and a table of texts."""

    _archive: zipfile.ZipFile

    def __init__(self, workbook: Workbook, archive: zipfile.ZipFile, values: Values) -> None:
        super().__init__(workbook, archive)
        self._values = values
        fill_caches(workbook, self._values)
        self._strings = _Strings()

    def write_worksheet(self, ws: Worksheet) -> None:
        drawing: Any = _Drawing()
        drawing.charts, drawing.images = ws._charts, ws._images  # type: ignore[attr-defined]
        ws._drawing = drawing  # type: ignore[attr-defined]
        writer = _SheetWriter(ws, self._values[ws.title], self._strings)
        writer.write()
        ws._rels = writer._rels  # type: ignore[attr-defined]
        with open(str(writer.out), "rb") as file:
            head, tail = _NO_ROWS.split(file.read())
        self._archive.writestr(ws.path[1:], b"".join((head, writer.sheet_data, tail)))
        self.manifest.append(ws)
        writer.cleanup()

    def _write_worksheets(self) -> None:
        super()._write_worksheets()  # type: ignore[misc]
        self._archive.writestr(SHARED_STRINGS, self._strings.xml())
        self.manifest.append(self._strings)


class _SheetWriter(WorksheetWriter):
    """openpyxl's writer of one sheet; values: coordinate -> value of the formula there."""

    ws: Any

    def __init__(self, ws: Worksheet, values: Mapping[str, Value], strings: _Strings) -> None:
        super().__init__(ws)
        self._values, self._strings = values, strings
        self.sheet_data = b""
        self._styles: dict[int, tuple[str, Any]] = {}

    def write_rows(self) -> None:
        """Make the rows as text, which is five times as fast as elements; an empty element takes their place."""
        self.sheet_data = self._rows()
        self.xf.send(Element("sheetData"))

    def _rows(self) -> bytes:
        """The rows with their cells, as openpyxl would write them; hyperlinks are collected on the way."""
        parts = ["<sheetData>"]
        rows: Iterable[tuple[int, Iterable[Any]]] = self.rows()
        for number, row in rows:
            attributes = {"r": str(number), **dict(self.ws.row_dimensions.get(number, {}))}
            parts += ["<row", *(f" {name}={quoteattr(value)}" for name, value in attributes.items()), ">"]
            parts += [self._cell(cell) for cell in row if cell._value is not None or cell.has_style]
            parts.append("</row>")
        parts.append("</sheetData>")
        return "".join(parts).encode("utf-8")

    def _cell(self, cell: Any) -> str:
        place, content, kind = cell.coordinate, cell._value, cell.data_type
        style = self._style(cell._style) if cell.has_style else ""
        if cell.hyperlink:
            self.ws._hyperlinks.append(cell.hyperlink)
        if content is None:
            return f'<c r="{place}"{style} />'
        formula = ""
        if kind == "f":
            formula = f"<f>{escape(content[1:])}</f>"
            kind, text = _cached(self._values[place])
        elif kind == "s":
            text = str(self._strings.number(content))
        else:
            kind, text = _cached(content)
        if kind == "n":  # nearly all of them
            return f'<c r="{place}"{style}>{formula}<v>{text}</v></c>'
        value = Element("v")
        _text(value, text)
        xml: str = tostring(value, encoding="unicode")  # type: ignore[call-overload]
        return f'<c r="{place}"{style} t="{kind}">{formula}{xml}</c>'

    def _style(self, style: Any) -> str:
        """The attribute with the number of a style; cells share styles, and openpyxl's own look-up hashes each."""
        known = self._styles.get(id(style))
        if known is None:  # the style stays in the tuple, so that no other gets its id
            number = self.ws.parent._cell_styles.add(style)
            known = self._styles[id(style)] = (f' s="{number}"', style)
        return known[0]

    def write_drawings(self) -> None:
        """Before the drawings, where the schema wants them, the warnings that are not wanted."""
        errors = Element("ignoredErrors")
        SubElement(errors, "ignoredError", {"sqref": self.ws.calculate_dimension(), **dict.fromkeys(IGNORED, "1")})
        self.xf.send(errors)
        super().write_drawings()


def _cached(value: Value) -> tuple[str, str]:
    """Type and text of a value in the file; 17 digits, so that no bit is lost."""
    if isinstance(value, bool):
        return "b", str(int(value))
    if isinstance(value, CellError):
        return "e", value.code
    if isinstance(value, str):
        return "str", value
    number = float(value or 0)
    if abs(number) < sys.float_info.min:  # a spreadsheet has no smaller numbers
        number = 0.0
    return "n", repr(int(number) if number.is_integer() and abs(number) < 1e15 else number)


def _text(element: Any, text: str) -> None:
    """Blanks at the ends are kept; ``_x0041_`` is written so that it is not read as A."""
    element.text = re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)
    if text != text.strip():  # openpyxl's own rule leaves out a text of nothing but blanks
        element.set(f"{{{XML_NS}}}space", "preserve")
