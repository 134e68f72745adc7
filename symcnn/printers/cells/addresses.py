"""Cells as a formula, or a person, writes them; and a formula copied to other cells, as when a reader drags it down."""

import re
from collections.abc import Callable

from symcnn.printers.cells.parser import MAX_COLUMNS, MAX_ROWS, FormulaError

#: Sheet title, row, column.
Place = tuple[str, int, int]


def letters(column: int) -> str:
    """27 -> AA."""
    if not 1 <= column <= MAX_COLUMNS:
        raise FormulaError(f"column {column}: outside the sheet")
    text = ""
    while column:
        column, letter = divmod(column - 1, 26)
        text = chr(65 + letter) + text
    return text


def number(text: str) -> int:
    """AA -> 27."""
    column = 0
    for letter in text.upper():
        column = 26 * column + ord(letter) - 64
    return column


def written(place: Place, seen_from: str | None = None) -> str:
    """``Forward!K12``; from its own sheet, ``K12``."""
    sheet, row, column = place
    local = f"{letters(column)}{row}"
    if sheet == seen_from:
        return local
    bare = re.fullmatch(r"[^\W\d_]{4,}", sheet)
    return f"{sheet}!{local}" if bare else "'{}'!{}".format(sheet.replace("'", "''"), local)


#: Quoted text and quoted sheets are passed over; what follows a letter or a digit, or goes on, is no cell.
_CELL = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|(?<![\w.$])(\$?)([A-Za-z]{1,3})(\$?)([1-9]\d{0,6})(?![\w.(!])")


def filling(text: str) -> Callable[[int], str]:
    """Rows down -> the formula as it reads there; of one formula for many rows."""
    pieces: list[str | int] = []
    at = 0
    for found in _CELL.finditer(text):
        if found[4] is not None and not found[3]:
            pieces += [text[at : found.start(4)], int(found[4])]
            at = found.end()
    pieces.append(text[at:])
    return lambda down: "".join([p if isinstance(p, str) else str(p + down) for p in pieces])


def moved(text: str, rows: int, columns: int) -> str:
    """The formula copied so many rows down and columns to the right.

    Raises:
        FormulaError: a reference would lie outside the sheet.
    """

    def one(found: re.Match[str]) -> str:
        if found[4] is None:
            return found[0]
        column = found[2] if found[1] else letters(number(found[2]) + columns)
        row = int(found[4]) + (0 if found[3] else rows)
        if not 1 <= row <= MAX_ROWS:
            raise FormulaError(f"{found[0]}: copied {rows} rows down, outside the sheet")
        return f"{found[1]}{column}{found[3]}{row}"

    return _CELL.sub(one, text)
