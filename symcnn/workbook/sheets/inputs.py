"""Inputs and Parameters: what a reader may change, in numbered sections, with an image of their own; one row for each
parameter, with its value at the current step and the step of gradient descent from there.
"""

from collections.abc import Sequence

from symcnn.network import Array
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import Quantity, entries
from symcnn.workbook import style
from symcnn.workbook.addresses import Cell, area
from symcnn.workbook.bands import IMAGES_ROW, STEP_ROW
from symcnn.workbook.book import Book, StyledSheet
from symcnn.workbook.training_plan import FIRST_COLUMN, PARAMETERS_FIRST_ROW, STEP, TrainingPlan

#: The last column that section lines reach.
LAST_COLUMN = 20


#: The validation rule of cells for any number.
ANY_NUMBER = {
    "type": "decimal", "operator": "between", "formula1": "-1000000000000", "formula2": "1000000000000",
}  # fmt: skip


def number(value: float) -> float | int:
    """A whole number as such, so that a pixel reads 1 and not 1.0."""
    return int(value) if value == int(value) else value


class Inputs:
    """Writes the sheet.

    Args:
        images, targets: of the data; labels: the name of each image.
        classes: what each output stands for: a label, or its number.
    """

    def __init__(
        self, book: Book, plan: TrainingPlan, images: Array, targets: Array,
        labels: Sequence[str], classes: Sequence[str],
    ) -> None:  # fmt: skip
        self.book, self.plan, self.labels, self.classes = book, plan, labels, classes
        self.images, self.targets = images, targets
        self._number = 0

    def write(self, rate: float, factor: float, ribbon: str) -> None:
        self.page = self.book.add_sheet("inputs", self.book.label("hint_inputs"), ribbon, LAST_COLUMN - 1)
        self.page.widths(dict.fromkeys(range(FIRST_COLUMN, LAST_COLUMN + 40), style.SQUARE_WIDTH))
        self._step(self.plan.steps)
        self._section(IMAGES_ROW, self.page.label("inputs_many"))
        for row in self.plan.desk.pixel_rows():
            self.page.height(row, style.SQUARE_HEIGHT)
        for m in range(self.plan.images):
            self._image(m)
        self._own_image()
        self._settings(rate, factor)
        self.page.sheet.freeze_panes = "A5"

    def _section(self, row: int, title: str) -> None:
        self._number += 1
        self.page.section(row, f"{self._number}  {title}", LAST_COLUMN, style.VALUE_HEIGHT)

    # --- the current step ---------------------------------------------------------------------------------------------

    def _step(self, steps: int) -> None:
        book, cell = self.book, self.plan.step_cell
        self._section(STEP_ROW - 1, book.label("inputs_step"))
        self._put(cell, 0, style.STEP_LARGE if steps < 1_000 else style.STEP_LONG)
        self.page.height(cell.row, style.SQUARE_HEIGHT)
        self._put(cell.beside(1), book.label("step_words", steps=steps), style.STEP_WORDS)
        self._put(cell.beside(7), book.label("step_moves"), style.NOTE)
        rule = {"type": "whole", "operator": "between", "formula1": "0", "formula2": str(steps)}
        self.page.prompt(cell.local, book.label("step_prompt", steps=steps), rule)
        book.define("step_shown", cell)

    # --- images -----------------------------------------------------------------------------------------------------

    def _image(self, image: int) -> None:
        book, forward = self.book, self.plan.network.forward
        assert forward.targets is not None
        cells = self.plan.inputs[image]
        self._pixels(image, self.labels[image], self.images[image])
        targets = list(entries(forward.targets))
        for k, target in enumerate(targets):
            cell = cells[target]
            self._put(cell.beside(0, -1), self.plan.words.rich_symbol(target, 9), style.SYMBOL)
            self._put(cell, number(float(self.targets[image][k])), style.of_data(self.targets)[0])
        for quantity, cell in cells.items():
            book.define(quantity.of_image(image + 1), cell)
        self._prompt([cells[target] for target in targets], book.label("target_prompt"))

    def _pixels(self, image: int, label: str, values: Array) -> None:
        corner, cells = self.plan.desk.corner(image), self.plan.desk.pixels(image)
        self._put(corner, label, style.IMAGE_LABEL)
        whole = bool((100 * values == (100 * values).round()).all())
        look = style.PIXEL if whole else style.INPUT_FOUR
        for cell, value in zip(cells.values(), values.ravel().tolist(), strict=True):
            self._put(cell, number(float(value)), look)
        first, last = next(iter(cells.values())), list(cells.values())[-1]
        style.pixels_rule(self.page.sheet, [f"{first.local}:{last.local}"], first.local)
        self._prompt(list(cells.values()), self.page.label("pixel_prompt"))
        row = self.plan.desk.outputs(image)[0].row
        self.page.height(row - 1, style.STRIP_HEIGHT)
        self.page.height(row, style.VALUE_HEIGHT)

    def _prompt(self, cells: Sequence[Cell], words: str) -> None:
        """Accept decimal numbers only, with a prompt that says what they mean."""
        self.page.prompt(f"{cells[0].local}:{cells[-1].local}", words, ANY_NUMBER)

    def _own_image(self) -> None:
        """Write the reader's image, with the network's outputs at the current step."""
        book, plan, own = self.book, self.plan, self.plan.images
        self._pixels(own, book.label("own_drawing"), drawn_first(self.images[0]))
        cells = plan.desk.outputs(own)
        for quantity, cell in zip(entries(plan.network.forward.outputs), cells, strict=True):
            self._put(cell.beside(0, -1), self.plan.words.rich_symbol(quantity, 9), style.SYMBOL)
            self._put(cell, CellFormula(f"={plan.own[quantity].seen_from(self.page.title)}"), style.RESULT)
        if len(cells) < 2:
            return
        for cell, class_name in zip(cells, self.classes, strict=True):
            self._put(cell.beside(0, 1), class_name, style.OF_IMAGE)
        row, first, last = cells[0].row, cells[0].column, cells[-1].column
        outputs, classes = area(row, first, row, last), area(row + 1, first, row + 1, last)
        self._put(plan.verdict, CellFormula(f"=INDEX({classes},1,MATCH(MAX({outputs}),{outputs},0))"), style.ANSWER)
        self._put(plan.verdict.beside(2), book.label("verdict_words"), style.NOTE)

    # --- settings and things to try ---------------------------------------------------------------------------------

    def _settings(self, rate: float, factor: float) -> None:
        book, plan = self.book, self.plan
        row = plan.learning_rate.row
        self._section(row - 1, book.label("inputs_settings"))
        positive = {"type": "decimal", "operator": "greaterThan", "formula1": "0"}
        settings = [(plan.learning_rate, "learning_rate", rate, "rate_prompt", "rate_remark"),
                    (plan.factor, "reduction_factor", factor, "reduction_prompt", "reduction_remark")]  # fmt: skip
        for cell, key, value, prompt, remark in settings:
            self._put(cell, number(value), style.INPUT)
            self._put(cell.beside(1), book.label(key), style.INDENTED)
            self._put(cell.beside(7), book.label(remark), style.NOTE)
            self.page.height(cell.row, style.VALUE_HEIGHT)
            self.page.prompt(cell.local, book.label(prompt), positive)
            book.define(key, cell)
        heading = plan.factor.beside(0, 2)
        self._section(heading.row, book.label("inputs_try"))
        for n, key in enumerate(("try_step", "try_rate", "try_drawing", "try_weight"), 1):
            self._put(heading.beside(0, n), book.label(key, steps=plan.steps), style.TRY)
            self.page.height(heading.row + n, 18)

    def _put(self, cell: Cell, value: object, look: style.Style) -> None:
        self.page.put(cell.row, cell.column, value, look)


