"""Symbols, equations and numbers as the texts of cells: letters in italics, indices below."""

import re
from collections.abc import Callable, Sequence

from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles.colors import Color
from sympy import Expr

from symcnn.derivation import Product, Variable
from symcnn.formula import Plain, Typography, tree
from symcnn.formula.tree import Node
from symcnn.printers.excel import CellFormula
from symcnn.printers.infix import is_divisor
from symcnn.symbolic import Quantities, Quantity, Tensor, TensorKind, in_reading_order
from symcnn.text import Catalogue
from symcnn.workbook import style
from symcnn.workbook.addresses import SheetPrinter

#: Programs draw a subscript at some 60 % of its size: this keeps it readable.
SUBSCRIPT = 1.2

#: Decimals of the numbers that are put into a formula.
DIGITS = 4


class Compact(Typography):
    """Symbols short enough to stand over a square cell: o₁ and t₁ for outputs and targets, z_h1 for preactivations."""

    def _symbol(self, tensor: Tensor, parts: Sequence[tuple[str, str]], differentiated: bool) -> tree.Symbol:
        indices = parts[0][1]
        match tensor.kind:
            case TensorKind.PREACTIVATION if tensor.target is not None:
                return tree.Symbol("z", tensor.target.letters + indices)
            case TensorKind.TARGET | TensorKind.OUTPUT:
                return tree.Symbol(tensor.kind.value, indices)
        return super()._symbol(tensor, parts, False)


#: Around what stands below, in a text that becomes runs; no text of a workbook holds these.
_BELOW, _LEVEL = "\ue000", "\ue001"


class _Marked(Plain):
    """Plain text whose subscripts are marked."""

    def emit(self, node: Node) -> str:
        if not isinstance(node, tree.Symbol):
            return super().emit(node)
        below = ",".join(part for part in (node.indices, node.word) if part)
        return f"{node.letter}{_BELOW}{below}{_LEVEL}" if below else node.letter


class CellTexts:
    """The texts of one workbook's cells, in one notation.

    Attributes:
        long, short: the typography of ∂E_total/∂x₁₁, and of ∂E/∂x₁₁.
        emit: a formula tree as plain text.
    """

    def __init__(self, quantities: Quantities, text: Catalogue) -> None:
        words = text.words("word")
        self.long, self.short = Compact(quantities, words), Compact(quantities, words, total="")
        self.emit: Callable[[Node], str] = Plain(text.decimal).emit
        self._mark: Callable[[Node], str] = _Marked(text.decimal).emit

    def symbol(self, quantity: Quantity) -> str:
        """Over a value: x₁₁; over a derivative ∂x₁₁, short for ∂E/∂x₁₁."""
        bare = self.emit(self.short.name(quantity.primal))
        return f"∂{bare}" if quantity.is_adjoint else bare

    def rich_symbol(self, quantity: Quantity, size: float) -> CellRichText:
        """The same with its indices as a subscript: narrower, and as it is printed."""
        before = "∂" if quantity.is_adjoint else ""
        return self.rich(self.short.name(quantity.primal), size, style.GREY, before=before)

    def rich(self, node: Node, size: float, color: str, after: str = "", before: str = "") -> CellRichText:
        """A formula with its indices as subscripts, between two texts."""
        return _runs(before + self._mark(node) + after, size, color)

    def total(self, quantity: Quantity) -> str:
        """∂E_total/∂x₁₁"""
        return self.emit(self.long.name(quantity))

    def formula(self, variable: Variable, most: int) -> Node:
        """The right side of a derivative, of one image."""
        return self.short.right_side(variable, most)

    def equation(self, variable: Variable, most: int) -> Node:
        """x₁₁ = i₁₁·f₁₁ + …, as short as symbols over cells."""
        quantity = variable.quantity
        name = self.short.name(quantity.primal)
        if quantity.is_adjoint and isinstance(name, tree.Symbol):
            name = tree.Symbol(f"∂{name.letter}", name.indices, name.word)
        return tree.Equality((name, self.short.right_side(variable, most)))


def _runs(text: str, size: float, color: str) -> CellRichText:
    """A text with marks as runs: at its level in italics, below it upright."""
    ink = Color(rgb=f"FF{color}")
    upright = InlineFont(rFont="Cambria", sz=round(SUBSCRIPT * size), color=ink, vertAlign="subscript")
    italic = InlineFont(rFont="Cambria", sz=size, i=True, color=ink)
    parts = re.split(f"[{_BELOW}{_LEVEL}]", text)
    return CellRichText(*(TextBlock(upright if n % 2 else italic, part) for n, part in enumerate(parts) if part))


def with_numbers(printer: SheetPrinter, variable: Variable, most: int) -> CellFormula:
    """Return a formula whose text is a sum of products with numbers: 0.0024 × 1 + (-0.0133) × 0.

    With more than ``most`` products, dots stand between the first ones and the last.
    """
    products = variable.products
    if not products:
        return CellFormula('="0"')
    texts = [_product(printer, factors) for factors in products]
    if len(texts) > most:
        texts = [*texts[: most - 1], ['"…"'], texts[-1]]
    parts = [part for n, product in enumerate(texts) for part in (['" + "'] if n else []) + product]
    return CellFormula("=" + "&".join(parts).replace('"&"', ""))


def _product(printer: SheetPrinter, factors: Product) -> list[str]:
    texts: list[str] = []
    for n, factor in enumerate(factors):
        if n:
            texts.append('" / "' if is_divisor(factor) else '" × "')
        texts += _factor(printer, 1 / factor if is_divisor(factor) else factor)
    return ['"1 / "', *texts[1:]] if factors and is_divisor(factors[0]) and len(texts) > 1 else texts


def _factor(printer: SheetPrinter, factor: Expr) -> list[str]:
    """A number, a cell, a short sum of these; anything else as its value."""
    if factor.is_Add and all(_simple(abs_of(term)) for term in factor.args):
        texts = ['"("']
        for n, term in enumerate(in_reading_order(factor.args)):
            negative = term.could_extract_minus_sign()
            texts += ['" - "' if negative else '" + "'] if n or negative else []
            texts += _factor(printer, abs_of(term))
        return [*texts, '")"']
    if factor.is_Number:
        text = str(factor)
        return [f'"({text})"' if factor < 0 or "/" in text else f'"{text}"']
    if factor.is_Symbol:
        rounded = f"ROUND({printer.expression(factor).text},{DIGITS})"
        # + 0: some programs would write -0
        return [f'IF({rounded}<0,"("&{rounded}&")",{rounded}+0&"")']
    return ['"("', f"ROUND({printer.expression(factor).text},{DIGITS})+0", '")"']


def abs_of(term: Expr) -> Expr:
    return -term if term.could_extract_minus_sign() else term


def _simple(term: Expr) -> bool:
    return bool(term.is_Symbol or term.is_Number)
