"""How many operations the forward pass and all gradients take, for one image: counted from the equations.

An operation is one of SymPy's ``count_ops``, with σ written out as 1/(1 + exp(-z)); a maximum of n cells is n - 1. Each
term is counted once, at one
of its instances, and multiplied by how many instances there are: a product whose factor lies in the padding is none.
So the count takes as long for a large image as for a small one, and agrees with that of the scalar graph, but for a
sign here and there and the shares of a mean that are 1.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import sympy
from sympy import Expr, Mul

from symcnn.derivation.graph import instance_of, points
from symcnn.symbolic import Access, Affine, Axis, Equation, Tensor, Term, Wins, wins
from symcnn.symbolic.leaves import LeafFunction

#: An index, and the size that it must stay below.
Guard = tuple[Affine, int]


def operations(equations: Sequence[Equation]) -> int:
    """Of all right sides; what several equations add to one target is one sum."""
    targets: dict[Tensor, list[Equation]] = {}
    for equation in equations:
        targets.setdefault(equation.target.tensor, []).append(equation)
    return sum(_target(tensor, group) for tensor, group in targets.items())


def count_operations(expression: Expr) -> int:
    """SymPy's ``count_ops``, with σ written out: 4 operations, so that nothing hides in a name."""
    written = {call: call.rewrite(sympy.exp) for call in expression.atoms(LeafFunction)}
    written |= {call: wins(call.args[0]) for call in expression.atoms(wins)}  # one decision
    return int(expression.xreplace(written).count_ops())


def _target(tensor: Tensor, equations: Sequence[Equation]) -> int:
    if equations[0].reduce == "max":
        candidates = sum(_instances(e, t) for e in equations for t in e.terms)
        return candidates - tensor.size
    total, products = 0, 0
    terms = [(e, t, _instances(e, t)) for e in equations for t in e.terms]
    several = sum(count for _, _, count in terms) > tensor.size
    for equation, term, count in terms:
        products += count
        total += count * _product(equation, term, several)
        if term.coefficient != 1:  # outside the sum
            total += _entries(equation, term) * _scaling(term.coefficient)
    return total + max(products - _reached(tensor, equations), 0)


def _product(equation: Equation, term: Term, several: bool) -> int:
    """The operations of one product; what is subtracted from others needs no sign of its own."""
    counted = replace(term, factors=tuple(map(_without_values, term.factors)))
    for point in points((*equation.axes, *term.axes)):
        factors = instance_of(counted, point)
        if factors is not None and 0 not in factors and equation.target.at(point) is not None:
            expression = Mul(*factors)
            signed = several and expression.could_extract_minus_sign()
            return count_operations(-expression if signed else expression)
    return 0


def _without_values(factor: Expr) -> Expr:
    """A constant counts as a quantity: its value at one place (a share of 1) is not that at another."""
    constants = [a for a in factor.atoms(Access) if a.tensor.role == "constant"]
    return factor.xreplace({a: sympy.Symbol(a.tensor.name) for a in constants})


def _scaling(coefficient: Expr) -> int:
    x = sympy.Symbol("x")
    return int((coefficient * x).count_ops())


def _instances(equation: Equation, term: Term) -> int:
    """At how many points of its axes is the term a product?"""
    return math.prod(_points(axes, guards) for axes, guards in _groups(equation, term))


def _reached(tensor: Tensor, equations: Sequence[Equation]) -> int:
    """How many entries of the target have a product at all."""
    return max(_entries(equation, term) for equation in equations for term in equation.terms)


def _entries(equation: Equation, term: Term) -> int:
    found = 1
    for axes, guards in _groups(equation, term):
        names = {a.name for a in axes}
        index = [affine for affine in equation.target.index if names & {a for a, _ in affine.coefficients}]
        found *= len({tuple(affine.at(p) for affine in index) for p in points(axes) if _inside(p, guards)})
    return found


def _of(factor: Expr, reduce: str) -> Iterator[Guard]:
    for atom in factor.atoms(Access, Wins):
        access = atom.cell if isinstance(atom, Wins) else atom
        if access.outside is None or (access.outside == 0 and reduce == "sum"):
            yield from _guards(access, access.index)


def _guards(access: Access, index: Sequence[Affine]) -> Iterator[Guard]:
    yield from zip(index, access.tensor.shape, strict=True)


def _groups(equation: Equation, term: Term) -> Iterator[tuple[list[Axis], list[Guard]]]:
    """Axes that share an index, with the guards of those indices; the groups do not depend on each other."""
    axes = {a.name: a for a in (*equation.axes, *term.axes)}
    guards = [
        *_guards(equation.target, equation.target.index),
        *(g for f in term.factors for g in _of(f, equation.reduce)),
    ]
    groups: list[tuple[set[str], list[Guard]]] = [({name}, []) for name in axes]
    for affine, size in guards:
        names = {a for a, _ in affine.coefficients}
        touched = [g for g in groups if g[0] & names]
        if touched:
            groups = [g for g in groups if not g[0] & names]
            groups.append(
                (set().union(*(g[0] for g in touched)), [*(x for g in touched for x in g[1]), (affine, size)])
            )
    for names, found in groups:
        yield [axes[n] for n in sorted(names)], found


def _points(axes: Sequence[Axis], guards: Sequence[Guard]) -> int:
    if all(_always(affine, size, axes) for affine, size in guards):
        return math.prod(a.size for a in axes)
    return sum(_inside(point, guards) for point in points(axes))


def _inside(point: Mapping[str, int], guards: Sequence[Guard]) -> bool:
    return all((n := affine.at(point)) is not None and 0 <= n < size for affine, size in guards)


def _always(affine: Affine, size: int, axes: Sequence[Axis]) -> bool:
    """Is the index inside whatever the axes are?"""
    low, high = affine.span({a.name: a.size for a in axes})
    return affine.divisor == 1 and low >= 0 and high < size
