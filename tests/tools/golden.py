"""The golden harness: is everything that symcnn writes the same as at another commit?

    git worktree add ../before fe66de0
    python -m tests.tools.golden make before.golden --tree ../before
    python -m tests.tools.golden make after.golden
    python -m tests.tools.golden compare before.golden after.golden --intended changes.toml

``make`` calls what a user calls, on 40 networks: formulas, proofs, programs and the bits of their results, trainings,
the workbook cell by cell, the report in three formats, the check of every display, the verification, the audit of the
report, the certificate. ``compare`` holds two of them together, part by part, and lists the differences by kind; exit
status 1 where one is in no list of intentions. Such a list is TOML:

    [[intended]]
    kind = "report, HTML"          # a pattern of fnmatch, as are the others; what is left out fits all
    network = "article*"
    before = "*one image*"         # the part before, and after
    after = "*each image*"
    why = "…"

An intention that fits nothing is told, and fails too.
"""

import argparse
import hashlib
import html
import io
import json
import math
import re
import sys
import tempfile
import time
import tomllib
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COUNT = 40

#: A kind of output -> its parts, in order: (name, text). Parts of one name are told apart by their order.
Parts = list[tuple[str, str]]


# --- the networks ---------------------------------------------------------------------------------------------------


def networks() -> dict[str, Callable[[], tuple[Any, Any, Any, Any]]]:
    """Name -> network, parameters, images and targets; symcnn is imported by the call and not before."""

    def article() -> tuple[Any, Any, Any, Any]:
        import symcnn

        net, data = symcnn.article.network(), symcnn.article.images()
        return net, list(range(-10, 10)), data.images, data.targets

    def of(build: Callable[[Any], Any], seed: int, equal: bool = False) -> Callable[[], tuple[Any, Any, Any, Any]]:
        def made() -> tuple[Any, Any, Any, Any]:
            import numpy as np

            import symcnn

            net, rng = build(symcnn), np.random.default_rng(seed)
            images = np.ones((2, *net.input_shape)) if equal else rng.normal(size=(2, *net.input_shape)).round(2)
            targets = np.eye(net.outputs)[[0, net.outputs - 1]]
            return net, rng.uniform(-1, 1, len(net.parameters)), images, targets

        return made

    def drawn(seed: int) -> Callable[[], tuple[Any, Any, Any, Any]]:
        def made() -> tuple[Any, Any, Any, Any]:
            from tests.tools.networks import from_seed

            net, theta, images, targets = from_seed(seed)
            if net.loss in ("cross_entropy", "binary_cross_entropy"):
                targets = (targets == targets.max(-1, keepdims=True)).astype(float)
            return net, theta, images, targets

        return made

    chosen = {
        "article": article,
        "one": of(lambda s: s.Network((1, 1), [s.Conv2D(1, 1), s.Flatten(), s.Dense(1, "sigmoid")], "mse"), 1),
        "ties": of(
            lambda s: s.Network(
                (4, 4), [s.Conv2D(1, 1), s.MaxPool2D(2), s.Activation("relu"), s.Flatten(), s.Dense(2)], "cross_entropy"
            ),
            2,
            equal=True,
        ),
        "padding": of(
            lambda s: s.Network(
                (4, 3),
                [s.Conv2D(2, 3, padding="same"), s.Activation("tanh"), s.MaxPool2D(2, 1, "same"), s.Flatten(),
                 s.Dense(2, "softmax")],
                "half_squared_error",
            ),
            3,
        ),
        "channels": of(
            lambda s: s.Network(
                (3, 4, 4),
                [s.Conv2D(2, 2, normalize=True), s.Activation("leaky_relu"), s.AvgPool2D(2, 1), s.Conv2D(2, 2),
                 s.Flatten(), s.Dense(3, "relu"), s.Dense(1, "sigmoid")],
                "binary_cross_entropy",
            ),
            4,
        ),
        "dense": of(
            lambda s: s.Network((2, 2), [s.Flatten(), s.Dense(3, "tanh"), s.Dense(3)], "cross_entropy"), 5
        ),
    }  # fmt: skip
    return chosen | {f"random {seed}": drawn(seed) for seed in range(COUNT - len(chosen))}


# --- what is written ------------------------------------------------------------------------------------------------


