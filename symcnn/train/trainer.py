"""``train`` and its ``Trainer``: gradient descent on all samples at once, or epoch by epoch.

A training is made in chunks of whole steps. A chunk is recorded whole or not at all, so that after Ctrl-C, a diverged
loss and an early stop parameters and losses belong together, whatever the program.

    full batch    every step on all samples, as in the article; an early stop is exact to the step
    by epochs     every epoch uses each sample once, batch by batch, in an order that depends on the seed and the number
                  of the epoch only: a resumed training gives the same bits as one that never stopped
"""

import math
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from symcnn.errors import InputError, SymcnnWarning, TrainingDivergedError, quoted
from symcnn.network import (
    Array,
    Data,
    DataLike,
    Network,
    as_data,
    by_numbers,
    check_same_classes,
    checked,
    checked_network,
    class_names,
    data_of,
    ink_of,
    warn_of_large_pixels,
)
from symcnn.network.words import REFUSED_ARGUMENTS, TRAIN_ARGUMENTS, in_any_words
from symcnn.numeric import Program, as_theta, compile_program, initial_values
from symcnn.numeric.learner import THETA, Order, State, optimizer_called
from symcnn.train.metrics import Epoch, History, TrainState, measuring
from symcnn.train.run import Run
from symcnn.train.settings import (
    EPOCHS,
    FULL_BATCH_RATE,
    FULL_BATCH_STEPS,
    MANY_SAMPLES,
    Progress,
    Reduction,
    StopCriteria,
    Stopped,
    TrainConfig,
    check_settings,
    check_stop,
    checked_count,
    checked_reduction,
    choose,
    choose_for_epochs,
)
from symcnn.train.store import Checkpoint, check_checkpoint_path, fingerprint_of, load_checkpoint, save_checkpoint

Samples = tuple[Array, Array]

#: Chunks double as long as one takes less than so many seconds.
CHUNK_SECONDS = 0.05


