"""Formulas in Typst's mathematics. Words and numbers are strings: none of their characters means anything.

``num("0,5")`` sets a number with the spacing of a letter (the document that holds the formulas defines it).
"""

from symcnn.dispatch import DispatchMethod
from symcnn.formula import tree
from symcnn.formula.breaking import Piece, lines
from symcnn.formula.conventions import UNDER_A_POWER, bracketed, format_number, is_zero, signed_term, single_matrix
from symcnn.formula.tree import Node
from symcnn.formula.typography import function_names

_FUNCTIONS = function_names('op("{}")', "typst") | {"Σ": "sum"}
_SIGNS = {"=": "=", "<": "<", ">": ">", "≤": "≤", "+=": 'class("relation", "+=")', "+": "+", "−": "−", "·": "dot.op",
          }  # fmt: skip

#: Brackets that a line may end between; a high one is as high as a fraction with a number under it.
_BRACKETS = {"(": r"\(", ")": r"\)", "⎛": r"lr(\(, size: #3em)", "⎞": r"lr(\), size: #3em)"}


class Typst:
    """Emits Typst.

    Args:
        decimal: the decimal sign, "." or ",".
        most: estimated em of a line of a display.
    """

    def __init__(self, decimal: str = ".", most: float = 40.0) -> None:
        self._decimal = decimal
        #: Between things of a list; not a comma where that is the decimal sign.
        self._comma = " comma " if decimal == "." else " thin semi "
        self._most = most

    def inline(self, node: Node) -> str:
        return f"${self.emit(node)}$"

    def display(self, node: Node) -> str:
        """Return a display, its lines aligned at their signs of equality."""
        left, rows = lines(node, self._most)
        texts = []
        for n, line in enumerate(rows):
            continues = n > 0 and (left is None or line[0].before[:1] not in {("=",), ("+=",)})
            text = ("quad " if continues else "") + " ".join(map(self.piece, line))
            start = f"{self.emit(left)} " if n == 0 and left is not None else ""
            texts.append(f"{start}& {text}" if len(rows) > 1 else f"{start}{text}")
        return "$ " + " \\\n".join(texts) + " $"

    def piece(self, piece: Piece) -> str:
        """Return a piece with its signs and brackets."""
        body = self._operand(piece.node) if piece.bare else self.emit(piece.node)
        return "".join(map(self._opened, piece.before)) + body + "".join(map(self._closed, piece.after))

    def _opened(self, sign: str) -> str:
        """Return a sign, or a bracket with the name of a function; an empty word keeps the space of a sign."""
        if sign[-1] not in _BRACKETS:
            return f'"" {_SIGNS[sign]} '
        return f"{_FUNCTIONS.get(sign[:-1], '')} {_BRACKETS[sign[-1]]} "

    def _closed(self, bracket: str) -> str:
        """Return a comma, or a closing bracket with its label."""
        if bracket == ",":
            return self._comma
        return f" {_BRACKETS[bracket[0]]}" + (f"^({string(bracket[2:])})" if bracket[1:] else "")

    @DispatchMethod
    def emit(self, node: Node) -> str:
        raise TypeError(f"no rule to display {node!r}")

    @emit.register
    def _(self, node: tree.Symbol) -> str:
        indices = " comma ".join(self._index(part) for part in node.indices.split(",") if part.strip())
        inside = " comma ".join(filter(None, (indices, string(node.word) if node.word else "")))
        letter = " ".join(node.letter)
        return f"{letter}_({inside})" if inside else letter

    def _index(self, part: str) -> str:
        """Return letters and digits one by one, because x11 is no name; a hyphen differs from a minus."""
        signs = {"-": "hyph", "−": "−", "+": "+", "/": r"\/", "(": r"\(", ")": r"\)"}
        return " ".join(signs.get(c, c if c.isalnum() else string(c)) for c in part if c != " ")

    @emit.register
    def _(self, node: tree.Number) -> str:
        text = format_number(node.decimal or node.value, node.digits).replace(".", self._decimal)
        sign, digits = ("−", text[1:]) if text.startswith("-") else ("", text)
        mantissa, e, exponent = digits.partition("e")
        power = f" dot.op 10^({exponent.replace('-', '−').replace('+', '')})" if e else ""
        return f"{sign}num({string(mantissa)}){power}"

    @emit.register
    def _(self, node: tree.Partial) -> str:
        of, by = self.emit(node.of), self.emit(node.by)
        if bracketed(node.of):  # too long for a numerator
            return f"frac(∂, ∂ {by}) ({of})"
        # no factor may be taken for one that is not differentiated
        of = f"({of})" if isinstance(node.of, tree.Product) else of
        return f"frac(∂ {of}, ∂ {by})"

    @emit.register
    def _(self, node: tree.Fraction) -> str:
        return f"frac({self.emit(node.above)}, {self.emit(node.below)})"

    @emit.register
    def _(self, node: tree.Power) -> str:
        base = f"({self.emit(node.base)})" if isinstance(node.base, UNDER_A_POWER) else self._operand(node.base)
        return f"{base}^({str(node.exponent).replace('-', '−')})"

    @emit.register
    def _(self, node: tree.Call) -> str:
        arguments = self._comma.join(map(self.emit, node.arguments))
        return f"{_FUNCTIONS[node.function]} {self._bracketed(node.arguments, arguments)}"

    @emit.register
    def _(self, node: tree.Product) -> str:
        return " dot.op ".join(map(self._operand, node.factors))

    @emit.register
    def _(self, node: tree.Sum) -> str:
        first, *rest = node.terms
        text = self.emit(first)
        for sign, term, operand in map(signed_term, rest):
            text += f" {sign} {self._operand(term) if operand else self.emit(term)}"
        return text

    @emit.register
    def _(self, node: tree.Negated) -> str:
        return self.emit(node.node) if is_zero(node.node) else f"−{self._operand(node.node)}"

    @emit.register
    def _(self, node: tree.Over) -> str:
        sign = {"Σ": "sum", "max": "max"}[node.sign]
        return f"{sign}_({' comma '.join(map(' '.join, node.letters))}) {self._operand(node.body)}"

    @emit.register
    def _(self, node: tree.Relation) -> str:
        return f"{self.emit(node.left)} {_SIGNS[node.sign]} {self.emit(node.right)}"

    @emit.register
    def _(self, node: tree.Indicator) -> str:
        return f"[{self._comma.join(map(self.emit, node.conditions))}]"

    @emit.register
    def _(self, node: tree.Labelled) -> str:
        return f"{self._bracketed((node.node,), self.emit(node.node))}^({string(node.word)})"

    @emit.register
    def _(self, node: tree.Word) -> str:
        return f'class("normal", {string(node.text)})'

    @emit.register
    def _(self, node: tree.Update) -> str:
        name = self.emit(node.name)
        return f"{name} ← {name} − η dot.op {self.emit(node.slope)}"

    @emit.register
    def _(self, node: tree.Under) -> str:
        return f"underbrace({self.emit(node.node)}, {self.emit(node.number)})"

    @emit.register
    def _(self, node: tree.Matrix) -> str:
        return f"mat({'; '.join(', '.join(map(self.emit, row)) for row in node.rows)})"

    @emit.register
    def _(self, node: tree.Convolution) -> str:
        return f"{self._operand(node.image)} ∗ {self._operand(node.filter)}"

    @emit.register
    def _(self, node: tree.Equality) -> str:
        return " = ".join(map(self.emit, node.members))

    def _bracketed(self, nodes: tuple[Node, ...], text: str) -> str:
        """Bracket ``text``, unless it is a single matrix."""
        return text if single_matrix(nodes) else f"({text})"

    def _operand(self, node: Node) -> str:
        text = self.emit(node)
        needs = bracketed(node) or (isinstance(node, tree.Number) and text.startswith("−"))
        return f"({text})" if needs else text


def string(words: str) -> str:
    """Return words as a string of Typst, control characters by their number."""
    if words.isprintable() and '"' not in words and "\\" not in words:
        return f'"{words}"'
    return '"' + "".join(_ESCAPED.get(c) or (c if c.isprintable() or c in "\xa0\u202f" else f"\\u{{{ord(c):x}}}")
                         for c in words) + '"'  # fmt: skip


_ESCAPED = {"\\": "\\\\", '"': '\\"'}
