"""The story of a derivation: the article's equations are all there, each confusion is answered, in both languages."""

import re
from dataclasses import fields, is_dataclass
from functools import cache

import numpy as np
import pytest

import symcnn
from symcnn import article
from symcnn.formula import Typography, tree
from symcnn.network import checked
from symcnn.numeric import ArrayProgram
from symcnn.report.content import chosen_steps
from symcnn.report.document import Code, Emphasis, Figure, InlineFormula, Link, Note, Table
from symcnn.report.story import tell
from symcnn.report.story.teller import sentence
from symcnn.reports import gather
from symcnn.text import Catalogue, catalogue
from tests.slow import rest_slow
from tests.tools.networks import digits, from_seed

EXAMPLES = ("network", "two_filters", "strided", "x_and_o")


@pytest.fixture(scope="module")
def content():
    return gather(article.network(), article.images(), None, 0.5, 200, 0)


@pytest.fixture(scope="module")
def documents(content):
    return {lang: tell(content, catalogue(lang)) for lang in ("en", "fr")}


@pytest.fixture(scope="module")
def displays(documents):
    return {d.id: d.formula for d in documents["en"].displays()}


def parts(thing):
    """Everything that a document is made of, from the outside in; of a figure its words, not its drawing."""
    yield thing
    if isinstance(thing, Figure):
        yield from parts((thing.caption, (thing.alternative,)))
    elif isinstance(thing, tuple):
        for item in thing:
            yield from parts(item)
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from parts(getattr(thing, field.name))


def texts(document):
    """Every piece of running text, every cell, every question."""
    for part in parts((document.title, document.lead, document.sections)):
        if isinstance(part, Note):
            yield part.title
        if (
            isinstance(part, tuple)
            and part
            and all(isinstance(x, str | Emphasis | Code | Link | InlineFormula) for x in part)
        ):
            yield from (x for x in part if isinstance(x, str))
            yield from (x.text for x in part if isinstance(x, Emphasis))


# --- what the article derives ----------------------------------------------------------------------------------------


def test_each_of_the_sixteen_derivatives_of_the_map_is_developed(displays, content):
    found = [f"dx_{kl}_df_{mn}" for kl in (11, 12, 21, 22) for mn in (11, 12, 21, 22)]
    for name in found:
        assert len(displays[name].members) == 5  # ∂x/∂f = ∂(sum)/∂f = Σ∂/∂f = 0 + 1·i + 0 + 0 = i
    i_21 = Typography(content.derivation.quantities, catalogue("en").words("word")).name("i_21")
    one, zero = tree.Number(1), tree.Number(0)
    assert displays["dx_11_df_21"].members[3] == tree.Sum((zero, zero, tree.Product((one, i_21)), zero))
    assert displays["dx_11_df_21"].members[4] == i_21


def test_all_twenty_four_gradients_stand_by_themselves(displays, content):
    assert {f"dE_d{name}" for name in content.derivation.names} <= displays.keys()
    assert {f"dE_d{name}_total" for name in content.derivation.network.parameters} <= displays.keys()


def test_every_derivative_on_the_way_is_there(displays):
    way = ["dE_do_1", "dE_do_2", "do_1_dz_o1", "do_2_dz_o2", "dE_dh_1", "dE_dh_2", "dh_1_dz_h1", "dh_2_dz_h2"]
    way += [f"dz_h{j}_dx_{kl}" for j in (1, 2) for kl in (11, 12, 21, 22)]
    way += [f"dz_h{j}_dw_x{kl}h{j}" for j in (1, 2) for kl in (11, 12, 21, 22)]
    way += [f"dz_o{k}_dh_{j}" for j in (1, 2) for k in (1, 2)] + [
        f"dz_o{k}_dw_h{j}o{k}" for j in (1, 2) for k in (1, 2)
    ]
    assert {*way, "E", "E_total", "chain_rule", "sigmoid", "sigmoid_derivative", "update"} <= displays.keys()


def test_the_map_hears_of_the_error_through_both_hidden_neurons(displays):
    through = displays["dE_dx_11"].members[1]
    assert isinstance(through, tree.Sum)
    assert [len(path.factors) for path in through.terms] == [3, 3]
    assert all(isinstance(f, tree.Under) for path in through.terms for f in path.factors)


def test_the_gradient_of_the_filter_is_a_convolution(displays):
    matrix, convolution = displays["dE_df_convolution"].members
    assert isinstance(convolution, tree.Convolution)
    assert len(convolution.image.rows) == 3
    assert len(matrix.rows) == len(convolution.filter.rows) == 2