def outputs(name: str) -> dict[str, Parts]:
    """Every output of one network; a call that fails leaves its error, in one line."""
    import numpy as np

    import symcnn

    net, theta, images, targets = networks()[name]()
    theta, data = np.asarray(theta, float) / 10 if name == "article" else theta, (images, targets)
    french = len(name) % 2 == 0
    lang = "fr" if french else "en"
    kinds: dict[str, Parts] = {}

    def keep(kind: str, parts: Callable[[], Iterator[tuple[str, str]] | Parts]) -> None:
        kinds[kind] = kept = []
        try:
            kept.extend(parts())
        except symcnn.SymcnnError as error:
            kept.append(("error", f"{type(error).__name__}: {error}"))

    d = symcnn.derive(net)
    keep("formulas", lambda: [part for n in d for part in _formulas(d[n], n)])
    keep("proofs", lambda: [("", line) for line in str(d.prove()).splitlines()])
    for backend in ("numpy", "expressions", "python", "numba"):
        keep(f"program {backend}", lambda b=backend: _program(net, b, theta, images, targets))
    keep("training", lambda: _trainings(net, data, theta))
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book.xlsx"
        keep("workbook written", lambda: [("", Path(symcnn.export_workbook(net, data, book, steps=3, lang=lang)).name)])
        if book.is_file():
            kinds |= workbook(book)
        run = symcnn.train(net, data, learning_rate=0.5, steps=3, seed=0, backend="numpy")
        for ending in ("md", "html", "tex"):
            path = Path(folder) / f"report.{ending}"
            split = {"md": _lines, "html": _elements, "tex": _lines}[ending]

            def written(path: Path = path, split: Any = split) -> Parts:
                symcnn.write_report(net, path, data=data, run=run, lang=lang)
                return list(split(path.read_text("utf-8")))

            keep(f"report, {ending}", written)
        keep("certificate", lambda: _written(symcnn.write_certificate, net, Path(folder) / "certificate.v"))
        keep("verification", lambda: _verification(symcnn.verify(net, data, lang=lang, seconds=math.inf)))
        if name == "article":  # the others are no files
            notes = [str(Path(folder) / "report.md"), str(ROOT / "examples" / "notes.md")]
            for text in notes:
                keep(
                    f"audit of {Path(text).name}", lambda t=text: _command("audit", t, "--json", "--network", "article")
                )
            for words in (("derive",), ("derive", "--index"), ("derive", "--of", "f_12", "--latex"),
                          ("explain", "dE_df_12", "--step", "2"), ("verify",)):  # fmt: skip
                keep(f"command {' '.join(words)}", lambda w=words: _command(*w))
    return kinds


def _formulas(gradient: Any, name: str) -> Iterator[tuple[str, str]]:
    import sympy

    yield f"{name}, formula", sympy.sstr(gradient.formula)
    yield f"{name}, LaTeX", gradient._repr_latex_()
    if gradient.has_short_expression:
        yield f"{name}, expression", sympy.srepr(gradient.expression)
    for step in gradient.steps:
        yield f"{name}, step", str(step)


def _program(net: Any, backend: str, *values: Any) -> Iterator[tuple[str, str]]:
    import symcnn

    for dtype in ("float64", "float32") if backend in ("numpy", "numba") else ("float64",):
        program = symcnn.compile(net, backend, dtype)
        for line in program.source.splitlines():
            yield f"{dtype}, source", line
        loss, gradient = program.loss_and_gradient(*values)
        yield f"{dtype}, loss", _bits(loss)
        yield f"{dtype}, gradient", _bits(gradient)
        yield f"{dtype}, prediction", _bits(program.predict(*values[:2]))


def _bits(values: Any) -> str:
    import numpy as np

    array = np.ascontiguousarray(values)
    shown = " ".join(f"{v:.3g}" for v in array.ravel()[:4])
    return f"{hashlib.sha256(array.tobytes()).hexdigest()[:16]} {array.dtype} {array.shape} {shown}"


def _trainings(net: Any, data: Any, theta: Any) -> Iterator[tuple[str, str]]:
    import symcnn

    for backend in ("numpy", "python", "expressions"):
        for words in ({"steps": 4}, {"epochs": 2, "batch_size": 1, "optimizer": "adam", "seed": 1}):
            run = symcnn.train(net, data, learning_rate=0.1, initial=theta, backend=backend, **words)
            yield f"{backend}, {words}, parameters", _bits([run.parameters[p] for p in net.parameters])
            yield f"{backend}, {words}, summary", repr(run)


def _written(write: Callable[..., Any], net: Any, path: Path) -> Parts:
    write(net, path)
    return list(_lines(path.read_text("utf-8")))


def _verification(verification: Any) -> Iterator[tuple[str, str]]:
    for row in verification.rows:
        yield row.claim, f"{row.status} {row.method} {[f.method for f in row.figures]} {row.witness}"
    yield from (("remark", remark) for remark in verification.remarks())
    yield "summary", verification.summary


def _command(*words: str) -> Iterator[tuple[str, str]]:
    from symcnn.cli import main

    out, err, status = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(list(words))
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
    for name, stream in (("output", out), ("error", err)):
        for line in stream.getvalue().splitlines():
            yield name, line.replace(f"{ROOT}/", "")
    yield "exit status", str(status)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in filter(str.strip, text.split("\n")):
        yield "line", line


