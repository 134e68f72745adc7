"""The workbooks: which sheets they have, in which order; and their formulas again, to compare a file with them."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from string import ascii_uppercase

from openpyxl.workbook.defined_name import DefinedName

from symcnn import article
from symcnn.derivation import Derivation
from symcnn.errors import SymcnnWarning, TrainingDivergedError
from symcnn.network import Array, Data, Network, checked, checked_images, class_names
from symcnn.printers.excel import CellFormula
from symcnn.text import Catalogue
from symcnn.version import __version__
from symcnn.workbook import style
from symcnn.workbook.addresses import is_legal_name
from symcnn.workbook.book import Book, finish
from symcnn.workbook.charts import Charts
from symcnn.workbook.checks_sheet import Checks, all_checks, exported
from symcnn.workbook.contents import BETWEEN_PARTS, Status, status_cell, write_contents, write_symbols
from symcnn.workbook.convolution import write_convolution
from symcnn.workbook.functions import CellError, Value
from symcnn.workbook.inputs import Inputs, write_parameters
from symcnn.workbook.passes import Passes
from symcnn.workbook.plan import TRAINING_FIRST_ROW, WorkbookLayout
from symcnn.workbook.training import Progress, write_training
from symcnn.workbook.values import cell_values
from symcnn.workbook.writer import written


def forward_workbook(text: Catalogue, network: Network, theta: Array, image: Array) -> bytes:
    """The workbook of a forward-only network: Contents and Convolution, on one image."""
    book = Book(text)
    write_contents(book, network, ["convolution"], [], f"symcnn {__version__}", None, "maps")
    write_convolution(book, network, theta, image)
    finish(book, ["contents", "convolution"], "")
    return written(book.workbook)


def training_workbook(
    text: Catalogue, network: Network, data: Data, theta: Array, rate: float, factor: float, steps: int,
    seed: int | None, progress: Progress | None,
) -> bytes:  # fmt: skip
    """The file of a network with a training; one that diverges ends with its last row of numbers.

    Raises:
        TrainingDivergedError: not one step has numbers.
    """
    book = passes_book(text, network, data, theta, rate, factor, steps, _made(text, steps, seed), progress)
    values = cell_values(book.workbook)
    last = _last_finite_step(values[book.title("training")], steps)
    if last == steps:
        return written(book.workbook, values)
    if last < 1:
        raise TrainingDivergedError(
            f"with learning_rate={rate:g} a spreadsheet has no numbers (#NUM!) after step {max(last, 0)}: training"
            " diverges; use a smaller learning rate"
        )
    warnings.warn(
        f"with learning_rate={rate:g} a spreadsheet has no numbers (#NUM!) after step {last}: it diverges; the workbook"
        f" holds {last} of {steps} steps",
        SymcnnWarning,
        stacklevel=4,
    )
    book = passes_book(text, network, data, theta, rate, factor, last, _made(text, last, seed), progress, steps)
    return written(book.workbook)


def _last_finite_step(training: Mapping[str, Value], steps: int) -> int:
    """The step before the first row of Training with an error in it; -1 if that is row 0."""
    rows = (int(cell.lstrip(ascii_uppercase)) for cell, value in training.items() if isinstance(value, CellError))
    return min((row - TRAINING_FIRST_ROW - 1 for row in rows), default=steps)


def passes_book(
    text: Catalogue, network: Network, data: Data, theta: Array, rate: float, factor: float, steps: int,
    made: str, progress: Progress | None = None, requested_steps: int | None = None,
) -> Book:  # fmt: skip
    """The workbook of a network with a loss; the article's begins with Convolution, its part 1.

    Args:
        theta: initial values; made: how the workbook was made, in words.
        factor: of the sum over the images: 1, or 1/number of images.
        requested_steps: set where the training diverges, so that there are fewer steps.
    """
    book = Book(text)
    images, targets = checked(network, data)
    plan = WorkbookLayout(Derivation(network, len(images)), len(images), steps, book.text)
    ribbon = CellFormula(f"={status_cell(book).absolute}")
    labels = text.image_labels(data.labels, len(images))
    notes = [_counts(text, plan), book.label("sign")]
    if requested_steps is not None:
        notes.insert(0, book.label("cut_off", asked=requested_steps, steps=steps))
    first_part = network == article.network()
    sheets = ["convolution"] if first_part else []
    sheets += ["inputs", "parameters", "forward", "backward", "training", "charts", "symbols", "checks"]
    write_contents(book, network, sheets, notes, made, _status(book, plan))
    if first_part:
        operations = article.operations()
        picture = checked_images(operations, article.picture().images)[0]
        write_convolution(book, operations, article.features(), picture)
    classes = _classes(text, data, targets)
    Inputs(book, plan, images, targets, labels, classes).write(rate, factor, ribbon)
    write_parameters(book, plan, theta, ribbon)
    looks = {"image": style.of_data(images)[1], "target": style.of_data(targets)[1]}
    Passes(book, plan, labels, ribbon, looks).write()
    write_training(book, plan, progress)
    define_more(book, plan)
    Charts(book, plan).write()
    write_symbols(book, plan)
    Checks(book, plan, exported(plan, Data(images, targets), theta, rate, factor)).write()
    finish(book, ["contents", *sheets], ribbon, {"backward": plan.numbers_end})
    return book


def _status(book: Book, plan: WorkbookLayout) -> Status:
    """Return the status line: step, error or what is wrong, and whether all checks pass."""
    label = book.label
    total, of = plan.error_total.absolute, label("status_of", steps=plan.steps)
    step = f'"{label("status")} "&{plan.step_in_range}&" {of}{BETWEEN_PARTS}"'
    error = f'IF(COUNT({total})=1,"E_total = "&ROUND({total},6),"{label("status_diverges")}")'
    verdict = f'IF({all_checks(book).absolute}="{label("ok")}","{label("status_pass")}","{label("status_fail")}")'
    return Status(CellFormula(f'={step}&{error}&"{BETWEEN_PARTS}"&{verdict}'), plan.step_cell)


def _classes(text: Catalogue, data: Data, targets: Array) -> list[str]:
    """Return the class of each output: the label of the images for which it should be largest, or its number."""
    known = text.words("shown")
    names = class_names(targets, data.labels)
    numbers = [str(k + 1) for k in range(targets.shape[1])]
    return numbers if names is None else [known.get(name, name) for name in names]


def _counts(text: Catalogue, plan: WorkbookLayout) -> str:
    parameters, count = len(plan.parameters), len(plan.derived)
    if count == parameters:
        return text("report.count_parameters", count=count)
    return text("workbook.count_24", count=count, parameters=parameters, maps=count - parameters)


def _made(text: Catalogue, steps: int, seed: int | None) -> str:
    if seed is None:
        return text("workbook.made_given", version=__version__, steps=steps)
    return text("workbook.made", version=__version__, steps=steps, seed=seed)


def define_more(book: Book, plan: WorkbookLayout) -> None:
    """Define the names of cells and columns."""
    for parameter in plan.parameters:
        book.define(f"initial_{parameter}", plan.parameter(parameter, "initial"))
        book.define(f"next_{parameter}", plan.parameter(parameter, "next"))
    for column in plan.training_column:
        name = f"training_{column}"
        if not is_legal_name(name):
            raise ValueError(f"{name} cannot be a defined name")
        book.workbook.defined_names[name] = DefinedName(name, attr_text=plan.trained(column))


@dataclass(frozen=True)
class WorkbookInputs:
    """The inputs of a workbook that can be read from the workbook itself.

    Attributes:
        theta: initial values; steps: rows of Training after the first.
    """

    network: Network
    images: Array
    targets: Array
    theta: Array
    rate: float
    factor: float
    steps: int
    text: Catalogue


def regenerate_formulas(inputs: WorkbookInputs) -> Mapping[tuple[str, int, int], str]:
    """(sheet, row, column) -> formula, as symcnn writes the workbook today."""
    i, data = inputs, Data(inputs.images, inputs.targets)
    book = passes_book(i.text, i.network, data, i.theta, i.rate, i.factor, i.steps, "")
    return {
        (sheet.title, cell.row, cell.column): cell.value[1:]
        for sheet in book.workbook
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" and isinstance(cell.value, str)
    }
