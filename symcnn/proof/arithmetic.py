"""Arithmetics, in which every decision is computed, and dual numbers over them.

Arithmetic        sums, products and inverses of numbers; and dual numbers, which carry derivatives forward
Algebra           single numbers with names, in ``algebra.py``
ArrayArithmetic   whole arrays, for the interpreter of equations (``interpret.py``):

    PrimeField    whole numbers modulo p = 2⁶¹ - 1. A leaf's value is a random element for each argument, a gate and a
                  selection of a maximum one for each entry
    Degrees       an upper bound of every value's degree as a polynomial in the random elements, from which the error
                  probability follows
    Reals         float64, with the leaves themselves: kinks and ties decided as everywhere (slope of the left side,
                  first maximum)
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Rational

from symcnn.symbolic import LEAF, Tensor, Z, elu, exp, leaky_relu, log, sigmoid, softplus, tanh
from symcnn.symbolic.leaves import worked_out

#: The prime of every decision without a normal form, of single numbers and of arrays.
PRIME = 2**61 - 1

#: The lower half of an element's bits: products of halves fit 64 bits.
_HALF = 31
_LOW = 2**_HALF - 1

Element = Any  # a polynomial, a number modulo p, a degree, a real number, or an array of them
Numbers = NDArray[Any]


@dataclass(frozen=True)
class Dual:
    """A value with its derivatives in several directions: v + Σ d·ε; a missing one is 0."""

    value: Element
    slopes: Mapping[Any, Element] = field(default_factory=dict)


class Arithmetic(ABC):
    """The operations on numbers; here by Python's operators."""

    @abstractmethod
    def rational(self, above: int, below: int) -> Element: ...

    def number(self, value: Rational) -> Element:
        """Return a rational number."""
        return self.rational(int(value.p), int(value.q))

    def times(self, a: Element, b: Element) -> Element:
        return a * b

    def plus(self, a: Element, b: Element) -> Element:
        return a + b

    def negative(self, a: Element) -> Element:
        return -a

    def minus(self, a: Element, b: Element) -> Element:
        return self.plus(a, self.negative(b))

    @abstractmethod
    def inverse(self, a: Element) -> Element: ...

    # --- dual numbers -------------------------------------------------------------------------------------------------

    def merged(self, every: Iterable[Mapping[str, Element]]) -> dict[str, Element]:
        """Add slopes, direction by direction."""
        first, *rest = every
        merged, plus = dict(first), self.plus
        for slopes in rest:
            for direction, slope in slopes.items():
                merged[direction] = plus(merged[direction], slope) if direction in merged else slope
        return merged

    def dual_sum(self, parts: Sequence[Dual]) -> Dual:
        return Dual(reduce(self.plus, [part.value for part in parts]), self.merged(part.slopes for part in parts))

    def dual_product(self, parts: Sequence[Dual]) -> Dual:
        product, *rest = parts
        for b in rest:
            left = {d: self.times(s, b.value) for d, s in product.slopes.items()}
            right = {d: self.times(product.value, s) for d, s in b.slopes.items()}
            product = Dual(self.times(product.value, b.value), self.merged((left, right)))
        return product

    def dual_power(self, base: Dual, exponent: int) -> Dual:
        if exponent < 0:
            value = self.inverse(base.value)
            base = self.chain(value, self.negative(self.times(value, value)), base) if base.slopes else Dual(value)
        if abs(exponent) == 1:
            return base
        below = reduce(self.times, [base.value] * (abs(exponent) - 1))
        slope = self.times(self.rational(abs(exponent), 1), below) if base.slopes else None
        return self.chain(self.times(below, base.value), slope, base)

    def chain(self, value: Element, slope: Element, inner: Dual) -> Dual:
        """Apply the chain rule: return a value whose derivative is slope · (the inner one's)."""
        return Dual(value, {d: self.times(slope, s) for d, s in inner.slopes.items()})


