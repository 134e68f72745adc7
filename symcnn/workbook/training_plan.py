"""The layout of a training workbook: the addresses of all quantities, decided before writing.

Inputs      current step, pixels and targets of each image, the reader's own image, learning rate, factor of the sum
Parameters  one row a parameter: initial value, value at the current step, gradient, change, next value
Forward     one band an image, E_total, one for the reader's image
Backward    the same bands, derivatives where their values stood; what each position adds to a filter; the totals
Training    one row a step: E_total, parameters, every quantity of every image, the total gradients

A network with more than ``MAX_QUANTITIES`` has a workbook without Training, laid out by layer_plan.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import Literal

from symcnn.derivation import Derivation, Product
from symcnn.derivation.graph import Graph
from symcnn.formula import Plain, Typography
from symcnn.network import Network
from symcnn.printers.excel import checked_formula
from symcnn.symbolic import E_TOTAL, E, Quantity, TensorKind, entries
from symcnn.text import Catalogue
from symcnn.workbook.addresses import Cell, SheetPrinter, area, check_cells, check_size, fixed_area, places
from symcnn.workbook.bands import STEP_ROW, Band, Columns, Desk, band_of
from symcnn.workbook.blocks import first_of
from symcnn.workbook.cell_texts import CellTexts

#: The most positions and weights that are written out.
MAX_POSITIONS, MAX_WEIGHTS = 49, 9


@dataclass(frozen=True)
class Contributions:
    """The first filter of a network.

    Attributes:
        weights: its entries; positions: the adjoints of its map.
        products: (position, weight) -> the product that this position adds; nothing where the window is outside.
    """

    weights: tuple[Quantity, ...]
    positions: tuple[Quantity, ...]
    products: Mapping[tuple[Quantity, Quantity], Product]


def shares_of(graph: Graph, network: Network) -> Contributions | None:
    """Return the contributions to the first convolution's first filter; None if there is none or it is too large."""
    filters = first_of(TensorKind.FILTER, network.forward.parameters)
    if filters is None or graph[next(entries(filters)).adjoint].reduce == "max":
        return None
    products: dict[tuple[Quantity, Quantity], Product] = {}
    weights: dict[Quantity, None] = {}
    positions: dict[Quantity, None] = {}
    for weight in entries(filters):
        by_position = {_position(graph, factors): factors for factors in graph[weight.adjoint].products}
        if positions and not positions.keys() & by_position.keys():
            break  # another filter, which has a map of its own
        weights[weight] = None
        positions.update(dict.fromkeys(by_position))
        products |= {(position, weight): factors for position, factors in by_position.items()}
        if len(weights) > MAX_WEIGHTS or len(positions) > MAX_POSITIONS:
            return None
    order = [v.quantity for v in graph.backward.values() if v.quantity in positions]
    return Contributions(tuple(weights), tuple(order), products)


def _position(graph: Graph, factors: Product) -> Quantity:
    """The adjoint in a product."""
    quantities = (graph.quantities.of(f) for f in factors if f.is_Symbol)
    return next(quantity for quantity in quantities if quantity.is_adjoint)


#: Rows of a band's title and of its stage heads; after it two lines of equations and a blank row.
BAND_HEAD, BAND_FOOT = 2, 3
FIRST_BAND, FIRST_COLUMN = 6, 3
#: Pixels of the list of all ∂E_total: the derivative, and a character of its formula.
DERIVATIVE_PIXELS, CHARACTER_PIXELS = 168, 6.4
#: Pixels of a product with numbers.
PRODUCT_PIXELS = 112
TRAINING_FIRST_ROW = 8
PARAMETERS_FIRST_ROW = 7

#: Images with whose numbers the list of all ∂E_total repeats its formulas, one line each.
MAX_NUMBER_LINES = 3

#: Rows of the section on the shares of a filter's gradient, besides one for each position.
SHARES_ROWS = 8

#: Quantities of all images, parameters and gradients: the columns of Training. With more, nobody reads a row of it.
MAX_QUANTITIES = 2_000

#: What a column of Training holds: a quantity, the number of the step, or √Σ(∂E_total/∂parameter)².
Column = Quantity | Literal["step", "norm"]
STEP: Column = "step"
NORM: Column = "norm"

#: The most outputs among the results on Training.
MAX_RESULTS = 12

#: Products of a formula that is written beside its value; the rest is "…".
MAX_SHOWN = 6


