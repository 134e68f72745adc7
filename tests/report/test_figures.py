"""Figures: whole SVG, numbers that equal the values, nothing outside, nothing on top of another, in any words."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations

import numpy as np
import pytest

from symcnn import article
from symcnn.derivation import derive
from symcnn.errors import SymcnnError
from symcnn.formula import Plain, Typography, format_number
from symcnn.formula.tree import Number, Symbol
from symcnn.numeric import ArrayProgram
from symcnn.numeric.values import values_of_images
from symcnn.report import figures
from symcnn.report.figures import (
    Grid,
    PassNumbers,
    Series,
    Window,
    chain_paths,
    convolution,
    gradient_windows,
    grid_of,
    grid_of_tensor,
    grids,
    loss_curve,
    network_diagram,
    outputs_curve,
)
from symcnn.report.figures.neurons import RADIUS
from symcnn.report.figures.paths import edges_to_error
from symcnn.report.figures.sketch import Circle, Label, Line, Rect
from symcnn.text import catalogue
from tests.slow import rest_slow
from tests.tools.networks import from_seed, lenet

WORDS = {word: f"le {word}" for word in figures.WORDS}
HOSTILE = "<script>alert('\"&amp;')</script> ]]> {0}"
NAMES = catalogue("fr").words("word")
STEPS = list(range(0, 701, 7))


def numbered(network, theta, images, targets):
    derivation = derive(network)
    values = next(iter(values_of_images(derivation, theta, (images, targets))))
    return derivation, Typography(derivation.quantities, NAMES), PassNumbers(derivation, values, 1)


@pytest.fixture(scope="module")
def of_article():
    network, data = article.network(), article.images()
    theta = np.random.default_rng(3).uniform(-1, 1, len(network.parameters))
    return numbered(network, theta, data.images, data.targets)


@pytest.fixture(scope="module")
def part_one():
    pictures = article.picture().images
    maps = ArrayProgram(article.operations()).forward(article.features(), pictures)["x"][0]
    features = article.features().reshape(3, 3, 3)
    return grid_of(pictures[0], kind="image", title="I"), features, maps


def all_figures(of_article, part_one):
    derivation, typography, numbers = of_article
    image, features, maps = part_one
    stated = derivation.network.forward
    filters, map_ = stated.parameters[0], stated.feature_maps[0]
    loss = 0.5 * np.exp(-np.linspace(0, 8, 701))
    series = [Series((typography.name("o_1"), ", 1"), [1 - v for v in loss[::7]], 1.0)]
    found, filter_12 = {}, derivation["f_12"].quantity
    for narrow in (False, True):
        of = {"narrow": narrow, "title": "T"}
        found |= {
            ("network", narrow): network_diagram(derivation, typography, WORDS, ",", numbers=numbers, **of),
            ("symbols", narrow): network_diagram(derivation, typography, WORDS, ",", **of),
            ("windows", narrow): gradient_windows(filters, typography, numbers, ",", **of),
            ("paths", narrow): chain_paths(derivation, typography, filter_12, ",", numbers=numbers, **of),
            ("loss", narrow): loss_curve(loss, ("erreur ", typography.error), "pas", ",", **of),
            ("outputs", narrow): outputs_curve(STEPS, series, "sorties", "pas", ",", **of),
            ("convolution", narrow): convolution(
                image, grid_of(features[0], title="F"), grid_of(maps[0], 1, title="X"), (0, 0), ",", divided=True, **of
            ),
        }
    pair = [grid_of_tensor(stated.image, numbers, title="I"), "∗", grid_of_tensor(filters, numbers, title="F")]
    found["grids", False] = grids([*pair, "=", grid_of_tensor(map_, numbers, title="X")], ",")
    return found


@pytest.fixture(scope="module")
def drawn(of_article, part_one):
    return all_figures(of_article, part_one)


def labels(sketch):
    return [mark for mark in sketch.marks if isinstance(mark, Label)]


def live_numbers(sketch):
    """(key, digits, text) of what a script may change."""
    root = ET.fromstring(sketch.svg("light"))
    return [(e.get("data-v"), e.get("data-digits"), e.text) for e in root.iter() if e.get("data-v")]


def assert_inside(sketch):
    for mark in sketch.marks:
        box = mark.box
        assert box.left >= -0.5, mark
        assert box.top >= -0.5, mark
        assert box.right <= sketch.width + 0.5, mark
        assert box.bottom <= sketch.height + 0.5, mark


def assert_apart(sketch):
    for a, b in combinations(labels(sketch), 2):
        assert not a.box.overlaps(b.box), (a.text, b.text)


# --- every figure of the article ------------------------------------------------------------------------------------


def test_each_theme_is_one_whole_svg(drawn):
    for sketch in drawn.values():
        for theme in ("light", "dark", "page"):
            root = ET.fromstring(sketch.svg(theme))
            assert root.tag.endswith("svg")
            assert root.get("viewBox") == f"0 0 {root.get('viewBox').split(' ', 2)[2]}"


def test_light_and_dark_write_their_colours_out_and_the_page_names_its_own(drawn):
    for sketch in drawn.values():
        for theme in ("light", "dark"):
            text = sketch.svg(theme)
            assert "var(" not in text
            assert figures.COLOURS[theme]["paper"] in text
        assert not re.search("#[0-9a-f]{3,6}", sketch.svg("page"))
        for forbidden in ("<marker", " id=", "href", "url("):  # a hidden marker is lost for all; nothing is fetched
            assert all(forbidden not in sketch.svg(t) for t in ("light", "dark", "page"))


def test_every_look_has_a_rule(drawn):
    for sketch in drawn.values():
        for theme in ("light", "page"):
            text = sketch.svg(theme)
            for look in {word for words in re.findall(' class="([^"]+)"', text) for word in words.split()} - {"sketch"}:
                assert re.search(rf"\.{look}\b", text), look


def test_nothing_lies_outside_the_drawing(drawn):
    for sketch in drawn.values():
        assert_inside(sketch)


def test_no_text_lies_on_another(drawn):
    for sketch in drawn.values():
        assert_apart(sketch)


def test_numbers_on_circles_fit_them_and_labels_stay_clear_of_them(drawn):
    for narrow in (False, True):
        sketch = drawn["network", narrow]
        circles = [mark for mark in sketch.marks if isinstance(mark, Circle)]
        for label in labels(sketch):
            for circle in circles:
                inside = circle.box.left <= label.box.left and label.box.right <= circle.box.right
                assert inside or not label.box.overlaps(circle.box), label.text


def test_a_live_number_is_the_value_to_its_digits(drawn, of_article):
    _, _, numbers = of_article
    seen = set()
    for sketch in drawn.values():
        for key, digits, text in live_numbers(sketch):
            value = numbers.values[key.removesuffix("_image1")]
            assert text == format_number(value, int(digits)).replace("-", "−").replace(".", ","), key
            seen.add(key)
    assert {"f_11", "w_x11h1", "x_22_image1", "h_1_image1", "dE_dx_11_image1", "dE_df_22_image1"} <= seen


def test_a_wrong_value_is_seen(of_article):
    derivation, typography, numbers = of_article
    wrong = PassNumbers(derivation, {**numbers.values, "f_12": 0.123}, 1)
    right, other = (
        {key: text for key, _, text in live_numbers(network_diagram(derivation, typography, WORDS, ",", numbers=n))}
        for n in (numbers, wrong)
    )
    assert {key for key in right if right[key] != other[key]} == {"f_12"}
    assert other["f_12"] == "0,123"


def test_no_reader_meets_an_ascii_name(drawn):
    for sketch in drawn.values():
        assert not [label.text for label in labels(sketch) if "_" in label.text or "dE" in label.text]


def test_subscripts_are_real(drawn):
    text = drawn["network", False].svg("light")
    assert re.search(r'<tspan class="italic">x</tspan><tspan dy="[0-9.]+" font-size="[0-9.]+">11</tspan>', text)


# --- the network ----------------------------------------------------------------------------------------------------


def test_every_quantity_and_every_weight_of_the_article_is_drawn(drawn, of_article):
    derivation, _, _ = of_article
    for narrow in (False, True):
        sketch = drawn["network", narrow]
        neurons = [m for m in sketch.marks if isinstance(m, Circle) and m.radius > RADIUS / 2]
        assert len(neurons) == 4 + 2 + 2 + 1
        edges = {
            str(dict(m.data)["data-edge"])
            for m in sketch.marks
            if isinstance(m, Line) and m.look.startswith("edge ") and m.data
        }
        assert edges == {name for name in derivation.network.parameters if name.startswith("w_")}
        written = {key for key, _, _ in live_numbers(sketch)}
        assert {name for name in derivation.network.parameters if name[0] in "wf"} <= written


def test_a_line_is_as_thick_as_its_weight_and_coloured_by_its_sign(drawn, of_article):
    _, _, numbers = of_article
    lines = [m for m in drawn["network", False].marks if isinstance(m, Line) and dict(m.data).get("data-edge")]
    for line in lines:
        data = dict(line.data)
        value = numbers.values[str(data["data-edge"])]
        assert line.width == pytest.approx(0.7 + 2.6 * min(1, abs(value) / float(data["data-scale"])), abs=1e-3)
        assert ("negative" in line.look) == (value < 0)


def test_a_filter_weight_lights_the_cells_that_it_meets(drawn):
    frames = [m for m in drawn["network", False].marks if isinstance(m, Rect) and m.look == "window"]
    places = {dict(f.data)["data-on"]: (f.x, f.y) for f in frames}
    assert set(places) == {"f_11", "f_12", "f_21", "f_22"}
    cell = frames[0].width / 2
    assert places["f_12"] == pytest.approx((places["f_11"][0] + cell, places["f_11"][1]))
    assert places["f_21"] == pytest.approx((places["f_11"][0], places["f_11"][1] + cell))


@pytest.mark.parametrize("seed", rest_slow(range(40), 15))
def test_any_network_is_drawn(seed):
    network, theta, images, targets = from_seed(seed)
    derivation, typography, numbers = numbered(network, theta, images, targets)
    for narrow in (False, True):
        sketch = network_diagram(derivation, typography, WORDS, ".", numbers=numbers, narrow=narrow)
        ET.fromstring(sketch.svg("page"))
        assert_inside(sketch)
        first = derivation.listed[0]
        assert_inside(chain_paths(derivation, typography, first, ".", narrow=narrow))
        for tensor in network.forward.parameters:
            if tensor.name == "f":
                assert_inside(gradient_windows(tensor, typography, numbers, ".", narrow=narrow))


def test_a_large_network_is_drawn_in_blocks():
    derivation = derive(lenet())
    typography = Typography(derivation.quantities, NAMES)
    for narrow in (False, True):
        sketch = network_diagram(derivation, typography, WORDS, ",", narrow=narrow)
        texts = [label.text for label in labels(sketch)]
        assert {"28×28", "6×24×24", "16×4×4", "120", "10"} <= set(texts)
        assert_inside(sketch)
        assert_apart(sketch)


# --- convolutions ---------------------------------------------------------------------------------------------------


def test_the_first_window_of_part_one_gives_seven_ninths(drawn):
    texts = [label.text for label in labels(drawn["convolution", False])]
    assert any(text == "Σ ÷ 9 = 7 ÷ 9 = 0,8" for text in texts)


def test_a_map_that_says_another_number_is_refused(part_one):
    image, features, maps = part_one
    wrong = maps[0].copy()
    wrong[2, 3] += 1e-6
    with pytest.raises(SymcnnError, match="row 3, column 4"):
        convolution(image, grid_of(features[0]), grid_of(wrong, 1), (2, 3), ",", divided=True)
    convolution(image, grid_of(features[0]), grid_of(wrong, 1), (2, 2), ",", divided=True)


def test_four_windows_tell_what_each_gradient_multiplies(drawn):
    for narrow in (False, True):
        sketch = drawn["windows", narrow]
        frames = [m for m in sketch.marks if isinstance(m, Rect) and m.look == "frame"]
        assert len(frames) == 4
        times = [key for key, _, _ in live_numbers(sketch) if key.startswith("dE_dx")]
        assert sorted(times) == sorted(4 * [f"dE_dx_{k}_image1" for k in (11, 12, 21, 22)])


def test_cells_are_coloured_by_their_values():
    sketch = grids([grid_of([[1.0, -0.5], [0.0, 0.25]], 3)], ".")
    cells = [m for m in sketch.marks if isinstance(m, Rect)]
    assert [round(m.opacity, 3) for m in cells] == [1.0, 0.56, 0.0, 0.34]
    assert [m.look.split()[0] for m in cells] == ["positive", "negative", "positive", "positive"]


def test_two_grids_with_one_reach_have_one_scale():
    first, second = (grid_of([[value]], 3, reach=2.0) for value in (1.0, 2.0))
    cells = [m for m in grids([first, second], ".").marks if isinstance(m, Rect)]
    assert [m.opacity for m in cells] == [0.56, 1.0]


def test_a_wide_row_is_broken_on_a_phone():
    maps = [grid_of(np.zeros((7, 7)), 1) for _ in range(3)]
    wide, narrow = (grids(maps, ".", narrow=small) for small in (False, True))
    assert narrow.width <= 360
    assert narrow.height > 2 * wide.height * 22 / 30
    assert_inside(narrow)


def test_a_window_frames_its_cells():
    sketch = grids([figures.framed(grid_of(np.zeros((4, 4))), Window(1, 2, 2, 2))], ".", cell=40)
    cells, [frame] = [[m for m in sketch.marks if isinstance(m, Rect) and (m.look == "frame") == f] for f in (0, 1)]
    assert (frame.x - cells[0].x, frame.y - cells[0].y, frame.width, frame.height) == (80, 40, 80, 80)


# --- the chain rule and the training --------------------------------------------------------------------------------


def test_the_ways_to_the_error_are_those_of_the_chain_rule(of_article):
    derivation, _, _ = of_article
    edges = edges_to_error(derivation, derivation["f_12"].quantity)
    assert {q.name: tuple(map(str, following)) for q, following in edges.items()} == {
        "f_12": ("x_11", "x_12", "x_21", "x_22"),
        **{f"x_{k}": ("h_1", "h_2") for k in (11, 12, 21, 22)},
        "h_1": ("o_1", "o_2"), "h_2": ("o_1", "o_2"), "o_1": ("E",), "o_2": ("E",),
    }  # fmt: skip


def test_a_route_is_drawn_strong(of_article):
    derivation, typography, _ = of_article
    of = derivation.quantities.of
    sketch = chain_paths(derivation, typography, of("f_12"), ",", route=[of(name) for name in ("x_21", "h_2", "o_1")])
    strong = [m for m in sketch.marks if isinstance(m, Circle) and "marked" in m.look]
    assert len(strong) == 5
    named = [label.text for label in labels(sketch) if label.look == "gradient"]
    assert named == ["f12", "x21", "h2", "o1", "Etotal"]


def test_the_curve_goes_through_the_first_and_the_last_error(drawn):
    texts = [label.text for label in labels(drawn["loss", False])]
    assert Plain(",").emit(Number(0.5, 4)) in texts
    assert Plain(",").emit(Number(0.5 * float(np.exp(-8.0)), 4)) in texts


@pytest.mark.parametrize("loss", [[0.0], [1.0], [1.0, 0.0], [2.0, 2.0], [3, 1, 1e-9], [-1.0, 1.0], [1e-300, 1e300]])
def test_a_curve_of_any_numbers_is_drawn(loss):
    sketch = loss_curve(loss, "E", "step", ".")
    ET.fromstring(sketch.svg("light"))
    assert "nan" not in sketch.svg("light")


# --- bytes and strangers' words -------------------------------------------------------------------------------------


def test_a_strangers_words_stay_words(of_article):
    derivation, typography, numbers = of_article
    words = dict.fromkeys(figures.WORDS, HOSTILE)
    tree = (HOSTILE, Symbol("x", "1", HOSTILE))
    for sketch in (
        network_diagram(derivation, typography, words, HOSTILE, numbers=numbers, title=HOSTILE),
        grids([Grid(((Number(0.5, 3, HOSTILE),),), title=tree, below=(HOSTILE,))], ".", HOSTILE),
        loss_curve([1.0, 0.5], tree, HOSTILE, "."),
    ):
        for theme in ("light", "page"):
            root = ET.fromstring(sketch.svg(theme))
            assert not [e for e in root.iter() if e.tag.endswith("script")]
            assert any("alert" in (e.text or "") for e in root.iter())


@pytest.mark.slow
def test_the_same_bytes_under_another_hash_seed():
    code = (
        "from tests.report.test_figures import *\n"
        "import hashlib\n"
        "n, t, i, g = from_seed(4)\n"
        "d, ty, nu = numbered(n, t, i, g)\n"
        "s = [network_diagram(d, ty, WORDS, ',', numbers=nu), chain_paths(d, ty, d.listed[0], ',')]\n"
        "print(hashlib.sha256(''.join(x.svg(m) for x in s for m in ('light', 'page')).encode()).hexdigest())\n"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(found) == 1
    assert len(found.pop()) == 65
