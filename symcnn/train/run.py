"""``Run``, the result of a training; and ``Trained``, a network with its parameters from a file, to predict with."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from symcnn.errors import MOST_LISTED, InputError, install_command, missing_attribute
from symcnn.network import (
    Array,
    Data,
    DataLike,
    Ink,
    Network,
    as_data,
    by_numbers,
    check_same_classes,
    checked,
    checked_images,
    class_names,
    data_of,
    ink_of,
    pixels_of,
    read_alike,
)
from symcnn.numeric import ArrayProgram, compile_program
from symcnn.text.characters import html_table
from symcnn.train.metrics import COLUMNS, Epoch, History, are_classes, right
from symcnn.train.plot import plot_run
from symcnn.train.settings import Reduction, Stopped, TrainConfig
from symcnn.train.store import CHECKPOINT_SUFFIXES, Checkpoint, load_checkpoint, read_run, save_run

if TYPE_CHECKING:
    import pandas

#: Samples that are predicted at once: a bound on memory.
AT_ONCE = 512

#: What other libraries call it -> what to write.
INSTEAD = {
    "predict_proba": "write run.probabilities(images)",
    "evaluate": "write run.score(images, targets); losses stand in run.history",
    "fit": "symcnn.train(run.network, images, targets, initial=run) goes on from it",
    "losses": 'write run.loss, or run.history["loss"]',
    "loss_curve_": 'write run.history["loss"]',
    "classes_": "write run.classes",
    "summary": "write run.network.summary()",
    "to_pandas": "write run.to_frame()",
    **dict.fromkeys(("weights", "get_weights", "coef_", "coefs_", "state_dict"), "write run.parameters, or run.theta"),
}


@dataclass(frozen=True, eq=False)
class Run:
    """The result of a training.

    >>> import symcnn
    >>> data = symcnn.article.images()
    >>> run = symcnn.train(symcnn.article.network(), data, steps=10_000)
    >>> run.parameters["f_12"], run.loss[-1]
    (...)
    >>> run.predict(data.images).round(2)
    array([[0.99, 0.01],
           [0.01, 0.99]])

    Attributes:
        network, data: of the training.
        initial, theta: parameters before and after, 1-D in the order of ``network.parameters``. After a training with
            ``patience`` they are those of ``best_epoch``; else those after the last step.
        loss: full batch: steps + 1 values, ``loss[k]`` is E_total (or its mean) after k updates; by epochs: as many
            values as steps, each the loss of the step's batch before its update.
        learning_rate, reduction: of the training; ``reduction`` is "sum" or "mean" over the samples.
        backend: the name of the program.
        stopped: "steps" or "epochs" (all were done), "loss" (it fell below ``stop_below``), "patience" (it did not fall
            any more) or "interrupted" (Ctrl-C).
        course: batch size, optimizer, dtype and seed of a training by epochs; None: full batch.
        history: loss and accuracy after each epoch, from epoch 0, which is before the first step; full batch: the loss
            after each step. ``history["loss"]`` is a column, ``history[3]`` a row: see ``History``.
        best_epoch: by epochs: where the loss (of the validation data, if there is any) was lowest.
        last: parameters after the last step, where ``theta`` is something else; see ``last_theta``.
    """

    network: Network
    data: Data
    initial: Array
    theta: Array
    loss: Array
    learning_rate: float
    reduction: Reduction
    backend: str
    stopped: Stopped
    course: TrainConfig | None = None
    history: History = field(default_factory=lambda: History({"loss": ()}))
    best_epoch: int | None = None
    last: Array | None = None

    def __post_init__(self) -> None:
        if self.course is None:
            object.__setattr__(self, "history", History.of_steps(self.loss))
        elif not isinstance(self.history, History):  # as earlier versions passed it
            object.__setattr__(self, "history", History.of_epochs(self.history))

    @property
    def last_theta(self) -> Array:
        """Parameters after the last step."""
        return self.theta if self.last is None else self.last

    @property
    def measured(self) -> Epoch:
        """The metrics of ``theta``."""
        return self.history[-1 if self.last is None or self.best_epoch is None else self.best_epoch]

    @property
    def steps(self) -> int:
        """The number of updates that were made."""
        return len(self.loss) - (1 if self.course is None else 0)

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
        """How many training images have their largest output, and no other as large, where their largest target is.

        With one output: how many have it on the target's side of ½.
        """
        return int(right(self.predictions, np.asarray(self.data.targets, dtype=np.float64)).sum())

    def accuracy(self, data: DataLike | ArrayLike | None = None, targets: ArrayLike | None = None) -> float:
        """The share of samples that are right, from 0 to 1; without data: of the training samples.

        Args:
            data: ``symcnn.Data`` or a pair (images, targets); or images, and ``targets`` beside them.
        """
        samples = self.data if data is None else by_numbers(read_alike(data_of(data, targets), self.ink), self.classes)
        images, targets = checked(self.network, samples)
        if not are_classes(targets):
            raise InputError("accuracy: the targets tell no classes apart; expected shares from 0 to 1, or 0 and 1")
        if data is not None:
            own = checked(self.network, self.data)[1]
            check_same_classes((own, self.data.labels), (targets, samples.labels))
        return float(right(self.predict(images), targets).mean())

    def score(self, images: DataLike | ArrayLike | None = None, targets: ArrayLike | None = None) -> float:
        """The share of samples that are right, as scikit-learn's classifiers have it: ``accuracy`` under their name.

        >>> import symcnn
        >>> data = symcnn.article.images()
        >>> run = symcnn.train(symcnn.article.network(), data)
        >>> run.score(data.images, [0, 1]), run.score(data.images, [1, 1]), run.score()
        (1.0, 0.5, 1.0)
        """
        return self.accuracy(images, targets)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """A name for each output, if the samples have labels."""
        return class_names(checked(self.network, self.data)[1], self.data.labels)

    @property
    def ink(self) -> Ink | None:
        """The ink of the pictures of the training, with which other pictures are read too; None: of numbers."""
        return ink_of(self.data)

    def predict(self, images: Any) -> Array:
        """The outputs for any images (samples, [channels,] height, width), or Pillow's: (samples, outputs).

        With cross_entropy they are logits; see ``probabilities``.
        """
        return compile_program(self.network, "numpy").predict(self.theta, pixels_of(self.network, images, self.ink))

    def predict_classes(self, images: Any) -> NDArray[np.str_] | NDArray[np.intp]:
        """The class of each image, (samples,): its name, if the training's samples have labels, or its number from 0.

        >>> import symcnn
        >>> data = symcnn.article.images()
        >>> run = symcnn.train(symcnn.article.network(), data)
        >>> run.predict_classes(data.images)
        array(['cross', 'circle'], dtype='<U6')
        """
        if not are_classes(checked(self.network, self.data)[1]):
            raise InputError("predict_classes: the targets of the training tell no classes apart; expected run.predict")
        outputs, classes = self.predict(images), self.classes
        numbers = (outputs[:, 0] >= 0.5).astype(np.intp) if outputs.shape[1] == 1 else outputs.argmax(axis=1)
        return numbers if classes is None else np.array(classes)[numbers]

    def probabilities(self, images: Any) -> Array:
        """The softmax of the outputs, with cross_entropy: (samples, outputs)."""
        return probabilities(self.network, self.theta, pixels_of(self.network, images, self.ink))

    def to_frame(self) -> "pandas.DataFrame":
        """``history`` as a frame of pandas: a row for each epoch, or step, and a column for what was measured.

        Raises:
            InputError: pandas is not installed.
        """
        if find_spec("pandas") is None:
            raise InputError(f"to_frame: needs pandas: {install_command('pandas')}")
        import pandas

        return pandas.DataFrame(self.history.history).rename_axis("step" if self.course is None else "epoch")

    def require(self, network: Network) -> None:
        """Refuse another network than the one that was trained."""
        if self.network != network:
            raise InputError("run: it was trained with a different network")

    def parameters_after(self, steps: Sequence[int]) -> list[Array]:
        """The parameters after each of these numbers of steps, in rising order: the training is run once more.

        A full-batch run has only the parameters of its ends; the same program gives the same bits again.

        Raises:
            InputError: trained by epochs.
        """
        if self.course is not None:
            raise InputError("parameters_after: trained by epochs; expected a training on all samples at once")
        images, targets = checked(self.network, self.data)
        advance = compile_program(self.network, self.backend).trainer(images, targets)
        step_size = self.learning_rate * (1.0 if self.reduction == "sum" else 1.0 / len(images))
        theta: Sequence[float] = self.initial.tolist()
        thetas = []
        for before, step in zip([0, *steps], steps, strict=False):
            theta = advance(theta, step_size, step - before)[0] if step > before else theta
            thetas.append(np.array(theta))
        return thetas

    def save(self, path: str | Path) -> Path:
        """Write everything of this run as JSON (``.json``), every number to the last bit; see ``Run.load``."""
        return save_run(self, path)

    @classmethod
    def load(cls, path: str | Path) -> "Run":
        """Read a saved run; damaged and foreign files are refused with the reason."""
        return cls(**read_run(path))

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, data: DataLike) -> "Run":
        """The training of a checkpoint, which holds no samples: ``data`` stands for them."""
        course, state = checkpoint.course, checkpoint.state
        return cls(
            checkpoint.network, as_data(data), checkpoint.initial, checkpoint.theta, state.losses,
            course.learning_rate, course.reduction, checkpoint.backend, "epochs", course,
            History.of_epochs(state.history),
            state.best_epoch,
        )  # fmt: skip

    if not TYPE_CHECKING:  # a checker that saw __getattr__ would accept any name

        def __getattr__(self, name: str) -> Any:
            raise missing_attribute(self, name, INSTEAD)

    def plot(self, path: str | Path) -> Path:
        """Draw loss, outputs or accuracy, filters before and after (``.png`` or ``.svg``; extra ``plot``)."""
        return plot_run(self, path)

    def _repr_html_(self) -> str:
        """The line of ``repr``, the metrics at the start and at the end, and the outputs for the first samples."""
        measured = [self.history[0], self.measured]
        columns = list(self.history.keys())
        place = "step" if self.course is None else "epoch"
        rows = [[str(m.number), *(f"{getattr(m, COLUMNS[name]):.6g}" for name in columns)] for m in measured]
        some = self.data[:MOST_LISTED]
        outputs = self.predict(some.images).tolist()
        labels = map(str, some.labels or range(1, len(outputs) + 1))
        answers = [[label, *(f"{v:.4f}" for v in values)] for label, values in zip(labels, outputs, strict=True)]
        rest = f"<p>and {len(self.data) - len(some):,} more samples</p>" if len(self.data) > len(some) else ""
        return (
            f"<p>{html.escape(repr(self))}</p>{html_table([place, *columns], rows)}"
            f"{html_table(['sample', *self.network.forward.outputs.scalars()], answers)}{rest}"
        )

    def __repr__(self) -> str:
        if self.course is not None:  # per sample, before and after
            first, last, epochs = self.history[0].loss, self.measured.loss, f"{self.history[-1].number} epochs, "
        else:
            first, last, epochs = self.loss[0], self.loss[-1], ""
        return (
            f"Run({epochs}{self.steps} steps with {self.backend!r}, loss {first:.6g} -> {last:.6g},"
            f" stopped: {self.stopped})"
        )


@dataclass(frozen=True, eq=False)
class Trained:
    """A network with its parameters, from a file: a saved run or a checkpoint.

    Attributes:
        classes: a name for each output, if the file has them.
        labels: of the training's samples, each once; empty if they are not in the file.
        ink: of the training's pictures; None if they were numbers, or the file does not have it.
        largest: the largest absolute value of a pixel; None if no samples are in the file.
    """

    network: Network
    theta: Array
    classes: tuple[str, ...] | None
    labels: tuple[str, ...] = ()
    ink: Ink | None = None
    largest: float | None = None

    @classmethod
    def load(cls, path: str | Path) -> "Trained":
        """Read a saved run (``.json``) or a checkpoint (``.npz``).

        Raises:
            InputError: the file is missing, damaged, or something else; the message says which.
        """
        if Path(path).suffix.lower() in CHECKPOINT_SUFFIXES:
            checkpoint = load_checkpoint(path)
            return cls(checkpoint.network, checkpoint.theta, checkpoint.classes, ink=checkpoint.ink)
        run = Run.load(path)
        labels = tuple(dict.fromkeys(map(str, run.data.labels or ())))
        return cls(run.network, run.theta, run.classes, labels, run.ink, float(np.abs(run.data.images).max()))

    def predict(self, images: Any) -> Array:
        """The outputs: (samples, outputs)."""
        return compile_program(self.network).predict(self.theta, images)

    def probabilities(self, images: Any) -> Array:
        """The softmax of the outputs, with cross_entropy: (samples, outputs)."""
        return probabilities(self.network, self.theta, images)


def probabilities(network: Network, theta: Array, images: Any) -> Array:
    """The softmax of the outputs: (samples, outputs)."""
    if network.probabilities is None:
        raise InputError(f"probabilities: the loss is {network.loss!r}; expected a network with cross_entropy")
    program, images = ArrayProgram(network), checked_images(network, images)
    parts = (images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE))
    return np.concatenate([program.forward(theta, part)[network.probabilities.name] for part in parts])
