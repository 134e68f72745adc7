"""What one judge concludes from what the methods of a domain say."""

from dataclasses import dataclass, field

import mpmath
import pytest

from symcnn.proof.domain import AlgebraicDomain, agree, differ, error_probability
from symcnn.proof.verdict import Comparison, Domain, Method, TooLargeError, UndecidableError, decide

EQUAL, PROBABLE = Comparison(True), Comparison(True, 1e-30)
#: Symbols differ, which shows nothing yet; and two values that show it.
DIFFERENT, APART = Comparison(False), Comparison(False, counterexample=(1.0, 2.0), at="here")
TOO_LARGE, NO_PLACE, NO_NUMBERS = TooLargeError("too large"), UndecidableError("no place"), UndecidableError("none")


@dataclass
class Says(Domain):
    """A domain whose methods say what they are told to, and whom it has asked."""

    exact: Comparison | Exception
    modular: Comparison | Exception
    numbers: Comparison | Exception
    is_canonical: bool = False
    asked: list[str] = field(default_factory=list)

    def methods(self, left, right):
        if isinstance(left, Exception):
            raise left
        for how, says in (("exact", self.exact), ("modulo a prime", self.modular), ("numbers", self.numbers)):
            yield Method(how, f"by {how}", lambda how=how, says=says: self._answer(how, says))

    def _answer(self, how, says):
        self.asked.append(how)
        if isinstance(says, Exception):
            raise says
        return says


@pytest.mark.parametrize(
    ("methods", "outcome", "how", "status", "method", "asked"),
    [
        ((EQUAL, PROBABLE, APART), "right", "exact", "proved", "by exact", 1),
        ((TOO_LARGE, PROBABLE, APART), "right", "modulo a prime", "probable", "by modulo a prime", 2),
        ((DIFFERENT, EQUAL, APART), "wrong", "exact", "refuted", "by exact", 2),
        ((DIFFERENT, EQUAL, EQUAL), "right", "numbers", "agrees", "by numbers", 2),
        ((TOO_LARGE, DIFFERENT, APART), "wrong", "modulo a prime", "refuted", "by modulo a prime", 3),
        ((DIFFERENT, EQUAL, NO_NUMBERS), "not decided", "exact", "unknown", "none", 2),
        ((NO_PLACE, EQUAL, APART), "wrong", "numbers", "refuted", "by numbers", 2),
        ((NO_PLACE, EQUAL, NO_NUMBERS), "not decided", None, "unknown", "no place", 2),
        ((TOO_LARGE, TOO_LARGE, TOO_LARGE), "not decided", None, "unknown", "too large", 3),
    ],
)
def test_the_conclusion(methods, outcome, how, status, method, asked):
    domain = Says(*methods)
    verdict = decide("left", "right", domain, name="f_11", claim="left = right")
    assert (verdict.outcome, verdict.how, verdict.status, verdict.method) == (outcome, how, status, method)
    assert len(domain.asked) == asked
    assert (verdict.name, verdict.claim) == ("f_11", "left = right")
    assert verdict.proved is {"right": True, "wrong": False, "not decided": None}[outcome]
    assert bool(verdict) is (outcome == "right")
    assert verdict.epsilon == (1e-30 if verdict.status == "probable" else 0)
    shows = outcome == "wrong"
    assert (verdict.counterexample, verdict.at) == (((1.0, 2.0), "here") if shows else (None, ""))
    assert not shows or verdict.reason == "1 ≠ 2"


def test_a_difference_of_normal_forms_is_wrong_only_where_forms_are_canonical():
    assert decide("", "", Says(DIFFERENT, EQUAL, NO_NUMBERS, is_canonical=True)).outcome == "wrong"
    assert decide("", "", Says(NO_PLACE, EQUAL, NO_NUMBERS, is_canonical=True)).outcome == "not decided"


def test_a_side_without_meaning_is_not_decided():
    verdict = decide(NO_PLACE, "right", Says(EQUAL, EQUAL, EQUAL))
    assert (verdict.outcome, verdict.why) == ("not decided", "no place")


class AtTwoPoints(AlgebraicDomain):
    """A domain without normal forms and numbers, whose sides are these at two random points."""

    exact = None

    def __init__(self, *points):
        self.modular = [type("Sides", (), {"sides": lambda _, left, right, pair=pair: pair}) for pair in points]
        self.modular, self.degrees = [point() for point in self.modular], self.modular[0]()

    def sides_in(self, make): ...

    def leaves(self):
        return 0

    def reals(self):
        return iter(())


def test_both_random_points_must_agree():
    assert decide("left", "right", AtTwoPoints((1, 1), (2, 2))).status == "probable"
    for points in (((1, 1), (1, 2)), ((1, 2), (1, 1))):
        assert decide("left", "right", AtTwoPoints(*points)).outcome == "not decided"


def test_numbers_between_agreeing_and_differing_say_nothing():
    with mpmath.workdps(60):
        one = mpmath.mpf(1)
        for gap, agrees, differs in ((1e-55, True, False), (1e-40, False, False), (1e-30, False, True)):
            assert (agree(one, one + gap), differ(one, one + gap)) == (agrees, differs)
        for value in (mpmath.inf, mpmath.nan):
            assert not agree(value, one)
            assert not differ(value, one)


def test_the_error_probability_counts_pairs_of_leaves_at_points_and_runs():
    assert error_probability(5, 0, 1) == 5 / (2**61 - 1)
    assert error_probability(5, 3, 2) == pytest.approx(10 * (5 / 2**61) ** 2, rel=1e-9, abs=0)
    assert error_probability(5, 3, 1, 2) == pytest.approx((10 * 5 / 2**61) ** 2, rel=1e-9, abs=0)
