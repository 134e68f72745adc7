"""``symcnn audit``: a written derivation, held against the mathematics of a network."""

from pathlib import Path

import click

from symcnn.cli.shared import FILE, CheckFailed, end_check, lang_option, print_files, say
from symcnn.text.characters import visible


@click.command(short_help="Which equations of a text are true.")
@click.argument("file", type=FILE)
@click.option(
    "--network",
    type=FILE,
    metavar="NETWORK.toml",
    help="The network that the text is about; or the word article. Else the article's, once a line of the text agrees.",
)
@click.option("--mapping", type=FILE, metavar="MAP.toml", help="Which of its symbols is which quantity.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--html", "page", type=FILE, metavar="OUT.html", help="Write a page: the text beside the verdicts.")
@click.option("--strict", is_flag=True, help="Remarks, and equations that are not read, fail too.")
@lang_option
def audit(
    file: Path, network: Path | None, mapping: Path | None, as_json: bool, page: Path | None, strict: bool, lang: str
) -> None:
    """Hold every equation of FILE (Markdown, LaTeX, or text with LaTeX in it) against a network's mathematics.

    Exit status: 0 nothing is wrong, 1 an equation is, 2 it cannot be used, 3 nothing could be decided.
    """
    from symcnn.audit import Told
    from symcnn.audit.page import page as as_page
    from symcnn.checks import audit_about
    from symcnn.files import check_apart, check_writable, write_whole
    from symcnn.text import catalogue

    if page is not None:
        check_apart(check_writable(page, (".html",)), file, network, mapping)
    found = audit_about(file, network, mapping)
    told = Told(found, visible(file.name), catalogue(lang))
    if page is not None:  # before anything is printed
        write_whole(page, as_page(told, catalogue(lang)).encode("utf-8"))
    if as_json:
        say(told.json())
    else:
        _print(told)
        print_files([page] if page is not None else [])
    if strict and not found.is_spotless:
        raise CheckFailed(f"{file}: {told.totals()[0]}")
    end_check(told.exit_status, file, f"{file}: {told.totals()[0]}")


def _print(told: "object") -> None:
    from symcnn.audit import Told

    assert isinstance(told, Told)
    if told.notice():
        say(f"{told.notice()}\n")
    rows = told.rows()
    width = max(10, *(len(word) for _, word, _, _ in rows))
    for place, word, equation, why in rows:
        lines = why.split("\n")
        equation = visible(equation)
        shown = equation if len(equation) <= 90 else f"{equation[:88]} …"
        say(f"{place:>8}  {word:<{width}} {shown}")
        for line in lines:
            say(f"{'':8}  {'':<{width}} {line}")
    say("")
    for line in told.totals():
        say(line)
    for part in told.proposal() or ():
        say(f"\n{part}")
