"""Long sums, row by row of cells: ``SUM(C3:F3)``, and ``SUMPRODUCT(C3:F3,H3:K3)`` for ``C3*H3+D3*I3+E3*J3+F3*K3``.

A formula is written product by product, as the article does; only one that is too long for that is written so.
"""

from collections.abc import Callable, Sequence

from sympy import Expr, Mul, Symbol

from symcnn.derivation import Product, Variable
from symcnn.excel.addresses import CellReference
from symcnn.printers.excel import MAX_LENGTH, FormulaPrinter
from symcnn.printers.infix import ATOM, InfixText

#: Terms of a sum that every program works out: some take no longer chain of additions.
MAX_TERMS = 255


class SheetPrinter(FormulaPrinter):
    """Prints variables as formulas over the cells of ``place``; a sum that is too long row by row, where its cells
    stand side by side."""

    def __init__(self, place: Callable[[Symbol], CellReference]) -> None:
        super().__init__(lambda symbol: str(place(symbol)))
        self._place = place

    def variable(self, variable: Variable) -> str:
        text = super().variable(variable)
        too_long = len(text) > MAX_LENGTH or len(variable.products) > MAX_TERMS
        return _RowPrinter(self._place).variable(variable) if too_long else text


class _RowPrinter(SheetPrinter):
    """Cells that go on to the right are one SUM; products of two that both do, one SUMPRODUCT."""

    def variable(self, variable: Variable) -> str:
        return FormulaPrinter.variable(self, variable)

    def terms(self, products: Sequence[Product]) -> list[InfixText]:
        runs: list[list[tuple[CellReference, ...]]] = []
        firsts: list[Product] = []
        for product in products:
            symbols = [f for f in product if f.is_Symbol]
            simple = 1 <= len(symbols) <= 2 and len(product) == len(symbols) + len(_numbers(product))
            cells = tuple(map(self._place, symbols)) if simple else ()
            if simple and runs and _goes_on(runs[-1], cells) and _numbers(firsts[-1]) == _numbers(product):
                runs[-1].append(cells)
            else:
                runs.append([cells])
                firsts.append(product)
        return [self._run(run, first) for run, first in zip(runs, firsts, strict=True)]

    def _run(self, run: Sequence[tuple[CellReference, ...]], first: Product) -> InfixText:
        if len(run) == 1:
            return self.product(first)
        ranges = (f"{one.sheet}{one.local}:{last.local}" for one, last in zip(run[0], run[-1], strict=True))
        function = "SUM" if len(run[0]) == 1 else "SUMPRODUCT"
        return self._scaled(InfixText(f"{function}({','.join(ranges)})", ATOM), Mul(*_numbers(first)))


def _goes_on(run: Sequence[tuple[CellReference, ...]], cells: tuple[CellReference, ...]) -> bool:
    return tuple(place.next for place in run[-1]) == cells


def _numbers(product: Product) -> list[Expr]:
    return [f for f in product if f.is_Number]
