"""Imports run one way: no room looks into one above it, and rooms on one line don't look into each other."""

import ast
from pathlib import Path

import symcnn

PACKAGE = Path(symcnn.__file__).parent
LINES = [
    {"__main__", "train.__main__"},
    {"cli"},
    {"__init__"},
    {"story"},
    {"picture", "explain"},
    {"report", "excel"},
    {"verification", "audit", "certificate"},
    {"train"},
    {"numeric"},
    {"printers", "formula"},
    {"proof"},
    {"derivation"},
    {"article"},
    {"network"},
    {"symbolic"},
    {"text", "files"},
    {"errors", "version", "dispatch"},
]


def room_of(parts):
    dotted = ".".join(parts)
    if dotted in ("__main__", "train.__main__"):
        return dotted
    return parts[0] if parts else "__init__"


def level(room):
    (found,) = [n for n, line in enumerate(LINES) if room in line]
    return found


def imports(path):
    """(module parts, is it for types only)"""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "symcnn":
                names = [f"symcnn.{a.name}" if (PACKAGE / a.name).exists() or (PACKAGE / f"{a.name}.py").exists()
                         else "symcnn" for a in node.names]  # fmt: skip
        for name in names:
            if name.split(".")[0] == "symcnn":
                yield tuple(name.split(".")[1:])


def test_imports_run_downwards():
    seen = 0
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        own = room_of(tuple(p for p in parts if p != "__init__"))
        for target in imports(path):
            other = room_of(target)
            if other == own:
                continue
            seen += 1
            assert level(own) < level(other), f"{'.'.join(parts)} imports {'.'.join(target) or 'symcnn'}"
    assert seen > 60


def test_every_room_has_its_line():
    rooms = {p.stem for p in PACKAGE.glob("*.py")} | {p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists()}
    assert rooms == set().union(*LINES) - {"train.__main__"}


def test_derivation_and_printers_know_no_numpy():
    for room in ("symbolic", "derivation", "formula"):
        for path in (PACKAGE / room).glob("*.py"):
            assert "import numpy" not in path.read_text("utf-8"), path
