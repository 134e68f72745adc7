"""A formula as HTML whose lines a browser may break.

Browsers never break a line inside <math>. So a formula becomes several <math> elements, with a possible break between
them: before a sign of a sum and, in a term longer than a line, before the dot of a product. Browsers also paint only
half a brace under a factor: the number under a factor is HTML, below a bracket that CSS draws.
"""

from dataclasses import dataclass

from symcnn.formula import tree
from symcnn.formula.breaking import height, tall, width
from symcnn.formula.conventions import bracketed, descended, signed_term, single_matrix
from symcnn.formula.mathml import MINUS, SIGNS, MathML, function, infix, large, signed
from symcnn.formula.steps import nodes
from symcnn.formula.tree import Node

#: A formula up to this width (em) is never broken.
UNBROKEN = 15.0

#: A left side up to this width has a column of its own, and up to the other even on a phone.
BESIDE, NARROW = 8.0, 3.0

#: Where a line may end.
BREAK = "<wbr>"

_LEFT, _RIGHT = '<mo stretchy="false">(</mo>', '<mo stretchy="false">)</mo>'


@dataclass(frozen=True)
class _FlowPiece:
    """A part of a formula with the sign or bracket before and after it.

    ``operand``: a sum or a negative number is bracketed here.
    """

    node: Node
    before: str = ""
    after: str = ""
    operand: bool = False


@dataclass(frozen=True)
class DisplayLayout:
    """The layout of a display.

    Attributes:
        left: its left side; empty where that is long and begins the first line.
        steps: its further members, line by line.
        narrow: is there room for the left side beside the rest on a phone, too?
    """

    left: str
    steps: tuple[str, ...]
    narrow: bool = False


class Flow:
    """Lays formulas out with the elements of an emitter."""

    def __init__(self, mathml: MathML) -> None:
        self._mathml = mathml

    def inline(self, node: Node) -> str:
        """Return a formula in running text; a single number is text."""
        return self.number(node) if isinstance(node, tree.Number) else self.flow(_FlowPiece(node))

    def equation(self, node: Node) -> DisplayLayout:
        """Lay a display out."""
        match node:
            case tree.Equality((left, second, *rest)) if width(left) > BESIDE:
                whole = _FlowPiece(tree.Equality((left, second)))
                return DisplayLayout(
                    "", (self.flow(whole), *(self.flow(_FlowPiece(member, infix("="))) for member in rest))
                )
            case tree.Equality((left, *rest)):
                pieces = [_FlowPiece(member, infix("=")) for member in rest]
            case tree.Relation(left, sign, right):
                pieces = [_FlowPiece(right, infix(SIGNS[sign]))]
            case tree.Update(left, _):
                pieces = [_FlowPiece(descended(node), infix("←"))]
            case _:
                return DisplayLayout("", (self.flow(_FlowPiece(node)),))
        narrow = not tall(left) and width(left) <= NARROW
        return DisplayLayout(self.flow(_FlowPiece(left)), tuple(map(self.flow, pieces)), narrow)

    def number(self, node: tree.Number) -> str:
        """Return a number as text of the page."""
        return f"<span{self._mathml.live(node)}>{self._mathml.value(node)}</span>"

    def flow(self, piece: _FlowPiece) -> str:
        """Return a piece as elements between which a line may break."""
        node = piece.node
        if isinstance(node, tree.Under):
            return self._under(piece, node)
        inner = () if _fits(node) else _pieces(node, self._mathml)
        if not inner:
            text = self._mathml.operand(node) if piece.operand else self._mathml.emit(node)
            return _math(piece.before + text + piece.after)
        before, after = piece.before, piece.after
        if piece.operand and bracketed(node):
            left, right = _brackets(node)
            before, after = before + left, right + after
        first, last = inner[0], inner[-1]
        if len(inner) == 1:
            return self.flow(_FlowPiece(first.node, before + first.before, first.after + after, first.operand))
        texts = (
            self.flow(_FlowPiece(first.node, before + first.before, first.after, first.operand)),
            *map(self.flow, inner[1:-1]),
            self.flow(_FlowPiece(last.node, last.before, last.after + after, last.operand)),
        )
        if isinstance(node, (tree.Product, tree.Convolution)):
            return BREAK.join(texts)
        # a term is kept together as long as possible
        return BREAK.join(f'<span class="t">{t}</span>' if BREAK in t else t for t in texts)

    def _under(self, piece: _FlowPiece, node: tree.Under) -> str:
        value = node.number
        number = self.number(value) if isinstance(value, tree.Number) else _math(self._mathml.emit(value))
        box = f'<span class="uf">{_math(self._mathml.operand(node.node))}<span class="un">{number}</span></span>'
        if not piece.before and not piece.after:
            return box
        return f'<span class="k">{_alone(piece.before)}{box}{_alone(piece.after)}</span>'


