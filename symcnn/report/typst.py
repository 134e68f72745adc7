"""A document as the source of Typst, for ``pdf``. All words are strings: no character of a user's means anything."""

from collections.abc import Iterator
from functools import singledispatchmethod

from symcnn.formula import Plain
from symcnn.formula.typst import Typst, string
from symcnn.report.document import (
    Block,
    Bullets,
    Code,
    Display,
    Document,
    Figure,
    Formula,
    Inline,
    Link,
    Note,
    Paragraph,
    Section,
    Table,
    Text,
)
from symcnn.report.references import References
from symcnn.report.running import has_fraction, link_words, one_line, plain
from symcnn.text import catalogue

#: Lines of a display that a page does not break.
WHOLE = 10

_PREAMBLE = """\
#set page(paper: "a4", margin: (x: 24mm, top: 24mm, bottom: 26mm), numbering: "1")
#set text(font: "Libertinus Serif", size: 10.5pt)
#set par(justify: true, leading: 0.7em, spacing: 1.1em)
#set smartquote(enabled: false)
#show math.equation: set text(font: "New Computer Modern Math")
#show math.equation.where(block: true): set align(left)
#show math.equation.where(block: true): set par(leading: 0.95em)
#show math.equation.where(block: true): set block(above: 1.3em, below: 1.3em)
#set math.mat(column-gap: 0.65em)
#set math.equation(number-align: end + top)
#show heading: set block(above: 1.9em, below: 0.9em, sticky: true)
#show heading: set text(weight: 600)
#show heading.where(level: 1): set text(size: 15pt)
#show heading.where(level: 2): set text(size: 12pt)
#show heading.where(level: 3): set text(size: 10.5pt)
#show link: set text(fill: rgb("#0f5f69"))
#show raw: set text(font: "DejaVu Sans Mono", size: 8.5pt)
#set table(stroke: none, inset: (x: 6pt, y: 3.2pt))
#show table: set text(size: 9.5pt)
#show table: set par(justify: false)
#set figure(gap: 1em)
#show figure: set block(breakable: true)
#show figure.caption: set text(size: 9.5pt)
#let tall(body) = { set text(top-edge: "bounds", bottom-edge: "bounds"); box(body) }
#let num(s) = math.class("normal", s)
#let eq(number, name, alt, whole, body) = [
  #show math.equation: set block(breakable: not whole)
  #set math.equation(numbering: (..) => [(#number)], alt: alt)
  #body
  #label(name)
]
#let note(title, body) = block(
  width: 100%, breakable: false, inset: (x: 10pt, y: 8pt), stroke: (left: 2pt + rgb("#0f6b75")), fill: luma(247),
  [#text(weight: 600, title) \\ #body],
)
"""


def to_typst(document: Document) -> str:
    """The source of a document, complete: figures are part of it.

    Raises:
        UnexaminedError: it shows what was not examined.
    """
    return _Typst(document).write()


class _Typst:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._references = References(document)
        self._formulas = Typst(document.decimal)
        self._plain = Plain(document.decimal)
        self._figure_name = catalogue(document.lang)("print.figure", number="{number}")

    def write(self) -> str:
        document = self._document
        title = plain(document.title, self._plain)
        parts = [
            _PREAMBLE,
            f"#set text(lang: {string(document.lang)})",
            f'#set document(title: {string(title)}, author: "symcnn", date: none)',
            f"#block(below: 1.2em, text(size: 20pt, weight: 600, hyphenate: false, par(justify: false)"
            f"[{self.text(document.title)}]))",
            f"#text(fill: luma(90))[{self.text(document.lead)}]",
        ]
        for section in document.sections:
            parts += self._section(section, 1)
        return "\n\n".join(parts) + "\n"

    def _section(self, section: Section, level: int) -> Iterator[str]:
        name = self._references[section.id].name
        yield f"#heading(level: {level})[{self.text(section.title)}] #label({string(name)})"
        for block, following in zip(section.blocks, (*section.blocks[1:], None), strict=True):
            parts = list(self.block(block))
            if isinstance(block, Paragraph) and isinstance(following, (Display, Table)):
                parts = [f"#block(sticky: true)[{part}]" for part in parts]  # it announces what follows
            yield from parts
        for inner in section.sections:
            yield from self._section(inner, level + 1)

    # --- blocks -----------------------------------------------------------------------------------------------------

    @singledispatchmethod
    def block(self, block: Block) -> Iterator[str]:
        raise TypeError(f"no rule to write {block!r}")

    @block.register
    def _(self, block: Paragraph) -> Iterator[str]:
        yield self.text(block.text)

    @block.register
    def _(self, block: Bullets) -> Iterator[str]:
        yield f"#list({', '.join(f'[{self.text(item)}]' for item in block.items)})"

    @block.register
    def _(self, block: Note) -> Iterator[str]:
        yield f"#note({string(one_line(block.title))})[{self.text(block.text)}]"

    @block.register
    def _(self, block: Display) -> Iterator[str]:
        name, alternative = self._references[block.id].name, one_line(self._plain.emit(block.formula))
        display = self._formulas.display(block.formula)
        whole = "true" if display.count("\n") < WHOLE else "false"
        yield f"#eq({block.number}, {string(name)}, {string(alternative)}, {whole}, {display})"

    @block.register
    def _(self, block: Table) -> Iterator[str]:
        aligned = ", ".join(
            "right + horizon" if n in block.numeric else "left + horizon" for n in range(len(block.head))
        )
        head = ", ".join(f"[#strong[{self.text(cell)}]]" for cell in block.head)
        rows = "".join(f"  {', '.join(f'[{self.text(cell)}]' for cell in row)},\n" for row in block.rows)
        if block.caption:
            yield f"#block(below: 0.6em, sticky: true)[{self.text(block.caption)}]"
        yield (
            f"#block(width: 100%)[#table(columns: {len(block.head)}, align: ({aligned},),\n"
            f"  table.hline(stroke: 0.8pt), table.header({head}), table.hline(stroke: 0.4pt),\n"
            f"{rows}  table.hline(stroke: 0.8pt))]"
        )

    @block.register
    def _(self, block: Figure) -> Iterator[str]:
        target = self._references[block.id]
        name = string(self._figure_name.format(number=target.number) + ".")
        yield (
            f'#figure(image(bytes({string(block.drawing.svg("light"))}), format: "svg", width: {block.width:.0%},'
            f" alt: {string(one_line(block.alternative))}), numbering: none, outlined: false,\n"
            f"  caption: [#text(weight: 600, {name}) {self.text(block.caption)}]) #label({string(target.name)})"
        )

    # --- running text -----------------------------------------------------------------------------------------------

    def text(self, text: Text) -> str:
        """Running text, as content."""
        return "".join(map(self._inline, text))

    def _inline(self, part: Inline) -> str:
        if isinstance(part, str):
            return f"#{string(one_line(part))};"
        if isinstance(part, Formula):
            alternative = string(one_line(self._plain.emit(part.node)))
            formula = f"math.equation(alt: {alternative}, {self._formulas.inline(part.node)})"
            # by itself Typst gives a fraction the height of a letter
            return f"#tall({formula});" if has_fraction((part,)) else f"#{formula};"
        if isinstance(part, Code):
            return f"#raw({string(one_line(part.text))});"
        if isinstance(part, Link):
            words = link_words(part, self._references, self._figure_name)
            return f"#link(label({string(self._references[part.target].name)}), {string(words)});"
        return f"#{'strong' if part.strong else 'emph'}({string(one_line(part.text))});"
