"""Verification of networks with kinks, maxima and softmax, and of large ones: rows for all, and each can fail."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import mpmath
import numpy as np
import pytest
import sympy

import symcnn
from symcnn.errors import InputError
from symcnn.explain import Question, explain_number
from symcnn.network.file import network_from
from symcnn.numeric import PROGRAMS, initial_values
from symcnn.proof import check_equations
from symcnn.symbolic import LEAVES, Term, gate, maximum, relu, sigmoid, softplus, wins
from symcnn.text import catalogue
from symcnn.verification import programs_agree
from symcnn.verification.evaluate import leaves
from symcnn.verification.evidence import METHODS, Point
from symcnn.verification.leaf_rules import RULES, decide_rule
from symcnn.verification.programs import DUAL_TOLERANCE, duals_agree, formulas_row
from symcnn.workbook.check.names import LayerCells
from symcnn.workbook.check.xlsx_reader import read_package
from tests import tools
from tests.slow import rest_slow
from tests.tools import torch_oracle
from tests.tools.networks import from_seed, lenet

SMALL = symcnn.Network(
    (4, 4), [symcnn.Conv2D(1, 2), symcnn.Activation("relu"), symcnn.MaxPool2D(2, 1), symcnn.Dense(2)], "cross_entropy"
)
EQUATIONS = "the adjoint equations in index notation, from which the programs are generated"


def claims(verification):
    return {row.claim: row for row in verification.rows}


@pytest.mark.parametrize("seed", rest_slow([24, 6]))
def test_random_networks_are_verified(seed):
    net, _, images, targets = from_seed(seed)
    found = symcnn.verify(net, (images, targets), seconds=2)
    assert found.ok, found
    assert claims(found)[EQUATIONS].status == "probable"
    assert found.planted[0].caught == found.planted[0].planted >= 20


def test_a_network_with_kinks_has_its_rows_and_says_how_they_were_decided():
    found = symcnn.verify(SMALL)
    assert found.ok, found
    rows = claims(found)
    for claim in ("relu′(z) = [z > 0]", "∂max/∂a = [a first reaches max]", "exp′(z) = exp(z)", "log′(z) = 1/z"):
        assert rows[claim].status == "proved"
    assert not any("tanh" in claim or "σ" in claim for claim in rows)
    assert "conditions and maxima replaced by" in rows["∂E_total/∂f_11"].method
    assert any("no kink is crossed" in line for line in found.not_checked)


@pytest.mark.slow
def test_at_a_kink_differences_are_left_out_and_nothing_is_refuted():
    """A flat image, no biases that differ: every window ties, and moving one cell makes it the maximum."""
    images, targets = np.ones((2, 4, 4)), np.array([[1.0, 0.0], [0.0, 1.0]])
    found = symcnn.verify(SMALL, (images, targets))
    assert found.ok, found
    figures = {f.method for f in claims(found)["∂E/∂x_12"].figures}
    assert {"50 digits", "complex step"} <= figures
    d = symcnn.derive(SMALL, 2)
    theta = np.abs(initial_values(SMALL, 0))  # every rectifier open
    at_the_tie = Point(d, theta, images, targets).figures("x_12", d["x_12"].formula)
    assert [f.method for f in at_the_tie] == ["50 digits", "complex step"]
    assert all(f.ok for f in at_the_tie)
    away = Point(d, theta, images + np.arange(16).reshape(4, 4) / 7, targets).figures("x_12", d["x_12"].formula)
    assert [f.method for f in away] == list(METHODS)


def test_the_evidence_rejects_a_wrong_winner():
    d = symcnn.derive(SMALL, 1)
    rng = np.random.default_rng(3)
    point = Point(d, np.abs(initial_values(SMALL, 0)), rng.uniform(size=(1, 4, 4)), np.array([[1.0, 0.0]]))
    for name in ("x_22", "x_33", "f_11", "b_x1"):
        assert all(f.ok for f in point.figures(name, d[name].formula)), name
    every = d["a_22"].formula.replace(wins, lambda *_: sympy.S.One)
    assert not any(f.ok for f in point.figures("a_22", every))


@pytest.fixture
def large(monkeypatch):
    """As if networks of this size could not be written out."""
    import sys

    monkeypatch.setattr(sys.modules["symcnn.verification.verify"], "MOST_PRODUCTS", 50)


@pytest.mark.slow
@pytest.mark.usefixtures("large")
def test_a_large_network_is_checked_in_index_notation_and_says_so():
    found = symcnn.verify(SMALL)
    assert found.ok
    rows = claims(found)
    assert rows[EQUATIONS].status == "probable"
    assert not any(claim.startswith("∂E_total/") for claim in rows)
    programs = [row for claim, row in rows.items() if claim.startswith("the program ")]
    assert len(programs) == len(PROGRAMS)
    assert all("dual numbers through the forward equations" in row.method for row in programs)
    assert found.planted[0].caught == found.planted[0].planted >= 30
    assert any("more than 50 products" in line for line in found.not_checked)
    assert "plus de 50 produits" in str(symcnn.verify(SMALL, lang="fr"))


@pytest.mark.slow
@pytest.mark.usefixtures("large")
def test_a_wrong_program_of_a_large_network_is_refuted(monkeypatch):
    program = PROGRAMS["python"]
    right = program.differentiate

    def wrong(self, *arguments):
        loss, gradient = right(self, *arguments)
        gradient[-1] *= 1 + 1e-9
        return loss, gradient

    monkeypatch.setattr(program, "differentiate", wrong)
    found = symcnn.verify(SMALL)
    assert not found.ok
    bad = claims(found)["the program python computes E_total and the gradients"]
    assert bad.status == "refuted"
    assert "∂E_total/∂b_o" in bad.method


@pytest.mark.parametrize("seed", rest_slow(range(30), 6))
def test_the_formulas_of_any_network_are_those_of_its_equations(seed):
    net, _, images, targets = from_seed(seed)
    row = formulas_row(symcnn.derive(net), (images, targets), catalogue("en"))
    assert row.method.startswith("same values at 2 points"), row
    assert row.worst < 1e-13


@pytest.mark.parametrize("name", ["x_11", "a_33", "p_22", "E", "dE_dp_11", "dE_da_33", "dE_df_22", "dE_dw_p11o1"])
def test_a_wrong_formula_of_one_quantity_is_refuted(name):
    """What the scalar graph makes, with one product left out or doubled."""
    d = symcnn.derive(SMALL)
    variable = d.graph[name]
    part = d.graph.forward if name in d.graph.forward else d.graph.backward
    (first, *others) = variable.addends
    products = first.products[1:] if variable.reduce == "sum" else (*first.products, (sympy.Integer(9),))
    part.made[name] = replace(variable, addends=(replace(first, products=products), *others))
    rng = np.random.default_rng(0)
    row = formulas_row(d, (rng.uniform(size=(1, 4, 4)), np.array([[0.25, 0.75]])), catalogue("en"))
    assert row.status == "refuted"
    assert row.method.startswith("difference: ")
    assert f" {name} " in row.method


@pytest.mark.slow
def test_lenet_is_verified():
    found = symcnn.verify(lenet(), backends=("numpy",), seconds=1)
    assert found.ok, found
    assert claims(found)[EQUATIONS].status == "probable"
    (formulas,) = (row for claim, row in claims(found).items() if claim.startswith("the formulas of "))
    assert formulas.method.startswith("same values at 2 points")
    assert claims(found)["the program numpy computes E_total and the gradients"].method.startswith(
        "same values at 2 points"
    )


def test_a_program_that_does_not_exist_for_a_network_is_said():
    net = symcnn.Network((28, 28), [symcnn.Conv2D(4, 5), symcnn.Flatten(), symcnn.Dense(2)])
    found = symcnn.verify(net, backends=("python",), seconds=0)
    row = claims(found)["the program python computes E_total and the gradients"]
    assert row.status == "unknown"
    assert "products in one image" in row.method


def test_a_wrong_adjoint_equation_is_refuted(monkeypatch):
    """One sign in the equations that everything is made from."""
    from symcnn.derivation import derivation as module

    right = module.reverse

    def wrong(equations, constants):
        first, *rest = right(equations, constants)
        (term,) = first.terms
        return (replace(first, terms=(Term((sympy.S.NegativeOne, *term.factors), term.axes),)), *rest)

    monkeypatch.setattr(module, "reverse", wrong)
    found = symcnn.verify(SMALL, seconds=0)
    assert not found.ok
    assert claims(found)[EQUATIONS].status == "refuted"
    assert "∂E/∂" in claims(found)[EQUATIONS].method


@pytest.mark.slow
def test_the_equations_that_the_numpy_program_rewrites_are_checked_too(monkeypatch):
    claim = "the equations as rewritten for the NumPy program, and their adjoints"
    assert claims(symcnn.verify(SMALL, seconds=0))[claim].status == "probable"
    assert claim not in claims(symcnn.verify(SMALL, seconds=0, backends=("python",)))
    import sys

    module = sys.modules["symcnn.verification.verify"]
    right = module.reverse
    monkeypatch.setattr(module, "reverse", lambda *arguments: right(*arguments)[:-1])
    found = symcnn.verify(SMALL, seconds=0)
    assert claims(found)[claim].status == "refuted"
    assert not found.ok


def test_the_rule_of_every_leaf_is_proved():
    for function in RULES:
        assert decide_rule(function).status == "proved", function
    assert {leaf.function for leaf in LEAVES} - {gate, wins} == set(RULES)


@pytest.mark.parametrize(
    ("function", "wrong"),
    [
        (softplus, lambda self, _=1: 1 - sigmoid(self.args[0])),
        (sigmoid, lambda self, _=1: self * (1 + self)),
        (relu, lambda self, _=1: gate(self, 1, sympy.Rational(1, 2))),
    ],
)
def test_a_wrong_rule_of_a_leaf_is_refuted(function, wrong, monkeypatch):
    monkeypatch.setattr(function, "fdiff", wrong)
    sympy.core.cache.clear_cache()
    assert decide_rule(function).outcome == "wrong"
    monkeypatch.undo()
    sympy.core.cache.clear_cache()
    assert decide_rule(function)


def test_a_wrong_choice_of_the_maximum_is_refuted(monkeypatch):
    every = lambda self, prec: sympy.S.One if self.args[0] == self.args[1] else sympy.S.Zero  # noqa: E731
    monkeypatch.setattr(wins, "_eval_evalf", every)
    sympy.core.cache.clear_cache()
    assert decide_rule(maximum).outcome == "wrong"


def test_leaves_by_definition_are_the_leaves():
    with mpmath.workdps(30):
        ours = leaves("mpmath")
        for z in (-3, 0, 2):
            for function in (sigmoid, softplus):
                wanted = mpmath.mpf(str(function(sympy.Integer(z)).evalf(30)))
                assert abs(ours[function.__name__](mpmath.mpf(z)) - wanted) < 1e-28
    complex_ = leaves("numpy")
    for z in (-800.0, -0.5, 0.5, 800.0):
        assert np.isfinite(complex_["sigmoid"](np.complex128(z + 1e-3j)))
        assert np.isfinite(complex_["softplus"](np.complex128(z + 1e-3j)))
    assert complex_["relu"](0.0 + 1j) == 0
    assert complex_["leaky_relu"](-2.0 + 1j) == (-2 + 1j) / 100
    assert complex_["maximum"](1 + 1j, 1 + 2j, 0j) == 1 + 1j
    assert [complex_["wins"](1, 1), complex_["wins"](1, 1, 1), complex_["wins"](0, 1)] == [1, 0, 0]


def test_decisions_and_their_distances_are_recorded():
    decisions, distances = [], []
    record = leaves("numpy", decisions, distances)
    record["relu"](-0.25)
    record["maximum"](1.0, 3.0, 2.5)
    assert decisions == [0, 1]
    assert distances == [0.25, 0.5]
    record["maximum"](2.0, 3.0, 3.0, 1.0)  # the first of equal ones
    record["maximum"](-1.0)
    assert decisions == [0, 1, 1, 0]
    assert distances == [0.25, 0.5, 0.0, np.inf]


def test_programs_with_kinks_agree_with_50_digits():
    net, theta, images, targets = from_seed(6)
    found = programs_agree(symcnn.derive(net, len(images)), theta, (images, targets))
    assert all(a.ok for a in found), found


def test_a_program_is_held_against_dual_numbers(monkeypatch):
    net, theta, images, targets = from_seed(6)
    d = symcnn.derive(net)
    assert duals_agree(d, theta, (images, targets), symcnn.compile(net, "python"))[0] <= DUAL_TOLERANCE
    monkeypatch.setattr(PROGRAMS["python"], "differentiate", lambda *_: (float("nan"), np.zeros(len(net.parameters))))
    assert duals_agree(d, theta, (images, targets), symcnn.compile(net, "python")) == (float("inf"), "E_total")


def test_exchanged_gradients_are_seen_at_any_size():
    """Two entries of one tensor exchanged: the sum over a direction of equal weights would not show it."""
    net = lenet()
    d, rng = symcnn.derive(net), np.random.default_rng(0)
    theta, images, targets = initial_values(net, 0) / 10, rng.uniform(size=(1, 28, 28)), np.eye(10)[[3]]
    assert duals_agree(d, theta, (images, targets), symcnn.compile(net))[0] <= DUAL_TOLERANCE
    right = symcnn.compile(net).loss_and_gradient(theta, images, targets)
    for first in (0, 7, 100):  # in the first filters: all of them move the loss
        wrong = right[1].copy()
        wrong[[first, first + 1]] = wrong[[first + 1, first]]

        class Exchanged:
            def loss_and_gradient(self, *_, wrong=wrong):
                return right[0], wrong

        assert duals_agree(d, theta, (images, targets), Exchanged())[0] > 1e3 * DUAL_TOLERANCE


@pytest.mark.slow
def test_a_program_that_credits_every_tied_cell_is_refuted(monkeypatch):
    from symcnn.numeric import program
    from symcnn.printers.arrays.equations import EquationPrinter

    running = EquationPrinter._running_maximum

    def every(self, cells, masks, out):
        running(self, cells, [], out)
        for cell, mask in zip(cells, masks, strict=False):
            self.lines.call("equal", cell, out, out=mask)

    net = symcnn.Network(
        (4, 4), [symcnn.Conv2D(1, 1), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Dense(2)], "cross_entropy"
    )
    right = symcnn.verify(net, backends=("numpy", "python"), seconds=5)
    assert right.ok
    assert sum("tie" in row.claim for row in right.rows) == 2
    program._array_source.cache_clear()  # what is printed once in a process would be the right one
    monkeypatch.setattr(EquationPrinter, "_running_maximum", every)
    monkeypatch.setattr(EquationPrinter, "_first_winners", lambda *_: None)
    wrong = symcnn.verify(net, (np.ones((1, 4, 4)), [[1, 0]]), backends=("numpy", "python"), seconds=5)
    assert not wrong.ok
    program._array_source.cache_clear()
    assert [row.status for row in wrong.rows if "numpy" in row.claim and "tie" in row.claim] == ["refuted"]


@pytest.mark.slow
def test_what_trains_by_epochs_is_compared_too():
    pytest.importorskip("numba", reason="numba is not installed: pip install numba")
    net = symcnn.Network((3, 3), [symcnn.Conv2D(1, 2), symcnn.Dense(1)])
    found = symcnn.verify(net, backends=("python", "numba"), seconds=5)
    assert any("numba loops" in row.claim for row in found.rows)
    assert found.ok


# --- public networks ------------------------------------------------------------------------------------------------

PUBLIC = tomllib.loads((Path(tools.__file__).parent / "public_networks.toml").read_text("utf-8"))
BY_NAME = {entry["repository"]: entry for entry in PUBLIC["network"]}


def declared(name):
    entry = BY_NAME[name]
    return entry, network_from({word: entry[word] for word in ("input_shape", "loss", "layer")})


def one_sample(net):
    rng = np.random.default_rng(0)
    target = np.eye(max(2, net.outputs))[:1, : net.outputs]
    return rng.random((1, *net.input_shape)).round(2), target


@pytest.mark.parametrize("name", rest_slow(BY_NAME))
def test_public_networks_have_their_parameters_and_the_gradients_of_pytorch(name):
    entry, net = declared(name)
    first = net.forward.parameters[0].scalar((0,) * len(net.forward.parameters[0].shape))
    d = symcnn.derive(net, 1)
    assert sum(p.size for p in net.forward.parameters) == entry["parameters"]
    assert len(d[first].variable.products) == entry["products"]
    assert check_equations(d, d.equations[len(d.forward) :])
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    data = one_sample(net)
    _, gradient = torch_oracle.loss_and_gradient(net, initial_values(net, 0), *data)
    explained = explain_number(net, data, Question(f"dE_d{first}")).value
    assert explained == pytest.approx(gradient[0], rel=1e-9, abs=1e-12 * np.abs(gradient).max())


@pytest.mark.parametrize("entry", PUBLIC["missing"], ids=lambda entry: entry["repository"])
def test_public_networks_with_other_layers_are_refused_by_the_layer(entry):
    with pytest.raises(InputError, match=re.escape(entry["refused"])):
        network_from({"input_shape": [4, 8, 8], "layer": [entry["layer"]]})


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, entry in BY_NAME.items() if entry["parameters"] < 60_000])
def test_workbooks_of_public_networks_hold_pytorchs_gradients_and_are_proved(name, tmp_path):
    _, net = declared(name)
    data, theta = one_sample(net), initial_values(net, 0)
    path = symcnn.export_workbook(net, data, tmp_path / "public.xlsx", initial=theta)
    found = symcnn.check_workbook(path, net)
    assert found.ok, found
    pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    _, gradient = torch_oracle.loss_and_gradient(net, theta, *data)
    cells = LayerCells(net, read_package(path), str(path))
    kept, first = np.full(cells.count, np.nan), cells.offsets
    for (sheet, row, column), number in cells.entries.items():
        kept[number] = cells.package.sheets[sheet][row, column].value
    adjoints = [p.adjoint() for p in net.forward.parameters]
    kept = np.concatenate([kept[first[t] : first[t] + t.size] for t in adjoints])
    np.testing.assert_allclose(kept, gradient, rtol=1e-9, atol=1e-12 * np.abs(gradient).max())
