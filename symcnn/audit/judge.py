"""One chain of equalities judged: each member has its meaning, neighbours are compared, and one that is wrong is named.

A verdict is more than a comparison of values: what ``formula/steps.py`` tells is wrong as a step, though equal, is a
remark.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

from sympy import Expr, Symbol

from symcnn.audit.correction import Paths, repaired
from symcnn.audit.numbers import agree_rounded, exactly_equal, is_numeric, rounded_like
from symcnn.audit.style import Style
from symcnn.derivation import Derivation
from symcnn.derivation.algebras import PointAlgebra
from symcnn.derivation.identities import Decision, Identities
from symcnn.derivation.paths import Quantities
from symcnn.errors import SymcnnError
from symcnn.formula import Typography, tree
from symcnn.formula.meaning import DoesNotFitError, Meaning, Value, is_rest, pairs
from symcnn.formula.reader import Chain, Member
from symcnn.formula.spelled import Spelled
from symcnn.formula.steps import Derived, bare, faults, nodes, replaced
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError, OutOfRangeError, UnknownNameError, letters_in
from symcnn.text import catalogue

Verdict = Literal["true", "false", "remark", "unread", "mention"]


@dataclass(frozen=True)
class Judged:
    """What was found out about one chain.

    Attributes:
        reason: key in the text catalogue, below ``audit.reason``; values: what stands in it.
        member: the wrong member, or the one that the reason is about: its number in the chain, from 0.
        method: of what is true: proved, probable, agrees, definition, rounded, numbers.
        readings: under which readings, below ``audit.reading``.
        correction: what should stand in the place of the wrong member.
        counterexample: the values of what stands there and of what should, and where.
    """

    verdict: Verdict
    reason: str = ""
    values: tuple[tuple[str, str], ...] = ()
    member: int | None = None
    method: str = ""
    readings: tuple[str, ...] = ()
    correction: Node | None = None
    counterexample: tuple[float, float] | None = None
    pairs: int = 0
    good: Node | None = field(default=None, compare=False)


@dataclass(frozen=True)
class _Read:
    """A member with what it means, at every point of its free letters."""

    member: Member
    place: int
    node: Node
    values: tuple[Value, ...] = ()
    fault: MeaningError | None = None


class Judge:
    """Judges chains over one network.

    Args:
        spelled: which symbol is which quantity.
    """

    def __init__(self, derivation: Derivation, spelled: Spelled, definitions: Mapping[tree.Symbol, Node] | None = None, values: Mapping[str, float] | None = None) -> None:
        self.derivation, self.spelled = derivation, spelled
        self._definitions: dict[tree.Symbol, Node] = {}
        self._values = dict(values or {})
        self._meaning = Meaning(derivation, spelled)
        #: How the text writes, where corrections are wanted.
        self.style: Style | None = None
        self._decided: dict[tuple[Expr, Expr], Decision] = {}
        for symbol, node in (definitions or {}).items():
            self._definitions[symbol] = self._quantity(node) or node

    def _quantity(self, node: Node) -> tree.Symbol | None:
        """The network's own quantity that a definition defines, where there is one."""
        try:
            value = self._meaning.scalar(self._resolved(node))
        except MeaningError:
            return None
        for name in self.derivation.graph.forward:
            if self._decide(Symbol(name), value).status in ("proved", "probable"):
                found = Typography(self.derivation.graph, catalogue("en").words("word")).name(name)
                return found if isinstance(found, tree.Symbol) else None
        return None

    def _resolved(self, node: Node, depth: int = 0) -> Node:
        """A formula with what the text's notation says put in."""
        if depth > MAX_DEPTH:
            raise MeaningError("definitions that rest on themselves")

        def put(symbol: tree.Symbol) -> Node:
            if symbol in self._definitions:
                return self._resolved(self._definitions[symbol], depth + 1)
            known = self.spelled.canonical(symbol)
            return known if known.letter == "E" else symbol

        return replaced(node, put)

    @cached_property
    def _identities(self) -> Identities:
        return Identities(self.derivation)

    # --- one chain --------------------------------------------------------------------------------------------------

    def chain(self, chain: Chain, carried: Node | None = None) -> Judged:
        """The verdict on a chain.

        Args:
            carried: of a continuation: the last good member of what it continues.
        """
        unread = next((n for n, m in enumerate(chain.members) if m.node is None), None)
        if len(chain.members) == 1 and not chain.goes_on:
            return Judged("mention", good=chain.members[0].node)
        reads = [(n, m, bare(m.node)) for n, m in enumerate(chain.members) if m.node is not None and not isinstance(m.node, tree.Word)]
        if not reads:
            return Judged("unread", "member_unread", (("reason", chain.members[0].reason), ("text", chain.members[0].text)), 0)
        if carried is not None:
            reads.insert(0, (-1, Member("", carried), carried))
        members = self._evaluated(reads)
        found = self._judged(members)
        if found.verdict in ("true", "remark") and unread is not None:
            reason = (("reason", chain.members[unread].reason), ("text", chain.members[unread].text))
            return replace(found, verdict="unread", reason="member_unread", values=reason, member=unread)
        if found.verdict in ("true", "remark"):
            return replace(found, readings=tuple(self._readings([node for _, _, node in reads])))
        return found

    def _readings(self, members: Sequence[Node]) -> Iterator[str]:
        """Under which readings a chain is true."""
        symbols = {n for n in nodes(tuple(members)) if isinstance(n, tree.Symbol)}
        if any(s.letter == "E" and s.word for s in symbols):
            yield "one_image"
        overs = [n for n in nodes(tuple(members)) if isinstance(n, tree.Over)]
        bound = {letter for n in overs for letter in n.letters}
        if any(self._is_counted(s) for s in symbols):
            yield "counted"
        if any(set(letters_in(self.spelled.canonical(s))) - bound for s in symbols):
            yield "every"
        if any(not s.indices and self._is_group(s) for s in symbols):
            yield "groups"
        if all(map(is_numeric, members)) and not all(exactly_equal(a, b) for a, b in pairwise(members)):
            yield "rounded"

    def _is_counted(self, symbol: tree.Symbol) -> bool:
        try:
            shape = self.spelled.tensor(symbol).shape
        except MeaningError:
            return False
        letters = letters_in(self.spelled.canonical(symbol))
        return len(shape) > 1 and (len(letters) == 1 or (symbol.indices.isdigit() and len(symbol.indices) < len(shape)))

    def _is_group(self, symbol: tree.Symbol) -> bool:
        try:
            return self.spelled.group(symbol) is not None
        except MeaningError:
            return False

    def _evaluated(self, reads: Sequence[tuple[int, Member, Node]]) -> list[_Read]:
        points = list(self._points([node for _, _, node in reads]))
        found = []
        for place, member, node in reads:
            try:
                resolved = self._resolved(node)
                values = tuple(meaning.of(resolved) for meaning in points)
                found.append(_Read(member, place, node, values))
            except MeaningError as error:
                found.append(_Read(member, place, node, (), error))
        return found

    def _points(self, members: Sequence[Node]) -> Iterator[Meaning]:
        """The meaning at every point of the free letters; one where there are none."""
        everything = list(nodes(tuple(members)))
        overs = [n for n in everything if isinstance(n, tree.Over)]
        bound = {letter for n in overs for letter in n.letters}
        texts = [(s, letters_in(s)) for s in dict.fromkeys(n for n in everything if isinstance(n, tree.Symbol))]
        if not overs and not any(t for _, t in texts):
            yield self._meaning
            return
        sizes: dict[str, int] = {}
        lone = False
        for symbol, found in texts:
            try:
                shape = self.spelled.tensor(symbol).shape if found else ()
            except UnknownNameError:
                continue
            if len(found) == 1 and len(shape) > 1:
                lone, shape = True, (self.spelled.tensor(symbol).size,)
            for letter, size in zip(found, shape, strict=False):
                if len(letter) == 1 and letter.isalpha():
                    sizes.setdefault(letter, size)
        firsts = {n.first for n in overs if n.first is not None}
        base = 0 if 0 in firsts else 1 if firsts or lone else 0
        free = sorted(set(sizes) - bound)
        for point in _product(free, sizes, base):
            yield replace(self._meaning, sizes=sizes, point=point, base=base)

    # --- verdicts ---------------------------------------------------------------------------------------------------

    def _judged(self, members: Sequence[_Read]) -> Judged:
        for fault, reason in ((OutOfRangeError, "out_of_range"), (DoesNotFitError, "does_not_fit")):
            faulty = next((m for m in members if isinstance(m.fault, fault)), None)
            if faulty:
                sound = [m.node for m in members if not m.fault]
                return Judged(
                    "false", reason, (("text", str(faulty.fault)),), faulty.place, good=sound[-1] if sound else None,
                    correction=self._from_paths(sound[0], faulty.node) if sound and faulty.place else None,
                )  # fmt: skip
        unknown = next((m for m in members if m.fault), None)
        good = [m for m in members if not m.fault]
        wrong, methods = None, []
        for a, b in pairwise(good):
            decision = self._equal(a, b)
            methods.append(decision.status)
            if decision.status == "refuted":
                wrong = self._blamed(good, good.index(a))
                break
        if wrong is not None:
            return self._false(good, wrong)
        if unknown:
            return Judged("unread", "meaning", (("text", str(unknown.fault)),), unknown.place, pairs=len(methods))
        method, last = _weakest(methods), members[-1].node if members else None
        fault = self._fault(good)
        if fault:
            kind, place = fault
            return Judged("remark", kind, (), place, method, pairs=len(methods), good=last)
        return Judged("true", method=method, pairs=len(methods), good=last)

    def _fault(self, members: Sequence[_Read]) -> tuple[str, int] | None:
        """What value alone cannot see: the reason, and the member."""
        for m in members:
            if m.place >= 0 and any(n == tree.Negated(tree.Number(0)) for n in nodes(m.node)):
                return "negative_zero", m.place
        plain = [m.node for m in members]
        for fault in faults(plain, self._same, self._is_rest):
            return f"step_{fault.kind}", max(members[fault.member].place, 0)
        return None

    def _same(self, a: Node, b: Node) -> bool:
        """One quantity?"""
        try:
            return all(self._decide(*pair).status != "refuted" for pair in pairs(self._meaning.of(a), self._meaning.of(b), a))
        except MeaningError:
            return True  # in index notation, term by term is not told

    def _is_rest(self, first: Derived, second: Derived) -> bool:
        try:
            return is_rest(first, second, self._meaning, self.derivation.graph)
        except MeaningError:
            return True

    def _equal(self, a: _Read, b: _Read) -> Decision:
        if is_numeric(a.node) and is_numeric(b.node):
            return Decision("proved" if agree_rounded(a.node, b.node) else "refuted")
        worst = Decision("proved")
        for left, right in zip(a.values, b.values, strict=True):
            try:
                entries = pairs(left, right, tree.Equality((a.node, b.node)))
            except MeaningError as error:
                return Decision("refuted", str(error))
            for one, other in entries:
                decision = self._decide(one, other)
                if decision.status == "refuted":
                    return decision
                worst = max(worst, decision, key=lambda d: _ORDER.index(d.status))
        return worst

    def _decide(self, left: Expr, right: Expr) -> Decision:
        if (left, right) not in self._decided:
            self._decided[left, right] = self._identities.decide(left, right)
        return self._decided[left, right]

    def _blamed(self, good: Sequence[_Read], n: int) -> int:
        """Of a failing pair (n, n+1) the member that is wrong: the one whose neighbours agree."""
        if good[n].place < 0:
            return n + 1
        if n + 2 < len(good) and self._equal(good[n], good[n + 2]).status != "refuted":
            return n + 1
        if n >= 1 and self._equal(good[n - 1], good[n + 1]).status != "refuted":
            return n
        if n == 0 and n + 2 < len(good) and all(self._equal(a, b).status != "refuted" for a, b in pairwise(good[1:])):
            return 0
        return n + 1

    def _false(self, good: Sequence[_Read], wrong: int) -> Judged:
        other = wrong - 1 if wrong else 1
        sound = [m for n, m in enumerate(good) if n != wrong]
        counterexample = self._counterexample(good[wrong], good[other])
        correction = self._correction(good, wrong) if self.style else None
        return Judged(
            "false", "differs", (), good[wrong].place, correction=correction, counterexample=counterexample,
            good=sound[-1].node,
        )  # fmt: skip

    def _correction(self, good: Sequence[_Read], wrong: int) -> Node | None:
        """What should stand in the place of the wrong member."""
        assert self.style is not None
        member, others = good[wrong], [m for n, m in enumerate(good) if n != wrong]
        target = others[max(wrong - 1, 0)]

        def is_right(node: Node) -> bool:
            [changed] = self._evaluated([(0, member.member, node)])
            if changed.fault or len(changed.values) != len(target.values):
                return False
            if self._counterexample(changed, target) is not None or self._equal(changed, target).status == "refuted":
                return False
            whole = [*good[:wrong], changed, *good[wrong + 1 :]]
            return self._fault(whole) is None

        found = repaired(member.node, is_right)
        if found is not None or wrong == 0:
            return found
        if is_numeric(target.node):
            return rounded_like(target.node, member.node)
        return self._from_paths(good[0].node, member.node) or target.node

    def _from_paths(self, left: Node, wrong: Node) -> Node | None:
        """What a left side is, told as a sum over paths."""
        if self.style is None:
            return None
        return Paths(self.derivation, self.style.typography, self._meaning).correction(left, wrong)

    def _counterexample(self, wrong: _Read, right: _Read) -> tuple[float, float] | None:
        """Values of both where they differ."""
        for a, b in zip(wrong.values, right.values, strict=True):
            for one, other in pairs(a, b, wrong.node):
                try:
                    left, value = map(float, self._numbers.elements(one, other))
                except (SymcnnError, ArithmeticError):
                    continue
                if abs(left - value) > 1e-9 * max(1, abs(left), abs(value)):
                    return left, value
        return None

    @cached_property
    def _numbers(self) -> Quantities:
        """Fixed small values of parameters, pixels and targets."""
        names = Quantities.inputs(self.derivation)
        return Quantities(self.derivation, PointAlgebra({name: _small(n) for n, name in enumerate(names)}))


#: Definitions that rest on definitions.
MAX_DEPTH = 20

_ORDER = ("proved", "probable", "agrees", "unknown", "refuted")


def _small(n: int) -> float:
    """Different values between -1 and 1, none of them 0."""
    return round(((7 * n + 3) % 19 - 9.5) / 10, 2)


def _weakest(methods: Sequence[str]) -> str:
    return max(methods, key=_ORDER.index, default="proved")


def _product(letters: Sequence[str], sizes: dict[str, int], base: int) -> Iterator[dict[str, int]]:
    from itertools import product

    for values in product(*(range(base, base + sizes[letter]) for letter in letters)):
        yield dict(zip(letters, values, strict=True))
