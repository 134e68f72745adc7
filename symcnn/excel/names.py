"""Defined names beside those that the sheets give: what a checker needs to find its way without a plan.

initial_f_11, next_f_11            the other two columns of Parameters
training_f_11, training_E_total …  a quantity's column of Training, from the first row to the last
"""

from openpyxl.workbook.defined_name import DefinedName

from symcnn.excel.addresses import Cell, is_legal_name
from symcnn.excel.book import Book
from symcnn.excel.plan import TRAINING_FIRST_ROW, WorkbookLayout


def define_more(book: Book, plan: WorkbookLayout) -> None:
    """Give the names."""
    for name in plan.network.parameters:
        if plan.steps is not None:
            book.define(f"initial_{name}", plan.parameter(name, "initial"))
        book.define(f"next_{name}", plan.parameter(name, "next"))
    if plan.steps is None:
        return
    title, first = plan.sheet("training"), TRAINING_FIRST_ROW
    for name, column in plan.training_columns:
        if not is_legal_name(f"training_{name}"):
            raise ValueError(f"training_{name} cannot be a defined name")
        ends = Cell(title, first, column).absolute, Cell(title, first + plan.steps, column).absolute.rpartition("!")[2]
        book.workbook.defined_names[f"training_{name}"] = DefinedName(f"training_{name}", attr_text=":".join(ends))
