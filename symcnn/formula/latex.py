"""LaTeX for Markdown: what GitHub, VS Code and Jupyter all show, because CommonMark leaves it unchanged.

No backslash before punctuation, no ``\\\\`` (``\\cr`` instead), no ``}_{``, accents only inside ``\\text{…}``, and
``0{,}5`` where the language writes a decimal comma. What CommonMark or TeX would take for a command in the words of a
formula is set as the wide form of the same character.
"""

from decimal import Decimal
from typing import ClassVar

from symcnn.dispatch import DispatchMethod
from symcnn.formula import tree
from symcnn.formula.brackets import UNDER_A_POWER, bracketed, is_zero, signed_term, single_matrix
from symcnn.formula.breaking import Line, Piece, lines
from symcnn.formula.leaves import names
from symcnn.formula.numerals import shown, with_power_of_ten
from symcnn.formula.tree import Node

#: Estimated em of a line, on a page of GitHub.
MOST = 39.0

GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "η": "eta", "θ": "theta", "λ": "lambda",
    "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "varphi", "ω": "omega", "Δ": "Delta",
    "Σ": "Sigma",
}  # fmt: skip
_LETTERS = {**{letter: f"\\{name}" for letter, name in GREEK.items()}, "…": r"\ldots", "∂": r"\partial"}

_FUNCTIONS = names(r"\text{{{}}}", "latex") | {"Σ": r"\sum"}

#: Brackets that a line may end between -> their size.
_SIZES = {"(": "big", ")": "big", "⎛": "Bigg", "⎞": "Bigg"}

#: What Markdown and TeX take for commands -> the wide form of the same character; no-break spaces -> a space.
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
        self._comma = "," if decimal == "." else ";"

    def inline(self, node: Node) -> str:
        return f"${self.emit(node)}$"

    def display(self, node: Node, number: int = 0) -> str:
        """One display, with its number (0: none).

        Of an equality of more than two members, or with a long sum, each member has a line for itself.
        """
        left, found = lines(node, MOST)
        rows = self._rows(left, found)
        body = "".join(rows[0])
        if len(rows) > 1:
            aligned = f" {self.newline}\n".join(map("&".join, rows))
            body = f"\\begin{{aligned}}\n{aligned}\n\\end{{aligned}}"
        tag = f"\n\\tag{{{number}}}" if number else ""
        return f"$$\n{_not_markdown(body)}{tag}\n$$"

    def _rows(self, left: Node | None, found: tuple[Line, ...]) -> list[tuple[str, str]]:
        """The lines of a display: what stands before and behind the place where they are aligned."""
        start = "" if left is None else f"{self.emit(left)} "
        rows = []
        for n, line in enumerate(found):
            further = n > 0 and (left is None or line[0].before[:1] not in {("=",), ("+=",)})
            text = " ".join(map(self.piece, line))
            rows.append((start if n == 0 else "", self._further(text) if further else text))
        return rows

    def _further(self, text: str) -> str:
        """A line that goes on with the one above; ``{}`` keeps the space around its sign."""
        return rf"\quad{{}}{text}"

    def piece(self, piece: Piece) -> str:
        """What stands together on a line, with its signs and brackets."""
        body = self._operand(piece.node) if piece.bare else self.emit(piece.node)
        return "".join(map(self._opened, piece.before)) + body + "".join(map(self._closed, piece.after))

    def _opened(self, sign: str) -> str:
        """A sign, or a bracket with the name of a function before it."""
        if sign[-1] not in _SIZES:
            return f"{self.signs[sign]} "
        return rf"{_FUNCTIONS.get(sign[:-1], '')}\{_SIZES[sign[-1]]}l("

    def _closed(self, bracket: str) -> str:
        """A comma, or a bracket, perhaps with a word on it."""
        if bracket == ",":
            return self._comma
        word = f"^{{{self.words(bracket[2:])}}}" if bracket[1:] else ""
        return rf"\{_SIZES[bracket[0]]}r){word}"

    def number(self, value: float | Decimal, digits: int | None) -> str:
        return with_power_of_ten(shown(value, digits), lambda n: rf" \cdot 10^{{{n}}}").replace(".", self._decimal)

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
        """Upright words; none of their characters means anything."""
        return rf"\text{{{' '.join(text.split()).translate(_WIDE)}}}"

    @emit.register
    def _(self, node: tree.Update) -> str:
        name = self.emit(node.name)
        return rf"{name} \leftarrow {name} - \eta \cdot {self.emit(node.slope)}"

    @emit.register
    def _(self, node: tree.Under) -> str:
        return self.under(self.emit(node.node), self.emit(node.number))

    def under(self, above: str, below: str) -> str:
        """A brace with a number; not _{…} behind the brace: it would read as Markdown emphasis."""
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
        """In brackets, of which a matrix has its own."""
        return text if single_matrix(nodes) else rf"\left({text}\right)"

    def _operand(self, node: Node) -> str:
        text = self.emit(node)
        needs = bracketed(node) or (isinstance(node, tree.Number) and text.startswith("-"))
        return rf"\left({text}\right)" if needs else text


def _not_markdown(body: str) -> str:
    """Nothing that begins a list, a number or a heading stands at the start of a line."""
    return body if body[0].isalpha() or body[0] in "\\&{" else "{}" + body
