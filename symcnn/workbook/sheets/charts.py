"""Charts: the error, the outputs, a filter's weights and the gradient over the training; the current step is amber.

The amber points are series of one cell from a small table below the charts, so that they move with the current step.

Every setting of a chart is written out: Excel reads an absent one as true.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import AxDataSource, NumDataSource, NumRef
from openpyxl.chart.legend import Legend, LegendEntry
from openpyxl.chart.marker import Marker
from openpyxl.chart.series import SeriesLabel, XYSeries
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import CharacterProperties, Font, Paragraph, ParagraphProperties, RegularTextRun

from symcnn.colours import SERIES
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import E_TOTAL, Quantity, TensorKind, entries
from symcnn.workbook import style
from symcnn.workbook.addresses import Cell, area, local
from symcnn.workbook.blocks import first_of
from symcnn.workbook.book import Book
from symcnn.workbook.training_plan import NORM, STEP, Column, TrainingPlan
from symcnn.workbook.xlsx_writer import DescribedChart

#: How a line may be drawn.
Dash = Literal["solid", "dash", "sysDot", "dashDot", "lgDash", "sysDash", "lgDashDot", "sysDashDot"]

WIDTH, HEIGHT = 16.6, 7.8
LINE_WIDTH, AMBER = 19_050, "F5B301"


@dataclass(frozen=True)
class Curve:
    """References to a curve's steps and values, its look, and references to the point of the current step."""

    label: str
    steps: str
    values: str
    color: str
    dash: Dash
    point: tuple[str, str]


def chart(title: str, x_title: str, curves: Sequence[Curve], last: int, log: bool) -> DescribedChart:
    """Curves over the steps 0 … last, with the points of the current step on top; a legend if there are several."""
    made = DescribedChart()
    made.scatterStyle, made.roundedCorners = "lineMarker", False
    made.width, made.height = WIDTH, HEIGHT  # type: ignore[assignment]
    made.title = _title(title, 1200)
    made.series += [*map(_curve, curves), *map(_point, curves)]
    if len(curves) > 1:
        made.legend = Legend()
        made.legend.position, made.legend.overlay = "r", False
        made.legend.legendEntry = [LegendEntry(idx=n, delete=True) for n in range(len(curves), 2 * len(curves))]
    else:
        made.legend = None
    _axes(made, x_title, last, log)
    made.graphical_properties = GraphicalProperties(ln=LineProperties(noFill=True))
    made.display_blanks = "gap"
    made.visible_cells_only = False
    return made


def _series(label: str, steps: str, values: str) -> XYSeries:
    made = XYSeries(yVal=NumDataSource(numRef=NumRef(f=values)), xVal=AxDataSource(numRef=NumRef(f=steps)))
    made.tx = SeriesLabel(v=label)
    made.smooth = False
    return made


def _curve(curve: Curve) -> XYSeries:
    made = _series(curve.label, curve.steps, curve.values)
    made.marker = Marker(symbol="none")
    line = LineProperties(solidFill=curve.color, prstDash=curve.dash, w=LINE_WIDTH)
    made.spPr = GraphicalProperties(ln=line)
    return made


def _point(curve: Curve) -> XYSeries:
    made = _series(curve.label, *curve.point)
    fill = GraphicalProperties(solidFill=AMBER, ln=LineProperties(solidFill=style.STEP_TEXT, w=6_350))
    made.marker = Marker(symbol="circle", size=8, spPr=fill)
    made.spPr = GraphicalProperties(ln=LineProperties(noFill=True))
    return made


def _axes(made: DescribedChart, x_title: str, last: int, log: bool) -> None:
    x, y = made.x_axis, made.y_axis
    grey = GraphicalProperties(ln=LineProperties(solidFill="98A2AF", w=9_525))
    for axis in (x, y):
        axis.delete, axis.majorTickMark, axis.tickLblPos, axis.crosses = False, "out", "low", "min"
        axis.spPr = grey
        axis.txPr = RichText(p=[Paragraph(pPr=_text(900), endParaRPr=CharacterProperties(sz=900))])
    x.axPos, x.number_format, x.majorGridlines = "b", "0", None
    x.title = _title(x_title, 900)
    x.scaling.min, x.scaling.max = 0, max(last, 1)
    y.axPos = "l"
    y.number_format = "General" if log else "0.0"
    y.majorGridlines = ChartLines(spPr=GraphicalProperties(ln=LineProperties(solidFill="E6EAEE", w=6_350)))
    if log:
        y.scaling.logBase = 10


def _title(words: str, size: int) -> Title:
    paragraph = Paragraph(pPr=_text(size, bold=True), r=[RegularTextRun(t=words)])
    return Title(tx=Text(rich=RichText(p=[paragraph])), overlay=False)


def _text(size: int, bold: bool = False) -> ParagraphProperties:
    properties = CharacterProperties(sz=size, b=bold, solidFill=style.INK, latin=Font(typeface="Calibri"))
    return ParagraphProperties(defRPr=properties)


LEFT, PITCH, COLUMNS = 2, 8, 22
SQUARES_ROW = 7

#: Curves in one chart, and rows or columns of a filter shown as squares.
MAX_CURVES, MAX_SIDE = 9, 5

