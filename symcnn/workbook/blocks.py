"""Blocks of cells: where a large tensor stands, and the formulas of an equation over such blocks.

A tensor's last axes run along rows and columns of a block; for each index of its leading axes there is one block. A
formula is made from the equation itself: a sum runs over a rectangle of cells wherever the blocks allow it, as
``SUMPRODUCT(Image!C8:G12,$C$8:$G$12)``; what does not fit is written product by product. A formula is printed once for
all cells of a block that read alike; only its addresses differ.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import sympy
from numpy.typing import NDArray
from sympy import Expr, S, Symbol

from symcnn.derivation import Addend, Product, Variable
from symcnn.derivation.graph import points
from symcnn.printers.excel import FormulaPrinter, checked_formula, sum_over
from symcnn.printers.infix import ATOM, PRODUCT, InfixText
from symcnn.symbolic import Access, Affine, Axis, Equation, Index, Tensor, TensorKind, Term, Wins, gate, wins
from symcnn.workbook.addresses import Cell, fixed_area, letters, prefix

Ints = NDArray[np.int64]

#: What a reference is needed for.
Need = Literal["number", "cell", "candidate"]

#: Stands for a candidate of a maximum that is not there.
ABSENT = Symbol("absent")

#: Row and column.
Step = tuple[int, int]

#: Cells before and behind a block, in rows and in columns.
Margin = tuple[tuple[int, int], tuple[int, int]]
NO_MARGIN: Margin = ((0, 0), (0, 0))


@dataclass(frozen=True, eq=False)
class Placement:
    """The cells of a tensor.

    Attributes:
        origins: (*leading axes, 2): row and column of each block's entry 0, 0.
        steps: how far the next entry is, for each axis behind the leading ones: (1, 0) is the next row.
        margin: cells that hold 0 before and behind a block, in rows and in columns.
        spread: do zeros stand between two entries, so that a range may run past them?
    """

    tensor: Tensor
    sheet: str
    origins: Ints
    steps: tuple[Step, ...]
    margin: Margin = NO_MARGIN
    spread: bool = False

    @property
    def leading(self) -> int:
        """How many axes have blocks of their own."""
        return len(self.tensor.shape) - len(self.steps)

    def blocks(self) -> Iterator[Index]:
        """The index of each block on the leading axes."""
        return np.ndindex(*self.tensor.shape[: self.leading])

    def at(self, index: Sequence[Any], divisors: Sequence[int] | None = None) -> tuple[Any, Any]:
        """Row and column of an entry, or of many: the index of each axis is a number or an array.

        Args:
            divisors: of the axes, where an index is a numerator: between two entries that stand apart.
        """
        origin = self.origins[tuple(index[: self.leading])]
        row, column = origin[..., 0], origin[..., 1]
        for n, (down, right) in enumerate(self.steps, self.leading):
            divisor = divisors[n] if divisors is not None else 1
            row, column = row + down * index[n] // divisor, column + right * index[n] // divisor
        return row, column

    def cells(self) -> Iterator[Step]:
        """Row and column of every entry, in their order."""
        shape = self.tensor.shape
        index = list(np.indices(shape).reshape(len(shape), -1)) if shape else []
        rows, columns = (np.broadcast_to(n, self.tensor.size).tolist() for n in self.at(index))
        return zip(rows, columns, strict=True)

    @cached_property
    def extents(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """First and last row of a block, first and last column, counted from its entry 0, 0."""
        ends = []
        for way in (0, 1):
            sizes = self.tensor.shape[self.leading :]
            reach = [step[way] * (size - 1) for step, size in zip(self.steps, sizes, strict=True)]
            ends.append((sum(min(r, 0) for r in reach), sum(max(r, 0) for r in reach)))
        return ends[0], ends[1]

    def area(self, block: Index, with_margin: bool = False) -> tuple[int, int, int, int]:
        """First row, first column, last row, last column of a block."""
        row, column = (int(n) for n in self.origins[block])
        (up, down), (left, right) = self.extents
        (above, below), (before, behind) = self.margin if with_margin else NO_MARGIN
        return row + up - above, column + left - before, row + down + below, column + right + behind

    def reference(self, block: Index = ()) -> str:
        """The cells of a block, as other sheets refer to them: ``Conv1!$C$8:$J$15``."""
        top, left, bottom, right = self.area(block)
        first, last = Cell(self.sheet, top, left), Cell(self.sheet, bottom, right)
        return first.absolute if first == last else fixed_area(first, last)


def called(tensor: Tensor) -> str:
    """f, ∂E/∂f; of a value after one step f as well, since its sheet says so."""
    return f"∂E/∂{tensor.primal.name}" if tensor.primal is not None else tensor.name.removeprefix("next_")


def first_of(kind: TensorKind, tensors: Iterable[Tensor]) -> Tensor | None:
    """The first tensor of a kind."""
    return next((t for t in tensors if t.kind is kind), None)


def weight_steps(weights: Tensor) -> tuple[Step, ...]:
    """Of dense weights: a row for each neuron, a column for each of its inputs, row by row."""
    shape = weights.shape
    return (*((0, math.prod(shape[n:-1])) for n in range(1, len(shape))), (1, 0))


@dataclass(frozen=True)
class Slot:
    """One reference of a formula: an access whose index depends on the target's axes, and on ``ranged`` ones.

    Attributes:
        need: where the index leaves the tensor, it is a "number" (the access says which), the whole product is gone
            ("cell"), or this argument alone is ("candidate").
    """

    access: Access
    ranged: tuple[Axis, ...] = ()
    need: Need = "number"


class MakeSymbol(Protocol):
    """Gives an access its symbol."""

    def __call__(self, access: Access, need: Need = "number") -> Expr: ...


def formulas(
    equation: Equation, target: Placement, place: Callable[[Tensor], Placement]
) -> Iterator[tuple[int, int, str]]:
    """Row, column and formula of each entry of an equation's target.

    Args:
        place: the placement of a tensor, as this equation reads it.

    Raises:
        NotSupportedYetError: a formula is longer than a spreadsheet takes.
    """
    for block in target.blocks():
        yield from _Block(equation, target, block, place).cells()


class ProductSlots(NamedTuple):
    """One product of an equation: its number, and its references."""

    coefficient: Expr
    slots: list[Slot]


def products_of(equation: Equation, target: Placement, place: Callable[[Tensor], Placement]) -> Iterator[ProductSlots]:
    """Each product of an equation; in place of the axes of the target stands any entry."""
    block = _Block(equation, target, next(target.blocks()), place)
    for term in equation.terms:
        for _, factors, slots in block.products(term):
            numbers = (f for f in factors if f.is_Number)
            yield ProductSlots(sympy.Mul(term.coefficient, *numbers), slots)


class _Block:
    """One block of an equation's target."""

    def __init__(
        self, equation: Equation, target: Placement, block: Index, place: Callable[[Tensor], Placement]
    ) -> None:
        self.equation, self.target, self._place = equation, target, place
        tensor = target.tensor
        inner = tensor.shape[target.leading :]
        self.count = math.prod(inner)
        grids = np.indices(inner).reshape(len(inner), self.count)
        index = [np.full(self.count, n) for n in block] + list(grids)
        self.rows, self.columns = (np.full(self.count, n) if np.ndim(n) == 0 else n for n in target.at(index))
        self.axes: dict[str, Ints] = {}
        for affine, numbers in zip(equation.target.index, index, strict=True):
            if affine.axes:
                self.axes[affine.axes[0]] = numbers
        self.sizes = equation.sizes
        self._symbols: dict[Slot, Symbol] = {}
        self._addresses: dict[Slot, list[str]] = {}

    def cells(self) -> Iterator[tuple[int, int, str]]:
        parts = [part for term in self.equation.terms for part in self.products(term)]
        states = np.array([state for _, _, slots in parts for slot in slots for state in self._states(slot)])
        states = states.reshape(-1, self.count)
        patterns, members = np.unique(states, axis=1, return_inverse=True)
        for n in range(patterns.shape[1]):
            own = np.flatnonzero(members.reshape(-1) == n)
            yield from self._alike(parts, patterns[:, n], own)

    # --- products over slots ----------------------------------------------------------------------------------------

    def products(self, term: Term) -> Iterator[tuple[Term, Product, list[Slot]]]:
        """Each product of a term with the slots in it."""
        ranged = ranged_axes(self.equation, term, self._place)
        names = {a.name for a in ranged}
        for point in points([a for a in term.axes if a.name not in names]):
            values = {name: Affine((), n) for name, n in point.items()}
            slots: list[Slot] = []

            def symbol(access: Access, need: Need = "number", slots: list[Slot] = slots) -> Expr:
                slot = Slot(access, tuple(a for a in ranged if a.name in access.axes), need)
                slots.append(slot)
                return self._symbols.setdefault(slot, Symbol(f"slot_{len(self._symbols):06d}"))

            factors = tuple(_replaced(f, values, point, symbol) for f in term.factors)
            yield term, factors, slots

    def _states(self, slot: Slot) -> list[Ints]:
        """What tells the cells apart: is the slot inside its tensor; of a constant, its value's number."""
        if slot.ranged:
            return []
        inside = np.ones(self.count, dtype=np.int64)
        numbers = []
        for affine, size in zip(slot.access.index, slot.access.tensor.shape, strict=True):
            numerator = self._numbers(affine)
            inside &= (numerator % affine.divisor == 0) & (numerator >= 0) & (numerator < size * affine.divisor)
            numbers.append(numerator // affine.divisor)
        if slot.access.tensor.role == "constant":
            flat = np.zeros(self.count, dtype=np.int64)
            for number, size in zip(numbers, slot.access.tensor.shape, strict=True):
                flat = flat * size + np.clip(number, 0, size - 1)
            values: dict[Expr, int] = {}
            known = [values.setdefault(v, len(values)) for v in slot.access.tensor.values]
            return [np.where(inside == 1, 1 + np.array(known)[flat], 0)]
        return [inside]

    def _numbers(self, affine: Affine, ends: Mapping[str, int] | None = None) -> Ints:
        """The numerator of an index at every cell; ``ends``: of the ranged axes."""
        total = np.full(self.count, affine.offset)
        for name, coefficient in affine.coefficients:
            total = total + coefficient * (self.axes[name] if name in self.axes else (ends or {})[name])
        return total

    # --- text -------------------------------------------------------------------------------------------------------

    def _alike(
        self, parts: Sequence[tuple[Term, Product, list[Slot]]], pattern: Ints, own: Ints
    ) -> Iterator[tuple[int, int, str]]:
        """The cells with one pattern of states: one formula, with the addresses of each."""
        states = iter(pattern.tolist())
        addends: list[Addend] = []
        maximum = self.equation.reduce == "max"
        previous: Term | None = None
        for term, factors, slots in parts:
            values: dict[Expr, Expr] = {}
            absent = False
            for slot in slots:
                state = 1 if slot.ranged else next(states)
                if state == 0:
                    outside = slot.access.outside
                    absent |= slot.need == "cell" or (slot.need == "number" and outside is None)
                    values[self._symbols[slot]] = ABSENT if outside is None else outside
                elif slot.access.tensor.role == "constant":
                    values[self._symbols[slot]] = list(dict.fromkeys(slot.access.tensor.values))[state - 1]
            if absent:
                continue
            product = tuple(_present(f.xreplace(values)) if values else f for f in factors)
            if not maximum and 0 in product:
                continue
            if term is previous and addends:
                addends[-1] = Addend((*addends[-1].products, product), term.coefficient)
            else:
                addends.append(Addend((product,), term.coefficient))
            previous = term
        variable = Variable(self.target.tensor.name, self.target.tensor, (), tuple(addends), self.equation.reduce)
        slots_of = {symbol: slot for slot, symbol in self._symbols.items()}
        text = _Printer(slots_of, maximum).variable(variable)
        pieces = re.split("\x00(\\d+)\x01", text)
        names = [Symbol(f"slot_{n}") for n in pieces[1::2]]
        columns: list[Sequence[str]] = [[pieces[0]] * len(own)]
        for symbol, piece in zip(names, pieces[2::2], strict=True):
            texts = self._texts(slots_of[symbol])
            columns.append([texts[n] for n in own.tolist()])
            columns.append([piece] * len(own))
        what = self.target.tensor.name
        for row, column, *texts in zip(self.rows[own].tolist(), self.columns[own].tolist(), *columns, strict=True):
            yield row, column, checked_formula("=" + "".join(texts), what)

    def _texts(self, slot: Slot) -> list[str]:
        """The address of a slot at every cell of the block."""
        if slot in self._addresses:
            return self._addresses[slot]
        place = self._place(slot.access.tensor)
        divisors = [a.divisor for a in slot.access.index]
        corners = []
        for last in (False, True) if slot.ranged else (False,):
            ends = {a.name: (a.size - 1) * last for a in slot.ranged}
            index: list[Any] = [self._numbers(a, ends) for a in slot.access.index]
            for n in range(place.leading):
                # cells where it is outside are not written with it
                index[n] = np.clip(index[n] // divisors[n], 0, slot.access.tensor.shape[n] - 1)
            corner = place.at(index, [1] * place.leading + divisors[place.leading :])
            corners.append([np.broadcast_to(n, self.count) for n in corner])
        first = tuple(np.minimum(corners[0][way], corners[-1][way]) for way in (0, 1))
        last_ = tuple(np.maximum(corners[0][way], corners[-1][way]) for way in (0, 1))
        ends_ = (first, last_) if slot.ranged else (first,)
        own = (self.rows, self.columns)
        # a sign that the reference stays while the formula moves
        fixed = ["$" if np.ptp(own[way]) and not np.ptp(first[way]) else "" for way in (0, 1)]
        sheet = prefix(place.sheet, self.target.sheet)
        texts = [
            [f"{fixed[1]}{letters(c)}{fixed[0]}{r}" for r, c in zip(rows.tolist(), columns.tolist(), strict=True)]
            for rows, columns in ends_
        ]
        self._addresses[slot] = [sheet + ":".join(pair) for pair in zip(*texts, strict=True)]
        return self._addresses[slot]


def _replaced(factor: Expr, values: Mapping[str, Affine], point: Mapping[str, int], symbol: MakeSymbol) -> Expr:
    """A factor over slots, its summed axes at one point."""
    changes: dict[Expr, Expr] = {}
    for atom in (factor,) if isinstance(factor, Access | Wins) else sorted(factor.atoms(Access, Wins), key=str):
        if isinstance(atom, Wins):
            changes[atom] = _first_maximum(atom, values, point, symbol)
        else:
            changes[atom] = symbol(atom.substitute(values))
    return changes[factor] if factor in changes else factor.xreplace(changes)


def _first_maximum(atom: Wins, values: Mapping[str, Affine], point: Mapping[str, int], symbol: MakeSymbol) -> Expr:
    """``wins(cell, largest, *those before it)`` over slots."""
    bound = {axis: affine.substitute(values) for axis, affine in atom.bound}
    here = tuple(point[a.name] for a in atom.window)

    def candidate(place: tuple[int, ...]) -> Access:
        window = {a.name: Affine((), n) for a, n in zip(atom.window, place, strict=True)}
        return atom.cell.substitute({**values, **window, **bound})

    before = (place for place in np.ndindex(*(a.size for a in atom.window)) if place < here)
    cell, largest = candidate(here), atom.largest.substitute({**values, **bound})
    others = (symbol(candidate(place), "candidate") for place in before)
    return wins(symbol(cell, "cell"), symbol(largest, "cell"), *others)


def _present(factor: Expr) -> Expr:
    """Without the candidates that are not there."""
    return factor.replace(wins, lambda *z: wins(*(a for a in z if a != ABSENT))) if factor.has(ABSENT) else factor


class _Printer(FormulaPrinter):
    """Prints formulas in which a slot stands as a mark; a sum or maximum over ranges as one function."""

    def __init__(self, slots: Mapping[Symbol, Slot], maximum: bool) -> None:
        super().__init__(lambda symbol: f"\x00{symbol.name.removeprefix('slot_')}\x01")
        self._slots, self._maximum, self._within = slots, maximum, False

    def product(self, factors: Sequence[Expr], coefficient: Expr = S.One, last: InfixText | None = None) -> InfixText:
        ranged = [f for f in factors if any(self._slots[s].ranged for s in f.free_symbols)]
        if ranged and not self._maximum and not self._within:
            self._within = True  # what stands there is written element by element
            areas = [self.expression(f).text for f in ranged]
            self._within = False
            total = sum_over(areas, is_plain=ranged[0].is_Symbol)
            return super().product([f for f in factors if f not in ranged], coefficient, total)
        condition = next((f for f in factors if _is_condition(f)), None)
        if condition is not None and len(factors) > 1:
            others = [f for f in factors if f is not condition]
            text = self.expression(condition).text
            value = super().product(others, coefficient).text
            return InfixText(f"{text.removesuffix('1,0)')}{value},0)", ATOM)
        return super().product(factors, coefficient, last)

    def _scaled(self, text: InfixText, coefficient: Expr) -> InfixText:
        if coefficient == -1:  # a sign changes no digit: no brackets around the product
            return InfixText(f"{self.language.negative}{text.within(PRODUCT)}", PRODUCT)
        return super()._scaled(text, coefficient)


def _is_condition(factor: Expr) -> bool:
    """1 or 0: printed as IF(…,1,0)."""
    return isinstance(factor, wins) or (isinstance(factor, gate) and factor.args[1:] == (1, 0))


# --- which axes a range runs over -----------------------------------------------------------------------------------


def ranged_axes(equation: Equation, term: Term, place: Callable[[Tensor], Placement]) -> tuple[Axis, ...]:
    """The summed axes that a rectangle of cells runs over, in every factor alike: as many products as possible."""
    if any(f.has(Wins) for f in term.factors) or any(f.has(Access) and not _by_elements(f) for f in term.factors):
        candidates: list[tuple[Axis, ...]] = []
    else:
        choices = (c for n in range(len(term.axes), 0, -1) for c in combinations(term.axes, n))
        candidates = sorted(choices, key=lambda axes: -math.prod(a.size for a in axes))
    for axes in candidates:
        if math.prod(a.size for a in axes) > 1 and _fits(equation, term, axes, place):
            return axes
    return ()


def _by_elements(factor: Expr) -> bool:
    """Does a spreadsheet work it out element by element, inside SUMPRODUCT? A function of what is ranged is not."""
    return all(
        isinstance(part, Access) or part.is_Number or part.is_Add or part.is_Mul or part.is_Pow or part.is_Function
        for part in sympy.preorder_traversal(factor)
    )


def _fits(equation: Equation, term: Term, axes: Sequence[Axis], place: Callable[[Tensor], Placement]) -> bool:
    names = {a.name for a in axes}
    involved = [a for a in term.accesses if names & set(a.axes)]
    if not involved or any(names - set(a.axes) or a.tensor.role == "constant" for a in involved):
        return False
    calls = (call for factor in term.factors for call in factor.atoms(sympy.Function))
    if any(names & set(access.axes) for call in calls for access in call.atoms(Access)):
        return False  # EXP, LN of single cells only
    if equation.reduce == "max" and (len(term.factors) != 1 or term.factors[0] != involved[0]):
        return False
    moves = [_moves(access, axes, place(access.tensor)) for access in involved]
    if moves[0] is None or any(m != moves[0] for m in moves):
        return False
    spread = {step for a in involved if place(a.tensor).spread for step in place(a.tensor).steps}
    if not _is_rectangle(moves[0], axes, {max(map(abs, s)) for s in spread}):
        return False
    sizes = {a.name: a.size for a in (*equation.axes, *term.axes)}
    return all(_covered(access, place(access.tensor), sizes) for access in involved)


def _moves(access: Access, axes: Sequence[Axis], place: Placement) -> dict[str, Step] | None:
    """How far a reference moves with each axis; None where it changes the block, or goes into fractions."""
    moves: dict[str, Step] = {}
    for axis in axes:
        down = right = 0
        for n, affine in enumerate(access.index):
            coefficient = dict(affine.coefficients).get(axis.name, 0)
            if not coefficient:
                continue
            if n < place.leading:
                return None
            step = place.steps[n - place.leading]
            if any(coefficient * s % affine.divisor for s in step):
                return None
            down += coefficient * step[0] // affine.divisor
            right += coefficient * step[1] // affine.divisor
        moves[axis.name] = (down, right)
    return moves


def _is_rectangle(moves: Mapping[str, Step], axes: Sequence[Axis], spread: set[int]) -> bool:
    """Do the axes run through all cells of a rectangle, each once? Past zeros, where one of the blocks is spread."""
    for way in (0, 1):
        own = sorted((abs(moves[a.name][way]), a.size, moves[a.name][way] > 0) for a in axes if moves[a.name][way])
        if len({sign for *_, sign in own}) > 1:
            return False
        next_step = own[0][0] if own and len(own) == 1 and own[0][0] in spread else 1
        for step, size, _ in own:
            if step != next_step:
                return False
            next_step *= size
    return all((moves[a.name][0] == 0) != (moves[a.name][1] == 0) for a in axes)


def _covered(access: Access, place: Placement, sizes: Mapping[str, int]) -> bool:
    """Do all cells of the ranges belong to the block or to its margin of zeros?"""
    reach = [[0, 0], [0, 0]]
    for n, affine in enumerate(access.index):
        low, high = affine.span(sizes)
        if n < place.leading:
            if low < 0 or high >= access.tensor.shape[n]:
                return False
            continue
        for way in (0, 1):
            step = place.steps[n - place.leading][way]
            ends = sorted((step * low // affine.divisor, -(-step * high // affine.divisor)))
            reach[way][0] += ends[0]
            reach[way][1] += ends[1]
    margin = place.margin if access.outside == 0 else NO_MARGIN
    ways = zip(reach, place.extents, margin, strict=True)
    return all(low >= first - before and high <= last + behind for (low, high), (first, last), (before, behind) in ways)
