"""``python -m tests.benchmarks.readme``: measure, and write the figures into the marked blocks of reports/speed.md.

    <!-- figures: speed -->   written by one run on one machine, with its date: times and ratios
    <!-- figures: sizes -->   the same on every machine: counts; a test fails where they are stale
    <!-- end -->

``--sizes`` writes the sizes only. Everything goes through the call that a user makes.
"""

import argparse
import datetime
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import symcnn
from symcnn.certificate import certificate_of
from tests.benchmarks import article, certificate, networks, report, workbook
from tests.benchmarks import lenet as real
from tests.benchmarks.common import machine
from tests.proof.test_gradients import wrong_candidates
from tests.tools.networks import digits, lenet

PAGE = Path(__file__).parents[2] / "reports" / "speed.md"


def replaced(text: str, block: str, content: str) -> str:
    """The text with another content of one block.

    Raises:
        ValueError: there is not exactly one such block.
    """
    pattern = re.compile(rf"(<!-- figures: {block} -->\n).*?(<!-- end -->)", re.DOTALL)
    found, count = pattern.subn(lambda m: f"{m[1]}{content}\n{m[2]}", text)
    if count != 1:
        raise ValueError(f"{PAGE.name}: {count} blocks <!-- figures: {block} -->; expected one")
    return found


def table(rows: Mapping[str, str]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {what} | {figure} |" for what, figure in rows.items())])


def sizes(book: Path) -> str:
    """Counts, which no machine changes; book: the article's workbook with 1,000 steps."""
    net, data = symcnn.article.network(), symcnn.article.images()
    d = symcnn.derive(net)
    forward, backward = d.operations
    formulas, parameters, images = len(d.names), len(net.parameters), len(data.images)
    # E_total, and the total gradient of each parameter, add up the images
    first = images * forward + images - 1
    whole = images * (forward + backward) + (images - 1) * (1 + parameters)
    larger = {"digits": digits(), "LeNet-like": lenet()}
    operations = [symcnn.derive(n).operations for n in larger.values()]
    planted = symcnn.verify(net, data).planted[0]
    return table({
        "formulas: for the parameters + for the feature map": f"{parameters} + {formulas - parameters} = {formulas}",
        "operations for both images: forward / forward and all gradients": f"{first} / {whole} ({whole / first:.2f}×)",
        f"the same for one sample: {' / '.join(larger)}": " / ".join(f"{sum(o) / o[0]:.2f}×" for o in operations),
        f"parameters: {' / '.join(larger)}": " / ".join(f"{len(n.parameters):,}" for n in larger.values()),
        "planted errors that `symcnn verify` decides to be wrong": f"{planted.caught} of {planted.planted}",
        "wrong formulas that the tests have refuted, some off by 10⁻¹²": f"{len(list(wrong_candidates(d)))}",
        "theorems of the certificate for both images": f"{len(certificate_of(net, data).claims)}",
        "formula cells of the workbook with 1,000 steps": f"{workbook.formulas(book):,}",
        "`examples/lenet.toml`: numbers of one forward pass / formula cells of its workbook": " / ".join(
            f"{count:,}" for count in real.counts()
        ),
    })  # fmt: skip


BESIDE = (
    "Mini-batch training through `symcnn.train`, loss and accuracy of all samples after each epoch included, beside a"
    " PyTorch loop (eager, 1 thread) that does the same, in turn in one process:"
)


def speed(runs: int) -> str:
    """Times, on this machine and today."""
    day = datetime.date.today()
    rows = {**article.figures(runs), **workbook.figures(runs), **report.figures(runs), **certificate.figures(runs)}
    found = networks.figures(runs)
    names = [key.removesuffix(" case") for key in found if key.endswith(" case")]
    ways = [way for way in ("NumPy", "numba", "JAX jit") if any(f"{name} {way}" in found for name in names)]
    beside = [f"| network, batch, numbers | {' | '.join(ways)} |", "|---" * (len(ways) + 1) + "|"]
    shown = set()
    for name in names:
        cells = [_cell(found, f"{name} {way}") for way in ways]
        beside.append(f"| {found[f'{name} case']} | {' | '.join(cells)} |")
        shown |= {f"{name} {word}" for way in (*ways, "PyTorch") for word in ("case", way, f"{way} samples/s")}
    others = {key: figure for key, figure in found.items() if key not in shown}
    head = f"Medians of {runs} runs, {day.day} {day:%B %Y}: {machine()}."
    return "\n\n".join((head, table(rows), BESIDE, "\n".join(beside), table(others)))


def _cell(found: Mapping[str, str], key: str) -> str:
    per_second = found.get(f"{key} samples/s")
    return found.get(key, "–") if per_second is None else f"{found.get(key, '–')} ({per_second} samples/s)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sizes", action="store_true", help="what no machine changes, only")
    settings = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "cnn.xlsx"
        workbook.write(book, 1_000)
        blocks = {"sizes": sizes(book)}
    if not settings.sizes:
        blocks["speed"] = speed(settings.runs)
    text = PAGE.read_text("utf-8")
    for block, content in blocks.items():
        text = replaced(text, block, content)
        print(content)
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
