"""The page that holds what the article prints against the derivation."""

from dataclasses import replace

import pytest

from symcnn import article
from symcnn.article import printed as source
from symcnn.audit.article import held
from symcnn.report.document import Bullets, InlineFormula, Link, Paragraph, Table
from symcnn.report.examination import Examiner
from symcnn.report.story import tell
from symcnn.reports import gather
from symcnn.text import catalogue
from tests.tools.networks import from_seed


@pytest.fixture(scope="module")
def content():
    return gather(article.network(), None, None, 0.5, 1, 0)


def page(content, lang="en"):
    (section,) = [s for s in tell(content, catalogue(lang)).sections if s.id == "printed"]
    return section


def only(section, kind):
    return [block for block in section.blocks if isinstance(block, kind)]


def test_each_printed_equation_has_a_row_and_a_link_to_what_says_the_same_here(content):
    (table,) = only(page(content), Table)
    assert len(table.rows) == len(source.equations()) + len(source.missing()) == 42
    displays = {d.id: d for d in tell(content, catalogue("en")).displays()}
    for (_, _, here), entry in zip(table.rows, content.printed, strict=True):
        links = [part.target for part in here if isinstance(part, Link)]
        assert links, entry
        assert set(links) <= set(displays)


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_what_was_lost_is_told_and_holds(content, lang):
    text = catalogue(lang)
    claims = [
        p.node for item in only(page(content, lang), Bullets)[-1].items for p in item if isinstance(p, InlineFormula)
    ]
    assert len(claims) == 1 + len(source.missing())
    examiner = Examiner(content, text)
    assert {examiner.examine(claim).method for claim in claims} <= {"definition", "rule", "proved"}


def test_an_equation_that_is_wrong_is_told(content, monkeypatch):
    equations = list(source.equations())
    (n,) = [n for n, e in enumerate(equations) if e.id == "sigmoid_1"]
    equations[n] = replace(equations[n], latex=equations[n].latex.replace("1 - h_1", "1 + h_1"))
    monkeypatch.setattr(source, "equations", lambda: tuple(equations))
    wrong = replace(content, printed=held(content.derivation))
    (table,) = only(page(wrong), Table)
    words = catalogue("en")("printed.differs").strip("*")
    assert [any(words in getattr(p, "text", "") for p in verdict) for _, verdict, _ in table.rows].index(True) == n


@pytest.mark.parametrize("fact", ["listed", "last_value"])
def test_a_number_that_is_wrong_is_told(content, monkeypatch, fact):
    before = only(page(content), Paragraph)
    facts = source.numbers() | {fact: 19}
    monkeypatch.setattr(source, "numbers", lambda: facts)
    after = only(page(gather(article.network(), None, None, 0.5, 1, 0)), Paragraph)
    [(old, new)] = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
    assert {"listed": "lists 19. This report has 24: 20 parameters", "last_value": "not"}[fact] in _words(new)
    assert " = 24" in _words(old) or "agree with the operations" in _words(old)


def _words(paragraph):
    return "".join(p if isinstance(p, str) else p.text for p in paragraph.text)


def test_another_network_has_no_such_page():
    network, *_ = from_seed(1)
    content = gather(network, None, None, 0.5, 1, 0)
    assert "printed" not in {s.id for s in tell(content, catalogue("en")).sections}
