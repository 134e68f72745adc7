"""``python -m tests.benchmarks.networks``: the figures of larger networks beside their bars.

Training speeds are measured side by side, in turn, in one process: the same data, the same type of number, the same
gradient (checked first, to 1e-10). A step is: gather the shuffled batch, forward, backward, update. PyTorch is eager
with one thread. Nothing here is a test: machines are shared and noisy.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

import symcnn
from symcnn.numeric.learner import Batching, State
from symcnn.numeric.optimizers import OPTIMIZERS
from tests.benchmarks.common import RUNS, line, spread, timed
from tests.torch_oracle import loss_and_gradient as torch_gradient

RATE = 1e-4

#: Trains on a permutation of the samples: a step for each batch.
Epoch = Callable[[Any], object]


@dataclass(frozen=True)
class Case:
    """A network, a batch size and a number type, with samples for one timed epoch."""

    name: str
    network: symcnn.Network
    batch: int
    dtype: str
    samples: int

    def data(self) -> tuple[Any, Any, Any]:
        """Images, targets as rows, and as classes."""
        rng = np.random.default_rng(0)
        images = rng.uniform(size=(self.samples, *self.network.input_shape)).astype(self.dtype)
        labels = rng.integers(0, self.network.outputs, self.samples)
        return images, np.eye(self.network.outputs, dtype=self.dtype)[labels], labels

    def theta(self) -> Any:
        size = len(self.network.parameters)
        return np.random.default_rng(1).uniform(-1, 1, size) * (0.3 if size < 2_000 else 0.05)


def digits() -> symcnn.Network:
    layers = [symcnn.Conv2D(8, 3), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Flatten(), symcnn.Dense(10)]
    return symcnn.Network((8, 8), layers, "cross_entropy")


def lenet() -> symcnn.Network:
    layers: list[Any] = []
    for filters in (6, 16):
        layers += [symcnn.Conv2D(filters, 5), symcnn.Activation("relu"), symcnn.MaxPool2D(2)]
    dense = [symcnn.Dense(120, "relu"), symcnn.Dense(84, "relu"), symcnn.Dense(10)]
    return symcnn.Network((28, 28), [*layers, symcnn.Flatten(), *dense], "cross_entropy")


def odd() -> symcnn.Network:
    layers = [
        symcnn.Conv2D(3, 3, stride=2, padding=1), symcnn.Activation("relu"), symcnn.MaxPool2D(2, 1, padding=1),
        symcnn.Conv2D(2, (2, 3), stride=1, padding=1), symcnn.Activation("tanh"),
        symcnn.AvgPool2D(2, padding=1, count_include_pad=False), symcnn.Flatten(), symcnn.Dense(5, "leaky_relu"),
        symcnn.Dense(4),
    ]  # fmt: skip
    return symcnn.Network((2, 11, 8), layers, "cross_entropy")


# --- the ways to train ----------------------------------------------------------------------------------------------


def ours(case: Case, backend: str) -> Epoch:
    images, targets, _ = case.data()
    program = symcnn.compile(case.network, backend, dtype=case.dtype)
    sgd = OPTIMIZERS["sgd"]
    images = images.reshape(case.samples, *case.network.forward.image.shape)
    learner = program.learner(
        images, targets, Batching(sgd, case.batch, RATE), State.start(case.theta(), sgd, case.dtype)
    )
    return learner.epoch


def torch_epoch(case: Case) -> Epoch:
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    images, _, labels = case.data()
    x, y = torch.tensor(images), torch.tensor(labels)
    x = x[:, None] if x.ndim == 3 else x
    model = torch.nn.Sequential(*_torch_layers(case.network)).to(getattr(torch, case.dtype))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)

    def epoch(order: Any) -> None:
        for batch in torch.tensor(order).split(case.batch):
            optimizer.zero_grad()
            functional.cross_entropy(model(x[batch]), y[batch], reduction="sum").backward()
            optimizer.step()

    return epoch


def _torch_layers(network: symcnn.Network) -> list[Any]:
    import torch

    shape = network.input_shape if len(network.input_shape) == 3 else (1, *network.input_shape)
    probe, found = torch.zeros((1, *shape)), []
    for layer in network.layers:
        match layer:
            case symcnn.Conv2D():
                new = [torch.nn.Conv2d(probe.shape[1], layer.filters, layer.kernel_size)]
            case symcnn.Activation():
                new = [torch.nn.ReLU()]
            case symcnn.MaxPool2D():
                new = [torch.nn.MaxPool2d(layer.size)]
            case symcnn.Flatten():
                new = [torch.nn.Flatten()]
            case symcnn.Dense():
                new = [torch.nn.Linear(probe.shape[1], layer.units)] + ([torch.nn.ReLU()] if layer.activation else [])
        for part in new:
            probe = part(probe)
        found += new
    return found


def jax_epoch(case: Case) -> Epoch:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    images, _, labels = case.data()
    x, y = jnp.array(images), jnp.array(labels)
    x = x[:, None] if x.ndim == 3 else x
    sizes = [t.size for t in case.network.forward.parameters]
    shapes = [t.shape for t in case.network.forward.parameters]
    cuts = np.cumsum(sizes)[:-1].tolist()

    def loss(theta: Any, values: Any, classes: Any) -> Any:
        parameters = [p.reshape(s) for p, s in zip(jnp.split(theta, cuts), shapes, strict=True)]
        for layer in case.network.layers:
            match layer:
                case symcnn.Conv2D():
                    f, b = parameters.pop(0), parameters.pop(0)
                    f = f.reshape(layer.filters, values.shape[1], layer.kernel_size, layer.kernel_size)
                    values = jax.lax.conv(values, f, (1, 1), "VALID") + b[:, None, None]
                case symcnn.Activation():
                    values = jax.nn.relu(values)
                case symcnn.MaxPool2D():
                    window = (1, 1, layer.size, layer.size)
                    values = jax.lax.reduce_window(values, -jnp.inf, jax.lax.max, window, window, "VALID")
                case symcnn.Flatten():
                    values = values.reshape(len(values), -1)
                case symcnn.Dense():
                    w, b = parameters.pop(0), parameters.pop(0)
                    values = values @ w.reshape(-1, layer.units) + b
                    values = jax.nn.relu(values) if layer.activation else values
        return -jnp.take_along_axis(jax.nn.log_softmax(values), classes[:, None], 1).sum()

    @jax.jit
    def step(theta: Any, batch: Any) -> Any:
        return theta - RATE * jax.grad(loss)(theta, x[batch], y[batch])

    theta = jnp.array(case.theta(), dtype=case.dtype)

    def epoch(order: Any) -> None:
        nonlocal theta
        for start in range(0, len(order), case.batch):
            theta = step(theta, order[start : start + case.batch])
        theta.block_until_ready()

    return epoch


def ways(case: Case) -> dict[str, Callable[[], Epoch]]:
    found: dict[str, Callable[[], Epoch]] = {"NumPy": lambda: ours(case, "numpy")}
    if find_spec("numba"):
        found["numba"] = lambda: ours(case, "numba")
    if find_spec("torch"):
        found["PyTorch"] = lambda: torch_epoch(case)
    if find_spec("jax"):
        found["JAX jit"] = lambda: jax_epoch(case)
    return found


# --- what is measured -----------------------------------------------------------------------------------------------


def same_gradient(case: Case, backend: str) -> float:
    """The largest difference from PyTorch's gradient, over its largest entry; one batch."""
    images, targets, _ = case.data()
    images, targets, theta = images[: case.batch], targets[: case.batch], case.theta()
    wanted = torch_gradient(case.network, theta, images, targets)[1]
    found = symcnn.compile(case.network, backend).loss_and_gradient(theta, images, targets)[1]
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def training(case: Case, bars: dict[str, str], runs: int) -> None:
    """Samples per second of every way, in turn, and what they are beside PyTorch."""
    epochs = {way: make() for way, make in ways(case).items()}
    speeds: dict[str, list[float]] = {way: [] for way in epochs}
    rng = np.random.default_rng(2)
    for epoch in epochs.values():
        epoch(rng.permutation(case.samples))  # compiles, fills caches
    for _ in range(runs):
        for way, epoch in epochs.items():
            order = rng.permutation(case.samples)
            start = time.perf_counter()
            epoch(order)
            speeds[way].append(case.samples / (time.perf_counter() - start))
    title = f"{case.name}, batch {case.batch}, {case.dtype}"
    for way, values in speeds.items():
        ratio = ""
        if "PyTorch" in speeds and way != "PyTorch":
            ratio = spread([a / b for a, b in zip(values, speeds["PyTorch"], strict=True)], 1, "× PyTorch")
        line(f"{title}: {way}, samples/s {spread(values)}", ratio, bars.get(way, ""))


