"""Which entries of an equation are written out, where there are too many to write them all.

No layer is known here: what is chosen follows from the index maps of the equation and from the numbers of one pass.

    corner, middle   where the entries differ in form: an index is compound (a window slides), or some terms lie outside
    border           of those the one with the fewest terms, unless that is the corner
    gradient         the largest |∂E/∂·|; in an equation whose entries are all alike it stands for all
    value            the largest value, where E is not differentiated by it
    tie, late        several candidates reach a maximum: the first of them counts, the others get nothing back
    closed           the argument of a kink is not above 0
    first, only      nothing else is known of it; there is no other
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from symcnn.network import Array
from symcnn.proof.interpret import Mask, Points
from symcnn.report.one_pass import OnePass
from symcnn.symbolic import LEAVES, Access, Affine, Axis, Equation, Index, Tensor, Term, Wins, gate

#: Entries of one equation that are written out.
MOST = 4

#: Where there are more, those go first that are chosen for one of these reasons alone, the first of these first.
_LEAST_TELLING = ("middle", "corner", "closed")

#: What is added to a weight of 0, so that an entry counts.
TINY = 1e-300


@dataclass(frozen=True)
class ChosenEntry:
    """One entry.

    Attributes:
        reasons: why it was chosen.
        terms: how many products its sum has, or candidates its maximum; ``whole``: with those that lie outside.
    """

    index: Index
    reasons: tuple[str, ...]
    terms: int
    whole: int


def choose(equation: Equation, numbers: OnePass | None, most: int = MOST) -> list[ChosenEntry]:
    """The entries of an equation's target, in the order of the reasons; without numbers by their form alone."""
    return _Choice(equation, numbers).entries(most)


def form(equation: Equation) -> Hashable:
    """What an equation says, whatever its tensors are called and however large they are."""
    bare = {tensor: Tensor(tensor.role, (), ()) for tensor in (a.tensor for a in _all_accesses(equation))}

    def of(access: Access) -> Access:
        return Access(bare[access.tensor], access.index, access.outside)

    def of_factor(factor: Expr) -> Expr:
        values: dict[Expr, Expr] = {a: of(a) for a in factor.atoms(Access)}
        values |= {w: Wins(of(w.cell), of(w.largest), w.window, w.bound) for w in factor.atoms(Wins)}
        return factor.xreplace(values)

    terms = tuple((term.coefficient, tuple(map(of_factor, term.factors))) for term in equation.terms)
    return equation.reduce, of(equation.target), terms


