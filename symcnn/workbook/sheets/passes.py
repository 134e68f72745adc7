"""Forward and Backward: a band an image, laid out as the data flows; Forward ends with the reader's image.

Below the bands of Backward: each position's contribution to a filter, all ∂E_total, and answers to questions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from openpyxl.worksheet.datavalidation import DataValidation

from symcnn.derivation import Addend, Variable
from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.printers.excel import MAX_LENGTH, CellFormula, checked_formula
from symcnn.symbolic import E_TOTAL, ERROR, E, Equation, Quantity, Tensor, TensorKind, entries, sigmoid
from symcnn.workbook import style
from symcnn.workbook.addresses import Cell, area, local
from symcnn.workbook.bands import Above, Band, cells_of
from symcnn.workbook.blocks import Placement
from symcnn.workbook.book import Book, StyledSheet
from symcnn.workbook.cell_texts import with_numbers
from symcnn.workbook.training_plan import BAND_HEAD, CHARACTER_PIXELS, FIRST_COLUMN, MAX_SHOWN, TrainingPlan

#: Room for the words of the legend.
LEGEND_PIXELS = 470

#: Derivatives of a list with a hairline between its rows.
MAX_RULED = 200


class GradientTables:
    """Writes the tables on a sheet that has its bands."""

    def __init__(self, plan: TrainingPlan, page: StyledSheet) -> None:
        self.plan, self.words, self.page, self.book = plan, plan.words, page, page.book
        self.graph = plan.derivation.graph
        self._end = max(FIRST_COLUMN + plan.band.width, plan.numbers_end)

    def write(self) -> None:
        if self.plan.shares is not None:
            ContributionSection(self.plan, self.page).write()
        self._heads()
        for tensor, quantities in groupby(self.plan.derived, key=lambda quantity: quantity.tensor):
            self._group(tensor)
            for quantity in quantities:
                self._gradient(quantity)
        row = self._legend(self.plan.totals_end + 1)
        self._answers(row + 2)

    # --- the list of all ∂E_total -----------------------------------------------------------------------------------

    def _heads(self) -> None:
        plan, book = self.plan, self.book
        derivative, formula, *images, total = plan.total_columns
        title = book.label("all_totals", count=len(plan.derived), total=self.words.total(E_TOTAL))
        self._section(plan.totals_row, title)
        self.page.put(plan.totals_row + 1, derivative, book.label("derivative"), style.HEAD)
        self.page.put(plan.totals_row + 1, formula, book.label("formula"), style.HEAD)
        for n, column in enumerate(images, 1):
            self.page.put(plan.totals_row + 1, column, book.text("label.image", number=n), style.HEAD_CENTRE)
        self.page.put(plan.totals_row + 1, total, book.label("total"), style.HEAD_CENTRE)
        self.page.put(plan.totals_row + 1, plan.numbers_column, book.label("numbers_put_in"), style.HEAD)

    def _group(self, tensor: Tensor) -> None:
        """Write a tensor's heading, with its largest derivative at the right: gradients fade on their way back."""
        plan, every = self.plan, list(entries(tensor))
        row, words = plan.total(every[0]).row - 1, self.book.kind(tensor)
        if tensor.kind is TensorKind.FEATURE_MAP:
            words = self.page.label("map_group", kind=words)
        self.page.put(row, FIRST_COLUMN, words, style.LISTED_GROUP)
        column = plan.total_columns[-1]
        derivatives = area(row + 1, column, plan.total(every[-1]).row, column)
        if tensor.role == "parameter":
            self.page.put(row, plan.numbers_column, self.page.label("largest_of_group"), style.NOTE)
            self.page.formula(row, column, f"MAX(MAX({derivatives}),-1*MIN({derivatives}))", style.SHARE)
            prompt = DataValidation(showInputMessage=True, promptTitle=self.page.label("derivative")[:32])
            prompt.prompt = self.book.text(f"prompt.{tensor.kind.value}")[:255]
            prompt.add(derivatives)
            self.page.sheet.add_data_validation(prompt)
        self.page.height(row, 20)

    def _gradient(self, quantity: Quantity) -> None:
        plan = self.plan
        derivative, formula, *images, total = plan.total_columns
        adjoint, row = quantity.adjoint, plan.total(quantity).row
        if len(plan.derived) <= MAX_RULED:
            self.page.bar(row, self._end - 1, None, style.RULE, first=FIRST_COLUMN)
        variable = self.graph[adjoint]
        name = self.words.rich(self.words.long.name(adjoint), 11, style.INK, " =")
        self.page.put(row, derivative, name, style.LISTED_NAME)
        right = self.words.rich(self.words.formula(variable, MAX_SHOWN), 10, style.TEXT)
        self.page.put(row, formula, right, style.LISTED_FORMULA)
        for column, cells in zip(images, plan.backward, strict=True):
            self.page.formula(row, column, cells[adjoint].local, style.LISTED_VALUE)
        for m in range(plan.number_lines):
            self._numbers(row + m, m, adjoint)
        if quantity not in plan.parameter_rows:
            return  # a cell of the feature map belongs to one image: there is nothing to add
        each = area(row, images[0], row, images[-1])
        value = CellFormula(f"={plan.factor.seen_from(self.page.title)}*SUM({each})")
        self.page.put(row, total, value, style.LISTED_TOTAL)
        self.book.define(adjoint, plan.total(quantity))

    def _numbers(self, row: int, image: int, adjoint: Quantity) -> None:
        """The formula with the numbers of the current step, from live cells."""
        text = with_numbers(self.plan.printer(image, self.page.title), self.graph[adjoint], MAX_SHOWN)
        if self.plan.number_lines > 1:
            about = self.book.text("print.about", what=image + 1, detail="")
            text = CellFormula(text.replace("=", f'="{about}"&', 1).replace('"&"', ""))
        if len(text) <= MAX_LENGTH:
            self.page.put(row, self.plan.numbers_column, text, style.NUMBERS_PUT_IN if image else style.LISTED_NUMBERS)

    # --- colours ----------------------------------------------------------------------------------------------------

    def _legend(self, row: int) -> int:
        """One scale for all derivatives of the sheet: it shows at a glance how they fade from output to filter."""
        plan, areas = self.plan, list(self._areas())
        largest = [f"MAX({derivatives}),-1*MIN({derivatives})" for derivatives in areas]
        self.page.put(row, FIRST_COLUMN, self.page.label("legend_gradients"), style.NOTE)
        columns = plan.columns.run(plan.columns.after(FIRST_COLUMN, LEGEND_PIXELS), 5)
        areas += [local(row, column) for column in columns]
        self.page.scale(row, columns, areas, f"MAX({','.join(largest[:100])})", style.LEGEND_SMALL)
        return row

    def _areas(self) -> Iterator[str]:
        for m in range(self.plan.images):
            cells = {q.primal: c for q, c in self.plan.backward[m].items()}
            for block in self.plan.band_at("backward", self.plan.band_row(m)).blocks:
                if block.tensor.role in ("value", "parameter") and any(q in cells for q in entries(block.tensor)):
                    yield area(*block.area(()))

    # --- answers ----------------------------------------------------------------------------------------------------

    def _answers(self, row: int) -> None:
        """Answer the questions that learners ask most, where this network raises them."""
        self._section(row, self.page.label("questions"))
        for n, key in enumerate(self._questions(), 1):
            self.page.put(row + n, FIRST_COLUMN, self.book.text(f"question.{key}"), style.NOTE)
            self.page.height(row + n, 18)

    def _questions(self) -> Iterator[str]:
        equations, parameters = self.plan.derivation.forward, self.plan.network.forward.parameters
        kinds = {t.kind for t in parameters}
        if TensorKind.FILTER in kinds:
            yield "flip"
            yield "positions"
        if TensorKind.BIAS in kinds:
            yield "bias"
        yield "mean"
        if any(e.reduce == "max" and len(e.target.tensor.shape) > 1 for e in equations):
            yield "pooling"
        if any(factor.has(sigmoid) for e in equations for term in e.terms for factor in term.factors):
            yield "sigmoid"
        if self.plan.network.loss == "cross_entropy":
            yield "softmax"
        if any(_padded(e) for e in equations):
            yield "padding"
        yield "fading"
        yield "transposes"

    def _section(self, row: int, title: str) -> None:
        self.page.section(row, title, self._end - 1, style.VALUE_HEIGHT)


