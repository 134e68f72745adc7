"""A workbook under construction: sheets by key, cells with their style, defined names; links, ribbon, print set-up."""

from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.cell.rich_text import CellRichText
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.dimensions import ColumnDimension
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.printers.cells import Range, reference
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import Quantity, Tensor, TensorKind
from symcnn.text import Catalogue
from symcnn.workbook import style
from symcnn.workbook.addresses import Cell, area, fixed, is_legal_name, letters, local, quoted

#: The smallest end of a colour scale: a map of zeros has one too.
SMALLEST = "1E-30"


class Book:
    """One workbook in one language."""

    def __init__(self, text: Catalogue) -> None:
        self.text = text
        self.workbook = Workbook()
        self.workbook.remove(self.workbook.active)  # type: ignore[arg-type]
        self.workbook.properties.creator, self.workbook.properties.language = "symcnn", text.lang
        self._styled: dict[int, object] = {}
        self._defined: set[str] = set()
        #: Titles of sheets that are no text of the catalogue.
        self.titles: dict[str, str] = {}
        #: What is on such a sheet, for Contents.
        self.descriptions: dict[str, str] = {}

    def title(self, key: str) -> str:
        """The title of the sheet with this key, in the book's language."""
        return self.titles.get(key) or self.text(f"workbook.{key}")

    def label(self, key: str, **values: object) -> str:
        return self.text(f"workbook.{key}", **values)

    def add_sheet(self, key: str, hint: str, ribbon: str = "", columns: int = 12) -> "StyledSheet":
        """A sheet with its head: title, ribbon with the current step, one sentence on how to read it."""
        page = StyledSheet(self, self.workbook.create_sheet(self.title(key)))
        page.sheet.sheet_view.showGridLines = False
        page.sheet.sheet_view.zoomScale = 90
        page.widths({1: style.MARGIN, 2: style.BESIDE_MARGIN})
        page.height(1, 30)
        page.put(1, 2, self.title(key), style.TITLE)
        if ribbon:
            page.height(2, 20)
            page.bar(2, 1 + columns, ribbon, style.RIBBON)
        page.put(3, 2, hint, style.HINT)
        page.sheet.page_setup.orientation = "landscape"
        return page

    def kind(self, tensor: Tensor, key: str = "kind", **values: object) -> str:
        """Return the kind of a tensor in words; for weights and biases with their layer."""
        ends = (("source", tensor.source), ("target", tensor.target))
        values |= {end: "" if of is None else of.letters for end, of in ends}
        # the activated values of a dense layer are neurons, not maps
        neurons = tensor.kind is TensorKind.ACTIVATED_MAP and len(tensor.shape) < 2
        kind = TensorKind.HIDDEN if neurons else tensor.kind
        return self.text(f"{key}.{kind.value}", **values)

    def define(self, what: Quantity | str, place: Cell | str) -> None:
        """Give a cell, or the cells of a reference, their name, the same in every language."""
        if not is_legal_name(what):
            raise ValueError(f"{what} cannot be a defined name")
        name = str(what)
        if name.lower() in self._defined:
            raise ValueError(f"{name} is defined twice")
        self._defined.add(name.lower())
        self.workbook.defined_names[name] = DefinedName(
            name, attr_text=place.absolute if isinstance(place, Cell) else place
        )


