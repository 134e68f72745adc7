"""How the leaf functions are displayed: a name before arguments, a form of their own, or as their definition.

softplus(z)             ln(1 + exp(z))                      no name: its definition
gate(y, 1, 0)           [y > 0]                             Iverson's bracket: 1 where it holds, else 0
gate(y, 1, 1/100)       [y > 0] + 1/100 · [y ≤ 0]
wins(a, m, b, c)        [a = m, b < m, c < m]
"""

from collections.abc import Callable, Mapping

from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.symbolic import LEAVES, gate, wins
from symcnn.symbolic.leaves import Function, Target

#: Leaf function -> what stands before its arguments.
CALLS: Mapping[Function, str] = {leaf.function: leaf.display for leaf in LEAVES if leaf.display}


def names(form: str, target: Target | None = None) -> dict[str, str]:
    """Map the displayed name of each function to a target's: from the leaf's column, else from ``form``."""
    columns = {leaf.display: leaf.columns.get(target) if target else None for leaf in LEAVES if leaf.display}
    return {name: column if isinstance(column, str) else form.format(name) for name, column in columns.items()}


def _gate(arguments: tuple[Node, ...]) -> Node:
    y, above, below = arguments
    zero = tree.Number(0)
    sides = [(above, tree.Indicator((tree.Relation(y, ">", zero),))),
             (below, tree.Indicator((tree.Relation(y, "≤", zero),)))]  # fmt: skip
    terms = [side if value == tree.Number(1) else tree.Product((value, side)) for value, side in sides if value != zero]
    return terms[0] if len(terms) == 1 else tree.Sum(tuple(terms))


def _wins(arguments: tuple[Node, ...]) -> Node:
    candidate, largest, *before = arguments
    earlier = (tree.Relation(b, "<", largest) for b in dict.fromkeys(before))  # absent cells are all alike
    return tree.Indicator((tree.Relation(candidate, "=", largest), *earlier))


#: Leaf function -> its display, made of its arguments.
SPECIAL: Mapping[Function, Callable[[tuple[Node, ...]], Node]] = {gate: _gate, wins: _wins}
