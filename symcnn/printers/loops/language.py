"""Scalar expressions in the loops: plain arithmetic in the program's own precision, each function call once.

A number is written as ``real(0.5)`` in single precision: a bare 0.5 would make the whole expression double.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import sympy
from sympy import Expr

from symcnn.printers.infix import ATOM, POWER, PRODUCT, SUM, InfixPrinter, Language, Text, negated
from symcnn.printers.python import PYTHON
from symcnn.symbolic import LEAKY_SLOPE, exp, gate, leaky_relu, log, relu, sigmoid, softplus, tanh


def number_text(value: Expr, dtype: str) -> str:
    """A number in the program's precision."""
    text = "-inf" if value == sympy.S.NegativeInfinity else repr(float(value))
    return text if dtype == "float64" else f"real({text})"


def language(dtype: str) -> Language:
    """The leaf functions; NaN goes through every one of them."""
    zero, one, slope = (number_text(q, dtype) for q in (sympy.S.Zero, sympy.S.One, LEAKY_SLOPE))

    def number(value: Expr) -> Text:
        text = number_text(value, dtype)
        return Text(text, PRODUCT if text.startswith("-") else ATOM)

    functions: Mapping[type[sympy.Function], Callable[[Sequence[Text]], Text]] = {
        sigmoid: lambda z: Text(f"{one}/({one} + exp({negated(z[0])}))", PRODUCT),
        tanh: lambda z: Text(f"tanh({z[0].text})", ATOM),
        relu: lambda z: Text(f"({zero} if {z[0].text} <= {zero} else {z[0].text})", ATOM),
        leaky_relu: lambda z: Text(f"({slope}*{z[0].within(POWER)} if {z[0].text} <= {zero} else {z[0].text})", ATOM),
        softplus: lambda z: Text(
            f"({zero} if {z[0].text} <= {zero} else {z[0].text}) + log1p(exp(-abs({z[0].text})))", SUM
        ),
        exp: lambda z: Text(f"exp({z[0].text})", ATOM),
        log: lambda z: Text(f"log({z[0].text})", ATOM),
        gate: lambda z: Text(f"({z[2].text} if {z[0].text} <= {zero} else {z[1].text})", ATOM),
    }
    return replace(PYTHON, functions=functions, number=number)


class LoopPrinter(InfixPrinter):
    """Prints expressions; a function call is handed to ``named``, which gives it a name of its own."""

    def __init__(self, language: Language, named: Callable[[str, str], str]) -> None:
        super().__init__(language)
        self._named = named

    def _call(self, shown: object, arguments: Sequence[Text], function: type[sympy.Function]) -> Text:
        text = super()._call(shown, arguments, function).text
        return Text(self._named(function.__name__, text), ATOM)

    def _number(self, number: Expr) -> Text:
        return self.language.number(number)

    def _scaled(self, text: Text, coefficient: Expr) -> Text:
        if coefficient == 1:
            return text
        if coefficient == -1:
            return Text(f"-{text.within(POWER)}", PRODUCT)
        return self._times([self.language.number(coefficient), text])