class ArrayArithmetic(Arithmetic):
    """Arrays with a leading axis of points or samples.

    Attributes:
        has_order: can numbers be compared? Then kinks and maxima are decided by their values.
        together: how the instances of one entry are combined (a sum).
    """

    dtype: type[np.generic]
    has_order = False
    together: np.ufunc = np.add

    @abstractmethod
    def leaf(self, function: type[Expr], argument: Any) -> Any:
        """Return the value of a smooth leaf function."""

    @abstractmethod
    def above(self, values: Any) -> Any:
        """Return 1 where a number is positive; only where numbers have an order."""

    @abstractmethod
    def symbol(self, kind: str, tensors: Sequence[Tensor], places: Sequence[Numbers]) -> Any:
        """Return the element for a decision about entries of tensors, where numbers have no order."""

    def total(self, values: Numbers, axes: int | tuple[int, ...], keepdims: bool = False) -> Numbers:
        """Combine entries along axes."""
        return np.asarray(self.together.reduce(values, axis=axes, keepdims=keepdims))

    def scatter(self, into: Numbers, places: Numbers, values: Numbers) -> None:
        """Combine values at their places, for each point."""
        for row, numbers in zip(into, values, strict=True):
            self.together.at(row, places, numbers)


class PrimeField(ArrayArithmetic):
    """Integers modulo the prime; a random element is a hash of its key, so equal keys have equal elements.

    The key of a leaf's value is its argument at *all* points together, so two different arguments share a value only if
    they agree at every point.
    """

    dtype = np.int64

    def __init__(self, points: int, seed: int) -> None:
        self._seeds = np.random.default_rng(seed).integers(1, 2**63, points, dtype=np.uint64)

    def random(self, rng: np.random.Generator, size: int) -> Numbers:
        """Return random elements, (points, size)."""
        return rng.integers(0, PRIME, (len(self._seeds), size))

    def rational(self, above: int, below: int) -> int:
        return above * pow(below, -1, PRIME) % PRIME

    def plus(self, a: Any, b: Any) -> Any:
        return _reduced(a + b)

    def negative(self, a: Any) -> Any:
        return _reduced(PRIME - a)

    def times(self, a: Any, b: Any) -> Any:
        """Multiply by halves: 2⁶² is 2, and 2⁶¹ is 1."""
        a_high, a_low, b_high, b_low = a >> _HALF, a & _LOW, b >> _HALF, b & _LOW
        middle, low = a_high * b_low + a_low * b_high, a_low * b_low
        middle = (middle >> (_HALF - 1)) + ((middle & (_LOW >> 1)) << _HALF)
        return _reduced(2 * (a_high * b_high) + middle + (low >> (2 * _HALF - 1)) + (low & PRIME))

    def inverse(self, a: Any) -> Any:
        """Return a^(p - 2); of zero, zero."""
        result, power, exponent = np.ones_like(a), a, PRIME - 2
        while exponent:
            if exponent & 1:
                result = self.times(result, power)
            power, exponent = self.times(power, power), exponent >> 1
        return result

    def total(self, values: Numbers, axes: int | tuple[int, ...], keepdims: bool = False) -> Numbers:
        return self._of_halves(*(half.sum(axes, keepdims=keepdims) for half in (values >> _HALF, values & _LOW)))

    def scatter(self, into: Numbers, places: Numbers, values: Numbers) -> None:
        for row, numbers in zip(into, values, strict=True):
            high, low = np.zeros_like(row), np.zeros_like(row)
            np.add.at(high, places, numbers >> _HALF)
            np.add.at(low, places, numbers & _LOW)
            row[:] = self.plus(row, self._of_halves(high, low))

    def _of_halves(self, high: Numbers, low: Numbers) -> Numbers:
        """Combine sums of upper and of lower halves, which don't overflow for some 2³² of them."""
        return np.asarray(self.plus(self.times(_reduced(high), 1 << _HALF), _reduced(low)))

    def leaf(self, function: type[Expr], argument: Any) -> Any:
        return self._mixed(function.__name__, list(argument))

    def above(self, values: Any) -> Any:
        raise NotImplementedError("a prime field has no order")

    def symbol(self, kind: str, tensors: Sequence[Tensor], places: Sequence[Numbers]) -> Any:
        return self._mixed(" ".join([kind, *(t.name for t in tensors)]), places)

    def _mixed(self, name: str, keys: Sequence[Numbers]) -> Numbers:
        shape = (len(self._seeds), *np.broadcast_shapes(*(k.shape for k in keys)))
        start = int.from_bytes(name.encode().ljust(8, b"\0"), "little") % (2**64 - 59)
        mixed = _mix(self._seeds ^ np.uint64(start)).reshape(-1, *[1] * (len(shape) - 1))
        for key in keys:
            mixed = _mix(mixed ^ key.astype(np.uint64))
        return (np.broadcast_to(mixed, shape) % np.uint64(PRIME)).astype(np.int64)


