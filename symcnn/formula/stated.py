"""Rules in letters that stand for any quantity: σ(z) = …, ∂σ(z)/∂z = …, ∂E/∂u = Σ ∂E/∂v · ∂v/∂u.

A rule about a function is proved: smooth ones as rational functions of exp(z), which SymPy cancels; rectifiers, which
are linear on either side of their kink, at points on both sides and at it. The chain rule is put to the test at every
quantity of the network.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import sympy
from sympy import Add, Expr, Rational, Symbol

from symcnn.derivation.graph import Graph
from symcnn.formula import tree
from symcnn.formula.meaning import EntryGroup, Meaning
from symcnn.formula.steps import Derived, nodes
from symcnn.formula.tree import Node
from symcnn.proof import Comparison, OneMethod, Verdict, decide
from symcnn.symbolic import LEAVES, PIECEWISE, exp

#: Functions that are written out in exponentials.
_SMOOTH = [leaf.function for leaf in LEAVES if leaf.definition and not leaf.sides and leaf.definition.has(exp)]

#: Two points on either side of a kink, and the kink.
_POINTS = (Rational(-7, 2), Rational(-1, 3), Rational(0), Rational(1, 5), Rational(3))


def same_function(left: Expr, right: Expr, letter: str) -> Verdict:
    """Are two expressions in one letter the same function?"""
    z = Symbol(letter)
    if left.has(*PIECEWISE) or right.has(*PIECEWISE):
        return decide(left, right, OneMethod("numbers", "linear on either side of a kink", partial(_at_points, z)))
    return decide(left, right, OneMethod("exact", "rational functions of exp(z)", partial(_cancelled, z)))


def _at_points(z: Symbol, left: Expr, right: Expr) -> Comparison:
    for at in _POINTS:
        a, b = (side.xreplace({z: at}).evalf(30) for side in (left, right))
        if not abs(a - b) < Rational(1, 10**25):
            return Comparison(False, counterexample=(float(a), float(b)), at=str(at))
    return Comparison(True)


def _cancelled(z: Symbol, left: Expr, right: Expr) -> Comparison:
    u = Symbol("u", positive=True)
    difference = sympy.cancel(sympy.together(sympy.powsimp(_in_exponentials(left - right).subs(z, sympy.log(u)))))
    return Comparison(difference == 0, counterexample=None if difference == 0 else str(difference))


def _in_exponentials(e: Expr) -> Expr:
    for function in _SMOOTH:
        e = e.replace(function, lambda z, f=function: f(z).rewrite(sympy.exp))
    return e


def is_chain_rule(members: Sequence[Node]) -> bool:
    """∂E/∂u = Σ(∂E/∂v · ∂v/∂u), in any two letters and in either order of the factors."""
    if len(members) != 2:
        return False
    left, right = members
    if not isinstance(left, tree.Partial) or not isinstance(right, tree.Call) or right.function != "Σ":
        return False
    [body] = right.arguments
    if not isinstance(left.of, tree.Symbol) or left.of.letter != "E" or not isinstance(body, tree.Product):
        return False
    others = {s for s in nodes(body) if isinstance(s, tree.Symbol)} - {left.of, left.by}
    free = {s for s in (*others, left.by) if isinstance(s, tree.Symbol) and not s.indices and not s.word}
    if len(others) != 1 or len(free) != 2 or len(body.factors) != 2:
        return False
    [v] = others
    return set(body.factors) == {tree.Partial(left.of, v), tree.Partial(v, left.by)}


def is_rest(first: Derived, second: Derived, meaning: Meaning, graph: Graph) -> bool:
    """Of a long sum only the terms that are not constant may stand under the second ∂."""
    by, whole, part = (meaning.of(node) for node in (first.by, first.of, second.of))
    variable = graph.forward.get(str(whole))
    if variable is None or isinstance(part, EntryGroup) or isinstance(by, EntryGroup):
        return False
    return set(_terms(part)) == {e for e in _terms(variable.expression) if by in e.free_symbols}


def _terms(expression: Expr) -> Iterator[Expr]:
    """The terms of a sum; of a number times a sum in it, as in a mean, each with that number."""
    for term in Add.make_args(expression):
        yield from Add.make_args(term.expand(deep=False))
