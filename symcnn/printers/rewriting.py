"""Forward equations rewritten so that a program has less to do; E stays what it is.

    unused      a quantity that E does not depend on is left out (probabilities that are only displayed)
    behind      max_w φ(x[w]) = φ(max_w x[w]) where φ never falls (relu): φ of fewer cells, ties included
                max_w (x[w] + b) = (max_w x[w]) + b where b does not depend on w (a convolution's bias)
    by window   a sum that only a maximum over disjoint windows reads is computed window by window,
                x[k, 2r + u, 2c + v] as x[k, u, v, r, c]: each candidate of the maximum is a block of memory

The adjoints are derived from the rewritten equations. Both programs agree up to rounding: where adding b makes two
candidates equal that were not, the larger one wins here, the first one otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from symcnn.symbolic import LEAVES, Access, Affine, Axis, Equation, Tensor, Term
from symcnn.symbolic.leaves import Function

#: Functions that may be taken of the largest value instead of all.
MONOTONE: tuple[Function, ...] = tuple(leaf.function for leaf in LEAVES if leaf.moves_behind_maximum)

#: Returns the equations that replace the two of a pooling, or None where it does not apply.
Rule = Callable[["_Pooling"], tuple[Equation, ...] | None]


def rewritten(forward: Sequence[Equation], outputs: Tensor | None = None) -> tuple[Equation, ...]:
    """Equations with the same E (the target of the last one) and outputs: all rules above."""
    return _apply(used(forward, outputs), (_function_behind, _terms_behind), _by_window)


def functions_behind(forward: Sequence[Equation]) -> tuple[Equation, ...]:
    """The equations with functions, and nothing else, moved behind maxima."""
    return _apply(forward, (_function_behind,), None)


def _apply(forward: Sequence[Equation], rules: Sequence[Rule], last: Rule | None) -> tuple[Equation, ...]:
    """Apply the rules at every maximum as long as one applies, and then the last one."""
    equations = list(forward)
    for largest in [e.target.tensor for e in equations if e.reduce == "max" and not e.constant]:
        while (pooling := _pooling(equations, largest)) is not None:
            new = next((result for rule in rules if (result := rule(pooling)) is not None), None)
            if new is None:
                if last is not None and (new := last(pooling)) is not None:
                    equations = pooling.replaced(equations, new)
                break
            equations = pooling.replaced(equations, new)
            (largest,) = (e.target.tensor for e in new if e.reduce == "max")
    return tuple(equations)


def used(equations: Sequence[Equation], outputs: Tensor | None = None) -> list[Equation]:
    """The equations that the last one, or the outputs, depend on."""
    wanted = {equations[-1].target.tensor, outputs}
    kept = []
    for equation in reversed(equations):
        if equation.target.tensor in wanted:
            wanted |= _inputs(equation)
            kept.append(equation)
    return kept[::-1]


@dataclass(frozen=True)
class _Pooling:
    """The equation of a maximum, and that of its cells, which nothing else reads.

    Attributes:
        cell: the candidates of the maximum.
    """

    maximum: Equation
    cell: Access
    cells: Equation

    @property
    def window(self) -> tuple[Axis, ...]:
        return self.maximum.terms[0].axes

    @cached_property
    def values(self) -> dict[str, Affine]:
        """Axis of the cells' equation -> its value in the maximum."""
        return dict(zip(self.cells.target.axes, self.cell.index, strict=True))

    @cached_property
    def moving(self) -> set[str]:
        """The axes of the cells' equation that differ between the cells of a window."""
        window = {a.name for a in self.window}
        return {a for a, m in self.values.items() if window.intersection(m.axes)}

    @property
    def is_inside(self) -> bool:
        """Is every cell of a window a cell of the tensor?"""
        return not any(map(any, self.cell.borders(self.maximum.sizes)))

    @property
    def is_padded(self) -> bool:
        """Does a number from outside the tensor take part in the maximum?"""
        return self.cell.outside is not None and not self.is_inside

    def maximum_of(self, tensor: Tensor) -> Equation:
        """The maximum of another tensor over the same windows, in a tensor of its own."""
        target = self.maximum.target
        largest = Access(_tensor(f"largest_{tensor.name}", target.tensor.shape), target.index)
        cell = Access(tensor, self.cell.index, self.cell.outside)
        return Equation(largest, self.maximum.axes, (Term((cell,), self.window),), "max")

    def sum_of(self, *terms: Term) -> Equation:
        """The maximum's tensor as a sum of terms."""
        return Equation(self.maximum.target, self.maximum.axes, terms)

    def replaced(self, equations: Sequence[Equation], new: Sequence[Equation]) -> list[Equation]:
        """The equations with ``new`` in the place of these two."""
        replacement = {id(self.maximum): new, id(self.cells): ()}
        return [e for equation in equations for e in replacement.get(id(equation), (equation,))]


def _pooling(equations: Sequence[Equation], largest: Tensor) -> _Pooling | None:
    by_target = {e.target.tensor: e for e in equations}
    (cell,) = by_target[largest].terms[0].factors
    if not isinstance(cell, Access) or cell.tensor not in by_target:
        return None
    cells = by_target[cell.tensor]
    is_only_reader = sum(cell.tensor in _inputs(e) for e in equations) == 1
    is_plain = all(m.is_axis for m in cells.target.index)
    if not is_only_reader or not is_plain or cells.reduce != "sum" or cells.constant:
        return None
    return _Pooling(by_target[largest], cell, cells)


