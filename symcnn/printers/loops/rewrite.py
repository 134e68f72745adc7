"""Equations rewritten into equations that cost less and mean the same; each rewriting is a function of its own.

First relu moves behind a maximum (``printers/rewriting.py``). Then, of the adjoints:

seeded           dE_do[k] += -t[k]           ->  dE_do[k] += seed·-t[k]: 1, or 0 for a lane that is only filled up
with_winners     [a[2r + u] reaches p[r]]    ->  [p_winner[r] is u]: the maximum keeps its first winner's number
inlined          dE_dx[2r + u] += dE_dp[r]·[p_winner[r] is u], read as dE_dx[r] elsewhere: its right side stands
                 in the equations that read it, with r -> 2r + u, and dE_dx is not stored
without_windows  dE_db += dE_dp[r]·[p_winner[r] is u] for every u  ->  dE_db += dE_dp[r]: one of a window wins
needed, useful   forward: what neither E nor the outputs depend on is left out; adjoints: what no gradient depends on
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace

from sympy import Expr

from symcnn.derivation.reverse import reverse
from symcnn.printers.rewriting import functions_behind
from symcnn.symbolic import Access, Affine, Axis, Equation, IndexedAtom, Tensor, Wins, substitute

#: ∂E/∂E of a lane.
SEED = Tensor("seed", (), (("seed", 0),))


class WinnerIs(IndexedAtom):
    """1 where a maximum's winner, kept in ``winner``, has this number in its window, 0 elsewhere: an atom of SymPy."""

    __slots__ = ("number", "winner")

    winner: Access
    number: Affine

    def __new__(cls, winner: Access, number: Affine) -> "WinnerIs":
        return cls._of(winner, number)

    def _sympystr(self, printer: object) -> str:
        return f"[{self.winner} is {self.number}]"

    def substitute(self, values: Mapping[str, Affine]) -> "WinnerIs":
        return WinnerIs(self.winner.substitute(values), self.number.substitute(values))


def rewritten(
    forward: Sequence[Equation], data: Sequence[Tensor], outputs: Tensor
) -> tuple[tuple[Equation, ...], tuple[Equation, ...]]:
    """Forward and adjoint equations, rewritten; ``data``: the tensors that E is not differentiated by."""
    forward = functions_behind(forward)
    backward = useful(without_windows(inlined(with_winners(seeded(reverse(forward, data))))))
    return needed(forward, backward, outputs), backward


# --- the rewritings -------------------------------------------------------------------------------------------------


def seeded(adjoints: Sequence[Equation]) -> tuple[Equation, ...]:
    """Write ∂E/∂E, which the derivation leaves out because it is 1, as a factor."""
    seed = Access(SEED, ())
    return tuple(
        e if any(a.tensor.is_adjoint for a in accesses(e)) else _map_factors(e, lambda factors: (seed, *factors))
        for e in adjoints
    )


def with_winners(adjoints: Sequence[Equation]) -> tuple[Equation, ...]:
    """Replace comparisons with a maximum by comparisons of its winner's number."""

    def replaced(factor: Expr) -> Expr:
        if isinstance(factor, Wins):
            return WinnerIs(winner_of(factor.largest), number_in(factor.window))
        return factor

    return tuple(_map_factors(e, lambda factors: tuple(map(replaced, factors))) for e in adjoints)


def inlined(adjoints: Sequence[Equation]) -> tuple[Equation, ...]:
    """Inline an adjoint that only passes on to winners, each cell from one window, into the equations that read it."""
    equations = list(adjoints)
    for equation in adjoints:
        (term,) = equation.terms
        tensor = equation.target.tensor
        sources = [e for e in equations if e.target.tensor == tensor]
        readers = [e for e in equations if any(a.tensor == tensor for a in accesses(e))]
        if (
            len(sources) == 1 and tensor.role == "adjoint" and any(f.has(WinnerIs) for f in term.factors)
            and is_one_to_one(equation.target, equation) and all(_reads_plainly(e, tensor) for e in readers)
        ):  # fmt: skip
            (source,) = sources
            equations = [_inline(e, source) if e in readers else e for e in equations if e is not source]
    return tuple(equations)


def without_windows(adjoints: Sequence[Equation]) -> tuple[Equation, ...]:
    """Drop sums over a window in which only the winner counts: exactly one candidate wins."""
    return tuple(map(_without_windows, adjoints))


def needed(forward: Sequence[Equation], backward: Sequence[Equation], outputs: Tensor) -> tuple[Equation, ...]:
    """Forward equations that E, the outputs or an adjoint depend on."""
    wanted = {a.tensor for e in backward for a in accesses(e)} | {forward[-1].target.tensor, outputs}
    kept: list[Equation] = []
    for equation in reversed(forward):
        if equation.target.tensor in wanted or winner_of(equation.target).tensor in wanted:
            kept.append(equation)
            wanted |= {a.tensor for a in accesses(equation)}
    return tuple(reversed(kept))


