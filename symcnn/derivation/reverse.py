"""Reverse mode in index notation: the adjoint equations of a list of equations.

For each term of ``t[a] = Σ_b Π factors`` and each access u[m(a, b)] in a factor φ:

    ū[m(a, b)] += t̄[a] · (the other factors) · ∂φ/∂u          for every a, b

ū stands for ∂E/∂u. Nothing here knows a layer: the index map is carried over as it is, and ∂φ/∂u is SymPy's ``diff``,
which knows the rules of the leaf functions. The chain rule's order is kept: first what comes from above, then the
local derivative.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

import sympy
from sympy import Expr, Rational, S

from symcnn.errors import NotSupportedYetError
from symcnn.symbolic import DIFFERENTIABLE, LEAVES, Access, Equation, Tensor, Term


def reverse(equations: Sequence[Equation], constants: Sequence[Tensor]) -> tuple[Equation, ...]:
    """The adjoint equations, from the last equation (E, whose own adjoint is 1) back to the first.

    Args:
        equations: forward, in order; the last one states E.
        constants: tensors that nobody differentiates by (images, targets).
    """
    error = equations[-1].target.tensor
    return tuple(chain.from_iterable(_adjoints(e, error, constants) for e in reversed(equations)))


def _adjoints(equation: Equation, error: Tensor, constants: Sequence[Tensor]) -> Iterator[Equation]:
    if equation.reduce != "sum":
        raise NotSupportedYetError(f"{equation}: the derivative of a maximum is not supported yet; use AvgPool2D")
    target = equation.target
    upstream = () if target.tensor == error else (Access(target.tensor.adjoint(), target.index),)
    for term in equation.terms:
        for position, factor in enumerate(term.factors):
            for access in sorted(factor.atoms(Access), key=str):
                if access.tensor in constants:
                    continue
                others = term.factors[:position] + term.factors[position + 1 :]
                local = _in_outputs(_derivative(factor, access), equation)
                factors = _in_order(upstream, others, term.coefficient * local)
                yield Equation(
                    Access(access.tensor.adjoint(), access.index), equation.axes + term.axes, (Term(factors),)
                )


def _derivative(factor: Expr, access: Access) -> Expr:
    if factor == access:
        return S.One
    for call in factor.atoms(*LEAVES):
        if not isinstance(call, DIFFERENTIABLE):
            name = type(call).__name__
            raise NotSupportedYetError(f"{call}: the derivative of {name} is not supported yet; use sigmoid")
    return factor.diff(access)


def _in_outputs(derivative: Expr, equation: Equation) -> Expr:
    """σ'(z) = σ(z)·(1 - σ(z)) is written with the output that the equation itself names: h·(1 - h)."""
    (first, *rest) = equation.terms
    if rest or first.axes or first.coefficient != 1 or len(first.factors) != 1:
        return derivative
    return derivative.xreplace({first.factors[0]: equation.target})


def _in_order(upstream: tuple[Expr, ...], others: tuple[Expr, ...], local: Expr) -> tuple[Expr, ...]:
    """Number, what comes from above, the term's other factors, the local derivative: single quantities before sums.

    Numbers meet before anything else, so that ½ · 2·(o - t) is o - t.
    """
    numbers = [f for f in others if f.is_Number]
    coefficient, local = (sympy.Mul(*numbers) * local).as_coeff_Mul()
    locals_ = [f for f in sympy.Mul.make_args(local) if f != 1]
    locals_.sort(key=lambda f: (not f.is_Atom, str(f)))
    factors = (*upstream, *(f for f in others if not f.is_Number), *locals_)
    if coefficient != 1 or not factors:
        factors = (Rational(coefficient), *factors)
    return factors