def quantities(derivation: Derivation, images: int) -> int:
    """The columns of a Training sheet, without its gaps; counted from the equations, nothing is made."""
    adjoints = {e.target.tensor for e in derivation.backward if e.target.tensor.role == "adjoint"}
    each = sum(t.size for t in {e.target.tensor for e in derivation.forward} | adjoints)
    return 2 + images * each + 2 * sum(t.size for t in derivation.network.forward.parameters)


@dataclass(frozen=True)
class TrainingPlan:
    """Addresses of one workbook.

    Attributes:
        steps: rows of Training after the first.
        text: gives the sheets their titles.
    """

    derivation: Derivation
    images: int
    steps: int
    text: Catalogue
    band: Band = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "band", band_of(self.network, FIRST_COLUMN))
        check_size(self.sheet("training"), TRAINING_FIRST_ROW + self.steps, self.training_columns[-1][1])
        check_cells(len(self.training_columns) * (self.steps + 1))
        self._check_bands()

    def _check_bands(self) -> None:
        """Refuse a pass that is wider or a list that is longer than a sheet, and name the tensor that takes most."""
        widest = max(self.band.blocks, key=lambda block: block.extents[1][1])
        columns = FIRST_COLUMN + self.band.width
        check_size(self.sheet("forward"), self.band_row(self.images), columns, widest.tensor)
        largest = max(self.network.forward.parameters, key=lambda tensor: tensor.size)
        rows = self.totals_first_row + len(self.derived)
        check_size(self.sheet("backward"), rows, 1, largest)

    @property
    def network(self) -> Network:
        return self.derivation.network

    def sheet(self, key: str) -> str:
        return self.text(f"workbook.{key}")

    @property
    def graph(self) -> Graph:
        return self.derivation.graph

    @cached_property
    def words(self) -> CellTexts:
        """Symbols and equations as the texts of cells."""
        return CellTexts(self.derivation.quantities, self.text)

    @cached_property
    def parameters(self) -> tuple[Quantity, ...]:
        """In the order of ``network.parameters``."""
        return tuple(entries(*self.network.forward.parameters))

    @cached_property
    def derived(self) -> tuple[Quantity, ...]:
        """The quantities of the list of all ∂E_total: the parameters and the cells of feature maps."""
        return (*self.parameters, *(q for tensor in self.network.forward.feature_maps for q in entries(tensor)))

    # --- inputs -----------------------------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Cell:
        return Cell(self.sheet("inputs"), self.desk.settings_row + 1, FIRST_COLUMN)

    @property
    def factor(self) -> Cell:
        return Cell(self.sheet("inputs"), self.learning_rate.row + 1, FIRST_COLUMN)

    @property
    def step_cell(self) -> Cell:
        return Cell(self.sheet("inputs"), STEP_ROW, FIRST_COLUMN)

    @cached_property
    def desk(self) -> Desk:
        return Desk(self.sheet("inputs"), self.network, self.images)

    @cached_property
    def inputs(self) -> list[dict[Quantity, Cell]]:
        """For each image: pixel or target -> its input cell."""
        targets = self.network.forward.targets
        assert targets is not None
        return [
            {**self.desk.pixels(m), **dict(zip(entries(targets), self.desk.outputs(m), strict=True))}
            for m in range(self.images)
        ]

    # --- parameters -------------------------------------------------------------------------------------------------

    @cached_property
    def parameter_rows(self) -> dict[Quantity, int]:
        """Parameter -> row on Parameters; a blank row between two tensors."""
        rows, row = {}, PARAMETERS_FIRST_ROW
        for tensor in self.network.forward.parameters:
            for quantity in entries(tensor):
                rows[quantity] = row
                row += 1
            row += 1
        return rows

    @cached_property
    def parameter_columns(self) -> dict[str, int]:
        """Key -> column of Parameters; ``value`` is what the passes use."""
        keys = ("symbol", "meaning", "initial", "value", "gradient", "change", "next")
        return {key: column for column, key in enumerate(keys, 2)}

    def parameter(self, parameter: Quantity, what: str = "value") -> Cell:
        return Cell(self.sheet("parameters"), self.parameter_rows[parameter], self.parameter_columns[what])

    # --- passes -----------------------------------------------------------------------------------------------------

    def band_row(self, image: int) -> int:
        """The row of the title of an image's band."""
        return FIRST_BAND + image * (BAND_HEAD + self.band.height + BAND_FOOT)

    def band_at(self, sheet: str, band_row: int) -> Band:
        """The band with this row, on Forward or Backward."""
        return self.band.at(self.sheet(sheet), band_row + BAND_HEAD)

    @cached_property
    def forward(self) -> list[dict[Quantity, Cell]]:
        """For each image: every quantity of the forward pass -> its cell on Forward."""
        return [self.band_at("forward", self.band_row(m)).cells() for m in range(self.images)]

    @cached_property
    def backward(self) -> list[dict[Quantity, Cell]]:
        """For each image: every adjoint -> its cell on Backward."""
        bands = (self.band_at("backward", self.band_row(m)) for m in range(self.images))
        return [{q.adjoint: c for q, c in band.cells().items() if q.adjoint in self.graph} for band in bands]

    @cached_property
    def cells(self) -> list[dict[Quantity, Cell]]:
        """For each image: every quantity -> its cell on Forward or Backward."""
        return [{**forward, **backward} for forward, backward in zip(self.forward, self.backward, strict=True)]

    @property
    def error_total(self) -> Cell:
        """The cell of E_total, under the last band and the images' errors."""
        return Cell(self.sheet("forward"), self.band_row(self.images), self.forward[0][E].column)

    # --- the reader's image -----------------------------------------------------------------------------------------

    @property
    def own_row(self) -> int:
        """The row of the title of the reader's band on Forward."""
        return self.band_row(self.images) + 2

    @cached_property
    def own(self) -> dict[Quantity, Cell]:
        """Every quantity that depends on no target -> its cell in the reader's band."""
        of, targets = self.derivation.quantities.of, self.network.forward.targets
        assert targets is not None
        dependent = set(entries(targets))
        for variable in self.graph.forward.values():
            if any(of(s) in dependent for s in variable.symbols()):
                dependent.add(variable.quantity)
        return {q: c for q, c in self.band_at("forward", self.own_row).cells().items() if q not in dependent}

    @property
    def verdict(self) -> Cell:
        """On Inputs, what the largest output says, below the outputs."""
        first = self.desk.outputs(self.images)[0]
        return Cell(first.sheet, first.row + 2, first.column)

    # --- totals -----------------------------------------------------------------------------------------------------

    @cached_property
    def shares(self) -> Contributions | None:
        """The contributions of a map's positions to the gradient of the first filter; None if they are too many."""
        return shares_of(self.graph, self.network)

    @property
    def shares_row(self) -> int:
        """The row of the title of that section."""
        return self.band_row(self.images) + 1

    @property
    def totals_row(self) -> int:
        """The row of the title of the list of all ∂E_total."""
        return self.shares_row + (SHARES_ROWS + len(self.shares.positions) if self.shares is not None else 0)

    @property
    def totals_first_row(self) -> int:
        return self.totals_row + 2

    @property
    def number_lines(self) -> int:
        """Images whose numbers are written into the formulas: the rows of a gradient."""
        return min(self.images, MAX_NUMBER_LINES)

    def total(self, quantity: Quantity) -> Cell:
        """∂E_total/∂(quantity) in the list on Backward."""
        return Cell(self.sheet("backward"), self._total_rows[quantity], self.total_columns[-1])

    @property
    def totals_end(self) -> int:
        """The first row below the list."""
        return max(self._total_rows.values(), default=self.totals_first_row) + self.number_lines

    @cached_property
    def _total_rows(self) -> dict[Quantity, int]:
        """A heading before each tensor; as many rows a gradient as lines with numbers."""
        rows: dict[Quantity, int] = {}
        last, row = None, self.totals_first_row
        for quantity in self.derived:
            row += quantity.tensor != last
            rows[quantity], last = row, quantity.tensor
            row += self.number_lines
        return rows

    @cached_property
    def total_columns(self) -> list[int]:
        """derivative, formula, a column for each image, total: side by side, right of the longest formula."""
        formula = self.columns.after(FIRST_COLUMN, DERIVATIVE_PIXELS)
        first = self.columns.after(formula, CHARACTER_PIXELS * self._longest)
        return [FIRST_COLUMN, formula, *self.columns.run(first, self.images + 1)]  # side by side: they are summed

    @property
    def _longest(self) -> int:
        """Characters of the longest formula in the list; the last entry of a tensor has the longest indices.

        In the notation of version 0.1, h_1,preactivation for z_h1: no column has moved, so that the cells of its
        workbooks are compared with those of today.
        """
        graph, emit = self.graph, Plain(self.text.decimal).emit
        typography = Typography(self.derivation.quantities, self.text.words("word"), total="")
        last = {quantity.tensor: quantity for quantity in self.derived}
        formulas = (emit(typography.right_side(graph[q.adjoint], MAX_SHOWN)) for q in last.values())
        return max(len(formula.replace(" ;", ";")) for formula in formulas)

    @property
    def numbers_column(self) -> int:
        """The column of the formulas with numbers."""
        return next(self.columns.squares(self.total_columns[-1] + 1))

    @property
    def numbers_end(self) -> int:
        """The column right of the longest of them."""
        graph = self.graph
        longest = max(min(len(graph[quantity.adjoint].products), MAX_SHOWN) for quantity in self.derived)
        return self.columns.after(self.numbers_column, PRODUCT_PIXELS * (longest + 0.5))

    @cached_property
    def columns(self) -> Columns:
        """The columns of Forward and Backward."""
        return Columns(FIRST_COLUMN, frozenset(self.band.gaps))

    # --- training ---------------------------------------------------------------------------------------------------

    @cached_property
    def training_columns(self) -> list[tuple[Column, int]]:
        """The content and number of each column, in order; blank columns between groups.

        A few outputs are among the results, so that a reader sees what training does to them.
        """
        graph, results = self.graph, self.results
        groups: list[list[Column]] = [[STEP, E_TOTAL, *results, NORM], list(self.parameters)]
        for m in range(1, self.images + 1):
            forward = [v.quantity.of_image(m) for v in graph.forward.values()]
            groups.append([q for q in forward if q not in results])
            groups.append([v.quantity.of_image(m) for v in graph.backward.values() if v.tensor.role == "adjoint"])
        groups.append([p.adjoint for p in self.parameters])
        columns: list[tuple[Column, int]] = []
        column = 2
        for group in groups:
            columns += zip(group, count(column))
            column += len(group) + 1
        return columns

    @cached_property
    def results(self) -> list[Quantity]:
        """The outputs of every image, if they are few."""
        few = self.images * self.network.forward.answers.size <= MAX_RESULTS
        return (
            [q.of_image(m) for m in range(1, self.images + 1) for q in entries(self.network.forward.answers)]
            if few
            else []
        )

    @property
    def training_rows(self) -> tuple[int, int]:
        """The first and the last row of Training."""
        return TRAINING_FIRST_ROW, TRAINING_FIRST_ROW + self.steps

    def trained(self, of: Column, last: int | None = None) -> str:
        """A column of Training from its first step to its last, or to the row ``last``, as other sheets refer to it."""
        first, end = self.trained_ends(of)
        end = end if last is None else replace(end, row=last)
        return fixed_area(first, end)

    def trained_ends(self, of: Column) -> tuple[Cell, Cell]:
        """The first and the last cell of a column of Training."""
        column = self.training_column[of]
        first, last = (Cell(self.sheet("training"), row, column) for row in self.training_rows)
        return first, last

    def at_current_step(self, of: Column, sheet: str) -> str:
        """A quantity in the current step's row of Training; past either end, in the first or the last row."""
        return f"INDEX({self.trained(of)},MIN(MAX({self.step_cell.seen_from(sheet)},0),{self.steps})+1)"

    @property
    def step_in_range(self) -> str:
        """A formula of the current step, limited to the steps of Training."""
        return f"MIN(MAX({self.step_cell.absolute},0),{self.steps})"

    @cached_property
    def training_column(self) -> dict[Column, int]:
        """The column of Training of each."""
        return dict(self.training_columns)

    # --- formulas ---------------------------------------------------------------------------------------------------

    def forward_formula(
        self, quantity: Quantity, cells: Mapping[Quantity, Cell], inputs: Mapping[Quantity, Cell], band: Band
    ) -> str:
        """In this band, with these cells: an input or a parameter is fetched from its sheet, all else is computed."""
        cell = cells[quantity]
        source = self.parameter(quantity) if quantity in self.parameter_rows else inputs.get(quantity)
        if source is not None:
            return cell.fetch(source)
        above = next((a for a in band.above if a.target == quantity.tensor), None)
        if above is None:
            return SheetPrinter(places(cells, self.derivation.quantities, cell.sheet)).formula(self.graph[quantity])
        # a neuron's weights and bias times what stands above them: one formula for all neurons of a layer
        row, first, _, last = above.area
        weights, inputs_above = (area(r, first, r, last) for r in (cell.row, row))
        return checked_formula(f"=SUMPRODUCT({weights},{inputs_above})", quantity)

    def backward_formula(self, image: int, adjoint: Quantity) -> str:
        """From adjoints on Backward and quantities on Forward, all of the same image."""
        return self.printer(image, self.sheet("backward")).formula(self.graph[adjoint])

    def printer(self, image: int, sheet: str) -> SheetPrinter:
        """Prints formulas on a sheet, over the cells of an image on Forward and Backward."""
        return SheetPrinter(places(self.cells[image], self.derivation.quantities, sheet))
