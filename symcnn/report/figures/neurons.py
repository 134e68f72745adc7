"""Neurons as circles and their weights as lines: thickness for size, hue for sign, a number where there is room."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from symcnn.formula import Typography, tree
from symcnn.report.figures.grid import PassNumbers, room
from symcnn.report.figures.sketch import FILL, Box, Circle, Data, Label, Line, Mark, Words, runs_of, width_of
from symcnn.symbolic import Quantity

RADIUS = 25.0
#: Where on a line its weight may be written, from its source: the first free place is taken.
PLACES = (0.2, 0.26, 0.15, 0.32, 0.38, 0.44, 0.11, 0.5, 0.56, 0.62, 0.68)
#: Where lines are steep neighbours would stand side by side: staggered.
NARROW_PLACES = (0.16, 0.36, 0.26, 0.46, 0.1, 0.56, 0.66, 0.76)
WEIGHT, NAME, VALUE = 11.5, 15.0, 11.0
#: Numbers of a layer's lines beyond which none is written.
MOST_WEIGHTS = 16


@dataclass(frozen=True)
class Node:
    """A neuron's place."""

    quantity: Quantity
    x: float
    y: float
    radius: float

    @property
    def box(self) -> Box:
        return Box(self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius)


@dataclass(frozen=True)
class Edge:
    """A line from one neuron to the next, with its weight, if it has one."""

    source: Node
    target: Node
    weight: Quantity | None = None

    def ends(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """From rim to rim."""
        a, b = self.source, self.target
        dx, dy = b.x - a.x, b.y - a.y
        length = (dx * dx + dy * dy) ** 0.5 or 1.0
        return (
            (a.x + dx * a.radius / length, a.y + dy * a.radius / length),
            (b.x - dx * b.radius / length, b.y - dy * b.radius / length),
        )

    def at(self, share: float) -> tuple[float, float]:
        (x1, y1), (x2, y2) = self.ends()
        return x1 + share * (x2 - x1), y1 + share * (y2 - y1)


def drawn(node: Node, typography: Typography, decimal: str, numbers: PassNumbers | None) -> Iterator[Mark]:
    """A circle with the symbol, and under it the value."""
    data: Data = (("data-on", numbers.key(node.quantity)),) if numbers else ()
    yield Circle(node.x, node.y, node.radius, "neuron", data)
    symbol = runs_of(short(typography, node.quantity), decimal)
    size = min(NAME, 1.5 * node.radius / width_of(symbol, 1))
    value = runs_of(numbers(node.quantity), decimal) if numbers else ()
    small = min(VALUE, 2 * FILL * node.radius / width_of(value, 1)) if value else 0.0
    if small < 8:
        yield Label(node.x, node.y + 0.3 * size, symbol, size, "ink", "middle")
        return
    yield Label(node.x, node.y - 3, symbol, size, "ink", "middle")
    data = room(numbers(node.quantity), 1.9 * node.radius) if numbers else ()
    yield Label(node.x, node.y + 11, value, small, "ink", "middle", data)


def short(typography: Typography, quantity: Quantity) -> tree.Node:
    """A quantity's symbol without its word, which would not fit its circle."""
    symbol = typography.name(quantity)
    return symbol.wordless if isinstance(symbol, tree.Symbol) and symbol.indices else symbol


def lines(edges: Sequence[Edge], numbers: PassNumbers | None) -> Iterator[Mark]:
    """The lines of one layer; the largest weight is the thickest."""
    values = [abs(numbers.values[e.weight.name]) for e in edges if e.weight] if numbers else []
    scale = max(values, default=1.0) or 1.0
    for edge in edges:
        if not (edge.weight and numbers):
            yield Line(edge.ends(), "thin")
            continue
        value = numbers.values[edge.weight.name]
        data: Data = (("data-edge", edge.weight), ("data-scale", f"{scale:.6g}"), ("data-on", edge.weight))
        look = "edge negative" if value < 0 else "edge positive"
        yield Line(edge.ends(), look, 0.7 + 2.6 * min(1.0, abs(value) / scale), data=data)


def weights(
    edges: Sequence[Edge], numbers: PassNumbers | None, decimal: str, taken: Iterable[Box], narrow: bool = False
) -> list[Label]:
    """The number of each line, where none of them touches another; otherwise none."""
    if numbers is None or len(edges) > MOST_WEIGHTS:
        return []
    found, boxes = list[Label](), list(taken)
    for edge in edges:
        if edge.weight is None:
            return []
        runs = runs_of(numbers(edge.weight), decimal)
        for share in NARROW_PLACES if narrow else PLACES:
            x, y = edge.at(share)
            label = Label(x, y + 0.35 * WEIGHT, runs, WEIGHT, "ink halo", "middle")
            if not any(label.box.overlaps(box.wider(2)) for box in boxes):
                found.append(label)
                boxes.append(label.box)
                break
        else:
            return []
    return found


def legend(x: float, y: float, words: Sequence[Words], decimal: str) -> list[Mark]:
    """What thickness and hue mean; ends at ``x``. ``words``: of the thickness, above 0, below 0."""
    size, marks = 12.0, list[Mark]()
    for text, look in ((words[2], "negative"), (words[1], "positive")):
        runs = runs_of(text, decimal)
        marks.append(Label(x, y, runs, size, "muted", "end"))
        x -= width_of(runs, size) + 8
        marks.append(Line(((x - 22, y - 4), (x, y - 4)), f"edge {look}", 2.4))
        x -= 22 + 16
    marks.append(Label(x, y, runs_of(words[0], decimal), size, "muted", "end"))
    return marks
