"""Equality of written or computed numbers, each in an interval.

A rounded number may be off by half a unit of its last place, a number from floating point by its last digits. So a side
has an interval that surely contains it (``wide``), and a likely one (``tight``): two numbers are different where the
wide ones do not meet, and equal where the tight ones do. Anything between is not decided.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from symcnn.proof.verdict import Comparison, OneMethod, UndecidableError

Interval = tuple[Fraction, Fraction]

#: The tolerance of floating point, before a number is rounded for display.
RELATIVE, ABSOLUTE = 1e-9, 1e-12


@dataclass(frozen=True)
class IntervalArray:
    """An array of intervals, row by row; a single number has the shape ()."""

    entries: tuple[Interval, ...]
    shape: tuple[int, ...] = ()

    def meets(self, other: "IntervalArray", slack: Fraction = Fraction(0)) -> bool:
        """Can the entries of both be equal, up to a share ``slack`` of them?"""
        if len(self.entries) != len(other.entries):
            return False
        return all(_meet(a, b, slack) for a, b in zip(self.entries, other.entries, strict=True))

    def apart(self, other: "IntervalArray") -> tuple[float, float] | None:
        """Return the middles of the first entries that do not meet; None: all do."""
        pairs = zip(self.entries, other.entries, strict=False)
        return next(((_middle(a), _middle(b)) for a, b in pairs if not _meet(a, b, Fraction(0))), None)


def compare_intervals(
    wide: tuple[IntervalArray, IntervalArray], tight: tuple[IntervalArray, IntervalArray] | None = None,
    slack: Fraction = Fraction(0),
) -> Comparison:  # fmt: skip
    """Compare two sides.

    Raises:
        UndecidableError: they are equal only if their literals are rounded.
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


#: Equality as far as both sides are known.
INTERVALS = OneMethod("numbers", "to the places shown", lambda left, right: compare_intervals((left, right)))

#: Equality up to floating point; a value that is not finite equals nothing.
FLOATS = OneMethod("numbers", "up to floating point", _compare_floats)


def _meet(a: Interval, b: Interval, slack: Fraction) -> bool:
    return a[0] - slack * abs(a[0]) <= b[1] and b[0] <= a[1] + slack * abs(a[1])


def _middle(interval: Interval) -> float:
    return float(sum(interval) / 2)
