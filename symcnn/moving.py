"""An animated SVG: a pixel changes, and with it every number of a small CNN, forward, backward and in its training.

    symcnn picture [NETWORK.toml] --out moving.svg

A *slot* is what stands at one place in all states, on top of each other; a rule of the style sheet shows one at a time.
No script and no address, so it plays as an ``<img>``. Where nothing is animated, or motion is unwanted, the slots show
the pass of step 0 with its chain rule and its update. The hue of a fill is the sign of a number, the hue of a letter
its role; a frame in amber is where to look now. ``picture.Passes`` has the numbers.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple
from xml.sax.saxutils import escape

import numpy as np

from symcnn.colours import strength
from symcnn.formula import Plain, Typography, tree
from symcnn.network import DataLike, Network
from symcnn.picture import BEFORE, LAST, ONE_STEP, START, AnimatedPasses, ShownSum, passes_of, style
from symcnn.report.figures.curve import PlotAxis
from symcnn.report.figures.sketch import Circle, Label, Line, Rect, TextRun, Words, runs_of, width_of
from symcnn.symbolic import E_TOTAL, E, Quantity, Tensor, TensorKind, entries
from symcnn.text import catalogue
from symcnn.train import Run

WIDTH, LEFT, RIGHT = 960.0, 33.0, 927.0
#: Seconds of the whole, and of a number that takes the place of another.
LOOP, FADE = 16.0, 0.3
#: When each thing happens, in seconds.
FLIP, WINDOW, MAP, HIDDEN, OUTPUT, ERROR = 0.9, 1.7, 2.7, 3.7, 4.5, 5.3
CHAIN, TERM, SUM, TOTAL, UPDATE, STEP, CURVE, TRAINED, END = 6.3, 0.5, 8.4, 9.1, 9.9, 10.7, 11.5, 13.2, 15.5
#: The scenes: the key of a word, and when it begins.
SCENES = (
    ("pixel", FLIP - 0.4), ("window", WINDOW), ("neurons", HIDDEN - 0.2), ("error", ERROR - 0.2),
    ("chain", CHAIN - 0.2), ("step", UPDATE), ("training", CURVE), ("", END),
)  # fmt: skip
#: The width of the field with a cell's address.
BAR = 142.0
#: Fills are full from here on.
FULL = 2.0


def moving_picture(network: Network, data: DataLike, run: Run, lang: str = "en") -> str:
    """An animated SVG of what one pixel of the first image does, and what a training makes of it.

    Args:
        run: a training of the network on these samples, all at once.

    Raises:
        InputError: it has no room for this network, or no pixel whose sums are true as they are shown.
    """
    return _MovingPicture(passes_of(network, data, run, catalogue(lang))).svg()


class Clock:
    """Style rules for what is seen at which time: one for each distinct pair of times."""

    def __init__(self) -> None:
        self._names: dict[tuple[float | None, float, bool, float], str] = {}

    def show(self, start: float | None, end: float, still: bool, *marks: str, low: float = 0.0) -> str:
        """Marks that are seen from start to end; None: from the end of the loop before.

        Args:
            still: are they seen where nothing is animated?
            low: how strong they are at other times.
        """
        name = self._names.setdefault((start, end, still, low), f"t{len(self._names)}")
        return f'<g class="{name}">{"".join(marks)}</g>'

    def slot(self, changes: Sequence[tuple[float | None, str]], end: float = END) -> str:
        """The states of one place: (when it begins, its marks); equal neighbours are one."""
        kept = [changes[0], *(after for before, after in pairwise(changes) if after[1] != before[1])]
        if len(kept) == 1:
            return kept[0][1]
        still = max(n for n, (when, _) in enumerate(kept) if (when or 0) <= ERROR)
        ends = [*(when or 0.0 for when, _ in kept[1:]), end]
        states = enumerate(zip(kept, ends, strict=True))
        return "".join(self.show(when, last, n == still, marks) for n, ((when, marks), last) in states)

    def css(self) -> tuple[str, str]:
        """The rules for what stands still, and for what moves."""
        still, moving = [], []
        for (start, end, is_still, low), name in self._names.items():
            still.append(f".{name}{{opacity:{1 if is_still else low:g}}}")
            first = 1.0 if start is None else low
            marks = [(0.0, first), *([] if start is None else [(start, low), (start + FADE, 1.0)])]
            marks += [(end, 1.0), (end + FADE, low)]
            marks += [(END, low), (END + FADE, 1.0)] if start is None and end + FADE < END else []
            frames = "".join(f"{_percent(at)}{{opacity:{level:g}}}" for at, level in [*marks, (LOOP, first)])
            moving.append(f"@keyframes {name}{{{frames}}}.{name}{{animation:{name} {LOOP:g}s linear infinite}}")
        return "".join(still), "".join(moving)


def _percent(seconds: float) -> str:
    return f"{100 * min(seconds, LOOP) / LOOP:.2f}%"


class Place(NamedTuple):
    """Where a number stands: a rectangle, or the square around a neuron's circle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


