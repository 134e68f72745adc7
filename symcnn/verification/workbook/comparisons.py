"""Cells that are compared as they are written.

Training below its proved rows is exact fill-downs; some cells look a step up. Of the formula cells that no claim reads,
what they show is compared with what symcnn writes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
from sympy import Symbol

from symcnn.excel.again import Given
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
from symcnn.symbolic import entries
from symcnn.text import LANGUAGES, catalogue
from symcnn.verification.workbook.claims import given
from symcnn.verification.workbook.graph import CellGraph
from symcnn.verification.workbook.quantities import E_TOTAL, FACTOR, RATE, STEP, E, NamedCells, trained
from symcnn.verification.workbook.result import Mismatch

#: The column with the number of the step.
COUNT = Symbol("step")

#: Cells of one column that are told.
MOST_TOLD = 5


def filled_down(quantities: NamedCells, graph: CellGraph) -> Iterator[Mismatch]:
    """The cells that are not the formula above them, copied down."""
    for quantity in quantities.training():
        (sheet, first, column), last = quantities.column(quantity)
        start = first + (quantity in quantities.parameters)
        if start > last:
            continue
        model = graph.stored((sheet, start, column)).formula
        if model is None:
            continue  # found as a claim
        cells = [(row, graph.stored((sheet, row, column)).formula) for row in range(start, last + 1)]
        for row, formula, right in _copies(cells):
            value = graph.stored((sheet, row, column)).value
            found = f"={formula}" if formula is not None else str("" if value is None else value)
            yield Mismatch(written((sheet, row, column)), trained(quantity).name, found, f"={right}")
    yield from _numbered(quantities, graph)


def _copies(cells: list[tuple[int, str | None]]) -> Iterator[tuple[int, str | None, str]]:
    """The formulas of a column that are not copies: of the first, or if only that one is another, of the second."""
    model = cells[0]
    if len(cells) > 2 and all(formula is not None for _, formula in cells[:3]):
        fits = [_fits(cells[n], cells[0]) for n in (1, 2)]
        if not any(fits) and _fits(cells[2], cells[1]):
            model = cells[1]
    assert model[1] is not None  # looked at before
    copy, told = filling(model[1]), 0
    for row, formula in cells:
        right = copy(row - model[0])
        if formula != right and not _reads_alike(formula, right):
            yield row, formula, right
            told += 1
            if told == MOST_TOLD:
                return


def _fits(cell: tuple[int, str | None], model: tuple[int, str | None]) -> bool:
    """Is one the other, copied down?"""
    return model[1] is not None and _reads_alike(cell[1], filling(model[1])(cell[0] - model[0]))


def _numbered(quantities: NamedCells, graph: CellGraph) -> Iterator[Mismatch]:
    """The number of the step, row by row."""
    if trained(COUNT).name not in quantities.package.names:
        return
    (sheet, first, column), last = quantities.column(COUNT)
    for row in range(first, last + 1):
        stored = graph.stored((sheet, row, column))
        if stored.formula is not None or stored.value != row - first:
            found = f"={stored.formula}" if stored.formula is not None else str(stored.value)
            yield Mismatch(written((sheet, row, column)), trained(COUNT).name, found, str(row - first))


def _reads_alike(one: str | None, other: str) -> bool:
    try:
        return one is not None and parse(one) == parse(other)
    except FormulaError:
        return False


def looked_up(quantities: NamedCells, graph: CellGraph) -> Iterator[Mismatch]:
    """The parameters at the step shown that are not those of its row of Training.

    Whatever the cell of the step holds: one before the first row shows the first, one past the last the last.
    """
    for parameter in quantities.parameters:
        place = quantities.place(parameter)
        (sheet, first, column), last = quantities.column(parameter)
        area = f"{written((sheet, first, column))}:{written((sheet, last, column), sheet)}"
        step = written(quantities.place(STEP), place[0])
        right = f"=INDEX({area},MIN(MAX({step},0),{last - first})+1)"
        if not _looks_up(quantities, graph, place, (sheet, first, column), last):
            stored = graph.stored(place)
            found = f"={stored.formula}" if stored.formula is not None else str(stored.value)
            yield Mismatch(written(place), parameter.name, found, right)


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
    shown = quantities.place(STEP)
    tried = {-3, 0, 1, steps // 2, steps - 1, steps, steps + 1, steps + 7}
    return all(_value(row, place, graph, {shown: s}, 0) == min(max(s, 0), steps) + 1 for s in tried)


def _value(formula: Formula, place: Place, graph: CellGraph, known: dict[Place, int], depth: int) -> float | None:
    """A number made of the step shown by + - MIN MAX; None for anything else."""
    if depth > 100:
        return None
    if isinstance(formula, Numeral):
        return formula.value
    if isinstance(formula, Reference):
        target = (formula.sheet or place[0], formula.row, formula.column)
        if target in known:
            return known[target]
        if graph.stored(target).formula is None:
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


#: Cells that are told.
MOST_TOLD = 20


def given_again(quantities: NamedCells, graph: CellGraph) -> Given:
    """What the workbook was made from, read from its input cells."""
    q, stated = quantities, quantities.network.forward
    assert stated.targets is not None  # there is a loss
    values = given(q, graph)
    images, targets = (
        np.array([[values[entry.of_image(m).symbol] for entry in entries(tensor)] for m in range(1, q.images + 1)])
        for tensor in (stated.image, stated.targets)
    )
    theta = np.array([values[p.symbol] for p in q.parameters])
    steps = None
    if q.trains:
        (_, first, _), last = q.column(E_TOTAL)
        steps = last - first
    shaped = images.reshape(q.images, *stated.image.shape)
    return Given(q.network, shaped, targets, theta, values[RATE], values.get(FACTOR, 1.0), steps, language(q))


def language(quantities: NamedCells) -> str:
    """In which language the sheets have their titles."""
    sheet = quantities.place(E.of_image(1))[0]
    return next((lang for lang in LANGUAGES if catalogue(lang)("workbook.forward") == sheet), LANGUAGES[0])


def alike(found: str | None, right: str | None) -> bool:
    """The same formula of the same cells, perhaps written as an earlier version wrote it: 1/(1+EXP(-z))."""
    if found == right or found is None or right is None:
        return found == right
    reader = CellReader(lambda cell: Symbol(written((cell.sheet or "", cell.row, cell.column))), Symbol)
    try:
        return bool(reader.expression(parse(found)) == reader.expression(parse(right)))
    except FormulaError:
        return False


def differing(
    places: Iterable[Place], there: Mapping[Place, str], wanted: Mapping[Place, str],
    apart: Callable[[Place, str], tuple[tuple[float, float], str] | None],
) -> Iterator[Mismatch]:  # fmt: skip
    """Where the formula is another one, or on one side none; ``apart`` gives two values that differ, if it can."""
    told = 0
    for place in places:
        found, right = there.get(place), wanted.get(place)
        if told < MOST_TOLD and not alike(found, right):
            told += 1
            shown = apart(place, right) if found is not None and right is not None else None
            values, at = shown if shown is not None else (None, "")
            before, after = ("" if text is None else f"={text}" for text in (found, right))
            yield Mismatch(written(place), written(place), before, after, values, at)
