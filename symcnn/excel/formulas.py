"""The formula of each cell on Forward and Backward."""

from collections.abc import Callable, Mapping

from openpyxl.utils import get_column_letter
from sympy import Symbol

from symcnn.excel.addresses import Cell, CellReference
from symcnn.excel.layout import Above, TensorCells
from symcnn.excel.plan import FIRST_COLUMN, WorkbookLayout
from symcnn.excel.rows import SheetPrinter
from symcnn.printers.excel import CellFormula, checked_formula
from symcnn.symbolic import Quantities, Quantity, entries


def forward_formula(plan: WorkbookLayout, image: int, quantity: Quantity) -> str:
    """An input or a parameter is fetched from its sheet; everything else is computed from cells of its own band."""
    cells, cell = plan.forward[image], plan.forward[image][quantity]
    if quantity in plan.inputs[image]:
        return fetched(plan.inputs[image][quantity], cell)
    return _computed(plan, cells, quantity, plan.band_row(image))


def own_formula(plan: WorkbookLayout, quantity: Quantity) -> str:
    """The same in the band of the reader's image."""
    pixels = plan.desk.own_pixels
    if quantity in pixels:
        return fetched(pixels[quantity], plan.own[quantity])
    return _computed(plan, plan.own, quantity, plan.own_row)


def backward_formula(plan: WorkbookLayout, image: int, adjoint: Quantity) -> str:
    """From adjoints on Backward and quantities on Forward, all of the same image."""
    cell = plan.backward[image][adjoint]
    return SheetPrinter(references(plan, image, cell.sheet)).formula(plan.derivation.graph[adjoint])


def references(plan: WorkbookLayout, image: int, sheet: str) -> Callable[[Symbol], CellReference]:
    """How a formula on a sheet refers to the quantities of an image."""
    places = {**plan.forward[image], **plan.backward[image]}
    return seen_from(sheet, places, plan.derivation.quantities)


def seen_from(
    sheet: str, cells: Mapping[Quantity, Cell], quantities: Quantities, fixed: bool = False
) -> Callable[[Symbol], CellReference]:
    """How a formula on a sheet refers to quantities that stand in these cells."""
    return lambda symbol: cells[quantities.of(symbol)].reference(sheet, fixed)


def shown_again(plan: WorkbookLayout, image: int, quantity: Quantity, cell: Cell) -> str:
    """A pixel or target on Backward is the one on Forward."""
    return fetched(plan.forward[image][quantity], cell)


def fetched(source: Cell, cell: Cell) -> CellFormula:
    return CellFormula(f"={source.seen_from(cell.sheet)}")


def _computed(plan: WorkbookLayout, cells: Mapping[Quantity, Cell], quantity: Quantity, band_row: int) -> str:
    cell = cells[quantity]
    if quantity in plan.parameter_rows:
        return fetched(plan.parameter(quantity), cell)
    above = next((a for a in plan.band.above if a.target == quantity.tensor), None)
    if above is not None:
        return _weighted(above, cell, plan.above_row(band_row), quantity)
    place = seen_from(cell.sheet, cells, plan.derivation.quantities)
    return SheetPrinter(place).formula(plan.derivation.graph[quantity])


def _weighted(above: Above, cell: Cell, row: int, quantity: Quantity) -> str:
    """A neuron's weights and bias times what stands above them: one formula for all neurons of a layer."""
    first, last = (get_column_letter(above_column(above, n)) for n in (0, above.width - 1))
    values = f"{first}{cell.row}:{last}{cell.row}"
    return checked_formula(f"=SUMPRODUCT({values},{first}{row}:{last}{row})", quantity)


def above_column(above: Above, n: int) -> int:
    """The sheet's column of the n-th value above a layer's weights."""
    return FIRST_COLUMN + above.column + n


def block_area(block: TensorCells, cells: Mapping[Quantity, Cell]) -> str:
    """A block's corner cells as a range."""
    found = [cells[quantity] for quantity in entries(block.tensor) if quantity in cells]
    rows, columns = [c.row for c in found], [c.column for c in found]
    corners = (Cell("", min(rows), min(columns)), Cell("", max(rows), max(columns)))
    return ":".join(c.local for c in corners)
