"""The commands. They only call what the package offers; heavy imports stand inside them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symcnn.cli.audit import audit
from symcnn.cli.check import check
from symcnn.cli.shared import (
    FILE,
    CheckFailed,
    NothingDecided,
    certificate_option,
    end_check,
    given_network,
    given_samples,
    lang_option,
    network_argument,
    out_option,
    print_files,
    print_table,
    progress_bar,
    rate_option,
    say,
    seed_option,
    steps_option,
    warnings_as_lines,
)
from symcnn.cli.training import predict, train
from symcnn.errors import InputError, NotSupportedYetError, quoted
from symcnn.version import __version__

#: Formulas that ``derive`` prints one by one.
MOST_FORMULAS = 200

if TYPE_CHECKING:
    from symcnn.derivation import Derivation


@click.group(
    invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="symcnn")
@click.pass_context
def commands(context: click.Context) -> None:
    """Take a small convolutional network apart, symbolically.

    Each command works on the article's network, or on a NETWORK.toml that you give.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(2)


@commands.command(short_help="The article's whole story, into a folder.")
@click.option(
    "--out",
    type=FILE,
    default="article",
    show_default=True,
    help="The folder to write into.",
)
@lang_option
@steps_option(10_000)
@rate_option
@seed_option
def article(out: Path, lang: str, steps: int, learning_rate: float, seed: int) -> None:
    """The whole story: derive, prove, check, train, write the workbook and the report."""
    from symcnn.story import tell

    with progress_bar("article") as advance:
        story = tell(out, lang, learning_rate, steps, seed, advance)
    print_table(story.title, story.rows)
    print_files(story.files)
    if not story.ok:
        raise CheckFailed(story.failed)


@commands.command(short_help="Print every ∂E_total.")
@network_argument
@click.option("--of", "name", metavar="NAME", help="One quantity, for example f_12 or h_1, with its chain rule.")
@click.option("--latex", is_flag=True, help="As LaTeX.")
@click.option("--index", is_flag=True, help="In index notation: one equation for each layer; so are many formulas.")
def derive(network: Path | None, name: str | None, latex: bool, index: bool) -> None:
    """Derive every ∂E_total and print the formulas, or for a larger network the equations in index notation."""
    import symcnn
    from symcnn.cli.derivation import print_equations, print_formulas

    net, _ = given_network(network)
    derivation = symcnn.derive(net)
    if index and name is not None:
        raise InputError("--index --of: expected one of them")
    if name is None and (index or len(derivation.names) > MOST_FORMULAS):
        print_equations(derivation, latex)
    else:
        print_formulas(derivation, None if name is None else _quantity(derivation, name), latex)


def _quantity(derivation: "Derivation", name: str) -> str:
    """A quantity by its name, or as symcnn writes it: w_x11h1, w_x11-h1, dE_dw_x11h1."""
    from symcnn.formula import written_names

    if name in derivation:
        return derivation[name].name
    # what symcnn writes is known only where every quantity is listed, and only that has other signs than a name
    plain = re.fullmatch(r"\w+", name, re.ASCII) is not None
    written = name
    try:
        written = written_names(derivation.graph).get(name, name)
    except NotSupportedYetError:
        if not plain:
            raise
    if written in derivation:
        return derivation[written].name
    raise InputError(f"--of {quoted(name)}: no such quantity; {derivation.nearest_to(written)}")


commands.add_command(train)
commands.add_command(predict)
commands.add_command(audit)
commands.add_command(check)


@commands.command(short_help="Write the workbook of live formulas.")
@network_argument
@out_option("cnn.xlsx")
@lang_option
@steps_option(1_000)
@rate_option
@seed_option
def export(network: Path | None, out: Path, lang: str, steps: int, learning_rate: float, seed: int) -> None:
    """Write the workbook: forward and backward pass and training, as live formulas."""
    import symcnn

    net, data = given_network(network)
    with warnings_as_lines(), progress_bar("workbook", steps) as advance:
        symcnn.export_workbook(
            net, given_samples(net, data, network), out, learning_rate=learning_rate, steps=steps, seed=seed, lang=lang,
            progress=advance,
        )  # fmt: skip
    print_files([out])


@commands.command(short_help="Write the derivation report.")
@network_argument
@click.option(
    "--out",
    "outs",
    type=FILE,
    multiple=True,
    default=["derivation.md"],
    show_default=True,
    help="A file to write: .md, .html, .tex or .pdf; may be given several times.",
)
@certificate_option
@lang_option
@steps_option(10_000)
@rate_option
@seed_option
def report(
    network: Path | None, outs: tuple[Path, ...], certificate: Path | None, lang: str, steps: int, learning_rate: float,
    seed: int,
) -> None:  # fmt: skip
    """Write the derivation as a report; with samples also a pass with numbers and a training."""
    import symcnn.report
    from symcnn.reports import gather

    outs = tuple(symcnn.report.check_reports(outs, lang))
    net, data = given_network(network)
    word = None if certificate is None else symcnn.report.checked_certificate(certificate, net, data)
    with warnings_as_lines(), progress_bar("report", steps) as advance:
        content = gather(net, data, None, learning_rate, steps, seed, advance)
        content = replace(content, certificate=word)
        files = symcnn.report.write_content(content, outs, lang)
    if len(files) > len(outs):
        say(f"{len(files) - len(outs)} figures beside, {files[-1].parent / '*.svg'}")
    print_files(files[: len(outs)])
    if content.failed:
        raise CheckFailed(f"the report tells of what did not hold: {', '.join(content.failed)}")


