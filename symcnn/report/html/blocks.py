"""The blocks of a document as HTML, one rule a block; running text inside them."""

import re
from collections.abc import Callable, Iterable, Mapping
from html import escape

from symcnn.dispatch import DispatchMethod
from symcnn.formula import Flow, Latex, MathML, Plain
from symcnn.formula.breaking import width
from symcnn.formula.tree import Node, Partial, Symbol
from symcnn.report.document import (
    Bullets,
    Code,
    Display,
    Document,
    Emphasis,
    Figure,
    Inline,
    InlineFormula,
    Link,
    Method,
    Note,
    Paragraph,
    Section,
    Table,
    Text,
)
from symcnn.report.references import References
from symcnn.report.running import one_line, plain
from symcnn.text import Catalogue

#: Characters that turn the direction of what follows, also outside of the words that hold them.
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(words: str) -> str:
    """As text or the value of an attribute: no markup, no control character, no change of direction."""
    return escape(_DIRECTIONS.sub("\ufffd", one_line(words)))


_SUBSCRIPTS = str.maketrans("0123456789-aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")


def keys(words: Mapping[str, str]) -> Callable[[Node], str]:
    """What gives the key of a formula, "" if it is no single quantity.

    Args:
        words: the typography's, in the language of the document.
    """
    before = {words["preactivation"]: "z_{}{}", words["expected"]: "t_{1}", "": "{}_{}",
              words["predicted"]: "{}_{}", words["activation"]: "{}_{}"}  # fmt: skip

    def key(node: Node) -> str:
        if isinstance(node, Partial):
            of, by = key(node.of), key(node.by)
            return f"d{'E' if of == 'E_total' else of}_d{by}" if of and by else ""
        if not isinstance(node, Symbol):
            return ""
        if node.letter == "E" and not node.indices:
            return {"": "E", "total": "E_total"}.get(node.word, "")
        indices = node.indices.replace("-", "")
        if not (indices.isascii() and indices.isalnum() and node.word in before):
            return ""
        return before[node.word].format(node.letter, indices)

    return key


def subscripted(symbol: Symbol) -> str:
    """A quantity where no formula can stand: f₁₂, wₓ₁₁₋ₕ₁."""
    word = f" ({symbol.word})" if symbol.word else ""
    return symbol.letter + symbol.indices.translate(_SUBSCRIPTS) + word


#: What stands before an equation's number; the legend of the page says what it means.
MARKS: dict[Method, str] = {
    "definition": ":=", "read": "•", "rule": "§", "computed": "→", "proved": "✓", "probable": "∼", "agrees": "≈",
}  # fmt: skip

#: A table wider than this (em) has a row as a card of its own on a phone.
NARROW = 21.0


