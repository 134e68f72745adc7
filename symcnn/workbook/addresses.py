"""Cells as data: addresses are decided before anything is written; and formulas over such cells.

A formula is written product by product, as the article does; only one that is too long for that is written row by row
of cells: ``SUM(C3:F3)``, and ``SUMPRODUCT(C3:F3,H3:K3)`` for ``C3*H3+D3*I3+E3*J3+F3*K3``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from openpyxl.utils import get_column_letter
from sympy import Expr, Symbol

from symcnn.derivation import Product, Variable
from symcnn.errors import NotSupportedYetError
from symcnn.printers.excel import MAX_LENGTH, CellFormula, FormulaPrinter, sum_over
from symcnn.printers.infix import InfixText
from symcnn.symbolic import Quantities, Quantity, Tensor

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384

#: Cells of a Training sheet: 20,000 steps of the article's network.
MAX_CELLS = 2_500_000

_CELL_ADDRESS = re.compile(r"[A-Za-z]{1,3}[0-9]{1,7}")
_R1C1 = re.compile(r"[RrCc]([0-9].*)?|[Rr][0-9]*[Cc][0-9]*")


class CellReference(NamedTuple):
    """A reference in a formula, part by part: ``Forward!$C$3``.

    Attributes:
        sheet: with its exclamation mark; "" for a cell of the formula's own sheet.
        fixed: "$" where filling down moves neither row nor column, or "".
        row: a number, or {row} in a template of rows.
    """

    sheet: str
    fixed: str
    column: int
    row: int | str

    @property
    def local(self) -> str:
        return f"{self.fixed}{letters(self.column)}{self.fixed}{self.row}"

    @property
    def next(self) -> "CellReference":
        """The cell to the right."""
        return self._replace(column=self.column + 1)

    def __str__(self) -> str:
        return self.sheet + self.local


@dataclass(frozen=True)
class Cell:
    """One cell: a sheet by its title, row and column from 1."""

    sheet: str
    row: int
    column: int

    @property
    def local(self) -> str:
        """``K12``"""
        return local(self.row, self.column)

    @property
    def absolute(self) -> str:
        """``Forward!$K$12``"""
        return str(self.reference("", fixed=True))

    def seen_from(self, sheet: str) -> str:
        """Return the reference for a formula on a sheet: ``K12`` on its own, ``Forward!K12`` on another."""
        return str(self.reference(sheet))

    def beside(self, columns: int, rows: int = 0) -> "Cell":
        """The cell so many columns to the right, and rows below."""
        return Cell(self.sheet, self.row + rows, self.column + columns)

    def fetch(self, source: "Cell") -> CellFormula:
        """A formula in this cell that shows another."""
        return CellFormula(f"={source.seen_from(self.sheet)}")

    def reference(self, sheet: str, fixed: bool = False) -> CellReference:
        """The same, part by part."""
        return CellReference(prefix(self.sheet, sheet), "$" if fixed else "", self.column, self.row)


_LETTERS: list[str] = [""]


def letters(column: int) -> str:
    """``A``, ``B``, …; a list, since openpyxl's own look-up takes as long as all the rest."""
    while len(_LETTERS) <= column:
        _LETTERS.append(get_column_letter(len(_LETTERS)))
    return _LETTERS[column]


def local(row: int, column: int) -> str:
    """``K12``"""
    return f"{letters(column)}{row}"


def fixed(row: int, column: int) -> str:
    """``$K$12``"""
    return f"${letters(column)}${row}"


def fixed_area(first: Cell, last: Cell) -> str:
    """``Forward!$K$12:$M$14``"""
    return f"{first.absolute}:{fixed(last.row, last.column)}"


def prefix(sheet: str, own: str) -> str:
    """What stands before the cells of a sheet in formulas on the sheet ``own``: ``Forward!``, or nothing."""
    return "" if sheet == own else f"{quoted(sheet)}!"


def area(row: int, column: int, last_row: int, last_column: int) -> str:
    """``K12:M14``"""
    return f"{local(row, column)}:{local(last_row, last_column)}"


