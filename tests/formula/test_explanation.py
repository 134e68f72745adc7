"""Explanations: every number of the graph that trained, its formula, the same with numbers, and its neighbours."""

import math
import re
import sys

import numpy as np
import pytest

import symcnn
from symcnn.explain import Question, explain_number
from symcnn.formula import WORDS, Plain, Typography, name_as_written
from symcnn.numeric import initial_values
from symcnn.numeric.values import values_of_images
from symcnn.symbolic import entries
from tests.slow import rest_slow
from tests.tools.golden import networks
from tests.tools.networks import from_seed, lenet


@pytest.mark.slow
@pytest.mark.parametrize("step", [7, 0])
def test_every_quantity_of_every_image_can_be_asked_for(net, data, derivation, step):
    run = symcnn.train(net, data, steps=step)
    for image, values in enumerate(values_of_images(derivation, run.theta, data), 1):
        for name in (*derivation.graph.forward, *derivation.graph.backward):
            found = explain_number(net, data, Question(f"{name}_image{image}", step))
            assert found.value == values[name], name
            assert dict(found.rests_on) is not None
            assert str(found).count("\n") >= 2
            assert {v for _, v in found.rests_on} == {
                values[s.name] for s in derivation.graph[name].symbols()
            }  # what it rests on, with its numbers


def test_totals_add_the_images(net, data):
    loss, gradient = symcnn.compile(net).loss_and_gradient(
        symcnn.train(net, data, steps=3).theta, data.images, data.targets
    )
    assert abs(explain_number(net, data, Question("E_total", 3)).value - loss) < 1e-15
    for name, wanted in zip(net.parameters, gradient, strict=True):
        assert abs(explain_number(net, data, Question(f"dE_d{name}", 3)).value - wanted) < 1e-15


def test_a_parameter_is_explained_by_its_last_step(net, data):
    for step in (1, 5):
        theta = symcnn.train(net, data, steps=step, learning_rate=0.7, seed=4).parameters
        for name in ("f_12", "b_o2"):
            found = explain_number(net, data, Question(name, step), learning_rate=0.7, seed=4)
            assert abs(found.value - theta[name]) < 1e-15
            assert "η" in str(found)
    start = explain_number(net, data, Question("f_12"), seed=4)
    assert start.value == np.random.default_rng(4).uniform(-1, 1, 20)[1]
    assert "seed 4" in str(start)


def test_what_is_printed(net, data):
    text = str(explain_number(net, data, Question("dE_df_12", image=1)))
    lines = text.split("\n")
    assert lines[0] == "∂E/∂f₁₂ = ∂E/∂x₁₁ · i₁₂ + ∂E/∂x₁₂ · i₁₃ + ∂E/∂x₂₁ · i₂₂ + ∂E/∂x₂₂ · i₂₃"
    assert lines[1].strip() == "= (−0.0227524) × 0 + (−0.00873711) × 1 + (−0.00737859) × 1 + (−0.0127553) × 0"
    assert lines[2].strip() == "= −0.0161157"
    assert lines[4] == "used in ∂E_total/∂f₁₂"
    french = str(explain_number(net, data, Question("h_1"), lang="fr"))
    assert "calculé à partir de h_1,préactivation = −0,571447" in french
    assert "∂E/∂h_1,préactivation" in french


def test_the_numbers_put_in_give_the_result(net, data):
    """The middle line is computed again, as a reader would."""
    for name in ("x_11", "z_h1", "dE_dh_2", "dE_dz_o1", "dE_dx_21", "E"):
        found = explain_number(net, data, Question(name, 2, 2))
        line = str(found).split("\n")[1].strip("= ")
        readable = line.replace("−", "-").replace("×", "*").replace("·", "*").replace("²", "**2")
        assert re.fullmatch(r"[-+*/(). 0-9]+", readable)
        assert abs(eval(readable) - found.value) < 1e-4 * max(1, abs(found.value)), name


def test_gradients_explain_themselves(derivation):
    values = dict.fromkeys(derivation.graph.inputs, 0.5)
    found = derivation["f_11"].explain(values)
    assert found.name == "dE_df_11"
    assert found._repr_latex_().startswith("$$")
    with pytest.raises(symcnn.InputError, match="i_11 is missing"):
        derivation["f_11"].explain({})


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (Question("nope"), "'nope': no such quantity; expected one of 77 names, such as f_11"),
        (Question("x_11", image=3), "image 3: expected a whole number from 1 to 2"),
        (Question("x_11_image0"), "image 0"),
        (Question("x_11_imagetwo"), "_image1"),
        (Question("x_11_image"), "_image1"),
        (Question("x_11_image²"), "_image1"),
        (Question("x_11_image2", image=1), "names image 2, and image 1 is asked for"),
        (Question("f_12_image2"), "belongs to no single image"),
        (Question("E_total", image=1), "belongs to no single image"),
        (Question("x_11", step=-1), "steps=-1"),
    ],
)
def test_questions_that_have_no_answer(net, data, question, message):
    with pytest.raises(symcnn.InputError, match=re.escape(message)):
        explain_number(net, data, question)


