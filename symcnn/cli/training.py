"""``symcnn train`` and ``symcnn predict``."""

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symcnn.cli.language import decimal, grouped, language, text
from symcnn.cli.samples import SampleReader, data_option, ink_option, reader_options
from symcnn.cli.shared import (
    FILE,
    Command,
    lang_option,
    load_network,
    log_lines,
    network_argument,
    option,
    print_files,
    print_hint,
    print_table,
    progress_bar,
    require_samples,
    say,
    warnings_as_lines,
)
from symcnn.errors import InputError, SymcnnWarning
from symcnn.text.characters import visible

if TYPE_CHECKING:
    from symcnn.network import Data, Ink, Network
    from symcnn.train import Epoch, Run

#: The pixels of samples that reach further are on another scale than those of a PNG.
LARGEST_OF_PICTURES = 1.5

#: By epochs, on the command line.
BATCH_SIZE = 64


@click.command(cls=Command)
@network_argument
@data_option
@option("--validation", type=FILE, metavar="FILE|DIR")
@option("--hold-out", type=float, metavar="SHARE")
@reader_options
@option("--learning-rate", "--rate", type=float)
@option("--steps", type=int)
@option("--epochs", type=int)
@option("--batch-size", type=int)
@option("--optimizer", type=click.Choice(["sgd", "momentum", "adam"]))
@option("--dtype", type=click.Choice(["float64", "float32"]))
@option("--seed", type=int)
@option("--initial", type=click.Choice(["uniform", "scaled"]))
@option("--backend", default="auto", show_default=True)
@option("--reduction", type=click.Choice(["sum", "mean"]))
@option("--stop-below", type=float)
@option("--patience", type=int)
@option("--checkpoint", type=FILE, metavar="FILE.npz")
@option("--resume", type=FILE, metavar="RUN.json|FILE.npz")
@option("--save", type=FILE, metavar="RUN.json")
@option("--plot", type=FILE, metavar="FILE.png|svg")
@lang_option
def train(
    network: Path | None, data: Path | None, validation: Path | None, hold_out: float | None, save: Path | None,
    plot: Path | None, resume: Path | None, read: SampleReader, **options: Any,
) -> None:  # fmt: skip
    """Train by steps on all images at once, or by epochs."""
    import symcnn
    from symcnn.files import check_apart, check_writable
    from symcnn.network import checked_images, large_pixels
    from symcnn.train.plot import check_plottable
    from symcnn.train.store import check_savable

    checkpoint = options["checkpoint"]
    for path, suffixes in ((save, (".json",)), (plot, (".png", ".svg")), (checkpoint, (".npz",))):
        if path is not None:
            # a checkpoint may be written on in its own file: all that was in it stays
            own = path is checkpoint and resume is not None and resume.suffix.lower() == ".npz"
            check_apart(check_writable(path, suffixes), network, data, read.labels, validation, None if own else resume)
    if plot is not None:
        check_plottable(plot)
    read.check(data, validation)
    net, samples = _network_and_samples(network, data, resume, options, read)
    by_epochs = _by_epochs(data, validation or hold_out, options)
    if validation is not None and hold_out is not None:
        raise InputError("--validation and --hold-out cannot be used together")
    if validation is not None:
        options["validation"] = read.validation(validation, net)
    if hold_out is not None:
        samples, options["validation"] = _hold_out(samples, hold_out, options)
    if save is not None:
        check_savable(save, net, samples)
    print_hint(large_pixels(checked_images(net, samples.images, samples.ink)))
    bar = progress_bar(text("bar.training"), _steps(len(samples.images), by_epochs, options))
    with warnings.catch_warnings(), bar as advance, log_lines():
        warnings.simplefilter("ignore", SymcnnWarning)
        each = _EpochLines() if by_epochs else None
        run = symcnn.train(net, samples, progress=advance, each_epoch=each, **options)
    written: list[Path] = []
    try:  # first the files: whatever happens to the terminal, what was learnt is kept
        written += [run.save(save)] if save is not None else []
        written += [run.plot(plot)] if plot is not None else []
        written += [options["checkpoint"]] if options["checkpoint"] is not None else []
    finally:
        _print_run(run)
        print_files(written)
    print_hint(chance_hint(run))


