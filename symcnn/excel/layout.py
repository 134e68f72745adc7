"""Geometry: columns and heights, the blocks of one pass, and the places of images on Inputs.

A pass shows every tensor of a network as a block of cells, left to right as the data flows. Backward uses the same
layout: each derivative stands where its value stood. A cell's symbol stands right above it (two rows a cell) unless
``strips`` is off. The inputs of a small dense layer stand once more above its weights, each over the weights that
multiply it, with a 1 over the biases.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from symcnn.excel.addresses import Cell, area
from symcnn.network import Network
from symcnn.symbolic import ERROR, Access, Equation, Index, Quantity, Tensor, TensorKind, entries

#: Widths as Excel counts them, and in pixels.
SQUARE, NARROW, MARGIN, BESIDE_MARGIN = 8.0, 4.0, 2.0, 2.6
SQUARE_PIXELS, NARROW_PIXELS = 56, 28

#: Heights in points: a strip with a symbol and its value are 42 together, a square of 56 pixels.
STRIP_HEIGHT, VALUE_HEIGHT, SQUARE_HEIGHT = 16.0, 26.0, 42.0


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


@dataclass(frozen=True)
class TensorCells:
    """A tensor as a grid.

    Attributes:
        column: counts from the left of the band; top: from its first row of cells.
        stack: the height of one map in cells.
        gap: a gap stands before it: it begins a stage.
    """

    tensor: Tensor
    column: int
    stack: int
    top: int = 0
    gap: bool = False

    def place(self, index: Index) -> tuple[int, int]:
        """Row and column of an entry within the band, in cells."""
        row, column = self._place(index)
        return self.top + row, column

    def _place(self, index: Index) -> tuple[int, int]:
        if self.tensor.kind is TensorKind.WEIGHT:  # a row for each neuron, a column for each of its inputs
            flat = 0
            for n, size in zip(index[:-1], self.tensor.shape[:-1], strict=True):
                flat = flat * size + n
            return index[-1], self.column + flat
        *outer, last = (0, 0, 0, *index) if len(self.tensor.shape) != 1 else (0, 0, index[0], 0)
        row = outer[-1]
        if len(self.tensor.shape) == 3:
            row += outer[-2] * self.stack
        if len(self.tensor.shape) == 4:  # filters down, channels across
            row += outer[-3] * self.stack
            last += outer[-2] * (self.tensor.shape[-1] + 1)
        return row, self.column + last

    def area(self, cells: Mapping[Quantity, Cell]) -> str:
        """The smallest range with those of the block's entries that have cells."""
        own = [cells[quantity] for quantity in entries(self.tensor) if quantity in cells]
        rows, columns = [c.row for c in own], [c.column for c in own]
        return area(min(rows), min(columns), max(rows), max(columns))

    @cached_property
    def extent(self) -> tuple[int, int]:
        """Rows and columns that the block takes."""
        # no other is further down, or to the right
        row, column = self.place(tuple(size - 1 for size in self.tensor.shape))
        return 1 + row, 1 + column - self.column


@dataclass(frozen=True)
class Above:
    """The inputs of a dense layer, one over each column of its weights; ``bias``: there is a column of biases, too."""

    source: Tensor
    target: Tensor
    column: int
    bias: bool

    @property
    def width(self) -> int:
        return self.source.size + self.bias


@dataclass(frozen=True)
class Band:
    """All blocks of one image's pass, and the inputs repeated above dense layers' weights."""

    blocks: tuple[TensorCells, ...]
    strips: bool
    above: tuple[Above, ...] = ()

    @property
    def pitch(self) -> int:
        """Sheet rows for one cell."""
        return 2 if self.strips else 1

    @property
    def height(self) -> int:
        """Sheet rows of the whole band, without its title."""
        return self.pitch * max(block.extent[0] for block in self.blocks)

    @property
    def width(self) -> int:
        return max(block.column + block.extent[1] for block in self.blocks)

    def cells(self, block: TensorCells) -> Iterator[tuple[Quantity, int, int]]:
        """quantity, row, column of a block's values, counted from the band's first row and column."""
        for index in block.tensor.indices():
            row, column = block.place(index)
            yield Quantity(block.tensor, index), row * self.pitch + self.pitch - 1, column


