"""How the cells look: one palette, colour only for meaning (inputs blue on pale yellow, pixels grey, signed values
orange to blue)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from openpyxl.formatting.rule import ColorScaleRule, FormulaRule, Rule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.excel.addresses import Cell
from symcnn.network import Array

INK, TEXT, GREY, LINE, TEAL = "1B2430", "3A4655", "6B7786", "D3D9E0", "0F6B75"
INPUT_TEXT, INPUT_FILL, INPUT_LINE = "0B3FC4", "FFF9DF", "D9C36A"
RESULT_FILL = "E6ECF3"
STEP_FILL, STEP_LINE, STEP_TEXT = "FFE3A3", "E2A100", "6B4200"

_hair = Side(style="thin", color=LINE)
_BOX = Border(left=_hair, right=_hair, top=_hair, bottom=_hair)
_input = Side(style="thin", color=INPUT_LINE)
_CENTRE = Alignment(horizontal="center", vertical="center")

NUMBER = '0.0000;"−"0.0000;0.0000'
NUMBER_TWO = '0.00;"−"0.00;0.00'
NUMBER_SIX = '0.000000;"−"0.000000;0.000000'

Style = dict[str, object]

TITLE: Style = {"font": Font(name="Calibri", size=20, bold=True, color=INK)}
HINT: Style = {"font": Font(name="Calibri", size=10, color=GREY)}
SECTION: Style = {
    "font": Font(name="Calibri", size=13, bold=True, color=INK),
    "border": Border(bottom=Side(style="thin", color=INK)),
}
HEAD: Style = {"font": Font(name="Calibri", size=9, bold=True, color=TEAL)}
SYMBOL: Style = {"font": Font(name="Cambria", size=9, italic=True, color=GREY), "alignment": _CENTRE}
NAME: Style = {"font": Font(name="Cambria", size=11, italic=True, color=INK)}
WORDS: Style = {"font": Font(name="Calibri", size=10, color=TEXT)}
PROSE: Style = {**WORDS, "alignment": Alignment(wrap_text=True, vertical="top")}
FORMULA_TEXT: Style = {"font": Font(name="Cambria", size=10, italic=True, color=TEXT)}
VALUE: Style = {
    "font": Font(name="Calibri", size=10, color=INK), "number_format": NUMBER, "border": _BOX, "alignment": _CENTRE,
}  # fmt: skip
RESULT: Style = {
    **VALUE, "font": Font(name="Calibri", size=10, bold=True, color=INK),
    "fill": PatternFill("solid", fgColor=RESULT_FILL),
}  # fmt: skip
#: Pixels and targets as they are: 1, not 1.0000.
PLAIN_VALUE: Style = {**VALUE, "number_format": "General"}
VALUE_TWO: Style = {**VALUE, "number_format": NUMBER_TWO}
RESULT_TWO: Style = {**RESULT, "number_format": NUMBER_TWO}
INPUT: Style = {
    "font": Font(name="Calibri", size=10, color=INPUT_TEXT),
    "fill": PatternFill("solid", fgColor=INPUT_FILL),
    "border": Border(left=_input, right=_input, top=_input, bottom=_input),
    "alignment": _CENTRE,
}
INPUT_FOUR: Style = {**INPUT, "number_format": NUMBER}
STEP: Style = {
    **INPUT,
    "font": Font(name="Calibri", size=14, bold=True, color=STEP_TEXT),
    "fill": PatternFill("solid", fgColor=STEP_FILL),
}
RIBBON: Style = {
    "font": Font(name="Calibri", size=11, bold=True, color=STEP_TEXT),
    "fill": PatternFill("solid", fgColor=STEP_FILL),
}
ROW: Style = {"font": Font(name="Calibri", size=10, color=INK), "number_format": NUMBER}
STEP_NUMBER: Style = {**ROW, "number_format": "General"}

# --- Training: rows, every fifth under a hairline; the step shown in amber

_RULED = Border(top=_hair)
AMBER_FONT, AMBER_FILL = Font(bold=True, color=STEP_TEXT), PatternFill("solid", bgColor=STEP_FILL)
ERROR_ROW: Style = {"font": Font(name="Calibri", size=10, bold=True, color=INK), "number_format": NUMBER_SIX}
ROW_RULED: Style = {**ROW, "border": _RULED}
STEP_NUMBER["alignment"] = _CENTRE
STEP_RULED: Style = {**STEP_NUMBER, "border": _RULED}
ERROR_RULED: Style = {**ERROR_ROW, "border": _RULED}
_ink = Side(style="thin", color=INK)
GROUP: Style = {"font": Font(name="Calibri", size=10, bold=True, color=INK), "border": Border(bottom=_ink)}
OF_IMAGE: Style = {"font": Font(name="Calibri", size=9, color=GREY), "alignment": Alignment(horizontal="right")}
COLUMN_SYMBOL: Style = {
    "font": Font(name="Cambria", size=10, italic=True, color=TEXT), "border": Border(bottom=_ink),
    "alignment": Alignment(horizontal="right"),
}  # fmt: skip
COLUMN_STEP: Style = {**COLUMN_SYMBOL, "alignment": Alignment(horizontal="center")}

# --- Contents, Symbols, Checks

TITLE_LARGE: Style = {"font": Font(name="Calibri", size=24, bold=True, color=INK)}
NAVIGATION: Style = {"font": Font(name="Calibri", size=9, color=TEAL), "alignment": Alignment(horizontal="right")}
_amber = Side(style="medium", color=STEP_LINE)
_MIDDLE = Alignment(vertical="center")
STATUS: Style = {
    "font": Font(name="Calibri", size=14, bold=True, color=STEP_TEXT), "fill": PatternFill("solid", fgColor=STEP_FILL),
    "alignment": _MIDDLE,
}  # fmt: skip
_INDENT = Alignment(horizontal="left", vertical="center", indent=1)
STATUS_FIRST: Style = {**STATUS, "border": Border(left=_amber), "alignment": _INDENT}
STATUS_LINK: Style = {
    **STATUS, "font": Font(name="Calibri", size=10, color=STEP_TEXT, underline="single"),
    "alignment": Alignment(horizontal="right", vertical="center"),
}  # fmt: skip
RIBBON_FIRST: Style = {**RIBBON, "border": Border(left=_amber), "alignment": _INDENT}
_PANEL = PatternFill("solid", fgColor="F5F7F9")
STAGE_SYMBOL: Style = {
    "font": Font(name="Cambria", size=18, italic=True, color=TEAL), "fill": _PANEL, "alignment": _CENTRE,
}  # fmt: skip
STAGE_NAME: Style = {
    "font": Font(name="Calibri", size=10, bold=True, color=INK), "fill": _PANEL, "alignment": _CENTRE,
}  # fmt: skip
STAGE_COUNT: Style = {"font": Font(name="Calibri", size=9, color=GREY), "fill": _PANEL, "alignment": _CENTRE}
_LINED = Border(bottom=_hair)
LINK_LINED: Style = {
    "font": Font(name="Calibri", size=11, bold=True, underline="single", color=TEAL), "border": _LINED,
    "alignment": _MIDDLE,
}  # fmt: skip
WORDS_LINED: Style = {**WORDS, "border": _LINED, "alignment": _MIDDLE}
NAME_LINED: Style = {**NAME, "border": _LINED, "alignment": _MIDDLE}
FORMULA_LINED: Style = {**FORMULA_TEXT, "border": _LINED, "alignment": _MIDDLE}
CELL_LINED: Style = {
    "font": Font(name="Calibri", size=10, underline="single", color=TEAL), "border": _LINED, "alignment": _INDENT,
}  # fmt: skip
_RIGHT = Alignment(horizontal="right", vertical="center")
VALUE_LINED: Style = {**ROW, "border": _LINED, "alignment": _RIGHT}
EIGHT_LINED: Style = {**VALUE_LINED, "number_format": '0.00000000;"−"0.00000000;0.00000000'}
GAP_LINED: Style = {**VALUE_LINED, "number_format": '0.0E+00;"−"0.0E+00;0'}
HEAD_INDENTED: Style = {**HEAD, "alignment": Alignment(horizontal="left", indent=1)}
HEAD_RIGHT: Style = {**HEAD, "alignment": Alignment(horizontal="right")}
HEAD_CENTRE: Style = {**HEAD, "alignment": Alignment(horizontal="center")}
SECTION_HEAD: Style = {
    **HEAD, "border": Border(bottom=_ink), "alignment": Alignment(horizontal="right", vertical="bottom"),
}  # fmt: skip
SECTION_HEAD_CENTRE: Style = {**SECTION_HEAD, "alignment": Alignment(horizontal="center", vertical="bottom")}
ALL_LINED: Style = {
    "font": Font(name="Calibri", size=11, bold=True, color=INK), "border": _LINED, "alignment": _MIDDLE,
}  # fmt: skip
FOOT: Style = {"font": Font(name="Calibri", size=9, color=GREY), "alignment": Alignment(vertical="bottom")}
BOLD: Style = {"font": Font(name="Calibri", size=13, bold=True, color=INK)}
AMBER_HEAD: Style = {"font": Font(name="Calibri", size=9, bold=True, color=STEP_TEXT)}
TOP_WORDS: Style = {**WORDS, "alignment": Alignment(vertical="top")}
STEP_NUMBER_RIGHT: Style = {**ROW, "number_format": "General"}
ROW_BOLD: Style = {**ROW, "font": Font(name="Calibri", size=10, bold=True, color=INK)}
INDENTED: Style = {**WORDS, "alignment": _INDENT}
FAINT: Style = {"font": Font(name="Calibri", size=9, color="98A2AF")}
GOOD, BAD = ("17693E", "E4F4EA"), ("A31D14", "FCE6E3")
VERDICT: Style = {
    "font": Font(name="Calibri", size=10, bold=True, color=GOOD[0]), "fill": PatternFill("solid", fgColor=GOOD[1]),
    "alignment": _CENTRE, "border": _LINED,
}  # fmt: skip
VERDICT_ALL: Style = {**VERDICT, "font": Font(name="Calibri", size=13, bold=True, color=GOOD[0])}
TOLERANCE: Style = {**INPUT, "number_format": "0.0E+00"}
LEGEND_STEP: Style = {**STEP, "font": Font(name="Calibri", size=10, bold=True, color=STEP_TEXT)}
NEGATIVE: Style = {**PLAIN_VALUE, "number_format": '0;"−"0;0', "fill": PatternFill("solid", fgColor="E58F65")}
POSITIVE: Style = {**PLAIN_VALUE, "fill": PatternFill("solid", fgColor="6C9FD6")}
SQUARE: Style = {**VALUE, "font": Font(name="Calibri", size=10, bold=True, color=INK)}
ARROW: Style = {"font": Font(name="Calibri", size=18, bold=True, color="98A2AF"), "alignment": _CENTRE}


def of_data(values: Array) -> tuple[Style, Style]:
    """How pixels or targets look where they are typed in, and where they are fetched: 1, not 1.0000; but 0.1235."""
    plain = bool(np.all(100 * values == np.round(100 * values)))
    return (INPUT, PLAIN_VALUE) if plain else (INPUT_FOUR, VALUE)


def signed_scale(sheet: Worksheet, area: str, reach: float = 2.0) -> None:
    """Orange below 0, white at 0, blue above; the full colour at ``reach``."""
    sheet.conditional_formatting.add(
        area,
        ColorScaleRule(  # type: ignore[no-untyped-call]
            start_type="num", start_value=-reach, start_color="E58F65", mid_type="num", mid_value=0, mid_color="FFFFFF",
            end_type="num", end_value=reach, end_color="6C9FD6",
        ),
    )  # fmt: skip


def pixel_rule(sheet: Worksheet, cells: Sequence[Cell], strips: bool) -> None:
    """Strokes dark with white digits: a heat map of an image; with strips, the symbol above a pixel is part of it."""
    style = DifferentialStyle(font=Font(color="FFFFFF"), fill=PatternFill("solid", bgColor="46505C"))
    formula = [f"{cells[0].local}>=0.75"]
    rows: dict[int, list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.row, []).append(cell)
    for up in (0, 1) if strips else (0,):
        areas = (f"{replace(r[0], row=n - up).local}:{replace(r[-1], row=n - up).local}" for n, r in rows.items())
        sheet.conditional_formatting.add(" ".join(areas), Rule(type="expression", dxf=style, formula=formula))


def bad_rule(sheet: Worksheet, area: str, formula: str) -> None:
    """Verdicts turn red where the formula, written for the area's first row, holds."""
    bad = DifferentialStyle(font=Font(color=BAD[0]), fill=PatternFill("solid", bgColor=BAD[1]))
    sheet.conditional_formatting.add(area, Rule(type="expression", dxf=bad, formula=[formula]))


