"""Where everything stands: the addresses of all quantities of a training workbook, decided before writing.

Inputs      pixels and targets of each image, learning rate, factor of the sum, step shown
Parameters  one row a parameter: initial value, value at the step shown, gradient, next value
Forward     one band an image; Backward: the same bands, derivatives where their values stood, then the totals
Training    one row a step: E_total, parameters, every quantity of every image, the total gradients

Past ``MAX_QUANTITIES`` a workbook shows one image at one choice of parameters, without Training (``steps`` is None).
"""

from dataclasses import dataclass, field
from functools import cached_property

from openpyxl.utils import get_column_letter

from symcnn.derivation import Derivation
from symcnn.excel.addresses import Cell, check_cells, check_size, quoted
from symcnn.excel.layout import Band, Block, band_of
from symcnn.network import Network, kind_of
from symcnn.symbolic import Tensor
from symcnn.text import Catalogue

#: Rows of a band's title and of its stage heads, and the blank row after it.
BAND_HEAD, BAND_FOOT = 2, 2
FIRST_BAND, FIRST_COLUMN = 5, 2
#: Of the list of all ∂E_total: left of it stands the formula.
FIRST_TOTAL_COLUMN = 12
TRAINING_FIRST_ROW = 8
SETTING_COLUMN = 6
PARAMETERS_FIRST_ROW = 6

#: Quantities of all images, parameters and gradients: the columns of Training. With more, nobody reads a row of it.
MAX_QUANTITIES = 2_000

#: The size of the gradient, √Σ(∂E_total/∂parameter)², as Training calls it.
NORM = "norm"

#: Outputs that stand with the results on Training.
MAX_RESULTS = 12

#: Products of a formula that is written beside its value; the rest is "…".
MAX_SHOWN = 6


def quantities(derivation: Derivation, images: int) -> int:
    """The columns of a Training sheet, without its gaps; counted from the equations, nothing is made."""
    adjoints = {e.target.tensor for e in derivation.backward if e.target.tensor.role == "adjoint"}
    each = sum(t.size for t in {e.target.tensor for e in derivation.forward} | adjoints)
    return 2 + images * each + 2 * sum(t.size for t in derivation.network.forward.parameters)


