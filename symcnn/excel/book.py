"""A workbook under construction: sheets by key, cells with their style, defined names."""

from collections.abc import Mapping
from copy import copy
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.excel import style
from symcnn.excel.addresses import Cell, is_legal_name
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import Quantity, Tensor
from symcnn.text import Catalogue


class Book:
    """One workbook in one language."""

    def __init__(self, text: Catalogue) -> None:
        self.text = text
        self.workbook = Workbook()
        self.workbook.remove(self.workbook.active)  # type: ignore[arg-type]
        self._styled: dict[int, object] = {}
        self._defined: set[str] = set()

    def title(self, key: str) -> str:
        """The title of the sheet with this key, in the book's language."""
        return self.text(f"workbook.{key}")

    def label(self, key: str, **values: object) -> str:
        return self.text(f"workbook.{key}", **values)

    def add_sheet(self, key: str, hint: str, ribbon: str = "", columns: int = 12) -> Worksheet:
        """A sheet with its head: title, ribbon with the step shown, one sentence on how to read it."""
        sheet: Worksheet = self.workbook.create_sheet(self.title(key))
        sheet.sheet_view.showGridLines = False
        sheet.sheet_view.zoomScale = 90
        sheet.column_dimensions["A"].width = 2
        sheet.row_dimensions[1].height = 30
        self.put(sheet, 1, 2, self.title(key), style.TITLE)
        if ribbon:
            sheet.row_dimensions[2].height = 20
            for column in range(2, 2 + columns):
                self.put(sheet, 2, column, ribbon if column == 2 else None, style.RIBBON)
        self.put(sheet, 3, 2, hint, style.HINT)
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.paperSize = 9
        sheet.page_setup.fitToWidth = 1
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
        return sheet

    def put(self, sheet: Worksheet, row: int, column: int, value: Any, look: Mapping[str, object]) -> SheetCell:
        """Write a cell in a style; a style is worked out once, and then shared.

        Args:
            value: a ``CellFormula``, a text, a number, or None. Only the type says which: a label ``=A1`` is a text.
        """
        cell: Any = sheet.cell(row, column)
        cell.value = str(value) if isinstance(value, CellFormula) else value
        if isinstance(value, str | CellRichText) and not isinstance(value, CellFormula):
            cell.data_type = "s"  # openpyxl looks at the first character
        known = self._styled.get(id(look))
        if known is None:
            cell._style = copy(cell._style)  # openpyxl sets attributes in place, and other cells may share it
            for attribute, setting in look.items():
                setattr(cell, attribute, setting)
            self._styled[id(look)] = cell._style
        else:
            cell._style = known
        styled: SheetCell = cell
        return styled

    def put_formula(
        self, sheet: Worksheet, row: int, column: int, formula: CellFormula, look: Mapping[str, object]
    ) -> None:  # fmt: skip
        """Write a formula that is known to be legal into a new cell: openpyxl's checks take most of the time."""
        style = self._styled.get(id(look))
        if style is None or (row, column) in sheet._cells:
            self.put(sheet, row, column, formula, look)
            return
        cell: Any = SheetCell(sheet, row, column)
        cell._value, cell.data_type, cell._style = str(formula), "f", style
        sheet._cells[row, column] = cell

    def kind(self, tensor: Tensor, key: str = "kind", **values: object) -> str:
        """What a tensor is, in words; of weights and biases whose they are."""
        ends = (("source", tensor.source), ("target", tensor.target))
        values |= {end: "" if of is None else of.letters for end, of in ends}
        return self.text(f"{key}.{tensor.kind.value}", **values)

    def define(self, what: Quantity | str, cell: Cell) -> None:
        """Give a cell its name, the same in every language."""
        name = str(what)
        if not is_legal_name(name):
            raise ValueError(f"{name} cannot be a defined name")
        if name.lower() in self._defined:
            raise ValueError(f"{name} is defined twice")
        self._defined.add(name.lower())
        self.workbook.defined_names[name] = DefinedName(name, attr_text=cell.absolute)

    def prompt(self, sheet: Worksheet, cell: str, words: str, rule: Mapping[str, object] | None = None) -> None:
        """A prompt when the cell is chosen, and a rule for what may be typed."""
        validation = DataValidation(**(rule or {}))  # type: ignore[arg-type]
        validation.prompt = words[:255]
        validation.showInputMessage = True
        validation.showErrorMessage = rule is not None
        validation.error = words[:224]
        sheet.add_data_validation(validation)
        validation.add(cell)

    def widths(self, sheet: Worksheet, widths: Mapping[int, float]) -> None:
        for column, width in widths.items():
            sheet.column_dimensions[get_column_letter(column)].width = width
