"""The state of a training, and its metrics: loss and accuracy after each epoch."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from symcnn.network import Array
from symcnn.numeric.learner import THETA, Learner, State

Mask = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Epoch:
    """The metrics after so many epochs.

    Attributes:
        number: epochs done; 0 is before the first step.
        loss, validation_loss: per sample (whatever the reduction), so that both compare; None without validation data.
        accuracy, validation_accuracy: the share of samples that are right, from 0 to 1; None if the targets are no
            classes.
    """

    number: int
    loss: float
    accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None

    @property
    def watched(self) -> float:
        """The loss that an early stop watches."""
        return self.loss if self.validation_loss is None else self.validation_loss


@dataclass(frozen=True)
class TrainState:
    """The state of a training.

    Attributes:
        variables: theta and the optimizer's state.
        losses: of every step so far, before its update.
        history: by epochs: the metrics after each whole epoch, from epoch 0.
        best_epoch, best: the epoch where the watched loss was lowest, of those whose parameters are known, and these.
    """

    variables: State
    losses: Array = field(default_factory=lambda: np.empty(0))
    history: tuple[Epoch, ...] = ()
    best_epoch: int = 0
    best: Array | None = None

    @property
    def theta(self) -> Array:
        return self.variables.arrays[THETA.name]

    @property
    def epochs(self) -> int:
        """How many whole epochs are done."""
        return max(len(self.history) - 1, 0)

    @property
    def epochs_without_gain(self) -> int:
        """Epochs since the watched loss was at its lowest."""
        return self.epochs - lowest(self.history)


def lowest(history: tuple[Epoch, ...]) -> int:
    """The first epoch where the watched loss is lowest."""
    return min(history, key=lambda epoch: epoch.watched).number


def measuring(learner: Learner, images: Array, targets: Array) -> Callable[[], tuple[float, float | None]]:
    """Return a function that measures loss per sample and accuracy of these samples, in the dtype of the training."""
    meter, rightness = learner.meter(images, targets), rightness_of(targets) if are_classes(targets) else None

    def measure() -> tuple[float, float | None]:
        loss, outputs = meter()
        return loss / len(images), np.count_nonzero(rightness(outputs)) / len(images) if rightness else None

    return measure


def right(outputs: Array, targets: Array) -> Mask:
    """Which samples have their largest output, and no other as large, where their largest target is.

    A single output: on its side of ½.
    """
    return rightness_of(targets)(outputs)


def rightness_of(targets: Array) -> Callable[[Array], Mask]:
    """``right`` as a function of the outputs, for targets that stay the same."""
    if targets.shape[1] == 1:
        above = targets[:, 0] >= 0.5
        return lambda outputs: (outputs[:, 0] >= 0.5) == above
    place = np.arange(len(targets)), np.argmax(targets, axis=1)

    def are_right(outputs: Array) -> Mask:
        largest = outputs.max(axis=1)
        is_unique = np.count_nonzero(outputs == largest[:, None], axis=1) == 1
        return is_unique & (outputs[place] == largest)  # type: ignore[no-any-return]

    return are_right


def are_classes(targets: Array) -> bool:
    """Are the targets classes? A single one: all are 0 or 1; several: shares, from 0 to 1."""
    if targets.shape[1] == 1:
        return bool(((targets == 0) | (targets == 1)).all())
    return bool(((targets >= 0) & (targets <= 1)).all())
