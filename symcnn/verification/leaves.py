"""The leaf functions by definition, with nothing of symcnn's: for numbers of mpmath and of NumPy, also complex ones.

Kinks and ties are decided by the real part, so a complex step rides along: slope of the left side, first maximum. Each
decision can be recorded: two evaluations with the same decisions lie on the same side of every kink.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal

import mpmath
import numpy as np

Library = Literal["mpmath", "numpy"]

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

    return {
        "sigmoid": sigmoid,
        "softplus": softplus,
        "relu": lambda z: rectified(z, 0 * z),
        "leaky_relu": lambda z: rectified(z, z / 100),
        "gate": lambda y, above, below: above if y.real > 0 else below,
        "maximum": maximum,
        "wins": wins,
    }
