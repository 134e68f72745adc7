"""The diagram of a network, from its equations: image, filters, maps, neurons with their weights, error.

Small networks are drawn cell by cell and neuron by neuron; of larger ones there are blocks (``blocks``). Wide, the data
pass from left to right; narrow, for a phone, from top to bottom: one flow, laid out along two directions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from symcnn.derivation import Derivation
from symcnn.formula import Typography
from symcnn.formula.tree import Number, Symbol
from symcnn.report.figures import neurons
from symcnn.report.figures.grid import TITLE, Grid, PassNumbers, PlacedGrid, Window, grid_of_tensor, window_of
from symcnn.report.figures.neurons import RADIUS, Edge, Node
from symcnn.report.figures.sketch import Box, Label, Line, Mark, Sketch, TextRun, Words, arrow, runs_of, width_of
from symcnn.report.figures.stages import LayerView, blocks, stages
from symcnn.symbolic import E, Quantity, Tensor, entries

#: Words that a diagram needs.
WORDS = (
    "image", "filter", "map", "activated", "pooled", "hidden", "output", "error", "target", "thickness", "positive",
    "negative", "mean",
)  # fmt: skip

WIDTH, HEIGHT, NARROW = 960.0, 470.0, 360.0
#: Between the middles of neurons.
APART = 2 * RADIUS + 34
MARGIN, GAP, HEAD = 3.0, 16.0, 24.0
#: What is still drawn one by one.
MOST_NEURONS, MOST_MAPS, MOST_STAGES, MOST_CELLS = 10, 4, 7, 12
#: Sizes of cells that are tried, the largest first.
CELLS = (42.0, 38.0, 34.0, 30.0, 26.0, 22.0, 19.0, 16.0, 13.0, 10.0)
#: Numbers that would be smaller are not written.
READABLE = 8.5


def network_diagram(
    derivation: Derivation, typography: Typography, words: Mapping[str, str], decimal: str, *,
    numbers: PassNumbers | None = None, narrow: bool = False, title: str = "",
) -> Sketch:  # fmt: skip
    """The network: what it consists of, with one image's numbers and the weights on its lines.

    Args:
        words: the reader's word for each of ``WORDS``.
        numbers: of one image; None: symbols only.
        narrow: top to bottom, for a phone.
    """
    found = stages(derivation.network)
    if _is_small(found):
        for cell in CELLS:
            plan = _Plan(derivation, typography, words, decimal, numbers, narrow, cell, found)
            if plan.fits:
                return plan.sketch(title)
    return blocks(found, words, decimal, narrow=narrow, title=title)


def _is_small(found: Sequence[LayerView]) -> bool:
    vectors = max((s.tensor.size for s in found if s.is_vector), default=0)
    maps = max(s.maps for s in found)
    cells = max((max(s.tensor.shape[-2:]) for s in found if not s.is_vector), default=0)
    filters = [s.weights.shape for s in found if s.operation == "convolution" and s.weights]
    channels = max((shape[1] for shape in filters if len(shape) == 4), default=1)
    return (
        vectors <= MOST_NEURONS and maps <= MOST_MAPS and cells <= MOST_CELLS and channels <= MOST_MAPS
        and len(found) <= MOST_STAGES
    )  # fmt: skip


@dataclass(frozen=True)
class _FlowPart:
    """Something in the flow: a stage's grids or neurons, or the filters before a map.

    Attributes:
        grids: rows of grids as they stand (wide); narrow, the rows follow each other.
        neurons: their quantities.
    """

    grids: tuple[tuple[Grid, ...], ...] = ()
    neurons: tuple[Quantity, ...] = ()
    title: Words = ""
    stage: LayerView | None = None


@dataclass(frozen=True)
class _Placed:
    part: _FlowPart
    box: Box
    nodes: tuple[Node, ...] = ()


class _Plan:
    """The parts of the flow, and the room that they need at one size of cells."""

    def __init__(
        self, derivation: Derivation, typography: Typography, words: Mapping[str, str], decimal: str,
        numbers: PassNumbers | None, narrow: bool, cell: float, found: Sequence[LayerView],
    ) -> None:  # fmt: skip
        self.derivation, self.typography, self.words, self.decimal = derivation, typography, words, decimal
        self.numbers, self.narrow, self.cell = numbers, narrow, cell
        self.parts: list[_FlowPart] = []
        for stage, after in zip(found, [*found[1:], None], strict=True):
            if stage.operation == "convolution" and stage.weights:
                self.parts.append(self._filters(stage.weights))
            self.parts.append(self._stage(stage, after))
        error = _FlowPart(neurons=(E,), title=words["error"])
        self.parts.append(error)

    # --- what there is ----------------------------------------------------------------------------------------------

    def _grid(self, tensor: Tensor, at: tuple[int, ...]) -> Grid:
        if self.numbers:
            return grid_of_tensor(tensor, self.numbers, at)
        rows, columns = tensor.shape[-2:]
        return Grid(((Number(0),) * columns,) * rows, "plain", bare=True)

    def _filters(self, tensor: Tensor) -> _FlowPart:
        rows = [self._grid(tensor, at) for at in _leading(tensor)]
        channels = tensor.shape[1] if len(tensor.shape) == 4 else 1
        grids = tuple(tuple(rows[n : n + channels]) for n in range(0, len(rows), channels))
        return _FlowPart(grids, title=self._head("filter", tensor))

    def _stage(self, stage: LayerView, after: LayerView | None) -> _FlowPart:
        tensor = stage.tensor
        kind = {"convolution": "map", "activation": "activated", "maximum": "pooled", "mean": "pooled",
                "image": "image"}.get(stage.operation, "hidden")  # fmt: skip
        outputs = tensor == self.derivation.network.forward.outputs
        if outputs:
            kind = "output"
        title: Words = self.words[kind] if kind in ("hidden", "output") else self._head(kind, tensor)
        neurons_wanted = stage.is_vector or (
            tensor.size <= MOST_NEURONS and after is not None and after.operation == "dense" and kind != "image"
        )
        if neurons_wanted:
            return _FlowPart(neurons=tuple(entries(tensor)), title=title, stage=stage)
        rows = tuple((self._grid(tensor, at),) for at in _leading(tensor))
        if stage.operation == "image":
            rows = tuple((replace(row[0], windows=self._windows(tensor, at)),) for row, at in
                         zip(rows, _leading(tensor), strict=True))  # fmt: skip
        return _FlowPart(rows, title=title, stage=stage)

    def _windows(self, image: Tensor, at: tuple[int, ...]) -> tuple[Window, ...]:
        """The window of the first cell of the map, and, hidden until it is touched, what each weight meets."""
        return tuple(window_of(self.derivation, image, at))

    def _head(self, kind: str, tensor: Tensor) -> Words:
        return (f"{self.words[kind]} ", Symbol(tensor.letters.capitalize()))

    # --- room -------------------------------------------------------------------------------------------------------

    def _size(self, part: _FlowPart) -> tuple[float, float]:
        """Width and height of a part, its title and what stands under it left out."""
        if part.neurons:
            count = len(part.neurons)
            if self.narrow:
                return NARROW - 2 * MARGIN, 2 * RADIUS
            most = max(len(p.neurons) for p in self.parts)
            tallest = min(APART * most, HEIGHT - 80)
            # a short column beside a long one is spread
            return 2 * RADIUS, min(max(count * min(APART, tallest / most), 0.7 * tallest), count * 1.7 * APART)
        cells = [[(g.columns * self.cell, g.rows * self.cell) for g in row] for row in part.grids]
        across = [sum(w for w, _ in row) + 8 * (len(row) - 1) for row in cells]
        down = [max(h for _, h in row) for row in cells]
        if self.narrow:  # the rows stand beside each other
            return sum(across) + 14 * (len(across) - 1), max(down)
        return max(across), sum(down) + 14 * (len(down) - 1)

    def _between(self, before: _FlowPart, after: _FlowPart) -> float:
        """The room between two parts along the flow."""
        if self._is_filter(after):
            return 2 * GAP + 12
        if not after.neurons or self._is_filter(before):
            return 48.0
        if after.stage is None:
            return 66.0
        if not after.stage or after.stage.operation != "dense":
            return 62.0
        return 108.0

    def _is_filter(self, part: _FlowPart) -> bool:
        return part.stage is None and not part.neurons

    @property
    def _pairs(self) -> list[tuple[_FlowPart, _FlowPart]]:
        return list(pairwise(self.parts))

    @property
    def fits(self) -> bool:
        sizes = [self._size(part) for part in self.parts]
        if self.narrow:
            widths = [w for w, _ in sizes]
            widths += [
                self._size(a)[0] + self._size(b)[0] + self._between(a, b) for a, b in self._pairs if self._is_filter(b)
            ]
            return max(widths) <= NARROW - 2 * MARGIN + 0.01
        along = sum(w for w, _ in sizes) + sum(self._between(a, b) for a, b in self._pairs)
        return along <= WIDTH - 2 * MARGIN and max(h for _, h in sizes) <= HEIGHT - 60

    # --- drawing ----------------------------------------------------------------------------------------------------

    def sketch(self, title: str) -> Sketch:
        placed, width, height = self._narrow() if self.narrow else self._wide()
        marks: list[Mark] = []
        over: list[Mark] = []
        taken = [node.box for p in placed for node in p.nodes]
        for p in placed:
            heading = self._heading(p)
            over += heading
            taken += [label.box for label in heading]
        for n, (before, after) in enumerate(pairwise(placed)):
            # a row of grids ends where the lowest of them ends
            bottom = max(p.box.bottom for p in placed[: n + 1])
            before = replace(before, box=replace(before.box, bottom=bottom)) if self.narrow else before
            under, labels = self._joined(before, after, taken)
            marks += under
            over += labels
            taken += [label.box for label in labels if isinstance(label, Label)]
        marks += over
        for p in placed:
            marks += self._drawn(p)
        if self.numbers and any(mark.look.startswith("edge") for mark in marks):
            height += 26
            words = tuple(self.words[w] for w in ("thickness", "positive", "negative"))
            marks += neurons.legend(width - MARGIN, height - 8, words, self.decimal)
        return Sketch(width, height, tuple(marks), title)

    def _wide(self) -> tuple[list[_Placed], float, float]:
        spare = WIDTH - 2 * MARGIN - sum(self._size(p)[0] for p in self.parts)
        gaps = [self._between(a, b) for a, b in self._pairs]
        wide = [n for n, (_, b) in enumerate(self._pairs) if b.neurons]
        more = min(90.0, (spare - sum(gaps)) / max(len(wide), 1))
        gaps = [gap + (more if n in wide else 0) for n, gap in enumerate(gaps)]
        height = max(self._size(p)[1] for p in self.parts) + HEAD + 2 * MARGIN
        placed, x = [], MARGIN
        for part, gap in zip(self.parts, [*gaps, 0.0], strict=True):
            w, h = self._size(part)
            top = HEAD + MARGIN + (height - HEAD - 2 * MARGIN - h) / 2
            placed.append(self._place(part, Box(x, top, x + w, top + h)))
            x += w + gap
        return placed, x + MARGIN, height

    def _narrow(self) -> tuple[list[_Placed], float, float]:
        placed, y, n = list[_Placed](), MARGIN, 0
        while n < len(self.parts):
            row = [self.parts[n]]
            if n + 1 < len(self.parts) and self._is_filter(self.parts[n + 1]):
                row.append(self.parts[n + 1])
            gap = self._between(row[0], row[-1]) if len(row) > 1 else 0.0
            x = (NARROW - sum(self._size(p)[0] for p in row) - gap) / 2
            y += HEAD if not row[0].neurons else 0
            tallest = max(self._size(p)[1] for p in row)
            for part in row:
                w, h = self._size(part)
                top = y + (tallest - h) / 2
                placed.append(self._place(part, Box(x, top, x + w, top + h)))
                x += w + gap
            n += len(row)
            y += tallest + (self._between(row[-1], self.parts[n]) if n < len(self.parts) else 0)
        return placed, NARROW, y + MARGIN

    def _place(self, part: _FlowPart, box: Box) -> _Placed:
        if not part.neurons:
            return _Placed(part, box)
        count = len(part.neurons)
        pitch = ((box.right - box.left) if self.narrow else (box.bottom - box.top)) / count
        radius = min(RADIUS, 0.43 * pitch)
        middle = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
        nodes = tuple(
            Node(quantity, box.left + (n + 0.5) * pitch, middle[1], radius) if self.narrow
            else Node(quantity, middle[0], box.top + (n + 0.5) * pitch, radius)
            for n, quantity in enumerate(part.neurons)
        )  # fmt: skip
        return _Placed(part, box, nodes)

    def _heading(self, p: _Placed) -> list[Label]:
        runs = runs_of(p.part.title, self.decimal)
        if not self.narrow or not p.nodes:
            x, y = (p.box.left + p.box.right) / 2, p.box.top - 10
            if p.nodes:
                y = min(y, p.nodes[0].y - p.nodes[0].radius - 10)
            half = width_of(runs, TITLE) / 2
            x = min(max(x, half + 2), (NARROW if self.narrow else WIDTH) - half - 2)
            return [Label(x, y, runs, TITLE, "muted", "middle")]
        return [_beside(p.nodes, runs)]

    def _drawn(self, p: _Placed) -> Iterator[Mark]:
        for node in p.nodes:
            yield from neurons.drawn(node, self.typography, self.decimal, self.numbers)
        y, x = p.box.top, p.box.left
        sizes = [PlacedGrid(grid, 0, 0, self.cell, self.decimal).text_size() for row in p.part.grids for grid in row]
        bare = min(sizes, default=0) < READABLE
        for row in p.part.grids:
            left, bottom = x, y
            for grid in row:
                shown = replace(grid, bare=True) if bare else grid
                laid = PlacedGrid(shown, left, y, self.cell, self.decimal, size=min(sizes))
                yield from laid.marks()
                left, bottom = left + laid.width + 8, max(bottom, y + laid.height)
            x, y = (left + 6, y) if self.narrow else (x, bottom + 14)
        outputs = self.derivation.network.forward.outputs
        if p.part.stage and p.part.stage.tensor == outputs and self.numbers:
            yield from self._targets(p)

    def _targets(self, p: _Placed) -> Iterator[Mark]:
        stated = self.derivation.network.forward
        assert stated.targets is not None
        assert self.numbers is not None
        for node, target in zip(p.nodes, entries(stated.targets), strict=True):
            runs = runs_of((f"{self.words['target']} ", Number(self.numbers.values[target.name], 3)), self.decimal)
            if width_of(runs, 12) <= 2 * node.radius + 30:
                yield Label(node.x, node.y + node.radius + 15, runs, 12, "muted halo", "middle")

    def _joined(self, before: _Placed, after: _Placed, taken: list[Box]) -> tuple[list[Mark], Sequence[Mark]]:
        """What lies between two parts: a sign, an arrow, or lines with their weights."""
        if self._is_filter(after.part):
            x, y = (before.box.right + after.box.left) / 2, (after.box.top + after.box.bottom) / 2
            return [Label(x, y + 8, runs_of("∗", self.decimal), 22, "ink", "middle")], []
        stage = after.part.stage
        if before.nodes and after.nodes and (stage is None or stage.operation in ("dense", "activation")):
            edges = self._edges(before, after)
            labels = neurons.weights(edges, self.numbers, self.decimal, taken, self.narrow)
            return list(neurons.lines(edges, self.numbers)), labels
        if stage is not None and stage.operation == "dense":
            return list(_fan(before, after, self.narrow)), []
        return self._arrow(before, after)

    def _edges(self, before: _Placed, after: _Placed) -> list[Edge]:
        stage = after.part.stage
        if stage is not None and stage.operation == "activation":
            return [Edge(a, b) for a, b in zip(before.nodes, after.nodes, strict=True)]
        weights = entries(stage.weights) if stage and stage.weights else iter(())
        return [Edge(a, b, next(weights, None)) for a in before.nodes for b in after.nodes]

    def _arrow(self, before: _Placed, after: _Placed) -> tuple[list[Mark], list[Mark]]:
        stage = after.part.stage
        label = _operation(stage, self.words) if stage else ""
        runs = runs_of(label, self.decimal)
        if self.narrow:
            x = NARROW / 2
            top, bottom = before.box.bottom + 6, after.box.top - (28 if not after.nodes else 6)
            return list(arrow((x, top), (x, max(bottom, top + 14)))), [Label(x + 10, top + 14, runs, 12, "muted")]
        y = (before.box.top + before.box.bottom) / 2
        left, right = before.box.right + 8, after.box.left - 8
        return list(arrow((left, y), (right, y))), [Label((left + right) / 2, y - 8, runs, 12, "muted", "middle")]


def _operation(stage: LayerView, words: Mapping[str, str]) -> str:
    return {"activation": stage.function, "maximum": "max", "mean": words["mean"]}.get(stage.operation, "")


def _leading(tensor: Tensor) -> list[tuple[int, ...]]:
    """The indices of a tensor's matrices."""
    return list(dict.fromkeys(index[:-2] for index in tensor.indices()))


