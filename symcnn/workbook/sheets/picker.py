"""Picker: one cell of a convolution taken apart, forward and backward.

A reader chooses layer, map, row and column; every cell of the sheet follows by INDEX. What is shown is read off the
plan's calculations: the rectangles that the cell's own sum multiplies, and those of the sum that hands its derivative
back. Where each block begins stands on Places.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from symcnn.printers.excel import CellFormula
from symcnn.symbolic import Affine, Tensor, TensorKind
from symcnn.workbook import style
from symcnn.workbook.addresses import Cell, area, fixed, fixed_area, local
from symcnn.workbook.blocks import Placement, ProductSlots, Slot, first_of, products_of
from symcnn.workbook.book import Book
from symcnn.workbook.layer_plan import Calculation, LayerPlan, window_of

#: The most rectangles of one sum that are shown, and the most cells of one side of a rectangle.
MAX_BLOCKS, MAX_SIDE = 16, 11

#: The most rows and columns of a pooling window that is shown.
MAX_WINDOW = 3

#: Columns: labels, values of the left side, the first rectangle; the last column of the head.
LABEL, VALUE, RIGHT, LAST = 6, 7, 12, 52

#: Rows: the choice, the sentence, the first section.
CHOICE, SENTENCE, SECTION = 6, 8, 10

#: Two values are the same if they differ by less: of a cell, and of the sum beside it.
TOLERANCE = "0.000000001"


@dataclass(frozen=True)
class Corner:
    """Row and column of a rectangle's first cell, as formulas of the choice."""

    row: str
    column: str
    sheet: str
    height: int
    width: int


class PickedPiece(NamedTuple):
    """Two rectangles of one product, or a part of them.

    Attributes:
        number: of the product, or of the part's first entry; start: that entry from 0.
        is_wrapped: are the entries of a long column or row written line by line?
    """

    corners: tuple[Corner, Corner]
    number: int
    start: int
    rows: int
    columns: int
    is_wrapped: bool


@dataclass
class PickedLayer:
    """One convolution, and what follows it up to the next weights.

    Attributes:
        forward: the calculation of its maps; back: that of the adjoint of what the next layer reads.
        path: tensors from the maps on: activation, pooled maps.
        pool: rows and columns of the windows of the pooling in the path, if each cell belongs to one window.
    """

    forward: Calculation
    back: Calculation | None
    path: list[Tensor] = field(default_factory=list)
    pool: tuple[int, int] | None = None