#: Rows that a chart takes.
CHART_ROWS = 16
PALETTE = tuple(style.hexadecimal(colour) for colour in SERIES)
BLUE, _, GREEN, _ = PALETTE
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

    def __init__(self, book: Book, plan: TrainingPlan) -> None:
        self.book, self.plan = book, plan
        self.page = book.add_sheet("charts", book.label("hint_charts"))
        parameters = plan.network.forward.parameters
        self.tensor = first_of(TensorKind.FILTER, parameters) or parameters[0]

    def write(self) -> None:
        self.page.widths(dict.fromkeys(range(LEFT, LEFT + COLUMNS), PITCH))
        top = self._squares()
        figures = self._figures()
        table = top + CHART_ROWS * ((len(figures) + 1) // 2) + 1
        points = self._points(table, [column for figure in figures for column in figure.columns])
        for n, figure in enumerate(figures):
            row, column = top + CHART_ROWS * (n // 2), LEFT + 11 * (n % 2)
            self._draw(figure, local(row, column), points)
        self.page.sheet.print_area = area(1, 1, table + 3 * self._table_rows(points), LEFT + COLUMNS - 1)

    # --- which curves -----------------------------------------------------------------------------------------------

    def _figures(self) -> list[Chart]:
        plan, label = self.plan, self.book.label
        outputs = plan.results
        weights = self.weights
        charts = [Chart(label("chart_error"), [E_TOTAL], [(BLUE, "solid")], log=True)]
        if outputs:
            each = plan.network.forward.answers.size
            places = (divmod(n, each) for n in range(len(outputs)))  # image, output; past eight outputs dashes recur
            looks = [(PALETTE[(image + k // 8) % 4], DASHES[k % 8]) for image, k in places]
            charts.append(Chart(label("chart_outputs"), outputs, looks))
        key = "chart_filter" if self.tensor.kind is TensorKind.FILTER else "chart_weights"
        charts.append(Chart(label(key), weights, [(PALETTE[n % 4], DASHES[n // 4]) for n in range(len(weights))]))
        charts.append(Chart(label("chart_gradient"), [NORM], [(GREEN, "solid")], log=True))
        return charts

    @property
    def weights(self) -> list[Quantity]:
        """The first filter's weights, or the first parameters, as many as a chart holds."""
        is_filter = self.tensor.kind is TensorKind.FILTER
        rows, columns = self.tensor.shape[-2:] if is_filter else (1, self.tensor.size)
        return list(islice(entries(self.tensor), min(rows * columns, MAX_CURVES)))

    def _symbol(self, column: Column) -> str:
        if not isinstance(column, Quantity):
            return "‖∇E‖"
        words, image = self.plan.words, column.image
        if image is None:
            return words.total(column)
        return f"{words.emit(words.long.name(column))} {self.book.text('label.image', number=image)}"

    # --- the filter in squares --------------------------------------------------------------------------------------

    def _squares(self) -> int:
        """Draw the first filter at the first, the current and the last step; return the next free row."""
        tensor, plan = self.tensor, self.plan
        if tensor.kind is not TensorKind.FILTER or max(tensor.shape[-2:]) > MAX_SIDE:
            return 6
        rows, columns = tensor.shape[-2:]
        self.page.put(SQUARES_ROW - 2, LEFT, self.page.label("filter_squares"), style.BOLD)
        step = self.page.label("step")
        for block, head in enumerate((f'"{step} 0"', f'"{step} "&{plan.step_in_range}', f'"{step} {plan.steps}"')):
            left, look = LEFT + block * (columns + 1), style.AMBER_HEAD if block == 1 else style.HEAD
            self.page.formula(SQUARES_ROW - 1, left, head, look)
            for n, weight in enumerate(islice(entries(tensor), rows * columns)):
                at = plan.parameter(weight) if block == 1 else plan.trained_ends(weight)[block // 2]
                value, (row, across) = CellFormula(f"={at.absolute}"), divmod(n, columns)
                self.page.put(SQUARES_ROW + row, left + across, value, style.SQUARE)
            if block:
                self.page.put(SQUARES_ROW + (rows - 1) // 2, left - 1, "→", style.ARROW)
            style.signed_scale(self.page.sheet, area(SQUARES_ROW, left, SQUARES_ROW + rows - 1, left + columns - 1))
        for row in range(SQUARES_ROW, SQUARES_ROW + rows):
            self.page.height(row, 42)
        self.page.put(SQUARES_ROW, LEFT + 3 * (columns + 1), self.page.label("look_for"), style.HEAD)
        words = self.page.label("look_for_what")
        self.page.put(SQUARES_ROW + 1, LEFT + 3 * (columns + 1), words, style.TOP_WORDS)
        return SQUARES_ROW + rows + 1

    # --- the amber points -------------------------------------------------------------------------------------------

    def _points(self, top: int, columns: Sequence[Column]) -> dict[Column, tuple[Cell, Cell]]:
        """Write the table of amber points; return column of Training -> cells of its step and value."""
        book, plan, title = self.book, self.plan, self.page.title
        self.page.put(top, LEFT, book.label("amber_points"), style.AMBER_HEAD)
        wide = (COLUMNS - 2) // 2
        cells_of = {}
        for n, of in enumerate(columns):
            line, place = divmod(n, wide)
            row, column = top + 1 + 3 * line, LEFT + 2 + 2 * place
            if place == 0:
                for below, key in ((1, "step"), (2, "value")):
                    self.page.put(row + below, LEFT, book.label(key), style.WORDS)
            pair = Cell(title, row + 1, column), Cell(title, row + 2, column)
            self.page.put(row, column, self._symbol(of), style.COLUMN_SYMBOL)
            step = CellFormula(f"={plan.step_in_range}")
            self.page.put(pair[0].row, column, step, style.STEP_NUMBER_RIGHT)
            value = plan.at_current_step(of, title)
            self.page.formula(pair[1].row, column, value, style.ROW_BOLD)
            cells_of[of] = pair
        return cells_of

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
        made = chart(figure.title, self.page.label("step"), curves, last, figure.log)
        labels = ", ".join(curve.label for curve in curves)
        made.name = figure.title
        made.alternative = self.page.label("chart_described", title=figure.title, last=last, curves=labels)
        self.page.sheet.add_chart(made, anchor)
