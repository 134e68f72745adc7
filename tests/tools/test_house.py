"""The ruler counts what it says: on small sources that hold each thing once."""

import ast
from pathlib import Path

from tests.tools import house

SOURCES = {
    Path("one.py"): '''
"""A docstring may say dE_df."""
from symcnn.two import b
class _Row: pass
def decide(x):
    """_image"""
    from symcnn.two import a
    return Verdict(x, "dE_df", f"{x}_image2", "dE")
''',
    Path("two.py"): "from symcnn.one import decide\nclass Row: pass\nclass Column: pass\ndef tell(v): return v\n",
    Path("three.py"): "from symcnn.two import a\n",
}
TREES = {path: ast.parse(text) for path, text in SOURCES.items()}


def test_class_names_with_two_owners():
    assert house.classes_with_two_owners(TREES) == {"Row": ["one.py", "two.py"]}


def test_constants_that_spell_a_name():
    [(path, constants)] = house.spelled_constants(TREES).items()
    assert path == "one.py"
    assert [c.split(": ")[1] for c in constants] == ["'dE_df'", "'_image2'"]


def test_constructors_circles_and_imports_inside_functions():
    assert house.constructors(TREES, "Verdict") == ["one.py:5 decide"]
    assert house.circles(TREES) == [["symcnn.one", "symcnn.two"]]
    assert house.imports_inside_functions(TREES) == ["one.py:7 symcnn.two"]


def test_who_is_handed_a_name():
    from symcnn.symbolic.equation import symbol

    def call():
        symbol.__wrapped__("f_12")  # not what a test before has asked for
        symbol.__wrapped__("dE_df_12_image2")
        symbol.__wrapped__("f_123")

    handed, calls = house.traced(call)
    assert handed == {"symbolic/equation.py:symbol": 2}
    assert calls >= 3
