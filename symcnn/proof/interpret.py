"""Interpreter of index-notation equations: each at all its points at once, in any arithmetic.

    ū[m(a, b)] += t̄[a]·φ      every factor is an array over the axes a, b; their product is added up at the places m

No printer and no scalar graph takes part, so a network of any size is cheap. Values have a leading axis (points or
samples). Dual numbers go forward in the same pass: D(target) follows from the equation by the product rule and the
slopes in the leaves' records, without ``diff`` and without adjoints.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Rational

from symcnn.proof.arithmetic import ArrayArithmetic, Dual
from symcnn.proof.verdict import UndecidableError
from symcnn.symbolic import LEAF, Access, Affine, Axis, Equation, Leaf, Tensor, Term, Wins, Y, Z, gate

Numbers = NDArray[Any]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Entries of one array over an equation's points; more points are taken piece by piece.
CHUNK = 1 << 20


class Points:
    """The points of an equation's axes: each axis an array that broadcasts against the others, in their order."""

    def __init__(self, axes: Sequence[Axis], at: Mapping[str, Places]) -> None:
        self.axes, self.at = tuple(axes), dict(at)
        self.shape = np.broadcast_shapes((1,) * len(self.axes), *(v.shape for v in self.at.values()))

    def affine(self, affine: Affine) -> tuple[Places, Mask]:
        """Return an index at every point, and where it is whole."""
        value = sum((c * self.at[a] for a, c in affine.coefficients), self._zeros() + affine.offset)
        return value // affine.divisor, value % affine.divisor == 0

    def places(self, access: Access) -> tuple[Places, Mask]:
        """Return the flat place of an access at every point, and where it has one (elsewhere the place is 0)."""
        flat, there = self._zeros(), self._zeros() == 0
        for affine, size in zip(access.index, access.tensor.shape, strict=True):
            value, whole = self.affine(affine)
            flat = flat * size + value
            there = there & whole & (value >= 0) & (value < size)
        return np.where(there, flat, 0), there

    def position(self, window: Sequence[Axis]) -> Places:
        """Return the place in a window, its cells counted in order."""
        return reduce(lambda place, axis: place * axis.size + self.at[axis.name], window, self._zeros())

    def moved(self, places: Mapping[str, int]) -> "Points":
        """Return the points with some axes at one place."""
        return Points(self.axes, {**self.at, **{a: self._zeros() + n for a, n in places.items()}})

    def bound(self, axes: Sequence[tuple[str, Affine]]) -> tuple["Points", Mask]:
        """Return the points with further axes as functions of the others, and where these are whole."""
        points, there = self, self._zeros() == 0
        for name, affine in axes:
            value, whole = points.affine(affine)
            points, there = Points(points.axes, {**points.at, name: value}), there & whole
        return points, there

    def _zeros(self) -> Places:
        return np.zeros((1,) * len(self.axes), dtype=np.int64)


