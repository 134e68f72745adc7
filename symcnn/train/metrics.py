"""The state of a training, and its metrics: loss and accuracy after each epoch."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np

from symcnn.errors import UnknownQuantityError, one_of, quoted
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


#: A column of a history, as Keras calls it -> the field of ``Epoch``.
COLUMNS = {
    "loss": "loss", "accuracy": "accuracy", "val_loss": "validation_loss", "val_accuracy": "validation_accuracy",
}  # fmt: skip


class History(Sequence[Epoch]):
    """What was measured in a training: rows by number, columns by name.

    >>> import symcnn
    >>> run = symcnn.train(symcnn.article.network(), symcnn.article.images(), epochs=3)
    >>> list(run.history)
    [Epoch(number=0, ...), Epoch(number=1, ...), Epoch(number=2, ...), Epoch(number=3, ...)]
    >>> list(run.history.keys())
    ['loss', 'accuracy']
    >>> run.history["accuracy"]
    [0.5, 0.5, 0.5, 0.5]

    By epochs there is a row for each, from epoch 0, which is before the first step: ``loss``, ``accuracy``,
    ``val_loss``, ``val_accuracy``, as far as they were measured; the losses are per sample. Of a training on all
    samples at once there is a row for each step, whose ``loss`` is that of ``Run.loss``, and no other column.
    """

    __hash__ = None  # type: ignore[assignment]  # it equals other sequences

    def __init__(self, columns: Mapping[str, Sequence[float | None]]) -> None:
        self._columns = columns

    @classmethod
    def of_epochs(cls, epochs: Iterable[Epoch]) -> "History":
        epochs = tuple(epochs)
        columns = {name: [getattr(epoch, attribute) for epoch in epochs] for name, attribute in COLUMNS.items()}
        return cls({name: column for name, column in columns.items() if set(column) != {None}})

    @classmethod
    def of_steps(cls, losses: Array) -> "History":
        return cls({"loss": array("d", losses.tobytes())})

    @property
    def history(self) -> dict[str, list[float]]:
        """The columns as a dictionary, which is what Keras has under this name."""
        return dict(self.items())

    def keys(self) -> Iterable[str]:
        return self._columns.keys()

    def items(self) -> Iterator[tuple[str, list[float]]]:
        return ((name, self[name]) for name in self._columns)

    def __len__(self) -> int:
        return len(self._columns["loss"])

    @overload
    def __getitem__(self, chosen: int) -> Epoch: ...
    @overload
    def __getitem__(self, chosen: slice) -> tuple[Epoch, ...]: ...
    @overload
    def __getitem__(self, chosen: str) -> list[float]: ...
    def __getitem__(self, chosen: int | slice | str) -> Epoch | tuple[Epoch, ...] | list[float]:
        if isinstance(chosen, str):
            return self._column(chosen)
        if isinstance(chosen, slice):
            return tuple(self[n] for n in range(len(self))[chosen])
        number = range(len(self))[chosen]
        return Epoch(number, **{COLUMNS[name]: column[number] for name, column in self._columns.items()})  # type: ignore[arg-type]

    def _column(self, name: str) -> list[float]:
        for column, attribute in COLUMNS.items():
            if name in (column, attribute) and column in self._columns:
                return list(self._columns[column])  # type: ignore[arg-type]
        if name not in (*COLUMNS, *COLUMNS.values()):
            raise UnknownQuantityError(f"history[{quoted(name)}]: unknown; {one_of(name, list(self._columns))}")
        way = "validation=…" if name.startswith("val") else "epochs=…"
        where = ", where the targets are classes; run.score() is that of the end" if name.endswith("accuracy") else ""
        raise UnknownQuantityError(f"history[{name!r}]: was not measured; a training with {way} measures it{where}")

    def __contains__(self, value: object) -> bool:
        return value in self._columns if isinstance(value, str) else super().__contains__(value)

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, (History, tuple, list)) else NotImplemented

    def __repr__(self) -> str:
        ends = ", ".join(f"{name} {column[0]:.6g} -> {column[-1]:.6g}" for name, column in self._columns.items())
        return f"History({len(self)} rows: {ends})"


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
        return loss / len(images), int(np.count_nonzero(rightness(outputs))) / len(images) if rightness else None

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
