"""Scalar expressions in the loops: plain arithmetic in the program's own precision, each function call once.

A number is written as ``real(0.5)`` in single precision: a bare 0.5 would make the whole expression double.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import sympy
from sympy import Expr

from symcnn.printers.infix import ATOM, POWER, PRODUCT, InfixPrinter, InfixText, Language
from symcnn.printers.python import PYTHON
from symcnn.symbolic import Column, Leaf

#: A decimal number in a template.
_NUMBER = re.compile(r"\d+\.\d+")


def number_text(value: Expr, dtype: str) -> str:
    """A number in the program's precision."""
    text = "-inf" if value == sympy.S.NegativeInfinity else repr(float(value))
    return text if dtype == "float64" else f"real({text})"


def language(dtype: str) -> Language:
    """Python, each number in the program's precision; NaN goes through every leaf function."""

    def number(value: Expr) -> InfixText:
        text = number_text(value, dtype)
        return InfixText(text, PRODUCT if text.startswith("-") else ATOM)

    def column(leaf: Leaf) -> Column | None:
        template = leaf.column("loops", "python")
        if template is None or not isinstance(template.text, str):
            return template
        return template._replace(text=_NUMBER.sub(lambda m: number_text(sympy.Float(m.group()), dtype), template.text))

    return replace(PYTHON, column=column, number=number)


class LoopPrinter(InfixPrinter):
    """Prints expressions; a function call is handed to ``named``, which gives it a name of its own."""

    def __init__(self, language: Language, named: Callable[[str, str], str]) -> None:
        super().__init__(language)
        self._named = named

    def _call(self, shown: object, arguments: Sequence[InfixText], function: type[sympy.Function]) -> InfixText:
        text = super()._call(shown, arguments, function).text
        return InfixText(self._named(function.__name__, text), ATOM)

    def _number(self, number: Expr) -> InfixText:
        return self.language.number(number)

    def _scaled(self, text: InfixText, coefficient: Expr) -> InfixText:
        if coefficient == 1:
            return text
        if coefficient == -1:
            return InfixText(f"-{text.within(POWER)}", PRODUCT)
        return self._times([self.language.number(coefficient), text])
