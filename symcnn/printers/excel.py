"""Cell formulas: scalar arithmetic that every spreadsheet program reads alike.

``-1*x`` and never a leading minus before a power (Excel reads -x^2 as (-x)²); σ is ``1/(1+EXP(-z))``. The quantities
are cells: ``name`` of the printer gives their addresses.
"""

from collections.abc import Callable

import sympy

from symcnn.derivation import Variable
from symcnn.errors import NotSupportedYetError
from symcnn.printers.infix import ATOM, POWER, PRODUCT, InfixPrinter, Language, Text, negated
from symcnn.symbolic import maximum, relu, sigmoid

#: What Excel takes in one formula, and in the arguments of one function.
MAX_LENGTH, MAX_ARGUMENTS = 8_192, 255


def _maximum(arguments: "list[Text] | tuple[Text, ...]") -> Text:
    if len(arguments) > MAX_ARGUMENTS:
        raise NotSupportedYetError(f"a maximum of {len(arguments)} cells; a spreadsheet takes at most {MAX_ARGUMENTS}")
    return Text(f"MAX({','.join(a.text for a in arguments)})", ATOM)


EXCEL = Language(
    functions={
        sigmoid: lambda z: Text(f"1/(1+EXP({negated(z[0])}))", PRODUCT),
        relu: lambda z: Text(f"MAX(0,{z[0].text})", ATOM),
        maximum: lambda z: _maximum(list(z)),
    },
    number=lambda q: Text(f"{q.p}/{q.q}", PRODUCT) if isinstance(q, sympy.Rational) else Text(repr(float(q)), ATOM),
    power=lambda base, n: Text(f"{base.within(ATOM)}^{n}", POWER),
    plus="+",
    minus="-",
    negative="-1*",
)


class FormulaPrinter(InfixPrinter):
    """Prints variables as formulas over the cells that ``name`` gives."""

    def __init__(self, name: Callable[[str], str]) -> None:
        super().__init__(EXCEL, name)

    def formula(self, variable: Variable) -> str:
        """``=C3*H3+D3*I3+…``"""
        return checked_formula(f"={self.variable(variable)}", variable.name)


def checked_formula(text: str, name: str) -> str:
    """The formula, if a spreadsheet takes it."""
    if len(text) - 1 > MAX_LENGTH:
        raise NotSupportedYetError(
            f"{name}: its formula has {len(text) - 1} characters; a spreadsheet takes at most {MAX_LENGTH}:"
            " use a smaller network or fewer images"
        )
    return text
