"""Cell formulas: scalar arithmetic that every spreadsheet program reads alike.

``-1*x`` and never a leading minus before a power (Excel reads -x^2 as (-x)²); σ is ``1/(1+EXP(-z))``. The quantities
are cells: ``name`` of the printer gives their addresses.
"""

from collections.abc import Callable, Sequence

import sympy

from symcnn.derivation import Variable
from symcnn.errors import NotSupportedYetError
from symcnn.printers.infix import ATOM, POWER, PRODUCT, SUM, InfixPrinter, Language, Text, first_reaches, negated
from symcnn.symbolic import (
    LEAKY_SLOPE,
    exp,
    gate,
    leaky_relu,
    log,
    maximum,
    relu,
    sigmoid,
    softplus,
    tanh,
    wins,
)  # fmt: skip

#: What Excel takes in one formula, and in the arguments of one function.
MAX_LENGTH, MAX_ARGUMENTS = 8_192, 255


def _maximum(arguments: "list[Text] | tuple[Text, ...]") -> Text:
    if len(arguments) > MAX_ARGUMENTS:
        raise NotSupportedYetError(f"a maximum of {len(arguments)} cells; a spreadsheet takes at most {MAX_ARGUMENTS}")
    return Text(f"MAX({','.join(a.text for a in arguments)})", ATOM)


def _first(z: Sequence[Text]) -> Text:
    conditions = first_reaches(z, "=", "<>")
    if len(conditions) > MAX_ARGUMENTS:
        raise NotSupportedYetError(f"{len(conditions)} cells of a window; a spreadsheet takes at most {MAX_ARGUMENTS}")
    both = conditions[0] if len(conditions) == 1 else f"AND({','.join(conditions)})"
    return Text(f"IF({both},1,0)", ATOM)


EXCEL = Language(
    functions={
        sigmoid: lambda z: Text(f"1/(1+EXP({negated(z[0])}))", PRODUCT),
        tanh: lambda z: Text(f"TANH({z[0].text})", ATOM),
        relu: lambda z: Text(f"MAX(0,{z[0].text})", ATOM),
        leaky_relu: lambda z: Text(f"MAX({z[0].text},{z[0].within(POWER)}/{1 / LEAKY_SLOPE})", ATOM),
        softplus: lambda z: Text(f"MAX({z[0].text},0)+LN(1+EXP(-ABS({z[0].text})))", SUM),
        exp: lambda z: Text(f"EXP({z[0].text})", ATOM),
        log: lambda z: Text(f"LN({z[0].text})", ATOM),
        gate: lambda z: Text(f"IF({z[0].text}>0,{z[1].text},{z[2].text})", ATOM),
        maximum: lambda z: _maximum(list(z)),
        wins: lambda z: _first(z),
    },
    number=lambda q: Text(f"{q.p}/{q.q}", PRODUCT) if isinstance(q, sympy.Rational) else Text(repr(float(q)), ATOM),
    power=lambda base, n: Text(f"{base.within(ATOM)}^{n}", POWER),
    plus="+",
    minus="-",
    negative="-1*",
    root="SQRT",
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
            " use a smaller network (fewer cells or neurons in what it adds) or fewer images"
        )
    return text
