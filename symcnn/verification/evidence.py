"""Numbers that speak for or against a formula: independent derivatives of E, at random points, to 50 digits.

    50 digits             the formula at 50 digits against a complex step at 50 digits         relative 1e-30
    complex step          the formula in float64 against Im E(θ + ih)/h                        relative 1e-12
    Taylor remainder      slope of |E(θ + h) - E(θ) - h·g| in h: 2.00 when g is right          2.00 ± 0.05
    central differences   the formula in float64 against (E(θ + h) - E(θ - h))/2h              relative 1e-7

This is the independent oracle: with ``evaluate.py`` it shares no arithmetic with ``symcnn.proof``, so that an error in
one shows in the other. E is evaluated from the scalar graph, not through symcnn's printers. Each method gives a figure,
and its bar decides whether it confirms the formula.
Where a step crosses a kink (a rectifier changes sides, another cell becomes the maximum), a difference of two values of
E says nothing of the derivative: that method has no figure there. A complex step crosses none: the real parts decide.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath
from sympy import Expr

from symcnn.derivation import Derivation
from symcnn.network import Array
from symcnn.numeric import inputs_by_name
from symcnn.verification.evaluate import Evaluator, Values

DIGITS = 50

METHODS = ("50 digits", "complex step", "Taylor remainder", "central differences")

#: Largest relative difference; for the Taylor remainder, how far the slope may be from 2.
BARS = {"50 digits": 1e-30, "complex step": 1e-12, "Taylor remainder": 0.05, "central differences": 1e-7}

#: Below this part of the largest gradient, differences are measured against that part.
FLOOR = 1e-2

#: Gradients from which the size of the largest is taken.
SCALED = 24


@dataclass(frozen=True)
class Measurement:
    """What one method measures: a relative difference, or a slope."""

    method: str
    value: float

    @property
    def distance(self) -> float:
        """The distance from right: the difference, or the slope's distance from 2; infinite for NaN."""
        distance = abs(self.value - 2) if self.method == "Taylor remainder" else self.value
        return math.inf if math.isnan(distance) else distance

    @property
    def ok(self) -> bool:
        return self.distance <= BARS[self.method]

    def __str__(self) -> str:
        return f"{self.value:.2f}" if self.method == "Taylor remainder" else f"{self.value:.0e}"


@dataclass(frozen=True)
class _Slopes:
    """One derivative of E at one point, by each method; None where a step crosses a kink.

    Attributes:
        exact: by a complex step, to 50 digits; complex: the same in float64.
        central: from E on either side.
        taylor: (h, E(θ + h) - E(θ)) for two steps.
    """

    exact: Any
    complex: float
    central: float | None
    taylor: tuple[tuple[Any, Any], ...] | None


