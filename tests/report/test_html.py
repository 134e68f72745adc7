import json
import random
import re
from dataclasses import replace
from decimal import ROUND_HALF_UP, Context, Decimal
from importlib.resources import files

import pytest
from fontTools.ttLib import TTFont

from symcnn.formula import Typography, format_number
from symcnn.formula.tree import Number, Partial, Symbol, Under, Word
from symcnn.report.document import (
    Display,
    Document,
    Evidence,
    Figure,
    InlineFormula,
    Note,
    Paragraph,
    Section,
    States,
    Table,
)
from symcnn.report.html import to_html
from symcnn.report.html.blocks import MARKS
from symcnn.report.html.page import clean, keys, subscripted, written
from symcnn.report.references import UnexaminedError
from symcnn.text import LANGUAGES, catalogue
from tests.formula.test_mathml import Tags
from tests.tools.sample_report import HOSTILE, OF, document


@pytest.fixture(scope="module")
def page():
    return to_html(document("fr"))


def test_the_page_is_one_file_and_says_that_nothing_may_be_loaded(page):
    head = page[: page.index("</head>")]
    assert "default-src 'none'" in head
    assert re.findall(r'(?:src|href)="(?!#)', page) == []
    assert re.findall(r"url\((?!data:font/woff2)", page) == []
    assert "@import" not in page
    assert len(page) < 1_500_000