def _network_and_samples(
    network: Path | None, data: Path | None, resume: Path | None, options: dict[str, Any], read: SampleReader
) -> "tuple[Network, Data]":
    """Return the network and the samples; put what the training resumes from into ``options``."""
    import symcnn
    from symcnn.train import load_checkpoint

    net, samples = (None, None) if resume is not None and network is None else load_network(network)
    if resume is not None and resume.suffix.lower() == ".npz":
        options["resume"] = resume
        before = load_checkpoint(resume)
        net, read.resumed_ink = net or before.network, before.ink
    elif resume is not None:
        initial = symcnn.Run.load(resume)
        if options["initial"] is not None:
            raise InputError("--initial: a resumed training has its values; leave it out")
        options["initial"], read.resumed_ink = initial, initial.ink
        if net is None:
            net, samples = initial.network, initial.data
        elif net != initial.network:
            raise InputError(f"{resume}: was trained with a different network than {network}")
        _restore_settings(initial, options)
    assert net is not None
    if data is not None:
        return net, read(data, net)
    if samples is None and network is None:
        raise InputError(f"{resume}: a checkpoint has no samples; add --data")
    if samples is None and net.loss is not None:
        raise InputError(f"{network}: no samples; add [[sample]] tables with image and target, or give --data")
    return net, require_samples(net, samples, network)


def _hold_out(samples: "Data", share: float, options: dict[str, Any]) -> "tuple[Data, Data]":
    """The samples to train on, and the share held out; a resumed training holds out the same samples as before."""
    from symcnn.train import load_checkpoint

    seed = options["seed"]
    if seed is None:
        seed = 0 if options.get("resume") is None else load_checkpoint(options["resume"]).course.seed
    try:
        return samples.split(share, seed)
    except InputError as error:
        raise InputError(f"--hold-out: {error}") from None


def _restore_settings(run: "Run", options: dict[str, Any]) -> None:
    """Put the settings of a saved run into ``options`` where the user chose none."""
    before: dict[str, Any] = {"learning_rate": run.learning_rate, "reduction": run.reduction}
    if run.course is not None and options["steps"] is None:
        course = run.course
        before |= {"optimizer": course.optimizer, "batch_size": course.batch_size, "dtype": course.dtype}
    options |= {name: value for name, value in before.items() if options[name] is None}


def _by_epochs(data: Path | None, validation: object, options: dict[str, Any]) -> bool:
    """Whether the training is by epochs; then a default batch size is put into ``options``."""
    names = ("batch_size", "epochs", "patience", "checkpoint", "resume")
    named = validation is not None or any(options.get(name) is not None for name in names)
    special = options["optimizer"] not in (None, "sgd") or options["dtype"] not in (None, "float64")
    by_epochs = named or special or (data is not None and options["steps"] is None)
    if by_epochs and options["batch_size"] is None and options.get("resume") is None:
        options["batch_size"] = BATCH_SIZE
    return by_epochs


def _steps(samples: int, by_epochs: bool, options: dict[str, Any]) -> int | None:
    from symcnn.train.settings import EPOCHS, FULL_BATCH_STEPS

    if not by_epochs:
        return FULL_BATCH_STEPS if options["steps"] is None else int(options["steps"])
    size, epochs = options["batch_size"], EPOCHS if options["epochs"] is None else int(options["epochs"])
    return None if size is None or size < 1 else epochs * math.ceil(samples / int(size))


class _EpochLines:
    """Prints a line for each epoch, as soon as it is measured."""

    def __init__(self) -> None:
        names = ("epoch", "loss", "accuracy", "validation_loss", "accuracy")
        self._heads = [text(f"train.{name}").rjust(10 if name == "loss" else 0) for name in names]
        self._has_heads = False

    def __call__(self, epoch: "Epoch") -> None:
        cells = (
            f"{epoch.number}", *map(_figure, (epoch.loss,)), _share(epoch.accuracy), _figure(epoch.validation_loss),
            _share(epoch.validation_accuracy),
        )  # fmt: skip
        columns = [(head, cell) for head, cell in zip(self._heads, cells, strict=True) if cell is not None]
        if not self._has_heads:
            say("  ".join(head for head, _ in columns))
            self._has_heads = True
        say("  ".join(cell.rjust(len(head)) for head, cell in columns))


