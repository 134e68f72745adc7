"""The gradients of random networks against oracles that share nothing with them; and planted wrong equations."""

import importlib.util
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import mpmath
import numpy as np

import symcnn
from symcnn.proof.equations import accepts
from symcnn.verification import check_equations, exact_gradients, planted_equations
from tests.tools import oracles, torch_oracle
from tests.tools.networks import from_seed, lenet

PROGRAMS = ("numpy", "expressions", "python")

#: Of so many networks one is also derived scalar by scalar to 50 digits, or goes through a program: these take longer.
#: Of the others, all.
EVERY = {"50 digits": 20, "numba": 100}

#: Largest difference of an entry, relative to the largest gradient of its tensor (a tensor whose gradients all nearly
#: vanish is measured against FLOOR of the largest of all, and none against less than SATURATED: where all neurons are
#: saturated, 1 - h loses digits in any float64 program).
BAR = 1e-10
FLOOR = 1e-3
SATURATED = 1e-5

Case = tuple[symcnn.Network, np.ndarray, np.ndarray, np.ndarray]
Answer = tuple[float, np.ndarray]


def by_tensor(net: symcnn.Network, gradient: np.ndarray) -> dict[str, np.ndarray]:
    """The gradient, tensor by tensor."""
    cuts = np.cumsum([p.size for p in net.forward.parameters])[:-1]
    return dict(zip((p.name for p in net.forward.parameters), np.split(np.asarray(gradient), cuts), strict=True))


def worst_tensor(net: symcnn.Network, found: Answer, wanted: Answer) -> tuple[float, str]:
    """The largest relative difference and the tensor, or E_total, that has it."""
    if not (np.isfinite(found[0]) and np.all(np.isfinite(found[1]))):
        return float("inf"), "not a number"
    floor = max(FLOOR * float(np.abs(wanted[1]).max()), SATURATED)
    ours, theirs = by_tensor(net, found[1]), by_tensor(net, wanted[1])
    gaps = {n: float(np.abs(ours[n] - g).max() / max(np.abs(g).max(), floor)) for n, g in theirs.items()}
    gaps["E_total"] = abs(found[0] - wanted[0]) / max(abs(wanted[0]), FLOOR)
    where = max(gaps, key=lambda n: gaps[n])
    return gaps[where], where


def oracle(net: symcnn.Network, *values: np.ndarray, dtype: type = complex) -> Answer:
    theta, *data = values
    loss = oracles.loss(net, theta.astype(dtype), *data).real
    return float(loss), oracles.gradient(net, *values, dtype=dtype).astype(float)


def in_50_digits(net: symcnn.Network, theta: np.ndarray, images: np.ndarray, targets: np.ndarray) -> Answer:
    """The scalar derivation's own expressions, evaluated with mpmath."""
    total, rows = exact_gradients(symcnn.derive(net, len(images)), theta, (images, targets))
    return float(total), np.array([float(mpmath.fsum(row[p] for row in rows)) for p in net.parameters])


def checks(
    number: int, backends: Sequence[str], every: Mapping[str, int]
) -> Iterator[tuple[str, Callable[..., Answer]]]:
    """What is compared for one network: a name, and what gives E_total and the gradient."""

    def program(backend: str) -> Callable[..., Answer]:
        return lambda net, *values: symcnn.compile(net, backend).loss_and_gradient(*values)

    found = {**{b: program(b) for b in backends}, "50 digits": in_50_digits}
    if importlib.util.find_spec("torch"):
        found["PyTorch"] = torch_oracle.loss_and_gradient
    yield from ((name, answer) for name, answer in found.items() if number % every.get(name, 1) == 0)


@dataclass
class Tally:
    """What was compared, the worst difference and its seed for each, and what failed."""

    every: Mapping[str, int] = field(default_factory=lambda: EVERY)
    compared: Counter[str] = field(default_factory=Counter)
    worst: dict[str, tuple[float, int]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, seed: int, case: Case, backends: Sequence[str]) -> None:
        net, *values = case
        wanted, precise = oracle(net, *values), False
        for name, answer in checks(seed, backends, self.every):
            found = answer(net, *values)
            gap, where = worst_tensor(net, found, wanted)
            if not gap <= BAR and not precise:  # the oracle itself may have lost digits: decide with more of them
                wanted, precise = oracle(net, *values, dtype=np.clongdouble), True
                gap, where = worst_tensor(net, found, wanted)
            self.compared[name] += 1
            self.worst[name] = max(self.worst.get(name, (0.0, seed)), (gap, seed))
            if not gap <= BAR:
                self.failures.append(f"seed {seed}: {name} differs by {gap:.0e} in {where}: {net}")
        verdict = check_equations(symcnn.derive(net))
        self.compared["equations, modular"] += 1
        if verdict.status != "probable":
            self.failures.append(f"seed {seed}: equations {verdict.status}: {verdict.method}: {net}")

    def __str__(self) -> str:
        lines = []
        for name, count in self.compared.items():
            worst = "worst difference {:.0e} (seed {})".format(*self.worst[name]) if name in self.worst else ""
            lines.append(f"{name:20} {count:6} networks  {worst}".rstrip())
        return "\n".join(lines)


def networks(count: int, first: int, backends: Sequence[str]) -> int:
    """Compare on random networks; the number of failures."""
    tally, start = Tally(), time.monotonic()
    for seed in range(first, first + count):
        before = len(tally.failures)
        tally.add(seed, from_seed(seed), backends)
        for line in tally.failures[before:]:
            print(line, flush=True)
        done = seed + 1 - first
        if done % 500 == 0 and done < count:
            print(f"{done} of {count} networks, {time.monotonic() - start:.0f} s", flush=True)
    print(f"seeds {first} to {first + count - 1}, {time.monotonic() - start:.0f} s, allowed {BAR:.0e} per tensor")
    print(f"50 digits: one network of {EVERY['50 digits']}; numba: one of {EVERY['numba']}")
    print(tally)
    print(f"{len(tally.failures)} failures")
    return len(tally.failures)


def planted(count: int) -> int:
    """Plant errors in LeNet's adjoint equations; the number that was missed."""
    start = time.perf_counter()
    derivation = symcnn.derive(lenet())
    verdict = check_equations(derivation)
    seconds = time.perf_counter() - start
    print(f"derived and checked in {seconds:.2f} s: {verdict.status}, error probability below {verdict.epsilon:.0e}")
    errors = planted_equations(derivation, count)
    missed = [e for e in errors if accepts(derivation, e.equations)]
    for e in missed:
        print(f"missed: {e.kind}: {e.right} | {e.wrong}")
    kinds = len({e.kind for e in errors})
    print(f"{len(errors) - len(missed)} of {len(errors)} planted errors caught, of {kinds} kinds")
    return len(missed) + (not verdict) + (len(errors) < count)
