"""What a report prints straight from an equation: index notation, an entry of a large network, a sum with dots.

Such a formula is recognised by printing the equation again: what is shown is then what is proved as an equation.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import product

from symcnn.derivation import Derivation, Graph, Variable, instance
from symcnn.formula import tree
from symcnn.formula.meaning import Meaning
from symcnn.formula.steps import nodes
from symcnn.formula.tree import Node
from symcnn.formula.typography import Typography
from symcnn.formula.written import MeaningError, letters_in
from symcnn.symbolic import E, Equation

#: Products beside dots: so many at most are looked for.
MAX_BESIDE_DOTS = 64


class Printed:
    """Finds the equation of which a formula is the print.

    Args:
        typographies: with E_total and with E.
    """

    def __init__(self, derivation: Derivation, meaning: Meaning, typographies: Sequence[Typography]) -> None:
        self._d, self._meaning, self._typographies = derivation, meaning, typographies

    def equation(self, formula: tree.Equality | tree.Relation) -> Equation | None:
        """The equation in index notation that a formula is, or an entry of which it is."""
        return self._stated.get(formula) or self._instance(formula)

    @cached_property
    def _stated(self) -> Mapping[Node, Equation]:
        equations = (*self._d.equations, *self._d.backward)
        return {t.stated(e): e for t in self._typographies for e in equations}

    def _instance(self, formula: tree.Equality | tree.Relation) -> Equation | None:
        """An entry written out; in a long sum dots stand for the middle."""
        if not isinstance(formula, tree.Equality) or len(formula.members) != 2:
            return None
        left, right = formula.members
        symbol = left.by if isinstance(left, tree.Partial) else left
        if not isinstance(symbol, tree.Symbol) or letters_in(symbol):
            return None
        quantity = E if symbol.letter == "E" else self._meaning.entry(symbol)
        if quantity is None:
            return None
        wanted = quantity.tensor.adjoint() if isinstance(left, tree.Partial) else quantity.tensor
        for equation in self._d.equations:
            if equation.target.tensor == wanted:
                variable = instance(equation, quantity.index)
                shown = ((t, side) for t in self._typographies for side in prints(t, variable))
                if any(t.name(variable.quantity) == left and side == right for t, side in shown):
                    return equation
        return None

    def without_dots(self, members: Sequence[Node], graph: Graph) -> list[Node]:
        """What stands where dots were: of a sum that is the print of the left side's own equation."""
        left = members[0]
        value, quantities = self._meaning.of(left.by if isinstance(left, tree.Partial) else left), self._d.quantities
        quantity = quantities.of(value) if value in quantities else None
        if quantity is not None and isinstance(left, tree.Partial):
            quantity = quantity.adjoint
        if quantity is None or quantity not in graph:
            raise MeaningError("dots")
        variable = graph[quantity]
        whole = {side: t.right_side(variable) for t in self._typographies for side in prints(t, variable)}
        return [_replaced(member, whole) for member in members]

    def sizes(self, members: Sequence[Node]) -> dict[str, int]:
        """How far each index letter runs: as far as the dimension at which it stands alone."""
        sizes: dict[str, int] = {}
        for symbol in (s for m in members for s in nodes(m) if isinstance(s, tree.Symbol)):
            texts = letters_in(symbol)
            shape = self._meaning.tensor(symbol).shape if texts else ()
            for letter, size in zip(texts, shape, strict=False):
                if len(letter) == 1 and letter.isalpha() and sizes.setdefault(letter, size) != size:
                    raise MeaningError("two_lengths", letter=letter, one=sizes[letter], other=size)
        return sizes


def points(letters: Sequence[str], sizes: Mapping[str, int], base: int = 0) -> Iterator[dict[str, int]]:
    """Every index of some letters, counted from a base."""
    for values in product(*(range(base, base + sizes[letter]) for letter in letters)):
        yield dict(zip(letters, values, strict=True))


def prints(typography: Typography, variable: Variable) -> Iterator[Node]:
    """A variable's right side, whole and with dots after some products."""
    most = max((len(a.products) for a in variable.addends), default=0)
    yield typography.right_side(variable)
    for shown in range(2, min(most, MAX_BESIDE_DOTS)):
        yield typography.right_side(variable, shown)


def _replaced(node: Node, whole: Mapping[Node, Node]) -> Node:
    if node in whole:
        return whole[node]
    if isinstance(node, tree.Labelled):
        return tree.Labelled(_replaced(node.node, whole), node.word)
    if isinstance(node, tree.Sum):
        return tree.Sum(tuple(_replaced(term, whole) for term in node.terms))
    return node
