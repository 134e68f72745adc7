"""The scalar graph worked out in numbers, of mpmath or of NumPy, without symcnn's printers.

    values                every quantity of one image
    E where one is moved  only what rests on the moved quantity is worked out again: of a sum the products that changed

An expression is walked as SymPy holds it; the leaf functions are those of ``leaves.py``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from typing import Any

import mpmath
import numpy as np
from sympy import Expr

from symcnn.derivation import Variable
from symcnn.symbolic import PIECEWISE
from symcnn.verification.leaves import Library, leaves

Values = dict[str, Any]


@dataclass(frozen=True)
class _SumOfProducts:
    """A variable: its products, each with the coefficient of its addend; a single quantity by its name."""

    name: str
    products: tuple[tuple[Expr | None, tuple[str | Expr, ...]], ...]
    is_maximum: bool
    has_kink: bool


class Evaluator:
    """Works variables out, in their order.

    Args:
        library: whose numbers: to how many digits mpmath computes is what is in force at each call.
        distances: gets how far each rectifier and each maximum is from its kink.
    """

    def __init__(self, variables: Iterable[Variable], library: Library, distances: list[Any] | None = None) -> None:
        self._decisions: list[int] = []
        self._leaves = leaves(library, self._decisions, distances)
        self._number = mpmath.mpf if library == "mpmath" else np.float64
        self._variables = [self._sum_of(v) for v in variables]

    def values(self, given: Mapping[str, float]) -> Values:
        """What is given, and every variable."""
        values = {name: self._number(v) for name, v in given.items()}
        for variable in self._variables:
            values[variable.name] = self._whole(variable, values)
        return values

    def moved(self, values: Values, name: str, by: Any) -> tuple[Any, bool]:
        """E where one quantity is moved, everything that is not made of it as in ``values``; and whether a rectifier
        changes sides on the way, or a maximum its cell."""
        now = dict(values)
        now[name] = now[name] + by
        changed: dict[int, list[int]] = {}
        waiting: list[int] = []
        crossed = False

        def pass_on(source: str) -> None:
            for place, product in self._uses.get(source, ()):
                if place not in changed:
                    changed[place] = []
                    heappush(waiting, place)
                changed[place].append(product)

        pass_on(name)
        while waiting:
            place = heappop(waiting)
            variable, places = self._variables[place], changed[place]
            if variable.has_kink or variable.is_maximum:
                self._decisions.clear()
                self._whole(variable, values)
                before = list(self._decisions)
                self._decisions.clear()
                now[variable.name] = self._whole(variable, now)
                crossed = crossed or self._decisions != before
            elif 2 * len(places) > len(variable.products):
                now[variable.name] = self._whole(variable, now)
            else:
                total = values[variable.name]
                for n in dict.fromkeys(places):
                    coefficient, factors = variable.products[n]
                    change = self._product(factors, now) - self._product(factors, values)
                    total = total + (change if coefficient is None else self._rational(coefficient) * change)
                now[variable.name] = total
            pass_on(variable.name)
        return now["E"], crossed

    def cost(self, name: str) -> int:
        """How many products rest on a quantity: what :meth:`moved` works out again, or less."""
        reached, products, waiting = {name}, 0, [name]
        while waiting:
            uses = self._uses.get(waiting.pop(), ())
            products += len(uses)
            for place, _ in uses:
                user = self._variables[place].name
                if user not in reached:
                    reached.add(user)
                    waiting.append(user)
        return products

    def value(self, e: Expr, values: Mapping[str, Any]) -> Any:
        """An expression in quantities."""
        if e.is_Symbol:
            return values[e.name]
        if e.is_Rational:
            return self._rational(e)
        if e.is_Add:
            first, *rest = e.args
            total = self.value(first, values)
            for part in rest:
                total = total + self.value(part, values)
            return total
        if e.is_Mul:
            return self._product([a.name if a.is_Symbol else a for a in e.args], values)
        if e.is_Pow and e.exp.is_Integer:
            return self.value(e.base, values) ** int(e.exp)
        return self._leaves[e.func.__name__](*(self.value(a, values) for a in e.args))

    @cached_property
    def _uses(self) -> dict[str, list[tuple[int, int]]]:
        """Name -> the products on the way to E that hold it: the place of the variable, and the product's in it."""
        uses: dict[str, list[tuple[int, int]]] = {}
        error = next(n for n, variable in enumerate(self._variables) if variable.name == "E")
        for place, variable in enumerate(self._variables[: error + 1]):
            for n, (_, factors) in enumerate(variable.products):
                for factor in factors:
                    for name in (factor,) if isinstance(factor, str) else (s.name for s in factor.free_symbols):
                        uses.setdefault(name, []).append((place, n))
        return uses

    def _sum_of(self, variable: Variable) -> _SumOfProducts:
        products = [
            (None if a.coefficient == 1 else a.coefficient, tuple(f.name if f.is_Symbol else f for f in factors))
            for a in variable.addends
            for factors in a.products
        ]
        kinked = any(not isinstance(f, str) and f.has(*PIECEWISE) for _, fs in products for f in fs)
        return _SumOfProducts(variable.name, tuple(products), variable.reduce == "max", kinked)

    def _rational(self, e: Expr) -> Any:
        return self._number(int(e.p)) / int(e.q)

    def _whole(self, variable: _SumOfProducts, values: Mapping[str, Any]) -> Any:
        each = (
            self._product(factors, values) if c is None else self._rational(c) * self._product(factors, values)
            for c, factors in variable.products
        )
        if variable.is_maximum:
            return self._leaves["maximum"](*each)
        total = next(each, None)
        if total is None:
            return self._number(0)
        for product in each:
            total = total + product
        return total

    def _product(self, factors: Iterable[str | Expr], values: Mapping[str, Any]) -> Any:
        total = None
        for factor in factors:
            value = values[factor] if isinstance(factor, str) else self.value(factor, values)
            total = value if total is None else total * value
        return self._number(1) if total is None else total
