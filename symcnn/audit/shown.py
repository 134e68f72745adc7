"""Equalities that show numbers: under their letters, at the end of a chain, or nothing but numbers.

x_11 = i_11 · f_11 + …          the letters are decided as everywhere,
     = 1 · 0,27 + …             the numbers against each other, within the places that are shown,
     = −0,693                   and a number alone by what the text, or its mapping, shows for the letters
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product

from symcnn.audit.notation import Notation
from symcnn.audit.numbers import (
    LONG,
    NoNumberError,
    block,
    exactly,
    is_cut_off,
    is_numeric,
    may_be_one,
    rounded_like,
    shows_numbers,
    slack,
)
from symcnn.audit.putin import PutIn, may_come_from, put_in
from symcnn.audit.verdicts import Counterexample, Judged, Read
from symcnn.formula import tree
from symcnn.formula.meaning import EntryGroup
from symcnn.formula.steps import nodes, parts
from symcnn.formula.tree import Node
from symcnn.formula.written import brief
from symcnn.proof import Comparison, OneMethod, UndecidableError, decide
from symcnn.proof.numbers import IntervalArray, compare_intervals

#: How far a stated value may be from one that is worked out in floating point: not false, and true.
_NEAR, _NEARER = Fraction(1, 10**9), Fraction(1, 10**12)


class ChainNumberChecker:
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
        if letters and not plain and not any(isinstance(n, tree.Under) for n in nodes(whole)):
            symbolic = self._letters(members)  # decimals in it are exact: 0.5 (t − o)²
            if symbolic.verdict != "false" or not shows_numbers(whole) or _are_whole(whole):
                return symbolic
        if letters and plain and not shows_numbers(whole):
            return self._beside_whole_numbers(letters, plain)
        self._remember_put_in(letters, plain)
        for before, after in pairwise(members):
            self._remember_worked_out(before.whole, after.whole)
        with_numbers = [m for m in members if self._has_value(m.whole)]
        verdicts = [
            decide(a.whole, b.whole, OneMethod("numbers", "to the places shown", self._compare))
            for a, b in pairwise(with_numbers)
        ]
        outcomes = [verdict.outcome for verdict in verdicts]
        if "wrong" in outcomes:
            return self._wrong_number(with_numbers, outcomes.index("wrong"))
        found = self._with_numbers(members, letters, plain, with_numbers)
        if found is not None and found.verdict == "true" and "not decided" in outcomes:
            vague = outcomes.index("not decided")
            place = with_numbers[vague + 1].place
            return replace(found, verdict="unread", reason="rounded", member=place, pairs=vague)
        return found

    def _has_value(self, node: Node) -> bool:
        try:
            block(node, self._notation.remembered.roundings.wide)
        except NoNumberError:
            return False
        return True

    def _compare(self, left: Node, right: Node) -> Comparison:
        """Can two written values be one?

        Raises:
            UndecidableError: only if literals in them are rounded.
        """
        roundings = self._notation.remembered.roundings
        wide = block(left, roundings.wide), block(right, roundings.wide)
        tight = block(left, roundings.tight), block(right, roundings.tight)
        if may_be_one(left, right):
            return compare_intervals(wide, tight, slack(left, right))
        if any(map(_is_short, (left, right))):
            return Comparison(False, counterexample=f"{brief(left)} ≠ {brief(right)}")
        found = compare_intervals(wide, slack=slack(left, right))
        if found.equal:
            raise UndecidableError("two literals that are not one number, unless both are rounded")
        return found

    def _with_numbers(
        self, members: Sequence[Read], letters: Sequence[Read], plain: Sequence[Read],
        with_numbers: Sequence[Read],
    ) -> Judged | None:  # fmt: skip
        """An equality whose numbers agree: do its letters, and are the numbers theirs?"""
        if not letters:
            return self._stepped(members, "proved") if len(with_numbers) == len(members) else None
        if len(letters) == 1 and len(plain) > 1 and self._is_only_a_name(letters[0]):
            return Judged("true", method="computed", pairs=len(plain) - 1, good=letters[0].node)
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
                pairs=max(len(members) - 1, 0),
                good=letters[-1].node,
            )
        unknown = next((m for m in letters if m.fault is not None), None)
        if unknown is not None:
            return Judged("unread", "meaning", (("text", unknown.fault or ""),), unknown.place, good=unknown.node)
        stated = [m for m in letters if self._notation.is_given(m.node)]
        if plain and stated:  # the others are what it is
            return self._given(stated[0], plain)
        known = self._at_values(letters[0], plain)
        if known.verdict == "unread" and plain and self._is_any_shown(letters, plain):
            return replace(found, method="computed", pairs=max(len(members) - 1, 0))
        return known

    def _remember_put_in(self, letters: Sequence[Read], plain: Sequence[Read]) -> None:
        """What is put in for a quantity that is computed is its value, rounded."""
        for letter, number in product(letters, plain):
            found = put_in(letter.node, number.whole)
            for name, value in found.numbers.items() if found is not None else ():
                value = value.node if isinstance(value, tree.Negated) else value
                if isinstance(value, tree.Number) and (value.digits or 0) >= LONG and not self._notation.is_given(name):
                    self._notation.remembered.roundings.add(value)

    def _remember_worked_out(self, before: Node, after: Node) -> None:
        """a · b + c · d = 0.12 + 0.34: each term, or factor, rounded, where one stands for each of those before it."""
        kinds = (tree.Sum, tree.Product)
        if type(before) is not type(after) or not isinstance(before, kinds) or not isinstance(after, kinds):
            return
        mine, theirs = parts(before), parts(after)
        roundings = self._notation.remembered.roundings
        for calculation, value in zip(mine, theirs, strict=True) if len(mine) == len(theirs) else ():
            number = value.node if isinstance(value, tree.Negated) else value
            if not isinstance(number, tree.Number) or isinstance(calculation, tree.Number):
                continue
            try:
                if block(calculation, roundings.wide).meets(block(value, True)):
                    roundings.add(number)
            except NoNumberError:
                continue

    def _is_only_a_name(self, m: Read) -> bool:
        """A symbol, or a derivative, of which nothing says what it is: a name for the numbers behind it."""
        return m.fault is not None and isinstance(m.node, (tree.Symbol, tree.Partial))

    def _beside_whole_numbers(self, letters: Sequence[Read], plain: Sequence[Read]) -> Judged | None:
        """Letters beside numbers without a decimal: by value; None: as an equality of quantities."""
        if all(self._notation.is_given(m.node) for m in letters):
            return self._given(letters[0], plain)
        if all(m.fault is None and self._notation.constant(m.values) is not None for m in letters):
            return None
        if any(m.fault is not None or any(isinstance(v, EntryGroup) for v in m.values) for m in letters):
            return None
        found = self._letters(letters) if len(letters) > 1 else Judged("true", method="proved", good=letters[0].node)
        if found.verdict != "true":
            return found
        known = self._at_values(letters[0], plain)
        if known.verdict == "unread" and not self._notation.knows_values and _is_derived(letters[0].node):
            return None
        return known

    def _linked(self, letters: Sequence[Read], with_numbers: Sequence[Read]) -> Judged | None:
        """Do the numbers belong to the letters? None: nothing says so; not true where they can't.

        They stand under them, or were put in for them.
        """
        linked: Judged | None = None
        said = list(dict.fromkeys(n for m in letters for n in (m.node, *self._notation.remembered.said_of(m.node))))
        for m in with_numbers:
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
        rounded = self._notation.remembered.roundings.wide
        if linked is None and any(may_come_from(n, m.whole, rounded) for n in said for m in with_numbers):
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

    def _given(self, symbols: Read, plain: Sequence[Read]) -> Judged:
        """Pixels, targets or parameters with their values: what a text states, it need not prove."""
        numbers = plain[0]
        of_group = any(isinstance(v, EntryGroup) for v in symbols.values)
        if of_group and not any(isinstance(n, tree.Matrix) for n in nodes(numbers.whole)):
            return Judged("unread", "another", (("text", brief(symbols.node)),), symbols.place, good=symbols.node)
        wrong = self._notation.contradicts(symbols.node, numbers.whole)
        if wrong and self._is_update(symbols.node, plain):
            return Judged("true", method="computed", pairs=max(len(plain) - 1, 0), good=symbols.node)
        if wrong and self._notation.is_updated(symbols.node):
            return Judged("unread", "updated", (("text", brief(symbols.node)),), numbers.place, good=symbols.node)
        if wrong:
            reason = "sample" if isinstance(symbols.node, tree.Labelled) else "mapped"
            return Judged("false", reason, (("text", wrong),), numbers.place, good=symbols.node)
        return Judged("true", method="given", pairs=1, good=symbols.node)

    def _is_update(self, symbol: Node, plain: Sequence[Read]) -> bool:
        """w = 0.55 − 0.5 · (−0.02) = 0.56, where w is 0.55: its next value, from its own."""
        sums = [m.whole for m in plain if isinstance(m.whole, tree.Sum)]
        return any(not self._notation.contradicts(symbol, part.terms[0]) for part in sums)

    def _at_values(self, letters: Read, plain: Sequence[Read]) -> Judged:
        """A quantity and its number: checked where all that it rests on has a value."""
        value = self._notation.value(letters.values)
        if value is None or not plain:
            return Judged("unread", "no_values", (), letters.place, good=letters.node)
        verdict = decide(value, plain[0].whole, OneMethod("numbers", "worked out", _compare_worked_out))
        if verdict:
            return Judged("true", method="computed", pairs=1, good=letters.node)
        if verdict.outcome == "not decided":
            return Judged("unread", "rounded", (), plain[0].place, good=letters.node)
        right = rounded_like(tree.Number(float(f"{value:.12g}")), plain[0].whole)
        [(low, high), *_] = block(plain[0].whole, True).entries
        numbers = Counterexample((float((low + high) / 2),), (value,))
        return Judged(
            "false", "value", (), plain[0].place, correction=right, counterexample=numbers, pairs=1, good=letters.node
        )

    def _wrong_number(self, members: Sequence[Read], n: int) -> Judged:
        """Of numbers that do not agree, the one whose neighbours do."""
        wide, tight = self._notation.remembered.roundings.wide, self._notation.remembered.roundings.tight
        blocks = [block(m.whole, wide) for m in members]
        later = blocks[n + 2] if n + 2 < len(members) and members[n].place >= 0 else None
        is_first = later is not None and not blocks[n].meets(later) and blocks[n + 1].meets(later)
        if (
            n == 0 and later is None and members[0].place >= 0
        ):  # 0.7 = 7/9: of the two it is the decimal that was rounded
            is_first = _is_decimal(members[0].whole) and not isinstance(members[1].whole, tree.Number)
        wrong, right = (n, n + 1) if is_first else (n + 1, n)
        blocks = [block(m.whole, tight) for m in members]  # the numbers as they stand
        if blocks[wrong].meets(blocks[right]):
            blocks = [block(m.whole, exactly) for m in members]
            blocks = [replace(b, entries=tuple((((a + c) / 2), ((a + c) / 2)) for a, c in b.entries)) for b in blocks]
        correction = _number_instead(members[wrong].whole, blocks[right]) or (wrong and members[right].whole) or None
        apart = blocks[wrong].apart(blocks[right])
        found = Judged(
            "false", "differs", (), members[wrong].place, good=members[right].node, pairs=n + 1,
            correction=correction, counterexample=apart and Counterexample(apart[:1], apart[1:]),
        )  # fmt: skip
        if is_cut_off(members[wrong].whole, block(members[right].whole, wide)):
            return replace(found, verdict="remark", reason="cut_off", method="computed", counterexample=None)
        return found


def _are_whole(members: Sequence[Node]) -> bool:
    """Are all decimals whole numbers, as 1.0?"""
    return all(n.exact.denominator == 1 for n in nodes(tuple(members)) if isinstance(n, tree.Number) and n.digits)


def _is_short(node: Node) -> bool:
    """A literal that is no long decimal?"""
    number = node.node if isinstance(node, tree.Negated) else node
    return isinstance(number, tree.Number) and (number.digits or 0) < LONG


def _is_derived(node: Node) -> bool:
    """A derivative of something other than the error: that one may be 0 where it is least."""
    return isinstance(node, tree.Partial) and not (isinstance(node.of, tree.Symbol) and node.of.letter == "E")


def _is_decimal(node: Node) -> bool:
    return isinstance(node, tree.Number) and node.digits is not None


def _number_instead(wrong: Node, right: IntervalArray) -> Node | None:
    """A value in the place of a wrong number, with as many places, or as many as it takes to tell them apart."""
    if len(right.entries) != 1 or not isinstance(wrong, (tree.Number, tree.Negated, tree.Fraction)):
        return None
    alone = wrong.node if isinstance(wrong, tree.Negated) else wrong
    found = rounded_like(_middle(right.entries[0]), alone)
    if isinstance(found, tree.Fraction):
        value = float(sum(right.entries[0]) / 2)
        digits = max(3, alone.digits or 0) if isinstance(alone, tree.Number) else 6
        found = tree.Number(float(f"{value:.{digits}g}"), digits)
    return found


def _middle(interval: tuple[Fraction, Fraction]) -> Node:
    middle = (interval[0] + interval[1]) / 2
    return tree.Fraction(tree.Number(middle.numerator), tree.Number(middle.denominator))


def _compare_worked_out(value: float, stated: Node) -> Comparison:
    """A value from floating point, and the number that stands for it.

    Raises:
        UndecidableError: they are near, and no more than that.
    """
    [(low, high), *_] = block(stated, True).entries
    exact = IntervalArray(((Fraction(value), Fraction(value)),))
    near, nearer = (
        IntervalArray(((low - most, high + most),))
        for most in (_NEAR, _NEARER * max(Fraction(1), abs(Fraction(value))))
    )
    found = compare_intervals((near, exact), (nearer, exact))
    if found.equal and 0 < high - low < _NEARER:
        raise UndecidableError("more digits than floating point has")
    return found
