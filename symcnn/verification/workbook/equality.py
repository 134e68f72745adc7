"""Do two formulas say the same? Word for word, or by normal forms, or at random points modulo a prime."""

from collections.abc import Callable, Iterable
from typing import Literal

from sympy import Expr, Function, Rational, Symbol

from symcnn.derivation.algebra import Algebra, Element, TooLargeError, UndecidableError
from symcnn.derivation.algebras import ModularAlgebra, PolynomialAlgebra, RealAlgebra
from symcnn.symbolic import LEAF, maximum, relu

Answer = Literal["proved", "probable", "differs", "unknown"]

_SEEDS = (1, 2)


def same(one: Expr, other: Expr) -> Answer:
    """Equal as formulas, whatever the quantities in them are."""
    one, other = written_alike(one), written_alike(other)
    if one == other:
        return "proved"
    # names that a ring takes, whatever the sheets are called
    plain = {s: Symbol(f"q_{n}") for n, s in enumerate(sorted(one.free_symbols | other.free_symbols, key=str))}
    one, other = one.xreplace(plain), other.xreplace(plain)
    names = [s.name for s in plain.values()]
    every = [c for e in (one, other) for c in e.atoms(Function)]
    calls = sum(max(len(c.args), LEAF[c.func].generators if c.func in LEAF else 1) for c in every)
    try:
        return "proved" if _equal(lambda: PolynomialAlgebra(names, calls), one, other) else "differs"
    except TooLargeError:
        pass
    except UndecidableError:
        return "unknown"
    try:
        equal = all(_equal(lambda seed=seed: ModularAlgebra(names, seed), one, other) for seed in _SEEDS)  # type: ignore[misc]
        return "probable" if equal else "differs"
    except UndecidableError:
        return "unknown"


class Bounded(RealAlgebra):
    """Real numbers whose functions are only worked out where a spreadsheet could: formulas may tower up anything."""

    def output(self, function: type[Function], z: Element) -> Element:
        if abs(z) > 1e9:
            raise UndecidableError("too large a number")
        return super().output(function, z)


def differ_at(one: Expr, other: Expr, values: dict[str, Element]) -> tuple[float, float] | None:
    """Their values, if they differ at these values of the quantities (numbers of ``Bounded``)."""
    names = sorted(s.name for s in one.free_symbols | other.free_symbols)
    algebra = Bounded([n for n in names if n not in values], 1)
    known = {s: values.get(s.name, algebra.generators.get(s.name)) for s in one.free_symbols | other.free_symbols}
    try:
        a, b = (algebra.element(written_alike(e), dict(known)) for e in (one, other))
    except UndecidableError:
        return None
    return None if abs(a - b) <= 1e-12 * max(1, abs(a), abs(b)) else (float(a), float(b))


def written_alike(e: Expr) -> Expr:
    """Decimals as the rational numbers that are written, and MAX(0,z) as one and the same function."""
    changes = {f: Rational(repr(float(f))) for f in e.atoms() if f.is_Float}
    changes |= {m: relu(m.args[1]) for m in e.atoms(maximum) if len(m.args) == 2 and m.args[0] == 0}
    return e.xreplace(changes) if changes else e


def _equal(make: Callable[[], Algebra], one: Expr, other: Expr) -> bool:
    algebra = make()
    known = _known(algebra, (one, other))
    return bool(algebra.element(one, known) == algebra.element(other, known))


def _known(algebra: Algebra, expressions: Iterable[Expr]) -> dict[Expr, Element]:
    return {s: algebra.generators[s.name] for e in expressions for s in e.free_symbols}