def _padded(equation: Equation) -> bool:
    """Whether a window reaches beyond its input; then an index has an offset."""
    return any(affine.coefficients and affine.offset for access in equation.accesses for affine in access.index)


#: Pixels left of the columns, for the names of the rows.
NAMES_PIXELS = 150


class ContributionSection:
    """Writes the section; a column for each weight, for each image and for E_total."""

    def __init__(self, plan: TrainingPlan, page: StyledSheet) -> None:
        assert plan.shares is not None
        self.plan, self.words, self.page, self.book, self.shares = plan, plan.words, page, page.book, plan.shares
        self.top = plan.shares_row + 4
        self._sum_row = self.top + len(self.shares.positions)
        self.columns = columns_of(plan)

    def write(self) -> None:
        plan, row = self.plan, self.plan.shares_row
        title = self.page.label("shares_title", count=len(self.shares.positions))
        self.page.section(row, title, FIRST_COLUMN + plan.band.width - 1)
        self.page.put(row + 1, FIRST_COLUMN, self.page.label("shares_note"), style.NOTE)
        self._names()
        for image in (*range(plan.images), None):
            self._products(image)

    def _names(self) -> None:
        self.page.put(self.top - 1, FIRST_COLUMN, self.page.label("filter_stands_at"), style.NOTE)
        for n, position in enumerate(self.shares.positions):
            product = tree.Product((self.words.short.name(position), tree.Symbol("i")))
            about = self.book.text("print.about", what=self.words.symbol(position.primal), detail="")
            text = self.words.rich(product, 9, style.GREY, before=f"{about} ")
            self.page.put(self.top + n, FIRST_COLUMN, text, style.EQUATION)
            self.page.height(self.top + n, 18)
        self.page.put(self._sum_row, FIRST_COLUMN, self.page.label("shares_sum"), style.SUM_NAME)
        self.page.put(self._sum_row + 1, FIRST_COLUMN, self.page.label("as_convolution"), style.EQUATION)
        for r in (self._sum_row, self._sum_row + 1):
            self.page.height(r, style.VALUE_HEIGHT)

    def _products(self, image: int | None) -> None:
        """Write each position's product, the sum, and the same as a convolution; for all images times the factor."""
        plan, title = self.plan, self.page.title
        columns = self.columns[-1 if image is None else image]
        all_images = self.page.label("shares_total", total=self.words.total(E_TOTAL))
        head = all_images if image is None else self.book.text("label.image", number=image + 1)
        self.page.put(self.top - 2, columns[0], head, style.HEAD)
        self.page.height(self.top - 1, style.STRIP_HEIGHT)
        printer = None if image is None else plan.printer(image, title)
        for k, (column, weight) in enumerate(zip(columns, self.shares.weights, strict=True)):
            self.page.put(self.top - 1, column, self.words.rich_symbol(weight.adjoint, 9), style.RICH_STRIP)
            for row, position in enumerate(self.shares.positions, self.top):
                product = self.shares.products.get((position, weight))
                if product is None:
                    self.page.put(row, column, "–", style.SHARE)
                    continue
                text = self._of_all(row, k) if printer is None else printer.addends((Addend((product,)),))
                self.page.formula(row, column, text, style.SHARE)
            parts = area(self.top, column, self._sum_row - 1, column)
            self.page.formula(self._sum_row, column, f"SUM({parts})", style.SUM)
            window, row = convolution(plan, image or 0, weight, title), self._sum_row + 1
            if window is not None:
                text = self._of_all(row, k) if image is None else window
                self.page.formula(row, column, text, style.SHARE)

    def _of_all(self, row: int, k: int) -> str:
        parts = "+".join(local(row, columns[k]) for columns in self.columns[:-1])
        return f"{self.plan.factor.seen_from(self.page.title)}*({parts})"


