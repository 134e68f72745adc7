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
from pathlib import Path

import symcnn
from symcnn.numeric import BACKENDS, initial_values, numba_is_there
from symcnn.proof import GradientDomain
from symcnn.train.settings import choose
from tests.benchmarks.common import RUNS, line, median, process, spread, timed
from tests.proof.test_gradients import wrong_candidates


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
    forward, backward = d.operations
    images = 2
    whole, first = images * (forward + backward) + 1 + 20, images * forward + 1
    line("operations, both images: forward", str(first), "151")
    line("operations, both images: forward + all gradients", f"{whole} ({whole / first:.2f}×)", "≤ 324")
    line("exact proof of all 24, cold cache", spread(timed(lambda: derive_all().prove()), 1e3, " ms, with derive"), "")
    fresh = [derive_all() for _ in range(RUNS)]
    line("  the proof alone", spread(timed(lambda: fresh.pop().prove()), 1e3, " ms"), "≤ 100 ms")
    judge = GradientDomain(d)
    wrong = [judge.decide(name, candidate).proved for name, _, candidate in wrong_candidates(d)]
    line("wrong candidates rejected, some off by 2e-12", f"{wrong.count(False)} of {len(wrong)}", "160, all")


def jax_steps(steps: int) -> float | None:
    """Steps per second of JAX: the whole training in one compiled ``fori_loop``, float64; None without JAX."""
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    data = symcnn.article.images()
    images, targets = jnp.array(data.images)[:, None], jnp.array(data.targets)
    theta = jnp.array(initial_values(symcnn.article.network(), 0))

    def loss(values):
        f, w1, b1, w2, b2 = jnp.split(values, [4, 12, 14, 18])
        x = jax.lax.conv(images, f.reshape(1, 1, 2, 2), (1, 1), "VALID").reshape(2, 4)
        h = jax.nn.sigmoid(x @ w1.reshape(4, 2) + b1)
        o = jax.nn.sigmoid(h @ w2.reshape(2, 2) + b2)
        return ((o - targets) ** 2).sum() / 2

    gradient = jax.grad(loss)
    train = jax.jit(lambda values, n: jax.lax.fori_loop(0, n, lambda _, v: v - 0.5 * gradient(v), values))
    train(theta, 1).block_until_ready()
    start = time.perf_counter()
    train(theta, steps).block_until_ready()
    return steps / (time.perf_counter() - start)


def training() -> None:
    rows: dict[str, list[float]] = {}
    compiled = numba_is_there()
    if compiled:
        symcnn_steps("numba", 10)  # the first call compiles
    for _ in range(RUNS):
        found = {
            "auto, 10,000 steps": symcnn_steps("auto", 10_000),
            "auto, 100,000 steps": symcnn_steps("auto", 100_000),
            "numba, 2,000,000 steps": symcnn_steps("numba", 2_000_000) if compiled else None,
            "PyTorch eager, 1 thread, float64": torch_steps(600),
            "JAX fori_loop, float64": jax_steps(200_000),
        }
        for way, speed in found.items():
            if speed is not None:
                rows.setdefault(way, []).append(speed)
    for way, speeds in rows.items():
        line(f"training, steps/s, everything included: {way}", spread(speeds), "")
    for name, extra in (("PyTorch", "torch"), ("JAX", "jax"), ("numba", "fast")):
        if not any(name.lower() in way.lower() for way in rows):
            print(f"  {name} is not installed: its figures are left out (pip install {extra})")
    torch, jax = rows.get("PyTorch eager, 1 thread, float64"), rows.get("JAX fori_loop, float64")
    for way, peer, bar in (
        ("auto, 10,000 steps", torch, "≥ 60×"), ("auto, 100,000 steps", torch, "≥ 60×"),
        ("numba, 2,000,000 steps", torch, "≥ 2,000×"), ("numba, 2,000,000 steps", jax, "≥ 2.5×"),
    ):  # fmt: skip
        if peer and way in rows:
            ratios = [a / b for a, b in zip(rows[way], peer, strict=True)]
            line(f"  {way}, beside {'PyTorch' if peer is torch else 'JAX'}", spread(ratios, 1, "×"), bar)


