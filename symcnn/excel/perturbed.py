"""Central differences in cells: the forward pass of every image once more, with one parameter moved by +h and by −h.

A row for each parameter: p + h, the whole pass of each image, E_total; then the same with p − h. The other parameters,
pixels and targets are those of Forward, so that nothing of Backward is used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from openpyxl.utils import get_column_letter

from symcnn.derivation import Derivation
from symcnn.excel.plan import WorkbookLayout
from symcnn.excel.rows import SheetPrinter
from symcnn.printers.excel import CellFormula, checked_formula
from symcnn.symbolic import KINKED

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
    def names(self) -> list[str]:
        """The columns of one sign: the moved parameter, every image's pass, E_total."""
        graph = self.plan.derivation.graph
        passes = [f"{v}_image{m + 1}" for m in range(self.plan.images) for v in graph.forward]
        return ["moved", *passes, "E_total"]

    def columns(self, sign: str) -> dict[str, int]:
        start = self.first + (0 if sign == "+" else len(self.names) + 1)
        return {name: start + n for n, name in enumerate(self.names)}

    @property
    def last(self) -> int:
        return self.columns("-")["E_total"]

    def chosen(self) -> list[str]:
        """All parameters, or of each tensor as many as there is room for, evenly spread."""
        stated = self.plan.network.forward
        most = max(len(stated.parameters), MAX_PERTURBED // (2 * len(self.names)))
        if len(self.plan.network.parameters) <= most:
            return list(self.plan.network.parameters)
        each = max(1, most // len(stated.parameters))
        return [name for tensor in stated.parameters for name in _spread(tensor.scalars(), each)]

    def error(self, sign: str, row: int) -> str:
        """E_total with the parameter moved."""
        return f"{get_column_letter(self.columns(sign)['E_total'])}{row}"

    def formulas(self, name: str, row: int, sign: str) -> dict[int, CellFormula]:
        """column -> formula of one row."""
        plan, columns = self.plan, self.columns(sign)

        def at(quantity: str) -> str:
            return f"{get_column_letter(columns[quantity])}{row}"

        found = {"moved": CellFormula(f"={plan.forward[0][name].absolute}{sign}{self.h}")}
        for m in range(plan.images):
            printer = SheetPrinter(self._reference(name, m, at))
            for variable in plan.derivation.graph.forward.values():
                found[f"{variable.name}_image{m + 1}"] = printer.formula(variable)
        errors = "+".join(at(f"E_image{m + 1}") for m in range(plan.images))
        found["E_total"] = checked_formula(f"={plan.factor.absolute}*({errors})", "E_total")
        return {columns[quantity]: formula for quantity, formula in found.items()}

    def _reference(self, name: str, image: int, at: Callable[[str], str]) -> Callable[[str], str]:
        forward, known = self.plan.forward[image], self.plan.derivation.graph.forward

        def reference(quantity: str) -> str:
            if quantity == name:
                return at("moved")
            return at(f"{quantity}_image{image + 1}") if quantity in known else forward[quantity].absolute

        return reference


def _spread(names: Sequence[str], count: int) -> list[str]:
    return [names[n * len(names) // count] for n in range(min(count, len(names)))] if count < len(names) else [*names]
