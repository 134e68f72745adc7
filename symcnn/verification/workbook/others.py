"""The formula cells that no claim reads: what they show is compared with what symcnn writes."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
from sympy import Symbol

from symcnn.printers.cells import CellReader, FormulaError, Place, parse, written
from symcnn.text import LANGUAGES, catalogue
from symcnn.verification.again import Given
from symcnn.verification.workbook.graph import CellGraph
from symcnn.verification.workbook.numbers import given
from symcnn.verification.workbook.quantities import FACTOR, RATE, NamedCells
from symcnn.verification.workbook.result import Mismatch

#: Cells that are told.
MOST_TOLD = 20


def given_again(quantities: NamedCells, graph: CellGraph) -> Given:
    """What the workbook was made from, read from its input cells."""
    q, stated = quantities, quantities.network.forward
    assert stated.targets is not None  # there is a loss
    values = given(q, graph)
    images, targets = (
        np.array([[values[f"{n}_image{m}"] for n in tensor.scalars()] for m in range(1, q.images + 1)])
        for tensor in (stated.image, stated.targets)
    )
    theta = np.array([values[p] for p in q.network.parameters])
    steps = None
    if q.trains:
        (_, first, _), last = q.column("E_total")
        steps = last - first
    shaped = images.reshape(q.images, *stated.image.shape)
    return Given(q.network, shaped, targets, theta, values[RATE], values.get(FACTOR, 1.0), steps, language(q))


def language(quantities: NamedCells) -> str:
    """In which language the sheets have their titles."""
    sheet = quantities.place("E_image1")[0]
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
