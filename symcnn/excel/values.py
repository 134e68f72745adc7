"""The value of every formula of a workbook under construction, cell after cell, as a spreadsheet program finds it.

A formula's references are cut out of its text; what is left is parsed once and becomes a function (``functions.py``).
Cells are calculated as soon as those that they need are; nothing recurses, since each training row depends on all
rows above it.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from symcnn.excel.functions import Area, Compiler, Places, RaisedError, Run, Value
from symcnn.printers.cells import Range, parse, reference

#: A text, which is left alone, or a reference: ``K12``, ``Inputs!$F$6``, ``'Entrées'!B3:D3``.
_PIECE = re.compile(
    r'("(?:[^"]|"")*"'
    r"|(?<![\w.])(?:(?:'(?:[^']|'')+'|\w+)!)?\$?[A-Z]{1,3}\$?[0-9]{1,7}(?::\$?[A-Z]{1,3}\$?[0-9]{1,7})?(?![\w(.]))"
)

#: A reference that a fill-down moves.
_MOVES = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")

#: In a template: the formula's own row, and the row above.
_HERE, _ABOVE = "\1", "\2"

#: The place of every cell that holds nothing.
_EMPTY = 0


class _CompiledFormula(NamedTuple):
    sheet: str
    cell: str
    run: Run
    places: Places
    needed: Sequence[int]


class _Template(NamedTuple):
    """A formula of rows filled down; references: (column, is in its own row), or (None, the place)."""

    run: Run
    names: tuple[int, ...]
    references: list[tuple[str | None, int]]


#: Sheet -> coordinate -> value.
Values = dict[str, dict[str, Value]]


def cell_values(workbook: Workbook) -> Values:
    """The value of each formula cell."""
    return _Calculation(workbook).values_of_formulas()


class _Calculation:
    """All cells in one list, each at its place; a reference is such a place."""

    def __init__(self, workbook: Workbook) -> None:
        self._values: list[Value] = [None]
        self._index: dict[str, dict[str, int]] = {sheet.title: {} for sheet in workbook.worksheets}
        self._known: dict[str, dict[str, int | Area]] = {title: {} for title in self._index}
        self._shapes: dict[str, tuple[Run, int, tuple[int, ...]]] = {}
        self._templates: dict[str, dict[str, _Template]] = {title: {} for title in self._index}
        self._defined = {name: defined.attr_text for name, defined in workbook.defined_names.items()}
        self._names: list[int] = []
        self._compiler = Compiler(self._values, self._named)
        written = self._placed(workbook)
        self._formulas = {place: self._formula(*where) for place, where in written}

    def values_of_formulas(self) -> Values:
        done = [place not in self._formulas for place in range(len(self._values))]
        for place in self._formulas:
            if not done[place]:
                self._calculate(place, done)
        values: Values = {title: {} for title in self._index}
        for place, formula in self._formulas.items():
            values[formula.sheet][formula.cell] = self._values[place]
        return values

    def _placed(self, workbook: Workbook) -> list[tuple[int, tuple[str, str, int, str]]]:
        """Give each cell its place; those with a formula: place, and sheet, cell, row, text."""
        formulas = []
        for sheet in workbook.worksheets:
            index = self._index[sheet.title]
            cells: Iterable[Any] = sheet._cells.values()
            for cell in cells:
                content = cell._value  # cell.value would look for dates
                if content is None:
                    continue
                coordinate = cell.coordinate
                place = index[coordinate] = len(self._values)
                if cell.data_type == "f":
                    formulas.append((place, (sheet.title, coordinate, cell.row, content)))
                    content = None
                elif cell.data_type == "n":
                    content = float(content)
                self._values.append(content)
        return formulas

    # --- references -------------------------------------------------------------------------------------------------

    def _formula(self, sheet: str, cell: str, row: int, text: str) -> _CompiledFormula:
        here, above = str(row), str(row - 1)
        written = text.replace(here, _HERE).replace(above, _ABOVE)
        template = self._templates[sheet].get(written)
        if template is None:
            return self._first(sheet, cell, (here, above), text, written)
        get = self._index[sheet].get
        places = [get(a + (here if k else above), _EMPTY) if a else k for a, k in template.references]
        return _CompiledFormula(
            sheet, cell, template.run, places, [*template.names, *places] if template.names else places
        )

    def _first(self, sheet: str, cell: str, rows: tuple[str, str], text: str, written: str) -> _CompiledFormula:
        """A formula as no row before had it; a template for rows below, if only its references name the two rows."""
        pieces = _PIECE.split(text)  # references are at the odd places
        references = pieces[1::2]
        moves = [_MOVES.fullmatch(r) for r in references]
        marks = [m and {rows[0]: _HERE, rows[1]: _ABOVE}.get(m[2]) for m in moves]
        pieces[1::2] = [m[1] + mark if m and mark else r for r, m, mark in zip(references, moves, marks, strict=True)]
        is_template = "".join(pieces) == written
        pieces[1::2] = [r if r[0] == '"' else ":" if ":" in r else "." for r in references]
        references = [r for r in references if r[0] != '"']
        shape = "\0".join(pieces)
        known = self._shapes.get(shape)
        if known is None:
            self._names = []
            run, count = self._compiler.compiled(parse(text))
            known = self._shapes[shape] = (run, count, tuple(self._names))
        run, count, names = known
        assert count == len(references), (text, references)
        index, places = self._index[sheet], self._known[sheet]
        cells: list[Any] = [index.get(r) or places.get(r) or self._place(sheet, r) for r in references]
        needed: list[Any] = [*names, *cells]
        if is_template and '"' not in text and ":" not in text:
            moved = zip(moves, marks, cells, strict=True)
            self._templates[sheet][written] = _Template(
                run, names, [(m[1], mark == _HERE) if m and mark else (None, place) for m, mark, place in moved]
            )
        if ":" in shape:
            needed = [p for place in needed for p in (place.places if isinstance(place, Area) else (place,))]
        return _CompiledFormula(sheet, cell, run, cells, needed)

    def _place(self, sheet: str, text: str) -> int | Area:
        """Return the place or area of a reference on a sheet."""
        if ":" not in text and "!" not in text:  # nearly all of them
            place = self._known[sheet][text] = self._index[sheet].get(text.replace("$", ""), _EMPTY)
            return place
        target = reference(text)
        assert target is not None, text
        first, last = (target.first, target.last) if isinstance(target, Range) else (target, target)
        index = self._index[first.sheet or sheet]
        letters = [get_column_letter(c) for c in range(first.column, last.column + 1)]
        places = tuple(index.get(f"{a}{r}", _EMPTY) for r in range(first.row, last.row + 1) for a in letters)
        known = self._known[sheet][text] = Area(len(letters), places) if isinstance(target, Range) else places[0]
        return known

    def _named(self, name: str) -> int:
        place = self._place(next(iter(self._index)), self._defined[name])
        assert isinstance(place, int), name
        self._names.append(place)
        return place

    # --- order ------------------------------------------------------------------------------------------------------

    def _calculate(self, place: int, done: list[bool]) -> None:
        """Calculate one cell, after all that it depends on."""
        waiting, opened = [place], set[int]()
        while waiting:
            current = waiting[-1]
            if done[current]:
                waiting.pop()
                continue
            formula = self._formulas[current]
            missing = [p for p in formula.needed if not done[p]]
            if not missing:
                self._values[current] = _result(formula)
                done[current] = True
                waiting.pop()
            elif current in opened:
                raise ValueError(f"{formula.sheet}!{formula.cell} rests on itself")
            else:
                opened.add(current)
                waiting += missing


def _result(formula: _CompiledFormula) -> Value:
    try:
        value = formula.run(formula.places)
    except RaisedError as reason:
        return reason.error
    return 0.0 if value is None else value
