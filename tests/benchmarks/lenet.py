"""``python -m tests.benchmarks.lenet``: the LeNet of ``examples/lenet.toml`` beside the bars of a real network.

Its workbook (written, its size, memory of a process of its own, LibreOffice, checked), its report in four formats, one
formula and one explanation as commands. Seconds are those of the processor, children included, Python's start too.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import symcnn
from symcnn.text import catalogue
from symcnn.workbook.layer_workbook import LayerInputs, layer_book
from tests.benchmarks.common import line
from tests.benchmarks.workbook import formulas
from tests.tools.recalculate import OFFICE, through_office, without_values

NETWORK = Path(__file__).parents[2] / "examples" / "lenet.toml"

EXPORT = (
    "import sys, numpy, symcnn; net, _ = symcnn.read_network(sys.argv[1]); rng = numpy.random.default_rng(0);"
    " theta = rng.normal(0, 0.1, len(net.parameters)); data = (rng.uniform(size=(1, 28, 28)), numpy.array([7]));"
    " symcnn.export_workbook(net, data, sys.argv[2], initial=theta, learning_rate=0.01)"
)
REPORT = (
    "import sys, pathlib, numpy, symcnn; net, _ = symcnn.read_network(sys.argv[1]); rng = numpy.random.default_rng(0);"
    " data = (rng.uniform(size=(1, 28, 28)), numpy.array([7])); folder = pathlib.Path(sys.argv[2]);"
    " [symcnn.write_report(net, folder / f'lenet.{kind}', data=data) for kind in ('md', 'html', 'tex', 'pdf')]"
)


def counts() -> tuple[int, int]:
    """Numbers of one forward pass, and formulas of the workbook, for reports/speed.md."""
    net, _ = symcnn.read_network(NETWORK)
    inputs = LayerInputs(net, np.zeros((28, 28)), np.eye(10)[7], np.zeros(len(net.parameters)), 0.5)
    book, _ = layer_book(catalogue("en"), inputs)
    cells = sum(c.data_type == "f" for sheet in book.workbook for c in sheet._cells.values())
    return sum(e.target.tensor.size for e in net.forward.equations), cells


def used(command: list[str]) -> tuple[float, float]:
    """Processor seconds of a command, and the most memory of any so far, in MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1_000


def main() -> None:
    symcnn_command = [sys.executable, "-m", "symcnn"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        book = folder / "lenet.xlsx"
        for command, of in (("derive --of f_111", "one formula"), ("explain dE_df_111", "an explanation")):
            words = command.split()
            arguments = [words[0], str(NETWORK), *words[1:]] if words[0] == "derive" else [*words, str(NETWORK)]
            if words[0] == "explain":
                data = folder / "digit.npz"
                np.savez(data, images=np.random.default_rng(0).uniform(size=(1, 28, 28)), labels=np.array([7]))
                arguments += ["--data", str(data)]
            seconds, memory = used([*symcnn_command, *arguments])
            line(f"{of}, as a command", f"{seconds:.1f} s, {memory:.0f} MB", "3 s, 300 MB")
        seconds, memory = used([sys.executable, "-c", EXPORT, str(NETWORK), str(book)])
        size = book.stat().st_size / 1e6
        value = f"{seconds:.1f} s, {size:.1f} MB, {memory:.0f} MB of memory"
        line(f"workbook of {formulas(book):,} formulas", value, "25 s, 8 MB, 500 MB")
        if OFFICE is not None:
            bare, start = without_values(book, folder / "bare.xlsx"), time.monotonic()
            through_office([bare], folder)
            took = time.monotonic() - start
            line("LibreOffice loads, calculates and saves it", f"{took:.0f} s by the clock", "30 s")
        seconds, memory = used([*symcnn_command, "check", str(book), "--network", str(NETWORK)])
        line("checked", f"{seconds:.1f} s, {memory:.0f} MB", "60 s")
        seconds, _ = used([sys.executable, "-c", REPORT, str(NETWORK), name])
        html = (folder / "lenet.html").stat().st_size / 1e6
        line("report, four formats", f"{seconds:.1f} s, HTML {html:.2f} MB", "20 s, 4 MB")


if __name__ == "__main__":
    main()