def test_part_one_says_its_numbers(displays):
    assert displays["window_products"].members[-1] == tree.Number(7)
    assert displays["window_mean"].members[-1] == tree.Number(7 / 9, 2)
    shown = [f"{cell.value:.1f}" for cell in displays["map_diagonal"].members[-1].rows[1]]
    assert shown == ["-0.1", "1.0", "-0.1", "0.3", "-0.1", "0.1", "-0.1"]


def test_each_display_has_an_id_of_its_own(documents):
    for document in documents.values():
        ids = [display.id for display in document.displays()]
        assert len(ids) == len(set(ids)) > 130


def test_twenty_and_four_are_twenty_four(documents):
    assert all("20 + 4 = 24" in " ".join(texts(document)) for document in documents.values())


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_ten_confusions_are_answered(documents, lang):
    text = catalogue(lang)
    found = {block.title for block in documents[lang].blocks() if isinstance(block, Note)}
    asked = ("flip", "positions", "bias", "mean", "pooling", "sigmoid", "softmax_elsewhere", "shift", "fading",
             "transposes")  # fmt: skip
    assert found == {text(f"note.{key}_title") for key in asked}


# --- languages -------------------------------------------------------------------------------------------------------


def shape(part):
    """What both languages have in common: ids, blocks, numbers; not the words."""
    if isinstance(part, tuple):
        inner = [shape(item) for item in part]
        return [x for x in inner if x is not None]
    if isinstance(part, tree.Number):
        return part
    if isinstance(part, str | Emphasis | Code) or not is_dataclass(part):
        return None
    inner = [shape(getattr(part, field.name)) for field in fields(part)]
    return (type(part).__name__, getattr(part, "id", ""), *(x for x in inner if x not in (None, [])))


def formulas(document):
    return [(d.id, shape(d.formula)) for d in document.displays()]


def test_both_languages_tell_the_same(documents):
    english, french = documents["en"], documents["fr"]
    assert formulas(english) == formulas(french)
    assert [type(b) for b in english.blocks()] == [type(b) for b in french.blocks()]
    assert english.states == french.states


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_no_word_is_the_ascii_name_of_a_quantity(documents, content, lang):
    known = {*content.derivation.graph.inputs, *(v.name for v in content.derivation.graph), "E_total"}
    for words in texts(documents[lang]):
        assert not known - {"E"} & set(re.findall(r"\w+", words)), words
        assert not re.search(r"\b[a-zA-Z]+_\w", words), words


def test_a_sentence_takes_formulas_links_and_stress():
    texts = Catalogue("en", {"a": "{total} is *the sum*, **all** of `it`: {count}", "number": {"group": ","}})
    total = tree.Symbol("E", "", "total")
    assert sentence(texts, "a", total=total, count=3000) == (
        InlineFormula(total), " is ", Emphasis("the sum"), ", ", Emphasis("all", strong=True), " of ", Code("it"),
        ": 3,000",
    )  # fmt: skip
    with pytest.raises(KeyError):
        sentence(texts, "a", total=total)


# --- numbers ---------------------------------------------------------------------------------------------------------


def numbers(document):
    return [n for n in parts(document.sections) if isinstance(n, tree.Number) and n.key]


def test_every_number_with_a_key_is_that_of_the_first_step(documents):
    states = documents["en"].states
    assert states.steps[0] == states.shown == 0
    for number in numbers(documents["en"]):
        assert states.values[number.key][0] == number.value, number.key
    assert {n.key for n in numbers(documents["en"])} <= states.values.keys()


def test_the_states_walk_to_the_end_of_the_training(documents, content):
    states, run = documents["en"].states, content.run
    values = {str(key): row for key, row in states.values.items()}
    assert states.steps == tuple(chosen_steps(200))
    assert states.steps[-1] == 200
    for name, value in run.parameters.items():
        assert values[name][-1] == value
    assert values["E_total"] == pytest.approx([run.loss[step] for step in states.steps], rel=1e-12)
    gradient = symcnn.compile(run.network).loss_and_gradient(run.theta, run.data.images, run.data.targets)[1]
    found = [values[f"dE_d{name}"][-1] for name in run.network.parameters]
    np.testing.assert_allclose(found, gradient, rtol=1e-9)
    h, key = values["h_1_image1"], values["dh_1_dz_h1_image1"]
    assert key == pytest.approx([v * (1 - v) for v in h])


