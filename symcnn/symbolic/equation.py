"""Equations in index notation.

    x[r, c] = Σ_{p, q} i[r + p, c + q] · f[p, q]        for r, c, p, q ∈ {0, 1}

    Axis      r, c, p, q: a name and a size
    Affine    r + p: an integer combination of axes, and an offset
    Tensor    i, f, x: a name, a shape, and the names of its scalars (x_11)
    Access    i[r + p, c + q]: a tensor and one affine map per dimension; an atom of SymPy
    Wins      [a[2r + u, 2c + v] is the first of its window to reach p[r, c]]: 1 or 0, the derivative of a maximum
    Term      coefficient · Σ over its own axes of a product of factors, in the order in which a person writes them
    Equation  target, its axes, terms, and whether the instances are added or their maximum is taken

An equation means: for every index of ``axes`` and of a term's own axes, ``target[map] += coefficient·Π factors``.
In a forward equation the target's index is just ``axes``; an adjoint (``f̄[p, q] += x̄[r, c]·i[r+p, c+q]``) has more
axes, and its target's map may be compound. This *scatter* form never inverts an index; the *gather* form, for reading,
does (``derivation/reverse.py``). The axis of the samples is implicit: every tensor but the parameters and the constants
has one.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache, reduce
from itertools import islice, product, takewhile
from operator import attrgetter
from typing import Any, Literal, Self

import sympy
from sympy import Expr, Rational, S
from sympy.core.expr import AtomicExpr

from symcnn.symbolic.leaves import KINKED, wins

#: The first letters of a name of ∂E/∂(…). Names are composed and parsed only here and in ``quantity.py``.
ADJOINT = "dE_d"

#: "gradient" is the adjoint of a parameter: it has no axis of the samples, all images add to it. A "constant" is known
#: with the network: its ``values`` are numbers.
Role = Literal["image", "parameter", "target", "value", "adjoint", "gradient", "constant"]
Index = tuple[int, ...]


class TensorKind(Enum):
    """The kind of a tensor in its network; the value is the first letter of its name."""

    IMAGE = "i"
    FILTER = "f"
    FEATURE_MAP = "x"
    ACTIVATED_MAP = "a"
    POOLED_MAP = "p"
    PREACTIVATION = "z"
    HIDDEN = "h"
    OUTPUT = "o"
    WEIGHT = "w"
    BIAS = "b"
    TARGET = "t"
    ERROR = "E"
    # of a softmax: the largest score, the exponentials, their sum, the probabilities
    LARGEST = "m"
    EXPONENTIAL = "u"
    TOTAL = "s"
    PROBABILITY = "y"
    SHARE = "q"  # the weight of each cell in a mean
    AUXILIARY = ""  # made by a printer


@dataclass(frozen=True, order=True)
class Axis:
    """One index: ``name`` runs from 0 to ``size`` - 1."""

    name: str
    size: int

    @property
    def index(self) -> "Affine":
        """The axis as an index."""
        return Affine(((self.name, 1),))


@dataclass(frozen=True, order=True)
class Affine:
    """An integer combination of axes: ``(Σ coefficient·axis + offset)/divisor``; absent where that is no integer.

    Only an adjoint in gather form behind a stride has a divisor.
    """

    coefficients: tuple[tuple[str, int], ...] = ()
    offset: int = 0
    divisor: int = 1

    @property
    def axes(self) -> tuple[str, ...]:
        return tuple(a for a, _ in self.coefficients)

    @property
    def is_axis(self) -> bool:
        """Is it one axis, and nothing else?"""
        return len(self.coefficients) == 1 and self == Affine(((self.coefficients[0][0], 1),))

    def at(self, point: Mapping[str, int]) -> int | None:
        value = sum(c * point[a] for a, c in self.coefficients) + self.offset
        return value // self.divisor if value % self.divisor == 0 else None

    def span(self, sizes: Mapping[str, int]) -> tuple[int, int]:
        """The smallest and the largest value (without a divisor)."""
        ends = [c * (sizes[a] - 1) for a, c in self.coefficients]
        return self.offset + sum(min(e, 0) for e in ends), self.offset + sum(max(e, 0) for e in ends)

    def substitute(self, values: Mapping[str, "Affine"]) -> "Affine":
        """The combination with values for some of its axes, all at once; the other axes come first."""
        own = dict(self.coefficients)
        replaced = [(own[a], value) for a, value in values.items() if own.get(a)]
        if not replaced:
            return self
        scale = math.prod(value.divisor for _, value in replaced)
        combined = {a: c * scale for a, c in self.coefficients if a not in values}
        offset = self.offset * scale
        for c, value in replaced:
            factor = c * scale // value.divisor
            offset += factor * value.offset
            for a, step in value.coefficients:
                combined[a] = combined.get(a, 0) + factor * step
        divisor = self.divisor * scale
        common = math.gcd(offset, divisor, *combined.values())
        return Affine(tuple((a, c // common) for a, c in combined.items() if c), offset // common, divisor // common)

    def __str__(self) -> str:
        text = ""
        for a, c in self.coefficients:
            sign = "-" if c < 0 else ("+" if text else "")
            name = a if abs(c) == 1 else f"{abs(c)}*{a}"
            text += f" {sign} {name}" if text else f"{sign}{name}"
        if self.offset or not text:
            sign = "-" if self.offset < 0 else "+"
            text = f"{text} {sign} {abs(self.offset)}" if text else str(self.offset)
        return text if self.divisor == 1 else f"({text})/{self.divisor}"


@dataclass(frozen=True, order=True)
class Tensor:
    """An array of scalar quantities.

    ``parts`` are the names of its scalars: letters, then how many of the axes follow them. The weights between a
    2×2 map ``x`` and a layer ``h`` are ``(("w_x", 2), ("h", 1))``, so one of them is ``w_x11h1``.

    Attributes:
        kind: its kind in its network; of an adjoint, the kind of its primal.
        source, target: the tensors that weights lead from and to; of biases and preactivations the target.
        primal: of an adjoint, the tensor that E is differentiated by.
    """

    name: str
    shape: tuple[int, ...]
    parts: tuple[tuple[str, int], ...]
    role: Role = "value"
    values: tuple[Rational, ...] = ()
    # these follow from the name, so they are not compared
    kind: TensorKind = field(default=TensorKind.AUXILIARY, compare=False, repr=False)
    source: "Tensor | None" = field(default=None, compare=False, repr=False)
    target: "Tensor | None" = field(default=None, compare=False, repr=False)
    primal: "Tensor | None" = field(default=None, compare=False, repr=False)

    def digits(self, index: Index) -> list[tuple[str, str]]:
        """Letters and 1-based indices, part by part; each index as wide as its axis is long."""
        numbers = [str(n + 1).zfill(len(str(size))) for n, size in zip(index, self.shape, strict=True)]
        numbers_iterator = iter(numbers)
        return [(letters, "".join(islice(numbers_iterator, count))) for letters, count in self.parts]

    def scalar(self, index: Index) -> str:
        """The name of one entry: ``x_11``, ``w_x11h1``."""
        return "".join(letters + digits for letters, digits in self.digits(index))

    def indices(self) -> Iterator[Index]:
        return product(*map(range, self.shape))

    def flat(self, index: Index) -> int:
        """The place of an entry, row by row."""
        return reduce(lambda flat, pair: flat * pair[1] + pair[0], zip(index, self.shape, strict=True), 0)

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
        name, parts = f"{ADJOINT}{self.name}", ((f"{ADJOINT}{first}", count), *rest)
        return Tensor(name, self.shape, parts, role, (), self.kind, self.source, self.target, primal=self)

    @property
    def is_adjoint(self) -> bool:
        return self.role in ("adjoint", "gradient")

    @property
    def letters(self) -> str:
        """The letters under which other names refer to it: ``x`` in ``w_x11h1`` and ``b_x1``."""
        return self.parts[0][0].rstrip("_")

    @property
    def is_shared(self) -> bool:
        """Is it the same for all images, without an axis of the samples?"""
        return self.role in ("parameter", "gradient", "constant")

    def entry(self, index: Index) -> Expr:
        """One entry as a SymPy expression: its symbol, or a constant's value."""
        if self.role == "constant":
            return self.values[self.flat(index)]
        return symbol(self.scalar(index))


