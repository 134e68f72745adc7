"""Texts that cannot be audited: one line, exit status 2, bounded time, nothing evaluated."""

import itertools
import time
from contextlib import suppress

import pytest

import symcnn
from symcnn.audit import audit, audit_text, mapping_from
from symcnn.cli import main
from symcnn.errors import InputError
from tests.test_cli import run

TEXTS = {
    "empty": b"", "blank": b" \n\n", "words": b"No equation at all.\n", "mentions": b"$x_{11}$ and $f_{12}$\n", "binary": b"\x7fELF\x00\x01\x02",
    "latin-1": "o prédit $x = 1$".encode("latin-1"), "null": b"$x = 1$\x00", "utf-16 cut": b"\xff\xfe$\x00x",
    "100 MB": b"$x = 1$\n" * 600_000,
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_what_is_no_text_is_one_line(tmp_path, capsys, name):
    path = tmp_path / "text.md"
    path.write_bytes(TEXTS[name])
    start = time.process_time()
    status, out, err = run("audit", str(path), capsys=capsys)
    assert status == 2, (out, err)
    assert len(err.strip().split("\n")) == 1
    assert str(path) in err
    assert time.process_time() - start < 20


MAPPINGS = [
    "x", "unknown = 1", 'decimal = "semicolon"', "names = 3", 'names = ["x1"]', "alias = 3", "[alias]\nx = 3", '[alias]\nx = "__import__(1)"',
    '[derived]\nx = "\\\\frac{"', "definitions = ['x']", "definitions = ['x = ']", "definitions = ['1 = x']", "[groups]\nX = 3", "[constants]\nM = 'a'",
    "[values]\nw_1 = true", "[values]\nw_1 = inf", "a = " + "[" * 900,
]  # fmt: skip


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_a_bad_mapping_is_one_line(tmp_path, capsys, mapping):
    text, path = tmp_path / "text.md", tmp_path / "map.toml"
    text.write_text("$$x_{11} = 1$$", "utf-8")
    path.write_text(mapping, "utf-8")
    status, _, err = run("audit", str(text), "--mapping", str(path), capsys=capsys)
    assert status == 2
    assert len(err.strip().split("\n")) == 1
    assert "map.toml" in err


HOSTILE = {
    "nested": "$$" + "(" * 5000 + "x" + ")" * 5000 + " = 1$$",
    "braces": "$$" + r"\frac{" * 5000 + "x" + "}{2}" * 5000 + " = 1$$",
    "unclosed": r"\[ " * 200_000 + "$$x_{11} = x_{11}$$",
    "comments": "<!-- " * 200_000 + "\n\n$$x_{11} = x_{11}$$",
    "power": r"$$2^{999999999} = x_{11}^{999}$$",
    "powers": "$$" + "(" * 15 + "x_{11} + x_{12}" + ")^9" * 15 + " = 1$$",
    "numbers": "$$" + "(" * 12 + "9" + ")^{20}" * 12 + " = 1$$",
    "sum": r"$$\sum_{k=1}^{999999999} x_k = 1$$",
    "sums": r"$$\sum_{a=1}^{999} \sum_{b=1}^{999} \sum_{c=1}^{999} x_a = 1$$",
    "digits": "$$" + "9" * 10_000 + " = 1$$",
    "terms": "$$x_{11} = " + " + ".join(["x_{11}"] * 4000) + "$$",
    "commas": "$$" + "a, b " * 9000 + "= 1$$",
    "code": r"$$x_{11} = __import__('os').system('touch broken')$$",
    "relations": "$$" + "=" * 5000 + "$$",
    "table": "1 " * 100_000 + "x\n$$1 = 1$$",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_takes_bounded_time_and_nothing_is_evaluated(tmp_path, net, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "text.md"
    path.write_text(HOSTILE[name], "utf-8")
    start = time.process_time()
    with suppress(InputError):  # too many formulas
        found = audit(path, net)
        assert all(f.verdict in ("true", "false", "unread", "remark") for f in found.findings)
    assert time.process_time() - start < 20
    assert not (tmp_path / "broken").exists()


def test_definitions_that_rest_on_each_other_take_bounded_time(net):
    doubled = ", ".join(f"'{a} = {b} + {b} + {b} + {b}^9'" for a, b in itertools.pairwise("abcdgjklmnpqrsuv"))
    for definitions in (f"[{doubled}]", "['a = b', 'b = a + 1']", "['a = a + 1']"):
        start = time.process_time()
        text = "$$a = x_{11}$$"
        [found] = audit_text(text, symcnn.derive(net), mapping_from(f"definitions = {definitions}", "test")).findings
        assert found.verdict == "unread"
        assert time.process_time() - start < 10


#: By which the article's network is recognised.
FORWARD = "$$x_{11} = i_{11} f_{11} + i_{12} f_{12} + i_{21} f_{21} + i_{22} f_{22}$$"


@pytest.mark.parametrize(
    ("text", "arguments", "status"),
    [
        ("$$x_{11} = x_{11}$$", [], 3), ("$$x_{11} = x_{12}$$", ["--network", "article"], 1), ("$$x_{11} = x_{12}$$", [], 3),
        (f"{FORWARD} $$x_{{11}} = x_{{12}}$$", [], 1), ("$$x_5 = 1$$", [], 3), ("$$q = 1$$", [], 3), ("$$1 = 2$$", [], 1),
        ("If $h_1 = 0$.", ["--strict", "--network", "article"], 3),
        ("$$q = 1$$", ["--strict"], 1), (r"$$\frac{\partial x_{11}}{\partial f_{21}} = i_{21} - 0$$", [], 3),
        (r"$$\frac{\partial x_{11}}{\partial f_{21}} = i_{21} - 0$$", ["--strict"], 1), ("$$x_{11} = x_{12}$$", ["--json", "--network", "article"], 1),
    ],
)  # fmt: skip
def test_the_exit_status_says_whether_anything_is_false_and_whether_anything_could_be_told(
    tmp_path, capsys, text, arguments, status
):
    path = tmp_path / "text.md"
    path.write_text(text, "utf-8")
    assert run("audit", str(path), *arguments, capsys=capsys)[0] == status


def test_a_page_of_html_escapes_the_text(tmp_path, capsys):
    path, page = tmp_path / "text.md", tmp_path / "page.html"
    path.write_text(f"<script>alert(1)</script> $$x_{{11}} = x_{{12}}$$\n\n{FORWARD}\n", "utf-8")
    assert run("audit", str(path), "--html", str(page), "--lang", "fr", capsys=capsys)[0] == 1
    written = page.read_text("utf-8")
    assert "<script>" not in written
    assert "FAUX" in written
    assert run("audit", str(path), "--html", str(path), capsys=capsys)[0] == 2
    with pytest.raises(SystemExit):
        main(["audit", str(path), "--html", str(tmp_path / "no" / "page.html")])
