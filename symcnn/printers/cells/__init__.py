"""The way back from a cell formula: text -> tree (``parse``), tree -> SymPy (``Reader``). Nothing is evaluated."""

from symcnn.printers.cells.parser import FormulaError, parse, reference
from symcnn.printers.cells.reading import Reader
from symcnn.printers.cells.tree import (
    Binary,
    Call,
    Formula,
    Logical,
    Name,
    Number,
    Percent,
    Range,
    Reference,
    Text,
    Unary,
)

__all__ = [
    "Binary", "Call", "Formula", "FormulaError", "Logical", "Name", "Number", "Percent", "Range", "Reader",
    "Reference", "Text", "Unary", "parse", "reference",
]  # fmt: skip
