"""The ruler of the house: how large it is, and where a quantity is still a text. ``python -m tests.tools.house``

Each figure is one of the code as it is: lines after ``ruff format``; class names with two owners (a leading underscore
ignored); string constants that hold ``_image`` or ``dE_d``, docstrings apart; functions that construct a ``Verdict``;
circles of imports inside functions; and, traced in a workbook and in a report of the article, the functions that are
handed a text naming f_12. ``--json`` prints them for a comparison, ``--names`` what each counts.
"""

import argparse
import ast
import json
import platform
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "symcnn"
SPELLED = re.compile(r"\b(dE_d)?f_12(_image\d+)?\b")


def sources() -> dict[Path, str]:
    """Every module, as the formatter leaves it."""
    formatted = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        words = [sys.executable, "-m", "ruff", "format", "--quiet", "--stdin-filename", str(path), "-"]
        done = subprocess.run(
            words, input=path.read_text("utf-8"), capture_output=True, text=True, cwd=ROOT, check=True
        )
        formatted[path.relative_to(PACKAGE)] = done.stdout
    return formatted


def classes_with_two_owners(trees: dict[Path, ast.Module]) -> dict[str, list[str]]:
    """Class name -> the modules that define one, where there are several."""
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                owners[node.name.lstrip("_")].append(str(path))
    return {name: modules for name, modules in sorted(owners.items()) if len(modules) > 1}


def spelled_constants(trees: dict[Path, ast.Module]) -> dict[str, list[str]]:
    """Module -> its string constants that hold a part of a quantity's name; docstrings apart."""
    spelled: defaultdict[str, list[str]] = defaultdict(list)
    for path, tree in trees.items():
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and node.body
            if isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in docstrings:
                continue
            if "_image" in node.value or "dE_d" in node.value:
                spelled[str(path)].append(f"{node.lineno}: {node.value!r}")
    return dict(spelled)


def constructors(trees: dict[Path, ast.Module], name: str) -> list[str]:
    """The functions that construct an object of a class."""
    found = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                calls = (n for n in ast.walk(node) if isinstance(n, ast.Call))
                if any(_last_name(call.func) == name for call in calls):
                    found.append(f"{path}:{node.lineno} {node.name}")
    return found


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def imports_inside_functions(trees: dict[Path, ast.Module]) -> list[str]:
    """Imports of our own modules inside functions: where they hide a circle or an upward import."""
    found = []
    for path, tree in trees.items():
        for function in ast.walk(tree):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for node in ast.walk(function):
                    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "symcnn":
                        found.append(f"{path}:{node.lineno} {node.module}")
    return found


def circles(trees: dict[Path, ast.Module]) -> list[list[str]]:
    """Groups of modules that import each other, imports inside functions included; those for types only apart."""
    graph: dict[str, set[str]] = {}
    names = {_dotted(path) for path in trees}
    for path, tree in trees.items():
        typing_only = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        targets = graph[_dotted(path)] = set()
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or id(node) in typing_only or not node.module:
                continue
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                target = inner if inner in names else node.module
                if target in names and not _dotted(path).startswith(f"{target}."):
                    targets.add(target)
    return sorted(group for group in _components(graph) if len(group) > 1)


def _dotted(path: Path) -> str:
    parts = [p for p in path.with_suffix("").parts if p != "__init__"]
    return ".".join(("symcnn", *parts))


def _components(graph: dict[str, set[str]]) -> Iterator[list[str]]:
    """Strongly connected components, by reachability: there are some 300 modules."""
    reach = {node: _reached(graph, node) for node in graph}
    seen: set[str] = set()
    for node in graph:
        if node not in seen:
            group = sorted(other for other in reach[node] if node in reach[other]) or [node]
            seen.update(group)
            yield group


def _reached(graph: dict[str, set[str]], start: str) -> set[str]:
    reached, waiting = set[str](), list(graph[start])
    while waiting:
        node = waiting.pop()
        if node not in reached:
            reached.add(node)
            waiting.extend(graph[node])
    return reached


def traced(call: Callable[[], object]) -> tuple[Counter[str], int]:
    """The functions of symcnn that are handed a text naming f_12, and how many of its functions are called in all."""
    handed: Counter[str] = Counter()
    calls = 0
    package = str(PACKAGE)

    def profile(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(package):
            return
        calls += 1
        count = code.co_argcount + code.co_kwonlyargcount
        for name in code.co_varnames[:count]:
            value = frame.f_locals.get(name)
            if isinstance(value, str) and SPELLED.search(value):
                handed[f"{Path(code.co_filename).relative_to(package)}:{code.co_qualname}"] += 1
                break

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return handed, calls


def measure() -> dict[str, Any]:
    """Every figure, and what it counts."""
    texts = sources()
    trees = {path: ast.parse(text) for path, text in texts.items()}
    lengths = {str(path): text.count("\n") for path, text in texts.items()}
    rooms: Counter[str] = Counter()
    for path, text in texts.items():
        rooms[path.parts[0] if len(path.parts) > 1 else "."] += text.count("\n")
    figures: dict[str, Any] = {
        "lines": (sum(lengths.values()), dict(rooms.most_common())),
        "files": (len(lengths), {}),
        "files over 700 lines": (sum(n > 700 for n in lengths.values()), {f: n for f, n in lengths.items() if n > 700}),
        "class names with two owners": (len(twice := classes_with_two_owners(trees)), twice),
        "string constants with _image or dE_d": (
            sum(map(len, (spelled := spelled_constants(trees)).values())),
            spelled,
        ),
        "functions that construct a Verdict": (len(makers := constructors(trees, "Verdict")), makers),
        "circles of imports": (len(groups := circles(trees)), groups),
        "imports inside functions": (len(inside := imports_inside_functions(trees)), inside),
    }
    import symcnn

    net, data = symcnn.article.network(), symcnn.article.images()
    values = [n / 20 for n in range(20)]
    with tempfile.TemporaryDirectory() as folder:
        writers = {
            "workbook": lambda: symcnn.export_workbook(net, data, f"{folder}/a.xlsx", steps=20, initial=values),
            "report": lambda: symcnn.write_report(net, f"{folder}/a.md", data=data, steps=20),
        }
        for name, write in writers.items():
            handed, calls = traced(write)
            figures[f"functions handed the text of f_12, {name}"] = len(handed), dict(handed.most_common())
            figures[f"calls, {name}"] = calls, {}
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.tools.house", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="figures and what they count, as JSON")
    parser.add_argument("--names", metavar="PART", help="what the figures count whose name holds this")
    asked = parser.parse_args(arguments)
    figures = measure()
    if asked.json:
        print(json.dumps({"python": platform.python_version(), **{k: list(v) for k, v in figures.items()}}, indent=1))
        return 0
    print(f"Python {platform.python_version()}")
    for name, (figure, counted) in figures.items():
        print(f"{name:46} {figure:>9,}")
        if asked.names is not None and asked.names in name:
            for item in counted.items() if isinstance(counted, dict) else counted:
                print("   ", *item if isinstance(item, tuple) else [item])
    return 0


if __name__ == "__main__":
    sys.exit(main())