def drawn_first(image: Array) -> Array:
    """Return the first image without its last dark pixel, with which the reader's image begins."""
    values = image.copy()
    dark = (values.ravel() >= 0.5).nonzero()[0]
    if len(dark) > 1:
        values.ravel()[dark[-1]] = 0
    return values


#: Widths of the columns: symbol, meaning, numbers.
SYMBOL_WIDTH, MEANING_WIDTH, NUMBER_WIDTH = 13, 40, 14

#: Of a column: its head, where that is not its key; how its cells look.
LABELS = {"value": "at_step", "change": "change_head", "gradient": "gradient_head", "initial": "initial_head"}
LOOKS = {"initial": style.INITIAL, "value": style.SHOWN, "gradient": style.SIX, "change": style.SIX, "next": style.FOUR}


def write_parameters(book: Book, plan: TrainingPlan, initial: Array, ribbon: str) -> None:
    """Symbol, meaning, initial value, at the current step, gradient, what the step adds, next."""
    columns = plan.parameter_columns
    page = book.add_sheet("parameters", book.label("hint_parameters"), ribbon, len(columns))
    page.widths({2: SYMBOL_WIDTH, 3: MEANING_WIDTH, **dict.fromkeys(range(4, 10), NUMBER_WIDTH)})
    head = PARAMETERS_FIRST_ROW - 2
    for key, column in columns.items():
        look = style.HEAD_LEFT if key in ("symbol", "meaning") else style.HEAD_RULED
        page.put(head, column, book.label(LABELS.get(key, key)), look)
    page.height(head, 30)
    values = iter(initial.tolist())
    for tensor in plan.network.forward.parameters:
        for parameter in entries(tensor):
            at = {key: plan.parameter(parameter, key) for key in columns}
            row = at["initial"].row
            page.height(row, 18)
            symbol = plan.words.rich(plan.words.short.name(parameter), 11, style.INK)
            page.put(row, columns["symbol"], symbol, style.PARAMETER)
            page.put(row, columns["meaning"], meaning(book, parameter), style.MEANING)
            for key, value in _numbers(plan, parameter, next(values)).items():
                page.put(row, columns[key], value, LOOKS[key])
            book.define(parameter, at["value"])
    _legend(page, plan)
    page.sheet.freeze_panes = f"A{PARAMETERS_FIRST_ROW - 1}"
    page.sheet.page_setup.orientation = "portrait"


