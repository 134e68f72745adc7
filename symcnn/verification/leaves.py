"""The leaf functions by definition, with nothing of symcnn's: for numbers of mpmath and of NumPy, also complex ones.

This table repeats what the records of ``symbolic/leaves.py`` say, on purpose: it is the second source by which a wrong
record is noticed. A leaf without an entry here is worked out from its record's definition, to 50 digits at least: then
the columns that programs are printed from are checked against the definition, and its slope against the derivative.

Kinks and ties are decided by the real part, so a complex step rides along: slope of the left side, first maximum. Each
decision can be recorded: two evaluations with the same decisions lie on the same side of every kink.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal

import mpmath
import numpy as np

from symcnn.symbolic import LEAVES, Leaf, Z
from symcnn.symbolic.leaves import worked_out

Library = Literal["mpmath", "numpy"]

#: To how many digits a definition is worked out, or more.
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
