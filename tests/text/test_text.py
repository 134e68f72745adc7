import ast
import re
import string
from pathlib import Path

import pytest

import symcnn
from symcnn.text import LANGUAGES, catalogue, tables

PACKAGE = Path(symcnn.__file__).parent


def flat(table, prefix=""):
    for key, value in table.items():
        yield from flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(prefix + key, value)]


def placeholders(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_the_same_keys_and_placeholders():
    english = dict(flat(tables("en")))
    for lang in LANGUAGES:
        other = dict(flat(tables(lang)))
        assert other.keys() == english.keys()
        for key, text in english.items():
            assert placeholders(other[key]) == placeholders(text), key
            assert other[key].strip() == other[key] != "" or key.endswith("number.group"), key


def test_no_text_is_left_unused():
    """Every key is asked for somewhere: by its whole name, or by its last word in a room that adds the first."""
    source = "\n".join(p.read_text("utf-8") for p in PACKAGE.rglob("*.py"))
    for key, _ in flat(tables("en")):
        word = key.split(".")[-1]
        built = key.split(".")[0] in (
            "kind",
            "layer",
            "activation",
            "kink",
            "shown",
            "word",
            "method",
            "padding",
            "loss",
            "stage",
            "stage_back",
            "one",
            "prompt",
            "question",
            "note",
            "figure",
            "diagram",
            "verdict",
            "how",
            "setting",
        )  # f"kind.{letter}" …
        derived = word.startswith(("on_", "layer_", "count_", "status_", "forward_", "convention_")) or word.endswith(
            ("_value", "_prompt")
        )
        assert built or derived or re.search(rf"[\"'.]{word}[\"']", source), key


def test_documents_take_their_words_from_the_catalogue():
    """No string with two words of letters in the rooms that write documents, but in docstrings, errors and warnings."""
    for room in ("report", "workbook"):
        for path in (PACKAGE / room).glob("*.py"):
            module = ast.parse(path.read_text("utf-8"))
            allowed = {id(n) for raised in ast.walk(module) if isinstance(raised, ast.Raise) for n in ast.walk(raised)}
            warned = (n for n in ast.walk(module) if isinstance(n, ast.Call) and ast.unparse(n.func) == "warnings.warn")
            allowed |= {id(n) for call in warned for n in ast.walk(call)}
            for node in ast.walk(module):
                body = getattr(node, "body", None)
                if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
                    allowed.add(id(body[0].value))
            for node in ast.walk(module):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in allowed:
                    words = [w for w in node.value.split() if w.isalpha() and len(w) > 2]
                    assert len(words) < 2, f"{path.name}:{node.lineno}: {node.value!r}"


def test_unknown_languages_are_refused():
    with pytest.raises(symcnn.InputError, match="lang='de'"):
        catalogue("de")


def test_every_key_that_the_code_names_is_in_the_catalogue():
    """Whole keys, and the beginnings of keys that are put together; a file's name is none."""
    seen, english = 0, tables("en")
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if not isinstance(text, str) or not re.fullmatch(r"[a-z_]+(\.[a-z_0-9]+)+", text):
                continue
            *words, last = text.split(".")
            if words[0] not in english or last in ("toml", "v", "js", "css", "pdf"):
                continue
            # a room's own keys are named without the room: "note.update" is exercise.note.update
            table = english["exercise"] if path.parent.name == "exercise" and words[0] != "exercise" else english
            for word in words:
                table = table.get(word, {})
            known = any(key.startswith(last) for key in table) if last.endswith("_") else last in table
            assert known, f"{path.relative_to(PACKAGE)}:{node.lineno}: {text}"
            seen += 1
    assert seen > 300
