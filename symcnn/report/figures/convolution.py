"""A convolution at work: one window of image ∗ filter = map, multiplied out; and the windows whose sums are ∂E/∂f."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from symcnn.derivation import Variable
from symcnn.errors import SymcnnError
from symcnn.formula import Typography
from symcnn.formula.tree import Number, Partial
from symcnn.report.figures.grid import (
    GAP,
    MARGIN,
    NARROW,
    Grid,
    PassNumbers,
    PlacedGrid,
    Window,
    around,
    pairs_of,
    room,
    rows,
    source_of,
)
from symcnn.report.figures.sketch import FILL, Label, Line, Mark, Sketch, Words, runs_of, width_of
from symcnn.symbolic import Quantity, Tensor, entries, quantity_of

#: Panels in one row of a page; a phone has two.
IN_A_ROW = 4


def convolution(
    image: Grid, filter: Grid, result: Grid, at: tuple[int, int], decimal: str, *, stride: int = 1,
    before: tuple[int, int] = (0, 0), divided: bool = False, shown: Number | None = None, narrow: bool = False,
    title: str = "",
) -> Sketch:  # fmt: skip
    """image ∗ filter = map with one window framed; below it the window times the filter, the sum, the cell's value.

    Args:
        image, filter, result: grids, with their titles.
        at: the cell of the map that is worked out, (row, column) from 0.
        stride, before: how far the window moves; how many absent rows and columns lie before the image (padding).
        divided: the sum is divided by the number of cells (``Conv2D.normalize``).
        shown: the cell's value as the sum's result shows it; as in the map if None.
        narrow: one under the other, for a phone.

    Raises:
        SymcnnError: the products do not add to what the map says.
    """
    top, left = (n * stride - b for n, b in zip(at, before, strict=True))
    window = _window(image, top, left, filter)
    products = Grid(
        tuple(tuple(Number(a.value * b.value, b.digits and 3) for a, b in zip(*pair, strict=True))
              for pair in zip(window.numbers, filter.numbers, strict=True)),
    )  # fmt: skip
    value, total, count = result.numbers[at[0]][at[1]], math.fsum(products.values), len(products.values)
    _check(total / (count if divided else 1), value.value, at)
    whole, cells = Number(total, 4), Number(count)
    mean = ("Σ ÷ ", cells, " = ", whole, " ÷ ", cells, " = ", shown or value)
    seen = _clipped(image, top, left, filter)
    first: list[Grid | Words] = [replace(image, windows=(seen,)), "∗", filter, "="]
    second: list[Grid | Words] = [window, "×", replace(filter, title=""), "=", products]
    first.append(replace(result, windows=(Window(*at),)))
    second.append(mean if divided else ("Σ = ", whole))
    return rows([first, second], decimal, NARROW if narrow else 760.0, _cell, title)


def _window(image: Grid, top: int, left: int, filter: Grid) -> Grid:
    """What the filter lies on; absent cells are 0."""

    def at(r: int, c: int) -> Number:
        return image.numbers[r][c] if 0 <= r < image.rows and 0 <= c < image.columns else Number(0)

    numbers = tuple(tuple(at(top + r, left + c) for c in range(filter.columns)) for r in range(filter.rows))
    return Grid(numbers, "plain" if image.kind == "signed" else image.kind, reach=image.reach)


def _clipped(image: Grid, top: int, left: int, filter: Grid) -> Window:
    """The part of the window that lies on the image."""
    bottom, right = min(top + filter.rows, image.rows), min(left + filter.columns, image.columns)
    top, left = max(top, 0), max(left, 0)
    return Window(top, left, bottom - top, right - left)


def _check(found: float, stated: float, at: tuple[int, int]) -> None:
    if not math.isclose(found, stated, rel_tol=1e-9, abs_tol=1e-12):
        raise SymcnnError(
            f"figure of a convolution: at row {at[0] + 1}, column {at[1] + 1} the products give {found!r}, the map says"
            f" {stated!r}; expected the same"
        )


def _cell(line: Sequence[Grid | Words]) -> float:
    """Cells of large grids are smaller."""
    most = max((item.columns for item in line if isinstance(item, Grid)), default=1)
    return 27.0 if most > 5 else 36.0


def gradient_windows(
    weights: Tensor, typography: Typography, numbers: PassNumbers, decimal: str, *,
    narrow: bool = False, title: str = "",
) -> Sketch:  # fmt: skip
    """For each weight of a filter what it met: the cells of the image that ∂E/∂f multiplies, each with its ∂E/∂x under
    it, and the sum. Read from the derivation's products, so it is whatever the derivation says.

    Args:
        weights: the filter's tensor; of several filters and channels the first is drawn.
        typography: of E_total, or of one image's E; the numbers are one image's.
    """
    derivation = numbers.derivation
    numbers = replace(numbers, digits=2) if narrow else numbers
    source = source_of(derivation, weights)
    drawn = [weight for weight in entries(weights) if not any(weight.index[:-2])]
    per_row = min(2 if narrow else IN_A_ROW, len(drawn))
    cell = _panel_cell(source, narrow, per_row)
    width, height = source.shape[-1] * cell, source.shape[-2] * cell
    marks, bottom, right = list[Mark](), 0.0, 0.0
    for n, weight in enumerate(drawn):
        x = MARGIN + (n % per_row) * (width + _gap(narrow))
        y = MARGIN + (n // per_row) * (height + 74)
        variable = derivation.graph[weight.adjoint]
        marks += _panel(variable, source, typography, numbers, decimal, (x, y, cell))
        bottom, right = max(bottom, y + height + 62), max(right, x + width)
    least = max((mark.box.right for mark in marks), default=0)
    return Sketch(max(right, least) + MARGIN, bottom, tuple(marks), title)


def _panel_cell(source: Tensor, narrow: bool, per_row: int) -> float:
    room = ((NARROW if narrow else 940.0) - 2 * MARGIN - _gap(narrow) * (per_row - 1)) / per_row
    return min(68.0, room / source.shape[-1])


def _gap(narrow: bool) -> float:
    """Between two panels."""
    return GAP if narrow else 2 * GAP


def _panel(
    variable: Variable, source: Tensor, typography: Typography, numbers: PassNumbers, decimal: str,
    place: tuple[float, float, float],
) -> Iterator[Mark]:  # fmt: skip
    x, y, cell = place
    under = {met.index: adjoint for met, adjoint in pairs_of(variable, numbers.derivation.quantities)}
    lead = next(iter(under), (0,) * len(source.shape))[:-2]
    met = {(index[-2], index[-1]): adjoint for index, adjoint in under.items()}
    cells = tuple(
        tuple(Number(numbers.values[quantity_of(source, (*lead, r, c)).name], 3) for c in range(source.shape[-1]))
        for r in range(source.shape[-2])
    )
    windows = (around(list(met)),) if met else ()
    laid = PlacedGrid(Grid(cells, "image", windows=windows, only=frozenset(met), bare=True), x, y, cell, decimal)
    yield from laid.marks()
    for r, row in enumerate(cells):
        for c, number in enumerate(row):
            cx, cy = laid.centre(r, c)
            runs = runs_of(number, decimal)
            size = min(14.0, FILL * cell / width_of(runs, 1))
            if (r, c) not in met:
                yield Label(cx, cy + 5, runs, size, "muted", "middle")
                continue
            yield Label(cx, cy - 3, runs, size, "ink", "middle")
            times = runs_of(("×\u202f", numbers(met[r, c])), decimal)
            size, data = min(12.0, 0.84 * cell / width_of(times, 1)), room(numbers(met[r, c]), 0.94 * cell)
            yield Label(cx, cy + 15, times, size, "gradient", "middle", data)
    yield from _result(x + laid.width / 2, y + laid.height + 32, variable.quantity, typography, numbers, decimal)


def _result(
    x: float, y: float, gradient: Quantity, typography: Typography, numbers: PassNumbers, decimal: str
) -> Iterator[Mark]:  # fmt: skip
    """∂E/∂f = value, the fraction stacked."""
    partial = typography.name(gradient)
    assert isinstance(partial, Partial)
    above, below = (runs_of(("∂", node), decimal) for node in (partial.of, partial.by))
    bar = max(width_of(above, 14), width_of(below, 14)) + 4
    value = runs_of(("= ", numbers(gradient)), decimal)
    left = x - (bar + 6 + width_of(value, 14)) / 2
    yield Label(left + bar / 2, y - 5, above, 14, "filter", "middle")
    yield Line(((left, y), (left + bar, y)), "bar", 1.0)
    yield Label(left + bar / 2, y + 14, below, 14, "filter", "middle")
    yield Label(left + bar + 6, y + 4, value, 14, "ink")
