"""Planted errors: corrupted copies of the derivation's own formulas, to show of each method that it can fail.

A sign, a factor, a missing term or factor, a wrong index, 1 + h for 1 - h, a neighbour's formula, and errors as small
as 2·10⁻¹²: what people get wrong, and what hides best.

Planted errors in index notation: the adjoint equations with one thing wrong, to show that their check can fail.

A sign, a factor, an index off by one, another stride, two axes exchanged, another tensor of the same shape, a factor or
an equation that is missing, a gate or a choice of the maximum that is missing or asks about the wrong entry. Only those
count that change a gradient: carried out in real numbers, at random values.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest

import numpy as np
import sympy
from sympy import Add, Expr, Integer, Mul, Rational, S

from symcnn.derivation import Derivation
from symcnn.proof.arithmetic import Reals
from symcnn.proof.interpret import Interpreter, Numbers
from symcnn.symbolic import Access, Affine, Equation, Tensor, Wins, gate

SEED = 20210126

#: Twice the bar of the complex step: an error as large as the bar would be caught on one processor and not on another.
TINY = Rational(2, 10**12)


@dataclass(frozen=True)
class Planted:
    """A wrong formula for ∂E/∂name, and what is wrong with it."""

    name: str
    kind: str
    candidate: Expr


def planted_errors(derivation: Derivation, most: int = 300, names: Sequence[str] | None = None) -> list[Planted]:
    """Return at most ``most`` wrong formulas for some gradients (None: all), always the same ones."""
    rng = random.Random(SEED)
    names = list(derivation.names if names is None else names)
    if 8 * len(names) > most:
        names = rng.sample(names, max(1, most // 8))
    errors = [Planted(name, *error) for name in names for error in _candidates(derivation, name, rng)]
    return errors[:: -(-len(errors) // most)] if len(errors) > most else errors


def _candidates(derivation: Derivation, name: str, rng: random.Random) -> Iterator[tuple[str, Expr]]:
    formula = derivation[name].formula
    if formula == 0:
        yield "not zero", Rational(1)
        return
    yield "sign", -formula
    yield "factor 2", 2 * formula
    yield "relative 2e-12", formula * (1 + TINY)
    yield "absolute 2e-12", formula + TINY
    terms = Add.make_args(formula)
    if len(terms) > 1:
        dropped, flipped = rng.randrange(len(terms)), rng.randrange(len(terms))
        yield "missing term", Add(*(t for n, t in enumerate(terms) if n != dropped))
        yield "sign of a term", Add(*(-t if n == flipped else t for n, t in enumerate(terms)))
    factors = Mul.make_args(terms[0])
    if len(factors) > 1:
        yield "missing factor", formula - terms[0] + Mul(*factors[1:])
    yield from _wrong_index(derivation, formula, rng)
    # one step deeper, where σ' = h·(1 - h) is written out
    backward = derivation.graph.backward
    adjoints = sorted((s for s in formula.free_symbols if s.name in backward), key=str)
    deeper = formula.xreplace({s: backward[s.name].expression for s in adjoints})
    for symbol in sorted(deeper.free_symbols - formula.free_symbols, key=str):
        wrong = deeper.xreplace({1 - symbol: 1 + symbol})
        if wrong != deeper:
            yield "1 + output", wrong


def _wrong_index(derivation: Derivation, formula: Expr, rng: random.Random) -> Iterator[tuple[str, Expr]]:
    """Exchange two quantities of one tensor, or replace one by another of its tensor."""
    for symbol in rng.sample(sorted(formula.free_symbols, key=str), min(2, len(formula.free_symbols))):
        quantity = derivation.quantities.of(symbol)
        others = [replace(quantity, index=i).symbol for i in quantity.tensor.indices() if i != quantity.index]
        if not others:
            continue
        other = rng.choice(others)
        if other in formula.free_symbols:
            swapped = formula.xreplace({symbol: other, other: symbol})
            if sympy.expand(swapped - formula) != 0:
                yield "indices exchanged", swapped
        else:
            yield "wrong index", formula.xreplace({symbol: other})


EQUATIONS_SEED = 20261126

#: Gradients that differ by less, relative to the largest of their tensor, are the same but for rounding.
SAME = 1e-13

Change = tuple[str, Equation | None]
Sizes = Mapping[str, int]


@dataclass(frozen=True)
class PlantedEquation:
    """Adjoint equations of which one is wrong.

    Attributes:
        kind: what is wrong.
        place: which equation; right, wrong: how it reads (wrong: "" where it is missing).
    """

    kind: str
    place: int
    right: str
    wrong: str
    equations: tuple[Equation, ...]


def planted_equations(derivation: Derivation, most: int = 100) -> list[PlantedEquation]:
    """Return at most ``most``, of every kind by turns, always the same ones; each changes a gradient."""
    return list(islice(each_planted_equation(derivation), most))


def each_planted_equation(derivation: Derivation) -> Iterator[PlantedEquation]:
    """Yield them one by one: whether one changes a gradient takes a pass through the network."""
    rng = random.Random(EQUATIONS_SEED)
    kinds: dict[str, list[PlantedEquation]] = {}
    right = derivation.backward
    for place, equation in enumerate(right):
        for kind, changed in _changes(equation, derivation):
            equations = (*right[:place], *((changed,) if changed else ()), *right[place + 1 :])
            text = str(changed) if changed else ""
            kinds.setdefault(kind, []).append(PlantedEquation(kind, place, str(equation), text, equations))
    for same_kind in kinds.values():
        rng.shuffle(same_kind)
    changes_something = _gradients_differ(derivation)
    for error in chain.from_iterable(zip_longest(*kinds.values())):
        if error is not None and changes_something(error.equations):
            yield error


# --- what can be wrong with an equation -----------------------------------------------------------------------------


def _changes(equation: Equation, derivation: Derivation) -> Iterator[Change]:
    (term,) = equation.terms
    sizes = {axis.name: axis.size for axis in equation.axes}

    def with_factors(*factors: Expr) -> Equation:
        return replace(equation, terms=(replace(term, factors=factors or (S.One,)),))

    yield "equation missing", None
    yield "sign", with_factors(Integer(-1), *term.factors)
    yield "factor 2", with_factors(Integer(2), *term.factors)
    yield "relative 1e-12", with_factors(1 + Rational(1, 10**12), *term.factors)
    for n, factor in enumerate(term.factors):
        before, after = term.factors[:n], term.factors[n + 1 :]
        missing = {gate: "gate missing", Wins: "maximum's choice missing"}.get(factor.func, "factor missing")
        yield missing, with_factors(*before, *after)
        for kind, changed in _other_factors(factor, sizes, derivation):
            yield kind, with_factors(*before, changed, *after)
    for kind, target in _other_indices(equation.target, sizes):
        yield f"{kind} of the target", replace(equation, target=target)


def _other_factors(factor: Expr, sizes: Sizes, derivation: Derivation) -> Iterator[tuple[str, Expr]]:
    if isinstance(factor, Wins):
        for kind, cell in _other_indices(factor.cell, sizes):
            yield f"{kind} of a candidate", Wins(cell, factor.largest, factor.window)
        for kind, largest in _other_indices(factor.largest, sizes):
            yield f"{kind} of a maximum", Wins(factor.cell, largest, factor.window)
        return
    if isinstance(factor, gate):
        yield "gate the wrong way round", gate(factor.args[0], factor.args[2], factor.args[1])
    if factor.is_Add:
        yield "sign in a sum", factor.xreplace({factor.args[-1]: -factor.args[-1]})
    if factor.is_Pow:
        yield "exponent", factor.base ** (factor.exp + 1)
    for access in sorted(factor.atoms(Access), key=str):
        for kind, other in _other_indices(access, sizes):
            yield kind, factor.xreplace({access: other})
        for tensor in _alike(access.tensor, derivation):
            yield "another tensor", factor.xreplace({access: Access(tensor, access.index, access.outside)})


def _other_indices(access: Access, sizes: Sizes) -> Iterator[tuple[str, Access]]:
    """An index off by one, with another stride, with an axis run backwards or left out; two indices exchanged."""

    def put(n: int, affine: Affine) -> Access:
        return Access(access.tensor, (*access.index[:n], affine, *access.index[n + 1 :]), access.outside)

    for n, affine in enumerate(access.index):
        yield "index off by one", put(n, replace(affine, offset=affine.offset + 1))
        for m, (axis, coefficient) in enumerate(affine.coefficients):
            others = (*affine.coefficients[:m], *affine.coefficients[m + 1 :])
            yield "stride", put(n, replace(affine, coefficients=(*others, (axis, coefficient + 1))))
            last = affine.offset + coefficient * (sizes[axis] - 1)
            yield "flipped axis", put(n, Affine((*others, (axis, -coefficient)), last))
            if others:
                yield "axis missing", put(n, replace(affine, coefficients=others))
        for m in range(n):
            exchanged = list(access.index)
            exchanged[n], exchanged[m] = exchanged[m], exchanged[n]
            if exchanged[n] != exchanged[m] and access.tensor.shape[n] == access.tensor.shape[m]:
                yield "axes exchanged", Access(access.tensor, tuple(exchanged), access.outside)


def _alike(tensor: Tensor, derivation: Derivation) -> list[Tensor]:
    """Other tensors of the same shape and the same kind: z for h, dE_dz for dE_dh."""
    targets = {e.target.tensor: None for e in (*derivation.forward, *derivation.backward)}
    return [t for t in targets if t.shape == tensor.shape and t.is_adjoint == tensor.is_adjoint and t != tensor]


# --- does it change anything? ---------------------------------------------------------------------------------------


def _gradients_differ(derivation: Derivation, samples: int = 4) -> Callable[[Sequence[Equation]], bool]:
    """Return a test of whether equations give other gradients than the derivation's, at random values."""
    graph = derivation.network.forward
    assert graph.targets is not None  # a derivation has a loss
    rng = np.random.default_rng(EQUATIONS_SEED)
    # small weights, as a network starts with: no neuron saturated, every kind of gate open and closed
    values = {p: np.tile(rng.normal(size=p.size) / _inputs(p) ** 0.5, (samples, 1)) for p in graph.parameters}
    values[graph.image] = rng.normal(size=(samples, graph.image.size))
    values[graph.targets] = rng.uniform(size=(samples, graph.targets.size))
    forward = Interpreter(Reals(), values)
    forward.run(derivation.forward)

    def gradients(equations: Sequence[Equation]) -> list[Numbers]:
        backward = Interpreter(Reals(), forward.values)
        with np.errstate(all="ignore"):  # a sum that is missing may stand in a denominator
            backward.run(equations)
        return [backward.value(p.adjoint()).sum(0) for p in graph.parameters]

    right = gradients(derivation.backward)

    def differ(equations: Sequence[Equation]) -> bool:
        pairs = zip(right, gradients(equations), strict=True)
        return not all(np.abs(a - b).max() <= SAME * np.abs(a).max() for a, b in pairs)

    return differ


def _inputs(parameter: Tensor) -> int:
    """Return about how many weights one output has."""
    return max(1, parameter.size // max(parameter.shape[0], parameter.shape[-1]))
