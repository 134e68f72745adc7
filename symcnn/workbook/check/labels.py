"""Labels beside a derivative, which must be the formula as the derivation is typeset.

A row is checked if it belongs to one quantity: it has the cell named ∂E_total/∂p, its symbol with "=", or, as on
Symbols, the address of that quantity.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from symcnn.formula import Plain, Typography
from symcnn.formula.tree import Update
from symcnn.printers.cells import Place, Range, Reference, reference, written
from symcnn.symbolic import E_TOTAL, Quantity
from symcnn.text import Catalogue
from symcnn.workbook.cell_values import Cells
from symcnn.workbook.check.cell_graph import CellGraph
from symcnn.workbook.check.names import NamedCells
from symcnn.workbook.check.result import Mismatch

#: Signs of formulas, which no words have.
SIGNS = re.compile(r"[·←−²σ]|∂\w+/∂")

#: Numbers of products to which the writer may shorten a longer formula.
SHORTENED = range(2, 21)


#: Subscripts in texts without runs -> digits in runs.
PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


@dataclass
class Labels:
    """Reads the labels of a workbook in one language."""

    quantities: NamedCells
    graph: CellGraph
    text: Catalogue
    count: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        words = self.text.words("word")
        known = self.quantities.derivation.quantities
        self._full, self._short = Typography(known, words), Typography(known, words, total="")
        self._emit = Plain(self.text.decimal).emit
        self._named = {p: known.of(s).of_image(None) for p, s in self.quantities.current.items() if s in known}
        self._parameters = frozenset(self.quantities.parameters)
        self._totals = {self.quantities.place(p.adjoint) for p in self.quantities.parameters}

    def findings(self) -> Iterator[Mismatch]:
        """Yield the labels that are another formula than that of the cell beside them."""
        training = self.quantities.column(E_TOTAL)[0][0] if self.quantities.trains else None
        for sheet, cells in self.quantities.package.sheets.items():
            if sheet != training:
                for row, columns in _rows(cells).items():
                    yield from self._row(sheet, row, columns, cells)

    def _row(self, sheet: str, row: int, columns: list[int], cells: Cells) -> Iterator[Mismatch]:
        texts = [(c, v) for c in columns if isinstance(v := cells[row, c].value, str) and cells[row, c].formula is None]
        subjects = {s for c in columns if (s := self._subject((sheet, row, c))) is not None}
        if len(subjects) != 1 or not texts:
            return
        [quantity] = subjects
        symbols = self._symbols(quantity)
        addressed = any(self._named_at(text) == quantity for _, text in texts)
        total = any((sheet, row, c) in self._totals for c in columns)
        if not (addressed or total or texts[0][1] in {f"{s} =" for s in symbols}):
            return
        (column, label), *others = texts
        self.count += 1
        if not _is_one_of(label, (*symbols, *(f"{s} =" for s in symbols))):
            expected = symbols[1] if total and len(symbols) > 1 else symbols[0]
            yield Mismatch(written((sheet, row, column)), quantity.name, label, expected)
        for column, label in (other for other in others if SIGNS.search(other[1])):
            self.count += 1
            if not _is_one_of(label, self._formulas(quantity)):
                yield Mismatch(written((sheet, row, column)), quantity.name, label, next(self._formulas(quantity)))

    # --- the row's quantity------------------------------------------------------------------------------------------

    def _subject(self, place: Place) -> Quantity | None:
        """Return the parameter or variable of a cell, or of the cell that it copies; without its image."""
        quantity = self._named.get(place)
        if quantity is None and (tree := self._copied_cell(place)) is not None:
            quantity = self._named.get((tree.sheet or place[0], tree.row, tree.column))
        if quantity is None:
            return None
        is_computed = quantity in self.quantities.derivation.graph
        return quantity if is_computed or quantity in self._parameters else None

    def _copied_cell(self, place: Place) -> Reference | None:
        """Return the cell that a formula only refers to."""
        formula = self.graph.content(place).formula
        if formula is None or len(formula) > 60:
            return None
        cell = reference(formula)
        return cell if isinstance(cell, Reference) else None

    def _named_at(self, text: str) -> Quantity | None:
        """Return the quantity whose address a text is."""
        cell = reference(text)
        if cell is None or isinstance(cell, Range) or cell.sheet is None:
            return None
        return self._named.get((cell.sheet, cell.row, cell.column))

    # --- the expected labels ----------------------------------------------------------------------------------------

    def _symbols(self, quantity: Quantity) -> list[str]:
        """∂E/∂f₁₁, and where it is of all images ∂E_total/∂f₁₁."""
        return list(dict.fromkeys(self._emit(t.name(quantity)) for t in (self._short, self._full)))

    def _formulas(self, quantity: Quantity) -> Iterator[str]:
        """The right side, in full or with dots; of a parameter how it moves."""
        if quantity in self._parameters:
            slopes = (t.name(quantity.adjoint) for t in (self._full, self._short))
            yield from (self._emit(Update(self._full.name(quantity), slope)) for slope in slopes)
            return
        variable = self.quantities.derivation.graph[quantity]
        for most in (None, *SHORTENED):
            for typography in (self._short, self._full):
                yield self._emit(typography.right_side(variable, most))


def _is_one_of(text: str, wanted: Iterable[str]) -> bool:
    return _as_runs(text) in map(_as_runs, wanted)


def _as_runs(text: str) -> str:
    """A symbol without its typography: f₁₁, and f with 11 as a run of smaller letters, are one."""
    return text.translate(PLAIN).replace("_", "").replace(" ;", ";")


def _rows(cells: Cells) -> dict[int, list[int]]:
    """Row -> its columns, from left to right."""
    return {row: [column for _, column in places] for row, places in groupby(sorted(cells), key=itemgetter(0))}
