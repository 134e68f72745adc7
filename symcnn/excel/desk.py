"""Where things stand on Inputs: step shown, images side by side with their targets, the reader's image, settings."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from symcnn.excel.addresses import Cell
from symcnn.excel.layout import TensorCells
from symcnn.network import Network
from symcnn.symbolic import Quantity

FIRST_COLUMN = 3
STEP_ROW, IMAGES_ROW = 6, 8

#: Square columns that images may take side by side; and the least from one image to the next, for its label.
SIDE_BY_SIDE, LEAST = 18, 3

#: Of a group of images: its labels above; below the pixels the targets' symbols, the targets, a verdict, a blank row.
ABOVE, BELOW = 1, 4


@dataclass(frozen=True)
class Desk:
    """Cells of Inputs, sheet ``title``; the image after the last one is the reader's own."""

    title: str
    network: Network
    images: int

    @cached_property
    def _block(self) -> TensorCells:
        image = self.network.forward.image
        return TensorCells(image, 0, 1 + image.shape[-2 if len(image.shape) > 1 else -1])

    @property
    def _outputs(self) -> int:
        assert self.network.forward.targets is not None
        return self.network.forward.targets.size

    @property
    def pitch(self) -> int:
        return 1 + max(self._block.extent[1], self._outputs, LEAST)

    @property
    def _group(self) -> int:
        return ABOVE + self._block.extent[0] + BELOW

    def corner(self, image: int) -> Cell:
        """Where an image's label stands, above its pixels."""
        row, column = divmod(image, max(1, SIDE_BY_SIDE // self.pitch))
        return Cell(self.title, IMAGES_ROW + 1 + row * self._group, FIRST_COLUMN + column * self.pitch)

    def pixels(self, image: int) -> dict[Quantity, Cell]:
        corner, block = self.corner(image), self._block
        return {
            Quantity(block.tensor, index): Cell(self.title, corner.row + ABOVE + row, corner.column + column)
            for index in block.tensor.indices()
            for row, column in [block.place(index)]
        }

    @cached_property
    def own_pixels(self) -> dict[Quantity, Cell]:
        """The reader's image: every formula of its pass looks there."""
        return self.pixels(self.images)

    def outputs(self, image: int) -> list[Cell]:
        """The cells under an image's pixels: its targets, or what the network answers for the reader's."""
        corner = self.corner(image)
        row = corner.row + ABOVE + self._block.extent[0] + 1
        return [Cell(self.title, row, corner.column + n) for n in range(self._outputs)]

    def settings_row(self, with_own: bool) -> int:
        """The row of the title of the settings, below all images."""
        return self.corner(self.images - (not with_own)).row + self._group

    def pixel_rows(self, with_own: bool) -> Iterator[int]:
        for image in range(self.images + with_own):
            top = self.corner(image).row + ABOVE
            yield from range(top, top + self._block.extent[0])
