"""The value of every formula of a workbook, as a spreadsheet program calculates it.

The references are cut out of a formula's text; what is left is its *shape*, which is parsed once: 180,000 formulas of a
network of maps have a few hundred shapes. Formulas of one shape that need nothing of one another are calculated
together as arrays, where everything is a finite number; the others cell by cell. Both give the same bits: a sum runs in
the order of the cells.

Cells are put in order without recursion, since each training row depends on all rows above it.
"""

import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from openpyxl import Workbook

from symcnn.errors import InputError
from symcnn.printers.cells import Formula, FormulaError, Place, Range, Reference, parse, reference
from symcnn.workbook.addresses import local
from symcnn.workbook.evaluator import Area, Compiler, NotNumbersError, Numbers, Places, RaisedError, Run, Value, Vector

#: A text, which is left alone, or a reference: ``K12``, ``Inputs!$F$6``, ``'Entrées'!B3:D3``.
_PIECE = re.compile(
    r'("(?:[^"]|"")*"'
    r"|(?<![\w.])(?:(?:'(?:[^']|'')+'|\w[\w.]*)!)?\$?[A-Z]{1,3}\$?[0-9]{1,7}(?::\$?[A-Z]{1,3}\$?[0-9]{1,7})?(?![\w(.]))"
)

#: The place of every cell that holds nothing.
EMPTY = 0

#: Formulas of one shape from which on arrays are faster than cells.
_MANY = 12

#: Row and column.
Address = tuple[int, int]


class CellContent(NamedTuple):
    """The content of a cell: a formula without its ``=``, and a value: a number, text, a logical, an error, nothing."""

    formula: str | None
    value: Value

    @property
    def text(self) -> str:
        """The formula with its ``=``, or the value; empty for an empty cell."""
        if self.formula is not None:
            return f"={self.formula}"
        return "" if self.value is None else str(self.value)


NOTHING = CellContent(None, None)

Cells = dict[Address, CellContent]

#: Sheet -> (row, column) -> content.
Contents = Mapping[str, Mapping[Address, CellContent]]


@dataclass
class XlsxContent:
    """A workbook as it was read: sheet title -> (row, column) -> content; defined name -> where it points."""

    sheets: dict[str, Cells] = field(default_factory=dict)
    names: dict[str, Reference | Range] = field(default_factory=dict)

    def content(self, place: Place) -> CellContent:
        """Return the content of a cell."""
        sheet, row, column = place
        return self.sheets.get(sheet, {}).get((row, column), NOTHING)

    def formulas(self) -> dict[Place, str]:
        """Return the cells that hold a formula, with it."""
        cells = (((sheet, *address), one) for sheet, cells in self.sheets.items() for address, one in cells.items())
        return {place: one.formula for place, one in cells if one.formula is not None}

    def places(self) -> set[Place]:
        """Return the cells that hold something."""
        return {(sheet, *address) for sheet, cells in self.sheets.items() for address in cells}


#: Sheet -> coordinate -> value.
Values = dict[str, dict[str, Value]]


def cell_values(workbook: Workbook) -> Values:
    """The value of each formula cell of a workbook under construction."""
    content = content_of(workbook)
    calculation = CellValues(content.sheets, content.names)
    calculation.calculate()
    values: Values = {sheet.title: {} for sheet in workbook.worksheets}
    for place, formula in calculation.formulas.items():
        values[formula.sheet][local(*formula.address)] = calculation.values[place]
    return values


def content_of(workbook: Workbook) -> XlsxContent:
    """A workbook under construction, as it would be read; its formulas have no values yet."""
    names = {name.lower(): reference(str(defined.attr_text)) for name, defined in workbook.defined_names.items()}
    content = XlsxContent(names={name: target for name, target in names.items() if target is not None})
    for sheet in workbook.worksheets:
        cells = content.sheets[sheet.title] = {}
        each: Iterable[tuple[Address, Any]] = sheet._cells.items()
        for address, cell in each:
            value = cell._value  # cell.value would look for dates
            if cell.data_type == "f":
                cells[address] = CellContent(value[1:], None)
            elif value is not None:
                cells[address] = CellContent(None, float(value) if cell.data_type == "n" else value)
    return content


