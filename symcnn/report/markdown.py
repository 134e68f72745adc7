"""A document as Markdown: one file that GitHub, VS Code and Jupyter all show, and its figures as SVG files beside it.

All of them read it as CommonMark first and look for mathematics then (GitHub), or look for mathematics first (Jupyter):
so every formula is written so that CommonMark leaves it as it is (``formula.latex``), stands between blank lines or
behind a space, and every other dollar sign is set apart.
"""

import html
import os
import re
from collections.abc import Iterator
from urllib.parse import quote

from symcnn.dispatch import DispatchMethod
from symcnn.formula import Latex
from symcnn.report.document import (
    Block,
    Bullets,
    Code,
    Display,
    Document,
    Emphasis,
    Figure,
    Inline,
    InlineFormula,
    Link,
    Note,
    Paragraph,
    Section,
    Table,
    Text,
    Theme,
)
from symcnn.report.running import Print, one_line, plain

#: At the end of each file beside a report: a later report may write over it.
FIGURE_MARK = b"<!-- a figure of a report, by symcnn -->"

_THEMES: tuple[tuple[Theme, str], ...] = (("light", ""), ("dark", "-dark"))


def to_markdown(document: Document, stem: str) -> tuple[str, dict[str, bytes]]:
    """A document as Markdown.

    Args:
        stem: of the file that it is to be: its figures are called after it, ``stem-loss.svg``, ``stem-loss-dark.svg``.

    Returns:
        the text, and the files that belong beside it by their names.

    Raises:
        UnexaminedError: it shows what was not examined.
    """
    return _Markdown(document, stem).write()


