"""Native MathML, for a page: one rule a node, and lines that a browser may break.

Browsers never break a line inside <math>. So a formula flows as several <math> elements, one for each place where a
line may end: before a sign of a sum, and where a term is longer than a line, before the dot of a product. Two more
things that browsers make necessary:

- An operator that begins a <math> takes the spacing of a prefix; ``form="infix"`` says that it is none.
- A brace under a factor is painted half. So the number under a factor stands in HTML, below a bracket drawn by CSS.

A number and a quantity carry ``data-v``, the key by which their other appearances are found; a number that the page can
show at another step of the training carries its significant digits (``data-digits``), and ``data-p`` where it stands in
brackets while it is negative.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatchmethod
from html import escape

from symcnn.formula import tree
from symcnn.formula.extent import parts, tall, width
from symcnn.formula.plain import Plain
from symcnn.formula.tree import Node

#: A formula up to this width (em) is never broken.
UNBROKEN = 15.0

#: A left side up to this width has a column of its own, and up to the other even on a phone.
BESIDE, NARROW = 8.0, 3.0

#: Where a line may end.
BREAK = "<wbr>"

_SIGNS = {"=": "=", "<": "&lt;", ">": "&gt;", "≤": "≤", "+=": "+="}
#: What is coloured: ∂E by what.
_CLASSES = {"f": "filter", "F": "filter", "x": "gradient", "X": "gradient"}
_FUNCTIONS = {"σ": "σ", "tanh": "tanh", "ReLU": "ReLU", "LeakyReLU": "LeakyReLU", "exp": "exp", "ln": "ln",
              "max": "max", "Σ": "∑"}  # fmt: skip
_INDEX = re.compile(r"(?P<mn>\d+)|(?P<mi>[^\W\d_])|(?P<mtext>-)|(?P<mo>\S)")
_LEFT, _RIGHT = '<mo stretchy="false">(</mo>', '<mo stretchy="false">)</mo>'
_DOT, _COMMA, _MINUS = '<mo form="infix">⋅</mo>', '<mo separator="true">,</mo>', '<mo form="prefix">−</mo>'


@dataclass(frozen=True)
class _Piece:
    """A part of a formula with what keeps to its beginning and end: a sign, a bracket.

    ``operand``: a sum or a negative number is put in brackets here.
    """

    node: Node
    before: str = ""
    after: str = ""
    operand: bool = False


@dataclass(frozen=True)
class Laid:
    """A display, laid out.

    Attributes:
        left: its left side; empty where that is long and begins the first line.
        steps: what is said of it, line by line.
        narrow: has the left side a place beside the rest on a phone, too?
    """

    left: str
    steps: tuple[str, ...]
    narrow: bool = False


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
        self._key = key or (lambda node: "")
        self._clean = clean
        #: in ∂E/∂x, E and x are no quantities of their own
        self._unmarked = self if key is None else MathML(decimal, None, clean)

    # --- on the page ------------------------------------------------------------------------------------------------

    def inline(self, node: Node) -> str:
        """A formula in running text; a number by itself is text."""
        return self.number(node) if isinstance(node, tree.Number) else self.flow(_Piece(node))

    def equation(self, node: Node) -> Laid:
        """A display."""
        match node:
            case tree.Equality((left, second, *rest)) if width(left) > BESIDE:
                whole = _Piece(tree.Equality((left, second)))
                return Laid("", (self.flow(whole), *(self.flow(_Piece(member, _infix("="))) for member in rest)))
            case tree.Equality((left, *rest)):
                pieces = [_Piece(member, _infix("=")) for member in rest]
            case tree.Relation(left, sign, right):
                pieces = [_Piece(right, _infix(_SIGNS[sign]))]
            case tree.Update(left, _):
                pieces = [_Piece(_descended(node), _infix("←"))]
            case _:
                return Laid("", (self.flow(_Piece(node)),))
        narrow = not tall(left) and width(left) <= NARROW
        return Laid(self.flow(_Piece(left)), tuple(map(self.flow, pieces)), narrow)

    def number(self, node: tree.Number) -> str:
        """A number as text of the page."""
        return f"<span{self._live(node)}>{self._plain.emit(node)}</span>"

    def flow(self, piece: _Piece) -> str:
        """A piece as elements between which a line may break."""
        node = piece.node
        if isinstance(node, tree.Under):
            return self._under(piece, node)
        inner = () if _fits(node) else _pieces(node, self._clean)
        if not inner:
            return _math(piece.before + (self._operand(node) if piece.operand else self.emit(node)) + piece.after)
        before, after = piece.before, piece.after
        if piece.operand and _bracketed(node):
            left, right = _brackets(node)
            before, after = before + left, right + after
        first, last = inner[0], inner[-1]
        if len(inner) == 1:
            return self.flow(_Piece(first.node, before + first.before, first.after + after, first.operand))
        texts = (
            self.flow(_Piece(first.node, before + first.before, first.after, first.operand)),
            *map(self.flow, inner[1:-1]),
            self.flow(_Piece(last.node, last.before, last.after + after, last.operand)),
        )
        return BREAK.join(f'<span class="t">{t}</span>' if BREAK in t else t for t in texts)

    def _under(self, piece: _Piece, node: tree.Under) -> str:
        number = self.number(node.number) if isinstance(node.number, tree.Number) else _math(self.emit(node.number))
        box = f'<span class="uf">{_math(self._operand(node.node))}<span class="un">{number}</span></span>'
        if not piece.before and not piece.after:
            return box
        return f'<span class="k">{_alone(piece.before)}{box}{_alone(piece.after)}</span>'

    # --- one rule a node --------------------------------------------------------------------------------------------

    @singledispatchmethod
    def emit(self, node: Node) -> str:
        """What stands inside <math>."""
        raise TypeError(f"no rule to display {node!r}")

    @emit.register
    def _(self, node: tree.Symbol) -> str:
        # f reaches over its foot: the page sets that nearer
        letters = "".join(f"<mi{_class('f' if c == 'f' else '')}>{self._clean(c)}</mi>" for c in node.letter)
        below = _indices(node.indices)
        if node.word:
            below += (_COMMA if below else "") + f"<mtext>{self._clean(node.word)}</mtext>"
        mark = self._mark(node)
        letter = letters if len(node.letter) == 1 else f"<mrow>{letters}</mrow>"
        if below:
            return f"<msub{mark}>{letter}<mrow>{below}</mrow></msub>"
        return f"<mrow{mark}>{letters}</mrow>" if mark else letters

    @emit.register
    def _(self, node: tree.Number) -> str:
        return f"<mn{self._live(node)}>{self._plain.emit(node)}</mn>"

    @emit.register
    def _(self, node: tree.Partial) -> str:
        above, below = (f"<mrow><mi>∂</mi>{self._unmarked.differentiated(n)}</mrow>" for n in (node.of, node.by))
        of_error = isinstance(node.of, tree.Symbol) and node.of.letter == "E"
        colour = _CLASSES.get(node.by.letter[:1], "") if of_error and isinstance(node.by, tree.Symbol) else ""
        return f"<mrow{_class(colour)}{self._mark(node)}>{_fraction(above, below)}</mrow>"

    @emit.register
    def _(self, node: tree.Fraction) -> str:
        return _fraction(_row(self.emit(node.above)), _row(self.emit(node.below)))

    @emit.register
    def _(self, node: tree.Power) -> str:
        base = self._operand(node.base)
        if isinstance(node.base, _POWERS_IN_BRACKETS):
            base = f"<mo>(</mo>{base}<mo>)</mo>"
        return f"<msup>{_row(base)}<mn>{_signed(node.exponent)}</mn></msup>"

    @emit.register
    def _(self, node: tree.Call) -> str:
        return f"{_function(node)}{_row('<mo>(</mo>' + _COMMA.join(map(self.emit, node.arguments)) + '<mo>)</mo>')}"

    @emit.register
    def _(self, node: tree.Product) -> str:
        return _DOT.join(map(self._operand, node.factors))

    @emit.register
    def _(self, node: tree.Sum) -> str:
        return "".join(
            p.before + (self._operand(p.node) if p.operand else self.emit(p.node)) for p in _pieces(node, self._clean)
        )

    @emit.register
    def _(self, node: tree.Negated) -> str:
        zero = isinstance(node.node, tree.Number) and node.node.value == 0 and not node.node.key
        return self.emit(node.node) if zero else _MINUS + self._operand(node.node)

    @emit.register
    def _(self, node: tree.Over) -> str:
        return _large(node) + self._operand(node.body)

    @emit.register
    def _(self, node: tree.Relation) -> str:
        return self.emit(node.left) + _infix(_SIGNS[node.sign]) + self.emit(node.right)

    @emit.register
    def _(self, node: tree.Indicator) -> str:
        return _row("<mo>[</mo>" + _COMMA.join(map(self.emit, node.conditions)) + "<mo>]</mo>")

    @emit.register
    def _(self, node: tree.Labelled) -> str:
        word = f"<mtext>{self._clean(node.word)}</mtext>"
        inner = self.emit(node.node)  # a matrix has its own brackets
        return f"<msub>{inner if isinstance(node.node, tree.Matrix) else _row(f'<mo>(</mo>{inner}<mo>)</mo>')}{word}</msub>"

    @emit.register
    def _(self, node: tree.Update) -> str:
        return self.emit(node.name) + _infix("←") + self.emit(_descended(node))

    @emit.register
    def _(self, node: tree.Under) -> str:
        return f'<munder>{_row(self._operand(node.node))}<mrow class="un">{self.emit(node.number)}</mrow></munder>'

    @emit.register
    def _(self, node: tree.Matrix) -> str:
        rows = ("".join(f"<mtd>{self.emit(n)}</mtd>" for n in row) for row in node.rows)
        wide = _class("wide" if width(node) > UNBROKEN else "")
        return _row(f"<mo>(</mo><mtable{wide}>{''.join(f'<mtr>{row}</mtr>' for row in rows)}</mtable><mo>)</mo>")

    @emit.register
    def _(self, node: tree.Convolution) -> str:
        return self._operand(node.image) + _infix("∗") + self._operand(node.filter)

    @emit.register
    def _(self, node: tree.Word) -> str:
        return f"<mtext>{self._clean(node.text)}</mtext>"

    @emit.register
    def _(self, node: tree.Equality) -> str:
        return _infix("=").join(map(self.emit, node.members))

    # --- parts ------------------------------------------------------------------------------------------------------

    def _operand(self, node: Node) -> str:
        """In brackets where the signs before and after would else be misread."""
        if isinstance(node, tree.Number):
            text = self._plain.emit(node)
            negative = text.startswith("−")
            bracketed = " data-p" if node.key else ""
            return f"<mn{self._live(node)}{bracketed}>{f'({text})' if negative else text}</mn>"
        return _row(f"<mo>(</mo>{self.emit(node)}<mo>)</mo>") if _bracketed(node) else self.emit(node)

    def differentiated(self, node: Node) -> str:
        """What stands behind ∂: in brackets, unless it is a single quantity."""
        text = self.emit(node)
        return (
            text if isinstance(node, (tree.Symbol, tree.Call, tree.Labelled)) else _row(f"<mo>(</mo>{text}<mo>)</mo>")
        )

    def _mark(self, node: Node) -> str:
        key = self._key(node)
        return f' data-v="{escape(key)}"' if key else ""

    def _live(self, node: tree.Number) -> str:
        if not node.key:
            return ""
        digits = "" if node.digits is None else f' data-digits="{node.digits}"'
        return f' data-v="{escape(node.key)}"{digits}'


#: What needs brackets under an exponent, besides what needs them as a factor.
_POWERS_IN_BRACKETS = (tree.Fraction, tree.Partial, tree.Product, tree.Power, tree.Over, tree.Convolution)


def _fits(node: Node) -> bool:
    """Is it short, with no number under a factor, which MathML can't set?"""
    return width(node) <= UNBROKEN and not any(isinstance(n, tree.Under) for n in parts(node))


