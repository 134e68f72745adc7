"""Reverse mode in index notation: the adjoint equations of a list of equations.

For each term of ``t[a] = Σ_b Π factors`` and each access u[m(a, b)] in a factor φ:

    ū[m(a, b)] += t̄[a] · (the other factors) · ∂φ/∂u          for every a, b

and for ``t[a] = max_b u[m(a, b)]``, where the first of equal candidates wins:

    ū[m(a, b)] += t̄[a] · [u[m(a, b)] first reaches t[a]]       for every a, b

ū stands for ∂E/∂u. No layer is known here: the index map stays as it is, and ∂φ/∂u is SymPy's ``diff``, which knows the
rules of the leaf functions. Factors keep the chain rule's order: first the upstream gradient, then the local
derivative.

``reverse`` returns the adjoints in scatter form, from which programs and the scalar graph are made; ``gather`` returns
them in gather form, for reading. That both are the same is proved on instances.

    scatter   ī[r + p, c + q] += x̄[r, c]·f[p, q]                      for every r, c, p, q
    gather    ī[R, C] = Σ_{p, q} x̄[R - p, C - q]·f[p, q]              a full convolution with the flipped filter,
                                                                      from solving R = r + p for r
    stride s  ī[R, C] = Σ_{p, q} x̄[(R - p)/s, (C - q)/s]·f[p, q]      absent where s does not divide
"""

from collections.abc import Iterator, Mapping, Sequence

import sympy
from sympy import Expr, Rational, S

from symcnn.symbolic import Access, Affine, Axis, Equation, Tensor, Term, Wins, substitute

#: Leaf function and its argument's tensor -> the tensor of its values: ``(sigmoid, z_h) -> h``.
Outputs = Mapping[tuple[type[sympy.Function], Tensor], Tensor]


def reverse(equations: Sequence[Equation], constants: Sequence[Tensor]) -> tuple[Equation, ...]:
    """The adjoint equations, from the last equation (E, whose own adjoint is 1) back to the first.

    Args:
        equations: forward, in order; the last one is that of E.
        constants: tensors that E is not differentiated by (images, targets).
    """
    error = equations[-1].target.tensor
    fixed = {*constants, *(e.target.tensor for e in equations if e.constant)}
    outputs = _outputs(equations)
    adjoints: list[Equation] = []
    for equation in reversed(equations):
        tensor = equation.target.tensor
        # a quantity that E does not depend on (probabilities that are only displayed) has no adjoint
        has_adjoint = tensor == error or tensor.adjoint() in {e.target.tensor for e in adjoints}
        if has_adjoint and not equation.constant:
            adjoints += _adjoints(equation, error, fixed, outputs)
    return tuple(adjoints)


def _only_factor(equation: Equation) -> Expr | None:
    """φ, if the equation is ``target = φ``."""
    (first, *rest) = equation.terms
    alone = not rest and not first.axes and first.coefficient == 1 and len(first.factors) == 1
    return first.factors[0] if alone and equation.reduce == "sum" else None


def _outputs(equations: Sequence[Equation]) -> Outputs:
    calls = ((_only_factor(e), e.target.tensor) for e in equations)
    return {
        (call.func, call.args[0].tensor): tensor
        for call, tensor in calls
        if call is not None and call.is_Function and isinstance(call.args[0], Access)
    }


def _adjoints(equation: Equation, error: Tensor, fixed: set[Tensor], outputs: Outputs) -> Iterator[Equation]:
    target = equation.target
    upstream = () if target.tensor == error else (Access(target.tensor.adjoint(), target.index),)
    for term in equation.terms:
        for position, factor in enumerate(term.factors):
            for access in sorted(factor.atoms(Access), key=str):
                if access.tensor in fixed or access.tensor.role == "constant":
                    continue
                others = term.factors[:position] + term.factors[position + 1 :]
                local = _local(equation, term, factor, access, outputs)
                factors = _in_order(upstream, others, term.coefficient * local)
                adjoint = Access(access.tensor.adjoint(), access.index)
                yield Equation(adjoint, equation.axes + term.axes, (Term(factors),), adds=True)


def _local(equation: Equation, term: Term, factor: Expr, access: Access, outputs: Outputs) -> Expr:
    """∂(the target's instance)/∂(the access) through one factor."""
    if equation.reduce == "max":
        return Wins(access, equation.target, term.axes)
    return S.One if factor == access else _in_outputs(factor.diff(access), equation, outputs)


def _in_outputs(derivative: Expr, equation: Equation, outputs: Outputs) -> Expr:
    """The derivative with outputs in place of calls: σ'(z) = σ(z)·(1 - σ(z)) becomes h·(1 - h)."""
    values = {
        call: Access(outputs[call.func, call.args[0].tensor], call.args[0].index)
        for call in derivative.atoms(sympy.Function)
        if len(call.args) == 1 and isinstance(call.args[0], Access) and (call.func, call.args[0].tensor) in outputs
    }
    itself = _only_factor(equation)
    if itself is not None:
        values[itself] = equation.target
    return derivative.xreplace(values)


def _in_order(upstream: tuple[Expr, ...], others: tuple[Expr, ...], local: Expr) -> tuple[Expr, ...]:
    """Number, upstream gradient, the term's other factors, the local derivative: single quantities before sums.

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


#: Letters for the axes of an adjoint where r and c are those of the windows.
LETTERS = "RCSTUV"


def gather(adjoints: Sequence[Equation]) -> tuple[Equation, ...]:
    """One equation for each adjoint tensor, each after all that it depends on."""
    groups: dict[Tensor, list[Equation]] = {}
    for equation in adjoints:
        # an adjoint is complete with the last equation that adds to it: that one decides its place
        groups[equation.target.tensor] = [*groups.pop(equation.target.tensor, []), equation]
    return tuple(_gathered(tensor, equations) for tensor, equations in groups.items())


def _gathered(tensor: Tensor, equations: Sequence[Equation]) -> Equation:
    axes = _axes(tensor, equations)
    # the one bias of a single filter has no axis
    target = Access(tensor, tuple(a.index if a.name else Affine() for a in axes))
    return Equation(target, tuple(a for a in axes if a.name), tuple(_solved(e, axes) for e in equations))


def _axes(tensor: Tensor, equations: Sequence[Equation]) -> list[Axis]:
    """A letter for each dimension: the equations' own, where they agree; else a fresh one."""
    taken = {a.name for e in equations for a in e.axes}
    fresh = (letter for letter in LETTERS if letter not in taken)

    def axis(dimension: int, size: int) -> Axis:
        (first, *others) = {e.target.index[dimension] for e in equations}
        if not others and first == Affine():
            return Axis("", 1)
        return Axis(first.axes[0] if first.is_axis and not others else next(fresh), size)

    return [axis(dimension, size) for dimension, size in enumerate(tensor.shape)]


def _solved(equation: Equation, axes: Sequence[Axis]) -> Term:
    """The equation's term with ``target index = axes`` solved for as many of its own axes."""
    (term,) = equation.terms
    factors, remaining = term.factors, {a.name: a for a in equation.axes}
    wanted = [(a, m) for a, m in zip(axes, equation.target.index, strict=True) if a.name]
    # a plain axis first: it only gets another name
    for axis, affine in sorted(wanted, key=lambda pair: len(pair[1].coefficients)):
        (position, stride), *others = affine.coefficients
        remaining.pop(position)
        if affine != axis.index:
            solution = Affine(((axis.name, 1), *((a, -c) for a, c in others)), -affine.offset, stride)
            factors = tuple(substitute(f, {position: solution}) for f in factors)
    return Term(factors, tuple(remaining.values()), term.coefficient)
