"""The commands. They only call the package; heavy imports are inside the functions."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symcnn.cli.exercise import exercise
from symcnn.cli.samples import SampleChoice, choice_options
from symcnn.cli.shared import (
    FILE,
    CheckFailed,
    NothingDecided,
    certificate_option,
    end_check,
    lang_option,
    load_network,
    network_argument,
    out_option,
    print_files,
    print_table,
    progress_bar,
    rate_option,
    require_samples,
    say,
    seed_option,
    steps_option,
    warnings_as_lines,
)
from symcnn.cli.training import predict, train
from symcnn.errors import InputError, quoted
from symcnn.text.characters import visible, visible_json
from symcnn.version import __version__

#: Formulas that ``derive`` prints one by one.
MOST_FORMULAS = 200

#: Terms of one of them on the screen; of more, the last follows dots.
MOST_TERMS = 12

if TYPE_CHECKING:
    from symcnn.audit import Told
    from symcnn.checks import CheckResult
    from symcnn.derivation import Derivation
    from symcnn.verification import Verification
    from symcnn.workbook.check import WorkbookVerification


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
@out_option("article", "The folder to write into.")
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

    net, _ = load_network(network)
    derivation = symcnn.derive(net)
    if index and name is not None:
        raise InputError("--index --of: expected one of them")
    if name is None and (index or len(derivation.names) > MOST_FORMULAS):
        _print_equations(derivation, latex)
    else:
        _print_formulas(derivation, None if name is None else _quantity(derivation, name), latex)


def _quantity(derivation: "Derivation", name: str) -> str:
    """A quantity by its name, or as symcnn writes it: w_x11h1, w_x11-h1, dE_dw_x11h1."""
    from symcnn.formula import name_as_written

    if name in derivation:
        return derivation[name].name
    written = name_as_written(derivation.graph, name) or name
    if written in derivation:
        return derivation[written].name
    raise InputError(f"--of {quoted(name)}: no such quantity; {derivation.nearest_to(written)}")


def _print_formulas(derivation: "Derivation", of: str | None, latex: bool) -> None:
    """Print the chain rule of every quantity on the way, then of the gradients; or those that one quantity needs."""
    from symcnn.formula import Latex, Plain, Typography
    from symcnn.text import catalogue

    typography = Typography(derivation.quantities, catalogue("en").words("word"))
    emit = Latex().display if latex else Plain().lines
    if of is not None:
        names = [step.variable for step in derivation.steps(of, MOST_FORMULAS)]
    else:
        adjoints = [v.quantity.primal.name for v in derivation.graph.backward.values()]
        names = [name for name in adjoints if name not in derivation.names] + list(derivation.names)
    for quantity in names:
        say(emit(typography.chain_rule(derivation, quantity, MOST_TERMS)))
    if of is not None and len(derivation.graph.chain(derivation[of].quantity.adjoint, len(names))) > len(names):
        say(f"\nThe chain rule passes through more than {MOST_FORMULAS} quantities; of each tensor, one is shown here.")
    if of is None:
        say(f"\n{_size(derivation)}")


def _print_equations(derivation: "Derivation", latex: bool) -> None:
    """Print the equations, forward and backward, and whether they are right."""
    from symcnn.formula import equation_latex
    from symcnn.verification import check_equations

    for equation in derivation.equations:
        say(equation_latex(equation) if latex else str(equation))
    say("\nWhere an index lies outside its range, or is no whole number, nothing is added.")
    verdict = check_equations(derivation)
    say(_size(derivation))
    words = f"error probability below {verdict.epsilon:.0e}" if verdict.status == "probable" else verdict.status
    say(f"Checked, {words}: {verdict.method}.")
    if verdict.status == "refuted":
        raise CheckFailed("the equations are not the derivative of E")


def _size(derivation: "Derivation") -> str:
    """Return how many gradients there are, and how many operations they take."""
    parameters, count = len(derivation.network.parameters), len(derivation.names)
    maps = f" + {count - parameters} for the feature maps" if count > parameters else ""
    forward, backward = derivation.operations
    ratio = (forward + backward) / forward
    return (
        f"{count} gradients: {parameters} for the parameters{maps}.\n"
        f"Operations for one image: {forward} forward, {backward} for all gradients;"
        f" together {ratio:.2f} times the forward pass."
    )


commands.add_command(train)
commands.add_command(exercise)
commands.add_command(predict)


@commands.command(short_help="Which equations of a text are true.")
@click.argument("file", type=FILE)
@click.option(
    "--network",
    type=FILE,
    metavar="NETWORK.toml",
    help="The network that the text is about; or the word article. Else the article's, once a line of the text agrees.",
)
@click.option("--mapping", type=FILE, metavar="MAP.toml", help="Which of its symbols is which quantity.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--html", type=FILE, metavar="OUT.html", help="Write a page: the text beside the verdicts.")
@click.option("--strict", is_flag=True, help="Remarks, and equations that are not read, fail too.")
@lang_option
def audit(
    file: Path, network: Path | None, mapping: Path | None, as_json: bool, html: Path | None, strict: bool, lang: str
) -> None:
    """Hold every equation of FILE (Markdown, LaTeX, or text with LaTeX in it) against a network's mathematics.

    Exit status: 0 nothing is wrong, 1 an equation is, 2 it cannot be used, 3 nothing could be decided.
    """
    from symcnn.audit import Told
    from symcnn.audit.page import page
    from symcnn.checks import audit_about
    from symcnn.files import check_apart, check_writable, write_whole
    from symcnn.text import catalogue

    if html is not None:
        check_apart(check_writable(html, (".html",)), file, network, mapping)
    result = audit_about(file, network, mapping)
    report = Told(result, visible(file.name), catalogue(lang))
    if html is not None:  # before anything is printed
        write_whole(html, page(report, catalogue(lang)).encode("utf-8"))
    if as_json:
        say(report.json())
    else:
        _print_audit(report)
        print_files([html] if html is not None else [])
    if strict and not result.is_spotless:
        raise CheckFailed(f"{file}: {report.totals()[0]}")
    end_check(report.exit_status, file, f"{file}: {report.totals()[0]}")


def _print_audit(report: "Told") -> None:
    """Print an audit as a table, its totals, and the correction that it proposes."""
    if report.notice():
        say(f"{report.notice()}\n")
    rows = report.rows()
    width = max(10, *(len(word) for _, word, _, _ in rows))
    for place, word, equation, why in rows:
        equation = visible(equation)
        short = equation if len(equation) <= 90 else f"{equation[:88]} …"
        say(f"{place:>8}  {word:<{width}} {short}")
        for line in why.split("\n"):
            say(f"{'':8}  {'':<{width}} {line}")
    say("\n".join(["", *report.totals(), *(f"\n{part}" for part in report.proposal() or ())]))


@commands.command(short_help="Whether a network, workbook, text or certificate is right.")
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

    with progress_bar("checking"):
        result = run_check(thing, network, mapping=mapping, lang=lang)
    if as_json:
        say(visible_json(result.to_dict()))
    else:
        _print_result(result)
    end_check(result.status, thing, f"{visible(str(thing))}: {result.count('wrong')} wrong")


@commands.command(short_help="Write the workbook of live formulas.")
@network_argument
@out_option("cnn.xlsx")
@choice_options
@lang_option
@steps_option(1_000)
@rate_option
@seed_option
@click.option(
    "--layers", metavar="NAME,NAME", help="Work out these layers only, as their sheets are called: Conv1,ReLU1."
)
@click.option("--forward-only", is_flag=True, help="A sheet for each layer, without the backward pass.")
def export(
    network: Path | None, out: Path, choice: SampleChoice, lang: str, steps: int, learning_rate: float, seed: int,
    layers: str | None, forward_only: bool,
) -> None:  # fmt: skip
    """Write the workbook: forward and backward pass and training, as live formulas.

    With --run the parameters are those learnt, and the learning rate is that training's, if none is given; of a
    training on all samples at once, without --data and --sample, the workbook shows it from its first step.

    A large network gets a sheet for each layer, for one sample.
    """
    import symcnn

    choice.check_options("seed")
    chosen = choice.load(network)
    run = chosen.run if chosen.is_whole and chosen.run is not None and chosen.run.course is None else None
    if run is not None:
        choice.check_options("learning_rate")
    with warnings_as_lines(), progress_bar("workbook", steps) as advance:
        symcnn.export_workbook(
            chosen.network, require_samples(chosen.network, chosen.data, network), out, steps=steps, seed=seed,
            learning_rate=choice.learning_rate(chosen, learning_rate), lang=lang, progress=advance, run=run,
            initial=chosen.run.theta if chosen.run is not None and run is None else None, forward_only=forward_only,
            layers=None if layers is None else [name.strip() for name in layers.split(",")],
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
@choice_options
@certificate_option
@lang_option
@click.option("--steps", type=int, help="Steps of gradient descent.  [default: 10000; of a large network at most 200]")
@rate_option
@seed_option
def report(
    network: Path | None, outs: tuple[Path, ...], choice: SampleChoice, certificate: Path | None, lang: str,
    steps: int | None, learning_rate: float, seed: int,
) -> None:  # fmt: skip
    """Write the derivation as a report; with samples also a pass with numbers and a training."""
    import symcnn.report
    from symcnn.reports import gather

    outs = tuple(symcnn.report.check_reports(outs, lang))
    choice.check_options("seed", "steps", "learning_rate")
    chosen = choice.load(network)
    net, data = chosen.network, chosen.data
    checked = None if certificate is None else symcnn.report.checked_certificate(certificate, net, data)
    with warnings_as_lines(), progress_bar("report", steps) as advance:
        content = replace(gather(net, data, chosen.run, learning_rate, steps, seed, advance), certificate=checked)
        files = symcnn.report.write_content(content, outs, lang)
    if len(files) > len(outs):
        say(f"{len(files) - len(outs)} figures beside, {files[-1].parent / '*.svg'}")
    print_files(files[: len(outs)])
    if content.failed:
        raise CheckFailed(f"the report tells of what did not hold: {', '.join(content.failed)}")


@commands.command(short_help="What is proved, and how; what each check catches.")
@network_argument
@click.option("--numba", is_flag=True, help="Compare the compiled program too (extra fast).")
@click.option("--workbook", type=FILE, metavar="FILE.xlsx", help="Read this workbook's formulas back instead.")
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
        _verify_workbook(workbook, network, lang)
        return
    import symcnn
    from symcnn.certificate import recheck
    from symcnn.numeric import BACKENDS, PROGRAMS
    from symcnn.verification import taken_one_by_one

    net, data = load_network(network)
    net.require_loss(str(network))
    backends = tuple(BACKENDS if numba else PROGRAMS)
    evidence = None if certificate is None else recheck(certificate, net, data)
    with progress_bar("verifying", len(taken_one_by_one(symcnn.derive(net))) or None) as advance:
        verification = symcnn.verify(net, data, backends=backends, lang=lang, progress=advance, certificate=evidence)
    _print_result(verification)
    bad = ", ".join(c.claim for c in verification.claims if c.verdict == "wrong")
    end_check(verification.exit_status, network or Path("article"), f"verification failed: {bad}")


def _verify_workbook(workbook: Path, network: Path | None, lang: str) -> None:
    from symcnn.workbook import verify_workbook

    verification = verify_workbook(workbook, load_network(network)[0], lang=lang)
    _print_result(verification)
    wrong = verification.findings
    cells = ", ".join(f.cell for f in wrong[:5]) or "a claim is refuted"
    end_check(verification.exit_status, workbook, f"{workbook}: {len(wrong)} cells are wrong: {cells}")


def _print_result(result: "CheckResult | Verification | WorkbookVerification") -> None:
    """Print the table of claims, the summary, and what was not checked."""
    heads, rows = result.table()
    print_table("", rows, heads)
    say("\n".join([result.summary, *result.remarks()]))


@commands.command(short_help="Let a proof assistant check the gradients.")
@network_argument
@click.option("--network", "network_option", type=FILE, metavar="NETWORK.toml", help="The same by name.")
@out_option("certificate", "The folder to write into.")
@lang_option
def certify(network: Path | None, network_option: Path | None, out: Path, lang: str) -> None:
    """Write the gradients as theorems with their proofs, and let Coq check them where it is installed.

    Of a network file without samples the theorems are about any number of images. Exit status 1 if Coq does not accept
    every one of them, 3 if it is there and does not answer.
    """
    from symcnn.certificate import certify
    from symcnn.text import catalogue

    if network is not None and network_option is not None:
        raise InputError("NETWORK.toml and --network: expected one of them")
    net, data = load_network(network or network_option)
    with progress_bar("coqc"):
        result = certify(net, out, data=data, lang=lang)
    heads = [catalogue(lang)(f"certificate.{key}") for key in ("theorem", "verdict", "axioms")]
    if len(result.rows) <= MOST_FORMULAS:
        print_table("", result.rows, heads)
    say(result.summary)
    print_files(result.files)
    if result.verdict.status == "rejected":
        raise CheckFailed(result.summary)
    if result.verdict.reason:
        raise NothingDecided(result.summary)


@commands.command(short_help="Where a number comes from.")
@click.argument("name", metavar="NAME")
@network_argument
@click.option("--step", type=int, default=0, show_default=True, help="After how many steps of the training.")
@click.option("--image", type=int, help="Of which image; without it the total over the images, where there is one.")
@choice_options
@click.option("--latex", is_flag=True, help="As LaTeX.")
@lang_option
@rate_option
@seed_option
@click.option(
    "--reduction", type=click.Choice(["sum", "mean"]), default="sum", show_default=True, help="Over the images."
)
def explain(
    name: str, network: Path | None, step: int, image: int | None, choice: SampleChoice, latex: bool, lang: str,
    learning_rate: float, seed: int, reduction: Any,
) -> None:  # fmt: skip
    """Explain one number at any step of the training: its formula, the same with numbers, the result.

    NAME as in the workbook: f_12, x_12_image2, h_1, E_total, dE_df_12, dE_dx_12 ... With --run the training begins with
    the parameters that were learnt.
    """
    from symcnn.explain import Question, explain_number

    choice.check_options("seed")
    chosen = choice.load(network)
    with progress_bar("training", step) as advance:
        explanation = explain_number(
            chosen.network, require_samples(chosen.network, chosen.data, network), Question(name, step, image),
            learning_rate=choice.learning_rate(chosen, learning_rate), seed=seed, reduction=reduction, lang=lang,
            progress=advance, initial=None if chosen.run is None else chosen.run.theta,
        )  # fmt: skip
    say(explanation.latex if latex else str(explanation))
