"""The one judge: ``decide`` decides whether left equals right, and nothing else does.

A domain (``Domain``) lists the methods by which two sides can be compared, from the strongest; ``decide`` tries one
after the other. Sides too large for a method are left to the next; where a side has no form in a method, or the two
differ without a point at which they do, only numbers can still decide.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

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
    """A side has no form in a method; the message says why."""


class TooLargeError(UndecidableError):
    """A side has a form that is too large to compute."""


@dataclass(frozen=True)
class Comparison:
    """The result of one method.

    Attributes:
        equal: both sides are equal.
        epsilon: of equal sides, a bound of the error probability; 0 where it is certain.
        counterexample: of different sides, two values, or words. None: symbols that may depend on each other differ,
            which proves nothing yet.
        at: the point of the two values, in the words of the domain.
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


class Domain(ABC):
    """Where two sides are compared.

    Attributes:
        is_canonical: different normal forms are wrong there even without two different values.
    """

    is_canonical = False

    @abstractmethod
    def methods(self, left: Any, right: Any) -> Iterable[Method]:
        """Return the methods for these sides, from the strongest; numbers are the last.

        Raises:
            UndecidableError: one of the sides has no meaning here.
        """


class OneMethod(Domain):
    """A domain with one method, a function of both sides."""

    def __init__(self, how: How, words: str, compare: Callable[[Any, Any], Comparison]) -> None:
        self._how, self._words, self._compare = how, words, compare

    def methods(self, left: Any, right: Any) -> Iterable[Method]:
        return [Method(self._how, self._words, lambda: self._compare(left, right))]


@dataclass(frozen=True, repr=False)
class Verdict:
    """The decision about one equality.

    Attributes:
        outcome: "right", "wrong" or "not decided".
        how: the kind of method that decided it, or that saw a difference.
        words: that method in words.
        epsilon: of "right", a bound of the error probability; 0 where it is exact.
        why: of "not decided", the reason.
        counterexample: of "wrong", two values that differ, or words; at: the point.
        name, claim: the subject.
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
        """The method in words; of "unknown" the reason."""
        if self.outcome == "not decided":
            return self.why
        return f"{self.words}: {self.counterexample}" if isinstance(self.counterexample, str) else self.words

    @property
    def reason(self) -> str:
        """The counterexample of "wrong", or the reason of "not decided"."""
        if isinstance(self.counterexample, tuple):
            return "{:.6g} ≠ {:.6g}".format(*self.counterexample)
        return self.counterexample or self.why

    @property
    def proved(self) -> bool | None:
        """True, False (wrong), or None (not decided)."""
        return {"right": True, "wrong": False, "not decided": None}[self.outcome]

    def __bool__(self) -> bool:
        return self.outcome == "right"

    def __repr__(self) -> str:
        words = ("name", "claim", "status", "method", "epsilon")
        return f"Verdict({', '.join(f'{word}={getattr(self, word)!r}' for word in words)})"


def decide(left: Any, right: Any, domain: Domain, *, name: object = "", claim: object = "") -> Verdict:
    """Decide whether ``left`` equals ``right`` in a domain. No other function makes a verdict.

    Args:
        name, claim: the subject; the verdict has them as text.
    """
    outcome: Outcome = "not decided"
    decisive: Method | None = None  # or the first that saw a difference
    comparison = Comparison(False)
    reason = too_large = ""
    try:
        methods = list(domain.methods(left, right))
    except UndecidableError as error:
        methods, reason = [], str(error)
    for method in methods:
        if (decisive or reason) and method.how != "numbers":
            continue
        too_large = ""
        try:
            comparison = method.compare()
        except TooLargeError as error:
            too_large = str(error)
        except UndecidableError as error:
            reason = reason or str(error)
        else:
            decisive = method if comparison.equal else decisive or method
            if comparison.equal or comparison.counterexample is not None:
                outcome = "right" if comparison.equal else "wrong"
                break
    if outcome == "not decided" and decisive is not None and domain.is_canonical:
        outcome = "wrong"
    how, words = (None, "") if decisive is None else (decisive.how, decisive.words)
    why = (reason or too_large) if outcome == "not decided" else ""
    return Verdict(
        outcome, how, words, comparison.epsilon, why, comparison.counterexample, comparison.at, str(name), str(claim)
    )
