"""README and the pages in ``reports`` are run: Python line by line against the results in its comments, commands,
figures, links; and README is the same in English and in French."""

import io
import re
import shlex
import shutil
from collections import Counter
from pathlib import Path

import click
import pytest
from markdown_it import MarkdownIt

from symcnn.cli import main
from symcnn.cli.commands import commands

ROOT = Path(__file__).parents[1]
READMES = {"en": ROOT / "README.md", "fr": ROOT / "README.fr.md"}
PAGES = {str(p.relative_to(ROOT)): p.read_text("utf-8") for p in (*READMES.values(), *ROOT.glob("reports/*.md"))}


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


def statements(block):
    """Statements with the result in their comment, if they have one; a statement may span lines."""
    found = []
    for line in block.splitlines():
        if found and (line.startswith((" ", ")")) and not found[-1][1]):
            found[-1] = (found[-1][0] + "\n" + line, "")
        elif line:
            code, _, result = line.partition("  # ")
            found.append((code.rstrip(), result.strip()))
    return found


@pytest.mark.parametrize(
    ("page", "least"), [("README.md", 2), pytest.param("reports/guide.md", 9, marks=pytest.mark.slow)]
)
def test_the_python_gives_what_its_comments_say(page, least, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    space = {}
    checked = 0
    for block in blocks(page, "python"):
        for code, result in statements(block):
            if not result:
                exec(code, space)
                continue
            value = eval(code, space)
            printed = capsys.readouterr().out.strip()
            shown = printed or " ".join(str(value).split())
            shown = re.sub(r"\[ +", "[", shown)
            assert shown == result, code
            checked += 1
    assert checked >= least
    if page != "README.md":
        assert (tmp_path / "cnn.xlsx").is_file()
        assert (tmp_path / "derivation.md").is_file()


def test_python_stands_on_no_other_page():
    assert {page for page in PAGES if blocks(page, "python")} == {"README.md", "README.fr.md", "reports/guide.md"}
    assert blocks("README.fr.md", "python") == blocks("README.md", "python")


# --- README in both languages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", READMES.values(), ids=READMES)
def test_it_is_one_screen_and_three_things_to_do(path):
    assert len(PAGES[path.name].splitlines()) <= 120


def structure(page):
    """What is the same in every language: the kinds of blocks, headings, where links and pictures lead."""
    kinds, targets = [], Counter()
    for token in MarkdownIt("commonmark").parse(PAGES[page]):
        if token.type.endswith("_open") or token.type == "fence":
            kinds.append((token.type, token.tag, token.info))
        for child in token.children or ():
            target = child.attrGet("src") or child.attrGet("href")
            if target:
                targets[re.sub(r"(?<=[-/])(en|fr)(?=[-./])", "LANG", str(target))] += 1
    return kinds, targets


def test_both_readmes_have_the_same_structure_links_and_pictures():
    (kinds, targets), (others, theirs) = (structure(path.name) for path in READMES.values())
    assert kinds == others
    assert targets - theirs == Counter({"README.fr.md": 1})
    assert theirs - targets == Counter({"README.md": 1})
    assert sum(targets.values()) > 20


def test_both_readmes_have_the_same_commands():
    english, french = ("".join(blocks(path.name, "sh")) for path in READMES.values())
    assert french.replace(" --lang fr", "").replace("notes_fr.md", "notes.md") == english
    lines = [line for line in french.splitlines() if line.startswith("symcnn")]
    assert lines
    assert all(" --lang fr" in line for line in lines)


def test_both_readmes_have_the_same_figures():
    """All numbers outside addresses and code, but for the decimal sign and the sign between thousands."""
    english, french = (re.sub(r"\]\([^)]*\)|`[^`]*`", "", PAGES[path.name]) for path in READMES.values())
    french = re.sub(r"(?<=\d)\u202f(?=\d{3})", "", french)
    assert re.findall(r"\d+", english.replace(",", "")) == re.findall(r"\d+", re.sub(r"(?<=\d),(?=\d)", ".", french))


def run_line(line):
    """Exit status of a command line of symcnn."""
    try:
        main(shlex.split(line)[1:])
    except SystemExit as stop:
        return stop.code or 0
    return 0


@pytest.mark.slow
@pytest.mark.parametrize("lang", READMES)
def test_its_commands_do_what_they_say(lang, tmp_path, monkeypatch, capsys):
    """All but the article's, which ``test_reports`` runs."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks(READMES[lang].name, "sh") for line in block.splitlines() if "symcnn " in line]
    ran = [line for line in lines if not line.startswith("symcnn article")]
    statuses = {line.split()[1]: run_line(line) for line in ran}
    assert statuses == {
        "new": 0,
        "report": 0,
        "export": 0,
        "check": 0,
        "audit": 1,
    }  # three of the notes' lines are wrong
    assert {p.name for p in tmp_path.iterdir()} == {
        "examples",
        "net.toml",
        "net.html",
        "net.pdf",
        "net.xlsx",
        "notes.html",
    }


@pytest.mark.slow
@pytest.mark.parametrize("lang", READMES)
def test_its_pictures_are_taken_by_one_command(lang, tmp_path):
    """The same files; what they look like is for eyes, and their size for a test."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed: pip install pillow")
    from tests.tools import screenshots

    if screenshots.OFFICE is None or shutil.which("pdftoppm") is None:
        pytest.skip("LibreOffice or poppler is not installed: apt-get install libreoffice-calc-nogui poppler-utils")
    screenshots.take(lang, tmp_path)
    kept = {p.name for p in screenshots.PICTURES.iterdir() if re.search(rf"-{lang}\b", p.name)}
    assert {p.name for p in tmp_path.iterdir()} == {name for name in kept if not name.startswith("lenet")}
    for path in tmp_path.glob("*.png"):
        fresh, old = (image.open(io.BytesIO(p.read_bytes())).size for p in (path, screenshots.PICTURES / path.name))
        assert all(abs(a - b) <= 0.03 * b for a, b in zip(fresh, old, strict=True)), path.name


