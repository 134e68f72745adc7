"""What stands beside a call in the calculus: the slope that Coq will demand of it."""

import pytest
import sympy

from symcnn.printers.coq import CALLS, CalculusPrinter
from symcnn.symbolic import LEAF

z = sympy.Symbol("z", positive=True)


@pytest.mark.parametrize("name", ["Inverse", *CALLS.values()])
def test_beside_a_call_stands_its_slope(name):
    """``expressions.v``: D(1/s) = -(beside)·D(s), beside = 1/s²; of the others the slope, or the value where that
    tells it."""
    beside = []

    def number(e):
        beside.append(e)
        return len(beside)

    printer = CalculusPrinter(str, number)
    printer._defined = printer._whole = sympy.Symbol("defined")
    function = {called: f for f, called in CALLS.items()}.get(name)
    call = 1 / z if function is None else function(z)
    printer._called(call, name, z, printer.expression(z))
    value, slope = beside
    assert value == call
    derivative = -sympy.diff(call, z) if function is None else LEAF[function].slope
    if function is not None:
        derivative = derivative.xreplace({sympy.Symbol("z"): z, sympy.Symbol("y"): call})
    assert slope in (call, derivative)
    if slope == call:  # then the calculus has a formula in the value: σ·(1 − σ), 1 − tanh², exp
        assert not derivative.has(z) or derivative.xreplace({call: sympy.Symbol("v")}).free_symbols <= {
            sympy.Symbol("v")
        }
