"""The figures of the story: which drawing stands where, with its words."""

from dataclasses import replace
from typing import Protocol

import numpy as np

from symcnn.formula import tree
from symcnn.network import Array, checked
from symcnn.report.document import Figure, InlineFormula, Text
from symcnn.report.figures import (
    WORDS,
    Grid,
    Heat,
    Kind,
    PassNumbers,
    Series,
    Sketch,
    Words,
    chain_paths,
    convolution,
    gradient_windows,
    grid_of,
    grids,
    heats,
    loss_curve,
    matrices,
    most_cells,
    most_pictures,
    network_diagram,
    outputs_curve,
    reduced,
)
from symcnn.report.story.teller import DIGITS, MAX_ENTRIES, Part, Teller, joined
from symcnn.symbolic import Quantity, Tensor, TensorKind, entries
from symcnn.train import Run

#: Pixels of an image that is still drawn cell by cell.
MAX_PIXELS = 1_000

#: Looks of the outputs' curves, one after the other.
LOOKS = ("positive", "negative", "filter", "gradient")


class Drawn(Protocol):
    """Draws the same twice: for a wide page, and for a phone."""

    def __call__(self, *, narrow: bool, title: str) -> Sketch: ...


#: How wide the drawing is that fills a line: all others are in proportion, so that what is written has one size.
LINE = 800


def figure(t: Teller, name: str, drawn: Drawn, tensor: str = "", **parts: Part) -> Figure:
    """A drawing in both layouts, with its caption and what it shows in a sentence.

    Args:
        tensor: of which tensor it is, where a report has this drawing of another one already.
    """
    alternative = t.text(f"figure.{name}_shows")
    wide, narrow = (drawn(narrow=small, title=alternative) for small in (False, True))
    caption, own = t.say(f"figure.{name}", **parts), f"{name}_{tensor}" if tensor else name
    return Figure(own, wide, caption, alternative, narrow, min(1.0, wide.width / LINE))


def row(t: Teller, name: str, items: list[Grid | Words]) -> Figure:
    """Grids side by side."""

    def drawn(*, narrow: bool, title: str) -> Sketch:
        return grids(items, t.text.decimal, title, narrow=narrow)

    return figure(t, name, drawn)


def numbers(t: Teller, image: int = 1) -> PassNumbers | None:
    """The numbers of an image, for a drawing."""
    return PassNumbers(t.d, t.quantities.of_image(image), image) if t.quantities else None


def network(t: Teller) -> Figure:
    words = {word: t.text(f"diagram.{word}") for word in WORDS}

    def drawn(*, narrow: bool, title: str) -> Sketch:
        return network_diagram(t.d, t.typography, words, t.text.decimal, numbers=numbers(t), narrow=narrow, title=title)

    if t.content.large:
        return figure(t, "network_blocks", drawn)
    return figure(t, "network_diagram" if t.quantities else "network_bare", drawn)


def images(t: Teller) -> Figure | None:
    """The first images side by side."""
    image, data = t.network.forward.image, t.content.data
    if t.content.large and data is not None and len(image.shape) > 1:
        pixels = checked(t.network, data)[0].reshape(-1, *image.shape)[: len(t.shown_images)]
        drawn = (reduced(matrices(p)[0], _cells(t)) for p in pixels)
        items = [Heat(values, label, "image") for values, label in zip(drawn, t.image_labels, strict=False)]
        return _heats(t, "shown_images", "inputs", items, t.say("figure.inputs"))
    if len(image.shape) != 2 or data is None or image.size > MAX_PIXELS:
        return None
    pixels = checked(t.network, data)[0].reshape(-1, *image.shape)
    bare = image.size > MAX_ENTRIES
    found: list[Grid | Words] = [
        grid_of(pixels[n - 1], kind="image", title=t.image_labels[n - 1], bare=bare) for n in t.shown_images
    ]
    return row(t, "training_images", found)


#: How high a picture may be, as a part of the width of the text: a page has room for it and its caption.
HIGHEST = 1.25

#: Fewer entries are no picture.
LEAST_CELLS = 8


