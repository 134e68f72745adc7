"""The training: how the error falls, what the network answers before and after, what became of the filter."""

from collections.abc import Iterator

import numpy as np

from symcnn.formula import tree
from symcnn.report.document import Block, InlineFormula, Rows, Section, Table
from symcnn.report.story import pictures
from symcnn.report.story.teller import DIGITS, MAX_ENTRIES, Teller
from symcnn.symbolic import TensorKind, entries
from symcnn.train import Run, TrainConfig

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
    rows: Rows = tuple(((str(k),), (t.shown(factor * float(run.loss[k])),)) for k in some(run.steps))
    yield Table((t.say("report.step"), (InlineFormula(t.typography.error),)), rows, numeric=(0, 1))


def _epochs(t: Teller, run: Run, config: TrainConfig) -> Iterator[Block]:
    last, rate = run.history[-1].number, tree.Number(config.learning_rate, DIGITS)
    yield t.paragraph("story.epochs_text", epochs=last, batch=config.batch_size, optimizer=config.optimizer, rate=rate)
    if run.last is not None:
        yield t.paragraph("story.best_text", epoch=run.measured.number)
    shown = [run.history[n] for n in some(last)]
    rows: Rows = tuple(
        ((str(e.number),), *((t.shown(v),) for v in (e.loss, e.accuracy) if v is not None)) for e in shown
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
    head = ((), *((t.symbol(o), f" {t.text(f'report.{when}')}") for when in ("before", "after") for o in outputs))
    pairs = list(zip(before.tolist(), after.tolist(), strict=True))[:MAX_ROWS]
    rows: Rows = tuple(
        ((t.image_labels[n],), *((t.shown(v),) for v in (*first, *last))) for n, (first, last) in enumerate(pairs)
    )
    yield Table(head, rows, numeric=tuple(range(1, len(head))))


def _filters(t: Teller, run: Run) -> Iterator[Block]:
    """The filters' weights before and after."""
    drawn = pictures.filters(t, run)
    if drawn:
        yield drawn
    tensors = (p for p in t.network.forward.parameters if p.kind is TensorKind.FILTER)
    weights = [weight for tensor in tensors for weight in entries(tensor)]
    if not 0 < len(weights) <= MAX_ENTRIES:
        return
    yield t.paragraph("story.filters_text")
    first = dict(zip(t.network.parameters, run.initial.tolist(), strict=True))
    rows: Rows = tuple(((t.symbol(w),), (t.shown(first[w.name]),), (t.shown(run.parameters[w.name]),)) for w in weights)
    yield Table((t.say("report.symbol"), t.say("report.before"), t.say("report.after")), rows, numeric=(1, 2))


def _fading(t: Teller, run: Run) -> Iterator[Block]:
    """How large the gradients are, tensor by tensor, before and after."""
    yield t.note("fading")
    if not t.quantities:
        return
    before, after = (t.quantities.at(theta) for theta in (run.initial, run.theta))
    tensors = t.network.forward.parameters
    gradients = [list(entries(p.adjoint())) for p in tensors]
    largest = [[float(np.max([abs(v[g]) for g in each])) for v in (before, after)] for each in gradients]
    rows: Rows = tuple((t.kind(p), *((t.shown(v),) for v in pair)) for p, pair in zip(tensors, largest, strict=True))
    head = (t.say("story.largest_gradient"), t.say("report.before"), t.say("report.after"))
    yield Table(head, rows, numeric=(1, 2))


def some(last: int) -> list[int]:
    """The steps or epochs that are shown: the first, powers of ten, the last."""
    return sorted({0, *(10**n for n in range(9) if 10**n < last), last})
