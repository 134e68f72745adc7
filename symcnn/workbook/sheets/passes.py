"""The bands of Forward and Backward: one an image, laid out as the data flows; Forward ends with the reader's image."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from symcnn.derivation import Variable
from symcnn.printers.excel import CellFormula, checked_formula
from symcnn.symbolic import E_TOTAL, ERROR, E, Quantity, Tensor, TensorKind, entries
from symcnn.workbook import style
from symcnn.workbook.addresses import Cell, area
from symcnn.workbook.bands import (
    BESIDE_MARGIN,
    MARGIN,
    NARROW,
    SQUARE,
    STRIP_HEIGHT,
    VALUE_HEIGHT,
    Above,
    Band,
    cells_of,
)
from symcnn.workbook.blocks import Placement
from symcnn.workbook.book import Book, StyledSheet
from symcnn.workbook.sheets.gradients import LEGEND_PIXELS, GradientTables
from symcnn.workbook.training_plan import BAND_HEAD, CHARACTER_PIXELS, FIRST_COLUMN, TrainingPlan

#: Points of a symbol over its value.
SYMBOL_SIZE = 9

#: Where the colours of Forward are full.
REACH = 2.0


class Passes:
    """Writes the two sheets; ``labels`` are the images' names, ``looks`` the styles of "image" and "target"."""

    def __init__(
        self, book: Book, plan: TrainingPlan, labels: list[str], ribbon: str, data_looks: Mapping[str, style.Style]
    ) -> None:
        self.book, self.plan, self.labels, self.ribbon, self.data_looks = book, plan, labels, ribbon, data_looks
        self.graph = plan.derivation.graph
        self.words = plan.words

    def write(self) -> None:
        self._forward()
        self._backward()

    # --- Forward ----------------------------------------------------------------------------------------------------

    def _forward(self) -> None:
        plan, book = self.plan, self.book
        page = self._sheet("forward", "hint_forward")
        for m in range(plan.images):
            self._forward_band(page, plan.band_row(m), self.labels[m], plan.forward[m], plan.inputs[m])
            for variable in self.graph.forward.values():
                book.define(variable.quantity.of_image(m + 1), plan.forward[m][variable.quantity])
        self._error_total(page)
        self._forward_band(page, plan.own_row, book.label("own_band"), plan.own, plan.desk.own_pixels)
        self._verdict(page)
        self._legend(page, plan.own_row + BAND_HEAD + plan.band.height + 3)

    def _forward_band(
        self, page: StyledSheet, row: int, title: str, cells: Mapping[Quantity, Cell], inputs: Mapping[Quantity, Cell]
    ) -> None:
        band = self.plan.band_at("forward", row)
        self._band_head(page, row, title)
        for block in band.blocks:
            for quantity in entries(block.tensor):
                if quantity in cells:
                    formula = self.plan.forward_formula(quantity, cells, inputs, band)
                    self._put(page, cells[quantity], quantity, formula)
        for above in band.above:
            self._above(page, above, {q: cells[q] for q in entries(above.inputs.tensor)})
        self._arrows(page, row, band, "→")
        self._stage_heads(page, row, band, "stage", cells)
        self._equations(page, row, [v for v in self.graph.forward.values() if v.quantity in cells])
        self._colours(page, band, cells)

    def _error_total(self, page: StyledSheet) -> None:
        plan, total = self.plan, self.plan.error_total
        errors = "+".join(plan.forward[m][E].local for m in range(plan.images))
        start = max(FIRST_COLUMN, total.column - 7)
        for column in range(start, total.column + 1):
            page.put(total.row, column, None, style.RESULT_BAR)
        words = self.book.label("error_total_is", total=self.words.total(E_TOTAL))
        page.put(total.row, start, words, style.RESULT_BAR)
        formula = f"={plan.factor.seen_from(total.sheet)}*({errors})"
        page.put(total.row, total.column, checked_formula(formula, E_TOTAL), style.RESULT_LARGE)
        page.height(total.row, VALUE_HEIGHT)
        self.book.define(E_TOTAL, total)

    def _verdict(self, page: StyledSheet) -> None:
        """Write the network's answer for the reader's image beside its outputs."""
        plan = self.plan
        outputs = plan.network.forward.outputs
        if outputs.size < 2:
            return
        cell = plan.own[next(entries(outputs))]
        column = max(c.column for c in plan.own.values()) + 2
        page.put(cell.row, column, cell.fetch(plan.verdict), style.ANSWER)
        page.put(plan.own_row + 1, column, self.book.label("verdict"), style.HEAD)

    # --- Backward ---------------------------------------------------------------------------------------------------

    def _backward(self) -> None:
        plan = self.plan
        page = self._sheet("backward", "hint_backward")
        for m in range(plan.images):
            row = plan.band_row(m)
            band = plan.band_at("backward", row)
            self._band_head(page, row, self.labels[m])
            for block in band.blocks:
                if block.tensor != ERROR:
                    self._derivatives(page, m, block)
            for above in band.above:
                adjoints = [q.adjoint for q in entries(above.inputs.tensor) if q.adjoint in plan.backward[m]]
                if adjoints:
                    self._above(page, above, {adjoint: plan.backward[m][adjoint] for adjoint in adjoints})
            self._arrows(page, row, band, "←")
            self._stage_heads(page, row, band, "stage_back", plan.backward[m])
            self._equations(page, row, [v for v in self.graph.backward.values() if v.tensor.role == "adjoint"])
        note = self.book.label("short_partial")
        page.put(plan.band_row(plan.images) - 1, FIRST_COLUMN, note, style.NOTE)
        GradientTables(plan, page).write()

    def _derivatives(self, page: StyledSheet, image: int, block: Placement) -> None:
        plan, own = self.plan, cells_of(block)
        for quantity, cell in own.items():
            adjoint = quantity.adjoint
            derived = adjoint in self.graph
            formula = plan.backward_formula(image, adjoint) if derived else cell.fetch(plan.forward[image][quantity])
            self._put(page, cell, adjoint if derived else quantity, formula)
            if derived:
                self.book.define(adjoint.of_image(image + 1), cell)
        if block.tensor.role == "image":
            self._pixels(page, list(own.values()))

    # --- what both share --------------------------------------------------------------------------------------------

    def _sheet(self, key: str, hint: str) -> StyledSheet:
        plan = self.plan
        page = self.book.add_sheet(key, self.book.label(hint), self.ribbon, 1 + plan.band.width)
        page.widths({1: MARGIN, 2: BESIDE_MARGIN})
        columns = range(FIRST_COLUMN, FIRST_COLUMN + plan.band.width + 24)
        page.widths({column: NARROW if column in plan.columns.gaps else SQUARE for column in columns})
        page.sheet.freeze_panes = "A5"
        return page

    def _band_head(self, page: StyledSheet, row: int, title: str) -> None:
        page.section(row, title, FIRST_COLUMN + self.plan.band.width - 1, 22)
        top = row + BAND_HEAD
        for r in range(top, top + self.plan.band.height):
            page.height(r, VALUE_HEIGHT if (r - top) % 2 else STRIP_HEIGHT)

    def _put(self, page: StyledSheet, cell: Cell, quantity: Quantity, formula: str) -> None:
        tensor = quantity.tensor
        look = self.data_looks.get(tensor.role, style.RESULT if tensor == ERROR else style.VALUE)
        # over a dark pixel the text takes its colour from the rule, which no run of its own may have
        image = tensor.role == "image"
        text = self.words.symbol(quantity) if image else self.words.rich_symbol(quantity, SYMBOL_SIZE)
        page.put(cell.row - 1, cell.column, text, style.STRIP if image else style.RICH_STRIP)
        page.put(cell.row, cell.column, formula, look)

    def _above(self, page: StyledSheet, above: Above, cells: Mapping[Quantity, Cell]) -> None:
        """Write the inputs of a dense layer above its weights, or the derivatives by them."""
        places = cells_of(above.inputs)
        for quantity, source in cells.items():
            cell = places[quantity.primal]
            page.put(cell.row - 1, cell.column, self.words.rich_symbol(quantity, SYMBOL_SIZE), style.RICH_STRIP)
            page.put(cell.row, cell.column, cell.fetch(source), style.VALUE)
        if above.bias and not any(quantity.is_adjoint for quantity in cells):
            row, _, _, column = above.area
            page.put(row - 1, column, self.book.label("bias_input"), style.SYMBOL)
            page.put(row, column, CellFormula("=1"), style.CONSTANT)  # no input: it stays 1

    def _arrows(self, page: StyledSheet, row: int, band: Band, arrow: str) -> None:
        """Write ∗ in the narrow columns before a filter, arrows in the others; in the second row of cells."""
        at = row + BAND_HEAD - 1 + min(2 * band.pitch, band.height)
        for block, column in zip(band.stages[1:], band.gaps, strict=True):
            sign = "∗" if block.tensor.kind is TensorKind.FILTER and arrow == "→" else arrow
            if block.tensor.role != "constant":
                page.put(at, column, sign, style.SMALL_ARROW)

    def _stage_heads(self, page: StyledSheet, row: int, band: Band, key: str, cells: Iterable[Quantity]) -> None:
        """Write a head where a stage begins; it reaches to the next narrow column."""
        known = {quantity.primal for quantity in cells}
        for block in band.stages:
            tensor = block.tensor
            if next(entries(tensor)) in known or (key == "stage_back" and tensor.role in ("image", "target")):
                kind = tensor.kind
                if kind is TensorKind.PREACTIVATION and tensor.target is not None:
                    last = tensor.target.kind is TensorKind.OUTPUT
                    kind = TensorKind.OUTPUT if last else TensorKind.HIDDEN
                words = self.book.text(f"{key}.{kind.value}")
                page.put(row + 1, block.area(())[1], words, style.HEAD)

    def _equations(self, page: StyledSheet, row: int, variables: Sequence[Variable]) -> None:
        below = row + BAND_HEAD + self.plan.band.height
        for line, column, text in equation_lines(self.plan, variables):
            page.put(below + line, column, text, style.EQUATION)

    def _colours(self, page: StyledSheet, band: Band, cells: Mapping[Quantity, Cell]) -> None:
        for block in band.blocks:
            tensor = block.tensor
            if tensor.role == "image":
                self._pixels(page, [cells[q] for q in entries(tensor)])
            elif tensor.role in ("value", "parameter") and tensor.shape and next(entries(tensor)) in cells:
                style.signed_scale(page.sheet, area(*block.area(())), REACH)
        for above in band.above:
            style.signed_scale(page.sheet, area(*above.inputs.area(())), REACH)

    def _pixels(self, page: StyledSheet, cells: list[Cell]) -> None:
        """A pixel's strip has the pixel's colour."""
        for up in range(self.plan.band.pitch):
            style.pixels_rule(page.sheet, style.row_areas(cells, up), cells[0].local)

    def _legend(self, page: StyledSheet, row: int) -> None:
        page.put(row, FIRST_COLUMN, self.book.label("legend_colours", reach=int(REACH)), style.NOTE)
        columns = self.plan.columns.run(self.plan.columns.after(FIRST_COLUMN, LEGEND_PIXELS), 5)
        places = [Cell(page.title, row, column) for column in columns]
        for cell, share in zip(places, (-1.0, -0.5, 0.0, 0.5, 1.0), strict=True):
            page.put(row, cell.column, share * REACH, style.LEGEND_NUMBER)
            style.signed_scale(page.sheet, cell.local, REACH)


