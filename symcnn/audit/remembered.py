"""What a text says of its quantities in other places: their numbers, and what they are equal to."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, product

from symcnn.audit.numbers import LONG, NoNumberError, Roundings, exactly_equal, is_numeric
from symcnn.formula import tree
from symcnn.formula.reader import Chain
from symcnn.formula.steps import bare, nodes, replaced
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError, Spelled

#: Ways to put the numbers of a text into a formula of its letters.
MAX_WAYS = 256
#: What a text says of one quantity that is remembered.
MAX_SAID = 8
#: Numbers of one symbol: of so many images.
MAX_NUMBERS = 4


IMAGE = re.compile(r"image\s*(\d+)(?:\s*\(.*\))?")


def _is_exactly(number: Node, calculation: Node) -> bool:
    try:
        return exactly_equal(number, calculation)
    except NoNumberError:
        return False


class Remembered:
    """Remembers it, for one text.

    Args:
        spelled: which symbols are the same quantity.
    """

    def __init__(self, spelled: Spelled) -> None:
        self.spelled = spelled
        #: The highest number of an image that the text names.
        self.images = 0
        #: Which numbers of the text are results.
        self.roundings = Roundings()
        #: Parameters that the text changes: from then on they have other values.
        self.updated: set[tree.Symbol] = set()
        self._said: dict[Node, list[Node]] = {}
        self._shown: dict[tree.Symbol, list[Node]] = {}

    def collect(self, chains: Iterable[Chain]) -> None:
        """Remember which numbers a text shows for which symbol: under it, or at the end of its chain."""
        for chain in chains:
            members = [m.node for m in chain.members if m.node is not None]
            self._remember_results(members, "≈" in chain.signs)
            is_update = r"\leftarrow" in chain.signs or any(members[0] in nodes(m) for m in members[1:])
            if len(members) > 1 and isinstance(members[0], tree.Symbol) and is_update:
                self.updated.add(self._canonical(members[0]))
            for part in nodes(tuple(members)):
                match = IMAGE.fullmatch(part.word) if isinstance(part, (tree.Symbol, tree.Labelled)) else None
                self.images = max(self.images, min(int(match[1][:3]), MAX_NUMBERS) if match else 0)
                if isinstance(part, tree.Under) and isinstance(part.node, tree.Symbol) and is_numeric(part.number):
                    self._remember(part.node, part.number)
            if len(members) > 1 and isinstance(members[0], tree.Symbol) and is_numeric(members[-1]):
                self._remember(members[0], members[-1])

            if members and isinstance(members[0], (tree.Symbol, tree.Partial)):
                said = self._said.setdefault(bare(members[0]), [])
                said += [m for m in map(bare, members[1:]) if not is_numeric(m)][: MAX_SAID - len(said)]

    def _remember_results(self, members: Sequence[Node], is_rounded: bool) -> None:
        """Numbers that a calculation gives, or that have the digits of a rounded one."""
        for part in nodes(tuple(members)):
            if isinstance(part, tree.Under) and isinstance(part.number, tree.Number):
                self.roundings.add(part.number)
        lone = (tree.Symbol, tree.Number, tree.Negated, tree.Partial)
        computed = [m for m in members if not isinstance(m, lone)]
        for m in members[1:]:
            number = m.node if isinstance(m, tree.Negated) else m
            if isinstance(number, tree.Number) and number.digits is not None:
                if any(map(partial(_is_exactly, m), computed)):
                    continue  # nothing was rounded
                if is_rounded or computed or (number.digits > LONG and not isinstance(members[0], tree.Number)):
                    self.roundings.add(number)

    @property
    def has_numbers(self) -> bool:
        """Does the text state a number of any of its symbols?"""
        return bool(self._shown)

    def stated(self) -> Iterator[tuple[tree.Symbol, Node]]:
        """Each symbol with each number that the text states of it."""
        return ((symbol, number) for symbol, numbers in self._shown.items() for number in numbers)

    def said_of(self, node: Node) -> Sequence[Node]:
        """What the text says elsewhere that a quantity, or a derivative, is."""
        return self._said.get(node, ())

    def _canonical(self, symbol: tree.Symbol) -> tree.Symbol:
        try:
            return self.spelled.canonical(symbol)
        except MeaningError:  # an index that a group of the mapping does not have
            return symbol

    def _remember(self, symbol: tree.Symbol, number: Node) -> None:
        known = self._shown.setdefault(self._canonical(symbol), [])
        if number not in known and len(known) < MAX_NUMBERS:
            known.append(number)

    def in_shown_numbers(self, node: Node) -> Iterator[Node]:
        """A formula with the numbers that the text shows for its symbols put in, in each way in which that goes."""
        symbols = list({n for n in nodes(node) if isinstance(n, tree.Symbol)})
        known = [self._shown.get(self.spelled.canonical(s), []) for s in symbols]
        if any(isinstance(n, (tree.Partial, tree.Over, tree.Labelled)) for n in nodes(node)) or not all(known):
            return
        for values in islice(product(*known), MAX_WAYS):
            at = dict(zip(symbols, values, strict=True))
            yield replaced(node, lambda part, at=at: at.get(part, part))  # type: ignore[misc]
