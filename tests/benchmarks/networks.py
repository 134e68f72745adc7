"""``python -m tests.benchmarks.networks``: the figures of larger networks beside their bars.

What is timed is the call that a user makes, ``symcnn.train(network, data, batch_size=…, epochs=…)``, and beside it, in
turn and in the same process, a PyTorch loop (eager) that does the same: batches of shuffled samples, forward, backward,
update, and the loss and accuracy of all samples before the first step and after each epoch. One thread, the same data,
the same type of number, the same gradient (checked first, to 1e-10). Nothing here is a test: machines are shared and
noisy. ``figures()`` gives the main figures as words.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

import symcnn
from tests.benchmarks.common import RUNS, line, spread, timed
from tests.tools.torch_oracle import loss_and_gradient as torch_gradient

#: As set above, before NumPy is imported.
THREADS = 1

#: Trains anew, and measures before the first step and after each epoch.
Training = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """What is trained, how, and on how many samples."""

    name: str
    network: symcnn.Network
    batch: int
    dtype: str
    samples: int
    epochs: int
    optimizer: str = "sgd"
    rate: float = 0.01

    @property
    def title(self) -> str:
        often = f"{self.epochs} epoch{'s' if self.epochs > 1 else ''}"
        size = f"batch {self.batch}, {self.samples:,} samples, {often}"
        return f"{self.name}, {self.dtype}, {size}, {self.optimizer}, {THREADS} thread"

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


def ours(case: Case, backend: str) -> Training:
    images, _, labels = case.data()
    settings = {
        "batch_size": case.batch, "epochs": case.epochs, "optimizer": case.optimizer, "learning_rate": case.rate,
        "dtype": case.dtype, "backend": backend, "initial": case.theta(),
    }  # fmt: skip
    return lambda: symcnn.train(case.network, (images, labels), **settings)


def in_pytorch(case: Case) -> Training:
    import torch
    from torch.nn import functional

    torch.set_num_threads(THREADS)
    images, _, labels = case.data()

    def train() -> list[tuple[float, float]]:
        x, y = torch.tensor(images), torch.tensor(labels)
        x = x[:, None] if x.ndim == 3 else x
        model = torch.nn.Sequential(*_torch_layers(case.network)).to(getattr(torch, case.dtype))
        kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
        optimizer = kinds[case.optimizer](model.parameters(), lr=case.rate)
        history = []

        def measure() -> None:
            model.eval()
            with torch.no_grad():
                outputs = model(x)
                good = (outputs.argmax(1) == y).double().mean()
                history.append((float(functional.cross_entropy(outputs, y)), float(good)))
            model.train()

        measure()
        for _ in range(case.epochs):
            for batch in torch.randperm(len(x)).split(case.batch):
                optimizer.zero_grad()
                functional.cross_entropy(model(x[batch]), y[batch]).backward()
                optimizer.step()
            measure()
        return history

    return train


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


def in_jax(case: Case) -> Training:
    """By sgd, compiled."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    images, _, labels = case.data()
    x, y = jnp.array(images), jnp.array(labels)
    x = x[:, None] if x.ndim == 3 else x
    sizes = [t.size for t in case.network.forward.parameters]
    shapes = [t.shape for t in case.network.forward.parameters]
    cuts = np.cumsum(sizes)[:-1].tolist()

    def outputs(theta: Any, values: Any) -> Any:
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
        return values

    def loss(theta: Any, values: Any, classes: Any) -> Any:
        found = jax.nn.log_softmax(outputs(theta, values))
        return -jnp.take_along_axis(found, classes[:, None], 1).mean()

    @jax.jit
    def step(theta: Any, batch: Any) -> Any:
        return theta - case.rate * jax.grad(loss)(theta, x[batch], y[batch])

    @jax.jit
    def measured(theta: Any) -> Any:
        return loss(theta, x, y), (outputs(theta, x).argmax(1) == y).mean()

    def train() -> list[tuple[float, float]]:
        theta, rng = jnp.array(case.theta(), dtype=case.dtype), np.random.default_rng(0)
        history = [tuple(map(float, measured(theta)))]
        for _ in range(case.epochs):
            order = rng.permutation(case.samples)
            for start in range(0, len(order), case.batch):
                theta = step(theta, order[start : start + case.batch])
            history.append(tuple(map(float, measured(theta))))
        return history

    return train


def ways(case: Case) -> dict[str, Training]:
    found: dict[str, Training] = {"NumPy": ours(case, "numpy")}
    if find_spec("numba"):
        found["numba"] = ours(case, "numba")
    if find_spec("torch"):
        found["PyTorch"] = in_pytorch(case)
    if find_spec("jax") and case.optimizer == "sgd":
        found["JAX jit"] = in_jax(case)
    return found


# --- what is measured -----------------------------------------------------------------------------------------------


def same_gradient(case: Case, backend: str) -> float:
    """The largest difference from PyTorch's gradient, over its largest entry; one batch."""
    images, targets, _ = case.data()
    images, targets, theta = images[: case.batch], targets[: case.batch], case.theta()
    wanted = torch_gradient(case.network, theta, images, targets)[1]
    found = symcnn.compile(case.network, backend).loss_and_gradient(theta, images, targets)[1]
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def seconds(case: Case, runs: int) -> dict[str, list[float]]:
    """Of every way, one after the other in each run; the first run, which compiles and fills caches, is left out."""
    trainings = ways(case)
    found: dict[str, list[float]] = {way: [] for way in trainings}
    for number in range(runs + 1):
        for way, train in trainings.items():
            start = time.perf_counter()
            train()
            if number:
                found[way].append(time.perf_counter() - start)
    return found