def _fits(node: Node) -> bool:
    """Is the formula short, without numbers under factors, which MathML can't set?"""
    return width(node) <= UNBROKEN and not any(isinstance(n, tree.Under) for n in nodes(node))


def _pieces(node: Node, mathml: MathML) -> tuple[_FlowPiece, ...]:
    """Return the parts between which a formula may be broken; nothing where it must stay whole."""
    match node:
        case tree.Sum((first, *rest)):
            return (
                _FlowPiece(first),
                *(_FlowPiece(term, infix(sign), operand=operand) for sign, term, operand in map(signed_term, rest)),
            )
        case tree.Product((first, *rest)):
            return (_FlowPiece(first, operand=True), *(_FlowPiece(f, infix("⋅"), operand=True) for f in rest))
        case tree.Negated(inner):
            return (_FlowPiece(inner, MINUS, operand=True),)
        case tree.Power(base, exponent) if bracketed(base):
            left, right = _brackets(base)
            return (_FlowPiece(base, left, _script("sup", right, f"<mn>{signed(exponent)}</mn>", tall(base))),)
        case tree.Call(_, arguments):
            left, right = ("", "") if single_matrix(arguments) else _brackets(node)
            return _list(arguments, function(node) + left, right, mathml.separator)
        case tree.Indicator(conditions):
            return _list(conditions, '<mo stretchy="false">[</mo>', '<mo stretchy="false">]</mo>', mathml.separator)
        case tree.Labelled(inner, word) if not single_matrix((inner,)):
            left, right = _brackets(inner)
            return (
                _FlowPiece(inner, left, _script("sub", right, f"<mtext>{mathml.clean(word)}</mtext>", tall(inner))),
            )
        case tree.Partial(of, by) if bracketed(of):
            return (_FlowPiece(of, mathml.by(by), operand=True),)
        case tree.Over(_, _, body):
            return (_FlowPiece(body, large(node), operand=True),)
        case tree.Relation(left, sign, right):
            return (_FlowPiece(left), _FlowPiece(right, infix(SIGNS[sign])))
        case tree.Equality((first, *rest)):
            return (_FlowPiece(first), *(_FlowPiece(member, infix("=")) for member in rest))
        case tree.Update(name, _):
            return (_FlowPiece(name), _FlowPiece(descended(node), infix("←")))
        case tree.Convolution(image, filter):
            return (_FlowPiece(image, operand=True), _FlowPiece(filter, infix("∗"), operand=True))
    return ()


def _list(nodes: tuple[Node, ...], left: str, right: str, separator: str) -> tuple[_FlowPiece, ...]:
    """Return the items of a list between brackets, with a separator after each but the last."""
    befores = [left, *("" for _ in nodes[1:])]
    afters = [*(separator for _ in nodes[1:]), right]
    return tuple(map(_FlowPiece, nodes, befores, afters))


def _brackets(node: Node) -> tuple[str, str]:
    """Return brackets as high as what they enclose, which stands in other elements."""
    if not tall(node):
        return _LEFT, _RIGHT
    size = f"{height(node):.3g}em"
    high = f'<mo minsize="{size}" maxsize="{size}">'
    return f"{high}(</mo>", f"{high})</mo>"


def _script(kind: str, bracket: str, text: str, high: bool) -> str:
    """Return a bracket with a script. As the base of the script itself a tall bracket would not be stretched."""
    if high:
        return f'{bracket}<m{kind}><mspace width="0" height="1.5em" depth="1em"></mspace>{text}</m{kind}>'
    return f"<m{kind}>{bracket}{text}</m{kind}>"


def _math(text: str) -> str:
    return f"<math>{text}</math>"


def _alone(text: str) -> str:
    """Return a sign between empty identifiers, without which Firefox leaves out its space."""
    return _math(f"<mi></mi>{text}<mi></mi>") if text else ""
