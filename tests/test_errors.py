import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import symcnn
from symcnn.errors import LIBRARIES, install_command, quoted, shortened
from tests.test_cli import run


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


def test_what_installs_a_library_has_the_bounds_of_the_project():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    extras = {word for words in project["optional-dependencies"].values() for word in words}
    assert set(LIBRARIES.values()) <= extras
    for library, words in LIBRARIES.items():
        assert words.startswith(library)
        assert install_command(library) == f'{sys.executable} -m pip install "{words}"'


def test_no_message_names_an_extra_of_a_package_that_no_index_has():
    package = Path(symcnn.__file__).parent
    assert [p for p in package.rglob("*.py") if "pip install" in p.read_text("utf-8") and p.name != "errors.py"] == []
    assert not [p for p in package.rglob("*.py") if "symcnn[" in p.read_text("utf-8")]


def test_a_message_of_any_length_fits_a_screen():
    assert shortened("x" * 1_000) == "x" * 1_000
    assert len(shortened("x" * 100_000)) <= 1_001


LONG = "q" * 100_000


@pytest.mark.parametrize(
    "arguments",
    [
        [LONG], ["--" + LONG], ["train", "--epochs", LONG], ["train", "--optimizer", LONG],
        ["train", "--backend", LONG], ["derive", "--of", LONG], ["explain", LONG], ["train", "--label-column", LONG],
        ["train", "--lang", LONG], ["train", LONG + ".toml"], ["report", "--out", LONG + ".md"],
        ["train", "--save", "x." + LONG], ["train", "--data", LONG + ".csv"], ["article", "--out", LONG],
    ],
    ids=lambda arguments: arguments[0][:10],
)  # fmt: skip
def test_every_command_shortens_what_it_quotes(capsys, arguments):
    status, _, err = run(*arguments, capsys=capsys)
    assert status == 2
    assert len(err) < 1_100
    assert err.count("\n") == 1