def _elements(page: str) -> Iterator[tuple[str, str]]:
    """An HTML page: its formulas, its pictures, its programs, and the text between them line by line."""
    end = 0
    for element in re.finditer(r"<(math|svg|script|style)\b.*?</\1>", page, re.DOTALL):
        yield from _lines(page[end : element.start()])
        yield element[1], element[0]
        end = element.end()
    yield from _lines(page[end:])


def workbook(path: Path) -> dict[str, Parts]:
    """A workbook, part by part: of each cell its formula, value and format; names; comments; every other file whole."""
    import openpyxl

    kinds: dict[str, Parts] = {f"workbook, {part}": [] for part in ("formula", "value", "format", "name", "file")}
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}
    for sheet, file in _sheets(files).items():
        for cell in re.finditer(r'<c r="([A-Z]+\d+)"([^>]*?)(?:/>|>(.*?)</c>)', files[file], re.DOTALL):
            formula = re.search(r"<f\b([^>]*)>(.*?)</f>", cell[3] or "", re.DOTALL)
            if formula:
                kinds["workbook, formula"].append((f"{sheet}!{cell[1]}", formula[1] + html.unescape(formula[2])))
            value = re.search(r"<v\b[^>]*>(.*?)</v>|<is>(.*?)</is>", cell[3] or "", re.DOTALL)
            if value:
                kinds["workbook, value"].append((f"{sheet}!{cell[1]}", value[1] or value[2] or ""))
        rest = re.sub(r"<sheetData>.*?</sheetData>", "", files.pop(file), flags=re.DOTALL)
        kinds["workbook, file"].append((f"{sheet} apart from its cells", rest))
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in filter(lambda c: c.has_style, row):
                look = (cell.font, cell.fill, cell.border, cell.alignment, cell.protection)
                text = cell.number_format + hashlib.sha256(repr(look).encode()).hexdigest()[:12]
                kinds["workbook, format"].append((f"{sheet.title}!{cell.coordinate}", text))
    kinds["workbook, name"] = [(n, str(book.defined_names[n].attr_text)) for n in sorted(book.defined_names)]
    whole = {n: t for n, t in files.items() if not n.startswith(("xl/workbook.xml", "xl/styles.xml"))}
    kinds["workbook, file"] += sorted(whole.items())
    return kinds


def _sheets(files: Mapping[str, str]) -> dict[str, str]:
    """Title -> the file of the sheet."""
    links = dict(
        re.findall(r'Target="/?(?:xl/)?(worksheets/[^"]+)"[^>]*Id="([^"]+)"', files["xl/_rels/workbook.xml.rels"])
    )
    links |= {
        file: name
        for name, file in re.findall(
            r'Id="([^"]+)"[^>]*Target="/?(?:xl/)?(worksheets/[^"]+)"', files["xl/_rels/workbook.xml.rels"]
        )
    }
    by_id = {name: f"xl/{file}" for file, name in links.items()}
    titles = re.findall(r'<sheet\b[^>]*\bname="([^"]+)"[^>]*\br:id="([^"]+)"', files["xl/workbook.xml"])
    return {html.unescape(title): by_id[link] for title, link in titles}


def make_one(job: tuple[str, str, str]) -> tuple[str, float, str]:
    """Write one network's outputs: (name, seconds, what went wrong)."""
    name, out, tree = job
    start = time.monotonic()
    sys.path.insert(0, tree)
    import symcnn

    if not Path(symcnn.__file__).is_relative_to(tree):
        return name, 0.0, f"symcnn comes from {symcnn.__file__}, not from {tree}"
    try:
        kinds = outputs(name)
    except Exception:
        return name, time.monotonic() - start, traceback.format_exc()
    (Path(out) / f"{name}.json").write_text(json.dumps(kinds, indent=0, ensure_ascii=False), "utf-8")
    return name, time.monotonic() - start, ""


def make(out: Path, tree: Path, names: Sequence[str], processes: int) -> int:
    """Write the outputs of the networks into a folder; how many of them could not be made."""
    out.mkdir(parents=True, exist_ok=True)
    faults = 0
    jobs = [(name, str(out.resolve()), str(tree.resolve())) for name in names]
    with get_context("spawn").Pool(processes) as pool:
        for name, seconds, fault in pool.imap_unordered(make_one, jobs, chunksize=1):
            print(f"{name}: {seconds:.1f} s{fault and ' ' + fault}", flush=True)
            faults += bool(fault)
    return faults


# --- two of them side by side ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One part that is not the same; None where it is missing."""

    kind: str
    network: str
    part: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        def short(text: str | None) -> str:
            return "(nothing)" if text is None else text if len(text) <= 300 else f"{text[:300]} …"

        before, after = self.before, self.after
        if before is not None and after is not None and max(len(before), len(after)) > 300:  # from where they differ
            at = next((i for i, (b, a) in enumerate(zip(before, after, strict=False)) if b != a), 0)
            before, after = ("… " + t[max(0, at - 60) :] for t in (before, after))
        return f"{self.network}, {self.part}\n    - {short(before)}\n    + {short(after)}"


