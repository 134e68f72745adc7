"""One group of statements as loops: outer loops, tiles of products, and innermost the loop over the samples.

    # x[k, r, c] = Σ_{p, q} i[r + p, c + q]·f[k, p, q] + b_x[k]
    for at_k in range(8):
        for at_r in range(6):
            f1 = f[9*at_k]                          what all samples share, before
            x_at1 = 2304*at_k + 384*at_r            where the loops have come to
            for n in range(64):
                x1 = b_x1                           rows of the tile, each loaded once
                x2 = x1 + i1*f1 + i2*f2 + …
                x[x_at1 + n] = x2

What several statements of a group say of one entry stays in variables, each assigned once. Only a sum over the samples
changes: a variable outside the row, added to its entry behind it.

How far to write out each loop: a search for the tile of products that loads least.

In the loop over the samples, a product costs its share of the rows that the tile loads (equal rows are loaded once), of
the rows that it writes, and of the numbers that all samples share. So a convolution finds its window with the loads
that neighbours share, a dense layer a block of inputs × outputs, a filter's gradient windows × filter.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product

import sympy
from sympy import Expr, S, Symbol

from symcnn.printers.infix import PRODUCT
from symcnn.printers.loops.layout import Layout, Loops, index_text
from symcnn.printers.loops.rewrite import Won
from symcnn.printers.loops.statements import LoopPrinter, Statement, StatementGroup, language, number_text
from symcnn.printers.python import indented
from symcnn.symbolic import Access, Affine, Axis, Tensor

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


#: Products in one line.
PER_LINE = 4


@dataclass
class Rows:
    """Rows of the scratch buffer, for what a group keeps from one of its loops to the next."""

    slots: dict[str, int] = field(default_factory=dict)
    most: int = 0

    def at(self, key: str) -> int:
        slot = self.slots.setdefault(key, len(self.slots))
        self.most = max(self.most, len(self.slots))
        return slot


@dataclass(frozen=True)
class Setting:
    """What all nests of a program share; ``instances``: of all their statements."""

    layout: Layout
    machine: Machine
    dtype: str
    rows: Rows
    instances: int
    names: Counter[str] = field(default_factory=Counter)

    def name(self, letters: str) -> str:
        """A name of its own for each value: numba's search for what a name means grows with names that change."""
        self.names[letters] += 1
        return f"{letters}{self.names[letters]}"


def nest(group: StatementGroup, local: set[Tensor], setting: Setting) -> list[str]:
    """The lines of a group; ``local``: tensors that are not stored."""
    lines = [f"# {said}" for said in group.said]
    if group.cleared:
        lines.append(f"for at in range({setting.layout.length(group.cleared)}):")
        lines.append(f"    {group.cleared.name}[at] = {number_text(S.Zero, setting.dtype)}")
    counts = _tiles(group, local, setting)
    outer = {a.name: counts[0][a.name] for a in group.outer}
    setting.rows.slots.clear()
    setting.names.clear()
    body = [line for block in _blocks(group, counts) for line in block.lines(local, setting)]
    loops, depth = _loops(group.outer, outer)
    return [*lines, *loops, *indented(depth, body)]


def _tiles(group: StatementGroup, local: set[Tensor], setting: Setting) -> list[dict[str, int]]:
    """For each statement, how much of every axis is written out."""
    outer = {a.name for a in group.outer}
    whole = frozenset(
        axis for s in group.statements for a in (*s.reads(), *s.writes()) if a.tensor in local
        for affine in a.index for axis, _ in affine.coefficients if axis not in outer
    )  # fmt: skip
    if group.straight:
        return [{a.name: a.size for a in s.axes} for s in group.statements]
    largest = max(group.statements, key=lambda s: s.instances)
    share = sum(s.instances for s in group.statements) / setting.instances
    chosen = tile(largest, setting.machine, {}, whole, share)
    fixed = {a: n for a, n in chosen.items() if a in outer}
    return [chosen if s is largest else tile(s, setting.machine, fixed, whole, share) for s in group.statements]


def _blocks(group: StatementGroup, counts: Sequence[Mapping[str, int]]) -> "list[_LoopBody]":
    """Statements that need no loop of their own share one loop over the samples."""
    found: list[_LoopBody] = []
    outer = set(group.outer)
    for statement, count in zip(group.statements, counts, strict=True):
        inner = tuple(a for a in statement.axes if a not in outer and count[a.name] < a.size)
        if inner or not found or found[-1].inner:
            found.append(_LoopBody(inner, [], several=False))
        found[-1].statements.append((statement, count))
    for block in found:
        block.several = len(found) > 1
    return found