DARK, PALE = "46505C", "B4BCC5"

_LEFT = Alignment(horizontal="left", vertical="center")
_BESIDE = Alignment(horizontal="left", vertical="center", indent=1)

#: A symbol and its value have one frame: the strip is its upper part.
STRIP: Style = {
    "font": Font(name="Cambria", size=9, italic=True, color=GREY), "alignment": _CENTRE,
    "border": Border(left=_hair, right=_hair, top=_hair),
}  # fmt: skip
#: Of symbols in runs, which have fonts of their own: a subscript takes less room than its size says.
RICH_STRIP: Style = {**SYMBOL, "font": Font(name="Cambria", size=7, italic=True, color=GREY)}
CONSTANT: Style = {
    "font": Font(name="Calibri", size=10, color=GREY), "alignment": _CENTRE,
    "border": Border(left=_hair, right=_hair, top=_hair, bottom=_hair),
}  # fmt: skip
SUM: Style = {
    **VALUE, "font": Font(name="Calibri", size=10, bold=True, color=INK),
    "border": Border(top=_ink, bottom=Side(style="double", color=INK)),
}  # fmt: skip
SUM_NAME: Style = {"font": Font(name="Cambria", size=10, bold=True, italic=True, color=INK), "alignment": _LEFT}
SHARE: Style = {"font": Font(name="Calibri", size=10, color=INK), "number_format": NUMBER, "alignment": _CENTRE}
SMALL_ARROW: Style = {"font": Font(name="Calibri", size=16, bold=True, color=GREY), "alignment": _CENTRE}
EQUATION: Style = {"font": Font(name="Cambria", size=9, italic=True, color=GREY), "alignment": _LEFT}
NOTE: Style = {"font": Font(name="Calibri", size=10, color=GREY), "alignment": _LEFT}
LISTED_GROUP: Style = {
    "font": Font(name="Calibri", size=10, bold=True, color=TEXT),
    "alignment": Alignment(vertical="bottom"),
}
HEAD_RULED: Style = {
    **HEAD, "alignment": Alignment(horizontal="right", vertical="bottom", wrap_text=True),
    "border": Border(bottom=_ink),
}  # fmt: skip
HEAD_LEFT: Style = {**HEAD, "alignment": Alignment(vertical="bottom"), "border": Border(bottom=_ink)}

