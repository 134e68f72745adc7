"""The cells of a workbook with a sheet for each layer: blocks of cells, each named after a tensor.

x_3_image1     rows and columns of the third map      fb_3_2     a slice of a filter      b_x_3      one cell
h_image1       a row or a column of neurons           w_pbh      weights: a row for each neuron, its inputs side by side
dE_dx_3_image1, dE_dw_pbh     the same of ∂E/∂           next_fb_3_2, learning_rate     one step of gradient descent
given_x_3_image1              numbers, where the layer is left out

A name fixes the leading axes of its tensor, 1-based; the block holds the other axes. The names are made from the
network and looked up, never guessed from their text. Every entry has a number, by which formulas are compared.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray
from sympy import S, Symbol

from symcnn.derivation import Derivation
from symcnn.errors import InputError
from symcnn.network import Network
from symcnn.printers.cells import Place, Range, written
from symcnn.symbolic import Access, Axis, Equation, Index, Tensor, TensorKind, Term, is_numbered, symbol
from symcnn.workbook.check.result import Mismatch
from symcnn.workbook.check.xlsx_reader import MAX_NAMES, XlsxContent

Numbers = NDArray[np.int64]

#: Before the name of a computed quantity that is there as a number.
GIVEN = "given_"

#: The learning rate as a tensor of one entry.
RATE = Tensor("learning_rate", (), (("learning_rate", 0),), "parameter")


@dataclass(frozen=True)
class NamedBlock:
    """The cells of a name.

    Attributes:
        fixed: the leading axes that it fixes, from 0.
    """

    name: str
    tensor: Tensor
    fixed: Index
    target: Range

    @property
    def cells(self) -> tuple[Numbers, Numbers, Numbers] | None:
        """Row, column and flat place in the tensor of every cell; None: the block has another shape."""
        shape, (height, width) = self.tensor.shape[len(self.fixed) :], self.target.shape
        first = self.tensor.flat((*self.fixed, *(0,) * len(shape)))
        count = int(np.prod(shape, dtype=np.int64))
        flat: Numbers = first + np.arange(count)
        if self.tensor.kind is TensorKind.WEIGHT and not self.fixed and len(shape) > 1:
            flat = flat.reshape(-1, shape[-1]).T
        elif len(shape) == 2:
            flat = flat.reshape(shape)
        else:
            flat = flat.reshape((1, count) if height == 1 else (count, 1))
        if flat.shape != (height, width):
            return None
        rows, columns = np.indices(flat.shape).reshape(2, -1)
        return rows + self.target.first.row, columns + self.target.first.column, flat.ravel()


class LayerCells:
    """The blocks of one workbook, for one network.

    Attributes:
        equations: tensor -> the equation of its entries: forward, adjoints in gather form, one step.
        offsets: tensor -> the number of its first entry.
        mismatches: names that are missing or point elsewhere.
    """

    def __init__(self, network: Network, package: XlsxContent, path: str) -> None:
        self.network, self.package, self.path = network, package, path
        self.derivation = Derivation(network, 1)
        forward = network.forward
        assert forward.targets is not None  # there is a loss
        self.inputs = (forward.image, forward.targets, *forward.parameters, RATE)
        steps = (_step(p) for p in forward.parameters)
        self.equations = {e.target.tensor: e for e in (*self.derivation.equations, *steps)}
        self.offsets: dict[Tensor, int] = {}
        self.count = 0
        for tensor in (*self.inputs, *self.equations):
            self.offsets[tensor] = self.count
            self.count += tensor.size
        self._tensors, self._firsts = [*self.offsets], [*self.offsets.values()]
        self.mismatches: list[Mismatch] = []

    # --- names ------------------------------------------------------------------------------------------------------

    def names(self, tensor: Tensor) -> Iterator[tuple[str, Index]]:
        """Yield every name that a block of a tensor may have, and the axes that it fixes."""
        image = "" if tensor.is_shared else "_image1"
        for fixed in range(len(tensor.shape) + 1):
            leading = tensor.shape[:fixed]
            if np.prod(leading, dtype=np.int64) > MAX_NAMES:
                return
            for index in product(*map(range, leading)):
                yield "_".join([tensor.name, *(str(n + 1) for n in index)]) + image, index

    @cached_property
    def blocks(self) -> dict[Tensor, list[NamedBlock]]:
        """The blocks of every tensor that has some."""
        blocks: dict[Tensor, list[NamedBlock]] = {}
        for tensor in (*self.inputs, *self.equations):
            for name, index in self.names(tensor):
                for one in (name, f"{GIVEN}{name}"):
                    target = self.package.names.get(one.lower())
                    if target is not None:
                        area = target if isinstance(target, Range) else Range(target, target)
                        blocks.setdefault(tensor, []).append(NamedBlock(one, tensor, index, area))
        return blocks

    @cached_property
    def given(self) -> frozenset[Tensor]:
        """Computed quantities that stand there as numbers: their layer is left out."""
        return frozenset(t for t, blocks in self.blocks.items() if any(b.name.startswith(GIVEN) for b in blocks))

    @property
    def is_layer_workbook(self) -> bool:
        """Whether blocks of cells, and not single ones, have the names of this network's tensors."""
        return any(block.target.shape != (1, 1) for blocks in self.blocks.values() for block in blocks)

    def check(self) -> None:
        """Refuse a workbook of another network.

        Raises:
            InputError: a tensor has blocks of another size, or a block has the name of no tensor.
        """
        named = {block.name.lower() for blocks in self.blocks.values() for block in blocks}
        foreign = next((name for name in self.package.names if is_numbered(name) and name not in named), None)
        if foreign is not None:
            raise self._other(f"{foreign} is no quantity")
        for tensor, blocks in self.blocks.items():
            wrong = [block.name for block in blocks if block.cells is None]
            if wrong:
                size = "×".join(map(str, tensor.shape)) or "a single cell"
                raise self._other(f"the cells named {wrong[0]} are no part of {tensor.name} ({size})")

    def _other(self, reason: str) -> InputError:
        return InputError(
            f"{self.path}: {reason}: not the workbook of this network ({len(self.network.parameters)} parameters);"
            " expected symcnn verify --workbook FILE.xlsx NETWORK.toml with the network that it was made from"
        )

    # --- entries ----------------------------------------------------------------------------------------------------

    @cached_property
    def entries(self) -> dict[Place, int]:
        """Cell -> the number of the entry that it holds; what is missing or twice is a mismatch."""
        entries: dict[Place, int] = {}
        for tensor, blocks in self.blocks.items():
            covered = np.zeros(tensor.size, dtype=np.int64)
            for block in blocks:
                sheet, cells = block.target.first.sheet or "", block.cells
                if cells is None or sheet not in self.package.sheets:
                    self._add(block.name, block.target, f"{tensor.name} {'×'.join(map(str, tensor.shape))}")
                    continue
                rows, columns, flat = cells
                covered[flat] += 1
                numbers = (self.offsets[tensor] + flat).tolist()
                for row, column, number in zip(rows.tolist(), columns.tolist(), numbers, strict=True):
                    before = entries.setdefault((sheet, row, column), number)
                    if before != number:
                        self._add(block.name, block.target, f"{written((sheet, row, column))}: {self.name(before)}")
                        break
            for flat_place in np.flatnonzero(covered != 1)[:1].tolist():
                name = tensor.scalar(tuple(int(n) for n in np.unravel_index(flat_place, tensor.shape)))
                self.mismatches.append(Mismatch(tensor.name, name, "" if not covered[flat_place] else name, name))
        return entries

    def _add(self, name: str, target: Range, right: str) -> None:
        first, last = target.first, target.last
        sheet = first.sheet or ""
        area = f"{written((sheet, first.row, first.column))}:{written((sheet, last.row, last.column), sheet)}"
        self.mismatches.append(Mismatch(name, name, area, right))

    def tensor(self, number: int) -> Tensor:
        """Return the tensor of an entry."""
        return self._tensors[bisect_right(self._firsts, number) - 1]

    def locate(self, number: int) -> tuple[Tensor, Index]:
        """Return the tensor and the index of an entry."""
        tensor = self.tensor(number)
        return tensor, tuple(int(n) for n in np.unravel_index(number - self.offsets[tensor], tensor.shape))

    def symbol(self, number: int) -> Symbol:
        """Return the symbol of an entry, in expressions for one image."""
        tensor, index = self.locate(number)
        return symbol(tensor.scalar(index))

    def name(self, number: int) -> str:
        """Return the name of an entry, as single cells are called: ``dE_dx_311_image1``."""
        tensor, index = self.locate(number)
        return tensor.scalar(index) + ("" if tensor.is_shared else "_image1")


def _step(parameter: Tensor) -> Equation:
    """next_p = p - learning_rate · ∂E/∂p."""
    (first, count), *rest = parameter.parts
    following = replace(
        parameter, name=f"next_{parameter.name}", parts=((f"next_{first}", count), *rest), role="gradient"
    )
    axes = tuple(Axis(f"n{k}", size) for k, size in enumerate(parameter.shape))
    index = tuple(axis.index for axis in axes)
    terms = (
        Term((Access(parameter, index),)),
        Term((S.NegativeOne, Access(RATE, ()), Access(parameter.adjoint(), index))),
    )
    return Equation(Access(following, index), axes, terms)
