"""How the cells look: one palette, colour only for meaning (inputs blue on pale yellow, pixels grey, signed values
orange to blue)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from openpyxl.formatting.rule import ColorScale, FormatObject, Rule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.colors import Color
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.colours import LIGHT
from symcnn.network import Array
from symcnn.workbook.addresses import Cell, area


def hexadecimal(colour: str) -> str:
    """Return a colour of a page as openpyxl writes it: "5A8FCC" for "#5a8fcc"."""
    return colour.removeprefix("#").upper()


def _hex(name: str) -> str:
    """A colour of all outputs; a sheet has the light ones."""
    return hexadecimal(LIGHT[name])


INK, TEXT, GREY, LINE, TEAL = _hex("ink"), "3A4655", _hex("muted"), _hex("rule"), _hex("filter")
INPUT_TEXT, INPUT_FILL, INPUT_LINE = "0B3FC4", "FFF9DF", "D9C36A"
RESULT_FILL = _hex("result")
STEP_FILL, STEP_LINE, STEP_TEXT = "FFE3A3", _hex("now"), "6B4200"
GOOD, BAD = ("17693E", "E4F4EA"), ("A31D14", "FCE6E3")
DARK, PALE = _hex("image"), "B4BCC5"
#: Of numbers below and above 0.
ORANGE, BLUE = _hex("negative"), _hex("positive")

NUMBER = '0.0000;"−"0.0000;0.0000'
NUMBER_TWO = '0.00;"−"0.00;0.00'
NUMBER_SIX = '0.000000;"−"0.000000;0.000000'

Style = dict[str, object]

#: Widths of columns as Excel counts them: of cells, between two stages, of the two columns at the left.
SQUARE_WIDTH, NARROW_WIDTH, MARGIN, BESIDE_MARGIN = 8.0, 4.0, 2.0, 2.6

#: Heights in points: a strip with a symbol and its value are 42 together, a square of 56 pixels.
STRIP_HEIGHT, VALUE_HEIGHT, SQUARE_HEIGHT = 16.0, 26.0, 42.0


def _font(size: int, color: str, **more: Any) -> Font:
    return Font(name="Calibri", size=size, color=color, **more)


def _italic(size: int, color: str, **more: Any) -> Font:
    return Font(name="Cambria", size=size, color=color, italic=True, **more)


def _fill(color: str) -> PatternFill:
    return PatternFill("solid", fgColor=color)


def _frame(side: Side) -> Border:
    return Border(left=side, right=side, top=side, bottom=side)


_hair, _ink, _input = Side("thin", LINE), Side("thin", INK), Side("thin", INPUT_LINE)
_amber = Side("medium", STEP_LINE)
_BOX, _RULED, _LINED, _UNDER = _frame(_hair), Border(top=_hair), Border(bottom=_hair), Border(bottom=_ink)
_CENTRE, _MIDDLE = Alignment("center", "center"), Alignment(vertical="center")
_LEFT, _INDENT = Alignment("left", "center"), Alignment("left", "center", indent=1)
_RIGHT, _RIGHT_INDENTED = Alignment("right", "center"), Alignment("right", "center", indent=1)
_PANEL = _fill("F5F7F9")

TITLE: Style = {"font": _font(20, INK, bold=True)}
HINT: Style = {"font": _font(10, GREY)}
SECTION: Style = {"font": _font(13, INK, bold=True), "border": _UNDER}
HEAD: Style = {"font": _font(9, TEAL, bold=True)}
SYMBOL: Style = {"font": _italic(9, GREY), "alignment": _CENTRE}
NAME: Style = {"font": _italic(11, INK)}
WORDS: Style = {"font": _font(10, TEXT)}
PROSE: Style = {**WORDS, "alignment": Alignment(wrap_text=True, vertical="top")}
FORMULA_TEXT: Style = {"font": _italic(10, TEXT)}
VALUE: Style = {"font": _font(10, INK), "number_format": NUMBER, "border": _BOX, "alignment": _CENTRE}
RESULT: Style = {**VALUE, "font": _font(10, INK, bold=True), "fill": _fill(RESULT_FILL)}
#: Pixels and targets as they are: 1, not 1.0000.
PLAIN_VALUE: Style = {**VALUE, "number_format": "General"}
VALUE_TWO: Style = {**VALUE, "number_format": NUMBER_TWO}
RESULT_TWO: Style = {**RESULT, "number_format": NUMBER_TWO}
INPUT: Style = {
    "font": _font(10, INPUT_TEXT), "fill": _fill(INPUT_FILL), "border": _frame(_input), "alignment": _CENTRE,
}  # fmt: skip
INPUT_FOUR: Style = {**INPUT, "number_format": NUMBER}
STEP: Style = {**INPUT, "font": _font(14, STEP_TEXT, bold=True), "fill": _fill(STEP_FILL)}
RIBBON: Style = {"font": _font(11, STEP_TEXT, bold=True), "fill": _fill(STEP_FILL)}

# --- Training: rows, every fifth under a hairline; the current step in amber

ROW: Style = {"font": _font(10, INK), "number_format": NUMBER}
STEP_NUMBER: Style = {**ROW, "number_format": "General", "alignment": _CENTRE}
AMBER_FONT, AMBER_FILL = Font(bold=True, color=STEP_TEXT), PatternFill("solid", bgColor=STEP_FILL)
ERROR_ROW: Style = {**ROW, "font": _font(10, INK, bold=True), "number_format": NUMBER_SIX}
ROW_RULED: Style = {**ROW, "border": _RULED}
STEP_RULED: Style = {**STEP_NUMBER, "border": _RULED}
ERROR_RULED: Style = {**ERROR_ROW, "border": _RULED}
GROUP: Style = {"font": _font(10, INK, bold=True), "border": _UNDER}
OF_IMAGE: Style = {"font": _font(9, GREY), "alignment": Alignment(horizontal="right")}
COLUMN_SYMBOL: Style = {"font": _italic(10, TEXT), "border": _UNDER, "alignment": Alignment(horizontal="right")}
COLUMN_STEP: Style = {**COLUMN_SYMBOL, "alignment": Alignment(horizontal="center")}

# --- Contents, Symbols, Checks

TITLE_LARGE: Style = {"font": _font(24, INK, bold=True)}
NAVIGATION: Style = {"font": _font(9, TEAL), "alignment": Alignment(horizontal="right")}
STATUS: Style = {"font": _font(14, STEP_TEXT, bold=True), "fill": _fill(STEP_FILL), "alignment": _MIDDLE}
STATUS_FIRST: Style = {**STATUS, "border": Border(left=_amber), "alignment": _INDENT}
STATUS_LINK: Style = {**STATUS, "font": _font(10, STEP_TEXT, underline="single"), "alignment": _RIGHT}
RIBBON_FIRST: Style = {**RIBBON, "border": Border(left=_amber), "alignment": _INDENT}
STAGE_SYMBOL: Style = {"font": _italic(18, TEAL), "fill": _PANEL, "alignment": _CENTRE}
STAGE_NAME: Style = {"font": _font(10, INK, bold=True), "fill": _PANEL, "alignment": _CENTRE}
STAGE_COUNT: Style = {"font": _font(9, GREY), "fill": _PANEL, "alignment": _CENTRE}
LINK_LINED: Style = {"font": _font(11, TEAL, bold=True, underline="single"), "border": _LINED, "alignment": _MIDDLE}
WORDS_LINED: Style = {**WORDS, "border": _LINED, "alignment": _MIDDLE}
NAME_LINED: Style = {**NAME, "border": _LINED, "alignment": _MIDDLE}
FORMULA_LINED: Style = {**FORMULA_TEXT, "border": _LINED, "alignment": _MIDDLE}
CELL_LINED: Style = {"font": _font(10, TEAL, underline="single"), "border": _LINED, "alignment": _INDENT}
VALUE_LINED: Style = {**ROW, "border": _LINED, "alignment": _RIGHT}
EIGHT_LINED: Style = {**VALUE_LINED, "number_format": '0.00000000;"−"0.00000000;0.00000000'}
GAP_LINED: Style = {**VALUE_LINED, "number_format": '0.0E+00;"−"0.0E+00;0'}
HEAD_INDENTED: Style = {**HEAD, "alignment": Alignment(horizontal="left", indent=1)}
HEAD_RIGHT: Style = {**HEAD, "alignment": Alignment(horizontal="right")}
HEAD_CENTRE: Style = {**HEAD, "alignment": Alignment(horizontal="center")}
SECTION_HEAD: Style = {**HEAD, "border": _UNDER, "alignment": Alignment(horizontal="right", vertical="bottom")}
SECTION_HEAD_CENTRE: Style = {**SECTION_HEAD, "alignment": Alignment(horizontal="center", vertical="bottom")}
ALL_LINED: Style = {"font": _font(11, INK, bold=True), "border": _LINED, "alignment": _MIDDLE}
FOOT: Style = {"font": _font(9, GREY), "alignment": Alignment(vertical="bottom")}
BOLD: Style = {"font": _font(13, INK, bold=True)}
AMBER_HEAD: Style = {"font": _font(9, STEP_TEXT, bold=True)}
TOP_WORDS: Style = {**WORDS, "alignment": Alignment(vertical="top")}
STEP_NUMBER_RIGHT: Style = {**ROW, "number_format": "General"}
ROW_BOLD: Style = {**ROW, "font": _font(10, INK, bold=True)}
INDENTED: Style = {**WORDS, "alignment": _INDENT}
FAINT: Style = {"font": _font(9, "98A2AF")}
VERDICT: Style = {"font": _font(10, GOOD[0], bold=True), "fill": _fill(GOOD[1]), "alignment": _CENTRE, "border": _LINED}
VERDICT_ALL: Style = {**VERDICT, "font": _font(13, GOOD[0], bold=True)}
TOLERANCE: Style = {**INPUT, "number_format": "0.0E+00"}
LEGEND_STEP: Style = {**STEP, "font": _font(10, STEP_TEXT, bold=True)}
NEGATIVE: Style = {**PLAIN_VALUE, "number_format": '0;"−"0;0', "fill": _fill(ORANGE)}
POSITIVE: Style = {**PLAIN_VALUE, "fill": _fill(BLUE)}
SQUARE: Style = {**VALUE, "font": _font(10, INK, bold=True)}
ARROW: Style = {"font": _font(18, "98A2AF", bold=True), "alignment": _CENTRE}

# --- Passes

#: A symbol and its value have one frame: the strip is its upper part.
STRIP: Style = {"font": _italic(9, GREY), "alignment": _CENTRE, "border": Border(left=_hair, right=_hair, top=_hair)}
#: Of symbols in runs, which have fonts of their own: a subscript takes less room than its size says.
RICH_STRIP: Style = {**SYMBOL, "font": _italic(7, GREY)}
CONSTANT: Style = {"font": _font(10, GREY), "alignment": _CENTRE, "border": _BOX}
SUM: Style = {**VALUE, "font": _font(10, INK, bold=True), "border": Border(top=_ink, bottom=Side("double", INK))}
SUM_NAME: Style = {"font": _italic(10, INK, bold=True), "alignment": _LEFT}
SHARE: Style = {"font": _font(10, INK), "number_format": NUMBER, "alignment": _CENTRE}
SMALL_ARROW: Style = {"font": _font(16, GREY, bold=True), "alignment": _CENTRE}
EQUATION: Style = {"font": _italic(9, GREY), "alignment": _LEFT}
NOTE: Style = {"font": _font(10, GREY), "alignment": _LEFT}
LISTED_GROUP: Style = {"font": _font(10, TEXT, bold=True), "alignment": Alignment(vertical="bottom")}
HEAD_RULED: Style = {**HEAD, "alignment": Alignment("right", "bottom", wrap_text=True), "border": _UNDER}
HEAD_LEFT: Style = {**HEAD, "alignment": Alignment(vertical="bottom"), "border": _UNDER}

#: The list of all ∂E_total: hairlines between the rows.
LISTED_NAME: Style = {**NAME, "alignment": _LEFT, "border": _RULED}
LISTED_FORMULA: Style = {**FORMULA_TEXT, "alignment": _LEFT, "border": _RULED}
LISTED_VALUE: Style = {**SHARE, "border": _RULED}
LISTED_TOTAL: Style = {**SHARE, "border": _RULED, "font": _font(11, INK, bold=True), "fill": _fill(RESULT_FILL)}
NUMBERS_PUT_IN: Style = {"font": _font(9, TEXT), "alignment": _LEFT}
LISTED_NUMBERS: Style = {**NUMBERS_PUT_IN, "border": _RULED}
RULE: Style = {"border": _RULED}
RESULT_BAR: Style = {"font": _italic(12, INK), "alignment": _LEFT, "fill": _fill(RESULT_FILL)}
RESULT_LARGE: Style = {**SHARE, "font": _font(12, INK, bold=True), "fill": _fill(RESULT_FILL)}
ANSWER: Style = {"font": _font(13, INK, bold=True), "alignment": _LEFT}

# --- Inputs

STEP_LARGE: Style = {**STEP, "font": _font(20, STEP_TEXT, bold=True), "border": _frame(_amber)}
STEP_LONG: Style = {**STEP_LARGE, "font": _font(13, STEP_TEXT, bold=True)}
STEP_WORDS: Style = {"font": _font(11, STEP_TEXT, bold=True), "alignment": _INDENT}
PIXEL: Style = {**INPUT, "font": _font(12, INPUT_TEXT)}
IMAGE_LABEL: Style = {"font": _font(10, TEXT, bold=True)}
TRY: Style = {**WORDS, "alignment": _LEFT}

# --- Parameters: a hairline under each row

PARAMETER: Style = {**NAME, "border": _LINED, "alignment": _LEFT}
MEANING: Style = {**WORDS, "border": _LINED, "alignment": _LEFT}
INITIAL: Style = {**INPUT_FOUR, "alignment": _RIGHT_INDENTED}
FOUR: Style = {**ROW, "border": _LINED, "alignment": _RIGHT_INDENTED}
SIX: Style = {**FOUR, "number_format": NUMBER_SIX}
SHOWN: Style = {**FOUR, "font": _font(11, INK, bold=True)}

LEGEND_NUMBER: Style = {"font": _font(9, INK), "number_format": NUMBER_TWO, "alignment": _CENTRE, "border": _BOX}
LEGEND_SMALL: Style = {**LEGEND_NUMBER, "number_format": NUMBER}

# --- Layers of large networks: maps as small cells, colours before digits

_SMALL = Alignment("center", "center", shrink_to_fit=True)
MAP: Style = {"font": _font(7, TEXT), "alignment": _SMALL}
#: By digits behind the decimal point.
MAP_DIGITS: dict[int, Style] = {n: {**MAP, "number_format": f'#.{"0" * n};"−"#.{"0" * n};0'} for n in range(2, 7)}
MAP_PIXEL: Style = {
    "font": _font(7, INPUT_TEXT), "alignment": _SMALL, "border": _frame(_input), "number_format": '#.##;"−"#.##;0',
}  # fmt: skip
MAP_PARAMETER: Style = {**MAP_PIXEL, "number_format": '#.00;"−"#.00;0'}
#: A number of a layer that is left out.
GIVEN: Style = {**MAP, "font": _font(7, GREY, italic=True), "number_format": '#.00;"−"#.00;0'}
PADDING: Style = {**MAP, "font": _font(7, "98A2AF"), "fill": _PANEL, "number_format": "0"}
MAP_NAME: Style = {"font": _italic(11, INK, bold=True), "alignment": _LEFT}
SCALE_END: Style = {
    "font": _font(7, GREY), "alignment": Alignment("right", "center", shrink_to_fit=True), "number_format": '"±"0.0##',
}  # fmt: skip
MAP_WORDS: Style = {"font": _font(9, GREY), "alignment": _LEFT}
MAP_NUMBER: Style = {"font": _font(8, GREY), "alignment": _CENTRE, "number_format": "0"}
NEURON: Style = {**VALUE, "alignment": _SMALL, "number_format": '0.0000;"−"0.0000;0'}
NEURON_INPUT: Style = {**INPUT_FOUR, "alignment": _SMALL}
NEURON_RESULT: Style = {**NEURON, "font": _font(11, INK, bold=True), "fill": _fill(RESULT_FILL)}
DOT: Style = {"number_format": ";;;", "fill": _fill("F1F4F7")}
OVERVIEW_TITLE: Style = {"font": _font(20, INK, bold=True), "alignment": _LEFT}
OVERVIEW_CAPTION: Style = {"font": _font(13, TEAL, bold=True), "alignment": _LEFT}
OVERVIEW_NUMBER: Style = {"font": _font(14, GREY, bold=True), "alignment": _CENTRE, "number_format": "0"}
OVERVIEW_VALUE: Style = {"font": _font(14, INK, bold=True), "alignment": _CENTRE, "number_format": NUMBER_TWO}
PICKED: Style = {**STEP, "border": _frame(_amber)}
SAY: Style = {"font": _font(11, TEXT), "alignment": _RIGHT}
SAY_SMALL: Style = {"font": _font(9, GREY), "alignment": _RIGHT}
PICKER_VALUE: Style = {
    "font": _font(8, TEXT), "border": _BOX, "alignment": _SMALL, "number_format": '0.000;"−"0.000;0',
}  # fmt: skip
PICKER_PARAMETER: Style = {**PICKER_VALUE, "font": _font(8, INPUT_TEXT)}
PICKER_SUM: Style = {**PICKER_VALUE, "font": _font(9, INK, bold=True), "fill": _fill(RESULT_FILL)}
PICKER_RESULT: Style = {**PICKER_SUM, "font": _font(13, INK, bold=True), "number_format": NUMBER_SIX}
PICKER_OK: Style = {"font": _font(10, GOOD[0], bold=True), "fill": _fill(GOOD[1]), "alignment": _LEFT}
CORNER: tuple[Style, Style] = (
    {**MAP_NUMBER, "number_format": '"r"0'}, {**MAP_NUMBER, "number_format": '"c"0'},
)  # fmt: skip
HIDDEN: Style = {"number_format": ";;;"}


def of_size(largest: float) -> Style:
    """The style of a map whose largest value is this: small values with more digits."""
    digits = 2
    while digits < 6 and largest < 1.5 * 10.0 ** (1 - digits):
        digits += 1
    return MAP_DIGITS[digits]


def of_data(values: Array) -> tuple[Style, Style]:
    """Return the styles of pixels or targets as inputs and as formulas: 1, not 1.0000; but 0.1235."""
    plain = bool(np.all(100 * values == np.round(100 * values)))
    return (INPUT, PLAIN_VALUE) if plain else (INPUT_FOUR, VALUE)


def _where(
    sheet: Worksheet, areas: str, formula: str, fill: str = "", font: str = "", border: Border | None = None,
    stop: bool | None = None,
) -> None:  # fmt: skip
    """A look for the cells where a formula holds, written for the areas' first cell."""
    filled = PatternFill("solid", bgColor=fill) if fill else None
    look = DifferentialStyle(font=Font(color=font) if font else None, fill=filled, border=border)
    rule = Rule(type="expression", dxf=look, formula=[formula], stopIfTrue=stop)
    sheet.conditional_formatting.add(areas, rule)


