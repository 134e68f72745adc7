"""Shared by the commands: help and usage for click, options, reading of networks, tables and progress bars."""

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symcnn.cli.language import checked_language, in_language, set_language, text, words
from symcnn.errors import InputError, SymcnnWarning, did_you_mean, one_of, quoted
from symcnn.text.characters import visible

if TYPE_CHECKING:
    from rich.console import Console

    from symcnn.network import Data, Network

# --- help and usage, for click --------------------------------------------------------------------------------------


class _Formatter(click.HelpFormatter):
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        for word in ("OPTIONS", "COMMAND", "ARGS"):
            args = args.replace(word, text(f"help.{word.lower()}"))
        super().write_usage(prog, args, f"{text('help.usage')} ")

    def write_heading(self, heading: str) -> None:
        self.write(f"{text(f'help.{heading.lower()}_title')}\n")


class _Context(click.Context):
    formatter_class = _Formatter


class Option(click.Option):
    """An option whose help is a text of ``cli.*.toml``: that of its command, or of all that have it."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        own = words(f"commands.{ctx.command.name}").get("options", {})
        key = max(self.opts, key=len).lstrip("-").replace("-", "_")
        self.help = str(own[key] if key in own else text(f"options.{key}"))
        record = super().get_help_record(ctx)
        if record is None:
            return None
        names, help_text = record
        for metavar in ("INTEGER", "FLOAT", "TEXT"):
            names = names.replace(metavar, text(f"help.{metavar.lower()}"))
        return names, help_text.replace("[default: ", text("help.default"))

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """The value in its type; the error for another says what is expected."""
        try:
            return super().type_cast_value(ctx, value)
        except click.BadParameter:
            if isinstance(self.type, click.Choice):
                expected = one_of(value, [str(choice) for choice in self.type.choices])
            else:
                expected = f"expected {'a whole number' if self.type is click.INT else 'a number'}"
            wrong = value[-1] if isinstance(value, tuple) and len(value) == 1 else value
            raise click.UsageError(f"{self.opts[0]} {quoted(wrong)}: {expected}", ctx) from None


class Command(click.Command):
    """A command whose help is in ``cli.*.toml``."""

    context_class = _Context

    def get_short_help_str(self, limit: int = 45) -> str:
        return str(words(f"commands.{self.name}")["short"])

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.help = str(words(f"commands.{self.name}")["long"])
        super().format_help_text(ctx, formatter)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = text("options.help")
        return found


class Group(Command, click.Group):
    """The commands."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            more = did_you_mean(args[0], self.commands) or "see symcnn --help"
            raise click.UsageError(f"unknown command {quoted(args[0])}; {more}", ctx)
        return super().resolve_command(ctx, args)


def usage_line(error: click.UsageError) -> str:
    """The line for a command line that can't be read."""
    see = f"see {error.ctx.command_path if error.ctx is not None else 'symcnn'} --help"
    if isinstance(error, click.NoSuchOption):
        known = (
            []
            if error.ctx is None
            else [name for p in error.ctx.command.params for name in (*p.opts, *p.secondary_opts)]
        )
        more = did_you_mean(error.option_name, [name for name in known if name.startswith("-")]) or see
        return f"unknown option {quoted(error.option_name)}; {more}"
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return f"missing argument {error.param.make_metavar(error.ctx) if error.ctx else error.param.name}; {see}"
    return " ".join(error.format_message().split())


if TYPE_CHECKING:
    _TextType = click.ParamType[str]
else:  # the oldest click has no type parameter there
    _TextType = click.ParamType


class _LanguageOption(_TextType):
    name = "language"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> str:
        lang = checked_language("--lang", str(value))
        set_language(lang)
        return lang


def option(*names: str, **settings: Any) -> Callable[[Any], Any]:
    """``click.option``, with its help from the catalogue."""
    return click.option(*names, cls=Option, **settings)


