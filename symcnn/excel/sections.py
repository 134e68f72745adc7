"""Where the filter's gradient comes from: one product a position, their sum, and the same as a convolution."""

from openpyxl.worksheet.worksheet import Worksheet

from symcnn.derivation import Addend
from symcnn.excel import looks, style
from symcnn.excel.addresses import Cell
from symcnn.excel.book import Book
from symcnn.excel.columns import STRIP_HEIGHT, VALUE_HEIGHT
from symcnn.excel.formulas import references
from symcnn.excel.plan import FIRST_COLUMN, WorkbookLayout
from symcnn.excel.rows import SheetPrinter
from symcnn.excel.words import CellTexts
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import Quantity

#: Pixels left of the columns, for the names of the rows.
NAMES_PIXELS = 150


class ContributionSection:
    """Writes the section; a column for each weight, for each image and for E_total."""

    def __init__(self, book: Book, plan: WorkbookLayout, words: CellTexts, sheet: Worksheet) -> None:
        assert plan.shares is not None
        self.book, self.plan, self.words, self.sheet, self.shares = book, plan, words, sheet, plan.shares
        self.top = plan.shares_row + 4
        self.columns = columns_of(plan)

    @property
    def _sum_row(self) -> int:
        return self.top + len(self.shares.positions)

    def write(self) -> None:
        plan, row = self.plan, self.plan.shares_row
        for column in range(2, FIRST_COLUMN + plan.band.width):
            title = self.book.label("shares_title", count=len(self.shares.positions)) if column == 2 else None
            self._put(row, column, title, style.SECTION)
        self._put(row + 1, FIRST_COLUMN, self.book.label("shares_note"), looks.NOTE)
        self._names()
        for m in range(plan.images):
            self._image(m)
        self._total()

    def _names(self) -> None:
        self._put(self.top - 1, FIRST_COLUMN, self.book.label("filter_stands_at"), looks.NOTE)
        for n, position in enumerate(self.shares.positions):
            text = f"{self.words.symbol(position.primal)}:  {self.words.of_image(position)} · i"
            self._put(self.top + n, FIRST_COLUMN, text, looks.EQUATION)
            self.sheet.row_dimensions[self.top + n].height = 18
        self._put(self._sum_row, FIRST_COLUMN, self.book.label("shares_sum"), looks.SUM_NAME)
        self._put(self._sum_row + 1, FIRST_COLUMN, self.book.label("as_convolution"), looks.EQUATION)
        for r in (self._sum_row, self._sum_row + 1):
            self.sheet.row_dimensions[r].height = VALUE_HEIGHT

    def _heads(self, columns: list[int], words: str) -> None:
        self._put(self.top - 2, columns[0], words, style.HEAD)
        for column, weight in zip(columns, self.shares.weights, strict=True):
            self._put(self.top - 1, column, self.words.rich_symbol(weight.adjoint, 9), looks.RICH_STRIP)
        self.sheet.row_dimensions[self.top - 1].height = STRIP_HEIGHT

    def _image(self, image: int) -> None:
        columns = self.columns[image]
        self._heads(columns, self.book.text("label.image", number=image + 1))
        printer = SheetPrinter(references(self.plan, image, self.sheet.title))
        for column, weight in zip(columns, self.shares.weights, strict=True):
            for n, position in enumerate(self.shares.positions):
                factors = self.shares.products.get((position, weight))
                value = CellFormula(f"={printer.addends((Addend((factors,)),))}") if factors else "–"
                self._put(self.top + n, column, value, looks.SHARE)
            self._sum(column)
            once_more = convolution(self.plan, image, weight, self.sheet.title)
            if once_more is not None:
                self._put(self._sum_row + 1, column, CellFormula(f"={once_more}"), looks.SHARE)

    def _total(self) -> None:
        """The same positions of all images together, times the factor of the sum."""
        columns = self.columns[-1]
        self._heads(columns, self.book.label("shares_total", total=self.words.error_total))
        factor = self.plan.factor.seen_from(self.sheet.title)
        for k, (column, weight) in enumerate(zip(columns, self.shares.weights, strict=True)):
            for n, position in enumerate(self.shares.positions):
                row = self.top + n
                parts = "+".join(Cell("", row, found[k]).local for found in self.columns[:-1])
                known = (position, weight) in self.shares.products
                self._put(row, column, CellFormula(f"={factor}*({parts})") if known else "–", looks.SHARE)
            self._sum(column)
            if convolution(self.plan, 0, weight, self.sheet.title) is not None:
                row = self._sum_row + 1
                parts = "+".join(Cell("", row, found[k]).local for found in self.columns[:-1])
                self._put(row, column, CellFormula(f"={factor}*({parts})"), looks.SHARE)

    def _sum(self, column: int) -> None:
        ends = (Cell("", self.top, column), Cell("", self._sum_row - 1, column))
        self._put(self._sum_row, column, CellFormula(f"=SUM({':'.join(c.local for c in ends)})"), looks.SUM)

    def _put(self, row: int, column: int, value: object, look: style.Style) -> None:
        self.book.put(self.sheet, row, column, value, look)


def columns_of(plan: WorkbookLayout) -> list[list[int]]:
    """A column for each weight: for each image, and for E_total."""
    assert plan.shares is not None
    squares = plan.columns.squares(plan.columns.after(FIRST_COLUMN, NAMES_PIXELS))
    found: list[list[int]] = []
    for _ in range(plan.images + 1):
        found.append([next(squares) for _ in plan.shares.weights])
        next(squares)
    return found


def convolution(plan: WorkbookLayout, image: int, weight: Quantity, own: str) -> str | None:
    """∂E/∂X laid over the window of I that belongs to this weight; None where the window has holes (a stride).

    Args:
        own: the sheet on which the formula stands.
    """
    assert plan.shares is not None
    cells = {**plan.forward[image], **plan.backward[image]}
    pixels: list[Cell] = []
    adjoints: list[Cell] = []
    numbers = set()
    for position in plan.shares.positions:
        factors = plan.shares.products.get((position, weight))
        if factors is None or len(factors) != 2 or not all(f.is_Symbol for f in factors):
            return None
        other = next(q for q in map(plan.derivation.quantities.of, factors) if q != position)
        if other.tensor.role != "image":
            return None
        pixels.append(cells[other])
        adjoints.append(cells[position])
        numbers.add((cells[other].row - cells[position].row, cells[other].column - cells[position].column))
    if len(numbers) != 1 or len(adjoints) < 2:
        return None
    windows = (_area(pixels, own), _area(adjoints, own))
    return f"SUMPRODUCT({windows[0]},{windows[1]})"


def position_sums(plan: WorkbookLayout) -> dict[Quantity, list[Cell]]:
    """Weight -> on Backward, for E_total: the sum over all positions, and the same as a convolution if it is there."""
    if plan.shares is None:
        return {}
    row, title = plan.shares_row + 4 + len(plan.shares.positions), plan.sheet("backward")
    found = {}
    for weight, column in zip(plan.shares.weights, columns_of(plan)[-1], strict=True):
        rows = (row, row + 1) if convolution(plan, 0, weight, title) is not None else (row,)
        found[weight] = [Cell(title, r, column) for r in rows]
    return found


def _area(cells: list[Cell], sheet: str) -> str:
    first, last = cells[0], cells[-1]
    return f"{first.seen_from(sheet)}:{last.local}"
