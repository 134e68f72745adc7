"""One chain of equalities judged: each member has its meaning, neighbours are compared, and one that is wrong is named.

A verdict is more than a comparison of values: what ``formula/steps.py`` tells is wrong as a step, though equal, is a
remark.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from symcnn.audit.binding import are_put_in, is_vague, states_value, symbols_of
from symcnn.audit.correction import Paths, renamed, repaired
from symcnn.audit.general import General
from symcnn.audit.notation import Notation
from symcnn.audit.numbers import NoNumberError, around, block, is_numeric
from symcnn.audit.rules import GradientStep
from symcnn.audit.shown import ChainNumberChecker
from symcnn.audit.style import Style
from symcnn.audit.verdicts import ORDER, Counterexample, Judged, Read
from symcnn.audit.witness import Witness
from symcnn.formula import tree
from symcnn.formula.matcher import is_rest
from symcnn.formula.meaning import DoesNotFitError, Meaning, SpentError, Value, pairs
from symcnn.formula.reader import Chain, Member
from symcnn.formula.steps import Derived, bare, faults, nodes
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError, OutOfRangeError, as_own, brief
from symcnn.proof import Comparison, OneMethod, UndecidableError, decide

#: A learning rate for a counterexample.
_RATE = tree.Fraction(tree.Number(1), tree.Number(2))
#: A number for a letter that stands for any.
_NUMBER = 0.7

#: Kinds of faults -> reasons.
_REMARKS = {
    "chain": "step_chain", "variable": "step_variable", "varied": "step_varied", "terms": "step_terms",
    "product": "step_product",
}  # fmt: skip


#: Signs that compare.
_COMPARISONS = {"<", ">", "≤", "≥", "≠"}


def _holds(left: Node, sign: str, right: Node) -> bool | None:
    """Does a comparison of numbers hold? None: they are no numbers, or too near to each other."""

    def compare(left: Node, right: Node) -> Comparison:
        try:
            [(low, high)], [(least, most)] = block(left, around).entries, block(right, around).entries
        except (NoNumberError, ValueError):
            raise UndecidableError("no two numbers") from None
        signs = ("<", "≤", "≠") if high < least else (">", "≥", "≠") if low > most else ("≤", "≥")
        if "≠" not in signs and not low == high == least == most:
            raise UndecidableError("too near to each other")
        return Comparison(sign in signs, counterexample=(float(low), float(least)))

    return decide(left, right, OneMethod("numbers", sign, compare)).proved


#: Arithmetic that is read in two ways: 1 1/2, the base of log, 6/2(1 + 2), the pair (1,2).
_TWO_WAYS = re.compile(
    r"\d\s*\\[dt]?frac(?![a-z])|\\log(?![a-z_])|/\s*[\d.]+\s*(?:\(|\\left)|[(\[{]\s*[-−]?[1-9]\d*,\d+\s*(?:\\right\s*)?\\?[)\]}]"
)
_NAME = r"(?<![A-Za-z\\])[A-Za-z](?:_\{[^{}]*\}|_\w)?"
#: E(w + h), h_1[k], o_1(h_1): a function of what stands in brackets, or its product with that.
_APPLIED = re.compile(
    rf"(?:(?<![A-Za-z\\])E(?:_\{{[^{{}}]*\}}|_\w)?\s*(?:\\left\s*)?[(\[]|{_NAME}\s*(?:\\left\s*)?[(\[]\s*{_NAME}\s*(?:\\right\s*)?[)\]])"
)


def _is_raised(node: Node) -> bool:
    """h_1^2: a square, or h_1 of the second layer."""
    return isinstance(node, tree.Power) and isinstance(node.base, tree.Symbol)


#: What is said to be about a number may be off by a tenth of it; about a whole one, by half of 1.
NEAR, HALF = 0.1, 0.5


def _is_near(found: Judged, chain: Chain) -> bool:
    """Numbers that differ, but little, beside a sign that says no more than that."""
    shown, written = found.counterexample, chain.members[found.member or 0].node
    if shown is None or "≈" not in _around(found, chain):
        return False
    most = HALF if isinstance(written, tree.Number) and written.digits is None else 0
    return all(
        abs(a - b) <= max(most, NEAR * max(abs(a), abs(b))) for a, b in zip(shown.written, shown.right, strict=False)
    )


def _around(found: Judged, chain: Chain) -> Sequence[str]:
    """The signs on either side of the wrong member."""
    n = found.member or 0
    return chain.signs[chain.goes_on :][max(n - 1, 0) : n + 1]


def _are_groups(members: Sequence[Node]) -> bool:
    """Are capital letters used as groups: under ∂, or in a convolution?"""
    return any(isinstance(n, (tree.Partial, tree.Convolution)) for n in nodes(tuple(members)))


class ChainJudge:
    """Judges chains over one network."""

    def __init__(self, notation: Notation) -> None:
        self.notation = notation
        self.derivation = notation.derivation
        self._shown = ChainNumberChecker(notation, self._letters, self._stepped)
        self.witness = Witness(notation)
        #: How the text writes, where corrections are wanted.
        self.style: Style | None = None
        #: Does the text write a sign between factors, all but everywhere?
        self.writes_signs = False

    def chain(self, chain: Chain, carried: Node | None = None) -> Judged:
        """The verdict on a chain.

        Args:
            carried: of a continuation: the last good member of what it continues.
        """
        self.notation.budget.begin()
        if chain.hides:
            return Judged("unread", "hidden")
        if len(chain.members) == 1 and not chain.goes_on:
            return Judged("mention", good=chain.members[0].node)
        self.notation.assumes_shares = False
        unread = next((n for n, m in enumerate(chain.members) if m.node is None), None)
        whole: list[tuple[int, Member, Node]] = [
            (n, m, m.node)
            for n, m in enumerate(chain.members)
            if m.node is not None and not isinstance(m.node, tree.Word)
        ]
        if carried is not None:
            whole.insert(0, (-1, Member("", carried), carried))
        if unread is None and len(whole) < 2:  # the rest is words
            return Judged("mention", good=whole[0][2] if whole else None)
        compared = self._compared(chain) if set(chain.signs) & _COMPARISONS else None
        if compared is not None:
            return compared
        if unread is not None and set(chain.signs) - {"=", "≈"}:
            return self._qualified(Judged("true"), chain, whole, unread)
        found = self._special(chain, whole) if unread is None else None
        found = found or self._judged(self._evaluated(whole))
        if found.verdict == "false" and self.notation.has_index_letters([node for _, _, node in whole]):
            other = self._judged(self._evaluated(whole, 1))
            if other.verdict == "true":
                readings = self.notation.readings([node for _, _, node in whole])
                found = replace(other, readings=(*readings, "from_one"))
        if found.verdict == "false":
            found = self._excused(found, chain, [node for _, _, node in whole], unread is not None)
        words = ["" if m.words.startswith("(") else m.words for _, m, node in whole if is_numeric(node)]
        if any(words) and (found.verdict == "false" or (any(words[:-1]) and len(set(words)) > 1)):
            return Judged("unread", "units", (("text", next(filter(None, words))),), found.member, good=found.good)
        return self._qualified(found, chain, whole, unread)

    def _excused(self, found: Judged, chain: Chain, members: Sequence[Node], is_partly: bool) -> Judged:
        """A false equality; not read, where a name in it is bound by nothing, or it may be meant in another way."""
        wrong = None if found.member is None or found.member < 0 else chain.members[found.member].node
        is_arithmetic = wrong is not None and is_numeric(wrong) and found.counterexample is not None
        if is_arithmetic and any(_TWO_WAYS.search(m.text) for m in chain.members):
            return Judged("unread", "two_ways", (), found.member, pairs=0, good=found.good)
        if is_arithmetic and _is_near(found, chain):
            return Judged("unread", "rounded", (), found.member, pairs=0, good=found.good)
        if chain.defines:
            return Judged("unread", "defines", (), found.member, pairs=0, good=found.good)
        if not is_arithmetic and "≈" in _around(found, chain):
            return Judged("unread", "near", (), found.member, pairs=0, good=found.good)
        if is_arithmetic and found.counterexample is not None and found.counterexample.at is None and not found.values:
            return found  # numbers against numbers, whatever the letters beside them
        binding = self.notation.binding
        nothing = binding.unbound(members)
        reason, values = "", ""
        if nothing is not None:
            reason, values = "unbound", self._as_written(nothing)
        elif is_partly:
            return replace(found, verdict="true")  # _qualified says what was not read
        elif binding.is_of_one_letter(members):
            reason, values = ("", "") if self.notation.defines_sigmoid else ("unbound", "σ")
        elif found.reason == "does_not_fit" and not _are_groups(members):
            reason = "another"
            values = next((brief(s) for s in symbols_of(members) if binding.is_group(s)), "")
        elif any(_APPLIED.search(m.text) for m in chain.members) or any(map(_is_raised, members)):
            reason = "applied"
        elif found.reason in ("differs", "value") and is_vague([m.text for m in chain.members]):
            reason = "vague"
        elif found.reason == "differs" and any(are_put_in(a, b) for a, b in pairwise(members)):
            reason = "put_in"
        elif found.reason == "differs" and states_value(members):
            reason = "no_values"
        elif found.reason == "differs" and self.notation.hold_as_stated([bare(m) for m in members]):
            reason = "as_stated"
        if not reason:
            return found
        return Judged("unread", reason, (("text", values),), found.member, pairs=0, good=found.good)

    def _as_written(self, symbol: tree.Symbol) -> str:
        return self.style.latex(symbol) if self.style is not None else brief(symbol)

    def _compared(self, chain: Chain) -> Judged | None:
        """a = b < c: each equality alone, and the comparison where both sides are numbers."""
        if set(chain.signs) - _COMPARISONS - {"=", "≈"} or chain.goes_on or len(chain.members) != len(chain.signs) + 1:
            return None
        cuts = [0, *(n + 1 for n, sign in enumerate(chain.signs) if sign in _COMPARISONS), len(chain.members)]
        parts = [
            (a, Chain(chain.members[a:b], chain.signs[a : b - 1]))
            for a, b in pairwise(cuts)
        ]  # fmt: skip
        pairs, good, is_open = 0, chain.members[-1].node, False
        for at, part in parts:
            if len(part.members) < 2:
                continue
            found = self.chain(part)
            if found.verdict != "true":
                return replace(found, member=None if found.member is None else found.member + at)
            pairs += found.pairs
        for (_, part), (start, after) in pairwise(parts):
            left, right = part.members[-1].node, after.members[0].node
            holds = None if left is None or right is None else _holds(left, chain.signs[start - 1], right)
            if holds is False:
                return Judged("false", "comparison", (), start, pairs=pairs, good=good)
            is_open = is_open or holds is None
            pairs += bool(holds)
        if is_open:
            return Judged("unread", "relation", (("text", chain.signs[cuts[1] - 1]),), pairs=pairs, good=good)
        return Judged("true", method="computed", pairs=pairs, good=good)

    def _qualified(
        self, found: Judged, chain: Chain, whole: Sequence[tuple[int, Member, Node]], unread: int | None
    ) -> Judged:
        """A verdict with what else there is to say: a member that was not read, a sign that is missing, readings."""
        if found.verdict in ("true", "remark") and unread is not None:
            member = chain.members[unread]
            if not member.text:
                return replace(found, verdict="unread", reason="meaning", values=(("text", member.fault or ""),))
            reason = (("reason", member.fault or ""), ("text", member.text))
            return replace(found, verdict="unread", reason="member_unread", values=reason, member=unread)
        beside = next((n for n, m, _ in whole if m.beside), None) if self.writes_signs else None
        if found.verdict == "true" and beside is not None:
            return replace(found, verdict="remark", reason="beside", member=beside)
        if found.verdict in ("true", "remark") and not found.readings:
            return replace(found, readings=tuple(self.notation.readings([node for _, _, node in whole])))
        return found

    def _special(self, chain: Chain, whole: Sequence[tuple[int, Member, Node]]) -> Judged | None:
        """What is more than an equality of quantities: rules, updates, inequalities; None: it is not."""
        members = [node for _, _, node in whole]
        signs = set(chain.signs) - {"=", "≈"}
        update = self.notation.rules.update(members, chain.signs)
        if update is not None and update.wrong is not None:
            if any(are_put_in(a, b) for a, b in pairwise(members[1:])):
                return Judged("unread", "put_in", (), whole[update.wrong][0], good=members[0])
            return self._false_update(update, whole)
        one = self.notation.rules.one_letter(members, chain.signs)
        if one is not None and one.wrong is not None:
            wrong, numbers = one.wrong, one.at(_NUMBER)
            shown = Counterexample(numbers[wrong : wrong + 1], numbers[wrong - 1 : wrong], ((one.letter, _NUMBER),))
            right = repaired(members[wrong], one.is_right) or members[wrong - 1]
            return Judged("false", "differs", (), whole[wrong][0], correction=right, counterexample=shown)
        method = self.notation.rules.method(members, chain.signs)
        if method:
            return Judged("true", method=method, pairs=max(len(members) - 1, 0), good=members[-1])
        if signs:
            text = ", ".join(sorted(signs))
            return Judged("unread", "relation", (("text", text),), good=members[-1] if members else None)
        return None

    def _false_update(self, update: GradientStep, whole: Sequence[tuple[int, Member, Node]]) -> Judged:
        """A step of gradient descent that goes elsewhere, shown at one learning rate."""
        place, member, _ = whole[update.wrong or 0]
        sides = (update.members[(update.wrong or 0) - 1], update.right)
        wrong, right = self._evaluated([(place, member, as_own(update.at(side, _RATE))) for side in sides])
        shown = self.witness.shows(wrong, right)
        if shown is not None and shown.at is not None:
            shown = replace(shown, at=(*shown.at, (update.rate, 0.5)))
        return Judged("false", "differs", (), place, correction=update.right, counterexample=shown)

    def _evaluated(self, whole: Sequence[tuple[int, Member, Node]], start: int = 0) -> list[Read]:
        plain = [bare(node) for _, _, node in whole]
        try:
            meanings = self.notation.meanings(plain, start)
        except MeaningError as error:
            return [Read(m, place, bare(node), node, fault=error) for place, m, node in whole]
        return [self._read(place, m, node, meanings) for place, m, node in whole]

    def _read(self, place: int, member: Member, node: Node, meanings: Sequence[Meaning]) -> Read:
        plain = bare(node)
        try:
            resolved = self.notation.resolved(plain)
            values = tuple(meaning.of(resolved) for meaning in meanings)
            return Read(member, place, plain, node, values, tuple(meanings))
        except MeaningError as error:
            return Read(member, place, plain, node, fault=error)

    # --- verdicts ---------------------------------------------------------------------------------------------------

    def _judged(self, members: Sequence[Read]) -> Judged:
        faulty = next((m for m in members if isinstance(m.fault, DoesNotFitError)), None)
        if faulty:
            return self._without_value(members, faulty, "does_not_fit")
        outside = next((m for m in members if isinstance(m.fault, OutOfRangeError)), None)
        if outside:  # an index that the network does not have makes another name
            return Judged("unread", "out_of_range", (("text", outside.fault or ""),), outside.place)
        return self._shown.judged(members) or self._letters(members)

    def _without_value(self, members: Sequence[Read], faulty: Read, reason: str) -> Judged:
        """A member that is no quantity at all."""
        sound = [m for m in members if not m.fault]
        reasons = (("text", faulty.fault or ""),)
        if not sound:
            return Judged("false", reason, reasons, faulty.place)
        chain = [m for m in members if m is faulty or not m.fault]
        return Judged(
            "false", reason, reasons, faulty.place, good=sound[-1].node,
            correction=self._correction(chain, chain.index(faulty)) if self.style else None,
            counterexample=self.witness.shows(faulty, sound[0]),
        )  # fmt: skip

    def _letters(self, members: Sequence[Read]) -> Judged:
        """An equality of quantities."""
        unknown = next((m for m in members if m.fault), None)
        good = [m for m in members if not m.fault]
        methods: list[str] = []
        for n, (a, b) in enumerate(pairwise(good)):
            methods.append(self._equal(a, b))
            if methods[-1] == "refuted":
                return self._false(good, self._blamed(good, n), len(methods))
        if unknown:
            return Judged(
                "unread",
                "meaning",
                (("text", unknown.fault or ""),),
                unknown.place,
                pairs=len(methods),
                good=good[-1].node if good else None,
            )
        if "unknown" in methods:
            return Judged(
                "unread", "undecided", (), methods.index("unknown") + 1, pairs=len(methods), good=good[-1].node
            )
        return self._stepped(good, max(methods, key=ORDER.index, default="proved"))

    def _stepped(self, good: Sequence[Read], method: str) -> Judged:
        """Equal; is each a step that follows?"""
        last = good[-1].node if good else None
        fault = self._fault(good)
        if fault:
            return Judged("remark", fault[0], (), fault[1], method, pairs=max(len(good) - 1, 0), good=last)
        return Judged("true", method=method, pairs=max(len(good) - 1, 0), good=last)

    def _fault(self, members: Sequence[Read]) -> tuple[str, int] | None:
        """What value alone cannot see: the reason, and the member."""
        for m in members:
            if m.place >= 0 and any(n == tree.Negated(tree.Number(0)) for n in nodes(m.node)):
                return "negative_zero", m.place
        plain = [m.node for m in members]
        for fault in faults(plain, self._same, self._is_rest):
            return _REMARKS[fault.kind], max(members[fault.member].place, 0)
        return None

    def _same(self, a: Node, b: Node) -> bool:
        """One quantity?"""
        try:
            entries = pairs(self._meant(a), self._meant(b), a)
            return all(self.notation.decide(one, other).status != "refuted" for one, other in entries)
        except MeaningError:
            return True  # in index notation, term by term is not told

    def _meant(self, node: Node) -> Value:
        return self.notation.meaning.of(self.notation.resolved(node))

    def _is_rest(self, first: Derived, second: Derived) -> bool:
        try:
            of, by, part = (self.notation.resolved(n) for n in (first.of, first.by, second.of))
            return is_rest(Derived(of, by), Derived(part, by), self.notation.meaning, self.derivation.graph)
        except MeaningError:
            return True

    def _equal(self, a: Read, b: Read) -> str:
        """The weakest status of its entries."""
        worst = "proved"
        for left, right in zip(a.values, b.values, strict=True):
            try:
                entries = pairs(left, right, tree.Equality((a.node, b.node)))
            except MeaningError:
                return "refuted"
            for one, other in entries:
                worst = max(worst, self.notation.decide(one, other).status, key=ORDER.index)
                if worst == "refuted":
                    return worst
        return worst

    def _blamed(self, good: Sequence[Read], n: int) -> int:
        """Of a failing pair (n, n+1) the member that is wrong: the one whose neighbours agree."""
        if good[n].place < 0:
            return n + 1
        if n + 2 < len(good) and self._equal(good[n], good[n + 2]) != "refuted":
            return n + 1
        if n >= 1 and self._equal(good[n - 1], good[n + 1]) != "refuted":
            return n
        if n == 0 and n + 2 < len(good) and all(self._equal(a, b) != "refuted" for a, b in pairwise(good[1:])):
            return 0
        return n + 1

    def _false(self, good: Sequence[Read], wrong: int, decided: int) -> Judged:
        other = wrong - 1 if wrong else 1
        sound = [m for n, m in enumerate(good) if n != wrong]
        return Judged(
            "false", "differs", (), good[wrong].place, correction=self._correction(good, wrong) if self.style else None,
            counterexample=self.witness.shows(good[wrong], good[other]), good=sound[-1].node, pairs=decided,
        )  # fmt: skip

    def _correction(self, good: Sequence[Read], wrong: int) -> Node | None:
        """What should stand in the place of the wrong member; None where that takes too much work."""
        try:
            with self.notation.budget.apart():
                return self._corrected(good, wrong)
        except SpentError:
            return None

    def _corrected(self, good: Sequence[Read], wrong: int) -> Node | None:
        assert self.style is not None
        member, others = good[wrong], [m for n, m in enumerate(good) if n != wrong]
        target = others[max(wrong - 1, 0)]

        def is_right(node: Node) -> bool:
            # side by side: how far a free letter runs may be told by the other
            beside, changed = self._evaluated([(0, target.member, target.node), (member.place, member.member, node)])
            if changed.fault or len(changed.values) != len(beside.values):
                return False
            if self.witness.differ(changed, beside) or self._equal(changed, beside) == "refuted":
                return False
            return self._fault([*good[:wrong], changed, *good[wrong + 1 :]]) is None

        found = repaired(member.node, is_right)
        if found is not None:
            return found
        if wrong == 0:
            return renamed(member.node, [m.node for m in others], self.style.symbols, is_right)
        added = self.notation.over_images(good[0].node, [m.node for m in good])
        if added is not None and is_right(added):
            return added
        return self._from_paths(good[0].node, member.node) or self._in_general(good[0].node, is_right) or target.node

    def _in_general(self, left: Node, is_right: Callable[[Node], bool]) -> Node | None:
        """What many quantities at once are: in index notation, or by the chain rule for groups."""
        assert self.style is not None
        general = General(self.derivation, self.notation.spelled, self.style.typography)
        return next(filter(is_right, general.right_sides(left)), None)

    def _from_paths(self, left: Node, wrong: Node) -> Node | None:
        """What a left side is, told as a sum over paths."""
        if self.style is None:
            return None
        return Paths(self.derivation, self.style.typography, self.notation.meaning).correction(left, wrong)
