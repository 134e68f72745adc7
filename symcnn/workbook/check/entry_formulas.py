"""Formulas and equations over numbered entries.

``Slots`` lists the entries that an equation reads at an index, for all cells of a tensor at once; ``Leaves`` those that
formulas refer to. Cells without a name are put in: zeros around a map, copies of other cells, the place of a maximum in
its window. A formula is read as a sum of products of entries (``Polynomials``), or else as an expression (``Reader``).
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from sympy import Expr, Rational, S

from symcnn.printers.cells import (
    Binary,
    CellReader,
    Formula,
    FormulaError,
    FunctionCall,
    Name,
    Numeral,
    Percent,
    Range,
    Reference,
    Unary,
    chain,
    parse,
)
from symcnn.symbolic import Access, Affine, Equation, Wins, wins
from symcnn.workbook.cell_values import EMPTY, CellValues, PlacedFormula, Shape
from symcnn.workbook.check.cell_graph import parts
from symcnn.workbook.check.names import LayerCells, Numbers

#: In place of the number of an entry: outside its tensor; a text, or what cannot be put in; an empty cell.
ABSENT, OPAQUE, NOTHING = -1, -2, -3
#: From here down: a number; a formula without a name, which is put in.
_LITERALS, _INLINED = -10, -(1 << 40)

#: Products of one formula; cells of one formula with others put in, and how deep they are put in.
MAX_PRODUCTS, MAX_CELLS, MAX_DEPTH = 200_000, 20_000, 8

#: A sum of products: the entries of each, in order -> its coefficient.
Polynomial = dict[tuple[int, ...], Rational]


class NotPolynomialError(Exception):
    """A formula is no sum of products of cells."""


class Literals:
    """Numbers that stand in cells or in equations, as codes."""

    def __init__(self) -> None:
        self._codes: dict[Any, int] = {}
        self._values: list[Rational] = []

    def code(self, value: float | Expr) -> int:
        if value not in self._codes:
            number = Rational(repr(value)) if isinstance(value, float) else Rational(value)
            if number not in self._codes:
                self._codes[number] = _LITERALS - len(self._values)
                self._values.append(number)
            self._codes[value] = self._codes[number]
        return self._codes[value]

    def value(self, code: int) -> Rational:
        return self._values[_LITERALS - code]


class Slots:
    """The entries that an equation reads at an index.

    Args:
        equation: its target's index is its axes: forward, or an adjoint in gather form.
        also: other forms of the same equation, whose entries are listed too.
    """

    def __init__(self, equation: Equation, also: Sequence[Equation], cells: LayerCells, literals: Literals) -> None:
        self.equation, self.also = equation, also
        self._offsets, self._literals = cells.offsets, literals

    @cached_property
    def width(self) -> int:
        """How many there are."""
        return int(self.at(np.zeros((1, len(self.equation.target.index)), np.int64)).shape[1])

    def at(self, index: Numbers) -> Numbers:
        """Return the entries at indices (cells, axes): (cells, slots)."""
        columns = [c for e in (self.equation, *self.also) for c in self._columns(e, index)]
        return np.hstack([np.zeros((len(index), 0), np.int64), *columns])

    def polynomial(self, index: Numbers) -> Polynomial:
        """Return the equation at one index as a sum of products.

        Raises:
            NotPolynomialError: it has functions or a maximum.
        """
        if self.equation.reduce == "max":
            raise NotPolynomialError
        total: Polynomial = {}
        for term in self.equation.terms:
            factors = []
            coefficient = term.coefficient
            for factor in term.factors:
                if isinstance(factor, Access):
                    factors.append(self._access(factor, self._point(self.equation, term.axes, index))[0])
                elif factor.is_Rational:
                    coefficient *= factor
                else:
                    raise NotPolynomialError
            count = int(np.prod([a.size for a in term.axes], dtype=np.int64))
            rows = np.array([np.broadcast_to(f, count) for f in factors], dtype=np.int64).reshape(len(factors), count)
            for entries in rows.T.tolist():
                _add_product(total, entries, coefficient, self._literals)
        return {entries: c for entries, c in total.items() if c != 0}

    def windows(self, index: Numbers) -> Iterator[tuple[int, list[int]]]:
        """Yield each maximum that is asked for its place at an index, and all candidates, in order."""
        for columns in self._windows(self.equation, index):
            for largest, *candidates in np.hstack([c.reshape(-1, 1) for c in columns]).tolist():
                yield largest, [c for c in candidates if c != ABSENT]

    def _columns(self, equation: Equation, index: Numbers) -> list[Numbers]:
        columns = []
        for term in equation.terms:
            point = self._point(equation, term.axes, index)
            count = int(np.prod([a.size for a in term.axes], dtype=np.int64))
            columns += [np.broadcast_to(self._access(a, point), (len(index), count)) for a in term.accesses]
        for window in self._windows(equation, index):
            columns += window
        return columns

    def _windows(self, equation: Equation, index: Numbers) -> Iterator[list[Numbers]]:
        for term in equation.terms:
            point = self._point(equation, term.axes, index)
            count = int(np.prod([a.size for a in term.axes], dtype=np.int64))
            for atom in sorted({a for f in term.factors for a in f.atoms(Wins)}, key=str):
                whole, own = np.ones((1, 1), dtype=bool), dict(point)
                for axis, affine in atom.bound:
                    own[axis], is_whole = _affine(affine, own)
                    whole = whole & is_whole
                largest = self._access(atom.largest, own)
                known = whole & (largest != ABSENT)
                cells = [largest]
                for place in product(*(range(a.size) for a in atom.window)):
                    window = {a.name: np.full((1, 1), n) for a, n in zip(atom.window, place, strict=True)}
                    cells.append(self._access(atom.cell, {**own, **window}))
                yield [np.broadcast_to(np.where(known, c, ABSENT), (len(index), count)) for c in cells]

    @staticmethod
    def _point(equation: Equation, axes: Sequence[Any], index: Numbers) -> dict[str, Numbers]:
        """Axis -> its value: (cells, 1) for those of the target, (1, products) for those of a term."""
        point = {a: index[:, [n]] for n, affine in enumerate(equation.target.index) for a in affine.axes}
        return point | {
            a.name: grid.reshape(1, -1) for a, grid in zip(axes, np.indices([a.size for a in axes]), strict=True)
        }

    def _access(self, access: Access, point: Mapping[str, Numbers]) -> Numbers:
        flat, there = np.zeros((1, 1), np.int64), np.ones((1, 1), dtype=bool)
        for affine, size in zip(access.index, access.tensor.shape, strict=True):
            value, whole = _affine(affine, point)
            there = there & whole & (value >= 0) & (value < size)
            flat = flat * size + value
        flat = np.where(there, flat, 0)
        if access.tensor.role == "constant":
            numbers = np.array([self._literals.code(v) for v in access.tensor.values])[flat]
        else:
            numbers = self._offsets[access.tensor] + flat
        outside = ABSENT if access.outside is None else self._literals.code(access.outside)
        return np.where(there, numbers, outside)


def _affine(affine: Affine, point: Mapping[str, Numbers]) -> tuple[Numbers, Any]:
    value = sum((c * point[a] for a, c in affine.coefficients), np.full((1, 1), affine.offset))
    return value // affine.divisor, value % affine.divisor == 0


def _add_product(total: Polynomial, entries: Sequence[int], coefficient: Rational, literals: Literals) -> None:
    """Add a product of entries and numbers; one that is absent adds nothing."""
    quantities = []
    for entry in entries:
        if entry == ABSENT:
            return
        if entry < 0:
            coefficient *= literals.value(entry)
        else:
            quantities.append(entry)
    key = tuple(sorted(quantities))
    total[key] = total.get(key, S.Zero) + coefficient


# --- formulas -------------------------------------------------------------------------------------------------------


class Leaves:
    """What the cells hold that formulas refer to: numbers of entries, codes of numbers and of formulas to put in."""

    def __init__(self, calculation: CellValues, cells: LayerCells, literals: Literals) -> None:
        self.calculation, self.cells, self.literals = calculation, cells, literals
        leaves = np.full(len(calculation.values), OPAQUE, dtype=np.int64)
        for cell, number in cells.entries.items():
            leaves[calculation.at(*cell)] = number
        leaves[EMPTY] = NOTHING
        copies: dict[int, int] = {}
        for place in np.flatnonzero(leaves == OPAQUE).tolist():
            if place in calculation.formulas:
                formula = calculation.formulas[place]
                if _is_copy(formula.shape):
                    copies[place] = formula.places[0]
                else:
                    leaves[place] = _INLINED - place
            elif isinstance(value := calculation.values[place], float):
                leaves[place] = literals.code(value)
        for place in copies:
            source, steps = copies[place], 0
            while source in copies and steps <= len(copies):
                source, steps = copies[source], steps + 1
            leaves[place] = OPAQUE if source in copies else leaves[source]
        self.of, self._copies = leaves, copies
        self._put_in: dict[int, tuple[int, list[int]]] = {}
        self._signatures: dict[Any, int] = {}

    def rows(self, formulas: Sequence[PlacedFormula]) -> Iterator[tuple[list[int], Numbers]]:
        """Yield which of the formulas, all of one shape, have equally many leaves, and these: (formulas, leaves)."""
        named = self._named(formulas[0].shape)
        leaves = self.of[np.array([[*f.references(), *named] for f in formulas], dtype=np.int64)]
        leaves = leaves.reshape(len(formulas), -1)
        inlined = (leaves <= _INLINED).any(axis=1)
        plain = np.flatnonzero(~inlined)
        if len(plain):
            yield plain.tolist(), leaves[plain]
        longer: dict[int, tuple[list[int], list[list[int]]]] = {}
        for n in np.flatnonzero(inlined).tolist():
            row = self._expanded(leaves[n].tolist(), 0)
            members, rows = longer.setdefault(len(row), ([], []))
            members.append(n)
            rows.append(row)
        for members, rows in longer.values():
            yield members, np.array(rows, dtype=np.int64)

    def _expanded(self, row: list[int], depth: int) -> list[int]:
        """Leaves with a code for the shape of each formula that is put in, and that formula's own leaves behind."""
        behind: list[int] = []
        for k, leaf in enumerate(row):
            if leaf <= _INLINED:
                row[k], own = self._of_formula(_INLINED - leaf, depth)
                behind += own
                if len(behind) > MAX_CELLS:
                    row[k], behind = OPAQUE, []
        return row + behind

    def _of_formula(self, place: int, depth: int) -> tuple[int, list[int]]:
        if place not in self._put_in:
            formula = self.calculation.formulas[place]
            if depth == MAX_DEPTH or len(formula.references()) > MAX_CELLS:
                return OPAQUE, []
            own = [int(self.of[p]) for p in (*formula.references(), *self._named(formula.shape))]
            own = self._expanded(own, depth + 1)
            signature = (formula.shape, tuple(min(leaf, 0) for leaf in own))
            number = self._signatures.setdefault(signature, len(self._signatures))
            self._put_in[place] = (_INLINED // 2 - number, own)
        return self._put_in[place]

    def _named(self, shape: Shape) -> list[int]:
        try:
            return [self.calculation.named(part.name) for part in parts(shape.tree) if isinstance(part, Name)]
        except FormulaError:
            return []

    def is_put_in(self, place: int) -> bool:
        """Has a formula's cell no name?"""
        return bool(self.of[place] <= _INLINED) or place in self._copies


def _is_copy(shape: Shape) -> bool:
    try:
        return isinstance(shape.tree, Reference)
    except FormulaError:
        return False


class Polynomials:
    """A formula as a sum of products of entries."""

    def __init__(self, leaves: Leaves, sheet: str) -> None:
        self._leaves, self._sheet = leaves, sheet

    def of(self, formula: Formula) -> Polynomial:
        """
        Raises:
            NotPolynomialError: it has other functions than SUM and SUMPRODUCT, or too many products.
        """
        total: Polynomial = {}
        for sign, part in self._added(formula):
            for entries, coefficient in self._term(part).items():
                total[entries] = total.get(entries, S.Zero) + sign * coefficient
        return {entries: c for entries, c in total.items() if c != 0}

    @staticmethod
    def _added(formula: Formula) -> Iterator[tuple[int, Formula]]:
        first, others = chain(formula, "+-")
        yield 1, first
        yield from ((1 if operator == "+" else -1, part) for operator, part in others)

    def _term(self, formula: Formula) -> Polynomial:
        match formula:
            case Numeral():
                return {(): Rational(formula.text)}
            case Reference():
                return self._cell(formula)
            case Unary():
                return _scaled(self.of(formula.operand), S.NegativeOne if formula.operator == "-" else S.One)
            case Percent():
                return _scaled(self.of(formula.operand), Rational(1, 100))
            case Binary() if formula.operator in "+-":
                return self.of(formula)
            case Binary() if formula.operator == "*":
                return _product(self.of(formula.left), self.of(formula.right))
            case Binary() if formula.operator == "/" and isinstance(formula.right, Numeral) and formula.right.value:
                return _scaled(self.of(formula.left), 1 / Rational(formula.right.text))
            case FunctionCall("SUM" | "SUMPRODUCT"):
                arguments = [self._elements(a) for a in formula.arguments]
                if formula.function == "SUM":
                    return _total(element for elements in arguments for element in elements)
                if len({len(a) for a in arguments}) != 1:
                    raise NotPolynomialError
                return _total(_product(*elements) for elements in zip(*arguments, strict=True))
        raise NotPolynomialError

    def _elements(self, formula: Formula) -> list[Polynomial]:
        if isinstance(formula, Range):
            return [self._cell(cell) for cell in formula.cells()]
        return [self.of(formula)]

    def _cell(self, cell: Reference) -> Polynomial:
        leaf = int(self._leaves.of[self._leaves.calculation.place(cell, self._sheet)])
        if leaf >= 0:
            return {(leaf,): S.One}
        if leaf == NOTHING:
            return {}
        if _INLINED // 2 < leaf <= _LITERALS:
            return {(): self._leaves.literals.value(leaf)}
        raise NotPolynomialError


def _scaled(one: Polynomial, factor: Rational) -> Polynomial:
    return {entries: factor * c for entries, c in one.items()}


def _product(*factors: Polynomial) -> Polynomial:
    total: Polynomial = {(): S.One}
    for factor in factors:
        if len(total) * len(factor) > MAX_PRODUCTS:
            raise NotPolynomialError
        before, total = total, {}
        for a, c in before.items():
            for b, d in factor.items():
                key = tuple(sorted(a + b)) if a else b
                total[key] = total.get(key, S.Zero) + c * d
    return total


def _total(parts: Iterator[Polynomial]) -> Polynomial:
    total: Polynomial = {}
    for part in parts:
        for entries, c in part.items():
            total[entries] = total.get(entries, S.Zero) + c
    return total


class Reader(CellReader):
    """Formulas as expressions in entries; what has no name is put in.

    Args:
        windows: maximum -> the candidates of its window, which it is the largest of.
    """

    def __init__(
        self, leaves: Leaves, sheet: str, windows: Mapping[int, Sequence[int]], depth: int = 0,
        budget: Iterator[int] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(self._leaf, lambda name: self._value(leaves.calculation.named(name)))
        self._leaves, self._sheet, self._windows, self._depth = leaves, sheet, windows, depth
        self._budget = iter(range(MAX_CELLS)) if budget is None else budget

    def _leaf(self, cell: Reference) -> Expr:
        return self._value(self._leaves.calculation.place(cell, self._sheet))

    def _value(self, place: int) -> Expr:
        leaf = int(self._leaves.of[place])
        if next(self._budget, None) is None:
            raise FormulaError(f"with everything put in, more than {MAX_CELLS} cells")
        if leaf <= _INLINED:
            formula = self._leaves.calculation.formulas[place]
            return self._inner(formula).expression(parse(formula.text))
        return self._constant(leaf)

    def _constant(self, leaf: int) -> Expr:
        if leaf == OPAQUE:
            raise FormulaError("it refers to a text, or in a circle")
        if leaf == NOTHING:
            return S.Zero
        return self._leaves.cells.symbol(leaf) if leaf >= 0 else self._leaves.literals.value(leaf)

    def _inner(self, formula: PlacedFormula) -> "Reader":
        if self._depth == MAX_DEPTH:
            raise FormulaError("formulas that refer to each other")
        return Reader(self._leaves, formula.sheet, self._windows, self._depth + 1, self._budget)

    def _if(self, arguments: Sequence[Formula]) -> Expr:
        """``IF(place=3,a,0)``: a where the third cell of the window is the first maximum."""
        condition = arguments[0] if len(arguments) == 3 else None
        if (
            isinstance(condition, Binary) and condition.operator == "=" and isinstance(condition.left, Reference)
            and isinstance(condition.right, Numeral) and arguments[2] == Numeral("0")
        ):  # fmt: skip
            place = self._leaves.calculation.place(condition.left, self._sheet)
            while place in self._leaves.calculation.formulas and self._leaves.of[place] < 0:
                formula = self._leaves.calculation.formulas[place]
                tree = parse(formula.text)
                if not isinstance(tree, Reference):
                    chosen = self._inner(formula)._place_of_maximum(tree, condition.right)
                    return chosen * self.expression(arguments[1])
                place = self._leaves.calculation.place(tree, formula.sheet)
        return super()._if(arguments)

    def _place_of_maximum(self, tree: Formula, number: Numeral) -> Expr:
        """``IF(a=m,1,IF(b=m,2,3))``: is it this number?"""
        cells: list[int] = []
        numbers: list[Formula] = []
        maxima: set[int] = set()
        while isinstance(tree, FunctionCall) and tree.function == "IF" and len(tree.arguments) == 3:
            condition, found, tree = tree.arguments
            if not isinstance(condition, Binary) or condition.operator != "=":
                raise FormulaError("IF: expected the place of a maximum")
            cells.append(self._entry(condition.left))
            maxima.add(self._entry(condition.right))
            numbers.append(found)
        numbers.append(tree)
        if len(maxima) != 1 or len(set(numbers)) != len(numbers) or not all(isinstance(n, Numeral) for n in numbers):
            raise FormulaError("IF: expected the place of a maximum")
        [largest] = maxima
        rest = [c for c in self._windows.get(largest, ()) if c not in cells]
        if number not in numbers or (number == tree and len(rest) != 1):
            raise FormulaError("IF: expected the place of a maximum in its window")
        at = numbers.index(number)
        return wins(*map(self._constant, ([*cells, *rest][at], largest, *cells[:at])))

    def _call(self, call: FunctionCall) -> Expr:
        if call.function == "MAX":  # which passes over an empty cell
            cells = (c for a in call.arguments for c in (a.cells() if isinstance(a, Range) else (a,)))
            if any(isinstance(c, Reference) and self._leaves.calculation.place(c, self._sheet) == EMPTY for c in cells):
                raise FormulaError("MAX of an empty cell")
        return super()._call(call)

    def _entry(self, side: Formula) -> int:
        if not isinstance(side, Reference):
            raise FormulaError("expected a cell")
        return int(self._leaves.of[self._leaves.calculation.place(side, self._sheet)])
