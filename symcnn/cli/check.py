"""``symcnn check``: one verb for every check, of whatever kind the thing is."""

from pathlib import Path

import click

from symcnn.cli.shared import FILE, end_check, lang_option, print_table, progress_bar, say
from symcnn.text.characters import visible, visible_json


@click.command(short_help="Whether a network, workbook, text or certificate is right.")
@click.argument("thing", type=FILE)
@click.option(
    "--network",
    type=FILE,
    metavar="NETWORK.toml",
    help="The network that a workbook, text or certificate is about; or the word article.",
)
@click.option("--mapping", type=FILE, metavar="MAP.toml", help="Which symbol of a text is which quantity.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (symcnn/checks.schema.json describes it).")
@lang_option
def check(thing: Path, network: Path | None, mapping: Path | None, as_json: bool, lang: str) -> None:
    """Check THING by what it is, and tell of each claim whether it is right, and how that was decided.

    A network file (.toml): its proofs and its programs. A workbook that symcnn wrote (.xlsx): every formula cell. A
    text (.md, .tex, .txt): every equation. A certificate (.v): Coq's word.

    Exit status: 0 nothing is wrong, 1 something is wrong, 2 it cannot be used, 3 nothing could be decided.
    """
    from symcnn.checks import check as run_check
    from symcnn.text import catalogue

    with progress_bar("checking"):
        result = run_check(thing, network, mapping=mapping, lang=lang)
    if as_json:
        say(visible_json(result.to_dict()))
    else:
        heads, rows = result.table()
        print_table("", rows, heads)
        say(result.summary)
        if result.not_checked:
            say("\n" + catalogue(lang)("verify.not_checked"))
            for words in result.not_checked:
                say(f"  {words}")
    end_check(result.status, thing, f"{visible(str(thing))}: {result.count('wrong')} wrong")
