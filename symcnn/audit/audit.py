"""A text audited: every display and every chain in it, with line, verdict and reason."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from symcnn.audit.judge import Judge, Judged
from symcnn.audit.style import Style
from symcnn.derivation import Derivation, derive
from symcnn.formula.reader import Chain, Fragment, Reader, fragments, read_display
from symcnn.formula.spelled import Spelled
from symcnn.formula.tree import Node
from symcnn.network import Network


@dataclass(frozen=True)
class Finding:
    """One chain of the text.

    Attributes:
        line: on which it begins, from 1; row: in a display of several rows, from 1.
        text: as it is written.
    """

    line: int
    row: int
    kind: str
    text: str
    chain: Chain
    judged: Judged

    @property
    def verdict(self) -> str:
        return self.judged.verdict


@dataclass(frozen=True)
class Audit:
    """What was found in one text."""

    findings: tuple[Finding, ...]
    style: Style

    def count(self, verdict: str) -> int:
        return Counter(f.verdict for f in self.findings)[verdict]


def audit_text(text: str, derivation: Derivation) -> Audit:
    """The audit of a text over a network."""
    reader = Reader()
    judge = Judge(derivation, Spelled(derivation.scalars))
    found: list[Finding] = []
    carried: Node | None = None
    read = [(f, read_display(f.body, reader)) for f in fragments(text) if isinstance(f, Fragment) and f.kind != "outside"]
    judge.style = Style(derivation, judge.spelled, reader.raw, [chain for _, chains in read for chain in chains])
    for fragment, chains in read:
        for chain in chains:
            judged = judge.chain(chain, carried if chain.goes_on else None)
            if fragment.kind == "display" and judged.verdict != "mention":
                carried = judged.good
            row = chain.members[0].row
            found.append(Finding(fragment.line, row, fragment.kind, chain.text, chain, judged))
    return Audit(tuple(found), judge.style)


def audit(text: str, network: Network) -> Audit:
    return audit_text(text, derive(network))