# --- commands, figures and links of all pages -------------------------------------------------------------------------


def command_lines():
    """(page, line) of each command line of symcnn in a block or in backquotes."""
    for page, text in PAGES.items():
        for code in re.findall(r"```sh\n(.*?)```|`(symcnn [^`]*)`", text, re.DOTALL):
            for line in "".join(code).replace("\n", " " if code[1] else "\n").splitlines():
                if line.startswith("symcnn "):
                    yield page, line


def test_every_command_and_every_option_exists():
    seen = 0
    for page, line in command_lines():
        _, name, *words = re.sub(r"[\[\]]", " ", line).split()
        if name == "--version":
            continue
        assert name in commands.commands, (page, line)
        known = {option for p in commands.commands[name].params if isinstance(p, click.Option) for option in p.opts}
        for option in (word for word in words if word.startswith("-")):
            seen += 1
            assert option in known, (page, line, option)
    assert seen > 60
    named = {line.split()[1] for page, line in command_lines() if page == "reports/commands.md"}
    assert named == set(commands.commands), "reports/commands.md names every command"


def test_the_network_file_that_is_shown_is_one(tmp_path):
    import symcnn

    (text,) = blocks("reports/networks.md", "toml")
    path = tmp_path / "net.toml"
    path.write_text(text, "utf-8")
    network, data = symcnn.read_network(path)
    assert network.input_shape == (3, 3)
    assert list(data.labels) == ["cross"]


def test_its_sizes_are_those_of_today():
    """Of the workbook in ``reports/``, which is what the command writes now (``test_reports``)."""
    from tests.benchmarks.readme import replaced, sizes

    workbook = ROOT / "reports" / "en" / "cnn.xlsx"
    page = PAGES["reports/speed.md"]
    assert replaced(page, "sizes", sizes(workbook)) == page, "python -m tests.benchmarks.readme --sizes"


