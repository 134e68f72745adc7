"""How well a network does on some samples."""

from dataclasses import dataclass

import numpy as np

from symcnn.network import Array
from symcnn.numeric import ArrayProgram

#: Samples that are measured at once: a bound on memory.
AT_ONCE = 512


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


def measure(program: ArrayProgram, theta: Array, images: Array, targets: Array) -> tuple[float, float | None]:
    """Loss per sample, and accuracy."""
    loss, good = 0.0, 0
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for start in range(0, len(images), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            total, outputs = program.loss_and_outputs(theta, images[some], targets[some])
            loss += total
            good += int(right(outputs, targets[some]).sum())
    return loss / len(images), good / len(images) if are_classes(targets) else None


def right(outputs: Array, targets: Array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which samples have their largest output, and no other as large, where their largest target is.

    A single output: on its side of ½.
    """
    if targets.shape[1] == 1:
        found = (outputs >= 0.5) == (targets >= 0.5)
        return found[:, 0]  # type: ignore[no-any-return]
    alone = (outputs == outputs.max(axis=1, keepdims=True)).sum(axis=1) == 1
    return alone & (np.argmax(outputs, axis=1) == np.argmax(targets, axis=1))  # type: ignore[no-any-return]


def are_classes(targets: Array) -> bool:
    """Do the targets tell classes apart? A single one: all are 0 or 1; several: shares, from 0 to 1."""
    if targets.shape[1] == 1:
        return bool(((targets == 0) | (targets == 1)).all())
    return bool(((targets >= 0) & (targets <= 1)).all())
