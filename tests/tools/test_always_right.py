"""There is one judge: broken, it is missed in every room."""

import ast

import pytest

from tests.tools import always_right, house


@pytest.mark.slow
def test_a_judge_that_calls_everything_right_is_seen_in_every_room(capsys):
    assert always_right.main() == 0, capsys.readouterr().out


def test_one_function_makes_a_verdict():
    trees = {path: ast.parse(path.read_text("utf-8")) for path in house.PACKAGE.rglob("*.py")}
    assert [maker.split()[-1] for maker in house.constructors(trees, "Verdict")] == ["decide"]
