"""The way back from a cell formula: text -> tree (``parse``), tree -> SymPy (``CellReader``). Nothing is evaluated."""

from symcnn.printers.cells.parser import FormulaError, parse, reference
from symcnn.printers.cells.reading import CellReader
from symcnn.printers.cells.tree import (
    Binary,
    Formula,
    FunctionCall,
    Logical,
    Name,
    Numeral,
    Percent,
    Range,
    Reference,
    Text,
    Unary,
)

__all__ = [
    "Binary", "CellReader", "Formula", "FormulaError", "FunctionCall", "Logical", "Name", "Numeral", "Percent",
    "Range", "Reference", "Text", "Unary", "parse", "reference",
]  # fmt: skip
