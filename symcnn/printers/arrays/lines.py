"""The printed program while it grows: what is made once (buffers, views) and what every run does.

Every array has the axes of its tensor and then the samples, letter ``n``; a parameter has no ``n``. A run allocates
nothing: each of its lines is a ufunc or a product that writes into a buffer.

Tensors as arrays, and accesses as views of them.

    f[k, p, q]         the array itself, with the letters of the equation
    i[r + p, c + q]    a strided view of i, or of a copy with a border where the index leaves the tensor
    b[0]               an entry, as a view

A border holds what stands outside: 0, another number, or -inf, which no maximum prefers to a cell. Nothing writes into
it but the scatter of an adjoint, where nobody reads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
        name: how the program calls it.
        axes: a letter for each axis, in order.
        contiguous: its cells follow each other in that order, so that axes may be joined.
        scratch: a buffer that is used again.
        base: what its matrices and copies are called after; the name itself, if nothing else is said.
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
    """Collects the lines of one function, and gives out the names in it."""

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
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}_{number}"
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
        function = self.use("zeros") if fill == "0" else self.use("full")
        value = "" if fill == "0" else f"{fill}, "
        self.once.append(f"{name} = {function}({text}, {value}{dtype})")
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
            first, last = affine.span({a: int(sizes[a]) for a, _ in affine.coefficients})
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

    def take(self, shape: Sequence[Size], dtype: str = "dtype") -> str:
        """A scratch buffer; ``release`` gives it back."""
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
        name = self.named(f"{operand.name}_{letters(order)}", f"{operand.name}.transpose({places})")
        return Operand(name, tuple(order), False, operand.scratch, operand.base or operand.name)

    def aligned(self, operand: Operand, order: Sequence[str]) -> str:
        """The operand beside arrays with the axes ``order``: what it lacks has length 1."""
        have = [a for a in order if a in operand.axes]
        turned = self.in_order(operand, have)
        first = order.index(have[0]) if have else len(order)
        missing = [a not in have for a in order[first:]]
        if not any(missing):
            return turned.name
        index = ", ".join("None" if m else ":" for m in missing)
        places = "".join("1" if m else a for m, a in zip(missing, order[first:], strict=True))
        return self.named(f"{operand.name}_{places}", f"{turned.name}[{index}]")

    def matrix(self, operand: Operand, rows: Sequence[str], columns: Sequence[str], sizes: "Sizes") -> str | None:
        """The operand with its axes joined to two, or None where that would need a copy."""
        there, turned = operand.axes == (*rows, *columns), operand.axes == (*columns, *rows)
        if not operand.contiguous or not (there or turned):
            return None
        first, second = (rows, columns) if there else (columns, rows)
        name = operand.name
        if (len(first), len(second)) != (1, 1):
            shape = f"{sizes.joined(first)}, {sizes.joined(second)}"
            name = self.named(operand.view_name(first, second), f"{name}.reshape({shape})")
        return name if there else self.named(operand.view_name(rows, columns), f"{name}.T")


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
        number = 1
        for a in axes:
            number *= int(self[a]) if a != SAMPLES else 1
        if SAMPLES not in axes:
            return str(number)
        return "samples" if number == 1 else f"{number}*samples"


def letters(axes: Sequence[str]) -> str:
    return "".join(axes)


def shape_text(shape: Sequence[Size]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


Border = tuple[int, int]


@dataclass(frozen=True)
class StoredArray:
    """Where a tensor is kept: its array, and whether that is contiguous."""

    name: str
    contiguous: bool = True


class Arrays:
    """Knows the array of every tensor, and gives the views that accesses need."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.stored: dict[Tensor, StoredArray] = {}
        self.masks: dict[Tensor, Operand] = {}
        self._bordered: dict[str, str] = {}
        self._borders: dict[Tensor, list[Border]] = {}
        self._copies: dict[str, list[Operand]] = {}

    def keep(self, tensor: Tensor, text: str) -> None:
        """A tensor that is given, or a view of something given."""
        self.lines.once.append(f"{self.lines.name(tensor.name)} = {text}")
        self.stored[tensor] = StoredArray(tensor.name)

    def allocate(self, tensor: Tensor) -> StoredArray:
        if tensor not in self.stored:
            self.stored[tensor] = StoredArray(self.lines.buffer(tensor.name, (*tensor.shape, *_samples(tensor))))
        return self.stored[tensor]

    def allocate_bordered(self, tensor: Tensor, borders: Sequence[Border]) -> str:
        """A buffer with room around the tensor, which is what stands inside; the name of the whole."""
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

    # --- what an expression reads -----------------------------------------------------------------------------------

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
        name = stored.name
        if any(map(any, borders)):
            name = self._with_border(leaf, borders)
        axes = [a for affine in leaf.index for a, _ in affine.coefficients] + _samples_axis(tensor)
        index, lengths = within(leaf, borders)
        seen = self.lines.named(f"{name}_windows", self.lines.strided(name, index, lengths, axes, sizes))
        return Operand(seen, tuple(axes), False, base=tensor.name)

    def _plain(self, stored: StoredArray, access: Access) -> Operand:
        axes = [affine.coefficients[0][0] for affine in access.index if affine.coefficients]
        name = stored.name
        if len(axes) < len(access.index):
            places = ", ".join(":" if m.coefficients else str(m.offset) for m in access.index)
            name = self.lines.named(f"{name}_1", f"{name}[{places}, ...]")
        return Operand(name, (*axes, *_samples_axis(access.tensor)), stored.contiguous, base=access.tensor.name)

    def _with_border(self, access: Access, borders: Sequence[Border]) -> str:
        """A copy of the tensor within a border of what stands outside; made once in a run."""
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
        for candidate in (operand, *self._copies.get(operand.name, ())):
            text = self.lines.matrix(candidate, rows, columns, sizes)
            if text is not None:
                return text
        return None

    def copied(self, operand: Operand, order: Sequence[str], sizes: Sizes) -> Operand:
        """A contiguous copy with the axes in an order; a later product finds it again."""
        name = self.lines.buffer(operand.view_name(order), sizes.shape(order))
        self.lines.copy(name, self.lines.in_order(operand, order).name)
        made = Operand(name, tuple(order), base=operand.base or operand.name)
        if not operand.scratch:
            self._copies.setdefault(operand.name, []).append(made)
        return made


def is_plain(access: Access, sizes: Sizes) -> bool:
    """Is every index one axis that runs over the whole dimension, or a fixed entry?"""
    for affine, length in zip(access.index, access.tensor.shape, strict=True):
        if affine.coefficients and not (
            len(affine.coefficients) == 1
            and affine.coefficients[0][1] == 1
            and affine.offset == 0
            and sizes[affine.coefficients[0][0]] == length
        ):
            return False
    return True


def borders_of(access: Access, sizes: Sizes) -> list[Border]:
    """How far each index runs out of the tensor, before and after."""
    found = []
    for affine, length in zip(access.index, access.tensor.shape, strict=True):
        low, high = affine.span({a: int(sizes[a]) for a, _ in affine.coefficients})
        found.append((max(-low, 0), max(high - length + 1, 0)))
    return found


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