def beside_pytorch(times: dict[str, list[float]], way: str) -> list[float]:
    """How many times as fast, run by run."""
    if "PyTorch" not in times or way == "PyTorch":
        return []
    return [b / a for a, b in zip(times[way], times["PyTorch"], strict=True)]


def training(case: Case, bars: dict[str, str], runs: int) -> None:
    """Samples per second of every way, and what they are beside PyTorch."""
    print(case.title)
    times = seconds(case, runs)
    for way, values in times.items():
        ratios = beside_pytorch(times, way)
        speed = spread([case.samples * case.epochs / v for v in values])
        line(f"  {way}, samples/s {speed}", spread(ratios, 1, "× PyTorch") if ratios else "", bars.get(way, ""))


DIGITS = ("digits", 64, "float64", 1_797, 20, "sgd", 0.2)
CASES: dict[str, tuple[Any, dict[str, str]]] = {
    "digits": (DIGITS, {"NumPy": "≥ 3× (goal 4×)", "numba": "≥ 12× (goal 17×)"}),
    "digits float32": (("digits", 64, "float32", 1_797, 20, "sgd", 0.2), {}),
    "digits one by one": (("digits", 1, "float64", 1_797, 1, "sgd", 0.01), {}),
    "LeNet": (("LeNet", 64, "float32", 10_000, 1, "adam", 0.001), {"NumPy": "≥ 2×", "numba": "≥ 4×"}),
    "LeNet float64": (("LeNet", 64, "float64", 2_000, 1, "sgd", 0.05), {}),
}


def case_of(name: str) -> Case:
    kind, *rest = CASES[name][0]
    return Case(kind, {"digits": digits, "LeNet": lenet}[kind](), *rest)


def figures(runs: int = RUNS) -> dict[str, str]:
    """The medians of this machine, now; what needs a package that is missing is left out."""
    found: dict[str, str] = {}
    for name in CASES:
        case = case_of(name)
        times = seconds(case, runs)
        found[f"{name} case"] = case.title
        for way, values in times.items():
            found[f"{name} {way} samples/s"] = f"{case.samples * case.epochs / statistics.median(values):,.0f}"
            if ratios := beside_pytorch(times, way):
                found[f"{name} {way}"] = f"{statistics.median(ratios):.1f}×"
    if find_spec("numba"):
        first, further = first_steps(3)
        found["LeNet numba first step"] = f"{statistics.median(first):.1f} s"
        found["LeNet numba first step of a further process"] = f"{statistics.median(further):.1f} s"
    return found


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


FIRST_STEP = """
import dataclasses, time; start = time.perf_counter()
from tests.benchmarks.networks import *
case = dataclasses.replace(case_of("LeNet"), samples=64)
ours(case, "numba")()
print(time.perf_counter() - start)
"""


def first_steps(runs: int) -> tuple[list[float], list[float]]:
    """Seconds to the first step and its metrics, imports included: with an empty cache, and in the next process."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            for times in found:
                done = subprocess.run(
                    [sys.executable, "-c", FIRST_STEP], check=True, capture_output=True, text=True,
                    env={**os.environ, "SYMCNN_CACHE": folder},
                )  # fmt: skip
                times.append(float(done.stdout))
    return found


def unit() -> float:
    """What this machine takes for a loop that every Python has."""
    code = "s = 0\nfor i in range(20_000_000): s += i"
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", default="", help="part of a case's name, for example 'digits'")
    settings = parser.parse_args()
    print(f"symcnn {symcnn.__version__}, Python {platform.python_version()}, {platform.machine()},", end=" ")
    print(f"{os.cpu_count()} cores: median (min–max) of {settings.runs} runs\n")
    for name in ("torch", "jax", "numba"):
        if not find_spec(name):
            print(f"  {name} is not installed: its figures are left out")
    if not settings.only:
        derivation(settings.runs)
    networks = {"digits": digits(), "LeNet": lenet(), "odd shapes": odd()}
    for name, network in networks.items():
        if find_spec("torch") and settings.only in name:
            for backend in ("numpy", *(["numba"] if find_spec("numba") else [])):
                difference = same_gradient(Case(name, network, 50, "float64", 50, 1), backend)
                line(f"{name}: {backend}, gradient beside PyTorch's", f"{difference:.0e}", "≤ 1e-10")
    for name, (_, bars) in CASES.items():
        if settings.only in name:
            training(case_of(name), bars, settings.runs)
    if find_spec("numba") and not settings.only:
        first, further = first_steps(3)
        bar = f"≤ 12 s (goal 8 s) where the loop takes 2.7 s; here {unit():.1f} s"
        line("LeNet, numba, first run: to the first step", spread(first, 1, " s"), bar)
        line("LeNet, numba, a further process: to the first step", spread(further, 1, " s"), "")


if __name__ == "__main__":
    main()
