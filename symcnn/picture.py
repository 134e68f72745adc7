"""Pictures of numbers: one number in three places as SVG, and the passes whose numbers the moving picture shows.

Each number is taken from these passes, each address and formula from the workbook's layout. A sum is shown only if it
is true as it is shown, to its last digit: pixel, weight and digits of the moving picture are chosen so that all are.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import product
from xml.sax.saxutils import escape

import numpy as np

from symcnn.derivation import Derivation
from symcnn.errors import InputError
from symcnn.formula import Plain, Typography, Worked, format_number
from symcnn.network import Data, DataLike, Network, as_data
from symcnn.numeric.values import values_of_images
from symcnn.symbolic import Quantity, Tensor, TensorKind, entries
from symcnn.text import Catalogue
from symcnn.train import Run
from symcnn.workbook.plan import WorkbookLayout

INK, GREY, TEAL, AMBER, DARK = "#1B2430", "#6B7786", "#0F6B75", "#E2A100", "#46505C"
#: Pixels of one cell: of an image, and of a map with four-digit values.
CELL, WIDE = 44, 72
WIDTH, HEIGHT = 1160, 300
RIGHT = 600


def one_number(derivation: Derivation, data: DataLike, theta: Sequence[float], steps: int, text: Catalogue) -> str:
    """∂E/∂(a weight of the article's filter) for the first image: ∂E/∂F = I ∗ ∂E/∂X, the formula, the cell."""
    of, image = derivation.quantities.of, derivation.network.forward.image
    gradient = of("f_12").adjoint
    values = next(iter(values_of_images(derivation, theta, data)))
    plan = WorkbookLayout(derivation, len(as_data(data).images), steps, text)
    variable = derivation.graph[gradient]
    typography = Typography(derivation.quantities, text.words("word"), total="")
    worked = Worked(derivation.quantities, text.words("word"), values, 3)
    plain = Plain(text.decimal)
    result = plain.emit(worked.name(gradient))
    cell = plan.backward[0][variable.quantity]
    lines = [
        f"{plain.emit(typography.name(gradient))} = {plain.emit(typography.right_side(variable))}",
        f"= {plain.emit(worked.right_side(variable))}",
    ]
    used = {of(f) for factors in variable.products for f in factors}
    x = next(q.tensor for q in used if q.is_adjoint)
    body = [
        *_text(24, 34, text("picture.title"), size=17, weight="bold"),
        *_head(24, 76, "1", text("picture.convolution")),
        *_grid(24, 96, CELL, image, values, used, text("picture.image"), text.decimal),
        *_text(182, 172, "∗", size=24, fill=GREY),
        *_grid(214, 98, WIDE, x.adjoint(), values, used, text("picture.map"), text.decimal),
        *_text(370, 178, "=", size=24, fill=GREY),
        *_grid(400, 98, WIDE, gradient.tensor.adjoint(), values, {gradient}, text("picture.filter"), text.decimal),
        *_head(RIGHT, 76, "2", text("picture.derivation")),
        *_text(RIGHT, 106, lines[0], size=15, family="serif"),
        *_text(RIGHT, 134, lines[1], size=15, family="serif"),
        *_text(RIGHT, 164, "=", size=15, family="serif"),
        *_result(RIGHT + 20, 164, result),
        *_head(RIGHT, 214, "3", text("picture.cell", sheet=cell.sheet, cell=cell.local)),
        *_text(RIGHT, 242, plan.backward_formula(0, variable.quantity), size=13, family="monospace"),
        *_result(RIGHT + 2, 274, result),
    ]
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {HEIGHT}">'
    return "\n".join([head, f'<rect {size} rx="8" fill="#FFFFFF"/>', *body, "</svg>\n"])


def _text(
    x: float, y: float, words: str, size: float = 13, fill: str = INK, family: str = "sans-serif",
    weight: str = "normal", anchor: str = "start",
) -> Iterator[str]:  # fmt: skip
    style = f'font-size="{size}" font-family="{family}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}"'
    yield f'<text x="{x}" y="{y}" {style}>{escape(words)}</text>'


def _head(x: float, y: float, number: str, words: str) -> Iterator[str]:
    yield from _text(x, y, f"{number}  {words}", size=13, fill=TEAL, weight="bold")


def _result(x: float, y: float, words: str) -> Iterator[str]:
    width = 9 * len(words) + 14
    place = f'x="{x - 2}" y="{y - 18}" width="{width}" height="26" rx="13"'
    yield f'<rect {place} fill="none" stroke="{AMBER}" stroke-width="2.5"/>'
    yield from _text(x + width / 2 - 2, y, words, size=15, family="serif", weight="bold", anchor="middle")


def _grid(
    x: float, y: float, side: int, tensor: Tensor, values: Mapping[str, float], marked: set[Quantity], label: str,
    decimal: str,
) -> Iterator[str]:  # fmt: skip
    """Draw a map as squares with its name below; the inputs of the number have an amber frame."""
    frames, bottom = [], y
    for quantity in entries(tensor):
        row, column = quantity.index
        left, top = x + column * side, y + row * side
        bottom = max(bottom, top + side)
        pixel, value = tensor.role == "image", values[quantity.name]
        dark = pixel and value >= 0.75
        square = f'<rect x="{left}" y="{top}" width="{side}" height="{side}"'
        yield f'{square} fill="{DARK if dark else "#FFFFFF"}" stroke="#D3D9E0"/>'
        number = format_number(value, 3).replace(".", decimal).replace("-", "−")
        fill = "#FFFFFF" if dark else INK
        yield from _text(
            left + side / 2, top + side / 2 + 5, number, size=14 if pixel else 13, fill=fill, anchor="middle"
        )
        if quantity in marked:
            frames.append(f'{square} fill="none" stroke="{AMBER}" stroke-width="2.5"/>')
    yield from frames
    yield from _text(x, bottom + 18, label, size=12, fill=GREY)


# --- the passes of the moving picture ---------------------------------------------------------------------------------

#: States, by their place in ``Passes.values``: without the pixel, with it, after one step, after the training.
BEFORE, START, ONE_STEP, LAST = range(4)
#: Decimals of the numbers, the likelier first; gradients have one more.
DECIMALS = (4, 3, 5)
#: The largest sides and counts that have room.
MOST_PIXELS, MOST_SIDE, MOST_NEURONS = 4, 2, 3


@dataclass(frozen=True)
class ShownSum:
    """A sum of products of numbers as they are shown, and its result as it is shown."""

    terms: tuple[tuple[str, ...], ...]
    result: str

    @property
    def is_true(self) -> bool:
        """Do the shown numbers add up to the shown result, rounded to its digits?"""
        total = sum(math.prod(map(Decimal, factors)) for factors in self.terms)
        return abs(total - Decimal(self.result)) <= Decimal(5).scaleb(-1 - len(self.result.partition(".")[2]))


@dataclass(frozen=True)
class Passes:
    """The passes that are shown, and what of them is written out.

    Attributes:
        plan: the workbook of this training.
        values: of the first image in each state; ``others``: of the other images at the start.
        label: what the first image is called.
        losses: E_total before the first step, and after each.
        rate: by which a step multiplies the sum of the images' gradients.
        pixel, cell, weight: the pixel that changes, a cell of the map that it changes, the weight between them.
        decimals: of all numbers but pixels and gradients.
    """

    plan: WorkbookLayout
    values: tuple[Mapping[str, float], ...]
    others: tuple[Mapping[str, float], ...]
    label: str
    losses: Sequence[float]
    rate: float
    pixel: Quantity
    cell: Quantity
    weight: Quantity
    decimals: int

    def shown(self, quantity: Quantity, state: int) -> str:
        """A number as it is shown, but for the signs of its language."""
        value = self.values[state][quantity.name]
        if quantity.tensor.kind in (TensorKind.IMAGE, TensorKind.TARGET):
            return format_number(value, 3)
        return self.rounded(value, quantity.is_adjoint)

    def rounded(self, value: float, is_gradient: bool = False) -> str:
        text = f"{value:.{self.decimals + is_gradient}f}"
        return text.removeprefix("-") if float(text) == 0 else text

    @property
    def steps(self) -> int:
        """Of the training."""
        return len(self.losses) - 1

    def factors(self, quantity: Quantity) -> list[tuple[Quantity, ...]]:
        """The products that a quantity is the sum of."""
        of = self.plan.derivation.quantities.of
        return [tuple(of(factor) for factor in factors) for factors in self.plan.graph[quantity].products]

    @cached_property
    def window(self) -> list[tuple[Quantity, ...]]:
        """The products of the cell: pixel before weight; a bias stands alone."""
        return [tuple(sorted(f, key=lambda q: q.tensor.kind is not TensorKind.IMAGE)) for f in self.factors(self.cell)]

    @cached_property
    def chain(self) -> list[tuple[Quantity, Quantity]]:
        """The products of the weight's gradient: ∂E/∂(cell of the map), pixel."""
        return [(a, b) if a.is_adjoint else (b, a) for a, b in self.factors(self.weight.adjoint)]

    def window_sum(self, state: int) -> ShownSum:
        terms = tuple(tuple(self.shown(q, state) for q in factors) for factors in self.window)
        return ShownSum(terms, self.shown(self.cell, state))

    @cached_property
    def products(self) -> list[ShownSum]:
        """∂E/∂(cell) times pixel, where the pixel is not 0."""
        found, values = [], self.values[START]
        for adjoint, pixel in self.chain:
            result = self.rounded(values[adjoint.name] * values[pixel.name], is_gradient=True)
            if values[pixel.name] != 0:
                found.append(ShownSum(((self.shown(adjoint, START), self.shown(pixel, START)),), result))
        return found

    @cached_property
    def gradient(self) -> ShownSum:
        return ShownSum(tuple((p.result,) for p in self.products), self.shown(self.weight.adjoint, START))

    @cached_property
    def total(self) -> ShownSum:
        """The gradient of all images: that of the first, and of the others together."""
        name = self.weight.adjoint.name
        rest = sum(values[name] for values in self.others)
        terms = [self.gradient.result, *([self.rounded(rest, is_gradient=True)] if self.others else [])]
        result = self.rounded(self.values[START][name] + rest, is_gradient=True)
        return ShownSum(tuple((term,) for term in terms), result)

    @cached_property
    def update(self) -> ShownSum:
        rate = (format_number(-self.rate, 4), self.total.result)
        return ShownSum(((self.shown(self.weight, START),), rate), self.shown(self.weight, ONE_STEP))

    def can_show(self) -> bool:
        """Is every sum true that is written out?"""
        sums = [self.window_sum(BEFORE), self.window_sum(START), *self.products, self.gradient, self.total, self.update]
        return all(shown.is_true for shown in sums)


def passes_of(network: Network, data: DataLike, run: Run, text: Catalogue) -> Passes:
    """The passes of the first image, with a pixel, a cell and a weight whose sums are true: the pixel that the fewest
    windows see, the last of these.

    Raises:
        InputError: there is no room for this network, or no such pixel.
    """
    data = as_data(data)
    check_room(network)
    run.require(network)
    if run.steps < 2:
        raise InputError(f"moving picture: a training of {run.steps} steps; expected at least 2")
    derivation = Derivation(network, len(data.images))
    graph, of = derivation.graph, derivation.quantities.of
    images, targets = np.asarray(data.images, dtype=float), np.asarray(data.targets, dtype=float)
    first, goal = images[:1], targets[:1]
    one_step, last = run.parameters_after([1, run.steps])
    theta = run.initial
    start, *others = values_of_images(derivation, theta, Data(images=images, targets=targets))
    later = [next(iter(values_of_images(derivation, t, Data(images=first, targets=goal)))) for t in (one_step, last)]
    plan = WorkbookLayout(derivation, len(images), run.steps, text)
    seen: dict[Quantity, list[tuple[Quantity, Quantity]]] = {}
    for cell in entries(network.forward.feature_maps[0]):
        for factors in graph[cell].products:
            quantities = [of(f) for f in factors]
            for pixel, weight in product(quantities, quantities):
                if pixel.tensor.kind is TensorKind.IMAGE and weight.tensor.kind is TensorKind.FILTER:
                    seen.setdefault(pixel, []).append((cell, weight))
    pixels = sorted((p for p in seen if start[p.name] != 0), key=lambda p: (-len(seen[p]), p.index))[::-1]
    variants = np.repeat(first, max(1, len(pixels)), axis=0)
    for n, pixel in enumerate(pixels):
        variants[n].reshape(-1)[network.forward.image.flat(pixel.index)] = 0
    without = list(
        values_of_images(derivation, theta, Data(images=variants, targets=np.repeat(goal, len(variants), 0)))
    )
    label = text.image_labels(data.labels, len(images))[0]
    rate = run.learning_rate * (1.0 if run.reduction == "sum" else 1.0 / len(images))
    for decimals, (n, pixel) in product(DECIMALS, enumerate(pixels)):
        for cell, weight in seen[pixel]:
            passes = Passes(
                plan,
                (without[n], start, *later),
                tuple(others),
                label,
                run.loss.tolist(),
                rate,
                pixel,
                cell,
                weight,
                decimals,
            )
            if passes.can_show():
                return passes
    raise InputError(
        "moving picture: no pixel of the first image is other than 0 and has sums that are true as they are rounded;"
        " expected one: try another seed, or another image first"
    )


def check_room(network: Network) -> None:
    """Refuse a network that the picture has no room for."""
    network.require_loss("moving picture")
    forward = network.forward
    after = [e.target.tensor for e in forward.equations]
    vectors = [t for t in after[1:-1] if t.kind is not TensorKind.PREACTIVATION]
    reasons = [
        (len(network.input_shape) != 2, "an image without channels"),
        (max(forward.image.shape) > MOST_PIXELS, f"an image of at most {MOST_PIXELS}×{MOST_PIXELS}"),
        (after[:1] != list(forward.feature_maps) or len(after[0].shape) != 2, "one Conv2D with one filter, first"),
        (getattr(network.layers[0], "normalize", False), "sums that are not divided (normalize=False)"),
        (any(len(t.shape) != 1 for t in after[1:-1]) or len(vectors) != 2, "then Flatten and two Dense layers"),
        (max([0, *(t.size for t in vectors)]) > MOST_NEURONS, f"at most {MOST_NEURONS} neurons in each"),
    ]
    filters = [t for t in forward.parameters if t.kind is TensorKind.FILTER]
    for tensor in (*filters[:1], *forward.feature_maps[:1]):
        small = f"a filter and a map of at most {MOST_SIDE}×{MOST_SIDE}"
        reasons.append((max(tensor.shape[-2:]) > MOST_SIDE, small))
    for fails, expected in reasons:
        if fails:
            raise InputError(f"moving picture: it has no room for this network; expected {expected}")
