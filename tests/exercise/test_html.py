"""The page: fields, no answers, no scripts, names as text, two pages when it is printed."""

import re
from html.parser import HTMLParser

import pytest

from symcnn import article
from symcnn.derivation import Derivation
from symcnn.exercise import draw
from symcnn.exercise.prints import to_html
from symcnn.exercise.sheet import ExercisePlan, as_printed
from symcnn.text import LANGUAGES, catalogue
from tests.tools.browser import chromium

VOID = {"meta", "input", "path", "circle"}


class Reader(HTMLParser):
    """Elements that are closed in order, their attributes, and the text."""

    def __init__(self, page):
        super().__init__()
        self.open, self.elements, self.words = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def plan():
    return ExercisePlan(Derivation(article.network(), 1))


@pytest.fixture(scope="module")
def sheet(plan):
    return draw(plan, article.images(), 7)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_field_for_each_blank_and_no_answer(sheet, lang):
    text = catalogue(lang)
    page, key = Reader(to_html([sheet], text, False)), Reader(to_html([sheet], text, True))
    fields = [a for tag, a in page.elements if tag == "input" and "aria-label" in a]
    assert len(fields) == len(sheet.plan.blanks) == len({a["aria-label"] for a in fields})
    assert {a["name"] for a in fields} == set(sheet.plan.names.values())
    assert not any(tag in ("input", "textarea") for tag, _ in key.elements)
    assert sum(tag == "b" for tag, _ in key.elements) == len(sheet.plan.blanks)
    given = {as_printed(sheet.values[name]) for name in sheet.plan.given}
    for blank in sheet.plan.blanks.values():
        words = sheet.text(blank).replace("-", "−").replace(".", text.decimal)
        assert words in key.words or f"({words})" in key.words, blank.key
        if sheet.text(blank) not in given and len(words.partition(text.decimal)[2]) == 4:
            assert not any(words in w for w in page.words), blank.key


def test_nothing_is_fetched_and_nothing_runs(sheet):
    page = to_html([sheet], catalogue("en"), False)
    elements = Reader(page).elements
    assert not {tag for tag, _ in elements} & {"script", "link", "img", "iframe", "object", "form"}
    assert not [a for _, attributes in elements for a in attributes if a.startswith("on") or a in ("src", "href")]
    assert "http" not in page
    assert "url(" not in page


def test_names_are_text(plan):
    name = '<script>alert(1)</script> & "quoted" {seed}'
    page = Reader(to_html([draw(plan, article.images(), 7, name)], catalogue("en"), False))
    assert f"Name {name}" in "".join(page.words)
    assert "script" not in {tag for tag, _ in page.elements}


@pytest.mark.slow
def test_two_pages_of_paper(plan, tmp_path):
    with chromium(tmp_path) as page:
        for lang in LANGUAGES:
            for seed in (1, 7):
                for is_key in (False, True):
                    file = tmp_path / "sheet.html"
                    file.write_text(to_html([draw(plan, article.images(), seed)], catalogue(lang), is_key), "utf-8")
                    page.open(file, width=390)
                    assert page.run("document.documentElement.scrollWidth") <= 390
                    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf())) == 2, (lang, seed, is_key)
                    assert page.requests() == page.complaints() == []