def test_the_next_value_is_one_step_further(documents, content):
    values, run = {str(k): row for k, row in documents["en"].states.values.items()}, content.run
    assert documents["en"].states.steps[1] == 1
    for name in run.network.parameters:
        assert values[f"{name}_next"][0] == pytest.approx(values[name][1], rel=1e-12)


# --- any network -----------------------------------------------------------------------------------------------------


@cache
def example(name):
    net, data = symcnn.read_network(f"examples/{name}.toml")
    return gather(net, data, None, 0.1, 20, 0)


@pytest.mark.parametrize("name", rest_slow(EXAMPLES))
def test_an_example_has_its_story(name):
    content = example(name)
    english, french = (tell(content, catalogue(lang)) for lang in ("en", "fr"))
    assert formulas(english) == formulas(french)
    ids = [d.id for d in english.displays()]
    assert len(ids) == len(set(ids))
    assert "dE_df_11" in ids or "dE_df_111" in ids
    assert not any(re.search(r"\b[a-zA-Z]+_\w", words) for words in texts(english))


@pytest.mark.parametrize("seed", rest_slow(range(5)))
def test_a_random_network_has_its_story(seed):
    net, theta, images, targets = from_seed(seed)
    run = symcnn.train(net, (images, targets), initial=theta, steps=2, learning_rate=0.1)
    content = gather(net, None, run, 0.1, 2, 0)
    document = tell(content, catalogue("en"))
    ids = [d.id for d in document.displays()]
    assert len(ids) == len(set(ids))
    sections = [part.id for part in parts(document.sections) if type(part).__name__ == "Section"]
    drawn = [part.id for part in parts(document.sections) if type(part).__name__ == "Figure"]
    assert len({*drawn, *ids, *sections}) == len(drawn) + len(ids) + len(sections)
    for number in numbers(document):
        assert np.isfinite(number.value)


def test_without_data_there_are_no_numbers():
    document = tell(gather(article.network(), None, None, 0.5, 1, 0), catalogue("en"))
    assert not numbers(document)
    assert document.states is None
    assert "dE_df_11" in {d.id for d in document.displays()}


def test_a_softmax_collapses_to_probability_minus_target():
    document = tell(example("two_filters"), catalogue("en"))
    assert "dE_do_found" in {d.id for d in document.displays()}
    asked = {block.title for block in document.blocks() if isinstance(block, Note)}
    assert {catalogue("en")("note.softmax_title"), catalogue("en")("note.pooling_title")} <= asked


def test_a_map_of_one_cell_has_its_story():
    net = symcnn.Network((2, 2), [symcnn.Conv2D(1, 2), symcnn.Dense(1)])
    document = tell(gather(net, None, None, 0.5, 1, 0), catalogue("en"))
    assert {"dE_df_convolution", "dE_dx_11"} <= {d.id for d in document.displays()}


def test_labels_stay_words():
    data = article.images()
    odd = symcnn.Data(data.images, data.targets, ["a_b*", "{x} `y`"])
    document = tell(gather(article.network(), odd, None, 0.5, 2, 0), catalogue("en"))
    assert any("{x} `y`" in words for words in texts(document))


def test_a_window_that_leaves_the_image_is_no_plain_convolution():
    plain, padded = (
        symcnn.Network((3, 3), [symcnn.Conv2D(1, 2, padding=padding), symcnn.Dense(1)]) for padding in (0, "same")
    )
    found = [
        {d.id for d in tell(gather(net, None, None, 0.5, 1, 0), catalogue("en")).displays()} for net in (plain, padded)
    ]
    assert ["dE_df_convolution" in ids for ids in found] == [True, False]
    assert all("flipped_x" in ids for ids in found)


def test_the_largest_gradients_are_those_of_the_images_in_the_report():
    """Of a training on many images one is shown: its gradients, and no array over all of them."""
    rng, net = np.random.default_rng(0), digits()
    data = symcnn.Data(rng.uniform(size=(30, 8, 8)), rng.integers(0, 10, 30))
    run = symcnn.train(net, data, epochs=1, backend="numpy")
    document = tell(gather(net, data[4], run, 0.5, 1, 0), catalogue("en"))
    tables = [part for part in parts(document) if isinstance(part, Table)]
    [table] = [t for t in tables if "largest gradient" in str(t.head)]
    for column, theta in ((1, run.initial), (2, run.theta)):
        gradient = ArrayProgram(net).loss_and_gradient(theta, *checked(net, data[4]))[1]
        largest = [row[column][0].node.value for row in table.rows]
        cuts = np.cumsum([p.size for p in net.forward.parameters])[:-1]
        assert largest == pytest.approx([np.abs(part).max() for part in np.split(gradient, cuts)])
