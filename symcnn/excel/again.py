"""The formulas of a workbook written again, for holding a file that someone has against them."""

from collections.abc import Mapping
from dataclasses import dataclass

from symcnn.excel.workbook import passes_book
from symcnn.network import Array, Data, Network
from symcnn.text import catalogue


@dataclass(frozen=True)
class Given:
    """What a workbook was made from, as far as it can be read from the workbook itself.

    Attributes:
        theta: initial values; steps: rows of Training after the first, None if it has no such sheet.
    """

    network: Network
    images: Array
    targets: Array
    theta: Array
    rate: float
    factor: float
    steps: int | None
    lang: str


def formulas_again(given: Given) -> Mapping[tuple[str, int, int], str]:
    """(sheet, row, column) -> formula, as symcnn writes the workbook today."""
    g, data = given, Data(given.images, given.targets)
    book = passes_book(catalogue(g.lang), g.network, data, g.theta, g.rate, g.factor, g.steps, "")
    return {
        (sheet.title, cell.row, cell.column): cell.value[1:]
        for sheet in book.workbook
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" and isinstance(cell.value, str)
    }
