import numpy as np
import pytest
import sympy
from hypothesis import given

import symcnn
from symcnn.derivation import derive
from tests.tools.networks import differentiable, lenet


def test_every_form_of_one_gradient(derivation):
    g = derivation["f_12"]
    names = {s.name for s in g.formula.free_symbols}
    assert names == {f"dE_dx_{n}" for n in (11, 12, 21, 22)} | {"i_12", "i_13", "i_22", "i_23"}
    assert not {s.name for s in g.expression.free_symbols if s.name.startswith("dE")}
    assert {s.name[0] for s in derivation["f_12"].expanded.free_symbols} == set("ifwbt")
    assert {s.name.rpartition("_")[2] for s in g.total.free_symbols} == {"image1", "image2"}
    assert sum(s.name.startswith("dE_dx_11") for s in g.total.free_symbols) == 2


def test_a_feature_maps_cell_belongs_to_one_image(derivation):
    first, second = derivation["x_11"].total
    assert {s.name for s in first.free_symbols} == {"dE_dz_h1_image1", "dE_dz_h2_image1", "w_x11h1", "w_x11h2"}
    assert second == derivation.of_image(derivation["x_11"].formula, 2)


def test_the_total_adds_as_many_images_as_there_are(net):
    assert len(derive(net, samples=3)["x_11"].total) == 3
    for samples in (0, 1.5):
        with pytest.raises(symcnn.InputError, match="samples="):
            derive(net, samples=samples)


def test_the_steps_are_the_chain_rule_from_the_error_down(derivation):
    steps = derivation["f_12"].steps
    known = {"E"}
    for step in steps:
        for term in step.terms:
            assert term.through in known
        known.add(step.variable)
        rebuilt = sympy.Add(
            *(sympy.Mul(*([sympy.Symbol(t.adjoint)] if t.adjoint else []), *t.local) for t in step.terms)
        )
        assert rebuilt == step.expression
    assert steps[-1].variable == "f_12"
    assert [t.through for t in steps[-1].terms] == ["x_11", "x_12", "x_21", "x_22"]
    assert str(steps[0]) == "dE_do_1 = o_1 - t_1"


def test_other_adjoints_have_names_too(derivation):
    assert derivation["o_1"].formula == sympy.Symbol("o_1") - sympy.Symbol("t_1")
    assert derivation["dE_dh_1"].formula == derivation["h_1"].formula
    for unknown in ("i_11", "t_1", "f_99"):
        with pytest.raises(KeyError, match="expected one of"):
            derivation[unknown]
    with pytest.raises(KeyError):
        derivation.gradients["h_1"]  # only the 24


@pytest.mark.slow
def test_the_closed_form_is_the_derivative_of_the_substituted_error(derivation):
    """Against SymPy's own diff of the fully substituted error, at 30 digits."""
    error = derivation.in_inputs("E").rewrite(sympy.exp)
    rng = np.random.default_rng(5)
    values = {s: sympy.Float(float(rng.uniform(-1, 1)), 30) for s in sorted(error.free_symbols, key=str)}
    for name in ("f_12", "w_x11h1", "b_h2", "w_h2o1", "b_o1"):
        expected = error.diff(sympy.Symbol(name)).evalf(30, subs=values)
        found = derivation[name].expanded.rewrite(sympy.exp).evalf(30, subs=values)
        assert abs(found - expected) < sympy.Float("1e-25")


def test_operations_are_counted_and_few(derivation):
    forward, backward = derivation.operations
    assert 2 * forward + 1 == 151
    assert 2 * (forward + backward) + 1 + 20 <= 324


def test_a_cell_that_nothing_reads_has_derivative_zero():
    net = symcnn.Network((4, 4), [symcnn.Conv2D(1, 1, bias=False), symcnn.AvgPool2D(1, stride=3), symcnn.Dense(1)])
    d = symcnn.derive(net)
    assert d["x_22"].formula == 0
    assert d["x_11"].formula != 0
    assert d.prove().ok


@given(differentiable())
def test_the_gradient_costs_little_more_than_the_forward_pass(case):
    forward, backward = symcnn.derive(case[0]).operations
    assert backward <= 4 * max(forward, 1)


def test_evaluate_gives_every_image_its_own_value(derivation, data):
    from tests.tools.oracles import article_gradients

    theta = np.random.default_rng(1).uniform(-1, 1, 20)
    found = derivation.evaluate(theta, data.images, data.targets)
    assert list(found) == list(derivation.gradients)
    for n in range(2):
        by_hand = article_gradients(theta, data.images[n], data.targets[n])
        for name, values in found.items():
            assert values.shape == (2,)
            assert abs(values[n] - by_hand[name]) <= 1e-13 * max(abs(by_hand[name]), 1e-3)


def test_an_expression_beyond_all_measure_is_refused_but_not_its_formula():
    layers = [layer for _ in "123" for layer in (symcnn.Conv2D(2, 3, padding=1), symcnn.MaxPool2D(2, 1))]
    d = symcnn.derive(symcnn.Network((6, 6), [*layers, symcnn.Dense(2)]))
    first = d["f_111"]
    assert not first.has_short_expression
    with pytest.raises(symcnn.NotSupportedYetError, match="dE_df_111 with all adjoints put in would consist of"):
        _ = first.expression
    assert len(first.formula.args) > 1
    assert d["f_111"].has_short_expression is False
    assert d["b_o1"].has_short_expression


def test_of_a_lenet_a_formula_its_steps_and_its_sum_are_made():
    d = symcnn.derive(lenet(), samples=2)
    first = d["f_111"]
    assert str(first.formula).startswith("dE_dx_10101*i_0101 + dE_dx_10102*i_0102")
    assert len(first.total.args) == 2 * 24 * 24
    steps = first.steps
    assert len(steps) > 4_000
    assert steps[-1].terms[0].local == (sympy.Symbol("i_0101"),)


@pytest.mark.slow
def test_what_needs_all_of_a_lenet_is_refused_in_a_line():
    d = symcnn.derive(lenet(), samples=2)
    first = d["f_111"]
    assert not first.has_short_expression
    assert d["w_hb84o10"].expression.free_symbols >= {sympy.Symbol("hb_84"), sympy.Symbol("t_01")}
    for refused, words in (
        (lambda: first.expression, "would consist of more than 100000 quantities; at most 10000: use its formula"),
        (lambda: first.expanded, "put into one formula, this network has .* at most 500000; a formula with adjoints"),
        (d.prove, "proved gradient by gradient, this network has .* `symcnn verify` proves the equations"),
        (lambda: d.decide("f_111", sympy.S.One), "proved gradient by gradient"),
        (lambda: d.identities().decide(sympy.S.One, sympy.S.Zero), "decided formula by formula"),
        (lambda: d.evaluate(np.zeros(44_426), np.zeros((1, 28, 28)), np.eye(10)[:1]), "evaluated gradient by gradient"),
    ):
        with pytest.raises(symcnn.NotSupportedYetError, match=words) as error:
            refused()
        assert "\n" not in str(error.value)
