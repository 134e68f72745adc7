"""LaTeX for paper: what pdflatex sets with amsmath, and any words as words.

pdflatex has glyphs for Latin letters only; a symbol that it can set in mathematics is set so, and of what it has no
glyph for the number is shown: [U+4E2D].
"""

import re
from typing import ClassVar

from symcnn.formula.breaking import lines
from symcnn.formula.latex import GREEK, Latex
from symcnn.formula.tree import Node

#: Estimated em of a line: a page of A4 with margins of 25 mm, the number of the equation beside it.
MOST = 38.0


class Tex(Latex):
    """Emits LaTeX for a document of its own."""

    signs: ClassVar[dict[str, str]] = {**Latex.signs, "<": "<", ">": ">"}
    newline = r"\\"

    def display(self, node: Node, number: int = 0, label: str = "") -> str:
        """One display, its number beside the first line; pages may break between its lines."""
        left, found = lines(node, MOST)
        rows = list(map("&".join, self._rows(left, found)))
        rows[0] += rf" \tag{{{number}}}" if number else r" \notag"
        rows[0] += rf" \label{{{label}}}" if label else ""
        return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"

    def words(self, text: str) -> str:
        return rf"\text{{{escaped(' '.join(text.split()))}}}"

    def under(self, above: str, below: str) -> str:
        return rf"\underbrace{{{above}}}_{{{below}}}"


_CHARACTERS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}", "`": r"\textasciigrave{}",
    "[": "{[}", "]": "{]}", "\xa0": "~", "\u202f": r"\,", "’": "'", "‘": "`", "“": "``", "”": "''", "–": "--",
    "—": "---", "…": r"\ldots{}", "«": r"\guillemotleft{}", "»": r"\guillemotright{}", "\xad": r"\-",
}  # fmt: skip
_SYMBOLS = {
    "∂": r"\partial", "−": "-", "×": r"\times", "·": r"\cdot", "∗": r"\ast", "→": r"\rightarrow", "←": r"\leftarrow",
    "≤": r"\leq", "≥": r"\geq", "≠": r"\neq", "≈": r"\approx", "±": r"\pm", "∈": r"\in", "∞": r"\infty", "∑": r"\sum",
    "√": r"\surd", "⌈": r"\lceil", "⌉": r"\rceil", "⌊": r"\lfloor", "⌋": r"\rfloor", "⁻": "^{-}",
    **{letter: f"\\{name}" for letter, name in GREEK.items()},
    **{c: f"_{{{n}}}" for n, c in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    **{c: f"^{{{n}}}" for n, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}  # fmt: skip
#: What pdflatex lacks of Latin-1 and Latin Extended-A.
_LACKING = "ĦħĸĿŀŉŦŧſ"


def escaped(words: str) -> str:
    """Words in LaTeX: no character means anything, and each has a glyph."""
    apart = re.sub("-(?=-)|,(?=,)", "\\g<0>\0", words.replace("\0", " "))  # no dash of two hyphens
    return "".join("{}" if c == "\0" else _character(c) for c in apart)


def _character(c: str) -> str:
    if c in _CHARACTERS:
        return _CHARACTERS[c]
    if c in _SYMBOLS:
        return rf"\ensuremath{{{_SYMBOLS[c]}}}"
    if " " <= c <= "~" or ("¡" <= c <= "ſ" and c not in _LACKING):
        return c
    return rf"{{[}}U+{ord(c):04X}{{]}}"