class Shape:
    """Formulas that differ only in their references."""

    def __init__(self, text: str, has_areas: bool, compiler: Compiler) -> None:
        self._text, self._compiler = text, compiler
        self.has_areas = has_areas

    @cached_property
    def tree(self) -> Formula:
        """One of the formulas, parsed."""
        return parse(self._text)

    @cached_property
    def _compiled(self) -> tuple[Run, tuple[int, ...]]:
        return self._compiler.compiled(self.tree)

    @property
    def run(self) -> Run:
        """Calculate a formula of this shape."""
        return self._compiled[0]

    @property
    def named(self) -> tuple[int, ...]:
        """The places of the defined names in it."""
        return self._compiled[1]


class PlacedFormula(NamedTuple):
    """A formula; places: where its references point, each a place or an Area."""

    sheet: str
    address: Address
    text: str
    shape: Shape
    places: Places

    def references(self) -> Sequence[int]:
        """Return the places of all cells that the references name, one after the other."""
        if not self.shape.has_areas:
            return self.places
        cells: list[int] = []
        for place in self.places:
            if isinstance(place, Area):
                cells += place.places
            else:
                cells.append(place)
        return cells


def cell_named(names: Mapping[str, Reference | Range], name: str) -> Reference:
    """Return the cell of a defined name.

    Raises:
        FormulaError: no cell has it.
    """
    target = names.get(name.lower())
    if not isinstance(target, Reference) or target.sheet is None:
        raise FormulaError(f"{name}: no cell has this name")
    return target


