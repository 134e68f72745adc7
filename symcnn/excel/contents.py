"""Contents: what this workbook is, links to its sheets, and how to read them."""

from collections.abc import Sequence

from openpyxl.worksheet.hyperlink import Hyperlink

from symcnn.excel import style
from symcnn.excel.addresses import quoted
from symcnn.excel.book import Book

#: Characters on one line of a note.
NOTE_WIDTH = 100

#: Kind of workbook -> its first sentence.
INTROS = {"": "intro", "one": "intro_one", "maps": "intro_maps"}


def write_contents(book: Book, sheets: Sequence[str], notes: Sequence[str], ribbon: str, kind: str = "") -> None:
    """Title, status line, one link a sheet, legend, notes.

    Args:
        kind: "" with a training, "one" for one image without it, "maps" for a forward pass: its title and hints.
    """
    sheet = book.add_sheet("contents", book.label(INTROS[kind]), ribbon, 3)
    book.put(sheet, 1, 2, book.label("title_maps" if kind == "maps" else "title"), style.TITLE)
    book.widths(sheet, {2: 22, 3: 70, 4: 12})
    row = 5
    book.put(sheet, row, 2, book.label("sheet"), style.HEAD)
    book.put(sheet, row, 3, book.label("on_it"), style.HEAD)
    for key in sheets:
        row += 1
        cell = book.put(sheet, row, 2, book.title(key), style.LINK)
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"{quoted(book.title(key))}!A1")
        book.put(sheet, row, 3, book.label(_on(key, kind)), style.WORDS)
    row += 2
    for sample, key, look in ((1, "legend_input", style.INPUT), (0.5, "legend_formula", style.VALUE),
                              (0.5, "legend_result", style.RESULT)):  # fmt: skip
        book.put(sheet, row, 2, sample, look)
        book.put(sheet, row, 3, book.label(key), style.WORDS)
        row += 1
    for note in notes:
        row += 1
        sheet.merge_cells(start_row=row, start_column=2, end_row=row, end_column=3)
        sheet.row_dimensions[row].height = 15 * max(2, -(-len(note) // NOTE_WIDTH))
        book.put(sheet, row, 2, note, style.PROSE)


def _on(key: str, kind: str) -> str:
    """What is on a sheet, in words; without a training some hold less."""
    return f"on_{key}_one" if kind == "one" and key in ("inputs", "parameters", "backward") else f"on_{key}"