def test_only_our_script_may_run(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "script-src 'sha256-" in policy
    assert page.count("<script") == 2


def test_a_page_is_well_formed_and_in_its_language(page):
    marked = page.replace('<meta charset="utf-8">', "")
    Tags(re.sub(r"<(meta|input)[^>]*>", "", marked).replace("<!DOCTYPE html>", ""))
    assert '<html lang="fr">' in page
    assert "Aller au contenu" in page
    assert "Skip" not in page


def test_every_equation_has_its_number_its_latex_and_its_evidence(page):
    shown_numbers = re.findall(r'<button type="button" disabled data-tex="([^"]+)" aria-label="[^"]+">\((\d+)\)', page)
    displays = list(document("fr").displays())
    assert [int(n) for _, n in shown_numbers] == [d.number for d in displays]
    assert all(tex for tex, _ in shown_numbers)
    marks = re.findall(r'<span class="mark (\w+)" role="img" aria-label="([^"]+)" title="([^"]+)">', page)
    assert [m for m, _, _ in marks] == [d.evidence.method for d in displays]
    assert all(label == title and "detail" in label for _, label, title in marks)


def test_ids_are_there_once_and_links_lead_to_them(page):
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_a_user_s_words_stay_words(page):
    assert "<script>alert" not in page
    seen = Tags("<x>" + page[page.index("<h1>") : page.index("</h1>")] + "</h1></x>").text
    assert HOSTILE in seen


@pytest.mark.parametrize("words", ["</style>", "]]>", "<!--", '"onload="x', "'", "</script>", "&#60;", "<b\x00>"])
def test_no_markup_gets_through(words):
    hostile = Document(
        title=(words,), lead=(words,), lang="en", decimal=".",
        sections=(Section("s", (words,), (
                  Note(words, (words, InlineFormula(Word(words)), InlineFormula(Symbol("o", "1", words)))),
                  Display("d", Word(words), Evidence("read", words), 1))),),
    )  # fmt: skip
    tame = Document(
        title=("w",), lead=("w",), lang="en", decimal=".",
        sections=(Section("s", ("w",), (
                  Note("w", ("w", InlineFormula(Word("w")), InlineFormula(Symbol("o", "1", "w")))),
                  Display("d", Word("w"), Evidence("read", "w"), 1))),),
    )  # fmt: skip
    assert elements(to_html(hostile)) == elements(to_html(tame))


def elements(page):
    """Tags with the names of their attributes."""
    bare = re.sub(r"<style>.*?</style>|<script.*?</script>", "", page, flags=re.S)
    text = re.sub(r"<(meta|input)[^>]*>", "", bare).replace("<!DOCTYPE html>", "")
    return [(tag, list(attributes)) for tag, attributes in Tags(text).seen]


def test_nobody_turns_the_text_around():
    for c in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200f\u061c":
        assert clean(f"a{c}b") == "a\ufffdb"
    assert clean("à\u00a0: é\u202f;") == "à\u00a0: é\u202f;"


def test_an_equation_that_nobody_examined_is_refused():
    bare = Display("x", Symbol("x"), None, 1)
    with pytest.raises(UnexaminedError, match="not examined"):
        to_html(replace(document(), sections=(Section("s", ("s",), (bare,)),)))


def test_an_unknown_block_is_refused():
    with pytest.raises(TypeError, match="no rule to lay out InlineFormula"):
        to_html(replace(document(), sections=(Section("s", ("s",), (InlineFormula(Symbol("x")),)),)))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_keys_of_quantities_are_their_names(derivation, lang):
    words = catalogue(lang).words("word")
    key, typography = keys(words), Typography(derivation.quantities, words)
    names = [*derivation.graph.inputs, *(v.name for v in derivation.graph if v.name != "E")]
    for name in names:
        assert key(typography.name(name)) == name
    assert key(Partial(typography.name("x_12"), typography.name("f_11"))) == "dx_12_df_11"
    assert key(Symbol("i", "r+p, c+q")) == key(Number(3)) == key(Word("x")) == key(Symbol("o", "1", "strange")) == ""


def test_a_quantity_in_a_list_is_no_ascii_name():
    assert subscripted(Symbol("f", "12")) == "f₁₂"
    assert subscripted(Symbol("w", "x11-h1")) == "wₓ₁₁₋ₕ₁"


# --- the fonts --------------------------------------------------------------------------------------------------------


def test_the_fonts_hold_what_a_report_writes():
    """Letters, signs, superscripts and the spaces of both languages; the marks of the evidence; ∂ and f in italics."""
    folder = files("symcnn.report.html") / "fonts"
    letters = "".join(chr(c) for c in range(0x1D434, 0x1D468) if c != 0x1D455)
    mathematics = letters + "ℎ𝜕𝜂𝜎∑∂∗⋅−≤<>=+()[],…←·⁰¹²³⁴⁵⁶⁷⁸⁹⁻\u00a0\u202f"
    marks = "".join(MARKS.values())
    french = "àâçéèêëîïôùûüÿœæÀÇÉÈÊŒ«»’…–×" + "".join(map(chr, range(0x20, 0x7F)))
    for name in ("math", "text", "italic", "semibold"):
        needed = french + (mathematics + marks if name == "math" else "")
        held = TTFont(str(folder / f"{name}.woff2")).getBestCmap()
        assert [c for c in needed if ord(c) not in held] == [], name
    assert "MATH" in TTFont(str(folder / "math.woff2"))
    assert "SIL OPEN FONT LICENSE" in (folder / "OFL.txt").read_text("utf-8")


# --- the numbers of the states --------------------------------------------------------------------------------------


def by_javascript(value, digits):
    """How many digits so ever, JavaScript rounds an exact tie away from 0."""
    return format_number(float(Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(Decimal(value))), digits)


def test_what_the_script_rounds_is_what_python_shows():
    numbers = [random.Random(0).uniform(-2, 2) * 10 ** (n % 9 - 6) for n in range(4000)]
    numbers += [0.03125, 0.015625, 0.1234565, 0.12345654999, -0.5, 2.0, 0.0, 1e-12, 1.25e-13]
    for value in numbers:
        read = float(written(value, {3, 4, 6}))
        assert read == pytest.approx(value, rel=1e-7)
        assert [by_javascript(read, n) for n in (3, 4, 6)] == [format_number(value, n) for n in (3, 4, 6)]


def test_eight_digits_alone_would_not_do():
    value = 0.50781249999  # rounded to eight digits it is a tie
    assert by_javascript(float(f"{value:.8g}"), 6) != format_number(value, 6)
    assert by_javascript(float(written(value, {6})), 6) == format_number(value, 6)


def test_states_hold_what_stands_in_the_page_only():
    states = States((0, 5), {OF("f_12"): (0.5, 0.25), OF("f_21"): (1.0, 2.0)})
    data = json.loads(re.search(r'id="states">(.*?)</script>', to_html(replace(document(), states=states)), re.S)[1])
    assert data == {"decimal": ".", "thousands": ",", "steps": [0, 5], "shown": 0, "values": {"f_12": [0.5, 0.25]}}


def test_without_a_training_there_is_no_slider():
    page = to_html(replace(document(), states=None))
    assert 'id="t"' not in page
    assert 'id="bar"' in page


def test_tables_and_heads_have_names():
    symbol = InlineFormula(Symbol("E", "", "total"))
    table = Table(((), (symbol,), ("before ", symbol)), ((("a",), ("b",), ("c",)),))
    sections = (Section("s", ("values of ", symbol), (table, replace(table, caption=("c",)))),)
    page = to_html(replace(document(), sections=sections))
    label = ' aria-label="values of E_total: E_total, before E_total"'
    assert re.findall("<table([^>]*)>(<caption>)?", page) == [(label, ""), ("", "<caption>")]
    assert page.count("<thead><tr><td></td>") == 2
    assert page.count('<th scope="col"><span role="math" aria-label="E_total"><math>') == 2
    assert page.count('<th scope="col">before <math>') == 2


def test_the_colours_are_explained_that_the_page_has():
    def swatches(*blocks):
        page = to_html(replace(document(), sections=(Section("s", ("s",), blocks),)))
        assert page.index('<main id="content">') < page.index("The colours:") < page.index("<h2>")
        return re.findall(r'<span class="swatch (\w+)"', page)

    by_filter, by_map = (Partial(Symbol("E"), Symbol(letter, "1")) for letter in "fx")
    number = Under(by_map, Number(0.5, 4))
    assert swatches(Paragraph((InlineFormula(by_filter),))) == ["filter"]
    assert swatches(Paragraph((InlineFormula(number),))) == ["under", "gradient"]

    class Cells:
        def svg(self, theme):
            return '<svg viewBox="0 0 1 1"><rect class="negative cell"/></svg>'

    assert swatches(Figure("f", Cells(), ("c",), "cells")) == ["positive", "negative"]
    assert "The colours:" not in to_html(replace(document(), sections=(Section("s", ("s",), ()),)))


def test_tables_are_numbered_as_they_are_read():
    first, last = (Table((("a",),), ((("b",),),), (words,)) for words in ("first", "last"))
    inner = Section("i", ("i",), (last,))
    page = to_html(replace(document(), sections=(Section("s", ("s",), (first,), (inner,)),)))
    assert re.findall("<caption><b>([^<]*)</b> (.*?)</caption>", page) == [("Table 1.", "first"), ("Table 2.", "last")]


def test_figures_have_words_for_who_cannot_see_them():
    class Blank:
        def svg(self, theme):
            return f'<svg viewBox="0 0 1 1" class="{theme}"></svg>'

    figure = Figure("f", Blank(), ("c",), 'what it "shows"', narrow=Blank(), width=0.5)
    page = to_html(replace(document(), sections=(Section("s", ("s",), (figure, Paragraph(("p",)))),)))
    assert 'role="img" aria-label="what it &quot;shows&quot;"' in page
    assert page.count('class="page"') == 2
