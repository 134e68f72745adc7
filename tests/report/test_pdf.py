"""The PDF print: the same bytes each time, its text is there to be read and found, a user's words mean nothing."""

import re
import shutil
import subprocess
import sys

import pytest

import symcnn
from symcnn.errors import install_command
from symcnn.formula import Plain, tree
from symcnn.formula.typst import string
from symcnn.report.pdf import check_pdf, to_pdf
from tests.tools.sample_report import HOSTILE, document

pytest.importorskip("typst", reason="typst is not installed: pip install typst")
PDFTOTEXT = shutil.which("pdftotext")
needs_pdftotext = pytest.mark.skipif(PDFTOTEXT is None, reason="no pdftotext: apt-get install poppler-utils")


@pytest.fixture(scope="module", params=["en", "fr"])
def pages(request):
    return request.param, to_pdf(document(request.param))


def text_of(pages, folder):
    (folder / "d.pdf").write_bytes(pages)
    done = subprocess.run([PDFTOTEXT, "-layout", "d.pdf", "-"], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode("utf-8")


def test_the_same_document_gives_the_same_bytes(pages):
    lang, content = pages
    assert content.startswith(b"%PDF-")
    assert to_pdf(document(lang)) == content


@needs_pdftotext
def test_its_text_is_the_documents(pages, tmp_path):
    lang, content = pages
    text = text_of(content, tmp_path)
    flat = re.sub(r"\s+", "", text)
    assert flat.count(re.sub(r"\s+", "", HOSTILE)) >= 5
    assert [int(n) for n in re.findall(r"\S {3,}\((\d+)\)\n", text)] == list(range(1, 19))
    assert ("0,25" in text) == (lang == "fr")
    assert ("0.25" in text) == (lang == "en")


@needs_pdftotext
@pytest.mark.parametrize("lang", ["en", "fr"])
def test_the_articles_numbers_are_in_it(lang, reports, tmp_path):
    """Each equation's number, and each number that is displayed, as the language writes it."""
    text = text_of(to_pdf(reports[lang]), tmp_path)
    displays = list(reports[lang].displays())
    assert set(map(str, range(1, len(displays) + 1))) <= set(re.findall(r"\((\d+)\)", text))
    plain, flat = Plain(reports[lang].decimal), text.replace("−", "-")
    for display in displays:
        for number in numbers_in(display.formula):
            assert plain.emit(number).replace("−", "-").split("·")[0].strip("()") in flat, (display.id, number)


def numbers_in(node):
    if isinstance(node, tree.Number):
        yield node
    for inner in vars(node).values() if not isinstance(node, tuple) else node:
        if isinstance(inner, tuple) or hasattr(inner, "__dataclass_fields__"):
            yield from numbers_in(inner)


def test_it_is_tagged_and_says_its_language(pages):
    lang, content = pages
    assert f"/Lang ({lang})".encode() in content or f"/Lang({lang})".encode() in content
    assert b"/MarkInfo" in content


def test_strings_end_where_they_end():
    assert string('a"b\\c\n#x') == '"a\\"b\\\\c\\u{a}#x"'


def test_without_the_extra_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    monkeypatch.setattr("symcnn.report.pdf.find_spec", lambda name: None)
    with pytest.raises(symcnn.InputError, match=re.escape(install_command("typst"))):
        check_pdf("d.pdf")
    with pytest.raises(symcnn.InputError, match="a PDF needs typst"):
        to_pdf(document())
