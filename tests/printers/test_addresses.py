"""Columns as letters, held against openpyxl."""

import pytest
from openpyxl.utils import column_index_from_string, get_column_letter

from symcnn.printers.cells.addresses import letters, number
from symcnn.printers.cells.parser import FormulaError

# around every change of length, and what lies between
COLUMNS = [1, 2, 25, 26, 27, 28, 51, 52, 53, 700, 701, 702, 703, 704, 1378, 1379, *range(705, 16384, 97), 16384]


@pytest.mark.parametrize("column", COLUMNS)
def test_letters_are_openpyxls(column):
    assert letters(column) == get_column_letter(column)
    assert number(letters(column)) == number(letters(column).lower()) == column
    assert column_index_from_string(letters(column)) == column


@pytest.mark.parametrize("column", [-26, -1, 0, 16385])
def test_outside_the_sheet_there_are_no_letters(column):
    with pytest.raises(FormulaError, match=f"column {column}"):
        letters(column)
