"""The commands. They only call what the package offers; heavy imports stand inside them."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symcnn.cli.shared import (
    CheckFailed,
    given_network,
    given_samples,
    lang_option,
    network_argument,
    out_option,
    print_files,
    print_table,
    progress_bar,
    rate_option,
    seed_option,
    steps_option,
)
from symcnn.errors import InputError
from symcnn.version import __version__

if TYPE_CHECKING:
    from symcnn.derivation import Derivation
    from symcnn.train import Run


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="symcnn")
def commands() -> None:
    """Take a small convolutional network apart, symbolically.

    Each command works on the article's network, or on a NETWORK.toml that you give.
    """


@commands.command(short_help="The article's whole story, into a folder.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
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
def derive(network: Path | None, name: str | None, latex: bool) -> None:
    """Derive every ∂E_total and print the formulas."""
    import symcnn
    from symcnn.formula import Latex, Plain, Typography
    from symcnn.text import catalogue

    net, _ = given_network(network)
    derivation = symcnn.derive(net)
    typography = Typography(derivation.graph, catalogue("en").words("word"))
    emit = Latex().display if latex else Plain().lines
    if name is not None:
        wanted = [step.variable for step in derivation[_quantity(derivation, name)].steps]
    else:  # the quantities on the way, then the formulas that are asked for
        on_the_way = [v.removeprefix("dE_d") for v in derivation.graph.backward]
        wanted = [v for v in on_the_way if v not in derivation.names] + list(derivation.names)
    for quantity in wanted:
        click.echo(emit(typography.chain_rule(derivation, quantity)))
    if name is None:
        forward, backward = derivation.operations
        parameters, count = len(net.parameters), len(derivation.names)
        maps = f" + {count - parameters} for the feature map" if count > parameters else ""
        click.echo(f"\n{count} formulas: {parameters} for the parameters{maps}.")
        click.echo(f"Operations for one image: {forward} forward, {backward} backward.")


def _quantity(derivation: "Derivation", name: str) -> str:
    """A quantity by its name, or as symcnn writes it: w_x11h1, w_x11-h1, dE_dw_x11h1."""
    from symcnn.formula import written_names

    known = [v.removeprefix("dE_d") for v in derivation.graph.backward]
    bare = written_names(derivation.graph).get(name, name).removeprefix("dE_d")
    if bare in known:
        return bare
    shown = ", ".join(known[:30]) + (f", … ({len(known)} in all)" if len(known) > 30 else "")
    raise InputError(f"--of {name}: no such quantity; expected one of {shown}")


@commands.command(short_help="Train by gradient descent.")
@network_argument
@rate_option
@steps_option(10_000)
@seed_option
@click.option(
    "--backend", default="auto", show_default=True, help="auto, numpy, expressions, python or numba (extra fast)."
)
@click.option(
    "--reduction",
    type=click.Choice(["sum", "mean"]),
    default="sum",
    show_default=True,
    help="Over the images.",
)
@click.option("--stop-below", type=float, help="Stop as soon as the loss is below this.")
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="RUN.json",
    help="Go on from a saved training: with its network, images, rate and reduction, unless they are given.",
)
@click.option("--save", type=click.Path(path_type=Path), metavar="RUN.json", help="Save the training.")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE.png|svg", help="Draw it (extra plot).")
def train(
    network: Path | None, learning_rate: float, steps: int, seed: int, backend: str, reduction: Any,
    stop_below: float | None, resume: Path | None, save: Path | None, plot: Path | None,
) -> None:  # fmt: skip
    """Train by gradient descent on all images at once; print loss, outputs and parameters.

    Ctrl-C stops it and keeps what was learnt so far.
    """
    import symcnn
    from symcnn.files import check_writable

    for path, suffixes in ((save, (".json",)), (plot, (".png", ".svg"))):
        if path is not None:
            check_writable(path, suffixes)
    initial = symcnn.Run.load(resume) if resume is not None else None
    net, data = given_network(network) if initial is None or network is not None else (initial.network, initial.data)
    if initial is not None:
        context = click.get_current_context()
        default = click.core.ParameterSource.DEFAULT
        if context.get_parameter_source("learning_rate") is default:
            learning_rate = initial.learning_rate
        if context.get_parameter_source("reduction") is default:
            reduction = initial.reduction
    with progress_bar("training", steps) as advance:
        run = symcnn.train(
            net, given_samples(net, data, network), learning_rate=learning_rate, steps=steps, seed=seed,
            backend=backend, reduction=reduction, stop_below=stop_below, initial=initial, progress=advance,
        )  # fmt: skip
    _show(run)
    print_files([run.save(save)] if save is not None else [])
    print_files([run.plot(plot)] if plot is not None else [])


@commands.command(short_help="What a saved training says of your images.")
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN.json")
@click.argument("images", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="IMAGE...")
def predict(run: Path, images: tuple[Path, ...]) -> None:
    """The outputs of a saved training for images of your own: TOML, CSV, or PNG (black ink on white is 1)."""
    import symcnn
    from symcnn.formula import shown
    from symcnn.network import read_images

    trained = symcnn.Run.load(run)
    found = [(path, read_images(path, trained.network)) for path in images]
    labels = trained.data.labels
    rows = []
    for path, pixels in found:
        for n, outputs in enumerate(trained.predict(pixels).tolist(), 1):
            if not all(map(math.isfinite, outputs)):
                raise InputError(f"{path}: the outputs are not finite; expected pixels of an ordinary size")
            name = str(path) if len(pixels) == 1 else f"{path} ({n})"
            best = max(range(len(outputs)), key=outputs.__getitem__)
            rows.append([name, *(shown(v, 6) for v in outputs), f"o_{best + 1}"])
    print_table("", rows, ["image", *trained.network.forward.outputs.scalars(), "largest"])
    if labels is not None:
        click.echo(f"trained on: {', '.join(map(str, labels))}")


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
    with progress_bar("workbook", steps) as advance:
        symcnn.export_workbook(
            net, given_samples(net, data, network), out, learning_rate=learning_rate, steps=steps, seed=seed, lang=lang,
            progress=advance,
        )  # fmt: skip
    print_files([out])


@commands.command(short_help="Write the derivation report.")
@network_argument
@out_option("derivation.md")
@lang_option
@steps_option(10_000)
@rate_option
@seed_option
def report(network: Path | None, out: Path, lang: str, steps: int, learning_rate: float, seed: int) -> None:
    """Write the derivation as a report; with samples also a pass with numbers and a training."""
    import symcnn.report
    from symcnn.files import check_writable
    from symcnn.text import catalogue

    catalogue(lang)
    check_writable(out, symcnn.report.SUFFIXES)

    net, data = given_network(network)
    with progress_bar("report", steps) as advance:
        content = symcnn.report.gather(net, data, None, learning_rate, steps, seed, advance)
        symcnn.report.write_content(content, out, lang)
    print_files([out])
    if content.failed:
        raise CheckFailed(f"the report tells of what did not hold: {', '.join(content.failed)}")


@commands.command(short_help="What is proved, and how; what each check catches.")
@network_argument
@click.option("--numba", is_flag=True, help="Compare the compiled program too (extra fast).")
@lang_option
def verify(network: Path | None, numba: bool, lang: str) -> None:
    """Verify every gradient and every program; show that each check can fail; say what was not checked.

    Exit status 1 if a claim is refuted.
    """
    import symcnn
    from symcnn.numeric import BACKENDS, PROGRAMS
    from symcnn.verification import taken_one_by_one

    net, data = given_network(network)
    net.require_loss(str(network))
    backends = tuple(BACKENDS if numba else PROGRAMS)
    with progress_bar("verifying", len(taken_one_by_one(symcnn.derive(net))) or None) as advance:
        found = symcnn.verify(net, data, backends=backends, lang=lang, progress=advance)
    heads, rows = found.table()
    print_table("", rows, heads)
    click.echo(found.summary)
    for line in found.remarks():
        click.echo(line)
    if not found.ok:
        bad = [row.claim for row in found.rows if not row.ok or not all(f.ok for f in row.figures)]
        raise CheckFailed(f"verification failed: {', '.join(bad) or 'a planted error was not caught'}")


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
    click.echo(found.latex if latex else found)


def _show(run: "Run") -> None:
    from symcnn.formula import shown

    names = run.network.parameters
    print_table(
        "training",
        [
            ("steps", f"{run.steps} (stopped: {run.stopped})"),
            ("program", run.backend),
            ("loss", f"{shown(float(run.loss[0]), 6)} → {shown(float(run.loss[-1]), 6)}"),
            ("images right", f"{run.right} of {len(run.predictions)}"),
        ],
    )
    outputs = run.network.forward.outputs.scalars()
    labels = run.data.labels or [str(n) for n in range(1, len(run.predictions) + 1)]
    pairs = zip(labels[:20], run.predictions[:20].tolist(), strict=True)
    rows = [(str(label), *(shown(v, 6) for v in values)) for label, values in pairs]
    print_table("outputs after the training", rows, ["image", *outputs])
    values = [
        (name, shown(a, 6), shown(b, 6))
        for name, a, b in zip(names, run.initial.tolist(), run.theta.tolist(), strict=True)
    ]
    print_table("parameters", values[:60], ["name", "before", "after"])
    if len(values) > 60:
        click.echo(f"… and {len(values) - 60} more")
