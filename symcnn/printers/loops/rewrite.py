"""Equations rewritten into equations that cost less and mean the same; each rewriting is a function of its own.

First relu moves behind a maximum (``printers/rewriting.py``). Then, of the adjoints:

seeded           dE_do[k] += -t[k]           ->  dE_do[k] += seed·-t[k]: 1, or 0 for a lane that is only filled up
with_winners     [a[2r + u] reaches p[r]]    ->  [p_winner[r] is u]: the maximum keeps its first winner's number
put_in_readers   dE_dx[2r + u] += dE_dp[r]·[p_winner[r] is u], read as dE_dx[r] elsewhere: its right side stands
                 in its readers, with r -> 2r + u, and dE_dx is not stored
without_windows  dE_db += dE_dp[r]·[p_winner[r] is u] for every u  ->  dE_db += dE_dp[r]: one of a window wins
needed, useful   forward: what neither E nor the outputs depend on is left out; adjoints: what no gradient depends on
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from sympy import Expr

from symcnn.derivation.reverse import reverse
from symcnn.printers.rewriting import functions_behind
from symcnn.symbolic import Access, Affine, Axis, Equation, RecordAtom, Tensor, Wins

#: ∂E/∂E of a lane.
SEED = Tensor("seed", (), (("seed", 0),))


class Won(RecordAtom):
    """1 where a maximum's winner, kept in ``winner``, has this number in its window, 0 elsewhere: an atom of SymPy."""

    __slots__ = ("number", "winner")

    winner: Access
    number: Affine

    def __new__(cls, winner: Access, number: Affine) -> "Won":
        return cls._of(winner, number)

    def _sympystr(self, printer: object) -> str:
        return f"[{self.winner} is {self.number}]"

    def put_in(self, axis: str, value: Affine) -> "Won":
        return Won(self.winner.put_in(axis, value), self.number.put_in(axis, value))


def rewritten(
    forward: Sequence[Equation], data: Sequence[Tensor], outputs: Tensor
) -> tuple[tuple[Equation, ...], tuple[Equation, ...]]:
    """Forward and adjoint equations, rewritten; ``data``: tensors that nobody differentiates by."""
    forward = functions_behind(forward)
    backward = useful(without_windows(put_in_readers(with_winners(seeded(reverse(forward, data))))))
    return needed(forward, backward, outputs), backward


# --- the rewritings -------------------------------------------------------------------------------------------------


def seeded(adjoints: Sequence[Equation]) -> tuple[Equation, ...]:
    """∂E/∂E, which the derivation leaves out because it is 1, as a factor."""
    seed = Access(SEED, ())

    def begins(equation: Equation) -> bool:
        return not any(a.tensor.is_adjoint for a in accesses(equation))

    return tuple(
        replace(e, terms=tuple(replace(t, factors=(seed, *t.factors)) for t in e.terms)) if begins(e) else e
        for e in adjoints
    )


def with_winners(adjoints: Sequence[Equation]) -> tuple[Equation, ...]:
    """Comparisons with a maximum become comparisons of its winner's number."""
    return tuple(
        replace(e, terms=tuple(replace(t, factors=tuple(map(_won, t.factors))) for t in e.terms)) for e in adjoints
    )


def put_in_readers(adjoints: Sequence[Equation]) -> tuple[Equation, ...]:
    """An adjoint that only passes on to winners, each cell from one window, stands in its readers instead."""
    found = list(adjoints)
    for equation in adjoints:
        (term,) = equation.terms
        tensor = equation.target.tensor
        alone = sum(e.target.tensor == tensor for e in found) == 1
        readers = _readers(tensor, found)
        if (
            alone and equation.target.tensor.role == "adjoint" and any(f.has(Won) for f in term.factors)
            and is_one_to_one(equation.target, equation) and all(_reads_plainly(e, tensor) for e in readers)
        ):  # fmt: skip
            current = next(e for e in found if e.target.tensor == tensor)
            found = [_with(e, current) if e in readers else e for e in found if e is not current]
    return tuple(found)


def without_windows(adjoints: Sequence[Equation]) -> tuple[Equation, ...]:
    """Where nothing else depends on a candidate's place, the sum over the window is what its one winner gets."""
    return tuple(map(_without_windows, adjoints))


def needed(forward: Sequence[Equation], backward: Sequence[Equation], outputs: Tensor) -> tuple[Equation, ...]:
    """Forward equations that E, the outputs or an adjoint depend on."""
    wanted = {a.tensor for e in backward for a in accesses(e)} | {forward[-1].target.tensor, outputs}
    found: list[Equation] = []
    for equation in reversed(forward):
        if equation.target.tensor in wanted or winner_of(equation.target).tensor in wanted:
            found.append(equation)
            wanted |= {a.tensor for a in accesses(equation)}
    return tuple(reversed(found))


def useful(backward: Sequence[Equation]) -> tuple[Equation, ...]:
    """Adjoints that some gradient depends on."""
    wanted: set[Tensor] = set()
    found: list[Equation] = []
    for equation in reversed(backward):
        if equation.target.tensor.role == "gradient" or equation.target.tensor in wanted:
            found.append(equation)
            wanted |= {a.tensor for a in accesses(equation)}
    return tuple(reversed(found))


# --- what they ask --------------------------------------------------------------------------------------------------


def accesses(equation: Equation) -> set[Access]:
    """What an equation reads."""
    factors = list(chain.from_iterable(t.factors for t in equation.terms))
    return {a for f in factors for a in reads_of(f)}


