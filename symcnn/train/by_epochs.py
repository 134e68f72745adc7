"""``train`` by epochs: the settings, a checkpoint to go on from, the lesson, and what comes of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from symcnn.errors import InputError
from symcnn.network import Array, Data, DataLike, Network, as_data, check_same_classes, checked, class_names
from symcnn.numeric import compile_program
from symcnn.numeric.learner import State
from symcnn.numeric.optimizers import THETA, optimizer_called
from symcnn.train.checkpoint import Checkpoint, check_place, fingerprint, load_checkpoint, save_checkpoint
from symcnn.train.choice import choose_for_epochs
from symcnn.train.epochs import Lesson, Limits, Stand
from symcnn.train.metrics import Epoch
from symcnn.train.run import Run, starting_values
from symcnn.train.settings import Course, Progress, continued, course_of


@dataclass(frozen=True)
class Extras:
    """What a training by epochs may be given besides its settings; as in ``train``."""

    validation: DataLike | None
    backend: str
    checkpoint: str | Path | None
    resume: str | Path | None
    each_epoch: Callable[[Epoch], None] | None
    progress: Progress | None


@dataclass(frozen=True)
class _Start:
    course: Course
    backend: str
    initial: Array
    stand: Stand


def train_by_epochs(
    network: Network, given: Data, asked: Mapping[str, Any], initial: Any, limits: Limits, extras: Extras
) -> Run:
    """``train`` by epochs.

    Args:
        given: checked samples.
        asked: the fields of a ``Course``, None where nothing is said.
    """
    samples = given.images, given.targets
    unseen = None if extras.validation is None else _validation(network, given, extras.validation)
    target = None if extras.checkpoint is None else check_place(extras.checkpoint)
    # nobody asks for it unless there is a checkpoint, and many samples take a while
    mark = "" if target is None and extras.resume is None else fingerprint(samples, unseen)
    if extras.resume is None:
        start = _anew(network, samples, asked, initial, extras.backend)
    else:
        start = _resumed(network, mark, asked, initial, limits, extras)
    classes = class_names(given.targets, given.labels)

    def after(stand: Stand) -> None:
        if target is not None:
            made = Checkpoint(network, start.course, start.backend, mark, classes, start.initial, stand, given.drawn_in)
            save_checkpoint(made, target)
        if extras.each_epoch is not None:
            extras.each_epoch(stand.history[-1])

    program = compile_program(network, start.backend, start.course.dtype)
    lesson = Lesson(program, start.course, samples, unseen, start.stand, after, extras.progress)
    ended = lesson.run(limits)
    stand = lesson.stand
    assert stand.best is not None  # epoch 0 is measured first
    last, best = (theta.astype(np.float64) for theta in (stand.state.arrays[THETA.name], stand.best))
    stopped_early = limits.patience is not None and not np.array_equal(last, best)
    return Run(
        network, given, start.initial, best if stopped_early else last, stand.losses, start.course.learning_rate,
        start.course.reduction, start.backend, ended, start.course, stand.history, stand.best_epoch,
        last if stopped_early else None,
    )  # fmt: skip


def _validation(network: Network, given: Data, data: DataLike) -> tuple[Array, Array]:
    try:
        images, targets = checked(network, data)
        check_same_classes((given.targets, given.labels), (targets, as_data(data).labels))
    except InputError as error:
        raise InputError(f"validation: {error}") from None
    return images, targets


def _anew(
    network: Network, samples: tuple[Array, Array], asked: Mapping[str, Any], initial: Any, backend: str
) -> _Start:
    course = course_of(len(samples[0]), **asked)
    theta = starting_values(network, course.seed, "scaled" if initial is None else initial)
    state = State.start(theta, optimizer_called(course.optimizer), course.dtype)
    if backend == "auto":
        backend = choose_for_epochs(network, len(samples[0]), course.batch_size, course.dtype)
    return _Start(course, backend, state.arrays[THETA.name].astype(np.float64), Stand(state))


def _resumed(
    network: Network, mark: str, asked: Mapping[str, Any], initial: Any, limits: Limits, extras: Extras
) -> _Start:
    assert extras.resume is not None
    found = load_checkpoint(extras.resume)
    try:
        found.require(network, mark)
        course = continued(found.course, asked)
        if initial is not None:
            raise InputError("initial: a resumed training starts from its checkpoint; leave it out")
        if limits.epochs <= found.stand.epochs:
            raise InputError(
                f"epochs={limits.epochs}: {found.stand.epochs} are done; expected more, counted from the very start"
            )
    except InputError as error:
        raise InputError(f"{extras.resume}: {error}") from None
    return _Start(course, found.backend if extras.backend == "auto" else extras.backend, found.initial, found.stand)
