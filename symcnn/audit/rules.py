"""What is more than an equality between quantities of one network.

σ(z) = 1/(1 + exp(−z))          in a letter that stands for any number
∂E/∂u = Σ(∂E/∂v · ∂v/∂u)        the chain rule, in letters that stand for any quantity
f_11 ← f_11 − η · ∂E/∂f_11      a step of gradient descent
∂E/∂f_{p, q} += …               the print of an equation, in scatter form
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise, product
from typing import TYPE_CHECKING

from sympy import Expr

from symcnn.audit.binding import LEARNING_RATE, RATES
from symcnn.audit.numbers import NoNumberError, block, is_numeric, shows_numbers
from symcnn.audit.putin import put_in
from symcnn.formula import tree
from symcnn.formula.matcher import EquationMatcher, is_chain_rule, same_function
from symcnn.formula.meaning import Meaning, pairs
from symcnn.formula.steps import bare, nodes, replaced
from symcnn.formula.tree import Node
from symcnn.formula.typography import Letters
from symcnn.formula.written import MeaningError, as_own
from symcnn.proof import decide
from symcnn.proof.numbers import INTERVALS
from symcnn.text import catalogue

if TYPE_CHECKING:
    from symcnn.audit.notation import Notation

#: Functions in a rule.
MAX_CALLS = 24
_TRIED = (tree.Fraction(tree.Number(1), tree.Number(3)), tree.Fraction(tree.Number(2), tree.Number(7)))


_NEW = ("new", "old", "next", "updated", "nouveau", "nouvelle", "ancien", "ancienne", "suivant")
#: What marks a letter as the one after a step, or before.
_MARK = re.compile(r"'+$|\^.*$")


@dataclass(frozen=True)
class GradientStep:
    """A step of gradient descent.

    Attributes:
        members: but the first.
        right: what they must be.
        rate: the learning rate.
        wrong: the first that is not, by its number in the chain; None: all are.
    """

    members: tuple[Node, ...]
    right: Node
    rate: tree.Symbol
    wrong: int | None

    def at(self, node: Node, rate: Node) -> Node:
        """A formula with a value in the place of the learning rate."""
        return replaced(node, partial(_at_rate, self.rate, rate))


@dataclass(frozen=True)
class OneLetter:
    """Functions of one letter that are said to be the same.

    Attributes:
        letter: that stands for any number.
        meaning: with it.
        values: of the members.
    """

    letter: tree.Symbol
    meaning: Meaning
    values: tuple[Expr, ...]

    @property
    def wrong(self) -> int | None:
        """The first member that is not what stands before it; None: all are."""
        return next((n for n, (a, b) in enumerate(pairwise(self.values), 1) if not self.same(a, b)), None)

    def same(self, a: Expr, b: Expr) -> bool:
        return bool(same_function(a, b, self.letter.letter))

    def is_right(self, node: Node) -> bool:
        """Could it stand in the place of the wrong member?"""
        try:
            return self.same(self.values[(self.wrong or 1) - 1], self.meaning.scalar(as_own(node)))
        except MeaningError:
            return False

    def at(self, number: float) -> tuple[float, ...]:
        """The members at a number."""
        return tuple(float(v.subs(self.letter.letter, number).evalf()) for v in self.values)


class Rules:
    """Recognises them, over one notation."""

    def __init__(self, notation: "Notation") -> None:
        self._notation = notation

    def method(self, members: Sequence[Node], signs: Sequence[str]) -> str:
        """By which method they are true; empty where they are none of these, or not true."""
        try:
            plain = [self._notation.canonical(bare(m)) for m in members]
            update = self.update(members, signs)
            if update is not None:
                holds = update.wrong is None
                return (
                    "definition"
                    if holds and (not shows_numbers(tuple(members)) or self._numbers_meet(members[1:]))
                    else ""
                )
            if "+=" in signs:
                formula = tree.Relation(plain[0], "+=", plain[1]) if len(plain) == 2 else None
                return self._printed_method(formula) if formula else ""
            if len(plain) < 2 or set(signs) - {"="}:
                return ""
            if plain[0] == LEARNING_RATE and self._is_rate(plain[0]) and len(plain) == 2 and is_numeric(plain[1]):
                return "given"
            if is_chain_rule(plain):
                return "rule" if self._notation._over(0).decide_chain_rule() else ""
            one = self.one_letter(members, signs)
            if one is not None:
                return "rule" if one.wrong is None else ""
            return self._printed_method(tree.Equality(tuple(plain)))
        except MeaningError:
            return ""

    def one_letter(self, members: Sequence[Node], signs: Sequence[str]) -> OneLetter | None:
        """An equality of functions in a letter that stands for any number; None: it is nothing of the kind."""
        try:
            plain = [self._notation.canonical(bare(m)) for m in members]
            symbols = {n for n in nodes(tuple(plain)) if isinstance(n, tree.Symbol)}
            free = [s for s in symbols if not s.indices and not s.word and not self._is_known(s)]
            of_it = all(any(n in free for n in nodes(m)) for m in plain)
            calls = sum(isinstance(n, tree.Call) for n in nodes(tuple(plain)))
            if not 0 < calls <= MAX_CALLS or any(isinstance(m, tree.Symbol) for m in plain):
                return None  # z = σ(z) is no rule
            if len(plain) < 2 or len(symbols) != 1 or not free or not of_it or set(signs) - {"="}:
                return None
            meaning = replace(self._notation.meaning, free=frozenset((free[0].letter,)))
            return OneLetter(free[0], meaning, tuple(meaning.scalar(as_own(m)) for m in plain))
        except MeaningError:
            return None

    def _is_rate(self, node: Node) -> bool:
        """A learning rate: of no network, so what a text says that it is, it is."""
        return isinstance(node, tree.Symbol) and node.letter in RATES and not self._is_known(node)

    def _is_known(self, symbol: tree.Symbol) -> bool:
        return symbol.letter == "E" or self._notation.own.is_known(symbol) or symbol == tree.DOTS

    # --- a step of gradient descent ---------------------------------------------------------------------------------

    def update(self, members: Sequence[Node], signs: Sequence[str]) -> GradientStep | None:
        """name ← name − rate · ∂E/∂name, by any sign, the new name marked or not; None: it is nothing of the kind."""
        if not members or set(signs) - {"=", "≈", r"\leftarrow"}:
            return None
        try:
            name, *rest = (_unlabelled(replaced(self._notation.canonical(bare(m)), self._unmarked)) for m in members)
            meanings = self._notation.meanings(tuple(map(as_own, (name, *rest))))
            is_parameter = self._notation.own.role(name) == "parameter" if isinstance(name, tree.Symbol) else False
        except MeaningError:
            return None
        symbols = [n for n in nodes(tuple(rest)) if isinstance(n, tree.Symbol)]
        rates = {s for s in symbols if self._is_rate(s)}
        if not is_parameter or len(rates) != 1 or name not in symbols:
            return None
        [rate] = rates
        error = next((s for s in symbols if s.letter == "E"), tree.Symbol("E"))
        right = tree.Sum((name, tree.Negated(tree.Product((rate, tree.Partial(error, name))))))
        letters = [n for n, m in enumerate(rest, 1) if not is_numeric(m)]
        try:
            wrong = next((n for n in letters if not self._equal(right, rest[n - 1], rate, meanings)), None)
        except MeaningError:
            return None
        return GradientStep(tuple(rest), right, rate, wrong)

    def _unmarked(self, symbol: tree.Symbol | tree.Word) -> Node:
        """w of w', w^+, w^new and w^(t+1)."""
        if isinstance(symbol, tree.Word) or self._is_known(symbol):
            return symbol
        plain = self._notation.spelled.canonical(replace(symbol, letter=_MARK.sub("", symbol.letter)))
        return plain if self._is_known(plain) else symbol

    def _numbers_meet(self, members: Sequence[Node]) -> bool:
        """Do its numbers agree, and were they put in for its letters?"""
        values, letters = [], []
        for member in members:
            try:
                values.append((member, block(member, self._notation.remembered.roundings.tight)))
            except NoNumberError:
                letters.append(member)
        were = (put_in(bare(a), b) for a in letters for b, _ in values)
        is_tied = not letters or any(found is not None and not found.torn for found in were)
        return is_tied and bool(values) and all(decide(a, b, INTERVALS) for (_, a), (_, b) in pairwise(values))

    def _equal(self, a: Node, b: Node, rate: tree.Symbol, meanings: Sequence[Meaning]) -> bool:
        """The same for every rate: at two of them, since both are linear in it."""
        for value, meaning in product(_TRIED, meanings):
            left, right = (as_own(replaced(node, partial(_at_rate, rate, value))) for node in (a, b))
            entries = pairs(meaning.of(left), meaning.of(right), a)
            if any(self._notation.decide(one, other).status != "proved" for one, other in entries):
                return False
        return True

    # --- prints of equations ----------------------------------------------------------------------------------------

    def _printed_method(self, formula: tree.Equality | tree.Relation) -> str:
        """Of the print of one of the network's own equations."""
        equation = self._matcher.equation(formula)
        if equation is None:
            return ""
        if not equation.target.tensor.is_adjoint:
            return "definition"
        return "proved" if self._notation.adjoints_hold else ""

    @cached_property
    def _matcher(self) -> EquationMatcher:
        notation = self._notation
        words = catalogue("en").words("word")
        typographies = [Letters(notation.derivation.quantities, words, total) for total in ("total", "")]
        return EquationMatcher(notation.derivation, Meaning(notation.derivation, notation.own), typographies)


def _unlabelled(node: Node) -> Node:
    """w of w^{new}, in words."""
    if isinstance(node, tree.Labelled) and node.word in _NEW:
        return node.node
    if isinstance(node, tree.Sum):
        return tree.Sum(tuple(map(_unlabelled, node.terms)))
    return node


def _at_rate(rate: tree.Symbol, value: Node, part: Node) -> Node:
    return value if part == rate else part
