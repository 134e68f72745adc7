"""One scatter chart with every setting written out: Excel reads an absent one as true."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from openpyxl.chart import ScatterChart
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

from symcnn.excel import style

#: How a line may be drawn.
Dash = Literal["solid", "dash", "sysDot", "dashDot", "lgDash", "sysDash", "lgDashDot", "sysDashDot"]

WIDTH, HEIGHT = 16.6, 7.8
LINE_WIDTH, AMBER = 19_050, "F5B301"


@dataclass(frozen=True)
class Curve:
    """References to a curve's steps and values, its look, and references to the point of the step shown."""

    label: str
    steps: str
    values: str
    color: str
    dash: Dash
    point: tuple[str, str]


def chart(title: str, x_title: str, curves: Sequence[Curve], last: int, log: bool) -> ScatterChart:
    """Curves over the steps 0 … last, with the points of the step shown on top; a legend if there are several."""
    made = ScatterChart()
    made.scatterStyle, made.roundedCorners = "lineMarker", False
    made.width, made.height = WIDTH, HEIGHT  # type: ignore[assignment]
    made.title = _title(title, 1200)
    for curve in curves:
        made.series.append(_curve(curve))
    for curve in curves:
        made.series.append(_point(curve))
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


def _axes(made: ScatterChart, x_title: str, last: int, log: bool) -> None:
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