def quoted(sheet: str) -> str:
    """A sheet's title as formulas write it: bare where every program takes it so."""
    if re.fullmatch(r"[A-Za-z]{4,}[0-9]*", sheet):
        return sheet
    return "'" + sheet.replace("'", "''") + "'"


def is_legal_name(what: Quantity | str) -> bool:
    """Whether a cell may have this name: letters, digits, underscores; no address, nothing like R1C1."""
    name = str(what)
    return (
        re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,254}", name) is not None
        and not _CELL_ADDRESS.fullmatch(name)
        and not _R1C1.fullmatch(name)
        and name.upper() not in ("TRUE", "FALSE")
    )


def check_cells(count: int) -> None:
    """Refuse what a spreadsheet program opens only with trouble."""
    if count > MAX_CELLS:
        raise NotSupportedYetError(
            f"{count} cells of training; at most {MAX_CELLS}: use fewer steps, a smaller network or fewer images"
        )


def check_size(sheet: str, rows: int, columns: int, most: Tensor | None = None) -> None:
    """Refuse what no spreadsheet holds, with the limit and the remedy; ``most``: the tensor that takes most of it."""
    for unit, count, limit in (("rows", rows, MAX_ROWS), ("columns", columns, MAX_COLUMNS)):
        if count > limit:
            shape = f"{most.name} ({'×'.join(map(str, most.shape))})" if most else ""
            raise NotSupportedYetError(
                f"sheet {sheet}: {count} {unit}; a spreadsheet has {limit}: "
                + (f"make {shape} smaller, which takes most of them" if most else
                   "use fewer steps" if unit == "rows" else "use a smaller network or fewer images")
            )  # fmt: skip


#: Terms of a sum that every program works out: some take no longer chain of additions.
MAX_TERMS = 255


def places(cells: Mapping[Quantity, Cell], quantities: Quantities, sheet: str) -> Callable[[Symbol], CellReference]:
    """Return what maps a symbol to its reference in formulas on a sheet."""
    return lambda symbol: cells[quantities.of(symbol)].reference(sheet)


class SheetPrinter(FormulaPrinter):
    """Prints variables as formulas over the cells of ``place``; a sum that is too long row by row, where its cells
    are side by side."""

    def __init__(self, place: Callable[[Symbol], CellReference]) -> None:
        super().__init__(lambda symbol: str(place(symbol)))
        self._place = place

    def variable(self, variable: Variable) -> str:
        text = super().variable(variable)
        too_long = len(text) > MAX_LENGTH or len(variable.products) > MAX_TERMS
        return _RowPrinter(self._place).variable(variable) if too_long else text


class _RowPrinter(SheetPrinter):
    """Cells that go on to the right are one SUM; products of two that both do, one SUMPRODUCT."""

    def variable(self, variable: Variable) -> str:
        return FormulaPrinter.variable(self, variable)

    def terms(self, products: Sequence[Product]) -> list[InfixText]:
        runs: list[list[tuple[CellReference, ...]]] = []
        firsts: list[Product] = []
        for product in products:
            symbols = [f for f in product if f.is_Symbol]
            simple = 1 <= len(symbols) <= 2 and len(product) == len(symbols) + len(_numbers(product))
            cells = tuple(map(self._place, symbols)) if simple else ()
            if simple and runs and _goes_on(runs[-1], cells) and _numbers(firsts[-1]) == _numbers(product):
                runs[-1].append(cells)
            else:
                runs.append([cells])
                firsts.append(product)
        return [self._run(run, first) for run, first in zip(runs, firsts, strict=True)]

    def _run(self, run: Sequence[tuple[CellReference, ...]], first: Product) -> InfixText:
        if len(run) == 1:
            return self.product(first)
        areas = [f"{one.sheet}{one.local}:{last.local}" for one, last in zip(run[0], run[-1], strict=True)]
        return self.product(_numbers(first), last=sum_over(areas))


def _goes_on(run: Sequence[tuple[CellReference, ...]], cells: tuple[CellReference, ...]) -> bool:
    return tuple(place.next for place in run[-1]) == cells


def _numbers(product: Product) -> list[Expr]:
    return [f for f in product if f.is_Number]
