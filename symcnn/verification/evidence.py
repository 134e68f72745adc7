"""Numbers that speak for or against a formula: independent derivatives of E, at random points, to 50 digits.

    50 digits             the formula at 50 digits against a complex step at 50 digits         relative 1e-30
    complex step          the formula in float64 against Im E(θ + ih)/h                        relative 1e-12
    Taylor remainder      slope of |E(θ + h) - E(θ) - h·g| in h: 2.00 when g is right          2.00 ± 0.05
    central differences   the formula in float64 against (E(θ + h) - E(θ - h))/2h              relative 1e-7

E is evaluated from the forward equations as SymPy prints them (``lambdify``), not through symcnn's printers. A method
answers with a figure; whether it speaks for the formula is decided by its bar, which stands here and nowhere else.
Where a step would cross a kink (a rectifier changes sides, another cell becomes the maximum), a difference of two
values of E says nothing of the derivative: that method has no figure there. A complex step crosses none: the real parts
decide.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath
import numpy as np
import sympy
from sympy import Expr

from symcnn.derivation import Derivation
from symcnn.network import Array
from symcnn.numeric import given_by_name
from symcnn.verification.leaves import Library, leaves

DIGITS = 50

METHODS = ("50 digits", "complex step", "Taylor remainder", "central differences")

#: Largest relative difference; for the Taylor remainder, how far the slope may be from 2.
BARS = {"50 digits": 1e-30, "complex step": 1e-12, "Taylor remainder": 0.05, "central differences": 1e-7}

#: Below this part of the largest gradient, differences are measured against that part.
FLOOR = 1e-2

#: Gradients from which the size of the largest is taken.
SCALED = 24


@dataclass(frozen=True)
class Figure:
    """What one method found: a relative difference, or a slope."""

    method: str
    value: float

    @property
    def distance(self) -> float:
        """How far from right: a difference as it is, a slope from 2; infinite where there is no number."""
        distance = abs(self.value - 2) if self.method == "Taylor remainder" else self.value
        return math.inf if math.isnan(distance) else distance

    @property
    def ok(self) -> bool:
        return self.distance <= BARS[self.method]

    def __str__(self) -> str:
        return f"{self.value:.2f}" if self.method == "Taylor remainder" else f"{self.value:.0e}"


class Point:
    """One choice of parameters, images and targets, with what every method needs to know of it.

    Args:
        theta: 1-D in the order of the parameters; images: (samples, …), targets: (samples, outputs).
    """

    def __init__(self, derivation: Derivation, theta: Array, images: Array, targets: Array) -> None:
        self._decisions: list[int] = []
        d = self._derivation = derivation
        self._shared = d.network.parameters
        self._given = [given_by_name(d.network, theta, i, t) for i, t in zip(images, targets, strict=True)]
        self._functions: dict[tuple[str, ...], Callable[..., Any]] = {}
        self._slopes: dict[str, Any] = {}

    # --- E and its derivatives, independently -----------------------------------------------------------------------

    def _error(self, kept: Sequence[str], values: Mapping[str, Any], modules: Library) -> Any:
        """E as a function of what is given and, if a tensor of the forward pass is kept, of its scalars."""
        graph = self._derivation.graph
        names = [*graph.inputs, *kept]
        key = (modules, *kept[:1])
        if key not in self._functions:
            before = [(sympy.Symbol(v.name), v.expression) for v in graph.forward.values() if v.name not in kept]
            known = [leaves(modules, self._decisions), modules]
            self._functions[key] = sympy.lambdify(names, before[-1][0], modules=known, cse=lambda e: (before, e))
        return self._functions[key](*(values[n] for n in names))

    def _images(self, name: str) -> Sequence[int]:
        """A parameter moves E of every image; any other quantity only that of its own, and we look at the first."""
        return range(len(self._given)) if name in self._shared else (0,)

    def _moved(self, name: str, by: Any, modules: Library, number: Callable[[Any], Any]) -> tuple[Any, tuple[int, ...]]:
        """E_total (or E of the first image) with one quantity moved, and on which side of each kink that is."""
        self._decisions.clear()
        graph = self._derivation.graph
        kept = graph.forward[name].tensor.scalars() if name in graph.forward else []
        total: Any = 0
        for image in self._images(name):
            values = {n: number(v) for n, v in self._given[image].items()}
            values |= {n: number(self._quantities[image][n]) for n in kept}
            values[name] = values[name] + by
            total = total + self._error(kept, values, modules)
        return total, tuple(self._decisions)

    def exact(self, name: str) -> Any:
        """∂E_total/∂name (∂E/∂name of the first image) by a complex step, to 50 digits."""
        if name not in self._slopes:
            with mpmath.workdps(DIGITS):
                step = mpmath.mpf(10) ** -30
                moved, _ = self._moved(name, mpmath.mpc(0, step), "mpmath", mpmath.mpf)
                self._slopes[name] = moved.imag / step
        return self._slopes[name]

    def _complex(self, name: str) -> float:
        step = 1e-100
        return float(self._moved(name, 1j * step, "numpy", complex)[0].imag) / step

    def _central(self, name: str) -> float | None:
        """None where a step crosses a kink."""
        step = 1e-5
        (after, one), (before, other) = (self._moved(name, s, "numpy", np.float64) for s in (step, -step))
        return float(after - before) / (2 * step) if one == other else None

    @cached_property
    def scale(self) -> float:
        """The size of the largest gradient at this point; of a larger network, of a part of them."""
        names = self._derivation.names
        return float(max(abs(self.exact(n)) for n in names[:: -(-len(names) // SCALED)])) or 1.0

    # --- the formulas -----------------------------------------------------------------------------------------------

    @cached_property
    def _quantities(self) -> list[dict[str, Any]]:
        """Every quantity of every image to 50 digits, by the derivation's own formulas."""
        graph = self._derivation.graph
        names = list(graph.inputs)
        variables = [(sympy.Symbol(v.name), v.expression) for v in graph]
        wanted = [symbol for symbol, _ in variables]
        function = sympy.lambdify(names, wanted, modules=[leaves("mpmath"), "mpmath"], cse=lambda e: (variables, e))
        with mpmath.workdps(DIGITS):
            found = []
            for given in self._given:
                values = {n: mpmath.mpf(v) for n, v in given.items()}
                found.append(
                    values | dict(zip((s.name for s in wanted), function(*(values[n] for n in names)), strict=True))
                )
        return found

    def tells_apart(self, name: str, one: Expr, other: Expr) -> bool:
        """Do two formulas differ here, to 40 digits?"""
        gap = abs(self.value(name, one) - self.value(name, other))
        return bool(gap > mpmath.mpf(10) ** -40)

    def value(self, name: str, candidate: Expr) -> Any:
        """A formula for ∂E/∂name at 50 digits: summed over the images for a parameter."""
        symbols = sorted(candidate.free_symbols, key=str)
        function = sympy.lambdify(symbols, candidate, modules=[leaves("mpmath"), "mpmath"])
        with mpmath.workdps(DIGITS):
            each = [function(*(self._quantities[m][s.name] for s in symbols)) for m in self._images(name)]
            return mpmath.fsum(each)

    # --- the methods ------------------------------------------------------------------------------------------------

    def figures(self, name: str, candidate: Expr) -> list[Figure]:
        """What every method says of a formula for ∂E/∂name; near a kink, what those say that cross none."""
        value = self.value(name, candidate)
        with mpmath.workdps(DIGITS):
            found = [
                Figure("50 digits", self._difference(value, self.exact(name))),
                Figure("complex step", self._difference(float(value), self._complex(name))),
            ]
            slope, central = self._slope(name, value), self._central(name)
            if slope is not None:
                found.append(Figure("Taylor remainder", slope))
            if central is not None:
                found.append(Figure("central differences", self._difference(float(value), central, self._noise)))
        return found

    def _difference(self, found: Any, wanted: Any, least: float = 0.0) -> float:
        return float(abs(found - wanted) / max(abs(wanted), FLOOR * self.scale, least))

    @cached_property
    def _noise(self) -> float:
        """What central differences cannot see beneath: E's rounding over the step, as it weighs against their bar."""
        return 1e-3 * abs(float(self._moved(self._shared[0], 0.0, "numpy", np.float64)[0]))

    def _slope(self, name: str, value: Any) -> float | None:
        """How fast the remainder of the first-order Taylor expansion falls; 2 where it is 0 altogether.

        None where a step crosses a kink.
        """
        steps = [mpmath.mpf(10) ** -n for n in (12, 13)]
        start, here = self._moved(name, mpmath.mpf(0), "mpmath", mpmath.mpf)
        moved = [self._moved(name, h, "mpmath", mpmath.mpf) for h in steps]
        if any(side != here for _, side in moved):
            return None
        rest = [abs(error - start - h * value) for h, (error, _) in zip(steps, moved, strict=True)]
        if all(r < mpmath.mpf(10) ** (10 - DIGITS) for r in rest):
            return 2.0
        return float(mpmath.log10(rest[0] / rest[1])) if all(rest) else math.nan
