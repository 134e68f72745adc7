"""What an audit found, told: as rows for a terminal, and as JSON."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

from symcnn.audit.audit import Audit, AuditedEquation
from symcnn.audit.verdicts import VERDICTS
from symcnn.proof import vocabulary
from symcnn.proof.vocabulary import known
from symcnn.text import Catalogue, SaidError
from symcnn.text.characters import visible_json


class Told:
    """One audit in one language.

    Args:
        file: what the text is called.
    """

    def __init__(self, audit: Audit, file: str, text: Catalogue) -> None:
        self.audit, self._file, self.text = audit, file, text

    @property
    def title(self) -> str:
        return self.text("audit.title", file=self._file)

    def why(self, finding: AuditedEquation, formula: Callable[[str], str] = str) -> list[str]:
        """The reason of a verdict, in sentences: of a false one what is wrong, what it should be, and a number.

        Args:
            formula: how a formula of the text, or in its typography, stands in them.
        """
        judged, text = finding.judged, self.text
        if finding.verdict == "true" and judged.method:
            found = [text(f"audit.method.{judged.method}")]
            if judged.readings:
                found.append(
                    text(
                        "audit.under",
                        readings=", ".join(text(f"audit.reading.{r}", total="E_total") for r in judged.readings),
                    )
                )
            return [", ".join(found)]
        reason = text(f"audit.reason.{judged.reason}", **{key: self._said(value) for key, value in judged.values})
        if finding.wrong and finding.kind != "table" and judged.reason != "member_unread":
            number = (judged.member or 0) + 1
            reason = text("audit.member", number=number, text=formula(finding.wrong), reason=reason)
        lines = [reason]
        if finding.correction:
            lines.append(self.should(finding, formula))
        return [*lines, *self._shown(finding, formula)]

    def should(self, finding: AuditedEquation, formula: Callable[[str], str] = str) -> str:
        """What should stand in the place of the wrong member, in a sentence."""
        return self.text("audit.should", correction=formula(finding.correction))

    def _shown(self, finding: AuditedEquation, formula: Callable[[str], str]) -> Iterator[str]:
        """The numbers that show it."""
        found, text = finding.judged.counterexample, self.text
        if found is None:
            return
        left, right = self._apart(found.written, found.right)
        if found.at is None and left != right:  # floats may be too coarse to tell them apart
            yield text("audit.shown_numbers", left=left, right=right)
        if found.at is None:
            return
        at = self._separator.join(f"{formula(name)} = {self._number(value)}" for name, value in finding.at)
        where = text("audit.where", at=at) if at else text("audit.somewhere")
        yield text("audit.shown" if found.written else "audit.shown_alone", where=where, left=left, right=right)

    @property
    def _separator(self) -> str:
        """Between numbers: no comma beside decimal commas."""
        return " ; " if self.text.decimal == "," else ", "

    def _said(self, value: str | SaidError) -> str:
        return value if isinstance(value, str) else value.said(self.text)

    def _numbers(self, values: Sequence[float], digits: int) -> str:
        """One number, or the entries of a group."""
        found = [self._number(v, digits) for v in values]
        return found[0] if len(found) == 1 else f"({self._separator.join(found)})"

    def _apart(self, left: Sequence[float], right: Sequence[float]) -> tuple[str, str]:
        """Both with as many digits as it takes to tell them apart."""
        found = ("", "")
        for digits in (6, 8, 10, 12, 15, 17):
            found = self._numbers(left, digits), self._numbers(right, digits)
            if found[0] != found[1]:
                break
        return found

    def _number(self, value: float, digits: int = 6) -> str:
        return f"{value:.{digits}g}".replace(".", self.text.decimal).replace("-", "−")

    @cached_property
    def claims(self) -> tuple[vocabulary.Finding, ...]:
        """In the vocabulary of every check."""
        return tuple(map(self._claim, self.audit.findings))

    def _claim(self, finding: AuditedEquation) -> vocabulary.Finding:
        judged, place = finding.judged, self.text("check.line", line=self.place(finding))
        if finding.verdict == "true":
            why = self.why(finding)[0] if judged.readings or judged.method in ("given", "definition") else ""
            return known(finding.text, judged.method or "true", place=place, why=why)
        correction = finding.correction if finding.verdict == "false" else ""
        lines = [line for line in self.why(finding) if not correction or line != self.should(finding)]
        return known(finding.text, finding.verdict, place=place, why="\n".join(lines), correction=correction)

    @property
    def exit_status(self) -> int:
        """0: nothing is false; 1: something is; 3: nothing could be told."""
        return vocabulary.status(self.claims)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """line, verdict, equation, reason"""
        return [
            (self.place(finding), self.text(f"verdict.{claim.key}"), finding.text, "\n".join(self.why(finding)))
            for finding, claim in zip(self.audit.findings, self.claims, strict=True)
        ]

    def place(self, finding: AuditedEquation) -> str:
        return f"{finding.line}" if finding.row == 1 else f"{finding.line} ({finding.row})"

    def totals(self) -> list[str]:
        """Counts, and what was not checked."""
        audit, text = self.audit, self.text
        found = [text("audit.totals", verdicts=vocabulary.summary(self.claims, text), pairs=audit.pairs)]
        found.append(text("audit.mentions", count=audit.mentions))
        count, checked = audit.tables
        found += [text("audit.tables", count=count, checked=checked)] if count else []
        found += [text("audit.spotless")] if audit.is_spotless else []
        return [*found, text("audit.unchecked")]

    def notice(self) -> str:
        """Why nothing was read that rests on a network, and how to name one; empty where there is one."""
        contradicted = self.audit.unnamed
        if contradicted is None:
            return ""
        key = "audit.unnamed_contradicted" if contradicted else "audit.unnamed_missing"
        return self.text("audit.unnamed", reason=self.text(key, line=contradicted))

    def proposal(self) -> tuple[str, str] | None:
        """What a mapping could say: in words, and as TOML."""
        found = self.audit.proposal
        return (self.text("audit.proposal"), str(found)) if found else None

    def json(self) -> str:
        """Everything, for programs."""
        return visible_json(self._document())

    def _document(self) -> dict[str, Any]:
        audit = self.audit
        counts = {verdict: audit.count(verdict) for verdict in VERDICTS}
        return {
            "file": self._file,
            "totals": {
                "read": len(audit.findings) - counts["unread"], "pairs": audit.pairs, **counts,
                "mentions": audit.mentions, "tables": {"found": audit.tables[0], "checked": audit.tables[1]},
            },
            "check": {"status": self.exit_status, "counts": vocabulary.counts(self.claims)},
            "equations": [self._equation(*both) for both in zip(audit.findings, self.claims, strict=True)],
            "mapping": str(audit.proposal),
            "notice": self.notice(),
            "not_checked": self.text("audit.unchecked"),
        }  # fmt: skip

    def _equation(self, finding: AuditedEquation, claim: vocabulary.Finding) -> dict[str, Any]:
        judged = finding.judged
        found: dict[str, Any] = {
            "line": finding.line, "row": finding.row, "kind": finding.kind, "text": finding.text,
            "verdict": finding.verdict, "check": claim.judgement(), "why": self.why(finding),
        }  # fmt: skip
        found |= {"method": judged.method, "readings": list(judged.readings)} if judged.method else {}
        found |= {"reason": judged.reason} if judged.reason else {}
        found |= {"member": judged.member, "wrong": finding.wrong} if finding.wrong else {}
        found |= {"correction": finding.correction} if finding.correction else {}
        if judged.counterexample is not None:
            shown = judged.counterexample
            found["counterexample"] = {"written": shown.written, "right": shown.right, "at": dict(finding.at)}
        return found
