"""Where every entry stands: flat arrays of rows, a row for each entry, a lane for each sample.

    x[k, r, c] of sample n    ->    x[2304*k + 384*r + 64*c + n]

Strides are numbers in the source. A window that leaves its tensor finds a border: cells around the tensor that hold
what stands there (0, a pad value, -∞), so that no index is ever tested. What is scattered may write into the border;
nobody reads it there. Parameters and their gradients have no lanes and no border.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sympy import Expr, S

from symcnn.printers.loops.statements import StatementGroup
from symcnn.symbolic import Access, Tensor

#: Loop variables with factors; an index: these and a number.
Loops = tuple[tuple[str, int], ...]
Flat = tuple[Loops, int]

Dimensions = tuple[tuple[int, int], ...]


@dataclass
class Layout:
    """Borders and strides of every tensor.

    Attributes:
        lanes: samples of a block.
        borders: tensor -> cells (before, after) in each dimension.
        outside: tensor -> what stands in its border.
    """

    lanes: int
    borders: dict[Tensor, Dimensions] = field(default_factory=dict)
    outside: dict[Tensor, Expr] = field(default_factory=dict)

    @classmethod
    def of(cls, groups: Iterable[StatementGroup], lanes: int) -> "Layout":
        layout = cls(lanes)
        for group in groups:
            for statement in group.statements:
                sizes = {a.name: a.size for a in statement.axes}
                for access in statement.reads():
                    layout._reach(access, sizes, is_read=True)
                for access in statement.writes():
                    layout._reach(access, sizes, is_read=False)
        return layout

    def _reach(self, access: Access, sizes: Mapping[str, int], is_read: bool) -> None:
        tensor = access.tensor
        spans = [affine.span(sizes) for affine in access.index]
        needed = tuple((max(-low, 0), max(high - n + 1, 0)) for (low, high), n in zip(spans, tensor.shape, strict=True))
        known = self.borders.get(tensor, ((0, 0),) * len(tensor.shape))
        self.borders[tensor] = tuple((max(a, c), max(b, d)) for (a, b), (c, d) in zip(known, needed, strict=True))
        if is_read and any(map(any, needed)):
            value = S.NegativeInfinity if access.outside is None else access.outside
            if self.outside.setdefault(tensor, value) != value:
                raise TypeError(f"no rule to print {access}: outside {tensor.name} stands {self.outside[tensor]}")

    def padded(self, tensor: Tensor) -> tuple[int, ...]:
        """The shape with its border."""
        return tuple(n + a + b for n, (a, b) in zip(tensor.shape, self.borders[tensor], strict=True))

    def length(self, tensor: Tensor) -> int:
        """Numbers in the tensor's array."""
        return math.prod(self.padded(tensor)) * (1 if tensor.is_shared else self.lanes)

    def flat(self, access: Access, offsets: Mapping[str, int], written_out: frozenset[str]) -> Flat:
        """The place of an instance: ``offsets`` from the loop variables; axes that are written out have no loop."""
        tensor = access.tensor
        coefficients: dict[str, int] = {}
        number = 0
        for (stride, before), affine in zip(self._strides(tensor), access.index, strict=True):
            number += stride * (affine.offset + before)
            for axis, c in affine.coefficients:
                number += stride * c * offsets[axis]
                if axis not in written_out:
                    coefficients[axis] = coefficients.get(axis, 0) + stride * c
        # in one order, so that one place has one text
        ordered = sorted(coefficients.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple((a, c) for a, c in ordered if c), number

    def _strides(self, tensor: Tensor) -> list[tuple[int, int]]:
        lanes = 1 if tensor.is_shared else self.lanes
        return _strides(self.padded(tensor), self.borders[tensor], lanes)


@lru_cache(maxsize=1024)
def _strides(shape: tuple[int, ...], borders: Dimensions, lanes: int) -> list[tuple[int, int]]:
    """(stride, cells of border before) of each dimension."""
    found, stride = [], lanes
    for size, (before, _) in zip(reversed(shape), reversed(borders), strict=True):
        found.append((stride, before))
        stride *= size
    return found[::-1]


def index_text(flat: Flat) -> str:
    """``512*at_r + 64*at_c + 576``"""
    coefficients, number = flat
    parts = [f"at_{a}" if c == 1 else f"{c}*at_{a}" for a, c in coefficients]
    return " + ".join([*parts, *([str(number)] if number or not parts else [])])