class Point:
    """One choice of parameters, images and targets, with what every method needs.

    Args:
        theta: 1-D in the order of the parameters; images: (samples, …), targets: (samples, outputs).
    """

    def __init__(self, derivation: Derivation, theta: Array, images: Array, targets: Array) -> None:
        d = self._derivation = derivation
        self._shared = frozenset(d.network.parameters)
        self._inputs = [inputs_by_name(d.network, theta, i, t) for i, t in zip(images, targets, strict=True)]
        self._digits = Evaluator(d.graph, "mpmath")
        self._floats = Evaluator(d.graph.forward.values(), "numpy")
        self._slopes: dict[str, _Slopes] = {}

    # --- E and its derivatives, independently -----------------------------------------------------------------------

    def _images(self, name: str) -> Sequence[int]:
        """A parameter moves E of every image; any other quantity only that of its own, and we look at the first."""
        return range(len(self._inputs)) if name in self._shared else (0,)

    def _moved(self, evaluator: Evaluator, images: Sequence[Values], name: str, by: Any) -> tuple[Any, bool]:
        """E_total (or E of the first image) with one quantity moved, and whether that crosses a kink.

        A quantity of the forward pass is moved with all else that it does not itself change.
        """
        moved = [evaluator.moved(images[m], name, by) for m in self._images(name)]
        return sum(error for error, _ in moved), any(crossed for _, crossed in moved)

    def exact(self, name: str) -> Any:
        """∂E_total/∂name (∂E/∂name of the first image) by a complex step, to 50 digits."""
        with mpmath.workdps(DIGITS):
            step = mpmath.mpf(10) ** -30
            return self._moved(self._digits, self._quantities, name, mpmath.mpc(0, step))[0].imag / step

    def _complex(self, name: str) -> float:
        step = 1e-100
        return float(self._moved(self._floats, self._in_float64, name, 1j * step)[0].imag) / step

    def _central(self, name: str) -> float | None:
        step = 1e-5
        (after, one), (before, other) = (self._moved(self._floats, self._in_float64, name, s) for s in (step, -step))
        return None if one or other else float(after - before) / (2 * step)

    def _taylor(self, name: str) -> tuple[tuple[Any, Any], ...] | None:
        start = sum(self._quantities[m]["E"] for m in self._images(name))
        steps = [mpmath.mpf(10) ** -n for n in (12, 13)]
        moved = [self._moved(self._digits, self._quantities, name, h) for h in steps]
        if any(crossed for _, crossed in moved):
            return None
        return tuple((h, error - start) for h, (error, _) in zip(steps, moved, strict=True))

    def _slopes_of(self, name: str) -> _Slopes:
        """Evaluate the derivatives of E once for all candidate formulas."""
        if name not in self._slopes:
            with mpmath.workdps(DIGITS):
                taylor = self._taylor(name)
            self._slopes[name] = _Slopes(self.exact(name), self._complex(name), self._central(name), taylor)
        return self._slopes[name]

    @cached_property
    def scale(self) -> float:
        """The size of the largest gradient at this point; of a larger network, of a part of them."""
        names = self._derivation.names
        return float(max(abs(self.exact(n)) for n in names[:: -(-len(names) // SCALED)])) or 1.0

    # --- the formulas -----------------------------------------------------------------------------------------------

    @cached_property
    def _quantities(self) -> list[Values]:
        """Every quantity of every image to 50 digits, by the derivation's own formulas."""
        with mpmath.workdps(DIGITS):
            return [self._digits.values(inputs) for inputs in self._inputs]

    @cached_property
    def _in_float64(self) -> list[Values]:
        """Every quantity of the forward pass of every image."""
        return [self._floats.values(inputs) for inputs in self._inputs]

    def tells_apart(self, name: str, one: Expr, other: Expr) -> bool:
        """Whether two formulas differ here, to 40 digits."""
        gap = abs(self.value(name, one) - self.value(name, other))
        return bool(gap > mpmath.mpf(10) ** -40)

    def value(self, name: str, candidate: Expr) -> Any:
        """Evaluate a formula for ∂E/∂name to 50 digits, summed over the images for a parameter."""
        with mpmath.workdps(DIGITS):
            return mpmath.fsum(self._digits.value(candidate, self._quantities[m]) for m in self._images(name))

    # --- the methods ------------------------------------------------------------------------------------------------

    def figures(self, name: str, candidate: Expr) -> list[Measurement]:
        """Measure a formula for ∂E/∂name by every method; near a kink, by those that cross none."""
        value, slopes = self.value(name, candidate), self._slopes_of(name)
        with mpmath.workdps(DIGITS):
            figures = [
                Measurement("50 digits", self._difference(value, slopes.exact)),
                Measurement("complex step", self._difference(float(value), slopes.complex)),
            ]
            if slopes.taylor is not None:
                figures.append(Measurement("Taylor remainder", self._order(slopes.taylor, value)))
            if slopes.central is not None:
                figures.append(
                    Measurement("central differences", self._difference(float(value), slopes.central, self._noise))
                )
        return figures

    def _difference(self, value: Any, exact: Any, floor: float = 0.0) -> float:
        return float(abs(value - exact) / max(abs(exact), FLOOR * self.scale, floor))

    @cached_property
    def _noise(self) -> float:
        """The smallest scale for central differences: E's rounding over the step, relative to their bar."""
        return 1e-3 * abs(float(sum(values["E"] for values in self._in_float64)))

    @staticmethod
    def _order(taylor: Sequence[tuple[Any, Any]], slope: Any) -> float:
        """Return the order of the remainder of the first-order Taylor expansion; 2 where it is 0."""
        rest = [abs(change - h * slope) for h, change in taylor]
        if all(r < mpmath.mpf(10) ** (10 - DIGITS) for r in rest):
            return 2.0
        return float(mpmath.log10(rest[0] / rest[1])) if all(rest) else math.nan
