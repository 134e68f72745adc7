"""The formula of each cell on Forward and Backward."""

from collections.abc import Callable, Mapping

from openpyxl.utils import get_column_letter

from symcnn.excel.addresses import Cell
from symcnn.excel.layout import Above, TensorCells
from symcnn.excel.plan import FIRST_COLUMN, WorkbookLayout
from symcnn.excel.rows import SheetPrinter
from symcnn.printers.excel import CellFormula, checked_formula


def forward_formula(plan: WorkbookLayout, image: int, name: str) -> str:
    """An input or a parameter is fetched from its sheet; everything else is computed from cells of its own band."""
    cells, cell = plan.forward[image], plan.forward[image][name]
    if name in plan.inputs[image]:
        return fetched(plan.inputs[image][name], cell)
    return _computed(plan, cells, name, plan.band_row(image))


def own_formula(plan: WorkbookLayout, name: str) -> str:
    """The same in the band of the reader's image."""
    pixels = plan.desk.own_pixels
    if name in pixels:
        return fetched(pixels[name], plan.own[name])
    return _computed(plan, plan.own, name, plan.own_row)


def backward_formula(plan: WorkbookLayout, image: int, adjoint: str) -> str:
    """From adjoints on Backward and quantities on Forward, all of the same image."""
    cell = plan.backward[image][adjoint]
    return SheetPrinter(references(plan, image, cell.sheet)).formula(plan.derivation.graph[adjoint])


def references(plan: WorkbookLayout, image: int, sheet: str) -> Callable[[str], str]:
    """How a formula on a sheet refers to the quantities of an image."""
    places = {**plan.forward[image], **plan.backward[image]}
    return lambda name: places[name].seen_from(sheet)


def shown_again(plan: WorkbookLayout, image: int, name: str, cell: Cell) -> str:
    """A pixel or target on Backward is the one on Forward."""
    return fetched(plan.forward[image][name], cell)


def fetched(source: Cell, cell: Cell) -> CellFormula:
    return CellFormula(f"={source.seen_from(cell.sheet)}")


def _computed(plan: WorkbookLayout, cells: Mapping[str, Cell], name: str, band_row: int) -> str:
    cell = cells[name]
    if name in plan.parameter_rows:
        return fetched(plan.parameter(name), cell)
    tensor = plan.derivation.graph[name].tensor
    above = next((a for a in plan.band.above if a.target == tensor), None)
    if above is not None:
        return _weighted(above, cell, plan.above_row(band_row), name)
    return SheetPrinter(lambda n: cells[n].seen_from(cell.sheet)).formula(plan.derivation.graph[name])


def _weighted(above: Above, cell: Cell, row: int, name: str) -> str:
    """A neuron's weights and bias times what stands above them: one formula for all neurons of a layer."""
    first, last = (get_column_letter(above_column(above, n)) for n in (0, above.width - 1))
    values = f"{first}{cell.row}:{last}{cell.row}"
    return checked_formula(f"=SUMPRODUCT({values},{first}{row}:{last}{row})", name)


def above_column(above: Above, n: int) -> int:
    """The sheet's column of the n-th value above a layer's weights."""
    return FIRST_COLUMN + above.column + n


def block_area(block: TensorCells, cells: Mapping[str, Cell]) -> str:
    """A block's corner cells as a range."""
    found = [cells[name] for name in block.tensor.scalars() if name in cells]
    rows, columns = [c.row for c in found], [c.column for c in found]
    corners = (Cell("", min(rows), min(columns)), Cell("", max(rows), max(columns)))
    return ":".join(c.local for c in corners)
