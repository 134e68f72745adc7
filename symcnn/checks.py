"""One face for every check: ``symcnn.check("net.toml")``, of a network, a workbook, a text or a certificate.

    a network file, a Network      its proofs, and its programs held against 50 digits          ``verify``
    our own workbook (.xlsx)       every formula cell read back and proved                      ``verify --workbook``
    a text (.md, .tex, .txt)       every equation held against the mathematics                  ``audit``
    a certificate (.v)             Coq's word for it                                            ``verify --certificate``

Each has claims; a claim has one verdict of one vocabulary, with how it was decided. What the engines below say in words
of their own is brought into it here and nowhere else.
"""

import html
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from symcnn import article
from symcnn.article import printed
from symcnn.audit import Audit, Told, audit
from symcnn.certificate import recheck
from symcnn.errors import InputError
from symcnn.network import Data, DataLike, Network, as_data, read_network
from symcnn.proof import check_equations
from symcnn.proof.equations import EPSILON
from symcnn.text import Catalogue, catalogue
from symcnn.text.characters import visible
from symcnn.verification import CheckRow, verify, verify_workbook

VerdictWord = Literal["right", "wrong", "follows from", "right, but", "given", "not decided"]
VERDICTS: tuple[VerdictWord, ...] = ("right", "right, but", "given", "wrong", "follows from", "not decided")
How = Literal["exact", "modulo a prime", "numbers", ""]

#: Exit statuses of a check.
ALL_RIGHT, SOMETHING_WRONG, NOTHING_DECIDED = 0, 1, 3

TEXTS = (".md", ".markdown", ".tex", ".txt")


