"""The training: how the error falls, what the network answers before and after, what became of the filter.

Gradient descent: the rule, the sum over the images, the first step with numbers.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.network import Array, checked
from symcnn.numeric import ArrayProgram
from symcnn.report.document import Block, Display, InlineFormula, Rows, Section, Table, Text
from symcnn.report.story import pictures
from symcnn.report.story.teller import DIGITS, MAX_ENTRIES, Teller
from symcnn.symbolic import Quantity, TensorKind, entries, quantity_of
from symcnn.train import Run, TrainConfig


def descent(t: Teller) -> Section:
    first = next(entries(*t.network.forward.parameters))
    blocks: list[Block] = [
        t.paragraph("story.descent_text"),
        Display("update", tree.Update(t.typography.name(first), t.typography.name(first.adjoint))),
        t.paragraph("story.descent_sum"),
    ]
    if not t.content.large:
        blocks.append(_sum_over_images(t, first))
    elif t.content.run is not None and t.content.run.steps and t.content.run.course is None:
        blocks += _largest_steps(t, t.content.run)
    if t.quantities and t.content.run and t.content.run.steps and t.content.run.course is None:
        blocks += _first_step(t)
    return t.section("descent", t.say("report.descent_heading"), blocks)


def at_a_glance(t: Teller) -> Section | None:
    """All derivatives with their values: of each image, and of all."""
    if not t.named_images:
        return None
    stated = t.network.forward
    whole = [tensor for tensor in (*stated.parameters, *stated.feature_maps) if t.is_whole(tensor)]
    quantities = list(entries(*whole))
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
        for q in entries(*whole)
    )
    head = (t.say("report.symbol"), t.say("report.value"), t.say("story.gradient"), t.say("story.next"))
    yield Table(head, rows, t.say("story.steps_caption"), numeric=(1, 2, 3))


def _largest_steps(t: Teller, run: Run) -> Iterator[Block]:
    """Of a large network's parameters those that the first step moves most: one of each tensor."""
    tensors = t.network.forward.parameters
    _, gradient = ArrayProgram(t.network).loss_and_gradient(run.initial, *checked(t.network, run.data))
    rate = run.learning_rate * (1.0 if run.reduction == "sum" else 1.0 / t.images)
    cuts = np.cumsum([p.size for p in tensors])[:-1]
    rows = list[tuple[Text, ...]]()
    for tensor, before, slopes in zip(tensors, np.split(run.initial, cuts), np.split(gradient, cuts), strict=True):
        n = int(np.abs(slopes).argmax())
        index = tuple(int(i) for i in np.unravel_index(n, tensor.shape))
        numbers = (before[n], slopes[n], before[n] - rate * slopes[n])
        rows.append(((t.symbol(quantity_of(tensor, index)),), *((t.shown(float(v)),) for v in numbers)))
    yield t.paragraph("story.descent_example", rate=tree.Number(run.learning_rate, DIGITS))
    head = (t.say("report.symbol"), t.say("report.value"), t.say("story.gradient"), t.say("story.next"))
    yield Table(head, tuple(rows), t.say("story.steps_most"), numeric=(1, 2, 3))


def _step(t: Teller, parameter: Quantity, rate: float, factor: float) -> Display:
    """f − η · ∂E_total/∂f with the number under each."""
    slope = t.under(t.typography.name(parameter.adjoint), parameter.adjoint)
    steps: list[Node] = [tree.Under(tree.Symbol("η"), tree.Number(rate, DIGITS))]
    if factor != 1:
        steps.append(tree.Fraction(tree.Number(1), tree.Number(t.images)))
    taken = tree.Negated(tree.Product((*steps, slope)))
    before, after = t.under(t.typography.name(parameter), parameter), t.number(tree.NextValue(parameter))
    return t.display("first_update", tree.Sum((before, taken)), after)


#: Images of which the outputs are listed.
MAX_ROWS = 40


def training(t: Teller) -> Section | None:
    run = t.content.run
    if run is None:
        return None
    blocks: list[Block] = [*(_steps(t, run) if run.course is None else _epochs(t, run, run.course))]
    drawn = [pictures.loss(t, run) if len(run.loss) > 1 else None, pictures.outputs(t)]
    blocks += [*filter(None, drawn), *_answers(t), *_filters(t, run), *_fading(t, run)]
    return t.section("training", t.say("report.training_heading"), blocks)


def _steps(t: Teller, run: Run) -> Iterator[Block]:
    yield t.paragraph("story.training_text", steps=run.steps, rate=tree.Number(run.learning_rate, DIGITS))
    # E_total is the sum, also where the training followed the mean
    factor = 1 if run.reduction == "sum" else t.images
    rows: Rows = tuple(((t.text.number(k),), (t.shown(factor * float(run.loss[k])),)) for k in some(run.steps))
    yield Table((t.say("report.step"), (InlineFormula(t.typography.error),)), rows, numeric=(0, 1))


