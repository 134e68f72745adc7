"""Curves over the steps of a training: the error on a logarithmic axis, the outputs towards their targets."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from symcnn.formula.tree import Number
from symcnn.report.figures.sketch import Circle, Label, Line, Mark, Sketch, TextRun, Words, runs_of, width_of

#: The plot's frame in the drawing.
LEFT, RIGHT, TOP, BOTTOM = 64.0, 26.0, 42.0, 46.0
SIZE = 13.0
#: Points of a curve: more are not seen.
MOST_POINTS = 160
#: Decimal sign -> what stands between thousands.
THOUSANDS = {".": ",", ",": "\N{NARROW NO-BREAK SPACE}"}

#: From so many steps on the first thousandth of a training is as interesting as the rest.
MANY_STEPS = 500


@dataclass(frozen=True)
class Series:
    """One output over the training.

    Attributes:
        label: whose.
        values: at the steps of the curve.
        target: what it should become; None: nothing.
        look: "positive", "negative", "filter" or "gradient".
        dashed: of another image.
    """

    label: Words
    values: Sequence[float]
    target: float | None = None
    look: str = "gradient"
    dashed: bool = False

    @property
    def line(self) -> str:
        return f"series {self.look}{' dashed' if self.dashed else ''}"


@dataclass(frozen=True)
class PlotAxis:
    """Values to places along one side."""

    least: float
    most: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        transform: Callable[[float], float] = math.log10 if self.log else float
        low, high = transform(self.least), transform(self.most)
        share = (transform(max(value, self.least) if self.log else value) - low) / ((high - low) or 1)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Round values, about five."""
        if self.log:
            low, high = math.ceil(math.log10(self.least) - 1e-9), math.floor(math.log10(self.most) + 1e-9)
            if high - low < 2:  # hardly a power of ten: between them, too
                return [m * 10.0**n for n in range(low - 1, high + 1) for m in (1, 2, 5)
                        if self.least <= m * 10.0**n <= self.most]  # fmt: skip
            return [10.0**n for n in range(low, high + 1, max(1, -(-(high - low) // 6)))]
        step = _round_step((self.most - self.least) / 5)
        first = math.ceil(self.least / step - 1e-9)
        return [n * step for n in range(first, math.floor(self.most / step + 1e-9) + 1)]


def _round_step(rough: float) -> float:
    size = 10 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    return float(next(n * size for n in (1, 2, 2.5, 5, 10) if n * size >= rough * (1 - 1e-9)))


def loss_curve(
    loss: Iterable[float], error: Words, step: Words, decimal: str, *, narrow: bool = False, title: str = ""
) -> Sketch:
    """The error after each step, first and last value written at their points.

    Args:
        loss: ``run.loss``: after 0, 1, 2, … steps.
        error, step: what the two axes are called.
    """
    values = [float(v) for v in loss]
    positive = min(values) > 0
    steps = list(range(len(values)))
    reach = (min(values), max(values)) if positive else (min(0.0, *values), max(values))
    frame = _Frame(steps, reach, positive and reach[1] / reach[0] > 10, narrow)
    marks = list(frame.axes(error, step, decimal))
    chosen = _chosen(steps, frame.x.log)
    marks.append(Line(tuple((frame.x.at(n), frame.y.at(values[n])) for n in chosen), "curve"))
    falls = values[round(0.8 * steps[-1])] > values[-1]
    for n, anchor, dx, dy in ((0, "start", 7, -9), (steps[-1], "end", 0, 18 if falls else -9)):
        x, y = frame.x.at(n), frame.y.at(values[n])
        marks.append(Circle(x, y, 3.6, "gradient"))
        marks.append(Label(x + dx, y + dy, runs_of(Number(values[n], 4), decimal), SIZE, "ink halo", anchor))
    return Sketch(frame.width, frame.height, tuple(marks), title)


def outputs_curve(
    steps: Sequence[int], series: Sequence[Series], output: Words, step: Words, decimal: str, *, narrow: bool = False,
    title: str = "",
) -> Sketch:  # fmt: skip
    """Outputs at chosen steps, each named at its end, its target as a faint line.

    Args:
        steps: ascending, from 0.
        output, step: what the two axes are called.
    """
    every = [v for s in series for v in (*s.values, *(() if s.target is None else (s.target,)))]
    least, most = min(every), max(every)
    frame = _Frame(steps, (least, most), False, narrow, 0.0 if narrow else _widest(series, decimal))
    marks = list(frame.axes(output, step, decimal))
    for target in sorted({s.target for s in series if s.target is not None}):
        y = frame.y.at(target)
        marks.append(Line(((frame.x.start, y), (frame.x.end, y)), "faint"))
    for s in series:
        points = tuple((frame.x.at(n), frame.y.at(v)) for n, v in zip(steps, s.values, strict=True))
        marks.append(Line(points, s.line))
    if narrow:
        marks += _legend(series, frame.height, decimal)
        return Sketch(frame.width, frame.height + 20 * -(-len(series) // 2) + 6, tuple(marks), title)
    ends = _apart([frame.y.at(s.values[-1]) for s in series], SIZE + 3, frame.y.start - 4)
    for s, y in zip(series, ends, strict=True):
        marks.append(Label(frame.x.end + 8, y + 4.5, runs_of(s.label, decimal), SIZE, s.look))
    return Sketch(frame.width, frame.height, tuple(marks), title)


def _legend(series: Sequence[Series], y: float, decimal: str) -> Iterator[Mark]:
    """Which line is whose, two in a row: beside the plot there is no room."""
    for n, s in enumerate(series):
        x, at = (LEFT - 40 if n % 2 == 0 else 196.0), y + 14 + 20 * (n // 2)
        yield Line(((x, at - 4), (x + 26, at - 4)), s.line)
        yield Label(x + 34, at, runs_of(s.label, decimal), SIZE, s.look)


def _widest(series: Sequence[Series], decimal: str) -> float:
    return 1.12 * max(width_of(runs_of(s.label, decimal), SIZE) for s in series) + 12


def _apart(places: Sequence[float], least: float, lowest: float) -> list[float]:
    """The same places, moved so that neighbours do not touch and none lies under ``lowest``."""
    order = sorted(range(len(places)), key=lambda n: (places[n], n))
    found = list(places)
    for before, n in pairwise(order):
        found[n] = max(found[n], found[before] + least)
    for after, n in zip([None, *order[::-1]], order[::-1], strict=False):
        found[n] = min(found[n], lowest if after is None else found[after] - least)
    return found


class _Frame:
    """The plot's two axes; the steps are logarithmic where there are many."""

    def __init__(
        self, steps: Sequence[int], reach: tuple[float, float], log: bool, narrow: bool, right: float = RIGHT
    ) -> None:
        self.width, self.height = (360.0, 260.0) if narrow else (720.0, 300.0)
        last = max(steps[-1], 1)
        log_steps = last >= MANY_STEPS
        # step 0 has no logarithm: everything moves by one
        self._moved = 1 if log_steps else 0
        inner = PlotAxis(self._moved, last + self._moved, LEFT, self.width - max(right, RIGHT), log_steps)
        self.x = _Steps(inner.least, inner.most, inner.start, inner.end, log_steps)
        low, high = reach
        if log:  # room for the last value, under its point
            plot = self.height - TOP - BOTTOM
            low, high = max(low, 1e-140), min(high, 1e140)
            low, high = low / (high / low) ** (28 / (plot - 28)), high * (high / low) ** 0.03
        else:
            pad = 0.06 * ((high - low) or 1)
            low, high = low - pad, high + pad
        self.y = PlotAxis(low, high, self.height - BOTTOM, TOP, log)

    def axes(self, vertical: Words, horizontal: Words, decimal: str) -> Iterator[Mark]:
        x, y = self.x, self.y
        for value in y.ticks():
            at = y.at(value)
            yield Line(((x.start, at), (x.end, at)), "thin")
            yield Label(x.start - 9, at + 4.5, _tick(value, decimal, y.log), SIZE, "ink", "end")
        yield Line(((x.start, y.start), (x.end, y.start)), "line")
        for value in x.ticks():
            at = x.at(value)
            yield Line(((at, y.start), (at, y.start + 5)), "line")
            step = f"{value:,.0f}".replace(",", THOUSANDS[decimal])
            yield Label(at, y.start + 19, runs_of(step, decimal), SIZE, "ink", "middle")
        yield Label(2, 16, runs_of(vertical, decimal), SIZE, "muted")
        yield Label(x.end, self.height - 8, runs_of(horizontal, decimal), SIZE, "muted", "end")


@dataclass(frozen=True)
class _Steps(PlotAxis):
    """Steps; on a logarithmic axis one further than they are, so that 0 has a place."""

    def at(self, value: float) -> float:
        return super().at(value + 1) if self.log else super().at(value)

    def ticks(self) -> list[float]:
        if not self.log:
            return [v for v in super().ticks() if v == int(v)]
        return [0.0, *(10.0**n for n in range(1, math.floor(math.log10(self.most)) + 1))]


def _chosen(steps: Sequence[int], log: bool) -> list[int]:
    """Steps at which a curve is drawn, evenly on its axis."""
    last = steps[-1]
    if len(steps) <= MOST_POINTS:
        return list(steps)
    shares = [n / (MOST_POINTS - 1) for n in range(MOST_POINTS)]
    found = [round((last + 1) ** s) - 1 if log else round(last * s) for s in shares]
    return sorted(set(found) | {0, last})


def _tick(value: float, decimal: str, power: bool) -> tuple[TextRun, ...]:
    if power and not 1e-3 <= value <= 1e3:
        return runs_of(("10", _raised(round(math.log10(value)))), decimal)
    digits: Any = 6
    return runs_of(Number(round(value, 12), digits), decimal)


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"))
