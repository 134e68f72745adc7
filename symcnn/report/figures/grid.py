"""Matrices of numbers as cells: images in greys, signed values in two hues, a number in each cell.

Which cells of an image a filter's weight meets, read from the derivation's products.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from symcnn.colours import strength
from symcnn.derivation import Derivation, Variable
from symcnn.formula.tree import Key, Number
from symcnn.report.figures.sketch import FILL, Data, Label, Mark, Rect, Sketch, Words, runs_of, width_of
from symcnn.symbolic import Access, Equation, Index, Quantities, Quantity, Tensor, entries, quantity_of

Kind = Literal["image", "signed", "plain"]

#: Of an image's darkest pixel.
DARKEST = 0.42
TEXT, TITLE, SIGN = 13.0, 13.5, 17.0
GAP, MARGIN = 16.0, 3.0
#: Of a drawing on a page, and on a phone.
WIDE, NARROW = 720.0, 360.0


@dataclass(frozen=True)
class PassNumbers:
    """The values of one image's pass, as numbers that know their keys.

    Args:
        derivation: whose quantities these are.
        values: a quantity's name ("x_12", "f_11", "dE_dx_11") -> its value, of one image.
        image: which, from 1.
        digits: significant digits shown.
    """

    derivation: Derivation
    values: Mapping[str, float]
    image: int = 1
    digits: int = 3

    def __call__(self, quantity: Quantity) -> Number:
        return Number(self.values[quantity.name], self.digits, self.key(quantity))

    def key(self, quantity: Quantity) -> Key:
        return quantity.of_image(self.image)


@dataclass(frozen=True)
class Window:
    """A frame around cells: rows and columns from 0, and how many; ``on``: shown when one of these is touched."""

    row: int
    column: int
    rows: int = 1
    columns: int = 1
    on: tuple[Quantity, ...] = ()


@dataclass(frozen=True)
class Grid:
    """Cells with numbers.

    Attributes:
        numbers: rows of numbers.
        kind: "image": greys from the least to the greatest value; "signed": one hue above 0, one below; "plain".
        title, below: written over and under it.
        windows: frames.
        reach: the value of the strongest colour; None: the largest of the grid.
        on: cell (row, column) -> what lights it up.
        only: of an image, the cells that are shaded; None: all.
        bare: no numbers are written: cells too small, or not wanted.
    """

    numbers: tuple[tuple[Number, ...], ...]
    kind: Kind = "signed"
    title: Words = ""
    below: tuple[Words, ...] = ()
    windows: tuple[Window, ...] = ()
    reach: float | None = None
    on: Mapping[tuple[int, int], tuple[Key, ...]] | None = None
    only: frozenset[tuple[int, int]] | None = None
    bare: bool = False

    @property
    def rows(self) -> int:
        return len(self.numbers)

    @property
    def columns(self) -> int:
        return len(self.numbers[0])

    @property
    def values(self) -> list[float]:
        return [number.value for row in self.numbers for number in row]


def grid_of(array: Any, digits: int | None = None, **settings: Any) -> Grid:
    """A grid of (rows, columns) values that never change; ``settings`` as in :class:`Grid`."""
    rows = tuple(tuple(Number(float(value), digits) for value in row) for row in array)
    return Grid(rows, **settings)


def grid_of_tensor(tensor: Tensor, numbers: PassNumbers, at: tuple[int, ...] = (), **settings: Any) -> Grid:
    """A grid of a tensor's values: its last two axes, at an index of those before; neurons are one column."""
    shape = tensor.shape[len(at) :]
    rows, columns = shape if len(shape) == 2 else (shape[0] if shape else 1, 1)
    quantities = [[quantity_of(tensor, (*at, *((r, c) if len(shape) == 2 else (r,) if shape else ())))
                   for c in range(columns)] for r in range(rows)]  # fmt: skip
    if tensor.role == "image":
        cells = tuple(tuple(Number(numbers.values[q.name]) for q in row) for row in quantities)
        settings.setdefault("kind", "image")
    else:
        cells = tuple(tuple(map(numbers, row)) for row in quantities)
    return Grid(cells, **settings)