def _loops(axes: Iterable[Axis], counts: Mapping[str, int]) -> tuple[list[str], int]:
    lines: list[str] = []
    depth = 0
    for axis in axes:
        step = counts[axis.name]
        if step < axis.size:
            steps = f"{axis.size}" if step == 1 else f"0, {axis.size}, {step}"
            lines += indented(depth, [f"for at_{axis.name} in range({steps}):"])
            depth += 1
    return lines, depth


@dataclass
class _LoopBody:
    inner: tuple[Axis, ...]
    statements: list[tuple[Statement, Mapping[str, int]]]
    several: bool

    def lines(self, local: set[Tensor], setting: Setting) -> list[str]:
        loops, depth = _loops(self.inner, self.statements[0][1])
        row = _SampleLoop(local, setting, self.several)
        for statement, counts in self.statements:
            row.add(statement, counts)
        return [*loops, *indented(depth, row.lines())]


class _SampleLoop:
    """The loop over the samples: what stands before, in and behind it."""

    def __init__(self, local: set[Tensor], setting: Setting, keeps_local: bool) -> None:
        self._local, self._setting, self._keeps_local = local, setting, keeps_local
        self._before: list[str] = []
        self._body: list[str] = []
        self._behind: list[str] = []
        self._names: dict[str, str] = {}
        self._sums: dict[str, str] = {}
        self._places: dict[str, tuple[Tensor, Loops, int]] = {}
        self._bases: dict[tuple[Tensor, str], str] = {}
        self._starts: dict[str, str] = {}
        self._written: dict[str, None] = {}
        self._pending: tuple[str, list[str]] = ("", [])
        self._printer = LoopPrinter(language(setting.dtype), self._called)

    @property
    def dtype(self) -> str:
        return self._setting.dtype

    def lines(self) -> list[str]:
        self._flush()
        for key in list(self._starts):
            self._begin(key)
        stores = [f"{self._memory(key)} = {self._names[key]}" for key in self._written]
        body = [*self._body, *stores]
        loop = [f"for n in range({self._setting.layout.lanes}):", *indented(1, body)] if body else []
        return [*self._before, *loop, *self._behind]

    def add(self, statement: Statement, counts: Mapping[str, int]) -> None:
        """Every instance of the tile."""
        names = [a.name for a in statement.axes]
        written_out = frozenset(a.name for a in statement.axes if counts[a.name] == a.size)
        for point in product(*(range(counts[a]) for a in names)):
            at = _TilePoint(self, dict(zip(names, point, strict=True)), written_out)
            if statement.mode == "max=":
                self._largest(statement, at)
            else:
                self._instance(statement, at)

    # --- one instance -----------------------------------------------------------------------------------------------

    def _instance(self, statement: Statement, at: "_TilePoint") -> None:
        key = self._target(statement.target, at, statement.mode == "=")
        if statement.mode == "=" and all(f.is_Number for f in statement.factors):
            value = sympy.Mul(statement.coefficient, *statement.factors)
            self._starts[key] = number_text(value, self._setting.dtype)
            return
        text = self._product(statement, at)
        if statement.mode == "=":
            self._starts.pop(key, None)
            self._assign(key, text)
            return
        if self._pending[0] != key or len(self._pending[1]) == PER_LINE:
            self._flush()
        self._pending[1].append(text)
        self._pending = (key, self._pending[1])

    def _largest(self, statement: Statement, at: "_TilePoint") -> None:
        self._flush()
        (factor,) = statement.factors
        value, key = at.read(factor), self._target(statement.target, at, begins=False)
        kept = None
        if statement.winner:
            access, number = statement.winner
            kept = self._target(access, at, begins=False), at.number(number)
        if self._starts.pop(key, None):
            self._assign(key, value)
            if kept:
                self._starts.pop(kept[0])
                self._assign(*kept)
            return
        # not max(), which may lose a NaN; the first of equal ones stays
        larger = self._called("larger", f"({value} > {self._names[key]}) | ({value} != {value})")
        self._assign(key, f"{value} if {larger} else {self._names[key]}")
        if kept:
            self._assign(kept[0], f"{kept[1]} if {larger} else {self._names[kept[0]]}")

    def _product(self, statement: Statement, at: "_TilePoint") -> str:
        factors = list(statement.factors)
        won = [f for f in factors if isinstance(f, Won)]
        plain = [f for f in factors if not isinstance(f, Won)]
        printed: list[Expr] = [at.symbolic(f) for f in plain]
        if won:
            # what comes from above goes to the winner, and to nobody else
            first = next(n for n, f in enumerate(plain) if isinstance(f, Access))
            conditions = " & ".join(f"({at.read(w.winner)} == {at.number(w.number)})" for w in won)
            zero = number_text(S.Zero, self._setting.dtype)
            printed[first] = Symbol(self._called(str(printed[first]), f"{printed[first]} if {conditions} else {zero}"))
        return self._printer.product(printed, statement.coefficient).within(PRODUCT)

    def _flush(self) -> None:
        key, texts = self._pending
        if texts:
            start = self._starts.pop(key, None) or self._names[key]
            added = " + ".join(texts)
            if key in self._sums:
                self._body.append(f"{start} += {added}")
            else:
                self._assign(key, added if start == number_text(S.Zero, self.dtype) else f"{start} + {added}")
        self._pending = ("", [])

    def _assign(self, key: str, text: str) -> None:
        """The entry has a new value, under a new name."""
        name = self._setting.name(self._places[key][0].name)
        self._body.append(f"{name} = {text}")
        self._names[key] = name

    def _begin(self, key: str) -> None:
        start = self._starts.pop(key, None)
        if start is not None:
            self._assign(key, start)

    # --- variables --------------------------------------------------------------------------------------------------

    def _called(self, letters: str, text: str) -> str:
        """A name for the value of a text."""
        if text not in self._names:
            self._names[text] = self._setting.name(f"{letters}_")
            self._body.append(f"{self._names[text]} = {text}")
        return self._names[text]

    def _key(self, access: Access, at: "_TilePoint") -> str:
        """What an entry is known by."""
        flat = self._setting.layout.flat(access, at.offsets, at.written_out)
        key = f"{access.tensor.name}[{index_text(flat)}]"
        self._places[key] = access.tensor, *flat
        return key

    def _memory(self, key: str) -> str:
        """Where an entry stands."""
        tensor, loops, number = self._places[key]
        if tensor in self._local:
            return f"rows[n + {self._setting.rows.at(key) * self._setting.layout.lanes}]"
        parts = [self._base(tensor, loops)] if loops else []
        parts += [] if tensor.is_shared else ["n"]
        parts += [str(number)] if number or not parts else []
        return f"{tensor.name}[{' + '.join(parts)}]"

    def _base(self, tensor: Tensor, loops: Loops) -> str:
        """What the loops around have come to in a tensor."""
        text = index_text((loops, 0))
        if (tensor, text) not in self._bases:
            self._bases[tensor, text] = self._setting.name(f"{tensor.name}_at")
            self._before.append(f"{self._bases[tensor, text]} = {text}")
        return self._bases[tensor, text]

    def read(self, access: Access, at: "_TilePoint") -> str:
        """The variable that holds an entry."""
        key = self._key(access, at)
        if self._pending[0] == key:
            self._flush()
        self._begin(key)
        if key not in self._names:
            self._names[key] = self._setting.name(access.tensor.name)
            lines = self._before if access.tensor.is_shared else self._body
            lines.append(f"{self._names[key]} = {self._memory(key)}")
        return self._names[key]

    def _target(self, access: Access, at: "_TilePoint", begins: bool) -> str:
        """The key of an entry that is written; ``begins``: what it was does not matter."""
        key = self._key(access, at)
        if access.tensor.is_shared:
            if key not in self._sums:
                name = self._sums[key] = self._names[key] = f"sum{len(self._sums) + 1}"
                self._before.append(f"{name} = {number_text(S.Zero, self._setting.dtype)}")
                self._behind.append(f"{self._memory(key)} += {name}")
            return key
        if not begins and key not in self._starts and key not in self._names:
            self._assign(key, self._memory(key))
        if self._keeps_local or access.tensor not in self._local:
            self._written.setdefault(key)
        return key


@dataclass(frozen=True)
class _TilePoint:
    """One instance of a tile: offsets from the loops' variables, and the axes that have no loop."""

    row: _SampleLoop
    offsets: Mapping[str, int]
    written_out: frozenset[str]

    def read(self, access: Access) -> str:
        return self.row.read(access, self)

    def symbolic(self, factor: Expr) -> Expr:
        """A factor with the variables of its entries."""
        if isinstance(factor, Access):
            return Symbol(self.read(factor))
        found = sorted(factor.atoms(Access), key=str)
        return factor.xreplace({a: Symbol(self.read(a)) for a in found})

    def number(self, affine: Affine) -> str:
        """A candidate's number, as the winners are kept."""
        value = affine.offset + sum(c * self.offsets[a] for a, c in affine.coefficients)
        loops = tuple((a, c) for a, c in affine.coefficients if a not in self.written_out)
        if loops:
            return f"real({index_text((loops, value))})"
        return number_text(sympy.Integer(value), self.row.dtype)
