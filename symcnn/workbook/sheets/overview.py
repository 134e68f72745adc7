"""Overview: a whole network on one page, each value a dot; below, in the same places, its derivative.

Every dot is a live cell that fetches a cell of a layer's sheet; only its colour is seen.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from symcnn.printers.excel import CellFormula
from symcnn.symbolic import Tensor, TensorKind
from symcnn.workbook import style
from symcnn.workbook.addresses import Cell, area, local, prefix
from symcnn.workbook.blocks import Placement, called
from symcnn.workbook.book import Book
from symcnn.workbook.layer_plan import LayerPlan

#: Width of a column and height of a row: a dot of 6 pixels.
DOT_WIDTH, DOT_HEIGHT = 0.86, 4.5

#: The first row of dots, the first column, columns between two layers, rows that a caption takes.
TOP, LEFT, BETWEEN, CAPTION = 14, 3, 10, 4
CAPTION_WIDTH = 24

#: The most dots of one layer; of more maps the first ones are shown.
MAX_DOTS = 6_000

#: Dots that a layer's maps take from top to bottom, about; and of a bar of an output.
HEIGHT, BAR = 96, 20

#: Rows and columns of dots for a neuron, rows for an output.
NEURON, OUTPUT = 2, 8


@dataclass(frozen=True)
class Picture:
    """One tensor on the page: where each block of dots begins, counted from the layer's own corner.

    Attributes:
        corners: of each block; blocks: their index in the tensor.
        rows, columns: of one block, in entries; scale: dots for one entry, each way.
    """

    tensor: Tensor
    corners: tuple[tuple[int, int], ...]
    rows: int
    columns: int
    scale: int
    pitch: int

    @property
    def height(self) -> int:
        return max(r for r, _ in self.corners) + self.rows * self.pitch

    @property
    def width(self) -> int:
        extra = BAR + 24 if self.pitch == OUTPUT else 0
        return max(c for _, c in self.corners) + self.columns * self.scale + extra


def picture_of(tensor: Tensor, is_output: bool) -> Picture:
    """The dots of a tensor: maps side by side, neurons in a rectangle, outputs as bars below each other."""
    if len(tensor.shape) < 2:
        count = tensor.size
        if is_output:
            return Picture(tensor, tuple((OUTPUT * n, 0) for n in range(count)), 1, 1, 1, OUTPUT)
        wide = math.ceil(math.sqrt(count))
        corners = tuple((NEURON * (n // wide), NEURON * (n % wide)) for n in range(count))
        return Picture(tensor, corners, 1, 1, NEURON, NEURON)
    rows, columns = tensor.shape[-2:]
    count = min(math.prod(tensor.shape[:-2]), max(1, MAX_DOTS // (rows * columns)))
    wide = max(math.ceil(count * (rows + 2) / HEIGHT), round(0.9 * math.sqrt(count)), 1)
    corners = tuple((n // wide * (rows + 2), n % wide * (columns + 2)) for n in range(count))
    return Picture(tensor, corners, rows, columns, 1, 1)


class Overview:
    """Writes the sheet."""

    def __init__(self, book: Book, plan: LayerPlan, ribbon: str) -> None:
        self.book, self.plan = book, plan
        self.page = book.add_sheet("overview", book.label("hint_overview"), ribbon, 20)

    def write(self) -> None:
        page = self.page
        pictures = list(self._pictures())
        if not pictures:
            return
        height = max(p.height for _, p in pictures)
        columns = LEFT + sum(max(CAPTION_WIDTH, p.width) + BETWEEN for _, p in pictures)
        page.widths(dict.fromkeys(range(LEFT, columns + 1), DOT_WIDTH))
        page.sheet.sheet_view.zoomScale = 100
        bands = [False] + [True] * any(t.is_adjoint for t in self.plan.placements)
        for row in range(4, TOP + len(bands) * (height + TOP) + 2):
            page.height(row, DOT_HEIGHT)
        for n, backward in enumerate(bands):
            top = TOP + n * (height + TOP)
            page.merged(top - 10, LEFT, 5, 120, self.book.label("overview_back" if backward else "overview_forward"),
                        style.OVERVIEW_TITLE)  # fmt: skip
            self._band(pictures, top, height, backward)

    def _pictures(self) -> Iterator[tuple[str, Picture]]:
        """What is shown: of values and what a function makes of each, the last; the outputs as bars."""
        followed = {source for _, source in self.plan.elementwise()}
        outputs = self.plan.forward.answers
        for sheet in self.plan.sheets:
            for tensor in sheet.tensors:
                hidden = tensor.kind in (TensorKind.EXPONENTIAL, TensorKind.TARGET) or not tensor.shape
                hidden |= tensor == self.plan.forward.outputs != outputs
                if not hidden and tensor in self.plan.placements and (tensor not in followed or tensor == outputs):
                    yield sheet.title, picture_of(tensor, tensor == outputs)

    def _band(self, pictures: list[tuple[str, Picture]], top: int, height: int, backward: bool) -> None:
        column = LEFT
        for title, picture in pictures:
            tensor = picture.tensor
            shown = self.plan.adjoint_of(tensor) if backward else tensor
            if backward and shown is None and picture.pitch == OUTPUT:
                shown = self.plan.adjoint_of(self.plan.forward.outputs)
            if shown is not None:
                row = top + (height - picture.height) // 2
                words = called(shown) if backward else title
                width = max(CAPTION_WIDTH, picture.width)
                self.page.merged(row - CAPTION, column, 3, width, words, style.OVERVIEW_CAPTION)
                self._dots(picture, self.plan.placements[shown], row, column)
            column += max(CAPTION_WIDTH, picture.width) + BETWEEN

    def _dots(self, picture: Picture, source: Placement, row: int, column: int) -> None:
        tensor = picture.tensor
        blocks = list(np.ndindex(*tensor.shape[:-2])) if len(tensor.shape) >= 2 else [(n,) for n in range(tensor.size)]
        sheet = prefix(source.sheet, self.page.title)
        for (down, right), block in zip(picture.corners, blocks, strict=False):
            if picture.pitch == OUTPUT:
                self._bar(source, block, row + down, column)
                continue
            for r, c in np.ndindex(picture.rows * picture.scale, picture.columns * picture.scale):
                inner = (r // picture.scale, c // picture.scale) if len(tensor.shape) >= 2 else ()
                at_row, at_column = source.at((*block, *inner))
                formula = CellFormula(f"={sheet}{local(int(at_row), int(at_column))}")
                self.page.put_formula(row + down + r, column + right + c, formula, style.DOT)
        if picture.pitch == OUTPUT:
            return
        # neurons have one scale, maps one each
        whole = len(tensor.shape) < 2
        places = [(row, column, row + picture.height - 1, column + picture.width - 1)] if whole else [
            (row + r, column + c, row + r + picture.rows - 1, column + c + picture.columns - 1)
            for r, c in picture.corners
        ]  # fmt: skip
        for first_row, first_column, last_row, last_column in places:
            if tensor.role == "image":
                place = area(first_row, first_column, last_row, last_column)
                style.pixel_scale(self.page.sheet, place, digits=False)
                continue
            block, end = (first_row, first_column, last_row, last_column), (first_row - 1, last_column)
            self.page.scale_to_largest(block, end, style.HIDDEN, "F1F4F7")

    def _bar(self, source: Placement, block: tuple[int, ...], row: int, column: int) -> None:
        """Number of the output, a bar of dots, its value."""
        page = self.page
        cell = Cell(source.sheet, *map(int, source.at(block))).absolute
        page.merged(row, column, OUTPUT - 1, 6, block[0] + 1, style.OVERVIEW_NUMBER)
        for n in range(BAR):
            for r in range(4):
                formula = CellFormula(f"=IF(ABS({cell})>={n}/{BAR}+0.01,{cell},0)")
                page.put_formula(row + 1 + r, column + 7 + n, formula, style.DOT)
        style.sign_scale(page.sheet, area(row + 1, column + 7, row + 4, column + 6 + BAR))
        page.merged(row, column + 8 + BAR, OUTPUT - 1, 12, CellFormula(f"={cell}"), style.OVERVIEW_VALUE)