@dataclass(frozen=True)
class PlacedGrid:
    """A grid at a place, with the size of its cells; ``size``: of the numbers, if not what fits."""

    grid: Grid
    x: float
    y: float
    cell: float
    decimal: str
    size: float = 0

    @property
    def width(self) -> float:
        return self.grid.columns * self.cell

    @property
    def height(self) -> float:
        return self.grid.rows * self.cell

    def centre(self, row: int, column: int) -> tuple[float, float]:
        return self.x + (column + 0.5) * self.cell, self.y + (row + 0.5) * self.cell

    def marks(self) -> Iterator[Mark]:
        grid = self.grid
        size = self.size or self.text_size()
        for r, row in enumerate(grid.numbers):
            for c, number in enumerate(row):
                yield self._cell(r, c, number)
        for r, row in enumerate(grid.numbers):
            for c, number in enumerate(row):
                if not grid.bare:
                    x, y = self.centre(r, c)
                    runs = runs_of(number, self.decimal)
                    yield Label(x, y + 0.35 * size, runs, size, "ink", "middle", room(number, 0.94 * self.cell))
        yield from map(self._frame, grid.windows)
        middle = self.x + self.width / 2
        if grid.title:
            yield Label(middle, self.y - 9, runs_of(grid.title, self.decimal), TITLE, "muted", "middle")
        for n, line in enumerate(grid.below):
            yield Label(middle, self.y + self.height + 19 + 18 * n, runs_of(line, self.decimal), TITLE, "ink", "middle")

    def text_size(self) -> float:
        """One size for all numbers: the widest fits its cell."""
        runs = [runs_of(number, self.decimal) for row in self.grid.numbers for number in row]
        widest = max((width_of(r, 1) for r in runs), default=1)
        return min(TEXT, FILL * self.cell / widest, 0.6 * self.cell)

    def _cell(self, row: int, column: int, number: Number) -> Rect:
        grid = self.grid
        lit = (grid.on or {}).get((row, column), ())
        data: Data = (("data-on", " ".join(map(str, lit))),) if lit else ()
        x, y = self.x + column * self.cell, self.y + row * self.cell
        look, opacity = "empty", None
        if grid.kind == "image":
            least, most = min(grid.values), max(grid.values)
            dark = grid.only is None or (row, column) in grid.only
            look, opacity = "grey", DARKEST * (number.value - least) / ((most - least) or 1) * dark
        elif grid.kind == "signed":
            look, opacity = "negative" if number.value < 0 else "positive", strength(number.value, self.scale)
            if number.key:
                data = (("data-heat", number.key), ("data-hue", "signed"), ("data-scale", f"{self.scale:.6g}"), *data)
        return Rect(x, y, self.cell, self.cell, f"{look} cell", opacity, data=data)

    @property
    def scale(self) -> float:
        return self.grid.reach or max(map(abs, self.grid.values)) or 1.0

    def _frame(self, window: Window) -> Rect:
        x, y = self.x + window.column * self.cell, self.y + window.row * self.cell
        data: Data = (("data-on", " ".join(map(str, window.on))),) if window.on else ()
        look = "window" if window.on else "frame"
        return Rect(x, y, window.columns * self.cell, window.rows * self.cell, look, data=data)


def room(number: Number, width: float) -> Data:
    """How wide a number may become when a script changes it."""
    return (("data-room", f"{width:.0f}"),) if number.key else ()


def grids(
    items: Sequence[Grid | Words], decimal: str, title: str = "", *, cell: float = 44, narrow: bool = False
) -> Sketch:
    """Grids in a row, with signs and words between them: I, "∗", F, "=", X.

    Args:
        items: grids, and what stands between them.
        cell: the largest size of a cell; smaller where the row would be wider than the drawing.
        narrow: for a phone, on several rows where need be.
    """
    width, least = (NARROW, 22.0) if narrow else (WIDE, 8.0)
    sizes = [size for n in range(20) if (size := cell * 0.92**n) > least]
    side = next((s for s in sizes if _along(items, s, decimal) <= width - 2 * MARGIN), least)
    return rows([items], decimal, width, lambda _: side, title)


