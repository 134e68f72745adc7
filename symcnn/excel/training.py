"""Training: one row for each step of gradient descent; every row but the first is an exact fill-down."""

from collections.abc import Callable

from openpyxl.utils import get_column_letter

from symcnn.derivation import Variable
from symcnn.excel import style
from symcnn.excel.addresses import Cell
from symcnn.excel.book import Book
from symcnn.excel.plan import TRAINING_FIRST_ROW, Plan
from symcnn.excel.rows import SheetPrinter
from symcnn.formula import Plain, Typography
from symcnn.printers.excel import checked_formula

Progress = Callable[[int], None]


def write_training(book: Book, plan: Plan, progress: Progress | None) -> None:
    """The sheet with its head and steps + 1 rows."""
    assert plan.steps is not None  # there is such a sheet
    sheet = book.add_sheet("training", book.label("hint_training"))
    columns = dict(plan.training_columns)
    _heads(book, plan, columns)
    first = TRAINING_FIRST_ROW
    templates = _templates(plan, columns)
    for row in range(first, first + plan.steps + 1):
        for name, column in columns.items():
            if name == "step":
                value: object = row - first
            elif row == first and name in plan.parameter_rows:
                value = f"={plan.parameter(name, 'initial').seen_from(sheet.title)}"
            else:
                value = templates[name].replace("{row}", str(row)).replace("{before}", str(row - 1))
            book.put(sheet, row, column, value, style.STEP_NUMBER if name == "step" else style.ROW)
        if progress and (row - first) % 100 == 0:
            progress(row - first)
    sheet.freeze_panes = f"D{first}"
    sheet.print_title_rows = f"5:{first - 1}"
    sheet.print_area = f"A1:{get_column_letter(columns[plan.network.parameters[-1]])}{first + plan.steps}"
    _outline(plan, columns, book)


def _templates(plan: Plan, columns: dict[str, int]) -> dict[str, str]:
    """Quantity -> formula with {row} for its own row and {before} for the row above."""
    title, graph = plan.sheet("training"), plan.derivation.graph

    def at(name: str, row: str = "{row}") -> str:
        return f"{get_column_letter(columns[name])}{row}"

    def place(image: int) -> Callable[[str], str]:
        fixed = {n: _fixed(c, title) for n, c in plan.inputs[image].items()}

        def reference(name: str) -> str:
            return fixed.get(name) or at(name if name in plan.parameter_rows else f"{name}_image{image + 1}")

        return reference

    factor, rate = _fixed(plan.factor, title), _fixed(plan.learning_rate, title)
    errors = "+".join(at(f"E_image{m + 1}") for m in range(plan.images))
    found = {"E_total": f"={factor}*({errors})"}
    for m in range(plan.images):
        printer = SheetPrinter(place(m))
        found |= {f"{v.name}_image{m + 1}": printer.formula(v) for v in graph if v.tensor.role != "gradient"}
    for p in plan.network.parameters:
        parts = [_sum(graph.backward[f"dE_d{p}"], place(m)) for m in range(plan.images)]
        found[f"dE_d{p}"] = f"={factor}*({'+'.join(parts)})"
        found[p] = f"={at(p, '{before}')}-{rate}*{at(f'dE_d{p}', '{before}')}"
    return {name: checked_formula(text, name) for name, text in found.items()}


def _sum(variable: Variable, reference: Callable[[str], str]) -> str:
    return SheetPrinter(reference).variable(variable)


def _fixed(cell: Cell, sheet: str) -> str:
    return cell.absolute if cell.sheet != sheet else cell.absolute.split("!")[1]


def _heads(book: Book, plan: Plan, columns: dict[str, int]) -> None:
    sheet = book.workbook[plan.sheet("training")]
    typography = Typography(plan.derivation.graph, book.text.words("word"))
    short = Typography(plan.derivation.graph, book.text.words("word"), total="")
    plain = Plain(book.text.decimal)
    groups: dict[str, int] = {}
    for name, column in columns.items():
        bare, _, image = name.partition("_image")
        if name == "step":
            group, symbol = "", book.label("step")
        elif name == "E_total":
            group, symbol = "", plain.emit(typography.error)
        elif bare in plan.parameter_rows:
            group, symbol = book.label("parameters"), plain.emit(typography.name(bare))
        elif not image:
            group, symbol = book.label("gradient"), plain.emit(typography.name(bare))
        else:
            label = book.text("label.image", number=image)
            group = f"{book.label('backward' if bare.startswith('dE_d') else 'forward')} · {label}"
            symbol = plain.emit((short if bare.startswith("dE_d") else typography).name(bare))
        if group not in groups:
            groups[group] = column
            book.put(sheet, 6, column, group, style.HEAD)
        book.put(sheet, 7, column, symbol, style.SYMBOL)
        sheet.column_dimensions[get_column_letter(column)].width = max(9, len(symbol) * 0.95 + 1)


def _outline(plan: Plan, columns: dict[str, int], book: Book) -> None:
    """Passes and gradients can be folded away."""
    sheet = book.workbook[plan.sheet("training")]
    sheet.sheet_properties.outlinePr.summaryRight = False  # type: ignore[union-attr]
    for name, column in columns.items():
        if "_image" in name or name.startswith("dE_d"):
            sheet.column_dimensions[get_column_letter(column)].outlineLevel = 1
