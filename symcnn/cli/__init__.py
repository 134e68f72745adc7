"""The command line.

Exit status: 0 all that was promised holds · 1 a check failed · 2 the input cannot be used (one line says what, where
and what was expected) · 3 a check could tell nothing · 130 interrupted.
"""

import atexit
import gc
import io
import os
import signal
import sys
from _thread import interrupt_main
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Timer
from types import FrameType
from typing import IO, Any


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; every error on purpose is one line on standard error."""
    _replace_closed_streams()
    _collect_rarely()
    with _interrupts() as received:
        try:
            status, message = _run(arguments)
        except KeyboardInterrupt:
            status, message = 130, "interrupted"
        except Exception:
            if not received:
                raise
            status, message = 130, "interrupted"  # the import of a compiled module turns Ctrl-C into another error
    try:
        sys.stdout.flush()
    except OSError as error:
        _drop(sys.stdout)
        if not message and not isinstance(error, BrokenPipeError):
            status, message = 1, f"cannot write to standard output ({error.strerror})"
    if message:
        from symcnn.cli.language import in_language
        from symcnn.errors import shortened
        from symcnn.text.characters import visible

        try:
            print(f"symcnn: {visible(in_language(shortened(message)))}", file=sys.stderr, flush=True)
        except OSError:
            _drop(sys.stderr)
    if status:
        sys.exit(status)


def _run(arguments: Sequence[str] | None) -> tuple[int, str]:
    """The exit status of a command, and the line for standard error."""
    from symcnn.cli.language import choose_language
    from symcnn.errors import SymcnnError

    try:
        choose_language(sys.argv[1:] if arguments is None else arguments)
    except SymcnnError as error:
        return 2, str(error)

    import click  # here and not above: Ctrl-C while these are imported is caught too

    from symcnn.cli.commands import commands
    from symcnn.cli.shared import CheckFailed, usage_line

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or file that cannot show ∂ shows ? in its place
            stream.reconfigure(errors="replace")
    try:
        commands.main(args=arguments, standalone_mode=False, prog_name="symcnn")
    except click.exceptions.Exit as stop:
        return stop.exit_code, ""
    except click.Abort:
        return 130, "interrupted"
    except click.UsageError as error:
        return 2, usage_line(error)
    except click.ClickException as error:
        return error.exit_code if isinstance(error, CheckFailed) else 2, " ".join(error.format_message().split())
    except SymcnnError as error:
        return 2, str(error)
    except (BrokenPipeError, SystemExit):  # `symcnn derive | head`; SystemExit is click's word for it
        _drop(sys.stdout)
    except OSError as error:  # a full disk behind `symcnn derive > formulas.txt`
        _drop(sys.stdout)
        return 1, f"cannot write to standard output ({error.strerror})"
    return 0, ""


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Collect the signals of Ctrl-C, each of which raises KeyboardInterrupt: also where Python would only print it.

    An exception in a weak reference's callback, of which every import has one, is printed and goes no further.
    """
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.default_int_handler(number, frame)

    def unraisable(lost: Any) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):  # once more, soon: here it would be lost again
            Timer(0.001, interrupt_main).start()
        else:
            hook(lost)

    hook = sys.unraisablehook
    try:
        # where Ctrl-C is ignored (a job in the background) or handled by a program that calls this, it stays so
        own = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if own:
            signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # not the main thread, which alone gets signals
        own = False
    if not own:
        yield received
        return
    sys.unraisablehook = unraisable
    try:
        yield received
    finally:
        sys.unraisablehook = hook
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _collect_rarely() -> None:
    """Look for cycles of garbage rarely: a workbook is 100,000 cells that live to the end, and each look counts them.

    With Python's own thresholds that is a fifth of the time of ``symcnn article``. They are not put back: the command
    is the process, and when it ends, the system takes the memory.
    """
    gc.set_threshold(100_000, 20, 20)
    atexit.register(gc.freeze)


def _replace_closed_streams() -> None:
    """Give a stream that the shell closed (``>&-``) a file that fails when it is written to, with the reason.

    Standard error gets one that swallows everything. Opened at once, so that no file of ours gets their numbers.
    """
    if sys.stdin is None:
        sys.stdin = os.fdopen(os.open(os.devnull, os.O_RDONLY))
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")


def _drop(stream: IO[str]) -> None:
    """Nothing more can be written: let Python's own last flush go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
