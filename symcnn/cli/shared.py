"""Shared by the commands: options, reading of networks, tables and progress bars."""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from symcnn.errors import InputError, SymcnnWarning
from symcnn.text import LANGUAGES
from symcnn.text.characters import visible

if TYPE_CHECKING:
    from rich.console import Console

    from symcnn.network import Data, Network

Command = TypeVar("Command", bound=Callable[..., Any])

#: A file that is named on the command line.
FILE = click.Path(path_type=Path)

network_argument = click.argument("network", required=False, type=FILE, metavar="[NETWORK.toml]")
lang_option = click.option(
    "--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Language of what is written."
)
certificate_option = click.option(
    "--certificate",
    type=FILE,
    metavar="FILE.v",
    help="A certificate of this network, from `symcnn certify`: Coq checks it, and it is told of.",
)
rate_option = click.option("--learning-rate", "--rate", type=float, default=0.5, show_default=True, help="Above 0.")
seed_option = click.option("--seed", type=int, default=0, show_default=True, help="Of the initial values.")


def steps_option(default: int) -> Callable[[Command], Command]:
    return click.option("--steps", type=int, default=default, show_default=True, help="Steps of gradient descent.")


def out_option(default: str, words: str = "The file to write.") -> Callable[[Command], Command]:
    return click.option("--out", type=FILE, default=default, show_default=True, help=words)


class CheckFailed(click.ClickException):
    """Exit status 1."""

    exit_code = 1


class NothingDecided(CheckFailed):
    """Exit status 3."""

    exit_code = 3


def end_check(status: int, subject: Path, wrong: str) -> None:
    """Raise the error for the exit status: 1 with what is wrong, 3 where nothing could be decided."""
    if status == CheckFailed.exit_code:
        raise CheckFailed(wrong)
    if status == NothingDecided.exit_code:
        raise NothingDecided(f"{visible(str(subject))}: nothing could be decided")


def load_network(path: Path | None) -> "tuple[Network, Data | None]":
    """Read the network and samples of a file; without a path, return those of the article."""
    from symcnn import article as article_data
    from symcnn.network import read_network

    return (article_data.network(), article_data.images()) if path is None else read_network(path)


def require_samples(network: "Network", data: "Data | None", path: Path | None) -> "Data":
    network.require_loss(str(path))
    if data is None:
        raise InputError(f"{path}: holds no samples; add [[sample]] tables with image and target")
    return data


def console_for(stderr: bool = False) -> "Console":
    """Return a console that prints text as it is: no markup, no emoji names, no highlighting."""
    from rich import console as rich

    class Console(rich.Console):
        def on_broken_pipe(self) -> None:  # `symcnn train | head`: rich would end the program with status 1
            raise BrokenPipeError

    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=140)
    return console


def say(text: str, stderr: bool = False) -> None:
    """Print lines; a character that would move the cursor or colour the terminal is shown as its escape."""
    click.echo("\n".join(map(visible, text.split("\n"))), err=stderr)


@contextmanager
def log_lines() -> Iterator[None]:
    """Print what symcnn logs as lines on standard error."""
    import logging

    # standard error as it is now: a progress bar lets lines through
    log, handler = logging.getLogger("symcnn"), logging.StreamHandler(sys.stderr)
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


@contextmanager
def warnings_as_lines(word: str = "warning") -> Iterator[None]:
    """Print each of symcnn's own warnings once, as a line on standard error that begins with ``word``."""
    default, printed = warnings.showwarning, set()

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        line = f"symcnn: {word}: {message}"
        if not issubclass(category, SymcnnWarning):
            default(message, category, *where, **more)
        elif line not in printed:
            printed.add(line)
            say(line, stderr=True)

    with warnings.catch_warnings():
        warnings.simplefilter("always", SymcnnWarning)
        warnings.showwarning = show
        yield


@contextmanager
def progress_bar(words: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on standard error, on a terminal only; the function yielded sets how much is done."""
    from rich.progress import Progress

    console = console_for(stderr=True)
    if not console.is_terminal:  # not Progress(disable=True): some versions of rich then print an empty line
        yield lambda done: None
        return
    # lines on standard output are let through the bar only where both go to the terminal
    through = sys.stdout.isatty()
    with Progress(console=console, transient=True, redirect_stdout=through) as bar:
        task = bar.add_task(words, total=total)

        def advance(done: int) -> None:
            bar.update(task, completed=done)

        yield advance


def print_table(title: str, rows: Sequence[Sequence[str]], heads: Sequence[str] = ()) -> None:
    from rich.table import Table

    console = console_for()
    if title:
        console.print(visible(title))
    table = Table(show_header=bool(heads))
    for head in heads or rows[0]:
        table.add_column(head if heads else "", overflow="fold")
    for row in rows:
        table.add_row(*("\n".join(map(visible, cell.split("\n"))) for cell in row))
    console.print(table)


def print_hint(message: str | None) -> None:
    """Print a hint, if there is one, on standard error; it changes nothing else."""
    if message is not None:
        click.echo(f"symcnn: hint: {visible(message)}", err=True)


def print_files(files: Sequence[Path]) -> None:
    for file in files:
        click.echo(visible(str(file)))
