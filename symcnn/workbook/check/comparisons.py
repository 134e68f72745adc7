"""Cells that are compared as they are written.

Below its proved rows, Training must be exact fill-downs; some cells look up a step. The formula cells that no claim
reads are compared with what symcnn writes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
from sympy import Symbol

from symcnn.printers.cells import (
    Binary,
    CellReader,
    Formula,
    FormulaError,
    FunctionCall,
    Numeral,
    Place,
    Range,
    Reference,
    Unary,
    filling,
    parse,
    written,
)
from symcnn.symbolic import E_TOTAL, E, entries
from symcnn.text import LANGUAGES, Catalogue, catalogue, earlier_catalogue
from symcnn.workbook.check.claims import input_values
from symcnn.workbook.check.graph import CellGraph
from symcnn.workbook.check.package import formulas
from symcnn.workbook.check.quantities import FACTOR, RATE, STEP, NamedCells, training_name
from symcnn.workbook.check.result import Mismatch
from symcnn.workbook.workbook import WorkbookInputs

#: The column with the number of the step.
COUNT = Symbol("step")

#: Mismatches that are reported of one column of Training, and of all formulas that no claim reads.
MOST_IN_COLUMN, MOST_MISMATCHES = 5, 20


def fill_down_mismatches(quantities: NamedCells, graph: CellGraph) -> Iterator[Mismatch]:
    """Yield the cells of Training that are not the formula above them, copied down."""
    for quantity in quantities.training():
        (sheet, first, column), last = quantities.column(quantity)
        start = first + (quantity in quantities.parameters)
        if start > last:
            continue
        model = graph.content((sheet, start, column)).formula
        if model is None:
            continue  # found as a claim
        cells = [(row, graph.content((sheet, row, column)).formula) for row in range(start, last + 1)]
        for row, right in _wrong_copies(cells):
            place = sheet, row, column
            yield Mismatch(written(place), training_name(quantity).name, graph.content(place).text, f"={right}")
    yield from _numbered(quantities, graph)


def _wrong_copies(cells: list[tuple[int, str | None]]) -> Iterator[tuple[int, str]]:
    """Yield row and right formula of each cell that is no copy of the first (or second, if only the first differs)."""
    model = cells[0]
    if len(cells) > 2 and all(formula is not None for _, formula in cells[:3]):
        fits = [_fits(cells[n], cells[0]) for n in (1, 2)]
        if not any(fits) and _fits(cells[2], cells[1]):
            model = cells[1]
    assert model[1] is not None  # looked at before
    copy, count = filling(model[1]), 0
    for row, formula in cells:
        right = copy(row - model[0])
        if formula != right and not _reads_alike(formula, right):
            yield row, right
            count += 1
            if count == MOST_IN_COLUMN:
                return


def _fits(cell: tuple[int, str | None], model: tuple[int, str | None]) -> bool:
    """Whether a cell is the other one, copied down."""
    return model[1] is not None and _reads_alike(cell[1], filling(model[1])(cell[0] - model[0]))


def _numbered(quantities: NamedCells, graph: CellGraph) -> Iterator[Mismatch]:
    """Yield the cells of the step's number that hold another number."""
    if training_name(COUNT).name not in quantities.package.names:
        return
    (sheet, first, column), last = quantities.column(COUNT)
    for row in range(first, last + 1):
        content = graph.content((sheet, row, column))
        if content.formula is not None or content.value != row - first:
            yield Mismatch(written((sheet, row, column)), training_name(COUNT).name, content.text, str(row - first))


def _reads_alike(one: str | None, other: str) -> bool:
    try:
        return one is not None and parse(one) == parse(other)
    except FormulaError:
        return False


def lookup_mismatches(quantities: NamedCells, graph: CellGraph) -> Iterator[Mismatch]:
    """Yield the parameters at the chosen step that are not looked up in its row of Training.

    A step before the first row takes the first row, one past the last row the last.
    """
    for parameter in quantities.parameters:
        place = quantities.place(parameter)
        (sheet, first, column), last = quantities.column(parameter)
        area = f"{written((sheet, first, column))}:{written((sheet, last, column), sheet)}"
        step = written(quantities.place(STEP), place[0])
        right = f"=INDEX({area},MIN(MAX({step},0),{last - first})+1)"
        if not _looks_up(quantities, graph, place, (sheet, first, column), last):
            yield Mismatch(written(place), parameter.name, graph.content(place).text, right)