@lru_cache(maxsize=100_000)
def symbol(name: str) -> sympy.Symbol:
    """``sympy.Symbol(name)``, the same object each time: SymPy's cache has only a thousand, and it compares slowly."""
    return sympy.Symbol(name)


class RecordAtom(AtomicExpr):
    """An atom of SymPy that is equal where its fields are: the annotated ones of its class, in order."""

    __slots__ = ()
    is_commutative = True

    @classmethod
    def _of(cls, *fields: object) -> Self:
        atom = AtomicExpr.__new__(cls)
        for name, value in zip(cls.__annotations__, fields, strict=True):
            setattr(atom, name, value)
        return atom  # type: ignore[no-any-return]  # SymPy has no types

    def __getnewargs__(self) -> tuple[object, ...]:
        return attrgetter(*type(self).__annotations__)(self)  # a tuple: there are two or more

    _hashable_content = __getnewargs__


class IndexedAtom(RecordAtom):
    """An atom over the axes of an equation."""

    __slots__ = ()

    def substitute(self, values: Mapping[str, Affine]) -> "IndexedAtom":
        """The atom with values for some of the axes, all at once."""
        raise NotImplementedError


def substitute(expression: Expr, values: Mapping[str, Affine]) -> Expr:
    """The expression with values for some of the axes, all at once."""
    return expression.xreplace({a: a.substitute(values) for a in expression.atoms(IndexedAtom)})


