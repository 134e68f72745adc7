"""The README is run: its Python line by line against the results in its comments, and its promises about files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


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


def test_the_python_gives_what_its_comments_say(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    space = {}
    checked = 0
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
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
    assert checked >= 9
    assert (tmp_path / "cnn.xlsx").is_file()
    assert (tmp_path / "derivation.md").is_file()


def test_its_sizes_are_those_of_today():
    """Of the workbook in ``reports/``, which is what the command writes now (``test_reports``)."""
    from tests.benchmarks.readme import replaced, sizes

    workbook = ROOT / "reports" / "en" / "cnn.xlsx"
    assert replaced(README, "sizes", sizes(workbook)) == README, "python -m tests.benchmarks.readme --sizes"


def test_the_figures_of_its_sentences():
    """Counts that stand in the text and not in a block."""
    import symcnn

    d = symcnn.derive(symcnn.article.network())
    formulas, parameters = len(d.names), len(d.network.parameters)
    digits = len(symcnn.read_network(ROOT / "examples" / "digits.toml")[0].parameters)
    text = " ".join(README.split())
    for sentence in (
        f"**{parameters} + {formulas - parameters} = {formulas}.**",
        f"symcnn delivers {formulas} formulas: {parameters} for the parameters",
        f"It has {parameters} trainable parameters (4 filter weights, 12 weights, 4 biases)",
        f"8×8 handwritten digits, {digits} parameters",
    ):
        assert sentence in text
    letters = [name[0] for name in d.network.parameters]
    assert [letters.count(letter) for letter in "fwb"] == [4, 12, 4]


def test_the_count_of_changes_that_the_audit_was_tried_with():
    from symcnn.article import printed
    from tests.tools.equation_mutations import mutations

    count = sum(1 for e in printed.equations() if not e.garbled for _ in mutations(e.latex))
    assert f"Of all {count:,} single changes" in README


@pytest.mark.slow
def test_how_many_of_them_are_false():
    from tests.tools.audit_campaign import Bench

    bench = Bench()
    assert f"each of the {bench.run(bench.all()).false:,} that are false" in " ".join(README.split())


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
        assert text in README, text


@pytest.mark.parametrize("path", re.findall(r"\]\(((?!http|#)[^)]+)\)", README))
def test_its_links_lead_somewhere(path):
    assert (ROOT / path).exists()


def test_the_top_level_is_what_was_agreed():
    allowed = {"pyproject.toml", "symcnn", "reports", "tests", "README.md", "examples", "LICENSE", "CHANGELOG.md",
               "ARCHITECTURE.md", "CONTRIBUTING.md"}  # fmt: skip
    found = {p.name for p in ROOT.iterdir() if not p.name.startswith(".") and not p.name.endswith(".egg-info")}
    assert found - {"build", "article"} <= allowed


def test_the_audit_that_it_shows_is_what_the_command_prints(capsys, tmp_path):
    from symcnn.cli import main

    shown = re.search(r"```text\n( +1  WRONG.*?)```", README, re.DOTALL).group(1)
    path = tmp_path / "notes.md"
    path.write_text(r"$$\frac{\partial x_{11}}{\partial f_{21}} = i_{12}$$", "utf-8")
    with pytest.raises(SystemExit):
        main(["audit", str(path), "--network", "article"])
    assert capsys.readouterr().out.startswith(shown)
