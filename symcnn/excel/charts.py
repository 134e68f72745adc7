"""Charts: the error, the outputs, a filter's weights and the gradient over the training; the step shown is amber.

The amber points are series of one cell from a small table below the charts, so that they move with the step shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.excel import style
from symcnn.excel.addresses import Cell
from symcnn.excel.book import Book
from symcnn.excel.curves import Curve, Dash, chart
from symcnn.excel.plan import E_TOTAL, NORM, STEP, Column, WorkbookLayout
from symcnn.excel.training import without_word
from symcnn.formula import Plain, Typography
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import Quantity, Tensor, TensorKind, entries

LEFT, PITCH, COLUMNS = 2, 8, 22
SQUARES_ROW = 7

#: Curves in one chart, and rows or columns of a filter shown as squares.
MAX_CURVES, MAX_SIDE = 9, 5

#: Rows that a chart takes.
CHART_ROWS = 16
BLUE, ORANGE, GREEN, PURPLE = "1F5FA8", "C4622D", "2B8C82", "7D4E9E"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE)
DASHES: Sequence[Dash] = ("solid", "dash", "sysDot", "dashDot", "lgDash", "sysDash", "lgDashDot", "sysDashDot")


@dataclass(frozen=True)
class Chart:
    """One chart: its title, columns of Training, how each is drawn, and whether the axis is logarithmic."""

    title: str
    columns: Sequence[Column]
    looks: Sequence[tuple[str, Dash]]
    log: bool = False


class Charts:
    """Writes the sheet."""

    def __init__(self, book: Book, plan: WorkbookLayout) -> None:
        self.book, self.plan = book, plan
        self.sheet: Worksheet = book.add_sheet("charts", book.label("hint_charts"))
        self.typography = Typography(plan.derivation.quantities, book.text.words("word"))
        self.plain = Plain(book.text.decimal)
        parameters = plan.network.forward.parameters
        filters = [t for t in parameters if t.kind is TensorKind.FILTER]
        self.tensor: Tensor = (filters or list(parameters))[0]

    def write(self) -> None:
        for column in range(LEFT, LEFT + COLUMNS):
            self.sheet.column_dimensions[get_column_letter(column)].width = PITCH
        top = self._squares()
        figures = self._figures()
        table = top + CHART_ROWS * ((len(figures) + 1) // 2) + 1
        points = self._points(table, [column for figure in figures for column in figure.columns])
        for n, figure in enumerate(figures):
            row, column = top + CHART_ROWS * (n // 2), LEFT + 11 * (n % 2)
            self._draw(figure, f"{get_column_letter(column)}{row}", points)
        self.sheet.print_area = f"A1:{get_column_letter(LEFT + COLUMNS - 1)}{table + 3 * self._table_rows(points)}"

    # --- which curves -----------------------------------------------------------------------------------------------

    def _figures(self) -> list[Chart]:
        plan, label = self.plan, self.book.label
        outputs = plan.results
        weights = self.weights
        found = [Chart(label("chart_error"), [E_TOTAL], [(BLUE, "solid")], log=True)]
        if outputs:
            each = plan.outputs.size
            looks = [(PALETTE[n // each % 4], DASHES[n % each]) for n in range(len(outputs))]
            found.append(Chart(label("chart_outputs"), outputs, looks))
        key = "chart_filter" if self.tensor.kind is TensorKind.FILTER else "chart_weights"
        found.append(Chart(label(key), weights, [(PALETTE[n % 4], DASHES[n // 4]) for n in range(len(weights))]))
        found.append(Chart(label("chart_gradient"), [NORM], [(GREEN, "solid")], log=True))
        return found

    @property
    def weights(self) -> list[Quantity]:
        """The first filter's weights, or the first parameters, as many as a chart holds."""
        is_filter = self.tensor.kind is TensorKind.FILTER
        rows, columns = self.tensor.shape[-2:] if is_filter else (1, self.tensor.size)
        return list(islice(entries(self.tensor), min(rows * columns, MAX_CURVES)))

    def _symbol(self, column: Column) -> str:
        if not isinstance(column, Quantity):
            return "‖∇E‖"
        written = self.typography.name(column)
        if column.image is None:
            return self.plain.emit(written)
        return f"{self.plain.emit(without_word(written))} {self.book.text('label.image', number=column.image)}"

    # --- the filter in squares --------------------------------------------------------------------------------------

    def _squares(self) -> int:
        """The first filter at the first step, at the step shown and at the last; the next free row."""
        tensor, plan = self.tensor, self.plan
        if tensor.kind is not TensorKind.FILTER or max(tensor.shape[-2:]) > MAX_SIDE:
            return 6
        rows, columns = tensor.shape[-2:]
        self.book.put(self.sheet, SQUARES_ROW - 2, LEFT, self.book.label("filter_squares"), style.BOLD)
        shown = f"MIN(MAX({plan.step_shown.absolute},0),{plan.steps})"
        heads = (CellFormula(f'="{self.book.label("step")} 0"'), CellFormula(f'="{self.book.label("step")} "&{shown}'),
                 CellFormula(f'="{self.book.label("step")} {plan.steps}"'))  # fmt: skip
        for block, head in enumerate(heads):
            left = LEFT + block * (columns + 1)
            self.book.put(self.sheet, SQUARES_ROW - 1, left, head, style.AMBER_HEAD if block == 1 else style.HEAD)
            for n, weight in enumerate(islice(entries(tensor), rows * columns)):
                at = plan.parameter(weight) if block == 1 else plan.trained_ends(weight)[block // 2]
                row, across = divmod(n, columns)
                self.book.put(
                    self.sheet, SQUARES_ROW + row, left + across, CellFormula(f"={at.absolute}"), style.SQUARE
                )
            if block:
                self.book.put(self.sheet, SQUARES_ROW + (rows - 1) // 2, left - 1, "→", style.ARROW)
            area = f"{Cell('', SQUARES_ROW, left).local}:{Cell('', SQUARES_ROW + rows - 1, left + columns - 1).local}"
            style.signed_scale(self.sheet, area)
        for row in range(SQUARES_ROW, SQUARES_ROW + rows):
            self.sheet.row_dimensions[row].height = 42
        self.book.put(self.sheet, SQUARES_ROW, LEFT + 3 * (columns + 1), self.book.label("look_for"), style.HEAD)
        words = self.book.label("look_for_what")
        self.book.put(self.sheet, SQUARES_ROW + 1, LEFT + 3 * (columns + 1), words, style.TOP_WORDS)
        return SQUARES_ROW + rows + 1

    # --- the amber points -------------------------------------------------------------------------------------------

    def _points(self, top: int, columns: Sequence[Column]) -> dict[Column, tuple[Cell, Cell]]:
        """Column of Training -> the cells with its step and its value at the step shown."""
        book, plan, title = self.book, self.plan, self.sheet.title
        book.put(self.sheet, top, LEFT, book.label("amber_points"), style.AMBER_HEAD)
        wide = (COLUMNS - 2) // 2
        found = {}
        for n, of in enumerate(columns):
            line, place = divmod(n, wide)
            row, column = top + 1 + 3 * line, LEFT + 2 + 2 * place
            if place == 0:
                for below, key in ((1, "step"), (2, "value")):
                    book.put(self.sheet, row + below, LEFT, book.label(key), style.WORDS)
            cells = Cell(title, row + 1, column), Cell(title, row + 2, column)
            book.put(self.sheet, row, column, self._symbol(of), style.COLUMN_SYMBOL)
            step = f"MIN(MAX({plan.step_shown.absolute},0),{plan.steps})"
            book.put(self.sheet, cells[0].row, column, CellFormula(f"={step}"), style.STEP_NUMBER_RIGHT)
            value = plan.at_step_shown(of, title)
            book.put(self.sheet, cells[1].row, column, CellFormula(f"={value}"), style.ROW_BOLD)
            found[of] = cells
        return found

    @staticmethod
    def _table_rows(points: dict[Column, tuple[Cell, Cell]]) -> int:
        return -(-len(points) // ((COLUMNS - 2) // 2))

    # --- charts -----------------------------------------------------------------------------------------------------

    def _draw(self, figure: Chart, anchor: str, points: dict[Column, tuple[Cell, Cell]]) -> None:
        steps = self.plan.trained(STEP)
        curves = [
            Curve(self._symbol(column), steps, self.plan.trained(column), *look,
                  point=(points[column][0].absolute, points[column][1].absolute))
            for column, look in zip(figure.columns, figure.looks, strict=True)
        ]  # fmt: skip
        last = self.plan.steps or 1
        self.sheet.add_chart(chart(figure.title, self.book.label("step"), curves, last, figure.log), anchor)