@in_any_words("train", TRAIN_ARGUMENTS, REFUSED_ARGUMENTS)
def train(
    network: Network,
    data: DataLike | ArrayLike,
    targets: ArrayLike | None = None,
    *,
    learning_rate: float | None = None,
    steps: int | None = None,
    seed: int | None = None,
    initial: Any = None,
    reduction: Reduction | None = None,
    stop_below: float | None = None,
    backend: str = "auto",
    progress: Progress | None = None,
    batch_size: int | None = None,
    epochs: int | None = None,
    optimizer: str | None = None,
    validation: DataLike | None = None,
    dtype: str | None = None,
    patience: int | None = None,
    checkpoint: str | Path | None = None,
    resume: str | Path | None = None,
    each_epoch: Callable[[Epoch], None] | None = None,
) -> Run:
    """Train a network: by gradient descent on all samples at once, as the article does, or epoch by epoch.

    >>> import symcnn
    >>> net, data = symcnn.article.network(), symcnn.article.images()
    >>> symcnn.train(net, data, learning_rate=0.5, steps=1_000)
    Run(1000 steps with 'python', loss 0.49876 -> 0.00235868, stopped: steps)
    >>> run = symcnn.train(net, data.images, [0, 1], epochs=40, optimizer="adam", learning_rate=0.1)
    >>> run.history["accuracy"][-1], run.score(data.images, [0, 1])
    (1.0, 1.0)

    By epochs if any argument from ``batch_size`` on is not None. Three defaults differ then, for reasons
    that were measured: with values uniform in [-1, 1) a LeNet-like network stays at chance, and with gradients summed
    over a batch of 64 so does even a small one at the rates that the field uses.

    Args:
        network: with a loss.
        data: ``symcnn.Data`` or a pair (images, targets); or images, and beside them
        targets: rows, or a class for each image: ``symcnn.Data`` says how both may look.
        learning_rate: > 0; sgd subtracts learning_rate · gradient. Default: 0.5; by epochs 0.2 for sgd, 0.05 for
            momentum, 0.005 for adam (with reduction "sum", sgd's and momentum's divided by the batch size).
        steps: how many updates, ≥ 0; default 10,000. By epochs give ``epochs`` instead.
        seed: of the initial values, and by epochs of each epoch's order: ``default_rng((seed, epoch)).permutation``;
            default 0.
        initial: "uniform": in [-1, 1), from ``numpy.random.default_rng(seed)``; "scaled": the same divided by √(number
            of products that a neuron or cell adds up); or values: name -> value, 1-D in the order of
            ``network.parameters``, or a ``Run`` to go on from. Default: "uniform"; by epochs "scaled".
        reduction: "sum" over the samples (the article's E_total), or "mean": gradient and loss of a step divided by its
            samples. Default: "sum"; by epochs "mean".
        stop_below: stop as soon as the loss is below this; by epochs: an epoch's loss per sample.
        backend: "numpy", "expressions", "python", "numba" (extra ``fast``), or "auto": what should finish first for
            this size and these steps. "numba" compiles before its first step, which takes seconds for a network that it
            did not see before (the logger "symcnn.numba" says so), and computes the same bits every time.
        progress: called now and then with the number of steps done so far.
        batch_size: samples of a step; None: all of them.
        epochs: how many in all, those before a resumed checkpoint included, ≥ 0; default 20.
        optimizer: "sgd" (the default), "momentum" (0.9) or "adam" (0.9, 0.999).
        validation: samples that are only measured, after every epoch; where both have labels, a class has the same.
        dtype: "float64" (the default) or "float32" of the training.
        patience: stop when the loss (of the validation data, if any) has not been lower for so many epochs. However
            the training ends then, the parameters are those of the epoch where it was lowest, ``Run.best_epoch``; those
            after the last step are ``Run.last_theta``.
        checkpoint: a file (``.npz``) to write after every epoch, as a whole or not at all.
        resume: a checkpoint to go on from, to the bit as if it had never stopped; its settings are taken over where
            None is passed here, and others must be as there.
        each_epoch: called after every epoch (and before the first) with its ``Epoch``.

    Returns:
        A ``Run``. After Ctrl-C it holds what was learnt so far, in whole batches.

    Raises:
        InputError: a setting, the data, the initial values or a checkpoint cannot be used.
        TrainingDivergedError: the loss became NaN or infinite.
    """
    checked_network(network).require_loss("train")
    data = as_data(data_of(data, targets))
    labels = data.labels
    images, rows = checked(network, data)
    words = None if labels is None else tuple(map(str, labels))
    samples = Data(images.copy(), rows.copy(), words, drawn_in=ink_of(data))
    warn_of_large_pixels(images)
    check_stop(stop_below, backend)
    below = -math.inf if stop_below is None else stop_below
    optimizer = None if optimizer is None else optimizer_called(optimizer).name
    request = {
        "optimizer": optimizer, "batch_size": batch_size, "learning_rate": learning_rate, "reduction": reduction,
        "dtype": dtype, "seed": seed,
    }  # fmt: skip
    options = Options(initial, backend, progress, validation, checkpoint, resume, each_epoch)
    by_epochs = (batch_size, epochs, validation, patience, checkpoint, resume, each_epoch)
    if optimizer in (None, "sgd") and dtype in (None, "float64") and all(x is None for x in by_epochs):
        return _train_full_batch(network, samples, request, steps, below, options)
    if steps is not None:
        raise InputError(
            f"steps={quoted(steps)}: a training by epochs counts epochs; give epochs and batch_size instead"
        )
    stop = StopCriteria(
        checked_count("epochs", EPOCHS if epochs is None else epochs, 0), below,
        None if patience is None else checked_count("patience", patience, 1),
    )  # fmt: skip
    return _train_by_epochs(network, samples, request, stop, options)


@dataclass(frozen=True)
class Options:
    """The arguments of ``train`` besides settings and criteria to stop."""

    initial: Any
    backend: str
    progress: Progress | None
    validation: DataLike | None
    checkpoint: str | Path | None
    resume: str | Path | None
    each_epoch: Callable[[Epoch], None] | None


