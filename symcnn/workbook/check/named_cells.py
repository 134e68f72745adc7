"""The cells of a network's quantities in a workbook, by its defined names, which are the same in every language.

f_11  i_11_image1  t_1_image1        inputs: parameters at the current step, pixels, targets
x_11_image1  E_image1  E_total       forward            dE_dx_11_image1  dE_df_11       backward, and in total
initial_f_11  next_f_11              the other columns of Parameters
training_x_11_image1 …               columns of Training, first row to last
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from sympy import Symbol

from symcnn.derivation import Derivation
from symcnn.errors import InputError
from symcnn.network import Network
from symcnn.printers.cells import Place, Range, Reference, written
from symcnn.symbolic import E_TOTAL, E, Quantity, entries, is_numbered, quantity_of, symbol
from symcnn.workbook.check.xlsx_reader import XlsxContent

#: What a reader may change beside data and parameters, and other names of a workbook; a quantity has its own name.
RATE, FACTOR, STEP = Symbol("learning_rate"), Symbol("reduction_factor"), Symbol("step_shown")

#: The meaning of a defined name: a quantity, or a name of no quantity (``next_f_11``).
Named: TypeAlias = Quantity | Symbol

#: The most images that are looked for.
MAX_IMAGES = 10_000


@dataclass(frozen=True)
class NamedCells:
    """The defined names of one workbook, for one network."""

    network: Network
    package: XlsxContent
    path: str

    @cached_property
    def images(self) -> int:
        """The number of images in the workbook."""
        count = 0
        while count < MAX_IMAGES and E.of_image(count + 1).name.lower() in self.package.names:
            count += 1
        if not count:
            raise InputError(
                f"{self.path}: no cell is named {E.of_image(1)}; expected a workbook of symcnn, of a network with a"
                " loss"
            )
        return count

    @cached_property
    def derivation(self) -> Derivation:
        return Derivation(self.network, self.images)

    @property
    def trains(self) -> bool:
        """Whether there is a sheet Training. Earlier versions wrote one image of a large network without it.

        A name that only a workbook with a training has is enough: one that lacks others is refused, not read as less.
        """
        names = (training_name(E_TOTAL), E_TOTAL, FACTOR, STEP)
        return any(name.name.lower() in self.package.names for name in names)

    # --- names ------------------------------------------------------------------------------------------------------

    @cached_property
    def parameters(self) -> tuple[Quantity, ...]:
        """In the order of ``network.parameters``."""
        return tuple(entries(*self.network.forward.parameters))

    @cached_property
    def inputs(self) -> tuple[Quantity, ...]:
        """The pixels and targets of one image."""
        places = (place for place in self.derivation.graph.inputs.values() if not place[0].is_shared)
        return tuple(quantity_of(*place) for place in places)

    @cached_property
    def settings(self) -> tuple[Symbol, ...]:
        """The settings of gradient descent on Inputs."""
        return (RATE, FACTOR) if self.trains else (RATE,)

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
            raise self._other(f"{foreign} is no quantity")
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
            corner = target.first if isinstance(target, Range) else target
            if corner.sheet not in self.package.sheets:
                raise InputError(
                    f"{self.path}: the name {name} points to the sheet {corner.sheet!r:.40}, which is not there"
                )
            places[name] = (corner.sheet, corner.row, corner.column)
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise self._other(f"the name {missing[0]}{more} is missing")
        return places

    def _other(self, reason: str) -> InputError:
        return InputError(
            f"{self.path}: {reason}: not the workbook of this network ({len(self.parameters)} parameters);"
            " expected symcnn verify --workbook FILE.xlsx NETWORK.toml with the network that it was made from"
        )

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
