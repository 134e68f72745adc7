"""Tensors as arrays, and accesses as views of them.

    f[k, p, q]         the array itself, with the letters of the equation
    i[r + p, c + q]    a strided view of i, or of a copy with a border where the index leaves the tensor
    b[0]               an entry, as a view

A border holds what stands outside: 0, another number, or -inf, which no maximum prefers to a cell. Nothing writes into
it but the scatter of an adjoint, where nobody reads it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sympy
from sympy import Expr

from symcnn.printers.arrays.lines import SAMPLES, Lines, Operand, Sizes
from symcnn.symbolic import Access, Affine, Tensor, Wins

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