def _grid(
    tensor: Tensor, left: float, middle: float, width: float, height: float, gap: float = 0
) -> dict[Quantity, Place]:
    """The places of a map's entries, or of a column of neurons, in the middle of a band."""
    index = {q: q.index if len(q.index) > 1 else (*q.index, 0) for q in entries(tensor)}
    rows = 1 + max(row for row, _ in index.values())
    top = middle - (rows * (height + gap) - gap) / 2
    return {q: Place(left + c * width, top + r * (height + gap), width, height) for q, (r, c) in index.items()}


class _MovingPicture:
    """Five bands below each other: scenes; network; the sum of a window; sheet; chain rule and error."""

    def __init__(self, passes: AnimatedPasses) -> None:
        self.passes, self.plan = passes, passes.plan
        self.text, self.clock = passes.plan.text, Clock()
        forward, words = passes.plan.network.forward, self.text.words("word")
        self.named = Typography(self.plan.derivation.quantities, words, total="")
        self.totals = Typography(self.plan.derivation.quantities, words)
        self.filter = next(t for t in forward.parameters if t.kind is TensorKind.FILTER)
        self.image, (self.map, *self.neurons, _) = forward.image, [e.target.tensor for e in forward.equations]
        self.hidden, self.outputs = (t for t in self.neurons if t.kind is not TensorKind.PREACTIVATION)
        since = self.neurons.index(self.hidden) + 1
        self.begins = {
            self.image: FLIP, self.filter: STEP, self.map: MAP, E.tensor: ERROR,
            **dict.fromkeys(self.neurons[:since], HIDDEN), **dict.fromkeys(self.neurons[since:], OUTPUT),
        }  # fmt: skip
        self.high = 132.0 + 78 * max(0, self.hidden.size - 2, self.outputs.size - 2)
        side, middle = min(44.0, 132 / max(self.image.shape)), 78 + self.high / 2
        self.places = {
            **_grid(self.image, LEFT, middle, side, side), **_grid(self.filter, 210, middle, 60, 44),
            **_grid(self.map, 376, middle, 64, 44), **_grid(self.hidden, 590, middle + 15, 56, 56, 22),
            **_grid(self.outputs, 720, middle + 15, 56, 56, 22), E: Place(836, middle - 23, 78, 46),
        }  # fmt: skip

    def svg(self) -> str:
        line = 116 + self.high
        sheet, bottom = self._sheet(line + 24)
        curve, rules = self._curve(bottom + 28)
        sums = self.clock.show(None, UPDATE, True, self._window_sum(line, (BEFORE, START)))
        if self.passes.window_sum(LAST).is_true:
            sums += self.clock.show(TRAINED, END, False, self._window_sum(line, (LAST, LAST)))
        bands = [self._scenes(), *self._network(), sums, *sheet, *self._chain(bottom + 28), *curve]
        still, moving = self.clock.css()
        size = f'width="{WIDTH:g}" height="{bottom + 244:g}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {bottom + 244:g}" {size} role="img"'
            f' aria-labelledby="title desc"><title id="title">{escape(self.text("moving_picture.title"))}</title>'
            f'<desc id="desc">{escape(self._description())}</desc><style>{style(still, "text", "italic", "semibold")}'
            f"@media (prefers-reduced-motion:no-preference){{{moving}{rules}}}</style>"
            f""
            f'<rect class="paper" {size} rx="10"/>\n' + "\n".join(bands) + "\n</svg>\n"
        )

    def _description(self) -> str:
        """What it shows, for who can't see it."""
        passes, shown, plain = self.passes, self._shown, Plain(self.text.decimal)
        pixel, cell, weight = (plain.emit(self._name(q)) for q in (passes.pixel, passes.cell, passes.weight))
        return self.text(
            "moving_picture.desc", image=passes.label, pixel=pixel, cell=cell, weight=weight,
            pixel_after=shown(passes.pixel, START), error=shown(E, START), error_before=shown(E, BEFORE),
            cell_before=shown(passes.cell, BEFORE), cell_after=shown(passes.cell, START),
            gradient=self._spelled(passes.gradient.result), total=self._spelled(passes.total.result),
            weight_before=shown(passes.weight, START), weight_after=shown(passes.weight, ONE_STEP),
            steps=passes.steps, first=self._loss(0), last=self._loss(passes.steps),
        )  # fmt: skip

    # --- words and numbers --------------------------------------------------------------------------------------------

    def _spelled(self, number: str) -> str:
        return number.replace("-", "−").replace(".", self.text.decimal)

    def _bracketed(self, number: str) -> str:
        return f"({self._spelled(number)})" if number.startswith("-") else self._spelled(number)

    def _sum(self, shown: ShownSum) -> str:
        """ "−0.6 + (−0.1) =", or what is left of it where there is one term."""
        first, *rest = (term[0] for term in _true(shown).terms)
        return f"{' + '.join([self._spelled(first), *map(self._bracketed, rest)])} =" if rest else ""

    def _shown(self, quantity: Quantity, state: int) -> str:
        return self._spelled(self.passes.shown(quantity, state))

    def _loss(self, step: int) -> str:
        return self._spelled(self.passes.rounded(self.passes.losses[step]))

    def _name(self, quantity: Quantity) -> tree.Node:
        """A symbol without its word: o₁."""
        name = self.named.name(quantity)
        return name.wordless if isinstance(name, tree.Symbol) and name.indices else name

    def _width(self, words: Words, size: float) -> float:
        return width_of(runs_of(words, self.text.decimal), size)

    def _label(
        self, x: float, y: float, words: Words, size: float, look: str = "ink", anchor: str = "middle", of: str = ""
    ) -> str:
        return Label(
            x, y, runs_of(words, self.text.decimal), size, look, anchor, (("data-of", of),) if of else ()
        ).svg()

    def _number(self, quantity: Quantity, draw: Callable[[str], str]) -> str:
        """A slot for a number in its four states; ``draw`` gets it as it is shown, unspelled."""
        times = (None, self.begins[quantity.tensor], STEP, TRAINED)
        return self.clock.slot([(at, draw(self.passes.shown(quantity, n))) for n, at in enumerate(times)])

    # --- scenes -------------------------------------------------------------------------------------------------------

    def _scenes(self) -> str:
        """What is to be seen, in one row; an amber line is under what happens now."""
        pitch, marks = (RIGHT - LEFT + 12) / (len(SCENES) - 1), []
        for n, ((key, begins), (_, end)) in enumerate(pairwise(SCENES)):
            x, words = LEFT + n * pitch, f"{n + 1}\u2002{self.text(f'moving_picture.{key}')}"
            line = Line(((x, 36), (x + pitch - 12, 36)), "edge")
            now = replace(line, look="now").svg() + self._label(x, 27, words, 13, "ink word", "start")
            marks += [
                self._label(x, 27, words, 13, "grey", "start"),
                line.svg(),
                self.clock.show(begins, end, False, now),
            ]
        return "".join(marks)

    # --- the network --------------------------------------------------------------------------------------------------

    def _network(self) -> Iterator[str]:
        middle, layers = 78 + self.high / 2, [self.map, self.hidden, self.outputs, E.tensor]
        for tensor, x in zip((self.image, self.filter, *layers), (LEFT + 66, 270, 440, 618, 748, 875), strict=True):
            words = self.passes.label if tensor == self.image else self.text(f"stage.{tensor.kind.value}")
            look = {self.image: "image", self.filter: "filter"}.get(tensor, "grey")
            yield self._label(x, 66, words, 13, f"{look} word")
        yield self._label(188, middle + 8, "∗", 24, "grey") + self._label(357, middle + 7, "=", 20, "grey")
        wires = [
            [(a, Line((self.places[a].centre, self.places[b].centre), "edge")) for a in entries(x) for b in entries(y)]
            for x, y in pairwise(layers)
        ]
        yield "".join(line.svg() for lines in wires for _, line in lines)
        for at, lines in zip((HIDDEN, OUTPUT, ERROR), wires, strict=True):
            changed = (line for a, line in lines if a == self.passes.cell or a.tensor != self.map)
            yield self.clock.show(at - 0.3, at + 0.75, False, *(replace(line, look="hot").svg() for line in changed))
        for n, lines in enumerate(reversed(wires)):
            back = (replace(line, look="back").svg() for _, line in lines)
            yield self.clock.show(CHAIN - 0.2 + 0.35 * n, SUM + 0.4, False, *back)
        for quantity, place in self.places.items():
            yield self._cell(quantity, place)
        yield self._attention()

    def _cell(self, quantity: Quantity, place: Place) -> str:
        """A number in its square, circle or pill."""
        tensor, (x, y) = quantity.tensor, place.centre
        if tensor == E.tensor:
            ground, name, edge = (
                Rect(*place, "pill", radius=23).svg(),
                self._label(x, place.y - 8, self._name(E), 15),
                "",
            )
        elif tensor in (self.hidden, self.outputs):
            ground, edge = (Circle(x, y, 28, look).svg() for look in ("paper", "edge"))
            name = self._label(x, place.y - 7, self._name(quantity), 15)
        else:
            ground, name, edge = Rect(*place, "paper").svg(), "", Rect(*place, "edge").svg()

        def draw(number: str) -> str:
            value, look = float(number), "ink"
            tint = _tint(value, place, is_round=tensor in (self.hidden, self.outputs))
            if tensor == self.image:
                tint, look = (
                    Rect(*place, "stroke", min(1.0, abs(value))).svg() if value else "",
                    "on" if abs(value) >= 0.5 else "ink",
                )
            if tensor == E.tensor:
                tint, look = "", "bold"
            return tint + self._label(x, y + 5, self._spelled(number), 14, look, of=quantity.name)

        return ground + self._number(quantity, draw) + edge + name

    def _attention(self) -> str:
        """Amber frames around what changes now."""
        passes, places, show = self.passes, self.places, self.clock.show
        window = [places[q] for factors in passes.window for q in factors if q.tensor == self.image]
        left, top, right, low = (
            min(p.x for p in window),
            min(p.y for p in window),
            max(p.x for p in window),
            max(p.y for p in window),
        )
        side = window[0].width
        marks = [
            show(FLIP - 0.5, WINDOW, False, _frame(places[passes.pixel])),
            show(WINDOW, MAP + 0.7, False, _frame(Place(left, top, right - left + side, low - top + side))),
            show(MAP, HIDDEN, False, _frame(places[passes.cell])),
            show(ERROR, ERROR + 0.8, False, _frame(places[E], 23)),
            show(UPDATE, CURVE, False, _frame(places[passes.weight])),
        ]
        for at, tensor in ((HIDDEN, self.hidden), (OUTPUT, self.outputs)):
            marks.append(show(at, at + 0.8, False, *(_frame(places[q], 28) for q in entries(tensor))))
        return "".join(marks)

    def _window_sum(self, y: float, states: tuple[int, int]) -> str:
        """The cell as the sum of its window's products, in two states."""
        x, marks = LEFT + 33.0, [self._label(LEFT, y, self._name(self.passes.cell), 16, anchor="start")]
        sums = [_true(self.passes.window_sum(state)) for state in states]
        for n, factors in enumerate(self.passes.window):
            look, drawn = "filter" if factors[-1].tensor == self.filter else "ink", []
            for *pixels, weight in (shown.terms[n] for shown in sums):
                before = "".join(self._label(x + 30, y, f"{self._spelled(p)} ·", 15, anchor="end") for p in pixels)
                drawn.append(before + self._label(x + 34, y, self._bracketed(weight), 15, look, "start"))
            marks.append(self._label(x, y, "+" if n else "=", 15, "grey"))
            marks.append(self.clock.slot([(None, drawn[0]), (WINDOW + 0.4, drawn[1])], STEP))
            x += 110
        cell = self.passes.cell.name
        results = [self._label(x + 14, y, self._spelled(s.result), 15, "bold", "start", of=cell) for s in sums]
        marks.append(
            self._label(x, y, "=", 15, "grey") + self.clock.slot([(None, results[0]), (MAP, results[1])], STEP)
        )
        return "".join(marks)

    # --- the sheet ----------------------------------------------------------------------------------------------------

    def _sheet(self, top: float) -> tuple[list[str], float]:
        """The rows of the sheet Forward that hold these numbers, with the bar of its formulas; and where it ends."""
        plan, high, first = self.plan, 25.0, top + 72
        cells = {q: plan.forward[0][q] for q in entries(self.image, self.filter, self.map, *self.neurons, E.tensor)}
        rows = sorted({cell.row for cell in cells.values()})
        letters = {cell.column: cell.local.rstrip("0123456789") for cell in cells.values()}
        narrow = {cell.column for q, cell in cells.items() if q.tensor == self.image}
        wide = min(80.0, (RIGHT - LEFT - 36 - 46 * len(narrow)) / (len(letters) - len(narrow)))
        widths = {column: 46.0 if column in narrow else wide for column in sorted(letters)}
        edges = np.cumsum([LEFT + 36, *widths.values()]).tolist()
        xs, right, bottom = dict(zip(widths, edges, strict=False)), edges[-1], first + high * len(rows)
        places = {
            q: Place(xs[cell.column], first + high * rows.index(cell.row), widths[cell.column], high)
            for q, cell in cells.items()
        }
        heights = [first + high * n for n in range(len(rows))]
        marks = [
            Rect(LEFT, top, right - LEFT, bottom - top, "sheet", radius=4).svg(),
            Line(((LEFT + BAR, top), (LEFT + BAR, top + 30)), "edge").svg(),
            *(Line(((x, top + 30), (x, bottom)), "edge").svg() for x in xs.values()),
            *(Line(((LEFT, y), (right, y)), "edge").svg() for y in (top + 30, top + 52, *heights)),
            *(self._label(x + widths[c] / 2, top + 46, letters[c], 12, "grey sheets") for c, x in xs.items()),
        ]  # fmt: skip
        for y, row in zip((top + 65, *(y + 17 for y in heights)), (plan.band_row(0) + 1, *rows), strict=True):
            marks.append(self._label(LEFT + 18, y, str(row), 12, "grey sheets"))
        for tensor in (self.image, self.filter, self.map, self.hidden, self.outputs, E.tensor):
            begins = next(t for t in (*self.neurons, tensor) if tensor in (t, t.target))
            x = places[next(entries(begins))].x + 6
            marks.append(self._label(x, top + 65, self.text(f"stage.{tensor.kind.value}"), 11, "grey sheets", "start"))
        for quantity, place in places.items():

            def draw(number: str, quantity: Quantity = quantity, place: Place = place) -> str:
                tint = "" if quantity.tensor in (self.image, E.tensor) else _tint(float(number), place)
                x, y = place.x + place.width - 7, place.y + 17
                return tint + self._label(x, y, self._spelled(number), 13, "ink sheets", "end", quantity.name)

            marks.append(self._number(quantity, draw))
        return [*marks, *self._formula_bar(top, places)], bottom

    def _formula_bar(self, top: float, places: Mapping[Quantity, Place]) -> Iterator[str]:
        """Address and formula of the cell that is looked at, and a frame around it."""
        plan, passes = self.plan, self.passes
        hidden, output = next(entries(self.hidden)), next(entries(self.outputs))
        order = [(0.0, passes.pixel), (MAP - 0.3, passes.cell), (HIDDEN - 0.1, hidden), (OUTPUT - 0.1, output),
                 (ERROR - 0.1, E), (CHAIN, passes.weight.adjoint), (END, E)]  # fmt: skip
        for (start, quantity), (end, _) in pairwise(order):
            cell = plan.cells[0][quantity]
            if quantity.is_adjoint:
                address, formula = f"{cell.sheet}!{cell.local}", plan.backward_formula(0, quantity)
            else:
                band = plan.band_at("forward", plan.band_row(0))
                address, formula = cell.local, plan.forward_formula(quantity, plan.forward[0], plan.inputs[0], band)
            formula, x, note = self._localized(formula), LEFT + BAR + 36, self.text("moving_picture.sheet")
            room, wide = RIGHT - 10 - x, self._width(formula, 13)
            marks = [
                self._label(LEFT + 12, top + 20, address, 13, "ink sheets", "start"),
                self._label(x - 24, top + 20, "fx", 13, "grey italic", "start"),
                self._label(x, top + 20, formula, min(13, 13 * room / wide), "ink sheets", "start", "formula"),
                self._label(RIGHT - 10, top + 20, note, 12, "grey", "end") if wide + 260 < room else "",
                _frame(places[quantity], 1) if quantity in places else "",
            ]
            yield self.clock.show(start or None, end, quantity == passes.cell, *marks)

    def _localized(self, formula: str) -> str:
        """A formula as Excel shows it in this language; the file has the English one."""
        if self.text.decimal == ".":
            return formula
        for name, local in self.text.words("moving_picture.functions").items():
            formula = formula.replace(f"{name}(", f"{local}(")
        return formula.replace(",", ";").replace(".", self.text.decimal)

    # --- the chain rule -----------------------------------------------------------------------------------------------

    def _fraction(self, x: float, y: float, above: Quantity, below: Quantity, look: str) -> str:
        """∂above/∂below"""
        marks = [Line(((x - 19, y), (x + 19, y)), "partial" if look == "adjoint" else "axis").svg()]
        for quantity, at in ((above, y - 7), (below, y + 17)):
            runs = (TextRun("∂", italic=True), *runs_of(self._name(quantity), self.text.decimal))
            marks.append(Label(x, at, runs, 16, look, "middle").svg())
        return "".join(marks)

    def _under(self, x: float, y: float, number: str, look: str, note: Words = "") -> str:
        """A number under a factor, in a bracket."""
        bracket = Line(((x - 21, y), (x - 21, y + 5), (x + 21, y + 5), (x + 21, y)), "axis").svg()
        return bracket + self._label(x, y + 21, number, 14, look) + self._label(x, y + 38, note, 13, "grey low")

    def _empty(self, x: float, y: float, number: str, note: str) -> str:
        """The ground of a result, right of x, and what the result is of."""
        width = 8.6 * len(number) + 16
        ground = Rect(x + 8, y - 18, width, 26, "pill", radius=13).svg()
        return ground + self._label(x + width + 20, y, note, 13, "grey", "start")

    def _result(self, x: float, y: float, before: Words, number: str, note: str) -> str:
        """A formula that ends at x, and its result."""
        result = self._label(x + 16 + 4.3 * len(number), y, self._spelled(number), 16, "bold")
        return self._empty(x, y, number, note) + self._label(x, y, before, 16, anchor="end") + result

    def _chain(self, top: float) -> Iterator[str]:
        passes, show, y = self.passes, self.clock.show, top + 36
        yield self._label(LEFT, top, self.text("moving_picture.rule"), 13, "grey", "start")
        left = self._fraction(54, y, E, passes.weight, "adjoint") + self._label(88, y + 5, "=", 17)
        yield show(CHAIN - 0.5, CURVE, True, left, low=0.25)
        for n, (adjoint, pixel) in enumerate(passes.chain):
            x, at = 116 + 128.0 * n, CHAIN + TERM * n
            yield show(
                at - 0.2, CURVE, True, self._label(x - 24, y + 5, "+" if n else "", 17),
                self._fraction(x + 12, y, E, adjoint.primal, "adjoint"), self._label(x + 41, y + 5, "·", 17),
                self._fraction(x + 68, y, adjoint.primal, passes.weight, "ink"), low=0.25,
            )  # fmt: skip
            yield show(
                at, CURVE, True, self._under(x + 12, y + 26, self._shown(adjoint, START), "adjoint"),
                self._under(x + 68, y + 26, self._shown(pixel, START), "image", self._name(pixel)),
            )  # fmt: skip
        weight, total = self._name(passes.weight), self.totals.name(passes.weight.adjoint)
        rate, slope = _true(passes.update).terms[1]
        update = f" ← {self._shown(passes.weight, START)} − {self._spelled(rate[1:])} · {self._bracketed(slope)} ="
        lines: list[tuple[float, Words, ShownSum, str]] = [
            (SUM, f"= {self._sum(passes.gradient)}".strip(), passes.gradient, passes.label),
            (
                TOTAL,
                (total, f" = {self._sum(passes.total)}".rstrip()),
                passes.total,
                self.text("moving_picture.total"),
            ),
            (UPDATE, (weight, update), passes.update, self.text("moving_picture.descent")),
        ]
        x, y = LEFT + max(self._width(words, 16) for _, words, *_ in lines), y + 98
        empty = "".join(self._empty(x, y + 30 * n, s.result, note) for n, (_, _, s, note) in enumerate(lines))
        yield show(None, CURVE, True, f'<g opacity="0.3">{empty}</g>')
        for n, (at, words, shown, note) in enumerate(lines):
            yield show(at, CURVE, True, self._result(x, y + 30 * n, words, shown.result, note))
        targets = self.plan.network.forward.targets
        assert targets is not None  # a network with a loss
        words = self.text("moving_picture.later", steps=passes.steps)
        later = [self._label(LEFT, y - 30, words, 16, anchor="start")]
        for n, (output, target) in enumerate(zip(entries(self.outputs), entries(targets), strict=True)):
            note = self.text("moving_picture.target", target=self._shown(target, LAST))
            later.append(self._result(x, y + 30 * n, (self._name(output), " ="), passes.shown(output, LAST), note))
        yield show(TRAINED, END, False, *later)

    # --- the error ----------------------------------------------------------------------------------------------------

    def _curve(self, top: float) -> tuple[list[str], str]:
        """The error of all images over the steps, and the rules that draw it."""
        left, right, low = 690.0, RIGHT - 20, top + 170
        losses, steps = self.passes.losses, self.passes.steps
        across, up = PlotAxis(1, steps + 1, left, right, log=True), PlotAxis(0, max(losses), low, top + 20)
        drawn = sorted({round((steps + 1) ** (n / 96)) - 1 for n in range(97)})
        points = [(across.at(step + 1), up.at(losses[step])) for step in drawn]
        line, words = Line(tuple(points), "ghost"), self.text("moving_picture.curve")
        marks = [
            Line(((left, top + 16), (left, low), (right, low)), "axis").svg(),
            self._label(left, top, (words, " ", self.totals.name(E_TOTAL)), 13, "grey", "start"),
            self._label(RIGHT, top + 206, self.text("moving_picture.steps"), 12, "grey", "end"),
            line.svg(), replace(line, look="curve").svg(), Circle(*points[0], 5.5, "dot").svg(),
        ]  # fmt: skip
        for step in [0, *(10**n for n in range(1, 9) if 5 * 10**n <= steps), steps]:
            x = across.at(step + 1)
            marks.append(Line(((x, low), (x, low + 4)), "axis").svg())
            marks.append(self._label(x, low + 19, self.text.number(step), 12, "grey"))
        for step, start, end in ((0, None, STEP), (1, STEP, CURVE + 0.2), (steps, TRAINED, END)):
            x, y, anchor = (left + 66, top + 32, "start") if step < 2 else (right, low - 14, "end")
            label = self._label(x, y, self._loss(step), 15, "bold", anchor, f"E_total at {step}")
            marks.append(self.clock.show(start, end, step == 0, label))
        return marks, _drawing_rules(points)


