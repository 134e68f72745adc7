"""The scalar graph: equations instantiated at an index, as named variables, each an expression of earlier ones.

    x_12     = i_12·f_11 + i_13·f_12 + i_22·f_21 + i_23·f_22
    dE_df_12 = dE_dx_11·i_12 + dE_dx_12·i_13 + dE_dx_21·i_22 + dE_dx_22·i_23

All of it is for one image. A variable is made when it is looked up, from the equations at that one index, so that one
formula of a large network costs no more than one of a small network. It keeps its products and their factors in the
order of the derivation, which SymPy's own sums and products do not; ``expression`` is the same as one SymPy expression.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal, TypeVar

from sympy import Add, Expr, Mul, Rational, S, Symbol

from symcnn.errors import NotSupportedYetError
from symcnn.symbolic import (
    Access,
    Affine,
    Axis,
    Equation,
    Index,
    Name,
    Quantities,
    Quantity,
    Tensor,
    Term,
    Wins,
    maximum,
    quantity_of,
)

Product = tuple[Expr, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Addend:
    """``coefficient · (sum of products)``: a term of an equation at one index."""

    products: tuple[Product, ...]
    coefficient: Rational = S.One


@dataclass(frozen=True)
class Variable:
    """One named scalar: the sum (or the maximum) of its addends, over earlier variables."""

    name: str
    tensor: Tensor
    index: Index
    addends: tuple[Addend, ...]
    reduce: Literal["sum", "max"] = "sum"

    @cached_property
    def quantity(self) -> Quantity:
        """The quantity of the network that it is."""
        return quantity_of(self.tensor, self.index)

    @cached_property
    def expression(self) -> Expr:
        """The same as one SymPy expression."""
        values = [_scaled(a.coefficient, Add(*(Mul(*factors) for factors in a.products))) for a in self.addends]
        if self.reduce == "max":
            return maximum(*(Mul(*factors) for a in self.addends for factors in a.products))
        return Add(*values) if len(values) != 1 else values[0]

    @property
    def products(self) -> tuple[Product, ...]:
        """All products, a coefficient as the first factor of each."""
        return tuple(
            factors if a.coefficient == 1 else (a.coefficient, *factors) for a in self.addends for factors in a.products
        )

    def symbols(self) -> set[Symbol]:
        """The variables and inputs in it."""
        return {s for factors in self.products for f in factors for s in f.free_symbols}


class Entries(Mapping[str, T]):
    """The entries of some tensors by their names, tensor by tensor and row by row.

    What belongs to a name is made when it is looked up, and kept; neither the length nor the names make any.

    Attributes:
        tensors: in order.
        made: name -> what has been made so far.
    """

    def __init__(self, tensors: Iterable[Tensor], make: Callable[[Tensor, Index], T]) -> None:
        self.tensors, self._make = tuple(tensors), make
        self.made: dict[str, T] = {}

    @cached_property
    def _quantities(self) -> Quantities:
        return Quantities(self.tensors)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {tensor.name: n for n, tensor in enumerate(self.tensors)}

    def _place(self, quantity: Quantity) -> tuple[int, Index]:
        """The position of an entry's tensor, and its index there."""
        tensor = quantity.tensor.adjoint() if quantity.is_adjoint else quantity.tensor
        if quantity.image is not None or tensor.name not in self._positions:
            raise KeyError(quantity.name)
        return self._positions[tensor.name], quantity.index

    def __getitem__(self, name: Name) -> T:
        text = name if isinstance(name, str) else name.name
        if text not in self.made:
            position, index = self._place(self._quantities.of(name))
            self.made[text] = self._make(self.tensors[position], index)
        return self.made[text]

    def __contains__(self, name: object) -> bool:
        try:
            return isinstance(name, Name) and self._place(self._quantities.of(name)) is not None
        except KeyError:
            return False

    def __iter__(self) -> Iterator[str]:
        return (name for tensor in self.tensors for name in tensor.scalars())

    def __len__(self) -> int:
        return sum(tensor.size for tensor in self.tensors)

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Some of the names in the order of all."""
        return sorted(names, key=lambda name: self._place(self._quantities.of(name)))


@dataclass(frozen=True)
class Graph:
    """Scalar variables in an order in which each depends on earlier ones.

    Attributes:
        inputs: pixels, parameters, targets; name -> (tensor, index).
        forward, backward: the variables, by name.
        equations: what the variables are made from.
    """

    inputs: Entries[tuple[Tensor, Index]]
    forward: Entries[Variable]
    backward: Entries[Variable]
    equations: tuple[Equation, ...]

    def __getitem__(self, name: Name) -> Variable:
        text = name if isinstance(name, str) else name.name
        return self.forward[text] if text in self.forward else self.backward[text]

    def __contains__(self, name: Name) -> bool:
        """Is it computed, and not given?"""
        text = name if isinstance(name, str) else name.name
        return text in self.forward or text in self.backward

    def __iter__(self) -> Iterator[Variable]:
        yield from self.forward.values()
        yield from self.backward.values()

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """The tensors of the scalars: inputs, forward, backward."""
        return (*self.inputs.tensors, *_by_target(self.equations))

    @cached_property
    def quantities(self) -> Quantities:
        """Its scalars by their names."""
        return Quantities(self.tensors)

    def users(self, quantity: Quantity) -> list[Quantity]:
        """The variables whose formulas contain a quantity, in order; found in the equations, none of them is made."""
        entry = (quantity.tensor.adjoint() if quantity.is_adjoint else quantity.tensor), quantity.index
        users: dict[Tensor, set[Index]] = {}
        for equation in self.equations:
            target = users.setdefault(equation.target.tensor, set())
            for term in equation.terms:
                for point in _points_with(equation, term, *entry):
                    index = equation.target.at(point)
                    if index is not None and index not in target and _contains(equation, term, point, quantity.symbol):
                        target.add(index)
        return [quantity_of(tensor, index) for tensor in self.tensors for index in sorted(users.get(tensor, ()))]

    def chain(self, adjoint: Quantity, most: int | None = None) -> list[Quantity]:
        """The adjoints on the way from E to an adjoint, itself the last; found in the equations, none of them is made.

        It is what the chain rule passes through: an adjoint, all that its formula contains, and so on.

        Args:
            most: past so many, no more are looked for.
        """
        by_target = _by_target(self.equations)
        chain: dict[Tensor, set[Index]] = {adjoint.tensor.adjoint(): {adjoint.index}}
        for tensor in reversed(self.tensors):  # each depends on earlier ones only
            for equation in by_target.get(tensor, ()) if tensor in chain else ():
                for term in equation.terms:
                    for upstream in (a for f in term.factors for a in f.atoms(Access) if a.tensor.is_adjoint):
                        indices = chain.setdefault(upstream.tensor, set())
                        indices |= _reached(equation, term, upstream, chain[tensor])
            if most is not None and sum(map(len, chain.values())) > most:
                break
        return [quantity_of(tensor, index) for tensor in self.tensors for index in sorted(chain.get(tensor, ()))]


def instantiate(inputs: Sequence[Tensor], forward: Sequence[Equation], backward: Sequence[Equation]) -> Graph:
    """The scalars of some equations; each is made when it is looked up."""
    scalars = Entries(inputs, lambda tensor, index: (tensor, index))
    return Graph(scalars, _variables(forward), _variables(backward), (*forward, *backward))


def check_size(equations: Sequence[Equation], most: int, what: str, instead: str) -> None:
    """Refuse equations with more instances than ``most``: the message has the purpose, the limit and a remedy."""
    products = count_products(equations)
    if products > most:
        raise NotSupportedYetError(
            f"{what}, this network has {products} products in one image; expected at most {most}; {instead}"
        )


def count_products(equations: Iterable[Equation]) -> int:
    """The number of products of all instances, which are not made."""
    return sum(
        math.prod(a.size for a in (*equation.axes, *term.axes)) for equation in equations for term in equation.terms
    )


def _by_target(equations: Sequence[Equation]) -> dict[Tensor, list[Equation]]:
    """The equations that give or add to each tensor; a tensor stands where the last of them makes it complete."""
    by_target: dict[Tensor, list[Equation]] = {}
    for equation in equations:
        tensor = equation.target.tensor
        by_target[tensor] = [*by_target.pop(tensor, ()), equation]
    return by_target


def _variables(equations: Sequence[Equation]) -> Entries[Variable]:
    """The variables of equations; several that add to one target (``+=``) become one variable.

    Every entry exists, also one that nothing is scattered to (its adjoint is 0).
    """
    by_target = _by_target(equations)
    return Entries(by_target, lambda tensor, index: _variable(by_target[tensor], index))


def instance(equation: Equation, index: Index) -> Variable:
    """One entry of a tensor, from the only equation that gives it.

    An equation in gather form gives the scalar graph's variable up to the order of the products.
    """
    return _variable([equation], index)


def _variable(equations: Sequence[Equation], index: Index) -> Variable:
    """One entry: what these equations add to it, or the maximum."""
    target, reduce = equations[-1].target.tensor, equations[-1].reduce
    addends: list[tuple[Rational, list[Product]]] = []
    for equation in equations:
        for point in points_at(equation.axes, equation.target, index):
            _add(addends, equation, point)
    each = tuple(Addend(tuple(products), coefficient) for coefficient, products in addends)
    return Variable(target.scalar(index), target, index, each, reduce)


def points_at(axes: Sequence[Axis], access: Access, index: Index) -> Iterator[dict[str, int]]:
    """The points of the axes at which an access is at an index, the last axis fastest.

    Axis by axis: each takes only values that leave the index within reach of the axes that follow.
    """
    # each dimension: what the axes must add up to, and for each axis its coefficient and the span of those after it
    remaining = [n * a.divisor - a.offset for a, n in zip(access.index, index, strict=True)]
    maps = [dict(a.coefficients) for a in access.index]
    if any(not own and rest for own, rest in zip(maps, remaining, strict=True)):
        return
    reach: list[list[tuple[int, int, int, int]]] = []
    spans = [(0, 0)] * len(maps)
    for axis in reversed(axes):
        here = [(n, own[axis.name], *spans[n]) for n, own in enumerate(maps) if own.get(axis.name)]
        reach.insert(0, here)
        for n, coefficient, low, high in here:
            end = coefficient * (axis.size - 1)
            spans[n] = low + min(end, 0), high + max(end, 0)
    point: dict[str, int] = {}

    def extend(depth: int) -> Iterator[dict[str, int]]:
        if depth == len(axes):
            yield dict(point)
            return
        first, last = 0, axes[depth].size - 1
        for n, coefficient, low, high in reach[depth]:
            least, most = remaining[n] - high, remaining[n] - low  # of coefficient · value
            if coefficient < 0:
                least, most = -most, -least
            size = abs(coefficient)
            first, last = max(first, -(-least // size)), min(last, most // size)
        for value in range(first, last + 1):
            point[axes[depth].name] = value
            for n, coefficient, _, _ in reach[depth]:
                remaining[n] -= coefficient * value
            yield from extend(depth + 1)
            for n, coefficient, _, _ in reach[depth]:
                remaining[n] += coefficient * value

    yield from extend(0)


def _points_with(equation: Equation, term: Term, tensor: Tensor, index: Index) -> Iterator[dict[str, int]]:
    """The points at which a term may contain an entry."""
    axes = (*equation.axes, *term.axes)
    for atom in {atom for factor in term.factors for atom in factor.atoms(Access, Wins)}:
        for access in atom.solved if isinstance(atom, Wins) else (atom,):
            if access.tensor != tensor:
                continue
            # an instance of a maximum's choice contains the candidates before its own, too
            window = atom.window if isinstance(atom, Wins) and access.tensor == atom.cell.tensor else ()
            for point in points_at(axes, access, index):
                for within in points(window):
                    yield {**point, **within}


def _contains(equation: Equation, term: Term, point: Mapping[str, int], symbol: Symbol) -> bool:
    """Is a term's instance there, and with the symbol in it?"""
    factors = _instance(equation, term, point)
    return factors is not None and any(symbol in factor.free_symbols for factor in factors)