def one_pass(t: Teller, tensor: Tensor) -> Figure | None:
    """A tensor of a large network in the pass, and with it the derivatives of E by the same entries."""
    numbers = t.one_pass
    if numbers is None or tensor.size < LEAST_CELLS:
        return None
    items, remarks = list[Heat](), dict[str, Text]()
    for own in (tensor, tensor.adjoint()):
        if own not in numbers.arrays:
            continue
        all_of_it, across = matrices(numbers.arrays[own])
        is_map = tensor.role != "parameter" and len(tensor.shape) > 1
        whole = reduced(all_of_it, _cells(t)) if is_map else all_of_it
        count = most_pictures(whole, across, _cells(t))
        if count < len(whole):
            remarks["some"] = t.say("figure.pass_some", shown=count, count=len(whole))
        if whole.shape != all_of_it.shape:
            remarks["reduced"] = t.say("figure.pass_reduced")
        kind: Kind = "image" if own.role == "image" else "signed"
        beside = bool(items) and tensor.role == "parameter"
        items.append(Heat(whole[:count], _title(t, own, numbers.arrays[own]), kind, across, beside=beside))
    what = "filters" if tensor.role == "parameter" else "neurons" if len(tensor.shape) < 2 else "maps"
    if len(items) == 1:
        what = "alone"
    caption = t.say(f"figure.pass_{what}", kind=t.kind(tensor), image=t.image_labels[numbers.image - 1])
    caption = joined((caption, *(part for remark in remarks.values() for part in (" ", remark))))
    return _heats(t, f"pass_{tensor.name}", f"pass_{what}", items, caption)


def _cells(t: Teller) -> int:
    """How many cells of a tensor are drawn."""
    filters = [p for p in t.network.forward.parameters if p.kind is TensorKind.FILTER]
    return most_cells([tensor.size for tensor in (*(e.target.tensor for e in t.d.forward), *filters)])


def _title(t: Teller, tensor: Tensor, values: Array) -> Words:
    """The letter of a tensor, or ∂E/∂ it, and the range of its values."""
    letter = tree.Symbol((tensor.primal or tensor).name)
    own = tree.Partial(tree.Symbol("E"), letter) if tensor.is_adjoint else letter
    ends = {n: tree.Number(float(v), DIGITS) for n, v in (("least", values.min()), ("most", values.max()))}
    return tuple(
        part.node if isinstance(part, InlineFormula) else str(part) for part in t.say("figure.range", own=own, **ends)
    )


def _heats(t: Teller, own: str, name: str, items: list[Heat], caption: Text) -> Figure:
    """One layout for a page and a phone."""
    alternative = t.text(f"figure.{name}_shows")
    drawn = heats(items, t.text.decimal, alternative)
    width = min(1.0, drawn.width / LINE, HIGHEST * drawn.width / drawn.height)
    return Figure(own, drawn, caption, alternative, width=width, whole=True)


def windows(t: Teller, weights: Tensor) -> Figure | None:
    """Which pixels each weight of the filter met, and what they are multiplied by."""
    told = numbers(t)
    if told is None or weights.shape[-1] * weights.shape[-2] > 9:
        return None

    def drawn(*, narrow: bool, title: str) -> Sketch:
        return gradient_windows(weights, t.of_one, told, t.text.decimal, narrow=narrow, title=title)

    first = weights == t.network.forward.parameters[0]  # its picture keeps the plain name, as in reports of before
    return figure(t, "gradient_windows", drawn, "" if first else weights.name, image=t.label(1))


def ways(t: Teller, quantity: Quantity) -> Figure | None:
    """The ways from a cell of the map to the error."""
    if t.content.large:
        return None

    def drawn(*, narrow: bool, title: str) -> Sketch:
        return chain_paths(t.d, t.typography, quantity, t.text.decimal, numbers=numbers(t), narrow=narrow, title=title)

    return figure(t, "chain_paths", drawn, quantity=t.symbol(quantity))


def loss(t: Teller, run: Run) -> Figure:
    factor = 1 if run.reduction == "sum" or run.course else t.images
    values = [factor * float(v) for v in run.loss]

    def drawn(*, narrow: bool, title: str) -> Sketch:
        error: Words = t.typography.error if run.course is None else t.text("report.epoch_loss")
        return loss_curve(values, error, t.text("report.step"), t.text.decimal, narrow=narrow, title=title)

    return figure(t, "loss_curve", drawn, error=t.typography.error)


