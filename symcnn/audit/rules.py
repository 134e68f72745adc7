"""What is more than an equality between quantities of one network.

σ(z) = 1/(1 + exp(−z))          in a letter that stands for any number
∂E/∂u = Σ(∂E/∂v · ∂v/∂u)        the chain rule, in letters that stand for any quantity
f_11 ← f_11 − η · ∂E/∂f_11      a step of gradient descent
∂E/∂f_{p, q} += …               the print of an equation, in scatter form
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING

from symcnn.audit.numbers import NoNumberError, block, is_numeric, shows_numbers
from symcnn.formula import Typography, stated, tree
from symcnn.formula.meaning import pairs
from symcnn.formula.printed import Printed
from symcnn.formula.steps import bare, nodes, replaced
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError
from symcnn.text import catalogue

if TYPE_CHECKING:
    from symcnn.audit.notation import Notation

#: Learning rates.
_RATES = ("η", "α", "ε", "λ", "γ", "μ")
_TRIED = (tree.Fraction(tree.Number(1), tree.Number(3)), tree.Fraction(tree.Number(2), tree.Number(7)))


class Rules:
    """Recognises them, over one notation."""

    def __init__(self, notation: "Notation") -> None:
        self._notation = notation

    def method(self, members: Sequence[Node], signs: Sequence[str]) -> str:
        """By which method they are true; empty where they are none of these, or not true."""
        try:
            plain = [self._notation.canonical(bare(m)) for m in members]
            if r"\leftarrow" in signs:
                return self._update(members, plain, signs)
            if "+=" in signs:
                formula = tree.Relation(plain[0], "+=", plain[1]) if len(plain) == 2 else None
                return self._printed_method(formula) if formula else ""
            if len(plain) < 2 or set(signs) - {"="}:
                return ""
            if self._is_rate(plain[0]) and len(plain) == 2 and is_numeric(plain[1]):
                return "given"
            if stated.is_chain_rule(plain):
                holds = all(map(stated.chain_rule_holds, self._notation._over(0).modular))
                return "rule" if holds else ""
            return self._in_one_letter(plain) or self._printed_method(tree.Equality(tuple(plain)))
        except MeaningError:
            return ""

    def _in_one_letter(self, plain: Sequence[Node]) -> str:
        """An identity in a letter that stands for any number."""
        symbols = {n for n in nodes(tuple(plain)) if isinstance(n, tree.Symbol)}
        free = {s.letter for s in symbols if not s.indices and not s.word and not self._is_known(s)}
        if len(free) != 1 or len(symbols) != 1 or not any(isinstance(n, tree.Call) for n in nodes(tuple(plain))):
            return ""
        meaning = replace(self._notation.meaning, free=frozenset(free))
        same = (stated.same_function(meaning.scalar(a), meaning.scalar(b), *free) for a, b in pairwise(plain))
        return "rule" if all(same) else ""

    def _is_rate(self, node: Node) -> bool:
        """A learning rate: of no network, so what a text says that it is, it is."""
        return isinstance(node, tree.Symbol) and node.letter in _RATES and not self._is_known(node)

    def _is_known(self, symbol: tree.Symbol) -> bool:
        return symbol.letter == "E" or self._notation.spelled.is_known(symbol) or symbol == tree.DOTS

    def _update(self, members: Sequence[Node], plain: Sequence[Node], signs: Sequence[str]) -> str:
        """name ← name − rate · ∂E/∂name, and what it is in numbers."""
        name, *rest = plain
        value = self._notation.meaning.scalar(name)
        if str(value) not in self._notation.derivation.network.parameters:
            return ""
        error = next(
            (n for n in nodes(tuple(rest)) if isinstance(n, tree.Symbol) and n.letter == "E"), tree.Symbol("E")
        )
        rate = next((n for n in nodes(tuple(rest)) if isinstance(n, tree.Symbol) and n.letter in _RATES), None)
        if rate is None:
            return ""
        step = tree.Sum((name, tree.Negated(tree.Product((rate, tree.Partial(error, name))))))
        letters = [m for m in rest if any(isinstance(n, tree.Symbol) for n in nodes(m))]
        if not letters or not all(self._equal(step, m, rate) for m in letters):
            return ""
        if not shows_numbers(tuple(members)):
            return "definition"
        try:
            values = [block(m, True) for m in members[1:]]
        except NoNumberError:
            return ""
        return "definition" if all(a.meets(b) for a, b in pairwise(values)) else ""

    def _equal(self, a: Node, b: Node, rate: tree.Symbol) -> bool:
        """The same for every rate: at two of them, since both are linear in it."""
        for value in _TRIED:
            left, right = (replaced(node, partial(_at_rate, rate, value)) for node in (a, b))
            entries = pairs(self._notation.meaning.of(left), self._notation.meaning.of(right), a)
            if any(self._notation.decide(one, other).status != "proved" for one, other in entries):
                return False
        return True

    # --- prints of equations ----------------------------------------------------------------------------------------

    def _printed_method(self, formula: tree.Equality | tree.Relation) -> str:
        """Of the print of one of the network's own equations."""
        equation = self._printed.equation(formula)
        if equation is None:
            return ""
        if not equation.target.tensor.is_adjoint:
            return "definition"
        return "proved" if self._notation.adjoints_hold else ""

    @cached_property
    def _printed(self) -> Printed:
        notation = self._notation
        words = catalogue("en").words("word")
        typographies = [Typography(notation.derivation.scalars, words, total) for total in ("total", "")]
        return Printed(notation.derivation, notation.meaning, typographies)


def _at_rate(rate: tree.Symbol, value: Node, part: Node) -> Node:
    return value if part == rate else part