def _reached(equation: Equation, term: Term, upstream: Access, targets: set[Index]) -> set[Index]:
    """The indices of an access in the instances of a term that some entries of the target consist of.

    Axes that meet in no index have nothing to do with each other. So the entries go from the target to the access by
    one group of axes after the other, and not point by point: by the rows, the columns, then to every map.
    """
    target, source = equation.target.index, upstream.index
    limits = [pair for a in (upstream, *_needed(term)) for pair in zip(a.index, a.tensor.shape, strict=True)]

    def dimensions(index: Sequence[Affine], axes: Sequence[Axis]) -> list[int]:
        return [n for n, affine in enumerate(index) if _is_of(axes, affine)]

    groups = [
        (axes, dimensions(target, axes), dimensions(source, axes))
        for axes in _groups((*equation.axes, *term.axes), [*target, *(affine for affine, _ in limits)])
    ]
    rows, places = targets, [("target", n) for n in range(len(target))]
    # first what only the target has, which makes them fewer; last what only the access has
    for axes, out, into in sorted(groups, key=lambda group: (len(group[2]) > 0, len(group[1]) == 0)):
        moves = _moves(axes, [target[n] for n in out], [source[n] for n in into], limits)
        taken = [places.index(("target", n)) for n in out]
        size = equation.target.tensor.shape[out[0]] if len(out) == 1 else 0
        if size and all(moves.get((n,)) == {(n,)} for n in range(size)):  # each stays where it is
            places[taken[0]] = ("source", into[0])
            continue
        kept = [n for n in range(len(places)) if n not in taken]
        rows = {(*(row[n] for n in kept), *end) for row in rows for end in moves.get(tuple(row[n] for n in taken), ())}
        places = [*(places[n] for n in kept), *(("source", n) for n in into)]
    order = [places.index(("source", n)) for n in range(len(source))]
    return rows if order == sorted(order) else {tuple(row[n] for n in order) for row in rows}


