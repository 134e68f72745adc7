"""The Markdown print: formulas arrive as they were written, and a user's words mean nothing."""

import html
import re
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from symcnn.formula import tree
from symcnn.report.document import Code, Document, Emphasis, InlineFormula, Link, Paragraph, Section
from symcnn.report.markdown import FIGURE_MARK, to_markdown
from symcnn.report.references import UnexaminedError
from tests.tools.commonmark import DISPLAY, INLINE, changed, formulas_of
from tests.tools.sample_report import HOSTILE, STARTS, document

#: Macros that GitHub refuses, whatever MathJax knows; and what its Markdown eats.
REFUSED = (
    r"\operatorname", r"\mbox", r"\phantom", r"\newcommand", r"\def", r"\require", r"\unicode", r"\color", r"\\", r"\,",
    r"\{", r"\_", r"\|", "}_{", "]_", ")_", "*", "<", "|", "`",
)  # fmt: skip


@pytest.fixture(scope="module", params=["en", "fr"])
def text(request):
    return to_markdown(document(request.param), "d e")[0]


def test_commonmark_leaves_every_formula_as_it_is(text):
    assert len(formulas_of(text)) > 25
    assert changed(text) == []


@pytest.mark.parametrize("damaged", [r"a \\ b", r"\{a\}", "x_{1}*y*z"])
def test_a_formula_that_commonmark_changes_is_seen(damaged):
    assert changed(f"$$\n{damaged}\n$$\n")


def test_jupyter_leaves_every_formula_as_it_is(text):
    markdown = pytest.importorskip(
        "nbconvert.filters.markdown_mistune", reason="nbconvert is not installed: pip install nbconvert"
    )
    rendered = html.unescape(markdown.markdown2html_mistune(text))
    assert [formula for formula in formulas_of(text) if formula not in rendered] == []


def test_nothing_that_github_refuses(text):
    for formula in formulas_of(text):
        assert [word for word in REFUSED if word in formula] == [], formula
        assert re.sub(r"\\text\{[^}]*\}", "", formula).isascii(), formula
    for formula in DISPLAY.findall(text):
        assert all(row[0] in "&\\{" or row[0].isalpha() for row in formula.split("\n")), formula


def test_every_display_stands_alone_with_its_number():
    whole = document()
    text, _ = to_markdown(whole, "d")
    displays = DISPLAY.findall(text)
    assert [int(re.search(r"\\tag\{(\d+)\}$", d).group(1)) for d in displays] == [d.number for d in whole.displays()]
    assert text.count("\n\n$$\n") == text.count("\n$$\n\n") == len(displays)


def test_inline_formulas_stand_where_github_finds_them(text):
    """Behind an ASCII space or at the start, and with no letter, digit or no-break space after them."""
    for line in DISPLAY.sub("", re.sub(r"(`+)[^`\n].*?\1", "", text)).split("\n"):
        for found in INLINE.finditer(line.replace(r"<span>\$</span>", "")):
            line_ = line.replace(r"<span>\$</span>", "")
            assert line_[: found.start()][-1:] in ("", " "), line
            assert not line_[found.end() :][:1].isalnum()
            assert line_[found.end() :][:1] not in ("\xa0", "\u202f")
            assert found.group(1) == found.group(1).strip()


def said(*text):
    """One paragraph as Markdown."""
    whole = Document(("t",), ("l",), (Section("s", ("S",), (Paragraph(text),)),), "en", ".")
    return to_markdown(whole, "d")[0].rstrip("\n").split("\n\n")[-1]


def test_what_touches_a_formula_is_moved_away():
    x = InlineFormula(tree.Symbol("x"))
    assert said("d’", x, "\xa0: a") == "d’ $x$ : a"
    assert said("(", x, ")s") == "( $x$)s"
    assert said(x, x, "s") == "$x$ $x$ s"
    assert said("a\xa0", x, ".") == "a $x$."


def read(markdown):
    """What a reader sees of a line."""
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)
    return html.unescape(re.sub(r"</?(p|span)>", "", rendered)).rstrip("\n")


@pytest.mark.parametrize("words", [HOSTILE, *STARTS, *(c * n for c in "*_`~#>-+=|\\<&![]()$.:" for n in (1, 2, 3))])
def test_a_users_words_are_read_as_they_are(words):
    assert read(said(words)) == words


def test_words_of_all_kinds_are_read_as_they_are():
    assert read(said("a", Emphasis("*b*"), "c")) == "a<em>*b*</em>c"
    assert read(said("a ", Emphasis("b", strong=True), ", c")) == "a <strong>b</strong>, c"
    assert read(said(Code("`a` $b$ <c>"), " d")) == "<code>`a` $b$ <c></code> d"
    assert read(said("one\nline\u2028only\x00.")) == "one line only ."


def test_links_lead_to_anchors_of_the_text(text):
    anchors = re.findall(r'^<a id="([\w-]+)"></a>$', text, re.MULTILINE)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= set(anchors)


def test_a_link_that_leads_nowhere_is_refused():
    with pytest.raises(UnexaminedError, match="link to nowhere"):
        said(Link("nowhere"))


def test_figures_stand_beside_it_light_and_dark():
    text, files = to_markdown(document(), "d e")
    named = re.findall(r'(?:src|srcset)="([^"]+)"', text)
    assert {unquote(name) for name in named} == set(files)
    assert set(files) == {"d e-square.svg", "d e-square-dark.svg", "d e-phone.svg", "d e-phone-dark.svg"}
    for content in files.values():
        ElementTree.fromstring(content)
        assert FIGURE_MARK in content
    assert files["d e-square.svg"] != files["d e-square-dark.svg"]
    (alternative, _) = re.findall(r'alt="([^"]*)"', text)
    assert html.unescape(alternative) == f"A square. {HOSTILE}"


def test_cells_of_a_table_stay_in_it(text):
    rendered = MarkdownIt("commonmark").enable("table").render(text)
    assert all(row.count("<td") == 3 for row in re.findall(r"<tr>\n<td.*?</tr>", rendered, re.DOTALL))
    assert "<code>a|b`c</code>" in rendered


def test_an_equation_that_nobody_examined_is_refused():
    from dataclasses import replace

    whole = document()
    part = whole.sections[1].sections[0]
    blocks = (replace(part.blocks[0], evidence=None), *part.blocks[1:])
    broken = replace(whole, sections=(*whole.sections[:1], replace(part, blocks=blocks), *whole.sections[2:]))
    with pytest.raises(UnexaminedError, match="equation sum: not examined"):
        to_markdown(broken, "d")
