"""How reading a workbook back reaches the writer of workbooks, of which this room knows nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch

from symcnn.dispatch import call_registered
from symcnn.network import Array, Network


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


@singledispatch
def formulas_again(given: object) -> Mapping[tuple[str, int, int], str]:
    """(sheet, row, column) -> formula, as symcnn writes the workbook today: ``symcnn.excel`` registers it."""
    formulas: Mapping[tuple[str, int, int], str] = call_registered(formulas_again, given)
    return formulas
