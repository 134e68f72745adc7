"""The derivative rules of the leaf functions, as SymPy differentiates them, each proved from its definition.

What is smooth is a function of z and u = exp(z), where du/dz = u; in these its derivative is rational:

    exp = u      sigmoid = 1/(1 + 1/u)      tanh = (u² - 1)/(u² + 1)      softplus = log(1 + u)      log: of z = u

What has a kink is proved on either side of it, and at the kink itself; a maximum, in each order of its candidates.
"""

from collections.abc import Callable, Iterator
from itertools import permutations

import sympy
from sympy import QQ, Expr, Rational, S, Symbol, exp, field, log

from symcnn.derivation import Derivation
from symcnn.proof import Comparison, OneMethod, Verdict, decide
from symcnn.symbolic import LEAF, LEAVES, Leaf, gate, maximum, wins
from symcnn.symbolic.leaves import Function
from symcnn.text import Catalogue
from symcnn.verification.result import CheckRow

_z, _u = Symbol("z"), Symbol("u")
_FIELD = field("z, u", QQ)[0]


def leaf_rows(derivation: Derivation, text: Catalogue) -> Iterator[CheckRow]:
    """One row for each leaf function that the network's forward equations use."""
    used = used_leaves(derivation)
    for function, (claim, _, method) in RULES.items():
        if function in used:
            yield CheckRow(claim, decide_rule(function).status, text(f"verify.{method}"))


def decide_rule(function: Function) -> Verdict:
    """Decide whether the derivative rule of a leaf function is right."""
    claim, holds, method = RULES[function]

    def compare(rule: Function, leaf: Leaf) -> Comparison:
        is_right = holds(rule)
        return Comparison(is_right, counterexample=None if is_right else "another derivative")

    return decide(function, LEAF[function], OneMethod("exact", method, compare), claim=claim)


def used_leaves(derivation: Derivation) -> set[type[Expr]]:
    """The leaf functions of the forward equations; a softmax's shift, which nothing depends on, is not counted."""
    factors = [f for e in derivation.forward for term in e.terms for f in term.factors]
    used = {call.func for factor in factors for call in factor.atoms(sympy.Function)}
    largest = {maximum for e in derivation.forward if e.reduce == "max" and not e.constant}
    return used | largest


def slope(function: Function) -> bool:
    """Whether the rule is the derivative of the definition, by normal forms in z and u.

    A function with two formulas is checked on either side of 0 and at points, also at 0, where the lower side counts.
    """
    leaf, rule = LEAF[function], function(_z).diff(_z)
    formulas = leaf.sides or (leaf.definition or function(_z),)
    if not all(_same(_on_side(rule, n), _derivative(formula)) for n, formula in enumerate(formulas)):
        return False
    points = (S.Zero, Rational(3), Rational(-3)) if leaf.sides else ()
    slopes = [(rule.xreplace({_z: at}), leaf.side(at > 0).diff(_z).xreplace({_z: at})) for at in points]
    return all(abs(one.evalf(30) - other.evalf(30)) < Rational(1, 10**25) for one, other in slopes)


def _on_side(e: Expr, side: int) -> Expr:
    """An expression in a function of two formulas and its gates, where z lies on one side of 0."""
    e = e.replace(gate, lambda y, *branches: branches[side])
    return e.replace(
        lambda a: a.func in LEAF and LEAF[a.func].sides is not None, lambda a: LEAF[a.func].side(side == 0)
    )


def _derivative(e: Expr) -> Expr:
    """By z, in z and u; log′(v) = v′/v."""
    if e == log(_z):  # of z = u
        return 1 / _z
    if e.func is log:
        return _derivative(e.args[0]) / _in_u(e.args[0])
    return _in_u(e).diff(_z) + _in_u(e).diff(_u) * _u


def _in_u(e: Expr) -> Expr:
    """exp(n·z) as uⁿ, and the leaf functions by their definitions."""
    smooth = [leaf for leaf in LEAVES if leaf.definition is not None and leaf.sides is None]
    e = e.xreplace({leaf.function(_z): leaf.definition for leaf in smooth})
    return e.replace(exp, lambda a: _u ** sympy.cancel(a / _z))


def _same(one: Expr, other: Expr) -> bool:
    return bool(_FIELD.from_expr(_in_u(one)) == _FIELD.from_expr(_in_u(other)))


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


def _order(leaf: Leaf) -> tuple[bool, bool, bool]:
    """Among the rows: the rule that needs another function's stands behind it."""
    needs_another = leaf.explicit_slope is not None and bool(leaf.explicit_slope.has(sympy.Function))
    return leaf.function is maximum, leaf.sides is not None, needs_another


#: Leaf -> claim, how it is proved, the method in words.
RULES: dict[Function, tuple[str, Callable[[Function], bool], str]] = {
    leaf.function: (
        leaf.rule,
        slope if leaf.takes_one else choice,
        "orders" if not leaf.takes_one else "sides" if leaf.sides else "field",
    )
    for leaf in sorted(LEAVES, key=_order)
    if leaf.rule
}