@dataclass(frozen=True)
class Plan:
    """Addresses of one workbook.

    Attributes:
        steps: rows of Training after the first; None: there is no such sheet.
        text: gives the sheets their titles.
    """

    derivation: Derivation
    images: int
    steps: int | None
    text: Catalogue
    band: Band = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "band", band_of(self.network))
        if self.steps is not None:
            check_size(self.sheet("training"), TRAINING_FIRST_ROW + self.steps, self.training_columns[-1][1])
            check_cells(len(self.training_columns) * (self.steps + 1))
        self._check_bands()

    def _check_bands(self) -> None:
        """Refuse a pass that is wider or a list that is longer than a sheet, and name the tensor that takes most."""
        widest = max(self.band.blocks, key=lambda block: block.extent[1])
        columns = FIRST_COLUMN + self.band.width
        check_size(self.sheet("forward"), self.band_row(self.images), columns, widest.tensor)
        largest = max(self.network.forward.parameters, key=lambda tensor: tensor.size)
        rows = self.totals_first_row + len(self.derivation.names)
        check_size(self.sheet("backward"), rows, 1, largest)

    @property
    def network(self) -> Network:
        return self.derivation.network

    def sheet(self, key: str) -> str:
        return self.text(f"workbook.{key}")

    # --- inputs -----------------------------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Cell:
        return Cell(self.sheet("inputs"), 6, SETTING_COLUMN)

    @property
    def factor(self) -> Cell:
        return Cell(self.sheet("inputs"), 7, SETTING_COLUMN)

    @property
    def step_shown(self) -> Cell:
        return Cell(self.sheet("inputs"), 5, SETTING_COLUMN)

    @cached_property
    def inputs(self) -> list[dict[str, Cell]]:
        """For each image: pixel or target -> its input cell. Images stand one below the other, targets beside."""
        stated = self.network.forward
        assert stated.targets is not None
        image, targets = (
            Block(stated.image, 0, 1 + stated.image.shape[-2 if len(stated.image.shape) > 1 else -1]),
            stated.targets,
        )
        height = 2 * max(image.extent[0], targets.size) + 2
        found = []
        for m in range(self.images):
            top = 11 + m * height
            cells = {}
            for index in stated.image.indices():
                row, column = image.place(index)
                cells[stated.image.scalar(index)] = Cell(self.sheet("inputs"), top + 2 * row + 1, 2 + column)
            for n, name in enumerate(targets.scalars()):
                cells[name] = Cell(self.sheet("inputs"), top + 2 * n + 1, 3 + image.extent[1])
            found.append(cells)
        return found

    # --- parameters -------------------------------------------------------------------------------------------------

    @cached_property
    def parameter_rows(self) -> dict[str, int]:
        """Parameter -> row on Parameters; a blank row between two tensors."""
        found, row = {}, PARAMETERS_FIRST_ROW
        for tensor in self.network.forward.parameters:
            for name in tensor.scalars():
                found[name] = row
                row += 1
            row += 1
        return found

    @cached_property
    def parameter_columns(self) -> dict[str, int]:
        """What stands in the columns of Parameters; ``value`` is what the passes are computed with."""
        words = ["symbol", "meaning", "initial", *(["value"] if self.steps is not None else []), "gradient", "next"]
        found = {word: column for column, word in enumerate(words, 2)}
        return {"value": found["initial"], **found}

    def parameter(self, name: str, what: str = "value") -> Cell:
        return Cell(self.sheet("parameters"), self.parameter_rows[name], self.parameter_columns[what])

    # --- passes -----------------------------------------------------------------------------------------------------

    def band_row(self, image: int) -> int:
        """The row of the title of an image's band."""
        return FIRST_BAND + image * (BAND_HEAD + self.band.height + BAND_FOOT)

    def block_cells(self, sheet: str, image: int, block: Block) -> dict[str, Cell]:
        """A block's quantities in one image's band on Forward or Backward."""
        top = self.band_row(image) + BAND_HEAD
        title = self.sheet(sheet)
        return {n: Cell(title, top + r, FIRST_COLUMN + c) for n, r, c in self.band.cells(block)}

    @cached_property
    def forward(self) -> list[dict[str, Cell]]:
        """For each image: every quantity of the forward pass -> its cell on Forward."""
        return [
            {n: c for block in self.band.blocks for n, c in self.block_cells("forward", m, block).items()}
            for m in range(self.images)
        ]

    @cached_property
    def backward(self) -> list[dict[str, Cell]]:
        """For each image: every adjoint -> its cell on Backward."""
        known = self.derivation.graph.backward
        return [
            {
                f"dE_d{n}": c
                for block in self.band.blocks
                for n, c in self.block_cells("backward", m, block).items()
                if f"dE_d{n}" in known
            }
            for m in range(self.images)
        ]

    @property
    def error_total(self) -> Cell:
        """E_total stands under the last band, below the images' errors."""
        return Cell(self.sheet("forward"), self.band_row(self.images), self.forward[0]["E"].column)

    @property
    def totals_first_row(self) -> int:
        return self.band_row(self.images) + 2

    def total(self, name: str) -> Cell:
        """∂E_total/∂name in the list on Backward."""
        return Cell(self.sheet("backward"), self.totals_first_row + self._order[name], self.total_columns[-1])

    @cached_property
    def _order(self) -> dict[str, int]:
        return {name: n for n, name in enumerate(self.derivation.names)}

    @cached_property
    def total_columns(self) -> list[int]:
        """derivative, formula, a column for each image, total: side by side, right of the longest formula.

        Without a training, one image is shown, and its ∂E is all there is.
        """
        longest = max(len(self.derivation[name].variable.products) for name in self.derivation.names)
        longest = min(longest, MAX_SHOWN)
        first = FIRST_TOTAL_COLUMN + max(0, 2 * (longest - 4))
        count = self.images + 1 if self.steps is not None else 1
        while self.gap_columns & set(range(first, first + count)):
            first += 1
        return [FIRST_COLUMN, FIRST_COLUMN + 2, *range(first, first + count)]

    @cached_property
    def gap_columns(self) -> set[int]:
        """The narrow columns between two stages of a pass."""
        ends = {block.column + block.extent[1] for block in self.band.blocks}
        return {FIRST_COLUMN + b.column - 1 for b in self.band.blocks if b.column and b.column not in ends}

    # --- training ---------------------------------------------------------------------------------------------------

    @cached_property
    def training_columns(self) -> list[tuple[str, int]]:
        """Quantity -> column, in order; names of one image end in _image1, …; blank columns between groups.

        Few outputs stand with the results, so that a reader sees what training does to them.
        """
        results = self.results
        groups = [["step", "E_total", *results, NORM], list(self.network.parameters)]
        for m in range(1, self.images + 1):
            graph = self.derivation.graph
            groups.append([f"{v}_image{m}" for v in graph.forward if f"{v}_image{m}" not in results])
            groups.append([f"{v.name}_image{m}" for v in graph.backward.values() if v.tensor.role == "adjoint"])
        groups.append([f"dE_d{p}" for p in self.network.parameters])
        found, column = [], 2
        for group in groups:
            for name in group:
                found.append((name, column))
                column += 1
            column += 1
        return found

    @cached_property
    def results(self) -> list[str]:
        """The outputs of every image, as Training calls them, if they are few."""
        named = [f"{name}_image{m}" for m in range(1, self.images + 1) for name in self.outputs.scalars()]
        return named if len(named) <= MAX_RESULTS else []

    @property
    def outputs(self) -> Tensor:
        """What the network says of an image: its probabilities, if the loss makes them, or its outputs."""
        stated = self.network.forward
        made = [equation.target.tensor for equation in stated.equations]
        return next((tensor for tensor in made if kind_of(tensor).letter == "y"), stated.outputs)

    @property
    def training_rows(self) -> tuple[int, int]:
        """The first and the last row of Training."""
        assert self.steps is not None  # there is such a sheet
        return TRAINING_FIRST_ROW, TRAINING_FIRST_ROW + self.steps

    def trained(self, name: str) -> str:
        """A quantity's column of Training, first to last step, as other sheets refer to it."""
        first, last = self.training_rows
        letter = get_column_letter(self.training_column[name])
        return f"{quoted(self.sheet('training'))}!${letter}${first}:${letter}${last}"

    def at_step_shown(self, name: str, sheet: str) -> str:
        """A quantity in the row of Training that is shown; a step past either end shows the first or the last."""
        step = f"MIN(MAX({self.step_shown.seen_from(sheet)},0),{self.steps})"
        return f"INDEX({self.trained(name)},{step}+1)"

    @cached_property
    def training_column(self) -> dict[str, int]:
        """Quantity -> column of Training."""
        return dict(self.training_columns)
