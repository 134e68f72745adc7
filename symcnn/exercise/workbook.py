"""A workbook that says which numbers are right, and holds no answer.

Beside a blank stands whether the number in it, times one secret number plus another, leaves the remainder by
``MODULUS`` that the answer would leave. So no formula, hidden sheet or cell shows an answer; who wants to calculate one
back from a check has done more than the exercise asks.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.pagebreak import Break

from symcnn.exercise.prints import SpokenFormulas, Words
from symcnn.exercise.sheet import (
    DECIMALS,
    ETA,
    Blank,
    Block,
    Cell,
    ConvolutionGrids,
    EqualityLine,
    ErrorQuestion,
    ExerciseSheet,
    Given,
    NumberSlot,
    PathTable,
    Products,
    SheetSection,
)
from symcnn.formula import tree
from symcnn.printers.excel import CellFormula
from symcnn.text import Catalogue
from symcnn.workbook import style
from symcnn.workbook.addresses import Cell as SheetCell
from symcnn.workbook.book import Book, StyledSheet
from symcnn.workbook.evaluator import Value
from symcnn.workbook.xlsx_writer import workbook_bytes

#: A prime; numbers below 100 with four decimals leave different remainders.
MODULUS = 2_000_003

#: A pair of columns: a number, and whether it is right.
PAIR, FIRST = 2, 3

#: Pairs in a row.
MOST_PAIRS = 9

_UNLOCKED, _HIDDEN = Protection(locked=False), Protection(hidden=True)
_BLANK: style.Style = {**style.INPUT, "number_format": "General", "protection": _UNLOCKED}
_ANSWER: style.Style = {**_BLANK, "font": Font(name="Calibri", size=10, color="B3261E", bold=True, italic=True)}
_GIVEN: style.Style = {**style.VALUE, "number_format": "General"}
_CHECK: style.Style = {
    "font": Font(name="Calibri", size=10, bold=True, color=style.GREY), "alignment": Alignment("left", "center"),
    "protection": _HIDDEN,
}  # fmt: skip
_PROSE: style.Style = {**style.WORDS, "alignment": Alignment(wrap_text=True, vertical="top")}
_FREE: style.Style = {**_BLANK, "alignment": Alignment(wrap_text=True, vertical="top")}
_FORMULA: style.Style = {"font": Font(name="Cambria", size=11, italic=True, color=style.INK)}
_LABEL: style.Style = {**style.SYMBOL, "alignment": Alignment("center", "bottom")}


class WorkbookPrint:
    """One sheet as a worksheet: blanks can be typed in, nothing else."""

    def __init__(self, text: Catalogue, sheet: ExerciseSheet, is_key: bool) -> None:
        self.words, self.sheet, self.is_key = Words(text, sheet, is_key), sheet, is_key
        self.spoken = SpokenFormulas(self.words)
        self.book = Book(text)
        self.page = StyledSheet(self.book, self.book.workbook.create_sheet(f"{self.words('sheet')} {sheet.seed}"))
        self.row, self.last = 1, FIRST + PAIR * MOST_PAIRS - 1
        self.checks: dict[str, Value] = {}

    def content(self) -> bytes:
        page, say = self.page, self.words
        page.widths({1: 2, 2: 17} | {FIRST + n: 3.5 if n % PAIR else 9.5 for n in range(PAIR * MOST_PAIRS)})
        status = self._head()
        for n, part in enumerate(self.sheet.plan.parts):
            if n:
                page.sheet.row_breaks.append(Break(id=self.row - 1))
            self._line_of(say.title(part), style.TITLE, 28)
            self._line_of(say.intro(part), style.WORDS)
            for section in part.sections:
                self._section(section)
        area = f"A6:{get_column_letter(self.last)}{self.row}"
        count = len(self.sheet.plan.blanks)
        formula = CellFormula(f'=COUNTIF({area},"✓")&" / {count}"')
        page.put(status, 2, formula, {**style.STATUS_FIRST, "protection": _HIDDEN})
        right = count if self.is_key else 0
        values: dict[str, dict[str, Value]] = {page.title: {f"B{status}": f"{right} / {count}", **self.checks}}
        self._finish(area)
        return workbook_bytes(self.book.workbook, values)

    def _head(self) -> int:
        name = f"{self.words('name')} "
        self._line_of([self.words("key")] if self.is_key else [name + self.sheet.student], style.HINT)
        if not self.is_key and not self.sheet.student:
            self.page.merged(1, FIRST, 1, 5, None, _BLANK)
        self._line_of(
            [f"{self.words('sheet')} {self.sheet.seed} · symcnn exercise --seed {self.sheet.seed}"], style.HINT
        )
        status = self.row
        self.page.height(status, 21)
        self.page.bar(status, self.last, None, style.STATUS, style.STATUS_FIRST)
        self.page.put(status, FIRST, self.words("status"), style.RIBBON)
        self.row += 2
        return status

    def _line_of(self, pieces: Sequence[Any], look: style.Style, height: float | None = None) -> None:
        if pieces:
            words = "".join(p if isinstance(p, str) else self.spoken.emit(p) for p in pieces)
            self.page.put(self.row, 2, words, look)
            if height is not None:
                self.page.height(self.row, height)
            self.row += 1

    def _section(self, section: SheetSection) -> None:
        self.row += 1
        heading = "".join(p if isinstance(p, str) else self.spoken.emit(p) for p in self.words.heading(section))
        self.page.section(self.row, f"{section.number}   {heading}", self.last, 20)
        self.row += 1
        self._line_of(self.words.note(section), style.NOTE)
        self._line_of(self.words.beside(section), style.WORDS)
        for block in section.blocks:
            self._block(block)

    def _block(self, block: Block) -> None:
        match block:
            case EqualityLine(members):
                self._line(members)
            case ConvolutionGrids():
                self._convolution(block)
            case Products():
                self._products(block)
            case PathTable():
                self._paths(block)
            case ErrorQuestion():
                self._line_of([self.words("question")], style.WORDS)
                answer = "".join(p if isinstance(p, str) else self.spoken.emit(p) for p in self.words.answer())
                self.page.merged(self.row, 2, 2, 12, answer if self.is_key else None, _PROSE if self.is_key else _FREE)
                self.row += 3

    def _put(self, row: int, pair: int, cell: Cell, look: style.Style | None = None) -> None:
        """A number in a pair of columns, beside it whether it is right."""
        column = FIRST + PAIR * pair
        printed = self.sheet.text(cell)
        if isinstance(cell, Given):
            decimals = len(printed.partition(".")[2])
            number = '0.{0};"−"0.{0}'.format("0" * decimals) if decimals else '0;"−"0'
            self.page.put(row, column, float(printed), look or _number_format(number))
            return
        self.page.put(row, column, float(printed) if self.is_key else None, _ANSWER if self.is_key else _BLANK)
        place = f"{get_column_letter(column)}{row}"
        self.page.put(row, column + 1, _check(place, cell, self.sheet), _CHECK)
        self.book.define(self.sheet.plan.names[cell.key], SheetCell(self.page.title, row, column))
        self.checks[f"{get_column_letter(column + 1)}{row}"] = "✓" if self.is_key else ""

    def _line(self, members: Sequence[Any]) -> None:
        """The formula, and below it the places of its numbers with what belongs there."""
        self._line_of([self.spoken.emit(tree.Equality(tuple(m for m in members if not _is_only_slots(m))))], _FORMULA)
        left = members[0]
        name = f"{self.spoken.emit(left.name)} ←" if isinstance(left, tree.Update) else self.spoken.emit(left)
        named = [pair for member in members for pair in self._slots(member, name)]
        for start in range(0, len(named), MOST_PAIRS):
            for pair, (label, cell) in enumerate(named[start : start + MOST_PAIRS]):
                self.page.put(self.row, FIRST + PAIR * pair, label, _LABEL)
                self._put(self.row + 1, pair, cell)
            self.row += 2
        self.row += 1

    def _slots(self, node: Any, name: str) -> list[tuple[str, Cell]]:
        match node:
            case NumberSlot(cell):
                return [(name, cell)]
            case tree.Under(inner, NumberSlot(cell)):
                return [(self.spoken.emit(inner), cell)]
            case tree.Sum(parts) | tree.Product(parts):
                return [pair for part in parts for pair in self._slots(part, self._name_of(part))]
            case tree.Negated(inner):
                return self._slots(inner, self._name_of(inner))
        return []

    def _name_of(self, node: Any) -> str:
        if not isinstance(node, NumberSlot):
            return ""
        if node.cell.expression == ETA:
            return "η"
        return self.spoken.emit(self.sheet.plan.write.expression(node.cell.expression))

    def _convolution(self, block: ConvolutionGrids) -> None:
        keys = ("picture", "filter", "map")
        start, pair, height = self.row, 0, 0
        grids: list[tuple[tuple[Cell, ...], ...]] = [block.image, block.filter, block.map]
        for key, rows in zip(keys, grids, strict=True):
            if pair + len(rows[0]) > MOST_PAIRS:
                start, pair, height = start + height + 2, 0, 0
            self.page.put(start, FIRST + PAIR * pair, self.words(key), style.HEAD)
            for r, row in enumerate(rows, 1):
                for c, cell in enumerate(row):
                    dark = key == "picture" and self.sheet.value(cell) >= 0.5
                    self._put(start + r, pair + c, cell, _DARK if dark else None)
            pair, height = pair + len(rows[0]) + 1, max(height, len(rows))
        self.row = start + height + 2

    def _products(self, block: Products) -> None:
        for n, key in enumerate(("value", "weight", "product"), 1):
            self.page.put(self.row + n, 2, self.words(key), style.NOTE)
        for start in range(0, len(block.columns), MOST_PAIRS):
            for pair, (symbol, *cells) in enumerate(block.columns[start : start + MOST_PAIRS]):
                self.page.put(self.row, FIRST + PAIR * pair, self.spoken.emit(symbol), _LABEL)
                for n, cell in enumerate(cells, 1):
                    self._put(self.row + n, pair, cell)
            self.row += 4
        self.page.put(self.row, 2, f"{self.spoken.emit(block.name)} =", style.NAME)
        self._put(self.row, 0, block.total)
        self.row += 2

    def _paths(self, block: PathTable) -> None:
        under = f"{self.words('under')} {self.spoken.emit(block.by)}"
        self.page.put(self.row, FIRST + PAIR, under, style.HEAD)
        self.page.put(self.row, FIRST + PAIR * 4, self.words("product"), style.HEAD)
        for adjoint, above, local, below, product in block.rows:
            self.row += 1
            self.page.put(self.row, 2, f"{self.spoken.emit(adjoint)} =", style.NAME)
            self._put(self.row, 0, above)
            self.page.put(self.row, FIRST + PAIR, f"{self.spoken.emit(local)} =", _LABEL)
            self._put(self.row, 2, below)
            self._put(self.row, 4, product)
        self.row += 1
        self.page.put(self.row, FIRST + PAIR * 3, f"{self.spoken.emit(block.name)} =", _LABEL)
        self._put(self.row, 4, block.total)
        self.row += 2

    def _finish(self, area: str) -> None:
        sheet, workbook = self.page.sheet, self.book.workbook
        for mark, (colour, _) in (("✓", style.GOOD), ("✗", style.BAD)):
            first = area.partition(":")[0]
            rule = FormulaRule(formula=[f'{first}="{mark}"'], font=Font(color=colour, bold=True))  # type: ignore[no-untyped-call]
            sheet.conditional_formatting.add(area, rule)
        sheet.protection.sheet = True
        sheet.sheet_view.showGridLines = False
        sheet.freeze_panes = "A5"
        sheet.page_setup.paperSize, sheet.page_setup.orientation = 9, "portrait"
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
        sheet.page_margins = PageMargins(0.5, 0.5, 0.5, 0.6)
        workbook.properties.title = self.words("document", number=self.sheet.seed)


@cache
def _number_format(text: str) -> style.Style:
    return {**_GIVEN, "number_format": text}


_DARK: style.Style = {
    **_GIVEN, "font": Font(name="Calibri", size=10, color="FFFFFF"), "fill": PatternFill("solid", fgColor=style.DARK),
}  # fmt: skip


def _check(place: str, blank: Blank, sheet: ExerciseSheet) -> CellFormula:
    """✓ or ✗ beside a number, ? beside what is none; beside a blank nothing. A rounded one may be off by 0.0001."""
    digest = hashlib.sha256(f"{sheet.seed} {blank.key}".encode()).digest()
    factor = 100_000 + int.from_bytes(digest[:6]) % (MODULUS - 200_000)
    more = int.from_bytes(digest[6:12]) % MODULUS
    scale = 10**DECIMALS
    answer = round(float(sheet.text(blank)) * scale)
    is_exact = abs(answer / scale - sheet.values[blank.key]) < 1e-9
    numbers = [answer] if is_exact else [answer - 1, answer, answer + 1]
    remainders = ",".join(str(r) for r in sorted((n * factor + more) % MODULUS for n in numbers))
    remainder = f"MOD(ROUND({place}*{scale},0)*{factor}+{more},{MODULUS})"
    test = f'IF(ABS({place})<100,IF(ISNUMBER(MATCH({remainder},{{{remainders}}},0)),"✓","✗"),"✗")'
    return CellFormula(f'=IF(ISBLANK({place}),"",IF(ISNUMBER({place}),{test},"?"))')


def _is_only_slots(node: Any) -> bool:
    """Is it a member of blanks and signs, which a workbook shows below the formula?"""
    match node:
        case NumberSlot():
            return True
        case tree.Sum(parts) | tree.Product(parts):
            return all(map(_is_only_slots, parts))
        case tree.Negated(inner):
            return _is_only_slots(inner)
    return False


def to_workbook(sheet: ExerciseSheet, text: Catalogue, is_key: bool) -> bytes:
    """The file of one sheet."""
    return WorkbookPrint(text, sheet, is_key).content()
