"""What was proved and what was checked, and how; what was not.

What the article prints, equation by equation, held against this derivation: where it stands here, and how.
"""

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from string import ascii_lowercase

from symcnn.article import printed as source
from symcnn.article.printed import PrintedComparison
from symcnn.certificate import premises_in_words, premises_of
from symcnn.formula import tree
from symcnn.formula.steps import replaced
from symcnn.formula.tree import Node
from symcnn.formula.written import Spelled
from symcnn.proof import Verdict
from symcnn.report.content import MAX_COMPARED
from symcnn.report.document import Block, Bullets, Emphasis, InlineFormula, Link, Paragraph, Section, Table, Text
from symcnn.report.one_pass import TOLERANCE as PASS_TOLERANCE
from symcnn.report.story.teller import Teller, capitalized, listed
from symcnn.symbolic import quantity_of
from symcnn.verification import TOLERANCE, method_in_words

#: What is told of after the table, with the right side that it must have.
_OPEN = ("cut", "missing")


def printed(t: Teller, displays: Collection[str]) -> Section | None:
    """Beside the article's own network.

    Args:
        displays: the ids of the document's other equations.
    """
    held = t.content.printed
    if not held:
        return None
    marks = dict(zip(dict.fromkeys(r for h in held for r in h.readings), ascii_lowercase, strict=False))
    head = tuple(t.say(f"printed.{key}") for key in ("there", "verdict", "here"))
    rows = tuple((_there(t, h), _verdict(t, h, marks), _here(h, displays)) for h in held)
    counts = [_count(t, held, state) for state in dict.fromkeys(h.state for h in held)]
    blocks: list[Block] = [
        t.paragraph("printed.text", count=sum(h.state != "missing" for h in held)),
        Bullets(tuple(counts)),
        *_marks(t, marks),
        Table(head, rows),
        *_must_be(t, held),
        *_numbers(t),
    ]
    return t.section("printed", t.say("printed.heading"), blocks)


def _count(t: Teller, held: Iterable[PrintedComparison], state: str) -> Text:
    return t.say(f"printed.count_{state}", count=sum(h.state == state for h in held))


def _marks(t: Teller, marks: dict[str, str]) -> Iterator[Block]:
    """The readings, each by its letter."""
    if marks:
        yield t.paragraph("printed.readings")
        yield Bullets(
            tuple((Emphasis(mark, strong=True), " ", *t.say(f"audit.reading.{r}")) for r, mark in marks.items())
        )


def _there(t: Teller, held: PrintedComparison) -> Text:
    """The left side, as the article writes it."""
    if not held.left:
        return t.say("printed.matrices")
    sides = listed(map(InlineFormula, held.left))
    return (*sides, f" ({t.text('printed.goes_on')})") if held.goes_on else sides


def _verdict(t: Teller, held: PrintedComparison, marks: dict[str, str]) -> Text:
    words = t.say(f"printed.{held.state}")
    if not held.readings:
        return words
    return (*words, " ", Emphasis(", ".join(marks[r] for r in held.readings), strong=True))


def _here(held: PrintedComparison, displays: Collection[str]) -> Text:
    return listed(Link(name) for name in held.quantities if name in displays)


def _must_be(t: Teller, held: Iterable[PrintedComparison]) -> Iterator[Block]:
    """What is not in the text that survives, told as the article tells its like."""
    claims = [h.claim for h in held if h.state in _OPEN and h.claim is not None]
    if claims:
        yield t.paragraph("printed.must_be")
        yield Bullets(tuple((InlineFormula(_ours(claim, t)),) for claim in claims))


def _ours(node: Node, t: Teller) -> Node:
    """The article's formula in the symbols of this report, which hold what they stand for."""
    spelled = Spelled(t.d.quantities)

    def put(part: tree.Symbol | tree.Word) -> Node:
        if not isinstance(part, tree.Symbol) or not spelled.is_known(part):
            return part
        tensor, index = spelled.entry(part, {})
        return part if index is None else t.typography.name(quantity_of(tensor, index), differentiated=bool(part.word))

    return replaced(node, put)


def _numbers(t: Teller) -> Iterator[Block]:
    """Part 1's tables, and how many variables there are."""
    tables = t.content.printed_tables
    wrong = [n for n, agrees in enumerate(tables, 1) if not agrees]
    if wrong:
        yield t.paragraph("printed.tables_differ", count=len(tables), wrong=listed(map(str, wrong)))
    else:
        yield t.paragraph("printed.tables", count=len(tables))
    facts, parameters = source.numbers(), len(t.network.parameters)
    derived = len(t.d.names) - parameters
    agrees = (facts["listed"], facts["derived"], facts["said"]) == (parameters, derived, parameters + derived)
    yield t.paragraph(
        "printed.variables" if agrees else "printed.variables_differ",
        said=facts["said"], listed=facts["listed"], derived=derived, parameters=parameters, count=parameters + derived,
    )  # fmt: skip


#: A certificate's premises, in words.
PREMISES = {"no_kink": "report.certificate_no_kink", "no_tie": "report.certificate_no_tie"}


def verified(t: Teller) -> Section:
    rows = t.content.proof.rows
    statuses = {row.status for row in rows}
    blocks: list[Block] = []
    if t.content.large:
        blocks += [t.paragraph("report.large_unknown" if "unknown" in statuses else "report.large_proof"), *_pass(t)]
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


def _pass(t: Teller) -> Iterator[Block]:
    """Of a large network's numbers: what they were held against."""
    one_pass = t.content.one_pass
    if one_pass is None:
        if t.content.run is not None:
            yield t.paragraph("report.pass_infinite")
        return
    forward = sum(e.target.tensor.size for e in t.d.forward)
    derivatives = sum(tensor.size for tensor in one_pass.arrays if tensor.is_adjoint)
    tolerance = tree.Power(tree.Number(10), round(math.log10(PASS_TOLERANCE)))
    counts = {"forward": forward, "parameters": t.counts[0], "derivatives": derivatives}
    yield t.paragraph("report.pass_text", tolerance=tolerance, **counts)


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
        words = t.say("verify.rest_samples", count=t.images, most=MAX_COMPARED)
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
