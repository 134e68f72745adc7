"""Mini-batch training, epoch by epoch.

In each epoch every sample is used once, in an order that depends on the seed and the number of the epoch only: a
training that goes on from a checkpoint walks exactly as if it had never stopped. An epoch is made in pieces of whole
batches; what Ctrl-C leaves is the state after the last whole piece.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from symcnn.errors import TrainingDivergedError
from symcnn.network import Array
from symcnn.numeric import Program
from symcnn.numeric.learner import Order, State
from symcnn.numeric.optimizers import THETA
from symcnn.train.metrics import Epoch, measuring
from symcnn.train.settings import Course, Progress

Samples = tuple[Array, Array]
Ended = Literal["epochs", "loss", "patience", "interrupted"]

#: Batches of the first piece; pieces double as long as one takes less than so many seconds.
FIRST_PIECE, PIECE_SECONDS = 8, 0.05


@dataclass(frozen=True)
class Stand:
    """Where a training stands.

    Attributes:
        state: theta and what the optimizer remembers.
        losses: of every step so far, before its update.
        history: what was measured after each whole epoch, from epoch 0.
        best_epoch, best: the epoch where the watched loss was lowest, of those whose parameters are known, and these.
    """

    state: State
    losses: Array = field(default_factory=lambda: np.empty(0))
    history: tuple[Epoch, ...] = ()
    best_epoch: int = 0
    best: Array | None = None

    @property
    def epochs(self) -> int:
        """Whole epochs that are done."""
        return max(len(self.history) - 1, 0)

    def stale(self) -> int:
        """Epochs since the watched loss was at its lowest."""
        watched = [epoch.watched for epoch in self.history]
        return len(watched) - 1 - watched.index(min(watched))


@dataclass(frozen=True)
class Limits:
    """When a training ends: epochs in all; the loss per sample; epochs without a lower watched loss."""

    epochs: int
    stop_below: float | None = None
    patience: int | None = None


def copied(state: State) -> State:
    """A state of its own; the learner changes its own in place."""
    return State({name: values.copy() for name, values in state.arrays.items()}, dict(state.scalars))


def order_of(epoch: int, seed: int, samples: int) -> Order:
    """The order of the samples in an epoch, counted from 1."""
    return np.random.default_rng((seed, epoch)).permutation(samples)


class Lesson:
    """One training by epochs.

    Args:
        samples, validation: images and targets; validation may be None.
        stand: where it starts.
        each_epoch: called after each epoch, with where the training stands then.
    """

    def __init__(
        self, program: Program, course: Course, samples: Samples, validation: Samples | None, stand: Stand,
        each_epoch: Callable[[Stand], None], progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self._course = course
        samples = _as(course.dtype, samples)
        self._count = len(samples[0])
        self.stand = stand
        self._each_epoch, self._progress = each_epoch, progress
        self._piece = FIRST_PIECE
        self._state = copied(stand.state)
        self._learner = program.learner(*samples, course.batching, self._state)
        self._known = measuring(self._learner, *samples)
        self._unseen = measuring(self._learner, *_as(course.dtype, validation)) if validation else None

    def run(self, limits: Limits) -> Ended:
        """Go on until a limit is reached; ``stand`` says where that is."""
        try:
            if not self.stand.history:
                self._measure(0)
            while (reason := self._reached(limits)) is None:
                number = self.stand.epochs + 1
                self._epoch(number)
                self._measure(number)
        except KeyboardInterrupt:
            if not self.stand.history:  # nothing was learnt
                raise
            return "interrupted"
        return reason

    def _reached(self, limits: Limits) -> Ended | None:
        if limits.stop_below is not None and self.stand.history[-1].loss < limits.stop_below:
            return "loss"
        if limits.patience is not None and self.stand.stale() >= limits.patience:
            return "patience"
        return "epochs" if self.stand.epochs >= limits.epochs else None

    def _epoch(self, number: int) -> None:
        order = order_of(number, self._course.seed, self._count)
        done = 0
        while done < len(order):
            began = time.perf_counter()
            piece = order[done : done + self._piece * self._course.batch_size]
            losses = self._learner.epoch(piece)
            self._check(losses, number, done // self._course.batch_size)
            # in one assignment, so that Ctrl-C never finds half of it
            self.stand = replace(self.stand, state=copied(self._state), losses=np.append(self.stand.losses, losses))
            done += len(piece)
            if self._progress:
                self._progress(len(self.stand.losses))
            if time.perf_counter() - began < PIECE_SECONDS:
                self._piece *= 2

    def _measure(self, number: int) -> None:
        epoch = Epoch(number, *self._known(), *(self._unseen() if self._unseen else ()))
        for loss in (epoch.loss, epoch.watched):
            if not math.isfinite(loss):
                raise self._diverged(f"the loss is {loss} after epoch {number}")
        history = (*self.stand.history, epoch)
        if self.stand.best is None or epoch.watched < history[self.stand.best_epoch].watched:
            best = self._state.arrays[THETA.name].copy()
            self.stand = replace(self.stand, history=history, best_epoch=number, best=best)
        else:
            self.stand = replace(self.stand, history=history)
        self._each_epoch(self.stand)

    def _check(self, losses: Array, number: int, before: int) -> None:
        bad = np.flatnonzero(~np.isfinite(losses))
        if bad.size:
            step = before + int(bad[0]) + 1
            raise self._diverged(f"the loss is {losses[bad[0]]} in epoch {number}, step {step}")

    def _diverged(self, what: str) -> TrainingDivergedError:
        return TrainingDivergedError(
            f"{what} with learning_rate={self._course.learning_rate:g}: training diverged; use a smaller learning rate"
        )


def _as(dtype: str, samples: Samples) -> Samples:
    images, targets = samples
    return np.ascontiguousarray(images, dtype=dtype), np.ascontiguousarray(targets, dtype=dtype)