# --- behind the maximum ---------------------------------------------------------------------------------------------


def _function_behind(pooling: _Pooling) -> tuple[Equation, ...] | None:
    """x = φ(y), p = max x   ->   m = max y, p = φ(m)"""
    first, *others = pooling.cells.terms
    (call, *more) = first.factors
    is_one_call = not (others or more or first.axes) and first.coefficient == 1 and isinstance(call, MONOTONE)
    if not is_one_call or pooling.is_padded:
        return None
    (argument,) = call.args
    if not isinstance(argument, Access) or argument.index != pooling.cells.target.index:
        return None
    largest = pooling.maximum_of(argument.tensor)
    return largest, pooling.sum_of(Term((call.func(largest.target),)))


def _terms_behind(pooling: _Pooling) -> tuple[Equation, ...] | None:
    """x = y + b, p = max x   ->   y, m = max y, p = m + b"""
    cells = pooling.cells
    fixed = [t for t in cells.terms if not _axes_of(t) & pooling.moving]
    kept = tuple(t for t in cells.terms if t not in fixed)
    if not fixed or not kept or pooling.is_padded:
        return None
    tensor = cells.target.tensor
    summed = Access(_tensor(f"sum_{tensor.name}", tensor.shape), cells.target.index)
    largest = pooling.maximum_of(summed.tensor)
    moved = [_substitute(t, pooling.values) for t in fixed]
    return replace(cells, target=summed, terms=kept), largest, pooling.sum_of(Term((largest.target,)), *moved)


# --- window by window -----------------------------------------------------------------------------------------------


def _by_window(pooling: _Pooling) -> tuple[Equation, ...] | None:
    """The two equations with an axis for each place in a window."""
    axis_of = {a.name: a for a in (*pooling.maximum.axes, *pooling.window)}
    summed = {a.name for t in pooling.cells.terms for a in t.axes}
    if summed & axis_of.keys() or not _is_disjoint(pooling) or not _reads_windows(pooling):
        return None
    places = [m.axes[0] for a, m in pooling.values.items() if a in pooling.moving]
    fixed = [m.axes[0] for a, m in pooling.values.items() if a not in pooling.moving]
    axes = tuple(axis_of[a] for a in (*fixed, *(w.name for w in pooling.window), *places))
    tensor = _tensor(pooling.cell.tensor.name, tuple(a.size for a in axes))
    cell = Access(tensor, tuple(a.index for a in axes))
    terms = tuple(_substitute(t, pooling.values) for t in pooling.cells.terms)
    return Equation(cell, axes, terms), replace(pooling.maximum, terms=(Term((cell,), pooling.window),))


def _is_disjoint(pooling: _Pooling) -> bool:
    """Does every cell belong to one window at most, and every cell of a window to the tensor?"""
    sizes = pooling.maximum.sizes
    window = {a.name for a in pooling.window}
    for axis, affine in pooling.values.items():
        if axis not in pooling.moving:
            if not affine.is_axis:
                return False
            continue
        steps = sorted(affine.coefficients, key=lambda pair: pair[0] in window)
        if [a in window for a, _ in steps] != [False, True]:
            return False
        (_, stride), (offset, step) = steps
        if step != 1 or sizes[offset] > stride:
            return False
    return pooling.is_inside


def _reads_windows(pooling: _Pooling) -> bool:
    """Does the sum read windows itself, wherever those of the maximum move? Then another order costs nothing."""
    accesses = (a for t in pooling.cells.terms for f in t.factors for a in f.atoms(Access))
    axes = (affine.axes for access in accesses for affine in access.index)
    return not any(pooling.moving.intersection(names) and len(names) < 2 for names in axes)


# --- pieces ---------------------------------------------------------------------------------------------------------


def _tensor(name: str, shape: tuple[int, ...]) -> Tensor:
    return Tensor(name, shape, ((f"{name}_", len(shape)),))


def _inputs(equation: Equation) -> set[Tensor]:
    return {a.tensor for t in equation.terms for f in t.factors for a in f.atoms(Access)}


def _axes_of(term: Term) -> set[str]:
    return {x for f in term.factors for a in f.atoms(Access) for x in a.axes}


def _substitute(term: Term, values: Mapping[str, Affine]) -> Term:
    """The term with values for the axes of its factors, all at once."""

    def substitute(affine: Affine) -> Affine:
        steps: dict[str, int] = {}
        offset = affine.offset
        for axis, step in affine.coefficients:
            value = values.get(axis, Affine(((axis, 1),)))
            offset += step * value.offset
            for a, c in value.coefficients:
                steps[a] = steps.get(a, 0) + step * c
        return Affine(tuple(steps.items()), offset)

    accesses = {a for f in term.factors for a in f.atoms(Access)}
    new = {a: Access(a.tensor, tuple(map(substitute, a.index)), a.outside) for a in accesses}
    return replace(term, factors=tuple(f.xreplace(new) for f in term.factors))
