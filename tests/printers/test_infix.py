import math

import formualizer
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from symcnn.printers.excel import EXCEL, FormulaPrinter, checked_formula
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import NUMPY, PYTHON
from symcnn.symbolic import exp, gate, leaky_relu, log, maximum, relu, sigmoid, softplus, tanh, wins

a, b, c, h, o, t, z = sympy.symbols("a b c h o t z")

TABLE = [
    (a * b + c, "c + a*b", "c+a*b"),
    (o - t, "o - t", "o-t"),
    (1 - h, "1 - h", "1-h"),
    (h * (1 - h), "h*(1 - h)", "h*(1-h)"),
    ((o - t) ** 2 / 2, "(o - t)*(o - t)/2", "(o-t)^2/2"),
    (a**3, "a*a*a", "a^3"),
    (-a * b, "-(a*b)", "-1*(a*b)"),
    (a - b * c, "a - (b*c)", "a-(b*c)"),
    (sympy.Rational(2, 3) * a, "2*a/3", "2*a/3"),
    (sympy.Integer(0), "0", "0"),
    (sympy.Integer(-2), "-2", "-2"),
    (sympy.Float(0.1), "0.1", "0.1"),
    (sympy.Float(-1.5) * a, "-1.5*a", "-1*1.5*a"),
    (sigmoid(z), "1.0/(1.0 + exp(-z))", "IF(z<0,EXP(z)/(1+EXP(z)),1/(1+EXP(-z)))"),
    (sigmoid(a + b), "1.0/(1.0 + exp(-(a + b)))", "IF(a+b<0,EXP(a+b)/(1+EXP(a+b)),1/(1+EXP(-(a+b))))"),
    (sigmoid(a**2), "1.0/(1.0 + exp(-(a*a)))", "IF(a^2<0,EXP(a^2)/(1+EXP(a^2)),1/(1+EXP(-(a^2))))"),
    (a * sigmoid(z), "a*(1.0/(1.0 + exp(-z)))", "a*IF(z<0,EXP(z)/(1+EXP(z)),1/(1+EXP(-z)))"),
    (relu(z), "(0.0 if z <= 0.0 else z)", "MAX(0,z)"),
    (maximum(b, a, c), "largest(largest(b, a), c)", "MAX(b,a,c)"),
    (tanh(z), "tanh(z)", "TANH(z)"),
    (leaky_relu(z), "(z if z > 0.0 else 0.01*z)", "MAX(z,z/100)"),
    (softplus(z), "(max(z, 0.0) + log1p(exp(-abs(z))))", "MAX(z,0)+LN(1+EXP(-ABS(z)))"),
    (a * softplus(z), "a*(max(z, 0.0) + log1p(exp(-abs(z))))", "a*(MAX(z,0)+LN(1+EXP(-ABS(z))))"),
    (exp(a - b), "exp(a - b)", "EXP(a-b)"),
    (log(a), "log(a)", "LN(a)"),
    (gate(a, 1, 0) * b, "b*(0 if a <= 0.0 else 1)", "b*IF(a>0,1,0)"),
    (wins(a, b), "(1.0 if a == b else 0.0)", "IF(a=b,1,0)"),
    (wins(a, b, c), "(1.0 if a == b and c != b else 0.0)", "IF(AND(a=b,c<>b),1,0)"),
    (1 / a, "1/a", "1/a"),
    (b / (a * c), "b/(a*c)", "b/(a*c)"),
    (-b / a**2, "-b/(a*a)", "-1*b/(a^2)"),
    (b / (a + c), "b/(a + c)", "b/(a+c)"),
    (sympy.sqrt(a + b), "sqrt(a + b)", "SQRT(a+b)"),
    (-(a**2), "-(a*a)", "-1*a^2"),
]


@pytest.mark.parametrize(("expression", "python", "excel"), TABLE)
def test_each_expression_in_each_language(expression, python, excel):
    assert InfixPrinter(PYTHON).expression(expression).text == python
    assert InfixPrinter(EXCEL).expression(expression).text == excel


def test_what_has_no_rule_is_refused():
    for language in (PYTHON, NUMPY, EXCEL):
        for unknown in (
            sympy.sin(a),
            sympy.Function("f")(a),
            sympy.oo,
            sympy.nan,
            sympy.pi,
            a**b,
            sympy.cbrt(a),
            sympy.I,
        ):
            with pytest.raises(TypeError):
                InfixPrinter(language).expression(unknown)


expressions = st.recursive(
    st.sampled_from([a, b, c, sympy.Integer(2), sympy.Integer(-1), sympy.Rational(1, 3)]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: p[0] + p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] - p[1]),
        st.tuples(inner, inner).map(lambda p: p[0] * p[1]),
        inner.map(lambda e: e**2),
        inner.map(sigmoid),
        inner.map(relu),
    ),
    max_leaves=12,
)


@given(expressions)
def test_printed_python_means_the_expression(expression):
    values = {"a": 0.7, "b": -1.3, "c": 2.1}
    wanted = float(expression.evalf(25, subs={sympy.Symbol(k): sympy.Float(v, 25) for k, v in values.items()}))
    for language, space in ((PYTHON, {"exp": math.exp}), (NUMPY, {"np": __import__("numpy")})):
        found = eval(InfixPrinter(language).expression(expression).text, {**space, **values})
        assert math.isclose(float(found), wanted, rel_tol=1e-9, abs_tol=1e-9), language


@given(st.lists(expressions, min_size=20, max_size=20))
@settings(max_examples=15)
def test_printed_formulas_mean_the_expression_to_a_spreadsheet(many):
    """300 formulas, worked out by a program that is not ours: precedence, unary minus, powers."""
    values = {"a": 0.7, "b": -1.3, "c": 2.1}
    book = formualizer.Workbook()
    book.add_sheet("S")
    for column, value in enumerate(values.values(), 1):
        book.set_value("S", 1, column, value)
    printer = InfixPrinter(EXCEL, lambda symbol: f"{symbol.name.upper()}1")
    for row, expression in enumerate(many, 2):
        book.set_formula("S", row, 1, f"={printer.expression(expression).text}")
    book.evaluate_all()
    for row, expression in enumerate(many, 2):
        exact = expression.evalf(25, subs={sympy.Symbol(k): sympy.Float(v, 25) for k, v in values.items()})
        found = book.get_value("S", row, 1)
        assert math.isclose(float(found), float(exact), rel_tol=1e-9, abs_tol=1e-9), (expression, found)


def test_a_formula_that_no_spreadsheet_takes_is_refused():
    from symcnn import NotSupportedYetError

    with pytest.raises(NotSupportedYetError, match="8192"):
        checked_formula("=" + "a+" * 5000, "E")
    with pytest.raises(NotSupportedYetError, match="255"):
        FormulaPrinter(str).expression(maximum(*sympy.symbols("a:300")))