def columns_of(plan: TrainingPlan) -> list[list[int]]:
    """A column for each weight: for each image, and for E_total."""
    assert plan.shares is not None
    squares = plan.columns.squares(plan.columns.after(FIRST_COLUMN, NAMES_PIXELS))
    columns: list[list[int]] = []
    for _ in range(plan.images + 1):
        columns.append([next(squares) for _ in plan.shares.weights])
        next(squares)
    return columns


def convolution(plan: TrainingPlan, image: int, weight: Quantity, own: str) -> str | None:
    """∂E/∂X laid over the window of I that belongs to this weight; None where the window has holes (a stride).

    Args:
        own: the sheet on which the formula stands.
    """
    assert plan.shares is not None
    cells = plan.cells[image]
    pixels: list[Cell] = []
    adjoints: list[Cell] = []
    apart = set()
    for position in plan.shares.positions:
        factors = plan.shares.products.get((position, weight))
        if factors is None or len(factors) != 2 or not all(f.is_Symbol for f in factors):
            return None
        other = next(q for q in map(plan.derivation.quantities.of, factors) if q != position)
        if other.tensor.role != "image":
            return None
        pixels.append(cells[other])
        adjoints.append(cells[position])
        apart.add((cells[other].row - cells[position].row, cells[other].column - cells[position].column))
    if len(apart) != 1 or len(adjoints) < 2:
        return None
    windows = (f"{cells[0].seen_from(own)}:{cells[-1].local}" for cells in (pixels, adjoints))
    return f"SUMPRODUCT({','.join(windows)})"


