"""The numbers that a chart shows, kept in the chart: previewers draw it from these."""

from collections.abc import Mapping

from openpyxl import Workbook
from openpyxl.chart.data_source import NumData, NumRef, NumVal

from symcnn.excel.functions import Value
from symcnn.printers.cells import Range, reference

#: Points of a curve; longer ones are left to the program that opens the file.
MAX_POINTS = 2_001


def fill_caches(workbook: Workbook, values: Mapping[str, Mapping[str, Value]]) -> None:
    """Give every series of every chart its numbers."""
    known: dict[str, NumData | None] = {}
    for sheet in workbook.worksheets:
        for chart in sheet._charts:  # type: ignore[attr-defined]
            for series in chart.series:
                for source in (series.xVal.numRef, series.yVal.numRef):
                    _fill(source, workbook, values, known)


def _fill(
    source: NumRef, workbook: Workbook, values: Mapping[str, Mapping[str, Value]], known: dict[str, NumData | None]
) -> None:
    text = source.f
    if text not in known:
        known[text] = _numbers(text, workbook, values)
    source.numCache = known[text]


def _numbers(text: str, workbook: Workbook, values: Mapping[str, Mapping[str, Value]]) -> NumData | None:
    target = reference(text)
    assert target is not None  # our own addresses
    first, last = (target.first, target.last) if isinstance(target, Range) else (target, target)
    assert first.sheet is not None
    if last.row - first.row >= MAX_POINTS:
        return None
    sheet, found = workbook[first.sheet], values[first.sheet]
    points = []
    for n in range(last.row - first.row + 1):
        cell = sheet.cell(first.row + n, first.column)
        value = found.get(cell.coordinate, cell.value)
        if isinstance(value, float | int):  # a training that diverged has none
            points.append(NumVal(idx=n, v=repr(value)))
    return NumData(formatCode="General", ptCount=last.row - first.row + 1, pt=points)
