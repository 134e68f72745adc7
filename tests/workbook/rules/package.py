"""A workbook's zip file, its parts parsed; sheets by title."""

import posixpath
import re
import zipfile
from dataclasses import dataclass
from functools import cached_property
from xml.etree import ElementTree

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
CELL = re.compile(r"\$?([A-Z]{1,3})\$?([1-9][0-9]{0,6})")


def place(reference):
    """``K12`` -> (12, 11); None if it is no cell."""
    found = CELL.fullmatch(reference)
    if not found:
        return None
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - 64
    row = int(found[2])
    return (row, column) if row <= MAX_ROWS and column <= MAX_COLUMNS else None


def block(reference):
    """``A1:B2`` or ``A1`` -> (row, column, last row, last column); None if it is no block of cells."""
    corners = [place(c) for c in reference.split(":")]
    if None in corners or len(corners) > 2:
        return None
    return *corners[0], *corners[-1]


def overlap(a, b):
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def colliding(blocks):
    """Pairs of blocks that share a cell."""
    return [(a, b) for n, a in enumerate(blocks) for b in blocks[:n] if overlap(a, b)]


def name_of(element):
    return element.tag.rpartition("}")[2]


@dataclass(frozen=True)
class Sheet:
    title: str
    id: str
    state: str
    part: str
    xml: ElementTree.Element

    def all(self, path):
        return self.xml.iterfind("/".join(f"{{*}}{p}" for p in path.split("/")))

    def cells(self):
        """(coordinate, element)"""
        return ((c.get("r", ""), c) for c in self.xml.iterfind("{*}sheetData/{*}row/{*}c"))

    def formulas(self):
        """(coordinate, text of the formula)"""
        for coordinate, cell in self.cells():
            formula = cell.find("{*}f")
            if formula is not None:
                yield coordinate, formula.text or ""


class Package:
    def __init__(self, path):
        with zipfile.ZipFile(path) as file:
            self.names = file.namelist()
            self.parts = {name: file.read(name) for name in self.names}

    def xml(self, part):
        return ElementTree.fromstring(self.parts[part])

    def relations(self, part):
        """id -> target part, of those inside the package."""
        folder, name = posixpath.split(part)
        rels = f"{folder}/_rels/{name}.rels".lstrip("/")
        if rels not in self.parts:
            return {}
        return {
            r.get("Id"): posixpath.normpath(posixpath.join("/", folder, r.get("Target")))[1:]
            for r in self.xml(rels)
            if r.get("TargetMode") != "External"
        }

    @cached_property
    def workbook(self):
        return self.xml("xl/workbook.xml")

    @cached_property
    def sheets(self):
        relations = self.relations("xl/workbook.xml")
        found = []
        for sheet in self.workbook.iterfind("{*}sheets/{*}sheet"):
            (key,) = (k for k in sheet.keys() if k.endswith("}id"))  # noqa: SIM118
            part = relations[sheet.get(key)]
            if part in self.parts:
                found.append(Sheet(sheet.get("name"), sheet.get("sheetId"), sheet.get("state", "visible"), part,
                                   self.xml(part)))  # fmt: skip
        return found

    @cached_property
    def titles(self):
        return {sheet.title.casefold() for sheet in self.sheets}

    @cached_property
    def defined(self):
        """(name, scope, refers to)"""
        return [
            (n.get("name"), n.get("localSheetId"), n.text or "")
            for n in self.workbook.iterfind("{*}definedNames/{*}definedName")
        ]

    @cached_property
    def strings(self):
        """Items of the table of texts."""
        part = "xl/sharedStrings.xml"
        return list(self.xml(part)) if part in self.parts else []

    @cached_property
    def styles(self):
        return self.xml("xl/styles.xml")

    def charts(self):
        return ((name, self.xml(name)) for name in self.parts if re.fullmatch(r"xl/charts/chart\d+\.xml", name))
