"""The formula of each cell on Forward and Backward."""

from symcnn.excel.addresses import Cell
from symcnn.excel.plan import Plan
from symcnn.excel.rows import SheetPrinter


def forward_formula(plan: Plan, image: int, name: str) -> str:
    """An input or a parameter is fetched from its sheet; everything else is computed from cells of its own band."""
    cell = plan.forward[image][name]
    if name in plan.inputs[image]:
        return _fetched(plan.inputs[image][name], cell)
    if name in plan.parameter_rows:
        return _fetched(plan.parameter(name), cell)
    printer = SheetPrinter(lambda n: plan.forward[image][n].seen_from(cell.sheet))
    return printer.formula(plan.derivation.graph[name])


def backward_formula(plan: Plan, image: int, adjoint: str) -> str:
    """From adjoints on Backward and quantities on Forward, all of the same image."""
    cell, places = plan.backward[image][adjoint], {**plan.forward[image], **plan.backward[image]}
    return SheetPrinter(lambda n: places[n].seen_from(cell.sheet)).formula(plan.derivation.graph[adjoint])


def shown_again(plan: Plan, image: int, name: str, cell: Cell) -> str:
    """A pixel or target on Backward is the one on Forward."""
    return _fetched(plan.forward[image][name], cell)


def _fetched(source: Cell, cell: Cell) -> str:
    return f"={source.seen_from(cell.sheet)}"
