"""Where the quantities of a network stand in a workbook: by its defined names, which are the same in every language.

f_11  i_11_image1  t_1_image1        given: parameters at the step shown, pixels, targets
x_11_image1  E_image1  E_total       forward            dE_dx_11_image1  dE_df_11       backward, and in total
initial_f_11  next_f_11              the other columns of Parameters
training_x_11_image1 …               columns of Training, first row to last
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from sympy import Symbol

from symcnn.derivation import Derivation
from symcnn.errors import InputError
from symcnn.network import Network
from symcnn.printers.cells import Place, Range, Reference, written
from symcnn.verification.workbook.package import XlsxContent

RATE, FACTOR, STEP = "learning_rate", "reduction_factor", "step_shown"

#: Images that are looked for.
MAX_IMAGES = 10_000


@dataclass(frozen=True)
class NamedCells:
    """The names of one workbook, held against one network."""

    network: Network
    package: XlsxContent
    path: str

    @cached_property
    def images(self) -> int:
        """How many images the workbook computes."""
        count = 0
        while count < MAX_IMAGES and f"e_image{count + 1}" in self.package.names:
            count += 1
        if not count:
            raise InputError(
                f"{self.path}: no cell is named E_image1; expected a workbook of symcnn, of a network with a loss"
            )
        return count

    @cached_property
    def derivation(self) -> Derivation:
        return Derivation(self.network, self.images)

    @property
    def trains(self) -> bool:
        """Is there a sheet Training?"""
        return "training_e_total" in self.package.names

    # --- names ------------------------------------------------------------------------------------------------------

    def of_image(self, name: str, image: int) -> str:
        """A quantity of one image; a parameter belongs to all."""
        return name if name in self._parameters else f"{name}_image{image}"

    @cached_property
    def _parameters(self) -> frozenset[str]:
        return frozenset(self.network.parameters)

    @cached_property
    def _given(self) -> list[str]:
        return [n for n in self.derivation.graph.inputs if n not in self._parameters]

    def per_image(self) -> Iterator[str]:
        """Every name that ends in an image's number."""
        graph = self.derivation.graph
        for m in range(1, self.images + 1):
            yield from (f"{n}_image{m}" for n in (*self._given, *graph.forward, *graph.backward))

    def totals(self) -> Iterator[str]:
        yield from (f"dE_d{p}" for p in self.network.parameters)
        if self.trains:
            yield "E_total"

    def check(self) -> None:
        """Refuse a workbook that lacks a name, or has names of another network.

        Raises:
            InputError: which.
        """
        settings = [RATE, FACTOR, STEP] if self.trains else [RATE]
        columns = [f"next_{p}" for p in self.network.parameters]
        columns += [f"initial_{p}" for p in self.network.parameters] if self.trains else []
        wanted = [*settings, *self.network.parameters, *self.per_image(), *self.totals(), *columns]
        places = self._places(wanted, Reference)
        if self.trains:
            self._places([f"training_{n}" for n in self.training()], Range)
        foreign = self._foreign({n.lower() for n in wanted})
        if foreign:
            raise self._other(f"{foreign} is no quantity")
        seen: dict[Place, str] = {}
        for name in wanted:
            place = places[name]
            if place in seen:
                raise InputError(f"{self.path}: {written(place)} is named {seen[place]} and {name}; expected two cells")
            seen[place] = name

    def _foreign(self, wanted: set[str]) -> str | None:
        """A name of a quantity of some image that this network does not have."""
        kinds = {n.partition("_")[0] for n in wanted if "_image" in n}
        for name in self.package.names:
            bare, image, number = name.rpartition("_image")
            if image and number.isdecimal() and bare.partition("_")[0] in kinds and name not in wanted:
                return name
        return None

    def _places(self, names: Iterable[str], kind: type[Reference] | type[Range]) -> dict[str, Place]:
        missing, found = [], {}
        for name in names:
            target = self.package.names.get(name.lower())
            if not isinstance(target, kind):
                missing.append(name)
                continue
            corner = target.first if isinstance(target, Range) else target
            if corner.sheet not in self.package.sheets:
                raise InputError(
                    f"{self.path}: the name {name} points to the sheet {corner.sheet!r:.40}, which is not there"
                )
            found[name] = (corner.sheet, corner.row, corner.column)
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise self._other(f"the name {missing[0]}{more} is missing")
        return found

    def _other(self, reason: str) -> InputError:
        return InputError(
            f"{self.path}: {reason}: not the workbook of this network ({len(self.network.parameters)} parameters);"
            " expected symcnn verify --workbook FILE.xlsx NETWORK.toml with the network that it was made from"
        )

    # --- places -----------------------------------------------------------------------------------------------------

    def place(self, name: str) -> Place:
        """Where a named quantity stands."""
        target = self.package.names[name.lower()]
        assert isinstance(target, Reference)  # checked
        assert target.sheet is not None
        return target.sheet, target.row, target.column

    @cached_property
    def shown(self) -> dict[Place, Symbol]:
        """The quantities at the step shown: on Inputs, Parameters, Forward and Backward."""
        settings = [RATE, FACTOR] if self.trains else [RATE]
        names = [*settings, *self.network.parameters, *self.per_image(), *self.totals()]
        if self.trains:
            names += [f"initial_{p}" for p in self.network.parameters]
        return {self.place(n): Symbol(n) for n in names}

    @cached_property
    def first_row(self) -> dict[Place, Symbol]:
        """The quantities of the first row of Training, and what it takes from the other sheets."""
        names = [RATE, FACTOR, *(f"initial_{p}" for p in self.network.parameters)]
        names += [f"{n}_image{m}" for m in range(1, self.images + 1) for n in self._given]
        found = {self.place(n): Symbol(n) for n in names}
        return found | {self.column(n)[0]: Symbol(n) for n in self.training()}

    def training(self) -> Iterator[str]:
        """The quantities that have a column of Training, but the number of the step."""
        graph = self.derivation.graph
        yield from self.network.parameters
        for m in range(1, self.images + 1):
            yield from (f"{n}_image{m}" for n in graph.forward)
            yield from (f"{v.name}_image{m}" for v in graph.backward.values() if v.tensor.role == "adjoint")
        yield from self.totals()

    def column(self, name: str) -> tuple[Place, int]:
        """A column of Training: its first cell and its last row.

        Raises:
            InputError: it is no column.
        """
        target = self.package.names[f"training_{name}".lower()]
        assert isinstance(target, Range)  # checked
        assert target.first.sheet is not None
        if target.first.column != target.last.column:
            raise InputError(f"{self.path}: the name training_{name} is not one column")
        return (target.first.sheet, target.first.row, target.first.column), target.last.row