#: The list of all ∂E_total: hairlines between the rows.
LISTED_NAME: Style = {**NAME, "alignment": _LEFT, "border": _RULED}
LISTED_FORMULA: Style = {**FORMULA_TEXT, "alignment": _LEFT, "border": _RULED}
LISTED_VALUE: Style = {**SHARE, "border": _RULED}
LISTED_TOTAL: Style = {
    **SHARE, "border": _RULED, "font": Font(name="Calibri", size=11, bold=True, color=INK),
    "fill": PatternFill("solid", fgColor=RESULT_FILL),
}  # fmt: skip
NUMBERS_PUT_IN: Style = {"font": Font(name="Calibri", size=9, color=TEXT), "alignment": _LEFT}
LISTED_NUMBERS: Style = {**NUMBERS_PUT_IN, "border": _RULED}
RULE: Style = {"border": _RULED}

RESULT_BAR: Style = {
    "font": Font(name="Cambria", size=12, italic=True, color=INK), "alignment": _LEFT,
    "fill": PatternFill("solid", fgColor=RESULT_FILL),
}  # fmt: skip
RESULT_LARGE: Style = {
    "font": Font(name="Calibri", size=12, bold=True, color=INK), "number_format": NUMBER, "alignment": _CENTRE,
    "fill": PatternFill("solid", fgColor=RESULT_FILL),
}  # fmt: skip
ANSWER: Style = {"font": Font(name="Calibri", size=13, bold=True, color=INK), "alignment": _LEFT}

