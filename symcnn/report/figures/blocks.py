"""A network that is too large to be drawn neuron by neuron: a block for each layer, with its shape."""

import math
from collections.abc import Iterator, Mapping, Sequence

from symcnn.formula.tree import Symbol
from symcnn.report.figures.lettering import Words, runs_of
from symcnn.report.figures.sketch import Label, Mark, Rect, Sketch, arrow
from symcnn.report.figures.stages import LayerView

IN_A_ROW, PITCH, HIGH, MARGIN = 5, 186.0, 158.0, 14.0
#: Height of a row where blocks stand under each other.
NARROW_HIGH = 104.0
#: Sheets of a stack of maps, at most, and how far each stands behind the one before.
SHEETS, SHIFT = 4, 5.0


def blocks(
    found: Sequence[LayerView], words: Mapping[str, str], decimal: str, *, narrow: bool = False,
    title: str = "",
) -> Sketch:  # fmt: skip
    """Stages as stacks of maps or bars of neurons, joined by arrows that name the operation.

    Args:
        words: as in ``network_diagram``.
    """
    marks: list[Mark] = []
    per_row = 1 if narrow else IN_A_ROW
    width = 360.0 if narrow else MARGIN * 2 + PITCH * min(per_row, len(found))
    high = NARROW_HIGH if narrow else HIGH
    for n, stage in enumerate(found):
        x = 90.0 if narrow else MARGIN + (n % per_row + 0.5) * PITCH
        y = MARGIN + (n // per_row) * high + (40 if narrow else 66)
        marks += _glyph(stage, x, y)
        name = runs_of(_name(stage, n == len(found) - 1, words), decimal)
        shape = runs_of(_by(stage.tensor.shape), decimal)
        if narrow:
            marks += [Label(168, y - 2, name, 14, "ink"), Label(168, y + 17, shape, 13, "muted")]
        else:
            marks += [Label(x, y - 50, name, 14, "ink", "middle"), Label(x, y + 62, shape, 13, "muted", "middle")]
        if n:
            marks += _step(stage, x, y, n % per_row == 0, narrow, words, decimal)
    rows = -(-len(found) // per_row)
    return Sketch(width, 2 * MARGIN + rows * high - (20 if narrow else 8), tuple(marks), title)


def _step(
    stage: LayerView, x: float, y: float, turns: bool, narrow: bool, words: Mapping[str, str], decimal: str
) -> Iterator[Mark]:
    """The arrow to a stage, with its operation."""
    label = runs_of(_operation(stage, words), decimal)
    if narrow:
        yield from arrow((x, y - 70), (x, y - 42))
        yield Label(x + 12, y - 50, label, 12, "muted")
    elif turns:  # the first of a further row
        yield from arrow((x - 84, y), (x - 48, y))
        yield Label(x - 66, y - 9, label, 12, "muted halo", "middle")
    else:
        yield from arrow((x - PITCH / 2 - 28, y), (x - PITCH / 2 + 30, y))
        yield Label(x - PITCH / 2, y - 9, label, 12, "muted halo", "middle")


def _operation(stage: LayerView, words: Mapping[str, str]) -> Words:
    if stage.operation == "convolution" and stage.weights:
        return f"∗ {_by(stage.weights.shape)}"
    if stage.operation == "dense" and stage.weights:
        return f"{stage.function}" if stage.function else ""
    return {"activation": stage.function, "maximum": "max", "mean": words["mean"]}.get(stage.operation, "")


def _name(stage: LayerView, last: bool, words: Mapping[str, str]) -> Words:
    kind = {"convolution": "map", "activation": "activated", "maximum": "pooled", "mean": "pooled",
            "image": "image"}.get(stage.operation, "hidden")  # fmt: skip
    letters = stage.tensor.letters
    return (f"{words['output' if last else kind]} ", Symbol(letters.capitalize() if not stage.is_vector else letters))


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _glyph(stage: LayerView, x: float, y: float) -> Iterator[Mark]:
    """Sheets for maps, a bar for neurons; the larger the tensor, the larger they are."""
    if stage.is_vector:
        height = min(78.0, 18 + 9 * math.log2(1 + stage.tensor.size))
        yield Rect(x - 8, y - height / 2, 16, height, "filter block", 0.22, radius=3)
        return
    rows, columns = stage.tensor.shape[-2:]
    scale = min(62.0, 14 + 11 * math.log2(1 + max(rows, columns))) / max(rows, columns)
    width, height = max(6.0, columns * scale), max(6.0, rows * scale)
    sheets = min(stage.maps, SHEETS)
    look = "grey" if stage.operation == "image" else "positive"
    for n in reversed(range(sheets)):
        shift = (n - (sheets - 1) / 2) * SHIFT
        left, top = x - width / 2 + shift, y - height / 2 - shift
        yield Rect(left, top, width, height, "ground")
        yield Rect(left, top, width, height, f"{look} block", 0.25)