def rows(
    lines: Sequence[Sequence[Grid | Words]], decimal: str, width: float,
    cell: Callable[[Sequence[Grid | Words]], float], title: str,
) -> Sketch:  # fmt: skip
    """Rows of grids and signs, one under the other, broken where they are wider than the drawing.

    Args:
        cell: the size of a row's cells.
    """
    marks, y, right = list[Mark](), MARGIN, 0.0
    for line in [part for whole in lines for part in _broken(whole, decimal, width - 2 * MARGIN, cell)]:
        found = [item for item in line if isinstance(item, Grid)]
        side = cell(line)
        y += 22 if any(grid.title for grid in found) else 0
        height = max((grid.rows * side for grid in found), default=24)
        x = MARGIN
        for item in line:
            room = room_of(item, side, decimal)
            if isinstance(item, Grid):
                left = x + (room - item.columns * side) / 2
                marks += PlacedGrid(item, left, y + (height - item.rows * side) / 2, side, decimal).marks()
            else:
                marks.append(Label(x, y + height / 2 + 5, runs_of(item, decimal), SIGN, "ink"))
            x += room + GAP
        right = max(right, x - GAP)
        below = max((len(grid.below) for grid in found), default=0)
        y += height + 22 + 18 * below
    # a little more than we measured: a viewer's font may be wider
    return Sketch(min(width, right * 1.04 + MARGIN), y - 22 + MARGIN, tuple(marks), title)


def _broken(
    row: Sequence[Grid | Words], decimal: str, width: float, cell: Callable[[Sequence[Grid | Words]], float]
) -> Iterator[list[Grid | Words]]:
    """A row on as many lines as it needs; a sign goes with the grid that follows it."""
    line, used, side = list[Grid | Words](), 0.0, cell(row)
    for item in row:
        needs = room_of(item, side, decimal)
        if line and used + needs > width:
            last = [line.pop()] if not isinstance(line[-1], Grid) and isinstance(item, Grid) else []
            yield line
            line, used = last, sum(room_of(sign, side, decimal) + GAP for sign in last)
        line.append(item)
        used += needs + GAP
    yield line


def room_of(item: Grid | Words, side: float, decimal: str) -> float:
    """How wide a grid with its words, or a sign, is."""
    if not isinstance(item, Grid):
        return width_of(runs_of(item, decimal), SIGN)
    words = [width_of(runs_of(line, decimal), TITLE) for line in (item.title, *item.below)]
    return max(item.columns * side, *words)


def _along(items: Sequence[Grid | Words], side: float, decimal: str) -> float:
    return sum(room_of(item, side, decimal) for item in items) + GAP * (len(items) - 1)


def framed(grid: Grid, *windows: Window) -> Grid:
    """The same grid with frames."""
    return replace(grid, windows=(*grid.windows, *windows))


def pairs_of(variable: Variable, quantities: Quantities) -> list[tuple[Quantity, Quantity]]:
    """The products of a ∂E/∂f: (cell that the weight met, the adjoint it is multiplied by)."""
    found = []
    for factors in variable.products:
        both = {q.is_adjoint: q for q in (quantities.of(factor) for factor in factors if factor.is_Symbol)}
        found.append((both[False], both[True]))
    return found


def source_of(derivation: Derivation, weights: Tensor) -> Tensor:
    """What a filter slides over."""
    [read] = [tensors for equation in derivation.forward if weights in (tensors := _read(equation))]
    return next(tensor for tensor in read if tensor.role != "parameter")


def around(cells: Sequence[Index], on: tuple[Quantity, ...] = ()) -> Window:
    """The frame around cells, by their last two indices."""
    rows, columns = ([index[axis] for index in cells] for axis in (-2, -1))
    return Window(min(rows), min(columns), max(rows) - min(rows) + 1, max(columns) - min(columns) + 1, on)


def window_of(derivation: Derivation, image: Tensor, at: tuple[int, ...]) -> Iterator[Window]:
    """On one channel of the image: the window of the first cell of the map that it makes, then for each weight of its
    first filter the cells that it meets, to be shown when the weight is touched."""
    graph, quantities = derivation.graph, derivation.quantities
    makers = [e for e in derivation.forward if any(image == t for t in _read(e))]
    maps = [e.target.tensor for e in makers if e.target.tensor in derivation.network.forward.feature_maps]
    if not maps:
        return
    met = map(quantities.of, graph[next(entries(maps[0]))].symbols())
    here = [cell.index for cell in met if cell.tensor == image and cell.index[:-2] == at]
    if here:
        yield around(here)
    filters = [t for e in makers for t in _read(e) if t.role == "parameter" and len(t.shape) >= 2]
    for weight in entries(filters[0]):
        if any(weight.index[:-3]):
            continue
        cells = (cell.index for cell, _ in pairs_of(graph[weight.adjoint], quantities))
        here = [index for index in cells if index[:-2] == at]
        if here:
            yield around(here, (weight,))


def _read(equation: Equation) -> list[Tensor]:
    return [a.tensor for t in equation.terms for f in t.factors for a in sorted(f.atoms(Access), key=str)]
