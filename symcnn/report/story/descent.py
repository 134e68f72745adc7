"""Gradient descent: the rule, the sum over the images, the first step with numbers."""

from collections.abc import Iterator

from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.report.document import Block, Display, InlineFormula, Section, Table, Text
from symcnn.report.story.teller import DIGITS, Teller
from symcnn.symbolic import Quantity, entries


def descent(t: Teller) -> Section:
    first = t.d.listed[0]
    blocks: list[Block] = [
        t.paragraph("story.descent_text"),
        Display("update", tree.Update(t.typography.name(first), t.typography.name(first.adjoint))),
        t.paragraph("story.descent_sum"),
    ]
    if not t.content.large:
        blocks.append(_sum_over_images(t, first))
    if t.quantities and t.content.run and t.content.run.steps and t.content.run.course is None:
        blocks += _first_step(t)
    return t.section("descent", t.say("report.descent_heading"), blocks)


def at_a_glance(t: Teller) -> Section | None:
    """All derivatives with their values: of each image, and of all."""
    if not t.named_images:
        return None
    stated = t.network.forward
    whole = [tensor for tensor in (*stated.parameters, *stated.feature_maps) if t.is_whole(tensor)]
    quantities = [quantity for tensor in whole for quantity in entries(tensor)]
    head: list[Text] = [(), *((t.label(n),) for n in t.named_images), (InlineFormula(t.typography.error),)]
    rows: list[tuple[Text, ...]] = []
    for adjoint in (quantity.adjoint for quantity in quantities):
        each: list[Text] = [(InlineFormula(t.number(adjoint.of_image(n))),) for n in t.named_images]
        # a cell of the feature map belongs to one image: there is nothing to add
        total: Text = (InlineFormula(t.number(adjoint)),) if adjoint.tensor.is_shared else ("–",)
        rows.append(((InlineFormula(t.of_one.name(adjoint)),), *each, total))
    blocks: list[Block] = [
        t.paragraph("story.all_text"),
        Table(tuple(head), tuple(rows), numeric=tuple(range(1, len(head)))),
    ]
    return t.section("values", t.say("story.all_heading", count=len(quantities)), blocks)


def _sum_over_images(t: Teller, parameter: Quantity) -> Display:
    """∂E_total/∂f = the sum of the images' ∂E/∂f."""
    one = t.of_one.name(parameter.adjoint)
    parts = tuple(tree.Labelled(one, t.label(n)) for n in t.named_images)
    whole: Node = tree.Sum(parts) if len(parts) > 1 else (parts[0] if parts else tree.Call("Σ", (one,)))
    return t.display("sum_over_images", t.typography.name(parameter.adjoint), whole)


def _first_step(t: Teller) -> Iterator[Block]:
    """Each parameter, its gradient, and what it is after one step."""
    run = t.content.run
    assert run is not None
    factor = 1.0 if run.reduction == "sum" else 1.0 / t.images
    yield t.paragraph("story.descent_example", rate=tree.Number(run.learning_rate, DIGITS))
    whole = [p for p in t.network.forward.parameters if t.is_whole(p)]
    yield _step(t, t.d.listed[0], run.learning_rate, factor)
    rows = tuple(
        ((t.symbol(q),), *((InlineFormula(t.number(key)),) for key in (q, q.adjoint, tree.NextValue(q))))
        for tensor in whole
        for q in entries(tensor)
    )
    head = (t.say("report.symbol"), t.say("report.value"), t.say("story.gradient"), t.say("story.next"))
    yield Table(head, rows, t.say("story.steps_caption"), numeric=(1, 2, 3))


def _step(t: Teller, parameter: Quantity, rate: float, factor: float) -> Display:
    """f − η · ∂E_total/∂f with the number under each."""
    slope = t.under(t.typography.name(parameter.adjoint), parameter.adjoint)
    steps: list[Node] = [tree.Under(tree.Symbol("η"), tree.Number(rate, DIGITS))]
    if factor != 1:
        steps.append(tree.Fraction(tree.Number(1), tree.Number(t.images)))
    taken = tree.Negated(tree.Product((*steps, slope)))
    before, after = t.under(t.typography.name(parameter), parameter), t.number(tree.NextValue(parameter))
    return t.display("first_update", tree.Sum((before, taken)), after)
