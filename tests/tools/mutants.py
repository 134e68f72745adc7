"""Single-line mutants of the core: which of them does no test notice?

    python -m tests.tools.mutants --count 200 --seed 0 --out mutants.json
    python -m tests.tools.mutants --only symcnn/symbolic/equation.py:65

A mutant is the source with one operator, comparison, Boolean word or whole number changed. The tree is copied to a
temporary folder; a first run of the tests records which test covers which line, and how long it takes. Each mutant is
then run against the tests that cover its line, the quickest first, up to the first failure. It gets 60 s of CPU; a
mutant that no test killed in that time runs to the end.
"""

import argparse
import ast
import io
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import tokenize
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: What is mutated where nobody names files.
SOURCES = ("symcnn/symbolic", "symcnn/network", "symcnn/derivation", "symcnn/printers")

#: The tests that hold the core; `--tests` names others.
TESTS = ("tests/symbolic", "tests/network", "tests/derivation", "tests/printers", "tests/numeric", "tests/train",
         "tests/formula", "tests/verification", "tests/test_article.py")  # fmt: skip

CPU_SECONDS = 60
#: For those that were not killed by then: seconds on the wall.
TO_THE_END = 1800

SWAPS = {
    "+": ("-",), "-": ("+",), "*": ("+",), "/": ("*",), "//": ("*",), "%": ("*",), "**": ("*",),
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",), "!=": ("==",),
    "and": ("or",), "or": ("and",), "in": ("not in",), "is": ("is not",), "not": ("",), "True": ("False",),
    "False": ("True",),
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: ``old`` at a line and column (from 1, from 0) of a file becomes ``new``."""

    file: str
    line: int
    column: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} {self.old} -> {self.new or '(nothing)'}"

    def applied(self, source: str) -> str:
        lines = source.splitlines(keepends=True)
        line = lines[self.line - 1]
        assert line[self.column :].startswith(self.old), str(self)
        lines[self.line - 1] = line[: self.column] + self.new + line[self.column + len(self.old) :]
        return "".join(lines)


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Every mutant of a file that can be compiled."""
    source = file.read_text("utf-8")
    tree = ast.parse(source)
    places = set(_operator_places(tree, source)) | set(_constant_places(tree))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.start not in places:
            continue
        if token.type == tokenize.NUMBER and token.string.isdigit():
            replacements: tuple[str, ...] = (str(int(token.string) + 1),)
        else:
            replacements = SWAPS.get(token.string, ())
        for new in replacements:
            mutant = Mutant(file.relative_to(ROOT).as_posix(), *token.start, token.string, new)
            try:
                compile(mutant.applied(source), str(file), "exec")
            except SyntaxError:
                continue
            yield mutant


def _skipped(node: ast.AST) -> set[int]:
    """The nodes of annotations, which compute nothing, and of decorators: ``frozen=True`` is a guard."""
    parts = [getattr(n, "annotation", None) or getattr(n, "returns", None) for n in ast.walk(node)]
    parts += [decorator for n in ast.walk(node) for decorator in getattr(n, "decorator_list", [])]
    return {id(inner) for part in parts if isinstance(part, ast.AST) for inner in ast.walk(part)}


def _operator_places(tree: ast.AST, source: str) -> Iterator[tuple[int, int]]:
    skipped = _skipped(tree)
    tokens = [
        t for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type in (tokenize.OP, tokenize.NAME)
    ]
    starts = [t.start for t in tokens]
    byte_lines = [line.encode() for line in source.splitlines()]

    def place(line: int, column: int) -> tuple[int, int]:
        return line, len(byte_lines[line - 1][:column].decode())

    def between(left: ast.expr, right: ast.expr) -> Iterator[tuple[int, int]]:
        after = place(left.end_lineno or left.lineno, left.end_col_offset or 0)
        before = place(right.lineno, right.col_offset)
        for token, start in zip(tokens, starts, strict=True):
            if after <= start < before and token.string in SWAPS:
                yield start
                return

    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.BinOp):
            yield from between(node.left, node.right)
        elif isinstance(node, ast.Compare):
            for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
                yield from between(left, right)
        elif isinstance(node, ast.BoolOp):
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield from between(left, right)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
            yield place(node.lineno, node.col_offset)
        elif isinstance(node, ast.AugAssign):
            pass  # += is one token; its swap would be another word


