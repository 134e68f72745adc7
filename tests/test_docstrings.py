"""The examples in the docstrings of the public names run, and show what they say."""

import doctest
import inspect

import pytest

import symcnn

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SLOW = {"check_workbook"}
PUBLIC = [name for name in symcnn.__all__ if callable(thing := getattr(symcnn, name)) and not (
    inspect.isclass(thing) and issubclass(thing, Exception))]  # fmt: skip


def examples_of(name):
    """The doctests of a public name, of its methods too."""
    return [test for test in doctest.DocTestFinder().find(getattr(symcnn, name), name, module=False) if test.examples]


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in PUBLIC])
def test_the_examples_of(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = examples_of(name)
    assert examples, f"the docstring of symcnn.{name} has no example"
    for test in examples:
        test.globs = {}
        printed = []
        result = doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=printed.append)
        assert result.failed == 0, "".join(printed)
    assert all("import symcnn" in test.examples[0].source or ", symcnn" in test.examples[0].source for test in examples)
