"""The points of an equation's axes as arrays, and the places of accesses at all of them at once."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symcnn.symbolic import Access, Affine, Axis

Numbers = NDArray[Any]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Entries of one array over an equation's points; more points are taken piece by piece.
CHUNK = 1 << 20


class Points:
    """Each axis as an array that broadcasts against the others: one dimension for an axis, in their order."""

    def __init__(self, axes: Sequence[Axis], at: Mapping[str, Places]) -> None:
        self.axes, self.at = tuple(axes), dict(at)
        self.shape = np.broadcast_shapes((1,) * len(self.axes), *(v.shape for v in self.at.values()))

    def affine(self, affine: Affine) -> tuple[Places, Mask]:
        """Its value at every point, and where that is whole."""
        value = sum((c * self.at[a] for a, c in affine.coefficients), self._zeros() + affine.offset)
        return value // affine.divisor, value % affine.divisor == 0

    def places(self, access: Access) -> tuple[Places, Mask]:
        """The flat place of an access at every point, and where it has one (elsewhere the place is 0)."""
        flat, there = self._zeros(), self._zeros() == 0
        for affine, size in zip(access.index, access.tensor.shape, strict=True):
            value, whole = self.affine(affine)
            flat = flat * size + value
            there = there & whole & (value >= 0) & (value < size)
        return np.where(there, flat, 0), there

    def position(self, window: Sequence[Axis]) -> Places:
        """The place in a window, its cells counted in order."""
        found = self._zeros()
        for axis in window:
            found = found * axis.size + self.at[axis.name]
        return found

    def moved(self, places: Mapping[str, int]) -> "Points":
        """The same with some axes at one place."""
        return Points(self.axes, {**self.at, **{a: self._zeros() + n for a, n in places.items()}})

    def bound(self, axes: Sequence[tuple[str, Affine]]) -> tuple["Points", Mask]:
        """The same with axes that are worked out from others, and where they are whole."""
        points, there = self, self._zeros() == 0
        for name, affine in axes:
            value, whole = points.affine(affine)
            points, there = Points(points.axes, {**points.at, name: value}), there & whole
        return points, there

    def _zeros(self) -> Places:
        return np.zeros((1,) * len(self.axes), dtype=np.int64)


def pieces(axes: Sequence[Axis], copies: int) -> Iterator[Points]:
    """All points of the axes; where they are many, piece by piece along the longest axis."""
    longest = max(axes, key=lambda a: a.size, default=Axis("", 1))
    count = copies * math.prod(a.size for a in axes)
    step = max(1, longest.size * CHUNK // count)
    for start in range(0, longest.size, step):
        at = {}
        for n, axis in enumerate(axes):
            line = np.arange(start, min(start + step, axis.size)) if axis == longest else np.arange(axis.size)
            at[axis.name] = line.reshape([-1 if m == n else 1 for m in range(len(axes))])
        yield Points(axes, at)
