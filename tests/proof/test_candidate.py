"""Formulas as users of SymPy write them are decided; what is not decided is never refuted."""

import pytest
from sympy import Float, Function, Heaviside, Integral, Max, Piecewise, Rational, Symbol, exp, log, pi, tanh

import symcnn

G, X, Z = Symbol("dE_dh_1"), Symbol("x_11"), Symbol("z_h1")
RIGHT = symcnn.derive(symcnn.article.network())["w_x11h1"].formula
KINKED = symcnn.Network((3, 3), [symcnn.Conv2D(1, 2), symcnn.Activation("relu"), symcnn.Dense(2)], "cross_entropy")
A, B, O1, O2 = Symbol("x_11"), Symbol("dE_da_11"), Symbol("o_1"), Symbol("o_2")
SUM = Symbol("t_1") + Symbol("t_2")


@pytest.mark.parametrize(
    "s",
    [1 / (1 + exp(-Z)), exp(Z) / (1 + exp(Z)), (1 + tanh(Z / 2)) / 2, 1 - 1 / (1 + exp(Z)), Float(1) / (1 + exp(-Z))],
)
def test_a_sigmoid_written_out(derivation, s):
    assert derivation.decide("w_x11h1", G * s * (1 - s) * X).proved
    assert derivation.decide("w_x11h1", G * s * (1 + s) * X).status == "refuted"


@pytest.mark.parametrize(
    ("candidate", "proved"),
    [
        (Symbol("dE_dz_h1", real=True) * Symbol("x_11", positive=True), True),
        (Symbol("dE_dz_h1", real=True) * Symbol("x_12"), False),
        (Float(1.0) * RIGHT, True),
        (0.1 * RIGHT * 10, True),
        (0.1 * RIGHT * 5, False),
        (RIGHT * Float("0.3") / Rational(3, 10), True),
        (1.5, False),
        (Symbol("foo") * X, None),
        (Symbol("x_99") * X, None),
        (Integral(RIGHT, X), None),
        (RIGHT * pi, None),
        (Function("mine")(Z), None),
    ],
)
def test_numbers_assumptions_and_strangers(derivation, candidate, proved):
    assert derivation.decide("w_x11h1", candidate).proved is proved


def test_a_strange_name_is_named(derivation):
    assert "'foo' is not a quantity" in derivation.decide("w_x11h1", Symbol("foo") * X).method


@pytest.mark.parametrize(
    ("name", "candidate", "status"),
    [
        ("x_11", B * Piecewise((1, A > 0), (0, True)), "probable"),
        ("x_11", B * Piecewise((0, A <= 0), (1, True)), "probable"),
        ("x_11", B * Heaviside(A, 0), "probable"),
        ("x_11", B * Heaviside(-A, 0), "refuted"),
        ("x_11", B * Piecewise((1, A >= 0), (0, True)), "unknown"),
        ("x_11", B * Heaviside(A), "unknown"),
        ("w_a11o1", (exp(O1) / (exp(O1) + exp(O2)) * SUM - Symbol("t_1")) * Max(0, A), "probable"),
        ("w_a11o1", (1 / (1 + exp(O2 - O1)) * SUM - Symbol("t_1")) * Symbol("a_11"), "probable"),
        ("w_a11o1", (exp(O2) / (exp(O1) + exp(O2)) * SUM - Symbol("t_1")) * Symbol("a_11"), "refuted"),
        ("o_1", (Symbol("y_1") * SUM - Symbol("t_1")) * log(exp(1)), "probable"),
    ],
)
def test_kinks_and_softmax_written_out(name, candidate, status):
    assert symcnn.derive(KINKED).decide(name, candidate).status == status