def differences(network: str, before: Mapping[str, Parts], after: Mapping[str, Parts]) -> Iterator[Difference]:
    """What differs in one network's outputs."""
    for kind in [*before, *(k for k in after if k not in before)]:
        old, new = ([tuple(part) for part in kinds.get(kind, ())] for kinds in (before, after))
        if old == new:
            continue
        names_old, names_new = [name for name, _ in old], [name for name, _ in new]
        if len(set(names_old)) == len(old) and len(set(names_new)) == len(new):  # every part has a name of its own
            left, right = dict(old), dict(new)
            for part in [*left, *(n for n in right if n not in left)]:
                if left.get(part) != right.get(part):
                    yield Difference(kind, network, part, left.get(part), right.get(part))
            if names_old != names_new and sorted(names_old) == sorted(names_new):
                yield Difference(kind, network, "order", ", ".join(names_old), ", ".join(names_new))
            continue
        for what, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if what == "equal":
                continue
            for n in range(max(j - i, m - k)):
                left_part = old[i + n] if i + n < j else (None, None)
                right_part = new[k + n] if k + n < m else (None, None)
                yield Difference(kind, network, str(right_part[0] or left_part[0]), left_part[1], right_part[1])


@dataclass(frozen=True)
class Intention:
    """A change that is meant: patterns of what differs, and why."""

    why: str
    kind: str = "*"
    network: str = "*"
    part: str = "*"
    before: str = "*"
    after: str = "*"

    def fits(self, d: Difference) -> bool:
        """Is this difference meant? A part that is missing is the empty text."""
        pairs = ((d.kind, self.kind), (d.network, self.network), (d.part, self.part),
                 (d.before or "", self.before), (d.after or "", self.after))  # fmt: skip
        return all(fnmatchcase(text, pattern) for text, pattern in pairs)


def intentions(path: Path | None) -> list[Intention]:
    """The list of a TOML file."""
    if path is None:
        return []
    return [Intention(**entry) for entry in tomllib.loads(path.read_text("utf-8"))["intended"]]


def compare(
    before: Path, after: Path, intended: Sequence[Intention], examples: int = 3, only: Sequence[str] = ()
) -> int:
    """Print the differences by kind; how many are not meant, and how many intentions fit nothing."""
    names = only or sorted({p.stem for folder in (before, after) for p in folder.glob("*.json")})
    if not names:
        sys.exit(f"golden: neither {before} nor {after} holds outputs: run make first")
    met: Counter[Intention] = Counter()
    other: dict[str, list[Difference]] = {}
    parts = 0
    for name in names:
        files = [folder / f"{name}.json" for folder in (before, after)]
        missing = [file for file in files if not file.is_file()]
        if missing:
            sys.exit(f"golden: {missing[0]} is missing: run make for the same networks in both")
        sides = [json.loads(file.read_text("utf-8")) for file in files]
        parts += sum(map(len, sides[0].values()))
        for difference in differences(name, *sides):
            fitting = next((i for i in intended if i.fits(difference)), None)
            if fitting is None:
                other.setdefault(difference.kind, []).append(difference)
            else:
                met[fitting] += 1
    for kind, found in other.items():
        print(f"{kind}: {len(found)} differences in {len({d.network for d in found})} networks")
        for difference in found[:examples]:
            print(f"  {difference}")
    for intention in intended:
        print(f"meant, {met[intention]} times: {intention.why}" if met[intention] else f"fits nothing: {intention}")
    unmeant, idle = sum(map(len, other.values())), sum(not met[i] for i in intended)
    print(
        f"{len(names)} networks, {parts} parts: {unmeant} differences that are not meant, {sum(met.values())} that are"
    )
    return unmeant + idle


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.golden", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="write the outputs into a folder")
    making.add_argument("out", type=Path)
    making.add_argument("--tree", type=Path, default=ROOT, help="the checkout whose symcnn is called")
    making.add_argument("--processes", type=int, default=2)
    comparing = commands.add_parser("compare", help="list the differences of two such folders")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--intended", type=Path, help="TOML: what is meant to differ")
    comparing.add_argument("--examples", type=int, default=3, help="of each kind")
    for command in (making, comparing):
        command.add_argument("--network", action="append", help="only this one; may be given several times")
    asked = parser.parse_args(arguments)
    if asked.command == "make":
        return int(make(asked.out, asked.tree, asked.network or list(networks()), asked.processes) > 0)
    return int(compare(asked.before, asked.after, intentions(asked.intended), asked.examples, asked.network or ()) > 0)


if __name__ == "__main__":
    sys.exit(main())
