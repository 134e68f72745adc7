"""Central differences in cells: the forward pass of every image once more, with one parameter moved by +h and by −h.

A row for each parameter: p + h, the whole pass of each image, E_total; then the same with p − h. The other parameters,
pixels and targets are those of Forward, so that nothing of Backward is used.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from openpyxl.utils import get_column_letter
from sympy import Symbol

from symcnn.derivation import Derivation
from symcnn.excel.addresses import CellReference
from symcnn.excel.plan import E_TOTAL, E, WorkbookLayout
from symcnn.excel.rows import SheetPrinter
from symcnn.printers.excel import CellFormula, checked_formula
from symcnn.symbolic import KINKED, Quantity, entries

#: The parameter that is moved, among the columns of a pass.
Moved = Literal["moved"]
MOVED: Moved = "moved"

#: Cells of all perturbed passes; with more, a sample of the parameters is checked.
MAX_PERTURBED = 20_000


def has_corners(derivation: Derivation) -> bool:
    """Does the error have a slope that jumps? A difference across a corner is neither of its two slopes."""
    return any(
        equation.reduce == "max" or any(factor.has(*KINKED) for term in equation.terms for factor in term.factors)
        for equation in derivation.forward
    )


@dataclass(frozen=True)
class Perturbed:
    """The perturbed passes from one column on."""

    plan: WorkbookLayout
    sheet: str
    first: int
    h: str

    @cached_property
    def held(self) -> list[Quantity | Moved]:
        """The columns of one sign: the moved parameter, every image's pass, E_total."""
        graph = self.plan.derivation.graph
        passes = [v.quantity.of_image(m + 1) for m in range(self.plan.images) for v in graph.forward.values()]
        return [MOVED, *passes, E_TOTAL]

    def columns(self, sign: str) -> dict[Quantity | Moved, int]:
        start = self.first + (0 if sign == "+" else len(self.held) + 1)
        return {of: start + n for n, of in enumerate(self.held)}

    @property
    def last(self) -> int:
        return self.columns("-")[E_TOTAL]

    def chosen(self) -> list[Quantity]:
        """All parameters, or of each tensor as many as there is room for, evenly spread."""
        stated = self.plan.network.forward
        most = max(len(stated.parameters), MAX_PERTURBED // (2 * len(self.held)))
        if len(self.plan.parameters) <= most:
            return list(self.plan.parameters)
        each = max(1, most // len(stated.parameters))
        return [q for tensor in stated.parameters for q in _spread(list(entries(tensor)), each)]

    def error(self, sign: str, row: int) -> str:
        """E_total with the parameter moved."""
        return f"{get_column_letter(self.columns(sign)[E_TOTAL])}{row}"

    def formulas(self, parameter: Quantity, row: int, sign: str) -> dict[int, CellFormula]:
        """column -> formula of one row."""
        plan, columns = self.plan, self.columns(sign)
        places = {of: CellReference("", "", column, row) for of, column in columns.items()}
        found = {columns[MOVED]: CellFormula(f"={plan.forward[0][parameter].absolute}{sign}{self.h}")}
        for m in range(plan.images):
            printer = SheetPrinter(self._places(parameter, m, places))
            for variable in plan.derivation.graph.forward.values():
                found[columns[variable.quantity.of_image(m + 1)]] = printer.formula(variable)
        errors = "+".join(str(places[E.of_image(m + 1)]) for m in range(plan.images))
        found[columns[E_TOTAL]] = checked_formula(f"={plan.factor.absolute}*({errors})", E_TOTAL)
        return found

    def _places(
        self, parameter: Quantity, image: int, own: Mapping[Quantity | Moved, CellReference]
    ) -> Callable[[Symbol], CellReference]:
        forward, of = self.plan.forward[image], self.plan.derivation.quantities.of

        def place(symbol: Symbol) -> CellReference:
            quantity = of(symbol)
            if quantity == parameter:
                return own[MOVED]
            known = own.get(quantity.of_image(image + 1))
            return forward[quantity].reference("", fixed=True) if known is None else known

        return place


def _spread(every: Sequence[Quantity], count: int) -> list[Quantity]:
    return [every[n * len(every) // count] for n in range(count)] if count < len(every) else [*every]
