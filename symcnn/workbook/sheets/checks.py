"""Checks: every gradient against a central difference, Forward and Backward against Training, the cells against symcnn.

Everything is computed in the sheet, so that a changed cell is checked too. A verdict is a mark and a word; what a
reader may change and what cannot be computed is said in words.

Central differences are made of the forward pass of every image once more, with one parameter moved by +h and by −h: a
row for each parameter, of p + h, the whole pass of each image, E_total; then the same with p − h. The other parameters,
pixels and targets are those of Forward, so that nothing of Backward is used.

What symcnn computed at export (E_total, every parameter after the last step) can be compared as long as a reader has
changed no input. Whether one was changed is seen from weighted sums of all input cells, some fifty in each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from symcnn.errors import TrainingDivergedError
from symcnn.network import Array, Data
from symcnn.printers.excel import CellFormula, checked_formula
from symcnn.symbolic import E_TOTAL, E, Quantity, entries
from symcnn.train import train
from symcnn.workbook import style
from symcnn.workbook.addresses import Cell, CellReference, SheetPrinter, area, fixed, local
from symcnn.workbook.book import Book, StyledSheet
from symcnn.workbook.sheets.passes import position_sums
from symcnn.workbook.training_plan import TrainingPlan

#: The parameter that is moved, among the columns of a pass.
Moved = Literal["moved"]
MOVED: Moved = "moved"

#: Cells of all perturbed passes; with more, a sample of the parameters is checked.
MAX_PERTURBED = 20_000


class Perturbed:
    """The perturbed passes from one column on.

    Attributes:
        pass_columns: the columns of one sign: the moved parameter, every image's pass, E_total.
        starts: sign -> its first column; last: the last column of all.
    """

    def __init__(self, plan: TrainingPlan, first: int, h: str) -> None:
        self.plan, self.h = plan, h
        self._variables = list(plan.graph.forward.values())
        passes = [v.quantity.of_image(m + 1) for m in range(plan.images) for v in self._variables]
        self.pass_columns: list[Quantity | Moved] = [MOVED, *passes, E_TOTAL]
        self.starts = {"+": first, "-": first + len(self.pass_columns) + 1}
        self.last = self.starts["-"] + len(self.pass_columns) - 1
        # for each image, symbol -> cell on Forward
        self._forward = [{q.symbol: c.reference("", fixed=True) for q, c in cells.items()} for cells in plan.forward]

    def columns(self, sign: str) -> dict[Quantity | Moved, int]:
        return dict(zip(self.pass_columns, count(self.starts[sign])))

    def chosen(self) -> list[Quantity]:
        """All parameters, or of each tensor as many as there is room for, evenly spread."""
        tensors = self.plan.network.forward
        most = max(len(tensors.parameters), MAX_PERTURBED // (2 * len(self.pass_columns)))
        if len(self.plan.parameters) <= most:
            return list(self.plan.parameters)
        each = max(1, most // len(tensors.parameters))
        return [q for tensor in tensors.parameters for q in _spread(list(entries(tensor)), each)]

    def error(self, sign: str, row: int) -> str:
        """E_total with the parameter moved."""
        return local(row, self.starts[sign] + len(self.pass_columns) - 1)

    def formulas(self, parameter: Quantity, row: int, sign: str) -> dict[int, CellFormula]:
        """column -> formula of one row."""
        plan, start, length = self.plan, self.starts[sign], len(self._variables)
        formulas = {start: CellFormula(f"={plan.forward[0][parameter].absolute}{sign}{self.h}")}
        errors = []
        for m in range(plan.images):
            first = start + 1 + m * length
            own = {v.quantity.symbol: CellReference("", "", first + n, row) for n, v in enumerate(self._variables)}
            known = {**self._forward[m], **own, parameter.symbol: CellReference("", "", start, row)}
            printer = SheetPrinter(known.__getitem__)
            formulas |= {first + n: printer.formula(v) for n, v in enumerate(self._variables)}
            errors.append(str(own[E.symbol]))
        formulas[start + len(self.pass_columns) - 1] = checked_formula(
            f"={plan.factor.absolute}*({'+'.join(errors)})", E_TOTAL
        )
        return formulas


def _spread(every: Sequence[Quantity], count: int) -> list[Quantity]:
    return [every[n * len(every) // count] for n in range(count)] if count < len(every) else [*every]


#: Inputs in one weighted sum.
INPUTS_IN_SUM = 50


@dataclass
class Exported:
    """Values at export; ``formulas`` is there once it is written: "is it unchanged?", the gaps, and what is stored."""

    plan: TrainingPlan
    inputs: dict[str, float]
    after: dict[Quantity, float | None]
    formulas: tuple[str, str, str] = field(init=False)

    @property
    def converged(self) -> bool:
        """Whether the training gave numbers; if not, nothing is stored and compared."""
        return None not in self.after.values()

    def write(self, page: StyledSheet, top: int, left: int, tolerance: str) -> None:
        """Four columns from ``left`` on: live, stored, and the verdict or the gap; sums first, results below.

        Args:
            tolerance: below that, relative to the stored value, a sum is unchanged: programs may add in another order.
        """
        items = list(self.inputs.items())
        row, none = top, page.label("not_finite")
        for start in range(0, len(items), INPUTS_IN_SUM):
            part = items[start : start + INPUTS_IN_SUM]
            live = "+".join(f"{n}*{reference}" for n, (reference, _) in enumerate(part, 1))
            stored = sum(n * value for n, (_, value) in enumerate(part, 1)) if self.converged else None
            here, there = local(row, left), local(row, left + 1)
            near = f"IF(ABS({here}-{there})<={tolerance}*MAX(1,ABS({there})),1,0)"
            same = CellFormula(f"=IF(COUNT({there})=1,{near},0)")
            for column, value in enumerate((CellFormula(f"={live}"), stored, same), left):
                page.put(row, column, value, style.ROW)
            row += 1
        unchanged, first = f"MIN({_fixed_area(top, row - 1, left + 2)})=1", row
        for quantity, value in self.after.items():
            last = self.plan.trained_ends(quantity)[1]
            page.formula(row, left, last.absolute, style.ROW)
            page.put(row, left + 1, value, style.ROW)
            here, there = local(row, left), local(row, left + 1)
            gap = CellFormula(f'=IF(COUNT({here})=1,ABS({here}-{there})/MAX(1,ABS({there})),"{none}")')
            page.put(row, left + 2, gap, style.GAP_LINED)
            row += 1
        gaps, stored_values = (_fixed_area(first, max(first, row - 1), left + n) for n in (2, 1))
        self.formulas = (unchanged, gaps, stored_values)


def _fixed_area(first: int, last: int, column: int) -> str:
    return f"{fixed(first, column)}:{fixed(last, column)}"


def exported(plan: TrainingPlan, data: Data, theta: Array, rate: float, factor: float) -> Exported:
    """Train with symcnn as the workbook does."""
    forward = plan.network.forward
    assert forward.targets is not None
    assert data.targets is not None
    inputs = {plan.learning_rate.absolute: rate, plan.factor.absolute: factor}
    inputs |= {plan.parameter(p, "initial").absolute: v for p, v in zip(plan.parameters, theta.tolist(), strict=True)}
    for image, pixels, targets in zip(plan.inputs, data.images, data.targets, strict=True):
        inputs |= {image[q].absolute: v for q, v in zip(entries(forward.image), pixels.ravel().tolist(), strict=True)}
        inputs |= {image[q].absolute: v for q, v in zip(entries(forward.targets), targets.tolist(), strict=True)}
    reduction: Literal["sum", "mean"] = "sum" if factor == 1 else "mean"
    try:
        run = train(plan.network, data, learning_rate=rate, steps=plan.steps, initial=theta, reduction=reduction)
    except TrainingDivergedError:
        return Exported(plan, inputs, dict.fromkeys((E_TOTAL, *plan.parameters)))
    after = dict(zip(plan.parameters, run.parameters.values(), strict=True))
    return Exported(plan, inputs, {E_TOTAL: float(run.loss[-1]), **after})


SYMBOL, WHAT, GRADIENT, DIFFERENCE, GAP, RESULT = range(2, 8)
#: Folded away: 1 (2: at a corner) or 0 for a verdict, the gap that counts, the same gradient on Training, its gap,
#: the gap of all steps at once, the slopes on either side, the gap of what all positions add.
PASSES, COUNTED, TRAINED, TRAINED_GAP, STEPS_GAP, SLOPE_ABOVE, SLOPE_BELOW, SHARES_GAP = range(9, 17)
PERTURBED = 18

ALL_ROW, FIRST_LINE, LINES = 6, 7, 7
SETTINGS_ROW = FIRST_LINE + LINES + 2
TABLE_ROW = SETTINGS_ROW + 6

#: The step of a central difference: a smaller one loses digits, a larger one sees the curve.
STEP_H = 1e-5
TOLERANCES = {"difference_h": STEP_H, "tolerance_difference": 1e-8, "tolerance_equal": 1e-9}


def all_checks(book: Book) -> Cell:
    """The cell that says whether every check passes."""
    return Cell(book.title("checks"), ALL_ROW, RESULT)


@dataclass(frozen=True)
class CheckLine:
    """One line of the summary: the worst difference, the cell that it must not pass, and its verdict.

    ``passes`` is 1 or 0; {worst} in it stands for the cell of the difference, {} in ``verdict`` for the usual one.
    """

    key: str
    worst: str
    tolerance: str
    passes: str
    verdict: str = "{}"


class Checks:
    """Writes the sheet; ``exported``: what symcnn computed with the inputs as they were written."""

    def __init__(self, book: Book, plan: TrainingPlan, exported: Exported) -> None:
        self.book, self.plan, self.exported = book, plan, exported
        self.page = book.add_sheet("checks", book.label("hint_checks"))
        self.title = self.page.title
        self.tolerance = {k: Cell(self.title, SETTINGS_ROW + 1 + n, GRADIENT) for n, k in enumerate(TOLERANCES)}
        h = self._fixed("difference_h")
        self.perturbed = Perturbed(plan, PERTURBED, h)
        self.chosen = self.perturbed.chosen()
        self.first, self.last = TABLE_ROW + 2, TABLE_ROW + 1 + len(self.chosen)
        #: Does the error's slope jump? A difference across a corner is neither of its two slopes.
        self.corners = any(equation.has_kink for equation in plan.derivation.forward)
        summed = position_sums(plan)
        self.shared = {parameter: summed[parameter] for parameter in self.chosen if parameter in summed}
        self.ok, self.differs = book.label("ok"), book.label("differs")

    def write(self) -> None:
        widths = {SYMBOL: 14, WHAT: 46, GRADIENT: 15, DIFFERENCE: 15, GAP: 12, RESULT: 16, RESULT + 1: 2}
        self.page.widths(widths)
        self.exported.write(self.page, self.last + 6, PASSES, self._fixed("tolerance_equal"))
        self._settings()
        self._gradients()
        self._summary()
        self._fold()

    def _fixed(self, key: str) -> str:
        return self.tolerance[key].reference(self.title, fixed=True).local

    def _column(self, column: int) -> str:
        return area(self.first, column, self.last, column)

    def _section(self, row: int, words: str, heads: dict[int, str]) -> None:
        self.page.section(row, words, RESULT, 21)
        for column, key in heads.items():
            look = style.SECTION_HEAD_CENTRE if column == RESULT else style.SECTION_HEAD
            self.page.put(row, column, self.page.label(key), look)

    def _verdict(self, row: int) -> str:
        return f'IF({local(row, PASSES)}=1,"{self.ok}","{self.differs}")'

    # --- the summary ------------------------------------------------------------------------------------------------

    def _summary(self) -> None:
        book, page = self.book, self.page
        self._section(ALL_ROW - 1, book.label("summary"), {DIFFERENCE: "worst", GAP: "tolerance", RESULT: "result"})
        lines = self._lines()
        for row, line in enumerate(lines, FIRST_LINE):
            page.bar(row, RESULT, book.label(line.key), style.WORDS_LINED)
            self.page.formula(row, DIFFERENCE, line.worst, style.GAP_LINED)
            self.page.formula(row, GAP, line.tolerance, style.GAP_LINED)
            self.page.formula(row, PASSES, line.passes.format(worst=local(row, DIFFERENCE)), style.STEP_NUMBER)
            self.page.formula(row, RESULT, line.verdict.format(self._verdict(row)), style.VERDICT)
            page.height(row, 19)
        last = FIRST_LINE + len(lines) - 1
        self.page.formula(ALL_ROW, PASSES, f"MIN({area(FIRST_LINE, PASSES, last, PASSES)})", style.STEP_NUMBER)
        page.bar(ALL_ROW, RESULT - 1, book.label("all_checks"), style.WORDS_LINED, style.ALL_LINED)
        page.put(ALL_ROW, WHAT, book.label("every_check"), style.WORDS_LINED)
        self.page.formula(ALL_ROW, RESULT, self._verdict(ALL_ROW), style.VERDICT_ALL)
        page.height(ALL_ROW, 24)
        book.define("all_checks", all_checks(book))
        style.bad_rule(page.sheet, area(ALL_ROW, RESULT, last, RESULT), f"${local(ALL_ROW, PASSES)}=0")

    def _lines(self) -> list[CheckLine]:
        equal, none = self._fixed("tolerance_equal"), self.page.label("not_finite")
        total, rows = self.plan.error_total.absolute, self.plan.steps + 1
        trained = self.plan.trained(E_TOTAL)

        def worst(gaps: str, count: str) -> str:
            """The largest gap, or words where one is no number."""
            return f'IF(COUNT({gaps})={count},MAX({gaps}),"{none}")'

        passes, count = self._column(PASSES), f"COUNT({self._column(PASSES)})"
        gap = f"ABS({total}-{self.plan.at_current_step(E_TOTAL, self.title)})"
        within = f"IF(COUNT({{worst}})=1,IF({{worst}}<={equal},1,0),0)"
        shares, weights = self._column(SHARES_GAP), len(self.shared)
        same, gaps, stored = self.exported.formulas
        dash, changed = self.page.label("dash"), self.page.label("inputs_changed")
        lines = [
            CheckLine("check_difference", worst(self._column(COUNTED), count), self._fixed("tolerance_difference"),
                 f"MIN(1,{passes})"),
            CheckLine("check_forward", f'IF(COUNT({total},{trained})={rows + 1},{gap},"{none}")', equal, within),
            CheckLine("check_backward", worst(self._column(TRAINED_GAP), count), equal, within),
            CheckLine("check_steps", worst(self._column(STEPS_GAP), count), equal, within),
            CheckLine("check_finite", f"{rows}-COUNT({trained})", "0", f"IF(COUNT({trained})={rows},1,0)"),
            CheckLine("check_symcnn", f'IF({same},{worst(gaps, f"COUNT({stored})")},"{dash}")', equal,
                 f"IF({same},{within},1)", f'IF({same},{{}},"{changed}")'),
        ]  # fmt: skip
        if weights:
            lines.insert(1, CheckLine("check_positions", worst(shares, str(weights)), equal, within))
        return lines

    # --- what a reader may change -----------------------------------------------------------------------------------

    def _settings(self) -> None:
        self._section(SETTINGS_ROW, self.page.label("settings_checks"), {})
        for key, value in TOLERANCES.items():
            cell, words = self.tolerance[key], self.page.label(key)
            self.page.put(cell.row, SYMBOL, words, style.WORDS)
            self.page.put(cell.row, cell.column, value, style.TOLERANCE)
            rule = {"type": "decimal", "operator": "greaterThan", "formula1": "0"}
            self.page.prompt(cell.local, self.page.label(f"{key}_prompt"), rule)
            self.book.define(key, cell)
            self.page.height(cell.row, 18)

    # --- the gradients ----------------------------------------------------------------------------------------------

    def _gradients(self) -> None:
        book, page, plan = self.book, self.page, self.plan
        count = len(plan.parameters)
        every = len(self.chosen) == count
        words = book.label("each_gradient" if every else "some_gradients", count=len(self.chosen), all=count)
        self._section(TABLE_ROW, words, {})
        heads = dict(zip((SYMBOL, WHAT, GRADIENT, DIFFERENCE, RESULT),
                         ("parameter", "compared", "gradient", "difference", "result"), strict=True))  # fmt: skip
        for column, key in heads.items():
            look = style.HEAD_CENTRE if column == RESULT else style.HEAD if column <= WHAT else style.HEAD_RIGHT
            page.put(TABLE_ROW + 1, column, book.label(key), look)
        page.put(TABLE_ROW + 1, GAP, "|Δ|", style.HEAD_RIGHT)
        for row, parameter in enumerate(self.chosen, self.first):
            rich, name = plan.words.rich, plan.words.long.name
            page.put(row, SYMBOL, rich(name(parameter), 11, style.INK), style.NAME_LINED)
            compared = rich(name(parameter.adjoint), 10, style.TEXT, " = (E₊ − E₋) / 2h")
            page.put(row, WHAT, compared, style.FORMULA_LINED)
            self._row(row, parameter)
        style.bad_rule(page.sheet, self._column(RESULT), f"${local(self.first, PASSES)}=0")
        foot = ["folded_passes", *(["corners"] if self.corners else [])]
        for n, key in enumerate(foot):
            page.put(self.last + 1 + n, SYMBOL, book.label(key), style.FOOT)

    def _row(self, row: int, parameter: Quantity) -> None:
        book, plan, h, put = self.book, self.plan, self._fixed("difference_h"), self.page.formula
        for sign in "+-":
            for column, formula in self.perturbed.formulas(parameter, row, sign).items():
                self.page.put(row, column, formula, style.ROW)
        above, below = (self.perturbed.error(sign, row) for sign in "+-")
        g, d, gap, passes = (local(row, column) for column in (GRADIENT, DIFFERENCE, GAP, PASSES))
        none, error = book.label("not_finite"), plan.error_total.absolute
        put(row, GRADIENT, plan.total(parameter).absolute, style.EIGHT_LINED)
        put(row, DIFFERENCE, f'IF(COUNT({above},{below})=2,({above}-{below})/(2*{h}),"{none}")', style.EIGHT_LINED)
        put(row, GAP, f'IF(COUNT({g},{d})=2,ABS({g}-{d}),"{none}")', style.GAP_LINED)
        allowed = f"{self._fixed('tolerance_difference')}*MAX(1,ABS({g}),ABS({error}))"
        verdict, otherwise = self._verdict(row), "0"
        if self.corners:  # there the gradient lies between the slopes on either side
            put(row, SLOPE_ABOVE, f"({above}-{error})/{h}", style.EIGHT_LINED)
            put(row, SLOPE_BELOW, f"({error}-{below})/{h}", style.EIGHT_LINED)
            slopes = area(row, SLOPE_ABOVE, row, SLOPE_BELOW)
            otherwise = f"IF(AND({g}>=MIN({slopes})-{allowed},{g}<=MAX({slopes})+{allowed}),2,0)"
            verdict = f'IF({passes}=2,"{book.label("corner")}",{verdict})'
        put(row, PASSES, f"IF(COUNT({gap})=1,IF({gap}<={allowed},1,{otherwise}),0)", style.STEP_NUMBER)
        put(row, COUNTED, f"IF({passes}=2,0,{gap})", style.GAP_LINED)
        put(row, RESULT, verdict, style.VERDICT)
        self._against_training(row, parameter, g)
        if parameter in self.shared:
            gaps = ",".join(f"ABS({g}-{cell.absolute})" for cell in self.shared[parameter])
            put(row, SHARES_GAP, f'IF(COUNT({g})=1,MAX({gaps})/MAX(1,ABS({g})),"{none}")', style.GAP_LINED)

    def _against_training(self, row: int, parameter: Quantity, gradient: str) -> None:
        """Compare with the current step's row of Training, and over all steps: first − η · Σ gradients."""
        plan, none, trained = self.plan, self.page.label("not_finite"), local(row, TRAINED)
        self.page.formula(row, TRAINED, plan.at_current_step(parameter.adjoint, self.title), style.EIGHT_LINED)
        gap = f"ABS({gradient}-{trained})/MAX(1,ABS({gradient}))"
        self.page.formula(row, TRAINED_GAP, f'IF(COUNT({gradient},{trained})=2,{gap},"{none}")', style.GAP_LINED)
        start, last = (cell.absolute for cell in plan.trained_ends(parameter))
        first_row, last_row = plan.training_rows
        steps = f"SUM({plan.trained(parameter.adjoint, last_row - 1)})" if last_row > first_row else "0"
        gap = f"ABS({start}-{plan.learning_rate.absolute}*{steps}-{last})/MAX(1,ABS({last}))"
        self.page.formula(row, STEPS_GAP, f'IF(COUNT({last})=1,{gap},"{none}")', style.GAP_LINED)

    # --- folded columns ---------------------------------------------------------------------------------------------

    def _fold(self) -> None:
        page, symbol_of = self.page, self.plan.words.total
        keys = dict(zip((PASSES, COUNTED, TRAINED, TRAINED_GAP, STEPS_GAP),
                        ("passes", "counted", "in_training", "gap", "steps_gap"), strict=True))  # fmt: skip
        if self.corners:
            keys |= {SLOPE_ABOVE: "slope_above", SLOPE_BELOW: "slope_below"}
        if self.shared:
            keys[SHARES_GAP] = "gap_of_positions"
        for column, key in keys.items():
            page.put(TABLE_ROW + 1, column, self.page.label(key), style.HEAD_RIGHT)
        for sign, step in (("+", "+h"), ("-", "−h")):
            for of, column in self.perturbed.columns(sign).items():
                quantity = of if isinstance(of, Quantity) else None
                symbol = self.page.label("moved") if quantity is None else symbol_of(quantity)
                page.put(TABLE_ROW + 1, column, symbol, style.COLUMN_SYMBOL)
                image = quantity and quantity.image
                words = self.book.text("label.image", number=image) if image else None
                page.put(TABLE_ROW, column, f"{step} · {words}" if words else step, style.OF_IMAGE)
        for column in range(PASSES, self.perturbed.last + 1):
            dimension = page.column(column)
            dimension.outlineLevel, dimension.hidden, dimension.width = 1, True, 13
        for row in range(
            ALL_ROW, page.sheet.max_row + 1
        ):  # a blank, so that no folded head runs over into what is seen
            page.put(row, RESULT + 1, " ", style.WORDS)
        page.column(RESULT + 1).collapsed = True
        page.sheet.sheet_properties.outlinePr.summaryRight = False  # type: ignore[union-attr]
        page.sheet.print_area = area(1, 1, self.last + 3, RESULT + 1)
        page.sheet.page_setup.orientation = "portrait"
