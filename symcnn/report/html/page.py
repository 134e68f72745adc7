"""The whole page in one file: head, fonts, style sheet, contents, sections, and the script with its data.

Words that a user gave, made harmless in a page.

The key of a displayed quantity, as numbers have it: x_12, z_h1, w_x11h1, dE_df_12, dx_11_df_12.

It is the name that ``Typography`` was given, found again from what it wrote.

The numbers at the steps of the training as the page's data: eight digits, more only where they must be.

The script rounds what it reads to the digits shown. Rounding twice may differ from rounding once, and JavaScript rounds
an exact tie up where Python rounds it to even. So each number is written such that what the script shows is what
``format_number`` gives.
"""

import base64
import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from importlib.resources import files

from symcnn.colours import css
from symcnn.formula import Flow, MathML, Plain, format_number
from symcnn.formula.tree import Equality, Number, Partial, Symbol
from symcnn.report.document import Document, Section, States
from symcnn.report.html.blocks import MARKS, Blocks, clean, keys, subscripted
from symcnn.report.running import plain
from symcnn.symbolic import E_TOTAL
from symcnn.text import Catalogue, catalogue

#: Significant digits of a number in the page's data.
STORED_DIGITS = 8

_LIVE = re.compile(r'data-(?:v|heat|edge)="([^"]+)"(?: data-digits="(\d+)")?')


def data(states: States, body: str, text: Catalogue) -> str:
    """The states of what stands in the page, as JSON that may stand inside <script>."""
    digits: dict[str, set[int]] = defaultdict(set)
    for key, shown_digits in _LIVE.findall(body):
        digits[key].update([int(shown_digits)] if shown_digits else [])
    known = {str(key): row for key, row in states.values.items()}
    values = {
        key: f"[{','.join(written(v, digits[key]) for v in known[key])}]" for key in sorted(digits) if key in known
    }
    inside = ",\n".join(f"{json.dumps(key)}:{row}" for key, row in values.items())
    steps = json.dumps(states.steps)
    signs = f'"decimal":"{text.decimal}","thousands":"{text("number.group")}"'
    found = f'{{{signs},"steps":{steps},"shown":{states.shown},"values":{{\n{inside}\n}}}}'
    return found.replace("<", "\\u003c")


def written(value: float, digits: Iterable[int]) -> str:
    """A number as JSON from which a script shows the same as ``format_number`` does."""
    candidates = [
        float(f"{value:.{STORED_DIGITS}g}"),
        value,
        math.nextafter(value, math.inf),
        math.nextafter(value, -math.inf),
    ]
    for found in candidates:
        if all(_by_script(found, n) == format_number(value, n) for n in digits):
            return repr(int(found)) if found == int(found) and abs(found) < 1e15 else repr(found)
    raise AssertionError(f"no number near {value!r} is shown as {format_number(value, 4)}")


def _by_script(value: float, digits: int) -> str:
    """``format_number``, with ties rounded away from 0, as JavaScript's toPrecision does."""
    if value == int(value):
        return format_number(value, digits)
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(Decimal(value))
    if abs(value) >= 10**digits:
        rounded = Decimal(value).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return format_number(float(rounded), digits)


#: File -> family, style, weight.
FONTS = {
    "text": ("STIX Two Text", "normal", 400), "italic": ("STIX Two Text", "italic", 400),
    "semibold": ("STIX Two Text", "normal", 600), "math": ("STIX Two Math", "normal", 400),
}  # fmt: skip

#: Significant digits of the error beside the slider.
DIGITS = 4


def to_html(document: Document) -> str:
    """The page of a document; every equation in it has its number and evidence.

    Raises:
        UnexaminedError: an equation has no evidence, or a link leads nowhere.
    """
    text = catalogue(document.lang)
    blocks = Blocks(document, text)
    sections = "\n".join(blocks.section(section) for section in document.sections)
    bar = _bar(document, text)
    script = _file("page.js")
    parts = [
        f'<a class="skip" href="#content">{clean(text("page.skip"))}</a>',
        f'<header><h1>{blocks.text(document.title)}</h1>\n<p class="lead">{blocks.text(document.lead)}</p></header>',
        f'<nav aria-label="{clean(text("page.contents"))}"><p>{clean(text("page.contents"))}</p>',
        f"{_contents(document.sections, blocks)}</nav>",
        f'<main id="content">\n{_legend(document, sections, text)}\n{sections}\n</main>',
        bar,
        f'<script type="application/json" id="states">{_states(document, sections + bar)}</script>',
        f"<script>{script}</script>",
    ]
    title = clean(plain(document.title, Plain(document.decimal)))
    head = "\n".join(_head(title, script))
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="{document.lang}">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'
    )