def test_what_jupyter_shows(net, data, derivation):
    assert derivation["f_12"]._repr_latex_().count("\\cr") == 1
    assert derivation._repr_latex_().count("\\cr") == 23
    table = derivation._repr_html_()
    assert table.count("<tr>") == 25
    assert '<td style="text-align:left">b_h1</td><td style="text-align:left">∂E_total/∂b_h1</td>' in table
    proof = derivation.prove()
    assert repr(proof) == "Proof(24 of 24 proved)"
    assert proof._repr_html_().count("<tr>") == 25
    run = symcnn.train(net, data, steps=3)
    assert "cross" in run._repr_html_()
    net = symcnn.Network((4, 4), [symcnn.Conv2D(2, 3), symcnn.Dense(2)], "cross_entropy")
    assert "∂E_total/∂f[k, p, q]" in symcnn.derive(symcnn.Network((9, 9), net.layers))._repr_html_()
    images, names = np.random.default_rng(0).uniform(size=(200, 4, 4)), ["<script>", "R&D"] * 100
    page = symcnn.train(net, images, names, epochs=2)._repr_html_()
    assert ("<script>" in page, page.count("&lt;script&gt;"), page.count("R&amp;D")) == (False, 6, 6)
    assert "188 more samples" in page
    assert len(page) < 3_000
    assert page.count("<tr>") == 3 + 13


def test_a_run_is_explained_with_value_and_gradient(net, data):
    run = symcnn.train(net, data, steps=40, seed=3, reduction="mean")
    before, after = run.parameters_after((4, 5))
    _, slope = symcnn.compile(net).loss_and_gradient(after, data.images, data.targets)
    for n in (1, 4, 14, 18):
        name = net.parameters[n]
        found = symcnn.explain(name, run, step=5)
        assert (found.value, found.gradient.name) == (after[n], f"dE_d{name}")
        assert math.isclose(found.gradient.value, slope[n] / 2, rel_tol=1e-12)
        assert found.rests_on[0][1] == before[n]
        assert symcnn.explain(name, run).value == run.theta[n]
    assert math.isclose(symcnn.explain("E_total", run).value, run.loss[-1], rel_tol=1e-12)
    values = list(values_of_images(symcnn.derive(net), run.theta, data))
    for image in (1, 2):
        found = symcnn.explain("h_2", run, image=image)
        assert math.isclose(found.value, values[image - 1]["h_2"])
        assert math.isclose(found.gradient.value, values[image - 1]["dE_dh_2"])
        assert str(found) == f"{symcnn.explain(f'h_2_image{image}', run)}"
        assert "\n\n∂E/∂h_2,activation = " in str(found)
        assert found.latex.count("aligned") == 4
    for name in ("dE_df_12", "E_total", "E", "i_11", "t_1"):
        assert symcnn.explain(name, run).gradient is None
    assert str(symcnn.explain("f_12", run, step=0)).split("\n")[1] == "    = (initial value)"


def test_a_run_by_epochs_is_explained_at_its_ends(net, data):
    run = symcnn.train(net, data, batch_size=2, epochs=30, optimizer="adam", learning_rate=2, patience=2)
    assert run.last is not None
    found = symcnn.explain("f_12", run, lang="fr")
    assert (found.value, run.best_epoch) == (run.parameters["f_12"], run.measured.number)
    assert f"(valeur obtenue après {run.best_epoch} époques)" in str(found)
    assert symcnn.explain("f_12", run, step=0).value == run.initial[1]


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        (("f_12",), {"step": 4}, "step=4: expected at most 3, the steps of the run"),
        (("f_12",), {"step": -1}, "step=-1: expected a whole number, at least 0"),
        (("f_12",), {"image": 2}, "belongs to no single image"),
        (("f_13",), {}, "'f_13': no such quantity; expected one of"),
        (
            (3,),
            {},
            'explain(int, Run): expected the name of a quantity and a run of symcnn.train, such as explain("f_12"',
        ),
    ],
)
def test_what_a_run_cannot_answer(net, data, arguments, settings, message):
    run = symcnn.train(net, data, steps=3)
    with pytest.raises(symcnn.InputError, match=re.escape(message)):
        symcnn.explain(*arguments, run, **settings)
    with pytest.raises(symcnn.InputError, match=re.escape("step=2: the run was trained by epochs")):
        symcnn.explain("f_12", symcnn.train(net, data, epochs=3), step=2)
    with pytest.raises(symcnn.InputError, match=re.escape("explain(Run, str)")):
        symcnn.explain(run, "f_12")


