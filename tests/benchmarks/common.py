"""What the benchmarks share: medians with their spread, one figure a line, and what a step takes in PyTorch and JAX."""

import statistics
import time
from collections.abc import Callable

from sympy.core.cache import clear_cache

RUNS = 7


def spread(values: list[float], scale: float = 1.0, unit: str = "") -> str:
    low, middle, high = min(values) * scale, statistics.median(values) * scale, max(values) * scale
    return f"{middle:,.1f}{unit} ({low:,.1f}–{high:,.1f})"


def timed(work: Callable[[], object], runs: int = RUNS) -> list[float]:
    found = []
    for _ in range(runs):
        clear_cache()
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return found


def line(figure: str, value: str, bar: str) -> None:
    print(f"{figure:<72}{value:<44}{bar}")
