"""Long checks: ``python -m tests.tools.campaign networks --count 10000``, ``… planted`` and so on.

networks   random networks, every tensor's gradient of every program against the complex step of a hand-written forward
           pass and PyTorch; on a part of them also the scalar derivation at 50 digits and numba
planted    wrong index-notation equations of a network like LeNet, and how many the modular check catches
formulas   random expressions as cell formulas and back, and the value that a spreadsheet engine gives them
audit      the article's equations with one place changed: each must be told, on its line and on no other
reports    our own reports, of every example, in every language: our own audit finds every equation true
public     public texts of other people, where a folder holds copies: what is called false or true is what was checked
workbook   the article's workbook with one formula altered, every distinct one in several ways: all must be caught, and
           nothing found in workbooks that nobody touched
layers     a LeNet's workbook, one cell or name altered: each must be named; and nothing found in workbooks of random
           networks that nobody touched
certificates   of random networks: Coq must accept each
trainers   random trainings, five steps and more, against PyTorch's: every backend, in double and single precision

Exit status 1 if anything differs or is missed. ``--seed`` is the first one: two processes may share the work.
"""

import argparse
import importlib.util
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np

import symcnn
from symcnn.audit import audit
from symcnn.certificate import Certificate, check
from symcnn.network import read_network
from symcnn.numeric import BACKENDS
from symcnn.numeric.program import DTYPES
from symcnn.text import LANGUAGES, catalogue
from symcnn.verification import check_equations
from symcnn.workbook import verify_workbook
from symcnn.workbook.layer_workbook import LayerInputs, layer_workbook
from tests.tools import alterations
from tests.tools import audit_campaign as audit_campaign
from tests.tools import cell_formulas as cells
from tests.tools import public_texts as public
from tests.tools.gradients import PROGRAMS, networks, planted
from tests.tools.networks import from_seed
from tests.tools.trainings import Comparison, random_training


def formulas(count: int, first: int) -> int:
    """Random expressions, printed as formulas, read back and worked out; the number that differ."""
    with tempfile.TemporaryDirectory() as folder:
        found = cells.disagreements(count, first, Path(folder))
    for line in found[:20]:
        print(line)
    print(f"{count} expressions from seed {first}: {len(found)} differ")
    return len(found)