def _figure(value: float | None) -> str | None:
    return None if value is None else decimal(f"{value:.6g}")


def _share(value: float | None) -> str | None:
    return None if value is None else decimal(f"{100 * value:.2f} %")


def _number(value: float, digits: int = 6) -> str:
    from symcnn.formula import format_number

    return decimal(format_number(value, digits))


def _print_run(run: "Run") -> None:
    losses = (
        (float(run.loss[0]), float(run.loss[-1])) if run.course is None else (run.history[0].loss, run.measured.loss)
    )
    first, last = losses
    why = text(f"train.stopped_{run.stopped}")
    rows = [
        (text("train.steps"), text("train.stopped", steps=grouped(run.steps), why=why)),
        (text("train.backend"), run.backend),
        (text("train.loss"), f"{_number(first)} → {_number(last)}"),
        (
            text("train.correct"),
            text("train.correct_value", right=grouped(run.right), count=grouped(len(run.predictions))),
        ),
    ]
    if run.course is not None:
        c = run.course
        words = text(
            "train.course", epochs=run.history[-1].number, optimizer=c.optimizer, rate=decimal(f"{c.learning_rate:g}"),
            size=c.batch_size, reduction=c.reduction, dtype=c.dtype,
        )  # fmt: skip
        best = [(text("train.parameters"), text("train.best", epoch=run.best_epoch))]
        rows[1:1] = [(text("train.epochs"), words), *(best if run.last is not None else [])]
    print_table(text("train.title"), rows)
    if run.course is None:
        _print_outputs(run)


def chance_hint(run: "Run") -> str | None:
    """A line for a training that has learnt nothing: the network answers no better than one that says the same for
    every image. None where it does better, or where the targets are no classes."""
    import numpy as np

    from symcnn.network import checked
    from symcnn.train.metrics import are_classes

    targets = checked(run.network, run.data)[1]
    steps = run.steps if run.course is None else run.history[-1].number
    classes = targets[:, 0] if targets.shape[1] == 1 else np.argmax(targets, axis=1)
    counts = np.unique(classes, return_counts=True)[1]
    if not steps or len(counts) < 2 or not are_classes(targets):
        return None
    mean = targets.mean(axis=0)
    deviation, entropy = ((targets - mean) ** 2).mean(axis=0), 0.0
    for share in mean[mean > 0].tolist():
        entropy -= share * math.log(share)
    if run.network.loss == "binary_cross_entropy":
        entropy -= sum(share * math.log(share) for share in (1 - mean)[mean < 1].tolist())
    constant = {"half_squared_error": float(deviation.sum()) / 2, "mse": float(deviation.mean())}
    best = constant.get(str(run.network.loss), entropy)
    loss = run.history[-1].loss if run.course is not None else float(run.loss[-1])
    if run.course is None and run.reduction == "sum":
        loss /= len(targets)
    commonest = int(counts.max())
    if run.right > commonest or loss < best * (1 - 1e-3):
        return None
    share = f"{100 * commonest / len(targets):.3g} %"
    return (
        f"nothing is learnt yet: the same answer for every image would be right as often ({share}); pixels from 0 to 1,"
        " another --rate, --optimizer adam, or more epochs usually help"
    )


def _print_outputs(run: "Run") -> None:
    from symcnn.text import catalogue

    outputs = run.network.forward.outputs.scalars()
    labels = run.data.labels or [str(n) for n in range(1, len(run.predictions) + 1)]
    pairs = zip(labels[:20], run.predictions[:20].tolist(), strict=True)
    known = catalogue(language()).words("shown")
    rows = [(known.get(str(label), str(label)), *map(_number, values)) for label, values in pairs]
    print_table(text("train.outputs"), rows, [text("train.image"), *outputs])
    values = [
        (name, _number(a), _number(b))
        for name, a, b in zip(run.network.parameters, run.initial.tolist(), run.theta.tolist(), strict=True)
    ]
    heads = [text(f"train.{name}") for name in ("parameter", "before", "after")]
    print_table(text("train.parameters"), values[:60], heads)
    if len(values) > 60:
        say(text("train.more", count=grouped(len(values) - 60)))


