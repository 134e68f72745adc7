"""The derivative rules of the leaf functions: the only derivatives that are stated and not derived, so each is proved.

Everything smooth is a rational function of u = exp(z), where du/dz = u:

    exp = u      sigmoid = u/(1 + u)      tanh = (u² - 1)/(u² + 1)      softplus = log(1 + u)      log: of z = u

What has kinks is linear on either side of them: each side, or each order of the candidates, is proved for itself.
"""

from collections.abc import Callable, Iterator
from itertools import permutations

import sympy
from sympy import QQ, Expr, Rational, S, Symbol, field

from symcnn.derivation import Derivation
from symcnn.symbolic import exp, leaky_relu, log, maximum, relu, sigmoid, softplus, tanh, wins
from symcnn.text import Catalogue
from symcnn.verification.result import Row

_z, _u = Symbol("z"), Symbol("u")
_FIELD = field("u", QQ)[0]

#: The smooth leaves in u.
_IN_U: dict[type[Expr], Expr] = {exp: _u, sigmoid: _u / (1 + _u), tanh: (_u**2 - 1) / (_u**2 + 1)}

#: Their derivatives by z, in u, by differentiating a rational function (softplus, log: by log′(v) = v′/v, and z = u).
_SLOPES: dict[type[Expr], Expr] = {
    **{function: value.diff(_u) * _u for function, value in _IN_U.items()},
    softplus: (1 + _u).diff(_u) * _u / (1 + _u),
    log: 1 / _u,
}

#: What a rectifier is above its kink and below.
_SIDES: dict[type[Expr], tuple[Expr, Expr]] = {relu: (_z, S.Zero), leaky_relu: (_z, _z / 100)}


def leaf_rows(derivation: Derivation, text: Catalogue) -> Iterator[Row]:
    """One row for each leaf function that the network's forward equations use."""
    used = used_leaves(derivation)
    for function, (claim, proved, method) in RULES.items():
        if function in used:
            yield Row(claim, "proved" if proved(function) else "refuted", text(f"verify.{method}"))


def used_leaves(derivation: Derivation) -> set[type[Expr]]:
    """The leaf functions of the forward equations; a softmax's shift, which nothing depends on, is not counted."""
    factors = [f for e in derivation.forward for term in e.terms for f in term.factors]
    used = {call.func for factor in factors for call in factor.atoms(sympy.Function)}
    largest = {maximum for e in derivation.forward if e.reduce == "max" and not e.constant}
    return used | largest


def smooth(function: type[Expr]) -> bool:
    """The stated rule against the derivative of a rational function of u, by normal form."""
    stated = function(_z).diff(_z).xreplace({f(_z): value for f, value in _IN_U.items()})
    return bool(_FIELD.from_expr(stated.xreplace({_z: _u})) == _FIELD.from_expr(_SLOPES[function]))


def rectifier(function: type[Expr]) -> bool:
    """The stated gate against the derivative on either side, and at the kink against that of the side below."""
    above, below = (side.diff(_z) for side in _SIDES[function])
    stated = function(_z).diff(_z)
    at = [stated.xreplace({_z: Rational(z)}).evalf(30) for z in (3, 0, -3)]
    return all(
        abs(found - wanted) < Rational(1, 10**25) for found, wanted in zip(at, (above, below, below), strict=True)
    )


def choice(function: type[Expr]) -> bool:
    """``wins`` against the exact slope of a maximum of three, in every order; of equal ones the first wins."""
    step = Rational(1, 10)
    for values in permutations((Rational(1), Rational(2), Rational(3))):
        for n in range(3):
            moved = [v + step if m == n else v for m, v in enumerate(values)]
            if int(wins(values[n], max(values), *values[:n]).evalf()) != (max(moved) - max(values)) / step:
                return False
    one = S.One
    return [int(wins(one, one, *[one] * n).evalf()) for n in range(3)] == [1, 0, 0]


#: Leaf -> claim, how it is proved, the method in words.
RULES: dict[type[Expr], tuple[str, Callable[[type[Expr]], bool], str]] = {
    sigmoid: ("σ′(z) = σ(z)·(1 − σ(z))", smooth, "field"),
    tanh: ("tanh′(z) = 1 − tanh²(z)", smooth, "field"),
    exp: ("exp′(z) = exp(z)", smooth, "field"),
    log: ("log′(z) = 1/z", smooth, "field"),
    softplus: ("softplus′(z) = σ(z)", smooth, "field"),
    relu: ("relu′(z) = [z > 0]", rectifier, "sides"),
    leaky_relu: ("leaky_relu′(z) = [z > 0] + [z ≤ 0]/100", rectifier, "sides"),
    maximum: ("∂max/∂a = [a first reaches max]", choice, "orders"),
}
