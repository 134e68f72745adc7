"""What the article prints, equation by equation, held against this derivation: where it stands here, and how."""

from collections.abc import Collection, Iterable, Iterator
from string import ascii_lowercase

from symcnn.article import printed as source
from symcnn.article.printed import PrintedComparison
from symcnn.formula import tree
from symcnn.formula.steps import replaced
from symcnn.formula.tree import Node
from symcnn.formula.written import Spelled
from symcnn.report.document import Block, Bullets, Emphasis, InlineFormula, Link, Section, Table, Text
from symcnn.report.story.teller import Teller
from symcnn.report.story.words import listed
from symcnn.symbolic import quantity_of

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
