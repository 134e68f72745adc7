"""A document as LaTeX that pdflatex sets from this one file: its figures are drawn in it.

It wants no more than the packages texlive-latex-base, -latex-recommended, -lang-french, -pictures and lmodern.
"""

import unicodedata
from collections.abc import Iterator
from importlib.resources import files

from symcnn.dispatch import DispatchMethod
from symcnn.formula.breaking import width
from symcnn.formula.latex import Tex, escaped
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
from symcnn.report.tikz import to_tikz

#: Estimated em of a line in a table, of one character, and of what stands between two columns.
_LINE, _CHARACTER, _GAP = 44.0, 0.5, 0.9

_HEADINGS = ("section", "subsection", "subsubsection", "paragraph")

#: The texts have their own spaces before ":" and ";": babel adds none.
FRENCH = "\\usepackage[french]{babel}\n\\frenchsetup{AutoSpacePunctuation=false,StandardLists=true}\n"


def to_latex(document: Document) -> str:
    """A document as LaTeX.

    Raises:
        UnexaminedError: it shows what was not examined.
    """
    return _LatexWriter(document).write()


class _LatexWriter(Print):
    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._formulas = Tex(document.decimal)

    def write(self) -> str:
        document, french = self._document, self._document.lang == "fr"
        parts: list[str] = [
            files("symcnn.report").joinpath("preamble.tex").read_text("utf-8")
            + (FRENCH if french else "\\usepackage[english]{babel}\n")
            + f"\\usepackage[hidelinks,pdftitle={{{self._bookmark(document.title)}}}]{{hyperref}}\n\\begin{{document}}",
            rf"{{\raggedright\LARGE\bfseries {self.text(document.title)}\par}}",
            rf"{{\small {self.text(document.lead)}\par}}",
        ]
        for section in document.sections:
            parts += self._section(section, 0)
        return "\n\n".join([*parts, "\\end{document}\n"]).replace("\n\n\0", "\n")

    def _section(self, section: Section, level: int) -> Iterator[str]:
        heading = _HEADINGS[min(level, len(_HEADINGS) - 1)]
        title = rf"\texorpdfstring{{\raggedright {self.text(section.title)}}}{{{self._bookmark(section.title)}}}"
        yield rf"\{heading}{{{title}}}\label{{{self._references.targets[section.id].name}}}"
        for before, block in zip((None, *section.blocks), section.blocks, strict=False):
            # no blank line before a display: it would begin a paragraph, with an empty line
            joined = isinstance(block, Display) and isinstance(before, (Paragraph, Display))
            closer = "\\vspace{-1.1\\baselineskip}\n" * (isinstance(block, Display) and not joined)
            yield ("\0" if joined else closer) + "\n\n".join(self.block(block))
        for inner in section.sections:
            yield from self._section(inner, level + 1)

    def _bookmark(self, title: Text) -> str:
        """A title in the letters that a bookmark can have."""
        words = unicodedata.normalize("NFKC", plain(title, self._plain))
        return "".join(c for c in words if (c.isascii() and (c.isalnum() or c in " .,:;()+-=/")) or "À" <= c <= "ÿ")

    # --- blocks -----------------------------------------------------------------------------------------------------

    @DispatchMethod
    def block(self, block: Block) -> Iterator[str]:
        raise TypeError(f"no rule to write {block!r}")

    @block.register
    def _(self, block: Paragraph) -> Iterator[str]:
        yield self.text(block.text)

    @block.register
    def _(self, block: Bullets) -> Iterator[str]:
        items = "\n".join(rf"\item {self.text(item)}" for item in block.items)
        close = r"\setlength{\itemsep}{0.2em}\setlength{\parskip}{0pt}"
        yield f"\\begin{{itemize}}{close}\n{items}\n\\end{{itemize}}"

    @block.register
    def _(self, block: Note) -> Iterator[str]:
        title = escaped(one_line(block.title))
        yield f"\\begin{{quote}}\n\\textbf{{{title}}}\n\n{self.text(block.text)}\n\\end{{quote}}"

    @block.register
    def _(self, block: Display) -> Iterator[str]:
        yield self._formulas.display(block.formula, block.number, self._references.targets[block.id].name)

    @block.register
    def _(self, block: Table) -> Iterator[str]:
        over = rf"\multicolumn{{{len(block.head)}}}{{@{{}}l@{{}}}}"  # in a box of no width: it makes no column wider
        caption = rf"{over}{{\makebox[0pt][l]{{\parbox{{\linewidth}}{{{self.text(block.caption)}}}}}}} \\[0.8em]"
        head = [rf"\textbf{{{self.text(cell)}}}" if cell else "" for cell in block.head]
        rows = [f"{_strut(row)}{' & '.join(map(self.text, row))} \\\\" for row in block.rows]
        lines = [
            "{\\small", rf"\begin{{longtable}}{{{self._columns(block)}}}", caption if block.caption else "",
            r"\toprule", " & ".join(head) + r" \\", r"\midrule \endhead", *rows, r"\bottomrule", r"\end{longtable}",
            "}",
        ]  # fmt: skip
        yield "\n".join(line for line in lines if line)

    def _columns(self, table: Table) -> str:
        """Columns as wide as their widest cell; where that is wider than the line, long words are wrapped."""
        widths = [max(self._width(row[n]) for row in (table.head, *table.rows)) for n in range(len(table.head))]
        room, wrapped = _LINE - _GAP * len(widths), set[int]()
        if sum(widths) > room:
            narrow = sorted(range(len(widths)), key=widths.__getitem__)
            for place, n in enumerate(narrow):
                share = room / (len(narrow) - place)
                if widths[n] > share:
                    wrapped.add(n)
                    widths[n] = share
                room -= widths[n]
        return "".join(
            rf">{{\raggedright\arraybackslash}}p{{{widths[n]:.1f}em}}" if n in wrapped
            else "r" if n in table.numeric else "l"
            for n in range(len(widths))
        )  # fmt: skip

    def _width(self, text: Text) -> float:
        """About how wide a cell is, in em."""
        formulas = sum(width(part.node) for part in text if isinstance(part, InlineFormula))
        words = sum(_CHARACTER * len(part if isinstance(part, str) else part.text) for part in text
                    if not isinstance(part, (InlineFormula, Link)))  # fmt: skip
        links = (self.link_words(part) for part in text if isinstance(part, Link))
        return formulas + words + sum(_CHARACTER * len(link) for link in links)

    @block.register
    def _(self, block: Figure) -> Iterator[str]:
        target = self._references.targets[block.id]
        name = escaped(self.figure_name(target.number))
        drawing = to_tikz(block.drawing.svg("light"), block.width)
        caption = rf"{{\small\textbf{{{name}.}} {self.text(block.caption)}\par}}"
        yield (
            f"\\begin{{minipage}}{{\\linewidth}}\n\\centering\\phantomsection\\label{{{target.name}}}\n"
            f"{drawing}\\par\\medskip\n{caption}\n\\end{{minipage}}\\par\\medskip"
        )

    # --- running text -----------------------------------------------------------------------------------------------

    def text(self, text: Text) -> str:
        """Running text."""
        return "".join(map(self._inline, text))

    def _inline(self, part: Inline) -> str:
        if isinstance(part, str):
            return escaped(one_line(part))
        if isinstance(part, InlineFormula):
            return self._formulas.inline(part.node)
        if isinstance(part, Code):
            return rf"\texttt{{{escaped(one_line(part.text))}}}"
        if isinstance(part, Link):
            words = escaped(self.link_words(part))
            return rf"\hyperref[{self._references.targets[part.target].name}]{{{words}}}"
        return rf"\{'textbf' if part.strong else 'emph'}{{{escaped(one_line(part.text))}}}"


def _strut(row: tuple[Text, ...]) -> str:
    """What keeps a row with fractions apart from its neighbours."""
    return r"\rule[-1.5ex]{0pt}{4.8ex}" if any(map(has_fraction, row)) else ""
