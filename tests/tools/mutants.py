"""Mutants: change one place of the product, and see a test fail. ``python -m tests.tools.mutants --count 200 --seed 0``

A mutant is one token or one small expression changed: a sign, an operator, a comparison, a constant by one, ``and`` for
``or``, a condition negated, a slice without its bound, None returned. Every test's lines are recorded once
(``--record``; needs the package ``coverage``); a mutant then meets the tests that run its line, those of its own room
and the quick ones first, until one fails. What survives its CPU time meets the rest of them. All of it happens in a
copy of the tree; each mutant in a process of its own, forked after the large libraries were imported.

``--at FILE:LINE`` takes every mutant of a line. Whether a survivor is equivalent is for a person to say: the table is
printed, and kept as JSON (``--out``), where what is done already is not done again.
"""

import argparse
import ast
import importlib
import importlib.util
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROOMS = ("symbolic", "network", "derivation", "printers")
LIBRARIES = (
    "sympy", "mpmath", "numpy", "hypothesis", "openpyxl", "lark", "rich", "click", "torch", "numba", "pytest",
    "numpy.testing", "sympy.polys.rings", "hypothesis.strategies",
)  # fmt: skip

#: Seconds of CPU for the first tests of a mutant, and of a clock for the rest.
FIRST, REST = 60, 900
#: The first tests take so many seconds where nothing is wrong.
FIRST_TESTS = 12.0

OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "+"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "*"), ast.Pow: ("**", "*"), ast.BitOr: ("|", "&"), ast.BitAnd: ("&", "|"),
}  # fmt: skip
COMPARISONS = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="), ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"), ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}  # fmt: skip
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One change: columns are bytes, as ``ast`` counts them."""

    file: str
    line: int
    start: int
    stop: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.start}: {self.old} -> {self.new}"


# --- what is changed ------------------------------------------------------------------------------------------------


def mutants(file: str) -> list[Mutant]:
    """Every mutant of a file."""
    source = (ROOT / file).read_bytes()
    lines = source.split(b"\n")
    tree = ast.parse(source)
    passed_over = {id(n) for node in ast.walk(tree) for part in _not_run(node) for n in ast.walk(part)}
    found = [
        Mutant(file, line, start, stop, lines[line - 1][start:stop].decode(), new)
        for node in ast.walk(tree)
        if id(node) not in passed_over
        for line, start, stop, new in _changes(node, lines)
    ]
    return sorted(set(found), key=lambda m: (m.line, m.start, m.stop, m.new))


def _not_run(node: ast.AST) -> Iterator[ast.AST]:
    """Types, messages and docstrings."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from filter(None, [node.returns, *(a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg))])
    elif isinstance(node, ast.AnnAssign):
        yield node.annotation
    elif isinstance(node, (ast.Raise, ast.Assert, ast.JoinedStr)):
        yield node
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.BitOr):
        yield node  # a union of types


def _changes(node: ast.AST, lines: Sequence[bytes]) -> Iterator[tuple[int, int, int, str]]:
    def whole(n: Any) -> tuple[int, int, int] | None:
        return (n.lineno, n.col_offset, n.end_col_offset) if n.lineno == n.end_lineno else None

    def text(n: Any) -> str:
        return lines[n.lineno - 1][n.col_offset : n.end_col_offset].decode()

    def between(left: Any, right: Any, pair: tuple[str, str]) -> Iterator[tuple[int, int, int, str]]:
        if left.end_lineno != right.lineno:
            return
        at = lines[left.end_lineno - 1].find(pair[0].encode(), left.end_col_offset, right.col_offset)
        if at >= 0:
            yield left.end_lineno, at, at + len(pair[0]), pair[1]

    match node:
        case ast.BinOp() if type(node.op) in OPERATORS:
            yield from between(node.left, node.right, OPERATORS[type(node.op)])
        case ast.AugAssign() if type(node.op) in OPERATORS:
            old, new = OPERATORS[type(node.op)]
            yield from between(node.target, node.value, (f"{old}=", f"{new}="))
        case ast.Compare():
            for left, right, op in zip((node.left, *node.comparators), node.comparators, node.ops, strict=False):
                yield from between(left, right, COMPARISONS[type(op)])
        case ast.BoolOp():
            pair = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield from between(left, right, pair)
        case ast.UnaryOp(op=ast.USub() | ast.Not(), operand=operand) if whole(node):
            yield *whole(node), text(operand) if isinstance(operand, (ast.Name, ast.Call)) else f"({text(operand)})"
        case ast.Constant() if whole(node):
            if isinstance(node.value, bool):
                yield *whole(node), str(not node.value)
            elif isinstance(node.value, int):
                yield *whole(node), str(node.value + 1)
        case ast.If() | ast.IfExp() | ast.While() if whole(node.test):
            yield *whole(node.test), f"not ({text(node.test)})"
        case ast.comprehension():
            for test in filter(whole, node.ifs):
                yield *whole(test), f"not ({text(test)})"
        case ast.Return(value=value) if value is not None and whole(value) and text(value) != "None":
            yield *whole(value), "None"
        case ast.Slice():
            for bound in (node.lower, node.upper):
                if bound is not None and whole(bound):
                    yield *whole(bound), ""
        case ast.Call(func=ast.Name(id=name)) if name in CALLS:
            yield *whole(node.func), CALLS[name]


