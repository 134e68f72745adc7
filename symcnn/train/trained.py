"""A trained network from a file, a saved run or a checkpoint alike: what is needed to predict."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from symcnn.network import Array, Ink, Network
from symcnn.numeric import compile_program
from symcnn.train.checkpoint import SUFFIXES, load_checkpoint
from symcnn.train.run import Run, probabilities


@dataclass(frozen=True, eq=False)
class Trained:
    """A network with its parameters.

    Attributes:
        classes: what each output stands for, where that is known.
        labels: of the samples that it was trained on, each once; empty where they are not in the file.
        ink: of the pictures that it was trained on; None where they were numbers, or nobody kept it.
        largest: the largest pixel that it was trained on, without its sign; None where no samples are in the file.
    """

    network: Network
    theta: Array
    classes: tuple[str, ...] | None
    labels: tuple[str, ...] = ()
    ink: Ink | None = None
    largest: float | None = None

    def predict(self, images: Any) -> Array:
        """The outputs: (samples, outputs)."""
        return compile_program(self.network).predict(self.theta, images)

    def probabilities(self, images: Any) -> Array:
        """With cross_entropy: each class's share, (samples, outputs)."""
        return probabilities(self.network, self.theta, images)


def load_trained(path: str | Path) -> Trained:
    """A saved run (``.json``) or a checkpoint (``.npz``).

    Raises:
        InputError: the file is missing, damaged, or something else; the message says which.
    """
    if Path(path).suffix.lower() in SUFFIXES:
        found = load_checkpoint(path)
        return Trained(found.network, found.theta, found.classes, ink=found.ink)
    run = Run.load(path)
    labels = tuple(dict.fromkeys(map(str, run.data.labels or ())))
    return Trained(run.network, run.theta, run.classes, labels, run.ink, float(np.abs(run.data.images).max()))
