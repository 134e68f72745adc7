"""Charts: what Excel assumes where the file says nothing, and what it refuses."""

import re

from tests.workbook.rules.names import split
from tests.workbook.rules.package import name_of

AXES = ("valAx", "catAx", "dateAx", "serAx")
MAX_SERIES = 255


def _off(element, name):
    """Is a switch there, and off? One that is missing is on."""
    found = element.find(f"{{*}}{name}")
    return found is not None and found.get("val", "1") in ("0", "false")


def switches(package):
    """Axes shown, titles not over the plot, no round corners, straight lines."""
    for where, chart in package.charts():
        if not _off(chart, "roundedCorners"):
            yield where, "round corners"
        for element in chart.iter():
            kind = name_of(element)
            if kind in AXES and not _off(element, "delete"):
                yield where, f"{kind}: hidden"
            if kind in ("title", "legend") and not _off(element, "overlay"):
                yield where, f"{kind}: over the plot"
            if kind in ("lineChart", "scatterChart"):
                for series in element.iterfind("{*}ser"):
                    if not _off(series, "smooth"):
                        yield where, "a curved line"


def axes(package):
    """Each axis that is named is there; logarithms of what is positive."""
    for where, chart in package.charts():
        area = chart.find("{*}chart/{*}plotArea")
        found = {a.find("{*}axId").get("val") for a in area if name_of(a) in AXES}
        for element in area.iter():
            if name_of(element) in ("axId", "crossAx") and element.get("val") not in found:
                yield where, f"axis {element.get('val')} is not there"
        for scaling in area.iterfind(".//{*}scaling"):
            base, least = scaling.find("{*}logBase"), scaling.find("{*}min")
            if base is not None and not 2 <= float(base.get("val")) <= 1000:
                yield where, f"logarithm to base {base.get('val')}"
            if base is not None and least is not None and float(least.get("val")) <= 0:
                yield where, "a logarithmic axis from 0 or below"


def chart_reference(package):
    for where, chart in package.charts():
        for element in chart.iterfind(".//{*}f"):
            sheet, cells = split(element.text or "")
            absolute = re.fullmatch(r"\$[A-Z]+\$\d+(:\$[A-Z]+\$\d+)?", cells)
            if sheet is None or sheet.casefold() not in package.titles or not absolute:
                yield where, f"{element.text}: expected absolute cells of a sheet"


def chart_parts(package):
    """A title; the style of a scatter chart; not too many series."""
    for where, chart in package.charts():
        inner = chart.find("{*}chart")
        if inner.find("{*}title") is None and inner.find("{*}autoTitleDeleted") is None:
            yield where, "no title"
        if len(list(chart.iterfind(".//{*}ser"))) > MAX_SERIES:
            yield where, "too many series"
        for scatter in chart.iterfind(".//{*}scatterChart"):
            if scatter.find("{*}scatterStyle") is None:
                yield where, "no scatterStyle"


RULES = (switches, axes, chart_reference, chart_parts)
