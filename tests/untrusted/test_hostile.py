"""A user's text is text in every output, or refused in one line: the table of ``hostile.py`` through every emitter.

The slow tests send it through every command and every format.
"""

import html
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pytest

import symcnn
from symcnn.cli.shared import print_table
from symcnn.formula import Latex, tree
from symcnn.formula.latex import escaped as escaped_tex
from symcnn.formula.typst import string
from symcnn.network.data import MAX_LABEL
from symcnn.numeric import PROGRAMS
from symcnn.printers.excel import CellFormula
from symcnn.report.document import Code
from symcnn.report.figures.grid import grid_of, grids
from symcnn.report.html.page import clean
from symcnn.text import catalogue
from symcnn.text.characters import visible
from symcnn.workbook import style, verify_workbook
from symcnn.workbook.book import Book
from symcnn.workbook.xlsx_writer import workbook_bytes
from tests.report.test_markdown import read, said
from tests.test_cli import run
from tests.tools.hostile_texts import KEPT, REFUSED

NETWORK = symcnn.Network((1,), [symcnn.Dense(2, activation="sigmoid")])
CLASSES = [[1.0, 0.0], [0.0, 1.0]]


def named(label):
    """Two samples of two classes; the first has the label."""
    return symcnn.Data(np.array([[0.25], [1.0]]), np.array(CLASSES), [label, "b"])


def network_file(folder, label, name="net.toml"):
    """The same as a file."""
    path = folder / name
    samples = [f"[[sample]]\nimage = [{x}]\ntarget = {t}\nlabel = {json.dumps(w, ensure_ascii=False)}\n"
               for x, t, w in zip((0.25, 1.0), CLASSES, (label, "b"), strict=True)]  # fmt: skip
    words = 'input_shape = [1]\n[[layer]]\ntype = "Dense"\nunits = 2\nactivation = "sigmoid"\n'
    path.write_bytes((words + "".join(samples).replace("\x7f", "\\u007f")).encode("utf-8", "surrogatepass"))
    return path


def is_one_line(err, most=500):
    """One line of an error, without a character that moves the cursor."""
    assert err.startswith("symcnn: "), err
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert visible(err[:-1]) == err[:-1]
    assert len(err) < most
    return True


# --- labels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KEPT)
def test_a_label_is_kept(name, tmp_path):
    assert named(KEPT[name]).labels[0] == KEPT[name]
    _, data = symcnn.read_network(network_file(tmp_path, KEPT[name]))
    assert data.labels[0] == KEPT[name]


@pytest.mark.parametrize("name", REFUSED)
def test_a_label_is_refused_in_one_line_by_every_way_in(name, tmp_path, capsys):
    with pytest.raises(symcnn.InputError) as refused:
        named(REFUSED[name])
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300
    status, out, err = run("train", network_file(tmp_path, REFUSED[name]), "--save", tmp_path / "r.json", capsys=capsys)
    assert (status, out) == (2, "")
    assert is_one_line(err)
    assert not (tmp_path / "r.json").exists()


def test_names_of_classes_are_kept_as_labels_are(tmp_path):
    """By every way in that reads text; numbers beside a name are refused in a table."""
    for name, text in (KEPT | REFUSED).items():
        np.savez(tmp_path / "d.npz", images=[[0.25], [1.0]], labels=np.array([text, "zz"]))
        (tmp_path / "d.csv").write_text('0.25,"' + text.replace('"', '""') + '"\n1,zz\n', "utf-8", "replace", "")
        for suffix in ("npz", "csv"):
            number = suffix == "csv" and name in ("plus", "minus", "exponent", "zeros")
            if name in KEPT and not number:
                assert symcnn.read_data(tmp_path / f"d.{suffix}", NETWORK).labels == [text, "zz"], name
            elif suffix == "npz" or "surrogate" not in name:
                with pytest.raises(symcnn.InputError) as refused:
                    symcnn.read_data(tmp_path / f"d.{suffix}", NETWORK)
                assert is_one_line(f"symcnn: {refused.value}\n"), name


def test_the_longest_label_and_one_more():
    assert named("x" * MAX_LABEL)
    with pytest.raises(symcnn.InputError, match=f"{MAX_LABEL + 1} characters; expected at most {MAX_LABEL}"):
        named("x" * (MAX_LABEL + 1))