def _pieces(node: Node, clean: Callable[[str], str]) -> tuple[_Piece, ...]:
    """What a formula may be broken into; nothing where it must stay whole."""
    match node:
        case tree.Sum((first, *rest)):
            return (_Piece(first), *map(_term, rest))
        case tree.Product((first, *rest)):
            return (_Piece(first, operand=True), *(_Piece(f, _DOT, operand=True) for f in rest))
        case tree.Negated(inner):
            return (_Piece(inner, _MINUS, operand=True),)
        case tree.Power(base, exponent) if _bracketed(base):
            left, right = _brackets(base)
            return (_Piece(base, left, _script("sup", right, f"<mn>{_signed(exponent)}</mn>", tall(base))),)
        case tree.Call(_, arguments):
            left, right = _brackets(node)
            texts = [_function(node) + left, *(_COMMA for _ in arguments[1:])]
            ends = [*("" for _ in arguments[1:]), right]
            return tuple(map(_Piece, arguments, texts, ends))
        case tree.Labelled(inner, word) if not isinstance(inner, tree.Matrix):
            left, right = _brackets(inner)
            return (_Piece(inner, left, _script("sub", right, f"<mtext>{clean(word)}</mtext>", tall(inner))),)
        case tree.Over(_, _, body):
            return (_Piece(body, _large(node), operand=True),)
        case tree.Relation(left, sign, right):
            return (_Piece(left), _Piece(right, _infix(_SIGNS[sign])))
        case tree.Equality((first, *rest)):
            return (_Piece(first), *(_Piece(member, _infix("=")) for member in rest))
        case tree.Update(name, _):
            return (_Piece(name), _Piece(_descended(node), _infix("←")))
        case tree.Convolution(image, filter):
            return (_Piece(image, operand=True), _Piece(filter, _infix("∗"), operand=True))
    return ()


