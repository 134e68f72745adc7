"""Gradient descent as in the article: full batch, every step the gradient of E_total over all images.

The steps are made in chunks: a chunk is done as a whole or not at all, so that Ctrl-C, a diverged loss and an early
stop leave parameters and losses that belong together, whatever the backend.
"""

import time
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from symcnn.errors import TrainingDivergedError
from symcnn.network import Array, Data, Network, checked
from symcnn.numeric import Trainer, compile_program
from symcnn.train.choice import choose
from symcnn.train.run import Run, starting_values
from symcnn.train.settings import FULL_BATCH_RATE, FULL_BATCH_STEPS, Progress, check_settings, checked_reduction

#: Steps of the first chunk; chunks double as long as one takes less than so many seconds.
FIRST_CHUNK, CHUNK_SECONDS = 64, 0.05


def train_full_batch(
    network: Network, given: Data, rate: Any, steps: Any, seed: int, initial: Any, reduction: Any,
    stop_below: float | None, backend: str, progress: Progress | None,
) -> Run:  # fmt: skip
    """``train`` on all samples at once; ``given``: checked samples."""
    rate = FULL_BATCH_RATE if rate is None else rate
    steps = FULL_BATCH_STEPS if steps is None else steps
    check_settings(rate, steps)
    summed = checked_reduction("sum" if reduction is None else reduction)
    theta = starting_values(network, seed, "uniform" if initial is None else initial)
    chosen = choose(network, len(given.images), steps) if backend == "auto" else backend
    factor = 1.0 if summed == "sum" else 1.0 / len(given.images)
    trainer = compile_program(network, chosen).trainer(given.images, given.targets)
    descent = Descent(trainer, theta.tolist(), float(rate), factor)
    stopped = descent.run(steps, stop_below, progress)
    return Run(network, given, theta, np.array(descent.theta), descent.losses, float(rate), summed, chosen, stopped)


def parameters_after(run: Run, steps: Sequence[int]) -> list[Array]:
    """The parameters after each of these numbers of steps, in rising order: the training walked once more.

    A full-batch ``Run`` keeps its ends only; the same program gives the same bits again.
    """
    images, targets = checked(run.network, run.data)
    trainer = compile_program(run.network, run.backend).trainer(images, targets)
    rate = run.learning_rate * (1.0 if run.reduction == "sum" else 1.0 / len(images))
    theta, found = run.initial.tolist(), []
    for before, step in zip([0, *steps], steps, strict=False):
        theta = trainer(theta, rate, step - before)[0] if step > before else theta
        found.append(np.array(theta))
    return found


class Descent:
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
