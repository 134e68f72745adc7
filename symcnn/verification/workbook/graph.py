"""The cells of a workbook as SymPy expressions: a formula with everything put in, down to cells that are quantities."""

from collections.abc import Iterator, Mapping

from sympy import Expr, Symbol

from symcnn.errors import InputError
from symcnn.printers.cells import (
    FUNCTIONS,
    MAX_CELLS,
    Binary,
    CellReader,
    Formula,
    FormulaError,
    FunctionCall,
    Name,
    Percent,
    Place,
    Range,
    Reference,
    Unary,
    parse,
    reference,
    written,
)
from symcnn.verification.workbook.package import CellContent, XlsxContent

#: Quantities that a formula with everything put in may consist of.
MAX_SIZE = 100_000


class CellGraph:
    """Formulas over the cells that are quantities.

    Args:
        quantities: where a quantity stands -> its symbol. Every other cell is put in: a formula by what it says, a
            number that has no name, text, nothing or a formula of another kind by a symbol called like the cell.
    """

    def __init__(self, package: XlsxContent, quantities: Mapping[Place, Symbol]) -> None:
        self._package = package
        self.quantities = quantities
        self._trees: dict[Place, Formula] = {}
        self._put_in: dict[Place, Expr] = {}
        self._sizes: dict[Place, int] = {}
        #: Formula cells that were read.
        self.read: set[Place] = set()

    def stored(self, place: Place) -> CellContent:
        """What a cell holds."""
        sheet, row, column = place
        return self._package.sheets.get(sheet, {}).get((row, column), CellContent(None, None))

    def tree(self, place: Place) -> Formula:
        """The formula of a cell.

        Raises:
            FormulaError: there is none, or it cannot be read.
        """
        if place not in self._trees:
            formula = self.stored(place).formula
            if formula is None:
                raise FormulaError(f"{written(place)}: expected a formula")
            try:
                self._trees[place] = parse(formula)
            except FormulaError as reason:
                raise FormulaError(f"{written(place)}: {reason}") from None
            self.read.add(place)
        return self._trees[place]

    def right_side(self, place: Place) -> Expr:
        """What the formula of a cell says, in quantities.

        Raises:
            InputError: it is outside the supported grammar, goes round in a circle or is too long.
        """
        return self.reading(place, self.tree(place))

    def reading(self, place: Place, tree: Formula) -> Expr:
        """What a formula would say, if it stood in this cell."""
        size = self._prepared(place, tree)
        if size > MAX_SIZE:
            raise InputError(
                f"{written(place)}: with everything put in, its formula has {size} parts; at most {MAX_SIZE}"
            )
        return self._expression(place, tree)

    def value(self, place: Place) -> float | None:
        """The number that stands in a cell; an empty one is 0."""
        stored = self.stored(place)
        if stored == CellContent(None, None):
            return 0.0
        return stored.value if isinstance(stored.value, float) else None

    def cone(self, place: Place) -> list[Place]:
        """The formula cells that are put in where this one is read: down to the quantities."""
        found: dict[Place, None] = {}
        waiting = [place]
        while waiting:
            at = waiting.pop()
            for target in self._targets(at, self._trees[at]):
                if target not in found and target not in self.quantities and target in self._trees:
                    found[target] = None
                    waiting.append(target)
        return list(found)

    def number_called(self, name: str) -> float | None:
        """The number in a cell that is called by its address."""
        found = reference(name)
        if not isinstance(found, Reference) or found.sheet is None:
            return None
        return self.value((found.sheet, found.row, found.column))

    # --- putting in -------------------------------------------------------------------------------------------------

    def _prepared(self, start: Place, tree: Formula) -> int:
        """Put in what the formula refers to, deepest first, without recursion; its size."""
        waiting: list[tuple[Place, list[Place]]] = [(start, list(self._targets(start, tree)))]
        under_way = {start}
        while waiting:
            place, targets = waiting[-1]
            while targets and (targets[-1] in self.quantities or targets[-1] in self._sizes):
                targets.pop()
            if targets:
                target = targets[-1]
                if target in under_way:
                    raise InputError(f"{written(target)}: its formula refers back to itself, through {written(place)}")
                inner = self._inner(target)
                if inner is None:
                    self._sizes[target], self._put_in[target] = 1, Symbol(written(target))
                    continue
                under_way.add(target)
                waiting.append((target, list(self._targets(target, inner))))
                continue
            waiting.pop()
            under_way.discard(place)
            if place == start:
                break
            self._finish(place)
        return self._size(start, tree)

    def _finish(self, place: Place) -> None:
        tree = self._trees[place]
        size = self._size(place, tree)
        if size > MAX_SIZE:
            raise InputError(f"{written(place)}: with everything put in, its formula has more than {MAX_SIZE} parts")
        try:
            self._put_in[place] = self._expression(place, tree)
        except FormulaError:  # of another kind: a text, a lookup
            self._put_in[place] = Symbol(written(place))
        self._sizes[place] = size

    def _inner(self, place: Place) -> Formula | None:
        """The formula of a cell that another refers to, if it is one that can be put in."""
        if self.stored(place).formula is None:
            return None
        try:
            tree = self.tree(place)
        except FormulaError:
            return None
        if any(isinstance(part, FunctionCall) and part.function not in FUNCTIONS for part in parts(tree)):
            return None  # a text, a lookup: what it looks in is not put in
        return tree

    def _size(self, place: Place, tree: Formula) -> int:
        return 1 + sum(self._sizes.get(t, 1) for t in self._targets(place, tree))

    def _expression(self, place: Place, tree: Formula) -> Expr:
        def cell(reference: Reference) -> Expr:
            target = (reference.sheet or place[0], reference.row, reference.column)
            symbol = self.quantities.get(target)
            return self._put_in[target] if symbol is None else symbol

        try:
            return CellReader(cell, lambda name: cell(self._named(name))).expression(tree)
        except FormulaError as reason:
            raise FormulaError(f"{written(place)}: {reason}") from None

    def _named(self, name: str) -> Reference:
        found = self._package.names.get(name.lower())
        if not isinstance(found, Reference) or found.sheet is None:
            raise FormulaError(f"{name}: no cell has this name")
        return found

    def _targets(self, place: Place, tree: Formula) -> Iterator[Place]:
        """The cells that a formula refers to, each as often as it stands there."""
        for part in parts(tree):
            if isinstance(part, Name):
                try:
                    part = self._named(part.name)
                except FormulaError:
                    continue  # told when it is read
            if isinstance(part, Reference):
                yield part.sheet or place[0], part.row, part.column
            elif isinstance(part, Range):
                rows, columns = part.shape
                if rows * columns > MAX_CELLS:
                    continue  # so is this
                yield from ((c.sheet or place[0], c.row, c.column) for c in part.cells())


def parts(tree: Formula) -> Iterator[Formula]:
    """Every part of a formula."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, Binary):
            waiting += [part.left, part.right]
        elif isinstance(part, (Unary, Percent)):
            waiting.append(part.operand)
        elif isinstance(part, FunctionCall):
            waiting += part.arguments
