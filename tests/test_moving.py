"""The moving picture: at each second it shows symcnn's numbers, the workbook's formulas, and sums that are true.

What is seen at a second is read from the file as a browser reads it: each group's keyframes, interpolated.
"""

import re
import subprocess
import sys
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest

import symcnn
from symcnn import Conv2D, Data, Dense, Flatten, InputError, Network
from symcnn.cli import main
from symcnn.moving import LOOP, moving_picture
from symcnn.picture import ShownSum
from symcnn.text import catalogue
from tests.slow import rest_slow
from tests.tools.browser import chromium

ROOT = Path(__file__).parents[1]
SVG = "{http://www.w3.org/2000/svg}"
#: A second between all changes: nothing changed, the pixel, the map, the error, the gradient, one step, the end.
SECONDS = {"before": 0.3, "pixel": 1.6, "map": 3.5, "error": 6.0, "update": 10.5, "step": 11.3, "end": 15.0}


class Film:
    """The file, and what it shows when."""

    def __init__(self, svg):
        self.svg = svg
        self.root = ElementTree.fromstring(svg)
        style = self.root.find(f"{SVG}style").text
        self.still = {name: float(o) for name, o in re.findall(r"\.(t\d+)\{opacity:([\d.]+)\}", style)}
        frames = re.findall(r"@keyframes (t\d+)\{((?:[\d.]+%\{opacity:[\d.]+\})+)\}", style)
        self.frames = {
            name: [(float(at), float(o)) for at, o in re.findall(r"([\d.]+)%\{opacity:([\d.]+)\}", rules)]
            for name, rules in frames
        }
        assert self.frames.keys() == self.still.keys() != set()

    def opacity(self, name, second):
        if second is None:
            return self.still[name]
        at, opacities = zip(*self.frames[name], strict=True)
        return float(np.interp(100 * second / LOOP, at, opacities))

    def texts(self, second, element=None, opacity=1.0):
        """(What of, text, opacity) of all texts; ``None`` is the picture that stands still."""
        element = self.root if element is None else element
        opacity *= self.opacity(element.get("class"), second) if element.get("class") in self.still else 1.0
        if element.tag == f"{SVG}text":
            yield element.get("data-of"), "".join(element.itertext()), opacity
        for child in element:
            yield from self.texts(second, child, opacity)

    def seen(self, second):
        """(What of, text) of those that are fully there."""
        return [(of, text) for of, text, opacity in self.texts(second) if opacity > 0.99]

    def numbers(self, second):
        """Name -> the texts in which it is seen, without repetition."""
        found = {}
        for name, text in self.seen(second):
            if name:
                found.setdefault(name, set()).add(text)
        return found


@pytest.fixture(scope="module")
def run():
    return symcnn.train(symcnn.article.network(), symcnn.article.images(), learning_rate=0.5, steps=10_000, seed=0)


@pytest.fixture(scope="module", params=rest_slow(["en", "fr"]))
def told(request, run):
    return request.param, Film(moving_picture(run.network, run.data, run, request.param))


def values(run, theta, pixel=1.0):
    """Name -> value for the cross, whose last pixel is ``pixel``: from the compiled program, not from the picture."""
    image = run.data.images[:1].copy()
    image[0, 2, 2] = pixel
    program = symcnn.compile(run.network)
    error = program.loss_and_gradient(theta, image, run.data.targets[:1])[0]
    found = {name: float(v) for name, v in named(program.forward(theta, image), run.network)}
    return {**found, **dict(zip(run.network.parameters, theta, strict=True)), "E": float(error)}


def named(arrays, network):
    tensors = {e.target.tensor.name: e.target.tensor for e in network.forward.equations}
    for name, array in arrays.items():
        if name in tensors:
            yield from zip(tensors[name].scalars(), np.ravel(array), strict=True)


def spelled(value, lang, digits=4):
    text = f"{value:.{digits}f}".replace("-", "−")
    return text if lang == "en" else text.replace(".", ",")