def _train_full_batch(
    network: Network, samples: Data, request: Mapping[str, Any], steps: Any, below: float, options: Options
) -> Run:
    if steps is None and request["learning_rate"] is None and len(samples) > MANY_SAMPLES:
        warnings.warn(
            f"every one of {FULL_BATCH_STEPS:,} steps takes all {len(samples):,} samples, as in the article;"
            f' mini-batches learn faster: epochs={EPOCHS}, batch_size={MANY_SAMPLES}, optimizer="adam"',
            SymcnnWarning, stacklevel=4,
        )  # fmt: skip
    rate = FULL_BATCH_RATE if request["learning_rate"] is None else request["learning_rate"]
    steps = FULL_BATCH_STEPS if steps is None else steps
    check_settings(rate, steps)
    reduction = checked_reduction("sum" if request["reduction"] is None else request["reduction"])
    seed = 0 if request["seed"] is None else request["seed"]
    initial = _initial_theta(network, seed, "uniform" if options.initial is None else options.initial)
    backend = choose(network, len(samples.images), steps) if options.backend == "auto" else options.backend
    trainer = FullBatchTrainer(
        compile_program(network, backend), (samples.images, samples.targets), float(rate), reduction, initial,
        options.progress,
    )  # fmt: skip
    stopped = trainer.train(StopCriteria(steps, below))
    losses = np.append(trainer.state.losses, trainer.last_loss)
    if request["learning_rate"] is None and losses[-1] > losses[0]:
        warnings.warn(
            f"the loss rose from {losses[0]:g} to {losses[-1]:g} on all samples at once with the article's learning"
            f" rate, {rate:g}: expected a lower one, or a training by epochs (epochs={EPOCHS})",
            SymcnnWarning, stacklevel=4,
        )  # fmt: skip
    return Run(network, samples, initial, trainer.state.theta, losses, float(rate), reduction, backend, stopped)


def _train_by_epochs(
    network: Network, samples: Data, request: Mapping[str, Any], stop: StopCriteria, options: Options
) -> Run:
    arrays = samples.images, samples.targets
    validation = None if options.validation is None else _validation(network, samples, options.validation)
    target = None if options.checkpoint is None else check_checkpoint_path(options.checkpoint)
    # only a checkpoint needs it, and it takes a while for many samples
    fingerprint = "" if target is None and options.resume is None else fingerprint_of(arrays, validation)
    if options.resume is None:
        start = _new_checkpoint(network, samples, request, fingerprint, options)
    else:
        start = _resumed_checkpoint(network, request, fingerprint, stop, options)

    def after_epoch(state: TrainState) -> None:
        if target is not None:
            save_checkpoint(replace(start, state=state, ink=samples.drawn_in), target)
        if options.each_epoch is not None:
            options.each_epoch(state.history[-1])

    program = compile_program(network, start.backend, start.course.dtype)
    trainer = EpochTrainer(program, start.course, arrays, validation, start.state, after_epoch, options.progress)
    stopped = trainer.train(stop)
    state = trainer.state
    assert state.best is not None  # epoch 0 is measured first
    last, best = (theta.astype(np.float64) for theta in (state.theta, state.best))
    keep_best = stop.patience is not None and not np.array_equal(last, best)
    return Run(
        network, samples, start.initial, best if keep_best else last, state.losses.copy(), start.course.learning_rate,
        start.course.reduction, start.backend, stopped, start.course, History.of_epochs(state.history),
        state.best_epoch,
        last if keep_best else None,
    )  # fmt: skip


def _validation(network: Network, samples: Data, data: DataLike) -> Samples:
    try:
        data = by_numbers(data, class_names(samples.targets, samples.labels))
        images, targets = checked(network, data)
        check_same_classes((samples.targets, samples.labels), (targets, data.labels))
    except InputError as error:
        raise InputError(f"validation: {error}") from None
    return images, targets


def _new_checkpoint(
    network: Network, samples: Data, request: Mapping[str, Any], fingerprint: str, options: Options
) -> Checkpoint:
    """The start of a new training."""
    count = len(samples.images)
    config = TrainConfig.from_request(count, **request)
    theta = _initial_theta(network, config.seed, "scaled" if options.initial is None else options.initial)
    state = TrainState(State.start(theta, optimizer_called(config.optimizer), config.dtype))
    is_auto = options.backend == "auto"
    backend = choose_for_epochs(network, count, config.batch_size, config.dtype) if is_auto else options.backend
    classes = class_names(samples.targets, samples.labels)
    return Checkpoint(network, config, backend, fingerprint, classes, state.theta.astype(np.float64), state)


