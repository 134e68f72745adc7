"""How many operations the forward pass and all gradients take, for one image: counted from the equations.

An operation is one of SymPy's ``count_ops``, with σ written out as 1/(1 + exp(-z)); a maximum of n cells is n - 1. Each
term is counted once, at one of its instances, and multiplied by the number of its instances; a product whose factor
lies in the padding is none. So the count takes as long for a large image as for a small one, and agrees with that of
the scalar graph, but for a few signs and the shares of a mean that are 1.
"""

import math
from collections import defaultdict
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
    """The operations of all right sides; equations that add to one target are one sum."""
    targets: dict[Tensor, list[Equation]] = defaultdict(list)
    for equation in equations:
        targets[equation.target.tensor].append(equation)
    return sum(_target(tensor, group) for tensor, group in targets.items())


def count_operations(expression: Expr) -> int:
    """SymPy's ``count_ops``, with σ written out: 4 operations, so that nothing hides in a name."""
    expanded = {call: call.rewrite(sympy.exp) for call in expression.atoms(LeafFunction)}
    expanded |= {call: wins(call.args[0]) for call in expression.atoms(wins)}  # one decision
    return int(expression.xreplace(expanded).count_ops())


def _target(tensor: Tensor, equations: Sequence[Equation]) -> int:
    terms = [(e, t, _instances(e, t)) for e in equations for t in e.terms]
    products = sum(count for _, _, count in terms)
    if equations[0].reduce == "max":
        return products - tensor.size
    entries = max(_entries(e, t) for e, t, _ in terms)  # of the target, those with a product
    total = max(products - entries, 0)
    for equation, term, count in terms:
        total += count * _product(equation, term, products > tensor.size)
        if term.coefficient != 1:  # outside the sum
            total += _entries(equation, term) * int((term.coefficient * sympy.Symbol("x")).count_ops())
    return total


def _product(equation: Equation, term: Term, several: bool) -> int:
    """The operations of one product; ``several``: of a sum, in which a negative product needs no sign of its own."""
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


def _instances(equation: Equation, term: Term) -> int:
    """At how many points of its axes is the term a product?"""
    return math.prod(_points(axes, guards) for axes, guards in _groups(equation, term))


def _entries(equation: Equation, term: Term) -> int:
    """How many entries of the target have a product of the term?"""
    count = 1
    for axes, guards in _groups(equation, term):
        names = {a.name for a in axes}
        index = [affine for affine in equation.target.index if names.intersection(affine.axes)]
        count *= len({tuple(affine.at(p) for affine in index) for p in points(axes) if _inside(p, guards)})
    return count


def _guards(equation: Equation, term: Term) -> Iterator[Guard]:
    """The indices at which the term has a product: inside the target, and not in a padding of zeros."""
    yield from zip(equation.target.index, equation.target.tensor.shape, strict=True)
    for atom in (a for f in term.factors for a in f.atoms(Access, Wins)):
        access = atom.cell if isinstance(atom, Wins) else atom
        if access.outside is None or (access.outside == 0 and equation.reduce == "sum"):
            yield from zip(access.index, access.tensor.shape, strict=True)


def _groups(equation: Equation, term: Term) -> Iterator[tuple[list[Axis], list[Guard]]]:
    """Axes that share an index, with the guards of those indices; the groups do not depend on each other."""
    axes = {a.name: a for a in (*equation.axes, *term.axes)}
    groups: list[tuple[set[str], list[Guard]]] = [({name}, []) for name in axes]
    for affine, size in _guards(equation, term):
        names = set(affine.axes)
        touched = [g for g in groups if g[0] & names]
        if touched:
            joined = set().union(*(g[0] for g in touched)), [*(x for g in touched for x in g[1]), (affine, size)]
            groups = [*(g for g in groups if not g[0] & names), joined]
    for names, guards in groups:
        yield [axes[n] for n in sorted(names)], guards


def _points(axes: Sequence[Axis], guards: Sequence[Guard]) -> int:
    """How many points of the axes are inside."""
    sizes = {a.name: a.size for a in axes}
    spans = [(affine.span(sizes), affine.divisor, size) for affine, size in guards]
    if all(divisor == 1 and low >= 0 and high < size for (low, high), divisor, size in spans):
        return math.prod(sizes.values())
    return sum(_inside(point, guards) for point in points(axes))


def _inside(point: Mapping[str, int], guards: Sequence[Guard]) -> bool:
    return all((n := affine.at(point)) is not None and 0 <= n < size for affine, size in guards)
