"""Defined names beside those that the sheets give: what a checker needs to find its way without a plan.

initial_f_11, next_f_11            the other two columns of Parameters
training_f_11, training_E_total …  a quantity's column of Training, from the first row to the last
"""

from openpyxl.workbook.defined_name import DefinedName

from symcnn.excel.addresses import is_legal_name
from symcnn.excel.book import Book
from symcnn.excel.plan import WorkbookLayout


def define_more(book: Book, plan: WorkbookLayout) -> None:
    """Give the names."""
    for parameter in plan.parameters:
        if plan.steps is not None:
            book.define(f"initial_{parameter}", plan.parameter(parameter, "initial"))
        book.define(f"next_{parameter}", plan.parameter(parameter, "next"))
    if plan.steps is None:
        return
    for column in plan.training_column:
        name = f"training_{column}"
        if not is_legal_name(name):
            raise ValueError(f"{name} cannot be a defined name")
        book.workbook.defined_names[name] = DefinedName(name, attr_text=plan.trained(column))
