"""A cell formula as a tree: what was written, before anything is known of the cells.

A chain ``a+b+c`` is left-deep; everything else is nested at most as deep as the parser allows, so whoever walks a tree
goes down the left of a ``Binary`` in a loop and recurses elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as it was written: ``0.5``, ``1E-05``."""

    text: str

    @property
    def value(self) -> float:
        return float(self.text)


@dataclass(frozen=True, slots=True)
class Text:
    """Text, without its quotes."""

    value: str


@dataclass(frozen=True, slots=True)
class Logical:
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """One cell: ``Inputs!$F$6``; sheet None: the formula's own. Row and column from 1."""

    sheet: str | None
    row: int
    column: int
    row_fixed: bool = False
    column_fixed: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """A block of cells, first and last corner; both on the first one's sheet."""

    first: Reference
    last: Reference

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.last.row - self.first.row + 1, self.last.column - self.first.column + 1

    def cells(self) -> Iterator[Reference]:
        """Its cells, row by row."""
        for row in range(self.first.row, self.last.row + 1):
            for column in range(self.first.column, self.last.column + 1):
                yield Reference(self.first.sheet, row, column)


@dataclass(frozen=True, slots=True)
class Name:
    """A defined name."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary:
    """A sign before its operand: ``-`` or ``+``."""

    operator: str
    operand: "Formula"


@dataclass(frozen=True, slots=True)
class Percent:
    """Divided by 100."""

    operand: "Formula"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands: ``+ - * / ^ &`` or a comparison."""

    operator: str
    left: "Formula"
    right: "Formula"


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function, its name in capitals."""

    function: str
    arguments: tuple["Formula", ...]


Formula = Numeral | Text | Logical | Reference | Range | Name | Unary | Percent | Binary | FunctionCall
