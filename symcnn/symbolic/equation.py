"""What an index-notation equation is.

    x[r, c] = Σ_{p, q} i[r + p, c + q] · f[p, q]        for r, c, p, q ∈ {0, 1}

    Axis      r, c, p, q: a name and a size
    Affine    r + p: an integer combination of axes, and an offset
    Tensor    i, f, x: a name, a shape, and how its scalars are called (x_11)
    Access    i[r + p, c + q]: a tensor and one affine map per dimension; an atom of SymPy
    Term      coefficient · Σ over its own axes of a product of factors, in the order a person writes them
    Equation  target, its axes, terms, and how the instances are put together ("sum" or "max")

An equation means: for every index of ``axes`` and of a term's own axes, ``target[map] += coefficient·Π factors``.
In a forward equation the target's index is just ``axes``; in an adjoint (``f̄[p, q] += x̄[r, c]·i[r+p, c+q]``) the
axes hold more, and the target's map may be compound. This *scatter* form never inverts an index.
The axis of the samples is implicit: every tensor but the parameters has one.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

import sympy
from sympy import Expr, Rational, S
from sympy.core.expr import AtomicExpr

#: "gradient" is the adjoint of a parameter: it has no axis of the samples, all images add to it.
Role = Literal["image", "parameter", "target", "value", "adjoint", "gradient"]
Index = tuple[int, ...]


@dataclass(frozen=True, order=True)
class Axis:
    """One index: ``name`` runs from 0 to ``size`` - 1."""

    name: str
    size: int


@dataclass(frozen=True, order=True)
class Affine:
    """An integer combination of axes: ``Σ coefficient·axis + offset``."""

    coefficients: tuple[tuple[str, int], ...] = ()
    offset: int = 0

    def at(self, point: Mapping[str, int]) -> int:
        return sum(c * point[a] for a, c in self.coefficients) + self.offset

    def __str__(self) -> str:
        parts = [a if c == 1 else f"{c}*{a}" for a, c in self.coefficients]
        text = " + ".join(parts) or "0"
        if self.offset:
            text = f"{text} {'+' if self.offset > 0 else '-'} {abs(self.offset)}" if parts else str(self.offset)
        return text


@dataclass(frozen=True, order=True)
class Tensor:
    """An array of scalar quantities.

    ``parts`` says how its scalars are called: letters, then how many of the axes follow them. The weights between
    a 2×2 map ``x`` and a layer ``h`` are ``(("w_x", 2), ("h", 1))``, so one of them is ``w_x11h1``.
    """

    name: str
    shape: tuple[int, ...]
    parts: tuple[tuple[str, int], ...]
    role: Role = "value"

    def digits(self, index: Index) -> list[tuple[str, str]]:
        """Letters and 1-based indices, part by part; each index as wide as its axis is long."""
        numbers = [str(n + 1).zfill(len(str(size))) for n, size in zip(index, self.shape, strict=True)]
        found, at = [], 0
        for letters, count in self.parts:
            found.append((letters, "".join(numbers[at : at + count])))
            at += count
        return found

    def scalar(self, index: Index) -> str:
        """The name of one entry: ``x_11``, ``w_x11h1``."""
        return "".join(letters + digits for letters, digits in self.digits(index))

    def indices(self) -> Iterator[Index]:
        return product(*map(range, self.shape))

    def scalars(self) -> list[str]:
        """The names of all entries, row by row."""
        return [self.scalar(index) for index in self.indices()]

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def adjoint(self) -> "Tensor":
        """The tensor of ∂E/∂(this): ``dE_dx_11`` for ``x_11``."""
        (first, count), *rest = self.parts
        role: Role = "gradient" if self.role == "parameter" else "adjoint"
        return Tensor(f"dE_d{self.name}", self.shape, ((f"dE_d{first}", count), *rest), role)

    @property
    def is_adjoint(self) -> bool:
        return self.role in ("adjoint", "gradient")

    @property
    def is_shared(self) -> bool:
        """One for all images: it has no axis of the samples."""
        return self.role in ("parameter", "gradient")


class Access(AtomicExpr):
    """A tensor at one affine index per dimension, as an atom of SymPy: ``i[r + p, c + q]``.

    ``outside``: what stands there where the index leaves the tensor: a number (padding), or None where such an
    instance takes no part.
    """

    __slots__ = ("index", "outside", "tensor")
    _diff_wrt = True
    is_commutative = True

    tensor: Tensor
    index: tuple[Affine, ...]
    outside: Expr | None

    def __new__(cls, tensor: Tensor, index: tuple[Affine, ...], outside: Expr | None = S.Zero) -> "Access":
        access = AtomicExpr.__new__(cls)
        access.tensor, access.index, access.outside = tensor, index, outside
        return access  # type: ignore[no-any-return]  # SymPy has no types

    def _hashable_content(self) -> tuple[object, ...]:
        return (self.tensor, self.index, str(self.outside))

    def _sympystr(self, printer: object) -> str:
        return f"{self.tensor.name}[{', '.join(map(str, self.index))}]" if self.index else self.tensor.name

    def at(self, point: Mapping[str, int]) -> Index | None:
        """The index at a point, or None outside the tensor."""
        index = tuple(affine.at(point) for affine in self.index)
        inside = all(0 <= n < size for n, size in zip(index, self.tensor.shape, strict=True))
        return index if inside else None


@dataclass(frozen=True)
class Term:
    """``coefficient · Σ over axes of Π factors``; the factors are SymPy expressions in accesses, in order."""

    factors: tuple[Expr, ...]
    axes: tuple[Axis, ...] = ()
    coefficient: Rational = S.One

    def __str__(self) -> str:
        text = "·".join(f"({f})" if f.is_Add else str(f) for f in self.factors)
        if self.axes:
            text = f"Σ_{{{', '.join(a.name for a in self.axes)}}} {text}"
        return text if self.coefficient == 1 else f"{self.coefficient}·({text})"


@dataclass(frozen=True)
class Equation:
    """One statement in index notation; see the module's head for what it means."""

    target: Access
    axes: tuple[Axis, ...]
    terms: tuple[Term, ...]
    reduce: Literal["sum", "max"] = "sum"

    def __str__(self) -> str:
        relation = "+=" if self.target.tensor.is_adjoint else "="
        right = " + ".join(map(str, self.terms))
        if self.reduce == "max":
            right = right.replace("Σ", "max", 1)
        return f"{self.target} {relation} {right}"

    def to_sympy(self) -> sympy.Eq:
        """A view for readers, with SymPy's ``Sum`` and ``Indexed``; nothing is computed from it."""
        return sympy.Eq(_indexed(self.target), sympy.Add(*(_sum(t) for t in self.terms)), evaluate=False)


def _indexed(access: Access) -> Expr:
    if not access.index:
        return sympy.Symbol(access.tensor.name)
    index = [
        sympy.Add(*(c * sympy.Symbol(a, integer=True) for a, c in affine.coefficients), affine.offset)
        for affine in access.index
    ]
    return sympy.IndexedBase(access.tensor.name)[tuple(index)]


def _sum(term: Term) -> Expr:
    body = sympy.Mul(*term.factors)
    body = body.xreplace({a: _indexed(a) for a in body.atoms(Access)})
    limits = [(sympy.Symbol(a.name, integer=True), 0, a.size - 1) for a in term.axes]
    return term.coefficient * (sympy.Sum(body, *limits) if limits else body)
