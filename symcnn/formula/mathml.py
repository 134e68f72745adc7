"""Native MathML: one rule a node.

A number and a quantity carry ``data-v``, a key that is the same wherever they occur; a number that the page can show at
another step of the training carries its significant digits (``data-digits``), and ``data-p`` where it is bracketed
while it is negative. An operator that begins a <math> would take the spacing of a prefix: ``form="infix"``.
"""

import re
from collections.abc import Callable
from html import escape

from symcnn.dispatch import DispatchMethod
from symcnn.formula import tree
from symcnn.formula.breaking import width
from symcnn.formula.conventions import UNDER_A_POWER, bracketed, descended, is_zero, signed_term, single_matrix
from symcnn.formula.plain import Plain
from symcnn.formula.tree import Node

#: A matrix wider than this (em) is set smaller on a phone.
WIDE = 15.0

SIGNS = {"=": "=", "<": "&lt;", ">": "&gt;", "≤": "≤", "+=": "+="}
#: Letter of x in ∂E/∂x -> its colour class.
_CLASSES = {"f": "filter", "F": "filter", "x": "gradient", "X": "gradient"}
_INDEX = re.compile(r"(?P<mn>\d+)|(?P<mi>[^\W\d_])|(?P<mtext>-)|(?P<mo>\S)")
#: Between things of a list in a language whose decimal sign is a comma.
SEMICOLON = '<mo separator="true" lspace="0.2em">;</mo>'
COMMA, MINUS = '<mo separator="true">,</mo>', '<mo form="prefix">−</mo>'


class MathML:
    """Emits MathML.

    Args:
        decimal: the decimal sign, "." or ",".
        key: the key of a quantity, as a number's: "x_12", "dE_df_11"; "" if it has none.
        clean: what makes words harmless.
    """

    def __init__(
        self,
        decimal: str = ".",
        key: Callable[[Node], str] | None = None,
        clean: Callable[[str], str] = escape,
    ) -> None:
        self._plain = Plain(decimal)
        #: Between things of a list.
        self.separator = COMMA if decimal == "." else SEMICOLON
        self._key = key or (lambda node: "")
        self.clean = clean
        #: in ∂E/∂x, E and x are no quantities of their own
        self._unmarked = self if key is None else MathML(decimal, None, clean)

    # --- one rule a node --------------------------------------------------------------------------------------------

    @DispatchMethod
    def emit(self, node: Node) -> str:
        """Return the content of <math>."""
        raise TypeError(f"no rule to display {node!r}")

    @emit.register
    def _(self, node: tree.Symbol) -> str:
        # f reaches over its foot: the page sets that nearer
        letters = "".join(f"<mi{classed('f' if c == 'f' else '')}>{self.clean(c)}</mi>" for c in node.letter)
        below = _indices(node.indices)
        if node.word:
            below += (COMMA if below else "") + f"<mtext>{self.clean(node.word)}</mtext>"
        alone = below.count("</m") == 1
        mark = self._mark(node)
        letter = letters if len(node.letter) == 1 else f"<mrow>{letters}</mrow>"
        if below:
            return f"<msub{mark}>{letter}{below if alone else row(below)}</msub>"
        return f"<mrow{mark}>{letters}</mrow>" if mark else letters

    @emit.register
    def _(self, node: tree.Number) -> str:
        return f"<mn{self.live(node)}>{self.value(node)}</mn>"

    @emit.register
    def _(self, node: tree.Partial) -> str:
        if bracketed(node.of):
            return self.by(node.by) + self.operand(node.of)
        above, below = (f"<mrow><mi>∂</mi>{self._unmarked.differentiated(n)}</mrow>" for n in (node.of, node.by))
        of_error = isinstance(node.of, tree.Symbol) and node.of.letter == "E"
        colour = _CLASSES.get(node.by.letter[:1], "") if of_error and isinstance(node.by, tree.Symbol) else ""
        return _fraction(above, below, classed(colour) + self._mark(node))

    @emit.register
    def _(self, node: tree.Fraction) -> str:
        return _fraction(row(self.emit(node.above)), row(self.emit(node.below)))

    @emit.register
    def _(self, node: tree.Power) -> str:
        base = self.operand(node.base)
        if isinstance(node.base, _POWERS_IN_BRACKETS):
            base = f"<mo>(</mo>{base}<mo>)</mo>"
        return f"<msup>{row(base)}<mn>{signed(node.exponent)}</mn></msup>"

    @emit.register
    def _(self, node: tree.Call) -> str:
        inside = self.separator.join(map(self.emit, node.arguments))
        return function(node) + self._bracketed(inside, node.arguments)

    @emit.register
    def _(self, node: tree.Product) -> str:
        return between("⋅").join(map(self.operand, node.factors))

    @emit.register
    def _(self, node: tree.Sum) -> str:
        first, *rest = node.terms
        text = self.emit(first)
        for sign, term, operand in map(signed_term, rest):
            text += between(sign) + (self.operand(term) if operand else self.emit(term))
        return text

    @emit.register
    def _(self, node: tree.Negated) -> str:
        # a number that may change keeps its sign
        zero = is_zero(node.node) and not (isinstance(node.node, tree.Number) and node.node.key)
        return self.emit(node.node) if zero else MINUS + self.operand(node.node)

    @emit.register
    def _(self, node: tree.Over) -> str:
        return large(node) + self.operand(node.body)

    @emit.register
    def _(self, node: tree.Relation) -> str:
        return self.emit(node.left) + between(SIGNS[node.sign]) + self.emit(node.right)

    @emit.register
    def _(self, node: tree.Indicator) -> str:
        return row("<mo>[</mo>" + self.separator.join(map(self.emit, node.conditions)) + "<mo>]</mo>")

    @emit.register
    def _(self, node: tree.Labelled) -> str:
        word = f"<mtext>{self.clean(node.word)}</mtext>"
        return f"<msub>{self._bracketed(self.emit(node.node), (node.node,))}{word}</msub>"

    @emit.register
    def _(self, node: tree.Update) -> str:
        return self.emit(node.name) + between("←") + self.emit(descended(node))

    @emit.register
    def _(self, node: tree.Under) -> str:
        return f'<munder>{row(self.operand(node.node))}<mrow class="un">{self.emit(node.number)}</mrow></munder>'

    @emit.register
    def _(self, node: tree.Matrix) -> str:
        cells = (("".join(f"<mtd>{self.emit(n)}</mtd>" for n in entries)) for entries in node.rows)
        rows = "".join(f"<mtr>{entries}</mtr>" for entries in cells)
        wide = classed("wide" if width(node) > WIDE else "")
        return row(f"<mo>(</mo><mtable{wide}>{rows}</mtable><mo>)</mo>")

    @emit.register
    def _(self, node: tree.Convolution) -> str:
        return self.operand(node.image) + between("∗") + self.operand(node.filter)

    @emit.register
    def _(self, node: tree.Word) -> str:
        return f"<mtext>{self.clean(node.text)}</mtext>"

    @emit.register
    def _(self, node: tree.Equality) -> str:
        return between("=").join(map(self.emit, node.members))

    # --- parts ------------------------------------------------------------------------------------------------------

    def operand(self, node: Node) -> str:
        """Return a node in brackets where the signs around it would else be misread."""
        if isinstance(node, tree.Number):
            text = self.value(node)
            may_turn = " data-p" if node.key else ""
            return f"<mn{self.live(node)}{may_turn}>{f'({text})' if text.startswith('−') else text}</mn>"
        return row(f"<mo>(</mo>{self.emit(node)}<mo>)</mo>") if bracketed(node) else self.emit(node)

    def _bracketed(self, text: str, nodes: tuple[Node, ...]) -> str:
        """Bracket ``text``, unless it is a single matrix."""
        return text if single_matrix(nodes) else row(f"<mo>(</mo>{text}<mo>)</mo>")

    def differentiated(self, node: Node) -> str:
        """Return a node behind ∂: in brackets, unless it is a single quantity."""
        text = self.emit(node)
        return text if isinstance(node, (tree.Symbol, tree.Call, tree.Labelled)) else row(f"<mo>(</mo>{text}<mo>)</mo>")

    def by(self, node: Node) -> str:
        """Return ∂/∂x."""
        return _fraction("<mi>∂</mi>", row(f"<mi>∂</mi>{self._unmarked.differentiated(node)}"))

    def value(self, node: tree.Number) -> str:
        """Return a number's text."""
        return self._plain.emit(node)

    def _mark(self, node: Node) -> str:
        key = self._key(node)
        return f' data-v="{escape(key)}"' if key else ""

    def live(self, node: tree.Number) -> str:
        """Return the attributes of an element that contains only a number's text."""
        if node.key is None:
            return ""
        digits = "" if node.digits is None else f' data-digits="{node.digits}"'
        return f' data-v="{escape(str(node.key))}"{digits}'


