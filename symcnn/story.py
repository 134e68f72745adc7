"""The whole article in one command: derive, prove, check, train, write the workbook and the report."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from symcnn import article
from symcnn.files import check_folder, folder_for, write_whole
from symcnn.formula import Plain, format_number, tree
from symcnn.numeric import PROGRAMS, ArrayProgram
from symcnn.picture import one_number
from symcnn.report import SUFFIXES, write_content
from symcnn.report.pdf import has_pdf
from symcnn.reports import gather
from symcnn.text import Catalogue, catalogue
from symcnn.train import train
from symcnn.verification import TOLERANCE, Agreement
from symcnn.workbook import export_workbook

#: Rows of the workbook's Training sheet, at most.
WORKBOOK_STEPS = 1_000


@dataclass(frozen=True)
class Story:
    """The results as rows of a table, and the files written.

    Attributes:
        failed: the checks that failed, in words; empty if none did.
    """

    title: str
    rows: list[tuple[str, str]]
    files: list[Path]
    failed: str

    @property
    def ok(self) -> bool:
        return not self.failed


def tell(
    folder: Path, lang: str, learning_rate: float, steps: int, seed: int, progress: Callable[[int], None] | None = None
) -> Story:
    """Do all of it, and write the files into a folder, which is made if it is missing.

    Args:
        folder: gets all files, or none.
        learning_rate, steps, seed: of the training; the workbook holds at most its first ``WORKBOOK_STEPS``.
    """
    text = catalogue(lang)
    check_folder(folder)
    network, data = article.network(), article.images()
    run = train(network, data, learning_rate=learning_rate, steps=steps, seed=seed)
    if run.stopped == "interrupted":  # Ctrl-C meant the story, not only its training
        raise KeyboardInterrupt
    content = gather(network, data, run, learning_rate, steps, seed)
    derivation, proof, agreement = content.derivation, content.proof, content.agreement
    with folder_for(folder) as fresh:
        export_workbook(network, data, fresh / "cnn.xlsx", run=run, steps=WORKBOOK_STEPS, lang=lang, progress=progress)
        suffixes = [suffix for suffix in SUFFIXES if suffix != ".pdf" or has_pdf()]
        written = write_content(content, [fresh / f"derivation{suffix}" for suffix in suffixes], lang)
        picture = one_number(derivation, data, run.initial.tolist(), min(run.steps, WORKBOOK_STEPS), text)
        write_whole(fresh / "one-number.svg", picture.encode("utf-8"))
    names, parameters = len(derivation.names), len(network.parameters)
    images = len(data.images)
    totals = images * sum(derivation.operations) + (images - 1) * (1 + parameters)
    rows = [
        _part_one(text),
        _row(
            text, "derived", count=names, parameters=parameters, maps=names - parameters, operations=totals,
            samples=images,
        ),
        _row(text, "proved", proved=proof.proved, count=names),
        _row(text, "checked", programs=len(PROGRAMS), difference=_bound(text, agreement)),
        _row(
            text, "trained", steps=run.steps, backend=run.backend, before=_number(text, float(run.loss[0])),
            after=_number(text, float(run.loss[-1])), right=run.right, samples=images,
        ),
    ]  # fmt: skip
    failed = [] if proof.ok else [f"{names - proof.proved} of {names} gradients are not proved"]
    failed += [f"{a.backend} is off by {a.worst:.1e} at {a.where}" for a in agreement if not a.ok]
    reports = (path.name for path in written[: len(suffixes)])
    files = [folder / name for name in ("cnn.xlsx", *reports, "one-number.svg")]
    return Story(text("summary.title"), rows, files, "; ".join(failed))


def _part_one(text: Catalogue) -> tuple[str, str]:
    network, picture = article.operations(), article.picture()
    maps = ArrayProgram(network).forward(article.features(), picture.images)["x"][0]
    first = float(maps[0, 0, 0])
    value = f"{first:.2f}".replace(".", text.decimal)
    return _row(text, "operations", value=value, sum=round(9 * first), found=int((maps[0] == 1).sum()))


def _row(text: Catalogue, key: str, **values: object) -> tuple[str, str]:
    return text(f"summary.{key}"), text(f"summary.{key}_value", **values)


def _bound(text: Catalogue, agreement: Sequence[Agreement]) -> str:
    """Return ≤ 10⁻¹³, which holds on every processor; the exact figure only if it is larger."""
    worst = max(a.worst for a in agreement)
    sign, value = ("≤", TOLERANCE) if all(a.ok for a in agreement) else ("=", worst)
    return f"{sign} {Plain(text.decimal).emit(tree.Number(value, 2))}"


def _number(text: Catalogue, value: float) -> str:
    return format_number(value, 6).replace(".", text.decimal)
