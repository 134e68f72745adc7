"""Every formula of the Markdown passes a strict renderer."""

import pytest

from symcnn.report.markdown import to_markdown
from tests.tools.browser import executable
from tests.tools.commonmark import DISPLAY, formulas_of
from tests.tools.katex import needs_katex, refused
from tests.tools.sample_report import document


def of(text):
    displays = DISPLAY.findall(text)
    return displays, [f for f in formulas_of(text) if f not in displays]


@needs_katex
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_katex_accepts_every_formula(lang, reports, tmp_path):
    article = of(to_markdown(reports[lang], "d")[0])
    sample = of(to_markdown(document(lang), "d")[0])
    assert len(article[0]) > 100
    found = refused(article[0] + sample[0], article[1] + sample[1], tmp_path, executable())
    assert found == []


@needs_katex
def test_what_it_refuses_is_seen(tmp_path):
    found = refused(["a + b", "é", r"\nothing"], [r"\frac{1}"], tmp_path, executable())
    assert [formula for formula, _ in found] == ["é", r"\nothing", r"\frac{1}"]
