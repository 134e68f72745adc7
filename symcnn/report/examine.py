"""A document's equations numbered and examined: what is displayed is what is proved, or nothing is printed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from symcnn.errors import RefusedError, SymcnnError
from symcnn.formula import tree
from symcnn.formula.steps import nodes
from symcnn.proof.domain import DIGITS, POINTS
from symcnn.report.content import Content
from symcnn.report.document import Block, Display, Document, Evidence, InlineFormula, Link, Section, Table, Text
from symcnn.report.examination import STRENGTH, Examiner, Found
from symcnn.text import Catalogue

#: The section at whose end the table of all equations stands.
LAST = "verified"


def examined(document: Document, content: Content, text: Catalogue) -> Document:
    """The document with every display numbered and with its evidence, and the table of them in its last section.

    Raises:
        RefusedError: an equality failed or could not be examined; the message names the display.
    """
    examiner = Examiner(content, text)
    numbered = _Numberer(examiner, text)
    sections = tuple(map(numbered.section, document.sections))
    repeated = [name for name, count in Counter(numbered.ids).items() if count > 1]
    if repeated:
        raise RefusedError(f"display {repeated[0]}: it stands twice in the document; an id names one equation")
    for part in (document.title, document.lead):
        numbered.check(part, "title")
    _check_states(document, examiner)
    whole = replace(document, sections=sections)
    table = evidence_table(whole, text)
    return replace(whole, sections=tuple(_appended(s, table) if s.id == LAST else s for s in sections))


class _Numberer:
    """Walks through sections, numbering what it meets."""

    def __init__(self, examiner: Examiner, text: Catalogue) -> None:
        self._examiner, self._text = examiner, text
        self.ids: list[str] = []

    def section(self, section: Section) -> Section:
        blocks = tuple(self._block(block, section.id) for block in section.blocks)
        return replace(section, blocks=blocks, sections=tuple(map(self.section, section.sections)))

    def _block(self, block: Block, where: str) -> Block:
        if not isinstance(block, Display):
            self.check(block, f"section {where}")
            return block
        self.ids.append(block.id)
        try:
            found = self._examiner.examine(block.formula)
        except SymcnnError as error:
            raise RefusedError(f"display {block.id} ({len(self.ids)}): {error}") from error
        return replace(block, number=len(self.ids), evidence=_evidence(found, self._text))

    def check(self, part: object, where: str) -> None:
        """The numbers in running text and tables, and equalities that stand there."""
        try:
            self._examiner.check_keys(part)
            for node in nodes(part):
                if isinstance(node, InlineFormula) and isinstance(node.node, (tree.Equality, tree.Update)):
                    self._examiner.examine(node.node)
        except SymcnnError as error:
            raise RefusedError(f"{where}: {error}") from error


def _check_states(document: Document, examiner: Examiner) -> None:
    """At the step that is printed, what a slider looks up is what stands there."""
    if document.states is None:
        return
    at = document.states.steps.index(document.states.shown)
    try:
        for key, values in document.states.values.items():
            examiner.check_keys(tree.Number(values[at], None, key))
    except SymcnnError as error:
        raise RefusedError(f"states: {error}") from error


def _evidence(found: Found, text: Catalogue) -> Evidence:
    """The method, and its name in the reader's language."""
    detail = text(f"evidence.{found.words or found.method}", points=POINTS, digits=DIGITS)
    if found.numbers and found.method not in ("computed", "read"):
        detail = text("evidence.with_numbers", method=detail)
    return Evidence(found.method, detail)


def evidence_table(document: Document, text: Catalogue) -> Table:
    """How the equations were examined: method, count, their numbers."""
    displays = [d for d in document.displays() if d.evidence is not None]
    groups: dict[tuple[str, str], list[Display]] = {}
    for display in displays:
        assert display.evidence is not None
        groups.setdefault((display.evidence.method, display.evidence.detail), []).append(display)
    ordered = sorted(groups.items(), key=lambda item: STRENGTH.index(item[0][0]))
    rows: list[tuple[Text, ...]] = [
        ((detail,), (str(len(found)),), tuple(_runs(found))) for (_, detail), found in ordered
    ]
    rows.append(((text("evidence.unproved"),), (str(sum(d.evidence is None for d in document.displays())),), ()))
    head = ((text("evidence.method"),), (text("evidence.count"),), (text("evidence.equations"),))
    return Table(head, tuple(rows), (text("evidence.caption", count=len(displays)),), numeric=(1,))


def _runs(displays: list[Display]) -> Iterator[str | Link]:
    """(1)–(13), (20)"""
    for n, (_, run) in enumerate(groupby(enumerate(displays), lambda pair: pair[1].number - pair[0])):
        found = [display for _, display in run]
        yield from ((", ",) if n else ())
        yield Link(found[0].id)
        if len(found) > 1:
            yield from ("–" if len(found) > 2 else ", ", Link(found[-1].id))


def _appended(section: Section, table: Table) -> Section:
    return replace(section, blocks=(*section.blocks, table))


__all__ = ["RefusedError", "evidence_table", "examined"]
