"""Every way in for a user's text × the table of ``hostile.py``: it comes out of what the commands write as the very
text, or is refused in one line, with exit status 2, before anything is written.

A carrier takes one text and gives back in which formats it came out. Labels of samples go through every format in
``test_hostile.py``; here the heavy formats take turns, so that each carrier meets each of them with several texts.
"""

import csv
import html
import io
import json
import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote_to_bytes

import numpy as np
import openpyxl
import pytest

import symcnn
from symcnn.formula.latex import escaped as escaped_tex
from symcnn.text.characters import visible
from symcnn.train import load_checkpoint, store
from symcnn.train.store import save_checkpoint
from tests.report.test_markdown import read
from tests.test_cli import run
from tests.tools.hostile_texts import KEPT, REFUSED
from tests.tools.pictures import ink, write_png
from tests.untrusted.test_hostile import Words, is_one_line, network_file

TEXTS = KEPT | REFUSED
OTHER = "zz"

#: No file or folder can have such a name.
NO_NAME = "no such name"


def can_be_an_argument(text):
    try:
        return "\0" not in text and bool(os.fsencode(text))
    except UnicodeEncodeError:
        return False


def can_be_a_name(text):
    return can_be_an_argument(text) and "/" not in text and len(os.fsencode(text)) < 200


class Place:
    """A folder of its own, and what commands do there."""

    def __init__(self, folder, capsys):
        self.folder, self._capsys = folder, capsys
        self.out = self.err = ""
        folder.mkdir()

    def __truediv__(self, name):
        return self.folder / name

    def call(self, *command, writes=(), may_write=()):
        """Did it do its work? Else it refused as it should. Whatever it says can be shown on a terminal."""
        before = {p for p in self.folder.rglob("*") if not p.is_dir()}
        status, self.out, self.err = run(*command, capsys=self._capsys)
        for line in (self.out + self.err).split("\n"):
            assert visible(line) == line
        after = {p for p in self.folder.rglob("*") if not p.is_dir()}
        if status == 2:
            assert (self.out, after) == ("", before), command
            assert is_one_line(self.err, most=1_300), command
            return False
        assert status in (0, 1, 3), (command, self.err)
        assert all(line.startswith("symcnn: ") for line in self.err.splitlines()), self.err
        assert {p for p in map(Path, writes) if not p.exists()} == set(), command
        extra = after - before - set(map(Path, (*writes, *may_write)))
        assert not [p for p in extra if p.suffix != ".svg" and Path(*command[-1:]) not in p.parents], extra
        return True

    def shows(self, text):
        """Is it in what the last command printed, however a line or the first cells of a table are broken?"""
        first = "".join(line.split("│")[1] for line in self.out.split("\n") if line.startswith("│"))
        squeezed, *printed = (re.sub(r"\s|│", "", part) for part in (visible(text), self.out, first))
        return any(squeezed in part for part in printed)


# --- names of classes -----------------------------------------------------------------------------------------------


def trained(place, text, *command):
    """A training on samples whose first class is the text: it is kept in the file, and named by ``predict``."""
    saved, image = place / "r.json", place / "image.csv"
    if not place.call("train", *command, "--epochs", 1, "--save", saved, writes=[saved]):
        return ["refused"]
    labels = json.loads(saved.read_text("utf-8"))["labels"]
    assert text in labels
    assert set(labels) == {text, OTHER}
    image.write_text("0.25\n" if "net.toml" in str(command[0]) else "0,1\n1,1\n", "utf-8")
    assert place.call("predict", saved, image)
    assert place.shows(f"training labels: {labels[0]}, {labels[1]}")
    return ["json", "terminal"]


