"""Validations, conditional formats, merges, columns, tables, views, links, page set-up."""

import re

from tests.workbook.rules.names import split
from tests.workbook.rules.package import MAX_COLUMNS, block, colliding, overlap

#: Attribute -> most characters.
VALIDATION_TEXTS = {"promptTitle": 32, "errorTitle": 32, "prompt": 255, "error": 224}
MAX_AREAS, MAX_LINKS = 32_767, 65_530


def area(package):
    """Every sqref names cells."""
    for sheet in package.sheets:
        for element in sheet.xml.iter():
            if (cells := element.get("sqref")) is not None:
                parts = cells.split()
                if not parts or len(parts) > MAX_AREAS or not all(block(p) for p in parts):
                    yield f"{sheet.title}, {element.tag.rpartition('}')[2]}", f"{cells[:40]!r} names no cells"


def validation(package):
    for sheet in package.sheets:
        for element in sheet.all("dataValidations/dataValidation"):
            where = f"{sheet.title}, validation {element.get('sqref')}"
            for key, most in VALIDATION_TEXTS.items():
                if len(element.get(key, "")) > most:
                    yield where, f"{key} of {len(element.get(key))} characters; at most {most}"
            first = element.findtext("{*}formula1", "")
            if element.get("type") == "list" and first.startswith('"') and len(first) - 2 > 255:
                yield where, "a list of more than 255 characters"


def conditional_format(package):
    styles = package.styles.find("{*}dxfs")
    known = 0 if styles is None else len(styles)
    for sheet in package.sheets:
        rules = list(sheet.all("conditionalFormatting/cfRule"))
        priorities = [r.get("priority") for r in rules]
        for rule in rules:
            where = f"{sheet.title}, conditional format {rule.get('priority')}"
            if int(rule.get("dxfId", "-1")) >= known:
                yield where, f"style {rule.get('dxfId')} is not there"
            if priorities.count(rule.get("priority")) > 1:
                yield where, "two of the same priority"
            if rule.get("type") == "expression" and rule.find("{*}formula") is None:
                yield where, "without a formula"
            for scale in rule.iterfind("{*}colorScale"):
                yield from ((where, words) for words in _scale(scale))


def _scale(scale):
    points, colours = list(scale.iterfind("{*}cfvo")), list(scale.iterfind("{*}color"))
    if len(points) not in (2, 3) or len(points) != len(colours):
        yield f"{len(points)} points and {len(colours)} colours"
    for point in points:
        if point.get("type") in ("num", "percent", "formula", "percentile") and point.get("val") is None:
            yield "a point without value"
    for colour in colours:
        if colour.get("rgb") and not re.fullmatch("[0-9A-Fa-f]{8}", colour.get("rgb")):
            yield f"{colour.get('rgb')} is no ARGB colour"


def merge(package):
    for sheet in package.sheets:
        for a, b in colliding([block(m.get("ref")) for m in sheet.all("mergeCells/mergeCell")]):
            yield sheet.title, f"merged {a} and {b} overlap"


def column(package):
    for sheet in package.sheets:
        last = 0
        for col in sheet.all("cols/col"):
            first, until = int(col.get("min")), int(col.get("max"))
            if not last < first <= until <= MAX_COLUMNS:
                yield f"{sheet.title}, columns {first}-{until}", "not in rising order"
            if not 0 <= float(col.get("width", "8")) <= 255 or not 0 <= int(col.get("outlineLevel", "0")) <= 7:
                yield f"{sheet.title}, columns {first}-{until}", "too wide, or outlined too deep"
            last = until
        for row in sheet.all("sheetData/row"):
            if not 0 <= int(row.get("outlineLevel", "0")) <= 7 or not 0 <= float(row.get("ht", "15")) <= 409:
                yield f"{sheet.title}, row {row.get('r')}", "too high, or outlined too deep"


def table(package):
    seen = {name.casefold() for name, _, _ in package.defined}
    for sheet in package.sheets:
        tables = [package.xml(t) for t in package.relations(sheet.part).values() if "/tables/" in t]
        blocks = [block(t.get("ref")) for t in tables]
        for one, cells in zip(tables, blocks, strict=True):
            name = one.get("displayName")
            if name.casefold() in seen:
                yield name, "another name or table is called so"
            seen.add(name.casefold())
            yield from ((name, words) for words in _columns(package, sheet, one, cells))
            merged = [block(m.get("ref")) for m in sheet.all("mergeCells/mergeCell")]
            if any(overlap(cells, m) for m in merged):
                yield name, "merged cells inside"
            if any(overlap(cells, block(f.get("ref"))) for f in sheet.all("autoFilter")):
                yield name, "a filter of the sheet overlaps it"
        for a, b in colliding(blocks):
            yield sheet.title, f"tables {a} and {b} overlap"


def _columns(package, sheet, one, cells):
    names = [c.get("name") for c in one.iterfind("{*}tableColumns/{*}tableColumn")]
    if len(names) != cells[3] - cells[1] + 1:
        yield f"{len(names)} columns"
    if len({n.casefold() for n in names}) < len(names):
        yield "two columns of one name"
    heads = []
    for coordinate, cell in sheet.cells():
        at = block(coordinate)
        if at[0] == cells[0] and cells[1] <= at[1] <= cells[3]:
            text = cell.findtext("{*}v")
            heads.append("".join(package.strings[int(text)].itertext()) if cell.get("t") == "s" else None)
    if heads != names:
        yield f"heads {heads} are not the columns {names}"


def view(package):
    for sheet in package.sheets:
        for one in sheet.all("sheetViews/sheetView"):
            if not 10 <= int(one.get("zoomScale", "100")) <= 400:
                yield sheet.title, f"zoom {one.get('zoomScale')}"
            pane = one.find("{*}pane")
            if pane is None:
                continue
            down, across = float(pane.get("ySplit", "0")) > 0, float(pane.get("xSplit", "0")) > 0
            panes = {"topRight": across, "bottomLeft": down, "bottomRight": across and down}
            wanted = {name for name, there in panes.items() if there}
            found = [s.get("pane", "topLeft") for s in one.iterfind("{*}selection")]
            if pane.get("activePane", "topLeft") not in wanted or set(found) - {"topLeft"} != wanted:
                yield sheet.title, f"panes {sorted(found)}, active {pane.get('activePane')}; expected {sorted(wanted)}"


def link(package):
    names = {name.casefold() for name, _, _ in package.defined}
    for sheet in package.sheets:
        links = list(sheet.all("hyperlinks/hyperlink"))
        if len(links) > MAX_LINKS:
            yield sheet.title, f"{len(links)} links"
        for one in links:
            where, target = f"{sheet.title}!{one.get('ref')}", one.get("location")
            if len(one.get("tooltip", "")) > 255:
                yield where, "tooltip too long"
            if target is None:
                continue
            title, cells = split(target)
            if target.casefold() not in names and ((title or "").casefold() not in package.titles or not block(cells)):
                yield where, f"{target}: no such place"


def page(package):
    for sheet in package.sheets:
        for setup in sheet.all("pageSetup"):
            if not 10 <= int(setup.get("scale", "100")) <= 400:
                yield sheet.title, f"page scale {setup.get('scale')}"
        for text in sheet.all("headerFooter/*"):
            if len(text.text or "") > 255:
                yield sheet.title, "header or footer too long"


RULES = (area, validation, conditional_format, merge, column, table, view, link, page)
