"""The layout of one pass: every tensor of a network as a block of cells, left to right as the data flows.

Backward uses the same layout: each derivative stands where its value stood. A cell's symbol stands right above it
(two rows a cell) unless ``strips`` is off. The inputs of a small dense layer stand once more above its weights, each
over the weights that multiply it, with a 1 over the biases.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from symcnn.network import Network
from symcnn.symbolic import ERROR, Access, Equation, Index, Quantity, Tensor, TensorKind

#: Blank columns between two stages.
GAP = 1

#: Inputs of a dense layer that are shown once more above its weights.
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

    @cached_property
    def extent(self) -> tuple[int, int]:
        """Rows and columns that the block takes."""
        row, column = self.place(
            tuple(size - 1 for size in self.tensor.shape)
        )  # no other is further down, or to the right
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
    """All blocks of one image's pass, and what is shown again above dense layers' weights."""

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
    stated = network.forward
    order: list[tuple[Tensor, bool, int]] = [(stated.image, True, 0)]  # a tensor, is there a gap before it, its top
    dense: list[tuple[Tensor, Tensor, Tensor, bool]] = []  # weights, source, target, with a bias
    top = 0
    for equation in stated.equations:
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
    stack = 1 + max(
        (t.shape[-2] for t, *_ in order if len(t.shape) >= 3 and t.kind is not TensorKind.WEIGHT), default=0
    )
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
    found: dict[Tensor, None] = {}
    for term in equation.terms:
        for factor in term.factors:
            for access in sorted(factor.atoms(Access), key=str):
                found[access.tensor] = None
    return list(found)
