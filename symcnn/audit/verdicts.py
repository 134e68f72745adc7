"""What is found out about one chain of equalities, and what a member of it means."""

from dataclasses import dataclass, field
from typing import Literal

from symcnn.formula.meaning import Meaning, Value
from symcnn.formula.reader import Member
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError
from symcnn.text import SaidError

Verdict = Literal["true", "false", "remark", "assumption", "unread", "mention"]

#: In the order in which they are counted.
VERDICTS: tuple[Verdict, ...] = ("true", "remark", "assumption", "false", "unread")


@dataclass(frozen=True)
class Counterexample:
    """Numbers that show that a member is wrong.

    Attributes:
        written: what stands there; nothing where that has no value, several where it is a group.
        right: what should stand there.
        at: the values of what stands in the equality, at a choice of parameters, pixels and targets; empty: they are
            too many to be told; None: only numbers stand, nothing was chosen.
    """

    written: tuple[float, ...]
    right: tuple[float, ...]
    at: tuple[tuple[Node, float], ...] | None = None


@dataclass(frozen=True)
class Judged:
    """What was found out about one chain.

    Attributes:
        reason: key in the text catalogue, below ``audit.reason``; values: what stands in it.
        member: the wrong member, or the one that the reason is about: its number in the chain, from 0.
        method: of what is true: proved, probable, agrees, rule, given, computed.
        readings: under which readings, below ``audit.reading``.
        correction: what should stand in the place of the wrong member.
        pairs: how many equalities were decided.
        good: the last member that is right: what a continuation goes on from.
    """

    verdict: Verdict
    reason: str = ""
    values: tuple[tuple[str, str | SaidError], ...] = ()
    member: int | None = None
    method: str = ""
    readings: tuple[str, ...] = ()
    correction: Node | None = None
    counterexample: Counterexample | None = None
    pairs: int = 0
    good: Node | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Read:
    """A member with what it means, at every point of its free letters.

    Attributes:
        place: its number in the chain; -1: the last good member of what the chain continues.
        node: without the numbers under its factors.
        whole: with them.
        values, meanings: at each of those points.
    """

    member: Member
    place: int
    node: Node
    whole: Node
    values: tuple[Value, ...] = ()
    meanings: tuple[Meaning, ...] = field(default=(), compare=False, repr=False)
    fault: MeaningError | None = None


#: From the strongest.
ORDER = ("proved", "probable", "agrees", "unknown", "refuted")