def _constant_places(tree: ast.AST) -> Iterator[tuple[int, int]]:
    skipped = _skipped(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in skipped and isinstance(node.value, (bool, int)):
            yield node.lineno, node.col_offset


# --- running the tests --------------------------------------------------------------------------------------------

RECORDER = """
import json, os, time, pytest, coverage
cov = coverage.Coverage(data_file=os.environ["MUTANTS_DATA"] + "." + os.environ.get("PYTEST_XDIST_WORKER", "main"),
                        source=["symcnn"], config_file=False)
cov.start()
took = {}

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item, nextitem):
    cov.switch_context(item.nodeid)
    start = time.process_time()
    yield
    took[item.nodeid] = time.process_time() - start
    cov.switch_context("")

def pytest_sessionfinish(session):
    cov.stop()
    cov.save()
    with open(os.environ["MUTANTS_DATA"] + "." + os.environ.get("PYTEST_XDIST_WORKER", "main") + ".json", "w") as file:
        json.dump(took, file)
"""


def copied_tree(folder: Path) -> Path:
    """A copy of what git tracks, and of what it does not ignore."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True,
        text=True,
    ).stdout.splitlines()  # fmt: skip
    for name in names:
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    return folder


class Map:
    """Which tests cover a line, and how long each takes."""

    def __init__(self, tree: Path, tests: list[str], workers: int) -> None:
        self.seconds: dict[str, float] = {}
        self._tests: dict[tuple[str, int], set[str]] = {}
        if not list(tree.glob(".mutants.*.json")):
            self._record(tree, tests, workers)
        self._read(tree)

    def _record(self, tree: Path, tests: list[str], workers: int) -> None:
        (tree / "mutants_recorder.py").write_text(RECORDER, "utf-8")
        data = tree / ".mutants"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "mutants_recorder", "-p", "no:cacheprovider", "-n",
                   str(workers), *tests]  # fmt: skip
        done = subprocess.run(
            command, cwd=tree, env=_environment(tree, MUTANTS_DATA=str(data)), capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"the tests fail without a mutant:\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}")

    def _read(self, tree: Path) -> None:
        import coverage

        for file in tree.glob(".mutants.*.json"):
            self.seconds |= json.loads(file.read_text("utf-8"))
        for file in tree.glob(".mutants.*"):
            if file.suffix == ".json":
                continue
            found = coverage.CoverageData(str(file))
            found.read()
            for measured in found.measured_files():
                relative = Path(measured).resolve().relative_to(tree.resolve()).as_posix()
                for line, contexts in found.contexts_by_lineno(measured).items():
                    self._tests.setdefault((relative, line), set()).update(contexts)

    def tests(self, mutant: Mutant) -> list[str]:
        """The tests that cover a line, the quickest first; of a line that only an import runs: all of them."""
        names = {name for name in self._tests.get((mutant.file, mutant.line), set()) if name}
        return sorted(names or self.seconds, key=lambda name: self.seconds.get(name, 0.0))


def _environment(tree: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", **more}


def run(mutant: Mutant, tree: Path, tests: list[str], to_the_end: bool) -> str:
    """ "killed", "survived" or "time"."""
    path = tree / mutant.file
    source = path.read_text("utf-8")
    listed = tree / "mutant_tests.txt"
    listed.write_text("\n".join(tests) + "\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header",
               "-m", "", "@mutant_tests.txt"]  # fmt: skip

    def limits() -> None:
        os.nice(10)
        if not to_the_end:
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))

    path.write_text(mutant.applied(source), "utf-8")
    try:
        done = subprocess.run(
            command, cwd=tree, env=_environment(tree), preexec_fn=limits, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=TO_THE_END if to_the_end else 4 * CPU_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "time"
    finally:
        path.write_text(source, "utf-8")
    if done.returncode in (-9, -24, 137, 152):
        return "time"
    return "survived" if done.returncode == 0 else "killed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[], metavar="FILE:LINE")
    parser.add_argument("--tests", nargs="*", default=list(TESTS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--tree", type=Path, help="a folder for the copy that is kept, with what was recorded")
    options = parser.parse_args()
    if options.only:
        places = [(file, int(line)) for file, line in (name.rsplit(":", 1) for name in options.only)]
        chosen = [m for file, line in places for m in mutants_of(ROOT / file) if m.line == line]
    else:
        every = [m for source in SOURCES for file in sorted((ROOT / source).rglob("*.py")) for m in mutants_of(file)]
        chosen = random.Random(options.seed).sample(every, min(options.count, len(every)))
        print(f"{len(chosen)} of {len(every)} mutants, seed {options.seed}", flush=True)
    results: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        tree = copied_tree(options.tree or Path(folder))
        start = time.perf_counter()
        covering = Map(tree, options.tests, options.workers)
        print(f"{len(covering.seconds)} tests recorded in {time.perf_counter() - start:.0f} s", flush=True)
        for number, mutant in enumerate(chosen, 1):
            tests = covering.tests(mutant)
            result = run(mutant, tree, tests, to_the_end=False)
            if result == "time":
                result = run(mutant, tree, tests, to_the_end=True)
            results.append({**asdict(mutant), "tests": len(tests), "result": result})
            print(f"{number:4} {result:9} {mutant} ({len(tests)} tests)", flush=True)
            if options.out:
                options.out.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    counts = {word: sum(r["result"] == word for r in results) for word in ("killed", "survived", "time")}
    print(", ".join(f"{count} {word}" for word, count in counts.items()))
    for r in results:
        if r["result"] != "killed":
            print(f"  {r['result']}: {r['file']}:{r['line']}:{r['column']} {r['old']} -> {r['new'] or '(nothing)'}")
    sys.exit(1 if counts["killed"] < len(results) else 0)


if __name__ == "__main__":
    main()
