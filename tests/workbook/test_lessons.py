"""What Inputs, Forward and Backward show beyond the passes: it is computed from live cells, and it is right."""

import re
from itertools import pairwise

import numpy as np
import openpyxl
import pytest

import symcnn
from symcnn.symbolic import entries
from symcnn.text import catalogue
from symcnn.workbook.book import Book, StyledSheet
from symcnn.workbook.sheets.passes import ContributionSection
from symcnn.workbook.training_plan import MAX_SHOWN, TrainingPlan
from tests.slow import rest_slow
from tests.tools.networks import from_seed
from tests.tools.recalculate import by_formualizer, by_office, named, needs_office, set_cells

STEPS, STEP = 8, 5


class Shown:
    """A workbook at a step, recalculated, with the plan that says where everything stands."""

    def __init__(self, net, data, folder, lang="en", changes=None, **settings):
        self.net, self.data = net, (data.images, data.targets)
        self.run = symcnn.train(net, data, steps=STEP, seed=3, **settings)
        book = symcnn.export_workbook(net, data, folder / "a.xlsx", steps=STEPS, seed=3, lang=lang, **settings)
        self.plan = TrainingPlan(symcnn.derive(net, len(data.images)), len(data.images), STEPS, catalogue(lang))
        self.path = set_cells(book, {"step_shown": STEP, **(changes or {})}, folder / "b.xlsx")
        self.values = by_formualizer(self.path)
        self.places = named(self.path)

    def __getitem__(self, cell):
        return self.values[cell.sheet, cell.local]

    def number(self, name):
        return float(self.values[self.places[name]])


def article(folder, lang="en", changes=None):
    return Shown(symcnn.article.network(), symcnn.article.images(), folder, lang, changes)


def two_filters(folder):
    net, data = symcnn.read_network("examples/two_filters.toml")
    return Shown(net, data, folder, learning_rate=0.1)


@pytest.fixture(scope="module", params=rest_slow([article, two_filters]))
def shown(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("shown"))


def test_the_network_answers_for_the_readers_image(shown, tmp_path):
    """Any image, at the step shown: the outputs are predict's, and the verdict is the largest of them."""
    plan, rng = shown.plan, np.random.default_rng(0)
    image = rng.uniform(size=shown.data[0][0].shape)
    cells = plan.desk.pixels(plan.images).values()
    changes = {f"{c.sheet}!{c.local}": float(v) for c, v in zip(cells, image.ravel(), strict=True)}
    path = set_cells(shown.path, changes, tmp_path / "other.xlsx")
    values = by_formualizer(path)
    outputs = entries(shown.net.forward.outputs)
    wanted = symcnn.compile(shown.net).forward(shown.run.theta, image[None])[shown.net.forward.outputs.name][0]
    for name, cell, value in zip(outputs, plan.desk.outputs(plan.images), wanted.ravel(), strict=True):
        assert float(values[cell.sheet, cell.local]) == pytest.approx(value, rel=1e-12, abs=1e-14), name
        own = plan.own[name]
        assert values[own.sheet, own.local] == values[cell.sheet, cell.local]
    largest = plan.desk.outputs(plan.images)[int(np.argmax(wanted))]
    name = openpyxl.load_workbook(path)[largest.sheet].cell(largest.row + 1, largest.column).value
    assert values[plan.verdict.sheet, plan.verdict.local] == name


@pytest.mark.slow
def test_the_article_names_what_the_largest_output_stands_for(tmp_path):
    found = article(tmp_path, "fr")
    row = [c.local for c in found.plan.desk.outputs(2)]
    sheet = openpyxl.load_workbook(found.path)["Entrées"]
    assert [sheet.cell(sheet[c].row + 1, sheet[c].column).value for c in row] == ["croix", "rond"]
    assert found[found.plan.verdict] in ("croix", "rond")


@pytest.mark.slow
def test_the_readers_image_is_not_learnt_from(tmp_path):
    plain, drawn = (tmp_path / "plain"), (tmp_path / "drawn")
    plain.mkdir()
    drawn.mkdir()
    before = article(plain)
    cell = next(iter(before.plan.desk.pixels(2).values()))
    after = article(drawn, changes={f"{cell.sheet}!{cell.local}": 0.37})
    first = before.plan.derivation.quantities.of("o_1")
    assert before.number("E_total") == after.number("E_total")
    assert before[before.plan.own[first]] != after[after.plan.own[first]]


def section(shown):
    plan, book = shown.plan, openpyxl.load_workbook(shown.path)
    return ContributionSection(plan, StyledSheet(Book(catalogue("en")), book[plan.sheet("backward")]))


