"""Symbols: every quantity as the article writes it, in words, with its equation, its value, and a link to its cell."""

from collections.abc import Iterator
from dataclasses import dataclass

from openpyxl.cell.rich_text import CellRichText
from openpyxl.utils import get_column_letter

from symcnn.excel import style
from symcnn.excel.addresses import Cell
from symcnn.excel.book import Book
from symcnn.excel.plan import MAX_SHOWN, WorkbookLayout
from symcnn.formula import tree
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import ERROR, Quantity, Tensor, entries

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
    equation: str
    cell: Cell


def write_symbols(book: Book, plan: WorkbookLayout) -> None:
    """A section a sheet on which the quantities stand: inputs, parameters, forward, backward, totals."""
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
            longest = max(longest, len(entry.equation))
            page.height(row, 17)
            row += 1
        row += 1
    width = max(12, min(110, 0.95 * longest + 2) - 2 * REST_WIDTH)
    widths = {SYMBOL: 24, WORDS: table.words_width, EQUATION: width, EQUATION + 1: REST_WIDTH, EQUATION + 2: REST_WIDTH}
    page.widths({**widths, VALUE: 12, PLACE: 18})
    page.sheet.print_area = f"A1:{get_column_letter(PLACE)}{row}"
    page.sheet.print_title_rows = f"{FIRST_ROW - 1}:{FIRST_ROW - 1}"


class SymbolTable:
    """The rows, of the first image where a quantity is of one image."""

    def __init__(self, book: Book, plan: WorkbookLayout) -> None:
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
        if plan.steps is not None:
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

    def _equation(self, quantity: Quantity) -> str:
        if quantity in self.plan.parameter_rows:
            long, short = self.words.long, self.words.short
            slope = (long if self.plan.steps is not None else short).name(quantity.adjoint)
            return self.words.emit(tree.Update(long.name(quantity), slope))
        if quantity in self.plan.inputs[0]:
            return self.book.label("given")
        return self.words.formula(self.graph[quantity], MAX_SHOWN)
