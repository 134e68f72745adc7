"""Imports run one way: no room looks into one above it, and rooms on one line don't look into each other."""

import ast
from pathlib import Path

import symcnn
import symcnn.derivation
from symcnn.dispatch import registrars

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


def test_the_independent_oracle_shares_nothing_with_the_proof():
    """Nor does anything that it imports: else an error in the one would be confirmed by the other."""
    waiting = [PACKAGE / "verification" / f"{name}.py" for name in ("evidence", "evaluate", "leaves")]
    seen = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for target in imports(path):
            assert target[:1] != ("proof",), path
            module = PACKAGE.joinpath(*target)
            waiting += [p for p in (module / "__init__.py", module.with_suffix(".py")) if p.exists() and target]
    assert len(seen) > 20


def test_who_derives_knows_nothing_of_proof_and_reaches_nothing_above_it_by_name():
    """The public derivation, with ``prove`` and ``decide``, is made where formulas are decided."""
    assert not {"prove", "decide", "identities"} & set(dir(symcnn.derivation.Derivation))
    assert symcnn.Derivation.__mro__[1] is symcnn.derivation.Derivation
    assert all("proof" not in room for function, room in registrars.items() if "derivation" in function)
