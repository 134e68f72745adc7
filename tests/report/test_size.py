"""Reports of real networks: every display decided, with the numbers of a pass, in few pages and little room."""

import re
import shutil
import subprocess
import time
from collections import Counter

import numpy as np
import pytest

import symcnn
from symcnn.errors import RefusedError
from symcnn.formula import tree
from symcnn.report import write_content
from symcnn.report.content import MAX_STEPS, MAX_WORK, default_steps, is_large
from symcnn.report.document import Figure, Note, Table
from symcnn.report.examination import examined
from symcnn.report.story import tell
from symcnn.reports import gather
from symcnn.text import catalogue
from tests.slow import rest_slow
from tests.tools.networks import from_seed

EN = catalogue("en")
PDFINFO = shutil.which("pdfinfo")


def network(size=10, filters=2):
    """A small CNN that is too large to be written out."""
    layers = [
        symcnn.Conv2D(filters, 3, padding=1),
        symcnn.Activation("relu"),
        symcnn.MaxPool2D(2),
        symcnn.Conv2D(filters, 2),
        symcnn.Flatten(),
        symcnn.Dense(8, "tanh"),
        symcnn.Dense(3),
    ]
    return symcnn.Network((size, size), layers, "cross_entropy")


def lenet():
    maps = [
        [symcnn.Conv2D(6, 5, padding=2), symcnn.Activation("relu"), symcnn.MaxPool2D(2)],
        [symcnn.Conv2D(16, 5), symcnn.Activation("relu"), symcnn.MaxPool2D(2)],
    ]
    dense = [part for n in (120, 84) for part in (symcnn.Dense(n), symcnn.Activation("relu"))]
    return symcnn.Network((28, 28), [*maps[0], *maps[1], symcnn.Flatten(), *dense, symcnn.Dense(10)], "cross_entropy")