def position_sums(plan: TrainingPlan) -> dict[Quantity, list[Cell]]:
    """Weight -> on Backward, for E_total: the sum over all positions, and the same as a convolution if it is there."""
    if plan.shares is None:
        return {}
    row, title = plan.shares_row + 4 + len(plan.shares.positions), plan.sheet("backward")
    sums = {}
    for weight, column in zip(plan.shares.weights, columns_of(plan)[-1], strict=True):
        rows = (row, row + 1) if convolution(plan, 0, weight, title) is not None else (row,)
        sums[weight] = [Cell(title, r, column) for r in rows]
    return sums


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
        words = self.book.label("error_total_is", total=self.words.total(E_TOTAL))
        page.bar(total.row, total.column, words, style.RESULT_BAR, first=start)
        formula = f"={plan.factor.seen_from(total.sheet)}*({errors})"
        page.put(total.row, total.column, checked_formula(formula, E_TOTAL), style.RESULT_LARGE)
        page.height(total.row, style.VALUE_HEIGHT)
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
        page.widths(dict.fromkeys(range(FIRST_COLUMN, FIRST_COLUMN + plan.band.width + 24), style.SQUARE_WIDTH))
        page.widths(dict.fromkeys(plan.columns.gaps, style.NARROW_WIDTH))
        page.sheet.freeze_panes = "A5"
        return page

    def _band_head(self, page: StyledSheet, row: int, title: str) -> None:
        page.section(row, title, FIRST_COLUMN + self.plan.band.width - 1, 22)
        top = row + BAND_HEAD
        for r in range(top, top + self.plan.band.height):
            page.height(r, style.VALUE_HEIGHT if (r - top) % 2 else style.STRIP_HEIGHT)

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
        for line, column, equation in equation_lines(self.plan, variables):
            page.put(below + line, column, self.words.rich(equation, 9, style.GREY), style.EQUATION)

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


def equation_lines(plan: TrainingPlan, variables: Sequence[Variable]) -> Iterator[tuple[int, int, Node]]:
    """Line, column and formula of the equations of some variables, left to right."""
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
            equations = [plan.words.equation(first[column], most) for most in LENGTHS]
            wide = [(len(plan.words.emit(equation)) * CHARACTER_PIXELS, equation) for equation in equations]
            pixels, equation = next(((w, e) for w, e in wide if w <= room), (0, None))
            if equation is not None:
                free[line] = column + 1
                while plan.columns.room(column, free[line]) < pixels:
                    free[line] += 1
                yield line, column, equation
                break
