"""The sheets of a large network's workbook: one for each layer forward, backward and after one step.

Formulas come from the plan's calculations; this module adds values, captions, colours and names.
"""

from collections.abc import Mapping
from typing import Any

from symcnn.network import Array
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import Index, Tensor, TensorKind, image_ending
from symcnn.workbook import style
from symcnn.workbook.addresses import area, local, prefix
from symcnn.workbook.blocks import NO_MARGIN, Placement, called, first_of, formulas
from symcnn.workbook.book import Book, StyledSheet
from symcnn.workbook.cell_values import Values
from symcnn.workbook.layer_plan import (
    BACKWARD,
    FIRST_COLUMN,
    FORWARD,
    INPUTS_ROW,
    NEURONS_ROW,
    NEXT,
    NUMBERS_ROW,
    RATE,
    Calculation,
    Copy,
    LayerPlan,
    LayerSheet,
)

#: Width of a column of maps, and height of a row; of the columns of a sheet of neurons.
MAP_WIDTH, MAP_HEIGHT = 3.714, 19.5
NEURON_WIDTH = 8.0


class LayerSheets:
    """Writes them.

    Args:
        values: of the inputs: each pixel, target and parameter by its tensor.
        rate: the learning rate; ribbon: the formula of the status line.
    """

    def __init__(self, book: Book, plan: LayerPlan, values: Mapping[Tensor, Array], rate: float, ribbon: str) -> None:
        self.book, self.plan, self.values, self.rate, self.ribbon = book, plan, values, rate, ribbon
        self.pages: dict[str, StyledSheet] = {}
        #: Blocks whose style follows from their values: sheet, first row, first column, last row, last column.
        self.sized: list[tuple[str, tuple[int, int, int, int]]] = []

    def write(self) -> list[str]:
        """Write all sheets; their keys in reading order."""
        sheets = {p.sheet for p in self.plan.placements.values()} | {c.target.sheet for c in self.plan.copies}
        sheets |= {c.target.sheet for c in self.plan.calculations}
        keys = [self._page(s, FORWARD) for s in self.plan.sheets if s.name(FORWARD) in sheets]
        keys += [self._page(s, BACKWARD) for s in reversed(self.plan.sheets) if s.name(BACKWARD) in sheets]
        keys += [self._page(s, NEXT) for s in self.plan.sheets if s.name(NEXT) in sheets]
        for calculation in self.plan.calculations:
            self._formulas(calculation)
        for copy in self.plan.copies:
            self._copy(copy)
        for tensor, placement in self.plan.placements.items():
            if tensor in self.values:
                self._input(placement, self.values[tensor])
            self._dress(placement)
        if RATE in self.plan.placements:
            self._settings()
        return keys

    # --- pages ------------------------------------------------------------------------------------------------------

    def _page(self, sheet: LayerSheet, way: str) -> str:
        title = sheet.name(way)
        self.book.titles[title] = title
        self.book.descriptions[title] = self._description(sheet, way)
        hint = self.book.label(f"layer_hint_{'neurons' if sheet.neurons else _hinted(sheet.key)}_{way}")
        page = self.book.add_sheet(title, hint, self.ribbon, 20)
        self.pages[title] = page
        page.sheet.sheet_view.zoomScale = 70 if sheet.neurons else 60
        columns = max(sheet.columns, self.plan.last_column[title]) + 1
        if sheet.neurons:
            weights = first_of(TensorKind.WEIGHT, (t for t in sheet.parameters if t in self.plan.placements))
            if weights is None:  # its weights are left out, and may be wider than a spreadsheet
                there = (p.origins[..., 1] for p in self.plan.placements.values() if p.sheet == title)
                columns = max([self.plan.last_column[title], *(int(origins.max()) for origins in there)]) + 1
            first = self._column(weights) if weights is not None else columns
            page.widths({FIRST_COLUMN: 5.0, **dict.fromkeys(range(FIRST_COLUMN + 1, first - 2), NEURON_WIDTH)})
            page.widths({first - 2: 2.0, first - 1: 2.0, **dict.fromkeys(range(first, columns + 1), MAP_WIDTH)})
            page.sheet.freeze_panes = local(NEURONS_ROW, first) if weights is not None else "A5"
            self._neuron_heads(page, sheet, way)
        else:
            page.widths(dict.fromkeys(range(FIRST_COLUMN, columns + 1), MAP_WIDTH))
            page.sheet.sheet_format.defaultRowHeight = MAP_HEIGHT
            page.sheet.sheet_format.customHeight = True
            page.sheet.freeze_panes = "A5"
        return title

    def _description(self, sheet: LayerSheet, way: str) -> str:
        """The tensors on a sheet, forward with their sizes."""
        tensors = [*(sheet.tensors if way != NEXT else ()), *sheet.parameters]
        if way == FORWARD:
            return " · ".join(f"{t.name} {'×'.join(map(str, t.shape))}".rstrip() for t in tensors)
        placements = (self._shown(t, way) for t in tensors)
        return " · ".join(called(p.tensor) for p in placements if p is not None)

    def _column(self, tensor: Tensor) -> int:
        return int(self.plan.placements[tensor].origins[..., 1])

    def _neuron_heads(self, page: StyledSheet, sheet: LayerSheet, way: str) -> None:
        """Symbols above the columns, numbers before the rows and above the inputs."""
        rows = max((t.size for t in sheet.tensors if len(t.shape) == 1), default=0)
        for n in range(rows):
            page.put(NEURONS_ROW + n, FIRST_COLUMN, n + 1, style.MAP_NUMBER)
        for tensor in (*sheet.tensors, *sheet.parameters):
            shown = self._shown(tensor, way)
            if shown is None or len(tensor.shape) > 1:
                continue
            row, column = (int(n) for n in shown.origins)
            symbol = called(shown.tensor)
            if tensor.shape:
                page.put(row - 1, column, symbol, style.SYMBOL)
            else:
                page.put(row, column - 1, symbol, style.SYMBOL)
        weights = first_of(TensorKind.WEIGHT, sheet.parameters)
        if weights is not None and (shown := self._shown(weights, way)) is not None:
            column = self._column(weights)
            for n in range(weights.size // weights.shape[-1]):
                page.put(NUMBERS_ROW, column + n, n + 1, style.MAP_NUMBER)
            page.put(NUMBERS_ROW - 1, column, called(shown.tensor), style.MAP_NAME)
            if way != NEXT:
                words = self.book.label("layer_inputs" if way == FORWARD else "layer_inputs_back")
                page.put(INPUTS_ROW, FIRST_COLUMN, words, style.MAP_WORDS)

    def _shown(self, tensor: Tensor, way: str) -> Placement | None:
        """The placement of a tensor, its adjoint or its next value on the sheet of this way."""
        if way == FORWARD:
            return self.plan.placements.get(tensor)
        for other, placement in self.plan.placements.items():
            is_next = way == NEXT and other.name == f"next_{tensor.name}"
            if is_next or (way == BACKWARD and other.primal == tensor):
                return placement
        return None

    # --- formulas ---------------------------------------------------------------------------------------------------

    def _formulas(self, calculation: Calculation) -> None:
        target = calculation.target
        page = self.pages[target.sheet]
        look = style.MAP if target.tensor.shape[target.leading :] and not self._is_neuron(target) else style.NEURON
        if not target.tensor.shape:
            look = style.NEURON_RESULT
        for row, column, text in formulas(calculation.equation, target, calculation.place):
            page.put_formula(row, column, CellFormula(text), look)

    def _is_neuron(self, placement: Placement) -> bool:
        """A value or a bias of a row of neurons, which has a column of full width."""
        is_column = len(placement.tensor.shape) == 1 and placement.steps == ((1, 0),)
        return is_column and self.plan.layer(placement.sheet).neurons

    def _copy(self, copy: Copy) -> None:
        """Cells that fetch those of another placement, and the zeros around and between them."""
        source, target = copy.source, copy.target
        page, sheet = self.pages[target.sheet], prefix(source.sheet, target.sheet)
        look = style.NEURON if self._is_neuron(target) else style.MAP
        for cell, place in zip(source.cells(), target.cells(), strict=True):
            page.put_formula(*place, CellFormula(f"={sheet}{local(*cell)}"), look)
        self._zeros(target)
        if copy.key == "inputs":
            self._row(target)
        elif copy.key != "handed":
            self._dress(target, copy.key)
        else:
            self._row(source)

    def _row(self, placement: Placement) -> None:
        """Colours of a row above weights."""
        block = placement.area(())
        self._scale(self.pages[placement.sheet], block, (block[0], block[1] - 3))

    def _zeros(self, placement: Placement) -> None:
        page = self.pages[placement.sheet]
        if placement.margin == NO_MARGIN and not placement.spread:
            return
        for block in placement.blocks():
            top, left, bottom, right = placement.area(block, with_margin=True)
            for row in range(top, bottom + 1):
                for column in range(left, right + 1):
                    if (row, column) not in page.sheet._cells:
                        page.put(row, column, 0, style.PADDING)

    def digits(self, values: Values) -> None:
        """Give small numbers more digits: the style of each block follows from its largest value."""
        for title, (top, left, bottom, right) in self.sized:
            page = self.pages[title]
            cells: list[Any] = [page.sheet._cells[r, c] for r in range(top, bottom + 1) for c in range(left, right + 1)]
            known = values[title]
            numbers = [abs(v) for c in cells if isinstance(v := known.get(c.coordinate), float)]
            if numbers:
                look = page.style_of(style.of_size(max(numbers)))
                plain = page.style_of(style.MAP)
                for cell in cells:
                    if cell._style == plain:
                        cell._style = look

    # --- inputs -----------------------------------------------------------------------------------------------------

    def _input(self, placement: Placement, values: Array) -> None:
        page, tensor = self.pages[placement.sheet], placement.tensor
        if self._is_neuron(placement):
            look = style.NEURON_INPUT
        elif tensor in self.plan.given:
            look = style.GIVEN
        else:
            look = style.MAP_PARAMETER if tensor.role == "parameter" else style.MAP_PIXEL
        for place, value in zip(placement.cells(), values.ravel().tolist(), strict=True):
            page.put_number(*place, value, look)

    def _settings(self) -> None:
        cell = self.plan.learning_rate
        page = self.pages[cell.sheet]
        page.put(cell.row - 1, cell.column, self.book.label("learning_rate"), style.WORDS)
        page.put(cell.row, cell.column, self.rate, style.INPUT)
        page.widths({cell.column: 9})
        self.book.define("learning_rate", cell)

    # --- captions, colours, names -----------------------------------------------------------------------------------

    def _dress(self, placement: Placement, key: str = "") -> None:
        """Zeros of the margin; a name, a caption and colours for each block."""
        tensor = placement.tensor
        if tensor == RATE:
            return
        self._zeros(placement)
        page = self.pages[placement.sheet]
        for block in placement.blocks():
            top, left, bottom, right = placement.area(block)
            place = area(top, left, bottom, right)
            if not key:
                self._name(placement, block)
            is_map = bottom > top or right > left
            if tensor.kind is TensorKind.BIAS and not placement.steps:
                page.put(top, left - 1, called(tensor), style.SYMBOL)
            if is_map and not self._is_neuron(placement):
                self._caption(page, placement, block, key)
            if tensor.role == "image" and not tensor.is_adjoint:
                style.pixel_scale(page.sheet, place)
            elif is_map and tensor.role != "target":
                above = placement.tensor.kind is TensorKind.WEIGHT or self._is_neuron(placement)
                row = NUMBERS_ROW - 2 if above else top - 1 - placement.margin[0][0]
                self._scale(page, (top, left, bottom, right), (row, right))

    def _name(self, placement: Placement, block: Index) -> None:
        tensor = placement.tensor
        name = "_".join((tensor.name, *(str(n + 1) for n in block))) + image_ending(tensor)
        name = f"given_{name}" if tensor in self.plan.given else name
        self.book.define(name, placement.reference(block))

    def _caption(self, page: StyledSheet, placement: Placement, block: Index, key: str) -> None:
        top, left, _, _ = placement.area(block, with_margin=True)
        sheet_is_neurons = placement.steps and placement.tensor.kind is TensorKind.WEIGHT
        if sheet_is_neurons:
            return
        letters = called(placement.tensor)
        words = letters + ("" if not block else f"[{', '.join(str(n + 1) for n in block)}]")
        if key == "turned":
            words += " ↻"
        page.put(top - 1, left, words, style.MAP_NAME)

    def _scale(self, page: StyledSheet, block: tuple[int, int, int, int], end: tuple[int, int]) -> None:
        """Orange to blue up to the largest value of the block, which stands in the cell ``end``."""
        page.scale_to_largest(block, end, style.SCALE_END)
        self.sized.append((page.title, block))


def _hinted(key: str) -> str:
    return key if key in ("image", "conv", "pool") else "map"
