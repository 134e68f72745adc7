"""The commands. They only call the package; heavy imports are inside the functions."""

import os
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symcnn.cli.exercise import exercise
from symcnn.cli.language import decimal, grouped, language, text, words
from symcnn.cli.samples import SampleChoice, choice_options
from symcnn.cli.shared import (
    FILE,
    CheckFailed,
    Group,
    NothingDecided,
    Option,
    certificate_option,
    end_check,
    lang_option,
    load_network,
    network_argument,
    option,
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

#: Of the commands that check what somebody brings: the network that it is about, the names of its symbols, the form.
about_option = option("--network", type=FILE, metavar="NETWORK.toml")
mapping_option = option("--mapping", type=FILE, metavar="MAP.toml")
json_option = option("--json", "as_json", is_flag=True)


@click.group(
    "symcnn",
    cls=Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="symcnn", cls=Option)
@lang_option
@click.pass_context
def commands(context: click.Context) -> None:
    """Every command works on the network of the article, or on a NETWORK.toml."""
    if context.invoked_subcommand is None:
        where = {"symcnn article": "article", "symcnn new my.toml": "new", "symcnn check my.toml": "check"}
        for command, key in (*where.items(), ("symcnn --help", "help")):
            click.echo(f"{command:<22}{text(f'start.{key}')}")


@commands.command()
@out_option("article")
@lang_option
@steps_option(10_000)
@rate_option
@seed_option
def article(out: Path, steps: int, learning_rate: float, seed: int) -> None:
    """The whole story: derive, prove, check, train, write the workbook and the report."""
    from symcnn.story import tell

    with progress_bar(text("bar.article")) as advance:
        story = tell(out, language(), learning_rate, steps, seed, advance)
    print_table(story.title, story.rows)
    print_files(story.files)
    if not story.ok:
        raise CheckFailed(story.failed)


@commands.command()
@network_argument
@option("--of", "name", metavar="NAME")
@option("--latex", is_flag=True)
@option("--index", is_flag=True)
@lang_option
def derive(network: Path | None, name: str | None, latex: bool, index: bool) -> None:
    """Derive every ∂E_total and print the formulas, or for a larger network the equations in index notation."""
    import symcnn

    net, _ = load_network(network)
    derivation = symcnn.derive(net)
    if index and name is not None:
        raise InputError("--index and --of cannot be used together")
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

    typography = Typography(derivation.quantities, catalogue(language()).words("word"))
    emit = Latex().display if latex else Plain(catalogue(language()).decimal).lines
    if of is not None:
        names = [step.variable for step in derivation.steps(of, MOST_FORMULAS)]
    else:
        adjoints = [v.quantity.primal.name for v in derivation.graph.backward.values()]
        names = [name for name in adjoints if name not in derivation.names] + list(derivation.names)
    for quantity in names:
        say(emit(typography.chain_rule(derivation, quantity, MOST_TERMS)))
    if of is not None and len(derivation.graph.chain(derivation[of].quantity.adjoint, len(names))) > len(names):
        say(f"\n{text('derive.shortened', most=MOST_FORMULAS)}")
    if of is None:
        say(f"\n{_size(derivation)}")


def _print_equations(derivation: "Derivation", latex: bool) -> None:
    """Print the equations, forward and backward, and whether they are right."""
    from symcnn.formula import equation_latex
    from symcnn.text import catalogue
    from symcnn.verification import check_equations, method_in_words

    for equation in derivation.equations:
        say(equation_latex(equation) if latex else str(equation))
    say(f"\n{text('derive.left_out')}")
    with progress_bar(text("bar.checking")):
        verdict = check_equations(derivation)
    say(_size(derivation))
    status = text(f"derive.{verdict.status}", bound=f"{verdict.epsilon:.0e}")
    say(text("derive.checked", status=status, method=method_in_words(verdict, catalogue(language()))))
    if verdict.status == "refuted":
        raise CheckFailed("the equations are not the derivative of E")


def _size(derivation: "Derivation") -> str:
    """Return how many gradients there are, and how many operations they take."""
    parameters, count = len(derivation.network.parameters), len(derivation.names)
    maps = text("derive.maps", count=grouped(count - parameters)) if count > parameters else ""
    forward, backward = derivation.operations
    ratio = decimal(f"{(forward + backward) / forward:.2f}")
    return text(
        "derive.size",
        count=grouped(count),
        parameters=grouped(parameters),
        maps=maps,
        forward=grouped(forward),
        backward=grouped(backward),
        ratio=ratio,
    )


@commands.command()
@click.argument("file", type=FILE, metavar="FILE.toml")
@option("--template", type=click.Choice(["small", "digits", "lenet"]), default="small", show_default=True)
@lang_option
def new(file: Path, template: str) -> None:
    """Write a network file to begin with."""
    from symcnn.files import check_writable, write_whole
    from symcnn.text import tables

    if os.path.lexists(check_writable(file, (".toml",))):
        raise InputError(f"{file}: already there; choose another name, or delete it first")
    # no line break of a file's name leaves the comment
    name, lang = visible(shlex.quote(str(file))), "" if language() == "en" else f" --lang {language()}"
    content = tables("new")[template].lstrip().format(file=name, lang=lang, **words("template"))
    write_whole(file, content.encode("utf-8"))
    print_files([file])


commands.add_command(train)
commands.add_command(exercise)
commands.add_command(predict)


@commands.command()
@click.argument("file", type=FILE)
@about_option
@mapping_option
@json_option
@option("--html", type=FILE, metavar="OUT.html")
@option("--strict", is_flag=True)
@lang_option
def audit(
    file: Path, network: Path | None, mapping: Path | None, as_json: bool, html: Path | None, strict: bool
) -> None:
    """Check every equation of FILE, a text, against a network."""
    from symcnn.audit import Told
    from symcnn.audit.page import page
    from symcnn.checks import audit_about
    from symcnn.files import check_apart, check_writable, write_whole
    from symcnn.text import catalogue

    if html is not None:
        check_apart(check_writable(html, (".html",)), file, network, mapping)
    with progress_bar(text("bar.checking")):
        result = audit_about(file, network, mapping)
    report = Told(result, visible(file.name), catalogue(language()))
    if html is not None:  # before anything is printed
        write_whole(html, page(report, catalogue(language())).encode("utf-8"))
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


@commands.command()
@click.argument("thing", type=FILE)
@about_option
@mapping_option
@json_option
@lang_option
def check(thing: Path, network: Path | None, mapping: Path | None, as_json: bool) -> None:
    """Check THING by what it is."""
    from symcnn.checks import check as run_check

    with progress_bar(text("bar.checking")):
        result = run_check(thing, network, mapping=mapping, lang=language())
    if as_json:
        say(visible_json(result.to_dict()))
    else:
        _print_result(result)
    end_check(result.status, thing, f"{visible(str(thing))}: {result.count('wrong')} wrong")


@commands.command()
@network_argument
@out_option("cnn.xlsx")
@choice_options
@lang_option
@steps_option(1_000)
@rate_option
@seed_option
@option("--layers", metavar="NAME,NAME")
@option("--forward-only", is_flag=True)
def export(
    network: Path | None, out: Path, choice: SampleChoice, steps: int, learning_rate: float, seed: int,
    layers: str | None, forward_only: bool,
) -> None:  # fmt: skip
    """Write the workbook."""
    import symcnn

    choice.check_options("seed")
    chosen = choice.load(network)
    run = chosen.run if chosen.is_whole and chosen.run is not None and chosen.run.course is None else None
    if run is not None:
        choice.check_options("learning_rate")
    with warnings_as_lines(), progress_bar(text("bar.workbook"), steps) as advance:
        symcnn.export_workbook(
            chosen.network, require_samples(chosen.network, chosen.data, network), out, steps=steps, seed=seed,
            learning_rate=choice.learning_rate(chosen, learning_rate), lang=language(), progress=advance, run=run,
            initial=chosen.run.theta if chosen.run is not None and run is None else None, forward_only=forward_only,
            layers=None if layers is None else [name.strip() for name in layers.split(",")],
        )  # fmt: skip
    print_files([out])


@commands.command()
@network_argument
@option("--out", "outs", type=FILE, multiple=True, default=["derivation.md"], show_default=True)
@choice_options
@certificate_option
@lang_option
@option("--steps", type=int)
@rate_option
@seed_option
def report(
    network: Path | None, outs: tuple[Path, ...], choice: SampleChoice, certificate: Path | None,
    steps: int | None, learning_rate: float, seed: int,
) -> None:  # fmt: skip
    """Write the derivation as a report; with samples also a pass with numbers and a training."""
    import symcnn.report
    from symcnn.reports import gather

    outs = tuple(symcnn.report.check_reports(outs, language()))
    choice.check_options("seed", "steps", "learning_rate")
    chosen = choice.load(network)
    net, data = chosen.network, chosen.data
    checked = None
    if certificate is not None:
        with progress_bar(text("bar.coq")):
            checked = symcnn.report.checked_certificate(certificate, net, data)
    with warnings_as_lines(), progress_bar(text("bar.report"), steps) as advance:
        content = replace(gather(net, data, chosen.run, learning_rate, steps, seed, advance), certificate=checked)
        files = symcnn.report.write_content(content, outs, language())
    if len(files) > len(outs):
        say(text("written.figures", count=len(files) - len(outs), path=files[-1].parent / "*.svg"))
    print_files(files[: len(outs)])
    if content.failed:
        raise CheckFailed(f"the report contains failed checks: {', '.join(content.failed)}")


@commands.command()
@network_argument
@out_option("moving.svg")
@lang_option
@steps_option(10_000)
@rate_option
@seed_option
def picture(network: Path | None, out: Path, steps: int, learning_rate: float, seed: int) -> None:
    """Write an animated SVG: a pixel changes, and every number that follows from it."""
    import symcnn
    from symcnn.files import check_writable, write_whole
    from symcnn.moving import moving_picture
    from symcnn.picture import check_room

    check_writable(out, (".svg",))
    net, data = load_network(network)
    data = require_samples(net, data, network)
    check_room(net)
    with warnings_as_lines(), progress_bar(text("bar.training"), steps) as advance:
        run = symcnn.train(net, data, learning_rate=learning_rate, steps=steps, seed=seed, progress=advance)
    write_whole(out, moving_picture(net, data, run, language()).encode("utf-8"))
    print_files([out])


@commands.command()
@network_argument
@option("--numba", is_flag=True)
@option("--workbook", type=FILE, metavar="FILE.xlsx")
@certificate_option
@lang_option
def verify(network: Path | None, numba: bool, workbook: Path | None, certificate: Path | None) -> None:
    """Prove every gradient, and check every program; or a workbook's formulas; or a certificate."""
    if workbook is not None and certificate is not None:
        raise InputError("--workbook and --certificate cannot be used together")
    if workbook is not None:
        _verify_workbook(workbook, network)
        return
    import symcnn
    from symcnn.certificate import recheck
    from symcnn.numeric import BACKENDS, PROGRAMS
    from symcnn.verification import taken_one_by_one

    net, data = load_network(network)
    net.require_loss(str(network))
    backends = tuple(BACKENDS if numba else PROGRAMS)
    evidence = None
    if certificate is not None:
        with progress_bar(text("bar.coq")):
            evidence = recheck(certificate, net, data)
    with progress_bar(text("bar.verifying"), len(taken_one_by_one(symcnn.derive(net))) or None) as advance:
        verification = symcnn.verify(
            net, data, backends=backends, lang=language(), progress=advance, certificate=evidence
        )
    _print_result(verification)
    bad = ", ".join(c.claim for c in verification.claims if c.verdict == "wrong")
    end_check(verification.exit_status, network or Path("article"), f"verification failed: {bad}")


def _verify_workbook(workbook: Path, network: Path | None) -> None:
    from symcnn.workbook import verify_workbook

    net, _ = load_network(network)
    with progress_bar(text("bar.checking")):
        verification = verify_workbook(workbook, net, lang=language())
    _print_result(verification)
    wrong = verification.findings
    cells = ", ".join(f.cell for f in wrong[:5]) or "a claim is refuted"
    end_check(verification.exit_status, workbook, f"{workbook}: {len(wrong)} cells with incorrect formulas: {cells}")


def _print_result(result: "CheckResult | Verification | WorkbookVerification") -> None:
    """Print the table of claims, the summary, and what was not checked."""
    heads, rows = result.table()
    print_table("", rows, heads)
    say("\n".join([result.summary, *result.remarks()]))


@commands.command()
@network_argument
@option("--network", "network_option", type=FILE, metavar="NETWORK.toml")
@out_option("certificate")
@lang_option
def certify(network: Path | None, network_option: Path | None, out: Path) -> None:
    """Write the gradients as theorems with their proofs, checked by Coq where it is installed."""
    from symcnn.certificate import certify
    from symcnn.text import catalogue

    if network is not None and network_option is not None:
        raise InputError("NETWORK.toml and --network cannot be used together")
    net, data = load_network(network or network_option)
    with progress_bar(text("bar.coq")):
        result = certify(net, out, data=data, lang=language())
    heads = [catalogue(language())(f"certificate.{key}") for key in ("theorem", "verdict", "axioms")]
    if len(result.rows) <= MOST_FORMULAS:
        print_table("", result.rows, heads)
    say(result.summary)
    print_files(result.files)
    if result.verdict.status == "rejected":
        raise CheckFailed(result.summary)
    if result.verdict.reason:
        raise NothingDecided(result.summary)


@commands.command()
@click.argument("name", metavar="NAME")
@network_argument
@option("--step", type=int, default=0, show_default=True)
@option("--image", type=int)
@choice_options
@option("--latex", is_flag=True)
@lang_option
@rate_option
@seed_option
@option("--reduction", type=click.Choice(["sum", "mean"]), default="sum", show_default=True)
def explain(
    name: str, network: Path | None, step: int, image: int | None, choice: SampleChoice, latex: bool,
    learning_rate: float, seed: int, reduction: Any,
) -> None:  # fmt: skip
    """Explain one number at any step of the training."""
    from symcnn.explain import Question, explain_number

    choice.check_options("seed")
    chosen = choice.load(network)
    with progress_bar(text("bar.training"), step) as advance:
        explanation = explain_number(
            chosen.network, require_samples(chosen.network, chosen.data, network), Question(name, step, image),
            learning_rate=choice.learning_rate(chosen, learning_rate), seed=seed, reduction=reduction, lang=language(),
            progress=advance, initial=None if chosen.run is None else chosen.run.theta,
        )  # fmt: skip
    say(explanation.latex if latex else str(explanation))
