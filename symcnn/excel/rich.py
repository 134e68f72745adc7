"""Symbols as they are printed: letters in italics, indices below, ∂E_total/∂f_11 on one line."""

from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles.colors import Color

from symcnn.formula import Plain, tree
from symcnn.formula.tree import Node

#: Programs draw a subscript at about 0.6 of its size.
SUBSCRIPT = 1.2


def rich(node: Node, plain: Plain, size: float, color: str, after: str = "") -> CellRichText | str:
    """A symbol or a derivative with its indices as subscripts, then ``after``; any other node as plain text."""
    parts = _parts(node)
    if parts is None:
        return plain.emit(node) + after
    runs: list[TextBlock] = []
    for text, below in [*parts, (after, False)]:
        if text:
            runs.append(TextBlock(_font(size, color, below), text))
    return CellRichText(*runs)


def _parts(node: Node) -> list[tuple[str, bool]] | None:
    """Runs of text, each with whether it stands below; None where there is no such form."""
    if isinstance(node, tree.Symbol):
        below = ",".join(part for part in (node.indices, node.word) if part)
        return [(node.letter, False), (below, True)]
    if isinstance(node, tree.Partial):
        of, by = _parts(node.of), _parts(node.by)
        if of is not None and by is not None:
            return [("∂", False), *of, ("/∂", False), *by]
    return None


def _font(size: float, color: str, below: bool) -> InlineFont:
    ink = Color(rgb=f"FF{color}")
    if below:
        return InlineFont(rFont="Cambria", sz=round(SUBSCRIPT * size), color=ink, vertAlign="subscript")
    return InlineFont(rFont="Cambria", sz=size, i=True, color=ink)
