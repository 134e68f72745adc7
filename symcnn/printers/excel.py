"""Cell formulas: scalar arithmetic that every spreadsheet program reads alike.

``-1*x`` and never a leading minus before a power (Excel reads -x^2 as (-x)²). EXP only takes what is at most 0: a
spreadsheet gives #NUM! for EXP(710). So σ is ``1/(1+EXP(-z))`` from 0 on, and the same fraction times EXP(z) above and
below for what is less. The quantities are cells: ``name`` of the printer gives their addresses.
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


def _sigmoid(z: Text) -> Text:
    """Of one cell, never #NUM!; below 0 as exact as above."""
    return Text(f"IF({z.text}<0,EXP({z.text})/(1+EXP({z.text})),1/(1+EXP({negated(z)})))", ATOM)


EXCEL = Language(
    functions={
        sigmoid: lambda z: _sigmoid(z[0]),
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

    def formula(self, variable: Variable) -> "Formula":
        """``=C3*H3+D3*I3+…``"""
        return checked_formula(f"={self.variable(variable)}", variable.name)


class Formula(str):
    """What a cell works out, with its ``=``. Any other text is shown as it is, whatever it begins with."""


def checked_formula(text: str, name: str) -> Formula:
    """The formula, if a spreadsheet takes it."""
    if len(text) - 1 > MAX_LENGTH:
        raise NotSupportedYetError(
            f"{name}: its formula has {len(text) - 1} characters; a spreadsheet takes at most {MAX_LENGTH}:"
            " use a smaller network (fewer cells or neurons in what it adds) or fewer images"
        )
    return Formula(text)