# --- which tests run a line -----------------------------------------------------------------------------------------


class Recorder:
    """A plugin of pytest: the lines and the time of every test that passes."""

    def __init__(self, coverage: Any) -> None:
        self.coverage, self.seconds, self.failed = coverage, Counter[str](), set[str]()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.coverage.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        self.seconds[report.nodeid] += report.duration
        if not report.passed:
            self.failed.add(report.nodeid)


def record(tests: Sequence[str], out: Path) -> None:
    """Run the tests once, and keep which of them runs which line."""
    if importlib.util.find_spec("coverage") is None:
        sys.exit("mutants: recording lines needs coverage: pip install coverage")
    import coverage
    import pytest

    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        watched = coverage.Coverage(data_file=f"{folder}/lines", include=["symcnn/*"], config_file=False)
        recorder = Recorder(watched)
        watched.start()
        pytest.main(["-q", "-p", "no:cacheprovider", "--disable-warnings", *tests], plugins=[recorder])
        watched.stop()
        data = watched.get_data()
        lines = {
            str(Path(file).relative_to(ROOT)): {
                line: [c for c in sorted(contexts) if c and c not in recorder.failed]
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
    out.write_text(json.dumps({"lines": lines, "seconds": dict(recorder.seconds)}), "utf-8")


@dataclass(frozen=True)
class Lines:
    """What was recorded."""

    lines: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]

    def tests(self, mutant: Mutant) -> list[str]:
        """Those that run the line: of its own room, of its own name, quick ones first.

        A line that runs when its module is imported belongs to every test of the file's other lines.
        """
        of_file = self.lines.get(mutant.file, {})
        found = of_file.get(str(mutant.line), []) or list({t for tests in of_file.values() for t in tests})
        room, name = mutant.file.split("/")[1], Path(mutant.file).stem

        def rank(test: str) -> tuple[bool, bool, float]:
            file = test.split("::")[0]
            return f"tests/{room}/" not in file, name not in file, self.seconds[test]

        return sorted(found, key=rank)


# --- one mutant -----------------------------------------------------------------------------------------------------


class Chosen:
    """A plugin of pytest: only these tests, in this order; the one that failed."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.order = {test: n for n, test in enumerate(tests)}
        self.failed = ""

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self.order), key=lambda i: self.order[i.nodeid])

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.failed = report.nodeid or "collection"

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed = report.nodeid


class Tree:
    """A copy of the repository's files to change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for file in filter(lambda f: (ROOT / f).is_file(), listed.splitlines()):
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, target)
        # by content: two changes of one file within a second are two files
        made = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "symcnn", "tests"]
        subprocess.run(made, cwd=folder, check=True)

    def verdict(self, mutant: Mutant | None, tests: Sequence[str], cpu: int, clock: int) -> str:
        """The test that fails, "time" or "" where none does."""
        if not tests:
            return ""
        path = None if mutant is None else self.folder / mutant.file
        right = b"" if path is None else path.read_bytes()
        try:
            if path is not None and mutant is not None:
                lines = right.split(b"\n")
                line = lines[mutant.line - 1]
                lines[mutant.line - 1] = line[: mutant.start] + mutant.new.encode() + line[mutant.stop :]
                path.write_bytes(b"\n".join(lines))
            return self._forked(tests, cpu, clock)
        finally:
            if path is not None:
                path.write_bytes(right)

    def _forked(self, tests: Sequence[str], cpu: int, clock: int) -> str:
        told, tell = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(tell, self._run(tests, cpu).encode()[:4000])
            except BaseException:
                os.write(tell, b"!" + traceback.format_exc().encode()[-4000:])
            finally:
                os._exit(0)
        os.close(tell)
        end = time.monotonic() + clock
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > end:
                os.kill(child, 9)
                os.waitpid(child, 0)
                break
            time.sleep(0.02)
        with os.fdopen(told, "rb") as answer:
            text = answer.read().decode()
        if text.startswith("!"):  # this tool's own fault is no test's merit
            raise RuntimeError(text[1:])
        return text.removeprefix("=") if text else "time"

    def _run(self, tests: Sequence[str], cpu: int) -> str:
        """In the child: "=" and the test that failed."""
        used = int(sum(os.times()[:2]))
        resource.setrlimit(resource.RLIMIT_CPU, (used + cpu, used + cpu + 5))
        for name in [n for n in sys.modules if n.split(".")[0] in ("tests", "symcnn")]:
            del sys.modules[name]
        os.chdir(self.folder)
        os.environ |= {"PYTHONPATH": str(self.folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        sys.path[:] = [str(self.folder), *(p for p in sys.path if p not in ("", str(ROOT)))]
        sys.dont_write_bytecode = True
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        import pytest

        chosen = Chosen(tests)
        files = list(dict.fromkeys(t.split("::")[0] for t in tests))
        code = pytest.main(["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", *files], plugins=[chosen])
        return "=" + (chosen.failed or ("" if code == 0 else f"pytest ends with {int(code)}"))


def verdict(tree: Tree, known: Lines, mutant: Mutant) -> dict[str, Any]:
    """What becomes of one mutant."""
    start, tests = time.monotonic(), known.tests(mutant)
    first, spent = [], 0.0
    for test in tests:
        spent += known.seconds[test]
        if first and spent > FIRST_TESTS:
            break
        first.append(test)
    killer = tree.verdict(mutant, first, FIRST, 5 * FIRST)
    if not killer and len(first) < len(tests):
        killer = tree.verdict(mutant, tests[len(first) :], REST, REST)
    status = "killed" if killer else "survived" if tests else "not run by any test"
    return {"mutant": asdict(mutant), "status": status, "by": killer, "tests": len(tests),
            "seconds": round(time.monotonic() - start, 1)}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rooms", default=",".join(ROOMS), help="folders of symcnn, comma-separated")
    parser.add_argument("--at", action="append", default=[], metavar="FILE:LINE", help="every mutant of a line")
    parser.add_argument("--lines", type=Path, default=Path("mutants-lines.json"), help="which test runs which line")
    parser.add_argument("--record", nargs="*", metavar="TESTS", help="only run these tests (all), and write --lines")
    parser.add_argument("--out", type=Path, default=Path("mutants.json"), help="the table")
    asked = parser.parse_args(arguments)
    if asked.record is not None:
        record(asked.record or ["tests"], asked.lines)
        return 0
    if not asked.lines.is_file():
        sys.exit(f"mutants: {asked.lines} is not there: run with --record first")
    known = Lines(**json.loads(asked.lines.read_text("utf-8")))
    if asked.at:
        places = [place.rsplit(":", 1) for place in asked.at]
        chosen = [m for file, line in places for m in mutants(file) if m.line == int(line)]
    else:
        folders = [ROOT / "symcnn" / room for room in asked.rooms.split(",")]
        files = sorted(str(p.relative_to(ROOT)) for folder in folders for p in folder.rglob("*.py"))
        every = [m for file in files for m in mutants(file)]
        chosen = random.Random(asked.seed).sample(every, min(asked.count, len(every)))
    table = json.loads(asked.out.read_text("utf-8")) if asked.out.is_file() else []
    done = [row["mutant"] for row in table]
    with suppress(OSError):
        os.nice(10)
    for name in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(Path(folder))
        for mutant in chosen:
            if asdict(mutant) in done:
                continue
            row = verdict(tree, known, mutant)
            table.append(row)
            asked.out.write_text(json.dumps(table, indent=1), "utf-8")
            print(f"{mutant}: {row['status']} {row['by']} ({row['tests']} tests, {row['seconds']} s)", flush=True)
    print(*(f"{status}: {n}" for status, n in Counter(row["status"] for row in table).items()), sep=", ")
    return int(any(row["status"] != "killed" for row in table))


if __name__ == "__main__":
    sys.exit(main())
