"""What stands in cells."""

import math
import re

from tests.workbook.rules.package import name_of, place

ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"}
MAX_TEXT, MAX_FEEDS = 32_767, 253


def order(package):
    """Rows and cells strictly ascending, and where they say."""
    for sheet in package.sheets:
        above = 0
        for row in sheet.all("sheetData/row"):
            number, left = int(row.get("r")), 0
            if not above < number <= 1_048_576:
                yield f"{sheet.title}!{number}", "rows do not ascend"
            above = number
            for cell in row:
                found = place(cell.get("r", ""))
                if found is None or found[0] != number or found[1] <= left:
                    yield f"{sheet.title}!{cell.get('r')}", "cells do not ascend"
                left = found[1] if found else left


def value_type(package):
    """The text of a value is of the type that the cell says."""
    for sheet in package.sheets:
        for coordinate, cell in sheet.cells():
            value, kind = cell.find("{*}v"), cell.get("t", "n")
            text = "" if value is None else value.text or ""
            if wrong := _wrong(kind, text, value is not None, cell, package):
                yield f"{sheet.title}!{coordinate}", wrong


def _wrong(kind, text, there, cell, package):
    if kind == "n":
        if there and not re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text):
            return f"{text!r} is no number"
        if there and not math.isfinite(float(text)):
            return f"{text} is not finite"
    elif kind == "b":
        return "" if text in ("0", "1") else f"{text!r} is no truth value"
    elif kind == "e":
        return "" if text in ERRORS else f"{text!r} is no error"
    elif kind == "s":
        if not text.isdigit() or int(text) >= len(package.strings):
            return f"text {text} is not in the table"
        return "a formula's text is not shared" if cell.find("{*}f") is not None else ""
    elif kind != "str":
        return f"type {kind}"
    return ""


def cached(package):
    """Each formula has a value; no empty text, which readers take for a missing one."""
    for sheet in package.sheets:
        for coordinate, cell in sheet.cells():
            if cell.find("{*}f") is not None and not cell.findtext("{*}v"):
                yield f"{sheet.title}!{coordinate}", "a formula without value"


def text(package):
    for where, found in _texts(package):
        if len(found.encode("utf-16-le")) // 2 > MAX_TEXT or found.count("\n") > MAX_FEEDS:
            yield where, "a text too long"
        if re.search(r"_x[0-9A-Fa-f]{4}_", found.replace("_x005F_x", "_y")):
            yield where, f"{found[:40]!r} is decoded as a control character"


def blanks(package):
    """Blanks at the ends of a text are lost unless it says so."""
    for where, element in _elements(package):
        found = element.text or ""
        kept = element.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"
        if found != found.strip() and not kept:
            yield where, f"{found[:40]!r} loses its blanks"


def _elements(package):
    for n, item in enumerate(package.strings):
        for element in item.iter():
            if name_of(element) == "t":
                yield f"text {n}", element
    for sheet in package.sheets:
        for coordinate, cell in sheet.cells():
            value = cell.find("{*}v")
            if cell.get("t") == "str" and value is not None:
                yield f"{sheet.title}!{coordinate}", value


def _texts(package):
    for where, element in _elements(package):
        yield where, element.text or ""


RULES = (order, value_type, cached, text, blanks)