def the_choice() -> None:
    """What ``auto`` chooses, beside what every backend takes; numba with its compiling, as in a new process."""
    net = symcnn.article.network()
    backends = [b for b in BACKENDS if b != "numba" or numba_is_there()]
    for steps in (100, 10_000, 1_000_000):
        seconds = {}
        for backend in backends:
            if backend in ("numpy", "expressions") and steps > 10_000:
                continue  # a minute, and far behind
            code = (
                "import time, symcnn; net, data = symcnn.article.network(), symcnn.article.images();"
                f" t = time.perf_counter(); symcnn.train(net, data, steps={steps}, backend={backend!r});"
                " print(time.perf_counter() - t)"
            )
            runs = [
                subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True) for _ in "123"
            ]
            seconds[backend] = min(float(done.stdout) for done in runs)
        chosen = choose(net, 2, steps)
        times = ", ".join(f"{b} {s * 1e3:,.0f} ms" for b, s in seconds.items())
        line(
            f"auto for {steps:,} steps: {chosen}",
            f"{seconds[chosen] / min(seconds.values()):.2f}× the best",
            f"≤ 1.2× ({times})",
        )


def verification() -> None:
    net, data = symcnn.article.network(), symcnn.article.images()
    line("symcnn verify, cold cache", spread(timed(lambda: symcnn.verify(net, data), 3), 1, " s"), "≤ 5 s")
    for found in symcnn.verify(net, data).planted:
        line(f"  planted errors caught by: {found.method}", f"{found.caught} of {found.planted}", "")


def the_story() -> None:
    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "symcnn", "article", "--out", str(Path(folder) / "article")]
            subprocess.run(command, check=True, capture_output=True)

    line("symcnn article, everything, a process of its own", spread(timed(run, 3), 1, " s"), "≤ 15 s")
    pairs = [process("-m", "symcnn", "--help") - process("-c", "pass") for _ in range(RUNS)]
    line("symcnn --help beyond `python -c pass`", spread(pairs, 1e3, " ms"), "≤ 150 ms")


def figures(runs: int = 3) -> dict[str, str]:
    """Medians for reports/speed.md; what needs a package that is not installed is left out."""

    def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            process("-m", "symcnn", "article", "--out", str(Path(folder) / "article"))

    net, data = symcnn.article.network(), symcnn.article.images()
    fresh = [derive_all() for _ in range(runs)]
    starts = [process("-m", "symcnn", "--version") - process("-c", "pass") for _ in range(runs)]
    found = {
        "derive all 24, from the network to SymPy expressions, cold cache": median(derive_all, runs, 1e3, "ms"),
        "exact proof of all 24": median(lambda: fresh.pop().prove(), runs, 1e3, "ms"),
        "`symcnn verify`: proofs, figures, 200 planted errors": median(lambda: symcnn.verify(net, data), runs, 1, "s"),
        "`symcnn article`, everything": median(story, runs, 1, "s"),
        "`symcnn --version`, beyond Python's own start": f"{statistics.median(starts) * 1e3:.0f} ms",
    }
    words = "training through `symcnn.train` (float64, full batch, two images) beside PyTorch eager (1 thread): "
    compiled = numba_is_there()
    if compiled:
        symcnn_steps("numba", 10)  # the first call compiles
    ways = [("auto", 10_000), ("auto", 100_000), *([("numba", 2_000_000)] if compiled else [])]
    for backend, steps in ways:
        pairs = [(symcnn_steps(backend, steps), torch_steps(600), jax_steps(200_000)) for _ in range(runs)]
        for k, peer in ((1, ""), (2, ", beside JAX's compiled loop")):
            ratios = [pair[0] / pair[k] for pair in pairs if pair[k]]
            if ratios and (k == 1 or backend == "numba"):
                figure = float(f"{statistics.median(ratios):.2g}")
                found[f'{words}`backend="{backend}"`, {steps:,} steps{peer}'] = f"{figure:,g}×"
    return found


if __name__ == "__main__":
    print(f"symcnn {symcnn.__version__}, Python {platform.python_version()}, {platform.machine()}: median (min–max)\n")
    derivation_and_proof()
    verification()
    training()
    the_choice()
    the_story()