class StyledSheet:
    """One sheet of a workbook under construction."""

    def __init__(self, book: Book, sheet: Worksheet) -> None:
        self.book, self.sheet, self.title, self.label = book, sheet, sheet.title, book.label

    def put(self, row: int, column: int, value: Any, look: Mapping[str, object]) -> SheetCell:
        """Write a cell in a style; a style is made once, and then shared.

        Args:
            value: a ``CellFormula``, a text, a number, or None. Only the type says which: a label ``=A1`` is a text.
        """
        cell: Any = self.sheet.cell(row, column)
        cell.value = str(value) if isinstance(value, CellFormula) else value
        if isinstance(value, str | CellRichText) and not isinstance(value, CellFormula):
            cell.data_type = "s"  # openpyxl looks at the first character
        cell._style = self.style_of(look)
        styled: SheetCell = cell
        return styled

    def formula(self, row: int, column: int, formula: str, look: Mapping[str, object]) -> None:
        """Write a formula, which is given without its ``=``."""
        self.put(row, column, CellFormula(f"={formula}"), look)

    def put_formula(self, row: int, column: int, formula: CellFormula, look: Mapping[str, object]) -> None:
        """Write a formula that is known to be legal into a new cell: openpyxl's checks take most of the time."""
        self._put_new(row, column, formula, "f", look)

    def put_number(self, row: int, column: int, value: float, look: Mapping[str, object]) -> None:
        """Write a number into a new cell, in the same short way."""
        self._put_new(row, column, value, "n", look)

    def _put_new(self, row: int, column: int, value: str | float, kind: str, look: Mapping[str, object]) -> None:
        if (row, column) in self.sheet._cells:
            self.put(row, column, value, look)
            return
        cell: Any = SheetCell(self.sheet, row, column)
        cell._value, cell.data_type = str(value) if kind == "f" else value, kind
        cell._style = self.style_of(look)
        self.sheet._cells[row, column] = cell

    def style_of(self, look: Mapping[str, object]) -> Any:
        """openpyxl's record of a style."""
        if id(look) not in self.book._styled:
            probe: Any = SheetCell(self.sheet, 1, 1)
            for attribute, setting in look.items():
                setattr(probe, attribute, setting)
            self.book._styled[id(look)] = probe._style
        return self.book._styled[id(look)]

    def merged(self, row: int, column: int, rows: int, columns: int, value: object, look: Mapping[str, object]) -> None:
        """One value in a rectangle of cells."""
        for r in range(row, row + rows):
            for c in range(column, column + columns):
                self.put(r, c, value if (r, c) == (row, column) else None, look)
        self.sheet.merge_cells(area(row, column, row + rows - 1, column + columns - 1))

    def bar(
        self, row: int, last: int, value: object, look: style.Style, head: style.Style | None = None, first: int = 2
    ) -> None:
        """Cells of a row in one style, up to the column ``last``; a value in the first, whose own style is ``head``."""
        for column in range(first, last + 1):
            self.put(row, column, value if column == first else None, head if head and column == first else look)

    def section(self, row: int, title: str, last: int, height: float | None = None) -> None:
        """Write the head of a section, up to a column."""
        self.bar(row, last, title, style.SECTION)
        if height is not None:
            self.height(row, height)

    def scale_to_largest(
        self, block: tuple[int, int, int, int], end: tuple[int, int], look: style.Style, middle: str = "FFFFFF"
    ) -> None:
        """Colours of a block up to its largest value, without its sign, which stands in the cell ``end``."""
        place = area(*block)
        self.put(*end, CellFormula(f"=MAX({SMALLEST},MAX({place}),-1*MIN({place}))"), look)
        style.scale_to(self.sheet, place, fixed(*end), middle)

    def scale(self, row: int, columns: Sequence[int], areas: Sequence[str], largest: str, look: style.Style) -> None:
        """Colours of areas, from minus to plus the largest value in them; five cells of a row are their legend."""
        high = local(row, columns[-1])
        values = (f"=-1*{high}", f"=-1*{high}/2", None, f"={high}/2", f"={largest}")
        for column, value in zip(columns, values, strict=True):
            self.put(row, column, 0 if value is None else CellFormula(value), look)
        ends = (fixed(row, column) for column in (columns[0], columns[-1]))
        style.scale_between(self.sheet, " ".join(areas), *ends)

    def link(
        self, row: int, column: int, words: str, look: style.Style, target: Cell, tooltip: str | None = None
    ) -> None:
        """Write a text that links to a cell."""
        cell = self.put(row, column, words, look)
        location = f"{quoted(target.sheet)}!{target.local}"
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=location, tooltip=tooltip)

    def prompt(self, cell: str, words: str, rule: Mapping[str, object] | None = None) -> None:
        """Add a prompt for when the cell is selected, and a rule for its values."""
        validation = DataValidation(**(rule or {}))  # type: ignore[arg-type]
        validation.prompt = words[:255]
        validation.showInputMessage = True
        validation.showErrorMessage = rule is not None
        validation.error = words[:224]
        self.sheet.add_data_validation(validation)
        validation.add(cell)

    def widths(self, widths: Mapping[int, float]) -> None:
        for column, width in widths.items():
            self.column(column).width = width

    def column(self, column: int) -> ColumnDimension:
        """openpyxl's record of a column."""
        return self.sheet.column_dimensions[letters(column)]

    def height(self, row: int, points: float) -> None:
        self.sheet.row_dimensions[row].height = points


