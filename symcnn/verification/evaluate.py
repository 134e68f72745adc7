"""Evaluate the scalar graph in numbers of mpmath or NumPy, without symcnn's printers.

    values  every quantity of one image
    moved   E with one quantity moved: only what depends on it is evaluated again, of a sum the products that changed

Expressions are walked as SymPy trees. The table of leaf functions repeats the records of ``symbolic/leaves.py`` on
purpose, as a second source by which a wrong record is noticed. A leaf without an entry is evaluated from its record's
definition, to 50 digits at least: then the columns that programs are printed from are checked against the definition,
and its slope against the derivative.

Kinks and ties are decided by the real part, so a complex step works too: slope of the left side, first maximum. Each
decision can be recorded: two evaluations with the same decisions lie on the same side of every kink.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from heapq import heappop, heappush
from operator import add, mul
from types import ModuleType
from typing import Any, Literal

import mpmath
import numpy as np
from sympy import Expr

from symcnn.derivation import Variable
from symcnn.symbolic import LEAVES, PIECEWISE, Leaf, Z
from symcnn.symbolic.leaves import worked_out

Library = Literal["mpmath", "numpy"]

#: The least number of digits to which a definition is evaluated.
DIGITS = 50

_MODULES: dict[Library, ModuleType] = {"mpmath": mpmath, "numpy": np}


def leaves(
    library: Library, decisions: list[int] | None = None, distances: list[Any] | None = None
) -> dict[str, Callable[..., Any]]:
    """Name of a leaf -> function; exp, log and tanh are the library's own.

    Args:
        decisions: gets 1 or 0 for each rectifier (above its kink?), and for each maximum the winner's place.
        distances: gets how far each of them is from its kink, or from the next candidate.
    """
    module = _MODULES[library]

    def record(decision: int, distance: Any) -> None:
        if decisions is not None:
            decisions.append(decision)
        if distances is not None:
            distances.append(distance)

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + module.exp(-z)) if z.real >= 0 else module.exp(z) / (1 + module.exp(z))

    def softplus(z: Any) -> Any:
        return z + module.log1p(module.exp(-z)) if z.real >= 0 else module.log1p(module.exp(z))

    def rectified(z: Any, below: Any) -> Any:
        record(int(z.real > 0), abs(z.real))
        return z if z.real > 0 else below

    def maximum(*candidates: Any) -> Any:
        winner = max(range(len(candidates)), key=lambda n: (candidates[n].real, -n))
        largest = candidates[winner]
        others = (largest.real - c.real for n, c in enumerate(candidates) if n != winner)
        record(winner, min(others, default=module.inf) if distances is not None else 0)
        return largest

    def wins(candidate: Any, largest: Any, *before: Any) -> int:
        return int(candidate.real == largest.real and all(b.real != largest.real for b in before))

    def defined(leaf: Leaf) -> Callable[[Any], Any]:
        def value(z: Any) -> Any:
            if leaf.sides is not None:
                record(int(z.real > 0), abs(z.real))
            formula = leaf.side(z.real > 0) if leaf.sides else leaf.definition
            with mpmath.workdps(max(mpmath.mp.dps, DIGITS)):
                exact = worked_out(formula, {Z: mpmath.mpmathify(z)}, lambda f: leaves("mpmath")[f.__name__])
            if library == "mpmath":
                return exact
            return np.complex128(exact) if isinstance(z, complex) else np.float64(exact)

        return value

    entries: dict[str, Callable[..., Any]] = {
        "exp": module.exp,
        "log": module.log,
        "tanh": module.tanh,
        "sigmoid": sigmoid,
        "softplus": softplus,
        "relu": lambda z: rectified(z, 0 * z),
        "leaky_relu": lambda z: rectified(z, z / 100),
        "gate": lambda y, above, below: above if y.real > 0 else below,
        "maximum": maximum,
        "wins": wins,
    }
    return {leaf.name: defined(leaf) for leaf in LEAVES} | entries


Values = dict[str, Any]


@dataclass(frozen=True)
class _SumOfProducts:
    """A variable as products of names and expressions, each with the coefficient of its addend."""

    name: str
    products: tuple[tuple[Expr | None, tuple[str | Expr, ...]], ...]
    is_maximum: bool
    has_kink: bool


class Evaluator:
    """Evaluates variables, in their order.

    Args:
        library: whose numbers: to how many digits mpmath computes is what is in force at each call.
        distances: gets how far each rectifier and each maximum is from its kink.
    """

    def __init__(self, variables: Iterable[Variable], library: Library, distances: list[Any] | None = None) -> None:
        self._decisions: list[int] = []
        self._leaves = leaves(library, self._decisions, distances)
        self._number = mpmath.mpf if library == "mpmath" else np.float64
        self._variables = [self._sum_of(v) for v in variables]

    def values(self, inputs: Mapping[str, float]) -> Values:
        """Return the inputs and every variable, by name."""
        values = {name: self._number(v) for name, v in inputs.items()}
        for variable in self._variables:
            values[variable.name] = self._whole(variable, values)
        return values

    def moved(self, values: Values, name: str, by: Any) -> tuple[Any, bool]:
        """Return E with one quantity moved, and whether a rectifier then changes sides or a maximum its cell.

        Everything that does not depend on the quantity stays as in ``values``.
        """
        moved = dict(values)
        moved[name] = moved[name] + by
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
                moved[variable.name] = self._whole(variable, moved)
                crossed = crossed or self._decisions != before
            elif 2 * len(places) > len(variable.products):
                moved[variable.name] = self._whole(variable, moved)
            else:
                total = values[variable.name]
                for n in dict.fromkeys(places):
                    coefficient, factors = variable.products[n]
                    change = self._product(factors, moved) - self._product(factors, values)
                    total = total + (change if coefficient is None else self._rational(coefficient) * change)
                moved[variable.name] = total
            pass_on(variable.name)
        return moved["E"], crossed

    def cost(self, name: str) -> int:
        """Return how many products depend on a quantity: at most these :meth:`moved` evaluates again."""
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
        """Evaluate an expression in quantities."""
        if e.is_Symbol:
            return values[e.name]
        if e.is_Rational:
            return self._rational(e)
        if e.is_Add:
            return reduce(add, (self.value(part, values) for part in e.args))
        if e.is_Mul:
            return self._product([a.name if a.is_Symbol else a for a in e.args], values)
        if e.is_Pow and e.exp.is_Integer:
            return self.value(e.base, values) ** int(e.exp)
        return self._leaves[e.func.__name__](*(self.value(a, values) for a in e.args))

    @cached_property
    def _uses(self) -> dict[str, list[tuple[int, int]]]:
        """Name -> the products on the way to E that contain it: the variable's place, and the product's in it."""
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
        each = [
            self._product(factors, values) if c is None else self._rational(c) * self._product(factors, values)
            for c, factors in variable.products
        ]
        if variable.is_maximum:
            return self._leaves["maximum"](*each)
        return reduce(add, each) if each else self._number(0)

    def _product(self, factors: Iterable[str | Expr], values: Mapping[str, Any]) -> Any:
        each = [values[f] if isinstance(f, str) else self.value(f, values) for f in factors]
        return reduce(mul, each) if each else self._number(1)
