"""How the leaf functions are displayed: a name before arguments, or a form of their own.

softplus(z)             ln(1 + exp(z))
gate(y, 1, 0)           [y > 0]                             Iverson's bracket: 1 where it holds, else 0
gate(y, 1, 1/100)       [y > 0] + 1/100 · [y ≤ 0]
wins(a, m, b, c)        [a = m, b < m, c < m]
"""

from collections.abc import Callable, Mapping

import sympy

from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.symbolic import exp, gate, leaky_relu, log, maximum, relu, sigmoid, softplus, tanh, wins

#: Leaf function -> what stands before its arguments.
CALLS: Mapping[type[sympy.Function], str] = {
    sigmoid: "σ", tanh: "tanh", relu: "ReLU", leaky_relu: "LeakyReLU", exp: "exp", log: "ln", maximum: "max",
}  # fmt: skip


def _softplus(arguments: tuple[Node, ...]) -> Node:
    return tree.Call("ln", (tree.Sum((tree.Number(1), tree.Call("exp", arguments))),))


def _gate(arguments: tuple[Node, ...]) -> Node:
    y, above, below = arguments
    zero = tree.Number(0)
    parts = [(above, tree.Indicator((tree.Relation(y, ">", zero),))),
             (below, tree.Indicator((tree.Relation(y, "≤", zero),)))]  # fmt: skip
    terms = [
        where if value == tree.Number(1) else tree.Product((value, where)) for value, where in parts if value != zero
    ]
    return terms[0] if len(terms) == 1 else tree.Sum(tuple(terms))


def _wins(arguments: tuple[Node, ...]) -> Node:
    candidate, largest, *before = arguments
    earlier = (tree.Relation(b, "<", largest) for b in dict.fromkeys(before))  # absent cells are all alike
    return tree.Indicator((tree.Relation(candidate, "=", largest), *earlier))


#: Leaf function -> its display, made of its arguments.
SPECIAL: Mapping[type[sympy.Function], Callable[[tuple[Node, ...]], Node]] = {
    softplus: _softplus, gate: _gate, wins: _wins,
}  # fmt: skip
