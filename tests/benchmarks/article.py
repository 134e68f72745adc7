"""``python -m tests.benchmarks.article``: the figures of the article's network beside their bars.

Every figure is the median of several runs in one process, with the smallest and the largest; ratios are measured side
by side, in turn. What is not installed is named and left out. Nothing here is a test: machines are shared and noisy.
"""

import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sympy.core.cache import clear_cache

import symcnn
from symcnn.derivation import Judge
from symcnn.numeric import PROGRAMS
from symcnn.train.choice import choose
from tests.derivation.test_proof import wrong_candidates

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
    print(f"{figure:<58}{value:<34}{bar}")


def derive_all() -> symcnn.Derivation:
    d = symcnn.derive(symcnn.article.network())
    _ = [(d[name].formula, d.gradients[name]) for name in d.names]
    return d


def torch_steps(steps: int) -> float | None:
    """Steps per second of PyTorch eager autograd, nn.Module, one thread, float64; None without PyTorch."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = symcnn.article.images()
    images, targets = torch.tensor(data.images)[:, None], torch.tensor(data.targets)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 1, 2, bias=False), torch.nn.Flatten(), torch.nn.Linear(4, 2), torch.nn.Sigmoid(),
        torch.nn.Linear(2, 2), torch.nn.Sigmoid(),
    ).double()  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    start = time.perf_counter()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = ((model(images) - targets) ** 2).sum() / 2
        loss.backward()
        optimizer.step()
    return steps / (time.perf_counter() - start)


def symcnn_steps(backend: str, steps: int) -> float:
    start = time.perf_counter()
    symcnn.train(symcnn.article.network(), symcnn.article.images(), steps=steps, backend=backend)
    return steps / (time.perf_counter() - start)


def derivation_and_proof() -> None:
    line("derive all 24, cold cache, SymPy expressions included", spread(timed(derive_all), 1e3, " ms"), "≤ 100 ms")
    d = derive_all()
    forward, backward = d.graph.operations
    images = 2
    whole, first = images * (forward + backward) + 1 + 20, images * forward + 1
    line("operations, both images: forward", str(first), "151")
    line("operations, both images: forward + all gradients", f"{whole} ({whole / first:.2f}×)", "≤ 324")
    line("exact proof of all 24, cold cache", spread(timed(lambda: derive_all().prove()), 1e3, " ms, with derive"), "")
    fresh = [derive_all() for _ in range(RUNS)]
    line("  the proof alone", spread(timed(lambda: fresh.pop().prove()), 1e3, " ms"), "≤ 100 ms")
    judge = Judge(d)
    wrong = [judge.decide(name, candidate).proved for name, _, candidate in wrong_candidates(d)]
    line("wrong candidates rejected, some off by 1e-12", f"{wrong.count(False)} of {len(wrong)}", "160, all")


def training() -> None:
    pairs = []
    for _ in range(RUNS):
        peer = torch_steps(600)
        pairs.append((symcnn_steps("auto", 100_000), symcnn_steps("auto", 10_000), peer))
    line("training, steps/s: auto, 100,000 steps, all included", spread([p[0] for p in pairs]), "")
    line("training, steps/s: auto, 10,000 steps, all included", spread([p[1] for p in pairs]), "")
    if pairs[0][2] is None:
        print("  PyTorch is not installed: the ratio is left out (pip install symcnn[torch])")
    else:
        line("  PyTorch eager, 1 thread, float64, in the same run", spread([p[2] for p in pairs if p[2]]), "")
        line("  ratio, 100,000 steps", spread([a / c for a, _, c in pairs if c], 1, "×"), "≥ 60×")
        line("  ratio, 10,000 steps", spread([b / c for _, b, c in pairs if c], 1, "×"), "")
    net = symcnn.article.network()
    for steps in (100, 1_000, 10_000, 100_000):
        seconds = {b: min(steps / symcnn_steps(b, steps) for _ in range(3)) for b in PROGRAMS}
        chosen = choose(net, 2, steps)
        times = ", ".join(f"{b} {s * 1e3:.0f} ms" for b, s in seconds.items())
        line(
            f"auto for {steps:,} steps: {chosen}",
            f"{seconds[chosen] / min(seconds.values()):.2f}× the best ({times})",
            "",
        )


def the_story() -> None:
    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "symcnn", "article", "--out", str(Path(folder) / "article")]
            subprocess.run(command, check=True, capture_output=True)

    line("symcnn article, everything, a process of its own", spread(timed(run, 3), 1, " s"), "≤ 15 s")
    pairs = []
    for _ in range(RUNS):
        starts = []
        for command in (["-m", "symcnn", "--help"], ["-c", "import sympy"]):
            start = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, capture_output=True)
            starts.append(time.perf_counter() - start)
        pairs.append(starts[0] - starts[1])
    line("symcnn --help beyond `import sympy`", spread(pairs, 1e3, " ms"), "≤ 500 ms")


if __name__ == "__main__":
    print(f"symcnn {symcnn.__version__}, Python {platform.python_version()}, {platform.machine()}: median (min–max)\n")
    derivation_and_proof()
    training()
    the_story()
