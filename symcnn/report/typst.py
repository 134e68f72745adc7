"""A document as the source of Typst, for ``pdf``. All words are strings: no character of a user's means anything."""

from collections.abc import Iterator
from importlib.resources import files

from symcnn.dispatch import DispatchMethod
from symcnn.formula.typst import Typst, string
from symcnn.report.document import (
    Block,
    Bullets,
    Code,
    Display,
    Document,
    Figure,
    Inline,
    InlineFormula,
    Link,
    Note,
    Paragraph,
    Section,
    Table,
    Text,
)
from symcnn.report.running import Print, has_fraction, one_line, plain

#: Lines of a display that a page does not break.
WHOLE = 10


def to_typst(document: Document) -> str:
    """The source of a document, complete: figures are part of it.

    Raises:
        UnexaminedError: it shows what was not examined.
    """
    return _TypstWriter(document).write()


class _TypstWriter(Print):
    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._formulas = Typst(document.decimal)

    def write(self) -> str:
        document = self._document
        title = plain(document.title, self._plain)
        parts = [
            files("symcnn.report").joinpath("preamble.typ").read_text("utf-8"),
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
        name = self._references.targets[section.id].name
        yield f"#heading(level: {level})[{self.text(section.title)}] #label({string(name)})"
        for block, following in zip(section.blocks, (*section.blocks[1:], None), strict=True):
            parts = list(self.block(block))
            if isinstance(block, Paragraph) and isinstance(following, (Display, Table)):
                parts = [f"#block(sticky: true)[{part}]" for part in parts]  # it announces what follows
            yield from parts
        for inner in section.sections:
            yield from self._section(inner, level + 1)

    # --- blocks -----------------------------------------------------------------------------------------------------

    @DispatchMethod
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
        name, alternative = self._references.targets[block.id].name, one_line(self._plain.emit(block.formula))
        display = self._formulas.display(block.formula)
        whole = "true" if display.count("\n") < WHOLE else "false"
        yield f"#eq({block.number}, {string(name)}, {string(alternative)}, {whole}, {display})"

    @block.register
    def _(self, block: Table) -> Iterator[str]:
        aligned = ", ".join("right" if n in block.numeric else "left" for n in range(len(block.head)))
        head = ", ".join(f"[#strong[{self.text(cell)}]]" for cell in block.head)
        rows = "".join(f"  {', '.join(f'[{self.text(cell)}]' for cell in row)},\n" for row in block.rows)
        if block.caption:
            yield f"#block(below: 0.6em, sticky: true)[{self.text(block.caption)}]"
        yield (
            f"#block(width: 100%)[#table(columns: {len(block.head)}, align: ({aligned},).map(a => a + horizon),\n"
            f"  table.hline(stroke: 0.8pt), table.header({head}), table.hline(stroke: 0.4pt),\n"
            f"{rows}  table.hline(stroke: 0.8pt))]"
        )

    @block.register
    def _(self, block: Figure) -> Iterator[str]:
        target = self._references.targets[block.id]
        name = string(self.figure_name(target.number) + ".")
        before, after = ("#[#show figure: set block(breakable: false)\n", "]") if block.whole else ("", "")
        svg = string(block.drawing.svg("light"))
        yield (
            f'{before}#figure(image(bytes({svg}), format: "svg", width: {block.width:.0%},'
            f" alt: {string(one_line(block.alternative))}), numbering: none, outlined: false,\n"
            f"  caption: [#text(weight: 600, {name}) {self.text(block.caption)}]) #label({string(target.name)}){after}"
        )

    # --- running text -----------------------------------------------------------------------------------------------

    def text(self, text: Text) -> str:
        """Running text, as content."""
        return "".join(map(self._inline, text))

    def _inline(self, part: Inline) -> str:
        if isinstance(part, str):
            return f"#{string(one_line(part))};"
        if isinstance(part, InlineFormula):
            alternative = string(one_line(self._plain.emit(part.node)))
            formula = f"math.equation(alt: {alternative}, {self._formulas.inline(part.node)})"
            # by itself Typst gives a fraction the height of a letter
            return f"#tall({formula});" if has_fraction((part,)) else f"#{formula};"
        if isinstance(part, Code):
            return f"#raw({string(one_line(part.text))});"
        if isinstance(part, Link):
            words = self.link_words(part)
            return f"#link(label({string(self._references.targets[part.target].name)}), {string(words)});"
        return f"#{'strong' if part.strong else 'emph'}({string(one_line(part.text))});"
