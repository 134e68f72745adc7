"""Long sums row by row: what they are written as, and that another program works them out to the same."""

import re

import formualizer
import numpy as np
import pytest
import sympy

from symcnn.derivation import Addend, Variable
from symcnn.network import Conv2D, Network
from symcnn.symbolic import gate
from symcnn.workbook.addresses import CellReference, SheetPrinter

X = Network((1, 1), [Conv2D(1, 1)], None).forward.equations[0].target.tensor


def variable(products, coefficient=sympy.S.One):
    return Variable("x_11", X, (0, 0), (Addend(tuple(products), coefficient),))


def place(symbol):
    """a_7 stands in column 7 of row 1, b_7 below it."""
    letter, number = symbol.name.split("_")
    return CellReference("", "", int(number), "ab".index(letter) + 1)


def cells(letter, count):
    return sympy.symbols([f"{letter}_{n}" for n in range(1, count + 1)])


A, B = cells("a", 300), cells("b", 300)


def test_a_short_sum_is_written_product_by_product():
    assert SheetPrinter(place).variable(variable(zip(A[:2], B[:2], strict=True))) == "A1*A2+B1*B2"


@pytest.mark.parametrize(
    ("products", "written"),
    [
        ([(a, b) for a, b in zip(A, B, strict=True)], "SUMPRODUCT(A1:KN1,A2:KN2)"),
        ([(a,) for a in A], "SUM(A1:KN1)"),
        ([(sympy.Rational(1, 9), a, b) for a, b in zip(A, B, strict=True)], "SUMPRODUCT(A1:KN1,A2:KN2)/9"),
        ([(-1, a) for a in A], "-1*SUM(A1:KN1)"),
        ([(a, b) for a, b in zip(A[:200], B[:200], strict=True)] + [(a,) for a in A[200:]],
         "SUMPRODUCT(A1:GR1,A2:GR2)+SUM(GS1:KN1)"),
        ([(a, b) for a, b in zip(A[:290], B[10:], strict=True)], "SUMPRODUCT(A1:KD1,K2:KN2)"),
    ],
)  # fmt: skip
def test_a_long_sum_is_written_row_by_row(products, written):
    made = [tuple(map(sympy.sympify, p)) for p in products]
    assert SheetPrinter(place).variable(variable(made)) == written


def test_what_is_no_product_of_cells_stays_as_it_is():
    """A gate between two cells, and cells that go backwards, are in no run."""
    products = [(A[0], gate(B[0], 1, 0)), (A[1],), (A[2], gate(B[2], 1, 0)), *((a,) for a in A[:2:-1])]
    text = SheetPrinter(place).variable(variable(products))
    assert text.startswith("A1*IF(A2>0,1,0)+B1+C1*IF(C2>0,1,0)+KN1+KM1+")
    assert "SUM" not in text


def test_another_program_finds_the_same():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 300))
    book = formualizer.Workbook()
    book.add_sheet("S")
    for (row, column), value in np.ndenumerate(values):
        book.set_value("S", row + 1, column + 1, float(value))
    products = [(a, b) for a, b in zip(A[:150], B[150:], strict=True)] + [(sympy.Integer(-2), b) for b in B[:150]]
    text = SheetPrinter(place).variable(variable(products, sympy.Rational(1, 3)))
    assert re.fullmatch(r"\(SUMPRODUCT\(A1:ET1,EU2:KN2\)-?.*SUM\(A2:ET2\)\)/3", text)
    book.set_formula("S", 3, 1, f"={text}")
    book.evaluate_all()
    wanted = (values[0, :150] @ values[1, 150:] - 2 * values[1, :150].sum()) / 3
    assert abs(book.get_value("S", 3, 1) - wanted) < 1e-12
