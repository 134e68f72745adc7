"""What was proved and what was checked, and how; what was not."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from symcnn.certificate import premises_in_words, premises_of
from symcnn.formula import tree
from symcnn.proof import Verdict
from symcnn.report.content import MAX_COMPARED
from symcnn.report.document import Block, Bullets, Paragraph, Section, Table, Text
from symcnn.report.story.teller import Teller
from symcnn.report.story.words import capitalized, listed
from symcnn.verification import TOLERANCE, method_in_words

#: A certificate's premises, in words.
PREMISES = {"no_kink": "report.certificate_no_kink", "no_tie": "report.certificate_no_tie"}


def verified(t: Teller) -> Section:
    rows = t.content.proof.rows
    statuses = {row.status for row in rows}
    blocks: list[Block] = [t.paragraph("report.large_proof")] if t.content.large else []
    blocks += [
        t.paragraph(f"report.{key}")
        for status, key in (("proved", "proof_text"), ("probable", "probable_text"), ("unknown", "unknown_text"))
        if status in statuses and not t.content.large
    ]
    claims = tuple(_equations(t) if t.content.large else _claims(t))
    if claims:
        blocks.append(Table((t.say("report.claim"), t.say("report.method"), t.say("report.verdict")), claims))
    return t.section(
        "verified",
        t.say("report.proof_heading"),
        [*_certificate(t), *blocks, *_programs(t), *_verification(t), t.paragraph("report.not_checked")],
    )


def _certificate(t: Teller) -> Iterator[Block]:
    """Of a certificate that was handed in: the strongest evidence, and what it presupposes."""
    found = t.content.certificate
    if found is None:
        return
    if found.status == "unchecked":
        key = "report.certificate_unanswered" if found.reason else "report.certificate_unchecked"
        yield t.paragraph(key, **({"reason": found.reason} if found.reason else {}))
        return
    yield t.paragraph("report.certificate", count=len(found.theorems), version=found.coq)
    for premise, count in found.premises.items():
        yield t.paragraph(PREMISES[premise], count=count)
    if found.premises and t.content.run is not None and t.content.data is not None:
        report = premises_of(t.network, t.content.run.initial, t.content.data)
        yield Paragraph((premises_in_words(report, t.text, t.content.seed),))


def _verification(t: Teller) -> Iterator[Block]:
    """Of a verification that was handed in: how many claims hold, and the planted errors that each method caught."""
    if t.content.verification is None:
        return
    found = replace(t.content.verification, text=t.text)
    yield Paragraph((found.summary,))
    yield t.paragraph("verify.planted", count=found.planted[0].planted)
    yield Bullets(tuple((line,) for line in found.caught()))


def _programs(t: Teller) -> Iterator[Block]:
    agreement = t.content.agreement
    if agreement and all(a.ok for a in agreement):
        power = tree.Power(tree.Number(10), round(math.log10(TOLERANCE)))
        yield t.paragraph("report.numbers_text", tolerance=power)
    if agreement and t.images > MAX_COMPARED:
        words = t.say("verify.rest_images", count=t.images, most=MAX_COMPARED)
        yield Paragraph((*capitalized(words), "."))
    for failed in (a for a in agreement if not a.ok):
        known = t.d.quantities.of(failed.where).adjoint if failed.where in t.d.quantities else None
        where: Text = (t.symbol(known),) if known and known.of_image(None).primal in t.d.listed else (failed.where,)
        yield t.paragraph("report.numbers_differ", backend=failed.backend, where=where)


def _claims(t: Teller) -> Iterator[tuple[Text, ...]]:
    """The rows of the table of proofs; those of one tensor together where they are alike."""
    rows, of = t.content.proof.rows, t.d.quantities.of

    def alike(row: Verdict) -> tuple[str, str, str]:
        return of(row.name).tensor.name, method_in_words(row, t.text), row.status

    for (_, method, status), group in groupby(rows, alike):
        found = list(group)
        claim: Text = (t.symbol(of(found[0].name).adjoint),)
        if len(found) > 1:
            claim = (*listed([*claim, t.symbol(of(found[-1].name).adjoint)], " … "), f" ({len(found)})")
        yield claim, (method,), t.say(f"report.status_{status}")


def _equations(t: Teller) -> Iterator[tuple[Text, ...]]:
    for row in t.content.proof.rows:
        yield t.say("verify.equations_shown"), (method_in_words(row, t.text),), t.say(f"report.status_{row.status}")