class Blocks:
    """Lays out one document.

    Args:
        text: the catalogue of its language.
    """

    def __init__(self, document: Document, text: Catalogue) -> None:
        self._text = text
        self._references = References(document)
        self._math = Flow(MathML(document.decimal, keys(text.words("word")), clean))
        self._latex = Latex(document.decimal)
        self._plain = Plain(document.decimal)
        self._title = ""  # of the section whose blocks are laid out
        self._tables = 0

    def section(self, section: Section, level: int = 2) -> str:
        """With its inner sections."""
        title = self.text(section.title)
        anchor = f'<a class="anchor" href="#{clean(section.id)}" aria-hidden="true" tabindex="-1">§</a>'
        self._title = self._plainly(section.title)
        body = "\n".join(map(self.block, section.blocks))
        inner = "\n".join(self.section(s, min(level + 1, 6)) for s in section.sections)
        return f'<section id="{clean(section.id)}">\n<h{level}>{title}{anchor}</h{level}>\n{body}\n{inner}\n</section>'

    # --- running text -----------------------------------------------------------------------------------------------

    def text(self, text: Text) -> str:
        return "".join(map(self.inline, text))

    def inline(self, part: Inline) -> str:
        match part:
            case str():
                return clean(part)
            case Emphasis(words, strong):
                tag = "strong" if strong else "em"
                return f"<{tag}>{clean(words)}</{tag}>"
            case Code(words):
                return f"<code>{clean(words)}</code>"
            case InlineFormula(node):
                return self._math.inline(node)
            case Link():
                return f'<a href="#{clean(part.target)}">{self._link(part)}</a>'

    def _link(self, link: Link) -> str:
        target = self._references.targets[link.target]
        if link.text:
            return clean(link.text)
        if target.kind == "section":
            return self.text(target.title)
        return f"({target.number})" if target.kind == "equation" else self._figure(target.number)

    def _figure(self, number: int) -> str:
        return clean(self._text("print.figure", number=number))

    # --- blocks -----------------------------------------------------------------------------------------------------

    @DispatchMethod
    def block(self, block: object) -> str:
        raise TypeError(f"no rule to lay out {block!r}")

    @block.register
    def _(self, block: Paragraph) -> str:
        return f"<p>{self.text(block.text)}</p>"

    @block.register
    def _(self, block: Bullets) -> str:
        return f"<ul>{_each('li', map(self.text, block.items))}</ul>"

    @block.register
    def _(self, block: Note) -> str:
        inside = f'<p class="question">{clean(block.title)}</p><p>{self.text(block.text)}</p>'
        return f'<div class="note" role="note">{inside}</div>'

    @block.register
    def _(self, block: Display) -> str:
        laid = self._math.equation(block.formula)
        said = _each('div class="step"', laid.steps)
        kind = "eq" if not laid.left else "eq beside" if laid.narrow else "eq above"
        beside = f'<div class="lhs">{laid.left}</div>' if laid.left else ""
        steps_of = f'<div class="steps">{said}</div>'
        return f'<div class="{kind}" id="{clean(block.id)}">{beside}{steps_of}{self._number(block)}</div>'

    def _number(self, block: Display) -> str:
        """The number, a button for the script; before it, small, how the equation was examined."""
        evidence = block.evidence
        assert evidence is not None  # or ``References`` refused
        how = self._text(f"page.method.{evidence.method}")
        how = clean(self._text("print.about", what=how, detail=evidence.detail) if evidence.detail else how)
        told = f'class="mark {evidence.method}" role="img" aria-label="{how}" title="{how}"'
        mark = f"<span {told}>{MARKS[evidence.method]}</span>"
        label = clean(self._text("page.copy", number=block.number))
        tex = clean(self._latex.emit(block.formula))
        button = f'<button type="button" disabled data-tex="{tex}" aria-label="{label}">({block.number})</button>'
        return f'<div class="no">{mark}{button}</div>'

    @block.register
    def _(self, block: Figure) -> str:
        drawing = f'<div class="drawing{" wide" if block.narrow else ""}">{block.drawing.svg("page")}</div>'
        if block.narrow:
            drawing += f'<div class="drawing narrow">{block.narrow.svg("page")}</div>'
        number = self._figure(self._references.targets[block.id].number)
        image = f'<div role="img" aria-label="{clean(block.alternative)}">{drawing}</div>'
        caption = f"<figcaption><b>{number}.</b> {self.text(block.caption)}</figcaption>"
        return f'<figure id="{clean(block.id)}" style="--width:{block.width:.2f}">{image}{caption}</figure>'

    @block.register
    def _(self, block: Table) -> str:
        numeric = [" class=n" if n in block.numeric else "" for n in range(len(block.head))]
        heads = [self.text(cell) for cell in block.head]
        head = "".join(self._head(*column) for column in zip(block.head, heads, numeric, strict=True))
        cards = self._wide(block)
        rows = (self._row(row, heads if cards else [], numeric) for row in block.rows)
        caption, label = "", ""
        if block.caption:
            self._tables += 1
            number = clean(self._text("page.table", number=self._tables))
            caption = f"<caption><b>{number}.</b> {self.text(block.caption)}</caption>"
        else:
            columns = ", ".join(filter(None, map(self._plainly, block.head)))
            label = f' aria-label="{self._title}: {columns}"'
        kind = ' class="cards"' if cards else ""
        table = f"<table{kind}{label}>{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        return f'<div class="table">{table}</div>'

    def _head(self, text: Text, head: str, numeric: str) -> str:
        """Above a column. A formula alone has a name: not every screen reader finds words in one."""
        if not text:
            return "<td></td>"
        if all(isinstance(part, InlineFormula) for part in text):
            head = f'<span role="math" aria-label="{self._plainly(text)}">{head}</span>'
        return f'<th scope="col"{numeric}>{head}</th>'

    def _plainly(self, text: Text) -> str:
        """As the value of an attribute."""
        return clean(plain(text, self._plain))

    def _row(self, row: tuple[Text, ...], heads: list[str], numeric: list[str]) -> str:
        """With the heads again, which are seen where a row is a card."""
        cells = []
        for n, cell in enumerate(row):
            again = f'<span class="head" aria-hidden="true">{heads[n]}</span>' if heads and heads[n] else ""
            inside = f"<span>{self.text(cell)}</span>" if again else self.text(cell)
            cells.append(f"<td{numeric[n]}>{again}{inside}</td>")
        return f"<tr>{''.join(cells)}</tr>"

    def _wide(self, block: Table) -> bool:
        columns = zip(block.head, *block.rows, strict=True)
        return sum(max(map(_width, column)) + 1 for column in columns) > NARROW


def _width(text: Text) -> float:
    """Of a cell, in em."""
    parts = (
        width(p.node) if isinstance(p, InlineFormula) else 0.45 * len(p if isinstance(p, str) else p.text) for p in text
    )
    return sum(parts)


def _each(tag: str, inside: Iterable[str]) -> str:
    return "".join(f"<{tag}>{text}</{tag.split()[0]}>" for text in inside)
