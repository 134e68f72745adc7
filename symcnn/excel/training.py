"""Training: one row for each step of gradient descent; every row but the first is an exact fill-down.

Left to right: results, parameters, and folded away the passes of each image and the total gradients.
"""

from collections.abc import Callable, Iterator

from openpyxl.cell.rich_text import CellRichText
from openpyxl.formatting.rule import Rule
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.derivation import Variable
from symcnn.excel import style
from symcnn.excel.addresses import Cell
from symcnn.excel.book import Book
from symcnn.excel.plan import NORM, WorkbookLayout
from symcnn.excel.rich import rich
from symcnn.excel.rows import SheetPrinter
from symcnn.formula import Plain, Typography, tree
from symcnn.printers.excel import CellFormula, checked_formula

Progress = Callable[[int], None]

#: Every how many rows a hairline leads the eye.
RULED = 5
GAP_WIDTH, LEAST_WIDTH = 2, 9


def write_training(book: Book, plan: WorkbookLayout, progress: Progress | None) -> None:
    """The sheet with its head and steps + 1 rows."""
    sheet = book.add_sheet("training", book.label("hint_training"))
    columns = plan.training_column
    groups = list(_groups(book, plan))
    for group in groups:
        _head(book, sheet, plan, group)
    first, last = plan.training_rows
    templates = _templates(plan, columns)
    for row in range(first, last + 1):
        ruled = row > first and (row - first) % RULED == 0
        for name, column in columns.items():
            if name == "step":
                book.put(sheet, row, column, row - first, _look(name, ruled))
            elif row == first and name in plan.parameter_rows:
                initial = plan.parameter(name, "initial").seen_from(sheet.title)
                book.put(sheet, row, column, CellFormula(f"={initial}"), _look(name, ruled))
            else:
                formula = templates[name].replace("{row}", str(row)).replace("{before}", str(row - 1))
                book.put_formula(sheet, row, column, CellFormula(formula), _look(name, ruled))
        if progress and (row - first) % 100 == 0:
            progress(row - first)
    _highlight(sheet, plan, [group[1] for group in groups])
    sheet.freeze_panes = f"D{first}"
    sheet.print_title_rows = f"5:{first - 1}"
    shown = [columns[NORM], columns[plan.network.parameters[-1]]]
    sheet.print_area = f"A1:{get_column_letter(max(shown))}{last}"
    _outline(sheet, groups)


def _look(name: str, ruled: bool) -> style.Style:
    if name == "step":
        return style.STEP_RULED if ruled else style.STEP_NUMBER
    if name == "E_total":
        return style.ERROR_RULED if ruled else style.ERROR_ROW
    return style.ROW_RULED if ruled else style.ROW


def _templates(plan: WorkbookLayout, columns: dict[str, int]) -> dict[str, str]:
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
    gradients = [at(f"dE_d{p}") for p in plan.network.parameters]
    found = {"E_total": f"={factor}*({errors})", NORM: f"=SQRT(SUMSQ({gradients[0]}:{gradients[-1]}))"}
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


Group = tuple[str, dict[str, int]]


def _groups(book: Book, plan: WorkbookLayout) -> Iterator[Group]:
    """Words, and quantity -> column, of each run of columns between two gaps."""
    runs: list[dict[str, int]] = []
    for name, column in plan.training_columns:
        if not runs or column != max(runs[-1].values()) + 1:
            runs.append({})
        runs[-1][name] = column
    for run in runs:
        first = next(iter(run))
        if first == "step":
            yield book.label("results"), run
        elif first in plan.parameter_rows:
            yield book.label("the_parameters", count=len(run)), run
        elif "_image" not in first:
            yield book.label("the_gradients", count=len(run)), run
        else:
            key = "backward" if first.startswith("dE_d") else "forward"
            yield f"{book.label(key)} · {book.text('label.image', number=first.rpartition('_image')[2])}", run


def _head(book: Book, sheet: Worksheet, plan: WorkbookLayout, group: Group) -> None:
    """What the group is, of which image, and the symbols; a blank in the gap, so that no head runs into the next."""
    words, columns = group
    long = Typography(plan.derivation.quantities, book.text.words("word"))
    short = Typography(plan.derivation.quantities, book.text.words("word"), total="")
    plain = Plain(book.text.decimal)
    for name, column in columns.items():
        bare, _, image = name.partition("_image")
        symbol: CellRichText | str = book.label("step") if name == "step" else "‖∇E‖"
        wide = len(symbol)
        if name not in ("step", NORM):
            node = (short if image and bare.startswith("dE_d") else long).name(bare)
            node = without_word(node) if name in plan.results else node
            symbol, wide = rich(node, plain, 10, style.TEXT), len(plain.emit(node))
        title = words if column == min(columns.values()) else None
        book.put(sheet, 5, column, title, style.GROUP)
        shown = book.text("label.image", number=image) if image and name in plan.results else None
        book.put(sheet, 6, column, shown, style.OF_IMAGE)
        book.put(sheet, 7, column, symbol, style.COLUMN_STEP if name == "step" else style.COLUMN_SYMBOL)
        width = max(LEAST_WIDTH, wide * 1.05 + 1.5)
        sheet.column_dimensions[get_column_letter(column)].width = width
    gap = max(columns.values()) + 1
    book.put(sheet, 7, gap, " ", style.WORDS)
    sheet.column_dimensions[get_column_letter(gap)].width = GAP_WIDTH


def without_word(symbol: tree.Node) -> tree.Node:
    """o₁ for o_1,predicted: where the place tells which of the two it is."""
    return symbol.wordless if isinstance(symbol, tree.Symbol) else symbol


def _highlight(sheet: Worksheet, plan: WorkbookLayout, groups: list[dict[str, int]]) -> None:
    """The row of the step shown in amber: one range a group, so that the gaps stay white."""
    first, last = plan.training_rows
    areas = []
    for columns in groups:
        left, right = (get_column_letter(c) for c in (min(columns.values()), max(columns.values())))
        areas.append(f"{left}{first}:{right}{last}")
    step = f"MIN(MAX({plan.step_shown.absolute},0),{plan.steps})"
    amber = DifferentialStyle(font=style.AMBER_FONT, fill=style.AMBER_FILL)
    rule = Rule(type="expression", dxf=amber, formula=[f"$B{first}={step}"])
    sheet.conditional_formatting.add(" ".join(areas), rule)


def _outline(sheet: Worksheet, groups: list[Group]) -> None:
    """Passes and gradients are folded away: a click on + above the sheet opens them."""
    sheet.sheet_properties.outlinePr.summaryRight = False  # type: ignore[union-attr]
    for _, columns in groups[2:]:
        for column in columns.values():
            dimension = sheet.column_dimensions[get_column_letter(column)]
            dimension.outlineLevel, dimension.hidden = 1, True
        sheet.column_dimensions[get_column_letter(min(columns.values()) - 1)].collapsed = True
