"""The LaTeX print: pdflatex sets it, nothing is wider than the page, and a user's words mean nothing."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import symcnn
from symcnn.formula.latex import escaped
from symcnn.report.examination import examined
from symcnn.report.story import tell
from symcnn.report.tex import to_latex
from symcnn.report.tikz import to_tikz
from symcnn.reports import gather
from symcnn.text import catalogue
from tests.tools.sample_report import HOSTILE, document

EXAMPLES = Path(__file__).parents[2] / "examples"
PDFLATEX, PDFTOTEXT = shutil.which("pdflatex"), shutil.which("pdftotext")
needs_pdflatex = pytest.mark.skipif(
    PDFLATEX is None or PDFTOTEXT is None,
    reason="no pdflatex or pdftotext: apt-get install --no-install-recommends texlive-latex-base"
    " texlive-latex-recommended texlive-lang-french texlive-pictures lmodern poppler-utils",
)


def compiled(source, folder, runs=1):
    """The log and the text of the pages; what pdflatex finds wrong is an error."""
    (folder / "d.tex").write_text(source, "utf-8")
    for _ in range(runs):  # links are known the second time
        command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "d.tex"]
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    text = subprocess.run([PDFTOTEXT, "-layout", "d.pdf", "-"], cwd=folder, capture_output=True, check=True)
    return (folder / "d.log").read_text("latin-1"), text.stdout.decode("utf-8")


def squeezed(text):
    """Without spaces, line breaks and hyphens at their ends."""
    return re.sub(r"\s+", "", text)


def complaints(log, once=False):
    """After one run no link is known yet."""
    links = r"multiply" if once else r"undefined|multiply"
    return re.findall(rf"Overfull .*|LaTeX Warning: .*(?:{links}).*|Missing character: .*", log)


@needs_pdflatex
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_pdflatex_sets_the_sample_within_the_page(lang, tmp_path):
    whole = document(lang)
    log, text = compiled(to_latex(whole), tmp_path, runs=2)
    assert complaints(log) == []
    assert squeezed(text).count(squeezed(HOSTILE)) >= 5
    assert [n for n in re.findall(r"\((\d+)\)\n", text) if int(n) <= 18]
    assert ("0,25" in text) == (lang == "fr")
    assert ("0.25" in text) == (lang == "en")


@pytest.mark.slow
@needs_pdflatex
def test_pdflatex_sets_the_article_within_the_page(reports, tmp_path):
    log, text = compiled(to_latex(reports["fr"]), tmp_path)
    assert complaints(log, once=True) == []
    displays = list(reports["fr"].displays())
    assert set(map(str, range(1, len(displays) + 1))) <= set(re.findall(r"\((\d+)\)", text))


@pytest.mark.slow
@needs_pdflatex
def test_long_sums_of_several_images_stay_within_the_page(tmp_path):
    net, data = symcnn.read_network(EXAMPLES / "two_filters.toml")
    content, words = gather(net, data, None, 0.5, 2, 0), catalogue("en")
    log, _ = compiled(to_latex(examined(tell(content, words), content, words)), tmp_path)
    assert complaints(log, once=True) == []


@needs_pdflatex
def test_every_character_is_set_or_named(tmp_path):
    """Latin letters, signs, and what pdflatex knows nothing of."""
    characters = "".join(map(chr, [*range(0x21, 0x7F), *range(0xA1, 0x180)])) + "∂−×·∗→≤≥≈∈ηδσΣ₁²’“”–—…«»中🙂"
    body = "\n\n".join(escaped(c) for c in characters)
    head, _, _ = to_latex(document()).partition("\\begin{document}")
    log, text = compiled(f"{head}\\begin{{document}}\n{body}\n\\end{{document}}\n", tmp_path)
    assert complaints(log) == []
    assert "[U+4E2D]" in text
    assert "[U+1F642]" in text
    assert text.count("[U+") == len("ĦħĸĿŀŉŦŧſ中🙂")


@needs_pdflatex
def test_a_box_that_is_too_wide_is_seen(tmp_path):
    source = to_latex(document()).replace("Each by itself.", r"\mbox{" + "too wide " * 40 + "}")
    log, _ = compiled(source, tmp_path)
    assert any("Overfull" in line for line in complaints(log))


def test_a_users_words_are_no_commands():
    assert escaped(r"\input{a} 50% $x$ #1 a_b & ~ ^ <b> -- ,,") == (
        r"\textbackslash{}input\{a\} 50\% \$x\$ \#1 a\_b \& \textasciitilde{} \textasciicircum{} "
        r"\textless{}b\textgreater{} -{}- ,{},"
    )
    source = to_latex(document())
    assert r"\input" not in source
    assert "<script" not in source


def test_a_figure_is_drawn_shape_by_shape():
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50"><style>.s .a{fill:#ff0000}.s .a.b{fill:none;'
        'stroke:#00ff00}.s .gone{opacity:0}</style><rect class="a" x="0" y="0" width="10" height="5"/>'
        '<path class="a b" d="M0 0L10 5.5"/><circle class="gone" cx="1" cy="1" r="1"/>'
        '<text x="5" y="6" font-size="10" text-anchor="middle">x<tspan dy="3" font-size="7">11</tspan></text></svg>'
    )
    drawn = to_tikz(svg, 1.0)
    assert r"\path[fill={rgb,255:red,255;green,0;blue,0}] (0,0) rectangle (10,5);" in drawn
    assert "draw={rgb,255:red,0;green,255;blue,0},line width=4.55pt] (0,0) -- (10,5.5);" in drawn
    assert "circle" not in drawn
    assert r"\raisebox{-13.65pt}" in drawn


@pytest.mark.parametrize("shape", ['<ellipse rx="1"/>', '<path d="M0 0C1 1 2 2 3 3"/>', "<image/>"])
def test_a_shape_without_a_rule_is_refused(shape):
    with pytest.raises(ValueError, match="no rule in TikZ"):
        to_tikz(f'<svg viewBox="0 0 1 1">{shape}</svg>', 1.0)


def test_the_same_document_gives_the_same_text():
    assert to_latex(document("fr")) == to_latex(document("fr"))
