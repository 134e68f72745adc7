"""The cells of a network's quantities in a workbook, by its defined names, which are the same in every language.

With a training, each cell has a name:

    f_11  i_11_image1  t_1_image1        inputs: parameters at the current step, pixels, targets
    x_11_image1  E_image1  E_total       forward            dE_dx_11_image1  dE_df_11       backward, and in total
    initial_f_11  next_f_11              the other columns of Parameters
    training_x_11_image1 …               columns of Training, first row to last

With a sheet for each layer, each block of cells, after a tensor:

    x_3_image1     rows and columns of the third map      fb_3_2     a slice of a filter      b_x_3      one cell
    h_image1       a row or a column of neurons           w_pbh      weights: a row for each neuron, inputs side by side
    dE_dx_3_image1, dE_dw_pbh     the same of ∂E/∂           next_fb_3_2, learning_rate     one step of gradient descent
    given_x_3_image1              numbers, where the layer is left out

Such a name fixes the leading axes of its tensor, 1-based; the block holds the other axes. The names are made from the
network and looked up, never guessed from their text. Every entry has a number, by which formulas are compared.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product, takewhile
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sympy import S, Symbol

from symcnn.derivation import Derivation
from symcnn.errors import InputError
from symcnn.network import Network
from symcnn.printers.cells import Place, Range, Reference, corners, written
from symcnn.symbolic import (
    E_TOTAL,
    Access,
    Axis,
    E,
    Equation,
    Index,
    Quantity,
    Tensor,
    TensorKind,
    Term,
    entries,
    image_ending,
    is_numbered,
    quantity_of,
    symbol,
)
from symcnn.text import LANGUAGES, Catalogue, catalogue, earlier_catalogue
from symcnn.workbook.cell_values import XlsxContent
from symcnn.workbook.check.result import Mismatch
from symcnn.workbook.check.xlsx_reader import MAX_NAMES

#: What a reader may change beside data and parameters, and other names of a workbook; a quantity has its own name.
RATE, FACTOR, STEP = Symbol("learning_rate"), Symbol("reduction_factor"), Symbol("step_shown")

#: The meaning of a defined name: a quantity, or a name of no quantity (``next_f_11``).
Named: TypeAlias = Quantity | Symbol

#: The most images that are looked for.
MAX_IMAGES = 10_000


class NamedCells:
    """The defined names of one workbook, for one network.

    Attributes:
        images: how many there are in the workbook; inputs: the pixels and targets of one.
        parameters: in the order of ``network.parameters``.
        trains: is there a sheet Training? Earlier versions wrote one image of a large network without it. A name that
            only a workbook with a training has is enough: one that lacks others is refused, not read as less.
        settings: of gradient descent, on Inputs.

    Raises:
        InputError: no cell is named after the error of an image.
    """

    def __init__(self, network: Network, package: XlsxContent, path: str) -> None:
        self.network, self.package, self.path = network, package, path
        numbers = range(1, MAX_IMAGES + 1)
        self.images = sum(1 for _ in takewhile(lambda m: E.of_image(m).name.lower() in package.names, numbers))
        if not self.images:
            raise InputError(
                f"{path}: no cell is named {E.of_image(1)}; expected a workbook of symcnn, of a network with a loss"
            )
        self.derivation = Derivation(network, self.images)
        self.parameters = tuple(entries(*network.forward.parameters))
        places = (place for place in self.derivation.graph.inputs.values() if not place[0].is_shared)
        self.inputs = tuple(quantity_of(*place) for place in places)
        only_trained = (training_name(E_TOTAL), E_TOTAL, FACTOR, STEP)
        self.trains = any(name.name.lower() in package.names for name in only_trained)
        self.settings = (RATE, FACTOR) if self.trains else (RATE,)

    @cached_property
    def wording(self) -> Catalogue:
        """The catalogue whose words are in the workbook: by the titles of its sheets, and by the status line."""
        sheet = self.place(E.of_image(1))[0]
        texts = [text for lang in LANGUAGES for text in (catalogue(lang), earlier_catalogue(lang))]
        titled = [text for text in texts if text("workbook.forward") == sheet] or texts
        cells = self.package.sheets.get(titled[0]("workbook.contents"), {})
        status = "".join(cell.formula for cell in cells.values() if cell.formula is not None)
        return next((text for text in titled if f'"{text("workbook.status")} "' in status), titled[0])

    # --- names ------------------------------------------------------------------------------------------------------

    def per_image(self) -> Iterator[Quantity]:
        """Every quantity of every image."""
        graph = self.derivation.graph
        for m in range(1, self.images + 1):
            yield from (q.of_image(m) for q in (*self.inputs, *(v.quantity for v in graph)))

    def totals(self) -> Iterator[Quantity]:
        yield from (p.adjoint for p in self.parameters)
        if self.trains:
            yield E_TOTAL

    def check(self) -> None:
        """Refuse a workbook that lacks a name, or has names of another network.

        Raises:
            InputError: which.
        """
        settings = [*self.settings, STEP] if self.trains else [*self.settings]
        columns = [next_value(p) for p in self.parameters]
        columns += [initial(p) for p in self.parameters] if self.trains else []
        wanted = [*settings, *self.parameters, *self.per_image(), *self.totals(), *columns]
        places = self._places(wanted, Reference)
        if self.trains:
            self._places([training_name(q) for q in self.training()], Range)
        foreign = self._foreign()
        if foreign:
            raise _of_another_network(self.network, self.path, f"{foreign} is no quantity")
        seen: dict[Place, Named] = {}
        for name in wanted:
            place = places[name]
            if place in seen:
                raise InputError(f"{self.path}: {written(place)} is named {seen[place]} and {name}; expected two cells")
            seen[place] = name

    def _foreign(self) -> str | None:
        """A name of a quantity of some image that this network does not have."""
        every = {q.name.lower() for q in self.per_image()}
        kinds = {name.partition("_")[0] for name in every}
        names = (name for name in self.package.names if is_numbered(name) and name not in every)
        return next((name for name in names if name.partition("_")[0] in kinds), None)

    def _places(self, names: Iterable[Named], kind: type[Reference] | type[Range]) -> dict[Named, Place]:
        missing, places = [], {}
        for name in names:
            target = self.package.names.get(name.name.lower())
            if not isinstance(target, kind):
                missing.append(name)
                continue
            corner, _ = corners(target)
            if corner.sheet not in self.package.sheets:
                raise InputError(
                    f"{self.path}: the name {name} points to the sheet {corner.sheet!r:.40}, which is not there"
                )
            places[name] = (corner.sheet, corner.row, corner.column)
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise _of_another_network(self.network, self.path, f"the name {missing[0]}{more} is missing")
        return places

    # --- places -----------------------------------------------------------------------------------------------------

    def place(self, of: Named) -> Place:
        """Return the cell of a name."""
        target = self.package.names[of.name.lower()]
        assert isinstance(target, Reference)  # checked
        assert target.sheet is not None
        return target.sheet, target.row, target.column

    @cached_property
    def current(self) -> dict[Place, Symbol]:
        """Cell -> symbol at the current step: on Inputs, Parameters, Forward and Backward."""
        names: list[Named] = [*self.settings, *self.parameters, *self.per_image(), *self.totals()]
        if self.trains:
            names += [initial(p) for p in self.parameters]
        return {self.place(n): symbol(n.name) for n in names}

    @cached_property
    def first_row(self) -> dict[Place, Symbol]:
        """Cell -> symbol for the first row of Training, and for what it takes from the other sheets."""
        names: list[Named] = [RATE, FACTOR, *(initial(p) for p in self.parameters)]
        names += [q.of_image(m) for m in range(1, self.images + 1) for q in self.inputs]
        cells = {self.place(n): symbol(n.name) for n in names}
        return cells | {self.column(q)[0]: q.symbol for q in self.training()}

    def training(self) -> Iterator[Quantity]:
        """The quantities that have a column of Training."""
        yield from self.parameters
        for m in range(1, self.images + 1):
            yield from (v.quantity.of_image(m) for v in self.derivation.graph if v.tensor.role != "gradient")
        yield from self.totals()

    def column(self, of: Named) -> tuple[Place, int]:
        """A column of Training: its first cell and its last row.

        Raises:
            InputError: it is no column.
        """
        name = training_name(of).name
        target = self.package.names[name.lower()]
        assert isinstance(target, Range)  # checked
        assert target.first.sheet is not None
        if target.first.column != target.last.column:
            raise InputError(f"{self.path}: the name {name} is not one column")
        return (target.first.sheet, target.first.row, target.first.column), target.last.row


def initial(parameter: Quantity) -> Symbol:
    """A parameter before the first step."""
    return Symbol(f"initial_{parameter}")


def next_value(parameter: Quantity) -> Symbol:
    """A parameter after the current step."""
    return Symbol(f"next_{parameter}")


def training_name(of: Named) -> Symbol:
    """The name of its column of Training."""
    return Symbol(f"training_{of.name}")


def written_area(target: Reference | Range | None) -> str:
    """The address of a block of cells: ``Forward!K12:M14``; of none an empty text."""
    if target is None:
        return ""
    first, last = corners(target)
    sheet = first.sheet or ""
    text = written((sheet, first.row, first.column))
    return text if first == last else f"{text}:{written((sheet, last.row, last.column), sheet)}"


def _of_another_network(network: Network, path: str, reason: str) -> InputError:
    return InputError(
        f"{path}: {reason}: not the workbook of this network ({len(network.parameters)} parameters);"
        " expected symcnn verify --workbook FILE.xlsx NETWORK.toml with the network that it was made from"
    )


# --- blocks of cells -------------------------------------------------------------------------------------------------

Numbers = NDArray[np.int64]

#: Before the name of a computed quantity that is there as a number.
GIVEN = "given_"

#: The learning rate as a tensor of one entry. The writer has its own: a check shares no equation with what it checks.
RATE_TENSOR = Tensor("learning_rate", (), (("learning_rate", 0),), "parameter")


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
        self.inputs = (forward.image, forward.targets, *forward.parameters, RATE_TENSOR)
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
        for fixed in range(len(tensor.shape) + 1):
            leading = tensor.shape[:fixed]
            if np.prod(leading, dtype=np.int64) > MAX_NAMES:
                return
            for index in product(*map(range, leading)):
                yield "_".join([tensor.name, *(str(n + 1) for n in index)]) + image_ending(tensor), index

    @cached_property
    def blocks(self) -> dict[Tensor, list[NamedBlock]]:
        """The blocks of every tensor that has some."""
        blocks: dict[Tensor, list[NamedBlock]] = {}
        for tensor in (*self.inputs, *self.equations):
            for name, index in self.names(tensor):
                for one in (name, f"{GIVEN}{name}"):
                    target = self.package.names.get(one.lower())
                    if target is not None:
                        blocks.setdefault(tensor, []).append(NamedBlock(one, tensor, index, Range(*corners(target))))
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
            raise _of_another_network(self.network, self.path, f"{foreign} is no quantity")
        for tensor, blocks in self.blocks.items():
            wrong = [block.name for block in blocks if block.cells is None]
            if wrong:
                size = "×".join(map(str, tensor.shape)) or "a single cell"
                reason = f"the cells named {wrong[0]} are no part of {tensor.name} ({size})"
                raise _of_another_network(self.network, self.path, reason)

    # --- entries ----------------------------------------------------------------------------------------------------

    @cached_property
    def entries(self) -> dict[Place, int]:
        """Cell -> the number of the entry that it holds; what is missing or twice is a mismatch."""
        numbered: dict[Place, int] = {}
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
                    before = numbered.setdefault((sheet, row, column), number)
                    if before != number:
                        self._add(block.name, block.target, f"{written((sheet, row, column))}: {self.name(before)}")
                        break
            for flat_place in np.flatnonzero(covered != 1)[:1].tolist():
                name = tensor.scalar(tuple(int(n) for n in np.unravel_index(flat_place, tensor.shape)))
                self.mismatches.append(Mismatch(tensor.name, name, "" if not covered[flat_place] else name, name))
        return numbered

    def _add(self, name: str, target: Range, right: str) -> None:
        self.mismatches.append(Mismatch(name, name, written_area(target), right))

    @cached_property
    def places(self) -> dict[int, Place]:
        """The number of an entry -> its cell."""
        return {number: place for place, number in self.entries.items()}

    def number_of(self, of: Symbol) -> int:
        """Return the number of the entry with a symbol; what is no quantity is the learning rate."""
        if of not in self.derivation.quantities:
            return self.offsets[RATE_TENSOR]
        quantity = self.derivation.quantities.of(of)
        tensor = quantity.tensor.adjoint() if quantity.is_adjoint else quantity.tensor
        return self.offsets[tensor] + tensor.flat(quantity.index)

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
        return tensor.scalar(index) + image_ending(tensor)


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
        Term((S.NegativeOne, Access(RATE_TENSOR, ()), Access(parameter.adjoint(), index))),
    )
    return Equation(Access(following, index), axes, terms)