def test_every_number_is_that_of_its_second(run, told):
    lang, film = told
    first, step = run.initial, run.parameters_after([1])[0]
    without, start = values(run, first, 0.0), values(run, first)
    mixed = {  # what has already changed, at each second
        "before": without, "pixel": without, "map": {**without, "x_22": start["x_22"]}, "error": start,
        "update": start, "step": values(run, step), "end": values(run, run.theta),
    }  # fmt: skip
    names = [f"f_{n}" for n in (11, 12, 21, 22)] + [f"x_{n}" for n in (11, 12, 21, 22)]
    names += ["z_h1", "z_h2", "h_1", "h_2", "z_o1", "z_o2", "o_1", "o_2", "E"]
    for scene, second in SECONDS.items():
        seen = film.numbers(second)
        for name in names:
            assert seen[name] == {spelled(mixed[scene][name], lang)}, (scene, name)
        assert seen["i_33"] == {"0" if scene == "before" else "1"}
        assert seen["i_32"] == {"0"}
        assert seen["i_31"] == {"1"}
    still = film.numbers(None)
    assert all(still[name] == {spelled(start[name], lang)} for name in names)
    assert still["i_33"] == {"1"}


def test_a_number_takes_the_place_of_another(told):
    """At every moment the states of a number add up to one that is there."""
    _, film = told
    for second in np.arange(0, LOOP, 0.1):
        strength = {}
        for of, text, opacity in film.texts(second):
            if of and of != "formula" and not of.startswith("E_total"):
                strength.setdefault(of, {}).setdefault(text, []).append(opacity)
        assert len(strength) > 20
        for of, states in strength.items():
            assert abs(sum(max(opacities) for opacities in states.values()) - 1) < 0.02, (of, second, states)


def test_the_error_of_all_images(run, told):
    lang, film = told
    for scene, step in (("before", 0), ("update", 0), ("step", 1), ("end", 10_000)):
        seen = film.numbers(SECONDS[scene])
        assert {k: v for k, v in seen.items() if k.startswith("E_total")} == {
            f"E_total at {step}": {spelled(run.loss[step], lang)}
        }


def test_formulas_are_those_of_the_workbook(told):
    """Of the file in ``reports/``, read with openpyxl."""
    lang, film = told
    book = openpyxl.load_workbook(ROOT / "reports" / lang / "cnn.xlsx")
    forward = book[catalogue(lang)("workbook.forward")]
    seconds = {"i_33": 1.0, "x_22": 3.0, "h_1": 4.0, "o_1": 5.0, "E": 6.0, "gradient": 9.0}
    for name, second in seconds.items():
        texts = list(film.seen(second))
        (n,) = [n for n, (of, _) in enumerate(texts) if of == "formula"]
        address, formula = texts[n - 2][1], texts[n][1]
        *sheet, cell = address.split("!")
        defined = "dE_df_22_image1" if name == "gradient" else f"{name}_image1"
        if name != "i_33":  # an input has its name on the sheet where it can be changed
            assert book.defined_names[defined].attr_text.replace("$", "").endswith(f"!{cell}")
        page = book[sheet[0].strip("'")] if sheet else forward
        kept = page[cell].value
        if lang == "fr":
            formula = formula.replace("SI(", "IF(").replace(";", ",")
        assert (name, formula) == (name, kept)


def sums(film, second):
    """The lines that end in "=", each with the number behind it."""
    texts = [text for _, text in film.seen(second)]
    for n, text in enumerate(texts[:-1]):
        if text.endswith("=") and re.search(r"\d [+−·]", text):
            yield text.rstrip("= ").rsplit("=", 1)[-1].rsplit("←", 1)[-1], texts[n + 1]


def calculated(text):
    """A sum of products as it is written: −0.9669 − 0.5 · (−0.01507)."""
    text = text.replace(",", ".").replace(" ", "")
    total = Decimal(0)
    for sign, product in re.findall(r"(^−?|[+−])((?:\(−[\d.]+\)|[\d.]+)(?:·(?:\(−[\d.]+\)|[\d.]+))*)", text):
        value = Decimal(-1 if sign == "−" else 1)
        for factor in product.split("·"):
            value *= Decimal(factor.strip("()").replace("−", "-"))
        total += value
    return total


