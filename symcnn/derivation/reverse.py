"""Reverse mode in index notation: the adjoint equations of a list of equations.

For each term of ``t[a] = Σ_b Π factors`` and each access u[m(a, b)] in a factor φ:

    ū[m(a, b)] += t̄[a] · (the other factors) · ∂φ/∂u          for every a, b

and for ``t[a] = max_b u[m(a, b)]``, where the first of equal candidates wins:

    ū[m(a, b)] += t̄[a] · [u[m(a, b)] first reaches t[a]]       for every a, b

ū stands for ∂E/∂u. Nothing here knows a layer: the index map is carried over as it is, and ∂φ/∂u is SymPy's ``diff``,
which knows the rules of the leaf functions. The chain rule's order is kept: first what comes from above, then the
local derivative.
"""

from collections.abc import Iterator, Mapping, Sequence

import sympy
from sympy import Expr, Rational, S

from symcnn.symbolic import Access, Equation, Tensor, Term, Wins

#: Leaf function and its argument's tensor -> the tensor that an equation calls so: ``(sigmoid, z_h) -> h``.
Outputs = Mapping[tuple[type[sympy.Function], Tensor], Tensor]


def reverse(equations: Sequence[Equation], constants: Sequence[Tensor]) -> tuple[Equation, ...]:
    """The adjoint equations, from the last equation (E, whose own adjoint is 1) back to the first.

    Args:
        equations: forward, in order; the last one states E.
        constants: tensors that nobody differentiates by (images, targets).
    """
    error = equations[-1].target.tensor
    held = {*constants, *(e.target.tensor for e in equations if e.constant)}
    outputs = _outputs(equations)
    adjoints: list[Equation] = []
    reached: set[Tensor] = set()
    for equation in reversed(equations):
        tensor = equation.target.tensor
        # what E does not depend on (probabilities that are only shown) has no adjoint
        if not equation.constant and (tensor == error or tensor.adjoint() in reached):
            found = list(_adjoints(equation, error, held, outputs))
            adjoints += found
            reached |= {e.target.tensor for e in found}
    return tuple(adjoints)


def _only_factor(equation: Equation) -> Expr | None:
    """φ, where the equation says ``target = φ`` and nothing else."""
    (first, *rest) = equation.terms
    alone = not rest and not first.axes and first.coefficient == 1 and len(first.factors) == 1
    return first.factors[0] if alone and equation.reduce == "sum" else None


def _outputs(equations: Sequence[Equation]) -> Outputs:
    """Which tensor holds the values of a leaf function of another."""
    found = {}
    for equation in equations:
        call = _only_factor(equation)
        if call is not None and call.is_Function and isinstance(call.args[0], Access):
            found[call.func, call.args[0].tensor] = equation.target.tensor
    return found


def _adjoints(equation: Equation, error: Tensor, held: set[Tensor], outputs: Outputs) -> Iterator[Equation]:
    target = equation.target
    upstream = () if target.tensor == error else (Access(target.tensor.adjoint(), target.index),)
    for term in equation.terms:
        for position, factor in enumerate(term.factors):
            for access in sorted(factor.atoms(Access), key=str):
                if access.tensor in held or access.tensor.role == "constant":
                    continue
                others = term.factors[:position] + term.factors[position + 1 :]
                local = _local(equation, term, factor, access, outputs)
                factors = _in_order(upstream, others, term.coefficient * local)
                yield Equation(
                    Access(access.tensor.adjoint(), access.index),
                    equation.axes + term.axes,
                    (Term(factors),),
                    adds=True,
                )


def _local(equation: Equation, term: Term, factor: Expr, access: Access, outputs: Outputs) -> Expr:
    """∂(the target's instance)/∂(the access) through one factor."""
    if equation.reduce == "max":
        return Wins(access, equation.target, term.axes)
    return S.One if factor == access else _in_outputs(factor.diff(access), equation, outputs)


def _in_outputs(derivative: Expr, equation: Equation, outputs: Outputs) -> Expr:
    """σ'(z) = σ(z)·(1 - σ(z)) is written with the output that an equation names: h·(1 - h)."""
    named = {
        call: Access(outputs[call.func, call.args[0].tensor], call.args[0].index)
        for call in derivative.atoms(sympy.Function)
        if len(call.args) == 1 and isinstance(call.args[0], Access) and (call.func, call.args[0].tensor) in outputs
    }
    itself = _only_factor(equation)
    if itself is not None:
        named[itself] = equation.target
    return derivative.xreplace(named)


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