def outputs(t: Teller) -> Figure | None:
    """What the network answers over the training."""
    answers = list(entries(t.network.forward.outputs))
    if not t.quantities or not t.content.history or not t.named_images or len(answers) > len(LOOKS):
        return None
    rows = [t.quantities.at(theta) for _, theta in t.content.history]
    steps = [step for step, _ in t.content.history]
    assert t.network.forward.targets is not None
    targets = list(entries(t.network.forward.targets))
    series = [
        Series(
            (t.typography.name(answer), f", {t.label(n)}"), [r[answer.of_image(n)] for r in rows],
            rows[0][target.of_image(n)], look, n > 1,
        )
        for n in t.named_images[:2]
        for answer, target, look in zip(answers, targets, LOOKS, strict=False)
    ]  # fmt: skip

    def drawn(*, narrow: bool, title: str) -> Sketch:
        said = t.text("report.output_heading")
        return outputs_curve(steps, series, said, t.text("report.step"), t.text.decimal, narrow=narrow, title=title)

    return figure(t, "outputs_curve", drawn)


def filters(t: Teller, run: Run) -> Figure | None:
    """Each filter before and after the training."""
    if t.content.large:
        return _many_filters(t, run)
    tensors = [p for p in t.network.forward.parameters if p.kind is TensorKind.FILTER and p.size <= MAX_ENTRIES]
    if not tensors:
        return None
    first = dict(zip(t.network.parameters, run.initial.tolist(), strict=True))
    both = {"before": first, "after": run.parameters}
    found: list[Grid | Words] = []
    for tensor in tensors:
        sheets = [()] if len(tensor.shape) == 2 else [(k,) for k in range(tensor.shape[0])]
        for lead in sheets if len(tensor.shape) <= 3 else []:
            pair = [_filter(t, tensor, lead, values, when) for when, values in both.items()]
            reach = max(abs(value) for grid in pair for value in grid.values)  # one scale of colours for both
            pair = [replace(grid, reach=reach) for grid in pair]
            found += [pair[0], "→", pair[1]]
    return row(t, "filters", found[:9]) if found else None


def _many_filters(t: Teller, run: Run) -> Figure | None:
    """The filters of a large network, the same ones before and after."""
    items, cuts = list[Heat](), np.cumsum([p.size for p in t.network.forward.parameters])[:-1]
    for tensor, *both in zip(
        t.network.forward.parameters, *(np.split(v, cuts) for v in (run.initial, run.theta)), strict=True
    ):
        if tensor.kind is TensorKind.FILTER:
            for when, values in zip(("before", "after"), both, strict=True):
                whole, across = matrices(values.reshape(tensor.shape))
                title = (tree.Symbol(tensor.name), f", {t.text(f'report.{when}')}")
                reach = max(float(np.abs(v).max()) for v in both)  # one scale of colours for both
                count = most_pictures(whole, across, _cells(t))
                items.append(Heat(whole[:count], title, "signed", across, reach, beside=when == "after"))
    return _heats(t, "filters", "filters", items, t.say("figure.filters")) if items else None


def _filter(t: Teller, tensor: Tensor, lead: tuple[int, ...], values: dict[str, float], when: str) -> Grid:
    rows, columns = tensor.shape[-2:]
    cells = [[values[tensor.scalar((*lead, r, c))] for c in range(columns)] for r in range(rows)]
    return grid_of(cells, 3, title=t.text(f"report.{when}"))


# --- the operations of part 1 ----------------------------------------------------------------------------------------


def feature_window(t: Teller, image: Array, feature: Array, found: Array) -> Figure:
    """The picture, the feature and the map, with the first window worked out."""
    picture = grid_of(image, kind="image", title=t.text("diagram.image"))
    weights = grid_of(feature, title=t.text("diagram.filter"))
    result = grid_of(found, 1, title=t.text("diagram.map"))
    shown = tree.Number(float(found[0, 0]), 2)

    def drawn(*, narrow: bool, title: str) -> Sketch:
        return convolution(
            picture, weights, result, (0, 0), t.text.decimal, divided=True, shown=shown, narrow=narrow, title=title
        )

    return figure(t, "feature_window", drawn)


def feature_maps(t: Teller, name: str, maps: Array) -> Figure:
    """Maps side by side."""
    return row(t, name, [grid_of(m, 1, kind="signed") for m in maps])
