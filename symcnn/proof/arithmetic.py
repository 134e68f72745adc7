"""The arithmetics in which equations are carried out (``interpret.py``).

PrimeField   whole numbers modulo p = 2³¹ - 1: products fit 64 bits. A leaf's value is a random element for each
             argument, a gate and a choice of a maximum one for each entry
Degrees      an upper bound of every value's degree, as a polynomial in what is random: what the probability of an
             error is made of
Reals        float64, with the leaves themselves: kinks and ties decided as everywhere (slope of the left side,
             first maximum)
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Rational

from symcnn.symbolic import Tensor, exp, log, sigmoid, softplus, tanh

PRIME = 2**31 - 1

Numbers = NDArray[Any]


class Arithmetic(ABC):
    """What a number is. Arrays have a leading axis of points or samples.

    Attributes:
        has_order: numbers can be compared: kinks and maxima decide themselves.
        together: how instances of one entry come together (a sum).
    """

    dtype: type[np.generic]
    has_order = False
    together: np.ufunc = np.add

    @abstractmethod
    def number(self, value: Rational) -> Any:
        """A rational number."""

    def reduced(self, values: Any) -> Any:
        """Back in normal form after a sum or a product."""
        return values

    def times(self, a: Any, b: Any) -> Any:
        return self.reduced(a * b)

    def plus(self, a: Any, b: Any) -> Any:
        return self.reduced(a + b)

    def negative(self, a: Any) -> Any:
        return self.reduced(-a)

    def minus(self, a: Any, b: Any) -> Any:
        return self.plus(a, self.negative(b))

    @abstractmethod
    def inverse(self, a: Any) -> Any: ...

    @abstractmethod
    def leaf(self, function: type[Expr], argument: Any) -> Any:
        """The value of a smooth leaf function."""

    @abstractmethod
    def above(self, values: Any) -> Any:
        """1 where a number is positive; only where they have an order."""

    @abstractmethod
    def symbol(self, kind: str, tensors: Sequence[Tensor], places: Sequence[Numbers]) -> Any:
        """What stands for a decision about entries of tensors, where numbers have no order."""


class PrimeField(Arithmetic):
    """Random elements come from a keyed mixing of the bits of what they belong to: equal keys, equal elements.

    The key of a leaf's value is its argument at *all* points together, so two different arguments share a value only if
    they agree at every point.
    """

    dtype = np.int64

    def __init__(self, points: int, seed: int) -> None:
        self._seeds = np.random.default_rng(seed).integers(1, 2**63, points, dtype=np.uint64)

    def random(self, rng: np.random.Generator, size: int) -> Numbers:
        """(points, size)"""
        return rng.integers(0, PRIME, (len(self._seeds), size))

    def number(self, value: Rational) -> int:
        return int(value.p) * pow(int(value.q), -1, PRIME) % PRIME

    def reduced(self, values: Any) -> Any:
        return values % PRIME

    def inverse(self, a: Any) -> Any:
        """a^(p - 2); of zero, zero."""
        result, power, exponent = np.ones_like(a), a, PRIME - 2
        while exponent:
            if exponent & 1:
                result = result * power % PRIME
            power, exponent = power * power % PRIME, exponent >> 1
        return result

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


def _mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection of 64 bits whose output looks random (splitmix64)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


class Degrees(Arithmetic):
    """A sum has at most the larger degree, a product the sum of both; every random element has degree 1.

    Attributes:
        leaves: how many values of leaves were asked for, or more.
        argument: the largest degree of an argument of a leaf.
        cleared: an inverse counts like an element of degree 2; multiplied out, a value of degree n becomes a polynomial
            of degree n·(1 + cleared) at most.
    """

    dtype = np.int64
    together = np.maximum

    def __init__(self) -> None:
        self.leaves = self.argument = self.cleared = 0

    def number(self, value: Rational) -> int:
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


#: The smooth leaves, by definition, with nothing of symcnn's.
REAL_LEAVES: dict[type[Expr], Callable[[Any], Any]] = {
    sigmoid: lambda z: np.exp(-np.logaddexp(0, -z)),
    tanh: np.tanh,
    softplus: lambda z: np.logaddexp(0, z),
    exp: np.exp,
    log: np.log,
}


class Reals(Arithmetic):
    """float64."""

    dtype = np.float64
    has_order = True

    def number(self, value: Rational) -> float:
        return float(value)

    def inverse(self, a: Any) -> Any:
        return 1 / a

    def leaf(self, function: type[Expr], argument: Any) -> Any:
        return REAL_LEAVES[function](argument)

    def above(self, values: Any) -> Any:
        return (values > 0).astype(np.float64)

    def symbol(self, kind: str, tensors: Sequence[Tensor], places: Sequence[Numbers]) -> Any:
        raise NotImplementedError("real numbers decide themselves")
