"""The proof: all 24 hold, and wrong candidates are rejected: it is a check that can fail."""

import operator

import pytest
import sympy
from sympy import Add, Integer, Rational, Symbol

import symcnn
from symcnn import derive
from symcnn.proof import GradientDomain
from symcnn.symbolic import gate, maximum, sigmoid, wins
from symcnn.verification.planted import SEED, planted_errors


def wrong_candidates(derivation):
    """Planted errors, each with adjoints and, another expression, with the adjoints put in."""
    adjoints = {Symbol(name): derivation.in_forward_quantities(name) for name in derivation.graph.backward}
    for planted in planted_errors(derivation):
        yield planted.name, planted.kind, planted.candidate
        if planted.candidate.has(*adjoints):
            yield planted.name, f"{planted.kind}, put in", planted.candidate.xreplace(adjoints)


@pytest.fixture(scope="module")
def prover(derivation):
    return GradientDomain(derivation)


def test_all_24_are_proved(derivation):
    proof = derivation.prove()
    assert proof.ok
    assert proof.proved == 24
    assert [row.name for row in proof.rows] == list(derivation.gradients)
    assert str(proof).count("proved (exact normal form") == 24


@pytest.mark.parametrize("form", ["formula", "expression", "expanded"])
def test_every_form_is_proved(derivation, prover, form):
    for name in derivation.network.parameters:
        assert prover.decide(name, getattr(derivation[name], form)), name


def test_at_least_160_wrong_candidates_are_rejected(derivation, prover):
    found = [(name, kind, prover.decide(name, c)) for name, kind, c in wrong_candidates(derivation)]
    assert len(found) >= 160
    for name, kind, verdict in found:
        assert verdict.status == "refuted", f"{kind} of {name} (seed {SEED}): {verdict}"
    assert {"sign", "relative 2e-12", "missing term", "indices exchanged", "1 + output"} <= {k for _, k, _ in found}


def test_a_corrupted_core_is_caught(net):
    """One sign changed in one adjoint of the graph: the gradients that rest on it are refuted."""
    derivation = derive(net)
    broken = derivation.graph.backward["dE_dz_h1"]
    wrong = type(broken)(broken.name, broken.tensor, broken.index, (type(broken.addends[0])(
        tuple((Integer(-1), *f) for f in broken.addends[0].products)),))  # fmt: skip
    derivation.graph.backward.made["dE_dz_h1"] = wrong
    refuted = [row.name for row in derivation.prove().rows if row.proved is False]
    assert "f_11" in refuted
    assert "w_x11h1" in refuted
    assert "w_h1o1" not in refuted


def test_sigmoids_are_known_by_their_arguments(derivation, prover):
    z = Symbol("z_h1")
    written = derivation.graph["z_h1"].expression
    formula = derivation["z_h1"].formula
    for same in (sigmoid(written), 1 - sigmoid(-z), sigmoid(sympy.expand(written))):
        assert prover.decide("b_h1", formula.xreplace({Symbol("h_1"): same}))
    # σ(2z) depends on σ(z), so other normal forms alone do not refute it: a real point does
    assert prover.decide("b_h1", formula.xreplace({Symbol("h_1"): sigmoid(2 * z)})).status == "refuted"


def test_any_quantity_of_the_forward_pass_can_be_decided(derivation):
    for name in derivation.graph.forward:
        if name != "E":
            assert derivation.decide(name, derivation[name].formula), name
            assert derivation.decide(name, derivation[name].expanded), name
            assert derivation.decide(name, 2 * derivation[name].formula).proved is False, name
    with pytest.raises(symcnn.InputError, match="'i_11': nothing is differentiated by it"):
        derivation.decide("i_11", Integer(0))


def test_a_feature_map_may_be_written_out(derivation):
    written = derivation["z_h1"].formula.xreplace({Symbol("h_1"): sigmoid(derivation.graph["z_h1"].expression)})
    formula = written * Symbol("w_x11h1") + derivation["z_h2"].formula * Symbol("w_x11h2")
    x_12 = derivation.graph["x_12"].expression
    assert derivation.decide("x_11", formula.xreplace({Symbol("x_12"): x_12}))
    assert derivation.decide("x_11", formula.xreplace({Symbol("x_12"): -x_12})).status == "refuted"