def workbook(each: int, first: int) -> int:
    """Alter every distinct formula; the number that was missed, and of findings where nothing was altered."""
    article, start = symcnn.article.network(), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        false = [line for lang in ("en", "fr") for line in untouched(article, symcnn.article.images(), folder, lang)]
        for file in sorted((Path(__file__).parents[2] / "examples").glob("**/*.toml")):
            net, data = read_network(file)
            if net.loss is not None and data is not None:
                false += untouched(net, data, folder, "en")
        package = alterations.workbook(folder, "en")
        chosen = list(alterations.alterations(package, random.Random(first), each))

        def tell(done: int) -> None:
            if done % 500 == 0:
                print(f"{done} of {len(chosen)}, {time.monotonic() - start:.0f} s", flush=True)

        missed = alterations.missed(package, chosen, article, tell)
    for line in (*false, *missed):
        print(line)
    kinds = Counter(alteration.kind for alteration in chosen)
    print(", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    print(f"{len(chosen) - len(missed)} of {len(chosen)} altered formulas caught, {len(false)} false alarms")
    return len(missed) + len(false) + (len(chosen) < 500)


def layers(count: int, together: int, random_networks: int, first: int) -> int:
    """Alter a LeNet's workbook; the number that was missed, and of findings in untouched workbooks."""
    start = time.monotonic()
    conv, pool = symcnn.Conv2D, symcnn.MaxPool2D
    head = [conv(6, 5, padding=2), symcnn.Activation("relu"), pool(2), conv(16, 5), symcnn.Activation("relu"), pool(2)]
    tail = [symcnn.Flatten(), symcnn.Dense(120, "relu"), symcnn.Dense(84, "relu"), symcnn.Dense(10)]
    false = 0
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "layers.xlsx"
        for seed in range(first, first + random_networks):
            net, theta, images, targets = from_seed(seed)
            inputs = LayerInputs(net, images[0], targets[0], theta, 0.1)
            path.write_bytes(layer_workbook(catalogue("en"), inputs))
            found = verify_workbook(path, net)
            false += not found.ok
            for finding in found.findings[:3]:
                print(f"seed {seed}: {finding}")
        net = symcnn.Network((28, 28), [*head, *tail], "cross_entropy")
        rng = np.random.default_rng(first)
        theta = (rng.normal(size=len(net.parameters)) / 10).round(6)
        inputs = LayerInputs(net, rng.uniform(size=(28, 28)).round(2), np.eye(10)[3], theta, 0.01)
        path.write_bytes(layer_workbook(catalogue("en"), inputs))
        book = alterations.LayerWorkbook(path, net)
        chosen = book.alterations(random.Random(first), count)

        def tell(done: int) -> None:
            print(f"{done} of {count}, {time.monotonic() - start:.0f} s", flush=True)

        missed = book.missed(chosen, together, tell)
    for line in missed:
        print(line)
    print(", ".join(f"{kind} {number}" for kind, number in Counter(a.kind for a in chosen).most_common()))
    print(
        f"{count - len(missed)} of {count} alterations named, {false} of {random_networks} untouched workbooks faulted"
    )
    return len(missed) + false


def audited(count: int, seed: int, corrections: bool) -> int:
    """Change one place of the article's equations; how many were missed, told on another line, or without a proof."""
    bench, start = audit_campaign.Bench(), time.monotonic()
    if corrections:
        bench.with_corrections()
    chosen = list(bench.all()) if count == 0 else bench.sample(count, seed)

    def tell(done: int) -> None:
        if done % 1000 == 0:
            print(f"{done} of {len(chosen)}, {time.monotonic() - start:.0f} s", flush=True)

    tally = bench.run(chosen, tell)
    faults = (*tally.missed, *tally.elsewhere, *tally.unshown, *tally.uncorrected)
    for name, mutation in faults:
        print(f"{name}: {mutation.kind}: {mutation.old} -> {mutation.new} at {mutation.at}: {mutation.body}")
    print(tally)
    print(f"{len(chosen) - len(tally.missed)} of {len(chosen)} caught, {len(tally.elsewhere)} told on another line too")
    print(f"{tally.false} false, {len(tally.unshown)} of them without a counterexample", end="")
    print(f", {len(tally.uncorrected)} without a right side that makes them true" if corrections else "")
    print("Not to be caught in principle:", *audit_campaign.UNDETECTABLE, sep="\n  ")
    return len(faults)


def reports() -> int:
    """Write every report and audit it; the number of equations that are not true, or not read."""
    nets = {"article": (symcnn.article.network(), symcnn.article.images())}
    nets |= {file.stem: read_network(file) for file in sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))}
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for (name, (net, data)), lang, suffix in product(nets.items(), LANGUAGES, ("md", "tex")):
            path = Path(folder) / f"{name}-{lang}.{suffix}"
            symcnn.write_report(net, path, data=data, lang=lang)
            found = audit(path, net, data=data, check=check_equations)
            print(f"{path.name}: {found.count('true')} of {len(found.findings)} equations true", flush=True)
            for finding in (f for f in found.findings if f.verdict != "true"):
                wrong += 1
                print(f"  {finding.line}: {finding.verdict}, {finding.judged.reason}: {finding.text}")
    return wrong


def untouched(net: symcnn.Network, data: symcnn.Data, folder: Path, lang: str) -> list[str]:
    """What is found in a workbook as it was written."""
    path = folder / "untouched.xlsx"
    symcnn.export_workbook(net, data, path, steps=4, lang=lang)
    found = verify_workbook(path, net, lang=lang)
    return [str(finding) for finding in found.findings] + [row.claim for row in found.rows if not row.ok]


def trainers(count: int, first: int, backends: Sequence[str], dtypes: Sequence[str]) -> int:
    """Train random networks as PyTorch does; how many end elsewhere."""
    start, faults = time.monotonic(), 0
    compared: Counter[str] = Counter()
    hanging: Counter[str] = Counter()
    worst: dict[str, tuple[float, int]] = {}
    for seed in range(first, first + count):
        training = random_training(seed)
        for backend, dtype in product(backends, dtypes):
            if dtype not in BACKENDS[backend].dtypes:
                continue
            name = f"{backend}, {dtype}"
            compared[name] += 1
            try:
                found = Comparison(training, backend, dtype)
            except Exception as error:  # a crash is one fault of many
                faults += 1
                print(f"seed {seed}, {name}: {error!r}: {training.net}", flush=True)
                continue
            if found.faults:
                faults += 1
                print(found, flush=True)
            elif found.hangs_on_last_bits:
                hanging[name] += 1
                print(f"seed {seed}, {name}: {found.worst:.0e} apart, each step alone is PyTorch's", flush=True)
            else:
                worst[name] = max(worst.get(name, (0.0, seed)), (found.worst, seed))
        done = seed + 1 - first
        if done % 100 == 0 and done < count:
            print(f"{done} of {count} networks, {time.monotonic() - start:.0f} s", flush=True)
    print(f"seeds {first} to {first + count - 1}, {time.monotonic() - start:.0f} s")
    for name, number in compared.items():
        gap, seed = worst.get(name, (0.0, first))
        print(f"{name:22} {number:6} networks  worst difference {gap:.0e} (seed {seed})", end="")
        print(f", {hanging[name]} more hang on last bits")
    print(f"{faults} faults")
    return faults + sum(number > 3 + 0.02 * count for number in hanging.values())


