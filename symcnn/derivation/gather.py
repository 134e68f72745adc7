"""Adjoints in gather form: what one entry of an adjoint is made of, for reading.

    scatter   ī[r + p, c + q] += x̄[r, c]·f[p, q]                      for every r, c, p, q
    gather    ī[R, C] = Σ_{p, q} x̄[R - p, C - q]·f[p, q]              a full convolution with the flipped filter: found,
                                                                      by solving R = r + p for r
    stride s  ī[R, C] = Σ_{p, q} x̄[(R - p)/s, (C - q)/s]·f[p, q]      absent where s does not divide

Programs and the scalar graph are made from the scatter form, which inverts nothing; that both say the same is proved on
instances.
"""

from collections.abc import Sequence

from symcnn.symbolic import Access, Affine, Axis, Equation, Tensor, Term, substitute

#: Letters for rows and columns of an adjoint whose own, r and c, are those of the windows.
LETTERS = "RCSTUV"


def gather(adjoints: Sequence[Equation]) -> tuple[Equation, ...]:
    """One equation for each adjoint tensor, in the order in which they are known: each after all that it rests on."""
    groups: dict[Tensor, list[Equation]] = {}
    for equation in adjoints:
        # an adjoint is whole with the last equation that adds to it: that one decides its place
        groups[equation.target.tensor] = [*groups.pop(equation.target.tensor, []), equation]
    return tuple(_gathered(tensor, equations) for tensor, equations in groups.items())


def _gathered(tensor: Tensor, equations: Sequence[Equation]) -> Equation:
    axes = _axes(tensor, equations)
    # the one bias of a single filter has no axis
    target = Access(tensor, tuple(Affine(((a.name, 1),)) if a.name else Affine() for a in axes))
    return Equation(target, tuple(a for a in axes if a.name), tuple(_solved(e, axes) for e in equations))


def _axes(tensor: Tensor, equations: Sequence[Equation]) -> list[Axis]:
    """A letter for each dimension: the equations' own, where they agree; else a fresh one."""
    taken = {a.name for e in equations for a in e.axes}
    fresh = (letter for letter in LETTERS if letter not in taken)
    found = []
    for dimension, size in enumerate(tensor.shape):
        maps = {e.target.index[dimension] for e in equations}
        (first, *_) = maps
        if maps == {Affine()}:
            found.append(Axis("", 1))
        elif len(maps) == 1 and first == Affine(first.coefficients[:1]) and first.coefficients[0][1] == 1:
            found.append(Axis(first.coefficients[0][0], size))
        else:
            found.append(Axis(next(fresh), size))
    return found


def _solved(equation: Equation, axes: Sequence[Axis]) -> Term:
    """The equation's term with ``target index = axes`` solved for as many of its own axes."""
    (term,) = equation.terms
    factors, remaining = term.factors, {a.name: a for a in equation.axes}
    wanted = [(a, m) for a, m in zip(axes, equation.target.index, strict=True) if a.name]
    # a plain axis first: it only takes another name
    for axis, affine in sorted(wanted, key=lambda pair: len(pair[1].coefficients)):
        (position, stride), *others = affine.coefficients
        if not others and stride == 1 and not affine.offset and position == axis.name:
            remaining.pop(position)
            continue
        rest = tuple((a, -c) for a, c in others)
        solution = Affine(((axis.name, 1), *rest), -affine.offset, stride)
        factors = tuple(substitute(f, {position: solution}) for f in factors)
        remaining.pop(position)
    return Term(factors, tuple(remaining.values()), term.coefficient)