class Access(IndexedAtom):
    """A tensor at one affine index per dimension, as an atom of SymPy: ``i[r + p, c + q]``.

    ``outside``: the value where the index leaves the tensor: a number (padding), or None if such an instance takes no
    part.
    """

    __slots__ = ("index", "outside", "tensor")
    _diff_wrt = True

    tensor: Tensor
    index: tuple[Affine, ...]
    outside: Expr | None

    def __new__(cls, tensor: Tensor, index: tuple[Affine, ...], outside: Expr | None = S.Zero) -> "Access":
        return cls._of(tensor, index, outside)

    def _hashable_content(self) -> tuple[object, ...]:
        return (self.tensor, self.index, str(self.outside))

    def _sympystr(self, printer: object) -> str:
        return f"{self.tensor.name}[{', '.join(map(str, self.index))}]" if self.index else self.tensor.name

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes of the indices, one after the other."""
        return tuple(a for affine in self.index for a in affine.axes)

    def borders(self, sizes: Mapping[str, int]) -> tuple[tuple[int, int], ...]:
        """How far each index leaves the tensor, before and after."""
        spans = zip((affine.span(sizes) for affine in self.index), self.tensor.shape, strict=True)
        return tuple((max(-low, 0), max(high - n + 1, 0)) for (low, high), n in spans)

    def at(self, point: Mapping[str, int]) -> Index | None:
        """The index at a point, or None outside the tensor."""
        index = []
        for affine, size in zip(self.index, self.tensor.shape, strict=True):
            n = affine.at(point)
            if n is None or not 0 <= n < size:
                return None
            index.append(n)
        return tuple(index)

    def instance(self, point: Mapping[str, int]) -> Expr | None:
        """The quantity at a point; outside the tensor ``outside``."""
        index = self.at(point)
        return self.outside if index is None else self.tensor.entry(index)

    def substitute(self, values: Mapping[str, Affine]) -> "Access":
        return Access(self.tensor, tuple(a.substitute(values) for a in self.index), self.outside)


class Wins(IndexedAtom):
    """1 where a cell is the first of its window to reach the maximum, 0 elsewhere: ∂max/∂cell, as an atom of SymPy.

    Args:
        cell: the candidates of the maximum; its ``window`` axes run over them, in order.
        largest: the maximum itself.
        bound: axes that follow from others: in an adjoint's gather form, the window's place from the cell's.
    """

    __slots__ = ("bound", "cell", "largest", "window")

    cell: Access
    largest: Access
    window: tuple[Axis, ...]
    bound: tuple[tuple[str, Affine], ...]

    def __new__(
        cls, cell: Access, largest: Access, window: tuple[Axis, ...], bound: tuple[tuple[str, Affine], ...] = ()
    ) -> "Wins":
        return cls._of(cell, largest, window, bound)

    @property
    def solved(self) -> tuple[Access, Access]:
        """The cell and the maximum, with the bound axes substituted."""
        cell, largest = self.cell, self.largest
        for axis, value in self.bound:
            cell, largest = cell.substitute({axis: value}), largest.substitute({axis: value})
        return cell, largest

    def _sympystr(self, printer: object) -> str:
        cell, largest = self.solved
        return f"[{cell} first reaches {largest}]"

    def instance(self, point: Mapping[str, int]) -> Expr | None:
        """``wins(cell, largest, *candidates before it)``, or None where there is no such cell."""
        place = dict(point)
        for axis, affine in self.bound:
            at = affine.at(place)
            if at is None:
                return None
            place[axis] = at
        value, largest = self.cell.instance(place), self.largest.instance(place)
        if value is None or self.largest.at(place) is None:
            return None
        names = [a.name for a in self.window]
        here = tuple(point[name] for name in names)
        earlier = takewhile(lambda candidate: candidate != here, product(*(range(a.size) for a in self.window)))
        others = (self.cell.instance({**place, **dict(zip(names, c, strict=True))}) for c in earlier)
        return wins(value, largest, *(other for other in others if other is not None))

    def substitute(self, values: Mapping[str, Affine]) -> "Wins":
        return Wins(self.cell, self.largest, self.window, (*self.bound, *values.items()))


@dataclass(frozen=True)
class Term:
    """``coefficient · Σ over axes of Π factors``; the factors are SymPy expressions in accesses, in order."""

    factors: tuple[Expr, ...]
    axes: tuple[Axis, ...] = ()
    coefficient: Rational = S.One

    @property
    def accesses(self) -> list[Access]:
        """The accesses of its factors, each once, in the order in which they are written."""
        return list(dict.fromkeys(a for factor in self.factors for a in sorted(factor.atoms(Access), key=str)))

    def __str__(self) -> str:
        sign = "-" if self.factors[0] == -1 and len(self.factors) > 1 else ""
        text = sign + "·".join(f"({f})" if f.is_Add else str(f) for f in self.factors[len(sign) :])
        if self.axes:
            text = f"Σ_{{{', '.join(a.name for a in self.axes)}}} {text}"
        return text if self.coefficient == 1 else f"{self.coefficient}·({text})"


@dataclass(frozen=True)
class Equation:
    """One equation; see the module's head for its meaning.

    Attributes:
        constant: nothing is differentiated through it: the result does not depend on its value (the shift that keeps a
            softmax from overflowing).
        adds: an adjoint in scatter form: its instances, and other equations of the same target, add up.
    """

    target: Access
    axes: tuple[Axis, ...]
    terms: tuple[Term, ...]
    reduce: Literal["sum", "max"] = "sum"
    constant: bool = False
    adds: bool = False

    def __str__(self) -> str:
        relation = "+=" if self.adds else "="
        right = " + ".join(map(str, self.terms))
        if self.reduce == "max":
            right = right.replace("Σ", "max", 1)
        return f"{self.target} {relation} {right}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    @property
    def accesses(self) -> list[Access]:
        """The accesses of its right side, each once, in the order in which they are written."""
        return list(dict.fromkeys(access for term in self.terms for access in term.accesses))

    @property
    def has_kink(self) -> bool:
        """Does its slope jump somewhere?"""
        return self.reduce == "max" or any(f.has(*KINKED) for term in self.terms for f in term.factors)

    @property
    def sizes(self) -> dict[str, int]:
        """The size of every axis by its name, those of the terms too."""
        return {a.name: a.size for a in (*self.axes, *(a for term in self.terms for a in term.axes))}

    def to_sympy(self) -> sympy.Eq:
        """The equation with SymPy's ``Sum`` and ``Indexed``, for reading; nothing is computed from it."""
        return sympy.Eq(_indexed(self.target), sympy.Add(*(_sum(t) for t in self.terms)), evaluate=False)


def _indexed(access: Access) -> Expr:
    if not access.index:
        return sympy.Symbol(access.tensor.name)
    index = [
        sympy.Add(*(c * sympy.Symbol(a, integer=True) for a, c in affine.coefficients), affine.offset) / affine.divisor
        for affine in access.index
    ]
    return sympy.IndexedBase(access.tensor.name)[tuple(index)]


def _sum(term: Term) -> Expr:
    body = sympy.Mul(*term.factors)
    body = body.xreplace({a: _indexed(a) for a in body.atoms(Access)})
    limits = [(sympy.Symbol(a.name, integer=True), 0, a.size - 1) for a in term.axes]
    return term.coefficient * (sympy.Sum(body, *limits) if limits else body)
