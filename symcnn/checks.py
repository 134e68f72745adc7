"""One function for every check, of a network, a workbook, a text or a certificate: ``symcnn.check("net.toml")``.

    a network file, a Network      its proofs, and its programs compared with 50 digits         ``verify``
    our own workbook (.xlsx)       every formula cell read back and proved                      ``verify --workbook``
    a text (.md, .tex, .txt)       every equation checked against the mathematics               ``audit``
    a certificate (.v)             checked by Coq                                               ``verify --certificate``

Each has claims; a claim has a verdict of ``symcnn/proof/vocabulary.py``, with how it was decided.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from symcnn import article
from symcnn.article import printed
from symcnn.audit import Audit, Told, audit
from symcnn.certificate import recheck
from symcnn.errors import InputError
from symcnn.network import Data, DataLike, Network, as_data, checked_network, read_network
from symcnn.proof import check_equations
from symcnn.proof.vocabulary import ALL_RIGHT, Finding, VerdictWord, counts, known, status, summary
from symcnn.text import Catalogue, catalogue
from symcnn.text.characters import visible
from symcnn.verification import verify
from symcnn.verification.result import html_of_findings
from symcnn.workbook import verify_workbook

TEXTS = (".md", ".markdown", ".tex", ".txt")


@dataclass(frozen=True)
class CheckResult:
    """The result of a check.

    >>> import symcnn
    >>> result = symcnn.check(symcnn.Network((2,), [symcnn.Dense(1)]))
    >>> result.ok, result.findings[0].claim, result.findings[0].verdict, result.findings[0].how
    (True, '∂E_total/∂w_i1o1', 'right', 'exact')

    Attributes:
        kind: "network", "workbook", "text" or "certificate".
        subject: the name of what was checked.
        findings: claim by claim.
        not_checked: what was not checked, in words.
        details: the full result: a ``Verification``, an ``Audit`` …
    """

    kind: Literal["network", "workbook", "text", "certificate"]
    subject: str
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]
    text: Catalogue = field(repr=False, compare=False)
    details: Any = field(repr=False, compare=False, default=None)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong and something was decided."""
        return self.status == ALL_RIGHT

    @property
    def status(self) -> int:
        """0: nothing is wrong; 1: something is; 3: nothing was decided."""
        return status(self.findings)

    def count(self, verdict: VerdictWord) -> int:
        return counts(self.findings)[verdict]

    @property
    def summary(self) -> str:
        """One line: how many claims have which verdict."""
        return f"{self.subject}: {summary(self.findings, self.text)}"

    def to_dict(self) -> dict[str, Any]:
        """Everything, for programs; ``schema()`` describes it."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "status": self.status,
            "counts": counts(self.findings),
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
        lines = [finding.in_words(self.text)]
        if finding.correction:
            lines.append(self.text("check.correction", correction=finding.correction))
        return "\n".join(lines)

    def __str__(self) -> str:
        heads, rows = self.table()
        lines = ["  ".join(cell.replace("\n", " · ") for cell in row) for row in (heads, *rows)]
        return "\n".join([*lines, "", self.summary, *self.remarks()])

    def remarks(self) -> list[str]:
        """What was not checked, line by line, after a blank line."""
        if not self.not_checked:
            return []
        return ["", self.text("verify.not_checked"), *(f"  {words}" for words in self.not_checked)]

    def __repr__(self) -> str:
        return f"CheckResult({self.summary})"

    def _repr_html_(self) -> str:
        return html_of_findings(self.findings, self.table(), [self.summary, *self.remarks()], self.text)


def schema() -> dict[str, Any]:
    """The JSON schema of ``CheckResult.to_dict()``."""
    schema: dict[str, Any] = json.loads(files("symcnn").joinpath("checks.schema.json").read_text("utf-8"))
    return schema


def check(
    thing: str | Path | Network, network: str | Path | Network | None = None, *, mapping: str | Path | None = None,
    lang: str = "en",
) -> CheckResult:  # fmt: skip
    """Check a thing by what it is; the head of ``symcnn/checks.py`` has the table.

    >>> import symcnn
    >>> symcnn.check(symcnn.Network((2,), [symcnn.Dense(1)]))
    CheckResult(...)

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
    if not isinstance(thing, (str, Path)):
        raise InputError(f"{type(thing).__name__}: expected symcnn.Network, or the path of a file")
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
    """Prove a network's gradients, and compare its programs with 50 digits; see ``verify``.

    >>> import symcnn
    >>> symcnn.check_network(symcnn.Network((2,), [symcnn.Dense(1)])).ok
    True
    """
    net, samples = _network(network)
    net.require_loss(str(network) if not isinstance(network, Network) else "check")
    verification = verify(net, samples if data is None else as_data(data), lang=lang, progress=progress)
    subject = _name(network) if not isinstance(network, Network) else catalogue(lang)("check.network")
    return CheckResult("network", subject, verification.claims, verification.not_checked, catalogue(lang), verification)


