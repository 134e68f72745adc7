"""What a training gives back."""

import html
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from symcnn.errors import InputError
from symcnn.network import Array, Data, Network
from symcnn.numeric import compile_program


@dataclass(frozen=True, eq=False)
class Run:
    """The result of a training.

    Attributes:
        network, data: what was trained, on what.
        initial, theta: parameters before and after, 1-D in the order of ``network.parameters``.
        loss: steps + 1 values: ``loss[k]`` is E_total (or its mean) after k updates.
        learning_rate, reduction: as asked; ``reduction`` is "sum" or "mean" over the samples.
        backend: which program did it.
        stopped: "steps" (all were done), "loss" (it fell below ``stop_below``) or "interrupted" (Ctrl-C).
    """

    network: Network
    data: Data
    initial: Array
    theta: Array
    loss: Array
    learning_rate: float
    reduction: Literal["sum", "mean"]
    backend: str
    stopped: Literal["steps", "loss", "interrupted"]

    @property
    def steps(self) -> int:
        """The number of updates that were made."""
        return len(self.loss) - 1

    @property
    def parameters(self) -> dict[str, float]:
        """Name -> value after the training."""
        return dict(zip(self.network.parameters, self.theta.tolist(), strict=True))

    @cached_property
    def predictions(self) -> Array:
        """The outputs for the training images: (samples, outputs)."""
        return self.predict(self.data.images)

    @property
    def right(self) -> int:
        """How many training images have their largest output where their largest target is.

        With one output: how many have it on the target's side of ½.
        """
        predictions, targets = self.predictions, np.asarray(self.data.targets, dtype=np.float64)
        if predictions.shape[1] == 1:
            return int(np.sum((predictions >= 0.5) == (targets >= 0.5)))
        return int(np.sum(np.argmax(predictions, axis=1) == np.argmax(targets, axis=1)))

    def predict(self, images: Any) -> Array:
        """The outputs for any images (samples, [channels,] height, width): (samples, outputs)."""
        return compile_program(self.network, "numpy").predict(self.theta, images)

    def require(self, network: Network) -> None:
        """Refuse to speak for another network than the one that was trained."""
        if self.network != network:
            raise InputError("run: it is a training of another network; expected one of the network that is given")

    def save(self, path: str | Path) -> Path:
        """Write everything of this run as JSON (``.json``), every number to the last bit; see ``Run.load``."""
        from symcnn.train.store import save_run

        return save_run(self, path)

    @classmethod
    def load(cls, path: str | Path) -> "Run":
        """Read a saved run; damaged and foreign files are refused with the reason."""
        from symcnn.train.store import load_run

        return load_run(path)

    def plot(self, path: str | Path) -> Path:
        """Draw loss, outputs, and the filter before and after (``.png`` or ``.svg``; extra ``plot``)."""
        from symcnn.train.plot import plot_run

        return plot_run(self, path)

    def _repr_html_(self) -> str:
        outputs = self.network.forward.outputs.scalars()
        heads = "".join(f"<th>{name}</th>" for name in outputs)
        labels = self.data.labels or range(1, len(self.predictions) + 1)
        rows = "".join(
            f"<tr><td>{html.escape(str(label))}</td>{''.join(f'<td>{v:.4f}</td>' for v in values)}</tr>"
            for label, values in zip(labels, self.predictions.tolist(), strict=True)
        )
        return f"<p>{html.escape(repr(self))}</p><table><tr><th></th>{heads}</tr>{rows}</table>"

    def __repr__(self) -> str:
        return (
            f"Run({self.steps} steps with {self.backend!r}, loss {self.loss[0]:.6g} -> {self.loss[-1]:.6g},"
            f" stopped: {self.stopped})"
        )
