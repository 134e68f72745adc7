"""Labels that state a formula: what stands beside a derivative is what the derivation is typeset as.

A row is read where it is plain whose it is: it holds the cell that is named ∂E_total/∂p, or its symbol with a "=", or,
as on Symbols, the address of the one quantity that it shows.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from symcnn.formula import Plain, Typography
from symcnn.formula.tree import Node, Update
from symcnn.printers.cells import Place, Range, Reference, reference, written
from symcnn.text import Catalogue
from symcnn.verification.workbook.graph import CellGraph
from symcnn.verification.workbook.package import Cells
from symcnn.verification.workbook.quantities import NamedCells
from symcnn.verification.workbook.result import Mismatch

#: What only a formula has; words have none of it.
SIGNS = re.compile(r"[·←−²σ]|∂\w+/∂")

#: Of a longer formula so many products are shown, whatever the writer chose.
SHORTENED = range(2, 21)


#: Subscripts as they stand in texts with runs.
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
        places = self.quantities.derivation.quantities
        self._full, self._short = Typography(places, words), Typography(places, words, total="")
        self._plain = Plain(self.text.decimal)
        self._named = {place: symbol.name for place, symbol in self.quantities.shown.items()}
        self._parameters = frozenset(self.quantities.network.parameters)
        self._totals = {self.quantities.place(f"dE_d{p}") for p in self._parameters}

    def findings(self) -> Iterator[Mismatch]:
        """The labels that state another formula than that of the cell beside them."""
        training = self.quantities.column("E_total")[0][0] if self.quantities.trains else None
        for sheet, cells in self.quantities.package.sheets.items():
            if sheet != training:
                for row, columns in _rows(cells).items():
                    yield from self._row(sheet, row, columns, cells)

    def _row(self, sheet: str, row: int, columns: list[int], cells: Cells) -> Iterator[Mismatch]:
        texts = [(c, v) for c in columns if isinstance(v := cells[row, c].value, str) and cells[row, c].formula is None]
        subjects = {s for c in columns if (s := self._subject((sheet, row, c))) is not None}
        if len(subjects) != 1 or not texts:
            return
        [name] = subjects
        symbols = self._symbols(name)
        addressed = any(self._named_at(text) == name for _, text in texts)
        total = any((sheet, row, c) in self._totals for c in columns)
        if not (addressed or total or texts[0][1] in {f"{s} =" for s in symbols}):
            return
        (column, found), *others = texts
        self.count += 1
        if not _is_one_of(found, (*symbols, *(f"{s} =" for s in symbols))):
            shown = symbols[1] if total and len(symbols) > 1 else symbols[0]
            yield Mismatch(written((sheet, row, column)), name, found, shown)
        for column, found in (other for other in others if SIGNS.search(other[1])):
            self.count += 1
            if not _is_one_of(found, self._formulas(name)):
                yield Mismatch(written((sheet, row, column)), name, found, next(self._formulas(name)))

    # --- whose a row is ---------------------------------------------------------------------------------------------

    def _subject(self, place: Place) -> str | None:
        """The variable of the graph that a cell is, or shows again; without its image."""
        name = self._named.get(place)
        if name is None and (tree := self._again(place)) is not None:
            name = self._named.get((tree.sheet or place[0], tree.row, tree.column))
        if name is None:
            return None
        bare = name.partition("_image")[0]
        graph = self.quantities.derivation.graph
        return bare if bare in graph.forward or bare in graph.backward or bare in self._parameters else None

    def _again(self, place: Place) -> Reference | None:
        """The cell that a formula does nothing but refer to."""
        formula = self.graph.stored(place).formula
        if formula is None or len(formula) > 60:
            return None
        found = reference(formula)
        return found if isinstance(found, Reference) else None

    def _named_at(self, text: str) -> str | None:
        """The quantity whose address a text is."""
        found = reference(text)
        if found is None or isinstance(found, Range) or found.sheet is None:
            return None
        name = self._named.get((found.sheet, found.row, found.column))
        return None if name is None else name.partition("_image")[0]

    # --- what may stand there ---------------------------------------------------------------------------------------

    def _symbols(self, name: str) -> list[str]:
        """∂E/∂f₁₁, and where it is of all images ∂E_total/∂f₁₁."""
        return list(dict.fromkeys(self._emitted(t.name(name)) for t in (self._short, self._full)))

    def _formulas(self, name: str) -> Iterator[str]:
        """The right side, in full or with dots; of a parameter how it moves."""
        if name in self._parameters:
            slopes = (t.name(f"dE_d{name}") for t in (self._full, self._short))
            yield from (self._emitted(Update(self._full.name(name), slope)) for slope in slopes)
            return
        variable = self.quantities.derivation.graph[name]
        for most in (None, *SHORTENED):
            for typography in (self._short, self._full):
                yield self._emitted(typography.right_side(variable, most))

    def _emitted(self, node: Node) -> str:
        return self._plain.emit(node)


def _is_one_of(text: str, wanted: Iterable[str]) -> bool:
    return _as_runs(text) in map(_as_runs, wanted)


def _as_runs(text: str) -> str:
    """A symbol without its typography: f₁₁, and f with 11 as a run of smaller letters, are one."""
    return text.translate(PLAIN).replace("_", "")


def _rows(cells: Cells) -> dict[int, list[int]]:
    """Row -> its columns, from left to right."""
    found: dict[int, list[int]] = {}
    for row, column in sorted(cells):
        found.setdefault(row, []).append(column)
    return found