# --- options of several commands ------------------------------------------------------------------------------------

#: A file that is named on the command line.
FILE = click.Path(path_type=Path)

network_argument = click.argument("network", required=False, type=FILE, metavar="[NETWORK.toml]")
#: On every command, and before it.
lang_option = option("--lang", type=_LanguageOption(), metavar="en|fr", expose_value=False)
certificate_option = option("--certificate", type=FILE, metavar="FILE.v")
rate_option = option("--learning-rate", "--rate", type=float, default=0.5, show_default=True)
seed_option = option("--seed", type=int, default=0, show_default=True)


def steps_option(default: int) -> Callable[[Any], Any]:
    return option("--steps", type=int, default=default, show_default=True)


def out_option(default: str) -> Callable[[Any], Any]:
    return option("--out", type=FILE, default=default, show_default=True)


# --- errors, files, tables ------------------------------------------------------------------------------------------


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
        raise InputError(f"{path}: no samples; add [[sample]] tables with image and target")
    return data


def console_for(stderr: bool = False) -> "Console":
    """Return a console that prints text as it is: no markup, no emoji names, no highlighting."""
    from rich.console import Console

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

    class LogLines(logging.StreamHandler[Any]):
        def format(self, record: logging.LogRecord) -> str:
            return in_language(record.getMessage())

    # standard error as it is now: a progress bar lets lines through
    log, handler = logging.getLogger("symcnn"), LogLines(sys.stderr)
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
        line = f"symcnn: {text(word)}: {in_language(str(message))}"
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
    """Show a progress bar on standard error, on a terminal only; the function yielded sets how much is done.

    Before its first call and after its last the bar moves to and fro beside a clock: something else is being done.
    """
    console = console_for(stderr=True) if sys.stderr.isatty() else None  # FORCE_COLOR makes a pipe a terminal for rich
    if console is None or not console.is_terminal or console.is_dumb_terminal:
        yield lambda done: None
        return
    from rich import progress
    from rich.text import Text

    class Share(progress.ProgressColumn):
        def render(self, task: progress.Task) -> Text:
            return Text(f"{task.percentage:>3.0f} %" if task.total else "")

    columns = (progress.TextColumn("{task.description}"), progress.BarColumn(), Share(), progress.TimeElapsedColumn())
    # lines on standard output are let through the bar only where both go to the terminal
    with progress.Progress(*columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        bar.add_task(words, total=None)
        [task] = bar.tasks

        def advance(done: int) -> None:
            task.total = total if total and done < total else None
            bar.update(task.id, completed=done)

        yield advance


#: Rich breaks lines at no-break spaces. These characters, which ``visible`` leaves in no cell, stand for them there.
_NO_BREAK = str.maketrans("\u00a0\u202f", "\ufdd0\ufdd1")
_NO_BREAK_AGAIN = str.maketrans("\ufdd0\ufdd1", "\u00a0\u202f")


def print_table(title: str, rows: Sequence[Sequence[str]], heads: Sequence[str] = ()) -> None:
    from rich.table import Table

    console = console_for()
    table = Table(show_header=bool(heads))
    for head in heads or rows[0]:
        table.add_column(head.translate(_NO_BREAK) if heads else "", overflow="fold")
    for row in rows:
        table.add_row(*("\n".join(map(visible, cell.split("\n"))).translate(_NO_BREAK) for cell in row))
    with console.capture() as printed:
        if title:
            console.print(visible(title))
        console.print(table)
    click.echo(printed.get().translate(_NO_BREAK_AGAIN), nl=False)


def print_hint(message: str | None) -> None:
    """Print a hint, if there is one, on standard error; it changes nothing else."""
    if message is not None:
        click.echo(f"symcnn: {text('hint')}: {visible(in_language(message))}", err=True)


def print_files(files: Sequence[Path]) -> None:
    for file in files:
        click.echo(visible(str(file)))
