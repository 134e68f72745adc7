"""The layout of a training workbook: the addresses of all quantities, decided before writing.

Inputs      current step, pixels and targets of each image, the reader's own image, learning rate, factor of the sum
Parameters  one row a parameter: initial value, value at the current step, gradient, change, next value
Forward     one band an image, E_total, one for the reader's image
Backward    the same bands, derivatives where their values stood; what each position adds to a filter; the totals
Training    one row a step: E_total, parameters, every quantity of every image, the total gradients

A network with more than ``MAX_QUANTITIES`` has a workbook without Training, laid out by layer_plan.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import ClassVar, Literal

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


class TrainingPlan:
    """Addresses of one workbook.

    Args:
        steps: rows of Training after the first.
        text: gives the sheets their titles.

    Attributes:
        words: symbols and equations as the texts of cells.
        parameters: in the order of ``network.parameters``.
        derived: the quantities of the list of all ∂E_total: the parameters and the cells of feature maps.
        results: the outputs of every image, if they are few.
        training_columns: the content and number of each column of Training, with blank columns between groups.
        training_rows: the first and the last row of Training.
        step_in_range: a formula of the current step, limited to the steps of Training.
        columns: of Forward and Backward.
        own_row: of the title of the reader's band on Forward.
        shares: what a map's positions contribute to the gradient of the first filter; None if they are too many.
        shares_row, totals_row: of the titles of that section, and of the list of all ∂E_total.
        number_lines: images whose numbers are written into the formulas: the rows of a gradient.
    """

    def __init__(self, derivation: Derivation, images: int, steps: int, text: Catalogue) -> None:
        self.derivation, self.images, self.steps, self.text = derivation, images, steps, text
        self.network, self.graph = derivation.network, derivation.graph
        forward = self.network.forward
        assert forward.targets is not None  # there is a loss
        self.targets = forward.targets
        self.words = CellTexts(derivation.quantities, text)
        self.parameters = tuple(entries(*forward.parameters))
        self.derived = (*self.parameters, *entries(*forward.feature_maps))
        few = images * forward.answers.size <= MAX_RESULTS
        self.results = [q.of_image(m) for m in range(1, images + 1) for q in entries(forward.answers)] if few else []
        self.training_columns = self._training_columns()
        self.training_column = dict(self.training_columns)
        self.training_rows = TRAINING_FIRST_ROW, TRAINING_FIRST_ROW + steps
        check_size(self.sheet("training"), self.training_rows[1], self.training_columns[-1][1])
        check_cells(len(self.training_columns) * (steps + 1))
        self.band = band_of(self.network, FIRST_COLUMN)
        self.columns = Columns(FIRST_COLUMN, frozenset(self.band.gaps))
        below = self.band_row(images)
        self.own_row, self.shares_row = below + 2, below + 1
        self.shares = shares_of(self.graph, self.network)
        self.totals_row = self.shares_row + (SHARES_ROWS + len(self.shares.positions) if self.shares else 0)
        self.totals_first_row = self.totals_row + 2
        self.number_lines = min(images, MAX_NUMBER_LINES)
        # a pass that is wider or a list that is longer than a sheet is refused for the tensor that takes most
        widest = max(self.band.blocks, key=lambda block: block.extents[1][1])
        check_size(self.sheet("forward"), below, FIRST_COLUMN + self.band.width, widest.tensor)
        largest = max(forward.parameters, key=lambda tensor: tensor.size)
        check_size(self.sheet("backward"), self.totals_first_row + len(self.derived), 1, largest)
        self.desk = Desk(self.sheet("inputs"), self.network, images)
        self.step_cell = Cell(self.sheet("inputs"), STEP_ROW, FIRST_COLUMN)
        self.step_in_range = f"MIN(MAX({self.step_cell.absolute},0),{steps})"
        self.learning_rate = Cell(self.sheet("inputs"), self.desk.settings_row + 1, FIRST_COLUMN)
        self.factor = self.learning_rate.beside(0, 1)

    def sheet(self, key: str) -> str:
        return self.text(f"workbook.{key}")

    # --- inputs and parameters --------------------------------------------------------------------------------------

    @cached_property
    def inputs(self) -> list[dict[Quantity, Cell]]:
        """For each image: pixel or target -> its input cell."""
        targets, desk = list(entries(self.targets)), self.desk
        return [desk.pixels(m) | dict(zip(targets, desk.outputs(m), strict=True)) for m in range(self.images)]

    @cached_property
    def parameter_rows(self) -> dict[Quantity, int]:
        """Parameter -> row on Parameters; a blank row between two tensors."""
        rows: dict[Quantity, int] = {}
        row = PARAMETERS_FIRST_ROW
        for tensor in self.network.forward.parameters:
            rows |= zip(entries(tensor), count(row))
            row += tensor.size + 1
        return rows

    #: Key -> column of Parameters; ``value`` is what the passes use.
    parameter_columns: ClassVar = {
        key: column
        for column, key in enumerate(("symbol", "meaning", "initial", "value", "gradient", "change", "next"), 2)
    }

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

    @cached_property
    def own(self) -> dict[Quantity, Cell]:
        """Every quantity that depends on no target -> its cell in the reader's band."""
        of, dependent = self.derivation.quantities.of, set(entries(self.targets))
        for variable in self.graph.forward.values():
            if any(of(s) in dependent for s in variable.symbols()):
                dependent.add(variable.quantity)
        return {q: c for q, c in self.band_at("forward", self.own_row).cells().items() if q not in dependent}

    @property
    def verdict(self) -> Cell:
        """On Inputs, what the largest output says, below the outputs."""
        return self.desk.outputs(self.images)[0].beside(0, 2)

    # --- totals -----------------------------------------------------------------------------------------------------

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
        longest = max(min(len(self.graph[quantity.adjoint].products), MAX_SHOWN) for quantity in self.derived)
        return self.columns.after(self.numbers_column, PRODUCT_PIXELS * (longest + 0.5))

    # --- training ---------------------------------------------------------------------------------------------------

    def _training_columns(self) -> list[tuple[Column, int]]:
        """A few outputs are among the results, so that a reader sees what training does to them."""
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

    def trained(self, of: Column, last: int | None = None) -> str:
        """A column of Training from its first step to its last, or to the row ``last``, as other sheets refer to it."""
        first, end = self.trained_ends(of)
        return fixed_area(first, end if last is None else replace(end, row=last))

    def trained_ends(self, of: Column) -> tuple[Cell, Cell]:
        """The first and the last cell of a column of Training."""
        first, last = (Cell(self.sheet("training"), row, self.training_column[of]) for row in self.training_rows)
        return first, last

    def at_current_step(self, of: Column, sheet: str) -> str:
        """A quantity in the current step's row of Training; past either end, in the first or the last row."""
        return f"INDEX({self.trained(of)},MIN(MAX({self.step_cell.seen_from(sheet)},0),{self.steps})+1)"

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
