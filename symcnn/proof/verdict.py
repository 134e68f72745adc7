"""The one judge: whether left equals right is concluded by ``decide``, and nowhere else.

A domain (``Domain``) says by which methods two sides can be compared, from the strongest; ``decide`` asks one after the
other and draws the conclusion. What is too large for a method is left to the next; where a method finds no place for a
side, or finds the two different without a point to show it, only numbers can still answer.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Outcome = Literal["right", "wrong", "not decided"]

#: "same": as written; "exact": by normal forms; "modulo a prime": at random points, with an error probability;
#: "numbers": at real points, to so many digits; "kernel": by a proof assistant.
How = Literal["same", "exact", "modulo a prime", "numbers", "kernel"]

Status = Literal["proved", "probable", "agrees", "refuted", "unknown"]

#: An outcome in the words that users see; of "right", by how it was decided.
_STATUS: dict[str, Status] = {
    "same": "proved", "exact": "proved", "kernel": "proved", "modulo a prime": "probable", "numbers": "agrees",
    "wrong": "refuted", "not decided": "unknown",
}  # fmt: skip


class UndecidableError(Exception):
    """A method has no place for one of the sides; the message says what stands in the way."""


class TooLargeError(UndecidableError):
    """It has one, but that is too large to be worked out."""


@dataclass(frozen=True)
class Comparison:
    """What one method finds.

    Attributes:
        equal: both sides are equal.
        epsilon: of equal sides, a bound of the probability that they are not; 0 where that is certain.
        counterexample: of different sides, what shows it: two values, or words. None: symbols that may depend on each
            other differ, which shows nothing yet.
        at: where the two values were taken, in the words of the domain.
    """

    equal: bool
    epsilon: float = 0.0
    counterexample: tuple[float, float] | str | None = None
    at: str = ""


@dataclass(frozen=True)
class Method:
    """One way to compare two sides: its kind, its words, and the comparison, which may raise ``UndecidableError``."""

    how: How
    words: str
    compare: Callable[[], Comparison]


class Domain(Protocol):
    """Where two sides are compared.

    Attributes:
        is_canonical: different normal forms are wrong there even where no number shows it.
    """

    @property
    def is_canonical(self) -> bool: ...

    def methods(self, left: Any, right: Any) -> Iterable[Method]:
        """The methods that there are for these sides, from the strongest; numbers are the last.

        Raises:
            UndecidableError: one of the sides has no meaning here.
        """
        ...


@dataclass(frozen=True)
class Verdict:
    """What is known of one equality.

    Attributes:
        outcome: "right", "wrong" or "not decided".
        how: the kind of method that decided it, or that found it different.
        words: that method in words.
        epsilon: of "right", a bound of the error probability; 0 where it is exact.
        why: of "not decided", what stands in the way.
        counterexample: of "wrong", two values that differ, or what shows it in words; at: where.
        name, claim: what it is about.
    """

    outcome: Outcome
    how: How | None = None
    words: str = ""
    epsilon: float = 0.0
    why: str = ""
    counterexample: tuple[float, float] | str | None = None
    at: str = ""
    name: str = ""
    claim: str = ""

    @property
    def status(self) -> Status:
        """In the words that users see: "proved", "probable", "agrees", "refuted" or "unknown"."""
        return _STATUS[(self.how or "") if self.outcome == "right" else self.outcome]

    @property
    def method(self) -> str:
        """How it was decided, in words; of "unknown" the reason."""
        if self.outcome == "not decided":
            return self.why
        return f"{self.words}: {self.counterexample}" if isinstance(self.counterexample, str) else self.words

    @property
    def reason(self) -> str:
        """What shows that it is wrong, or why it is not decided."""
        if isinstance(self.counterexample, tuple):
            return "{:.6g} ≠ {:.6g}".format(*self.counterexample)
        return self.counterexample or self.why

    @property
    def proved(self) -> bool | None:
        """True, False (wrong), or None (not decided)."""
        return {"right": True, "wrong": False, "not decided": None}[self.outcome]

    def __bool__(self) -> bool:
        return self.outcome == "right"


def decide(left: Any, right: Any, domain: Domain, *, name: str = "", claim: str = "") -> Verdict:
    """Is ``left`` equal to ``right`` in this domain?

    This is the only function that makes a verdict.
    """
    reason = too_large = ""
    outcome: Outcome = "not decided"
    decisive: Method | None = None
    comparison = Comparison(False)
    try:
        methods = list(domain.methods(left, right))
    except UndecidableError as error:
        methods, reason = [], str(error)
    needs_numbers = False
    for method in methods:
        if needs_numbers and method.how != "numbers":
            continue
        too_large = ""
        try:
            comparison = method.compare()
        except TooLargeError as error:
            too_large = str(error)
            continue
        except UndecidableError as error:
            reason, needs_numbers = reason or str(error), True
            continue
        if comparison.equal or comparison.counterexample is not None:
            outcome = "right" if comparison.equal else "wrong"
            decisive = method if comparison.equal else decisive or method
            break
        decisive, needs_numbers = decisive or method, True  # a difference, but no point that shows it
    if outcome == "not decided" and decisive is not None and domain.is_canonical:
        outcome = "wrong"
    return Verdict(
        outcome,
        None if decisive is None else decisive.how,
        "" if decisive is None else decisive.words,
        comparison.epsilon,
        (reason or too_large) if outcome == "not decided" else "",
        comparison.counterexample,
        comparison.at,
        name,
        claim,
    )
