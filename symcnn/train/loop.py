"""Gradient descent as in the article: full batch, every step the gradient of E_total over all images.

The steps are made in chunks: a chunk is done as a whole or not at all, so that Ctrl-C, a diverged loss and an early
stop leave parameters and losses that belong together, whatever the backend.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, TypeGuard

import numpy as np

from symcnn.errors import InputError, TrainingDivergedError
from symcnn.network import DataLike, Network, as_data, checked
from symcnn.numeric import PROGRAMS, Trainer, as_theta, compile_program, initial_values
from symcnn.train.choice import choose
from symcnn.train.run import Run

Progress = Callable[[int], None]

CHUNK = 2_000


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
        initial: initial values instead: name -> value, or 1-D in the order of ``network.parameters``.
        reduction: "sum" over the samples (the article's E_total), or "mean".
        stop_below: stop as soon as the loss is below this.
        backend: "numpy", "expressions", "python", or "auto": what should finish first for this size and these steps.
        progress: called now and then with the number of steps done so far.

    Returns:
        A ``Run``. After Ctrl-C it holds what was learnt so far.

    Raises:
        InputError: a setting, the data or the initial values cannot be used.
        TrainingDivergedError: the loss became NaN or infinite.
    """
    network.require_loss("train")
    given = as_data(data)
    images, targets = checked(network, given)
    check_settings(learning_rate, steps)
    _check_choices(reduction, stop_below, backend)
    theta = initial_values(network, seed) if initial is None else as_theta(network, initial)
    chosen = choose(network, len(images), steps) if backend == "auto" else backend
    factor = 1.0 if reduction == "sum" else 1.0 / len(images)
    trainer = compile_program(network, chosen).trainer(images, targets)
    descent = _Descent(trainer, theta.tolist(), float(learning_rate), factor)
    stopped = descent.run(steps, stop_below, progress)
    return Run(
        network, given, theta, np.array(descent.theta), np.array(descent.losses), float(learning_rate), reduction,
        chosen, stopped,
    )  # fmt: skip


class _Descent:
    """The state of a training: parameters after ``len(losses) - 1`` updates (while running: ``len(losses)``)."""

    def __init__(self, trainer: Trainer, theta: list[float], rate: float, factor: float) -> None:
        self._trainer, self._rate, self._factor = trainer, rate, factor
        self.theta: list[float] = theta
        self.losses: list[float] = []

    def run(
        self, steps: int, stop_below: float | None, progress: Progress | None
    ) -> Literal["steps", "loss", "interrupted"]:
        try:
            while len(self.losses) < steps:
                theta, losses = self._advance(min(CHUNK, steps - len(self.losses)))
                self._check(losses)
                end = _first_below(losses, stop_below)
                if end is not None:
                    if end:
                        self.theta = self._advance(end)[0]  # the same steps again, up to there
                    self.losses += losses[: end + 1]
                    return "loss"
                self.theta, self.losses = theta, self.losses + losses
                if progress:
                    progress(len(self.losses))
        except KeyboardInterrupt:
            self._finish()
            return "interrupted"
        self._finish()
        below = stop_below is not None and self.losses[-1] < stop_below
        return "loss" if below else "steps"

    def _advance(self, steps: int) -> tuple[list[float], list[float]]:
        theta, losses = self._trainer(self.theta, self._rate * self._factor, steps)
        if self._factor != 1:
            losses = [self._factor * loss for loss in losses]
        return list(theta), losses

    def _finish(self) -> None:
        """The loss after the last update: that of a step whose update is dropped."""
        losses = self._advance(1)[1]
        self._check(losses)
        self.losses += losses

    def _check(self, losses: list[float]) -> None:
        for n, loss in enumerate(losses):
            if not math.isfinite(loss):
                raise TrainingDivergedError(
                    f"the loss is {loss} after {len(self.losses) + n} steps with learning_rate={self._rate:g}:"
                    " training diverged; use a smaller learning rate"
                )


def _first_below(losses: list[float], threshold: float | None) -> int | None:
    if threshold is None:
        return None
    return next((n for n, loss in enumerate(losses) if loss < threshold), None)


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
    if backend != "auto" and backend not in PROGRAMS:
        raise InputError(f"backend={backend!r}: unknown; expected one of auto, {', '.join(PROGRAMS)}")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