def _looks_up(quantities: NamedCells, graph: CellGraph, place: Place, first: Place, last: int) -> bool:
    try:
        tree = graph.tree(place)
    except FormulaError:
        return False
    if not isinstance(tree, FunctionCall) or tree.function != "INDEX" or len(tree.arguments) != 2:
        return False
    area, row = tree.arguments
    if not isinstance(area, Range):
        return False
    corners = [(area.first.sheet or place[0], c.row, c.column) for c in (area.first, area.last)]
    if corners != [first, (first[0], last, first[2])]:
        return False
    steps = last - first[1]
    step_cell = quantities.place(STEP)
    samples = {-3, 0, 1, steps // 2, steps - 1, steps, steps + 1, steps + 7}
    return all(_value(row, place, graph, {step_cell: s}, 0) == min(max(s, 0), steps) + 1 for s in samples)


def _value(formula: Formula, place: Place, graph: CellGraph, known: dict[Place, int], depth: int) -> float | None:
    """Evaluate a formula of the step with + - MIN MAX; None for anything else."""
    if depth > 100:
        return None
    if isinstance(formula, Numeral):
        return formula.value
    if isinstance(formula, Reference):
        target = (formula.sheet or place[0], formula.row, formula.column)
        if target in known:
            return known[target]
        if graph.content(target).formula is None:
            return graph.value(target)
        try:
            return _value(graph.tree(target), target, graph, known, depth + 1)
        except FormulaError:
            return None
    if isinstance(formula, Unary):
        inner = _value(formula.operand, place, graph, known, depth + 1)
        return inner if inner is None or formula.operator == "+" else -inner
    if isinstance(formula, Binary) and formula.operator in ("+", "-"):
        left, right = (_value(part, place, graph, known, depth + 1) for part in (formula.left, formula.right))
        if left is None or right is None:
            return None
        return left + right if formula.operator == "+" else left - right
    if isinstance(formula, FunctionCall) and formula.function in ("MIN", "MAX") and formula.arguments:
        values = [_value(a, place, graph, known, depth + 1) for a in formula.arguments]
        numbers = [v for v in values if v is not None]
        if len(numbers) == len(values):
            return min(numbers) if formula.function == "MIN" else max(numbers)
    return None


def workbook_inputs(quantities: NamedCells, graph: CellGraph) -> WorkbookInputs:
    """Return what a workbook with a training was made from, read from its input cells."""
    q, forward = quantities, quantities.network.forward
    assert forward.targets is not None  # there is a loss
    values = input_values(q, graph)
    images, targets = (
        np.array([[values[entry.of_image(m).symbol] for entry in entries(tensor)] for m in range(1, q.images + 1)])
        for tensor in (forward.image, forward.targets)
    )
    theta = np.array([values[p.symbol] for p in q.parameters])
    (_, first, _), last = q.column(E_TOTAL)
    shaped = images.reshape(q.images, *forward.image.shape)
    return WorkbookInputs(q.network, shaped, targets, theta, values[RATE], values[FACTOR], last - first, wording(q))


def wording(quantities: NamedCells) -> Catalogue:
    """Return the catalogue whose words are in the workbook: by the titles of its sheets, and the status line."""
    sheet = quantities.place(E.of_image(1))[0]
    texts = [text for lang in LANGUAGES for text in (catalogue(lang), earlier_catalogue(lang))]
    kept = [text for text in texts if text("workbook.forward") == sheet] or texts
    cells = quantities.package.sheets.get(kept[0]("workbook.contents"), {})
    status = "".join(formula for _, formula in formulas(cells))
    return next((text for text in kept if f'"{text("workbook.status")} "' in status), kept[0])


def same_formula(one: str | None, other: str | None) -> bool:
    """Whether two formulas of the same cells are the same, also as an earlier version wrote it: 1/(1+EXP(-z))."""
    if one == other or one is None or other is None:
        return one == other
    reader = CellReader(lambda cell: Symbol(written((cell.sheet or "", cell.row, cell.column))), Symbol)
    try:
        return bool(reader.expression(parse(one)) == reader.expression(parse(other)))
    except FormulaError:
        return False


def formula_mismatches(
    places: Iterable[Place], actual: Mapping[Place, str], expected: Mapping[Place, str],
    differing_values: Callable[[Place, str], tuple[tuple[float, float], str] | None],
) -> Iterator[Mismatch]:  # fmt: skip
    """Yield the cells whose formula is not the expected one, at most MOST_MISMATCHES of them."""
    count = 0
    for place in places:
        formula, right = actual.get(place), expected.get(place)
        if count < MOST_MISMATCHES and not same_formula(formula, right):
            count += 1
            difference = differing_values(place, right) if formula is not None and right is not None else None
            values, at = difference if difference is not None else (None, "")
            before, after = ("" if text is None else f"={text}" for text in (formula, right))
            yield Mismatch(written(place), written(place), before, after, values, at)