class CellValues:
    """All cells in one list, each at its place; a reference is such a place.

    Args:
        contents: of all sheets; names: defined name in lower case -> its cell.
        most: cells that the formulas may refer to, all together; None: any number.

    Attributes:
        values: of all cells, by place; of formulas those that ``contents`` has, until they are calculated.
        index: sheet -> address -> place.
        formulas: place -> formula.
    """

    def __init__(self, contents: Contents, names: Mapping[str, Reference | Range], most: int | None = None) -> None:
        self._left = sys.maxsize if most is None else most
        self.values: list[Value] = [None]
        self.index: dict[str, dict[Address, int]] = {}
        self._names = names
        #: Sheet -> text of a reference on it -> where it points.
        self._known: dict[str, dict[str, int | Area]] = {}
        self._shapes: dict[str, Shape] = {}
        self._compiler = Compiler(self.values, self.named)
        written: list[tuple[int, str, Address, str]] = []
        for title, cells in contents.items():
            index = self.index[title] = {}
            known = self._known[title] = {}
            for address, (formula, value) in cells.items():
                place = index[address] = known[local(*address)] = len(self.values)
                self.values.append(value)
                if formula is not None:
                    written.append((place, title, address, formula))
        self._numbers: Numbers = np.array([v if type(v) is float else math.nan for v in self.values])
        self.formulas = {place: self._formula(title, at, text) for place, title, at, text in written}

    def calculate(self) -> None:
        """Calculate every formula, after all that it depends on.

        Raises:
            ValueError: a formula depends on itself.
        """
        for group in self._in_order():
            self._store(group)

    def recalculated(self) -> Iterator[tuple[list[int], Sequence[Value]]]:
        """Yield formulas of one shape with their values, at the present values of the cells that they refer to.

        Formulas that are not supported are left out.
        """
        groups: dict[Shape, list[int]] = {}
        for place, formula in self.formulas.items():
            groups.setdefault(formula.shape, []).append(place)
        for shape, places in groups.items():
            try:
                shape.run  # noqa: B018
            except (KeyError, ValueError):  # a function that is not supported, no formula
                continue
            yield places, self._results(places)

    # --- references -------------------------------------------------------------------------------------------------

    def _formula(self, sheet: str, address: Address, text: str) -> PlacedFormula:
        pieces = _PIECE.split(text)  # references are at the odd places
        known = self._known[sheet]
        is_plain = '"' not in text
        references = pieces[1::2] if is_plain else [r for r in pieces[1::2] if r[0] != '"']
        try:
            places = [known[r] for r in references]
        except KeyError:
            places = [known[r] if r in known else self._place(sheet, r) for r in references]
        self._left -= sum([len(p.places) if type(p) is Area else 1 for p in places])
        if self._left < 0:
            raise InputError(f"{sheet}, row {address[0]}: the formulas up to here refer to more cells than can be read")
        marks = [f":{p.columns}x{len(p.places)}" if type(p) is Area else "." for p in places]
        if is_plain:
            pieces[1::2] = marks
        else:
            mark = iter(marks)
            pieces[1::2] = [r if r[0] == '"' else next(mark) for r in pieces[1::2]]
        key = "\0".join(pieces)
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = Shape(text, any(type(p) is Area for p in places), self._compiler)
        return PlacedFormula(sheet, address, text, shape, places)

    def _place(self, sheet: str, text: str) -> int | Area:
        """Return the place or area of a reference on a sheet."""
        known = self._known[sheet]
        title, _, cell = text.rpartition("!")
        place: int | Area | None = self._known.get(title or sheet, {}).get(cell.replace("$", ""))
        if place is None:
            target = reference(text)
            if isinstance(target, Range):
                if target.shape[0] * target.shape[1] > self._left:
                    raise InputError(f"{sheet}: {text}: an area of more cells than can be read")
                get = self.index.get(target.first.sheet or sheet, {}).get
                rows = range(target.first.row, target.last.row + 1)
                columns = range(target.first.column, target.last.column + 1)
                place = Area(len(columns), tuple([get((r, c), EMPTY) for r in rows for c in columns]))
            else:  # None past the last row: no formula, as its parser says
                place = EMPTY if target is None else self.place(target, sheet)
        known[text] = place
        return place

    def at(self, sheet: str, row: int, column: int) -> int:
        """Return the place of a cell."""
        return self.index.get(sheet, {}).get((row, column), EMPTY)

    def place(self, cell: Reference, sheet: str) -> int:
        """Return the place of a reference on a sheet."""
        return self.at(cell.sheet or sheet, cell.row, cell.column)

    def named(self, name: str) -> int:
        """Return the place of a defined name.

        Raises:
            FormulaError: no cell has it.
        """
        return self.place(cell_named(self._names, name), "")

    # --- order ------------------------------------------------------------------------------------------------------

    def _in_order(self) -> Iterator[list[int]]:
        """Yield formulas of one shape that do not depend on each other, each after all that it depends on."""
        level = [0 if place not in self.formulas else -1 for place in range(len(self.values))]
        groups: dict[tuple[int, Shape], list[int]] = {}
        for start in self.formulas:
            waiting, opened = [start], set[int]()
            while waiting:
                place = waiting[-1]
                if level[place] >= 0:
                    waiting.pop()
                    continue
                formula = self.formulas[place]
                needed = formula.references()
                if formula.shape.named:
                    needed = [*needed, *formula.shape.named]
                levels = [level[p] for p in needed]
                if min(levels, default=0) >= 0:
                    level[place] = at = 1 + max(levels, default=0)
                    groups.setdefault((at, formula.shape), []).append(place)
                    waiting.pop()
                elif place in opened:
                    raise ValueError(f"{formula.sheet}!{local(*formula.address)} rests on itself")
                else:
                    opened.add(place)
                    waiting += [p for p, at in zip(needed, levels, strict=True) if at < 0]
        for key in sorted(groups, key=lambda key: key[0]):
            yield groups[key]

    # --- values -----------------------------------------------------------------------------------------------------

    def set(self, place: int, value: Value) -> None:
        """Give a cell a value."""
        self.values[place] = value
        self._numbers[place] = value if type(value) is float else math.nan

    def _store(self, places: Sequence[int]) -> None:
        for place, value in zip(places, self._results(places), strict=True):
            self.set(place, value)

    def _results(self, places: Sequence[int]) -> Sequence[Value]:
        """Calculate formulas of one shape at the present values."""
        if len(places) < _MANY:
            return [self.result(place) for place in places]
        formulas = [self.formulas[place] for place in places]
        columns = [self._column([f.places[k] for f in formulas]) for k in range(len(formulas[0].places))]
        vector = Vector(columns, len(places))
        try:
            values: list[Value] = vector.result(formulas[0].shape.tree).tolist()
        except NotNumbersError:
            return [self.result(place) for place in places]
        for n in np.flatnonzero(vector.unsure).tolist():
            values[n] = self.result(places[n])
        return values

    def _column(self, places: Sequence[Any]) -> Numbers:
        """Return the values where one reference of many formulas points: (cells of an area or 1, formulas)."""
        cells = [place.places if isinstance(place, Area) else (place,) for place in places]
        if all(one is cells[0] for one in cells):
            return np.broadcast_to(self._numbers[np.array(cells[:1])].T, (len(cells[0]), len(cells)))
        column: Numbers = self._numbers[np.array(cells)].T
        return column

    def result(self, place: int) -> Value:
        """Calculate one formula at the present values."""
        formula = self.formulas[place]
        try:
            value = formula.shape.run(formula.places)
        except RaisedError as reason:
            return reason.error
        return 0.0 if value is None else value