def test_what_is_calculated_on_the_picture_is_true_to_the_last_digit(told):
    lang, film = told
    found = list(sums(film, SECONDS["update"]))
    assert [result for _, result in found] == [
        spelled(v, lang, d) for v, d in ((-0.03551, 5), (-0.01507, 5), (-0.9594, 4))
    ]
    for text, result in found:
        result = result.replace(",", ".").replace("−", "-")
        digits = len(result.partition(".")[2])
        assert abs(calculated(text) - Decimal(result)) <= Decimal(5).scaleb(-digits - 1), text
    assert calculated("−0,9669 − 0,5 · (−0,01507)") == Decimal("-0.959365")


def test_a_sum_that_rounding_makes_false_is_known():
    assert ShownSum((("1", "0.2739"), ("1", "-0.9669")), "-0.6930").is_true
    assert not ShownSum((("1", "0.2815"), ("1", "-0.9594")), "-0.6780").is_true
    assert ShownSum((("-0.9669",), ("-0.5", "-0.01507")), "-0.9594").is_true


def test_the_file_is_safe_and_small(told):
    lang, film = told
    assert len(film.svg.encode("utf-8")) <= 300_000
    assert {e.tag for e in film.root.iter()} <= {
        f"{SVG}{tag}" for tag in ("svg", "title", "desc", "style", "g", "rect", "circle", "path", "text", "tspan")
    }
    text, fonts = re.subn(r"url\(data:font/woff2;base64,[A-Za-z0-9+/=]+\)", "", film.svg)
    assert fonts == 3
    assert re.findall(r"\w*:?//[^\s\"]*|url\(", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"\son\w+=|javascript|@import|href", text)
    said = film.root.find(f"{SVG}desc").text
    assert all(spelled(v, lang, d) in said for v, d in ((-0.03551, 5), (-0.9594, 4), (0.0002, 4)))


def test_the_pictures_in_reports_are_these(told):
    lang, film = told
    kept = ROOT / "reports" / "pictures" / f"moving-{lang}.svg"
    assert kept.read_text("utf-8") == film.svg, f"symcnn picture --lang {lang} --out {kept}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_bytes_whatever_python_hashes(seed, tmp_path):
    out = tmp_path / "moving.svg"
    command = [sys.executable, "-m", "symcnn", "picture", "--out", str(out)]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": str(seed), "PATH": "/usr/bin"}, capture_output=True)
    assert out.read_bytes() == (ROOT / "reports" / "pictures" / "moving-en.svg").read_bytes()


# --- other networks, and other trainings ------------------------------------------------------------------------------


def other(input_shape, *layers, loss="half_squared_error", outputs=2, seed=0):
    network = Network(input_shape, layers, loss=loss)
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 2, (3, *input_shape)).astype(float)
    images[0].reshape(-1)[-1] = 1.0
    return network, Data(images, np.eye(outputs)[[0, 1, outputs - 1]])


DENSE = (Flatten(), Dense(2, activation="sigmoid"), Dense(2, activation="sigmoid"))
OTHERS = {
    "stride": other((4, 4), Conv2D(1, 2, stride=2, bias=False), *DENSE),
    "three neurons": other(
        (3, 3), Conv2D(1, 2), Flatten(), Dense(3, activation="tanh"), Dense(3, activation="sigmoid"), outputs=3
    ),
    "a bias, relu": other((3, 3), Conv2D(1, 2), Flatten(), Dense(2, activation="relu"), Dense(2, activation="sigmoid")),
    "mse, one row": other((1, 3), Conv2D(1, (1, 2), bias=False), *DENSE, loss="mse"),
}