def test_what_has_no_normal_form_is_undecided_with_the_reason(prover):
    for candidate, reason in [
        (sympy.sin(Symbol("f_11")), "sin"),
        (Symbol("nobody"), "nobody"),
        (sympy.sqrt(Symbol("f_11")), "Pow"),
    ]:
        verdict = prover.decide("f_11", candidate)
        assert verdict.status == "unknown"
        assert reason in verdict.method
    assert prover.decide("f_11", sympy.Float(0.5)).status == "refuted"  # a float is an exact decimal


def test_deciding_wears_nothing_out(derivation):
    """Candidates with sigmoids of their own, again and again: each decision starts afresh."""
    right, z = derivation["b_h1"].formula, Symbol("z_h1")
    for n in range(2, 60):
        wrong = right.xreplace({Symbol("h_1"): sigmoid(n * z), Symbol("dE_dh_1"): n * Symbol("dE_dh_1")})
        assert derivation.decide("b_h1", wrong + sigmoid(n * z)).status == "refuted"
    assert derivation.decide("b_h1", right)


def test_other_networks_are_proved_too():
    nets = [
        symcnn.Network(
            (3, 4), [symcnn.Conv2D(2, 2, stride=2, padding=1), symcnn.Activation("sigmoid"), symcnn.Dense(2)]
        ),
        symcnn.Network(
            (2, 3, 3), [symcnn.Conv2D(1, 2, normalize=True), symcnn.AvgPool2D(2), symcnn.Dense(1, "sigmoid")]
        ),
        symcnn.Network((4,), [symcnn.Dense(3, "sigmoid"), symcnn.Dense(2)]),
    ]
    for net in nets:
        assert symcnn.derive(net, samples=1).prove().ok


def test_with_two_convolutions_each_map_is_kept_alone():
    """With both kept, ∂E/∂x of the first would be 0, and 0 would be "proved"."""
    net = symcnn.Network((3, 3), [symcnn.Conv2D(1, 2, bias=False), symcnn.Conv2D(1, 2, bias=False), symcnn.Dense(1)])
    d = symcnn.derive(net, samples=1)
    assert d.prove().ok
    for name in ("x_11", "xb_11"):
        assert d.decide(name, Integer(0)).status == "refuted"
        assert d.decide(name, d[name].formula)


def test_a_sigmoid_of_zero_is_a_half(derivation):
    assert derivation.decide("f_12", 2 * sigmoid(Integer(0)) * derivation["f_12"].formula)


def test_equal_formulas_with_dependent_sigmoids_are_not_refuted(derivation):
    s1, s2 = sigmoid(Symbol("z_h1")), sigmoid(2 * Symbol("z_h1"))
    zero = s2 * (2 * s1**2 - 2 * s1 + 1) - s1**2  # σ(2z) is a rational function of σ(z)
    assert derivation.decide("f_12", derivation["f_12"].formula + zero).status == "unknown"


def test_what_the_network_does_not_have_is_refuted_by_a_real_point(prover):
    f_11 = Symbol("f_11")
    winner = wins(Symbol("x_11"), Symbol("x_12"))
    many = Add(*(sigmoid(Integer(n) + f_11) for n in range(40)))
    for candidate in (sympy.exp(f_11), 1 / f_11, many, gate(f_11, 1, 0), winner):
        assert prover.decide("f_11", candidate).status == "refuted"
    # no maximum of the network: nothing proves it, and the numbers do not refute it
    right = prover.derivation["f_11"].formula
    same = prover.decide("f_11", right + (winner - winner**2) * f_11)
    assert (same.status, "no maximum of these candidates" in same.method) == ("unknown", True)


KINKED = {
    "exact": symcnn.Network(
        (3, 3), [symcnn.Conv2D(1, 2), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Dense(1, "tanh")]
    ),
    "modular": symcnn.Network(
        (4, 5),
        [symcnn.Conv2D(2, 2), symcnn.Activation("leaky_relu"), symcnn.MaxPool2D(2, 1, "same"), symcnn.Dense(3)],
        "cross_entropy",
    ),
}


