"""Cells as a formula, or a person, writes them."""

import re

from symcnn.printers.cells.parser import MAX_COLUMNS, FormulaError

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
