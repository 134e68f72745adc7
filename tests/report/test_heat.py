"""Pictures of many cells: every cell that is not 0 is painted once, in its hue, in as little room as it needs."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from symcnn.formula.tree import Symbol
from symcnn.report.figures import Heat, heats, matrices, most_cells, most_pictures, reduced
from symcnn.report.figures.heat import ALL_CELLS
from symcnn.report.figures.sketch import Cells
from symcnn.report.tikz import to_tikz


def painted(sketch):
    """Look -> (area, area · opacity) of all that is painted."""
    found = {}
    for mark in sketch.marks:
        if isinstance(mark, Cells) and mark.opacity is not None:
            area = sum((right - left) * (low - top) for left, top, right, low in mark.boxes)
            whole, strong = found.get(mark.look.split()[0], (0, 0))
            found[mark.look.split()[0]] = whole + area, strong + area * mark.opacity
    return found


def frames(sketch):
    [found] = [mark for mark in sketch.marks if mark.look == "thin"]
    return found.boxes


def test_every_cell_that_is_not_0_is_painted_once_in_its_hue():
    values = np.array([[[0.0, 1.0, 1.0], [-2.0, 0.0, 1e-9]]])
    sketch = heats([Heat(values, "x")], ".")
    [(left, top, right, low)] = frames(sketch)
    cell = (right - left) * (low - top) / values.size
    areas = {look: area / cell for look, (area, _) in painted(sketch).items()}
    assert areas == pytest.approx({"positive": 3, "negative": 1})
    strongest = max(sketch.marks, key=lambda mark: getattr(mark, "opacity", None) or 0)
    assert strongest.look.startswith("negative")  # -2 is the largest


def test_cells_lie_where_they_are_in_the_array():
    values = np.zeros((2, 3, 4))
    values[1, 2, 3] = 5
    sketch = heats([Heat(values)], ".")
    [cells] = [mark for mark in sketch.marks if mark.look.startswith("positive")]
    [(left, top, right, low)] = cells.boxes
    assert (right, low) == pytest.approx(frames(sketch)[1][2:])
    assert right - left == pytest.approx((frames(sketch)[1][2] - frames(sketch)[1][0]) / 4) == low - top


def test_an_image_is_grey_from_its_least_value():
    values = np.array([[[0.5, 0.5], [0.5, 1.5]]])
    assert set(painted(heats([Heat(values, kind="image")], "."))) == {"grey"}


@pytest.mark.parametrize(
    ("shape", "pictures", "across"),
    [((7,), (1, 1, 7), 1), ((130,), (1, 3, 60), 1), ((4, 5), (1, 4, 5), 1), ((6, 4, 5), (6, 4, 5), 0),
     ((6, 3, 5, 5), (18, 5, 5), 6), ((6, 3, 1, 1), (1, 3, 6), 1)],
)  # fmt: skip
def test_tensors_of_any_rank_are_pictures(shape, pictures, across):
    values = np.arange(np.prod(shape), dtype=float).reshape(shape) + 1
    found, beside = matrices(values)
    assert (found.shape, beside) == (pictures, across)
    assert np.nansum(found) == values.sum()


def test_a_row_of_pictures_is_the_channel_a_column_the_filter():
    values = np.arange(2 * 3 * 1 * 2, dtype=float).reshape(2, 3, 1, 2)
    found, across = matrices(values)
    assert across == 2
    assert found[:, 0, 0].tolist() == [0, 6, 2, 8, 4, 10]


def test_what_is_too_much_is_left_out_or_reduced():
    assert most_pictures(np.zeros((64, 26, 26)), 0, 2_000) == 2
    assert most_pictures(np.zeros((64 * 32, 3, 3)), 64, 1_500) == 128
    assert most_pictures(np.zeros((6, 28, 28)), 0, 8_000) == 6
    sizes = [50_000] * 30
    assert sum(min(size, most_cells(sizes)) for size in sizes) <= ALL_CELLS
    large = np.random.default_rng(0).uniform(size=(1, 224, 200))
    small = reduced(large, 8_000)
    assert small.shape == (1, 75, 67)  # blocks of 3 by 3
    assert small[0, 0, 0] == pytest.approx(large[0, :3, :3].mean())
    assert small[0, -1, -1] == pytest.approx(large[0, 222:, 198:].mean())
    assert reduced(np.zeros((64, 26, 26)), 1_000).shape == (64, 26, 26)  # smaller ones cannot be recognised


def test_pictures_are_a_little_smaller_where_that_saves_a_row():
    assert len({top for _, top, _, _ in frames(heats([Heat(np.ones((10, 28, 28)))], "."))}) == 1


def test_a_tensor_stands_beside_the_one_before_it_where_there_is_room():
    def corners(*items):
        return [mark.boxes[0][:2] for mark in heats(items, ".").marks if mark.look == "thin"]

    small, wide = Heat(np.ones((4, 3, 3)), across=2), Heat(np.ones((10, 28, 28)), beside=True)
    [(left, top), (left_of_next, top_of_next)] = corners(small, small)
    assert (left_of_next, top_of_next > top) == (left, True)
    [_, (left_of_next, top_of_next)] = corners(small, replace(small, beside=True))
    assert (left_of_next > left, top_of_next) == (True, top)
    assert corners(small, wide)[1][0] == left


def test_a_drawing_is_whole_svg_small_and_the_same_in_tikz():
    rng = np.random.default_rng(1)
    sketch = heats([Heat(rng.normal(size=(6, 28, 28)), (Symbol("x"), ": from"))], ".", "maps")
    svg = sketch.svg("light")
    ET.fromstring(svg)
    assert len(svg) < 30 * 6 * 28 * 28
    boxes = sum(len(mark.boxes) for mark in sketch.marks if isinstance(mark, Cells))
    tikz = to_tikz(svg, 1.0)
    assert tikz.count(" rectangle ") == boxes + 2  # paper and bounds
    assert all(abs(float(v)) < 1000 for v in re.findall(r"\(([\d.]+),", tikz))