class _Choice:
    def __init__(self, equation: Equation, numbers: OnePass | None) -> None:
        self._equation, self._numbers = equation, numbers
        self._shape = equation.target.tensor.shape
        self._present, self._whole = self._counts()

    def entries(self, most: int) -> list[ChosenEntry]:
        reasons: dict[Index, list[str]] = {}
        for reason, index in self._reasons():
            reasons.setdefault(index, []).append(reason)
        for reason in _LEAST_TELLING:
            alone = [index for index, why in reasons.items() if why == [reason]]
            for index in alone if len(reasons) > most else ():
                del reasons[index]
        chosen = list(reasons.items())[-most:]
        return [ChosenEntry(index, tuple(why), int(self._present[index]), self._whole) for index, why in chosen]

    def _reasons(self) -> Iterator[tuple[str, Index]]:
        first: Index = tuple(0 for _ in self._shape)
        if prod(self._shape) == 1:
            yield "only", first
            return
        found = list(self._from_numbers())
        if self._has_windows:
            fewest, most = int(self._present.min()), int(self._present.max())
            yield "corner", first
            if fewest < most and self._present[first] == most:
                yield "border", _where(self._present == fewest)
            if fewest < most or not found:
                yield "middle", tuple(n // 2 for n in self._shape)
        elif not found:
            yield "first", first
        yield from found

    @property
    def _has_windows(self) -> bool:
        """Does the form of an entry rest on its place?"""
        accesses = (a for term in self._equation.terms for f in term.factors for a in _accesses(f))
        compound = any(not affine.is_axis for access in accesses for affine in access.index if affine != Affine())
        return compound or self._present.min() < self._present.max()

    # --- how many products ----------------------------------------------------------------------------------------

    def _counts(self) -> tuple[NDArray[np.int64], int]:
        """The number of products of each entry, and how many there would be if none lay outside."""
        axes = self._equation.axes
        present, whole = np.zeros([a.size for a in axes], dtype=np.int64), 0
        for term in self._equation.terms:
            points = _points((*axes, *term.axes))
            there = np.ones((1,) * len(points.axes), dtype=bool)
            for factor in term.factors:
                there = there & _there(points, factor, self._equation.reduce == "max")
            summed = tuple(range(len(axes), len(points.axes)))
            unseen = prod(a.size for n, a in enumerate(points.axes) if n in summed and there.shape[n] == 1)
            present = present + there.sum(axis=summed) * unseen
            whole += prod(a.size for a in term.axes)
        return self._by_index(present), whole

    def _by_index(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values over the equation's axes as an array over the entries."""
        names = [a.name for a in self._equation.axes]
        order = [names.index(a) for affine in self._equation.target.index for a in affine.axes]
        return values.transpose(order).reshape(self._shape)

    # --- what the numbers say -------------------------------------------------------------------------------------

    def _from_numbers(self) -> Iterator[tuple[str, Index]]:
        """The largest, and what happens at kinks: of that the one at which most arrives from E."""
        if self._numbers is None:
            return
        largest, reason = self._gradient, "gradient"
        if largest is None:
            largest, reason = self._numbers.arrays[self._equation.target.tensor], "value"
        largest = np.abs(largest)
        if len(self._equation.terms) == 1:
            [term] = self._equation.terms
            for kind, mask in (self._ties(term), ("closed", self._closed(term))):
                if mask is not None and mask.any():
                    yield kind, _where(np.where(mask, TINY + self._arriving(term), 0))
                    if kind == "closed":  # beside a closed one an open one
                        largest = np.where(mask, 0, largest)
        if largest.any():
            yield reason, _where(largest)

    @property
    def _gradient(self) -> Array | None:
        return None if self._numbers is None else self._numbers.gradient(self._equation.target.tensor)

    def _arriving(self, term: Term) -> Array:
        """|∂E/∂·| that reaches an entry: of a forward equation that of its target; else of what its products name."""
        if not self._equation.target.tensor.is_adjoint:
            gradient = self._gradient
            return np.zeros(self._shape) if gradient is None else np.abs(gradient)
        above = [f for f in term.factors if isinstance(f, Access) and f.tensor.is_adjoint]
        points = self._points(term)
        reached = np.zeros(1)
        for access in above:
            values, there = self._values(points, access)
            reached = reached + np.where(there, np.abs(values), 0)
        return self._collected(np.broadcast_to(reached, points.shape), term)

    def _ties(self, term: Term) -> tuple[str, Mask | None]:
        """Where several candidates reach the maximum; where one does so too late, and what arrives goes to another."""
        points = self._points(term)
        if self._equation.reduce == "max":
            [candidate, *others] = term.factors
            if others or not isinstance(candidate, Access):
                return "tie", None
            values, there = self._values(points, candidate)
            values = np.where(there, values, -np.inf)
            summed = tuple(range(len(self._equation.axes), len(points.axes)))
            largest = values.max(axis=summed, keepdims=True)
            reach = self._collected((values == largest).astype(np.int64), term) > 1
            nonzero = reach & (self._collected((values == largest) * (values != 0), term) > 1)
            return "tie", nonzero if nonzero.any() else reach  # zeros behind a rectifier are everywhere
        selected = [f for f in term.factors if isinstance(f, Wins)]
        if not selected:
            return "late", None
        [atom] = selected
        cell, largest = atom.solved
        (values, there), (maximum, inside) = self._values(points, cell), self._values(points, largest)
        reaches = there & inside & (values == maximum)
        above = [self._values(points, f)[0] for f in term.factors if isinstance(f, Access)]
        passed = self._collected(np.broadcast_to(np.where(reaches, prod(above), 0.0), points.shape), term)
        gradient = self._gradient
        return "late", None if gradient is None else (passed != 0) & (gradient == 0)

    def _closed(self, term: Term) -> Mask | None:
        """Where the argument of a kink, or the output that stands for it, is not above 0."""
        arguments = [
            call.args[0]
            for factor in term.factors
            for call in factor.atoms(*_KINKS)
            if isinstance(call.args[0], Access)
        ]
        if not arguments or term.axes:
            return None
        values, there = self._values(self._points(term), arguments[0])
        shape = [a.size for a in self._equation.axes]
        return self._by_index(np.broadcast_to(there & (values <= 0), shape))

    def _points(self, term: Term) -> Points:
        return _points((*self._equation.axes, *term.axes))

    def _values(self, points: Points, access: Access) -> tuple[Array, Mask]:
        assert self._numbers is not None
        places, there = points.places(access)
        return self._numbers.arrays[access.tensor].ravel()[places], there

    def _collected(self, values: Array, term: Term) -> Array:
        whole = np.broadcast_to(values, [a.size for a in (*self._equation.axes, *term.axes)])
        return self._by_index(whole.sum(axis=tuple(range(len(self._equation.axes), whole.ndim))))


#: Functions with a kink, and the gates that are their slopes.
_KINKS = (gate, *(leaf.function for leaf in LEAVES if leaf.takes_one and leaf.has_kink))


def _points(axes: Sequence[Axis]) -> Points:
    shapes = ([-1 if m == n else 1 for m in range(len(axes))] for n in range(len(axes)))
    return Points(axes, {a.name: np.arange(a.size).reshape(shape) for a, shape in zip(axes, shapes, strict=True)})


def _all_accesses(equation: Equation) -> Iterator[Access]:
    yield equation.target
    for term in equation.terms:
        for factor in term.factors:
            yield from _accesses(factor)


def _accesses(factor: Expr) -> Iterator[Access]:
    yield from factor.atoms(Access)
    for atom in factor.atoms(Wins):
        yield from atom.solved


def _there(points: Points, factor: Expr, is_maximum: bool) -> Mask:
    """Where a factor lies inside; a cell outside that counts as a number takes part in a maximum, but in no sum."""
    there: Mask = np.ones((1,) * len(points.axes), dtype=bool)
    for access in factor.atoms(Access):
        if access.outside is None or (not is_maximum and access.outside == 0):
            there = there & _inside(points, access)
    for atom in factor.atoms(Wins):
        bound, whole = points.bound(atom.bound)
        there = there & whole & _inside(bound, atom.largest)
        if atom.cell.outside is None:
            there = there & _inside(bound, atom.cell)
    return there


def _inside(points: Points, access: Access) -> Mask:
    """The same as ``Points.places`` finds, without the axes along which nothing changes."""
    there: Mask = np.ones((1,) * len(points.axes), dtype=bool)
    for affine, size in zip(access.index, access.tensor.shape, strict=True):
        value, whole = points.affine(affine)
        inside: Mask = whole & (value >= 0) & (value < size)
        if not inside.all():
            there = there & inside
    return there


def _where(values: NDArray[Any]) -> Index:
    """The first place of the largest value."""
    return tuple(int(n) for n in np.unravel_index(int(np.argmax(values)), values.shape))