@dataclass(frozen=True)
class Finding:
    """One claim and what is known of it.

    Attributes:
        claim: what is claimed: "∂E_total/∂f_12", an equation as the text has it, the formula of a cell.
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


@dataclass(frozen=True)
class CheckResult:
    """The result of a check.

    Attributes:
        kind: "network", "workbook", "text" or "certificate".
        subject: what was checked, as it is called.
        findings: claim by claim.
        not_checked: what remains, in words.
        details: what the engine itself says: a ``Verification``, an ``Audit`` …
    """

    kind: Literal["network", "workbook", "text", "certificate"]
    subject: str
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]
    text: Catalogue = field(repr=False, compare=False)
    details: Any = field(repr=False, compare=False, default=None)

    @property
    def ok(self) -> bool:
        """Nothing is wrong, and something could be told."""
        return self.status == ALL_RIGHT

    @property
    def status(self) -> int:
        """0: nothing is wrong; 1: something is; 3: nothing could be told."""
        counts = Counter(f.verdict for f in self.findings)
        if counts["wrong"]:
            return SOMETHING_WRONG
        return ALL_RIGHT if counts["right"] or counts["right, but"] else NOTHING_DECIDED

    def count(self, verdict: VerdictWord) -> int:
        return sum(f.verdict == verdict for f in self.findings)

    @property
    def summary(self) -> str:
        """One line: how many claims have which verdict."""
        counts = [(v, self.count(v)) for v in VERDICTS]
        parts = (f"{n} {self.text(f'verdict.{_key(v)}')}" for v, n in counts if n)
        return f"{self.subject}: {' · '.join(parts)}"

    def to_dict(self) -> dict[str, Any]:
        """Everything, for programs; ``schema()`` describes it."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "status": self.status,
            "counts": {verdict: self.count(verdict) for verdict in VERDICTS},
            "findings": [asdict(f) for f in self.findings],
            "not_checked": list(self.not_checked),
        }

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Heads and rows, in words."""
        heads = [self.text(f"check.{key}") for key in ("place", "claim", "verdict")]
        if not any(f.place for f in self.findings):
            return heads[1:], [[f.claim, self._verdict(f)] for f in self.findings]
        return heads, [[f.place, f.claim, self._verdict(f)] for f in self.findings]

    def _verdict(self, finding: Finding) -> str:
        word = self.text(f"verdict.{_key(finding.verdict)}")
        if finding.how:
            word += f" ({self._how(finding)})"
        lines = [f"{word}: {finding.why}" if finding.why else word]
        if finding.correction:
            lines.append(self.text("check.correction", correction=finding.correction))
        return "\n".join(lines)

    def _how(self, finding: Finding) -> str:
        if finding.how == "numbers" and finding.digits is None:
            return self.text("audit.method.agrees")
        values = {"digits": finding.digits} if finding.how == "numbers" else {}
        return self.text(f"how.{_key(finding.how)}", **values)

    def __str__(self) -> str:
        heads, rows = self.table()
        lines = ["  ".join(cell.replace("\n", " · ") for cell in row) for row in (heads, *rows)]
        rest = [self.text("verify.not_checked"), *(f"  {words}" for words in self.not_checked)]
        return "\n".join([*lines, "", self.summary, *(["", *rest] if self.not_checked else [])])

    def _repr_html_(self) -> str:
        heads, rows = self.table()
        head = "".join(f"<th>{html.escape(h)}</th>" for h in heads)
        body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
        return f"<table><tr>{head}</tr>{body}</table><p>{html.escape(self.summary)}</p>"


def _key(words: str) -> str:
    return words.replace(",", "").replace(" ", "_")


def schema() -> dict[str, Any]:
    """The JSON schema of ``CheckResult.to_dict()``."""
    content = files("symcnn").joinpath("checks.schema.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(content)
    return document


def check(
    thing: str | Path | Network, network: str | Path | Network | None = None, *, mapping: str | Path | None = None,
    lang: str = "en",
) -> CheckResult:  # fmt: skip
    """Check a thing by what it is; the head of ``symcnn/checks.py`` has the table.

    Args:
        thing: a ``Network``, or a path.
        network: what a workbook, a text or a certificate is about: a ``Network`` or a network file; None: the article's
            (of a text only where its own lines agree).
        mapping: of a text: a TOML file that maps its symbols.
        lang: of the sentences, "en" or "fr".

    Raises:
        InputError: it is none of these, or can't be read.
    """
    if isinstance(thing, Network):
        return check_network(thing, lang=lang)
    path = Path(thing)
    checks: dict[str, Callable[[], CheckResult]] = {
        ".toml": lambda: check_network(path, lang=lang),
        ".xlsx": lambda: check_workbook(path, network, lang=lang),
        ".v": lambda: check_certificate(path, network, lang=lang),
        **{ending: lambda: check_text(path, network, mapping=mapping, lang=lang) for ending in (*TEXTS, ".ipynb")},
    }
    if path.suffix.lower() not in checks:
        raise InputError(
            f"{path}: expected a network file (.toml), a workbook that symcnn wrote (.xlsx), a text"
            f" ({', '.join(TEXTS)}) or a certificate (.v)"
        )
    return checks[path.suffix.lower()]()


def check_network(
    network: str | Path | Network, data: DataLike | None = None, *, lang: str = "en",
    progress: Callable[[int], None] | None = None,
) -> CheckResult:  # fmt: skip
    """Prove a network's gradients, and hold its programs against 50 digits; see ``verify``."""
    net, samples = _network(network)
    net.require_loss(str(network) if not isinstance(network, Network) else "check")
    verification = verify(net, samples if data is None else as_data(data), lang=lang, progress=progress)
    subject = _name(network) if not isinstance(network, Network) else catalogue(lang)("check.network")
    findings = tuple(_of_row(row) for row in verification.rows)
    return CheckResult("network", subject, findings, verification.not_checked, catalogue(lang), verification)


def check_workbook(path: str | Path, network: str | Path | Network | None = None, *, lang: str = "en") -> CheckResult:
    """Read every formula cell of a workbook that symcnn wrote, and prove it; see ``verification.verify_workbook``."""
    verification = verify_workbook(path, _network(network)[0], lang=lang)
    wrong = tuple(
        Finding(f.quantity, "wrong", place=f.cell, why=f.found, correction=f.right) for f in verification.findings
    )
    findings = (*wrong, *(_of_row(row) for row in verification.rows if row.ok or not wrong))
    return CheckResult("workbook", _name(path), findings, verification.not_checked, catalogue(lang), verification)


