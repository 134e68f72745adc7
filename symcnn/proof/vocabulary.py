"""The vocabulary of every check: the verdict on a claim and its method, counts of verdicts, exit status.

A verification, the proof of a workbook, an audit and a certificate have words of their own for their results
(``Row.status``, ``Judged.verdict`` …). ``known`` translates each of them into this vocabulary, and nothing else does.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from symcnn.proof.equations import EPSILON
from symcnn.text import Catalogue

VerdictWord = Literal["right", "wrong", "follows from", "right, but", "given", "not decided"]
VERDICTS: tuple[VerdictWord, ...] = ("right", "right, but", "given", "wrong", "follows from", "not decided")
How = Literal["exact", "modulo a prime", "numbers", ""]
HOW: tuple[How, ...] = ("exact", "modulo a prime", "numbers", "")

#: Exit statuses of a check.
ALL_RIGHT, SOMETHING_WRONG, NOTHING_DECIDED = 0, 1, 3

#: The word of another room -> the verdict, and how it was decided.
_KNOWN: dict[str, tuple[VerdictWord, How]] = {
    "proved": ("right", "exact"), "probable": ("right", "modulo a prime"), "agrees": ("right", "numbers"),
    "refuted": ("wrong", ""), "unknown": ("not decided", ""),
    # a text's equations
    "true": ("right", "exact"), "rule": ("right", "exact"), "computed": ("right", "exact"), "given": ("given", ""),
    "definition": ("given", ""), "assumption": ("given", ""), "remark": ("right, but", ""), "false": ("wrong", ""),
    "unread": ("not decided", ""),
    # a certificate
    "certified": ("right", "exact"), "rejected": ("wrong", ""), "unchecked": ("not decided", ""),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One claim and the verdict on it.

    Attributes:
        claim: the claim: "∂E_total/∂f_12", an equation as the text has it, the formula of a cell.
        verdict: "right"; "wrong"; "follows from" (wrong only because of what it rests on); "right, but" (``why`` says
            what is to be remarked); "given" (a definition, a value, an assumption); "not decided" (``why`` says so).
        how: of what is right: "exact", "modulo a prime" with its ``error_probability`` at most, or "numbers", equal to
            so many ``digits``.
        place: where it stands: "line 12", "Backward!F8"; empty: it has no place.
        why: the reason, in sentences.
        correction: of what is wrong: what should stand there, where that is known.
    """

    claim: str
    verdict: VerdictWord
    how: How = ""
    error_probability: float | None = None
    digits: int | None = None
    place: str = ""
    why: str = ""
    correction: str = ""

    @property
    def key(self) -> str:
        """The verdict as a key of the text catalogue: "right_but"."""
        return _key(self.verdict)

    def word(self, text: Catalogue) -> str:
        """Return the verdict with how it was decided: "right (exact)"."""
        word = text(f"verdict.{self.key}")
        return f"{word} ({_how(self.how, self.digits, text)})" if self.how else word

    def in_words(self, text: Catalogue) -> str:
        """Return the verdict with the reason."""
        return text("verify.reason", status=self.word(text), reason=self.why) if self.why else self.word(text)

    def judgement(self) -> dict[str, Any]:
        """Return the verdict and how it was decided, for programs."""
        words = ("verdict", "how", "error_probability", "digits")
        return {word: getattr(self, word) for word in words}


def known(
    claim: str, word: str, *, digits: int | None = None, place: str = "", why: str = "", correction: str = ""
) -> Finding:
    """Return a claim in this vocabulary.

    Args:
        word: the verdict in the check's own words: "proved", "refuted", "false", "certified" …
    """
    verdict, how = _KNOWN[word]
    error = EPSILON if how == "modulo a prime" else None
    return Finding(claim, verdict, how, error, digits, place, why, correction)


def status(findings: Iterable[Finding]) -> int:
    """Return the exit status: 0: nothing is wrong; 1: something is; 3: nothing was decided."""
    verdicts = {f.verdict for f in findings}
    if "wrong" in verdicts:
        return SOMETHING_WRONG
    return ALL_RIGHT if verdicts & {"right", "right, but"} else NOTHING_DECIDED


def listed(findings: Sequence[Finding], most: int = 60) -> list[int]:
    """Return the places of the claims that a short list shows: the first ones, and whatever is not plainly right."""
    return [n for n, finding in enumerate(findings) if n < most or finding.verdict != "right"]


def counts(findings: Sequence[Finding]) -> dict[str, int]:
    """Count the claims of each verdict."""
    verdicts = Counter(f.verdict for f in findings)
    return {verdict: verdicts[verdict] for verdict in VERDICTS}


def summary(findings: Sequence[Finding], text: Catalogue, by_how: bool = False) -> str:
    """Return the counts in one line, with how the right ones were decided: "26 right (exact) · 1 not decided"."""
    alike = Counter(Finding("", f.verdict, f.how if by_how else "") for f in findings)
    order = sorted(alike, key=lambda f: (VERDICTS.index(f.verdict), HOW.index(f.how)))
    return " · ".join(text("check.count", count=alike[f], verdict=f.word(text)) for f in order)


def _key(words: str) -> str:
    return words.replace(",", "").replace(" ", "_")


def _how(how: How, digits: int | None, text: Catalogue) -> str:
    if how == "numbers" and digits is None:
        return text("how.agrees")
    return text(f"how.{_key(how)}", **({"digits": digits} if how == "numbers" else {}))
