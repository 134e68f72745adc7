"""Cells as data: where a quantity stands is decided before anything is written."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from openpyxl.utils import get_column_letter

from symcnn.errors import NotSupportedYetError
from symcnn.symbolic import Tensor

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384

#: Cells of a Training sheet: 20,000 steps of the article's network.
MAX_CELLS = 2_500_000

_CELL_ADDRESS = re.compile(r"[A-Za-z]{1,3}[0-9]{1,7}")
_R1C1 = re.compile(r"[RrCc]([0-9].*)?|[Rr][0-9]*[Cc][0-9]*")


class CellReference(NamedTuple):
    """How a formula refers to a cell, part by part: ``Forward!$C$3``.

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
        return f"{self.fixed}{get_column_letter(self.column)}{self.fixed}{self.row}"

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
        return f"{get_column_letter(self.column)}{self.row}"

    @property
    def absolute(self) -> str:
        """``Forward!$K$12``"""
        return str(self.reference("", fixed=True))

    def seen_from(self, sheet: str) -> str:
        """How a formula on a sheet refers to it: ``K12`` at home, ``Forward!K12`` elsewhere."""
        return str(self.reference(sheet))

    def reference(self, sheet: str, fixed: bool = False) -> CellReference:
        """The same, part by part."""
        elsewhere = "" if sheet == self.sheet else f"{quoted(self.sheet)}!"
        return CellReference(elsewhere, "$" if fixed else "", self.column, self.row)


def quoted(sheet: str) -> str:
    """A sheet's title as formulas write it: bare where every program takes it so."""
    if re.fullmatch(r"[A-Za-z]{4,}", sheet):
        return sheet
    return "'" + sheet.replace("'", "''") + "'"


def is_legal_name(name: str) -> bool:
    """May a cell be called that? Letters, digits, underscores; no cell address, nothing like R1C1."""
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
    shape = f"{most.name} ({'×'.join(map(str, most.shape))})" if most else ""
    if rows > MAX_ROWS:
        raise NotSupportedYetError(
            f"sheet {sheet}: {rows} rows; a spreadsheet has {MAX_ROWS}: "
            + (f"make {shape} smaller, which takes most of them" if most else "use fewer steps")
        )
    if columns > MAX_COLUMNS:
        raise NotSupportedYetError(
            f"sheet {sheet}: {columns} columns; a spreadsheet has {MAX_COLUMNS}: "
            + (f"make {shape} smaller, which takes most of them" if most else "use a smaller network or fewer images")
        )