_POWERS_IN_BRACKETS = (*UNDER_A_POWER, tree.Partial, tree.Convolution)


def large(node: tree.Over) -> str:
    sign = {"Σ": '<mo movablelimits="false">∑</mo>', "max": "<mo>max</mo>"}[node.sign]
    return f"<munder>{sign}<mrow>{COMMA.join(f'<mi>{escape(x)}</mi>' for x in node.letters)}</mrow></munder>"


def function(node: tree.Call) -> str:
    return "<mo>∑</mo>" if node.function == "Σ" else f"<mi>{node.function}</mi>"


def _indices(text: str) -> str:
    """Return indices, 12, r+p, x11-h1 or (R−p)/2, with an element for each sign; a hyphen stays one."""
    elements = ""
    for match in _INDEX.finditer(text):
        kind, sign = str(match.lastgroup), escape(match.group())
        if kind == "mo":
            attribute = ' separator="true"' if sign == "," else ' stretchy="false"' if sign in "()" else ""
            elements += f"<mo{attribute}>{sign}</mo>"
        else:
            elements += f"<{kind}>{sign}</{kind}>"
    return elements


def signed(exponent: int) -> str:
    return str(exponent).replace("-", "−")


def _fraction(above: str, below: str, attributes: str = "") -> str:
    """Return a fraction with a bar of one pixel, which else is one or two by chance."""
    return f'<mfrac{attributes} linethickness="1px">{above}{below}</mfrac>'


def between(sign: str) -> str:
    """Return a sign between two operands."""
    return f"<mo>{sign}</mo>"


def infix(sign: str) -> str:
    """Return a sign that begins an element."""
    return f'<mo form="infix">{sign}</mo>'


def row(text: str) -> str:
    return f"<mrow>{text}</mrow>"


def classed(name: str) -> str:
    return f' class="{name}"' if name else ""