@pytest.mark.parametrize("name", ["newline", "escape sequence", "bell", "override", "low surrogate"])
def test_a_folder_is_refused_as_a_label_is(name, tmp_path, capsys):
    (tmp_path / "data" / REFUSED[name]).mkdir(parents=True)
    (tmp_path / "data" / "b").mkdir()
    net = network_file(tmp_path, "a")
    status, _, err = run("train", net, "--data", tmp_path / "data", capsys=capsys)
    assert status == 2
    assert is_one_line(err)


# --- each emitter ---------------------------------------------------------------------------------------------------


def test_cells_hold_every_text_as_text(tmp_path):
    book = Book(catalogue("en"))
    page = book.add_sheet("contents", "hint")
    for row, text in enumerate(KEPT.values(), 10):
        page.put(row, 2, text, style.WORDS)
        page.put(row, 3, CellFormula("=1+1"), style.WORDS)
    (tmp_path / "b.xlsx").write_bytes(workbook_bytes(book.workbook))
    found = openpyxl.load_workbook(tmp_path / "b.xlsx")[page.title]
    for row, text in enumerate(KEPT.values(), 10):
        assert (found.cell(row, 2).data_type, found.cell(row, 2).value) == ("s", text)
        assert (found.cell(row, 3).data_type, found.cell(row, 3).value) == ("f", "=1+1")


def test_a_workbook_of_hostile_labels_is_read_back_and_proved(tmp_path):
    count = len(KEPT)
    data = symcnn.Data(np.linspace(0, 1, count)[:, None], np.array([CLASSES[0]] * count), list(KEPT.values()))
    path = symcnn.export_workbook(NETWORK, data, tmp_path / "w.xlsx", steps=1)
    assert verify_workbook(path, NETWORK).ok
    cells = [c for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for c in row]
    texts = [c.value for c in cells if c.data_type == "s"]
    assert [k for k, label in KEPT.items() if not any(label in text for text in texts)] == []
    assert not [c for c in cells if c.data_type == "f" and "HYPERLINK" in str(c.value)]


@pytest.mark.parametrize("name", ["reference", "error", "excel name", "cat"])
def test_a_class_name_is_the_text_of_a_cell(name, tmp_path):
    """Under the outputs of the reader's image; the verdict fetches it."""
    path = symcnn.export_workbook(NETWORK, named(KEPT[name]), tmp_path / "w.xlsx", steps=1)
    cells = [c for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for c in row]
    assert [c.data_type for c in cells if c.value == KEPT[name]] == ["s"]
    verdict = [c.value for s in openpyxl.load_workbook(path, data_only=True) for row in s.iter_rows() for c in row]
    assert verdict.count(KEPT[name]) + verdict.count("b") > 2
    assert verify_workbook(path, NETWORK).ok


@pytest.mark.parametrize("name", KEPT)
def test_markdown_html_and_svg_show_the_very_text(name):
    text = KEPT[name]
    assert read(said("x ", text)) == f"x {text}"
    assert read(said("x ", Code(text))).replace("<code>", "").replace("</code>", "") == f"x {text}"
    assert html.unescape(clean(text)) == text
    assert not set(clean(text)) & set("<>\"'")
    drawing = ElementTree.fromstring(grids([grid_of([[1.0]], title=f"x {text}")], ".", f"x {text}").svg("light"))
    assert "".join(drawing.itertext()).count(f"x {text}") >= 1


#: What stands for a character in LaTeX: a command without arguments, or an escaped one.
SAFE = re.compile(r"\\[a-zA-Z]+\{\}|\\[{}$&#%_,-]|\\ensuremath\{[^{}\\]*(\\[a-z]+)?(\{[^{}\\]*\})?\}|\{[\[\]]\}|\{\}")


