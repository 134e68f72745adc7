"""Inputs: what a reader may change, in numbered sections, and an image of their own."""

from collections.abc import Sequence

from openpyxl.worksheet.datavalidation import DataValidation

from symcnn.excel import looks, style
from symcnn.excel.addresses import Cell
from symcnn.excel.book import Book
from symcnn.excel.columns import BESIDE_MARGIN, MARGIN, SQUARE, SQUARE_HEIGHT, STRIP_HEIGHT, VALUE_HEIGHT
from symcnn.excel.desk import IMAGES_ROW, STEP_ROW
from symcnn.excel.plan import FIRST_COLUMN, WorkbookLayout
from symcnn.excel.words import CellTexts
from symcnn.network import Array
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import entries

#: The last column that section lines reach.
LAST_COLUMN = 20


def number(value: float) -> float | int:
    """A whole number as such, so that a pixel reads 1 and not 1.0."""
    return int(value) if value == int(value) else value


class Inputs:
    """Writes the sheet.

    Args:
        images, targets: as given; labels: what each image is called.
        classes: what each output stands for: a label, or its number.
    """

    def __init__(
        self, book: Book, plan: WorkbookLayout, images: Array, targets: Array,
        labels: Sequence[str], classes: Sequence[str],
    ) -> None:  # fmt: skip
        self.book, self.plan, self.labels, self.classes = book, plan, labels, classes
        self.images, self.targets = images, targets
        self.words = CellTexts(plan.derivation.quantities, book.text)
        self._number = 0

    def write(self, rate: float, factor: float, ribbon: str) -> None:
        self.sheet = self.book.add_sheet("inputs", self.book.label("hint_inputs"), ribbon, LAST_COLUMN - 1)
        widths = {1: MARGIN, 2: BESIDE_MARGIN, **dict.fromkeys(range(FIRST_COLUMN, LAST_COLUMN + 40), SQUARE)}
        self.book.widths(self.sheet, widths)
        if self.plan.steps is not None:
            self._step(self.plan.steps)
        self._section(IMAGES_ROW, self.book.label("inputs_many" if self.plan.has_own else "inputs_single"))
        for row in self.plan.desk.pixel_rows(self.plan.has_own):
            self.sheet.row_dimensions[row].height = SQUARE_HEIGHT
        for m in range(self.plan.images):
            self._image(m)
        if self.plan.has_own:
            self._own_image()
        self._settings(rate, factor)
        self.sheet.freeze_panes = "A5"

    def _section(self, row: int, title: str) -> None:
        self._number += 1
        for column in range(2, LAST_COLUMN + 1):
            self._put(Cell("", row, column), f"{self._number}  {title}" if column == 2 else None, style.SECTION)
        self.sheet.row_dimensions[row].height = VALUE_HEIGHT

    # --- the step shown ---------------------------------------------------------------------------------------------

    def _step(self, steps: int) -> None:
        book, cell = self.book, self.plan.step_shown
        self._section(STEP_ROW - 1, book.label("inputs_step"))
        self._put(cell, 0, looks.STEP if steps < 1_000 else looks.STEP_LONG)
        self.sheet.row_dimensions[cell.row].height = SQUARE_HEIGHT
        self._put(Cell("", cell.row, cell.column + 1), book.label("step_words", steps=steps), looks.STEP_WORDS)
        self._put(Cell("", cell.row, cell.column + 7), book.label("step_moves"), looks.NOTE)
        rule = {"type": "whole", "operator": "between", "formula1": "0", "formula2": str(steps)}
        book.prompt(self.sheet, cell.local, book.label("step_prompt", steps=steps), rule)
        book.define("step_shown", cell)

    # --- images -----------------------------------------------------------------------------------------------------

    def _image(self, image: int) -> None:
        book, stated = self.book, self.plan.network.forward
        assert stated.targets is not None
        cells = self.plan.inputs[image]
        self._pixels(image, self.labels[image], self.images[image])
        targets = list(entries(stated.targets))
        for k, target in enumerate(targets):
            cell = cells[target]
            self._put(Cell("", cell.row - 1, cell.column), self.words.symbol(target), style.SYMBOL)
            self._put(cell, number(float(self.targets[image][k])), style.of_data(self.targets)[0])
        for quantity, cell in cells.items():
            book.define(quantity.of_image(image + 1), cell)
        self._prompt([cells[target] for target in targets], book.label("target_prompt"))

    def _pixels(self, image: int, label: str, values: Array) -> None:
        corner, cells = self.plan.desk.corner(image), self.plan.desk.pixels(image)
        self._put(corner, label, looks.IMAGE_LABEL)
        whole = bool((100 * values == (100 * values).round()).all())
        look = looks.PIXEL if whole else style.INPUT_FOUR
        for cell, value in zip(cells.values(), values.ravel().tolist(), strict=True):
            self._put(cell, number(float(value)), look)
        first, last = next(iter(cells.values())), list(cells.values())[-1]
        looks.pixels_rule(self.sheet, [f"{first.local}:{last.local}"], first.local)
        self._prompt(list(cells.values()), self.book.label("pixel_prompt"))
        row = self.plan.desk.outputs(image)[0].row
        self.sheet.row_dimensions[row - 1].height = STRIP_HEIGHT
        self.sheet.row_dimensions[row].height = VALUE_HEIGHT

    def _prompt(self, cells: Sequence[Cell], words: str) -> None:
        """A decimal number is asked for, and said what it means."""
        validation = DataValidation(
            type="decimal", operator="between", formula1="-1000000000000", formula2="1000000000000"
        )
        validation.prompt, validation.error = words[:255], words[:224]
        validation.showInputMessage = validation.showErrorMessage = True
        validation.add(f"{cells[0].local}:{cells[-1].local}")
        self.sheet.add_data_validation(validation)

    def _own_image(self) -> None:
        """The reader's image, with what the network answers at the step shown."""
        book, plan, own = self.book, self.plan, self.plan.images
        self._pixels(own, book.label("own_drawing"), drawn_first(self.images[0]))
        cells = plan.desk.outputs(own)
        for quantity, cell in zip(entries(plan.network.forward.outputs), cells, strict=True):
            self._put(Cell("", cell.row - 1, cell.column), self.words.symbol(quantity), style.SYMBOL)
            self._put(cell, CellFormula(f"={plan.own[quantity].seen_from(self.sheet.title)}"), style.RESULT)
        if len(cells) < 2:
            return
        for cell, shown in zip(cells, self.classes, strict=True):
            self._put(Cell("", cell.row + 1, cell.column), shown, looks.SMALL_RIGHT)
        row, ends = cells[0].row, (cells[0], cells[-1])
        outputs = ":".join(c.local for c in ends)
        classes = ":".join(Cell("", row + 1, c.column).local for c in ends)
        self._put(plan.verdict, CellFormula(f"=INDEX({classes},1,MATCH(MAX({outputs}),{outputs},0))"), looks.VERDICT)
        beside = Cell("", plan.verdict.row, plan.verdict.column + 2)
        self._put(beside, book.label("verdict_words"), looks.NOTE)

    # --- settings and things to try ---------------------------------------------------------------------------------

    def _settings(self, rate: float, factor: float) -> None:
        book, plan = self.book, self.plan
        row = plan.learning_rate.row
        self._section(row - 1, book.label("inputs_settings"))
        positive = {"type": "decimal", "operator": "greaterThan", "formula1": "0"}
        settings = [(plan.learning_rate, "learning_rate", rate, "rate_prompt", "rate_remark"),
                    (plan.factor, "reduction_factor", factor, "reduction_prompt", "reduction_remark")]  # fmt: skip
        for cell, key, value, prompt, remark in settings if plan.steps is not None else settings[:1]:
            self._put(cell, number(value), style.INPUT)
            self._put(Cell("", cell.row, cell.column + 1), book.label(key), looks.WORDS_MIDDLE)
            self._put(Cell("", cell.row, cell.column + 7), book.label(remark), looks.NOTE)
            self.sheet.row_dimensions[cell.row].height = VALUE_HEIGHT
            book.prompt(self.sheet, cell.local, book.label(prompt), positive)
            book.define(key, cell)
        if plan.steps is None:
            return
        row = plan.factor.row + 2
        self._section(row, book.label("inputs_try"))
        for n, key in enumerate(("try_step", "try_rate", "try_drawing", "try_weight"), 1):
            self._put(Cell("", row + n, FIRST_COLUMN), book.label(key, steps=plan.steps), looks.TRY)
            self.sheet.row_dimensions[row + n].height = 18

    def _put(self, cell: Cell, value: object, look: style.Style) -> None:
        self.book.put(self.sheet, cell.row, cell.column, value, look)


def drawn_first(image: Array) -> Array:
    """What the reader's image shows at first: the first image with its last stroke of the pen missing."""
    values = image.copy()
    dark = (values.ravel() >= 0.5).nonzero()[0]
    if len(dark) > 1:
        values.ravel()[dark[-1]] = 0
    return values
