"""The whole page in one file: head, fonts, style sheet, contents, sections, and the script with its data."""

import base64
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from symcnn.formula.tree import Partial, Symbol
from symcnn.report.document import Display, Document, Section, States, Text
from symcnn.report.html import states as numbers
from symcnn.report.html.blocks import MARKS, Blocks
from symcnn.report.html.clean import clean
from symcnn.report.html.quantities import keys, subscripted
from symcnn.report.references import sections
from symcnn.report.running import plain
from symcnn.formula import Plain
from symcnn.formula.tree import Equality
from symcnn.text import Catalogue, catalogue

#: File -> family, style, weight.
FONTS = {
    "text": ("STIX Two Text", "normal", 400), "italic": ("STIX Two Text", "italic", 400),
    "semibold": ("STIX Two Text", "normal", 600), "math": ("STIX Two Math", "normal", 400),
}  # fmt: skip


def to_html(document: Document) -> str:
    """The page of a document; every equation in it has its number and evidence.

    Raises:
        UnexaminedError: an equation has no evidence, or a link leads nowhere.
    """
    text = catalogue(document.lang)
    blocks = Blocks(document, text)
    body = "\n".join(blocks.section(section) for section in document.sections)
    script, live = "", ""
    if document.states is not None:
        live = _bar(document, document.states, text)
    script = _script(document, body + live)
    return f"""<!DOCTYPE html>
<html lang="{document.lang}">
<head>
{_head(document, script)}
</head>
<body>
<a class="skip" href="#content">{clean(text("page.skip"))}</a>
<header>
<h1>{blocks.text(document.title)}</h1>
<p class="lead">{blocks.text(document.lead)}</p>
</header>
{_contents(document, blocks, text)}
<main id="content">
{body}
</main>
{_foot(document, text)}
{live}
</body>
</html>
"""
