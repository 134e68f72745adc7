"""Forward and Backward: one band an image; then the list of all ∂E_total with their formulas."""

from collections.abc import Mapping

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.excel import style
from symcnn.excel.addresses import Cell
from symcnn.excel.book import Book
from symcnn.excel.formulas import backward_formula, forward_formula, shown_again
from symcnn.excel.layout import Block
from symcnn.excel.plan import FIRST_COLUMN, MAX_SHOWN, Plan
from symcnn.formula import Plain, Typography
from symcnn.network import kind_of
from symcnn.printers.excel import checked_formula
from symcnn.symbolic import Tensor


class Passes:
    """Writes the two sheets; ``labels`` says what each image shows, ``looks`` how "image" and "target" are shown."""

    def __init__(
        self, book: Book, plan: Plan, labels: list[str], ribbon: str, looks: Mapping[str, style.Style]
    ) -> None:
        self.book, self.plan, self.labels, self.ribbon, self.looks = book, plan, labels, ribbon, looks
        self.graph = plan.derivation.graph
        self.typography = Typography(self.graph, book.text.words("word"))
        # in a diagram ∂E/∂x is long enough; the list below says E_total
        self.short = Typography(self.graph, book.text.words("word"), total="")
        self.plain = Plain(book.text.decimal)

    def write(self) -> None:
        self._forward()
        self._backward()

    # --- the bands --------------------------------------------------------------------------------------------------

    def _forward(self) -> None:
        plan, width = self.plan, self.plan.band.width
        sheet = self.book.add_sheet("forward", self.book.label("hint_forward"), self.ribbon, width)
        self._columns(sheet)
        for m in range(plan.images):
            self._band_head(sheet, m)
            for block in plan.band.blocks:
                self._heading(sheet, m, block, block.tensor)
                for name, cell in plan.block_cells("forward", m, block).items():
                    self._symbol(sheet, cell, self.plain.emit(self.typography.name(name)))
                    self._value(sheet, cell, forward_formula(plan, m, name), block.tensor)
                    if name in self.graph.forward:
                        self.book.define(f"{name}_image{m + 1}", cell)
            self._colours(sheet, m, "forward")
        if plan.steps is not None:
            self._error_total(sheet)

    def _error_total(self, sheet: Worksheet) -> None:
        plan, total = self.plan, self.plan.error_total
        errors = "+".join(plan.forward[m]["E"].local for m in range(plan.images))
        symbol = self.plain.emit(self.typography.error)
        self.book.put(sheet, total.row, total.column - 1, f"{symbol} =", style.NAME)
        formula = f"={plan.factor.seen_from(total.sheet)}*({errors})"
        self.book.put(sheet, total.row, total.column, checked_formula(formula, "E_total"), style.RESULT)
        self.book.define("E_total", total)

    def _backward(self) -> None:
        plan = self.plan
        sheet = self.book.add_sheet("backward", self.book.label("hint_backward"), self.ribbon, plan.band.width)
        self._columns(sheet)
        for m in range(plan.images):
            self._band_head(sheet, m)
            for block in plan.band.blocks:
                if block.tensor.name == "E":
                    continue
                self._heading(sheet, m, block, block.tensor)
                for name, cell in plan.block_cells("backward", m, block).items():
                    adjoint = f"dE_d{name}"
                    derived = adjoint in self.graph.backward
                    shown = self.short.name(adjoint) if derived else self.typography.name(name)
                    self._symbol(sheet, cell, self.plain.emit(shown))
                    formula = backward_formula(plan, m, adjoint) if derived else shown_again(plan, m, name, cell)
                    self._value(sheet, cell, formula, block.tensor, style.GRADIENT)
                    if derived:
                        self.book.define(f"{adjoint}_image{m + 1}", cell)
            self._colours(sheet, m, "backward")
        self._totals(sheet)

    def _columns(self, sheet: Worksheet) -> None:
        for column in range(FIRST_COLUMN, FIRST_COLUMN + self.plan.band.width):
            narrow = column in self.plan.gap_columns
            sheet.column_dimensions[get_column_letter(column)].width = 4 if narrow else 15

    def _band_head(self, sheet: Worksheet, image: int) -> None:
        row = self.plan.band_row(image)
        for column in range(self.plan.band.width):
            title = self.labels[image] if column == 0 else None
            self.book.put(sheet, row, FIRST_COLUMN + column, title, style.SECTION)

    def _heading(self, sheet: Worksheet, image: int, block: Block, tensor: Tensor) -> None:
        kind = kind_of(tensor)
        key = "kind.z_short" if kind.letter == "z" else f"kind.{kind.letter}"
        error = tensor.name == "E"
        words = self.book.label("error") if error else self.book.text(key, source=kind.source, target=kind.target)
        row = self.plan.band_row(image) + 1
        self.book.put(sheet, row, FIRST_COLUMN + block.column, words, style.HEAD)

    def _symbol(self, sheet: Worksheet, cell: Cell, text: str) -> None:
        self.book.put(sheet, cell.row - 1, cell.column, text, style.SYMBOL)

    def _value(
        self, sheet: Worksheet, cell: Cell, formula: str, tensor: Tensor, usual: style.Style = style.VALUE
    ) -> None:
        look = style.RESULT if tensor.name == "E" else usual
        self.book.put(sheet, cell.row, cell.column, formula, self.looks.get(tensor.role, look))

    def _colours(self, sheet: Worksheet, image: int, key: str) -> None:
        for block in self.plan.band.blocks:
            cells = list(self.plan.block_cells(key, image, block).values())
            area = f"{cells[0].local}:{cells[-1].local}"
            if block.tensor.role == "image":
                style.pixel_rule(sheet, cells, self.plan.band.strips)
            elif block.tensor.role in ("value", "parameter") and block.tensor.shape:
                style.signed_scale(sheet, area, 2.0 if key == "forward" else 0.2)

    # --- all ∂E_total -----------------------------------------------------------------------------------------------

    def _totals(self, sheet: Worksheet) -> None:
        plan, book = self.plan, self.book
        derivative, formula, *images, total = plan.total_columns
        head = plan.totals_first_row - 1
        heads = {derivative: book.label("derivative"), formula: book.label("formula"), total: book.label("total")}
        heads |= {c: book.text("label.image", number=n) for n, c in enumerate(images or [total], 1)}
        for column, words in heads.items():
            book.put(sheet, head, column, words, style.HEAD)
        typography = self.typography if images else self.short
        for name in plan.derivation.names:
            adjoint, row = f"dE_d{name}", plan.total(name).row
            text = self.plain.emit(self.short.right_side(self.graph.backward[adjoint], MAX_SHOWN))
            book.put(sheet, row, derivative, f"{self.plain.emit(typography.name(adjoint))} =", style.NAME)
            book.put(sheet, row, formula, text, style.FORMULA_TEXT)
            each = [plan.backward[m][adjoint].local for m in range(plan.images)]
            for column, reference in zip(images or [total], each, strict=True):
                book.put(sheet, row, column, f"={reference}", style.GRADIENT)
            if name not in plan.parameter_rows:
                continue  # a cell of the feature map belongs to one image: there is nothing to add
            if images:
                first, last = (Cell("", row, c).local for c in (images[0], images[-1]))
                value = f"={plan.factor.seen_from(sheet.title)}*SUM({first}:{last})"
                book.put(sheet, row, total, value, style.GRADIENT_RESULT)
            book.define(adjoint, plan.total(name))
