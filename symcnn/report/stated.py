"""Rules in letters that stand for any quantity: σ(z) = …, ∂σ(z)/∂z = …, ∂E/∂u = Σ ∂E/∂v · ∂v/∂u.

A rule about a function is proved: smooth ones as rational functions of exp(z), which SymPy cancels; rectifiers, which
are linear on either side of their kink, at points on both sides and at it. The chain rule is put to the test at every
quantity of the network.
"""

import sympy
from sympy import Expr, Rational, Symbol

from symcnn.derivation import Derivation
from symcnn.derivation.paths import Quantities, successors
from symcnn.formula import tree
from symcnn.formula.meaning import MeaningError
from symcnn.formula.steps import nodes
from symcnn.formula.tree import Node
from symcnn.symbolic import gate, leaky_relu, maximum, relu, sigmoid, softplus, tanh

_KINKED = (gate, maximum, relu, leaky_relu)

#: Two points on either side of a kink, and the kink.
_POINTS = (Rational(-7, 2), Rational(-1, 3), Rational(0), Rational(1, 5), Rational(3))


def same_function(left: Expr, right: Expr, letter: str) -> bool:
    """Are two expressions in one letter the same function?"""
    z = Symbol(letter)
    if left.has(*_KINKED) or right.has(*_KINKED):
        return all(
            abs(left.xreplace({z: at}).evalf(30) - right.xreplace({z: at}).evalf(30)) < Rational(1, 10**25)
            for at in _POINTS
        )
    u = Symbol("u", positive=True)
    difference = _in_exponentials(left - right).subs(z, sympy.log(u))
    return bool(sympy.cancel(sympy.together(sympy.powsimp(difference))) == 0)


def _in_exponentials(e: Expr) -> Expr:
    for function in (sigmoid, softplus, tanh):
        e = e.replace(function, lambda z, f=function: f(z).rewrite(sympy.exp))
    return e


def is_chain_rule(node: Node) -> bool:
    """∂E/∂u = Σ(∂E/∂v · ∂v/∂u), or Σ over v, in any letters and in either order of the factors."""
    if not isinstance(node, tree.Equality) or len(node.members) != 2:
        return False
    left, right = node.members
    if not isinstance(left, tree.Partial) or not isinstance(left.by, tree.Symbol):
        return False
    bodies = {tree.Call: lambda n: n.arguments[0] if n.function == "Σ" else None, tree.Over: lambda n: n.body}
    body = bodies[type(right)](right) if type(right) in bodies else None  # type: ignore[no-untyped-call]
    if not isinstance(body, tree.Product) or len(body.factors) != 2:
        return False
    letters = {s.letter for s in nodes(body) if isinstance(s, tree.Symbol)} - {"E", left.by.letter}
    if len(letters) != 1:
        return False
    v = tree.Symbol(letters.pop())
    if isinstance(right, tree.Over) and (right.sign, right.letters) != ("Σ", (v.letter,)):
        return False
    outer, inner = tree.Partial(left.of, v), tree.Partial(v, left.by)
    return set(body.factors) == {outer, inner}


def chain_rule_holds(derivation: Derivation, quantities: Quantities) -> bool:
    """∂E/∂u = Σ ∂E/∂v · (∂v/∂u by v's own equation), for every quantity u of the network."""
    if not derivation.graph.forward:
        raise MeaningError("the chain rule: there is no quantity to try it on")
    for u in (*derivation.graph.inputs, *derivation.graph.forward):
        if u == "E":
            continue
        parts = [
            quantities.algebra.times(quantities.slope("E", v), quantities.local(v).get(u, quantities.algebra.zero))
            for v in successors(derivation, u)
        ]
        if sum(parts, quantities.algebra.zero) != quantities.slope("E", u):
            return False
    return True
