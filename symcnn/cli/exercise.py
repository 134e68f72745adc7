"""``symcnn exercise``: a sheet with blanks, and its key."""

from pathlib import Path

import click

from symcnn.cli.language import language
from symcnn.cli.shared import (
    FILE,
    Command,
    lang_option,
    load_network,
    network_argument,
    option,
    print_files,
    warnings_as_lines,
)


@click.command(cls=Command)
@network_argument
@option("--out", "outs", type=FILE, multiple=True, default=["exercise.pdf"], show_default=True)
@option("--key", "keys", type=FILE, multiple=True)
@option("--seed", type=int, default=1, show_default=True)
@option("--of", metavar="NAME")
@option("--students", type=FILE, metavar="LIST.csv")
@lang_option
def exercise(
    network: Path | None, outs: tuple[Path, ...], keys: tuple[Path, ...], seed: int, of: str | None,
    students: Path | None,
) -> None:  # fmt: skip
    """Write an exercise: drawn numbers, blanks along the chain rule from one weight to the error, room to calculate."""
    from symcnn.exercise import check_outputs, write_exercise

    check_outputs(outs, keys, network, students)
    net, data = load_network(network)
    net.require_loss(str(network))
    with warnings_as_lines():
        files = write_exercise(net, outs, key=keys, seed=seed, data=data, of=of, students=students, lang=language())
    print_files(files)
