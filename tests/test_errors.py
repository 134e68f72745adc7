import numpy as np
import pytest

from symcnn.errors import quoted


@pytest.mark.parametrize("value", ["x", "it's", 3, 0.5, (3, 4), [1, "a"], {"a": 1}, None, True, ""])
def test_a_short_value_is_quoted_as_python_writes_it(value):
    assert quoted(value) == repr(value)


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("x" * 100_000, "'xxx", "xxx'"),
        (list(range(100_000)), "[0, 1,", "]"),
        ([["deep" * 50] * 50] * 50, "[['deep", "]"),
        (10**200, "1000", "0000"),
        (10**6000, "int", "digits"),
        (np.arange(2000.0).reshape(50, 40), "array([[", ")"),
        ({f"key{n}": n for n in range(1000)}, "{'key0'", "}"),
        ("\n" * 1000, "'\\n", "'"),
        ("\x00猫" * 1000, "'\\x00猫", "'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_long_value_fits_a_line(value, start, end):
    for limit in (30, 60, 90):
        text = quoted(value, limit)
        assert len(text) <= limit
        assert "\n" not in text
        assert text.startswith(start)
        assert text.endswith(end)


def test_what_is_shortened_says_so():
    assert quoted("abcdefghij" * 10, 20) == "'abcdefg…cdefghij'"