def _epochs(t: Teller, run: Run, config: TrainConfig) -> Iterator[Block]:
    last, rate = run.history[-1].number, tree.Number(config.learning_rate, DIGITS)
    yield t.paragraph("story.epochs_text", epochs=last, batch=config.batch_size, optimizer=config.optimizer, rate=rate)
    if run.last is not None:
        yield t.paragraph("story.best_text", epoch=run.measured.number)
    shown = [run.history[n] for n in some(last)]
    rows: Rows = tuple(
        ((t.text.number(e.number),), *((t.shown(v),) for v in (e.loss, e.accuracy) if v is not None)) for e in shown
    )
    head = (t.say("report.epoch"), t.say("report.epoch_loss"), t.say("report.accuracy"))
    yield Table(head[: len(rows[0])], rows, numeric=(0, 1, 2)[: len(rows[0])])


def _answers(t: Teller) -> Iterator[Block]:
    outputs, before, after = list(entries(t.content.answers)), t.content.before, t.content.after
    assert before is not None
    assert after is not None
    if len(outputs) > MAX_ENTRIES:
        return
    yield t.paragraph("story.answers_text")
    if t.content.large:
        yield _answers_by_output(t, outputs, before, after)
        return
    head = ((), *((t.symbol(o), f" {t.text(f'report.{when}')}") for when in ("before", "after") for o in outputs))
    pairs = list(zip(before.tolist(), after.tolist(), strict=True))[:MAX_ROWS]
    rows: Rows = tuple(
        ((t.image_labels[n],), *((t.shown(v),) for v in (*first, *last))) for n, (first, last) in enumerate(pairs)
    )
    yield Table(head, rows, numeric=tuple(range(1, len(head))))


def _answers_by_output(t: Teller, outputs: Sequence[Quantity], before: Array, after: Array) -> Table:
    """A row for each output of a large network: they are many, and the images that are shown few."""
    columns = [(n, when, values) for n in t.shown_images for when, values in (("before", before), ("after", after))]
    head: list[Text] = [(), *((f"{t.label(n)}, {t.text(f'report.{when}')}",) for n, when, _ in columns)]
    rows: list[tuple[Text, ...]] = [
        ((t.symbol(output),), *((t.shown(float(values[n - 1][k])),) for n, _, values in columns))
        for k, output in enumerate(outputs)
    ]
    return Table(tuple(head), tuple(rows), numeric=tuple(range(1, len(head))))


def _filters(t: Teller, run: Run) -> Iterator[Block]:
    """The filters' weights before and after."""
    drawn = pictures.filters(t, run)
    if drawn:
        yield drawn
    tensors = (p for p in t.network.forward.parameters if p.kind is TensorKind.FILTER)
    weights = list(entries(*tensors))
    if not 0 < len(weights) <= MAX_ENTRIES:
        return
    yield t.paragraph("story.filters_text")
    first = dict(zip(t.network.parameters, run.initial.tolist(), strict=True))
    rows: Rows = tuple(((t.symbol(w),), (t.shown(first[w.name]),), (t.shown(run.parameters[w.name]),)) for w in weights)
    yield Table((t.say("report.symbol"), t.say("report.before"), t.say("report.after")), rows, numeric=(1, 2))


def _fading(t: Teller, run: Run) -> Iterator[Block]:
    """How large the gradients are, of the images of the report, tensor by tensor, before and after."""
    yield t.note("fading")
    tensors = t.network.forward.parameters
    if t.content.large:
        assert t.content.data is not None  # there is a run
        program, samples = ArrayProgram(t.network), checked(t.network, t.content.data)
        both = (program.loss_and_gradient(theta, *samples)[1] for theta in (run.initial, run.theta))
        cuts = np.cumsum([p.size for p in tensors])[:-1]
        largest = [
            [float(np.abs(part).max()) for part in pair]
            for pair in zip(*(np.split(g, cuts) for g in both), strict=True)
        ]
    elif t.quantities:
        before, after = (t.quantities.at(theta) for theta in (run.initial, run.theta))
        gradients = [list(entries(p.adjoint())) for p in tensors]
        largest = [[float(np.max([abs(v[g]) for g in each])) for v in (before, after)] for each in gradients]
    else:
        return
    rows: Rows = tuple((t.kind(p), *((t.shown(v),) for v in pair)) for p, pair in zip(tensors, largest, strict=True))
    head = (t.say("story.largest_gradient"), t.say("report.before"), t.say("report.after"))
    yield Table(head, rows, numeric=(1, 2))


def some(last: int) -> list[int]:
    """The steps or epochs that are shown: the first, powers of ten, the last."""
    return sorted({0, *(10**n for n in range(9) if 10**n < last), last})
