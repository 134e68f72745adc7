"""Texts that nobody would write: one line, or not read, in bounded time."""

import time

import pytest

from symcnn.audit import audit, audit_text
from symcnn.errors import InputError
from tests.tools.texts import verdicts


def test_numbers_that_floating_point_does_not_hold_are_compared_all_the_same(derivation):
    assert verdicts(derivation, "10^{400} = 10^{399}", "10^{400} = 10^{400}") == ["false", "true"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("x_{11} = " + " + ".join(["i_{11} f_{11}"] * 700), marks=pytest.mark.slow),
        "x_{11} = i_{11}, " + "k, " * 9000,
        "x_{11} = i_{11} " + r"\text{ a}" * 5000,
        "x" + "_{1" * 3000 + "}" * 3000 + " = 1",
    ],
    ids=["terms", "commas", "words", "braces"],
)
def test_long_displays_take_bounded_time(derivation, body):
    start = time.process_time()  # not the clock: other programs may run beside the tests
    assert "true" not in [f.verdict for f in audit_text(f"$${body}$$", derivation).findings]
    assert time.process_time() - start < 30


def test_too_many_formulas_are_refused_before_they_are_read(tmp_path, net):
    path = tmp_path / "many.md"
    path.write_text("$x_{11} = i_{11}$\n" * 20_000, "utf-8")
    start = time.process_time()
    with pytest.raises(InputError, match=r"many\.md: 20000 formulas; expected at most"):
        audit(path, net)
    assert time.process_time() - start < 15