def test_what_the_positions_add_is_the_gradient(shown):
    """For each image and for E_total: the visible sum, and the convolution of I with ∂E/∂X."""
    places, sheet = section(shown), shown.plan.sheet("backward")
    columns = openpyxl.utils.get_column_letter
    for image, number in zip(places.columns, [*range(1, shown.plan.images + 1), None], strict=True):
        for column, weight in zip(image, places.shares.weights, strict=True):
            wanted = pytest.approx(shown.number(weight.adjoint.of_image(number).name), rel=1e-12, abs=1e-14)
            rows = range(places.top, places._sum_row)
            parts = [shown.values.get((sheet, f"{columns(column)}{row}"), 0) for row in rows]
            assert sum(map(float, parts)) == wanted, weight
            assert float(shown.values[sheet, f"{columns(column)}{places._sum_row}"]) == wanted, weight
            assert float(shown.values[sheet, f"{columns(column)}{places._sum_row + 1}"]) == wanted, weight


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:with learning_rate:symcnn.errors.SymcnnWarning")
@pytest.mark.filterwarnings("ignore:the loss rose")
def test_a_window_with_holes_is_no_plain_convolution(tmp_path):
    """With a stride the positions are listed, but there is no range of cells to lay ∂E/∂X over."""
    net = symcnn.Network((5, 5), [symcnn.Conv2D(1, 3, stride=2), symcnn.Dense(1)])
    found = Shown(net, symcnn.Data(np.ones((1, 5, 5)), np.ones((1, 1))), tmp_path)
    places, sheet = section(found), openpyxl.load_workbook(found.path)["Backward"]
    column = places.columns[0][0]
    assert sheet.cell(places._sum_row, column).value.startswith("=SUM(")
    assert sheet.cell(places._sum_row + 1, column).value is None


def put_in(shown, quantity, image):
    cell = shown.plan.total(quantity)
    column = openpyxl.utils.get_column_letter(shown.plan.numbers_column)
    text = shown.values[cell.sheet, f"{column}{cell.row + image}"]
    return re.sub(r"^\d+\s?: ", "", text)


def test_the_numbers_put_in_give_the_gradient(shown):
    """Read as arithmetic, the text is the gradient to three digits, at the step shown."""
    count = 0
    for quantity in shown.plan.derived:
        for image in range(shown.plan.number_lines):
            text = put_in(shown, quantity, image)
            if "…" in text:
                assert len(shown.plan.derivation.graph[quantity.adjoint].products) > MAX_SHOWN
                continue
            assert re.fullmatch(r"[-0-9.+×/() e]+", text), text
            value = shown.number(quantity.adjoint.of_image(image + 1).name)
            assert eval(text.replace("×", "*"), {"__builtins__": {}}) == pytest.approx(value, abs=1e-3), quantity
            count += 1
    assert count >= shown.plan.number_lines * 20


@pytest.mark.slow
def test_of_a_long_sum_the_ends_are_shown(tmp_path):
    found = two_filters(tmp_path)
    text = put_in(found, found.plan.derivation.quantities.of("f_111"), 0)
    assert text.count(" + ") == MAX_SHOWN
    assert " + … + " in text


@pytest.mark.parametrize("seed", rest_slow([1, 0]))
def test_any_network_says_its_numbers(seed, tmp_path):
    """Whatever a formula is made of (gates, maxima, quotients): a text, no error, and short enough."""
    net, theta, images, targets = from_seed(seed)
    path = symcnn.export_workbook(net, (images, targets), tmp_path / "a.xlsx", initial=theta, steps=1)
    plan = TrainingPlan(symcnn.derive(net, len(images)), len(images), 1, catalogue("en"))
    values = by_formualizer(path)
    column = openpyxl.utils.get_column_letter(plan.numbers_column)
    for quantity in plan.derived:
        text = values[plan.total(quantity).sheet, f"{column}{plan.total(quantity).row}"]
        assert isinstance(text, str)
        assert "#" not in text


@pytest.mark.slow
@needs_office
def test_libreoffice_says_the_same_numbers(tmp_path):
    found = article(tmp_path)
    office = by_office(found.path, tmp_path)
    for quantity in found.plan.derived:
        cell, column = found.plan.total(quantity), openpyxl.utils.get_column_letter(found.plan.numbers_column)
        place = (cell.sheet, f"{column}{cell.row}")
        assert office[place] == found.values[place]


def test_a_weight_stands_under_what_it_multiplies(shown):
    """Above each column of weights: the value that the neuron's formula takes with it, a 1 over the bias."""
    plan, book = shown.plan, openpyxl.load_workbook(shown.path)
    sheet = book[plan.sheet("forward")]
    assert plan.band.above
    for above in plan.band.above:
        for quantity in entries(above.target):
            formula = sheet[plan.forward[0][quantity].local].value
            assert re.fullmatch(r"=SUMPRODUCT\(\w+:\w+,\w+:\w+\)", formula)
            weights, inputs = re.findall(r"\w+:\w+", formula)
            pairs = zip(sheet[weights][0], sheet[inputs][0], strict=True)
            assert all(w.column == i.column for w, i in pairs)
            assert sheet[inputs][0][-1].value == "=1"


def test_no_two_sections_meet(shown):
    """Bands, shares and totals follow each other with room between."""
    plan = shown.plan
    starts = [plan.band_row(m) for m in range(plan.images + 1)] + [plan.totals_row, plan.totals_end]
    assert all(a < b for a, b in pairwise(starts))
    assert plan.own_row > plan.error_total.row