@pytest.mark.parametrize("kind", KINKED)
def test_gates_and_winners_are_generators(kind):
    """Formulas are shown for every region between the kinks, and the words say so."""
    d = symcnn.derive(KINKED[kind], samples=1)
    judge = GradientDomain(d)
    for name in d.names:
        verdict = judge.decide_displayed(name)
        assert verdict.status == ("proved" if kind == "exact" else "probable"), verdict
        assert "gates and winners" in verdict.method
    for planted in planted_errors(d):
        verdict = judge.decide(planted.name, planted.candidate)
        # exchanging two quantities that are equal wherever it matters is no error
        assert verdict.status == "refuted" or "ind" in planted.kind, (planted, verdict)


@pytest.mark.slow
def test_the_gradient_of_cross_entropy_is_found():
    """∂E/∂o = y·Σt - t, and y - t only where Σt = 1."""
    d = symcnn.derive(KINKED["modular"], samples=1)
    t_1, y_1, total = Symbol("t_1"), Symbol("y_1"), Add(*(Symbol(f"t_{n}") for n in (1, 2, 3)))
    assert d.decide("o_1", y_1 * total - t_1)
    assert d.decide("o_1", y_1 - t_1).status == "refuted"
    assert d.decide("o_1", (y_1 - t_1).subs(t_1, 1 - Symbol("t_2") - Symbol("t_3"))).status == "refuted"


def test_binary_cross_entropy_gives_o_minus_t():
    d = symcnn.derive(symcnn.Network((3,), [symcnn.Dense(2, "sigmoid")], "binary_cross_entropy"), samples=1)
    assert d["z_o1"].formula == Symbol("o_1") - Symbol("t_1")
    assert d.prove().ok


@pytest.mark.slow
def test_where_normal_forms_explode_random_points_decide_and_say_so():
    layers = [symcnn.Conv2D(2, 3, bias=False) for _ in range(2)]
    net = symcnn.Network((6, 6), [*layers, symcnn.Dense(2, "sigmoid"), symcnn.Dense(2, "sigmoid")])
    d = symcnn.derive(net, samples=1)
    judge = GradientDomain(d)
    for name in ("f_111", "b_h1", "xb_111"):
        verdict = judge.decide(name, d[name].formula)
        assert verdict.status == "probable"
        assert 0 < verdict.epsilon < 1e-12
        assert "random points" in verdict.method
        for wrong in (-d[name].formula, d[name].formula * (1 + Rational(1, 10**12)), d[name].formula + Symbol("f_111")):
            assert judge.decide(name, wrong).status == "refuted"


def test_random_points_agree_with_normal_forms(derivation):
    """The same candidates, right and wrong, through the modular algebra alone."""
    from symcnn.proof.algebra import ModularAlgebra
    from symcnn.proof.gradients import GradientEvaluator
    from symcnn.proof.paths import Slope

    evaluator = GradientEvaluator(derivation, lambda names, _: ModularAlgebra(names, SEED))
    for name in derivation.gradients:
        assert operator.eq(*evaluator.sides(derivation[name].formula, Slope(Symbol("E"), Symbol(name))))
        assert operator.eq(*evaluator.sides(derivation.gradients[name], Slope(Symbol("E"), Symbol(name))))
    for name, kind, candidate in wrong_candidates(derivation):
        assert operator.ne(*evaluator.sides(candidate, Slope(Symbol("E"), Symbol(name)))), (name, kind)


def test_degrees_are_upper_bounds():
    from symcnn.proof.algebra import DegreeAlgebra

    x, y = Symbol("x"), Symbol("y")
    algebra = DegreeAlgebra([x, y])
    known = dict(algebra.generators)
    for e, degree in [(x * y, 2), (x + y**3, 3), (Integer(7), 0), (sigmoid(x * y) * x, 3), ((x + 1) ** 4 * y, 5)]:
        assert algebra.element(e, dict(known)) == degree


def test_windows_of_one_cell_behind_a_maximum():
    """Alone in its window a cell is the maximum; the maximum before keeps its own winners."""
    layers = [symcnn.Conv2D(1, 1), symcnn.MaxPool2D(2, 1), symcnn.MaxPool2D(2, padding=1), symcnn.Dense(1)]
    d = symcnn.derive(symcnn.Network((4, 4), layers), samples=1)
    assert d.prove().ok
    formula = d["f_11"].formula
    assert d.decide("f_11", formula + maximum(Symbol("p_11")) - Symbol("p_11"))
    assert d.decide("f_11", formula)
