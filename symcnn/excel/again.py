"""The formulas that symcnn writes for given inputs, to compare an existing workbook with."""

from collections.abc import Mapping
from dataclasses import dataclass

from symcnn.excel.workbook import passes_book
from symcnn.network import Array, Data, Network
from symcnn.text import catalogue


@dataclass(frozen=True)
class WorkbookInputs:
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


def regenerate_formulas(inputs: WorkbookInputs) -> Mapping[tuple[str, int, int], str]:
    """(sheet, row, column) -> formula, as symcnn writes the workbook today."""
    i, data = inputs, Data(inputs.images, inputs.targets)
    book = passes_book(catalogue(i.lang), i.network, data, i.theta, i.rate, i.factor, i.steps, "")
    return {
        (sheet.title, cell.row, cell.column): cell.value[1:]
        for sheet in book.workbook
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" and isinstance(cell.value, str)
    }
