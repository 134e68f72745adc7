"""``symcnn exercise``: a sheet with blanks, and its key."""

from pathlib import Path

import click

from symcnn.cli.shared import FILE, lang_option, load_network, network_argument, print_files, warnings_as_lines


@click.command(short_help="An exercise on paper or in Excel, with its key.")
@network_argument
@click.option(
    "--out",
    "outs",
    type=FILE,
    multiple=True,
    default=["exercise.pdf"],
    show_default=True,
    help="The exercise: .pdf, .html or .xlsx; may be given several times.",
)
@click.option("--key", "keys", type=FILE, multiple=True, help="Its answers: .pdf, .html or .xlsx.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the drawn numbers.")
@click.option("--of", metavar="NAME", help="The weight that is followed.  [default: the second of the first layer]")
@click.option("--students", type=FILE, metavar="LIST.csv", help="Names, one to a line: a sheet for each.")
@lang_option
def exercise(
    network: Path | None, outs: tuple[Path, ...], keys: tuple[Path, ...], seed: int, of: str | None,
    students: Path | None, lang: str,
) -> None:  # fmt: skip
    """Write an exercise: drawn numbers, blanks along the chain rule from one weight to the error, room to calculate.

    With --key also the answers. Beside each of the two lies what marking will need, as JSON.
    """
    from symcnn.exercise import check_outputs, write_exercise

    check_outputs(outs, keys, network, students)
    net, data = load_network(network)
    net.require_loss(str(network))
    with warnings_as_lines():
        files = write_exercise(net, outs, key=keys, seed=seed, data=data, of=of, students=students, lang=lang)
    print_files(files)