def a_class_in_csv(place, text, turn):
    table = io.StringIO()
    csv.writer(table, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([(0.25, text), (1.0, OTHER)])
    content = table.getvalue().encode("utf-8", "surrogatepass")
    (place / "d.csv").write_bytes(content)
    if any("\ud800" <= c <= "\udfff" for c in text):  # no UTF-8: read as Western text, as Excel writes it
        text = text.encode("utf-8", "surrogatepass").decode("cp1252")
    return trained(place, text, network_file(place.folder, "a"), "--data", place / "d.csv")


def a_class_in_npz(place, text, turn):
    np.savez(place / "d.npz", images=[[0.25], [1.0]], labels=np.array([text, OTHER]))
    return trained(place, text, network_file(place.folder, "a"), "--data", place / "d.npz")


def pictures(place, *files):
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_png(file, ink(np.eye(2)))
    net = place / "pictures.toml"
    net.write_text('input_shape = [2, 2]\n[[layer]]\ntype = "Flatten"\n[[layer]]\ntype = "Dense"\nunits = 2\n', "utf-8")
    return net


def a_folder_of_a_class(place, text, turn):
    if not can_be_a_name(text):
        return [NO_NAME]
    folder = place / f"d{text}"
    net = pictures(place, folder / text / "1.png", folder / OTHER / "1.png")
    return trained(place, text, net, "--data", folder)


def a_picture_in_a_folder(place, text, turn):
    if not can_be_a_name(text):
        return [NO_NAME]
    broken = place / "d" / "a" / f"x{text}.png"
    net = pictures(place, broken, place / "d" / "b" / "1.png")
    assert place.call("train", net, "--data", place / "d", "--epochs", 1)
    broken.write_bytes(b"PNG")
    assert not place.call("train", net, "--data", place / "d", "--epochs", 1)
    assert visible(os.fsdecode(broken))[-40:] in place.err or len(place.err) > 1_000
    return ["terminal"]


def a_class_in_python(place, text, turn):
    """Names as targets, then a document in turn: each is told of the class."""
    try:
        data = symcnn.Data([[0.25], [1.0]], np.array([text, OTHER]))
        network, _ = symcnn.read_network(network_file(place.folder, "a"))
        made = symcnn.train(network, data, steps=1, backend="python")
    except symcnn.InputError as error:
        message = str(error)
    else:
        message = ""
    if message:
        assert "\n" not in message
        assert len(message) < 500
        return ["refused"]
    assert text in made.classes
    assert symcnn.Run.load(made.save(place / "r.json")).classes == made.classes
    assert text in Words(made._repr_html_()).words
    lang, suffix = ("en", "fr")[turn % 2], (".xlsx", ".md", ".html", ".tex", ".pdf")[turn % 5]
    path = place / f"d{suffix}"
    if suffix == ".xlsx":
        symcnn.export_workbook(network, data, path, steps=1, lang=lang)
        cells = [c for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for c in row]
        assert {c.data_type for c in cells if c.value == text} == {"s"}
    else:
        symcnn.write_report(network, path, data=data, steps=1, lang=lang)
        written = path.read_bytes()
        if suffix == ".pdf":
            assert written.startswith(b"%PDF")
        elif suffix == ".tex":
            assert escaped_tex(text) in written.decode()
        elif suffix == ".html":
            assert text in "".join(Words(written.decode()).words)
        else:
            assert re.sub(r"\s+", " ", text).strip() in re.sub(r"\s+", " ", read(written.decode()))
    return ["json", "notebook", f"{suffix[1:]} {lang}"]


def a_class_in_a_saved_training(place, text, turn):
    """Put into the files by another hand, with a checksum that fits."""
    net, image, saved, checkpoint = network_file(place.folder, "a"), place / "i.csv", place / "r.json", place / "c.npz"
    image.write_text("0.25\n", "utf-8")
    network, data = symcnn.read_network(net)
    symcnn.train(network, data, epochs=1, backend="python", checkpoint=checkpoint).save(saved)
    document = json.loads(saved.read_text("utf-8")) | {"labels": [text, OTHER]}
    content = {word: value for word, value in document.items() if word not in ("format", "checksum")}
    saved.write_text(json.dumps(document | {"checksum": store.checksum_of_words(content)}), "utf-8")
    save_checkpoint(replace(load_checkpoint(checkpoint), classes=(text, OTHER)), checkpoint)
    known = place.call("predict", saved, image)
    assert not known or place.shows(f"training labels: {text}, {OTHER}")
    assert place.call("predict", checkpoint, image) == known
    assert not known or place.shows(f"({text})") or place.shows(f"({OTHER})")
    return ["json", "npz", "terminal"] if known else ["refused"]


# --- tables and arrays ----------------------------------------------------------------------------------------------


def a_head_of_csv(place, text, turn):
    table = io.StringIO()
    csv.writer(table, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([(text, "x1"), (0, 0.25), (1, 1.0)])
    (place / "d.csv").write_bytes(table.getvalue().encode("utf-8", "surrogatepass"))
    net = network_file(place.folder, "a")
    words = ["--data", place / "d.csv", "--header", f"--label-column={text}"]
    known = place.call("train", net, *words, "--epochs", 1, "--save", place / "r.json", writes=[place / "r.json"])
    if known:
        targets = json.loads((place / "r.json").read_text("utf-8"))["targets"]
        assert targets == [[1, 0], [0, 1]]
    return ["terminal" if known else "refused"]


def a_cell_of_csv(place, text, turn):
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows([("x1", "class"), (0.5, 0), (text, 1)])
    (place / "d.csv").write_bytes(table.getvalue().encode("utf-8", "surrogatepass"))
    known = place.call("train", network_file(place.folder, "a"), "--data", place / "d.csv", "--epochs", 1)
    assert known == (text in ("+1", "-1", "1e5", "007"))
    return ["terminal" if known else "refused"]


def an_array_of_npz(place, text, turn):
    arrays = {"images": np.array([[0.25], [1.0]]), "labels": np.array([0, 1])}
    formats = []
    for missing in (None, "images", "labels"):
        path = place / f"{missing}.npz"
        try:
            np.savez(path, **{k: v for k, v in arrays.items() if k != missing}, **{text: np.array([1.0])})
        except (OSError, ValueError, UnicodeError):
            return ["no such array"]
        known = place.call("train", network_file(place.folder, "a"), "--data", path, "--epochs", 1)
        assert known == (missing is None)
        formats.append("terminal" if known else "refused")
    return formats


# --- names of files and folders -------------------------------------------------------------------------------------


def a_name_of_files(place, text, turn):
    """Of all that a command reads and writes, and of the folder around it."""
    if not can_be_a_name(text):
        return [NO_NAME]
    folder = place / f"d{text}"
    folder.mkdir()
    x, lang = folder / f"x{text}", ("en", "fr")[turn % 2]
    net = network_file(folder, "a", f"{x.name}.toml")

    def name(suffix):
        return x.with_name(x.name + suffix)

    table, saved, checkpoint = name(".csv"), name(".json"), name(".c.npz")
    table.write_text("0.25,0\n1,1\n", "utf-8")
    np.savez(name(".d.npz"), images=[[0.25], [1.0]], labels=[0, 1])
    command = ["train", net, "--data", (table, name(".d.npz"))[turn % 2], "--validation", table]
    places = ["--save", saved, "--checkpoint", checkpoint]
    drawing = name((".svg", ".png")[turn // 4 % 2])
    places += ["--plot", drawing] if turn % 4 == 0 else []
    writes = places[1::2]
    assert place.call(*command, *places, "--epochs", 1, writes=writes)
    assert set(map(visible, map(os.fsdecode, writes))) <= set(place.out.split("\n"))
    assert place.call("train", "--resume", checkpoint, *command[2:], "--epochs", 2)
    assert place.call("predict", saved, net)
    assert place.shows(os.fsdecode(net))
    formats = ["json", "npz", "terminal", *([drawing.suffix[1:]] if turn % 4 == 0 else [])]
    kind = (".xlsx", ".md", ".html", ".tex", ".pdf", "audit", ".v")[turn % 7]
    if kind == ".xlsx":
        book = name(".xlsx")
        assert place.call("export", net, "--steps", 1, "--lang", lang, "--out", book, writes=[book])
        assert place.call("verify", "--lang", lang, "--workbook", book, net)
    elif kind == "audit":
        article, page = name(".md"), name(".html")
        article.write_text("The error: $E = 0$.\n", "utf-8")
        name(".map.toml").write_text('[symbols]\nE = "E"\n', "utf-8")
        words = ["audit", article, "--network", net, "--html", page, "--lang", lang]
        assert place.call(*words, writes=[page])
        title = re.search("<title>(.*?)</title>", page.read_text("utf-8"), re.DOTALL)[1]
        assert visible(article.name) in html.unescape(title)
        assert not place.call(*words, "--mapping", name(".none.toml"))
    elif kind == ".v":
        if turn % 3 == 0:  # Coq takes seconds
            out = folder / f"c{text}"
            assert place.call("certify", net, "--lang", lang, "--out", out)
            assert list(out.glob("*.v"))
        assert not place.call("verify", net, "--certificate", name(".v"))
    else:
        document = name(kind)
        assert place.call("report", net, "--steps", 1, "--lang", lang, "--out", document, writes=[document])
        assert place.out.rstrip("\n").split("\n")[-1] == visible(os.fsdecode(document))
        if kind == ".md":
            links = re.findall(r'(?:src|srcset)="([^"]+)"', document.read_text("utf-8"))
            files = [folder / os.fsdecode(unquote_to_bytes(html.unescape(link))) for link in links]
            assert files
            assert [file for file in files if not file.exists()] == []
    return [*formats, f"{kind.removeprefix('.')} {lang}"]


# --- words of network files, mappings and texts; options --------------------------------------------------------------

#: Where a string may stand in a network file; none of the texts is a word that it knows.
WORDS = (
    "loss = {}", "input_shape = {}", "[[layer]]\ntype = {}", '[[layer]]\ntype = "Dense"\nunits = {}', "{} = 1",
    '[[layer]]\ntype = "Dense"\nunits = 1\nactivation = {}', '[[layer]]\ntype = "Dense"\nunits = 1\n{} = 1',
    '[[layer]]\ntype = "MaxPool2D"\nsize = 1\npadding = {}', "[[sample]]\nimage = {}", "[[sample]]\n{} = 1",
)  # fmt: skip


def quoted_in_toml(text):
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def a_word_of_a_network(place, text, turn):
    net, article = place / "n.toml", place / "a.md"
    article.write_text("$o_1 = 1$\n", "utf-8")
    commands = (
        ["derive", net], ["train", net], ["export", net, "--out", place / "w.xlsx"], ["verify", net],
        ["report", net, "--out", place / "d.md", "--out", place / "d.pdf"], ["explain", "o_1", net],
        ["certify", net, "--out", place / "c"], ["audit", article, "--network", net], ["derive", net, "--latex"],
        ["verify", net, "--workbook", place / "w.xlsx"],
    )  # fmt: skip
    rest = 'input_shape = [1]\n[[layer]]\ntype = "Dense"\nunits = 1\n'
    for n, words in enumerate(WORDS):
        whole = words.format(quoted_in_toml(text))
        own = rest if words.startswith(("[[sample]]", "loss")) else "input_shape = [1]\n"
        own = "" if words.startswith("input_shape") else own
        content = f"{whole}\n{own}" if words.startswith("loss") else f"{own}{whole}\n"
        net.write_bytes(content.encode("utf-8", "surrogatepass"))
        assert not place.call(*commands[(n + turn) % len(commands)]), (words, ascii(text)[:40])
    return ["refused"]


def a_word_of_an_image(place, text, turn):
    """In the file that ``predict`` reads: a label there is nobody's."""
    network, data = symcnn.read_network(network_file(place.folder, "a"))
    symcnn.train(network, data, steps=1, backend="python").save(place / "r.json")
    formats = []
    for words in ("image = {}", "{} = [1]", "[[sample]]\nimage = [{}]", "[[sample]]\nimage = [1]\nlabel = {}"):
        content = words.format(quoted_in_toml(text)).encode("utf-8", "surrogatepass")
        (place / "i.toml").write_bytes(content)
        known = place.call("predict", place / "r.json", place / "i.toml")
        assert not known or words.endswith("label = {}")
        formats.append("terminal" if known else "refused")
    return formats


MAPPINGS = ("{} = {}", "[symbols]\n{} = {}", "[values]\n{} = 1")


def a_mapping(place, text, turn):
    """As a key, as a value, in a file and in front matter. What stands for a quantity may be one."""
    net, article, table, page = network_file(place.folder, "a"), place / "a.md", place / "m.toml", place / "p.html"
    formats = []
    more = (["--html", page], ["--json"], [])[turn % 3]
    command = ["audit", article, "--network", net, "--lang", ("en", "fr")[turn % 2], *more]
    for n, pair in enumerate(((quoted_in_toml(text), '"o_1"'), ('"o_1"', quoted_in_toml(text)))):
        toml = MAPPINGS[(turn + n) % len(MAPPINGS)].format(*pair).encode("utf-8", "surrogatepass")
        table.write_bytes(toml)
        for front in (b"", b"+++\n" + toml + b"\n+++\n"):
            article.write_bytes(front + b"Here $o_1 = 1$.\n")
            known = place.call(*command, *([] if front else ["--mapping", table]), may_write=[page])
            if known and more == ["--json"]:
                json.loads(place.out)
            formats.append(("html", "json", "terminal")[turn % 3] if known else "refused")
            page.unlink(missing_ok=True)
    return formats


def a_text_to_audit(place, text, turn):
    """In its prose, in code, and in a formula."""
    net, article, page = network_file(place.folder, "a"), place / "a.md", place / "p.html"
    lines = [f"A word: {text}", f"`{text}`", rf"$o_1 = \text{{{text}}}$", f"$o_1 = {text}$"]
    article.write_bytes("\n\n".join(lines).encode("utf-8", "surrogatepass"))
    lang = ("en", "fr")[turn % 2]
    command = ["audit", article, "--network", net, "--lang", lang]
    if not place.call(*command, "--html", page, writes=[page]):
        return ["refused"]
    words = Words(page.read_text("utf-8"))
    assert not words.tags & {"img", "iframe", "object", "base", "script"}
    body = page.read_text("utf-8")
    shown = [html.unescape(cell) for cell in re.findall(r'<td class="t">(.*?)</td>', body, re.DOTALL)]
    assert shown[0] == lines[0].split("\n")[0].rstrip("\r") or "\r" in text
    assert place.call(*command, "--json")
    json.loads(place.out)
    assert place.call(*command)
    return [f"html {lang}", "json", "terminal"]


def an_option(place, text, turn):
    if not can_be_an_argument(text):
        return ["no such argument"]
    net, article = network_file(place.folder, "a"), place / "a.md"
    article.write_text("$o_1 = 1$\n", "utf-8")
    for command in (
        ["derive", f"--of={text}", net], ["explain", net, "--", text], ["train", net, f"--backend={text}"],
        ["train", net, f"--reduction={text}"], ["report", net, f"--lang={text}", "--out", place / "d.md"],
        ["audit", article, f"--network={text}"], ["train", net, f"--stop-below={text}x"], [f"{text}x"],
        ["verify", net, f"--{text}"], ["export", net, "--steps", f"{text}x"],
    ):  # fmt: skip
        assert not place.call(*command), (command[0], ascii(text)[:40])
    return ["refused"]


#: Carrier -> the formats that it must have met.
DOCUMENTS = {f"{kind} {lang}" for kind in ("xlsx", "md", "html", "tex", "pdf") for lang in ("en", "fr")}
CARRIERS = {
    a_class_in_csv: {"json", "terminal", "refused"},
    a_class_in_npz: {"json", "terminal", "refused"},
    a_folder_of_a_class: {"json", "terminal", "refused"},
    a_picture_in_a_folder: {"terminal"},
    a_class_in_python: {"json", "notebook", "refused", *DOCUMENTS},
    a_class_in_a_saved_training: {"json", "npz", "terminal", "refused"},
    a_head_of_csv: {"terminal", "refused"},
    a_cell_of_csv: {"terminal", "refused"},
    an_array_of_npz: {"terminal", "refused"},
    a_name_of_files: {"json", "npz", "terminal", "svg", "png", "audit en", "audit fr", "v en", "v fr", *DOCUMENTS},
    a_word_of_a_network: {"refused"},
    a_word_of_an_image: {"terminal", "refused"},
    a_mapping: {"html", "json", "terminal", "refused"},
    a_text_to_audit: {"html en", "html fr", "json", "terminal", "refused"},
    an_option: {"refused"},
}


@pytest.mark.slow
@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: carrier.__name__)
def test_every_text_by_every_way_in(carrier, tmp_path, capsys):
    met, kept = Counter(), set()
    for turn, (name, text) in enumerate(TEXTS.items()):
        try:
            formats = carrier(Place(tmp_path / str(turn), capsys), text, turn)
        except AssertionError as error:
            raise AssertionError(f"{carrier.__name__}: {name}: {error}") from error
        assert formats, name
        met.update(formats)
        kept |= {name} if not {"refused", NO_NAME} & set(formats) else set()
    with capsys.disabled():
        print(f"\n{carrier.__name__}: {len(TEXTS)} texts; {', '.join(f'{f} {n}' for f, n in sorted(met.items()))}")
    assert CARRIERS[carrier] <= set(met)
    if carrier in MUST_KEEP:
        assert set(KEPT) - kept <= MUST_KEEP[carrier]
        assert not set(REFUSED) & kept - NOT_TEXT


#: Where every text of ``KEPT`` must come out, but for what is no name of a file, or a number beside a name.
UNNAMED = {name for name, text in KEPT.items() if not can_be_a_name(text)}
NUMBERS = {"plus", "minus", "exponent", "zeros"}
MUST_KEEP = {
    a_class_in_csv: NUMBERS, a_class_in_npz: set(), a_class_in_python: set(), a_class_in_a_saved_training: set(),
    a_folder_of_a_class: UNNAMED,
}  # fmt: skip
NOT_TEXT = {"surrogate", "low surrogate"}