def band_of(network: Network, strips: bool = True) -> Band:
    """Image, then for each equation the parameters that it uses and what it gives; at the end target and error."""
    forward = network.forward
    order: list[tuple[Tensor, bool, int]] = [(forward.image, True, 0)]  # a tensor, is there a gap before it, its top
    dense: list[tuple[Tensor, Tensor, Tensor, bool]] = []  # weights, source, target, with a bias
    top = 0
    for equation in forward.equations:
        used = sorted((t for t in _tensors(equation) if t.role in ("parameter", "target")), key=_is_bias)
        weights = next((t for t in used if t.kind is TensorKind.WEIGHT), None)
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
    blocks: list[TensorCells] = []
    column = 0
    for tensor, gap, first in order:
        column += GAP if gap and blocks else 0
        blocks.append(TensorCells(tensor, column, stack, first, gap))
        column += blocks[-1].extent[1]
    columns = {block.tensor: block.column for block in blocks}
    return Band(tuple(blocks), strips, tuple(Above(s, t, columns[w], bias) for w, s, t, bias in dense))


def _is_bias(tensor: Tensor) -> bool:
    return tensor.kind is TensorKind.BIAS


def _tensors(equation: Equation) -> Sequence[Tensor]:
    """The tensors of an equation's right side, in the order in which they are written."""
    factors = (factor for term in equation.terms for factor in term.factors)
    return list(dict.fromkeys(a.tensor for factor in factors for a in sorted(factor.atoms(Access), key=str)))


FIRST_COLUMN = 3
STEP_ROW, IMAGES_ROW = 6, 8

#: Square columns that images may take side by side; and the least from one image to the next, for its label.
SIDE_BY_SIDE, LEAST = 18, 3

#: Of a group of images: its labels above; below the pixels the targets' symbols, the targets, a verdict, a blank row.
ABOVE, BELOW = 1, 4


@dataclass(frozen=True)
class Desk:
    """Cells of Inputs, sheet ``title``; the image after the last one is the reader's own."""

    title: str
    network: Network
    images: int

    @cached_property
    def _block(self) -> TensorCells:
        image = self.network.forward.image
        return TensorCells(image, 0, 1 + image.shape[-2 if len(image.shape) > 1 else -1])

    @property
    def _outputs(self) -> int:
        assert self.network.forward.targets is not None
        return self.network.forward.targets.size

    @property
    def pitch(self) -> int:
        return 1 + max(self._block.extent[1], self._outputs, LEAST)

    @property
    def _group(self) -> int:
        return ABOVE + self._block.extent[0] + BELOW

    def corner(self, image: int) -> Cell:
        """The cell of an image's label, above its pixels."""
        row, column = divmod(image, max(1, SIDE_BY_SIDE // self.pitch))
        return Cell(self.title, IMAGES_ROW + 1 + row * self._group, FIRST_COLUMN + column * self.pitch)

    def pixels(self, image: int) -> dict[Quantity, Cell]:
        corner, block = self.corner(image), self._block
        return {
            Quantity(block.tensor, index): Cell(self.title, corner.row + ABOVE + row, corner.column + column)
            for index in block.tensor.indices()
            for row, column in [block.place(index)]
        }

    @cached_property
    def own_pixels(self) -> dict[Quantity, Cell]:
        """The pixels of the reader's image, to which the formulas of its pass refer."""
        return self.pixels(self.images)

    def outputs(self, image: int) -> list[Cell]:
        """The cells under an image's pixels: its targets, or what the network answers for the reader's."""
        corner = self.corner(image)
        row = corner.row + ABOVE + self._block.extent[0] + 1
        return [Cell(self.title, row, corner.column + n) for n in range(self._outputs)]

    @property
    def settings_row(self) -> int:
        """The row of the title of the settings, below all images."""
        return self.corner(self.images).row + self._group

    def pixel_rows(self) -> Iterator[int]:
        for image in range(self.images + 1):
            top = self.corner(image).row + ABOVE
            yield from range(top, top + self._block.extent[0])