@click.command(cls=Command)
@click.argument("run", type=FILE, metavar="RUN.json|CHECKPOINT.npz")
@click.argument("images", type=FILE, nargs=-1, required=True, metavar="IMAGE...")
@ink_option
@lang_option
def predict(run: Path, images: tuple[Path, ...], ink: "Ink | None") -> None:
    """Print the outputs of a saved training for images of one's own."""
    from symcnn.network import read_images
    from symcnn.train.run import Trained

    trained = Trained.load(run)
    pictures = [path for path in images if path.suffix.lower() == ".png"]
    if ink is not None and not pictures:
        raise InputError("--ink: is for PNG images; numbers are taken as they are")
    if None not in (ink, trained.ink) and ink != trained.ink:
        print_hint(f"--ink {ink}: it was trained on pictures with --ink {trained.ink}")
    ink = ink or trained.ink
    if pictures and trained.largest is not None and trained.largest > LARGEST_OF_PICTURES:
        print_hint(
            f"it was trained on pixels up to {trained.largest:g}, and those of a PNG are from 0 to 1: what it says of"
            " them means little; bring the samples to [0, 1] and train again"
        )
    with warnings_as_lines("hint"):
        batches = [(path, read_images(path, trained.network, ink if path in pictures else None)) for path in images]
    has_probabilities = trained.network.probabilities is not None
    heads, row = _answers(trained.network, trained.classes)
    rows: list[list[str]] = []
    for path, pixels in batches:
        values = trained.probabilities(pixels) if has_probabilities else trained.predict(pixels)
        for n, outputs in enumerate(values.tolist(), 1):
            if not all(map(math.isfinite, outputs)):
                raise InputError(f"{path}: the outputs are not finite; expected pixels of an ordinary size")
            name = visible(str(path)) if len(pixels) == 1 else f"{visible(str(path))} ({n})"
            rows.append([name, *row(outputs, trained.classes)])
    print_table("", rows, [text("predict.image"), *heads])
    if trained.labels:
        more = ", …" if len(trained.labels) > 20 else ""
        say(text("predict.labels", labels=", ".join(trained.labels[:20]), more=more))


def _answers(
    network: "Network", classes: tuple[str, ...] | None
) -> tuple[list[str], Callable[[list[float], tuple[str, ...] | None], list[str]]]:
    """The column heads, and what makes a row of an image's outputs (with cross_entropy, of its probabilities)."""
    names = network.forward.outputs.scalars()
    klass, probability = text("predict.class"), text("predict.probability")
    if network.loss == "cross_entropy":
        return [klass, probability, text("predict.second"), probability], _class_row
    if network.loss == "binary_cross_entropy" and len(names) == 1:
        return [*names, klass, probability], _two_class_row
    if len(names) == 1:
        return [*names, *([klass] if classes else [])], _single_output_row
    return [*names, text("predict.answer")], _output_row


def _single_output_row(outputs: list[float], classes: tuple[str, ...] | None) -> list[str]:
    return _two_class_row(outputs, classes)[: 2 if classes else 1]


def _two_class_row(outputs: list[float], classes: tuple[str, ...] | None) -> list[str]:
    """The single output is the probability of the second class."""
    [output] = outputs
    k = int(output >= 0.5)
    return [_number(output), classes[k] if classes else str(k), _number(output if k else 1 - output, 4)]


def _output_row(outputs: list[float], classes: tuple[str, ...] | None) -> list[str]:
    best = max(range(len(outputs)), key=outputs.__getitem__)
    return [*map(_number, outputs), f"o_{best + 1}" + (f" ({classes[best]})" if classes else "")]


def _class_row(probabilities: list[float], classes: tuple[str, ...] | None) -> list[str]:
    first, second = sorted(range(len(probabilities)), key=lambda k: -probabilities[k])[:2]
    return [cell for k in (first, second) for cell in (classes[k] if classes else str(k), _number(probabilities[k], 4))]
