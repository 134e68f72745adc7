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


def leaves(library: Library, decisions: list[int] | None = None) -> dict[str, Callable[..., Any]]:
    """Name of a leaf -> function; exp, log and tanh are the library's own.

    Args:
        decisions: gets 1 or 0 for each rectifier (above its kink?), and for each maximum the winner's place.
    """
    module = _MODULES[library]
    record = decisions.append if decisions is not None else _forget

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + module.exp(-z)) if z.real >= 0 else module.exp(z) / (1 + module.exp(z))

    def softplus(z: Any) -> Any:
        return z + module.log1p(module.exp(-z)) if z.real >= 0 else module.log1p(module.exp(z))

    def rectified(z: Any, below: Any) -> Any:
        record(int(z.real > 0))
        return z if z.real > 0 else below

    def maximum(*candidates: Any) -> Any:
        winner = max(range(len(candidates)), key=lambda n: (candidates[n].real, -n))
        record(winner)
        return candidates[winner]

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


def _forget(decision: int) -> None:
    return
