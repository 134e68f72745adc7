import mpmath
import pytest
import sympy

from symcnn.printers.excel import EXCEL
from symcnn.printers.numpy_scalars import NUMPY
from symcnn.printers.python import PYTHON
from symcnn.symbolic import LEAVES, maximum, relu, sigmoid

z = sympy.Symbol("z")


def test_the_sigmoid_is_differentiated_with_its_output():
    assert sigmoid(z).diff(z) == sigmoid(z) * (1 - sigmoid(z))
    true = sympy.diff(1 / (1 + sympy.exp(-z)), z)
    assert sympy.simplify(sigmoid(z).diff(z).rewrite(sympy.exp) - true) == 0


def test_leaves_evaluate_to_any_precision():
    with mpmath.workdps(40):
        expected = sympy.Float(str(1 / (1 + mpmath.exp(-mpmath.mpf(1) / 3))), 40)
    assert abs(sigmoid(sympy.Rational(1, 3)).evalf(40) - expected) < sympy.Float("1e-38")
    assert relu(sympy.Integer(-2)).evalf() == 0
    assert float(relu(sympy.Integer(2)).evalf()) == 2
    assert float(maximum(sympy.Integer(1), sympy.Integer(3), sympy.Integer(2)).evalf()) == 3


@pytest.mark.parametrize("table", [PYTHON.functions, NUMPY.functions, EXCEL.functions])
def test_every_printer_knows_every_leaf(table):
    assert set(table) == set(LEAVES)
