"""The command line.

Exit status: 0 all that was promised holds · 1 a check failed · 2 the input cannot be used (one line says what, where
and what was expected) · 130 interrupted.
"""

import io
import os
import sys
from collections.abc import Sequence

import click

from symcnn.cli.commands import commands
from symcnn.cli.shared import CheckFailed
from symcnn.errors import SymcnnError
from symcnn.text.characters import visible


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; every error on purpose is one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or file that cannot show ∂ shows ? in its place
            stream.reconfigure(errors="replace")
    try:
        commands.main(args=arguments, standalone_mode=False, prog_name="symcnn")
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        _fail("interrupted", 130)
    except click.ClickException as error:
        _fail(" ".join(error.format_message().split()), error.exit_code if isinstance(error, CheckFailed) else 2)
    except SymcnnError as error:
        _fail(str(error), 2)
    except BrokenPipeError:  # `symcnn derive | head`
        _drop_output()
        sys.exit(0)
    except OSError as error:  # a full disk behind `symcnn derive > formulas.txt`
        _drop_output()
        _fail(f"the output cannot be written ({error.strerror})", 1)


def _fail(message: str, status: int) -> None:
    click.echo(f"symcnn: {visible(message)}", err=True)
    sys.exit(status)


def _drop_output() -> None:
    """Nothing more can be written: let Python's own last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


__all__ = ["commands", "main"]
