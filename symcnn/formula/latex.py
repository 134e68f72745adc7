r"""LaTeX: ``Latex`` for Markdown, ``Tex`` for paper.

``Latex`` writes what GitHub, VS Code and Jupyter all display, because CommonMark leaves it unchanged: no backslash
before punctuation, no ``\\`` (``\cr`` instead), no ``}_{``, accents only inside ``\text{…}``, and ``0{,}5`` where the
language writes a decimal comma. A character that CommonMark or TeX would take for a command is set in its wide form.

``Tex`` writes what pdflatex sets with amsmath. pdflatex has glyphs for Latin letters only; other symbols are set in
mathematics where they can be, else as their number: [U+4E2D].
"""

import re
from decimal import Decimal
from typing import ClassVar

from symcnn.dispatch import DispatchMethod
from symcnn.formula import tree
from symcnn.formula.breaking import Line, Piece, lines
from symcnn.formula.conventions import (
    UNDER_A_POWER,
    bracketed,
    format_number,
    is_zero,
    signed_term,
    single_matrix,
    with_power_of_ten,
)
from symcnn.formula.tree import Node
from symcnn.formula.typography import function_names

#: Estimated em of a line: on a page of GitHub; on A4 with margins of 25 mm, beside the number of the equation.
LINE, PAPER_LINE = 39.0, 38.0

GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "η": "eta", "θ": "theta", "λ": "lambda",
    "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "varphi", "ω": "omega", "Δ": "Delta",
    "Σ": "Sigma",
}  # fmt: skip
_LETTERS = {**{letter: f"\\{name}" for letter, name in GREEK.items()}, "…": r"\ldots", "∂": r"\partial"}

_FUNCTIONS = function_names(r"\text{{{}}}", "latex") | {"Σ": r"\sum"}

#: Brackets that a line may end between -> their size.
_SIZES = {"(": "big", ")": "big", "⎛": "Bigg", "⎞": "Bigg"}

#: Characters with a meaning in Markdown or TeX -> their wide form; no-break spaces -> a space.
_WIDE = {ord(c): chr(ord(c) + 0xFEE0) for c in "\\{}$%&#_^~*<>`|[]@"} | {0xA0: " ", 0x202F: " "}


