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

Arrays are flat, with a row for each entry and a lane for each sample: x[k, r, c] of sample n is x[2304*k + 384*r + 64*c
+ n]. Strides are numbers in the source. A window that leaves its tensor reads a border: cells around the tensor that
hold what stands there (0, a pad value, -∞), so that no index is ever tested. A scatter may write into the border;
nothing reads it there. Parameters and their gradients have no lanes and no border.

What several statements of a group compute of one entry stays in variables, each assigned once. Only a sum over the
samples changes: a variable outside the loop over the samples, added to its entry behind it.

``tile`` decides how far each loop is written out: it searches the tile of products that loads least. In the loop over
the samples, a product costs its share of the rows that the tile loads (equal rows are loaded once), of the rows that it
writes, and of the numbers that all samples share. So a convolution gets its window with the loads that neighbours
share, a dense layer a block of inputs × outputs, a filter's gradient windows × filter.
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
from symcnn.printers.loops.rewrite import WinnerIs
from symcnn.printers.loops.statements import LoopPrinter, Statement, StatementGroup, language, number_text
from symcnn.printers.python import indented
from symcnn.symbolic import Access, Affine, Axis, Tensor

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
        outside: tensor -> the value of its border.
    """

    lanes: int
    borders: dict[Tensor, Dimensions] = field(default_factory=dict)
    outside: dict[Tensor, Expr] = field(default_factory=dict)

    @classmethod
    def of(cls, groups: Iterable[StatementGroup], lanes: int) -> "Layout":
        layout = cls(lanes)
        for statement in (s for group in groups for s in group.statements):
            sizes = {a.name: a.size for a in statement.axes}
            for access in statement.reads():
                layout._add(access, sizes, is_read=True)
            for access in statement.writes():
                layout._add(access, sizes, is_read=False)
        return layout

    def _add(self, access: Access, sizes: Mapping[str, int], is_read: bool) -> None:
        """Widen the tensor's border to what an access reaches."""
        tensor = access.tensor
        needed = access.borders(sizes)
        known = self.borders.get(tensor, ((0, 0),) * len(tensor.shape))
        self.borders[tensor] = tuple((max(a, c), max(b, d)) for (a, b), (c, d) in zip(known, needed, strict=True))
        if is_read and any(map(any, needed)):
            value = S.NegativeInfinity if access.outside is None else access.outside
            if self.outside.setdefault(tensor, value) != value:
                raise TypeError(f"no rule to print {access}: outside {tensor.name} stands {self.outside[tensor]}")

    def _padded(self, tensor: Tensor) -> tuple[int, ...]:
        """The shape with its border."""
        return tuple(n + a + b for n, (a, b) in zip(tensor.shape, self.borders[tensor], strict=True))

    def length(self, tensor: Tensor) -> int:
        """Numbers in the tensor's array."""
        return math.prod(self._padded(tensor)) * (1 if tensor.is_shared else self.lanes)

    def flat(self, access: Access, offsets: Mapping[str, int], written_out: frozenset[str]) -> Flat:
        """The place of an instance: ``offsets`` from the loop variables; axes that are written out have no loop."""
        tensor = access.tensor
        coefficients: dict[str, int] = {}
        number = 0
        strides = _strides(self._padded(tensor), self.borders[tensor], 1 if tensor.is_shared else self.lanes)
        for (stride, before), affine in zip(strides, access.index, strict=True):
            number += stride * (affine.offset + before)
            for axis, c in affine.coefficients:
                number += stride * c * offsets[axis]
                if axis not in written_out:
                    coefficients[axis] = coefficients.get(axis, 0) + stride * c
        # in one order, so that one place has one text
        ordered = sorted(coefficients.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple((a, c) for a, c in ordered if c), number


@lru_cache(maxsize=1024)
def _strides(shape: tuple[int, ...], borders: Dimensions, lanes: int) -> list[tuple[int, int]]:
    """(stride, cells of border before) of each dimension."""
    return [(math.prod(shape[d + 1 :]) * lanes, before) for d, (before, _) in enumerate(borders)]


def index_text(flat: Flat) -> str:
    """``512*at_r + 64*at_c + 576``"""
    coefficients, number = flat
    parts = [f"at_{a}" if c == 1 else f"{c}*at_{a}" for a, c in coefficients]
    return " + ".join([*parts, *([str(number)] if number or not parts else [])])


#: Products of a tile; of one that is summed over the samples, whose few sums are added up once; of one in a statement
#: with a small share of the work, which would cost more to compile than it saves; rows that a processor keeps at hand.
TILE, SUM_TILE, SMALL_TILE, REGISTERS = 40, 120, 16, 28
#: That small share.
SHARE = 0.05
#: Cost of a number that all samples share, of a sum over the samples per vector, in loads of a row.
SHARED, HORIZONTAL = 0.3, 9.0


@dataclass(frozen=True)
class Machine:
    """The costs depend on the samples of a block, and on how many of them are a vector."""

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
        share: of the program's work that is done with this tile.
    """
    must = {a.name: fixed.get(a.name, a.size) for a in statement.axes if a.name in fixed or a.name in whole}
    most = SMALL_TILE if share < SHARE else SUM_TILE if statement.target.tensor.is_shared else TILE
    limit = max(most, math.prod(must.values()))
    tiles: list[tuple[dict[str, int], int]] = [(must, math.prod(must.values()))]
    for axis in statement.axes:
        if axis.name not in must:
            divisors = [n for n in range(1, min(axis.size, limit) + 1) if axis.size % n == 0]
            tiles = [({**c, axis.name: n}, size * n) for c, size in tiles for n in divisors if size * n <= limit]
    cost = _Cost(statement, machine)
    # of equal ones the smaller: less to read and to compile
    return min(tiles, key=lambda pair: (cost(pair[0]) / pair[1], pair[1]))[0]


class _Cost:
    """The cost of one pass over a tile, in loads of a row."""

    def __init__(self, statement: Statement, machine: Machine) -> None:
        reads = sorted(statement.reads(), key=str)
        own = statement.target.axes
        self._rows = [a.index for a in reads if not a.tensor.is_shared]
        self._rows += [(*w.winner.index, w.number) for f in statement.factors for w in f.atoms(WinnerIs)]
        self._shared = [a.index for a in reads if a.tensor.is_shared]
        self._summed = {a.name: a.size for a in statement.axes if a.name not in own}
        self._target, self._machine = statement.target, machine

    def __call__(self, counts: Mapping[str, int]) -> float:
        targets = _distinct(self._target.index, counts)
        rows = sum(_distinct(index, counts) for index in self._rows)
        shared = sum(_distinct(index, counts) for index in self._shared)
        registers = targets + min(rows, 4) + min(shared, 4)
        return rows + self._per_target(counts) * targets + SHARED * shared + max(registers - REGISTERS, 0)

    def _per_target(self, counts: Mapping[str, int]) -> float:
        """Cost of a row that is written: it is loaded and stored, or only stored where its sum is complete."""
        if self._target.tensor.is_shared:
            return HORIZONTAL / self._machine.vectors
        return 1 if all(counts[a] == n for a, n in self._summed.items()) else 2


def _distinct(index: Sequence[Affine], counts: Mapping[str, int]) -> int:
    """How many places the tile reads through an index."""
    return math.prod(_count_values(tuple((c, counts[a]) for a, c in affine.coefficients)) for affine in index)


@lru_cache(maxsize=4096)
def _count_values(pairs: tuple[tuple[int, int], ...]) -> int:
    """How many values an integer combination takes."""
    points = product(*(range(n) for _, n in pairs))
    return len({sum(c * n for (c, _), n in zip(pairs, point, strict=True)) for point in points})


#: Products in one line.
PER_LINE = 4


@dataclass
class Rows:
    """Rows of the scratch buffer, for values that a group needs in a later one of its loops."""

    slots: dict[str, int] = field(default_factory=dict)
    most: int = 0

    def at(self, key: str) -> int:
        slot = self.slots.setdefault(key, len(self.slots))
        self.most = max(self.most, len(self.slots))
        return slot


@dataclass(frozen=True)
class Setting:
    """The common settings of a program's nests; ``instances``: of all their statements."""

    layout: Layout
    machine: Machine
    dtype: str
    rows: Rows
    instances: int
    names: Counter[str] = field(default_factory=Counter)

    @property
    def zero(self) -> str:
        return self.number(S.Zero)

    def number(self, value: Expr) -> str:
        return number_text(value, self.dtype)

    def name(self, letters: str) -> str:
        """A name of its own for each value: numba's type inference slows down with names that change."""
        self.names[letters] += 1
        return f"{letters}{self.names[letters]}"


def nest(group: StatementGroup, local: set[Tensor], setting: Setting) -> list[str]:
    """The lines of a group; ``local``: tensors that are not stored."""
    lines = [f"# {comment}" for comment in group.comments]
    if group.cleared:
        lines.append(f"for at in range({setting.layout.length(group.cleared)}):")
        lines.append(f"    {group.cleared.name}[at] = {setting.zero}")
    counts = _tiles(group, local, setting)
    setting.rows.slots.clear()
    setting.names.clear()
    body = [line for block in _blocks(group, counts) for line in block.lines(local, setting)]
    return [*lines, *_in_loops(group.outer, counts[0], body)]


def _tiles(group: StatementGroup, local: set[Tensor], setting: Setting) -> list[dict[str, int]]:
    """For each statement, how much of every axis is written out."""
    outer = {a.name for a in group.outer}
    whole = frozenset(
        axis for s in group.statements for a in (*s.reads(), *s.writes()) if a.tensor in local
        for axis in a.axes if axis not in outer
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
    blocks: list[_LoopBody] = []
    outer = set(group.outer)
    for statement, count in zip(group.statements, counts, strict=True):
        inner = tuple(a for a in statement.axes if a not in outer and count[a.name] < a.size)
        if inner or not blocks or blocks[-1].inner:
            blocks.append(_LoopBody(inner, [], several=False))
        blocks[-1].statements.append((statement, count))
    for block in blocks:
        block.several = len(blocks) > 1
    return blocks


def _in_loops(axes: Iterable[Axis], counts: Mapping[str, int], body: Sequence[str]) -> list[str]:
    """The body in a loop over each axis that is not written out."""
    lines: list[str] = []
    looped = [a for a in axes if counts[a.name] < a.size]
    for depth, axis in enumerate(looped):
        step = counts[axis.name]
        steps = f"{axis.size}" if step == 1 else f"0, {axis.size}, {step}"
        lines += indented(depth, [f"for at_{axis.name} in range({steps}):"])
    return [*lines, *indented(len(looped), body)]


@dataclass
class _LoopBody:
    """Statements in one loop over the samples, in loops over the axes ``inner``; ``several``: the group has others."""

    inner: tuple[Axis, ...]
    statements: list[tuple[Statement, Mapping[str, int]]]
    several: bool

    def lines(self, local: set[Tensor], setting: Setting) -> list[str]:
        loop = _SampleLoop(local, setting, self.several)
        for statement, counts in self.statements:
            loop.add(statement, counts)
        return _in_loops(self.inner, self.statements[0][1], loop.lines())


class _SampleLoop:
    """The loop over the samples: the lines before, in and behind it.

    An entry is known by a key, ``x[64*at_r + 128]``: ``_names`` holds the variable that has its value, ``_starts`` the
    number that it begins with and that no line assigns yet, ``_pending`` the products that will be added to it.
    """

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
        self._printer = LoopPrinter(language(setting.dtype), self._variable)

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
        add = self._add_maximum if statement.mode == "max=" else self._add_product
        for point in product(*(range(counts[a]) for a in names)):
            add(statement, _TilePoint(dict(zip(names, point, strict=True)), written_out))

    # --- one instance -----------------------------------------------------------------------------------------------

    def _add_product(self, statement: Statement, at: "_TilePoint") -> None:
        key = self._target(statement.target, at, statement.mode == "=")
        if statement.mode == "=" and all(f.is_Number for f in statement.factors):
            self._starts[key] = self._setting.number(sympy.Mul(statement.coefficient, *statement.factors))
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

    def _add_maximum(self, statement: Statement, at: "_TilePoint") -> None:
        self._flush()
        (factor,) = statement.factors
        value = self._read(factor, at)
        new = {self._target(statement.target, at, begins=False): value}
        if statement.winner:
            access, number = statement.winner
            new[self._target(access, at, begins=False)] = self._number(number, at)
        key = next(iter(new))
        if key in self._starts:
            for entry, text in new.items():
                self._starts.pop(entry)
                self._assign(entry, text)
            return
        # not max(), which may lose a NaN; the first of equal ones stays
        larger = self._variable("larger", f"({value} > {self._names[key]}) | ({value} != {value})")
        for entry, text in new.items():
            self._assign(entry, f"{text} if {larger} else {self._names[entry]}")

    def _product(self, statement: Statement, at: "_TilePoint") -> str:
        masks = [f for f in statement.factors if isinstance(f, WinnerIs)]
        plain = [f for f in statement.factors if not isinstance(f, WinnerIs)]
        printed = [self._symbolic(f, at) for f in plain]
        if masks:
            # the upstream gradient goes to the winner alone
            first = next(n for n, f in enumerate(plain) if isinstance(f, Access))
            upstream = str(printed[first])
            conditions = " & ".join(f"({self._read(m.winner, at)} == {self._number(m.number, at)})" for m in masks)
            text = f"{upstream} if {conditions} else {self._setting.zero}"
            printed[first] = Symbol(self._variable(upstream, text))
        return self._printer.product(printed, statement.coefficient).within(PRODUCT)

    def _flush(self) -> None:
        key, texts = self._pending
        if texts:
            start = self._starts.pop(key, None) or self._names[key]
            added = " + ".join(texts)
            if key in self._sums:
                self._body.append(f"{start} += {added}")
            else:
                self._assign(key, added if start == self._setting.zero else f"{start} + {added}")
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

    def _variable(self, letters: str, text: str) -> str:
        """The variable that holds the value of a text."""
        if text not in self._names:
            self._names[text] = self._setting.name(f"{letters}_")
            self._body.append(f"{self._names[text]} = {text}")
        return self._names[text]

    def _key(self, access: Access, at: "_TilePoint") -> str:
        """The key of an entry."""
        flat = self._setting.layout.flat(access, at.offsets, at.written_out)
        key = f"{access.tensor.name}[{index_text(flat)}]"
        self._places[key] = access.tensor, *flat
        return key

    def _memory(self, key: str) -> str:
        """The place of an entry in its array."""
        tensor, loops, number = self._places[key]
        if tensor in self._local:
            return f"rows[n + {self._setting.rows.at(key) * self._setting.layout.lanes}]"
        parts = [self._base(tensor, loops)] if loops else []
        parts += [] if tensor.is_shared else ["n"]
        parts += [str(number)] if number or not parts else []
        return f"{tensor.name}[{' + '.join(parts)}]"

    def _base(self, tensor: Tensor, loops: Loops) -> str:
        """A variable for the place in a tensor's array that the loops around have reached."""
        text = index_text((loops, 0))
        if (tensor, text) not in self._bases:
            self._bases[tensor, text] = self._setting.name(f"{tensor.name}_at")
            self._before.append(f"{self._bases[tensor, text]} = {text}")
        return self._bases[tensor, text]

    def _read(self, access: Access, at: "_TilePoint") -> str:
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

    def _symbolic(self, factor: Expr, at: "_TilePoint") -> Expr:
        """A factor with the variables of its entries."""
        accesses = [factor] if isinstance(factor, Access) else sorted(factor.atoms(Access), key=str)
        return factor.xreplace({a: Symbol(self._read(a, at)) for a in accesses})

    def _number(self, affine: Affine, at: "_TilePoint") -> str:
        """A candidate's number, as the winners are kept."""
        value = affine.offset + sum(c * at.offsets[a] for a, c in affine.coefficients)
        loops = tuple((a, c) for a, c in affine.coefficients if a not in at.written_out)
        return f"real({index_text((loops, value))})" if loops else self._setting.number(sympy.Integer(value))

    def _target(self, access: Access, at: "_TilePoint", begins: bool) -> str:
        """The key of an entry that is written; ``begins``: its value before does not matter."""
        key = self._key(access, at)
        if access.tensor.is_shared:
            if key not in self._sums:
                name = self._sums[key] = self._names[key] = f"sum{len(self._sums) + 1}"
                self._before.append(f"{name} = {self._setting.zero}")
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

    offsets: Mapping[str, int]
    written_out: frozenset[str]
