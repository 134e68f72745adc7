"""Recognise equations by their form: the print of an equation of the network, and rules in any letters.

Index notation, an entry of a large network and a sum with dots are recognised by printing the network's equations
again: what is displayed is then what is proved as an equation.

Rules about functions, σ(z) = … or ∂σ(z)/∂z = …, are proved: smooth ones as rational functions of exp(z), which SymPy
cancels; rectifiers, which are linear on either side of their kink, at points on both sides and at it. The chain rule
∂E/∂u = Σ ∂E/∂v · ∂v/∂u is checked at every quantity of the network.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import product

import sympy
from sympy import Add, Expr, Rational, Symbol

from symcnn.derivation import Derivation, Graph, Product, Variable, instance
from symcnn.formula import tree
from symcnn.formula.meaning import EntryGroup, Meaning
from symcnn.formula.steps import Derived, nodes
from symcnn.formula.tree import Node
from symcnn.formula.typography import Typography
from symcnn.formula.written import MeaningError, letters_in
from symcnn.proof import Comparison, OneMethod, Verdict, decide
from symcnn.symbolic import LEAVES, PIECEWISE, E, Equation, Tensor, exp

#: The most products before dots that are tried.
MAX_BESIDE_DOTS = 64

#: Functions that are written out in exponentials.
_SMOOTH = [leaf.function for leaf in LEAVES if leaf.definition and not leaf.sides and leaf.definition.has(exp)]

#: Two points on either side of a kink, and the kink.
_POINTS = (Rational(-7, 2), Rational(-1, 3), Rational(0), Rational(1, 5), Rational(3))


class EquationMatcher:
    """Finds the equation that a formula prints.

    Args:
        typographies: with E_total and with E.
    """

    def __init__(self, derivation: Derivation, meaning: Meaning, typographies: Sequence[Typography]) -> None:
        self._derivation, self._meaning, self._typographies = derivation, meaning, typographies

    def equation(self, formula: tree.Equality | tree.Relation) -> Equation | None:
        """Return the equation that a formula prints in index notation, or one entry of which it prints."""
        entry = None if formula in self._prints else self.entry(formula)
        return self._prints.get(formula) if entry is None else entry.equation

    @cached_property
    def _prints(self) -> Mapping[Node, Equation]:
        equations = (*self._derivation.equations, *self._derivation.backward)
        return {t.equation_in_indices(e): e for t in self._typographies for e in equations}

    def entry(self, formula: tree.Equality | tree.Relation) -> "PrintedEntry | None":
        """Return the entry of an equation that a formula prints, written out or with dots in a long sum."""
        if not isinstance(formula, tree.Equality) or len(formula.members) != 2:
            return None
        left, right = formula.members
        symbol = left.by if isinstance(left, tree.Partial) else left
        if not isinstance(symbol, tree.Symbol) or letters_in(symbol):
            return None
        quantity = E if symbol.letter == "E" else self._meaning.entry(symbol)
        if quantity is None:
            return None
        target = quantity.tensor.adjoint() if isinstance(left, tree.Partial) else quantity.tensor
        equation = self._equation_of.get(target)
        if equation is None:
            return None
        variable = instance(equation, quantity.index)
        for typography in self._typographies:
            if typography.name(variable.quantity) == left:
                for most, side in right_sides(typography, variable, has_dots(right)):
                    if side == right:
                        return PrintedEntry(equation, variable, most)
        return None

    @cached_property
    def _equation_of(self) -> Mapping[Tensor, Equation]:
        return {equation.target.tensor: equation for equation in self._derivation.equations}

    def without_dots(self, members: Sequence[Node], graph: Graph) -> list[Node]:
        """Replace the dots of a sum that prints the equation of the left side by the products they stand for."""
        left, quantities = members[0], self._derivation.quantities
        value = self._meaning.of(left.by if isinstance(left, tree.Partial) else left)
        quantity = quantities.of(value) if value in quantities else None
        if quantity is not None and isinstance(left, tree.Partial):
            quantity = quantity.adjoint
        if quantity is None or quantity not in graph:
            raise MeaningError("dots")
        variable = graph[quantity]
        whole = {
            side: t.right_side(variable)
            for t in self._typographies
            for dots in (False, True)
            for _, side in right_sides(t, variable, dots)
        }
        return [_substitute(member, whole) for member in members]

    def sizes(self, members: Sequence[Node]) -> dict[str, int]:
        """Return the size of each index letter: that of the dimension at which it stands alone."""
        sizes: dict[str, int] = {}
        for symbol in (s for m in members for s in nodes(m) if isinstance(s, tree.Symbol)):
            texts = letters_in(symbol)
            shape = self._meaning.tensor(symbol).shape if texts else ()
            for letter, size in zip(texts, shape, strict=False):
                if len(letter) == 1 and letter.isalpha() and sizes.setdefault(letter, size) != size:
                    raise MeaningError("two_lengths", letter=letter, one=sizes[letter], other=size)
        return sizes


def points(letters: Sequence[str], sizes: Mapping[str, int], base: int = 0) -> Iterator[dict[str, int]]:
    """Yield every index of some letters, counted from ``base``."""
    for values in product(*(range(base, base + sizes[letter]) for letter in letters)):
        yield dict(zip(letters, values, strict=True))


@dataclass(frozen=True)
class PrintedEntry:
    """One entry of an equation as it is displayed.

    Attributes:
        most: of more products the last follows dots; None: all are displayed.
    """

    equation: Equation
    variable: Variable
    most: int | None

    def behind_dots(self) -> list[tuple[Product, ...]]:
        """Return the products that each of the dots stands for, in the order of the dots."""
        most = self.most
        if most is None:
            return []
        return [a.products[most - 1 : -1] for a in self.variable.addends if len(a.products) > most]


def has_dots(node: Node) -> bool:
    return any(part == tree.DOTS for part in nodes(node))


def right_sides(typography: Typography, variable: Variable, dots: bool) -> Iterator[tuple[int | None, Node]]:
    """Yield a variable's right side as it is displayed: whole, or with dots after so many products, and that number."""
    if not dots:
        yield None, typography.right_side(variable)
        return
    most = max((len(a.products) for a in variable.addends), default=0)
    for count in range(2, min(most, MAX_BESIDE_DOTS)):
        yield count, typography.right_side(variable, count)


def _substitute(node: Node, whole: Mapping[Node, Node]) -> Node:
    if node in whole:
        return whole[node]
    if isinstance(node, tree.Labelled):
        return tree.Labelled(_substitute(node.node, whole), node.word)
    if isinstance(node, tree.Sum):
        return tree.Sum(tuple(_substitute(term, whole) for term in node.terms))
    return node


# --- rules in any letters ---------------------------------------------------------------------------------------------


def same_function(left: Expr, right: Expr, letter: str) -> Verdict:
    """Decide whether two expressions in one letter are the same function."""
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
    """Is it ∂E/∂u = Σ(∂E/∂v · ∂v/∂u), in any two letters and in either order of the factors?"""
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
    """Does the second derive just those terms of the first's variable that are not constant?"""
    by, whole, part = (meaning.of(node) for node in (first.by, first.of, second.of))
    variable = graph.forward.get(str(whole))
    if variable is None or isinstance(part, EntryGroup) or isinstance(by, EntryGroup):
        return False
    return set(_terms(part)) == {e for e in _terms(variable.expression) if by in e.free_symbols}


def _terms(expression: Expr) -> Iterator[Expr]:
    """Yield the terms of a sum; a number times a sum, as in a mean, is expanded."""
    for term in Add.make_args(expression):
        yield from Add.make_args(term.expand(deep=False))