def reads_of(factor: Expr) -> set[Access]:
    """Every access in a factor, winners included."""
    return set(factor.atoms(Access)) | {w.winner for w in factor.atoms(Won)}


def winner_of(largest: Access) -> Access:
    """Where a maximum's winner is kept."""
    tensor = largest.tensor
    return Access(Tensor(f"{tensor.name}_winner", tensor.shape, tensor.parts), largest.index)


def number_in(window: Sequence[Axis]) -> Affine:
    """A candidate's number in its window, in row order."""
    pairs, size = [], 1
    for axis in reversed(window):
        pairs.append((axis.name, size))
        size *= axis.size
    return Affine(tuple(reversed(pairs)))


def leaves_range(access: Access, equation: Equation) -> bool:
    """Does an index map go beyond its tensor?"""
    sizes = equation.sizes
    spans = [affine.span(sizes) for affine in access.index]
    return any(low < 0 or high >= n for (low, high), n in zip(spans, access.tensor.shape, strict=True))


def is_one_to_one(access: Access, equation: Equation) -> bool:
    """Does every instance have an entry of its own, inside the tensor?"""
    sizes = equation.sizes
    names = [a for affine in access.index for a, _ in affine.coefficients]
    if sorted(names) != sorted(sizes) or leaves_range(access, equation):
        return False
    for affine in access.index:
        reach = 1
        for a, c in sorted(affine.coefficients, key=lambda pair: abs(pair[1])):
            if abs(c) < reach:
                return False
            reach = abs(c) * (sizes[a] - 1) + reach
    return True


def _readers(tensor: Tensor, equations: Sequence[Equation]) -> list[Equation]:
    return [e for e in equations if any(a.tensor == tensor for a in accesses(e))]


def _without_windows(equation: Equation) -> Equation:
    (term,) = equation.terms
    for won in [f for f in term.factors if isinstance(f, Won)]:
        others = tuple(f for f in term.factors if f is not won)
        window = {a for a, _ in won.number.coefficients}
        maps = [equation.target.index, won.winner.index, *(a.index for f in others for a in reads_of(f))]
        maps += [(f.number,) for f in others if isinstance(f, Won)]
        if not window & {a for index in maps for affine in index for a, _ in affine.coefficients}:
            term = replace(term, factors=others)
            axes = tuple(a for a in equation.axes if a.name not in window)
            equation = replace(equation, axes=axes, terms=(term,))
    return equation


def _won(factor: Expr) -> Expr:
    if isinstance(factor, Wins):
        return Won(winner_of(factor.largest), number_in(factor.window))
    return factor


def _reads_plainly(equation: Equation, tensor: Tensor) -> bool:
    """Once, as a factor, at axes of its own: ``dE_dx[k, r, c]``."""
    (term,) = equation.terms
    found = [f for f in term.factors if isinstance(f, Access) and f.tensor == tensor]
    if len(found) != 1 or sum(a.tensor == tensor for f in term.factors for a in reads_of(f)) != 1:
        return False
    names = [a for affine in found[0].index for a, _ in affine.coefficients]
    return len(set(names)) == len(names) == len(found[0].index) and all(
        affine == Affine(((a, 1),)) for affine, a in zip(found[0].index, names, strict=True)
    )


def _with(reader: Equation, stated: Equation) -> Equation:
    """The reader with ``stated``'s right side in the place of its target, at every instance of both."""
    (term,) = reader.terms
    (read,) = (f for f in term.factors if isinstance(f, Access) and f.tensor == stated.target.tensor)
    gone = [affine.coefficients[0][0] for affine in read.index]
    crossing = any(
        other != axis and other in gone
        for axis, affine in zip(gone, stated.target.index, strict=True)
        for other, _ in affine.coefficients
    )
    stated = renamed(stated, {a.name for a in reader.axes if crossing or a.name not in gone})
    (inner,) = stated.terms
    target, factors = reader.target, tuple(f for f in term.factors if f is not read)
    for axis, value in zip(gone, stated.target.index, strict=True):
        target = target.put_in(axis, value)
        factors = tuple(put_in(f, axis, value) for f in factors)
    axes = (*stated.axes, *(a for a in reader.axes if a.name not in gone))
    coefficient = term.coefficient * inner.coefficient
    whole = replace(term, factors=(*inner.factors, *factors), coefficient=coefficient)
    return replace(reader, target=target, axes=axes, terms=(whole,))


def renamed(equation: Equation, taken: set[str]) -> Equation:
    """The same with axes whose names nobody has taken."""
    own = equation.sizes
    for name, size in own.items():
        if name in taken:
            fresh = name.upper()
            while fresh in taken or fresh in own:
                fresh += "_"
            equation = _renamed(equation, name, Axis(fresh, size))
    return equation


def _renamed(equation: Equation, old: str, new: Axis) -> Equation:
    value = Affine(((new.name, 1),))

    def named(axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
        return tuple(new if a.name == old else a for a in axes)

    terms = tuple(
        replace(t, factors=tuple(put_in(f, old, value) for f in t.factors), axes=named(t.axes)) for t in equation.terms
    )
    return replace(equation, target=equation.target.put_in(old, value), axes=named(equation.axes), terms=terms)


def put_in(factor: Expr, axis: str, value: Affine) -> Expr:
    """A factor with an axis replaced."""
    return factor.xreplace({a: a.put_in(axis, value) for a in factor.atoms(Access, Won)})
