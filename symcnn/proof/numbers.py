"""Numbers as they are written or worked out: each lies in an interval, and ``decide`` says whether two are one.

A rounded number may be off by half a unit of its last place, a number from floating point by its last digits. So a side
has an interval that it cannot leave (``wide``), and one that it is taken for (``tight``): two numbers are apart where
the wide ones do not meet, and one number where the tight ones do. Between the two, nothing is said.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from symcnn.proof.verdict import Comparison, OneMethod, UndecidableError

Interval = tuple[Fraction, Fraction]

#: How far a number may be from another that it stands for: floating point only, before it is rounded for display.
RELATIVE, ABSOLUTE = 1e-9, 1e-12


@dataclass(frozen=True)
class IntervalArray:
    """Intervals in rows; a single number has no shape."""

    entries: tuple[Interval, ...]
    shape: tuple[int, ...] = ()

    def meets(self, other: "IntervalArray", slack: Fraction = Fraction(0)) -> bool:
        """Can both have one value, entry by entry, up to a share of it?"""
        if len(self.entries) != len(other.entries):
            return False
        return all(_meet(a, b, slack) for a, b in zip(self.entries, other.entries, strict=True))

    def apart(self, other: "IntervalArray") -> tuple[float, float] | None:
        """Of the first entries that do not meet, the middle of both; None: there are none."""
        pairs = zip(self.entries, other.entries, strict=False)
        return next(((_middle(a), _middle(b)) for a, b in pairs if not _meet(a, b, Fraction(0))), None)


def compare_intervals(
    wide: tuple[IntervalArray, IntervalArray], tight: tuple[IntervalArray, IntervalArray] | None = None,
    slack: Fraction = Fraction(0),
) -> Comparison:  # fmt: skip
    """Are two sides one value?

    Raises:
        UndecidableError: only if what is written is rounded.
    """
    left, right = wide
    if not left.meets(right, slack):
        return Comparison(False, counterexample=left.apart(right) or "not as many numbers")
    if tight is not None and not tight[0].meets(tight[1]):
        raise UndecidableError("they are one value only if literals in them are rounded")
    return Comparison(True)


def _compare_floats(left: float, right: float) -> Comparison:
    within = ABSOLUTE + RELATIVE * max(abs(left), abs(right))
    is_one = math.isfinite(left) and math.isfinite(right) and abs(left - right) <= within
    return Comparison(is_one, counterexample=None if is_one else (left, right))


#: One value, as far as both are known.
INTERVALS = OneMethod("numbers", "to the places shown", lambda left, right: compare_intervals((left, right)))

#: The same number, up to floating point; what is no number is like nothing.
FLOATS = OneMethod("numbers", "up to floating point", _compare_floats)


def _meet(a: Interval, b: Interval, slack: Fraction) -> bool:
    return a[0] - slack * abs(a[0]) <= b[1] and b[0] <= a[1] + slack * abs(a[1])


def _middle(interval: Interval) -> float:
    return float(sum(interval) / 2)
