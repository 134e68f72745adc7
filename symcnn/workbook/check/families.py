"""Formulas of whole blocks, proved a family at a time.

A family is the cells of one tensor whose formulas differ only in their references. Each cell has two rows of numbers:
of the entries that its equation reads at its index (``Slots``), and of those that its formula refers to (``Leaves``).
For one cell the formula is proved to equal the equation. A cell of the family in which numbers that are equal there are
equal too follows by substitution: both sides are those of the proved cell with other quantities. What is refuted
carries over only where exactly the same numbers are equal.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sympy import Expr, Float, S, Symbol

from symcnn.derivation import Variable
from symcnn.derivation.graph import instance
from symcnn.printers.cells import (
    FormulaError,
    Place,
    parse,
)
from symcnn.proof.domain import differ
from symcnn.proof.verdict import Comparison, Method, OneMethod, UndecidableError, Verdict, decide
from symcnn.symbolic import Access, Equation, Tensor, gate, wins
from symcnn.symbolic.leaves import elu, leaky_relu, relu
from symcnn.workbook.cell_values import CellValues, PlacedFormula, Shape
from symcnn.workbook.check.claims import FormulaDomain, written_alike
from symcnn.workbook.check.entry_formulas import Leaves, Literals, NotPolynomialError, Polynomials, Reader, Slots
from symcnn.workbook.check.names import LayerCells, Numbers

#: Numbers of one array of slots; refuted families.
MAX_SLOTS, MAX_REFUTED = 4_000_000, 300

#: Values of entries at which formulas may differ beside those of the workbook: equal ones, positive and negative.
NUMBERS, POINTS, SEED = (-1.0, -0.5, 0.5, 1.0, 2.0), 30, 18


class CellDomain(FormulaDomain):
    """The formula of a cell (left), and its equation (right).

    Conditions are unknowns there: two formulas that are equal then are equal for all of their values. Where they are
    not, numbers decide: those of the workbook, and others at which conditions hold and do not hold.

    Args:
        value: of a symbol, in the workbook.
    """

    is_canonical = False

    def __init__(self, left: Expr, right: Expr, value: Callable[[Symbol], float]) -> None:
        self._conditions: dict[Expr, Symbol] = {}
        self._written, self._value = (left, right), value
        super().__init__(*map(self._unconditional, map(written_alike, (left, right))))

    def _unconditional(self, expression: Expr) -> Expr:
        changes = {}
        for call in expression.atoms(gate, wins):
            key = call.args[0] if isinstance(call, gate) else call
            condition = self._conditions.setdefault(key, Symbol(f"condition_{len(self._conditions)}"))
            above, below = call.args[1:] if isinstance(call, gate) else (S.One, S.Zero)
            changes[call] = below + condition * (above - below)
        return expression.xreplace(changes)

    def methods(self, left: Expr, right: Expr) -> Iterator[Method]:
        yield from (m for m in super().methods(left, right) if m.how != "numbers")
        yield Method("numbers", "numbers", self._in_cells)

    def _in_cells(self) -> Comparison:
        symbols = sorted(set().union(*(e.free_symbols for e in self._written)), key=str)
        rng = random.Random(SEED)
        points: list[tuple[str, list[float]]] = [("at_initial_values", [self._value(s) for s in symbols])]
        points += [("at_other_values", [rng.choice(NUMBERS) for _ in symbols]) for _ in range(POINTS)]
        for at, numbers in points:
            known = {s: Float(repr(n), 30) for s, n in zip(symbols, numbers, strict=True)}
            one, other = (e.xreplace(known).evalf(30) for e in self._written)
            if one.is_Float or one.is_Rational:
                one, other = float(one), float(other)
                if differ(one, other, self.apart):
                    return Comparison(False, counterexample=(one, other), at=at)
        raise UndecidableError("different as written, but not in numbers")


@dataclass(frozen=True)
class Family:
    """One cell with its verdict.

    Attributes:
        first: for each slot the first one with the same number; distinct: how many numbers there are.
    """

    first: Numbers
    distinct: int
    verdict: Verdict

    def fits(self, rows: Numbers) -> Any:
        """Which rows of slots does the verdict carry over to?"""
        same: Any = (rows == rows[:, self.first]).all(axis=1)
        if not self.verdict:
            ordered = np.sort(rows, axis=1)
            same &= 1 + (np.diff(ordered, axis=1) != 0).sum(axis=1) == self.distinct
        return same


@dataclass(frozen=True)
class WrongCell:
    """A cell whose formula is not its equation, or for which that was not decided."""

    number: int
    formula: PlacedFormula | None
    place: Place
    verdict: Verdict | None


@dataclass
class TensorProof:
    """The verdicts on the cells of one tensor.

    Attributes:
        statuses: the weakest verdicts of the families; count: cells; families: proofs; wrong: cells that are not right.
    """

    tensor: Tensor
    count: int = 0
    families: int = 0
    statuses: set[str] = field(default_factory=set)
    wrong: list[WrongCell] = field(default_factory=list)


class FamilyProofs:
    """Proves the formulas of a workbook, tensor by tensor."""

    def __init__(self, cells: LayerCells, calculation: CellValues) -> None:
        self.cells, self.calculation, self._literals = cells, calculation, Literals()
        self.leaves = Leaves(calculation, cells, self._literals)
        self._families: dict[tuple[object, ...], list[Family]] = {}
        self._refuted = 0
        self._activations = {
            e.target.tensor: source for e in cells.derivation.forward if (source := _rectified(e)) is not None
        }

    def prove(self, tensor: Tensor) -> TensorProof:
        """Decide whether every cell of a tensor holds its equation."""
        proof, first = TensorProof(tensor), self.cells.offsets[tensor]
        equation = self.cells.equations[tensor]
        slots = Slots(equation, self._other_forms(equation), self.cells, self._literals)
        index = np.indices(tensor.shape).reshape(len(tensor.shape), tensor.size).T
        step = max(1, MAX_SLOTS // max(1, slots.width))
        for start in range(0, tensor.size, step):
            shapes: dict[Shape, tuple[list[int], list[PlacedFormula]]] = {}
            for flat in range(start, min(start + step, tensor.size)):
                place = self.cells.places.get(first + flat)
                if place is None:
                    continue  # said of the names
                proof.count += 1
                formula = self.calculation.formulas.get(self.calculation.at(*place))
                if formula is None:
                    proof.statuses.add("refuted")
                    proof.wrong.append(WrongCell(first + flat, None, place, None))
                    continue
                flats, formulas = shapes.setdefault(formula.shape, ([], []))
                flats.append(flat)
                formulas.append(formula)
            for flats, formulas in shapes.values():
                for members, leaves in self.leaves.rows(formulas):
                    own = np.array(flats)[members]
                    self._decide_all(proof, slots, index[own], leaves, [formulas[m] for m in members], own.tolist())
        return proof

    def _decide_all(
        self, proof: TensorProof, slots: Slots, index: Numbers, leaves: Numbers, formulas: Sequence[PlacedFormula],
        flats: Sequence[int],
    ) -> None:  # fmt: skip
        """Decide formulas of one shape with equally many leaves."""
        rows = np.hstack([slots.at(index), leaves])
        alike: dict[bytes, list[int]] = {}
        for n, pattern in enumerate(np.minimum(rows, 0)):
            alike.setdefault(pattern.tobytes(), []).append(n)
        for pattern, members in alike.items():
            known = self._families.setdefault((slots.equation.target.tensor, formulas[0].shape, pattern), [])
            left = np.array(members)
            while len(left):
                for family in known:
                    fits = family.fits(rows[left])
                    self._add(proof, family.verdict, [(flats[n], formulas[n]) for n in left[fits].tolist()])
                    left = left[~fits]
                if len(left):
                    n = int(left[0])
                    known.append(self._family(slots, index[[n]], formulas[n], rows[n]))
                    proof.families += 1

    def _add(self, proof: TensorProof, verdict: Verdict, cells: Sequence[tuple[int, PlacedFormula]]) -> None:
        if cells:
            proof.statuses.add(verdict.status)
        if not verdict:
            for flat, formula in cells:
                place = (formula.sheet, *formula.address)
                proof.wrong.append(WrongCell(self.cells.offsets[proof.tensor] + flat, formula, place, verdict))

    def _family(self, slots: Slots, index: Numbers, formula: PlacedFormula, row: Numbers) -> Family:
        _, first, inverse = np.unique(row, return_index=True, return_inverse=True)
        verdict = self._decide(slots, index, formula)
        self._refuted += not verdict
        return Family(first[inverse], len(first), verdict)

    def _decide(self, slots: Slots, index: Numbers, formula: PlacedFormula) -> Verdict:
        """Decide whether one formula is the equation at one index."""
        try:
            tree = parse(formula.text)
            try:
                sums = Polynomials(self.leaves, formula.sheet).of(tree), slots.polynomial(index)
                verdict = decide(*sums, OneMethod("exact", "sums of products", lambda a, b: Comparison(bool(a == b))))
                if verdict:
                    return verdict
            except NotPolynomialError:
                pass
            if self._refuted > MAX_REFUTED:
                raise FormulaError("too many cells are wrong")
            candidate = Reader(self.leaves, formula.sheet, dict(slots.windows(index))).expression(tree)
        except FormulaError as reason:
            return decide(None, None, OneMethod("exact", str(reason), _undecidable(reason)))
        verdicts = []
        for equation in (slots.equation, *slots.also):
            expected = instance(equation, tuple(int(n) for n in index[0])).expression
            verdicts.append(CellDomain(candidate, expected, self._value).decide())
            if verdicts[-1]:
                return verdicts[-1]
        return verdicts[0]

    def _value(self, symbol: Symbol) -> float:
        """Return the value of an entry in the workbook; 0 where it has none."""
        place = self.cells.places.get(self.cells.number_of(symbol))
        value = self.calculation.values[self.calculation.at(*place)] if place else None
        return value if isinstance(value, float) else 0.0

    # --- equations --------------------------------------------------------------------------------------------------

    def variable(self, number: int) -> Variable:
        """Return the right side of an entry's equation."""
        tensor, index = self.cells.locate(number)
        return instance(self.cells.equations[tensor], index)

    def _other_forms(self, equation: Equation) -> list[Equation]:
        """With the gate of a rectifier's input in place of its output: both are open at the same time."""
        changes: dict[Expr, Expr] = {}
        for term in equation.terms:
            for call in (c for f in term.factors for c in f.atoms(gate)):
                output = call.args[0]
                if isinstance(output, Access) and output.tensor in self._activations:
                    source = self._activations[output.tensor]
                    changes[call] = gate(Access(source, output.index), *call.args[1:])
        if not changes:
            return []
        terms = tuple(replace(t, factors=tuple(f.xreplace(changes) for f in t.factors)) for t in equation.terms)
        return [replace(equation, terms=terms)]


def _rectified(equation: Equation) -> Tensor | None:
    """The tensor whose entries an equation rectifies, each at its own index: positive where those are."""
    call = equation.terms[0].factors[0]
    if len(equation.terms) > 1 or len(equation.terms[0].factors) > 1 or equation.terms[0].coefficient != 1:
        return None
    if call.func not in (relu, leaky_relu, elu) or not isinstance(call.args[0], Access):
        return None
    return call.args[0].tensor if call.args[0].index == equation.target.index else None


def _undecidable(reason: Exception) -> Callable[[Any, Any], Comparison]:
    def compare(*_: Any) -> Comparison:
        raise UndecidableError(str(reason))

    return compare