def derivation(runs: int) -> None:
    def derive_and_print() -> None:
        symcnn.derive(lenet())
        _ = symcnn.compile(lenet(), "numpy").source

    line("LeNet: derivation and NumPy source", spread(timed(derive_and_print, runs), 1e3, " ms"), "≤ 200 ms")
    d = symcnn.derive(digits())
    gradients = timed(lambda: list(symcnn.derive(digits()).gradients.values()), runs)
    line(f"digits: {len(d.network.parameters)} gradients as SymPy, with the graph", spread(gradients, 1e3, " ms"), "")
    formulas = timed(_formulas, runs)
    line("digits: 810 formulas with adjoints as SymPy, with the graph", spread(formulas, 1e3, " ms"), "≤ 500 ms")


def _formulas() -> list[object]:
    d = symcnn.derive(digits())
    return [d[name].formula for name in d.network.parameters]


def second_process() -> None:
    code = (
        "import time; start = time.perf_counter()\n"
        "from tests.benchmarks.networks import *\n"
        "epoch = ours(Case('', digits(), 64, 'float64', 64), 'numba'); epoch(np.arange(64))\n"
        "print(time.perf_counter() - start)"
    )
    found = [
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
        for _ in "1234"
    ]
    line("digits, numba, a further process: to the first step", spread(found[1:], 1, " s"), "≤ 1 s (imports included)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", default="", help="part of a case's name, for example 'digits, batch 64'")
    settings = parser.parse_args()
    print(f"symcnn {symcnn.__version__}, Python {platform.python_version()}, {platform.machine()},", end=" ")
    print(f"{os.cpu_count()} cores: median (min–max) of {settings.runs} runs\n")
    for name in ("torch", "jax", "numba"):
        if not find_spec(name):
            print(f"  {name} is not installed: its figures are left out")
    if not settings.only:
        derivation(settings.runs)
    cases = [
        (Case("digits", digits(), 64, "float64", 64 * 28), {"NumPy": "≥ 4×, above JAX", "numba": "≥ 12×"}),
        (Case("digits", digits(), 64, "float32", 64 * 28), {"numba": "≥ 25×"}),
        (Case("digits", digits(), 1, "float64", 400), {"NumPy": "≥ 4×", "numba": "≥ 50×"}),
        (Case("LeNet", lenet(), 32, "float64", 32 * 8), {"NumPy": "≥ 1.3×", "numba": "≥ 2.5×"}),
        (Case("odd shapes", odd(), 50, "float64", 50), {}),
    ]
    for case, bars in cases:
        title = f"{case.name}, batch {case.batch}, {case.dtype}"
        if settings.only not in title:
            continue
        if find_spec("torch") and case.dtype == "float64":
            for backend in ("numpy", *(["numba"] if find_spec("numba") else [])):
                line(f"{title}: {backend}, gradient beside PyTorch's", f"{same_gradient(case, backend):.0e}", "≤ 1e-10")
        if bars:
            training(case, bars, settings.runs)
    if find_spec("numba") and not settings.only:
        second_process()


if __name__ == "__main__":
    main()
