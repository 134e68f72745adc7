"""Below the bands of Backward: what each position adds to a filter, all ∂E_total, and answers to questions."""

from collections.abc import Iterator

from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.excel import looks, style
from symcnn.excel.addresses import Cell
from symcnn.excel.book import Book
from symcnn.excel.columns import VALUE_HEIGHT
from symcnn.excel.formulas import block_area, references
from symcnn.excel.plan import FIRST_COLUMN, MAX_SHOWN, WorkbookLayout
from symcnn.excel.sections import ContributionSection
from symcnn.excel.words import CellTexts, put_in
from symcnn.printers.excel import MAX_LENGTH, CellFormula
from symcnn.symbolic import Access, Equation, Quantity, Tensor, TensorKind, entries, sigmoid

#: Room for the words of the legend.
LEGEND_PIXELS = 470

#: Derivatives of a list with a hairline between its rows.
MAX_RULED = 200


class GradientTables:
    """Writes them on a sheet that has its bands."""

    def __init__(self, book: Book, plan: WorkbookLayout, words: CellTexts, sheet: Worksheet) -> None:
        self.book, self.plan, self.words, self.sheet = book, plan, words, sheet
        self.graph = plan.derivation.graph
        self._end = max(FIRST_COLUMN + plan.band.width, plan.put_in_end)

    def write(self) -> None:
        if self.plan.shares is not None:
            ContributionSection(self.book, self.plan, self.words, self.sheet).write()
        self._heads()
        last: Tensor | None = None
        for quantity in self.plan.derived:
            if quantity.tensor != last:
                self._group(quantity.tensor)
                last = quantity.tensor
            self._gradient(quantity)
        row = self._legend(self.plan.totals_end + 1)
        self._answers(row + 2)

    # --- the list of all ∂E_total -----------------------------------------------------------------------------------

    def _heads(self) -> None:
        plan, book = self.plan, self.book
        derivative, formula, *images, total = plan.total_columns
        title = book.label("all_totals", count=len(plan.derived), total=self.words.error_total)
        self._section(plan.totals_row, title)
        self._put(plan.totals_row + 1, derivative, book.label("derivative"), style.HEAD)
        self._put(plan.totals_row + 1, formula, book.label("formula"), style.HEAD)
        for n, column in enumerate(images or [total], 1):
            self._put(plan.totals_row + 1, column, book.text("label.image", number=n), looks.HEAD_CENTRE)
        if images:
            self._put(plan.totals_row + 1, total, book.label("total"), looks.HEAD_CENTRE)
        self._put(plan.totals_row + 1, plan.put_in_column, book.label("numbers_put_in"), style.HEAD)

    def _group(self, tensor: Tensor) -> None:
        """A tensor's heading; at its right the largest of its derivatives: how gradients fade on their way back."""
        plan, every = self.plan, list(entries(tensor))
        row, words = plan.total(every[0]).row - 1, self.book.kind(tensor)
        if tensor.kind is TensorKind.FEATURE_MAP:
            words = self.book.label("map_group", kind=words)
        self._put(row, FIRST_COLUMN, words, looks.GROUP)
        column = plan.total_columns[-1]
        area = f"{Cell('', row + 1, column).local}:{Cell('', plan.total(every[-1]).row, column).local}"
        if tensor.role == "parameter":
            self._put(row, plan.put_in_column, self.book.label("largest_of_group"), looks.NOTE)
            self._put(row, column, CellFormula(f"=MAX(MAX({area}),-1*MIN({area}))"), looks.SHARE)
            prompt = DataValidation(showInputMessage=True, promptTitle=self.book.label("derivative")[:32])
            prompt.prompt = self.book.text(f"prompt.{tensor.kind.value}")[:255]
            prompt.add(area)
            self.sheet.add_data_validation(prompt)
        self.sheet.row_dimensions[row].height = 20

    def _gradient(self, quantity: Quantity) -> None:
        plan = self.plan
        derivative, formula, *images, total = plan.total_columns
        adjoint, row = quantity.adjoint, plan.total(quantity).row
        if len(plan.derived) <= MAX_RULED:
            for column in range(FIRST_COLUMN, self._end):
                self._put(row, column, None, looks.RULE)
        variable = self.graph[adjoint]
        shown = self.words.total(adjoint) if images else self.words.of_image(adjoint)
        self._put(row, derivative, f"{shown} =", looks.LISTED_NAME)
        self._put(row, formula, self.words.formula(variable, MAX_SHOWN), looks.LISTED_FORMULA)
        each = [plan.backward[m][adjoint].local for m in range(plan.images)]
        for column, reference in zip(images or [total], each, strict=True):
            self._put(row, column, CellFormula(f"={reference}"), looks.LISTED_VALUE if images else looks.LISTED_TOTAL)
        for m in range(plan.put_in):
            self._numbers(row + m, m, adjoint)
        if quantity not in plan.parameter_rows:
            return  # a cell of the feature map belongs to one image: there is nothing to add
        if images:
            first, last = (Cell("", row, c).local for c in (images[0], images[-1]))
            value = CellFormula(f"={plan.factor.seen_from(self.sheet.title)}*SUM({first}:{last})")
            self._put(row, total, value, looks.LISTED_TOTAL)
        self.book.define(adjoint, plan.total(quantity))

    def _numbers(self, row: int, image: int, adjoint: Quantity) -> None:
        """The formula with the numbers of the step shown, from live cells."""
        place = references(self.plan, image, self.sheet.title)
        text = put_in(place, self.graph[adjoint], MAX_SHOWN)
        if self.plan.put_in > 1:
            text = CellFormula(text.replace("=", f'="{image + 1}:  "&', 1).replace('"&"', ""))
        if len(text) <= MAX_LENGTH:
            self._put(row, self.plan.put_in_column, text, looks.MORE_NUMBERS if image else looks.LISTED_NUMBERS)

    # --- colours ----------------------------------------------------------------------------------------------------

    def _legend(self, row: int) -> int:
        """One scale for all derivatives of the sheet: it shows at a glance how they fade from output to filter."""
        plan = self.plan
        areas, largest = list(self._areas()), []
        for area in areas:
            largest.append(f"MAX({area}),-1*MIN({area})")
        self._put(row, FIRST_COLUMN, self.book.label("legend_gradients"), looks.NOTE)
        columns = plan.columns.run(plan.columns.after(FIRST_COLUMN, LEGEND_PIXELS), 5)
        low, half_low, zero, half, high = (Cell("", row, column).local for column in columns)
        kept = largest[:100]
        formulas = {
            low: CellFormula(f"=-1*{high}"), half_low: CellFormula(f"=-1*{high}/2"), zero: 0,
            half: CellFormula(f"={high}/2"),
            high: CellFormula(f"=MAX({','.join(kept)})"),
        }  # fmt: skip
        for cell, value in formulas.items():
            found = self.sheet[cell]
            self._put(row, found.column, value, looks.LEGEND_SMALL)
        fixed = [f"${c.rstrip('0123456789')}${row}" for c in (low, high)]
        areas += [low, half_low, zero, half, high]
        looks.scale_between(self.sheet, " ".join(areas), *fixed)
        return row

    def _areas(self) -> Iterator[str]:
        for m in range(self.plan.images):
            cells = {q.primal: c for q, c in self.plan.backward[m].items()}
            for block in self.plan.band.blocks:
                if block.tensor.role in ("value", "parameter") and any(q in cells for q in entries(block.tensor)):
                    yield block_area(block, cells)

    # --- answers ----------------------------------------------------------------------------------------------------

    def _answers(self, row: int) -> None:
        """What learners ask most, where this network gives rise to it."""
        self._section(row, self.book.label("questions"))
        for n, key in enumerate(self._questions(), 1):
            self._put(row + n, FIRST_COLUMN, self.book.text(f"question.{key}"), looks.NOTE)
            self.sheet.row_dimensions[row + n].height = 18

    def _questions(self) -> Iterator[str]:
        equations, parameters = self.plan.derivation.forward, self.plan.network.forward.parameters
        kinds = {t.kind for t in parameters}
        functions = {type(a) for e in equations for t in e.terms for f in t.factors for a in f.atoms(sigmoid)}
        if TensorKind.FILTER in kinds:
            yield "flip"
            yield "positions"
        if TensorKind.BIAS in kinds:
            yield "bias"
        if self.plan.steps is not None:
            yield "mean"
        if any(e.reduce == "max" and len(e.target.tensor.shape) > 1 for e in equations):
            yield "pooling"
        if functions:
            yield "sigmoid"
        if self.plan.network.loss == "cross_entropy":
            yield "softmax"
        if any(_padded(e) for e in equations):
            yield "padding"
        yield "fading"
        yield "transposes"

    def _section(self, row: int, title: str) -> None:
        for column in range(2, self._end):
            self._put(row, column, title if column == 2 else None, style.SECTION)
        self.sheet.row_dimensions[row].height = VALUE_HEIGHT

    def _put(self, row: int, column: int, value: object, look: style.Style) -> None:
        self.book.put(self.sheet, row, column, value, look)


def _padded(equation: Equation) -> bool:
    """Does a window reach beyond what it slides over? Then an index is moved."""
    accesses = (a for term in equation.terms for factor in term.factors for a in factor.atoms(Access))
    return any(affine.coefficients and affine.offset for access in accesses for affine in access.index)
