"""Geometry: columns, the blocks of one pass, and the places of images on Inputs.

A pass shows every tensor of a network as a block of cells (blocks.py), left to right as the data flows. Backward uses
the same layout: each derivative stands where its value stood. A cell's symbol stands right above it (two rows a cell)
unless ``strips`` is off. The inputs of a small dense layer stand once more above its weights, each over the weights
that multiply it, with a 1 over the biases.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from symcnn.network import Network
from symcnn.symbolic import ERROR, Equation, Quantity, Tensor, TensorKind, entries
from symcnn.workbook.addresses import Cell
from symcnn.workbook.blocks import Placement, Step, first_of, weight_steps

#: The widths of columns, in pixels.
SQUARE_PIXELS, NARROW_PIXELS = 56, 28


@dataclass(frozen=True)
class Columns:
    """The columns from ``first`` on; ``gaps`` are narrow."""

    first: int
    gaps: frozenset[int]

    def pixels(self, column: int) -> int:
        return NARROW_PIXELS if column in self.gaps else SQUARE_PIXELS

    def room(self, start: int, end: int) -> int:
        """Pixels from the left of one column to the left of another."""
        return sum(self.pixels(c) for c in range(start, end))

    def after(self, start: int, pixels: float) -> int:
        """The first square column that begins at least so far right of ``start``."""
        column, room = start, 0
        while room < pixels or column in self.gaps:
            room += self.pixels(column)
            column += 1
        return column

    def run(self, start: int, count: int) -> list[int]:
        """The first square columns from ``start`` on that stand side by side."""
        while self.gaps & set(range(start, start + count)):
            start += 1
        return list(range(start, start + count))

    def squares(self, start: int) -> Iterator[int]:
        """Square columns from ``start`` on."""
        column = start
        while True:
            if column not in self.gaps:
                yield column
            column += 1


#: Blank columns between two stages.
GAP = 1

#: The most inputs of a dense layer that are repeated above its weights.
MAX_ABOVE = 40


def cells_of(place: Placement) -> dict[Quantity, Cell]:
    """Entry -> its cell."""
    cells = (Cell(place.sheet, row, column) for row, column in place.cells())
    return dict(zip(entries(place.tensor), cells, strict=True))


def _moved(place: Placement, sheet: str, row: int, column: int) -> Placement:
    return replace(place, sheet=sheet, origins=place.origins + np.array((row, column)))


def _steps(tensor: Tensor, stack: int) -> tuple[Step, ...]:
    """How far the next entry is, axis by axis.

    Weights have a row for each neuron and a column for each of its inputs. Maps and filters stand one below the other,
    the channels of a filter side by side.

    Args:
        stack: rows from one map to the next.
    """
    shape = tensor.shape
    if tensor.kind is TensorKind.WEIGHT:
        return weight_steps(tensor)
    if len(shape) == 1:
        return ((1, 0),)
    across = ((0, shape[-1] + 1),) if len(shape) == 4 else ()
    return ((stack, 0), *across, (1, 0), (0, 1))[-len(shape) :] if shape else ()


@dataclass(frozen=True)
class Above:
    """The inputs of a dense layer, one over each column of its weights; ``bias``: there is a column of biases, too."""

    inputs: Placement
    target: Tensor
    bias: bool

    @property
    def area(self) -> tuple[int, int, int, int]:
        """First row, first column, last row, last column; with the column of biases."""
        top, left, bottom, right = self.inputs.area(())
        return top, left, bottom, right + self.bias


@dataclass(frozen=True)
class Band:
    """All blocks of one image's pass, and the inputs repeated above dense layers' weights.

    Attributes:
        blocks: of all tensors, first the image's; it begins in the band's first row and column.
        stages: the blocks that begin a stage: there is a narrow column before them.
        pitch: rows for one cell: 2 where its symbol stands above it.
    """

    blocks: tuple[Placement, ...]
    stages: tuple[Placement, ...]
    above: tuple[Above, ...]
    pitch: int

    @property
    def height(self) -> int:
        """Rows of the whole band, without its title."""
        return self.pitch + max(block.area(())[2] for block in self.blocks) - self.blocks[0].area(())[0]

    @property
    def width(self) -> int:
        return 1 + max(block.area(())[3] for block in self.blocks) - self.blocks[0].area(())[1]

    @property
    def gaps(self) -> list[int]:
        """The narrow columns: before all stages but the first."""
        return [block.area(())[1] - 1 for block in self.stages[1:]]

    def at(self, sheet: str, row: int) -> "Band":
        """The band on a sheet, with its first row of cells there."""
        blocks = {block: _moved(block, sheet, row, 0) for block in self.blocks}
        above = (replace(a, inputs=_moved(a.inputs, sheet, row, 0)) for a in self.above)
        return Band(tuple(blocks.values()), tuple(blocks[b] for b in self.stages), tuple(above), self.pitch)

    def cells(self) -> dict[Quantity, Cell]:
        """Every quantity of the pass -> its cell."""
        return {q: cell for block in self.blocks for q, cell in cells_of(block).items()}


def band_of(network: Network, first: int, strips: bool = True) -> Band:
    """Image, then for each equation the parameters that it uses and what it gives; at the end target and error.

    Args:
        first: its first column; its rows count from 0.
        strips: are there rows for symbols?
    """
    forward = network.forward
    order: list[tuple[Tensor, bool, int]] = [(forward.image, True, 0)]  # a tensor, is there a gap before it, its top
    dense: list[tuple[Tensor, Tensor, Tensor, bool]] = []  # weights, source, target, with a bias
    top = 0
    for equation in forward.equations:
        used = sorted((t for t in _tensors(equation) if t.role in ("parameter", "target")), key=_is_bias)
        weights = first_of(TensorKind.WEIGHT, used)
        if weights is not None:
            source = next(t for t in _tensors(equation) if t.role in ("value", "image"))
            top = 1 if strips and source.size <= MAX_ABOVE else 0
            if top:
                dense.append((weights, source, equation.target.tensor, any(map(_is_bias, used))))
        order += [(tensor, n == 0, top) for n, tensor in enumerate(used)]
        elementwise = len(equation.axes) == 1 and not used and not any(term.axes for term in equation.terms)
        order.append((equation.target.tensor, not elementwise and equation.target.tensor != ERROR, top))
    maps = (t for t, *_ in order if len(t.shape) >= 3 and t.kind is not TensorKind.WEIGHT)
    stack = 1 + max((t.shape[-2] for t in maps), default=0)
    pitch = 2 if strips else 1
    blocks: list[Placement] = []
    stages: list[Placement] = []
    column = first
    for tensor, gap, top in order:
        column += GAP if gap and blocks else 0
        origin = np.array((pitch * (top + 1) - 1, column))
        steps = tuple((pitch * down, right) for down, right in _steps(tensor, stack))
        block = Placement(tensor, "", origin, steps)
        blocks.append(block)
        stages += [block] if gap else []
        column = 1 + block.area(())[3]
    at = {block.tensor: block for block in blocks}
    rows = (Placement(s, "", at[w].origins - np.array((pitch, 0)), at[w].steps[:-1]) for w, s, _, _ in dense)
    above = (Above(row, target, bias) for row, (_, _, target, bias) in zip(rows, dense, strict=True))
    return Band(tuple(blocks), tuple(stages), tuple(above), pitch)


def _is_bias(tensor: Tensor) -> bool:
    return tensor.kind is TensorKind.BIAS


def _tensors(equation: Equation) -> Sequence[Tensor]:
    """The tensors of an equation's right side, in the order in which they are written."""
    return list(dict.fromkeys(access.tensor for access in equation.accesses))