# --- Inputs

STEP_LARGE: Style = {
    "font": Font(name="Calibri", size=20, bold=True, color=STEP_TEXT), "alignment": _CENTRE,
    "fill": PatternFill("solid", fgColor=STEP_FILL),
    "border": Border(left=_amber, right=_amber, top=_amber, bottom=_amber),
}  # fmt: skip
STEP_LONG: Style = {**STEP_LARGE, "font": Font(name="Calibri", size=13, bold=True, color=STEP_TEXT)}
STEP_WORDS: Style = {"font": Font(name="Calibri", size=11, bold=True, color=STEP_TEXT), "alignment": _BESIDE}
PIXEL: Style = {**INPUT, "font": Font(name="Calibri", size=12, color=INPUT_TEXT)}
IMAGE_LABEL: Style = {"font": Font(name="Calibri", size=10, bold=True, color=TEXT)}
TRY: Style = {**WORDS, "alignment": _LEFT}

# --- Parameters: a hairline under each row

PARAMETER: Style = {**NAME, "border": _LINED, "alignment": _LEFT}
MEANING: Style = {**WORDS, "border": _LINED, "alignment": _LEFT}
_RIGHT_INDENTED = Alignment(horizontal="right", vertical="center", indent=1)
INITIAL: Style = {**INPUT_FOUR, "alignment": _RIGHT_INDENTED}
SHOWN: Style = {
    "font": Font(name="Calibri", size=11, bold=True, color=INK), "number_format": NUMBER, "border": _LINED,
    "alignment": _RIGHT_INDENTED,
}  # fmt: skip
SIX: Style = {
    "font": Font(name="Calibri", size=10, color=INK), "number_format": NUMBER_SIX, "border": _LINED,
    "alignment": _RIGHT_INDENTED,
}  # fmt: skip
FOUR: Style = {**SIX, "number_format": NUMBER}

