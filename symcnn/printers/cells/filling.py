"""A formula copied to other cells: relative references move, fixed ones stay, as when a reader drags it down."""

import re
from collections.abc import Callable

from symcnn.printers.cells.parser import MAX_COLUMNS, MAX_ROWS, FormulaError

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
        letters = found[2] if found[1] else _letters(_number(found[2]) + columns)
        row = int(found[4]) + (0 if found[3] else rows)
        if not 1 <= row <= MAX_ROWS:
            raise FormulaError(f"{found[0]}: copied {rows} rows down, outside the sheet")
        return f"{found[1]}{letters}{found[3]}{row}"

    return _CELL.sub(one, text)


def _number(letters: str) -> int:
    column = 0
    for letter in letters.upper():
        column = 26 * column + ord(letter) - 64
    return column


def _letters(column: int) -> str:
    if not 1 <= column <= MAX_COLUMNS:
        raise FormulaError(f"column {column}: outside the sheet")
    text = ""
    while column:
        column, letter = divmod(column - 1, 26)
        text = chr(65 + letter) + text
    return text


def address(sheet: str, row: int, column: int) -> str:
    """``Forward!K12``, as a person would look for it."""
    return f"{sheet}!{_letters(column)}{row}"
