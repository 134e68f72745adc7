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
from symcnn.symbolic import Access, Affine

#: Products of a tile; rows that a processor keeps at hand.
TILE, REGISTERS = 36, 28
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
    statement: Statement, machine: Machine, fixed: Mapping[str, int], whole: frozenset[str], limit: int = TILE
) -> dict[str, int]:
    """For each axis, how many of its indices are written out: a divisor of its size.

    Args:
        fixed: axes that are decided already; whole: axes that must be written out entirely.
    """
    choices = []
    for axis in statement.axes:
        if axis.name in fixed:
            choices.append([fixed[axis.name]])
        elif axis.name in whole:
            choices.append([axis.size])
        else:
            choices.append([n for n in range(1, min(axis.size, limit) + 1) if axis.size % n == 0])
    names = [a.name for a in statement.axes]
    least = math.prod(min(c) for c in choices)
    cost = _cost_of(statement, machine)
    best, lowest = {}, math.inf
    for counts in product(*choices):
        size = math.prod(counts)
        if size > max(limit, least):
            continue
        candidate = dict(zip(names, counts, strict=True))
        price = cost(candidate) / size + 1e-4 * size
        if price < lowest:
            best, lowest = candidate, price
    return best


def _cost_of(statement, machine):  # type: ignore[no-untyped-def]
    target = statement.target
    sizes = {a.name: a.size for a in statement.axes}
    own = {a for affine in target.index for a, _ in affine.coefficients}
    reads = sorted(statement.reads(), key=str)
    rows = [a for a in reads if not a.tensor.is_shared]
    shared = [a for a in reads if a.tensor.is_shared]
    chosen = [w for f in statement.factors for w in f.atoms(Won)]

    def cost(counts: Mapping[str, int]) -> float:
        targets = _distinct(target.index, counts)
        loads = sum(_distinct(a.index, counts) for a in rows)
        loads += sum(_distinct((*w.winner.index, w.number), counts) for w in chosen)
        numbers = sum(_distinct(a.index, counts) for a in shared)
        whole = all(counts[a] == n for a, n in sizes.items() if a not in own)
        each = HORIZONTAL / machine.vectors if target.tensor.is_shared else (1 if whole else 2)
        crowd = max(targets + min(loads, 4) + min(numbers, 4) - REGISTERS, 0)
        return loads + each * targets + SHARED * numbers + crowd

    return cost


def _distinct(index: Sequence[Affine], counts: Mapping[str, int]) -> int:
    """How many places the tile sees through an index."""
    return math.prod(_values(tuple((c, counts[a]) for a, c in affine.coefficients)) for affine in index)


@lru_cache(maxsize=4096)
def _values(pairs: tuple[tuple[int, int], ...]) -> int:
    return len(
        {sum(c * n for (c, _), n in zip(pairs, point, strict=True)) for point in product(*(range(n) for _, n in pairs))}
    )
