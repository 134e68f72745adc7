"""The package: parts, relations, content types, what the workbook says of itself."""

import posixpath
import re
from xml.etree import ElementTree

from tests.workbook.rules.package import name_of

SHEET_ORDER = re.split(
    " ",
    "sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection protectedRanges scenarios"
    " autoFilter sortState dataConsolidate customSheetViews mergeCells phoneticPr conditionalFormatting dataValidations"
    " hyperlinks printOptions pageMargins pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches"
    " ignoredErrors smartTags drawing legacyDrawing legacyDrawingHF picture oleObjects controls webPublishItems"
    " tableParts extLst",
)
FONT_ORDER = re.split(" ", "b i strike condense extend outline shadow u vertAlign sz color name family charset scheme")


def readable(package):
    """XML, without control characters."""
    for part, content in package.parts.items():
        if part.endswith((".xml", ".rels")):
            try:
                ElementTree.fromstring(content)
            except ElementTree.ParseError as reason:
                yield part, f"not XML: {reason}"


def part_twice(package):
    for name in {n for n in package.names if package.names.count(n) > 1}:
        yield name, "twice in the zip file"


def calculation_chain(package):
    if "xl/calcChain.xml" in package.parts:
        yield "xl/calcChain.xml", "an entry without formula makes Excel repair the file; leave it out"


def relation_target(package):
    for part in package.parts:
        if part.endswith(".rels"):
            folder, name = posixpath.split(part)
            source = posixpath.join(posixpath.dirname(folder), name.removesuffix(".rels"))
            for key, target in package.relations(source).items():
                if target not in package.parts:
                    yield source, f"{key} points to {target}, which is not there"


def relation_used(package):
    """r:id of a part that has no such relation."""
    for part, content in package.parts.items():
        if part.endswith(".xml"):
            known = package.relations(part)
            for key in re.findall(rb' r:(?:id|embed)="([^"]+)"', content):
                if key.decode() not in known:
                    yield part, f"{key.decode()} is no relation"


def content_type(package):
    types = package.xml("[Content_Types].xml")
    defaults = {t.get("Extension") for t in types if name_of(t) == "Default"}
    overrides = [t.get("PartName") for t in types if name_of(t) == "Override"]
    for name in overrides:
        if name[1:] not in package.parts:
            yield name, "has a content type, but is not there"
        if overrides.count(name) > 1:
            yield name, "has two content types"
    for name in package.parts:
        suffix = name.rpartition(".")[2]
        if f"/{name}" not in overrides and (suffix not in defaults or suffix == "xml") and name[0] != "[":
            yield name, "has no content type"


def element_order(package):
    for sheet in package.sheets:
        found = [SHEET_ORDER.index(name_of(e)) for e in sheet.xml]
        if found != sorted(found):
            yield sheet.title, f"{[SHEET_ORDER[n] for n in found]} are not in the schema's order"
    for n, font in enumerate(package.styles.iterfind(".//{*}font")):
        found = [FONT_ORDER.index(name_of(e)) for e in font]
        if found != sorted(found):
            yield f"font {n}", f"{[FONT_ORDER[n] for n in found]} are not in the schema's order"


def calculation(package):
    """Nothing is calculated on loading, so nothing is asked on closing."""
    found = package.workbook.find("{*}calcPr")
    if found is None or found.get("calcId") != "191029" or found.get("fullCalcOnLoad", "0") not in ("0", "false"):
        yield "calcPr", "expected calcId 191029 and no full calculation on loading"


def dates(package):
    if (found := package.workbook.find("{*}workbookPr")) is not None and found.get("date1904", "0") in ("1", "true"):
        yield "workbookPr", "dates of 1904"


def active_tab(package):
    for view in package.workbook.iterfind("{*}bookViews/{*}workbookView"):
        active = int(view.get("activeTab", "0"))
        if active >= len(package.sheets) or package.sheets[active].state != "visible":
            yield "activeTab", f"sheet {active} is not there, or not visible"


def ignored_errors(package):
    for sheet in package.sheets:
        found = list(sheet.all("ignoredErrors/ignoredError"))
        if not found:
            yield sheet.title, "green triangles are not kept away"
        for element in found:
            if not element.get("sqref"):
                yield sheet.title, "ignoredError without sqref"


RULES = (
    readable, part_twice, calculation_chain, relation_target, relation_used, content_type, element_order, calculation,
    dates, active_tab, ignored_errors,
)  # fmt: skip