class _Markdown(Print):
    def __init__(self, document: Document, stem: str) -> None:
        super().__init__(document)
        self._stem = stem
        self._latex = Latex(document.decimal)
        self._files: dict[str, bytes] = {}

    def write(self) -> tuple[str, dict[str, bytes]]:
        document = self._document
        blocks = [f"# {self.text(document.title)}", self.paragraph(document.lead), self._contents()]
        for section in document.sections:
            blocks += self._section(section, 2)
        return "\n\n".join(blocks) + "\n", self._files

    def _contents(self) -> str:
        """The sections, linked; formulas in words, since GitHub shows none in a link."""
        titles = ((plain(s.title, self._plain), self._references.targets[s.id].name) for s in self._document.sections)
        return "\n".join(f"- [{escaped(title)}](#{name})" for title, name in titles)

    def _section(self, section: Section, level: int) -> Iterator[str]:
        yield self._anchor(section)
        yield f"{'#' * min(level, 6)} {self.text(section.title)}"
        for block in section.blocks:
            yield from self.block(block)
        for inner in section.sections:
            yield from self._section(inner, level + 1)

    def _anchor(self, part: Section | Display | Figure) -> str:
        return f'<a id="{self._references.targets[part.id].name}"></a>'

    # --- blocks -----------------------------------------------------------------------------------------------------

    @DispatchMethod
    def block(self, block: Block) -> Iterator[str]:
        raise TypeError(f"no rule to write {block!r}")

    @block.register
    def _(self, block: Paragraph) -> Iterator[str]:
        yield self.paragraph(block.text)

    @block.register
    def _(self, block: Bullets) -> Iterator[str]:
        yield "\n".join(f"- {self.paragraph(item)}" for item in block.items)

    @block.register
    def _(self, block: Note) -> Iterator[str]:
        yield f"> **{escaped(block.title).strip()}**\n>\n> {self.paragraph(block.text)}"

    @block.register
    def _(self, block: Display) -> Iterator[str]:
        if block.id in self._references.linked:
            yield self._anchor(block)
        yield self._latex.display(block.formula, block.number)

    @block.register
    def _(self, block: Table) -> Iterator[str]:
        if block.caption:
            yield self.paragraph(block.caption)
        rule = ["---:" if n in block.numeric else "---" for n in range(len(block.head))]
        rows = [[self.text(cell, in_cell=True) for cell in row] for row in (block.head, *block.rows)]
        yield "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))

    @block.register
    def _(self, block: Figure) -> Iterator[str]:
        target = self._references.targets[block.id]
        light, dark = (f"{self._stem}-{block.id}{end}.svg" for _, end in _THEMES)
        for name, (theme, _) in zip((light, dark), _THEMES, strict=True):
            self._files[name] = block.drawing.svg(theme).encode("utf-8") + b"\n" + FIGURE_MARK + b"\n"
        if block.id in self._references.linked:
            yield self._anchor(block)
        alternative = attribute(block.alternative)
        light, dark = (quote(os.fsencode(name)) for name in (light, dark))  # a name need not be text
        yield (
            f'<picture>\n<source media="(prefers-color-scheme: dark)" srcset="{dark}">\n'
            f'<img src="{light}" width="{round(100 * block.width)}%" alt="{alternative}">\n</picture>'
        )
        name = self.figure_name(target.number)
        yield self.text((Emphasis(f"{name}.", strong=True), " ", *block.caption))

    # --- running text -----------------------------------------------------------------------------------------------

    def paragraph(self, text: Text) -> str:
        """Running text that begins a line: no list, heading or quotation."""
        words = self.text(text)
        return re.sub(r"^(\s*)(\d*)([-+#>=.)])", r"\1\2\\\3", words)

    def text(self, text: Text, in_cell: bool = False) -> str:
        """Running text on one line; in a cell of a table "|" ends the cell even in code."""
        written = ""
        for n, part in enumerate(text):
            following = text[n + 1] if n + 1 < len(text) else " "
            words = self._inline(part, written[-1:], following[:1] if isinstance(following, str) else " ")
            words = words.replace("|", r"\|") if in_cell and isinstance(part, Code) else words
            formula, before = isinstance(part, InlineFormula), n > 0 and isinstance(text[n - 1], InlineFormula)
            # GitHub finds a formula only behind an ASCII space, and only where no letter follows it
            if formula and written and not written.endswith(" "):
                written = written[:-1] if written[-1] in "\xa0\u202f" else written
                written += " "
            elif before and words[:1] in ("\xa0", "\u202f"):
                words = f" {words[1:]}"
            elif before and words[:1].isalnum():
                words = f" {words}"
            written += words
        return written.strip(" ")

    def _inline(self, part: Inline, before: str, after: str) -> str:
        if isinstance(part, str):
            return escaped(part)
        if isinstance(part, InlineFormula):
            return self._latex.inline(part.node)
        if isinstance(part, Code):
            return code(part.text)
        if isinstance(part, Link):
            words = self.link_words(part)
            return f"[{escaped(words)}](#{self._references.targets[part.target].name})"
        return emphasised(part, before, after)


def escaped(words: str) -> str:
    """A user's words in Markdown: no character of theirs means anything."""
    words = re.sub(r"[\\`*_\[\]<&|~@]|(?<=http):(?=//)|(?<=https):(?=//)|(?<=www)\.", r"\\\g<0>", one_line(words))
    # not \$ alone: once Markdown has made it $, GitHub and Jupyter look for another one
    return words.replace("$", r"<span>\$</span>")


def attribute(words: str) -> str:
    """Words between quotation marks in HTML."""
    return html.escape(one_line(words)).replace("$", "&#36;")


def code(words: str) -> str:
    """Words as they are, between more backticks than they have."""
    words = one_line(words)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", words)), default=0))
    edge = " " if words[:1] in ("`", " ") or words[-1:] in ("`", " ") else ""
    return f"{fence}{edge}{words}{edge}{fence}"


def emphasised(part: Emphasis, before: str, after: str) -> str:
    """Asterisks where they are sure to be read as emphasis: round words, between spaces or marks; else a tag."""
    words, tag = escaped(part.text), "strong" if part.strong else "em"
    inside = words[:1].isalnum() and (words[-1:].isalnum() or not after.strip())
    if inside and not before.isalnum() and not after.isalnum():
        stars = "**" if part.strong else "*"
        return f"{stars}{words}{stars}"
    return f"<{tag}>{words}</{tag}>"