def white_rule(sheet: Worksheet, areas: str, formula: str) -> None:
    """Nothing is seen of cells for which the formula holds."""
    _where(sheet, areas, formula, "FFFFFF", "FFFFFF", _frame(Side("thin", "FFFFFF")), stop=True)


def bad_rule(sheet: Worksheet, areas: str, formula: str) -> None:
    """Verdicts turn red where the formula holds."""
    _where(sheet, areas, formula, BAD[1], BAD[0])


def _colours(
    sheet: Worksheet, areas: str, points: Sequence[tuple[str, str | float]], colours: Sequence[str], alpha: str = "FF"
) -> None:
    ends = [FormatObject(type=kind, val=value) for kind, value in points]  # type: ignore[arg-type]
    scale = ColorScale(cfvo=ends, color=[Color(rgb=alpha + colour) for colour in colours])
    sheet.conditional_formatting.add(areas, Rule(type="colorScale", colorScale=scale))


def signed_scale(sheet: Worksheet, areas: str, reach: float = 2.0) -> None:
    """Orange below 0, white at 0, blue above; the full colour at ``reach``."""
    _colours(sheet, areas, (("num", -reach), ("num", 0), ("num", reach)), (ORANGE, "FFFFFF", BLUE), "00")


def scale_between(sheet: Worksheet, areas: str, low: str, high: str) -> None:
    """Orange below 0, white at 0, blue above; the full colours at the values of two cells of the sheet."""
    _colours(sheet, areas, (("num", low), ("num", 0), ("num", high)), (ORANGE, "FFFFFF", BLUE))


