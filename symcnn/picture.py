"""An SVG of one number in three places: the convolution, a line of the derivation, a cell of the workbook."""

from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

from symcnn.derivation import Derivation
from symcnn.formula import Plain, Typography, Worked, format_number
from symcnn.network import DataLike, as_data
from symcnn.numeric.values import values_of_images
from symcnn.symbolic import Quantity, Tensor, entries
from symcnn.text import Catalogue
from symcnn.workbook.training_plan import TrainingPlan

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
    plan = TrainingPlan(derivation, len(as_data(data).images), steps, text)
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