def _drawing_rules(points: Sequence[tuple[float, float]]) -> str:
    """Rules by which the dot goes along a curve, and the curve is drawn up to it."""
    lengths = np.cumsum([0.0, *(math.dist(a, b) for a, b in pairwise(points))]).tolist()
    between = range(2, len(points) - 1, 4)
    moments = [(0.0, 0), (STEP, 0), (STEP + 0.5, 1), (CURVE, 1)]
    moments += [(CURVE + (TRAINED - CURVE) * k / (len(between) + 1), n) for k, n in enumerate(between, 1)]
    moments += [(TRAINED, len(points) - 1), (END, len(points) - 1)]
    whole, dot, line = lengths[-1], "", ""
    for when, n in moments:
        moved = f"translate({points[n][0] - points[0][0]:.1f}px,{points[n][1] - points[0][1]:.1f}px)"
        dot += f"{_percent(when)}{{transform:{moved};opacity:1}}"
        line += f"{_percent(when)}{{stroke-dashoffset:{whole - lengths[n]:.1f};opacity:1}}"
    gone, back = _percent(END + FADE), _percent(END + FADE + 0.01)
    dot += f"{gone}{{transform:{moved};opacity:0}}{back}{{transform:none;opacity:0}}100%{{transform:none;opacity:1}}"
    line += f"{gone}{{stroke-dashoffset:0;opacity:0}}{back},100%{{stroke-dashoffset:{whole:.1f};opacity:0}}"
    loop = f"{LOOP:g}s linear infinite"
    return (
        f".curve{{stroke-dasharray:{whole:.1f};animation:draw {loop}}}.dot{{animation:go {loop}}}"
        f"@keyframes draw{{{line}}}@keyframes go{{{dot}}}"
    )


def _frame(place: Place, radius: float = 3) -> str:
    return Rect(*place, "now", radius=radius).svg()


def _tint(value: float, place: Place, is_round: bool = False) -> str:
    """The sign of a number as a fill; 0 has none."""
    look = "positive" if value > 0 else "negative"
    return Rect(*place, look, strength(value, FULL), radius=place.width / 2 if is_round else 0).svg() if value else ""


def _true(shown: ShownSum) -> ShownSum:
    if not shown.is_true:
        raise AssertionError(f"{shown} is not true as it is shown")
    return shown