class Latex:
    """Emits LaTeX.

    Args:
        decimal: the decimal sign, "." or ",".
    """

    #: No "<": a browser might take it for a tag.
    signs: ClassVar[dict[str, str]] = {
        "=": "=", "<": r"\lt", ">": r"\gt", "≤": r"\leq", "+=": r"\mathrel{+}=", "+": "+", "−": "-", "·": r"\cdot",
    }  # fmt: skip
    newline = r"\cr"

    def __init__(self, decimal: str = ".") -> None:
        self._decimal = "." if decimal == "." else "{,}"
        #: Between things of a list; not a comma where that is the decimal sign.
        self._comma = "," if decimal == "." else "~;"

    def inline(self, node: Node) -> str:
        return f"${self.emit(node)}$"

    def display(self, node: Node, number: int = 0) -> str:
        """Return a display with its number (0: none).

        Each member of an equality of more than two members, or with a long sum, has a line of its own.
        """
        rows = self._rows(*lines(node, LINE))
        body = "".join(rows[0])
        if len(rows) > 1:
            aligned = f" {self.newline}\n".join(map("&".join, rows))
            body = f"\\begin{{aligned}}\n{aligned}\n\\end{{aligned}}"
        tag = f"\n\\tag{{{number}}}" if number else ""
        return f"$$\n{_not_markdown(body)}{tag}\n$$"

    def _rows(self, left: Node | None, lines: tuple[Line, ...]) -> list[tuple[str, str]]:
        """Return the lines of a display, each as the text before and the text behind the sign of alignment."""
        start = "" if left is None else f"{self.emit(left)} "
        rows = []
        for n, line in enumerate(lines):
            continues = n > 0 and (left is None or line[0].before[:1] not in {("=",), ("+=",)})
            indent = r"\quad{}" if continues else ""  # {} keeps the space around the sign that follows
            rows.append((start if n == 0 else "", indent + " ".join(map(self.piece, line))))
        return rows

    def piece(self, piece: Piece) -> str:
        """Return a piece with its signs and brackets."""
        body = self._operand(piece.node) if piece.bare else self.emit(piece.node)
        return "".join(map(self._opened, piece.before)) + body + "".join(map(self._closed, piece.after))

    def _opened(self, sign: str) -> str:
        """Return a sign, or a bracket with the name of a function before it."""
        if sign[-1] not in _SIZES:
            return f"{self.signs[sign]} "
        return rf"{_FUNCTIONS.get(sign[:-1], '')}\{_SIZES[sign[-1]]}l("

    def _closed(self, bracket: str) -> str:
        """Return a comma, or a closing bracket with its label."""
        if bracket == ",":
            return self._comma
        word = f"^{{{self.words(bracket[2:])}}}" if bracket[1:] else ""
        return rf"\{_SIZES[bracket[0]]}r){word}"

    def number(self, value: float | Decimal, digits: int | None) -> str:
        text = with_power_of_ten(format_number(value, digits), lambda n: rf" \cdot 10^{{{n}}}")
        return text.replace(".", self._decimal)

    @DispatchMethod
    def emit(self, node: Node) -> str:
        raise TypeError(f"no rule to display {node!r}")

    @emit.register
    def _(self, node: tree.Symbol) -> str:
        word = self.words(node.word) if node.word else ""
        indices = node.indices.replace("-", r"\text{-}").replace("−", "-")
        inside = f"{indices},{word}" if indices and word else indices or word
        letter = _LETTERS.get(node.letter, node.letter)
        return f"{letter}_{{{inside}}}" if inside else letter

    @emit.register
    def _(self, node: tree.Number) -> str:
        return self.number(node.decimal or node.value, node.digits)

    @emit.register
    def _(self, node: tree.Partial) -> str:
        of, by = self.emit(node.of), self.emit(node.by)
        if bracketed(node.of):  # too long for a numerator
            return rf"\frac{{\partial}}{{\partial {by}}} \left({of}\right)"
        # no factor may be taken for one that is not differentiated
        of = rf"\left({of}\right)" if isinstance(node.of, tree.Product) else of
        return rf"\frac{{\partial {of}}}{{\partial {by}}}"

    @emit.register
    def _(self, node: tree.Fraction) -> str:
        return rf"\frac{{{self.emit(node.above)}}}{{{self.emit(node.below)}}}"

    @emit.register
    def _(self, node: tree.Power) -> str:
        exponent = str(node.exponent)
        base = self.emit(node.base)
        base = rf"\left({base}\right)" if isinstance(node.base, UNDER_A_POWER) else self._operand(node.base)
        return f"{base}^{exponent if len(exponent) == 1 else f'{{{exponent}}}'}"

    @emit.register
    def _(self, node: tree.Call) -> str:
        arguments = f"{self._comma} ".join(map(self.emit, node.arguments))
        return f"{_FUNCTIONS[node.function]}{self._bracketed(node.arguments, arguments)}"

    @emit.register
    def _(self, node: tree.Product) -> str:
        return r" \cdot ".join(map(self._operand, node.factors))

    @emit.register
    def _(self, node: tree.Sum) -> str:
        first, *rest = node.terms
        text = self.emit(first)
        for sign, term, operand in map(signed_term, rest):
            text += f" {self.signs[sign]} {self._operand(term) if operand else self.emit(term)}"
        return text

    @emit.register
    def _(self, node: tree.Negated) -> str:
        return self.emit(node.node) if is_zero(node.node) else f"-{self._operand(node.node)}"

    @emit.register
    def _(self, node: tree.Over) -> str:
        sign = {"Σ": r"\sum", "max": r"\max"}[node.sign]
        return rf"{sign}_{{{', '.join(node.letters)}}} {self._operand(node.body)}"

    @emit.register
    def _(self, node: tree.Relation) -> str:
        return f"{self.emit(node.left)} {self.signs[node.sign]} {self.emit(node.right)}"

    @emit.register
    def _(self, node: tree.Indicator) -> str:
        return rf"\left[{f'{self._comma} '.join(map(self.emit, node.conditions))}\right]"

    @emit.register
    def _(self, node: tree.Labelled) -> str:
        # above: a foot after a bracket would read as Markdown emphasis
        return f"{self._bracketed((node.node,), self.emit(node.node))}^{{{self.words(node.word)}}}"

    @emit.register
    def _(self, node: tree.Word) -> str:
        return self.words(node.text)

    def words(self, text: str) -> str:
        """Return words set upright; none of their characters is a command."""
        return rf"\text{{{' '.join(text.split()).translate(_WIDE)}}}"

    @emit.register
    def _(self, node: tree.Update) -> str:
        name = self.emit(node.name)
        return rf"{name} \leftarrow {name} - \eta \cdot {self.emit(node.slope)}"

    @emit.register
    def _(self, node: tree.Under) -> str:
        return self.under(self.emit(node.node), self.emit(node.number))

    def under(self, above: str, below: str) -> str:
        """Return a brace with a number. Not _{…} behind the brace: Markdown would read that as emphasis."""
        return rf"\underset{{{below}}}{{\underbrace{{{above}}}}}"

    @emit.register
    def _(self, node: tree.Matrix) -> str:
        rows = f" {self.newline} ".join(" & ".join(map(self.emit, row)) for row in node.rows)
        return rf"\begin{{pmatrix}} {rows} \end{{pmatrix}}"

    @emit.register
    def _(self, node: tree.Convolution) -> str:
        return rf"{self._operand(node.image)} \ast {self._operand(node.filter)}"

    @emit.register
    def _(self, node: tree.Equality) -> str:
        return " = ".join(map(self.emit, node.members))

    def _bracketed(self, nodes: tuple[Node, ...], text: str) -> str:
        """Bracket ``text``, unless it is a single matrix."""
        return text if single_matrix(nodes) else rf"\left({text}\right)"

    def _operand(self, node: Node) -> str:
        text = self.emit(node)
        needs = bracketed(node) or (isinstance(node, tree.Number) and text.startswith("-"))
        return rf"\left({text}\right)" if needs else text


def _not_markdown(body: str) -> str:
    """Keep Markdown from reading the start of a line as a list, a number or a heading."""
    return body if body[0].isalpha() or body[0] in "\\&{" else "{}" + body


class Tex(Latex):
    """Emits LaTeX for a document of its own."""

    signs: ClassVar[dict[str, str]] = {**Latex.signs, "<": "<", ">": ">"}
    newline = r"\\"

    def display(self, node: Node, number: int = 0, label: str = "") -> str:
        """Return a display, its number beside the first line; pages may break between its lines."""
        rows = list(map("&".join, self._rows(*lines(node, PAPER_LINE))))
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
#: Letters of Latin-1 and Latin Extended-A without a glyph in pdflatex.
_LACKING = "ĦħĸĿŀŉŦŧſ"


def escaped(words: str) -> str:
    """Escape words for LaTeX: no character is a command, and each has a glyph."""
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