def _reduced(values: Any) -> Any:
    """Return the residue of values from 0 to 2⁶³."""
    folded = (values & PRIME) + (values >> (2 * _HALF - 1))
    return folded - PRIME * (folded >= PRIME)


def _mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Apply a bijection of 64 bits whose output looks random (splitmix64)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


class Degrees(ArrayArithmetic):
    """A sum has at most the larger degree, a product the sum of both; every random element has degree 1.

    Attributes:
        leaves: a bound of the number of values of leaves.
        argument: the largest degree of an argument of a leaf.
        cleared: an inverse counts like an element of degree 2; multiplied out, a value of degree n becomes a polynomial
            of degree n·(1 + cleared) at most.
    """

    dtype = np.int64
    together = np.maximum

    def __init__(self) -> None:
        self.leaves = self.argument = self.cleared = 0

    def rational(self, above: int, below: int) -> int:
        return 0

    def times(self, a: Any, b: Any) -> Any:
        return a + b

    def plus(self, a: Any, b: Any) -> Any:
        return np.maximum(a, b)

    def negative(self, a: Any) -> Any:
        return a

    def inverse(self, a: Any) -> Any:
        # of degree 1 it is a sum of elements; anything else may hold inverses itself
        self.cleared += int(np.sum(a)) * (1 if np.max(a) <= 1 else 1 + self.cleared)
        return np.full_like(a, 2)

    def leaf(self, function: type[Expr], argument: Any) -> Any:
        self.leaves += argument.size
        self.argument = max(self.argument, int(argument.max()))
        return np.ones_like(argument)

    def above(self, values: Any) -> Any:
        raise NotImplementedError("degrees decide nothing")

    def symbol(self, kind: str, tensors: Sequence[Tensor], places: Sequence[Numbers]) -> Any:
        return np.ones((1, *np.broadcast_shapes(*(p.shape for p in places))), dtype=np.int64)


#: The activations in NumPy alone: a second source on purpose. A leaf without an entry is evaluated from the definition
#: in its record, to 50 digits, number by number.
REAL_LEAVES: dict[type[Expr], Callable[[Any], Any]] = {
    sigmoid: lambda z: np.exp(-np.logaddexp(0, -z)),
    tanh: np.tanh,
    softplus: lambda z: np.logaddexp(0, z),
    leaky_relu: lambda z: np.maximum(z, z / 100),
    elu: lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    exp: np.exp,
    log: np.log,
}


class Reals(ArrayArithmetic):
    """float64."""

    dtype = np.float64
    has_order = True

    def rational(self, above: int, below: int) -> float:
        return above / below

    def inverse(self, a: Any) -> Any:
        return 1 / a

    def leaf(self, function: type[Expr], argument: Any) -> Any:
        if function in REAL_LEAVES:
            return REAL_LEAVES[function](argument)
        rounded: Numbers = np.frompyfunc(lambda z: self._defined(function, z), 1, 1)(argument)
        return rounded.astype(np.float64)

    def _defined(self, function: type[Expr], z: float) -> float:
        leaf = LEAF[function]
        with mpmath.workdps(50):
            formula = leaf.side(z > 0) if leaf.sides else leaf.definition
            return float(worked_out(formula, {Z: mpmath.mpf(z)}, lambda f: lambda y: LEAF[f].value_at(mpmath, y)))

    def above(self, values: Any) -> Any:
        return (values > 0).astype(np.float64)

    def symbol(self, kind: str, tensors: Sequence[Tensor], places: Sequence[Numbers]) -> Any:
        raise NotImplementedError("real numbers decide themselves")