def certificates(count: int, seed: int) -> int:
    """How many certificates of random networks Coq does not accept."""
    refused = 0
    for n in range(seed, seed + count):
        net, _, images, _ = from_seed(n)
        verdict = check(Certificate(symcnn.derive(net), len(images)))
        if not verdict.ok:
            refused += 1
            print(f"seed {n}: {verdict.reason}")
    print(f"{count - refused} of {count} certified")
    return refused


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.campaign", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    compared = commands.add_parser("networks", help="random networks against independent truths")
    compared.add_argument("--count", type=int, default=10_000)
    compared.add_argument("--seed", type=int, default=0, help="the first seed")
    compared.add_argument("--backends", default=None, help="comma-separated; all that are installed if not given")
    wrong = commands.add_parser("planted", help="planted errors in index notation")
    wrong.add_argument("--count", type=int, default=100)
    texts = commands.add_parser("formulas", help="random expressions as cell formulas and back")
    texts.add_argument("--count", type=int, default=10_000)
    texts.add_argument("--seed", type=int, default=0)
    altered = commands.add_parser("workbook", help="altered formulas of a workbook")
    altered.add_argument("--each", type=int, default=3, help="ways in which a formula is altered")
    altered.add_argument("--seed", type=int, default=0)
    large = commands.add_parser("layers", help="altered cells and names of a LeNet's workbook")
    large.add_argument("--count", type=int, default=200)
    large.add_argument("--together", type=int, default=10, help="alterations of one workbook at a time")
    large.add_argument("--networks", type=int, default=50, help="random networks whose workbooks nobody touches")
    large.add_argument("--seed", type=int, default=0)
    proved = commands.add_parser("certificates", help="certificates of random networks")
    proved.add_argument("--count", type=int, default=100)
    proved.add_argument("--seed", type=int, default=0)
    mutated = commands.add_parser("audit", help="the article's equations with one place changed")
    mutated.add_argument("--count", type=int, default=0, help="of them; 0: all")
    mutated.add_argument("--seed", type=int, default=0)
    mutated.add_argument("--corrections", action="store_true", help="put what is told in the wrong place, audit again")
    trained = commands.add_parser("trainers", help="random trainings against PyTorch's")
    trained.add_argument("--count", type=int, default=2_000)
    trained.add_argument("--seed", type=int, default=0, help="the first seed")
    trained.add_argument("--backends", default=None, help="comma-separated; all that are installed if not given")
    trained.add_argument("--dtypes", nargs="+", choices=DTYPES, default=DTYPES)
    public_texts = commands.add_parser("public", help="public texts, of which copies stand in a folder")
    public_texts.add_argument("folder", type=Path, help="holds <owner>/<name>/<path> of tests/tools/public_texts.toml")
    commands.add_parser("reports", help="every report of every example, audited")
    given = parser.parse_args(arguments)
    if given.command == "certificates":
        return int(certificates(given.count, given.seed) > 0)
    if given.command == "reports":
        return int(reports() > 0)
    if given.command == "public":
        return int(public.check(given.folder) > 0)
    if given.command == "audit":
        return int(audited(given.count, given.seed, given.corrections) > 0)
    if given.command == "formulas":
        return int(formulas(given.count, given.seed) > 0)
    if given.command == "workbook":
        return int(workbook(given.each, given.seed) > 0)
    if given.command == "layers":
        return int(layers(given.count, given.together, given.networks, given.seed) > 0)
    if given.command == "planted":
        return int(planted(given.count) > 0)
    compiled = ("numba",) if importlib.util.find_spec("numba") else ()
    backends = given.backends.split(",") if given.backends else (*PROGRAMS, *compiled)
    if unknown := set(backends) - set(BACKENDS):
        parser.error(f"--backends: {', '.join(sorted(unknown))}: unknown; expected some of {', '.join(BACKENDS)}")
    if given.command == "trainers":
        return int(trainers(given.count, given.seed, backends, given.dtypes) > 0)
    return int(networks(given.count, given.seed, backends) > 0)


if __name__ == "__main__":
    sys.exit(main())
