"""Parameters: one row each, with its value at the step shown and the step of gradient descent from there."""

from openpyxl.utils import get_column_letter

from symcnn.excel import looks
from symcnn.excel.book import Book
from symcnn.excel.columns import MARGIN
from symcnn.excel.plan import PARAMETERS_FIRST_ROW, STEP, WorkbookLayout
from symcnn.excel.words import CellTexts
from symcnn.network import Array
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import Quantity, entries

#: Widths of the columns: symbol, meaning, numbers.
SYMBOL_WIDTH, MEANING_WIDTH, NUMBER_WIDTH = 13, 40, 14

#: Of a column: its head, where that is not its key; how its cells look.
LABELS = {"value": "at_step", "change": "change_head", "gradient": "gradient_head", "initial": "initial_head"}
LOOKS = {"initial": looks.INITIAL, "value": looks.SHOWN, "gradient": looks.SIX, "change": looks.SIX, "next": looks.FOUR}


def write_parameters(book: Book, plan: WorkbookLayout, initial: Array, ribbon: str) -> None:
    """Symbol, meaning, initial value, at the step shown, gradient, what the step adds, next."""
    hint = "hint_parameters" if plan.steps is not None else "hint_parameters_one"
    columns = plan.parameter_columns
    sheet = book.add_sheet("parameters", book.label(hint), ribbon, len(set(columns.values())))
    book.widths(sheet, {1: MARGIN, 2: SYMBOL_WIDTH, 3: MEANING_WIDTH, **dict.fromkeys(range(4, 10), NUMBER_WIDTH)})
    head = PARAMETERS_FIRST_ROW - 2
    for key, column in columns.items():
        if key != "value" or plan.steps is not None:
            label = LABELS.get(key, key) if plan.steps is not None or key != "initial" else "value"
            look = looks.HEAD_LEFT if key in ("symbol", "meaning") else looks.HEAD_RIGHT
            book.put(sheet, head, column, book.label(label), look)
    sheet.row_dimensions[head].height = 30
    words = CellTexts(plan.derivation.quantities, book.text)
    values = iter(initial.tolist())
    for tensor in plan.network.forward.parameters:
        for parameter in entries(tensor):
            at = {key: plan.parameter(parameter, key) for key in columns}
            row = at["initial"].row
            sheet.row_dimensions[row].height = 18
            book.put(sheet, row, columns["symbol"], words.symbol(parameter), looks.PARAMETER)
            book.put(sheet, row, columns["meaning"], meaning(book, parameter), looks.MEANING)
            for key, value in _numbers(plan, parameter, next(values)).items():
                book.put(sheet, row, columns[key], value, LOOKS[key])
            book.define(parameter, at["value"])
    _legend(book, plan)
    sheet.freeze_panes = f"A{PARAMETERS_FIRST_ROW - 1}"
    sheet.page_setup.orientation = "portrait"


def _numbers(plan: WorkbookLayout, parameter: Quantity, initial: float) -> dict[str, object]:
    sheet = plan.sheet("parameters")
    value, gradient = plan.parameter(parameter).local, plan.parameter(parameter, "gradient").local
    rate = plan.learning_rate.seen_from(sheet)
    found: dict[str, object] = {
        "initial": initial,
        "gradient": CellFormula(f"={plan.total(parameter).seen_from(sheet)}"),
        "change": CellFormula(f"=-1*{rate}*{gradient}"),
        "next": CellFormula(f"={value}-{rate}*{gradient}"),
    }
    if plan.steps is not None:
        found["value"] = _at_step_shown(plan, parameter)
    return found


def meaning(book: Book, parameter: Quantity) -> str:
    """What a parameter is, in words: where a weight stands or leads."""
    digits = [digit for _, digit in parameter.tensor.digits(parameter.index)]
    return book.kind(parameter.tensor, "one", at=digits[0], to=digits[-1])


def _legend(book: Book, plan: WorkbookLayout) -> None:
    """The scale of the values shown: its ends are the largest of them."""
    sheet, columns = book.workbook[plan.sheet("parameters")], plan.parameter_columns
    rows = list(plan.parameter_rows.values())
    letter, row = get_column_letter(columns["value"]), rows[-1] + 3
    area = f"{letter}{rows[0]}:{letter}{rows[-1]}"
    ends = [get_column_letter(c) for c in range(4, 9)]
    low, half_low, zero, half, high = (f"{c}{row}" for c in ends)
    book.put(sheet, row, 2, book.label("colours"), looks.NOTE)
    book.put(sheet, row, 3, book.label("legend_parameters"), looks.NOTE)
    book.put(sheet, row + 1, 2, book.label("sign_head"), looks.NOTE)
    book.put(sheet, row + 1, 3, book.label("sign"), looks.NOTE)
    formulas = {
        low: CellFormula(f"=-1*{high}"), half_low: CellFormula(f"=-1*{high}/2"), zero: 0,
        half: CellFormula(f"={high}/2"),
        high: CellFormula(f"=MAX(MAX({area}),-1*MIN({area}))"),
    }  # fmt: skip
    for n, value in enumerate(formulas.values(), 4):
        book.put(sheet, row, n, value, looks.LEGEND_NUMBER)
    looks.scale_between(sheet, f"{area} {low}:{high}", f"${ends[0]}${row}", f"${ends[-1]}${row}")


def _at_step_shown(plan: WorkbookLayout, parameter: Quantity) -> CellFormula:
    """The parameter's cell in the row of Training that is shown; a step past either end shows the first or the last."""
    assert plan.steps is not None
    shown, (_, last) = plan.step_shown.seen_from(plan.sheet("parameters")), plan.trained_ends(STEP)
    return CellFormula(f"=INDEX({plan.trained(parameter)},MIN(MAX({shown},0),{last.absolute})+1)")
