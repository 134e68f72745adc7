"""Gradient descent as in the article: full batch, every step the gradient of E_total over all images.

The steps are made in chunks: a chunk is done as a whole or not at all, so that Ctrl-C, a diverged loss and an early
stop leave parameters and losses that belong together, whatever the backend.
"""

import math
import time
from collections.abc import Callable
from typing import Any, Literal, TypeGuard

import numpy as np

from symcnn.errors import InputError, TrainingDivergedError
from symcnn.network import Array, Data, DataLike, Network, as_data, checked
from symcnn.numeric import BACKENDS, Trainer, as_theta, compile_program, initial_values
from symcnn.train.choice import choose
from symcnn.train.run import Run

Progress = Callable[[int], None]

#: Steps of the first chunk; chunks double as long as one takes less than so many seconds.
FIRST_CHUNK, CHUNK_SECONDS = 64, 0.05


def train(
    network: Network,
    data: DataLike,
    *,
    learning_rate: float = 0.5,
    steps: int = 10_000,
    seed: int = 0,
    initial: Any = None,
    reduction: Literal["sum", "mean"] = "sum",
    stop_below: float | None = None,
    backend: str = "auto",
    progress: Progress | None = None,
) -> Run:
    """Train a network by gradient descent on all samples at once.

    Args:
        network: with a loss.
        data: ``symcnn.Data`` or a pair (images, targets).
        learning_rate: > 0; each step subtracts learning_rate · ∂E_total/∂parameter.
        steps: how many updates, ≥ 0.
        seed: the initial values are uniform in [-1, 1), from ``numpy.random.default_rng(seed)``.
        initial: initial values instead: name -> value, 1-D in the order of ``network.parameters``, or a ``Run`` to go
            on from.
        reduction: "sum" over the samples (the article's E_total), or "mean".
        stop_below: stop as soon as the loss is below this.
        backend: "numpy", "expressions", "python", "numba" (extra ``fast``), or "auto": what should finish first for
            this size and these steps.
        progress: called now and then with the number of steps done so far.

    Returns:
        A ``Run``. After Ctrl-C it holds what was learnt so far.

    Raises:
        InputError: a setting, the data or the initial values cannot be used.
        TrainingDivergedError: the loss became NaN or infinite.
    """
    network.require_loss("train")
    labels = as_data(data).labels
    images, targets = checked(network, data)
    given = Data(images.copy(), targets.copy(), None if labels is None else tuple(map(str, labels)))
    check_settings(learning_rate, steps)
    _check_choices(reduction, stop_below, backend)
    if isinstance(initial, Run):
        initial.require(network)
        initial = initial.parameters
    theta = initial_values(network, seed) if initial is None else as_theta(network, initial)
    chosen = choose(network, len(images), steps) if backend == "auto" else backend
    factor = 1.0 if reduction == "sum" else 1.0 / len(images)
    trainer = compile_program(network, chosen).trainer(images, targets)
    descent = _Descent(trainer, theta.tolist(), float(learning_rate), factor)
    stopped = descent.run(steps, stop_below, progress)
    return Run(
        network, given, theta, np.array(descent.theta), descent.losses, float(learning_rate), reduction,
        chosen, stopped,
    )  # fmt: skip


class _Descent:
    """The state of a training: parameters, and the loss before each update so far (at the end also after the last)."""

    def __init__(self, trainer: Trainer, theta: list[float], rate: float, factor: float) -> None:
        self._trainer, self._rate, self._factor = trainer, rate, factor
        # in one assignment, so that Ctrl-C never finds half of it
        self._state: tuple[list[float], list[Array]] = (theta, [])

    @property
    def theta(self) -> list[float]:
        return self._state[0]

    @property
    def losses(self) -> Array:
        return np.concatenate([np.empty(0), *self._state[1]])

    @property
    def _done(self) -> int:
        return sum(map(len, self._state[1]))

    def run(
        self, steps: int, stop_below: float | None, progress: Progress | None
    ) -> Literal["steps", "loss", "interrupted"]:
        chunk = FIRST_CHUNK
        try:
            while self._done < steps:
                start = time.perf_counter()
                theta, losses = self._advance(min(chunk, steps - self._done))
                self._check(losses)
                end = _first_below(losses, stop_below)
                if end is not None:
                    if end:
                        theta = self._advance(end)[0]  # the same steps again, up to there
                    self._state = (theta if end else self.theta, [*self._state[1], losses[: end + 1]])
                    return "loss"
                self._state = (theta, [*self._state[1], losses])
                if progress:
                    progress(self._done)
                if time.perf_counter() - start < CHUNK_SECONDS:
                    chunk *= 2
        except KeyboardInterrupt:
            self._finish()
            return "interrupted"
        self._finish()
        return "steps" if stop_below is None or self._state[1][-1][-1] >= stop_below else "loss"

    def _advance(self, steps: int) -> tuple[list[float], Array]:
        theta, losses = self._trainer(self.theta, self._rate * self._factor, steps)
        return list(theta), losses if self._factor == 1 else self._factor * losses

    def _finish(self) -> None:
        """The loss after the last update: that of a step whose update is dropped."""
        losses = self._advance(1)[1]
        self._check(losses)
        self._state = (self.theta, [*self._state[1], losses])

    def _check(self, losses: Array) -> None:
        bad = np.flatnonzero(~np.isfinite(losses))
        if bad.size:
            n = int(bad[0])
            raise TrainingDivergedError(
                f"the loss is {losses[n]} after {self._done + n} steps with learning_rate={self._rate:g}:"
                " training diverged; use a smaller learning rate"
            )


def _first_below(losses: Array, threshold: float | None) -> int | None:
    below = np.flatnonzero(losses < threshold) if threshold is not None else np.empty(0)
    return int(below[0]) if below.size else None


def check_settings(rate: object, steps: object) -> None:
    """Refuse a learning rate or a number of steps that cannot be used."""
    if not _is_number(rate) or not math.isfinite(rate) or rate <= 0:
        raise InputError(f"learning_rate={rate!r}: expected a finite number above 0")
    if not isinstance(steps, (int, np.integer)) or isinstance(steps, bool) or steps < 0:
        raise InputError(f"steps={steps!r}: expected a whole number, at least 0")


def _check_choices(reduction: str, stop_below: object, backend: str) -> None:
    if reduction not in ("sum", "mean"):
        raise InputError(f'reduction={reduction!r}: expected "sum" or "mean"')
    if stop_below is not None and (not _is_number(stop_below) or math.isnan(stop_below)):
        raise InputError(f"stop_below={stop_below!r}: expected a number or None")
    if backend != "auto" and backend not in BACKENDS:
        raise InputError(f"backend={backend!r}: unknown; expected one of auto, {', '.join(BACKENDS)}")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
