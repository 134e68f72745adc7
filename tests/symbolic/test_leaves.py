"""What every record of a leaf function must hold, whichever functions there are."""

import math

import mpmath
import numpy as np
import pytest
import sympy

from symcnn.printers.excel import EXCEL
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import NUMPY, PYTHON
from symcnn.symbolic import LEAF, LEAVES, Y, Z, exp, gate, log, maximum, relu, sigmoid, wins
from symcnn.symbolic.leaves import Leaf, _slope, worked_out
from symcnn.verification.evaluate import leaves as oracle

z = sympy.Symbol("z")
ONE_ARGUMENT = [leaf for leaf in LEAVES if leaf.takes_one]
POINTS = (-3.0, -0.5, -1e-9, 0.0, 1e-9, 0.5, 3.0)


def named(leaf):
    return leaf.name


def test_the_sigmoid_is_differentiated_with_its_output():
    assert sigmoid(z).diff(z) == sigmoid(z) * (1 - sigmoid(z))
    true = sympy.diff(1 / (1 + sympy.exp(-z)), z)
    assert sympy.simplify(sigmoid(z).diff(z).rewrite(sympy.exp) - true) == 0


def test_a_slope_is_derived_from_the_definition_and_written_with_the_value():
    assert [str(LEAF[f].slope) for f in (sigmoid, sympy.tanh, relu)] == ["y*(1 - y)", "1 - y**2", "gate(y, 1, 0)"]
    assert _slope(exp(Z) - 1) == Y + 1
    assert _slope(2 / (1 + exp(-3 * Z))).expand() == (3 * Y - 3 * Y**2 / 2).expand()
    assert _slope(log(1 + exp(Z))) == exp(Z) / (1 + exp(Z))  # no fraction: left in z
    assert _slope(Z * exp(Z)).expand() == exp(Z) + Z * exp(Z)
    bent = Leaf(relu, gate(Z, Z, exp(Z) - 1))
    assert (bent.slope, bent.has_kink, bent.is_linear, bent.generators) == (gate(Y, 1, 1 + Y), False, False, 2)


def test_a_gate_is_differentiated_by_its_branches():
    y, a, b = sympy.symbols("y a b")
    assert gate(y, a**2, b).diff(a) == 2 * a * gate(y, 1, 0)
    assert gate(y, a, b).diff(b) == gate(y, 0, 1)
    assert gate(y, a, b).diff(y) == 0


def test_leaves_evaluate_to_any_precision():
    with mpmath.workdps(40):
        expected = sympy.Float(str(1 / (1 + mpmath.exp(-mpmath.mpf(1) / 3))), 40)
    assert abs(sigmoid(sympy.Rational(1, 3)).evalf(40) - expected) < sympy.Float("1e-38")
    assert relu(sympy.Integer(-2)).evalf() == 0
    assert float(relu(sympy.Integer(2)).evalf()) == 2
    assert float(maximum(sympy.Integer(1), sympy.Integer(3), sympy.Integer(2)).evalf()) == 3


@pytest.mark.parametrize("leaf", ONE_ARGUMENT, ids=named)
def test_the_columns_of_a_record_say_the_same_as_its_definition(leaf):
    """50 digits of the definition against each printed program, ``value_at`` and the independent oracle."""
    points = [p for p in POINTS if leaf.function is not log or p > 0]
    for at in points:
        with mpmath.workdps(50):
            exact = exactly(leaf, mpmath.mpf(at))
        math_space = {name: getattr(math, name) for name in ("exp", "expm1", "log", "log1p", "tanh")}
        found = {
            "python": eval(InfixPrinter(PYTHON).expression(leaf.function(z)).text, math_space, {"z": at}),
            "numpy": eval(InfixPrinter(NUMPY).expression(leaf.function(z)).text, {"np": np}, {"z": at}),
            "math": leaf.value_at(math, at),
            "evalf": float(leaf.function(sympy.Float(at, 30)).evalf(20)),
            "oracle": float(oracle("mpmath")[leaf.name](mpmath.mpf(at))),
            "oracle, complex": complex(oracle("numpy")[leaf.name](np.complex128(at))).real,
        }
        for source, value in found.items():
            assert math.isclose(float(value), float(exact), rel_tol=1e-14, abs_tol=2e-16), (source, at)


def exactly(leaf, at):
    if leaf.definition is None:
        return getattr(mpmath, leaf.name)(at)
    formula = leaf.definition if leaf.sides is None else leaf.side(at > 0)
    return worked_out(formula, {Z: at}, lambda function: getattr(mpmath, function.__name__))


@pytest.mark.parametrize("leaf", ONE_ARGUMENT, ids=named)
def test_the_slope_of_a_record_is_that_of_its_definition(leaf):
    rule = leaf.function(z).diff(z)
    for at in (p for p in POINTS if p != 0 and (leaf.function is not log or p > 0)):
        with mpmath.workdps(50):
            exact = mpmath.diff(lambda x: exactly(leaf, x), mpmath.mpf(at), h=mpmath.mpf("1e-20"))
        assert math.isclose(float(rule.xreplace({z: sympy.Float(at, 40)}).evalf(20)), float(exact), rel_tol=1e-14), at


@pytest.mark.parametrize("leaf", [leaf for leaf in LEAVES if leaf.activation], ids=named)
def test_no_program_of_an_activation_overflows(leaf):
    for at in (-1e3, -50.0, 50.0, 1e3):
        for dtype in (np.float32, np.float64):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                value = eval(InfixPrinter(NUMPY).expression(leaf.function(z)).text, {"np": np}, {"z": dtype(at)})
            assert np.isfinite(value)
            assert abs(value) <= 1000


def test_formulas_of_two_sides_have_the_sign_of_their_argument():
    """The gate of the value is the gate of the argument: what every slope of such a function rests on."""
    for leaf in LEAVES:
        if leaf.sides:
            for at in (p for p in POINTS if p):
                assert (leaf.value_at(math, at) > 0) == (at > 0), leaf.name
            assert leaf.value_at(math, 0.0) == 0


@pytest.mark.parametrize("language", [PYTHON, NUMPY, EXCEL])
def test_every_printer_knows_every_leaf(language):
    arguments = {gate: sympy.symbols("z a b"), maximum: sympy.symbols("z a"), wins: sympy.symbols("z a")}
    for leaf in LEAVES:
        assert InfixPrinter(language).expression(leaf.function(*arguments.get(leaf.function, (z,)))).text


@pytest.mark.parametrize("leaf", ONE_ARGUMENT, ids=named)
def test_a_leaf_is_written_out_in_exponentials_as_it_is_defined(leaf):
    written = leaf.function(z).rewrite(exp)
    if leaf.definition is not None and leaf.definition.has(exp, log) and leaf.function is not sympy.tanh:
        assert written == leaf.definition.xreplace({Z: z})
    assert abs(sympy.N((written - leaf.function(z)).subs(z, sympy.Rational(7, 5)))) < 1e-12
