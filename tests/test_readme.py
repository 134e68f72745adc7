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
    allowed = {"pyproject.toml", "symcnn", "reports", "tests", "README.md", "examples", "LICENSE", "CHANGELOG.md"}
    found = {p.name for p in ROOT.iterdir() if not p.name.startswith(".") and not p.name.endswith(".egg-info")}
    assert found - {"build", "article"} <= allowed


def test_the_audit_that_it_shows_is_what_the_command_prints(capsys, tmp_path):
    from symcnn.cli import main

    shown = re.search(r"```text\n( +1  FALSE.*?)```", README, re.DOTALL).group(1)
    path = tmp_path / "notes.md"
    path.write_text(r"$$\frac{\partial x_{11}}{\partial f_{21}} = i_{12}$$", "utf-8")
    with pytest.raises(SystemExit):
        main(["audit", str(path)])
    assert capsys.readouterr().out.startswith(shown)
