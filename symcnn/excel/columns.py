"""How wide the columns of the passes are: squares for values, narrow ones between two stages."""

from collections.abc import Iterator
from dataclasses import dataclass

#: Widths as Excel counts them, and in pixels.
SQUARE, NARROW, MARGIN, BESIDE_MARGIN = 8.0, 4.0, 2.0, 2.6
SQUARE_PIXELS, NARROW_PIXELS = 56, 28

#: Heights in points: a strip with a symbol and its value are 42 together, a square of 56 pixels.
STRIP_HEIGHT, VALUE_HEIGHT, SQUARE_HEIGHT = 16.0, 26.0, 42.0


@dataclass(frozen=True)
class Columns:
    """The columns from ``first`` on; ``gaps`` are narrow."""

    first: int
    gaps: frozenset[int]

    def pixels(self, column: int) -> int:
        return NARROW_PIXELS if column in self.gaps else SQUARE_PIXELS

    def room(self, start: int, end: int) -> int:
        """Pixels from the left of one column to the left of another."""
        return sum(self.pixels(c) for c in range(start, end))

    def after(self, start: int, pixels: float) -> int:
        """The first square column that begins at least so far right of ``start``."""
        column, room = start, 0
        while room < pixels or column in self.gaps:
            room += self.pixels(column)
            column += 1
        return column

    def run(self, start: int, count: int) -> list[int]:
        """The first square columns from ``start`` on that stand side by side."""
        while self.gaps & set(range(start, start + count)):
            start += 1
        return list(range(start, start + count))

    def squares(self, start: int) -> Iterator[int]:
        """Square columns from ``start`` on."""
        column = start
        while True:
            if column not in self.gaps:
                yield column
            column += 1