@pytest.mark.parametrize("seed", rest_slow([1, 3, 4, 6]))
def test_quantities_of_any_network_can_be_asked_for(seed):
    """Maxima, kinks, softmax and its pieces: value, formula and numbers, in both languages."""
    net, theta, images, targets = from_seed(seed)
    derivation = symcnn.derive(net, len(images))
    values = next(iter(values_of_images(derivation, theta, (images, targets))))
    for lang in ("en", "fr"):
        for variable in derivation.graph.backward.values():
            found = derivation[variable.name].explain(values, lang)
            assert found.value == values[variable.name]
            assert {v for _, v in found.rests_on} == {values[s.name] for s in variable.symbols()}
            assert str(found)
            assert "\\\\" not in found.latex


def test_a_kink_and_a_maximum_show_their_conditions_with_numbers():
    net = symcnn.Network((2, 2), [symcnn.Conv2D(1, 1), symcnn.MaxPool2D(2), symcnn.Dense(1)])
    derivation = symcnn.derive(net)
    values = dict.fromkeys(derivation.graph.inputs, 1.0) | {
        "i_11": 0.25,
        "i_12": 0.5,
        "i_21": 0.5,
        "t_1": 0.0,
        "b_x1": 0.0,
    }
    lines = str(derivation["x_12"].explain(values)).split("\n")
    assert lines[0] == "∂E/∂x₁₂ = ∂E/∂p₁₁ · [x₁₂ = p₁₁, x₁₁ < p₁₁]"
    assert lines[1].strip() == "= 2 · [0.5 = 1, 0.25 < 1]"
    assert lines[2].strip() == "= 0"


def names_by_what_is_written(graph):
    """Every quantity's name by what symcnn writes for it, the last of those that are written alike."""
    names = {}
    for total in ("", "total"):
        typography = Typography(graph.quantities, {word: word for word in WORDS}, total)
        for quantity in entries(*graph.tensors):
            for differentiated in (False, True):
                names[Plain().emit(typography.name(quantity, differentiated))] = quantity.name
    return names


@pytest.mark.parametrize("name", rest_slow(networks(), 15))
def test_a_quantity_is_known_as_symcnn_writes_it(name):
    graph = symcnn.derive(networks()[name]()[0]).graph
    for text, wanted in names_by_what_is_written(graph).items():
        assert name_as_written(graph, text) == wanted
    for text in ("nope", "x_999", "w_x11-h", "∂E/∂", "", "x₀₀", "x_1١"):
        assert name_as_written(graph, text) is None


def test_a_number_of_a_large_network_is_explained_without_a_training_or_the_graph(monkeypatch):
    net, rng = lenet(), np.random.default_rng(0)
    data = rng.uniform(size=(2, 28, 28)), np.eye(10)[[3, 5]]

    def refuse(*_, **__):
        raise AssertionError("it trains")

    monkeypatch.setattr(sys.modules["symcnn.explain"], "train", refuse)
    loss, gradient = symcnn.compile(net).loss_and_gradient(initial_values(net, 0), *data)
    assert math.isclose(explain_number(net, data, Question("E_total")).value, loss, rel_tol=1e-12)
    for name in ("f_111", "fb_01111", "w_hb84-o10", "b_x6"):
        found = explain_number(net, data, Question(f"dE_d{name}" if "-" not in name else f"∂E/∂{name}"))
        place = net.parameters.index(name.replace("-", ""))
        assert math.isclose(found.value, gradient[place], rel_tol=1e-9), name
    text = str(explain_number(net, data, Question("dE_df_111", image=2)))
    assert text.count("·") == 100
    assert ", … (" in text
    feeds = explain_number(net, data, Question("f_111")).feeds
    assert [Plain().emit(feeds[n]) for n in (0, 575)] == ["x₁₀₁₀₁", "x₁₂₄₂₄"]
    assert len(feeds) == 24 * 24
    monkeypatch.undo()
    before, after = (explain_number(net, data, Question("b_o06", step), learning_rate=1e-3).value for step in (0, 1))
    assert before != after


def test_a_long_chain_rule_is_shortened_in_a_notebook():
    net = symcnn.Network((14, 14), [symcnn.Conv2D(1, 2), symcnn.Flatten(), symcnn.Dense(1)])
    shown = symcnn.derive(net)["f_11"]._repr_latex_()
    assert shown.count("\\ldots") == 2  # through the feature map, then with the pixels
    assert ["x_{0808}" in shown, "x_{0809}" in shown, "x_{1313}" in shown] == [True, False, True]