def _head(title: str, script: str) -> Iterator[str]:
    """Nothing may be loaded, and no script may run but ours: the page says so itself."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'unsafe-inline'; font-src data:; script-src 'sha256-{digest}'"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>{title}</title>"
    yield f"<style>\n{font_faces()}\n{css()}\n{_file('page.css')}</style>"


def _contents(sections: tuple[Section, ...], blocks: Blocks) -> str:
    items = (
        f'<li><a href="#{clean(s.id)}">{blocks.text(s.title)}</a>{_contents(s.sections, blocks)}</li>' for s in sections
    )
    return f"<ul>{''.join(items)}</ul>" if sections else ""


#: What a colour stands for -> the class by which a page has it; blue alone may also be a layer.
COLOURS = {"positive": "negative", "negative": "negative", "filter": "filter", "under": "un", "gradient": "gradient"}


def _legend(document: Document, body: str, text: Catalogue) -> str:
    """What the colours say that are in the page, and the marks beside the numbers of its equations."""
    looks = set(" ".join(re.findall(r' class="([^"]+)"', body)).split())
    colours = (
        f'<li><span class="swatch {key}" aria-hidden="true"></span> {clean(text(f"page.colour.{key}"))}</li> '
        for key, look in COLOURS.items()
        if look in looks
    )
    used = {d.evidence.method for d in document.displays() if d.evidence is not None}
    marks = (
        f'<li><span class="mark {method}" aria-hidden="true">{mark}</span> {clean(text(f"page.method.{method}"))}</li> '
        for method, mark in MARKS.items()
        if method in used
    )
    lists = {"page.colours": "".join(colours), "page.legend": "".join(marks)}
    inside = "".join(f"<div><p>{clean(text(key))}</p> <ul>{items}</ul></div>" for key, items in lists.items() if items)
    return f'<div class="legend">{inside}</div>'


# --- for the script -------------------------------------------------------------------------------------------------


def _bar(document: Document, text: Catalogue) -> str:
    """The controls; the script shows them."""
    slider = _slider(document, document.states, text) if document.states is not None else ""
    options = "".join(
        f'<option value="{clean(key)}">{clean(label)}</option>' for key, label in _followed(document, text)
    )
    choice = (
        f'<label for="on">{clean(text("page.follow"))}</label>'
        f'<select id="on"><option value="">–</option>{options}</select><a id="where" hidden></a>'
    )
    return (
        f'<form id="bar" hidden aria-label="{clean(text("page.bar"))}">{slider}<div>{choice if options else ""}</div>'
        f'<span id="said" role="status" data-copied="{clean(text("page.copied"))}"></span></form>'
    )


def _slider(document: Document, states: States, text: Catalogue) -> str:
    first, shown = states.steps.index(states.shown), text.number(states.shown)
    error = ""
    if E_TOTAL in states.values:
        math, value = Flow(MathML(document.decimal)), states.values[E_TOTAL][first]
        number = math.number(Number(value, DIGITS, E_TOTAL))
        error = f'<span class="error">{math.inline(Symbol("E", "", "total"))} = {number}</span>'
    return (
        f'<div><label for="t">{clean(text("page.step"))}</label>'
        f'<input id="t" type="range" min="0" max="{len(states.steps) - 1}" step="1" value="{first}"'
        f' aria-label="{clean(text("page.training"))}" aria-valuetext="{shown}">'
        f'<output id="at" for="t">{shown}</output>{error}'
        f'<button type="button" id="back" disabled>{clean(text("page.back", step=states.shown))}</button></div>'
    )


def _followed(document: Document, text: Catalogue) -> Iterator[tuple[str, str]]:
    """The quantities by which the error is differentiated somewhere in the document."""
    key = keys(text.words("word"))
    found: dict[str, str] = {}
    for display in document.displays():
        left = display.formula.members[0] if isinstance(display.formula, Equality) else None
        if isinstance(left, Partial) and isinstance(left.by, Symbol) and display.id == key(left):
            found.setdefault(key(left.by), subscripted(left.by))
    yield from found.items()


def _states(document: Document, body: str) -> str:
    return data(document.states or States((0,)), body, catalogue(document.lang))


# --- files ----------------------------------------------------------------------------------------------------------


@cache
def _file(name: str) -> str:
    return files("symcnn.report.html").joinpath(name).read_text("utf-8")


@cache
def font_faces(*names: str) -> str:
    """The @font-face rules of these of ``FONTS`` with the fonts in them; without names, of all."""
    rules = []
    for name in names or FONTS:
        family, style, weight = FONTS[name]
        data = base64.b64encode(files("symcnn.report.html").joinpath("fonts", f"{name}.woff2").read_bytes())
        rules.append(
            f'@font-face{{font-family:"{family}";font-style:{style};font-weight:{weight};'
            f'src:url(data:font/woff2;base64,{data.decode("ascii")}) format("woff2")}}'
        )
    return "\n".join(rules)
