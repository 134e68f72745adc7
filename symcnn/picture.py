"""Pictures of numbers: one number in three places as SVG, and the passes whose numbers the moving picture shows.

Each number is taken from these passes, each address and formula from the workbook's layout. A sum is shown only if it
is true as it is shown, to its last digit: pixel, weight and digits of the moving picture are chosen so that all are.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import product
from xml.sax.saxutils import escape

import numpy as np

from symcnn.colours import DARK, LIGHT
from symcnn.derivation import Derivation
from symcnn.errors import InputError
from symcnn.formula import Plain, Typography, Worked, format_number
from symcnn.network import Data, DataLike, Network, as_data
from symcnn.numeric.values import values_of_images
from symcnn.report.figures.sketch import Label, Mark, Rect, Words, runs_of
from symcnn.report.html.page import font_faces
from symcnn.symbolic import Quantity, Tensor, TensorKind, entries
from symcnn.text import Catalogue
from symcnn.train import Run
from symcnn.workbook.training_plan import TrainingPlan

#: Pixels of one cell: of an image, and of a map with four-digit values.
CELL, WIDE = 44.0, 72.0
WIDTH, HEIGHT = 1160, 300
RIGHT = 600.0

#: Look -> its rule, with the names of the colours.
LOOKS = {
    "paper": "fill:{paper}", "sheet": "fill:{panel};stroke:{rule}", "pill": "fill:{result}",
    "ink": "fill:{ink}", "bold": "fill:{ink};font-weight:600", "grey": "fill:{muted}", "on": "fill:{paper}",
    "image": "fill:{image}", "filter": "fill:{filter}", "adjoint": "fill:{gradient}", "stroke": "fill:{image}",
    "positive": "fill:{positive}", "negative": "fill:{negative}",
    "edge": "fill:none;stroke:{rule}", "axis": "fill:none;stroke:{muted}",
    "partial": "fill:none;stroke:{gradient};stroke-width:1.2",
    "back": "fill:none;stroke:{gradient};stroke-width:2", "hot": "fill:none;stroke:{now};stroke-width:2",
    "now": "fill:none;stroke:{now};stroke-width:2.5", "dot": "fill:{now}",
    "ghost": "fill:none;stroke:{rule};stroke-width:2", "curve": "fill:none;stroke:{ink};stroke-width:2",
}  # fmt: skip
SERIF = "'STIX Two Text',Cambria,'Times New Roman',serif"
SANS = "system-ui,'Segoe UI','Helvetica Neue',Arial,sans-serif"
FACES = (
    f"text{{font-family:{SERIF};font-variant-numeric:lining-nums tabular-nums}}.grey,.word{{font-family:{SANS}}}"
    f".sheets{{font-family:Calibri,Carlito,{SANS}}}.italic,.low{{font-family:{SERIF}}}.italic{{font-style:italic}}"
)


def style(still: str = "", *fonts: str) -> str:
    """Rules for light and dark.

    Args:
        still: rules that are the same in both.
        fonts: those that the file brings.
    """
    light, dark = (
        "".join(f".{look}{{{rule.format_map(colours)}}}" for look, rule in LOOKS.items()) for colours in (LIGHT, DARK)
    )
    faces = font_faces(*fonts) if fonts else ""
    return f"{faces}{FACES}{light}{still}@media (prefers-color-scheme:dark){{{dark}}}"


def one_number(derivation: Derivation, data: DataLike, theta: Sequence[float], steps: int, text: Catalogue) -> str:
    """∂E/∂(a weight of the article's filter) for the first image: ∂E/∂F = I ∗ ∂E/∂X, the formula, the cell."""
    of, image = derivation.quantities.of, derivation.network.forward.image
    gradient = of("f_12").adjoint
    values = next(iter(values_of_images(derivation, theta, data)))
    plan = TrainingPlan(derivation, len(as_data(data).images), steps, text)
    variable = derivation.graph[gradient]
    typography = Typography(derivation.quantities, text.words("word"), total="")
    worked = Worked(derivation.quantities, text.words("word"), values, 3)
    result = Plain(text.decimal).emit(worked.name(gradient))
    cell = plan.backward[0][variable.quantity]
    used = {of(f) for factors in variable.products for f in factors}
    x = next(q.tensor for q in used if q.is_adjoint)

    def put(x: float, y: float, words: Words, size: float, look: str = "ink", anchor: str = "start") -> Label:
        return Label(x, y, runs_of(words, text.decimal), size, look, anchor)

    def result_marks(x: float, y: float) -> list[Mark]:
        width = 9 * len(result) + 14
        return [
            Rect(x - 2, y - 18, width, 26, "pill", radius=13), Rect(x - 2, y - 18, width, 26, "now", radius=13),
            put(x + width / 2 - 2, y, result, 15, "bold", "middle"),
        ]  # fmt: skip

    def grid(x: float, y: float, side: float, tensor: Tensor, marked: set[Quantity], label: str) -> list[Mark]:
        """A map as squares with its name below; the inputs of the number have an amber frame."""
        marks, frames = list[Mark](), list[Mark]()
        for quantity in entries(tensor):
            row, column = quantity.index
            square = Rect(x + column * side, y + row * side, side, side, "edge")
            value, is_pixel = values[quantity.name], tensor.role == "image"
            dark = is_pixel and value >= 0.75
            number = format_number(value, 3).replace(".", text.decimal).replace("-", "−")
            middle = (square.x + side / 2, square.y + side / 2 + 5)
            marks += [replace(square, look="stroke" if dark else "paper"), square]
            marks.append(put(*middle, number, 14 if is_pixel else 13, "on" if dark else "ink", "middle"))
            frames += [replace(square, look="now")] if quantity in marked else []
        return [*marks, *frames, put(x, y + (1 + row) * side + 18, label, 12, "grey")]

    marks = [
        put(24, 34, text("picture.title"), 17, "bold word"),
        put(24, 76, f"1\u2002{text('picture.convolution')}", 13, "filter word"),
        *grid(24, 96, CELL, image, used, text("picture.image")),
        put(182, 172, "∗", 24, "grey"),
        *grid(214, 98, WIDE, x.adjoint(), used, text("picture.map")),
        put(370, 178, "=", 24, "grey"),
        *grid(400, 98, WIDE, gradient.tensor.adjoint(), {gradient}, text("picture.filter")),
        put(RIGHT, 76, f"2\u2002{text('picture.derivation')}", 13, "filter word"),
        put(RIGHT, 106, (typography.name(gradient), " = ", typography.right_side(variable)), 15),
        put(RIGHT, 134, ("= ", worked.right_side(variable)), 15),
        put(RIGHT, 164, "=", 15),
        *result_marks(RIGHT + 20, 164),
        put(RIGHT, 214, f"3\u2002{text('picture.cell', sheet=cell.sheet, cell=cell.local)}", 13, "filter word"),
        put(RIGHT, 242, plan.backward_formula(0, variable.quantity), 13, "ink sheets"),
        *result_marks(RIGHT + 2, 274),
    ]  # fmt: skip
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    title = f"<title>{escape(text('picture.title'))}</title>"
    ground = Rect(0, 0, WIDTH, HEIGHT, "paper", radius=8)
    return "\n".join([head, title, f"<style>{style()}</style>", *(m.svg() for m in (ground, *marks)), "</svg>\n"])


# --- the passes of the moving picture ---------------------------------------------------------------------------------

#: States, by their place in ``AnimatedPasses.values``: without the pixel, with it, after one step, after the training.
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
class AnimatedPasses:
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

    plan: TrainingPlan
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
        sums, values = [], self.values[START]
        for adjoint, pixel in self.chain:
            result = self.rounded(values[adjoint.name] * values[pixel.name], is_gradient=True)
            if values[pixel.name] != 0:
                sums.append(ShownSum(((self.shown(adjoint, START), self.shown(pixel, START)),), result))
        return sums

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


def passes_of(network: Network, data: DataLike, run: Run, text: Catalogue) -> AnimatedPasses:
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
    plan = TrainingPlan(derivation, len(images), run.steps, text)
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
            passes = AnimatedPasses(
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