def useful(backward: Sequence[Equation]) -> tuple[Equation, ...]:
    """Adjoints that some gradient depends on."""
    wanted: set[Tensor] = set()
    kept: list[Equation] = []
    for equation in reversed(backward):
        if equation.target.tensor.role == "gradient" or equation.target.tensor in wanted:
            kept.append(equation)
            wanted |= {a.tensor for a in accesses(equation)}
    return tuple(reversed(kept))


# --- pieces ---------------------------------------------------------------------------------------------------------


def _map_factors(equation: Equation, change: Callable[[tuple[Expr, ...]], tuple[Expr, ...]]) -> Equation:
    return replace(equation, terms=tuple(replace(t, factors=change(t.factors)) for t in equation.terms))


def accesses(equation: Equation) -> set[Access]:
    """The accesses that an equation reads."""
    return {a for t in equation.terms for f in t.factors for a in reads_of(f)}


def reads_of(factor: Expr) -> set[Access]:
    """Every access in a factor, winners included."""
    return set(factor.atoms(Access)) | {w.winner for w in factor.atoms(WinnerIs)}


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


def is_one_to_one(access: Access, equation: Equation) -> bool:
    """Does every instance have an entry of its own, inside the tensor?"""
    sizes = equation.sizes
    if sorted(access.axes) != sorted(sizes) or any(map(any, access.borders(sizes))):
        return False
    for affine in access.index:
        reach = 1
        for a, c in sorted(affine.coefficients, key=lambda pair: abs(pair[1])):
            if abs(c) < reach:
                return False
            reach = abs(c) * (sizes[a] - 1) + reach
    return True


def _without_windows(equation: Equation) -> Equation:
    (term,) = equation.terms
    for mask in [f for f in term.factors if isinstance(f, WinnerIs)]:
        others = tuple(f for f in term.factors if f is not mask)
        window = set(mask.number.axes)
        maps = [equation.target.index, mask.winner.index, *(a.index for f in others for a in reads_of(f))]
        maps += [(f.number,) for f in others if isinstance(f, WinnerIs)]
        if not window & {a for index in maps for affine in index for a in affine.axes}:
            term = replace(term, factors=others)
            axes = tuple(a for a in equation.axes if a.name not in window)
            equation = replace(equation, axes=axes, terms=(term,))
    return equation


def _reads_plainly(equation: Equation, tensor: Tensor) -> bool:
    """Once, as a factor, at axes of its own: ``dE_dx[k, r, c]``."""
    (term,) = equation.terms
    reads = [f for f in term.factors if isinstance(f, Access) and f.tensor == tensor]
    if len(reads) != 1 or sum(a.tensor == tensor for f in term.factors for a in reads_of(f)) != 1:
        return False
    return len(set(reads[0].axes)) == len(reads[0].axes) and all(affine.is_axis for affine in reads[0].index)


def _inline(reader: Equation, source: Equation) -> Equation:
    """The reader with ``source``'s right side in the place of its target, at every instance of both."""
    (term,) = reader.terms
    (read,) = (f for f in term.factors if isinstance(f, Access) and f.tensor == source.target.tensor)
    replaced = read.axes
    values = dict(zip(replaced, source.target.index, strict=True))
    crosses = any(a != axis and a in replaced for axis, affine in values.items() for a in affine.axes)
    source = _rename_axes(source, {a.name for a in reader.axes if crosses or a.name not in replaced})
    (inner,) = source.terms
    values = dict(zip(replaced, source.target.index, strict=True))
    outer = tuple(substitute(f, values) for f in term.factors if f is not read)
    axes = (*source.axes, *(a for a in reader.axes if a.name not in replaced))
    coefficient = term.coefficient * inner.coefficient
    product = replace(term, factors=(*inner.factors, *outer), coefficient=coefficient)
    return replace(reader, target=reader.target.substitute(values), axes=axes, terms=(product,))


def _rename_axes(equation: Equation, taken: set[str]) -> Equation:
    """The equation with other names for those of its axes whose names are taken."""
    names: dict[str, str] = {}
    for name in equation.sizes:
        names[name] = fresh_name(name, {*taken, *equation.sizes, *names.values()}) if name in taken else name
    values = {old: Affine(((new, 1),)) for old, new in names.items() if old != new}

    def renamed(axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
        return tuple(Axis(names[a.name], a.size) for a in axes)

    terms = tuple(
        replace(t, factors=tuple(substitute(f, values) for f in t.factors), axes=renamed(t.axes))
        for t in equation.terms
    )
    return replace(equation, target=equation.target.substitute(values), axes=renamed(equation.axes), terms=terms)


def fresh_name(name: str, taken: Container[str]) -> str:
    """A name for an axis that is not taken yet: the capital letter, then with underscores behind it."""
    fresh = name.upper()
    while fresh in taken:
        fresh += "_"
    return fresh
