"""The printed program while it grows: lines that run once (buffers, views) and lines of every run; tensors as arrays.

Every array has the axes of its tensor and then the samples, letter ``n``; a parameter has no ``n``. A run allocates
nothing: each of its lines is a ufunc or a product that writes into a buffer. An access is a view of its tensor's array.

    f[k, p, q]         the array itself, with the letters of the equation
    i[r + p, c + q]    a strided view of i, or of a copy with a border where the index leaves the tensor
    b[0]               an entry, as a view

A border holds what stands outside: 0, another number, or -inf, which no maximum prefers to a cell. Only the scatter of
an adjoint writes into it, where nothing reads it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

import sympy
from sympy import Expr

from symcnn.symbolic import Access, Affine, Tensor, Wins

SAMPLES = "n"

#: A length as it is printed.
Size = int | str


@dataclass(frozen=True)
class Operand:
    """An array of the program with a letter for each of its axes.

    Attributes:
        name: its variable in the program.
        axes: a letter for each axis, in order.
        contiguous: its cells follow each other in that order, so that axes may be joined.
        scratch: a buffer that is used again.
        base: the first part of the names of its matrices and copies; "" means its own name.
    """

    name: str
    axes: tuple[str, ...]
    contiguous: bool = True
    scratch: bool = False
    base: str = ""

    def view_name(self, *groups: Sequence[str]) -> str:
        """``i_pq_rcn``: the letters of the axes, group by group."""
        return "_".join([self.base or self.name, *("".join(g) or "1" for g in groups)])


class Lines:
    """Collects the lines of one function, and the names in it.

    Attributes:
        once: lines that make buffers and views.
        each: lines of every run.
        calls: the functions of NumPy that are needed.
    """

    def __init__(self) -> None:
        self.once: list[str] = []
        self.each: list[str] = []
        self.calls: set[str] = set()
        self._named: dict[str, str] = {}
        self._taken: set[str] = set()
        self._free: dict[tuple[str, str], list[str]] = {}
        self._kind: dict[str, tuple[str, str]] = {}

    def name(self, wanted: str) -> str:
        """A name that no other array has."""
        candidates = chain([wanted], (f"{wanted}_{n}" for n in count(2)))
        name = next(c for c in candidates if c not in self._taken)
        self._taken.add(name)
        return name

    def named(self, wanted: str, text: str) -> str:
        """A view, made once; the same text has one name."""
        if text not in self._named:
            self._named[text] = self.name(wanted)
            self.once.append(f"{self._named[text]} = {text}")
        return self._named[text]

    def buffer(self, wanted: str, shape: Sequence[Size], dtype: str = "dtype", fill: str = "0") -> str:
        """A buffer of zeros, or of another number."""
        name, text = self.name(wanted), shape_text(shape)
        call = f"{self.use('zeros')}({text}" if fill == "0" else f"{self.use('full')}({text}, {fill}"
        self.once.append(f"{name} = {call}, {dtype})")
        return name

    def strided(
        self, array: str, index: Sequence[Affine], lengths: Sequence[int], axes: Sequence[str], sizes: "Sizes"
    ) -> str:
        """An array seen through index maps, as text: its entry at ``axes`` is the array's at ``index``.

        Args:
            index: one map for each axis of the array; the samples come last by themselves.
            lengths: of the array's axes, without the samples.
            axes: of the view; the others of the index maps are variables of a loop around it.

        Raises:
            IndexError: some index would leave the array.
        """
        steps: dict[str, list[str]] = {a: [] for a in axes}
        strides, starts = self.named(f"s_{array}", f"{array}.strides"), []
        for n, (affine, length) in enumerate(zip(index, lengths, strict=True)):
            first, last = affine.span({a: int(sizes[a]) for a in affine.axes})
            if first < 0 or last >= length:
                raise IndexError(f"{array}: {affine} runs from {first} to {last}, past an axis of length {length}")
            for a, c in affine.coefficients:
                if a in steps:
                    steps[a].append(f"{strides}[{n}]" if c == 1 else f"{c}*{strides}[{n}]")
            start = Affine(tuple((a, c) for a, c in affine.coefficients if a not in steps), affine.offset)
            starts.append("" if start == Affine() else f"{start}".replace(" ", ""))
        if SAMPLES in steps:
            steps[SAMPLES].append(f"{strides}[{len(index)}]")
        self.use("as_strided")
        part = f"{array}[{', '.join(f'{start}:' for start in starts)}]" if any(starts) else array
        by_axis = shape_text([" + ".join(step) for step in steps.values()])
        return f"as_strided({part}, {shape_text(sizes.shape(axes))}, {by_axis})"

    def acquire(self, shape: Sequence[Size], dtype: str = "dtype") -> str:
        """A scratch buffer; ``release`` returns it."""
        kind = (shape_text(shape), dtype)
        free = self._free.setdefault(kind, [])
        name = free.pop() if free else self.buffer(f"work_{len(self._kind) + 1}", shape, dtype)
        self._kind[name] = kind
        return name

    def release(self, name: str) -> None:
        free = self._free[self._kind[name]]
        if name not in free:
            free.append(name)

    def release_all(self) -> None:
        """At the end of an equation no scratch buffer is needed any more."""
        for name in self._kind:
            self.release(name)

    def call(self, function: str, *inputs: str, out: str) -> None:
        """``function(inputs, out)``"""
        keyword = "out=" if function in ("maximum", "minimum") or "axis=" in inputs[-1] else ""
        self.each.append(f"{self.use(function)}({', '.join(inputs)}, {keyword}{out})")

    def copy(self, to: str, value: str, where: str = "") -> None:
        self.each.append(f"{self.use('copyto')}({to}, {value}{f', where={where}' if where else ''})")

    def use(self, function: str) -> str:
        """Note that a function of NumPy is needed."""
        self.calls.add(function.split(".")[0])
        return function

    # --- views of operands ------------------------------------------------------------------------------------------

    def in_order(self, operand: Operand, order: Sequence[str]) -> Operand:
        """The same with its axes in another order."""
        if tuple(order) == operand.axes:
            return operand
        places = ", ".join(str(operand.axes.index(a)) for a in order)
        name = self.named(f"{operand.name}_{''.join(order)}", f"{operand.name}.transpose({places})")
        return Operand(name, tuple(order), False, operand.scratch, operand.base or operand.name)

    def aligned(self, operand: Operand, order: Sequence[str]) -> str:
        """The operand beside arrays with the axes ``order``: an axis that it lacks has length 1."""
        own = [a for a in order if a in operand.axes]
        turned = self.in_order(operand, own)
        behind = order[order.index(own[0]) :] if own else []
        if all(a in own for a in behind):
            return turned.name
        index = ", ".join(":" if a in own else "None" for a in behind)
        return self.named(
            f"{operand.name}_{''.join(a if a in own else '1' for a in behind)}", f"{turned.name}[{index}]"
        )

    def matrix(self, operand: Operand, rows: Sequence[str], columns: Sequence[str], sizes: "Sizes") -> str | None:
        """The operand with its axes joined to two, or None where that would need a copy."""
        in_order, is_transposed = operand.axes == (*rows, *columns), operand.axes == (*columns, *rows)
        if not operand.contiguous or not (in_order or is_transposed):
            return None
        first, second = (rows, columns) if in_order else (columns, rows)
        name = operand.name
        if (len(first), len(second)) != (1, 1):
            shape = f"{sizes.joined(first)}, {sizes.joined(second)}"
            name = self.named(operand.view_name(first, second), f"{name}.reshape({shape})")
        return name if in_order else self.named(operand.view_name(rows, columns), f"{name}.T")


class Sizes:
    """The length of every axis of an equation."""

    def __init__(self, sizes: Mapping[str, Size]) -> None:
        self._sizes = sizes

    def __getitem__(self, axis: str) -> Size:
        return "samples" if axis == SAMPLES else self._sizes[axis]

    def shape(self, axes: Sequence[str]) -> list[Size]:
        return [self[a] for a in axes]

    def joined(self, axes: Sequence[str]) -> str:
        """The product of lengths, as text."""
        number = math.prod(int(self[a]) for a in axes if a != SAMPLES)
        if SAMPLES not in axes:
            return str(number)
        return "samples" if number == 1 else f"{number}*samples"


def shape_text(shape: Sequence[Size]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


Border = tuple[int, int]


@dataclass(frozen=True)
class StoredArray:
    """The array of a tensor, and whether it is contiguous."""

    name: str
    contiguous: bool = True


class Arrays:
    """The array of every tensor, and the views that accesses need."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.stored: dict[Tensor, StoredArray] = {}
        self.masks: dict[Tensor, Operand] = {}
        self._bordered: dict[str, str] = {}
        self._borders: dict[Tensor, list[Border]] = {}
        self._copies: dict[str, list[Operand]] = {}

    def keep(self, tensor: Tensor, text: str) -> None:
        """Store a tensor as a view of an argument, or as an array of numbers."""
        self.lines.once.append(f"{self.lines.name(tensor.name)} = {text}")
        self.stored[tensor] = StoredArray(tensor.name)

    def allocate(self, tensor: Tensor) -> StoredArray:
        if tensor not in self.stored:
            self.stored[tensor] = StoredArray(self.lines.buffer(tensor.name, (*tensor.shape, *_samples(tensor))))
        return self.stored[tensor]

    def allocate_bordered(self, tensor: Tensor, borders: Sequence[Border]) -> str:
        """Store the tensor inside a buffer with a border around it; return the buffer's name."""
        if not any(map(any, borders)):
            return self.allocate(tensor).name
        if tensor not in self.stored:
            shape = [n + a + b for n, (a, b) in zip(tensor.shape, borders, strict=True)]
            whole = self.lines.buffer(f"{tensor.name}_bordered", (*shape, *_samples(tensor)))
            inside = self.lines.named(tensor.name, f"{whole}[{_inside(tensor, borders)}]")
            self.stored[tensor] = StoredArray(inside, False)
            self._borders[tensor] = list(borders)
        if self._borders.get(tensor) != list(borders):
            raise TypeError(f"{tensor.name}: no rule to print two borders of one tensor")
        return self.stored[tensor].name + "_bordered"

    # --- views for an expression ------------------------------------------------------------------------------------

    def find(self, leaf: Expr, sizes: Sizes) -> Operand:
        """The array of an access or of a winner's mask."""
        if isinstance(leaf, Wins):
            return self.masks[leaf.largest.tensor]
        if not isinstance(leaf, Access):
            raise TypeError(f"no rule to print {leaf!r}")
        stored, tensor = self.stored[leaf.tensor], leaf.tensor
        if is_plain(leaf, sizes):
            return self._plain(stored, leaf)
        borders = borders_of(leaf, sizes)
        name = self._with_border(leaf, borders) if any(map(any, borders)) else stored.name
        axes = [*leaf.axes, *_samples_axis(tensor)]
        index, lengths = within(leaf, borders)
        windows = self.lines.named(f"{name}_windows", self.lines.strided(name, index, lengths, axes, sizes))
        return Operand(windows, tuple(axes), False, base=tensor.name)

    def _plain(self, stored: StoredArray, access: Access) -> Operand:
        name = stored.name
        if len(access.axes) < len(access.index):
            places = ", ".join(":" if m.coefficients else str(m.offset) for m in access.index)
            name = self.lines.named(f"{name}_1", f"{name}[{places}, ...]")
        return Operand(name, (*access.axes, *_samples_axis(access.tensor)), stored.contiguous, base=access.tensor.name)

    def _with_border(self, access: Access, borders: Sequence[Border]) -> str:
        """The tensor's copy with a border that has the value outside; made once in a run."""
        tensor = access.tensor
        fill = "-inf" if access.outside is None else str(sympy.Rational(access.outside))
        if fill == "-inf":
            self.lines.use("inf")
        key = f"{self.stored[tensor].name} {borders} {fill}"
        if key not in self._bordered:
            _, shape = within(access, borders)
            whole = self.lines.buffer(f"{tensor.name}_bordered", (*shape, *_samples(tensor)), fill=fill)
            inside = self.lines.named(f"{whole}_inside", f"{whole}[{_inside(tensor, borders)}]")
            self.lines.copy(inside, self.stored[tensor].name)
            self._bordered[key] = whole
        return self._bordered[key]

    # --- operands of a product --------------------------------------------------------------------------------------

    def matrix(self, operand: Operand, rows: Sequence[str], columns: Sequence[str], sizes: Sizes) -> str | None:
        """The operand, or a copy made before, as a matrix; None where it would have to be copied."""
        candidates = (operand, *self._copies.get(operand.name, ()))
        matrices = (self.lines.matrix(c, rows, columns, sizes) for c in candidates)
        return next((m for m in matrices if m is not None), None)

    def copied(self, operand: Operand, order: Sequence[str], sizes: Sizes) -> Operand:
        """A contiguous copy with the axes in an order; a later product reuses it."""
        name = self.lines.buffer(operand.view_name(order), sizes.shape(order))
        self.lines.copy(name, self.lines.in_order(operand, order).name)
        copy = Operand(name, tuple(order), base=operand.base or operand.name)
        if not operand.scratch:
            self._copies.setdefault(operand.name, []).append(copy)
        return copy


