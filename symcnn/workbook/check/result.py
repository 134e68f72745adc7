"""The result of verifying a workbook."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from symcnn.printers.cells import FormulaError, parse
from symcnn.proof.vocabulary import Finding as Claim
from symcnn.proof.vocabulary import known, status, summary
from symcnn.text import LANGUAGES, Catalogue, catalogue
from symcnn.verification.result import CheckRow


@dataclass(frozen=True)
class Mismatch:
    """A cell whose content is not what it should be.

    Attributes:
        cell: for example "Backward!F8"; quantity: for example "dE_df_11_image1".
        actual, right: the formula or text in the cell, and a right one.
        values: their values, where a formula was refuted.
        at: the parameters at which they differ: "at_initial_values" or "at_other_values".
    """

    cell: str
    quantity: str
    actual: str
    right: str
    values: tuple[float, float] | None = None
    at: str = ""


@dataclass(frozen=True)
class WorkbookVerification:
    """The result of ``verify_workbook``.

    Attributes:
        rows: one for each claim; findings: the cells that are wrong; not_checked: what remains, in words.
    """

    rows: tuple[CheckRow, ...]
    findings: tuple[Mismatch, ...]
    not_checked: tuple[str, ...]
    text: Catalogue

    @property
    def ok(self) -> bool:
        """No claim is refuted and no cell is wrong."""
        return not self.findings and all(row.ok for row in self.rows)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """In the vocabulary of every check: the cells that are wrong, then the rows that they do not speak for."""
        wrong = [known(f.quantity, "refuted", place=f.cell, why=f.actual, correction=f.right) for f in self.findings]
        return (*wrong, *(row.finding for row in self.rows if row.ok or not wrong))

    @property
    def exit_status(self) -> int:
        """0: nothing is wrong; 1: something is; 3: nothing was decided."""
        return status(self.claims)

    @property
    def summary(self) -> str:
        """One line: how many claims have which verdict."""
        return summary([row.finding for row in self.rows], self.text, by_how=True)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Heads and rows, in words."""
        heads = [self.text(f"verify.{key}") for key in ("claim", "verdict")]
        return heads, [[row.claim, row.finding.in_words(self.text)] for row in self.rows]

    def remarks(self) -> list[str]:
        """The cells that are wrong, and what was not checked, line by line."""
        lines = [line for finding in self.findings for line in self._lines(finding)]
        return [*lines, self.text("verify.not_checked"), *(f"  {words}" for words in self.not_checked)]

    def _lines(self, finding: Mismatch) -> list[str]:
        lines = [self.text("proof.wrong", cell=finding.cell, quantity=finding.quantity, found=finding.actual)]
        lines.append("  " + self.text("proof.right", right=finding.right))
        if finding.values is not None:
            value, right = (f"{v:.15g}".replace(".", self.text.decimal) for v in finding.values)
            lines.append("  " + self.text(f"proof.{finding.at}", found=value, right=right))
        return lines

    def __str__(self) -> str:
        heads, rows = self.table()
        width = max(len(line[0]) for line in (heads, *rows))
        lines = [f"{claim.ljust(width)}  {verdict}" for claim, verdict in (heads, *rows)]
        return "\n".join([*lines, "", self.summary, "", *self.remarks()])


#: From the weakest to the strongest.
_ORDER = ("refuted", "unknown", "agrees", "probable", "proved")


def weakest(statuses: Iterable[str]) -> str:
    """Return the weakest of several verdicts."""
    return min(statuses, key=_ORDER.index, default="proved")


class ClaimRows:
    """The rows and findings of one workbook as they are decided."""

    def __init__(self, text: Catalogue) -> None:
        self.text, self.findings, self.rows = text, list[Mismatch](), list[CheckRow]()

    def row(self, claim: str, statuses: str | Iterable[str], method: str) -> None:
        """Add a claim with the weakest of its statuses; ``method``: the key of how it was decided."""
        status = statuses if isinstance(statuses, str) else weakest(statuses)
        self.rows.append(CheckRow(claim, status, self.text(method)))

    def compared(self, claim: str, findings: Iterable[Mismatch], method: str, otherwise: str = "proved") -> None:
        """Add a claim that the findings refute, with them."""
        some = list(findings)
        self.findings += some
        self.row(claim, "refuted" if some else otherwise, method)

    def closed(self, not_checked: Iterable[str]) -> WorkbookVerification:
        return WorkbookVerification(tuple(self.rows), tuple(self.findings), tuple(not_checked), self.text)


def language(titles: Container[str], key: str) -> str:
    """Return the language of the sheets' titles: that in which this one is among them."""
    return next((lang for lang in LANGUAGES if catalogue(lang)(f"workbook.{key}") in titles), LANGUAGES[0])


def reads_alike(one: str | None, other: str | None) -> bool:
    """Are two formulas of one cell the same but for blanks?"""
    if one == other:
        return True
    try:
        return one is not None and other is not None and parse(one) == parse(other)
    except FormulaError:
        return False
