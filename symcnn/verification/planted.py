"""Planted errors: corrupted copies of the derivation's own formulas, to show of each method that it can fail.

A sign, a factor, a missing term or factor, a wrong index, 1 + h for 1 - h, a neighbour's formula, and errors as small
as 2·10⁻¹²: what people get wrong, and what hides best.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import sympy
from sympy import Add, Expr, Mul, Rational

from symcnn.derivation import Derivation

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
    """Wrong formulas for some gradients (None: all), the same ones every time; at most so many, evenly chosen."""
    rng = random.Random(SEED)
    names = list(derivation.names if names is None else names)
    if 8 * len(names) > most:
        names = rng.sample(names, max(1, most // 8))
    found = [p for name in names for p in _corrupted(derivation, name, rng)]
    return found[:: -(-len(found) // most)] if len(found) > most else found


def _corrupted(derivation: Derivation, name: str, rng: random.Random) -> Iterator[Planted]:
    for kind, candidate in _candidates(derivation, name, rng):
        yield Planted(name, kind, candidate)


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
    """Two quantities of one tensor exchanged, or one replaced by its neighbour."""
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
