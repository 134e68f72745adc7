"""The plan of a large network's workbook: a sheet for each layer, forward, backward and after one step.

What stands at a place of a layer's sheet has its derivative at the same place of the backward sheet, and a parameter
its next value at the same place of the third. Maps are blocks on one grid, each beside the filter that makes it; a
neuron is a row, its weights lie under the inputs that they multiply. Where a sum slides over a map against its
direction, or past a border, a copy of the map with zeros around and between, and of the filter turned by 180°, stands
on the sheet that needs it; the rules come from the index maps of the equations, not from the layers.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from sympy import S

from symcnn.derivation import Derivation
from symcnn.errors import InputError, one_of, quoted
from symcnn.symbolic import LEAVES, Access, Equation, Tensor, TensorKind, Term, Wins
from symcnn.text import Catalogue
from symcnn.workbook.addresses import MAX_COLUMNS, Cell
from symcnn.workbook.blocks import NO_MARGIN, Margin, Placement, first_of, weight_steps

#: Rows of the head of every sheet; the row of block captions is the one above a block.
FIRST_ROW, FIRST_COLUMN = 8, 3

#: Of a sheet with neurons: the number of each input, the inputs, the first neuron.
NUMBERS_ROW, INPUTS_ROW, NEURONS_ROW = 8, 9, 11

#: A grid of blocks is about so many times as wide as it is high.
ASPECT = 1.6

#: The most numbers of one sheet: past them a program opens it with trouble.
MAX_NUMBERS = 1_000_000

WAYS = FORWARD, BACKWARD, NEXT = "forward", "backward", "next"

#: The learning rate as a tensor of one entry. The check has its own: it shares no equation with what it checks.
RATE = Tensor("learning_rate", (), (("learning_rate", 0),), "parameter")


@dataclass
class LayerSheet:
    """One layer: its sheet forward, and the same places backward and after a step.

    Attributes:
        title: of the sheet forward.
        tensors: of the forward pass, in the order of their equations.
        parameters: of these equations.
        neurons: is it a sheet of rows of neurons, not of maps?
        columns: the last column of the layer's own blocks; rows: the last row.
    """

    title: str
    key: str
    tensors: list[Tensor] = field(default_factory=list)
    parameters: list[Tensor] = field(default_factory=list)
    neurons: bool = False
    columns: int = 0
    rows: int = 0

    def name(self, way: str = FORWARD) -> str:
        """The title of the sheet forward, backward or after a step."""
        return {FORWARD: "", BACKWARD: "d", NEXT: "new"}[way] + self.title


@dataclass(frozen=True)
class Copy:
    """A second placement of a tensor, whose cells fetch those of the first."""

    source: Placement
    target: Placement
    key: str


@dataclass(frozen=True)
class Calculation:
    """An equation, where its target stands, and where it reads."""

    equation: Equation
    target: Placement
    place: Callable[[Tensor], Placement]


@dataclass(frozen=True)
class Extent:
    """What a workbook holds beside the forward pass.

    Attributes:
        backward: the derivatives; next_values: the parameters after one step.
        without: dense weights without their gradients.
        layers: titles of the layers that are worked out; what they read of others stands there as numbers. None: all.
    """

    backward: bool = True
    next_values: bool = True
    without: frozenset[Tensor] = frozenset()
    layers: tuple[str, ...] | None = None


class LayerPlan:
    """Where every tensor of a network stands, and which equation fills it.

    Args:
        derivation: of the network.
        text: for the titles of the sheets.
        extent: how much of it.
    """

    def __init__(self, derivation: Derivation, text: Catalogue, extent: Extent | None = None) -> None:
        self.derivation, self.text = derivation, text
        self.extent = extent or Extent()
        self.forward = derivation.network.forward
        self.sheets: list[LayerSheet] = []
        self.placements: dict[Tensor, Placement] = {}
        self.copies: list[Copy] = []
        self.calculations: list[Calculation] = []
        self._sheet_of: dict[Tensor, LayerSheet] = {}
        self._rows: dict[Tensor, Placement] = {}  # a tensor as one row above weights
        #: Sheet -> the last column that a copy takes on it.
        self.last_column: Counter[str] = Counter()
        self._margins = self._all_margins()
        self._forward()
        if self.extent.backward:
            self._backward()
            if self.extent.next_values:
                self._next()
        #: Tensors that stand there as numbers, because their layer is left out.
        self.given: tuple[Tensor, ...] = ()
        if self.extent.layers is not None:
            self._choose(self.extent.layers)

    @property
    def count(self) -> int:
        """Formulas of all layers."""
        return sum(p.tensor.size for p in (*(c.target for c in self.calculations), *(c.target for c in self.copies)))

    @property
    def too_large(self) -> list[str]:
        """The layers of which a sheet would be wider than a spreadsheet, or hold too many numbers."""
        numbers: Counter[str] = Counter()
        for placement in (*self.placements.values(), *(c.target for c in self.copies)):
            numbers[placement.sheet] += placement.tensor.size
        return [
            sheet.title
            for sheet in self.sheets
            if any(
                max(sheet.columns, self.last_column[name]) > MAX_COLUMNS or numbers[name] > MAX_NUMBERS
                for name in map(sheet.name, WAYS)
            )
        ]

    # --- a part -----------------------------------------------------------------------------------------------------

    def _choose(self, titles: Sequence[str]) -> None:
        """Keep the calculations of some layers, and whatever they read."""
        by_title = {sheet.title.casefold(): sheet for sheet in self.sheets}
        unknown = [title for title in titles if title.casefold() not in by_title]
        if unknown or not titles:
            names = [sheet.title for sheet in self.sheets]
            raise InputError(
                f"layers: {quoted(unknown[0]) if unknown else 'none'}: {one_of(unknown[0] if unknown else None, names)}"
            )
        chosen = {by_title[title.casefold()].name(way) for title in titles for way in WAYS}
        self.calculations = [c for c in self.calculations if c.target.sheet in chosen]
        made = {c.target.tensor for c in self.calculations}
        read = {
            a.tensor
            for c in self.calculations
            for term in c.equation.terms
            for f in term.factors
            for w in f.atoms(Access, Wins)
            for a in ((w.cell, w.largest) if isinstance(w, Wins) else (w,))
            if a.tensor.role != "constant"
        }
        inputs = {self.forward.image, self.forward.targets, *self.forward.parameters, RATE}
        self.given = tuple(t for t in self.placements if t in read and t not in made and t not in inputs)
        at = {id(c.place(t)) for c in self.calculations for t in read if t in self.placements}
        self.copies = [
            c for c in self.copies
            if (c.target.tensor in read and c.target.tensor in made if c.key == "handed" else id(c.target) in at)
        ]  # fmt: skip
        handed = {c.target.tensor for c in self.copies if c.key == "handed"}
        above = {c.target.tensor for c in self.calculations if c.target is not self.placements.get(c.target.tensor)}
        shown = {t for sheet in self.sheets if sheet.title in chosen for t in (*sheet.tensors, *sheet.parameters)}
        kept = (made - above) | handed | read | {t for t in inputs if t in shown and t in read}
        self.placements = {t: p for t, p in self.placements.items() if t in kept}

    # --- settings ---------------------------------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Cell:
        """Right of the image."""
        return Cell(self.sheets[0].title, FIRST_ROW + 1, self.sheets[0].columns + 3)

    def sheet_of(self, tensor: Tensor) -> LayerSheet | None:
        """The layer on whose sheet a tensor of the forward pass stands."""
        return self._sheet_of.get(tensor)

    def adjoint_of(self, tensor: Tensor) -> Tensor | None:
        """∂E/∂(the tensor), if it stands in the workbook."""
        return next((t for t in self.placements if t.primal == tensor), None)

    def elementwise(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Target and source of the equations that transform a tensor entry by entry."""
        for equation in self.forward.equations:
            source = _elementwise_source(equation)
            if source is not None:
                yield equation.target.tensor, source

    def layer(self, title: str) -> LayerSheet:
        """The layer of a sheet, forward, backward or after a step."""
        return next(sheet for sheet in self.sheets if title in map(sheet.name, WAYS))

    # --- forward ----------------------------------------------------------------------------------------------------

    def _forward(self) -> None:
        image = self.forward.image
        sheet = self._sheet("image", self._title("image"))
        self._place_maps(sheet, image)
        assert self.forward.targets is not None  # there is a loss
        numbers: Counter[str] = Counter()
        weighted = (e for e in self.forward.equations if _has(TensorKind.WEIGHT, e))
        outputs = list(weighted)[-1:]
        for equation in self.forward.equations:
            target = equation.target.tensor
            if len(target.shape) >= 2:
                self._map(equation, numbers)
            else:
                self._neurons(equation, numbers, equation in outputs)
        self._place_targets()
        for equation in self.forward.equations:
            self._calculate(equation, self.placements[equation.target.tensor])

    def _title(self, key: str) -> str:
        return self.text(f"workbook.layer_{key}")

    def _sheet(self, key: str, title: str, neurons: bool = False) -> LayerSheet:
        self.sheets.append(LayerSheet(title, key, neurons=neurons))
        return self.sheets[-1]

    def _map(self, equation: Equation, numbers: Counter[str]) -> None:
        """A sheet of maps: with filters where the equation has some; an elementwise one in the places of its source."""
        target = equation.target.tensor
        key = _key(equation)
        title = activation_title(key) if key in ACTIVATIONS else self._title(key)
        numbers[title] += 1
        sheet = self._sheet(key, f"{title}{numbers[title]}")
        source = _elementwise_source(equation)
        if source is not None and source in self.placements and len(source.shape) == len(target.shape):
            before = self.placements[source]
            self.placements[target] = replace(
                before, tensor=target, sheet=sheet.title, margin=self._margins.get(target, NO_MARGIN)
            )
            sheet.rows, sheet.columns = self._sheet_of[source].rows, self._sheet_of[source].columns
        else:
            self._place_maps(sheet, target, _parameters(equation))
        self._register(sheet, target)

    def _place_maps(self, sheet: LayerSheet, tensor: Tensor, parameters: Sequence[Tensor] = ()) -> None:
        """A grid of units: the slices of a filter, its bias under them, and the map that it makes."""
        leading = max(0, len(tensor.shape) - 2)
        lead_shape = tensor.shape[:leading]
        count = math.prod(lead_shape)
        rows, columns = (*tensor.shape, 1, 1)[:2] if len(tensor.shape) < 2 else tensor.shape[-2:]
        filters, bias = first_of(TensorKind.FILTER, parameters), first_of(TensorKind.BIAS, parameters)
        (up, down), (left, right) = self._group_margin(tensor)
        across = beside = down_slices = 0
        if filters is not None:
            slices = math.prod(filters.shape[leading:-2])
            height, width = filters.shape[-2] + 1, filters.shape[-1] + 1
            across = min(slices, max(1, round(math.sqrt(1.5 * slices))))
            down_slices = -(-slices // across)
            beside = across * width
        elif bias is not None:
            beside = 6
        unit_rows = 2 + max(rows + up + down, down_slices * (filters.shape[-2] + 1 if filters else 0) + 1)
        unit_columns = beside + left + columns + right + 1
        wide = max(1, min(count, round(math.sqrt(count * unit_rows / unit_columns * ASPECT))))
        corners = [
            (FIRST_ROW + unit // wide * unit_rows, FIRST_COLUMN + unit % wide * unit_columns) for unit in range(count)
        ]
        own = np.array([(r + up, c + beside + left) for r, c in corners]).reshape(*lead_shape, 2)
        margin = self._margins.get(tensor, NO_MARGIN)
        self.placements[tensor] = Placement(tensor, sheet.title, own, ((1, 0), (0, 1))[: len(tensor.shape)], margin)
        if filters is not None:
            inner = filters.shape[leading:-2]
            origins = np.zeros((*filters.shape[:-2], 2), dtype=np.int64)
            for unit, lead in enumerate(np.ndindex(*lead_shape)):
                for n, slice_ in enumerate(np.ndindex(*inner)):
                    r, c = corners[unit]
                    origins[(*lead, *slice_)] = (r + n // across * height, c + n % across * width)
            self._register(sheet, filters, Placement(filters, sheet.title, origins, ((1, 0), (0, 1))))
        if bias is not None:
            below = down_slices * (filters.shape[-2] + 1) if filters is not None else 1
            shift = max(0, beside - 3)
            places = np.array([(r + below, c + shift) for r, c in corners])
            self._register(sheet, bias, Placement(bias, sheet.title, places.reshape(*bias.shape, 2), ()))
        sheet.rows = max(sheet.rows, corners[-1][0] + unit_rows)
        sheet.columns = max(sheet.columns, *(c + unit_columns - 2 for _, c in corners))
        if tensor.role == "image":
            self._register(sheet, tensor)

    def _neurons(self, equation: Equation, numbers: Counter[str], is_output: bool) -> None:
        """A sheet of neurons, a row each: its values, its bias, its weights; the loss stands on the outputs' sheet."""
        target = equation.target.tensor
        parameters = _parameters(equation)
        weights = first_of(TensorKind.WEIGHT, parameters)
        if weights is not None or not self.sheets[-1].neurons:
            key = "output" if is_output else "dense" if weights is not None else "vector"
            numbers[key] += 1
            title = self._title(key)
            self._sheet(key, title if is_output else f"{title}{numbers[key]}", neurons=True)
        sheet = self.sheets[-1]
        self._register(sheet, target)
        for parameter in parameters:
            self._register(sheet, parameter)

    def _place_targets(self) -> None:
        """Lay out the sheets of neurons: index, values, bias, and from a later column on the weights."""
        targets = self.forward.targets
        assert targets is not None
        last = self.sheets[-1]
        if not last.neurons:
            last = self._sheet("output", self._title("output"), neurons=True)
        self._register(last, targets)
        for sheet in self.sheets:
            if not sheet.neurons:
                continue
            vectors = [t for t in sheet.tensors if len(t.shape) == 1]
            biases = [t for t in sheet.parameters if t.kind is not TensorKind.WEIGHT]
            column = FIRST_COLUMN + 1
            for tensor in (*vectors, *biases):
                origin = np.array((NEURONS_ROW, column))
                self.placements[tensor] = Placement(tensor, sheet.title, origin, ((1, 0),) * len(tensor.shape))
                column += 1
            rows = max((t.size for t in vectors), default=0)
            sheet.rows = NEURONS_ROW + rows
            sheet.columns = column
            for weights in (t for t in sheet.parameters if t.kind is TensorKind.WEIGHT):
                self._place_weights(sheet, weights, column + 2)
            row = NEURONS_ROW + rows + 1
            for tensor in (t for t in sheet.tensors if not t.shape):
                self.placements[tensor] = Placement(tensor, sheet.title, np.array((row, FIRST_COLUMN + 1)), ())
                row += 1
            sheet.rows = max(sheet.rows, row)

    def _place_weights(self, sheet: LayerSheet, weights: Tensor, column: int) -> None:
        steps = weight_steps(weights)
        self.placements[weights] = Placement(weights, sheet.title, np.array((NEURONS_ROW, column)), steps)
        sheet.columns = column + weights.size // weights.shape[-1] - 1
        assert weights.source is not None
        self._rows[weights] = Placement(weights.source, sheet.title, np.array((INPUTS_ROW, column)), steps[:-1])

    def _register(self, sheet: LayerSheet, tensor: Tensor, placement: Placement | None = None) -> None:
        (sheet.parameters if tensor.role == "parameter" else sheet.tensors).append(tensor)
        self._sheet_of[tensor] = sheet
        if placement is not None:
            self.placements[tensor] = placement

    # --- margins ----------------------------------------------------------------------------------------------------

    def _all_margins(self) -> dict[Tensor, Margin]:
        """How many zeros each tensor needs around it, so that the forward sums reach past its borders."""
        margins: dict[Tensor, Margin] = {}
        for equation in self.forward.equations:
            for access in equation.accesses:
                if equation.reduce != "max" and access.outside == 0 and len(access.index) >= 2:
                    rows, columns = access.borders(equation.sizes)[-2:]
                    margins[access.tensor] = _widest([(rows, columns), margins.get(access.tensor, NO_MARGIN)])
        return margins

    def _group_margin(self, tensor: Tensor) -> Margin:
        """The margin of a tensor and of those that take its places."""
        group = {tensor}
        for target, source in self.elementwise():
            if source in group:
                group.add(target)
        return _widest([self._margins.get(t, NO_MARGIN) for t in group])

    # --- calculations -----------------------------------------------------------------------------------------------

    def _calculate(self, equation: Equation, target: Placement) -> None:
        places = self._sources(equation, target.sheet)
        self.calculations.append(Calculation(equation, target, lambda t: places.get(t) or self.placements[t]))

    def _sources(self, equation: Equation, sheet: str) -> dict[Tensor, Placement]:
        """Where an equation reads each tensor: a row above weights, a copy with zeros, or its own place."""
        places: dict[Tensor, Placement] = {}
        tensors, target = [a.tensor for a in equation.accesses], equation.target.tensor
        weights = [t for t in tensors if t.kind is TensorKind.WEIGHT and not t.is_adjoint]
        weights += [target.primal] if target.kind is TensorKind.WEIGHT and target.primal is not None else []
        for weight in weights:
            row = self._rows[weight]
            if row.tensor in tensors:
                places[row.tensor] = self._copied(row, "inputs")
        for term in equation.terms:
            for tensor, steps in self._views(term).items():
                if tensor not in places:
                    places[tensor] = self._view(tensor, steps, equation, sheet)
        return places

    def _copied(self, target: Placement, key: str) -> Placement:
        """A copy, made once."""
        known = next((c.target for c in self.copies if c.target is target), None)
        if known is None:
            self.copies.append(Copy(self.placements[target.tensor], target, key))
        return target

    def _views(self, term: Term) -> dict[Tensor, tuple[int, ...]]:
        """Tensors that a term must read in another direction, or spread out: their steps along the last two axes."""
        views: dict[Tensor, list[int]] = {}
        accesses = sorted((a for a in term.accesses if a.tensor.role != "constant"), key=str)
        for axis in term.axes:
            pairs = [
                (access, n, dict(affine.coefficients)[axis.name], affine)
                for access in accesses
                for n, affine in enumerate(access.index)
                if axis.name in affine.axes and n >= self._leading(access.tensor)
            ]
            if len(pairs) != 2 or pairs[0][0] == pairs[1][0]:
                continue
            (one, m, a, first), (other, n, b, second) = pairs
            if (a, first.divisor) == (b, second.divisor):
                continue
            if second.is_axis:
                plain, at, step, anchor, place, divisor = other, n, a, one, m, first.divisor
            elif first.is_axis:
                plain, at, step, anchor, place, divisor = one, m, b, other, n, second.divisor
            else:
                continue
            views.setdefault(plain.tensor, [1] * len(plain.index))[at] = step
            views.setdefault(anchor.tensor, [1] * len(anchor.index))[place] = divisor
        return {tensor: tuple(steps[-2:]) for tensor, steps in views.items()}

    def _leading(self, tensor: Tensor) -> int:
        return len(tensor.shape) - len(self.placements[tensor].steps)

    def _view(self, tensor: Tensor, steps: tuple[int, ...], equation: Equation, sheet: str) -> Placement:
        """The tensor with these steps and the zeros around that the equation reaches into: its own place if it can."""
        own = self.placements[tensor]
        margin = self._reach(tensor, steps, equation)
        enough = all(m <= k for ways in zip(margin, own.margin, strict=True) for m, k in zip(*ways, strict=True))
        if all(s == 1 for s in steps) and enough:
            return own
        column = (self.last_column[sheet] or self.layer(sheet).columns + 1) + 2
        shape = tensor.shape[: own.leading]
        sizes = [abs(s) * (n - 1) + 1 for s, n in zip(steps, tensor.shape[-2:], strict=True)]
        height, width = (size + sum(m) + 1 for size, m in zip(sizes, margin, strict=True))
        count = math.prod(shape)
        wide = max(1, min(count, round(math.sqrt(count * height / width * ASPECT))))
        corners = np.array([(FIRST_ROW + n // wide * (height + 1), column + n % wide * width) for n in range(count)])
        ends = zip(margin, sizes, steps, strict=True)
        first = np.array([before + (size - 1 if step < 0 else 0) for (before, _), size, step in ends])
        origins = (corners + first).reshape(*shape, 2)
        moves = ((steps[0], 0), (0, steps[1]))
        view = Placement(tensor, sheet, origins, moves, margin, spread=max(map(abs, steps)) > 1)
        self.last_column[sheet] = column + min(count, wide) * width - 2
        self.copies.append(Copy(own, view, "turned" if min(steps) < 0 else "framed"))
        return view

    def _reach(self, tensor: Tensor, steps: tuple[int, ...], equation: Equation) -> Margin:
        """How many zeros an equation reads before and behind a tensor spread out by these steps."""
        ends = [[0, 0], [0, 0]]
        for access in (a for a in equation.accesses if a.tensor == tensor):
            for way, affine in enumerate(access.index[-2:]):
                # what a step of d = divisor makes of (Σ …)/d is the numerator
                scale = abs(steps[way])
                low, high = affine.span(equation.sizes)
                low, high = scale * low // affine.divisor, -(-scale * high // affine.divisor)
                last = scale * (tensor.shape[len(tensor.shape) - 2 + way] - 1)
                ends[way][0], ends[way][1] = max(ends[way][0], -low), max(ends[way][1], high - last)
        return (ends[0][0], ends[0][1]), (ends[1][0], ends[1][1])

    # --- backward ---------------------------------------------------------------------------------------------------

    @cached_property
    def _gathered(self) -> list[Equation]:
        """The adjoints in gather form, without those of the data."""
        data = (self.forward.image, self.forward.targets)
        adjoints = self.derivation.equations[len(self.derivation.forward) :]
        return [e for e in adjoints if e.target.tensor.primal not in data]

    def _backward(self) -> None:
        for equation in self._gathered:
            tensor = equation.target.tensor
            primal = tensor.primal
            assert primal is not None
            if primal in self.extent.without:
                continue
            sheet = self._sheet_of[primal]
            own = replace(self.placements[primal], tensor=tensor, sheet=sheet.name(BACKWARD), margin=NO_MARGIN)
            self.placements[tensor] = own
            row = next((r for r in self._rows.values() if r.tensor == primal), None)
            if row is None:
                self._calculate(equation, own)
                continue
            # it is worked out above the weights, where its value stands forward, and handed to its own place
            above = replace(row, tensor=tensor, sheet=self.layer(row.sheet).name(BACKWARD))
            self._calculate(equation, above)
            self.copies.append(Copy(above, own, "handed"))

    # --- one step ---------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        for sheet in self.sheets:
            for parameter in sheet.parameters:
                self._step(sheet, parameter)

    def _step(self, sheet: LayerSheet, parameter: Tensor) -> None:
        """parameter - learning rate · gradient, in the parameter's place."""
        adjoint = self.adjoint_of(parameter)
        if adjoint is None:
            return
        (letters, count), *rest = parameter.parts
        following = Tensor(f"next_{parameter.name}", parameter.shape, ((f"next_{letters}", count), *rest), "parameter")
        gradient = next(e for e in self._gathered if e.target.tensor == adjoint)
        index, axes = gradient.target.index, gradient.axes
        terms = (
            Term((Access(parameter, index),)),
            Term((S.NegativeOne, Access(RATE, ()), Access(adjoint, index))),
        )
        rate = self.learning_rate
        self.placements.setdefault(RATE, Placement(RATE, rate.sheet, np.array((rate.row, rate.column)), ()))
        self.placements[following] = replace(self.placements[parameter], tensor=following, sheet=sheet.name(NEXT))
        self._calculate(Equation(Access(following, index), axes, terms), self.placements[following])


#: Activations by the name of their function.
ACTIVATIONS = {leaf.name: leaf for leaf in LEAVES if leaf.activation}


def activation_title(name: str) -> str:
    """``ReLU``, ``Sigmoid``: for the title of a sheet, which formulas repeat."""
    leaf = ACTIVATIONS[name]
    display = leaf.display if leaf.display.isascii() else leaf.activation
    return display[:1].upper() + display[1:].replace("_", "")


def _key(equation: Equation) -> str:
    """What a sheet of maps shows: "conv", "pool", an activation's name, or "map"."""
    if _has(TensorKind.FILTER, equation):
        return "conv"
    if equation.target.tensor.kind is TensorKind.POOLED_MAP:
        return "pool"
    factors = [f for t in equation.terms for f in t.factors if f.is_Function]
    return next((f.func.__name__ for f in factors if f.func.__name__ in ACTIVATIONS), "map")


def _elementwise_source(equation: Equation) -> Tensor | None:
    """The tensor that an equation transforms entry by entry, each at its own index."""
    if any(term.axes for term in equation.terms):
        return None
    accesses = [a for a in equation.accesses if a.tensor.role != "parameter"]
    same = [a.tensor for a in accesses if a.index == equation.target.index]
    return same[0] if len(same) == len(accesses) == 1 else None


def window_of(equation: Equation) -> tuple[int, int] | None:
    """Rows and columns of the windows of a pooling; (0, 0) where a cell may be in several; None: entry by entry."""
    if _elementwise_source(equation) is not None:
        return None
    (term,) = equation.terms
    access = max(term.accesses, key=lambda a: len(a.axes))
    sizes = equation.sizes
    window = []
    for affine, size in zip(access.index[-2:], access.tensor.shape[-2:], strict=True):
        (place, stride), *inner = sorted(affine.coefficients, key=lambda pair: pair[0] in {a.name for a in term.axes})
        reach = sizes[inner[0][0]] if inner else 1
        if stride != reach or affine.offset or sizes[place] * stride != size:
            return 0, 0
        window.append(reach)
    return window[0], window[1]


def _has(kind: TensorKind, equation: Equation) -> bool:
    """Does an equation read a tensor of this kind?"""
    return any(access.tensor.kind is kind for access in equation.accesses)


def _parameters(equation: Equation) -> list[Tensor]:
    """The parameters that an equation reads."""
    return list(dict.fromkeys(a.tensor for a in equation.accesses if a.tensor.role == "parameter"))


def _widest(margins: Sequence[Margin]) -> Margin:
    """The largest margin on each side."""
    up, down, left, right = (max(sizes) for sizes in zip(*(sum(m, ()) for m in margins), strict=True))
    return (up, down), (left, right)
