"""Many cells in little room: maps, filters and their derivatives as pictures without numbers.

Cells of one strength are one path, those side by side one rectangle, and what is 0 is not drawn: a picture of 5,000
cells has some ten kilobytes, and keeps the colours of the page. The hues are those of the other grids.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from symcnn.colours import strength
from symcnn.network import Array
from symcnn.report.figures.grid import TITLE, WIDE, Kind
from symcnn.report.figures.sketch import Cells, Label, Mark, Sketch, Words, runs_of, width_of

#: The steps from 0 to the strongest colour of a cell.
STEPS = 12

#: Sizes of a cell that are tried, the largest first.
SIDES = (20.0, 17.0, 14.0, 12.0, 10.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.5, 3.0, 2.5, 2.0, 1.5, 1.0)

#: How much smaller a cell may be for the sake of one row less.
SHRUNK = 0.75

#: Between two pictures, as a part of their size, at least and at most; how high those of one tensor may be.
GAP, LEAST_GAP, MOST_GAP, HIGH = 0.15, 2.0, 8.0, 180.0

#: Cells that the longer side of a picture has at least, when it is reduced.
LEAST_SIDE = 14

#: Cells of one tensor that are drawn, so that those of all tensors are no more than ``ALL_CELLS``.
MOST_CELLS, ALL_CELLS = (8_000, 6_000, 4_000, 3_000, 2_000, 1_500, 1_000, 500, 200), 45_000


#: Left, top, right, bottom.
_Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Heat:
    """The pictures of one tensor, in one scale of colours.

    Attributes:
        values: (pictures, rows, columns).
        title: over them.
        kind: as of a ``Grid``.
        across: how many stand side by side; 0: as many as fit.
        reach: the size of the strongest colour; None: the largest of these.
        beside: it stands beside the one before it, where there is room.
    """

    values: Array
    title: Words = ""
    kind: Kind = "signed"
    across: int = 0
    reach: float | None = None
    beside: bool = False


def matrices(values: Array) -> tuple[Array, int]:
    """A tensor's values as pictures, and how many of them belong side by side.

    A map a picture; of filters with several channels a row for each channel, a column for each filter, and where each
    has one cell a single picture of all; neurons in rows of at most 60.
    """
    if values.ndim < 2:
        columns = min(values.size, 60)
        padded = np.full(math.ceil(values.size / columns) * columns, np.nan)
        padded[: values.size] = values.ravel()
        return padded.reshape(1, -1, columns), 1
    if values.ndim == 2:
        return values[None], 1
    if values.ndim == 3:
        return values, 0
    filters, channels, *window = values.shape
    if window == [1, 1]:
        return values.reshape(1, filters, channels).swapaxes(1, 2), 1
    return values.swapaxes(0, 1).reshape(channels * filters, *window), filters


def most_cells(sizes: Sequence[int]) -> int:
    """How many cells of each tensor are drawn, in a document that draws tensors of these sizes."""
    fit = (most for most in MOST_CELLS if sum(min(size, most) for size in sizes) <= ALL_CELLS)
    return next(fit, MOST_CELLS[-1])


def most_pictures(values: Array, across: int, cells: int) -> int:
    """How many of the pictures are drawn, with at most so many cells; of a table of filters whole rows."""
    found = max(1, cells // int(values[0].size))
    if len(values) <= found:
        return len(values)
    return max(across, found // across * across) if across and found >= across else found


def heats(items: Sequence[Heat], decimal: str, title: str = "") -> Sketch:
    """Pictures of tensors, one tensor under the other, or beside it."""
    marks, x, top, bottom, right = list[Mark](), 3.0, 3.0, 3.0, 0.0
    for item in items:
        side, across = _layout(item)
        gap = _gap(item, side)
        _, rows, columns = item.values.shape
        runs = runs_of(item.title, decimal)
        width = max(across * (columns * side + gap) - gap, width_of(runs, TITLE) * 1.05)
        if not item.beside or x + width > WIDE - 3:
            x, top = 3.0, bottom
        first = top + 20 if item.title else top
        frames, cells = list[_Box](), dict[int, list[_Box]]()
        if item.title:
            marks.append(Label(x, top + 12, runs, TITLE, "muted"))
        for n, picture in enumerate(item.values):
            left, y = x + n % across * (columns * side + gap), first + n // across * (rows * side + gap)
            frames.append((left, y, left + columns * side, y + rows * side))
            for level, box in _runs(_levels(picture, item), left, y, side):
                cells.setdefault(level, []).append(box)
        for level, boxes in sorted(cells.items()):
            look = "grey" if item.kind == "image" else "positive" if level > 0 else "negative"
            marks.append(Cells(tuple(boxes), f"{look} joined", strength(level, STEPS)))
        marks.append(Cells(tuple(frames), "thin"))
        bottom = max(bottom, first + math.ceil(len(item.values) / across) * (rows * side + gap) + MOST_GAP)
        right, x = max(right, x + width), x + width + 3 * MOST_GAP
    return Sketch(min(WIDE, right + 3), bottom, tuple(marks), title)


def _layout(item: Heat) -> tuple[float, int]:
    """The size of a cell, and how many pictures stand side by side: the largest that are not too high.

    A little smaller ones are taken where one row less holds them.
    """
    count, rows, columns = map(int, item.values.shape)

    def fit(side: float) -> int:
        gap = _gap(item, side)
        return max(1, int((WIDE - 6 + gap) // (columns * side + gap)))

    def lines(side: float) -> int:
        return math.ceil(count / min(item.across or fit(side), count))

    def fits(side: float) -> bool:
        is_low = lines(side) * (rows * side + _gap(item, side)) <= HIGH
        return is_low and min(item.across, count) <= fit(side) and columns * side <= WIDE - 6

    largest = next(filter(fits, SIDES), SIDES[-1])
    side = min((s for s in SIDES if SHRUNK * largest <= s <= largest), key=lines)
    return side, min(item.across or fit(side), count, fit(side))


def _gap(item: Heat, side: float) -> float:
    _, rows, columns = item.values.shape
    return float(min(MOST_GAP, max(LEAST_GAP, GAP * side * max(rows, columns))))


def _runs(levels: Array, left: float, top: float, side: float) -> Iterator[tuple[int, _Box]]:
    """The cells of each strength but 0, those side by side as one."""
    for r, row in enumerate(levels.tolist()):
        for level, group in groupby(enumerate(row), key=lambda cell: cell[1]):
            columns = [c for c, _ in group]
            if level:
                x, y = left + columns[0] * side, top + r * side
                yield level, (x, y, x + len(columns) * side, y + side)


def _levels(picture: Array, item: Heat) -> Array:
    """Each cell's step: of an image from its least value on, else from 0; what is no number is blank."""
    values = np.nan_to_num(picture)
    if item.kind == "image":
        least, most = float(np.nanmin(item.values)), float(np.nanmax(item.values))
        return np.rint((values - least) / ((most - least) or 1) * STEPS).astype(int)
    reach = item.reach or float(np.nanmax(np.abs(item.values))) or 1.0
    # what is not 0 is seen, however small
    return (np.sign(values) * np.ceil(np.abs(values) / reach * STEPS * (1 - 1e-12))).astype(int)


def reduced(values: Array, cells: int) -> Array:
    """Pictures that have too many cells, with the mean of each block as one cell, as long as they can be recognised."""
    sizes = range(1, max(1, max(values.shape[1:]) // LEAST_SIDE) + 1)
    block = next((b for b in sizes if _after(values, b).size <= cells), sizes[-1])
    return _after(values, block)


def _after(values: Array, block: int) -> Array:
    if block == 1:
        return values
    count, rows, columns = values.shape
    padded = np.full((count, -rows % block + rows, -columns % block + columns), np.nan)
    padded[:, :rows, :columns] = values
    blocks = padded.reshape(count, padded.shape[1] // block, block, padded.shape[2] // block, block)
    return np.asarray(np.nanmean(blocks, axis=(2, 4)))