FIRST_COLUMN = 3
STEP_ROW, IMAGES_ROW = 6, 8

#: Square columns that images may take side by side; and the least from one image to the next, for its label.
SIDE_BY_SIDE, LEAST = 18, 3

#: Of a group of images: its labels above; below the pixels the targets' symbols, the targets, a verdict, a blank row.
ABOVE, BELOW = 1, 4


class Desk:
    """Cells of Inputs, sheet ``title``; the image after the last one is the reader's own.

    Attributes:
        pitch: columns from one image to the next.
        own_pixels: of the reader's image, to which the formulas of its pass refer.
        settings_row: of the title of the settings, below all images.
    """

    def __init__(self, title: str, network: Network, images: int) -> None:
        image, targets = network.forward.image, network.forward.targets
        assert targets is not None  # there is a loss
        self.title, self.images, self._outputs = title, images, targets.size
        steps = _steps(image, 1 + image.shape[-2 if len(image.shape) > 1 else -1])
        self._pixels = Placement(image, title, np.array((ABOVE, 0)), steps)  # below a label in the sheet's corner
        (_, bottom), (_, right) = self._pixels.extents
        self._rows, self._group = 1 + bottom, ABOVE + 1 + bottom + BELOW
        self.pitch = 1 + max(1 + right, self._outputs, LEAST)
        self.own_pixels = self.pixels(images)
        self.settings_row = self.corner(images).row + self._group

    def corner(self, image: int) -> Cell:
        """The cell of an image's label, above its pixels."""
        row, column = divmod(image, max(1, SIDE_BY_SIDE // self.pitch))
        return Cell(self.title, IMAGES_ROW + 1 + row * self._group, FIRST_COLUMN + column * self.pitch)

    def pixels(self, image: int) -> dict[Quantity, Cell]:
        corner = self.corner(image)
        return cells_of(_moved(self._pixels, self.title, corner.row, corner.column))

    def outputs(self, image: int) -> list[Cell]:
        """The cells under an image's pixels: its targets, or what the network answers for the reader's."""
        corner = self.corner(image)
        row = corner.row + ABOVE + self._rows + 1
        return [Cell(self.title, row, corner.column + n) for n in range(self._outputs)]

    def pixel_rows(self) -> Iterator[int]:
        for image in range(self.images + 1):
            top = self.corner(image).row + ABOVE
            yield from range(top, top + self._rows)