def check_workbook(path: str | Path, network: str | Path | Network | None = None, *, lang: str = "en") -> CheckResult:
    """Read every formula cell of a workbook that symcnn wrote, and prove it; see ``workbook.verify_workbook``.

    >>> import symcnn
    >>> net = symcnn.Network((2,), [symcnn.Dense(1, "sigmoid")])
    >>> path = symcnn.export_workbook(net, ([[0, 1]], [1]), "cnn.xlsx", steps=2)
    >>> symcnn.check_workbook(path, net).ok
    True
    """
    verification = verify_workbook(path, _network(network)[0], lang=lang)
    return CheckResult(
        "workbook", _name(path), verification.claims, verification.not_checked, catalogue(lang), verification
    )


def check_text(
    path: str | Path, network: str | Path | Network | None = None, *, mapping: str | Path | None = None,
    lang: str = "en",
) -> CheckResult:  # fmt: skip
    """Check every equation of a text against the mathematics of a network; see ``audit``.

    >>> import pathlib, symcnn
    >>> path = pathlib.Path("notes.md")
    >>> _ = path.write_text(r"$\\frac{\\partial x_{11}}{\\partial f_{21}} = i_{12}$")
    >>> symcnn.check_text(path, symcnn.article.network()).findings[0].correction
    'i_{21}'
    """
    result = audit_about(path, network, mapping)
    report = Told(result, _name(path), catalogue(lang))
    notice = [report.notice()] if report.notice() else []
    rest = (*notice, catalogue(lang)("check.rest_text"))
    return CheckResult("text", _name(path), report.claims, rest, catalogue(lang), result)


def audit_about(path: str | Path, network: str | Path | Network | None, mapping: str | Path | None) -> Audit:
    """Audit a text about a network; about the article's also with the tables of numbers that it prints."""
    (net, data), tables = _network(network), printed.tables() if _is_article(network) else ()
    return audit(path, net, mapping, data, check_equations, tables, assumed=network is None)


def check_certificate(
    path: str | Path, network: str | Path | Network | None = None, *, lang: str = "en"
) -> CheckResult:
    """Let Coq check a certificate that symcnn wrote; see ``certificate.recheck``."""
    net, data = _network(network)
    result, text = recheck(path, net, data), catalogue(lang)
    if result.ok:
        findings = [known(name, result.status, why=f"Coq {result.coq}") for name in result.theorems]
    else:  # a file that symcnn did not write claims nothing that could be wrong
        verdict = result.status if result.is_own else "unchecked"
        findings = [known(text("verify.certificate"), verdict, why=result.reason or text("verify.no_coq"))]
    return CheckResult("certificate", _name(path), tuple(findings), (), text, result)


def _is_article(network: str | Path | Network | None) -> bool:
    return network is None or (str(network) == "article" and not Path("article").exists())


def _network(network: str | Path | Network | None) -> tuple[Network, Data | None]:
    if _is_article(network):
        return article.network(), article.images()
    assert network is not None  # None is the article's
    return read_network(network) if isinstance(network, (str, Path)) else (checked_network(network), None)


def _name(path: str | Path) -> str:
    return visible(Path(path).name)