def pieces(axes: Sequence[Axis], copies: int) -> Iterator[Points]:
    """Yield all points of the axes; where they are many, piece by piece along the longest axis."""
    longest = max(axes, key=lambda a: a.size, default=Axis("", 1))
    count = copies * math.prod(a.size for a in axes)
    step = max(1, longest.size * CHUNK // count)
    for start in range(0, longest.size, step):
        at = {}
        for n, axis in enumerate(axes):
            line = np.arange(start, min(start + step, axis.size)) if axis == longest else np.arange(axis.size)
            at[axis.name] = line.reshape([-1 if m == n else 1 for m in range(len(axes))])
        yield Points(axes, at)


#: The one direction in which dual numbers move.
DIRECTION = "v"


class Interpreter:
    """Evaluates equations.

    Args:
        inputs: tensor -> (points, entries): parameters, image, targets.
        slopes: the same: the direction of the dual numbers; that of a computed tensor is added to its own slopes.
    """

    def __init__(
        self,
        arithmetic: ArrayArithmetic,
        inputs: Mapping[Tensor, Numbers],
        slopes: Mapping[Tensor, Numbers] | None = None,
    ) -> None:
        self.arithmetic = arithmetic
        self.values, self.slopes = dict(inputs), {t: s for t, s in (slopes or {}).items() if t in inputs}
        self._moves = {tensor: slope for tensor, slope in (slopes or {}).items() if tensor not in inputs}
        self.points = len(next(iter(inputs.values())))

    def run(self, equations: Sequence[Equation]) -> None:
        """Evaluate equations in order; a tensor to which several add is complete after the last of them.

        Raises:
            UndecidableError: an equation has a form without a rule.
        """
        started: set[Tensor] = set()
        last = {equation.target.tensor: equation for equation in equations}
        for equation in equations:
            tensor = equation.target.tensor
            if tensor not in started:
                self.values[tensor] = self._start(tensor)
                started.add(tensor)
            if equation.reduce == "max":
                self._largest(equation)
            else:
                self._sum(equation, equation.terms)
            if tensor in self._moves and equation is last[tensor]:
                slope, move = self.slopes.get(tensor), self._moves.pop(tensor)
                self.slopes[tensor] = move if slope is None else self.arithmetic.plus(slope, move)

    def value(self, tensor: Tensor) -> Numbers:
        """Return a tensor's values, (points, entries); zero where no equation has set them."""
        if tensor not in self.values:
            self.values[tensor] = self._start(tensor)
            if tensor.role == "constant":
                self.values[tensor] += np.array([self.arithmetic.number(v) for v in tensor.values])
        return self.values[tensor]

    def _start(self, tensor: Tensor, value: float = 0) -> Numbers:
        return np.full((self.points, tensor.size), value, dtype=self.arithmetic.dtype)

    def _sum(self, equation: Equation, terms: Sequence[Term], slopes_only: bool = False) -> None:
        for term in terms:
            for points in pieces((*equation.axes, *term.axes), self.points):
                here = _Here(self, points, equation)
                total = here.product(term)
                if not slopes_only:
                    self._scatter(self.values[equation.target.tensor], equation.target, here, total.value)
                if DIRECTION in total.slopes:
                    if equation.target.tensor not in self.slopes:
                        self.slopes[equation.target.tensor] = self._start(equation.target.tensor)
                    self._scatter(self.slopes[equation.target.tensor], equation.target, here, total.slopes[DIRECTION])

    def _largest(self, equation: Equation) -> None:
        """Evaluate max = Σ [candidate is the first to reach it]·candidate, symbolically where numbers have no order."""
        (term, *others), (candidate, *factors) = equation.terms, equation.terms[0].factors
        if others or factors or term.coefficient != 1 or not isinstance(candidate, Access):
            raise UndecidableError(f"the maximum of {term}: expected plain entries")
        chosen = Term((Wins(candidate, equation.target, term.axes), candidate), term.axes)
        if self.arithmetic.has_order:
            target = self.values[equation.target.tensor] = self._start(equation.target.tensor, -np.inf)
            for points in pieces((*equation.axes, *term.axes), self.points):
                here = _Here(self, points, equation)
                values = here.product(term).value
                places, there = here.points.places(equation.target)
                largest = np.where(here.present, values, -np.inf)
                axes = self._collected(places, here)
                largest = np.max(np.broadcast_to(largest, (self.points, *here.points.shape)), axis=axes, keepdims=True)
                for row, numbers in zip(target, largest, strict=True):
                    np.maximum.at(row, places[there], numbers[there])
        self._sum(equation, (chosen,), slopes_only=self.arithmetic.has_order)

    def _scatter(self, into: Numbers, target: Access, here: "_Here", values: Any) -> None:
        places, there = here.points.places(target)
        whole = np.broadcast_to(values, (self.points, *here.points.shape))
        axes = self._collected(places, here)
        if axes:
            whole = self.arithmetic.total(whole, axes, keepdims=True)
        self.arithmetic.scatter(into, places[there], whole[:, there])

    def _collected(self, places: Numbers, here: "_Here") -> tuple[int, ...]:
        """Return the axes over which a target only collects."""
        return tuple(n + 1 for n, size in enumerate(places.shape) if size == 1 and here.points.shape[n] > 1)


@dataclass
class _Here:
    """Expressions at some points of one equation."""

    interpreter: Interpreter
    points: Points
    equation: Equation
    present: Mask = field(default_factory=lambda: np.array(True))
    #: The argument and the value of the leaf whose slope is evaluated.
    leaf: Mapping[Expr, Any] = field(default_factory=dict)

    @property
    def _arithmetic(self) -> ArrayArithmetic:
        return self.interpreter.arithmetic

    def product(self, term: Term) -> Dual:
        """Return ``coefficient · Π factors``, zero where a factor is absent."""
        total = self._arithmetic.dual_product([self.dual(f) for f in term.factors])
        if term.coefficient != 1:
            total = self._arithmetic.dual_product([Dual(self._arithmetic.number(term.coefficient)), total])
        return Dual(self._if_present(total.value), {d: self._if_present(s) for d, s in total.slopes.items()})

    def _if_present(self, values: Any) -> Any:
        return values if self.present.all() else np.where(self.present, values, self._arithmetic.number(Rational(0)))

    def dual(self, e: Expr) -> Dual:
        """Return value and slope of an expression in accesses."""
        if e in self.leaf:
            return Dual(self.leaf[e])
        if isinstance(e, Access):
            return self._access(e)
        if isinstance(e, Wins):
            return Dual(self._selected(e))
        if e.is_Rational:
            return Dual(self._arithmetic.number(e))
        if e.is_Add:
            return self._arithmetic.dual_sum([self.dual(a) for a in e.args])
        if e.is_Mul:
            return self._arithmetic.dual_product([self.dual(a) for a in e.args])
        if e.is_Pow and e.exp.is_Integer:
            return self._arithmetic.dual_power(self.dual(e.base), int(e.exp))
        if isinstance(e, gate):
            return self._between(self._opened(e.args[0]), *map(self.dual, e.args[1:]))
        leaf = LEAF.get(e.func)
        if leaf is None or not leaf.takes_one:
            raise UndecidableError(f"{e.func.__name__} has no rule here")
        if leaf.sides and not self._is_alone(e):
            raise UndecidableError(f"{leaf.name} inside a larger expression: expected an equation of its own")
        z = self.dual(e.args[0])
        if leaf.is_linear:
            return self._arithmetic.dual_product([self._slope(leaf, z.value, None), z])
        y = self._arithmetic.leaf(e.func, z.value)
        return self._arithmetic.chain(y, self._slope(leaf, z.value, y).value, z) if z.slopes else Dual(y)

    def _is_alone(self, call: Expr) -> bool:
        """Is it an equation's right side? Then an adjoint names its gate by the target's entry."""
        return len(self.equation.terms) == 1 and self.equation.terms[0].factors == (call,)

    def _slope(self, leaf: Leaf, z: Any, y: Any) -> Dual:
        return replace(self, leaf={Z: z, Y: y}).dual(leaf.slope)

    def _access(self, access: Access) -> Dual:
        places, there = self.points.places(access)
        value = self.interpreter.value(access.tensor)[:, places]
        slopes = self.interpreter.slopes.get(access.tensor)
        slope = None if slopes is None else slopes[:, places]
        if not there.all():
            if access.outside is None:
                self.present = self.present & there
            value = np.where(there, value, self._arithmetic.number(access.outside or Rational(0)))
            slope = None if slope is None else np.where(there, slope, self._arithmetic.number(Rational(0)))
        return Dual(value, {} if slope is None else {DIRECTION: slope})

    def _opened(self, output: Expr) -> Any:
        """Return 1 where an output, and so its argument, is above 0."""
        if output in self.leaf:
            if self._arithmetic.has_order:
                return self._arithmetic.above(self.leaf[Z])
            output = self.equation.target
        if not isinstance(output, Access):
            raise UndecidableError(f"a gate of {output}: expected a plain entry")
        if self._arithmetic.has_order:
            return self._arithmetic.above(self._access(output).value)
        places, _ = self.points.places(output)
        return self._arithmetic.symbol("gate", (output.tensor,), (places,))

    def _between(self, opened: Any, above: Dual, below: Dual) -> Dual:
        """Return below + opened·(above - below)."""
        a = self._arithmetic
        minus = Dual(a.number(Rational(-1)))
        difference = a.dual_sum([above, a.dual_product([minus, below])])
        return a.dual_sum([below, a.dual_product([Dual(opened), difference])])

    def _selected(self, atom: Wins) -> Any:
        """Return 1 where a candidate is the first to reach the maximum."""
        points, whole = self.points.bound(atom.bound)
        cells, cell_there = points.places(atom.cell)
        maxima, largest_there = points.places(atom.largest)
        there = whole & largest_there & (cell_there if atom.cell.outside is None else True)
        self.present = self.present & there
        position = points.position(atom.window)
        if not self._arithmetic.has_order:
            padding = np.where(cell_there, cells, -1)
            return self._arithmetic.symbol(
                "first", (atom.cell.tensor, atom.largest.tensor), (padding, maxima, position)
            )
        return self._first(atom, points, position)

    def _first(self, atom: Wins, points: Points, position: Numbers) -> Numbers:
        largest = _Here(self.interpreter, points, self.equation)._access(atom.largest).value
        winner = np.full(np.broadcast_shapes(largest.shape), -1)
        names = [axis.name for axis in atom.window]
        for n, candidate in enumerate(np.ndindex(*(axis.size for axis in atom.window))):
            other = _Here(self.interpreter, points.moved(dict(zip(names, candidate, strict=True))), self.equation)
            reaches = (other._access(atom.cell).value == largest) & other.present
            winner = np.where(reaches & (winner < 0), n, winner)
        return np.asarray(winner == position, dtype=self._arithmetic.dtype)