def _moves(
    axes: Sequence[Axis], starts: Sequence[Affine], ends: Sequence[Affine], limits: Sequence[tuple[Affine, int]]
) -> dict[Index, set[Index]]:
    """Where indices lead from, and to, at the points of a group of axes at which all are within their limits."""
    own = [(affine, size) for affine, size in limits if _is_of(axes, affine)]
    moves: dict[Index, set[Index]] = {}
    for point in points(axes):
        start, end = _at(starts, point), _at(ends, point)
        inside = all((n := affine.at(point)) is not None and 0 <= n < size for affine, size in own)
        if start is not None and end is not None and inside:
            moves.setdefault(start, set()).add(end)
    return moves


def _needed(term: Term) -> Iterator[Access]:
    """The accesses outside whose tensors a term has no instance, or one that is 0."""
    for factor in term.factors:
        for atom in factor.atoms(Access):
            if atom.outside is None or (factor == atom and atom.outside == 0):
                yield atom
        for atom in factor.atoms(Wins):
            cell, largest = atom.solved
            yield from (largest, *([cell] if cell.outside is None else []))


def _groups(axes: Sequence[Axis], indices: Iterable[Affine]) -> list[list[Axis]]:
    """The axes, those together that meet in an index; and none, for an index without axes."""
    groups = [[axis] for axis in axes]
    for affine in indices:
        met = [group for group in groups if any(axis.name in affine.axes for axis in group)]
        groups = [*(group for group in groups if group not in met), [axis for group in met for axis in group]]
    return [group for group in groups if group] + [[]]


