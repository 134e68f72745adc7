"""Which names of an equation are bound, and by what; no equation is called false while one is not.

network    spelled as the network's quantity: letter, case, accent, indices; or as the article spells it
mapping    an alias, a definition, a constant, a group of the mapping file or the front matter
rule       a letter that stands for any number, a learning rate
value      a symbol that is said to be a number states a value: nothing is wrong with that

A name that only looks like one of the network (cells counted row by row outside of a sum that counts them all, an index
out of range, a capital letter) binds nothing: what rests on it may be true under a reading, never false.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from symcnn.audit.numbers import is_numeric
from symcnn.audit.remembered import IMAGE
from symcnn.formula import tree
from symcnn.formula.steps import nodes, parts
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError, OwnSymbol, letters_in

if TYPE_CHECKING:
    from symcnn.audit.notation import Notation

#: The usual letter of the learning rate, and others: they belong to no network.
LEARNING_RATE = tree.Symbol("η")
RATES = ("η", "α", "ε", "λ", "γ", "μ")
#: What is crossed out, or stands apart without a sign: it may mean more than what is read.
_VAGUE = re.compile(r"\\[bx]?cancel(?:to)?(?![A-Za-z])|\\[;: ](?=\s*[\\A-Za-z])|~")


class Binding:
    """Decides it, over one text's notation."""

    def __init__(self, notation: "Notation") -> None:
        self._notation = notation

    def by(self, symbol: tree.Symbol, counted: frozenset[tuple[str, int]] = frozenset()) -> str:
        """What binds a symbol: "network", "mapping"; empty: nothing does.

        Args:
            counted: letters that sums let run, each with how far.
        """
        notation = self._notation
        if symbol == tree.DOTS or isinstance(symbol, OwnSymbol):
            return "network"
        try:
            if notation.is_mapped(symbol):
                return "mapping"
            if symbol.letter == "E" and not symbol.indices:
                return "network" if symbol.word in ("", "total") or IMAGE.fullmatch(symbol.word) else ""
            own = notation.own.canonical(symbol)
            if notation.own.group(own) is not None:
                return "network"
            tensor, letters = notation.own.tensor(own), letters_in(own)
            if letters:
                is_counted = len(letters) == 1 and len(tensor.shape) > 1
                return "" if is_counted and (letters[0], tensor.size) not in counted else "network"
            notation.own.entry(own, {})
            is_counted = len(tensor.shape) > 1 and len(re.sub(r"\D", "", own.indices)) < len(tensor.shape)
            return "" if is_counted else "network"
        except MeaningError:
            return ""

    def unbound(self, members: Sequence[Node]) -> tree.Symbol | None:
        """The first name that nothing binds."""
        counted = frozenset(
            (letter, n.last)
            for n in nodes(tuple(members))
            if isinstance(n, tree.Over) and n.first == 1 and n.last is not None
            for letter in n.letters
        )
        symbols = list(symbols_of(members))
        if self.is_of_one_letter(members):
            return None
        is_step = self._notation.rules.update(members, ("=",) * (len(members) - 1)) is not None
        return next(
            (s for s in symbols if not self.by(s, counted) and not (is_step and self._is_of_step(s))),
            None,
        )

    def _is_of_step(self, symbol: tree.Symbol) -> bool:
        """A learning rate, or the marked name of a parameter: w⁺, w'."""
        if symbol.letter in RATES:
            return True
        plain = re.sub(r"'+$|\^.*$", "", symbol.letter)
        return plain != symbol.letter and bool(self.by(tree.Symbol(plain, symbol.indices, symbol.word)))

    def uses_network(self, members: Sequence[Node]) -> bool:
        """Does an equation speak of a quantity that the network gives its meaning?"""
        return any(self.by(s) == "network" for s in symbols_of(members)) or any(
            self._resembles(s) for s in symbols_of(members)
        )

    def is_forward(self, members: Sequence[Node]) -> bool:
        """Does a line say how a quantity of the network is computed?"""
        first, *rest = members
        if not isinstance(first, tree.Symbol) or self.by(first) != "network":
            return False
        if all(is_numeric(m) or isinstance(m, tree.Symbol) for m in rest):
            return False
        if any(isinstance(n, tree.Partial) or n == first for n in nodes(tuple(rest))):
            return False
        try:
            return first.letter == "E" or self._notation.own.role(first) == "value"
        except MeaningError:
            return False

    def has_parameter(self, members: Sequence[Node]) -> bool:
        """Does it name a weight, a bias or a filter's entry?"""
        own = self._notation.own
        named = [own.canonical(s) for s in symbols_of(members) if s.letter != "E" and self.by(s) == "network"]
        return any(own.role(s) == "parameter" for s in named)

    def is_of_one_letter(self, members: Sequence[Node]) -> bool:
        """Is it a rule in a letter that stands for any number?"""
        return self._notation.rules.one_letter(members, ("=",) * (len(members) - 1)) is not None

    def is_group(self, symbol: tree.Symbol) -> bool:
        try:
            return self._notation.spelled.group(symbol) is not None
        except MeaningError:
            return True

    def _resembles(self, symbol: tree.Symbol) -> bool:
        try:
            return symbol.letter == "E" or self._notation.spelled.is_known(symbol)
        except MeaningError:
            return True


def symbols_of(members: Sequence[Node]) -> Iterator[tree.Symbol]:
    """The symbols of an equation, in their order."""
    return (n for n in nodes(tuple(members)) if isinstance(n, tree.Symbol))


def is_vague(texts: Sequence[str]) -> bool:
    """Is something crossed out, or does a blank that may part two equations stand in a middle member?"""
    return any("cancel" in m[0] for text in texts for m in _VAGUE.finditer(text)) or any(
        _VAGUE.search(text) for text in texts[1:-1]
    )


def states_value(members: Sequence[Node]) -> bool:
    """A symbol and its number: whatever it is, that is its value here."""
    letters = [m for m in members if not is_numeric(m)]
    are_names = all(isinstance(m, (tree.Symbol, tree.Labelled)) for m in letters)
    return 0 < len(letters) < len(members) and are_names


def are_put_in(one: Node, other: Node) -> bool:
    """Is one what the other is with numbers in the place of some of its symbols, and nothing else changed?"""
    put: dict[Node, Node] = {}
    for a, b in ((one, other), (other, one)):
        put.clear()
        if not isinstance(a, tree.Partial) and _fits(a, b, put) and put:
            return True
    return False


def _fits(letters: Node, numbers: Node, put: dict[Node, Node]) -> bool:
    if isinstance(letters, (tree.Symbol, tree.Partial)):
        if letters == numbers:
            return True
        value = numbers.node if isinstance(numbers, tree.Negated) else numbers
        return isinstance(value, tree.Number) and put.setdefault(letters, numbers) == numbers
    if isinstance(letters, tree.Over) or type(letters) is not type(numbers):
        return letters == numbers
    if isinstance(letters, tree.Number):
        return letters == numbers
    mine, theirs = (parts(n) for n in (letters, numbers))
    if len(mine) != len(theirs):
        return False
    return all(_fits(a, b, put) for a, b in zip(mine, theirs, strict=True)) and _plain(letters) == _plain(numbers)


def _plain(node: Node) -> list[object]:
    return [v for v in vars(node).values() if isinstance(v, (str, int, float))]