def _numbers(plan: TrainingPlan, parameter: Quantity, initial: float) -> dict[str, object]:
    sheet = plan.sheet("parameters")
    value, gradient = plan.parameter(parameter).local, plan.parameter(parameter, "gradient").local
    rate = plan.learning_rate.seen_from(sheet)
    return {
        "initial": initial,
        "gradient": CellFormula(f"={plan.total(parameter).seen_from(sheet)}"),
        "change": CellFormula(f"=-1*{rate}*{gradient}"),
        "next": CellFormula(f"={value}-{rate}*{gradient}"),
        "value": _at_current_step(plan, parameter),
    }


def meaning(book: Book, parameter: Quantity) -> str:
    """Return the meaning of a parameter in words, with its position or its neurons."""
    digits = [digit for _, digit in parameter.tensor.digits(parameter.index)]
    return book.kind(parameter.tensor, "one", at=digits[0], to=digits[-1])


def _legend(page: StyledSheet, plan: TrainingPlan) -> None:
    """Write the colour scale of the values; its ends are the largest of them."""
    value, rows = plan.parameter_columns["value"], list(plan.parameter_rows.values())
    row, values = rows[-1] + 3, area(rows[0], value, rows[-1], value)
    page.put(row, 2, page.label("colours"), style.NOTE)
    page.put(row, 3, page.label("legend_parameters"), style.NOTE)
    page.put(row + 1, 2, page.label("sign_head"), style.NOTE)
    page.put(row + 1, 3, page.label("sign"), style.NOTE)
    largest = f"MAX(MAX({values}),-1*MIN({values}))"
    page.scale(row, range(4, 9), [values, area(row, 4, row, 8)], largest, style.LEGEND_NUMBER)


def _at_current_step(plan: TrainingPlan, parameter: Quantity) -> CellFormula:
    """The parameter in the current step's row of Training; past either end, in the first or the last row."""
    step, (_, last) = plan.step_cell.seen_from(plan.sheet("parameters")), plan.trained_ends(STEP)
    return CellFormula(f"=INDEX({plan.trained(parameter)},MIN(MAX({step},0),{last.absolute})+1)")