def _is_of(axes: Sequence[Axis], affine: Affine) -> bool:
    """Is an index one of this group of axes?"""
    return {axis.name for axis in axes}.issuperset(affine.axes) and bool(axes) == bool(affine.axes)


def _at(indices: Sequence[Affine], point: Mapping[str, int]) -> Index | None:
    """The values of indices at a point; None: one of them is absent."""
    values = tuple(n for affine in indices if (n := affine.at(point)) is not None)
    return values if len(values) == len(indices) else None


def _add(addends: list[tuple[Rational, list[Product]]], equation: Equation, point: Mapping[str, int]) -> None:
    """Add the terms of an equation at one point; terms without a sum of their own share one addend."""
    for term in equation.terms:
        instances = (_instance(equation, term, {**point, **within}) for within in points(term.axes))
        products = [factors for factors in instances if factors is not None]
        if products and not term.axes and addends and addends[-1][0] == term.coefficient:
            addends[-1][1].extend(products)
        elif products:
            addends.append((term.coefficient, products))


def _instance(equation: Equation, term: Term, point: Mapping[str, int]) -> Product | None:
    """The product of a term at one point, or None where it takes no part."""
    factors = instance_of(term, point)
    # a zero (padding) adds nothing, but may be the maximum
    return None if factors is None or (equation.reduce != "max" and 0 in factors) else factors


def instance_of(term: Term, point: Mapping[str, int]) -> Product | None:
    """The factors at one point, or None where one is absent."""
    factors = []
    for factor in term.factors:
        values: dict[Expr, Expr] = {}
        for atom in (factor,) if isinstance(factor, (Access, Wins)) else factor.atoms(Access, Wins):
            value = atom.instance(point)
            if value is None:
                return None
            values[atom] = value
        factors.append(values[factor] if factor in values else factor.xreplace(values))
    return tuple(factors)


def points(axes: Sequence[Axis]) -> Iterator[dict[str, int]]:
    """Every index of the axes, the last axis fastest."""
    names = [axis.name for axis in axes]
    for values in product(*(range(axis.size) for axis in axes)):
        yield dict(zip(names, values, strict=True))


def _scaled(coefficient: Rational, value: Expr) -> Expr:
    # evaluate=False: SymPy would multiply a number into a sum, and the division by 9 would be done nine times
    return value if coefficient == 1 else Mul(coefficient, value, evaluate=False)
