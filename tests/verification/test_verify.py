"""Verification: everything of the article's network is proved or has its figure, and each check can fail."""

from dataclasses import replace

import numpy as np
import pytest
import sympy

import symcnn
from symcnn.derivation import Derivation
from symcnn.numeric import initial_values
from symcnn.verification.evidence import BARS, METHODS, Measurement, Point
from symcnn.verification.planted import planted_errors


@pytest.fixture(scope="module")
def verification(net, data):
    return symcnn.verify(net, data)


def row(verification, claim):
    return next(r for r in verification.rows if r.claim == claim)


def test_every_gradient_is_proved_and_has_every_figure(verification, derivation):
    assert verification.ok
    for name in derivation.gradients:
        found = row(verification, f"∂{'E' if name.startswith('x') else 'E_total'}/∂{name}")
        assert found.status == "proved"
        assert [f.method for f in found.figures] == list(METHODS)
        assert all(f.ok for f in found.figures)
    assert verification.count("proved") == 26
    assert verification.count("refuted") == 0
    assert verification.count("probable") == 2  # the equations in index notation, as carried out and as shown


def test_programs_are_compared_and_not_called_proved(verification):
    programs = [r for r in verification.rows if r.claim.startswith(("the program", "the displayed formulas"))]
    assert len(programs) == 3 + 1 + 3
    assert all(r.status == "unknown" and "same values at 2 points" in r.method for r in programs)


@pytest.mark.slow
def test_the_compiled_program_can_be_compared_too(net, data):
    found = symcnn.verify(net, data, backends=("numpy", "numba"))
    assert found.ok
    assert [r.claim for r in found.rows if r.claim.startswith("the programs ")] == [
        "the programs numpy and numba give the same values",
        "the programs numpy and numba loops give the same values",
        "the programs numba and numba loops give the same values",
    ]
    assert not any("compiled" in line for line in found.not_checked)


def test_a_program_that_differs_is_refuted(net, data, monkeypatch):
    from symcnn.numeric import PROGRAMS

    program = PROGRAMS["expressions"]
    right = program._print
    monkeypatch.setattr(program, "_print", lambda self: right(self).replace("dE_db_h2 = dE", "dE_db_h2 = 1.0001*dE"))
    found = symcnn.verify(net, data)
    assert not found.ok
    bad = [r.claim for r in found.rows if not r.ok]
    assert bad == [
        "the program expressions computes E_total and the gradients",
        "the programs numpy and expressions give the same values",
        "the programs expressions and python give the same values",
    ]
    assert "b_h2" in row(found, bad[0]).method


def test_planted_errors_are_caught_and_counted(verification):
    counts = {c.method: (c.caught, c.planted) for c in verification.planted}
    caught, planted = counts["deciding"]
    assert caught == planted >= 100
    assert all(0 < counts[m][0] <= planted for m in METHODS)
    # central differences cannot see what is smaller than their own error: that is why they are not the proof
    assert counts["central differences"][0] < planted


def test_it_says_what_was_not_checked(verification):
    text = str(verification)
    assert "Not checked" in text
    assert "forward equations" in text
    assert "26 right (exact) · 2 right (modulo a prime" in text
    assert verification._repr_html_().count("<tr>") == len(verification.rows) + 1


def test_a_broken_adjoint_is_refuted_with_a_witness(net, data, monkeypatch):
    """One sign in the scalar graph: what rests on it is refuted, with two numbers, and the exit status is 1."""
    right = Derivation.graph.func

    def broken(self):
        graph = right(self)
        v = graph.backward["dE_dz_h1"]
        addends = tuple(replace(a, products=tuple((sympy.Integer(-1), *f) for f in a.products)) for a in v.addends)
        graph.backward.made["dE_dz_h1"] = replace(v, addends=addends)
        return graph

    prop = type(Derivation.graph)(broken)
    prop.__set_name__(Derivation, "graph")
    monkeypatch.setattr(Derivation, "graph", prop)
    verification = symcnn.verify(net, data)
    assert not verification.ok
    found = row(verification, "∂E_total/∂w_x11h1")
    assert found.status == "refuted"
    left, right_number = found.witness.split(" (")[0].split(" ≠ ")
    assert abs(float(left) + float(right_number)) < 1e-15
    assert row(verification, "∂E_total/∂w_h1o1").status == "proved"
    assert "WRONG: " in str(verification)
    assert verification.exit_status == 1

    from symcnn.cli import main

    with pytest.raises(SystemExit) as stop:
        main(["verify"])
    assert stop.value.code == 1


@pytest.mark.parametrize("method", METHODS)
def test_each_numeric_method_accepts_right_and_rejects_wrong(derivation, net, method):
    rng = np.random.default_rng(8)
    point = Point(derivation, initial_values(net, 4), rng.uniform(size=(2, 3, 3)), rng.uniform(size=(2, 2)))
    for name in derivation.names:
        formula = derivation[name].formula
        figure = {f.method: f for f in point.figures(name, formula)}[method]
        assert figure.ok, (name, figure)
        for wrong in (-formula, formula * sympy.Rational(1001, 1000), formula + sympy.Rational(1, 10)):
            figure = {f.method: f for f in point.figures(name, wrong)}[method]
            assert not figure.ok, (name, figure)


def test_the_taylor_slope_is_2_or_1(derivation, net, data):
    point = Point(derivation, initial_values(net, 0), data.images, data.targets)
    formula = derivation["w_h1o1"].formula
    slopes = [point.figures("w_h1o1", f)[2].value for f in (formula, formula * sympy.Rational(103, 100))]
    assert abs(slopes[0] - 2) < 1e-6
    assert abs(slopes[1] - 1) < 1e-6