def is_plain(access: Access, sizes: Sizes) -> bool:
    """Is every index one axis that runs over the whole dimension, or a fixed entry?"""
    return all(
        not affine.coefficients or (affine.is_axis and sizes[affine.axes[0]] == length)
        for affine, length in zip(access.index, access.tensor.shape, strict=True)
    )


def borders_of(access: Access, sizes: Sizes) -> tuple[Border, ...]:
    """How far each index leaves the tensor, before and after."""
    return access.borders({a: int(sizes[a]) for a in access.axes})


def within(access: Access, borders: Sequence[Border]) -> tuple[list[Affine], list[int]]:
    """The index in the array that has these borders around the tensor, and the lengths of that array's axes."""
    index = [Affine(m.coefficients, m.offset + before) for m, (before, _) in zip(access.index, borders, strict=True)]
    return index, [n + before + after for n, (before, after) in zip(access.tensor.shape, borders, strict=True)]


def _inside(tensor: Tensor, borders: Sequence[Border]) -> str:
    return ", ".join(f"{a}:{a + n}" if a or b else ":" for n, (a, b) in zip(tensor.shape, borders, strict=True))


def _samples(tensor: Tensor) -> tuple[str, ...]:
    return () if tensor.is_shared else ("samples",)


def _samples_axis(tensor: Tensor) -> list[str]:
    return [] if tensor.is_shared else [SAMPLES]
