"""Forward equations rewritten so that a program has less to do; E stays what it is.

    unused      a quantity that E does not depend on is left out (probabilities that are only shown)
    behind      max_w φ(x[w]) = φ(max_w x[w]) where φ never falls (relu): φ of fewer cells, ties included
                max_w (x[w] + b) = (max_w x[w]) + b where b does not depend on w (a convolution's bias)
    by window   a sum that only a maximum over disjoint windows reads is stated window by window,
                x[k, 2r + u, 2c + v] as x[k, u, v, r, c]: each candidate of the maximum is a block of memory

The adjoints of what comes out are derived from it as ever. It says the same up to rounding: where adding b makes two
candidates equal that were not, the larger one wins here, the first one otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sympy import Expr

from symcnn.symbolic import LEAVES, Access, Affine, Axis, Equation, Tensor, Term
from symcnn.symbolic.leaves import Function

#: Functions that may be taken of the largest value instead of all.
MONOTONE: tuple[Function, ...] = tuple(leaf.function for leaf in LEAVES if leaf.moves_behind_maximum)


#: The two equations of a maximum in other equations, or None.
Step = Callable[["_Maximum"], tuple[Equation, ...] | None]


def rewritten(forward: Sequence[Equation], outputs: Tensor | None = None) -> tuple[Equation, ...]:
    """The same E (the target of the last equation), and outputs, in other equations: all of the above."""
    return _at_maxima(used(forward, outputs), (_function_behind, _terms_behind), _by_window)


def functions_behind(forward: Sequence[Equation]) -> tuple[Equation, ...]:
    """Only functions move behind maxima."""
    return _at_maxima(forward, (_function_behind,), None)


def _at_maxima(forward: Sequence[Equation], steps: Sequence[Step], last: Step | None) -> tuple[Equation, ...]:
    """At every maximum the steps as long as one can be made, and then the last one."""
    equations = list(forward)
    for largest in [e.target.tensor for e in equations if e.reduce == "max" and not e.constant]:
        while (found := _reader_of_one(equations, largest)) is not None:
            made = next((after for step in steps if (after := step(found)) is not None), None)
            if made is None:
                if last is not None and (after := last(found)) is not None:
                    equations = found.replaced(equations, after)
                break
            equations = found.replaced(equations, made)
            (largest,) = (e.target.tensor for e in made if e.reduce == "max")
    return tuple(equations)


def used(equations: Sequence[Equation], outputs: Tensor | None = None) -> list[Equation]:
    """Those that the last one, or the outputs, depend on."""
    wanted = {equations[-1].target.tensor, outputs}
    kept = []
    for equation in reversed(equations):
        if equation.target.tensor in wanted:
            wanted |= _read(equation)
            kept.append(equation)
    return kept[::-1]


@dataclass(frozen=True)
class _Maximum:
    """A maximum, and the equation of what it is taken of, where nobody else reads that."""

    equation: Equation
    cell: Access
    stated: Equation

    @property
    def window(self) -> tuple[Axis, ...]:
        return self.equation.terms[0].axes

    @property
    def values(self) -> dict[str, Affine]:
        """The axes of the stated equation, as the maximum goes through them."""
        letters = (m.coefficients[0][0] for m in self.stated.target.index)
        return dict(zip(letters, self.cell.index, strict=True))

    @property
    def moving(self) -> set[str]:
        """Those that differ between the cells of a window."""
        window = {a.name for a in self.window}
        return {a for a, m in self.values.items() if window & {b for b, _ in m.coefficients}}

    def maximum_of(self, tensor: Tensor) -> Equation:
        """The largest of another tensor over the same windows, in a tensor of its own."""
        target = Access(
            _tensor(f"largest_{tensor.name}", self.equation.target.tensor.shape), self.equation.target.index
        )
        cell = Access(tensor, self.cell.index, self.cell.outside)
        return Equation(target, self.equation.axes, (Term((cell,), self.window),), "max")

    def replaced(self, equations: Sequence[Equation], by: Sequence[Equation]) -> list[Equation]:
        """The equations with the two of this maximum replaced."""
        found: list[Equation] = []
        for equation in equations:
            found += by if equation is self.equation else () if equation is self.stated else (equation,)
        return found


def _reader_of_one(equations: Sequence[Equation], largest: Tensor) -> _Maximum | None:
    stated = {e.target.tensor: e for e in equations}
    (cell,) = stated[largest].terms[0].factors
    if not isinstance(cell, Access) or cell.tensor not in stated:
        return None
    source = stated[cell.tensor]
    alone = sum(cell.tensor in _read(e) for e in equations) == 1
    if not alone or source.reduce != "sum" or source.constant or not all(map(_is_axis, source.target.index)):
        return None
    return _Maximum(stated[largest], cell, source)


# --- behind the maximum ---------------------------------------------------------------------------------------------


def _function_behind(found: _Maximum) -> tuple[Equation, ...] | None:
    """x = φ(y), p = max x   ->   (y's maximum) and p = φ of it"""
    first, *others = found.stated.terms
    (call, *more) = first.factors
    if others or more or first.axes or first.coefficient != 1 or not isinstance(call, MONOTONE) or _pads(found):
        return None
    (inner,) = call.args
    if not isinstance(inner, Access) or inner.index != found.stated.target.index:
        return None
    largest = found.maximum_of(inner.tensor)
    return largest, _stating(found.equation, Term((call.func(largest.target),)))


def _terms_behind(found: _Maximum) -> tuple[Equation, ...] | None:
    """x = y + b, p = max x   ->   y, (y's maximum) and p = that + b"""
    still = [t for t in found.stated.terms if not _letters(t) & found.moving]
    kept = tuple(t for t in found.stated.terms if t not in still)
    if not still or not kept or _pads(found):
        return None
    source = found.stated.target
    summed = Access(_tensor(f"sum_{source.tensor.name}", source.tensor.shape), source.index)
    largest = found.maximum_of(summed.tensor)
    moved = [replace(t, factors=_put_in(t, found.values)) for t in still]
    stated = replace(found.stated, target=summed, terms=kept)
    return stated, largest, _stating(found.equation, Term((largest.target,)), *moved)


def _stating(equation: Equation, *terms: Term) -> Equation:
    return Equation(equation.target, equation.axes, terms)


def _pads(found: _Maximum) -> bool:
    """Is there a number that takes part in the maximum without being stated by the equation?"""
    return found.cell.outside is not None and not _is_inside(found)


# --- window by window -----------------------------------------------------------------------------------------------


def _by_window(found: _Maximum) -> tuple[Equation, ...] | None:
    """The same two equations; where it can be, with an axis for each place in a window."""
    own = {a.name for t in found.stated.terms for a in t.axes}
    theirs = {a.name for a in (*found.equation.axes, *found.window)}
    if own & theirs or not _is_disjoint(found) or not _reads_windows(found):
        return None
    sizes = {a.name: a for a in (*found.equation.axes, *found.window)}
    places = [m.coefficients[0][0] for a, m in found.values.items() if a in found.moving]
    fixed = [m.coefficients[0][0] for a, m in found.values.items() if a not in found.moving]
    axes = tuple(sizes[a] for a in (*fixed, *(w.name for w in found.window), *places))
    tensor = _tensor(found.cell.tensor.name, tuple(a.size for a in axes))
    cell = Access(tensor, tuple(Affine(((a.name, 1),)) for a in axes))
    terms = tuple(replace(t, factors=_put_in(t, found.values)) for t in found.stated.terms)
    largest = replace(found.equation, terms=(Term((cell,), found.window),))
    return Equation(cell, axes, terms), largest


def _is_disjoint(found: _Maximum) -> bool:
    """Does every cell belong to one window at most, and every cell of a window to the tensor?"""
    sizes = {a.name: a.size for a in (*found.equation.axes, *found.window)}
    window = {a.name for a in found.window}
    for axis, affine in found.values.items():
        if axis not in found.moving:
            if not _is_axis(affine):
                return False
            continue
        steps = sorted(affine.coefficients, key=lambda pair: pair[0] in window)
        if [a in window for a, _ in steps] != [False, True]:
            return False
        (_, stride), (offset, one) = steps
        if one != 1 or sizes[offset] > stride:
            return False
    return _is_inside(found)


def _is_inside(found: _Maximum) -> bool:
    spans = (m.span(found.equation.sizes) for m in found.cell.index)
    return all(low >= 0 and high < n for (low, high), n in zip(spans, found.cell.tensor.shape, strict=True))


def _reads_windows(found: _Maximum) -> bool:
    """Does the sum read windows itself, wherever those of the maximum move? Then another order costs nothing."""
    for access in (a for t in found.stated.terms for f in t.factors for a in f.atoms(Access)):
        for affine in access.index:
            letters = {a for a, _ in affine.coefficients}
            if letters & found.moving and len(letters) < 2:
                return False
    return True


# --- pieces ---------------------------------------------------------------------------------------------------------


def _tensor(name: str, shape: tuple[int, ...]) -> Tensor:
    return Tensor(name, shape, ((f"{name}_", len(shape)),))


def _read(equation: Equation) -> set[Tensor]:
    return {a.tensor for t in equation.terms for f in t.factors for a in f.atoms(Access)}


def _letters(term: Term) -> set[str]:
    return {x for f in term.factors for a in f.atoms(Access) for m in a.index for x, _ in m.coefficients}


def _is_axis(affine: Affine) -> bool:
    return len(affine.coefficients) == 1 and affine.coefficients[0][1] == 1 and affine.offset == 0


def _put_in(term: Term, values: Mapping[str, Affine]) -> tuple[Expr, ...]:
    """A term's factors with axes replaced, all at once."""
    return tuple(
        f.xreplace({a: Access(a.tensor, tuple(_at(m, values) for m in a.index), a.outside) for a in f.atoms(Access)})
        for f in term.factors
    )


def _at(affine: Affine, values: Mapping[str, Affine]) -> Affine:
    steps: dict[str, int] = {}
    offset = affine.offset
    for axis, step in affine.coefficients:
        value = values.get(axis, Affine(((axis, 1),)))
        offset += step * value.offset
        for a, c in value.coefficients:
            steps[a] = steps.get(a, 0) + step * c
    return Affine(tuple(steps.items()), offset)