@commands.command(short_help="What is proved, and how; what each check catches.")
@network_argument
@click.option("--numba", is_flag=True, help="Compare the compiled program too (extra fast).")
@click.option(
    "--workbook",
    type=FILE,
    metavar="FILE.xlsx",
    help="Read this workbook's formulas back instead.",
)
@certificate_option
@lang_option
def verify(network: Path | None, numba: bool, workbook: Path | None, certificate: Path | None, lang: str) -> None:
    """Verify every gradient and every program; show that each check can fail; say what was not checked.

    With --workbook: prove every formula cell of a workbook of the network, read back from the file. With --certificate:
    Coq sees the file if it is what `symcnn certify` writes.

    Exit status: 0 nothing is wrong, 1 something is wrong, 2 it cannot be used, 3 nothing could be decided.
    """
    if workbook is not None and certificate is not None:
        raise InputError("--workbook --certificate: expected one of them")
    if workbook is not None:
        verify_workbook(workbook, network, lang)
        return
    import symcnn
    from symcnn.certificate import recheck
    from symcnn.numeric import BACKENDS, PROGRAMS
    from symcnn.verification import taken_one_by_one

    net, data = given_network(network)
    net.require_loss(str(network))
    backends = tuple(BACKENDS if numba else PROGRAMS)
    word = None if certificate is None else recheck(certificate, net, data)
    with progress_bar("verifying", len(taken_one_by_one(symcnn.derive(net))) or None) as advance:
        found = symcnn.verify(net, data, backends=backends, lang=lang, progress=advance, certificate=word)
    heads, rows = found.table()
    print_table("", rows, heads)
    say(found.summary)
    for line in found.remarks():
        say(line)
    bad = ", ".join(c.claim for c in found.claims if c.verdict == "wrong")
    end_check(found.exit_status, network or Path("article"), f"verification failed: {bad}")


def verify_workbook(workbook: Path, network: Path | None, lang: str) -> None:
    """``verify --workbook``: the table, the cells that are wrong, what was not checked."""
    from symcnn.verification import verify_workbook

    found = verify_workbook(workbook, given_network(network)[0], lang=lang)
    heads, rows = found.table()
    print_table("", rows, heads)
    say(found.summary)
    for line in found.remarks():
        say(line)
    cells = ", ".join(f.cell for f in found.findings[:5]) or "a claim is refuted"
    end_check(found.exit_status, workbook, f"{workbook}: {len(found.findings)} cells are wrong: {cells}")


@commands.command(short_help="Let a proof assistant check the gradients.")
@network_argument
@click.option("--network", "named", type=FILE, metavar="NETWORK.toml", help="The same by name.")
@click.option(
    "--out",
    type=FILE,
    default="certificate",
    show_default=True,
    help="The folder to write into.",
)
@lang_option
def certify(network: Path | None, named: Path | None, out: Path, lang: str) -> None:
    """Write the gradients as theorems with their proofs, and let Coq check them where it is installed.

    Of a network file without samples the theorems are about any number of images. Exit status 1 if Coq does not accept
    every one of them, 3 if it is there and does not answer.
    """
    from symcnn.certificate import certify
    from symcnn.text import catalogue

    if network is not None and named is not None:
        raise InputError("NETWORK.toml and --network: expected one of them")
    net, data = given_network(network or named)
    with progress_bar("coqc"):
        found = certify(net, out, data=data, lang=lang)
    heads = [catalogue(lang)(f"certificate.{key}") for key in ("theorem", "verdict", "axioms")]
    if len(found.rows) <= MOST_FORMULAS:
        print_table("", found.rows, heads)
    say(found.summary)
    print_files(found.files)
    if found.verdict.status == "rejected":
        raise CheckFailed(found.summary)
    if found.verdict.reason:
        raise NothingDecided(found.summary)


@commands.command(short_help="Where a number comes from.")
@click.argument("name", metavar="NAME")
@network_argument
@click.option("--step", type=int, default=0, show_default=True, help="After how many steps of the training.")
@click.option("--image", type=int, help="Of which image; without it the total over the images, where there is one.")
@click.option("--latex", is_flag=True, help="As LaTeX.")
@lang_option
@rate_option
@seed_option
@click.option(
    "--reduction", type=click.Choice(["sum", "mean"]), default="sum", show_default=True, help="Over the images."
)
def explain(
    name: str, network: Path | None, step: int, image: int | None, latex: bool, lang: str, learning_rate: float,
    seed: int, reduction: Any,
) -> None:  # fmt: skip
    """Explain one number at any step of the training: its formula, the same with numbers, the result.

    NAME as in the workbook: f_12, x_12_image2, h_1, E_total, dE_df_12, dE_dx_12 ...
    """
    from symcnn.explain import Question, explain_number

    net, data = given_network(network)
    with progress_bar("training", step) as advance:
        found = explain_number(
            net, given_samples(net, data, network), Question(name, step, image), learning_rate=learning_rate,
            seed=seed, reduction=reduction, lang=lang, progress=advance,
        )  # fmt: skip
    say(found.latex if latex else str(found))
