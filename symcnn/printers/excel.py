"""Cell formulas: scalar arithmetic that every spreadsheet program reads alike.

``-1*x`` and never a leading minus before a power (Excel reads -x^2 as (-x)²). The quantities are cells.
"""

from collections.abc import Callable, Sequence

from sympy import Symbol

from symcnn.derivation import Variable
from symcnn.errors import NotSupportedYetError
from symcnn.printers.infix import ATOM, POWER, InfixPrinter, InfixText, Language
from symcnn.symbolic import maximum, wins
from symcnn.symbolic.leaves import Function

#: Excel's limits: characters of a formula, arguments of a function.
MAX_LENGTH, MAX_ARGUMENTS = 8_192, 255


EXCEL = Language(
    column=lambda leaf: leaf.column("excel"),
    power=lambda base, n: InfixText(f"{base.within(ATOM)}^{n}", POWER),
    plus="+",
    minus="-",
    negative="-1*",
    root="SQRT",
)


class FormulaPrinter(InfixPrinter):
    """Prints variables as formulas; ``name`` maps a quantity to the address of its cell."""

    def __init__(self, name: Callable[[Symbol], str]) -> None:
        super().__init__(EXCEL, name)

    def formula(self, variable: Variable) -> "CellFormula":
        """``=C3*H3+D3*I3+…``"""
        return checked_formula(f"={self.variable(variable)}", variable.quantity)

    def _call(self, call: object, arguments: Sequence[InfixText], function: Function) -> InfixText:
        count, limit = len(arguments), f"a spreadsheet takes at most {MAX_ARGUMENTS}"
        if function is maximum and count > MAX_ARGUMENTS:
            raise NotSupportedYetError(f"a maximum of {count} cells; {limit}")
        if function is wins and count > MAX_ARGUMENTS + 1:
            raise NotSupportedYetError(f"{count - 1} cells of a window; {limit}")
        return super()._call(call, arguments, function)


def sum_over(areas: Sequence[str], is_plain: bool = True) -> InfixText:
    """The sum of an area's cells, or of the products of several areas; ``is_plain``: is the first one nothing else?"""
    function = "SUM" if len(areas) == 1 and is_plain else "SUMPRODUCT"
    return InfixText(f"{function}({','.join(areas)})", ATOM)


class CellFormula(str):
    """A formula with its ``=``. Any other text is written as text, whatever it begins with."""


def checked_formula(text: str, what: object) -> CellFormula:
    """The formula, if a spreadsheet takes it."""
    if len(text) - 1 > MAX_LENGTH:
        raise NotSupportedYetError(
            f"{what}: its formula has {len(text) - 1} characters; a spreadsheet takes at most {MAX_LENGTH}:"
            " use a smaller network (fewer cells or neurons in what it adds) or fewer images"
        )
    return CellFormula(text)