def test_the_figures_of_its_sentences():
    """Counts that stand in the text and not in a block."""
    import symcnn

    d = symcnn.derive(symcnn.article.network())
    formulas, parameters = len(d.names), len(d.network.parameters)
    digits = len(symcnn.read_network(ROOT / "examples" / "digits.toml")[0].parameters)
    for page, sentence in (
        ("proofs", f"## {parameters} + {formulas - parameters} = {formulas}"),
        ("proofs", f"symcnn delivers {formulas} formulas: {parameters} for the parameters"),
        ("proofs", f"It has {parameters} trainable parameters (4 filter weights, 12 weights, 4 biases)"),
        ("guide", f"8×8 handwritten digits, {digits} parameters"),
    ):
        assert sentence in " ".join(PAGES[f"reports/{page}.md"].split())
    letters = [name[0] for name in d.network.parameters]
    assert [letters.count(letter) for letter in "fwb"] == [4, 12, 4]


def test_the_count_of_changes_that_the_audit_was_tried_with():
    from symcnn.article import printed
    from tests.tools.equation_mutations import mutations

    count = sum(1 for e in printed.equations() if not e.garbled for _ in mutations(e.latex))
    assert f"Of all {count:,} single changes" in PAGES["reports/audit.md"]


@pytest.mark.slow
def test_how_many_of_them_are_false():
    from tests.tools.audit_campaign import Bench

    bench = Bench()
    text = " ".join(PAGES["reports/audit.md"].split())
    assert f"each of the {bench.run(bench.all()).false:,} that are false" in text


def test_a_block_is_there_once():
    from tests.benchmarks.readme import replaced

    text = "a\n<!-- figures: b -->\nold\n<!-- end -->\n"
    assert replaced(text, "b", r"new \1") == "a\n<!-- figures: b -->\nnew \\1\n<!-- end -->\n"
    for wrong in ("", 2 * text):
        with pytest.raises(ValueError, match="expected one"):
            replaced(wrong, "b", "new")


def test_the_prints_of_one_equation_are_what_symcnn_prints():
    import symcnn

    net = symcnn.article.network()
    d = symcnn.derive(net)
    texts = [str(e) for e in d.equations]
    (product,) = [line.strip() for line in symcnn.compile(net).source.split("\n") if line.endswith(", dE_df_pq_1)")]
    for text in (texts[0], texts[-1], repr(d["f_12"]), product):
        assert text in PAGES["reports/guide.md"], text


def anchors(text):
    """Those that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_its_links_lead_somewhere(page):
    links = re.findall(r"\]\(((?!http)[^)]+)\)", PAGES[page])
    assert links
    for link in links:
        target, _, anchor = link.partition("#")
        path = (ROOT / page).parent / target if target else ROOT / page
        assert path.exists(), link
        if anchor:
            assert anchor in anchors(path.read_text("utf-8")), link


def test_every_page_is_reached_and_leads_back():
    for page in (p for p in PAGES if p.startswith("reports/")):
        assert f"]({page.removesuffix('/README.md')})" in PAGES["README.md"], page
        assert "[symcnn](../README.md)" in PAGES[page], page


def test_the_top_level_is_what_was_agreed():
    allowed = {"pyproject.toml", "symcnn", "reports", "tests", "README.md", "README.fr.md", "examples", "LICENSE",
               "CHANGELOG.md", "ARCHITECTURE.md", "CONTRIBUTING.md"}  # fmt: skip
    found = {p.name for p in ROOT.iterdir() if not p.name.startswith(".") and not p.name.endswith(".egg-info")}
    assert found - {"build", "article"} <= allowed


def test_the_audit_that_it_shows_is_what_the_command_prints(capsys, tmp_path):
    (shown,) = blocks("reports/audit.md", "text")
    path = tmp_path / "notes.md"
    path.write_text(r"$$\frac{\partial x_{11}}{\partial f_{21}} = i_{12}$$", "utf-8")
    with pytest.raises(SystemExit):
        main(["audit", str(path), "--network", "article"])
    assert capsys.readouterr().out.startswith(shown)
