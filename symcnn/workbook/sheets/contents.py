"""Contents and Symbols, the sheets that explain the workbook.

Contents: its status, links to its sheets, and how to read them. Symbols: every quantity as the article writes it, in
words, with its equation, its value, and a link to its cell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openpyxl.cell.rich_text import CellRichText

from symcnn.formula import tree
from symcnn.network import Network
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import ERROR, Quantity, Tensor, TensorKind, entries
from symcnn.workbook import style
from symcnn.workbook.addresses import Cell, area
from symcnn.workbook.book import Book, StyledSheet
from symcnn.workbook.training_plan import MAX_SHOWN, TrainingPlan

#: The sheet's columns: links, then what is on them.
LEFT, RIGHT = 2, 7
WIDTHS = {2: 21, **dict.fromkeys(range(3, 8), 19)}

#: Between the parts of the status line.
BETWEEN_PARTS = "    ·    "

#: The status line, which the ribbon of every other sheet repeats.
STATUS_ROW = 5

#: Styles of a stage of the network: symbol, kind, counts.
STAGE = (style.STAGE_SYMBOL, style.STAGE_NAME, style.STAGE_COUNT)

#: Characters on one line of a note.
NOTE_WIDTH = 130

#: Kinds that are no stage of their own: preactivations, and what softmax adds up.
BETWEEN = (TensorKind.PREACTIVATION, TensorKind.LARGEST, TensorKind.EXPONENTIAL, TensorKind.TOTAL)

#: Kind of workbook -> its first sentence.
INTROS = {"": "intro", "maps": "intro_maps", "layers": "intro_layers"}


@dataclass(frozen=True)
class Status:
    """The live status line: a formula, and the cell in which a reader chooses the step."""

    formula: CellFormula
    change: Cell | None = None


def write_contents(
    book: Book, network: Network, sheets: Sequence[str], notes: Sequence[str], made: str, status: Status | None,
    kind: str = "",
) -> None:  # fmt: skip
    """Title, status line, the network, one link a sheet, legend, notes.

    Args:
        notes: sentences; made: how the workbook was made.
        kind: "" with a training, "layers" without it, "maps" for a forward pass: its title and hints.
    """
    page = book.add_sheet("contents", book.label(INTROS[kind]))
    page.sheet.sheet_view.zoomScale = 110
    page.sheet.page_setup.orientation = "portrait"
    page.sheet.cell(1, LEFT).value = None
    page.height(1, 12)
    page.height(2, 36)
    title = book.workbook.properties.title = book.label("title_maps" if kind == "maps" else "title")
    page.put(2, LEFT, title, style.TITLE_LARGE)
    page.widths(WIDTHS)
    if status:
        _status(page, status)
    row = _stages(page, network, STATUS_ROW + 2)
    row = _links(page, sheets, row + 1)
    row = _legend(page, row + 1, kind)
    row = _section(page, row + 1, "to_know")
    for note in notes:
        row = _note(page, row, note)
    page.put(row + 1, LEFT, made, style.FAINT)


def status_cell(book: Book) -> Cell:
    """Return the cell of the status line."""
    return Cell(book.title("contents"), STATUS_ROW, LEFT)


def _status(page: StyledSheet, status: Status) -> None:
    page.height(STATUS_ROW, 28)
    page.bar(STATUS_ROW, RIGHT, status.formula, style.STATUS, style.STATUS_FIRST)
    if status.change:
        page.link(STATUS_ROW, RIGHT, page.label("change_step"), style.STATUS_LINK, status.change)


def _stages(page: StyledSheet, network: Network, row: int) -> int:
    """Write the network, six stages in a row: symbol, kind, counts."""
    texts = stages(page.book, network)
    width = RIGHT - LEFT + 1
    texts += [("", "", "")] * (-len(texts) % width)
    for start in range(0, len(texts), width):
        for n, stage in enumerate(texts[start : start + width]):
            for below, (text, look) in enumerate(zip(stage, STAGE, strict=True)):
                page.put(row + below, LEFT + n, text or None, look)
        page.height(row, 30)
        row += 3
    return row


def stages(book: Book, network: Network) -> list[tuple[str, str, str]]:
    """Return symbol, kind and counts of the image, then of each filter and each main tensor."""
    forward = network.forward
    texts = [(forward.image.letters, book.label("image"), _shape(forward.image))]
    weights = 0
    for equation in forward.equations:
        target = equation.target.tensor
        used = {access.tensor for access in equation.accesses}
        for tensor in (t for t in forward.parameters if t in used):
            if tensor.kind is TensorKind.FILTER:
                count = book.label("weights_count", count=tensor.size)
                texts.append((f"∗ {tensor.letters}", book.kind(tensor), f"{_shape(tensor)} · {count}"))
            else:
                weights += tensor.size
        if target == ERROR:
            texts.append(("→ E", book.label("error"), book.label("error_count")))
        elif target.kind not in BETWEEN:
            count = f" · {book.label('parameters_count', count=weights)}" if weights else ""
            words = book.label("stage_map") if target.kind is TensorKind.FEATURE_MAP else book.kind(target)
            texts.append((f"→ {target.letters}", words, _shape(target) + count))
            weights = 0
    return texts


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "1"


def _section(page: StyledSheet, row: int, key: str) -> int:
    page.section(row, page.label(key), RIGHT, 22)
    return row + 1


def _links(page: StyledSheet, sheets: Sequence[str], row: int) -> int:
    row = _section(page, row, "sheets_in_order")
    for key in sheets:
        page.link(row, LEFT, page.book.title(key), style.LINK_LINED, Cell(page.book.title(key), 1, 1))
        described = page.book.descriptions.get(key) or page.label(f"on_{key}")
        page.bar(row, RIGHT, described, style.WORDS_LINED, first=LEFT + 1)
        page.height(row, 19)
        row += 1
    return row


def _legend(page: StyledSheet, row: int, kind: str) -> int:
    """Write sample cells with the styles of the workbook."""
    row = _section(page, row, "how_to_read")
    samples: list[tuple[float | str, str, style.Style]] = [
        (0.25, "legend_input", style.INPUT),
        (0.1375, "legend_formula", style.VALUE),
    ]
    if kind != "maps":
        samples.append((0.7311, "legend_result", style.RESULT))
    if kind == "":
        samples += [
            (page.label("step_shown"), "legend_step", style.LEGEND_STEP),
            (f"{page.label('ok')}   {page.label('differs')}", "legend_check", style.VERDICT),
        ]
    for sample, key, look in samples:
        page.put(row, LEFT, sample, look)
        page.put(row, LEFT + 1, page.label(key), style.INDENTED)
        page.height(row, 19)
        row += 1
    page.put(row, LEFT, page.label("signed"), style.INDENTED)
    for n, (value, look) in enumerate(((-1, style.NEGATIVE), (0, style.PLAIN_VALUE), (1, style.POSITIVE))):
        page.put(row, LEFT + 1 + n, value, look)
    page.put(row, LEFT + 4, page.label("legend_signed"), style.INDENTED)
    page.height(row, 19)
    return row + 1


def _note(page: StyledSheet, row: int, note: str) -> int:
    page.sheet.merge_cells(start_row=row, start_column=LEFT, end_row=row, end_column=RIGHT)
    page.height(row, 8 + 14 * -(-len(note) // NOTE_WIDTH))
    page.put(row, LEFT, note, style.PROSE)
    return row + 1


#: The equation has three columns: it runs on over two that are empty.
SYMBOL, WORDS, EQUATION, VALUE, PLACE = 2, 3, 4, 7, 8
REST_WIDTH = 15
FIRST_ROW = 6

#: With more quantities, only the first entry of a tensor is listed.
MAX_SYMBOLS = 200


@dataclass(frozen=True)
class Entry:
    """One row."""

    symbol: CellRichText | str
    words: str
    equation: CellRichText | str
    cell: Cell


def write_symbols(book: Book, plan: TrainingPlan) -> None:
    """Write a section for each sheet of quantities: inputs, parameters, forward, backward, totals."""
    page = book.add_sheet("symbols", book.label("hint_symbols"))
    columns = (SYMBOL, WORDS, EQUATION, VALUE, PLACE)
    for column, key in zip(columns, ("symbol", "meaning", "equation", "value", "cell"), strict=True):
        look = {VALUE: style.HEAD_RIGHT, PLACE: style.HEAD_INDENTED}.get(column, style.HEAD)
        page.put(FIRST_ROW - 1, column, book.label(key), look)
    table = SymbolTable(book, plan)
    row, longest = FIRST_ROW, 40
    for key, section in table.sections():
        page.section(row, book.label(key), PLACE, 24)
        row += 1
        for entry in section:
            looks = (style.NAME_LINED, style.WORDS_LINED, style.FORMULA_LINED, style.VALUE_LINED)
            place = f"{entry.cell.sheet}!{entry.cell.local}"
            values = (entry.symbol, entry.words, entry.equation, CellFormula(f"={entry.cell.absolute}"))
            for column in range(EQUATION, VALUE):
                page.put(row, column, None, style.FORMULA_LINED)
            for column, value, look in zip(columns[:-1], values, looks, strict=True):
                page.put(row, column, value, look)
            page.link(row, PLACE, place, style.CELL_LINED, entry.cell)
            longest = max(longest, len(str(entry.equation)))
            page.height(row, 17)
            row += 1
        row += 1
    width = max(12, min(110, 0.95 * longest + 2) - 2 * REST_WIDTH)
    widths = {SYMBOL: 24, WORDS: table.words_width, EQUATION: width, EQUATION + 1: REST_WIDTH, EQUATION + 2: REST_WIDTH}
    page.widths({**widths, VALUE: 12, PLACE: 18})
    page.sheet.print_area = area(1, 1, row, PLACE)
    page.sheet.print_title_rows = f"{FIRST_ROW - 1}:{FIRST_ROW - 1}"


class SymbolTable:
    """The rows, of the first image where a quantity is of one image."""

    def __init__(self, book: Book, plan: TrainingPlan) -> None:
        self.book, self.plan, self.graph = book, plan, plan.derivation.graph
        self.words = plan.words
        quantities = {*plan.inputs[0], *plan.parameter_rows, *plan.forward[0], *plan.backward[0]}
        self.whole = len(quantities) <= MAX_SYMBOLS
        self.words_width = 30.0

    def sections(self) -> Iterator[tuple[str, list[Entry]]]:
        plan = self.plan
        tensors = plan.network.forward
        assert tensors.targets is not None  # there is a loss
        inputs = [*self._entries(tensors.image, plan.inputs[0]), *self._entries(tensors.targets, plan.inputs[0])]
        yield "inputs", inputs
        trained = {p: plan.parameter(p) for p in plan.parameters}
        yield "parameters", [e for t in tensors.parameters for e in self._entries(t, trained)]
        made = list(dict.fromkeys(v.tensor for v in self.graph.forward.values()))
        forward = [e for t in made for e in self._entries(t, plan.forward[0])]
        errors = " + ".join(f"E[{self.book.text('label.image', number=m + 1)}]" for m in range(min(plan.images, 3)))
        errors += " + …" if plan.images > 3 else ""
        factor = self.book.label("factor_times", errors=errors)
        symbol = self.words.rich(self.words.long.error, 11, style.INK)
        forward.append(Entry(symbol, self.book.label("total_error"), factor, plan.error_total))
        yield "forward", forward
        adjoints = [v for v in self.graph.backward.values() if v.quantity in plan.backward[0]]
        by_tensor = list(dict.fromkeys(v.tensor for v in adjoints))
        yield "backward", [e for t in by_tensor for e in self._entries(t, plan.backward[0])]

    def _entries(self, tensor: Tensor, cells: dict[Quantity, Cell]) -> Iterator[Entry]:
        every = [q for q in entries(tensor) if q in cells]
        for q in every if self.whole else every[:1]:
            yield Entry(self._symbol(q), self._words(tensor, len(every)), self._equation(q), cells[q])

    def _symbol(self, quantity: Quantity) -> CellRichText | str:
        words = self.words
        return words.rich((words.short if quantity.is_adjoint else words.long).name(quantity), 11, style.INK)

    def _words(self, tensor: Tensor, count: int) -> str:
        if tensor == ERROR:
            return self.book.label("error")
        words = self.book.kind(tensor)
        if tensor.is_adjoint:
            words = self.book.label("derivative_by", words=words)
        words += "" if self.whole or count == 1 else f" ({self.book.label('first_of', count=count)})"
        self.words_width = max(self.words_width, 0.95 * len(words) + 2)
        return words

    def _equation(self, quantity: Quantity) -> CellRichText | str:
        if quantity in self.plan.parameter_rows:
            name = self.words.long.name
            return self._rich(tree.Update(name(quantity), name(quantity.adjoint)))
        if quantity in self.plan.inputs[0]:
            return self.book.label("given")
        return self._rich(self.words.formula(self.graph[quantity], MAX_SHOWN))

    def _rich(self, node: tree.Node) -> CellRichText:
        return self.words.rich(node, 10, style.TEXT)
