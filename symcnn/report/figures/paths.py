"""The ways from one quantity to the error, as the chain rule takes them: one term of a sum for each way that forks.

Read from the derivation's steps. A preactivation is part of its neuron, as in the diagram of the network; what belongs
to no stage (the parts of a softmax) is passed through.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from symcnn.derivation import Derivation
from symcnn.formula import Typography
from symcnn.report.figures.grid import PassNumbers
from symcnn.report.figures.neurons import Node, short
from symcnn.report.figures.sketch import Circle, Label, Line, Mark, Sketch, arrow, runs_of, width_of
from symcnn.report.figures.stages import GIVEN_ON
from symcnn.symbolic import E, Quantity

#: A quantity -> those that follow it.
Edges = Mapping[Quantity, tuple[Quantity, ...]]

WIDTH, NARROW, MARGIN, RADIUS, SIZE = 720.0, 360.0, 3.0, 22.0, 15.0
#: Quantities of one column; of more the first and the last are drawn, with dots between.
MOST = 6


def chain_paths(
    derivation: Derivation, typography: Typography, start: Quantity, decimal: str, *,
    route: Sequence[Quantity] = (), numbers: PassNumbers | None = None, narrow: bool = False, title: str = "",
) -> Sketch:  # fmt: skip
    """From ``start`` through what depends on it to the error.

    Args:
        route: quantities of one way, to be drawn strong (x_12, h_1, o_2); the first way if empty.
        numbers: whose keys light the quantities up; None: nothing is lit.
    """
    edges = edges_to_error(derivation, start)
    columns = _columns(start, edges)
    way = _way(start, edges, route)
    nodes = _placed(columns, narrow)
    pairs = list(pairwise(way))
    marks: list[Mark] = []
    for a, targets in edges.items():
        for b in targets:
            if a in nodes and b in nodes and (a, b) not in pairs:
                marks += _joined(nodes[a], nodes[b], strong=False)
    for a, b in pairs:
        if a in nodes and b in nodes:
            marks += _joined(nodes[a], nodes[b], strong=True)
    for quantity, node in nodes.items():
        marks += _drawn(node, quantity, typography, decimal, numbers, quantity in way)
    marks += _dots(columns, nodes, decimal, narrow)
    bottom = max(n.y + n.radius for n in nodes.values())
    right = max(n.x + n.radius for n in nodes.values())
    return Sketch(NARROW if narrow else right + MARGIN, bottom + MARGIN, tuple(marks), title)


def edges_to_error(derivation: Derivation, start: Quantity) -> Edges:
    """Each quantity on the ways to E, with the stages' quantities that follow it."""
    follows = {step.quantity: tuple(term.quantity for term in step.terms) for step in derivation.steps(start)}
    found: dict[Quantity, tuple[Quantity, ...]] = {}
    waiting = [start]
    while waiting:
        quantity = waiting.pop(0)
        if quantity in found or quantity == E:
            continue
        found[quantity] = tuple(dict.fromkeys(_next(quantity, follows)))
        waiting += found[quantity]
    return found


def _next(quantity: Quantity, follows: Edges) -> Iterator[Quantity]:
    seen = set[Quantity]()
    waiting = list(follows[quantity])
    while waiting:
        through = waiting.pop(0)
        if through in seen:
            continue
        seen.add(through)
        if through == E or through.tensor.kind in GIVEN_ON:
            yield through
        else:
            waiting += follows[through]


def _columns(start: Quantity, edges: Edges) -> list[list[Quantity]]:
    """Quantities by the longest way from ``start``."""
    depth = {start: 0}
    for quantity in _in_order(edges):
        for following in edges.get(quantity, ()):
            depth[following] = max(depth.get(following, 0), depth[quantity] + 1)
    columns: list[list[Quantity]] = [[] for _ in range(max(depth.values()) + 1)]
    for quantity, n in depth.items():
        columns[n].append(quantity)
    return columns


