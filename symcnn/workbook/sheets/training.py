"""Training: one row for each step of gradient descent; every row but the first is an exact fill-down.

Left to right: results, parameters, and folded away the passes of each image and the total gradients.
"""

from collections.abc import Callable, Iterator

from openpyxl.cell.rich_text import CellRichText
from openpyxl.formatting.rule import Rule
from openpyxl.styles.differential import DifferentialStyle
from sympy import Symbol

from symcnn.printers.excel import CellFormula, checked_formula
from symcnn.symbolic import E_TOTAL, E, Quantity
from symcnn.workbook import style
from symcnn.workbook.addresses import CellReference, SheetPrinter, area
from symcnn.workbook.book import Book, StyledSheet
from symcnn.workbook.training_plan import NORM, STEP, Column, TrainingPlan

Progress = Callable[[int], None]

#: Every how many rows a hairline leads the eye.
RULED = 5
GAP_WIDTH, LEAST_WIDTH = 2, 9

#: How cells look, not ruled and ruled.
ROW = (style.ROW, style.ROW_RULED)
LOOKS: dict[Column, tuple[style.Style, style.Style]] = {
    STEP: (style.STEP_NUMBER, style.STEP_RULED),
    E_TOTAL: (style.ERROR_ROW, style.ERROR_RULED),
}


def write_training(book: Book, plan: TrainingPlan, progress: Progress | None) -> None:
    """Write the sheet: its head and steps + 1 rows."""
    page = book.add_sheet("training", book.label("hint_training"))
    columns = plan.training_column
    groups = list(_groups(book, plan))
    for group in groups:
        _head(page, plan, group)
    first, last = plan.training_rows
    templates = _templates(plan, columns)
    cells = [(column, of, templates.get(of), LOOKS.get(of, ROW)) for of, column in columns.items()]
    for row in range(first, last + 1):
        ruled = row > first and (row - first) % RULED == 0
        for column, of, template, looks in cells:
            if template is None:
                page.put(row, column, row - first, looks[ruled])
            elif row == first and of in plan.parameter_rows:
                initial = plan.parameter(of, "initial").seen_from(page.title)
                page.formula(row, column, initial, looks[ruled])
            else:
                formula = template.replace("{row}", str(row)).replace("{before}", str(row - 1))
                page.put_formula(row, column, CellFormula(formula), looks[ruled])
        if progress and (row - first) % 100 == 0:
            progress(row - first)
    _highlight(page, plan, [group[1] for group in groups])
    page.sheet.freeze_panes = f"D{first}"
    page.sheet.print_title_rows = f"5:{first - 1}"
    last_columns = [columns[NORM], columns[plan.parameters[-1]]]
    page.sheet.print_area = area(1, 1, last, max(last_columns))
    _outline(page, groups)


def _templates(plan: TrainingPlan, columns: dict[Column, int]) -> dict[Column, str]:
    """Column -> formula with {row} for its own row and {before} for the row above."""
    title, graph, of = plan.sheet("training"), plan.derivation.graph, plan.derivation.quantities.of

    def at(column: Column, row: str = "{row}") -> CellReference:
        return CellReference("", "", columns[column], row)

    def places(image: int) -> Callable[[Symbol], CellReference]:
        def place(symbol: Symbol) -> CellReference:
            cell = plan.inputs[image].get(of(symbol))
            return at(of(symbol).of_image(image + 1)) if cell is None else cell.reference(title, fixed=True)

        return place

    factor, rate = plan.factor.absolute, plan.learning_rate.absolute
    errors = "+".join(str(at(E.of_image(m + 1))) for m in range(plan.images))
    gradients = [at(p.adjoint) for p in plan.parameters]
    formulas = {E_TOTAL: f"={factor}*({errors})", NORM: f"=SQRT(SUMSQ({gradients[0]}:{gradients[-1]}))"}
    printers = [SheetPrinter(places(m)) for m in range(plan.images)]
    for m, printer in enumerate(printers, 1):
        formulas |= {v.quantity.of_image(m): printer.formula(v) for v in graph if v.tensor.role != "gradient"}
    for p in plan.parameters:
        parts = [printer.variable(graph[p.adjoint]) for printer in printers]
        formulas[p.adjoint] = f"={factor}*({'+'.join(parts)})"
        formulas[p] = f"={at(p, '{before}')}-{rate}*{at(p.adjoint, '{before}')}"
    return {column: checked_formula(text, column) for column, text in formulas.items()}


Group = tuple[str, dict[Column, int]]


def _groups(book: Book, plan: TrainingPlan) -> Iterator[Group]:
    """Yield the title and the columns of each run of columns between two gaps."""
    runs: list[dict[Column, int]] = []
    for of, column in plan.training_columns:
        if not runs or column != max(runs[-1].values()) + 1:
            runs.append({})
        runs[-1][of] = column
    for run in runs:
        first = next(iter(run))
        if not isinstance(first, Quantity):
            yield book.label("results"), run
        elif first in plan.parameter_rows:
            yield book.label("the_parameters", count=len(run)), run
        elif first.image is None:
            yield book.label("the_gradients", count=len(run)), run
        else:
            key = "backward" if first.is_adjoint else "forward"
            yield f"{book.label(key)} · {book.text('label.image', number=first.image)}", run


def _head(page: StyledSheet, plan: TrainingPlan, group: Group) -> None:
    """Write a group's title, image and symbols; a blank in the gap keeps a head from running into the next."""
    words, columns = group
    for of, column in columns.items():
        symbol: CellRichText | str = page.label("step") if of == STEP else "‖∇E‖"
        wide, image = len(symbol), None
        if isinstance(of, Quantity):
            long = of.image is None or not of.is_adjoint
            node = (plan.words.long if long else plan.words.short).name(of)
            if of in plan.results:
                image = of.image
            symbol, wide = plan.words.rich(node, 10, style.TEXT), len(plan.words.emit(node))
        title = words if column == min(columns.values()) else None
        page.put(5, column, title, style.GROUP)
        image_label = None if image is None else page.book.text("label.image", number=image)
        page.put(6, column, image_label, style.OF_IMAGE)
        page.put(7, column, symbol, style.COLUMN_STEP if of == STEP else style.COLUMN_SYMBOL)
        width = max(LEAST_WIDTH, wide * 1.05 + 1.5)
        page.widths({column: width})
    gap = max(columns.values()) + 1
    page.put(7, gap, " ", style.WORDS)
    page.widths({gap: GAP_WIDTH})


def _highlight(page: StyledSheet, plan: TrainingPlan, groups: list[dict[Column, int]]) -> None:
    """Colour the row of the current step amber: one range a group, so that the gaps stay white."""
    first, last = plan.training_rows
    areas = [area(first, min(columns.values()), last, max(columns.values())) for columns in groups]
    amber = DifferentialStyle(font=style.AMBER_FONT, fill=style.AMBER_FILL)
    rule = Rule(type="expression", dxf=amber, formula=[f"$B{first}={plan.step_in_range}"])
    page.sheet.conditional_formatting.add(" ".join(areas), rule)


def _outline(page: StyledSheet, groups: list[Group]) -> None:
    """Fold passes and gradients away: a click on + above the sheet opens them."""
    page.sheet.sheet_properties.outlinePr.summaryRight = False  # type: ignore[union-attr]
    for _, columns in groups[2:]:
        for column in columns.values():
            dimension = page.column(column)
            dimension.outlineLevel, dimension.hidden = 1, True
        page.column(min(columns.values()) - 1).collapsed = True
