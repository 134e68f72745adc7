"""What every sheet has alike: links to its neighbours, the ribbon, a head that stays, and how it is printed."""

from collections.abc import Mapping, Sequence

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.header_footer import HeaderFooterItem, _HeaderFooterPart
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from symcnn.excel import style
from symcnn.excel.addresses import quoted
from symcnn.excel.book import Book

#: Links stand that many pixels from the right edge, and no further right than a screen shows.
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
        sheet.print_area = f"A1:{get_column_letter(column)}{sheet.max_row}"
    for n, key in enumerate(keys):
        sheet = book.workbook[book.title(key)]
        if n:
            before = keys[n - 1] if n > 1 else None
            _links(book, sheet, before, keys[n + 1] if n + 1 < len(keys) else None)
            if ribbon:
                _ribbon(book, sheet, ribbon)
            if sheet.freeze_panes is None or sheet.freeze_panes == "A6":
                sheet.freeze_panes = f"A{HEAD_ROWS + 1}"
        _print(sheet)


def _links(book: Book, sheet: Worksheet, before: str | None, after: str | None) -> None:
    """‹ previous, ⌂ Contents, next › at the right of the first row."""
    texts = [(f"‹ {book.title(before)}", before)] if before else []
    texts.append((f"⌂ {book.title('contents')}", "contents"))
    texts += [(f"{book.title(after)} ›", after)] if after else []
    for column, (words, key) in zip(_columns(sheet, len(texts)), texts, strict=True):
        cell = book.put(sheet, 1, column, words, style.NAVIGATION)
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"{quoted(book.title(key))}!A1", tooltip=words)


def _columns(sheet: Worksheet, count: int) -> list[int]:
    """Columns at whose right edges the links end, from left to right."""
    edges, edge = {}, 0.0
    for column in range(1, last_column(sheet) + 1):
        edge += pixels(sheet, column)
        edges[column] = edge
        if edge > SCREEN:
            break
    found: list[int] = []
    room = edge
    for _ in range(count):
        fitting = [c for c, e in edges.items() if e <= room and (not found or c < found[-1])]
        column = max(fitting, default=min(found, default=max(edges)) - 1)
        found.append(column)
        room = edges[column] - LINK_PITCH
    return found[::-1]


def pixels(sheet: Worksheet, column: int) -> float:
    """The width of a column on the screen."""
    dimension = sheet.column_dimensions.get(get_column_letter(column))
    if dimension is None:
        return 7 * USUAL_WIDTH + 5
    return 0.0 if dimension.hidden else 7 * dimension.width


def last_column(sheet: Worksheet) -> int:
    """The last column that is printed."""
    area = sheet.print_area
    if area:
        letters = area.rpartition(":")[2].replace("$", "").rstrip("0123456789")
        return next(c for c in range(1, 16_385) if get_column_letter(c) == letters)
    return sheet.max_column


def _ribbon(book: Book, sheet: Worksheet, ribbon: str) -> None:
    """The status line of Contents, to the last column."""
    sheet.row_dimensions[2].height = 21
    for column in range(2, last_column(sheet) + 1):
        look = style.RIBBON_FIRST if column == 2 else style.RIBBON
        book.put(sheet, 2, column, ribbon if column == 2 else None, look)


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