def _term(node: Node) -> _Piece:
    """A further term of a sum with its sign."""
    if isinstance(node, tree.Negated):
        return _Piece(node.node, _infix("−"), operand=True)
    return _Piece(node, _infix("+"), operand=isinstance(node, tree.Number))


def _descended(node: tree.Update) -> Node:
    """What an update puts in a parameter's place."""
    return tree.Sum((node.name, tree.Negated(tree.Product((tree.Symbol("η"), node.slope)))))


def _bracketed(node: Node) -> bool:
    return isinstance(node, (tree.Sum, tree.Negated))


def _brackets(node: Node) -> tuple[str, str]:
    """As high as what they enclose, which stands in other elements."""
    if not tall(node):
        return _LEFT, _RIGHT
    high = ' minsize="2.6em" maxsize="2.6em"'
    return f"<mo{high}>(</mo>", f"<mo{high}>)</mo>"


def _script(kind: str, bracket: str, text: str, high: bool) -> str:
    """A bracket with something at its head or foot. As the base of a script a high one would not be stretched."""
    if high:
        return f'{bracket}<m{kind}><mspace width="0" height="1.5em" depth="1em"></mspace>{text}</m{kind}>'
    return f"<m{kind}>{bracket}{text}</m{kind}>"


def _large(node: tree.Over) -> str:
    sign = {"Σ": '<mo movablelimits="false">∑</mo>', "max": "<mo>max</mo>"}[node.sign]
    return f"<munder>{sign}<mrow>{_COMMA.join(f'<mi>{escape(x)}</mi>' for x in node.letters)}</mrow></munder>"