@pytest.mark.parametrize("name", [*KEPT, *REFUSED])
def test_no_character_means_anything_in_latex_and_typst(name):
    text = (KEPT | REFUSED)[name]
    assert not set(SAFE.sub("", escaped_tex(text)).replace("~", "")) & set("\\{}$&#%_^")
    body = string(text)
    assert body[0] == body[-1] == '"'
    plain = re.sub(r"\\u\{([0-9a-f]+)\}|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2], body[1:-1])
    assert plain == text
    assert "\n" not in body
    assert not re.search(r'(?<!\\)(\\\\)*"', body[1:-1])
    inside = Latex().emit(tree.Word(text))
    assert inside.startswith(r"\text{")
    assert not set(inside[6:-1]) & set("\\{}$&#%_^~")


@pytest.mark.parametrize("name", [*KEPT, *REFUSED])
def test_the_terminal_shows_the_very_text(name, capsys):
    text = (KEPT | REFUSED)[name]
    print_table("title", [[text, "1"]], ["image", "o"])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    cells = [line.split("│")[1] for line in out.split("\n") if line.startswith("│")]
    shown = visible(text) if "\n" not in text else text
    assert re.sub(r"\s", "", "".join(cells)) == re.sub(r"\s", "", shown)


def test_every_saved_training_gives_its_labels_back(tmp_path, capsys):
    for name, text in KEPT.items():
        path = symcnn.train(NETWORK, named(text), steps=1, backend="python").save(tmp_path / "r.json")
        assert symcnn.Run.load(path).classes == (text, "b"), name


@pytest.mark.parametrize("name", ["backslash", "escape sequence", "c1", "override", "emoji"])
def test_the_json_of_an_audit_is_json_and_has_the_very_text(name, tmp_path, capsys):
    """Also where a terminal needs an escape."""
    text = (KEPT | REFUSED)[name]
    (tmp_path / "a.md").write_text(rf"$o_1 = \text{{{text}}} = 2$", "utf-8")
    status, out, _ = run("audit", tmp_path / "a.md", "--network", network_file(tmp_path, "a"), "--json", capsys=capsys)
    assert status == 3  # nothing of it could be read
    assert text in json.loads(out)["equations"][0]["text"]
    assert [visible(line) for line in out.split("\n")] == out.split("\n")


def test_the_figures_of_a_report_with_any_name_are_found(tmp_path):
    for stem in ("a b", "50 % #1?", "é&\"'", os.fsdecode(b"x\xff")):
        path = symcnn.write_report(NETWORK, tmp_path / f"{stem}.md")
        links = re.findall(r'(?:src|srcset)="([^"]+)"', path.read_text("utf-8"))
        assert links
        assert all((tmp_path / os.fsdecode(unquote_to_bytes(html.unescape(link)))).exists() for link in links)


def test_a_training_is_saved_before_anything_is_printed(tmp_path, monkeypatch, capsys):
    def fails(*_):
        raise symcnn.InputError("no terminal")

    monkeypatch.setattr("symcnn.cli.training.print_table", fails)
    saved = tmp_path / "r.json"
    assert run("train", network_file(tmp_path, "[/x]"), "--steps", 3, "--save", saved, capsys=capsys)[0] == 2
    assert symcnn.Run.load(saved).steps == 3


# --- names of files -------------------------------------------------------------------------------------------------


def usable(text):
    return "/" not in text and "\0" not in text and len(text.encode("utf-8", "surrogateescape")) < 200


@pytest.mark.parametrize("name", [k for k, v in (KEPT | REFUSED).items() if usable(v.replace("\ud83d", "/"))])
def test_a_file_may_have_any_name(name, tmp_path, capsys):
    text = (KEPT | REFUSED)[name]
    saved = tmp_path / f"x{text}.json"
    status, out, err = run(
        "train", network_file(tmp_path, "a", f"x{text}.toml"), "--steps", 0, "--save", saved, capsys=capsys
    )
    assert (status, err) == (0, "")
    assert out.rstrip("\n").split("\n")[-1] == visible(os.fsdecode(saved))
    assert saved.exists()
    status, out, err = run("predict", saved, tmp_path / f"y{text}.png", capsys=capsys)
    assert status == 2
    assert is_one_line(err)


# --- words of network files, and what is executed ------------------------------------------------------------------


WORDS = (
    "loss = {}", "input_shape = {}", "[[layer]]\ntype = {}", '[[layer]]\ntype = "Dense"\nunits = {}', "{} = 1",
    '[[layer]]\ntype = "Dense"\nunits = 1\nactivation = {}',
    '[[layer]]\ntype = "MaxPool2D"\nsize = 1\npadding = {}',
)  # fmt: skip


@pytest.mark.parametrize("words", WORDS)
def test_every_string_of_a_network_file_is_refused_in_one_line(words, tmp_path, capsys):
    path = tmp_path / "n.toml"
    for name, text in (KEPT | REFUSED).items():
        quoted = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
        shape = "" if "input_shape" in words else "input_shape = [1]\n"
        path.write_bytes((shape + words.format(quoted)).encode("utf-8", "surrogatepass"))
        status, out, err = run("derive", path, capsys=capsys)
        assert (status, out) == (2, ""), (name, err)
        assert is_one_line(err, most=11_000), name


@pytest.mark.parametrize("backend", PROGRAMS)
def test_no_name_of_a_user_enters_a_program(backend, tmp_path):
    """A label, a file's name and a class leave no trace in what is executed."""
    plain = symcnn.compile(NETWORK, backend=backend).source
    for text in (KEPT["import"], KEPT["coq"], "x;import os"):
        network, _ = symcnn.read_network(network_file(tmp_path, text, f"{text}.toml"))
        assert symcnn.compile(network, backend=backend).source == plain


@pytest.mark.slow
def test_no_label_enters_a_certificate(tmp_path):
    from symcnn.certificate import certify

    files = {}
    for label in ("a", KEPT["coq"]):
        folder = tmp_path / ("1" if label == "a" else "2")
        certify(NETWORK, folder, data=named(label))
        files[label] = [p.read_bytes() for p in sorted(folder.iterdir()) if p.suffix == ".v"]
    assert files["a"]
    assert files["a"] == files[KEPT["coq"]]


# --- every command and every format ---------------------------------------------------------------------------------


class Words(HTMLParser):
    """The words of a page, without those of its styles and scripts."""

    def __init__(self, page):
        super().__init__()
        self.words, self.tags, self._inside = [], set(), ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self._inside = tag
        self.words += [value for name, value in attrs if name in ("alt", "aria-label", "title") and value]

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.words.append(data)


@pytest.mark.slow
@pytest.mark.parametrize("name", KEPT)
def test_a_label_through_every_command_and_format(name, tmp_path, capsys):
    """One text in English, the next in French; other ways in for a text: ``test_carriers.py``."""
    label, lang = KEPT[name], ("en", "fr")[list(KEPT).index(name) % 2]
    net, saved, image = network_file(tmp_path, label), tmp_path / "r.json", tmp_path / "image.csv"
    image.write_text("0.25\n", "utf-8")
    status, out, err = run("train", net, "--steps", 2, "--save", saved, capsys=capsys)
    assert status == 0
    assert all(line.startswith("symcnn: hint: nothing is learnt yet") for line in err.splitlines())
    squeezed = re.sub(r"\s|│", "", label)
    assert squeezed in re.sub(r"\s|│", "", out) or len(label) > 60
    assert json.loads(saved.read_text("utf-8"))["labels"][0] == label
    status, out, err = run("predict", saved, image, capsys=capsys)
    assert (status, err) == (0, "")
    assert f"training labels: {label}, b" in out
    checkpoint = tmp_path / "c.npz"
    assert run("train", net, "--epochs", 1, "--checkpoint", checkpoint, capsys=capsys)[0] == 0
    assert run("predict", checkpoint, image, capsys=capsys)[0] == 0
    book = tmp_path / "w.xlsx"
    assert run("export", net, "--out", book, "--steps", 2, "--lang", lang, capsys=capsys)[0] == 0
    assert run("verify", "--workbook", book, net, "--lang", lang, capsys=capsys)[0] == 0
    cells = [c for sheet in openpyxl.load_workbook(book) for row in sheet.iter_rows() for c in row]
    assert {c.data_type for c in cells if c.value == label} == {"s"}
    outs = [tmp_path / f"d{suffix}" for suffix in (".md", ".html", ".tex", ".pdf")]
    status, _, err = run(
        "report", net, "--steps", 2, "--lang", lang, *(w for o in outs for w in ("--out", o)), capsys=capsys
    )
    assert status == 0, err
    assert not err or "the PDF" in err
    markdown, page, tex = (o.read_text("utf-8") for o in outs[:3])
    words = Words(page)
    assert label in "".join(words.words)
    assert not words.tags & {"img", "iframe", "object", "base"}
    assert re.sub(r"\s+", " ", label).strip() in re.sub(r"\s+", " ", read(markdown))
    assert escaped_tex(label) in tex
    for drawing in tmp_path.glob("d-*.svg"):
        ElementTree.parse(drawing)
    assert outs[3].read_bytes().startswith(b"%PDF")
    if shutil.which("pdflatex"):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "d.tex"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=100)
    for command in (["explain", "o_1", net], ["derive", net], ["verify", net]):
        assert run(*command, capsys=capsys)[0] == 0
