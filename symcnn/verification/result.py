"""The result of a verification: claims with their verdicts and figures, and what was caught and not checked."""

import html
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from symcnn.network import Network
from symcnn.proof import Verdict
from symcnn.proof.equations import EQUATIONS
from symcnn.proof.gradients import EXACT, EXACT_GATES, MODULAR, MODULAR_GATES
from symcnn.proof.vocabulary import SOMETHING_WRONG, Finding, known, listed, status, summary
from symcnn.text import Catalogue
from symcnn.text.characters import html_table, plain_table
from symcnn.verification.evidence import METHODS, Measurement

#: What decides: normal forms, or where they are too large random points.
DECIDING = "deciding"

#: A verdict's method -> its text.
IN_WORDS = {
    EXACT: "report.normal_form",
    EXACT_GATES: "verify.normal_form_gates",
    MODULAR: "report.modular",
    MODULAR_GATES: "verify.modular_gates",
    EQUATIONS: "verify.modular_equations",
}


@dataclass(frozen=True)
class CheckRow:
    """One claim, with its verdict and measurements.

    Attributes:
        claim: what is claimed, for example "∂E_total/∂f_12".
        status: "proved", "probable", "refuted" or "unknown".
        method: how it was decided; for "unknown", why it was not.
        figures: the worst figure of each numeric method.
        witness: where it is refuted: two values that differ, and where.
        worst: the largest relative difference, where it was compared in numbers.
    """

    claim: str
    status: str
    method: str
    figures: tuple[Measurement, ...] = ()
    witness: str = ""
    worst: float | None = None

    @property
    def ok(self) -> bool:
        """Not refuted."""
        return self.status != "refuted"

    @property
    def finding(self) -> Finding:
        """In the vocabulary of every check."""
        if not self.ok or not all(f.ok for f in self.figures):
            return known(self.claim, "refuted", why=self.witness or self.method)
        if self.status == "unknown" and self.worst is not None:
            digits = 17 if self.worst == 0 else max(0, min(17, math.floor(-math.log10(self.worst))))
            return known(self.claim, "agrees", digits=digits, why=self.method)
        return known(self.claim, self.status, why=self.method)


class CoqEvidence(Protocol):
    """The result of checking a certificate, as ``symcnn.certificate`` returns it; nothing here imports that room."""

    @property
    def network(self) -> Network | None: ...
    @property
    def status(self) -> Literal["certified", "unchecked", "rejected"]: ...
    @property
    def theorems(self) -> Mapping[str, frozenset[str]]: ...
    @property
    def reason(self) -> str: ...
    @property
    def coq(self) -> str: ...
    @property
    def premises(self) -> Mapping[str, int]: ...


def certificate_row(certificate: CoqEvidence, text: Catalogue) -> CheckRow:
    """Return the row of a certificate: every step checked by a proof assistant."""
    claim = text("verify.certificate")
    if certificate.status == "certified":
        return CheckRow(
            claim, "proved", text("verify.by_coq", count=len(certificate.theorems), version=certificate.coq)
        )
    if certificate.status == "unchecked":
        return CheckRow(claim, "unknown", certificate.reason or text("verify.no_coq"))
    return CheckRow(claim, "refuted", certificate.reason)


@dataclass(frozen=True)
class Caught:
    """How many planted errors a method caught."""

    method: str
    caught: int
    planted: int


@dataclass(frozen=True)
class Verification:
    """The result of :func:`verify`.

    >>> import symcnn
    >>> verification = symcnn.verify(symcnn.Network((2,), [symcnn.Dense(1, "sigmoid")]))
    >>> verification.ok, verification.rows[0].claim, verification.rows[0].status
    (True, '∂E_total/∂w_i1o1', 'proved')

    Attributes:
        rows: one for each gradient and each further claim.
        planted: for each method, the planted errors that it caught.
        not_checked: what remains, in words.
    """

    rows: tuple[CheckRow, ...]
    planted: tuple[Caught, ...]
    not_checked: tuple[str, ...]
    text: Catalogue

    @property
    def ok(self) -> bool:
        """No claim is refuted, every figure is within its bar, and the deciding method caught every planted error."""
        return self.exit_status != SOMETHING_WRONG

    def count(self, status: str) -> int:
        return sum(row.status == status for row in self.rows)

    @property
    def claims(self) -> tuple[Finding, ...]:
        """The rows in the vocabulary of every check; and what is wrong with what decides them."""
        exact = next(c for c in self.planted if c.method == DECIDING)
        missed = [known(self.text("verify.planted"), "refuted", why=self._count(exact))]
        return (*(row.finding for row in self.rows), *(missed if exact.caught < exact.planted else ()))

    @property
    def exit_status(self) -> int:
        """0: nothing is wrong; 1: something is; 3: nothing was decided."""
        return status(self.claims)

    @property
    def summary(self) -> str:
        """One line: how many claims have which verdict."""
        return summary(self.claims, self.text, by_how=True)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Heads and rows, in words."""
        heads = [self.text(f"verify.{key}") for key in ("claim", "verdict")] + [self.method(m) for m in METHODS]
        rows = []
        for row in self.rows:
            figures = {f.method: str(f).replace(".", self.text.decimal) for f in row.figures}
            rows.append([row.claim, row.finding.in_words(self.text), *(figures.get(m, "") for m in METHODS)])
        return heads, rows

    def method(self, method: str) -> str:
        """A method's name in the reader's language."""
        return self.text.words("method")[method.replace(" ", "_")]

    def __str__(self) -> str:
        return "\n".join([plain_table(*self.table()), "", self.summary, "", *self.remarks()])

    def __repr__(self) -> str:
        return f"Verification({self.summary})"

    def remarks(self) -> Iterator[str]:
        """The planted errors and what was not checked, line by line."""
        total = self.planted[0].planted
        yield self.text("verify.planted", count=total)
        yield from (f"  {line}" for line in self.caught())
        yield self.text("verify.not_checked")
        for words in self.not_checked:
            yield f"  {words}"

    def caught(self) -> Iterator[str]:
        """How many of the planted errors each method caught."""
        for c in self.planted:
            yield self._count(c)

    def _count(self, c: Caught) -> str:
        return self.text("verify.count", method=self.method(c.method), caught=c.caught, planted=c.planted)

    def _repr_html_(self) -> str:
        return html_of_findings(self.claims, self.table(), [self.summary, *self.remarks()], self.text)


def html_of_findings(
    findings: Sequence[Finding], table: tuple[Sequence[str], Sequence[Sequence[str]]], lines: Iterable[str],
    text: Catalogue,
) -> str:  # fmt: skip
    """Return the table of a check for notebooks, of many claims a part; below it some lines."""
    heads, rows = table
    shown = [rows[n] for n in listed(findings) if n < len(rows)]
    rest = [text("check.more", count=len(rows) - len(shown))] if len(shown) < len(rows) else []
    return html_table(heads, shown) + f"<p>{'<br>'.join(map(html.escape, [*rest, *lines]))}</p>"


def method_in_words(verdict: Verdict, text: Catalogue) -> str:
    """Return the method of a verdict in the reader's language; a reason unchanged."""
    for method, key in IN_WORDS.items():
        if verdict.method.startswith(method):
            return text(key) + verdict.method.removeprefix(method)
    return verdict.method
