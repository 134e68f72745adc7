"""What the compiled formulas' comparisons say, case by case, as Excel orders values."""

import operator

import pytest

from symcnn.workbook.evaluator import OPERATIONS

WORDS = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
#: In Excel's order: numbers, then texts whatever their case, then FALSE, TRUE.
ORDER = [-2.0, 0.0, 1.5, "a", "b", False, True]


@pytest.mark.parametrize("word", WORDS)
def test_comparisons_are_excels(word):
    for m, a in enumerate(ORDER):
        for n, b in enumerate(ORDER):
            assert OPERATIONS[word](a, b) is WORDS[word](m, n), (a, word, b)
    assert OPERATIONS[word]("B", "b") is WORDS[word](0, 0)
