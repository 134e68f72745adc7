"""The samples that a command works on: the options that name them, read them and choose some of them."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from symcnn.cli.language import text
from symcnn.cli.shared import FILE, load_network, option, print_hint, require_samples, say, warnings_as_lines
from symcnn.errors import InputError

if TYPE_CHECKING:
    from symcnn.network import Data, Ink, Network
    from symcnn.train import Run

data_option = option("--data", type=FILE, metavar="FILE|DIR")
ink_option = option("--ink", type=click.Choice(["black", "white"]))

_READER_OPTIONS = (
    option("--labels", type=FILE, metavar="FILE"),
    option("--part", type=click.Choice(["train", "val", "test"])),
    option("--label-column", metavar="first|last|NAME|N"),
    option("--header/--no-header", default=None),
    ink_option,
)


def _with(options: tuple[Callable[[Any], Any], ...], command: Callable[..., Any]) -> Callable[..., Any]:
    for decorated in reversed(options):
        command = decorated(command)
    return command


@dataclass
class SampleReader:
    """Reads samples with the command's options for them; ``resumed_ink`` is the ink of a resumed training."""

    labels: Path | None
    part: Any
    label_column: str | None
    header: bool | None
    ink: "Ink | None"
    resumed_ink: "Ink | None" = None

    def check(self, data: Path | None, validation: Path | None = None) -> None:
        """Refuse an option that applies to none of the files."""
        suffixes = [file.suffix.lower() for file in (data, validation) if file is not None]
        where = "--data" if validation is None else "--data or --validation"
        if self.label_column is not None and ".csv" not in suffixes:
            raise InputError(f"--label-column: needs a .csv file in {where}")
        if self.header is not None and ".csv" not in suffixes:
            raise InputError(f"--header: needs a .csv file in {where}")
        if self.ink is not None and not any(file is not None and os.path.isdir(file) for file in (data, validation)):
            raise InputError(f"--ink: needs a folder of pictures in {where}")
        if self.part is not None and (data is None or not (os.path.isdir(data) or data.suffix.lower() == ".npz")):
            raise InputError("--part: needs an .npz file or a folder of IDX files in --data")
        if self.labels is not None and data is None:
            raise InputError("--labels: needs an IDX file of images in --data")

    def __call__(self, path: Path, network: "Network") -> "Data":
        return self._read(path, network, self.part, self.labels)

    def validation(self, path: Path, network: "Network") -> "Data":
        """Samples for validation: of a file with parts not those that are trained on."""
        from symcnn.network.datafiles import parts_of

        part = None
        if os.path.exists(path):
            part = next((name for name in ("val", "test") if name in parts_of(path)), None)
            print_hint(None if part is None else f"--validation: of {path} the part {part}")
        return self._read(path, network, part, None)

    def _read(self, path: Path, network: "Network", part: Any, labels: Path | None) -> "Data":
        import symcnn

        folder = os.path.isdir(path)
        table = path.suffix.lower() == ".csv" and not folder
        with warnings_as_lines("hint"):
            return symcnn.read_data(
                path, network, part=part, labels=labels, label_column=self.label_column if table else None,
                header=self.header if table else None, ink=self.ink or self.resumed_ink if folder else None,
            )  # fmt: skip


def reader_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How samples are read; the command gets a ``SampleReader``, ``read``."""

    @wraps(command)
    def with_reader(
        *args: Any, labels: Path | None, part: Any, label_column: str | None, header: bool | None, ink: "Ink | None",
        **rest: Any,
    ) -> Any:  # fmt: skip
        return command(*args, read=SampleReader(labels, part, label_column, header, ink), **rest)

    return _with(_READER_OPTIONS, with_reader)


@dataclass
class Chosen:
    """What a command is about.

    Attributes:
        run: the training, if one was named.
        is_whole: the samples are all those of the training.
    """

    network: "Network"
    data: "Data | None"
    run: "Run | None" = None
    is_whole: bool = True


@dataclass
class SampleChoice:
    """Which samples of which file, or of which training; None and nothing chosen: those of the network file."""

    data: Path | None
    sample: tuple[int, ...]
    run: Path | None
    read: SampleReader

    def check_options(self, *of_a_training: str) -> None:
        """Refuse options that a training named by --run has of its own; by their parameters' names."""
        for name in of_a_training:
            if self.run is not None and _is_on_command_line(name):
                raise InputError(f"--{name.replace('_', '-')}: the training in --run has its own; leave it out")

    def learning_rate(self, chosen: Chosen, value: float) -> float:
        """The option's, if it is on the command line; else that of the training in --run, if there is one."""
        return value if chosen.run is None or _is_on_command_line("learning_rate") else chosen.run.learning_rate

    def load(self, network: Path | None) -> Chosen:
        """Read the network, the samples and the training.

        Raises:
            InputError: one of them cannot be used, or they don't fit each other.
        """
        from symcnn.train import Run, load_checkpoint

        self.read.check(self.data)
        net, samples = (None, None) if self.run is not None and network is None else load_network(network)
        checkpoint = run = None
        if self.run is not None:
            if self.run.suffix.lower() == ".npz":
                checkpoint = load_checkpoint(self.run)
            else:
                run = Run.load(self.run)
                samples = run.data
            trained = run or checkpoint
            assert trained is not None
            if net is not None and net != trained.network:
                raise InputError(f"{self.run}: was trained with a different network than {network}")
            net, self.read.resumed_ink = trained.network, trained.ink
        assert net is not None
        if self.data is not None:
            samples = self.read(self.data, net)
        if checkpoint is not None and samples is None:
            raise InputError(f"{self.run}: a checkpoint has no samples; add --data")
        if checkpoint is not None and samples is not None:
            run = Run.from_checkpoint(checkpoint, samples)
        if self.sample:
            samples = _some_of(require_samples(net, samples, network), self.sample)
        return Chosen(net, samples, run, self.data is None and not self.sample)


def _is_on_command_line(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def _some_of(data: "Data", numbers: tuple[int, ...]) -> "Data":
    """Samples by their numbers from 1; a line for each says which it is."""
    import numpy as np

    for number in numbers:
        if not 1 <= number <= len(data):
            raise InputError(f"--sample {number}: expected a whole number from 1 to {len(data)}")
    chosen = data[[number - 1 for number in numbers]]
    targets = np.asarray(chosen.targets)
    for n, number in enumerate(numbers):
        row = targets[n]
        if chosen.labels is not None:
            word = f", {chosen.labels[n]}"
        else:
            is_class = len(row) > 1 and row.max() == row.sum() == 1
            word = f", {text('samples.class', number=row.argmax())}" if is_class else ""
        say(f"symcnn: {text('samples.chosen', number=number, count=len(data))}{word}", stderr=True)
    return chosen


_CHOICE_OPTIONS = (
    data_option,
    option("--sample", type=int, multiple=True, metavar="N"),
    option("--run", type=FILE, metavar="RUN.json|FILE.npz"),
)


def choice_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which samples; the command gets a ``SampleChoice``, ``choice``."""

    @reader_options
    @wraps(command)
    def with_choice(
        *args: Any, data: Path | None, sample: tuple[int, ...], run: Path | None, read: SampleReader, **rest: Any
    ) -> Any:
        return command(*args, choice=SampleChoice(data, sample, run, read), **rest)

    return _with(_CHOICE_OPTIONS, with_choice)
