"""The formulas of a workbook written again, for holding a file that someone has against them."""

from collections.abc import Mapping

from symcnn.network import Data
from symcnn.text import catalogue
from symcnn.verification.again import Given, formulas_again


@formulas_again.register
def _written_again(given: Given) -> Mapping[tuple[str, int, int], str]:
    from symcnn.excel.workbook import one_image_book, training_book

    text, data = catalogue(given.lang), Data(given.images, given.targets)
    if given.steps is None:
        book = one_image_book(text, given.network, data, given.theta, given.rate, "")
    else:
        book = training_book(
            text, given.network, data, given.theta, given.rate, given.factor, given.steps, None, None
        )  # fmt: skip
    return {
        (sheet.title, cell.row, cell.column): cell.value[1:]
        for sheet in book.workbook
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" and isinstance(cell.value, str)
    }
