"""Formulas as one line of plain text, for cells and the terminal: ∂E_total/∂x₁₁·i₁₂ + …, w_x11-h1."""

from symcnn.dispatch import DispatchMethod
from symcnn.formula import tree
from symcnn.formula.conventions import UNDER_A_POWER, bracketed, format_number, is_zero, with_power_of_ten
from symcnn.formula.tree import Node

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


class Plain:
    """Emits plain text; ``decimal`` is the decimal sign of the numbers."""

    def __init__(self, decimal: str = ".") -> None:
        self._decimal = decimal
        #: Between things of a list; not a comma where that is the decimal sign.
        self._separator = ", " if decimal == "." else " ; "

    def lines(self, node: Node) -> str:
        """Return an equality with each member on a line of its own, the signs of equality below each other."""
        if not isinstance(node, tree.Equality) or len(node.members) < 3:
            return self.emit(node)
        left, *rest = map(self.emit, node.members)
        return f"{left} = " + f"\n{' ' * len(left)} = ".join(rest)

    @DispatchMethod
    def emit(self, node: Node) -> str:
        raise TypeError(f"no rule to write {node!r}")

    @emit.register
    def _(self, node: tree.Symbol) -> str:
        if node.word:
            return f"{node.letter}_{node.indices},{node.word}" if node.indices else f"{node.letter}_{node.word}"
        if node.indices.isdigit():
            return node.letter + node.indices.translate(_SUBSCRIPTS)
        if not node.indices.replace("-", "").isalnum() and node.indices:
            return f"{node.letter}[{node.indices}]"
        return f"{node.letter}_{node.indices}" if node.indices else node.letter

    @emit.register
    def _(self, node: tree.Number) -> str:
        text = format_number(node.decimal or node.value, node.digits)
        text = with_power_of_ten(text, lambda n: f"·10{str(n).translate(_POWERS)}")
        return text.replace(".", self._decimal).replace("-", "−")

    @emit.register
    def _(self, node: tree.Partial) -> str:
        of = self._operand(node.of)
        return f"∂{f'({of})' if isinstance(node.of, tree.Product) else of}/∂{self.emit(node.by)}"

    @emit.register
    def _(self, node: tree.Fraction) -> str:
        below = self._operand(node.below)
        if isinstance(node.below, (tree.Product, tree.Fraction, tree.Partial)):
            below = f"({below})"
        return f"{self._operand(node.above)}/{below}"

    @emit.register
    def _(self, node: tree.Power) -> str:
        base = self._operand(node.base)
        if isinstance(node.base, UNDER_A_POWER):
            base = f"({base})"
        return f"{base}{str(node.exponent).translate(_POWERS)}"

    @emit.register
    def _(self, node: tree.Call) -> str:
        return f"{node.function}({self._separator.join(map(self.emit, node.arguments))})"

    @emit.register
    def _(self, node: tree.Product) -> str:
        # "·" between digits reads as a decimal point: "×" there
        numbers = all(isinstance(f, tree.Number) for f in node.factors)
        return (" × " if numbers else " · ").join(map(self._operand, node.factors))

    @emit.register
    def _(self, node: tree.Sum) -> str:
        first, *rest = node.terms
        text = self.emit(first)
        for term in rest:
            signed = f"−{self._operand(term.node)}" if isinstance(term, tree.Negated) else self.emit(term)
            text += f" − {signed[1:]}" if signed.startswith("−") else f" + {signed}"
        return text

    @emit.register
    def _(self, node: tree.Negated) -> str:
        return self.emit(node.node) if is_zero(node.node) else f"−{self._operand(node.node)}"

    @emit.register
    def _(self, node: tree.Over) -> str:
        return f"{node.sign}_{','.join(node.letters)} {self._operand(node.body)}"

    @emit.register
    def _(self, node: tree.Relation) -> str:
        return f"{self.emit(node.left)} {node.sign} {self.emit(node.right)}"

    @emit.register
    def _(self, node: tree.Indicator) -> str:
        return f"[{self._separator.join(map(self.emit, node.conditions))}]"

    @emit.register
    def _(self, node: tree.Labelled) -> str:
        return f"({self.emit(node.node)})[{node.word}]"

    @emit.register
    def _(self, node: tree.Word) -> str:
        return f"({node.text})"

    @emit.register
    def _(self, node: tree.Update) -> str:
        return f"{self.emit(node.name)} ← {self.emit(node.name)} − η · {self.emit(node.slope)}"

    @emit.register
    def _(self, node: tree.Equality) -> str:
        return " = ".join(map(self.emit, node.members))

    def _operand(self, node: Node) -> str:
        text = self.emit(node)
        return f"({text})" if bracketed(node) or text.startswith("−") else text

    @emit.register
    def _(self, node: tree.Under) -> str:
        return f"{self._operand(node.node)}{{{self.emit(node.number)}}}"

    @emit.register
    def _(self, node: tree.Matrix) -> str:
        return f"[{'; '.join(', '.join(map(self.emit, row)) for row in node.rows)}]"

    @emit.register
    def _(self, node: tree.Convolution) -> str:
        return f"{self._operand(node.image)} ∗ {self._operand(node.filter)}"