LEGEND_NUMBER: Style = {
    "font": Font(name="Calibri", size=9, color=INK), "number_format": NUMBER_TWO, "alignment": _CENTRE,
    "border": Border(left=_hair, right=_hair, top=_hair, bottom=_hair),
}  # fmt: skip
LEGEND_SMALL: Style = {**LEGEND_NUMBER, "number_format": NUMBER}


def scale_between(sheet: Worksheet, areas: str, low: str, high: str) -> None:
    """Orange below 0, white at 0, blue above; the full colours at the values of two cells of the sheet."""
    from openpyxl.formatting.rule import ColorScale, FormatObject
    from openpyxl.styles.colors import Color

    ends = [FormatObject(type="num", val=value) for value in (low, 0, high)]
    colours = [Color(rgb=f"FF{c}") for c in ("E58F65", "FFFFFF", "6C9FD6")]
    sheet.conditional_formatting.add(areas, Rule(type="colorScale", colorScale=ColorScale(cfvo=ends, color=colours)))


def pixels_rule(sheet: Worksheet, areas: Sequence[str], value: str) -> None:
    """Strokes dark with white digits, grey between; ``value``: the cell that the first one of the areas shows."""
    dark = DifferentialStyle(font=Font(color="FFFFFF"), fill=PatternFill("solid", bgColor=DARK))
    grey = FormulaRule(formula=[f"{value}>=0.25"], fill=PatternFill("solid", bgColor=PALE))  # type: ignore[no-untyped-call]
    where = " ".join(areas)
    sheet.conditional_formatting.add(where, Rule(type="expression", dxf=dark, formula=[f"{value}>=0.75"]))
    sheet.conditional_formatting.add(where, grey)
