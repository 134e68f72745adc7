"""An audit as a page: the text beside its verdicts, formulas set, nothing of the text taken for markup."""

import html.parser

import pytest

import symcnn
from symcnn.audit import Told, audit_text
from symcnn.audit.page import page
from symcnn.colours import DARK, LIGHT
from symcnn.text import catalogue

TEXT = r"""# Notes

$$x_{11} = i_{11} * f_{11} + i_{12} * f_{12} + i_{21} * f_{21} + i_{22} * f_{22}$$

<script>alert("$\frac{\partial x_{11}}{\partial f_{21}} = i_{12}$")</script>

$$x_{11} = <b> \top$$ and $$x_{12} = q_{<i>}$$
"""


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.links, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)
        self.links += [value for name, value in attrs if name == "href"]
        self.ids += [value for name, value in attrs if name == "id"]


def written(text, lang="en"):
    found = audit_text(text, symcnn.derive(symcnn.article.network()))
    return found, page(Told(found, "notes.md", catalogue(lang)), catalogue(lang))


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_each_line_stands_once_and_what_is_wrong_is_linked(lang):
    found, body = written(TEXT, lang)
    tags = Tags()
    tags.feed(body)
    assert tags.ids == [f"L{n}" for n in range(1, TEXT.count("\n") + 2)]
    assert {f"#L{f.line}" for f in found.findings if f.verdict != "true"} == set(tags.links)
    assert f'lang="{lang}"' in body


def test_the_page_has_a_main_part_and_a_background_of_its_own():
    _, body = written(TEXT)
    assert body.index("<main>") < body.index("<h1>") < body.index("</table>") < body.index("</main>")
    assert "background: var(--paper)" in body
    assert f"--paper:{LIGHT['paper']};" in body
    assert f"--paper:{DARK['paper']};" in body


def test_the_correction_is_set_as_mathematics():
    _, body = written(TEXT)
    assert "<math><msub><mi>i</mi><mn>21</mn></msub></math>" in body


def test_markup_in_a_text_is_only_text():
    _, body = written(TEXT)
    tags = Tags()
    tags.feed(body)
    assert not {"script", "i"} & set(tags.found)
    assert "&lt;script&gt;" in body


def test_marks_in_a_text_stand_for_nothing():
    _, body = written("$$x_{11} = q_7 \\top \ue0000\ue001\ue00099\ue001$$")
    assert "<math>" not in body
