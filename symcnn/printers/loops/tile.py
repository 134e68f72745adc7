"""How far to write out each loop: a search for the tile of products that loads least.

In the loop over the samples, a product costs its share of the rows that the tile loads (equal rows are loaded once), of
the rows that it writes, and of the numbers that all samples share. So a convolution finds its window with the loads
that neighbours share, a dense layer a block of inputs × outputs, a filter's gradient windows × filter.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from symcnn.printers.loops.rewrite import Won
from symcnn.printers.loops.statements import Statement
from symcnn.symbolic import Affine

#: Products of a tile; of one that is summed over the samples, whose few sums are added up once; of one in a statement
#: with a small share of the work, which would cost more to compile than it saves; rows that a processor keeps at hand.
TILE, SUM_TILE, SMALL_TILE, REGISTERS = 40, 120, 16, 28
#: That small share.
SHARE = 0.05
#: Cost of a number that all samples share, of a sum over the samples per vector, in loads of a row.
SHARED, HORIZONTAL = 0.3, 9.0


@dataclass(frozen=True)
class Machine:
    """What the costs depend on: samples of a block, and how many of them are a vector."""

    lanes: int
    vector: int

    @property
    def vectors(self) -> float:
        return max(self.lanes / self.vector, 1.0)


def tile(
    statement: Statement, machine: Machine, fixed: Mapping[str, int], whole: frozenset[str], share: float = 1.0
) -> dict[str, int]:
    """For each axis, how many of its indices are written out: a divisor of its size.

    Args:
        fixed: axes that are decided already; whole: axes that must be written out entirely.
        share: of the program's work, what is done with this tile.
    """
    must = {a.name: fixed.get(a.name, a.size) for a in statement.axes if a.name in fixed or a.name in whole}
    most = SMALL_TILE if share < SHARE else SUM_TILE if statement.target.tensor.is_shared else TILE
    limit = max(most, math.prod(must.values()))
    found: list[tuple[dict[str, int], int]] = [(must, math.prod(must.values()))]
    for axis in statement.axes:
        if axis.name not in must:
            divisors = [n for n in range(1, min(axis.size, limit) + 1) if axis.size % n == 0]
            found = [({**c, axis.name: n}, size * n) for c, size in found for n in divisors if size * n <= limit]
    cost = _Cost(statement, machine)
    # of equal ones the smaller: less to read and to compile
    return min(found, key=lambda pair: (cost(pair[0]) / pair[1], pair[1]))[0]


class _Cost:
    """What one pass over a tile costs, in loads of a row."""

    def __init__(self, statement: Statement, machine: Machine) -> None:
        reads = sorted(statement.reads(), key=str)
        own = {a for affine in statement.target.index for a, _ in affine.coefficients}
        self._rows = [a.index for a in reads if not a.tensor.is_shared]
        self._rows += [(*w.winner.index, w.number) for f in statement.factors for w in f.atoms(Won)]
        self._shared = [a.index for a in reads if a.tensor.is_shared]
        self._summed = {a.name: a.size for a in statement.axes if a.name not in own}
        self._target, self._machine = statement.target, machine

    def __call__(self, counts: Mapping[str, int]) -> float:
        targets = _distinct(self._target.index, counts)
        rows = sum(_distinct(index, counts) for index in self._rows)
        shared = sum(_distinct(index, counts) for index in self._shared)
        at_hand = targets + min(rows, 4) + min(shared, 4)
        return rows + self._each(counts) * targets + SHARED * shared + max(at_hand - REGISTERS, 0)

    def _each(self, counts: Mapping[str, int]) -> float:
        """Of a row that is written: it is loaded and stored, or only stored where its sum is complete."""
        if self._target.tensor.is_shared:
            return HORIZONTAL / self._machine.vectors
        return 1 if all(counts[a] == n for a, n in self._summed.items()) else 2


def _distinct(index: Sequence[Affine], counts: Mapping[str, int]) -> int:
    """How many places the tile sees through an index."""
    return math.prod(_values(tuple((c, counts[a]) for a, c in affine.coefficients)) for affine in index)


@lru_cache(maxsize=4096)
def _values(pairs: tuple[tuple[int, int], ...]) -> int:
    """Different values of an integer combination."""
    points = product(*(range(n) for _, n in pairs))
    return len({sum(c * n for (c, _), n in zip(pairs, point, strict=True)) for point in points})