def _resumed_checkpoint(
    network: Network, request: Mapping[str, Any], fingerprint: str, stop: StopCriteria, options: Options
) -> Checkpoint:
    assert options.resume is not None
    checkpoint = load_checkpoint(options.resume)
    try:
        checkpoint.require(network, fingerprint)
        checkpoint.course.require(request)
        if options.initial is not None:
            raise InputError("initial: a resumed training starts from its checkpoint; leave it out")
        if stop.limit <= checkpoint.state.epochs:
            raise InputError(
                f"epochs={stop.limit}: {checkpoint.state.epochs} are done; give a larger total, counted from the very"
                " start"
            )
    except InputError as error:
        raise InputError(f"{options.resume}: {error}") from None
    return checkpoint if options.backend == "auto" else replace(checkpoint, backend=options.backend)


def _initial_theta(network: Network, seed: int, initial: Any) -> Array:
    """Initial values: a run's, by name, as a vector, or drawn ("uniform" or "scaled")."""
    if isinstance(initial, Run):
        initial.require(network)
        return initial.theta.copy()
    return initial_values(network, seed, initial) if isinstance(initial, str) else as_theta(network, initial)


# --- the trainer ----------------------------------------------------------------------------------------------------


class Trainer(ABC):
    """Trains in chunks.

    Attributes:
        first_chunk: steps of the first chunk.
        state: after the last whole chunk.
    """

    first_chunk: ClassVar[int]

    def __init__(self, learning_rate: float, state: TrainState, progress: Progress | None) -> None:
        self.state = state
        self._rate, self._progress, self._chunk = learning_rate, progress, self.first_chunk
        self._losses = state.losses

    def train(self, stop: StopCriteria) -> Stopped:
        """Train until a criterion is met, or until Ctrl-C."""
        try:
            return self._train(stop)
        except KeyboardInterrupt:
            return "interrupted"

    @abstractmethod
    def _train(self, stop: StopCriteria) -> Stopped: ...

    @abstractmethod
    def _place(self, step: int) -> str:
        """The place of a step's loss, for a message; ``step``: as in ``_chunks``."""

    def _chunks(self, steps: int) -> Iterator[range]:
        """The numbers of the steps, chunk by chunk."""
        done = 0
        while done < steps:
            start = time.perf_counter()
            chunk = range(done, min(done + self._chunk, steps))
            yield chunk
            done = chunk.stop
            if self._progress:
                self._progress(len(self.state.losses))
            if time.perf_counter() - start < CHUNK_SECONDS:
                self._chunk *= 2

    def _record(self, chunk: range, variables: State, losses: Array) -> None:
        """Put the result of a chunk into the state."""
        bad = np.flatnonzero(~np.isfinite(losses))
        if bad.size:
            raise self._diverged(losses[bad[0]], self._place(chunk[int(bad[0])]))
        done = len(self.state.losses)
        total = done + len(losses)
        if total > len(self._losses):  # twice as long each time, so that each loss is copied only a few times
            self._losses = np.concatenate([self.state.losses, np.empty(total)])
        self._losses[done:total] = losses
        # in one assignment, so that Ctrl-C never finds half of it
        self.state = replace(self.state, variables=variables, losses=self._losses[:total])

    def _diverged(self, loss: float, place: str) -> TrainingDivergedError:
        return TrainingDivergedError(
            f"the loss is {loss} {place} with learning_rate={self._rate:g}: training diverged; use a smaller learning"
            " rate"
        )


