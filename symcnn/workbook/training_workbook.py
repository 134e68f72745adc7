"""The workbook of a network with few quantities: its training step by step; and that of one without a loss."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from string import ascii_uppercase

from symcnn import article
from symcnn.derivation import Derivation
from symcnn.errors import SymcnnWarning, TrainingDivergedError
from symcnn.network import Array, Data, Network, checked, checked_images, class_names
from symcnn.printers.excel import CellFormula
from symcnn.text import Catalogue
from symcnn.version import __version__
from symcnn.workbook import style
from symcnn.workbook.book import Book, finish
from symcnn.workbook.cell_values import cell_values
from symcnn.workbook.evaluator import CellError, Value
from symcnn.workbook.sheets.charts import Charts
from symcnn.workbook.sheets.checks import Checks, all_checks, exported
from symcnn.workbook.sheets.contents import BETWEEN_PARTS, Status, status_cell, write_contents, write_symbols
from symcnn.workbook.sheets.convolution import write_convolution
from symcnn.workbook.sheets.inputs import Inputs, write_parameters
from symcnn.workbook.sheets.passes import Passes
from symcnn.workbook.sheets.training import Progress, write_training
from symcnn.workbook.training_plan import TRAINING_FIRST_ROW, TrainingPlan
from symcnn.workbook.xlsx_writer import workbook_bytes


def forward_workbook(text: Catalogue, network: Network, theta: Array, image: Array) -> bytes:
    """The workbook of a forward-only network: Contents and Convolution, on one image."""
    book = Book(text)
    write_contents(book, network, ["convolution"], [], f"symcnn {__version__}", None, "maps")
    write_convolution(book, network, theta, image)
    finish(book, ["contents", "convolution"], "")
    return workbook_bytes(book.workbook)


@dataclass(frozen=True)
class TrainingInputs:
    """What a workbook with a training is made from.

    Attributes:
        theta: initial values, 1-D; factor: of the sum over the images, 1 or 1/number of images.
        steps: rows of Training after the first; seed: of the initial values, None if they are chosen.
    """

    network: Network
    data: Data
    theta: Array
    rate: float
    factor: float
    steps: int
    seed: int | None = None


def training_workbook(text: Catalogue, inputs: TrainingInputs, progress: Progress | None = None) -> bytes:
    """The file; a training that diverges ends with its last row of numbers.

    Raises:
        TrainingDivergedError: not one step has numbers.
    """
    book, steps = training_book(text, inputs, progress), inputs.steps
    values = cell_values(book.workbook)
    last = _last_finite_step(values[book.title("training")], steps)
    if last == steps:
        return workbook_bytes(book.workbook, values)
    where = f"learning_rate={inputs.rate:g}"
    if last < 1:
        raise TrainingDivergedError(
            f"with {where} a spreadsheet has no numbers (#NUM!) after step {max(last, 0)}: training diverges; use a"
            " smaller learning rate"
        )
    warnings.warn(
        f"with {where} a spreadsheet has no numbers (#NUM!) after step {last}: it diverges; the workbook holds {last}"
        f" of {steps} steps", SymcnnWarning, stacklevel=4,
    )  # fmt: skip
    book = training_book(text, replace(inputs, steps=last), progress, steps)
    return workbook_bytes(book.workbook)


def _last_finite_step(training: Mapping[str, Value], steps: int) -> int:
    """The step before the first row of Training with an error in it; -1 if that is row 0."""
    rows = (int(cell.lstrip(ascii_uppercase)) for cell, value in training.items() if isinstance(value, CellError))
    return min((row - TRAINING_FIRST_ROW - 1 for row in rows), default=steps)


def training_book(
    text: Catalogue, inputs: TrainingInputs, progress: Progress | None = None, requested_steps: int | None = None
) -> Book:
    """The workbook of a network with a loss; the article's begins with Convolution, its part 1.

    Args:
        requested_steps: set where the training diverges, so that there are fewer steps.
    """
    book, network, data, theta, steps = Book(text), inputs.network, inputs.data, inputs.theta, inputs.steps
    images, targets = checked(network, data)
    plan = TrainingPlan(Derivation(network, len(images)), len(images), steps, book.text)
    ribbon = CellFormula(f"={status_cell(book).absolute}")
    labels = text.image_labels(data.labels, len(images))
    notes = [_counts(text, plan), book.label("sign")]
    if requested_steps is not None:
        notes.insert(0, book.label("cut_off", asked=requested_steps, steps=steps))
    key = "made_given" if inputs.seed is None else "made"
    made = book.label(key, version=__version__, steps=steps, seed=inputs.seed)
    first_part = network == article.network()
    sheets = ["convolution"] if first_part else []
    sheets += ["inputs", "parameters", "forward", "backward", "training", "charts", "symbols", "checks"]
    write_contents(book, network, sheets, notes, made, _status(book, plan))
    if first_part:
        operations = article.operations()
        picture = checked_images(operations, article.picture().images)[0]
        write_convolution(book, operations, article.features(), picture, "hint_part_1")
    classes = _classes(text, data, targets)
    Inputs(book, plan, images, targets, labels, classes).write(inputs.rate, inputs.factor, ribbon)
    write_parameters(book, plan, theta, ribbon)
    looks = {"image": style.of_data(images)[1], "target": style.of_data(targets)[1]}
    Passes(book, plan, labels, ribbon, looks).write()
    write_training(book, plan, progress)
    _define_columns(book, plan)
    Charts(book, plan).write()
    write_symbols(book, plan)
    Checks(book, plan, exported(plan, Data(images, targets), theta, inputs.rate, inputs.factor)).write()
    finish(book, ["contents", *sheets], ribbon, {"backward": plan.numbers_end})
    return book


def _status(book: Book, plan: TrainingPlan) -> Status:
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


def _counts(text: Catalogue, plan: TrainingPlan) -> str:
    parameters, count = len(plan.parameters), len(plan.derived)
    if count == parameters:
        return text("report.count_parameters", count=count)
    return text("workbook.count_24", count=count, parameters=parameters, maps=count - parameters)


def _define_columns(book: Book, plan: TrainingPlan) -> None:
    """Define the names of the columns of Parameters and Training."""
    for parameter in plan.parameters:
        book.define(f"initial_{parameter}", plan.parameter(parameter, "initial"))
        book.define(f"next_{parameter}", plan.parameter(parameter, "next"))
    for column in plan.training_column:
        book.define(f"training_{column}", plan.trained(column))