def one_digit(net):
    """A blurred stroke on a flat ground, as a digit is."""
    size, _ = net.input_shape
    pixels = np.zeros((size, size))
    pixels[size // 5 : -size // 5, size // 2 - 1 : size // 2 + 2] = [0.5, 1, 0.25]
    return symcnn.Data(pixels[None], np.eye(net.outputs)[[1]])


@pytest.fixture(scope="module")
def content():
    net = network()
    return gather(net, one_digit(net), None, 0.05, None, 0)


def test_every_display_is_decided_and_every_chosen_entry_has_its_value(content):
    document = examined(tell(content, EN), content, EN)
    displays = list(document.displays())
    assert content.large
    assert content.one_pass.agrees
    assert all(display.evidence for display in displays)
    entries = [d for d in displays if isinstance(d.formula, tree.Equality) and len(d.formula.members) == 3]
    tensors = {e.target.tensor for e in content.derivation.equations}
    assert len({d.id.split("_")[0] for d in entries}) > 1
    assert len(entries) >= len(tensors)  # at least one of each equation
    for display in entries:
        *_, value = display.formula.members
        assert value.value == content.one_pass[value.key]


def test_of_many_layers_that_are_alike_only_the_first_has_several_entries():
    layers = [part for _ in range(9) for part in (symcnn.Conv2D(2, 3, padding=1), symcnn.Activation("relu"))]
    net = symcnn.Network((8, 8), [*layers, symcnn.Flatten(), symcnn.Dense(2)], "mse")
    content = gather(net, one_digit(net), None, 0.05, 1, 0)
    document = tell(content, EN)
    quantities = content.derivation.quantities
    entries = (quantities.of(d.id) for d in document.displays() if d.id in quantities)
    shown = Counter(quantity.tensor for quantity in entries if not quantity.is_adjoint)
    first, second, *others = net.forward.feature_maps  # the first slides over one channel
    assert min(shown[first], shown[second]) > 1
    assert {shown[tensor] for tensor in others} == {1}
    assert EN("story.convention_repeated") in str(document)
    figures = [block for block in document.blocks() if isinstance(block, Figure)]
    heights = {f.id: f.width * f.drawing.height / f.drawing.width for f in figures}
    assert max(heights.values()) == heights["filters"] == pytest.approx(1.25)  # it would be higher than a page
    assert all(display.evidence for display in examined(document, content, EN).displays())


def test_each_equation_stands_in_index_notation_once(content):
    ids = [d.id for d in tell(content, EN).displays()]
    for equation in content.derivation.equations:
        assert ids.count(f"{equation.target.tensor.name}_indexed") == 1


def test_what_is_said_of_every_layer_is_said_once(content):
    notes = [block for block in tell(content, EN).blocks() if isinstance(block, Note)]
    titles = [note.title for note in notes]
    assert len(set(titles)) == len(titles)
    assert {EN("note.flip_title"), EN("note.positions_title"), EN("note.padding_title")} <= set(titles)


def test_maps_filters_and_their_derivatives_are_pictures(content):
    figures = {block.id for block in tell(content, EN).blocks() if isinstance(block, Figure)}
    assert {"pass_i", "pass_x", "pass_a", "pass_p", "pass_xb", "pass_h", "pass_f", "pass_fb", "filters"} <= figures


def test_sizes_and_counts_are_those_of_the_equations(content):
    d = content.derivation
    [sizes] = [
        b for b in tell(content, EN).blocks() if isinstance(b, Table) and b.caption[:1] == (EN("sizes.caption"),)
    ]
    rows = {
        row[0][0] if len(row[0]) == 1 else row[0]: [cell[0] if cell else "" for cell in row[1:]] for row in sizes.rows
    }
    assert rows["feature map"] == ["2×10×10", "20", EN.number(2 * 100 * 9 + 200), EN.number(2 * 100 * 9 + 200)]
    *_, (_, _, parameters, forward, backward) = sizes.rows
    assert parameters == (EN.number(len(d.network.parameters)),)
    assert forward == (EN.number(symcnn.derivation.count_products(d.forward)),)
    assert backward == (EN.number(symcnn.derivation.count_products(d.backward)),)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_text_says_why_an_entry_was_chosen(content, lang):
    text = catalogue(lang)
    said = str(tell(content, text))
    for reason in ("corner", "middle", "gradient", "closed", "tie", "late"):
        assert repr(text(f"entry.{reason}"))[1:-1] in said, reason


@pytest.mark.parametrize(
    ("settings", "key"), [({"epochs": 2, "batch_size": 1}, "convention_trained"), ({"steps": 3}, "convention_steps")]
)
def test_of_a_training_that_is_handed_in_the_numbers_are_those_learnt(settings, key):
    net = network()
    run = symcnn.train(net, one_digit(net), learning_rate=0.1, **settings)
    content = gather(net, None, run, 0.1, None, 0)
    filters = content.one_pass.arrays[net.forward.parameters[0]]
    assert filters.ravel().tolist() == run.theta[: filters.size].tolist() != run.initial[: filters.size].tolist()
    assert EN(f"story.{key}").rsplit("}")[-1] in str(tell(content, EN))


def test_equations_that_are_too_large_to_be_decided_are_compared_in_numbers_or_not_shown(monkeypatch):
    monkeypatch.setattr("symcnn.proof.equations.MOST_POINTS", 10)
    net = network()
    content = gather(net, one_digit(net), None, 0.05, 1, 0)
    document = examined(tell(content, EN), content, EN)
    [display] = [d for d in document.displays() if d.id == "dE_df_indexed"]
    assert display.evidence.method == "agrees"
    assert EN("report.large_unknown") in str(document)
    bare = gather(net, None, None, 0.05, 1, 0)
    with pytest.raises(RefusedError, match="the adjoint equations are not proved: the equations have"):
        examined(tell(bare, EN), bare, EN)


def test_numbers_that_are_not_finite_are_left_out_and_the_text_says_so():
    net = network()
    theta = np.full(len(net.parameters), 1e200)
    run = symcnn.train(net, one_digit(net), steps=0, initial=theta)
    content = gather(net, None, run, 0.1, 0, 0)
    assert content.one_pass is None
    document = examined(tell(content, EN), content, EN)
    assert EN("report.pass_infinite") in str(document)


def test_a_training_of_the_report_s_own_is_short_where_the_network_is_large():
    derivation = symcnn.derive(lenet(), samples=1)
    assert is_large(derivation)
    assert default_steps(derivation, True) == MAX_STEPS
    many = symcnn.derive(lenet(), samples=100)
    assert 1 <= default_steps(many, True) < MAX_STEPS
    products = symcnn.derivation.count_products((*many.forward, *many.backward))
    assert default_steps(many, True) * 100 * products <= MAX_WORK
    assert default_steps(symcnn.derive(symcnn.article.network()), False) == 10_000


@pytest.mark.parametrize("seed", rest_slow(range(30), 3))
def test_any_network_can_be_told_as_a_large_one(seed, monkeypatch):
    """Every layer, setting and loss, with numbers and without: every display is decided."""
    monkeypatch.setattr("symcnn.report.content.MAX_FORMULAS", 0)
    net, theta, images, targets = from_seed(seed)
    text = catalogue(("en", "fr")[seed % 2])
    run = symcnn.train(net, (images, targets), steps=1, initial=theta, learning_rate=0.01)
    for data, training in (((images, targets), run), (None, None)):
        content = gather(net, data, training, 0.01, 1, 0)
        assert content.large
        assert (content.one_pass is None) == (data is None)
        assert all(d.evidence for d in examined(tell(content, text), content, text).displays())


@pytest.mark.slow
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_lenet_is_reported_in_four_formats(lang, tmp_path):
    pytest.importorskip("typst")
    net = lenet()
    start = time.process_time()
    content = gather(net, one_digit(net), None, 0.05, None, 0)
    files = write_content(content, [tmp_path / f"r.{ending}" for ending in ("md", "html", "tex", "pdf")], lang)
    assert time.process_time() - start < 20
    assert (tmp_path / "r.html").stat().st_size < 4_000_000
    assert sum(f.stat().st_size for f in files if f.suffix == ".svg") < 4_000_000
    if PDFINFO:
        told = subprocess.run([PDFINFO, tmp_path / "r.pdf"], capture_output=True, text=True, check=True).stdout
        assert int(re.search(r"Pages:\s+(\d+)", told)[1]) <= 40


@pytest.mark.slow
def test_one_wrong_entry_of_a_lenet_fails():
    net = lenet()
    content = gather(net, one_digit(net), None, 0.05, 1, 0)
    [tensor] = [t for t in content.one_pass.arrays if t.name == "dE_dp"]
    content.one_pass.arrays[tensor][3, 7, 7] += 1e-4
    with pytest.raises(RefusedError, match="the pass differs from the program or from dual numbers"):
        examined(tell(content, EN), content, EN)


def test_the_first_step_is_that_of_the_training(content):
    [steps] = [b for b in tell(content, EN).blocks() if isinstance(b, Table) and b.caption == (EN("story.steps_most"),)]
    [after] = content.run.parameters_after([1])
    stepped = dict(zip(content.derivation.network.parameters, after.tolist(), strict=True))
    assert len(steps.rows) == len(content.derivation.network.forward.parameters)
    for (name,), *_, (following,) in steps.rows:
        assert following.node.value == pytest.approx(stepped[name.node.of.name], rel=1e-12)