#: Lines under a band; stages that stand close take turns.
LINES = 2

#: Numbers of products to try, largest first.
LENGTHS = (6, 4, 3, 2)


def equation_lines(plan: TrainingPlan, variables: Sequence[Variable]) -> Iterator[tuple[int, int, str]]:
    """Line, column and text of the equations of some variables, left to right."""
    columns = {b.tensor: b.area(())[1] for b in plan.band.blocks}
    if variables and not variables[0].tensor.is_adjoint:  # a neuron's sum stands under its weights
        columns |= {a.target: a.area[1] for a in plan.band.above}
    first: dict[int, Variable] = {}
    seen: set[Tensor] = set()
    for variable in variables:
        tensor = variable.quantity.tensor
        if tensor not in seen and tensor in columns and variable.addends:
            seen.add(tensor)
            first.setdefault(columns[tensor], variable)
    end = FIRST_COLUMN + plan.band.width + 3
    free = [FIRST_COLUMN] * LINES
    starts = sorted(first)
    for n, column in enumerate(starts):
        after = starts[n + 1] if n + 1 < len(starts) else end
        beyond = starts[n + 2] if n + 2 < len(starts) else end
        line = next((k for k in range(LINES) if free[k] <= column), None)
        if line is None:
            continue
        for limit in (after, beyond) if LINES > 1 else (after,):
            room = plan.columns.room(column, limit)
            texts = [plan.words.equation(first[column], most) for most in LENGTHS]
            text = next((t for t in texts if len(t) * CHARACTER_PIXELS <= room), None)
            if text is not None:
                free[line] = column + 1
                while plan.columns.room(column, free[line]) < len(text) * CHARACTER_PIXELS:
                    free[line] += 1
                yield line, column, text
                break