def _beside(nodes: Sequence[Node], runs: tuple[TextRun, ...]) -> Label:
    """The name of a row of neurons, where no line passes: between two of them, or after the last."""
    need = width_of(runs, TITLE) + 12
    gaps = [(a, b) for a, b in pairwise(nodes) if b.x - a.x - a.radius - b.radius >= need]
    if gaps:
        a, b = gaps[(len(gaps) - 1) // 2]
        return Label((a.x + b.x) / 2, a.y + 5, runs, TITLE, "muted halo", "middle")
    last = nodes[-1]
    if last.x + last.radius + need <= NARROW:
        return Label(last.x + last.radius + 8, last.y + 5, runs, TITLE, "muted halo")
    return Label(MARGIN, last.y - last.radius - 8, runs, TITLE, "muted halo")


def _fan(before: _Placed, after: _Placed, narrow: bool) -> Iterator[Mark]:
    """All cells of maps to all neurons, as lines from the corners of the maps."""
    a = before.box
    low, right = a.bottom + 4, a.right + 4
    corners = ((a.left, low), (a.right, low)) if narrow else ((right, a.top), (right, a.bottom))
    for node in after.nodes:
        for x, y in corners:
            yield Line(Edge(replace(node, x=x, y=y, radius=0), node).ends(), "thin")