def _in_order(edges: Edges) -> list[Quantity]:
    """Each quantity after all that lead to it."""
    waits = dict.fromkeys(edges, 0)
    for targets in edges.values():
        for b in targets:
            waits[b] = waits.get(b, 0) + 1
    ready, found = [q for q, n in waits.items() if n == 0], list[Quantity]()
    while ready:
        found.append(ready.pop(0))
        for b in edges.get(found[-1], ()):
            waits[b] -= 1
            ready += [b] if waits[b] == 0 else []
    return found


def _way(start: Quantity, edges: Edges, route: Sequence[Quantity]) -> list[Quantity]:
    """One way to E: where it forks, along ``route``, else the first; it ends where nothing depends on it."""
    way = [start]
    while edges.get(way[-1]):
        following = edges[way[-1]]
        way.append(next((q for q in following if q in route), following[0]))
    return way


def _shown(column: Sequence[Quantity]) -> list[Quantity | None]:
    """What of a column is drawn; None stands for dots."""
    return list(column) if len(column) <= MOST else [*column[: MOST - 2], None, column[-1]]


def _placed(columns: Sequence[Sequence[Quantity]], narrow: bool) -> dict[Quantity, Node]:
    found = {}
    across = max(len(_shown(c)) for c in columns)
    pitch = min(60.0, (NARROW - 2 * MARGIN) / across) if narrow else 58.0
    step = 84.0 if narrow else min(150.0, (WIDTH - 2 * MARGIN - 2 * RADIUS) / max(len(columns) - 1, 1))
    radius = min(RADIUS, 0.44 * pitch)
    middle = NARROW / 2 if narrow else MARGIN + across * pitch / 2
    for n, column in enumerate(columns):
        shown = _shown(column)
        along = MARGIN + RADIUS + n * step
        for k, quantity in enumerate(shown):
            off = middle + (k - (len(shown) - 1) / 2) * pitch * (1.25 if narrow and len(shown) < 4 else 1)
            if quantity is not None:
                found[quantity] = Node(quantity, off, along, radius) if narrow else Node(quantity, along, off, radius)
    return found


def _dots(
    columns: Sequence[Sequence[Quantity]], nodes: Mapping[Quantity, Node], decimal: str, narrow: bool
) -> Iterator[Mark]:
    for column in columns:
        if len(column) > MOST:
            a, b = nodes[column[MOST - 3]], nodes[column[-1]]
            yield Label((a.x + b.x) / 2, (a.y + b.y) / 2 + 4, runs_of("…" if narrow else "⋮", decimal), 16, "muted",
                        "middle")  # fmt: skip


def _joined(a: Node, b: Node, strong: bool) -> Iterator[Mark]:
    dx, dy = b.x - a.x, b.y - a.y
    length = (dx * dx + dy * dy) ** 0.5
    start = (a.x + dx * a.radius / length, a.y + dy * a.radius / length)
    reach = b.radius + 2
    end = (b.x - dx * reach / length, b.y - dy * reach / length)
    if not strong:
        yield from arrow(start, end, "thin")
        return
    line, head = arrow(start, end)
    yield Line(line.points, "route", 2.4)
    yield Line(head.points, "gradient", closed=True)


def _drawn(
    node: Node, quantity: Quantity, typography: Typography, decimal: str, numbers: PassNumbers | None, strong: bool
) -> Iterator[Mark]:
    data = (("data-on", numbers.key(quantity)),) if numbers and quantity != E else ()
    yield Circle(node.x, node.y, node.radius, "neuron marked" if strong else "neuron", data)
    symbol = runs_of(typography.error if quantity == E else short(typography, quantity), decimal)
    size = min(SIZE, 1.7 * node.radius / width_of(symbol, 1))
    yield Label(node.x, node.y + 0.3 * size, symbol, size, "gradient" if strong else "ink", "middle")
