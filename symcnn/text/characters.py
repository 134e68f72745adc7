"""Text for terminals and notebooks: which characters a line may hold, the others made visible; tables."""

import html
import json
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Any

#: Characters that turn the direction of what follows them.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_shown(c: str) -> bool:
    """Does every format hold it as a character of a line?

    No control character, line break, half of a surrogate pair, noncharacter, or mark of direction. Blanks of any width,
    the joiners of emoji and of Persian, and emoji newer than this Python are shown.
    """
    if c.isprintable():
        return True
    none = ord(c) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(c) <= 0xFDEF
    return unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") and c not in _DIRECTIONS and not none


def visible(text: str) -> str:
    """The text on one line, for a terminal: any other character as its escape, such as ``\\n`` or ``\\x1b``."""
    return text if text.isprintable() else "".join(c if is_shown(c) else ascii(c)[1:-1] for c in text)


def visible_json(document: Any) -> str:
    """JSON for a terminal: what ``visible`` would show as an escape of Python's is one of JSON's."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return "".join(c if c == "\n" or is_shown(c) else json.dumps(c)[1:-1] for c in text)


def html_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in HTML, for notebooks: the texts are escaped, and the colours are those of the page."""

    def line(cell: str, texts: Sequence[str]) -> str:
        lines = ("<br>".join(map(html.escape, text.split("\n"))) for text in texts)
        return "<tr>" + "".join(f'<{cell} style="text-align:left">{words}</{cell}>' for words in lines) + "</tr>"

    return f"<table>{line('th', heads)}{''.join(line('td', row) for row in rows)}</table>"


def plain_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table for a terminal: columns of one width, two blanks between them; a cell may have several lines."""
    lines: list[Sequence[str]] = [heads]
    for row in rows:
        cells = [cell.split("\n") for cell in row]
        lines += zip_longest(*cells, fillvalue="")
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)