def _function(node: tree.Call) -> str:
    name = _FUNCTIONS[node.function]
    return f"<mo>{name}</mo>" if name == "∑" else f"<mi>{name}</mi>"


def _indices(text: str) -> str:
    """12, r+p, c+q, x11-h1, (R−p)/2: each sign an element; a hyphen stays one."""
    found = ""
    for match in _INDEX.finditer(text):
        kind, sign = str(match.lastgroup), escape(match.group())
        if kind == "mo":
            attribute = ' separator="true"' if sign == "," else ' stretchy="false"' if sign in "()" else ""
            found += f"<mo{attribute}>{sign}</mo>"
        else:
            found += f"<{kind}>{sign}</{kind}>"
    return found


def _signed(exponent: int) -> str:
    return str(exponent).replace("-", "−")


def _fraction(above: str, below: str) -> str:
    return f'<mfrac linethickness="1px">{above}{below}</mfrac>'  # by chance one or two pixels unless it is told


def _infix(sign: str) -> str:
    return f'<mo form="infix">{sign}</mo>'


def _row(text: str) -> str:
    return f"<mrow>{text}</mrow>"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _math(text: str) -> str:
    return f"<math>{text}</math>"


def _alone(text: str) -> str:
    """A sign by itself: between nothings, or Firefox leaves out its space."""
    return _math(f"<mi></mi>{text}<mi></mi>") if text else ""