def test_bars_are_fixed_and_nan_passes_none():
    assert BARS == {"50 digits": 1e-30, "complex step": 1e-12, "Taylor remainder": 0.05, "central differences": 1e-7}
    assert not any(Measurement(m, float("nan")).ok for m in METHODS)


def test_a_formula_whose_error_is_linear_has_no_remainder():
    net = symcnn.Network((2,), [symcnn.Dense(1)])
    assert symcnn.verify(net).ok


@pytest.mark.slow
def test_any_network_is_verified_and_larger_ones_in_a_sample(monkeypatch):
    import sys

    from symcnn.verification import verify as function

    module = sys.modules["symcnn.verification.verify"]
    monkeypatch.setattr(module, "MOST_GRADIENTS", 10)
    monkeypatch.setattr(module, "SAMPLE", (1, 10))
    net = symcnn.Network((2, 3, 3), [symcnn.Conv2D(1, 2, padding=1), symcnn.AvgPool2D(2), symcnn.Dense(1, "sigmoid")])
    found = function(net)
    assert found.ok
    assert any("gradients were checked" in line for line in found.not_checked)
    assert len([r for r in found.rows if r.claim.startswith("∂E") and "F is" not in r.claim]) <= 10


def test_networks_without_a_normal_form_are_proved_with_a_probability(monkeypatch):
    monkeypatch.setattr("symcnn.proof.algebra.BUDGET", 50)  # as if their normal forms were too large
    net = symcnn.Network((3, 3), [symcnn.Conv2D(1, 2), symcnn.Conv2D(1, 2), symcnn.Dense(1, "sigmoid")])
    found = symcnn.verify(net)
    assert found.ok
    # and the convolution of I with ∂E/∂X, and the equations in index notation twice
    assert found.count("probable") == len(symcnn.derive(net).gradients) + 3
    assert "error probability below" in str(found)
    assert found.planted[0].caught == found.planted[0].planted >= 30


@pytest.mark.slow
def test_bright_pixels_saturate_neurons_and_nothing_overflows():
    """Pixels from 0 to 255: sigmoids at their ends, gradients near 0, and every figure still there."""
    net = symcnn.article.network()
    rng = np.random.default_rng(0)
    for images in (np.full((2, 3, 3), 255.0), rng.integers(0, 256, (2, 3, 3)).astype(float)):
        found = symcnn.verify(net, (images, np.zeros((2, 2))))
        assert found.count("refuted") == 0
        for r in found.rows:
            assert all(np.isfinite(f.value) for f in r.figures)
            assert all(f.ok for f in r.figures), r


def test_time_is_bounded_and_said(net, data):
    found = symcnn.verify(net, data, seconds=0)
    assert found.count("unknown") >= 24
    assert "was reached" in str(found)
    assert found.planted[0].planted == 20


@pytest.mark.slow
def test_many_images_are_said_not_to_be_compared(net):
    rng = np.random.default_rng(0)
    found = symcnn.verify(net, (rng.uniform(size=(6, 3, 3)), rng.uniform(size=(6, 2))))
    assert any("of 6, only the first" in line for line in found.not_checked)


def test_both_languages(net, data):
    french = symcnn.verify(net, data, lang="fr")
    assert "juste (calcul exact)" in str(french)
    assert "Erreurs introduites exprès" in str(french)
    with pytest.raises(symcnn.InputError, match="lang="):
        symcnn.verify(net, data, lang="de")
    with pytest.raises(symcnn.InputError, match="loss=None"):
        symcnn.verify(symcnn.article.operations())


def test_planted_errors_are_wrong_and_the_same_every_time(derivation):
    first, second = planted_errors(derivation), planted_errors(derivation)
    assert first == second
    assert len({(p.name, p.kind, p.candidate) for p in first}) >= 100
    for planted in first:
        assert sympy.expand(planted.candidate - derivation[planted.name].formula) != 0


@pytest.mark.parametrize(
    ("shape", "layers", "rows"),
    [
        ((3, 3), [symcnn.Conv2D(1, 2)], 1),
        ((4, 3), [symcnn.Conv2D(1, (2, 1), normalize=True), symcnn.Activation("tanh")], 1),
        ((5, 5), [symcnn.Conv2D(1, 2, stride=2)], 0),
        ((3, 3), [symcnn.Conv2D(1, 2, padding=1)], 0),
        ((3, 3), [symcnn.Conv2D(1, 2, padding="same")], 0),
        ((2, 3, 3), [symcnn.Conv2D(1, 2)], 0),
        ((3, 3), [symcnn.Conv2D(2, 2)], 0),
        ((3, 3), [symcnn.AvgPool2D(1), symcnn.Conv2D(1, 2)], 0),
    ],
)
def test_the_filters_gradient_is_a_convolution_where_it_is_the_plain_one(shape, layers, rows):
    """∂E/∂F = I ∗ ∂E/∂X: only for the very first layer, one filter on one channel, stride 1 and no borders."""
    from symcnn.proof.gradients import GradientDomain
    from symcnn.text import catalogue
    from symcnn.verification.verify import _convolution_rows

    d = symcnn.derive(symcnn.Network(shape, [*layers, symcnn.Dense(1, "sigmoid")]), samples=1)
    made = list(_convolution_rows(d, GradientDomain(d), catalogue("en")))
    assert [row.status for row in made] == ["proved"] * rows