@pytest.mark.parametrize("name", rest_slow(OTHERS, 2))
def test_a_network_that_fits(name):
    network, data = OTHERS[name]
    run = symcnn.train(network, data, learning_rate=0.5, steps=500, seed=3)
    film = Film(moving_picture(network, data, run))
    found = [*sums(film, SECONDS["update"]), *sums(film, None)]
    assert len(found) in (4, 6)  # a sum of one product is not written out
    for text, result in found:
        result = result.replace("−", "-")
        assert abs(calculated(text) - Decimal(result)) <= Decimal(5).scaleb(-1 - len(result.partition(".")[2])), text
    last = run.predict(data.images[:1])[0]
    seen = film.numbers(SECONDS["end"])
    decimals = len(next(iter(seen["E"])).partition(".")[2])
    for n, value in enumerate(last, 1):
        assert spelled(value, "en", decimals) in seen[f"o_{n}"]


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (Network((3, 3), [Conv2D(2, 2), *DENSE]), "one Conv2D with one filter, first"),
        (Network((3, 3), [Conv2D(1, 2), Flatten(), Dense(2, activation="sigmoid")]), "two Dense layers"),
        (Network((5, 5), [Conv2D(1, 2), *DENSE]), "an image of at most 4×4"),
        (Network((4, 4), [Conv2D(1, 2), *DENSE]), "a filter and a map of at most 2×2"),
        (Network((3, 3), [Conv2D(1, 2), Flatten(), Dense(5), Dense(2)]), "at most 3 neurons in each"),
        (Network((4,), [Dense(2), Dense(2)]), "an image without channels"),
        (Network((2, 3, 3), [Conv2D(1, 2), *DENSE]), "an image without channels"),
        (Network((3, 3), [Conv2D(1, 2, normalize=True), *DENSE]), "sums that are not divided"),
        (Network((3, 3), [Conv2D(1, 2), *DENSE], loss="cross_entropy"), "two Dense layers"),
    ],
)  # fmt: skip
def test_a_network_that_has_no_room_is_refused_in_one_line(network, expected):
    size = network.forward.targets.size
    data = Data(np.ones((1, *network.input_shape)), np.eye(size)[:1])
    run = symcnn.train(network, data, learning_rate=0.1, steps=2)
    with pytest.raises(InputError, match=re.escape(expected)) as error:
        moving_picture(network, data, run)
    assert "\n" not in str(error.value)


def test_a_training_without_a_first_step_is_refused(run):
    network, data = symcnn.article.network(), symcnn.article.images()
    with pytest.raises(InputError, match="at least 2"):
        moving_picture(network, data, symcnn.train(network, data, learning_rate=0.5, steps=1))
    with pytest.raises(InputError, match="different network"):
        moving_picture(OTHERS["stride"][0], OTHERS["stride"][1], run)


def test_the_command(tmp_path, capsys):
    out = tmp_path / "p.svg"
    main(["picture", "--out", str(out), "--lang", "fr", "--steps", "50"])
    assert capsys.readouterr().out.strip() == str(out)
    assert "50 itérations plus tard" in out.read_text("utf-8")
    with pytest.raises(SystemExit) as stop:
        main(["picture", str(ROOT / "examples" / "two_filters.toml"), "--out", str(out)])
    assert stop.value.code == 2
    with pytest.raises(SystemExit) as stop:
        main(["picture", "--out", str(tmp_path / "p.png")])
    assert stop.value.code == 2
    assert not (tmp_path / "p.png").exists()


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_it_moves_in_a_browser_and_stands_still_where_motion_is_unwanted(tmp_path):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
    path = ROOT / "reports" / "pictures" / "moving-en.svg"

    with chromium(tmp_path / "browser") as page:

        def looks(second=None, dark=False):
            page.open(path, width=960, height=670, dark=dark)
            if second is None:
                scheme = [{"name": "prefers-reduced-motion", "value": "reduce"}]
                page.call("Emulation.setEmulatedMedia", features=scheme)
                assert page.run("document.getAnimations().length") == 0
            else:
                moved = f"a.pause(); a.currentTime = {1000 * second}; return 1"
                assert page.run(f"document.getAnimations().map(a => {{{moved}}}).length") > 50
            page.picture(tmp_path / "p.png")
            return np.asarray(image.open(tmp_path / "p.png").convert("L"), dtype=float)

        light = {name: looks(second) for name, second in SECONDS.items()}
        light["still"], dark = looks(), looks(SECONDS["error"], dark=True)
        assert page.requests() == []
        assert page.complaints() == []
    for name, pixels in light.items():
        assert pixels[5, 480] == 255, name
        assert 0.02 < (pixels < 128).mean() < 0.2, name
    for a, b in pairwise(light):
        assert (abs(light[a] - light[b]) > 40).sum() > 100, (a, b)
    assert dark[5, 480] < 30
    assert 0.02 < (dark > 128).mean() < 0.2
