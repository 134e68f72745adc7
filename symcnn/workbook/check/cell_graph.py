"""The cells of a workbook as SymPy expressions: a formula inlined down to the cells that are quantities."""

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
from symcnn.workbook.cell_values import NOTHING, XlsxContent, cell_named

#: Quantities that an inlined formula may consist of.
MAX_SIZE = 100_000


class CellGraph:
    """Formulas over the cells that are quantities.

    Args:
        quantities: cell of a quantity -> its symbol. Every other cell is inlined: a formula as its expression; an
            unnamed number, a text, an empty cell or a formula of another kind as a symbol named like the cell.
    """

    def __init__(self, package: XlsxContent, quantities: Mapping[Place, Symbol]) -> None:
        self._package, self.content = package, package.content
        self.quantities = quantities
        self._trees: dict[Place, Formula] = {}
        self._inlined: dict[Place, Expr] = {}
        self._sizes: dict[Place, int] = {}
        #: Formula cells that were read.
        self.read: set[Place] = set()

    def tree(self, place: Place) -> Formula:
        """Parse the formula of a cell.

        Raises:
            FormulaError: there is none, or it cannot be read.
        """
        if place not in self._trees:
            formula = self.content(place).formula
            if formula is None:
                raise FormulaError(f"{written(place)}: expected a formula")
            try:
                self._trees[place] = parse(formula)
            except FormulaError as reason:
                raise FormulaError(f"{written(place)}: {reason}") from None
            self.read.add(place)
        return self._trees[place]

    def right_side(self, place: Place) -> Expr:
        """Return the formula of a cell as an expression in quantities.

        Raises:
            InputError: it is outside the supported grammar, goes round in a circle or is too long.
        """
        return self.reading(place, self.tree(place))

    def reading(self, place: Place, tree: Formula) -> Expr:
        """Return a formula as an expression, as if it were in this cell."""
        size = self._prepared(place, tree)
        if size > MAX_SIZE:
            raise InputError(
                f"{written(place)}: with everything put in, its formula has {size} parts; at most {MAX_SIZE}"
            )
        return self._expression(place, tree)

    def value(self, place: Place) -> float | None:
        """Return the number in a cell; 0 for an empty one."""
        content = self.content(place)
        if content == NOTHING:
            return 0.0
        return content.value if isinstance(content.value, float) else None

    def cone(self, place: Place) -> list[Place]:
        """Return the formula cells that are inlined into this one, down to the quantities."""
        inlined: dict[Place, None] = {}
        waiting = [place]
        while waiting:
            at = waiting.pop()
            for target in self._targets(at, self._trees[at]):
                if target not in inlined and target not in self.quantities and target in self._trees:
                    inlined[target] = None
                    waiting.append(target)
        return list(inlined)

    def number_called(self, name: str) -> float | None:
        """Return the number in the cell with this address."""
        cell = reference(name)
        if not isinstance(cell, Reference) or cell.sheet is None:
            return None
        return self.value((cell.sheet, cell.row, cell.column))

    # --- inlining ---------------------------------------------------------------------------------------------------

    def _prepared(self, start: Place, tree: Formula) -> int:
        """Inline what a formula refers to, deepest first, without recursion; return its size."""
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
                    self._sizes[target], self._inlined[target] = 1, Symbol(written(target))
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
            self._inlined[place] = self._expression(place, tree)
        except FormulaError:  # of another kind: a text, a lookup
            self._inlined[place] = Symbol(written(place))
        self._sizes[place] = size

    def _inner(self, place: Place) -> Formula | None:
        """Return the formula of a cell if it can be inlined."""
        if self.content(place).formula is None:
            return None
        try:
            tree = self.tree(place)
        except FormulaError:
            return None
        if any(isinstance(part, FunctionCall) and part.function not in FUNCTIONS for part in parts(tree)):
            return None  # a text, a lookup: what it looks in is not inlined
        return tree

    def _size(self, place: Place, tree: Formula) -> int:
        return 1 + sum(self._sizes.get(t, 1) for t in self._targets(place, tree))

    def _expression(self, place: Place, tree: Formula) -> Expr:
        def cell(reference: Reference) -> Expr:
            target = (reference.sheet or place[0], reference.row, reference.column)
            symbol = self.quantities.get(target)
            return self._inlined[target] if symbol is None else symbol

        try:
            return CellReader(cell, lambda name: cell(cell_named(self._package.names, name))).expression(tree)
        except FormulaError as reason:
            raise FormulaError(f"{written(place)}: {reason}") from None

    def _targets(self, place: Place, tree: Formula) -> Iterator[Place]:
        """Yield the cells that a formula refers to, repeated ones too."""
        for part in parts(tree):
            if isinstance(part, Name):
                try:
                    part = cell_named(self._package.names, part.name)
                except FormulaError:
                    continue  # an error when it is read
            if isinstance(part, Reference):
                yield part.sheet or place[0], part.row, part.column
            elif isinstance(part, Range):
                rows, columns = part.shape
                if rows * columns > MAX_CELLS:
                    continue  # likewise
                yield from ((c.sheet or place[0], c.row, c.column) for c in part.cells())


def parts(tree: Formula) -> Iterator[Formula]:
    """Yield every node of a formula."""
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