def scale_to(sheet: Worksheet, areas: str, end: str, middle: str = "FFFFFF") -> None:
    """Orange below 0, blue above; the full colours at plus and minus the value of one cell of the sheet."""
    _colours(sheet, areas, (("formula", f"-1*{end}"), ("num", 0), ("num", end)), (ORANGE, middle, BLUE))


def sign_scale(sheet: Worksheet, areas: str) -> None:
    """Orange whatever is below 0, blue whatever is above."""
    _colours(sheet, areas, (("num", "-0.001"), ("num", 0), ("num", "0.001")), (ORANGE, "F1F4F7", BLUE))


def pixel_scale(sheet: Worksheet, areas: str, digits: bool = True) -> None:
    """White at 0, dark at 1, there with white digits."""
    _colours(sheet, areas, (("num", 0), ("num", 1)), ("FFFFFF", DARK))
    if digits:
        _where(sheet, areas, f"{areas.partition(':')[0]}>0.55", font="FFFFFF")


def pixels_rule(sheet: Worksheet, areas: Sequence[str], value: str, grey: bool = True) -> None:
    """Strokes dark with white digits, grey between; ``value``: the cell that the first one of the areas shows."""
    where = " ".join(areas)
    _where(sheet, where, f"{value}>=0.75", DARK, "FFFFFF")
    if grey:
        _where(sheet, where, f"{value}>=0.25", PALE)


def row_areas(cells: Sequence[Cell], up: int = 0) -> list[str]:
    """The cells as one area for each of their rows; or the cells so many rows above them."""
    rows: dict[int, list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.row - up, []).append(cell)
    return [area(row, of[0].column, row, of[-1].column) for row, of in rows.items()]