class Picker:
    """Writes the two sheets.

    Args:
        numbers: the value of every quantity by name, from which the first choice follows.
    """

    def __init__(self, book: Book, plan: LayerPlan, numbers: Mapping[str, float], ribbon: str) -> None:
        self.book, self.plan, self.numbers, self.ribbon = book, plan, numbers, ribbon
        self.layers = list(self._layers())
        self._places: dict[tuple[Tensor, str], tuple[str, str]] = {}
        self._columns = 3
        self._sheets: dict[str, str] = {}

    @property
    def is_needed(self) -> bool:
        """Is there a convolution to pick from?"""
        return bool(self.layers)

    # --- what there is to pick --------------------------------------------------------------------------------------

    def _layers(self) -> Iterator[PickedLayer]:
        targets = {c.target.tensor: c for c in self.plan.calculations}
        for calculation in self.plan.calculations:
            tensor = calculation.target.tensor
            sheet = self.plan.sheet_of(tensor)
            if tensor.is_adjoint or sheet is None or sheet.key != "conv" or len(tensor.shape) < 2:
                continue
            if not _is_shown(calculation):
                continue
            layer = PickedLayer(calculation, None, [tensor])
            while (following := self._following(layer.path[-1])) is not None:
                target, window = following
                if target not in self.plan.placements:
                    break
                if window is not None:
                    if layer.pool is not None or window == (0, 0):
                        break
                    layer.pool = window
                layer.path.append(target)
            adjoint = self.plan.adjoint_of(layer.path[-1])
            back = targets.get(adjoint) if adjoint is not None else None
            layer.back = back if back is not None and _is_shown(back) else None
            yield layer

    def _following(self, tensor: Tensor) -> tuple[Tensor, tuple[int, int] | None] | None:
        """What is made of a tensor entry by entry or window by window: its target, and the window's size."""
        for equation in self.plan.forward.equations:
            accesses = {a.tensor for a in equation.accesses}
            if tensor in accesses and len(equation.target.tensor.shape) >= 2:
                if any(t.role == "parameter" for t in accesses):
                    return None
                return equation.target.tensor, window_of(equation)
        return None

    # --- Places -----------------------------------------------------------------------------------------------------

    def write_places(self) -> None:
        """Where each block begins: row and column of its entry 1, 1."""
        page = self.book.add_sheet("places", self.book.label("hint_places"), "", 20)
        for (tensor, sheet), placement in self._needed().items():
            origins = placement.origins.reshape(-1, 2)
            columns = []
            for way in (0, 1):
                column = self._columns
                page.put(5, column, sheet if not way else None, style.HEAD)
                page.put(6, column, tensor.name if not way else None, style.SYMBOL)
                page.put(7, column, self.book.label("place_row" if not way else "place_column"), style.MAP_WORDS)
                for n, origin in enumerate(origins.tolist()):
                    page.put(8 + n, column, origin[way], style.MAP_NUMBER)
                ends = (Cell(page.title, row, column) for row in (8, 7 + len(origins)))
                columns.append(fixed_area(*ends))
                self._columns += 1
            self._places[tensor, sheet] = (columns[0], columns[1])
        page.sheet.freeze_panes = "A8"

    def _needed(self) -> dict[tuple[Tensor, str], Placement]:
        needed: dict[tuple[Tensor, str], Placement] = {}
        for layer in self.layers:
            bias = _bias_of(layer)
            if bias is not None:
                needed[bias, self.plan.placements[bias].sheet] = self.plan.placements[bias]
            for tensor in layer.path:
                for shown in (tensor, self.plan.adjoint_of(tensor)):
                    if shown is not None:
                        needed[shown, self.plan.placements[shown].sheet] = self.plan.placements[shown]
            for calculation in (layer.forward, layer.back):
                if calculation is None:
                    continue
                for slot in (s for pair in _pairs(calculation) for s in pair.slots):
                    place = calculation.place(slot.access.tensor)
                    needed[place.tensor, place.sheet] = place
        return needed

    # --- the sheet --------------------------------------------------------------------------------------------------

    def write(self) -> None:
        page = self.page = self.book.add_sheet("picker", self.book.label("hint_picker"), self.ribbon, LAST - 1)
        page.sheet.sheet_view.zoomScale = 70
        page.widths(dict.fromkeys(range(3, LAST + 2), 4.57))
        self._choice()
        forward = [self._rectangles(layer.forward, self._point(layer)) for layer in self.layers]
        back = [self._rectangles(layer.back, self._point(layer, True)) for layer in self.layers]
        self.height = max(c.height for pairs in forward for c, _ in pairs)
        rows = self._forward(forward)
        self._left()
        self._hide_absent(SECTION + 2, RIGHT, rows)
        self._backward(back, max(rows, SECTION + 30) + 2)
        page.sheet.freeze_panes = f"A{SECTION}"

    def _hide_absent(self, top: int, left: int, bottom: int) -> None:
        """A cell that the chosen layer has nothing for is white."""
        place = area(top, left, bottom, LAST - 2)
        style.white_rule(self.page.sheet, place, f"{local(top, left)}={DASH}")

    def _choice(self) -> None:
        """Layer, map, row and column in amber; beside them what may be chosen."""
        page, label = self.page, self.book.label
        titles = [layer.forward.target.sheet for layer in self.layers]
        first = self._first()
        boxes = (
            ("picked_layer", 4, 3, titles[0]), ("picked_map", 9, 2, first[0]), ("picked_row", 13, 2, first[1]),
            ("picked_column", 17, 2, first[2]),
        )  # fmt: skip
        cells = []
        for key, column, width, value in boxes:
            page.put(CHOICE, column, label(key), style.SAY)
            page.merged(CHOICE, column + 1, 1, width, value, style.PICKED)
            cells.append(Cell(page.title, CHOICE, column + 1))
            self.book.define(key, cells[-1])
        self.layer, self.map, self.row, self.column = (fixed(c.row, c.column) for c in cells)
        self.number = fixed(CHOICE, LAST)
        counts = [math.prod(x.forward.target.tensor.shape[:-2]) for x in self.layers]
        sizes = [x.forward.target.tensor.shape[-2:] for x in self.layers]
        number = "0"
        for n in range(len(titles), 0, -1):
            number = f'IF({self.layer}="{titles[n - 1]}",{n},{number})'
        small = {
            CHOICE: ("picked_number", number), CHOICE + 1: ("picked_maps", self._choose(counts)),
            CHOICE + 2: ("picked_rows", self._choose([s[0] for s in sizes])),
            CHOICE + 3: ("picked_columns", self._choose([s[1] for s in sizes])),
        }  # fmt: skip
        for row, (key, formula) in small.items():
            page.put(row, LAST - 1, label(key), style.SAY_SMALL)
            page.put(row, LAST, CellFormula(f"={formula}"), style.MAP_NUMBER)
        limits = [fixed(CHOICE + n, LAST) for n in (1, 2, 3)]
        said = self._said("picked_limits", maps=limits[0], rows=limits[1], columns=limits[2])
        page.put(CHOICE, 22, said, style.MAP_WORDS)
        page.prompt(cells[0].local, label("picked_prompt"), {"type": "list", "formula1": f'"{",".join(titles)}"'})
        for cell, limit in zip(cells[1:], limits, strict=True):
            rule = {"type": "whole", "operator": "between", "formula1": "1", "formula2": limit}
            page.prompt(cell.local, label("picked_prompt"), rule)
        page.height(CHOICE, 28)

    def _first(self) -> tuple[int, int, int]:
        """Map, row and column from 1: of the cells at the border, that with the largest derivative."""
        tensor = self.layers[0].path[0]
        adjoint = self.plan.adjoint_of(tensor)
        rows, columns = tensor.shape[-2:]
        border = [i for i in tensor.indices() if i[-2] in (0, rows - 1) or i[-1] in (0, columns - 1)]
        largest = max(border, key=lambda i: abs(self.numbers[(adjoint or tensor).scalar(i)]))
        return (largest[0] if len(largest) > 2 else 0) + 1, largest[-2] + 1, largest[-1] + 1

    def _said(self, key: str, **values: str) -> CellFormula:
        """A sentence of the catalogue as a formula: its values are formulas."""
        text = self.book.label(key, **{name: f'"&{value}&"' for name, value in values.items()})
        return CellFormula(f'="{text}"'.replace('""&', "").replace('&""', ""))

    def _choose(self, texts: Sequence[object]) -> str:
        """A formula that takes the text of the chosen layer."""
        first, *rest = texts
        if all(t == first for t in rest):
            return str(first)
        chosen = str(texts[-1])
        for n in range(len(texts) - 1, 0, -1):
            chosen = f"IF({self.number}={n},{texts[n - 1]},{chosen})"
        return chosen

    # --- where a rectangle begins -----------------------------------------------------------------------------------

    def _point(self, layer: PickedLayer, pooled: bool = False) -> Mapping[str, str]:
        """Axis of the calculation's target -> the choice, counted from 0; ``pooled``: in what the next layer reads."""
        calculation = layer.back if pooled else layer.forward
        if calculation is None:
            return {}
        down, right = layer.pool if pooled and layer.pool else (1, 1)
        row, column = _whole(self.row, down), _whole(self.column, right)
        chosen = [f"({self.map}-1)", row, column][-len(calculation.target.tensor.shape) :]
        index = calculation.equation.target.index
        return {affine.axes[0]: text for affine, text in zip(index, chosen, strict=True) if affine.axes}

    def _rectangles(self, calculation: Calculation | None, point: Mapping[str, str]) -> list[tuple[Corner, Corner]]:
        if calculation is None:
            return []
        return [
            (self._corner(calculation, one, point), self._corner(calculation, other, point))
            for _, (one, other) in _pairs(calculation)
        ]

    def _corner(self, calculation: Calculation, slot: Slot, point: Mapping[str, str]) -> Corner:
        place = calculation.place(slot.access.tensor)
        ends = {a.name: a.size - 1 for a in slot.ranged}
        shape, reach = [0, 0], [0, 0]
        for affine, step in zip(slot.access.index[place.leading :], place.steps, strict=True):
            for name, coefficient in affine.coefficients:
                if name in ends:
                    for way in (0, 1):
                        move = coefficient * step[way] * ends[name] // affine.divisor
                        shape[way] += abs(move)
                        reach[way] += min(move, 0)
        flat = _flat(slot.access.index[: place.leading], place.tensor.shape[: place.leading], point)
        texts = []
        for way in (0, 1):
            column = self._places[place.tensor, place.sheet][way]
            parts = [f"INDEX({column},{flat})"]
            offset = reach[way]
            for affine, step in zip(slot.access.index[place.leading :], place.steps, strict=True):
                if not step[way]:
                    continue
                offset += step[way] * affine.offset // affine.divisor
                for name, coefficient in affine.coefficients:
                    factor = coefficient * step[way] // affine.divisor
                    if name in point and factor:
                        parts.append(f"{factor}*{point[name]}" if factor != 1 else point[name])
            texts.append("+".join(parts) + (f"{offset:+d}" if offset else ""))
        return Corner(texts[0], texts[1], place.sheet, shape[0] + 1, shape[1] + 1)

    def _look(self, sheet: str, row: str, column: str) -> str:
        if sheet not in self._sheets:
            cells = self.book.workbook[sheet]
            self._sheets[sheet] = fixed_area(Cell(sheet, 1, 1), Cell(sheet, cells.max_row, cells.max_column))
        return f"INDEX({self._sheets[sheet]},{row},{column})"

    def _entry(self, tensor: Tensor, layer: PickedLayer, pooled: bool) -> str:
        """The value of a tensor of the path at the choice."""
        place = self.plan.placements[tensor]
        down, right = layer.pool if pooled and layer.pool else (1, 1)
        row, column = _whole(self.row, down), _whole(self.column, right)
        rows, columns = self._places[tensor, place.sheet]
        return self._look(place.sheet, f"INDEX({rows},{self.map})+{row}", f"INDEX({columns},{self.map})+{column}")

    # --- forward ----------------------------------------------------------------------------------------------------

    def _forward(self, layers: list[list[tuple[Corner, Corner]]]) -> int:
        """Windows, filters, products, and what the cell adds to the filter's gradient; the row below them."""
        page, label, height = self.page, self.book.label, self.height
        title = self._said("picker_forward", map=self.map, row=self.row, column=self.column)
        page.bar(SECTION, LAST, title, style.SECTION, first=3)
        count = min(MAX_BLOCKS, max(len(pairs) for pairs in layers))
        width = max(c.width for pairs in layers for c, _ in pairs)
        self.tops = tops = [15 + n * (height + 1) for n in range(3)]
        self.share_top = tops[2] + height + 3
        numbers = [_number(layer.forward) for layer in self.layers]
        for n in range(count):
            column = RIGHT + n * (width + 1)
            sources = [pairs[n] if n < len(pairs) else None for pairs in layers]
            of = [len(pairs) for pairs in layers]
            words = [self._words(s[0].sheet, n, k) if s else DASH for s, k in zip(sources, of, strict=True)]
            page.put(12, column, CellFormula(f"={self._choose(words)}"), style.HEAD)
            self._block(sources, 0, 13, column, tops[0], style.PICKER_VALUE)
            self._block(sources, 1, 14, column, tops[1], style.PICKER_PARAMETER)
            for r, c in np.ndindex(height, width):
                one, other = local(tops[0] + r, column + c), local(tops[1] + r, column + c)
                there = self._inside(sources, r, c)
                shares = [f"{one}*{self._slope}" + ("" if x == "1" else f"*{x}") for x in numbers]
                for top, products in ((tops[2], [f"{one}*{other}"] * len(layers)), (self.share_top, shares)):
                    chosen = self._choose([p if x else DASH for p, x in zip(products, there, strict=True)])
                    page.put(top + r, column + c, CellFormula(f"={chosen}"), style.PICKER_VALUE)
            own = area(tops[2], column, tops[2] + height - 1, column + width - 1)
            below, right = tops[2] + height, column + width - 1
            for row, at, text, look in (
                (tops[1] - 1, column + width // 2, '"×"', style.SMALL_ARROW),
                (tops[2] - 1, column + width // 2, '"="', style.SMALL_ARROW),
                (below, right - 1, '"Σ"', style.SYMBOL),
                (below, right, f"SUM({own})", style.PICKER_SUM),
            ):
                page.put(row, at, CellFormula(f"={self._choose([text if s else DASH for s in sources])}"), look)
        self.products = area(tops[2], RIGHT, tops[2] + height - 1, RIGHT + count * (width + 1) - 2)
        page.put(self.share_top - 1, RIGHT, label("picker_share"), style.HEAD)
        last = RIGHT + count * (width + 1) - 2
        for top in (*tops, self.share_top):
            # corners stand above the first one
            self._colour(top, RIGHT, top + height - 1, last, top if top == tops[0] else top - 1)
            for r in range(height):
                page.put(top + r, RIGHT - 1, r + 1, style.MAP_NUMBER)
        return self.share_top + height + 1

    @property
    def _slope(self) -> str:
        """The cell of ∂E/∂z on the left."""
        return fixed(SECTION + 28, VALUE)

    def _words(self, sheet: str, n: int, of: int) -> str:
        return f'"{sheet}"' if of == 1 else f'"{sheet}, {n + 1}"'

    def _inside(self, sources: Sequence[tuple[Corner, Corner] | None], r: int, c: int) -> list[bool]:
        return [s is not None and r < s[0].height and c < s[0].width for s in sources]

    def _block(
        self, sources: Sequence[tuple[Corner, Corner] | None], which: int, row: int, column: int, top: int,
        look: style.Style,
    ) -> None:  # fmt: skip
        """The cells of a rectangle, by its corner, which stands in two small cells."""
        page = self.page
        for way, text in enumerate(("row", "column")):
            formulas = [getattr(s[which], text) if s else DASH for s in sources]
            page.put(row, column + way, CellFormula(f"={self._choose(formulas)}"), style.CORNER[way])
        corner = [fixed(row, column + way) for way in (0, 1)]
        height = max(s[which].height for s in sources if s)
        width = max(s[which].width for s in sources if s)
        for r, c in np.ndindex(height, width):
            texts = [
                self._look(s[which].sheet, f"{corner[0]}+{r}", f"{corner[1]}+{c}")
                if s and r < s[which].height and c < s[which].width else DASH
                for s in sources
            ]  # fmt: skip
            page.put(top + r, column + c, CellFormula(f"={self._choose(texts)}"), look)

    def _colour(self, top: int, left: int, bottom: int, right: int, end: int) -> None:
        """Colours of a block up to its largest value, which stands in the row ``end`` beside it."""
        self.page.scale_to_largest((top, left, bottom, right), (end, right + 2), style.SCALE_END)

    # --- the left side ----------------------------------------------------------------------------------------------

    def _left(self) -> None:
        """Sum, bias, value, what follows; then the derivatives back to the cell."""
        label, row = self.book.label, SECTION + 3
        biases = [self._bias(layer) for layer in self.layers]
        rest = [len(list(_pairs(layer.forward))) > MAX_BLOCKS for layer in self.layers]
        values = [self._entry(layer.path[0], layer, False) for layer in self.layers]
        numbers = [_number(layer.forward) for layer in self.layers]
        total = self._pair(row, label("picker_sum"), f"SUM({self.products})")
        bias = self._pair(row + 2, label("picker_bias"), self._choose([b or "0" for b in biases]))
        factor = self._choose(numbers)
        scaled = total if factor == "1" else self._pair(row + 4, label("picker_factor"), f"{total}*{factor}")
        if any(rest):
            own = f"{total}*{factor}"
            others = [f"{v}-{own}-{b or 0}" if more else "0" for v, b, more in zip(values, biases, rest, strict=True)]
            scaled += f"+{self._pair(row + 5, label('picker_rest'), self._choose(others))}"
        z = self._pair(row + 6, "z", f"{scaled}+{bias}")
        self._agrees(row + 7, z, self._choose(values))
        after = [layer.path[1] if len(layer.path) > 1 else layer.path[0] for layer in self.layers]
        last = [layer.path[-1] for layer in self.layers]
        for below, key, tensors in ((9, "picker_after", after), (11, "picker_handed", last)):
            texts = [self._entry(t, x, t in _pooled(x)) for t, x in zip(tensors, self.layers, strict=True)]
            self._pair(row + below, label(key), self._choose(texts))
        self._window(row + 13)
        self.page.put(SECTION + 20, 3, label("picker_back"), style.HEAD)
        backs = [self._adjoint(t, x) for t, x in zip(last, self.layers, strict=True)]
        self.handed = self._pair(SECTION + 22, label("picker_given"), self._choose(backs))
        before = [self._adjoint(t, x) for t, x in zip(after, self.layers, strict=True)]
        self._pair(SECTION + 25, label("picker_before"), self._choose(before))
        zs = [self._adjoint(x.path[0], x) for x in self.layers]
        self._pair(SECTION + 28, "∂E/∂z", self._choose(zs))
        said = self._said(
            "picker_sentence", layer=self.layer, map=self.map, row=self.row, column=self.column,
            value=f"ROUND({z},4)", derivative=f"ROUND({self._slope},6)",
        )  # fmt: skip
        self.page.put(SENTENCE, 3, said, style.BOLD)

    def _adjoint(self, tensor: Tensor, layer: PickedLayer) -> str:
        adjoint = self.plan.adjoint_of(tensor)
        return "0" if adjoint is None else self._entry(adjoint, layer, tensor in _pooled(layer))

    def _bias(self, layer: PickedLayer) -> str | None:
        """The bias of the chosen map, by its place."""
        tensor = _bias_of(layer)
        if tensor is None:
            return None
        place = self.plan.placements[tensor]
        rows, columns = self._places[tensor, place.sheet]
        return self._look(place.sheet, f"INDEX({rows},{self.map})", f"INDEX({columns},{self.map})")

    def _window(self, row: int) -> None:
        """The cells of the pooling window, where it is small."""
        pooled = [(x, next((t for t in x.path if t.kind is TensorKind.POOLED_MAP), None)) for x in self.layers]
        sizes = [x.pool for x, _ in pooled if x.pool and max(x.pool) <= MAX_WINDOW]
        if not sizes:
            return
        self.page.put(row, LABEL, self.book.label("picker_window"), style.SAY)
        for r, c in np.ndindex(max(h for h, _ in sizes), max(w for _, w in sizes)):
            texts = []
            for layer, target in pooled:
                if target is None or layer.pool not in sizes or r >= layer.pool[0] or c >= layer.pool[1]:
                    texts.append(DASH)
                    continue
                source = layer.path[layer.path.index(target) - 1]
                place = self.plan.placements[source]
                rows, columns = self._places[source, place.sheet]
                down, right = layer.pool
                at_row = f"INDEX({rows},{self.map})+{down}*{_whole(self.row, down)}+{r}"
                at_column = f"INDEX({columns},{self.map})+{right}*{_whole(self.column, right)}+{c}"
                texts.append(self._look(place.sheet, at_row, at_column))
            self.page.put(row + r, VALUE + c, CellFormula(f"={self._choose(texts)}"), style.PICKER_VALUE)

    def _pair(self, row: int, words: str, formula: str) -> str:
        """A label and a value; the value's cell."""
        self.page.put(row, LABEL, words, style.SAY)
        self.page.merged(row, VALUE, 1, 3, CellFormula(f"={formula}"), style.PICKER_RESULT)
        return fixed(row, VALUE)

    def _agrees(
        self, row: int, cell: str, other: str, column: int = VALUE, where: Sequence[bool] | None = None
    ) -> None:
        """Say whether two values are the same; ``where``: in which layers there are two."""
        words = self.book.label("picker_same"), self.book.label("picker_other")
        formula = f'IF(ABS({cell}-{other})<{TOLERANCE}*(1+ABS({cell})),"{words[0]}","{words[1]}")'
        if where is not None:
            formula = self._choose([formula if shown else DASH for shown in where])
        self.page.merged(row, column, 1, 4, CellFormula(f"={formula}"), style.PICKER_OK)

    # --- backward ---------------------------------------------------------------------------------------------------

    def _backward(self, layers: list[list[tuple[Corner, Corner]]], top: int) -> None:
        """Every cell of the next layer that this one feeds: its derivative, the weight between, and the sum."""
        page, label = self.page, self.book.label
        if not any(layers):
            return
        page.bar(top, LAST, label("picker_feeds"), style.SECTION, first=3)
        lists = [self._pieces(pairs) for pairs in layers]
        count = max(len(pieces) for pieces in lists)
        side = max((max(p.rows, p.columns) for pieces in lists for p in pieces), default=1)
        wide = max(1, (LAST - 3) // (side + 1))
        sums = []
        for n in range(count):
            row = top + 2 + n // wide * (2 * side + 4)
            column = 3 + n % wide * (side + 1)
            pieces = [p[n] if n < len(p) else None for p in lists]
            words = [f'"{p.corners[0].sheet}, {p.number}"' if p else DASH for p in pieces]
            page.put(row, column, CellFormula(f"={self._choose(words)}"), style.HEAD)
            for which in (0, 1):
                at = row + 1 + which * side
                for r, c in np.ndindex(side, side):
                    texts = [self._piece(p, which, r, c) for p in pieces]
                    if any(t != DASH for t in texts):
                        look = style.PICKER_PARAMETER if which else style.PICKER_VALUE
                        page.put(at + r, column + c, CellFormula(f"={self._choose(texts)}"), look)
            one = area(row + 1, column, row + side, column + side - 1)
            other = area(row + 1 + side, column, row + 2 * side, column + side - 1)
            below, right = row + 2 * side + 1, column + side - 1
            page.put(below, right - 1, "Σ", style.SYMBOL)
            page.put(below, right, CellFormula(f"=SUMPRODUCT({one},{other})"), style.PICKER_SUM)
            sums.append(local(below, right))
        for n in range(0, count, wide):  # the blocks of one line have one scale
            row, last = top + 2 + n // wide * (2 * side + 4), 2 + min(wide, count - n) * (side + 1) - 1
            for first in (row + 1, row + 1 + side):
                self._colour(first, 3, first + side - 1, last, first)
        self._hide_absent(top + 2, 3, top + 1 + (count + wide - 1) // wide * (2 * side + 4))
        complete = [len(pairs) <= MAX_BLOCKS for pairs in layers]
        page.put(top, LAST - 6, "Σ", style.SYMBOL)
        factor = self._choose([_number(layer.back) for layer in self.layers])
        total = "+".join(sums) if factor == "1" else f"({'+'.join(sums)})*{factor}"
        page.merged(top, LAST - 5, 1, 3, CellFormula(f"={total}"), style.PICKER_RESULT)
        if all(complete):
            where = [bool(pairs) for pairs in layers]
            self._agrees(top + 1, fixed(top, LAST - 5), self.handed, LAST - 5, where)

    def _pieces(self, pairs: list[tuple[Corner, Corner]]) -> list[PickedPiece]:
        """Rectangles as they are, a long column in squares of 25 entries."""
        pieces: list[PickedPiece] = []
        for n, (one, other) in enumerate(pairs[:MAX_BLOCKS], 1):
            if max(one.height, one.width) <= MAX_SIDE:
                pieces.append(PickedPiece((one, other), n, 0, one.height, one.width, False))
                continue
            length = one.height * one.width
            for start in range(0, min(length, 25 * MAX_BLOCKS), 25):
                pieces.append(PickedPiece((one, other), start + 1, start, 5, 5, True))
        return pieces

    def _piece(self, piece: PickedPiece | None, which: int, r: int, c: int) -> str:
        if piece is None or r >= piece.rows or c >= piece.columns:
            return DASH
        corner = piece.corners[which]
        down, right = divmod(piece.start + r * piece.columns + c, corner.width) if piece.is_wrapped else (r, c)
        if down >= corner.height:
            return DASH
        return self._look(corner.sheet, f"{corner.row}+{down}", f"{corner.column}+{right}")


#: What stands where the chosen layer has nothing.
DASH = '"–"'


def _bias_of(layer: PickedLayer) -> Tensor | None:
    return first_of(TensorKind.BIAS, (access.tensor for access in layer.forward.equation.accesses))


def _pooled(layer: PickedLayer) -> list[Tensor]:
    """The tensors of the path behind its pooling."""
    at = next((n for n, t in enumerate(layer.path) if t.kind is TensorKind.POOLED_MAP), len(layer.path))
    return layer.path[at:]


def _pairs(calculation: Calculation) -> Iterator[ProductSlots]:
    """The products of a calculation that are sums over rectangles, with the references that are ranges."""
    for coefficient, slots in products_of(calculation.equation, calculation.target, calculation.place):
        ranged = [slot for slot in slots if slot.ranged]
        if ranged:
            yield ProductSlots(coefficient, ranged)


def _is_shown(calculation: Calculation) -> bool:
    """Is it a sum of products of two rectangles, all with one number before them?"""
    pairs = list(_pairs(calculation))
    return len({pair.coefficient for pair in pairs}) == 1 and all(len(pair.slots) == 2 for pair in pairs)


def _number(calculation: Calculation | None) -> str:
    """The number before the products, as formulas write it: ``1``, ``1/9``."""
    return "1" if calculation is None else str(next(_pairs(calculation)).coefficient)


def _whole(cell: str, by: int) -> str:
    """A number from 1, counted from 0 and divided by a whole number."""
    return f"({cell}-1)" if by == 1 else f"INT(({cell}-1)/{by})"


def _flat(index: Sequence[Affine], shape: Sequence[int], point: Mapping[str, str]) -> str:
    """The number of a block in its table, from 1."""
    parts: list[str] = []
    offset = 1
    for n, affine in enumerate(index):
        stride = math.prod(shape[n + 1 :])
        offset += stride * affine.offset
        for name, coefficient in affine.coefficients:
            factor = stride * coefficient
            parts.append(f"{factor}*{point[name]}" if factor != 1 else point[name])
    return "+".join([*parts, str(offset)])
