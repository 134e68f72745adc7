"""``python -m tests.benchmarks.workbook``: the article's workbook with 1,000 steps beside its bars.

``--steps N`` takes another number of steps. Memory is that of a process of its own, Python and SymPy included;
LibreOffice loads a copy without cached values, works it out and saves it.
"""

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import symcnn
from symcnn.workbook import verify_workbook
from tests.benchmarks.common import line, median, spread, timed
from tests.tools.recalculate import OFFICE, through_office, without_values

#: In a process of its own: what writing takes at most.
MEMORY = "import sys, tests.benchmarks.workbook as w; w.write(sys.argv[1], int(sys.argv[2])); w.print_peak()"


def write(path: str | Path, steps: int) -> None:
    symcnn.export_workbook(symcnn.article.network(), symcnn.article.images(), path, steps=steps)


def processor_time(work: Callable[[], object]) -> float:
    """Seconds of the processor, whatever else it has to do."""
    start = time.process_time()
    work()
    return time.process_time() - start


def print_peak() -> None:
    """The most memory of this process, in kilobytes (on Linux)."""
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def formulas(path: Path) -> int:
    with zipfile.ZipFile(path) as file:
        return sum(file.read(n).count(b"</f>") for n in file.namelist() if n.startswith("xl/worksheets/sheet"))


def figures(runs: int = 3) -> dict[str, str]:
    """For reports/speed.md."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cnn.xlsx"
        return {
            "`symcnn.export_workbook`, 1,000 steps, every formula with its value": median(
                lambda: write(path, 1_000), runs, 1, "s"
            ),
            "`symcnn verify --workbook` of it: read, rebuilt and proved": median(
                lambda: verify_workbook(path), runs, 1, "s"
            ),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cnn.xlsx"
        times = timed(lambda: write(path, given.steps), given.runs)
        line(f"write the workbook, {formulas(path):,} formulas, values included", spread(times, 1, " s"), "≤ 6 s")
        seconds = processor_time(lambda: write(path, given.steps))
        line("the processor's time of it", f"{seconds:.1f} s", "≤ 6 s")
        line("its size", f"{path.stat().st_size / 1e6:.2f} MB", "≤ 3 MB")
        command = [sys.executable, "-c", MEMORY, path, str(given.steps)]
        peak = int(re.findall(r"\d+", subprocess.run(command, capture_output=True, text=True, check=True).stdout)[-1])
        line("the most memory while it is written", f"{peak / 1024:,.0f} MB", "≤ 400 MB")
        start = time.perf_counter()
        verify_workbook(path)
        line("verify: read, rebuilt and proved", f"{time.perf_counter() - start:.1f} s", "≤ 10 s")
        if OFFICE is None:
            print("LibreOffice is not installed: left out")
            return
        bare = without_values(path, Path(folder) / "bare.xlsx")
        start = time.perf_counter()
        through_office([bare], Path(folder))
        line("LibreOffice: start, load, work out, save", f"{time.perf_counter() - start:.1f} s", "≤ 10 s")


if __name__ == "__main__":
    main()