class FullBatchTrainer(Trainer):
    """Every step on all samples.

    Args:
        theta: parameters before the first step.
    """

    first_chunk = 64

    def __init__(
        self, program: Program, samples: Samples, learning_rate: float, reduction: Reduction, theta: Array,
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, TrainState(State.start(theta, optimizer_called("sgd"))), progress)
        self._factor = 1.0 if reduction == "sum" else 1.0 / len(samples[0])
        self._advance_program = program.trainer(*samples)

    def _train(self, stop: StopCriteria) -> Stopped:
        for chunk in self._chunks(stop.limit):
            variables, losses = self._advance(len(chunk))
            below = np.flatnonzero(losses < stop.below)
            if below.size:
                variables, losses = self._advance(int(below[0]))  # the same steps again, up to there
            self._record(chunk, variables, losses)
            if below.size:
                return "loss"
        return "loss" if stop.below > -math.inf and self.last_loss < stop.below else "steps"

    @cached_property
    def last_loss(self) -> float:
        """The loss after the last step: that of a further step whose update is dropped."""
        loss = float(self._advance(1)[1][0])
        if not math.isfinite(loss):
            raise self._diverged(loss, self._place(len(self.state.losses)))
        return loss

    def _advance(self, steps: int) -> tuple[State, Array]:
        if not steps:
            return self.state.variables, np.empty(0)
        theta, losses = self._advance_program(self.state.theta.tolist(), self._rate * self._factor, steps)
        variables = State({THETA.name: np.array(theta)})
        return variables, losses if self._factor == 1 else self._factor * losses

    def _place(self, step: int) -> str:
        return f"after {step} steps"


class EpochTrainer(Trainer):
    """Epoch by epoch.

    Args:
        samples, validation: images and targets; validation may be None.
        state: at the start.
        after_epoch: called with the state after each epoch, and before the first.
    """

    first_chunk = 8

    def __init__(
        self, program: Program, config: TrainConfig, samples: Samples, validation: Samples | None, state: TrainState,
        after_epoch: Callable[[TrainState], None], progress: Progress | None = None,
    ) -> None:  # fmt: skip
        super().__init__(config.learning_rate, state, progress)
        samples = _of_dtype(config.dtype, samples)
        self._config, self._samples, self._after_epoch = config, len(samples[0]), after_epoch
        self._variables = _copy(state.variables)
        self._learner = program.learner(*samples, config.batching, self._variables)
        self._meters = [measuring(self._learner, *samples)]
        if validation is not None:
            self._meters.append(measuring(self._learner, *_of_dtype(config.dtype, validation)))

    def train(self, stop: StopCriteria) -> Stopped:
        stopped = super().train(stop)
        if not self.state.history:  # Ctrl-C before anything was measured
            raise KeyboardInterrupt
        return stopped

    def _train(self, stop: StopCriteria) -> Stopped:
        if not self.state.history:
            self._measure()
        while (stopped := self._met(stop)) is None:
            self._epoch()
            self._measure()
        return stopped

    def _met(self, stop: StopCriteria) -> Stopped | None:
        if self.state.history[-1].loss < stop.below:
            return "loss"
        if stop.patience is not None and self.state.epochs_without_gain >= stop.patience:
            return "patience"
        return "epochs" if self.state.epochs >= stop.limit else None

    def _epoch(self) -> None:
        order = order_of(self.state.epochs + 1, self._config.seed, self._samples)
        size = self._config.batch_size
        for chunk in self._chunks(math.ceil(len(order) / size)):
            losses = self._learner.epoch(order[chunk.start * size : chunk.stop * size])
            self._record(chunk, _copy(self._variables), losses)

    def _place(self, step: int) -> str:
        return f"in epoch {self.state.epochs + 1}, step {step + 1}"

    def _measure(self) -> None:
        number = len(self.state.history)
        epoch = Epoch(number, *(value for measure in self._meters for value in measure()))  # type: ignore[arg-type]
        for loss in (epoch.loss, epoch.watched):
            if not math.isfinite(loss):
                raise self._diverged(loss, f"after epoch {number}")
        state = replace(self.state, history=(*self.state.history, epoch))
        if state.best is None or epoch.watched < state.history[state.best_epoch].watched:
            state = replace(state, best_epoch=number, best=state.theta.copy())
        self.state = state
        self._after_epoch(state)


def order_of(epoch: int, seed: int, samples: int) -> Order:
    """The order of the samples in an epoch, counted from 1."""
    return np.random.default_rng((seed, epoch)).permutation(samples)


def _copy(variables: State) -> State:
    """A copy of the state, which the learner changes in place."""
    return State({name: values.copy() for name, values in variables.arrays.items()}, dict(variables.scalars))


def _of_dtype(dtype: str, samples: Samples) -> Samples:
    images, targets = samples
    return np.ascontiguousarray(images, dtype=dtype), np.ascontiguousarray(targets, dtype=dtype)
