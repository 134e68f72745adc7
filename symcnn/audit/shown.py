"""Equalities that show numbers: under their letters, at the end of a chain, or nothing but numbers.

x_11 = i_11 · f_11 + …          the letters are decided as everywhere,
     = 1 · 0,27 + …             the numbers against each other, within the places that are shown,
     = −0,693                   and a number alone by what the text, or its mapping, shows for the letters
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from symcnn.audit.notation import Notation
from symcnn.audit.numbers import Block, NoNumberError, are_rounded, block, is_numeric, rounded_like, shows_numbers
from symcnn.audit.putin import PutIn, may_come_from, put_in
from symcnn.audit.verdicts import Counterexample, Judged, Read
from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.formula.written import brief


class Shown:
    """Judges them.

    Args:
        letters: judges an equality of quantities.
        stepped: judges whether what is equal is a step that follows.
    """

    def __init__(
        self, notation: Notation, letters: Callable[[Sequence[Read]], Judged],
        stepped: Callable[[Sequence[Read], str], Judged],
    ) -> None:  # fmt: skip
        self._notation, self._letters, self._stepped = notation, letters, stepped

    def judged(self, members: Sequence[Read]) -> Judged | None:
        """An equality that shows numbers; None: it shows none."""
        whole = tuple(m.whole for m in members)
        plain = [m for m in members if is_numeric(m.whole)]
        letters = [m for m in members if not is_numeric(m.node)]
        if letters and not shows_numbers(whole):
            given = plain and len(plain) < len(members) and all(self._notation.is_given(m.node) for m in letters)
            return self._given(letters[0], plain[0]) if given else None
        rounded = are_rounded(whole)
        with_numbers = []
        for m in members:
            try:
                with_numbers.append((m, block(m.whole, rounded)))
            except NoNumberError:
                continue
        for n, ((_, a), (_, b)) in enumerate(pairwise(with_numbers)):
            if not a.meets(b):
                return self._wrong_number([m for m, _ in with_numbers], n, rounded)
        if not letters:
            return self._stepped(members, "proved") if len(with_numbers) == len(members) else None
        exact = [m for m in letters if not shows_numbers((m.node,))]
        found = (
            self._letters(exact)
            if len(exact) > 1
            else Judged("true", method="proved", good=exact[0].node if exact else None)
        )
        if found.verdict != "true":
            return found
        link = self._linked(letters, with_numbers)
        if link is not None and link.verdict != "true":
            return link
        if link is not None and len(with_numbers) > 1:
            return replace(
                found,
                method="computed" if len(exact) < 2 else found.method,
                pairs=len(members) - 1,
                good=letters[-1].node,
            )
        stated = [m for m in letters if self._notation.is_given(m.node)]
        if plain and stated:  # the others are what it is
            return self._given(stated[0], plain[0])
        known = self._at_values(letters[0], plain)
        if known.verdict == "unread" and plain and self._is_any_shown(letters, plain):
            return replace(found, method="computed", pairs=len(members) - 1)
        return known

    def _linked(self, letters: Sequence[Read], with_numbers: Sequence[tuple[Read, Block]]) -> Judged | None:
        """Do the numbers belong to the letters? None: nothing says so; not true where they can't.

        They stand under them, or were put in for them.
        """
        linked: Judged | None = None
        said = list(dict.fromkeys(n for m in letters for n in (m.node, *self._notation.remembered.said_of(m.node))))
        for m, _ in with_numbers:
            if not is_numeric(m.whole):
                linked = linked or Judged("true")
                continue
            for other in said:
                found = put_in(other, m.whole)
                if found is None:
                    continue
                wrong = self._wrongly_put_in(found, m)
                if wrong is not None:
                    return wrong
                linked = linked or Judged("true")
        if linked is None and any(may_come_from(n, m.whole) for n in said for m, _ in with_numbers):
            return Judged("true")
        return linked

    def _wrongly_put_in(self, found: PutIn, m: Read) -> Judged | None:
        """One letter got two numbers, or not the one that the text's mapping gives it."""
        if found.torn:
            return Judged("false", "two_numbers", (("text", brief(found.torn[0])),), m.place)
        for letter, number in found.numbers.items():
            wrong = self._notation.contradicts(letter, number)
            if wrong:
                return Judged("false", "mapped", (("text", wrong),), m.place)
        return None

    def _is_any_shown(self, letters: Sequence[Read], plain: Sequence[Read]) -> bool:
        return any(self._is_shown(m.node, number.whole) for m in letters for number in plain)

    def _is_shown(self, letters: Node, number: Node) -> bool:
        """Is a number what letters are, with the numbers that the text shows for them?"""
        if isinstance(letters, tree.Symbol):  # it would be its own witness
            return False
        for node in self._notation.remembered.in_shown_numbers(letters):
            try:
                if block(node, True).meets(block(number, True)):
                    return True
            except NoNumberError:
                continue
        return False

    def _given(self, symbols: Read, numbers: Read) -> Judged:
        """Pixels, targets or parameters with their values: what a text states, it need not prove."""
        wrong = self._notation.contradicts(symbols.node, numbers.whole)
        if wrong:
            reason = "sample" if isinstance(symbols.node, tree.Labelled) else "mapped"
            return Judged("false", reason, (("text", wrong),), numbers.place, good=symbols.node)
        return Judged("true", method="given", pairs=1, good=symbols.node)

    def _at_values(self, letters: Read, plain: Sequence[Read]) -> Judged:
        """A quantity and its number: checked where all that it rests on has a value."""
        value = self._notation.value(letters.values)
        value = self._notation.constant(letters.values) if value is None else value
        if value is None or not plain:
            return Judged("unread", "no_values", (), letters.place, good=letters.node)
        [(low, high), *_] = block(plain[0].whole, True).entries
        if float(low) - 1e-9 <= value <= float(high) + 1e-9:
            return Judged("true", method="computed", pairs=1, good=letters.node)
        right = rounded_like(tree.Number(value), plain[0].whole)
        numbers = Counterexample((float((low + high) / 2),), (value,))
        return Judged(
            "false", "value", (), plain[0].place, correction=right, counterexample=numbers, pairs=1, good=letters.node
        )

    def _wrong_number(self, members: Sequence[Read], n: int, rounded: bool) -> Judged:
        """Of numbers that do not agree, the one whose neighbours do."""
        blocks = [block(m.whole, rounded) for m in members]
        later = blocks[n + 2] if n + 2 < len(members) and members[n].place >= 0 else None
        is_first = later is not None and not blocks[n].meets(later) and blocks[n + 1].meets(later)
        if (
            n == 0 and later is None and members[0].place >= 0
        ):  # 0.7 = 7/9: of the two it is the decimal that was rounded
            is_first = _is_decimal(members[0].whole) and not isinstance(members[1].whole, tree.Number)
        wrong, right = (n, n + 1) if is_first else (n + 1, n)
        return Judged(
            "false", "differs", (), members[wrong].place, good=members[right].node, pairs=n + 1,
            correction=_number_instead(members[wrong].whole, blocks[right]) or (wrong and members[right].whole) or None,
            counterexample=_first_difference(blocks[wrong], blocks[right]),
        )  # fmt: skip


def _is_decimal(node: Node) -> bool:
    return isinstance(node, tree.Number) and node.digits is not None


def _number_instead(wrong: Node, right: Block) -> Node | None:
    """A value in the place of a wrong number, with as many places."""
    if len(right.entries) != 1 or not isinstance(wrong, (tree.Number, tree.Negated, tree.Fraction)):
        return None
    return rounded_like(_middle(right.entries[0]), wrong)


def _middle(interval: tuple[Fraction, Fraction]) -> Node:
    middle = (interval[0] + interval[1]) / 2
    return tree.Fraction(tree.Number(middle.numerator), tree.Number(middle.denominator))


def _first_difference(wrong: Block, right: Block) -> Counterexample | None:
    """Of the first entries that do not agree, both."""
    for a, b in zip(wrong.entries, right.entries, strict=False):
        if a[0] > b[1] or b[0] > a[1]:
            return Counterexample((float(sum(a) / 2),), (float(sum(b) / 2),))
    return None
