"""How the cells of Inputs, Parameters and the passes look, beyond what every sheet shares."""

from collections.abc import Sequence

from openpyxl.formatting.rule import FormulaRule, Rule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.excel import style
from symcnn.excel.style import GREY, INK, LINE, STEP_FILL, STEP_LINE, STEP_TEXT, TEAL, TEXT, Style

DARK, PALE = "46505C", "B4BCC5"

_hair, _ink = Side(style="thin", color=LINE), Side(style="thin", color=INK)
_amber = Side(style="medium", color=STEP_LINE)
_CENTRE = Alignment(horizontal="center", vertical="center")
_LEFT = Alignment(horizontal="left", vertical="center")
_BESIDE = Alignment(horizontal="left", vertical="center", indent=1)

#: A symbol and its value have one frame: the strip is its upper part.
STRIP: Style = {
    "font": Font(name="Cambria", size=9, italic=True, color=GREY), "alignment": _CENTRE,
    "border": Border(left=_hair, right=_hair, top=_hair),
}  # fmt: skip
BARE_STRIP: Style = {"font": Font(name="Cambria", size=9, italic=True, color=GREY), "alignment": _CENTRE}
#: Of symbols in runs, which have fonts of their own: a subscript takes less room than its size says.
RICH_STRIP: Style = {**BARE_STRIP, "font": Font(name="Cambria", size=7, italic=True, color=GREY)}
CONSTANT: Style = {
    "font": Font(name="Calibri", size=10, color=GREY), "alignment": _CENTRE,
    "border": Border(left=_hair, right=_hair, top=_hair, bottom=_hair),
}  # fmt: skip
SUM: Style = {
    **style.VALUE, "font": Font(name="Calibri", size=10, bold=True, color=INK),
    "border": Border(top=_ink, bottom=Side(style="double", color=INK)),
}  # fmt: skip
SUM_NAME: Style = {"font": Font(name="Cambria", size=10, bold=True, italic=True, color=INK), "alignment": _LEFT}
SHARE: Style = {"font": Font(name="Calibri", size=10, color=INK), "number_format": style.NUMBER, "alignment": _CENTRE}
ARROW: Style = {"font": Font(name="Calibri", size=16, bold=True, color=GREY), "alignment": _CENTRE}
EQUATION: Style = {"font": Font(name="Cambria", size=9, italic=True, color=GREY), "alignment": _LEFT}
NOTE: Style = {"font": Font(name="Calibri", size=10, color=GREY), "alignment": _LEFT}
SMALL_RIGHT: Style = {"font": Font(name="Calibri", size=9, color=GREY), "alignment": Alignment(horizontal="right")}
GROUP: Style = {"font": Font(name="Calibri", size=10, bold=True, color=TEXT), "alignment": Alignment(vertical="bottom")}
HEAD_CENTRE: Style = {**style.HEAD, "alignment": Alignment(horizontal="center")}
HEAD_RIGHT: Style = {
    **style.HEAD, "alignment": Alignment(horizontal="right", vertical="bottom", wrap_text=True),
    "border": Border(bottom=_ink),
}  # fmt: skip
HEAD_LEFT: Style = {**style.HEAD, "alignment": Alignment(vertical="bottom"), "border": Border(bottom=_ink)}
QUESTION: Style = {"font": Font(name="Calibri", size=10, bold=True, color=TEAL), "alignment": _LEFT}

#: The list of all ∂E_total: hairlines between the rows.
_LINED, _RULED = Border(bottom=_hair), Border(top=_hair)
LISTED_NAME: Style = {**style.NAME, "alignment": _LEFT, "border": _RULED}
LISTED_FORMULA: Style = {**style.FORMULA_TEXT, "alignment": _LEFT, "border": _RULED}
LISTED_VALUE: Style = {**SHARE, "border": _RULED}
LISTED_TOTAL: Style = {
    **SHARE, "border": _RULED, "font": Font(name="Calibri", size=11, bold=True, color=INK),
    "fill": PatternFill("solid", fgColor=style.RESULT_FILL),
}  # fmt: skip
_NUMBERS: Style = {"font": Font(name="Calibri", size=9, color=TEXT), "alignment": _LEFT}
LISTED_NUMBERS: Style = {**_NUMBERS, "border": _RULED}
MORE_NUMBERS = _NUMBERS
RULE: Style = {"border": _RULED}

RESULT_BAR: Style = {
    "font": Font(name="Cambria", size=12, italic=True, color=INK), "alignment": _LEFT,
    "fill": PatternFill("solid", fgColor=style.RESULT_FILL),
}  # fmt: skip
RESULT_LARGE: Style = {
    "font": Font(name="Calibri", size=12, bold=True, color=INK), "number_format": style.NUMBER, "alignment": _CENTRE,
    "fill": PatternFill("solid", fgColor=style.RESULT_FILL),
}  # fmt: skip
VERDICT: Style = {"font": Font(name="Calibri", size=13, bold=True, color=INK), "alignment": _LEFT}

# --- Inputs

STEP: Style = {
    "font": Font(name="Calibri", size=20, bold=True, color=STEP_TEXT), "alignment": _CENTRE,
    "fill": PatternFill("solid", fgColor=STEP_FILL),
    "border": Border(left=_amber, right=_amber, top=_amber, bottom=_amber),
}  # fmt: skip
STEP_LONG: Style = {**STEP, "font": Font(name="Calibri", size=13, bold=True, color=STEP_TEXT)}
STEP_WORDS: Style = {"font": Font(name="Calibri", size=11, bold=True, color=STEP_TEXT), "alignment": _BESIDE}
PIXEL: Style = {**style.INPUT, "font": Font(name="Calibri", size=12, color=style.INPUT_TEXT)}
IMAGE_LABEL: Style = {"font": Font(name="Calibri", size=10, bold=True, color=TEXT)}
WORDS_MIDDLE: Style = {**style.WORDS, "alignment": _BESIDE}
TRY: Style = {**style.WORDS, "alignment": _LEFT}

# --- Parameters: a hairline under each row

PARAMETER: Style = {**style.NAME, "border": _LINED, "alignment": _LEFT}
MEANING: Style = {**style.WORDS, "border": _LINED, "alignment": _LEFT}
_RIGHT = Alignment(horizontal="right", vertical="center", indent=1)
INITIAL: Style = {**style.INPUT_FOUR, "alignment": _RIGHT}
SHOWN: Style = {
    "font": Font(name="Calibri", size=11, bold=True, color=INK), "number_format": style.NUMBER, "border": _LINED,
    "alignment": _RIGHT,
}  # fmt: skip
SIX: Style = {
    "font": Font(name="Calibri", size=10, color=INK), "number_format": style.NUMBER_SIX, "border": _LINED,
    "alignment": _RIGHT,
}  # fmt: skip
FOUR: Style = {**SIX, "number_format": style.NUMBER}

LEGEND_NUMBER: Style = {
    "font": Font(name="Calibri", size=9, color=INK), "number_format": style.NUMBER_TWO, "alignment": _CENTRE,
    "border": Border(left=_hair, right=_hair, top=_hair, bottom=_hair),
}  # fmt: skip
LEGEND_SMALL: Style = {**LEGEND_NUMBER, "number_format": style.NUMBER}


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
