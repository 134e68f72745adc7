"""Imports run one way: no room looks into one above it, and rooms on one line don't look into each other.

``python -m tests.test_rooms`` prints the map that ARCHITECTURE.md shows.
"""

import ast
from pathlib import Path

import symcnn
import symcnn.derivation
from symcnn.dispatch import registrars
from tests.tools import house

PACKAGE = Path(symcnn.__file__).parent
LINES = [
    ("__main__", "train.__main__"),
    ("cli",),
    ("__init__",),
    ("story",),
    ("checks",),
    ("picture", "explain"),
    ("report", "excel"),
    ("verification", "audit", "certificate"),
    ("train",),
    ("numeric",),
    ("printers", "formula"),
    ("proof",),
    ("derivation",),
    ("article",),
    ("network",),
    ("symbolic",),
    ("text", "files"),
    ("errors", "version", "dispatch"),
]

#: Functions whose rules a higher room registers, which is an import upwards that no import statement shows: the room
#: that declares it -> the room that registers. None is added.
UPWARDS = {("symbolic", "formula"), ("derivation", "numeric"), ("verification", "excel")}

TREES = {p.relative_to(PACKAGE): ast.parse(p.read_text("utf-8")) for p in sorted(PACKAGE.rglob("*.py"))}


def room_of(parts):
    dotted = ".".join(parts)
    if dotted in ("__main__", "train.__main__"):
        return dotted
    return parts[0] if parts else "__init__"


def level(room):
    (found,) = [n for n, line in enumerate(LINES) if room in line]
    return found


def imports(tree):
    """The parts of every module that is imported, wherever the statement stands."""
    for node in ast.walk(tree):
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
    for path, tree in TREES.items():
        parts = path.with_suffix("").parts
        own = room_of(tuple(p for p in parts if p != "__init__"))
        for target in imports(tree):
            other = room_of(target)
            if other == own:
                continue
            seen += 1
            assert level(own) < level(other), f"{'.'.join(parts)} imports {'.'.join(target) or 'symcnn'}"
    assert seen > 300


def test_registrations_that_import_upwards_are_these():
    edges = {
        (room_of(tuple(function.split(".")[1:])), room_of(tuple(module.split(".")[1:])))
        for function, module in registrars.items()
    }
    assert {(low, high) for low, high in edges if level(high) < level(low)} == UPWARDS


def test_modules_import_each_other_nowhere():
    assert house.circles(TREES) == []


def test_every_room_has_its_line():
    rooms = {p.stem for p in PACKAGE.glob("*.py")} | {p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists()}
    assert rooms == {room for line in LINES for room in line} - {"train.__main__"}


def test_low_rooms_know_no_numpy():
    for path, tree in TREES.items():
        if path.parts[0] in ("symbolic", "derivation", "formula"):
            names = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
            assert not names & {"numpy", "openpyxl"}, path


def test_the_independent_oracle_shares_nothing_with_the_proof():
    """Nor does anything that it imports: else an error in the one would be confirmed by the other."""
    waiting = [PACKAGE / "verification" / f"{name}.py" for name in ("evidence", "evaluate", "leaves")]
    seen = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for target in imports(ast.parse(path.read_text("utf-8"))):
            assert target[:1] != ("proof",), path
            module = PACKAGE.joinpath(*target)
            waiting += [p for p in (module / "__init__.py", module.with_suffix(".py")) if p.exists() and target]
    assert len(seen) > 20


def test_who_derives_knows_nothing_of_proof_and_reaches_nothing_above_it_by_name():
    """The public derivation, with ``prove`` and ``decide``, is made where formulas are decided."""
    assert not {"prove", "decide", "identities"} & set(dir(symcnn.derivation.Derivation))
    assert symcnn.Derivation.__mro__[1] is symcnn.derivation.Derivation
    assert all("proof" not in room for function, room in registrars.items() if "derivation" in function)


def summary(room):
    """The first sentence of a room's docstring."""
    path = PACKAGE / room.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else PACKAGE / f"{room.replace('.', '/')}.py"
    return (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").split("\n\n")[0].replace("\n", " ")


def room_map():
    """Line by line from the top: the rooms, and what is in them."""
    for line in LINES:
        for room in line:
            if room not in ("__main__", "train.__main__", "__init__", "version"):
                yield f"{'│ ' if room != line[0] else ''}{room:14} {summary(room)}"


def test_the_map_in_the_architecture_is_this_one():
    text = (PACKAGE.parent / "ARCHITECTURE.md").read_text("utf-8")
    assert "\n".join(room_map()) in text


if __name__ == "__main__":
    print("\n".join(room_map()))
