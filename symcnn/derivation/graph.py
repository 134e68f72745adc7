"""The scalar graph: equations instantiated at every index, as named variables, each an expression of earlier ones.

    x_12     = i_12·f_11 + i_13·f_12 + i_22·f_21 + i_23·f_22
    dE_df_12 = dE_dx_11·i_12 + dE_dx_12·i_13 + dE_dx_21·i_22 + dE_dx_22·i_23

All of it is for one image. A variable keeps its products and their factors in the order of the derivation, which
SymPy's own sums and products do not; ``expression`` is the same as one SymPy expression.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

from sympy import Add, Expr, Mul, Rational, S, Symbol

from symcnn.errors import NotSupportedYetError
from symcnn.symbolic import (
    Access,
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

#: Products of one image that a scalar graph may have: some 20 seconds to make, 300 MB to hold.
MAX_PRODUCTS = 500_000


@dataclass(frozen=True)
class Addend:
    """``coefficient · (sum of products)``: what one term of an equation gives at one index."""

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
        """Which number of the network it is."""
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
        """The variables and inputs that it is made of."""
        return {s for factors in self.products for f in factors for s in f.free_symbols}


@dataclass(frozen=True)
class Graph:
    """Scalar variables in an order in which each rests on earlier ones.

    Attributes:
        inputs: the scalars that are given: pixels, parameters, targets; name -> (tensor, index).
        forward, backward: the variables, by name.
    """

    inputs: Mapping[str, tuple[Tensor, Index]]
    forward: Mapping[str, Variable]
    backward: Mapping[str, Variable]

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
    def quantities(self) -> Quantities:
        """Its scalars by their names."""
        return Quantities(self.tensors)

    def place(self, name: str) -> tuple[Tensor, Index]:
        """The tensor of a scalar, and its index there."""
        if name in self.inputs:
            return self.inputs[name]
        variable = self[name]
        return variable.tensor, variable.index

    @cached_property
    def tensors(self) -> tuple[Tensor, ...]:
        """What the scalars are entries of: inputs, forward, backward."""
        return tuple(dict.fromkeys([tensor for tensor, _ in self.inputs.values()] + [v.tensor for v in self]))


def instantiate(inputs: Sequence[Tensor], forward: Sequence[Equation], backward: Sequence[Equation]) -> Graph:
    """Every equation at every index of its axes.

    Raises:
        NotSupportedYetError: more products than anyone could read or a machine should hold.
    """
    check_size(
        (*forward, *backward),
        MAX_PRODUCTS,
        "written out number by number (single formulas, the workbook)",
        "index notation (`symcnn derive` without --of), report, verify, train and predict do without",
    )
    given = {tensor.scalar(index): (tensor, index) for tensor in inputs for index in tensor.indices()}
    return Graph(given, _variables(forward), _variables(backward))


def check_size(equations: Sequence[Equation], most: int, what: str, instead: str) -> None:
    """Refuse equations with more instances than ``most``: the message says what was wanted, the limit and a remedy."""
    products = count_products(equations)
    if products > most:
        raise NotSupportedYetError(
            f"{what}, this network has {products} products in one image; expected at most {most}; {instead}"
        )


def count_products(equations: Iterable[Equation]) -> int:
    """The products of all instances; none is made for that."""
    return sum(
        math.prod(a.size for a in (*equation.axes, *term.axes)) for equation in equations for term in equation.terms
    )


def _variables(equations: Sequence[Equation]) -> dict[str, Variable]:
    """The variables of equations; several that add to one target (``+=``) become one variable."""
    addends: dict[tuple[Tensor, Index], list[Addend]] = {}
    # every entry exists, also one that nothing is scattered to (its adjoint is 0);
    # a target is whole after the last equation that adds to it, and only then used
    reduces = {equation.target.tensor: equation.reduce for equation in equations}
    last = {equation.target.tensor: n for n, equation in enumerate(equations)}
    for tensor in sorted(last, key=lambda t: last[t]):
        addends.update({(tensor, index): [] for index in tensor.indices()})
    for equation in equations:
        for point in points(equation.axes):
            index = equation.target.at(point)
            if index is None:
                continue  # scattered into padding, which nobody reads
            found = addends[equation.target.tensor, index]
            for term in equation.terms:
                _add(found, term, point, equation.reduce)
    return {
        tensor.scalar(index): Variable(tensor.scalar(index), tensor, index, tuple(found), reduces[tensor])
        for (tensor, index), found in addends.items()
    }


def instance(equation: Equation, index: Index) -> Variable:
    """One entry of a tensor: an equation whose target's index is its axes (forward, or gather form) at one index.

    The same as the scalar graph's variable, up to the order of the products; nothing else is made for it.
    """
    tensor = equation.target.tensor
    point = {a: n for affine, n in zip(equation.target.index, index, strict=True) for a, _ in affine.coefficients}
    found: list[Addend] = []
    for term in equation.terms:
        _add(found, term, point, equation.reduce)
    return Variable(tensor.scalar(index), tensor, index, tuple(found), equation.reduce)


def _add(found: list[Addend], term: Term, point: Mapping[str, int], reduce: str) -> None:
    products = []
    for within in points(term.axes):
        factors = instance_of(term, {**point, **within})
        # nothing is added by a zero (padding), but a maximum may take it
        if factors is not None and (reduce == "max" or 0 not in factors):
            products.append(factors)
    if not products:
        return
    if not term.axes and found and found[-1].coefficient == term.coefficient:
        found[-1] = Addend((*found[-1].products, *products), term.coefficient)
    else:
        found.append(Addend(tuple(products), term.coefficient))


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
        instance = values[factor] if factor in values else factor.xreplace(values)
        factors.append(instance)
    return tuple(factors)


def points(axes: Sequence[Axis]) -> Iterator[dict[str, int]]:
    """Every index of the axes, the last axis fastest."""
    names = [axis.name for axis in axes]
    for values in product(*(range(axis.size) for axis in axes)):
        yield dict(zip(names, values, strict=True))


def _scaled(coefficient: Rational, value: Expr) -> Expr:
    # evaluate=False: SymPy would multiply a number into a sum, and the division by 9 would be done nine times
    return value if coefficient == 1 else Mul(coefficient, value, evaluate=False)
