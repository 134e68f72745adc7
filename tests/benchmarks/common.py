"""What the benchmarks share: medians with their spread, one figure a line, the machine that they ran on."""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

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


def median(work: Callable[[], object], runs: int, scale: float, unit: str) -> str:
    """The figure of reports/speed.md: two digits of the median."""
    value = statistics.median(timed(work, runs)) * scale
    return f"{float(f'{value:.2g}'):,g} {unit}"


def process(*arguments: str) -> float:
    """Seconds of a Python process of its own, from its start to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


#: A measure of the machine that anyone can repeat.
LOOP = "s = 0\nfor i in range(20_000_000): s += i"


def machine() -> str:
    """The processor, its cores, Python, and what the loop takes."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text("utf-8").splitlines() if cpu.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    loop = statistics.median(process("-c", LOOP) for _ in range(3))
    python = f"Python {platform.python_version()}"
    return f"{name}, {os.cpu_count()} cores, {python}, where `python -c ${LOOP!r}` takes {loop:.1f} s"
