"""How well a network does on some samples."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from symcnn.network import Array
from symcnn.numeric.learner import Learner

Judged = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Epoch:
    """What was measured after so many epochs.

    Attributes:
        number: epochs done; 0 is before the first step.
        loss, validation_loss: per sample (whatever the reduction), so that both compare; None without validation data.
        accuracy, validation_accuracy: the share of samples that are right, from 0 to 1; None where that has no meaning.
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


def measuring(learner: Learner, images: Array, targets: Array) -> Callable[[], tuple[float, float | None]]:
    """Loss per sample and accuracy of these samples, of the type that is trained, whenever it is called."""
    meter, judge = learner.meter(images, targets), judging(targets) if are_classes(targets) else None

    def measure() -> tuple[float, float | None]:
        loss, outputs = meter()
        return loss / len(images), np.count_nonzero(judge(outputs)) / len(images) if judge else None

    return measure


def right(outputs: Array, targets: Array) -> Judged:
    """Which samples have their largest output, and no other as large, where their largest target is.

    A single output: on its side of ½.
    """
    return judging(targets)(outputs)


def judging(targets: Array) -> Callable[[Array], Judged]:
    """``right`` for outputs that come again and again."""
    if targets.shape[1] == 1:
        above = targets[:, 0] >= 0.5
        return lambda outputs: (outputs[:, 0] >= 0.5) == above
    place = np.arange(len(targets)), np.argmax(targets, axis=1)

    def judge(outputs: Array) -> Judged:
        largest = outputs.max(axis=1)
        alone = np.count_nonzero(outputs == largest[:, None], axis=1) == 1
        return alone & (outputs[place] == largest)  # type: ignore[no-any-return]

    return judge


def are_classes(targets: Array) -> bool:
    """Do the targets tell classes apart? A single one: all are 0 or 1; several: shares, from 0 to 1."""
    if targets.shape[1] == 1:
        return bool(((targets == 0) | (targets == 1)).all())
    return bool(((targets >= 0) & (targets <= 1)).all())