#: Pixels from one link to the next, and the width of a screen, beyond which no link is placed.
LINK_PITCH, SCREEN = 100, 1_150

#: Of a column that has no width of its own.
USUAL_WIDTH = 8.43

#: The head: title and links, ribbon, hint, a blank row.
HEAD_ROWS = 4


def finish(book: Book, keys: Sequence[str], ribbon: str, ends: Mapping[str, int] | None = None) -> None:
    """Links, ribbon, frozen head and print set-up of every sheet.

    Args:
        keys: the sheets in order, Contents first.
        ends: sheets of which a text runs on further than their last cell -> the column up to which it does.
    """
    for key, column in (ends or {}).items():
        sheet = book.workbook[book.title(key)]
        sheet.print_area = area(1, 1, sheet.max_row, column)
    for n, key in enumerate(keys):
        sheet = book.workbook[book.title(key)]
        if n:
            page, before = StyledSheet(book, sheet), keys[n - 1] if n > 1 else None
            _links(page, before, keys[n + 1] if n + 1 < len(keys) else None)
            if ribbon:  # the status line of Contents, to the last column
                page.height(2, 21)
                page.bar(2, last_column(sheet), ribbon, style.RIBBON, style.RIBBON_FIRST)
            if sheet.freeze_panes is None or sheet.freeze_panes == "A6":
                sheet.freeze_panes = f"A{HEAD_ROWS + 1}"
        _print(sheet)


def _links(page: StyledSheet, before: str | None, after: str | None) -> None:
    """‹ previous, ⌂ Contents, next › at the right of the first row."""
    texts = [(f"‹ {page.book.title(before)}", before)] if before else []
    texts.append((f"⌂ {page.book.title('contents')}", "contents"))
    texts += [(f"{page.book.title(after)} ›", after)] if after else []
    for column, (words, key) in zip(_columns(page.sheet, len(texts)), texts, strict=True):
        page.link(1, column, words, style.NAVIGATION, Cell(page.book.title(key), 1, 1), words)


def _columns(sheet: Worksheet, count: int) -> list[int]:
    """Columns at whose right edges the links end, from left to right."""
    edges, edge = {}, 0.0
    for column in range(1, last_column(sheet) + 1):
        edge += pixels(sheet, column)
        edges[column] = edge
        if edge > SCREEN:
            break
    columns: list[int] = []
    room = edge
    for _ in range(count):
        fitting = [c for c, e in edges.items() if e <= room and (not columns or c < columns[-1])]
        column = max(fitting, default=min(columns, default=max(edges)) - 1)
        columns.append(column)
        room = edges[column] - LINK_PITCH
    return columns[::-1]


def pixels(sheet: Worksheet, column: int) -> float:
    """The width of a column on the screen."""
    dimension = sheet.column_dimensions.get(letters(column))
    if dimension is None:
        return 7 * USUAL_WIDTH + 5
    return 0.0 if dimension.hidden else 7 * dimension.width


def last_column(sheet: Worksheet) -> int:
    """The last column that is printed."""
    target = reference(str(sheet.print_area or "").rpartition("!")[2].replace("$", ""))
    return target.last.column if isinstance(target, Range) else sheet.max_column


def _print(sheet: Worksheet) -> None:
    """A4, as wide as the page; name · sheet · page at the foot."""
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True  # type: ignore[union-attr]
    margins = sheet.page_margins
    margins.left = margins.right = margins.top = 0.4
    margins.bottom, margins.header, margins.footer = 0.6, 0.2, 0.3
    sheet.print_options.horizontalCentered = True
    sheet.HeaderFooter.oddFooter = HeaderFooterItem(left=_foot("symcnn"), center=_foot("&A"), right=_foot("&P / &N"))


def _foot(text: str) -> _HeaderFooterPart:
    return _HeaderFooterPart(text=text, font="Calibri", size=8, color=style.GREY)
