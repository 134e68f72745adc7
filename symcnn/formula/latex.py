"""LaTeX for Markdown: what GitHub, VS Code and Jupyter all show, because CommonMark leaves it unchanged.

No backslash before punctuation, no ``\\\\`` (``\\cr`` instead), no ``}_{``, accents only inside ``\\text{…}``, and
``0{,}5`` where the language writes a decimal comma.
"""

from collections.abc import Callable
from functools import singledispatchmethod

from symcnn.formula import tree
from symcnn.formula.tree import Node

_LETTERS = {"η": r"\eta", "…": r"\ldots"}

#: Terms of a sum on one line of a display, and their LaTeX's characters.
TERMS, CHARACTERS = 6, 460
_FUNCTIONS = {
    "σ": r"\sigma", "tanh": r"\tanh", "ReLU": r"\text{ReLU}", "LeakyReLU": r"\text{LeakyReLU}", "exp": r"\exp",
    "ln": r"\ln", "max": r"\max", "Σ": r"\sum",
}  # fmt: skip
#: No "<": a browser might take it for a tag.
_SIGNS = {"=": "=", "<": r"\lt", ">": r"\gt", "≤": r"\leq", "+=": r"\mathrel{+}="}


class Latex:
    """Emits LaTeX.

    Args:
        decimal: the decimal sign, "." or ",".
    """

    def __init__(self, decimal: str = ".") -> None:
        self._decimal = "." if decimal == "." else "{,}"

    def inline(self, node: Node) -> str:
        return f"${self.emit(node)}$"

    def display(self, node: Node) -> str:
        """One display; of an equality of more than two members, or with a long sum, each has a line for itself."""
        if isinstance(node, tree.Equality):
            left, *rest = node.members
            rows = [line for member in rest for line in self._lines(member)]
            if len(rows) > 1:
                body = "\\begin{aligned}\n" + self.emit(left) + " " + " \\cr\n".join(rows) + "\n\\end{aligned}"
                return f"$$\n{body}\n$$"
        return f"$$\n{self.emit(node)}\n$$"

    def _lines(self, member: Node) -> list[str]:
        """A member with its sign of equality; a long sum on several lines."""
        whole = f"&= {self.emit(member)}"
        if not isinstance(member, tree.Sum) or (len(member.terms) <= TERMS and len(whole) <= CHARACTERS):
            return [whole]
        count = -(-len(member.terms) // -(-len(member.terms) // TERMS))  # lines of about one length
        lines: list[list[Node]] = [[]]
        for term in member.terms:
            longer = len(self.emit(tree.Sum((*lines[-1], term)))) > CHARACTERS
            if lines[-1] and (longer or len(lines[-1]) == count):
                lines.append([])
            lines[-1].append(term)
        # a sum that begins with 0 shows the sign of its first term
        more = (self.emit(tree.Sum((tree.Number(0), *part)))[1:] for part in lines[1:])
        return [f"&= {self.emit(tree.Sum(tuple(lines[0])))}", *(rf"&\quad{text}" for text in more)]

    def number(self, value: float, digits: int | None) -> str:
        return with_power_of_ten(shown(value, digits), lambda n: rf" \cdot 10^{{{n}}}").replace(".", self._decimal)

    @singledispatchmethod
    def emit(self, node: Node) -> str:
        raise TypeError(f"no rule to display {node!r}")

    @emit.register
    def _(self, node: tree.Symbol) -> str:
        word = rf"\text{{{node.word}}}" if node.word else ""
        indices = node.indices.replace("-", r"\text{-}").replace("−", "-")
        inside = f"{indices},{word}" if indices and word else indices or word
        letter = _LETTERS.get(node.letter, node.letter)
        return f"{letter}_{{{inside}}}" if inside else letter

    @emit.register
    def _(self, node: tree.Number) -> str:
        return self.number(node.value, node.digits)

    @emit.register
    def _(self, node: tree.Partial) -> str:
        return rf"\frac{{\partial {self.emit(node.of)}}}{{\partial {self.emit(node.by)}}}"

    @emit.register
    def _(self, node: tree.Fraction) -> str:
        return rf"\frac{{{self.emit(node.above)}}}{{{self.emit(node.below)}}}"

    @emit.register
    def _(self, node: tree.Power) -> str:
        exponent = str(node.exponent)
        base = self.emit(node.base)
        if isinstance(node.base, (tree.Fraction, tree.Product, tree.Power, tree.Over)):
            base = rf"\left({base}\right)"
        else:
            base = self._operand(node.base)
        return f"{base}^{exponent if len(exponent) == 1 else f'{{{exponent}}}'}"

    @emit.register
    def _(self, node: tree.Call) -> str:
        arguments = ", ".join(map(self.emit, node.arguments))
        return rf"{_FUNCTIONS[node.function]}\left({arguments}\right)"

    @emit.register
    def _(self, node: tree.Product) -> str:
        return r" \cdot ".join(map(self._operand, node.factors))

    @emit.register
    def _(self, node: tree.Sum) -> str:
        first, *rest = node.terms
        text = self.emit(first)
        for term in rest:
            if isinstance(term, tree.Negated):
                text += f" - {self._operand(term.node)}"
            else:
                text += f" + {self._signed(term)}"
        return text

    @emit.register
    def _(self, node: tree.Negated) -> str:
        zero = isinstance(node.node, tree.Number) and node.node.value == 0
        return self.emit(node.node) if zero else f"-{self._operand(node.node)}"

    @emit.register
    def _(self, node: tree.Over) -> str:
        sign = {"Σ": r"\sum", "max": r"\max"}[node.sign]
        return rf"{sign}_{{{', '.join(node.letters)}}} {self._operand(node.body)}"

    @emit.register
    def _(self, node: tree.Relation) -> str:
        return f"{self.emit(node.left)} {_SIGNS[node.sign]} {self.emit(node.right)}"

    @emit.register
    def _(self, node: tree.Indicator) -> str:
        return rf"\left[{', '.join(map(self.emit, node.conditions))}\right]"

    @emit.register
    def _(self, node: tree.Labelled) -> str:
        # above: a foot after a bracket would read as Markdown emphasis
        return rf"\left({self.emit(node.node)}\right)^{{\text{{{node.word}}}}}"

    @emit.register
    def _(self, node: tree.Word) -> str:
        return rf"\text{{{node.text}}}"

    @emit.register
    def _(self, node: tree.Update) -> str:
        name = self.emit(node.name)
        return rf"{name} \leftarrow {name} - \eta \cdot {self.emit(node.slope)}"

    @emit.register
    def _(self, node: tree.Equality) -> str:
        return " = ".join(map(self.emit, node.members))

    def _signed(self, node: Node) -> str:
        return self._operand(node) if isinstance(node, tree.Number) else self.emit(node)

    def _operand(self, node: Node) -> str:
        text = self.emit(node)
        needs = isinstance(node, (tree.Sum, tree.Negated)) or (isinstance(node, tree.Number) and text.startswith("-"))
        return rf"\left({text}\right)" if needs else text


def with_power_of_ten(text: str, power: Callable[[int], str]) -> str:
    """``1.5e-12`` as 1.5 times a power of ten, in the given way of writing one."""
    mantissa, e, exponent = text.partition("e")
    return mantissa + power(int(exponent)) if e else text


def shown(value: float, digits: int | None) -> str:
    """A number with so many significant digits (None: exactly); whole numbers as they are, no -0.

    Very small ones (below 10⁻⁹) and very large ones (from 10¹⁵) come out as ``1.235e-12``.
    """
    if digits is None:
        return str(int(value)) if value == int(value) else repr(value)
    if abs(value) >= 1e15:
        return f"{value:.{digits - 1}e}"
    if value == int(value) or abs(value) >= 10**digits:
        return f"{round(value):d}"
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text
    exponent = int(text.split("e")[1])
    return text if exponent < -9 else f"{value:.{digits - 1 - exponent}f}".rstrip("0")
