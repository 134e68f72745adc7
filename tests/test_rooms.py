"""Imports run one way: no room looks into one above it, and rooms on one line don't look into each other.

``python -m tests.test_rooms`` prints the map that ARCHITECTURE.md shows.
"""

import ast
import re
from pathlib import Path

import pytest

import symcnn
import symcnn.derivation
from tests.tools import house

PACKAGE = Path(symcnn.__file__).parent
LINES = [
    ("__main__", "train.__main__"),
    ("cli",),
    ("__init__",),
    ("story",),
    ("checks", "moving"),
    ("picture", "exercise", "explain", "interactive", "reports"),
    ("report",),
    ("workbook", "audit", "certificate"),
    ("verification",),
    ("train",),
    ("numeric",),
    ("article",),
    ("printers", "formula"),
    ("proof",),
    ("derivation",),
    ("network",),
    ("symbolic",),
    ("text", "files", "colours"),
    ("errors", "version", "dispatch"),
]

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


def registrations(tree):
    """What a module puts into an object that it imports from another: (that module, line). A rule, an entry, an
    attribute; or ("import_module", line), which no import statement shows, and ("setattr", line)."""
    homes = {
        alias.asname or alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "symcnn"
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, (ast.Name, ast.Attribute)):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in ("import_module", "__import__", "setattr"):
                yield name, node.lineno
        changed = []
        if isinstance(node, ast.Attribute) and node.attr in ("register", "update", "append", "setdefault", "add"):
            changed = [node.value]
        elif isinstance(node, (ast.Assign, ast.AugAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            changed = [t.value for t in targets if isinstance(t, (ast.Attribute, ast.Subscript))]
        for owner in changed:
            while isinstance(owner, ast.Attribute):
                owner = owner.value
            if isinstance(owner, ast.Name) and owner.id in homes:
                yield homes[owner.id], node.lineno


def test_no_room_registers_anything_in_a_lower_one():
    """A registration hides an import upwards: the lower room would call what a higher one has put there."""
    seen = {
        (str(path), home.removeprefix("symcnn."))
        for path, tree in TREES.items()
        for home, _ in registrations(tree)
        if "." not in home or room_of(tuple(home.split(".")[1:])) != room_of(path.with_suffix("").parts)
    }
    # public names are imported at their first use; the others set attributes of objects that they made
    own = ("workbook/book.py", "numeric/cache.py", "symbolic/equation.py")
    assert seen == {("__init__.py", "import_module"), *((path, "setattr") for path in own)}


@pytest.mark.parametrize(
    "code",
    [
        "from symcnn.symbolic.display import latex_of\n@latex_of.register\ndef rule(thing: int): ...",
        "from symcnn.dispatch import registrars\nregistrars.update(a=1)",
        "from symcnn.dispatch import registrars\nregistrars['a'] = 1",
        "from symcnn.symbolic import Equation\nEquation._repr_latex_ = str",
        "from importlib import import_module\nimport_module('symcnn.report')",
    ],
)
def test_every_way_to_register_is_seen(code):
    assert list(registrations(ast.parse(code)))


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


def test_a_report_knows_nothing_of_audits():
    targets = [target for path, tree in TREES.items() if path.parts[0] == "report" for target in imports(tree)]
    assert not [target for target in targets if target[:1] == ("audit",)]
    assert len(targets) > 200


def test_the_independent_oracle_shares_nothing_with_the_proof():
    """Nor does anything that it imports: else an error in the one would be confirmed by the other."""
    waiting = [PACKAGE / "verification" / f"{name}.py" for name in ("evidence", "evaluate")]
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
    higher = {"prove", "decide", "identities", "evaluate", "_repr_latex_"}
    assert not higher & set(dir(symcnn.derivation.Derivation))
    assert higher <= set(dir(symcnn.Derivation))
    assert symcnn.Derivation.__mro__[1] is symcnn.derivation.Derivation


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


def test_files_that_the_pages_for_developers_name_exist():
    root, names = PACKAGE.parent, set()
    for page in ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", *root.glob("reports/*.md")):
        names |= set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*\.py)`", (root / page).read_text("utf-8")))
    assert len(names) > 15
    missing = {name for name in names if not any((folder / name).exists() for folder in (root, PACKAGE))}
    assert missing == set()


if __name__ == "__main__":
    print("\n".join(room_map()))