def check_text(
    path: str | Path, network: str | Path | Network | None = None, *, mapping: str | Path | None = None,
    lang: str = "en",
) -> CheckResult:  # fmt: skip
    """Hold every equation of a text against the mathematics of a network; see ``audit``."""
    result = audit_about(path, network, mapping)
    words = Told(result, _name(path), catalogue(lang))
    notice = [words.notice()] if words.notice() else []
    findings = tuple(_of_audit(result, words))
    rest = (*notice, catalogue(lang)("check.rest_text"))
    return CheckResult("text", _name(path), findings, rest, catalogue(lang), result)


def audit_about(path: str | Path, network: str | Path | Network | None, mapping: str | Path | None) -> Audit:
    """The audit of a text about a network; of the article's also with the tables of numbers that it prints."""
    (net, data), known = _network(network), printed.tables() if _is_article(network) else ()
    return audit(path, net, mapping, data, check_equations, known, assumed=network is None)


def check_certificate(
    path: str | Path, network: str | Path | Network | None = None, *, lang: str = "en"
) -> CheckResult:
    """Let Coq check a certificate that symcnn wrote; see ``certificate.recheck``."""
    net, data = _network(network)
    word, text = recheck(path, net, data), catalogue(lang)
    if word.status == "certified":
        findings = [Finding(name, "right", "exact", why=f"Coq {word.coq}") for name in word.theorems]
    else:
        # what is no certificate of symcnn's says nothing that could be wrong; nor does a Coq that did not answer
        is_wrong = word.verdict.outcome == "wrong" and word.is_own
        reason = word.reason or text("verify.no_coq")
        findings = [Finding(text("verify.certificate"), "wrong" if is_wrong else "not decided", why=reason)]
    return CheckResult("certificate", _name(path), tuple(findings), (), text, word)


def _is_article(network: str | Path | Network | None) -> bool:
    return network is None or (str(network) == "article" and not Path("article").exists())


def _network(network: str | Path | Network | None) -> tuple[Network, Data | None]:
    if _is_article(network):
        return article.network(), article.images()
    assert network is not None  # that is the article's
    return (network, None) if isinstance(network, Network) else read_network(network)


def _name(path: str | Path) -> str:
    return visible(Path(path).name)


def _of_row(row: CheckRow) -> Finding:
    """What a verification says of one claim."""
    worst = row.worst
    if not row.ok or any(not f.ok for f in row.figures):
        return Finding(row.claim, "wrong", why=row.witness or row.method)
    if row.status == "proved":
        return Finding(row.claim, "right", "exact", why=row.method)
    if row.status == "probable":
        return Finding(row.claim, "right", "modulo a prime", EPSILON, why=row.method)
    if worst is None:
        return Finding(row.claim, "not decided", why=row.method)
    digits = 17 if worst == 0 else max(0, min(17, math.floor(-math.log10(worst))))
    return Finding(row.claim, "right", "numbers", digits=digits, why=row.method)


#: How the audit decided what is true -> in this vocabulary.
_HOW: dict[str, How] = {
    "proved": "exact", "rule": "exact", "computed": "exact", "probable": "modulo a prime", "agrees": "numbers",
}  # fmt: skip


def _of_audit(result: Audit, words: Told) -> Iterator[Finding]:
    for f in result.findings:
        place, (why, *more) = words.text("check.line", line=words.place(f)), words.why(f)
        judged = f.judged
        if f.verdict == "true" and judged.method in ("given", "definition"):
            yield Finding(f.text, "given", place=place, why=why)
        elif f.verdict == "true":
            how = _HOW.get(judged.method, "exact")
            error = EPSILON if how == "modulo a prime" else None
            yield Finding(f.text, "right", how, error, place=place, why=why if judged.readings else "")
        elif f.verdict == "assumption":
            yield Finding(f.text, "given", place=place, why=why)
        elif f.verdict == "false":
            rest = [line for line in more if not f.correction or line != words.should(f)]
            yield Finding(f.text, "wrong", place=place, why="\n".join([why, *rest]), correction=f.correction)
        else:
            verdict: VerdictWord = "right, but" if f.verdict == "remark" else "not decided"
            yield Finding(f.text, verdict, place=place, why="\n".join([why, *more]))
