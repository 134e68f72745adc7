"""Where a long formula goes on on the next line: before a sign, never inside a fraction or a factor.

A line is a row of pieces. A formula that fits is one piece. What does not fit is opened: a sum at its signs, a product
at its dots, a bracket behind the sign before it, and so on inwards, only as far as it must be. Widths are estimates, in
em of a displayed formula, a little on the wide side: no print can ask a font.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import singledispatch

from symcnn.formula import tree
from symcnn.formula.brackets import bracketed, signed_term
from symcnn.formula.numerals import shown
from symcnn.formula.steps import nodes
from symcnn.formula.tree import Node

#: Estimated widths: one character, a binary sign with its space, a sign of relation, a bracket.
LETTER, DIGIT, SCRIPT, BINARY, RELATION, BRACKET = 0.6, 0.52, 0.7, 1.25, 1.4, 0.45

#: How far a line that goes on is set in.
INDENT = 1.0


@dataclass(frozen=True)
class Piece:
    """What stands together on a line.

    Attributes:
        before: signs and opening brackets in front of it: "=", "+", "−", "·", "(", "max(", high ones as "⎛".
        node: a formula that is set as a whole.
        after: closing brackets behind it, ")", "⎞", of a labelled formula "⎞^image 1"; or a comma.
        bare: the node is a factor or a term behind a sign, and is bracketed where that needs brackets.
        first: it begins a line: what follows it belongs to it, and is on several.
    """

    before: tuple[str, ...]
    node: Node
    after: tuple[str, ...] = ()
    bare: bool = False
    first: bool = False

    @property
    def width(self) -> float:
        signs = sum(RELATION if sign == "=" else BINARY if len(sign) == 1 and sign not in "(⎛" else LETTER * len(sign)
                    for sign in self.before)  # fmt: skip
        brackets = 2 * BRACKET if self.bare and bracketed(self.node) else 0
        closed = sum(BRACKET + SCRIPT * DIGIT * (len(bracket) - 1) for bracket in self.after)
        return signs + width(self.node) + brackets + closed


#: One line of a display.
Line = tuple[Piece, ...]


def lines(node: Node, most: float) -> tuple[Node | None, tuple[Line, ...]]:
    """A display as lines of at most ``most`` em: what stands to the left of the signs of equality, and the lines.

    Each member of an equality begins a line of its own, with its sign, where there is more than one.
    """
    members: tuple[Node, ...]
    if isinstance(node, tree.Relation):
        left, members, sign = node.left, (node.right,), str(node.sign)
    elif isinstance(node, tree.Equality) and len(node.members) > 1:
        left, members, sign = node.members[0], node.members[1:], "="
    else:
        return None, _filled(Piece((), node), most)
    room = most - width(left)
    found = tuple(line for m in members for line in _filled(Piece((sign,), m), room))
    if max(sum(piece.width for piece in line) for line in found) <= room:
        return left, found
    # too wide beside it: what is on the left has lines for itself
    room = most - INDENT
    below = (line for m in members for line in _filled(Piece((sign,), m), room))
    return None, (*_filled(Piece((), left), most), *below)


def _filled(piece: Piece, most: float) -> tuple[Line, ...]:
    """A member on as few lines as it needs, of about one width."""
    pieces = _opened(piece, most)
    found = _lines(pieces, most)
    target = sum(p.width for p in pieces) / len(found)
    while len(found) > 1 and target < most:
        even = _lines(pieces, target)
        if len(even) == len(found):
            return even
        target *= 1.04
    return found


def _lines(pieces: tuple[Piece, ...], most: float) -> tuple[Line, ...]:
    """Each line taken as full as it goes."""
    found: list[list[Piece]] = [[]]
    for piece in pieces:
        if found[-1] and (piece.first or sum(p.width for p in found[-1]) + piece.width > most):
            found.append([])
        found[-1].append(piece)
    return tuple(map(tuple, found))


def _opened(piece: Piece, most: float) -> tuple[Piece, ...]:
    """The pieces of a piece, each as large as fits."""
    if piece.width <= most:
        return (piece,)
    inner = _parts(piece)
    if not inner:
        return (piece,)
    room = most - 2 * BINARY
    found: list[Piece] = []
    for part in inner:
        opened = _opened(part, room)
        apart = len(opened) > 1 and isinstance(part.node, tree.Labelled)
        found += (replace(opened[0], first=True), *opened[1:]) if apart else opened
    return tuple(found)


def _parts(piece: Piece) -> Sequence[Piece]:
    """A piece opened by one step; nothing where there is no place to break."""
    node = piece.node
    if isinstance(node, tree.Negated):
        return [Piece((*piece.before, "−"), node.node, piece.after, bare=True)]
    opening, closing = ("⎛", "⎞") if tall(node) else ("(", ")")
    if piece.bare and isinstance(node, tree.Sum):
        return [Piece((*piece.before, opening), node, (closing, *piece.after))]
    if isinstance(node, tree.Labelled) and not isinstance(node.node, tree.Matrix):
        return [Piece((*piece.before, opening), node.node, (f"{closing}^{node.word}", *piece.after))]
    if isinstance(node, tree.Sum):
        terms = [Piece((sign,), term, (), operand) for sign, term, operand in map(signed_term, node.terms)]
        if not isinstance(node.terms[0], tree.Negated):
            terms[0] = Piece((), node.terms[0])
        return _around(piece, terms)
    if isinstance(node, tree.Product):
        return _around(piece, [Piece(("·",) if n else (), f, (), True) for n, f in enumerate(node.factors)])
    if isinstance(node, tree.Partial) and isinstance(node.of, tree.Sum):
        operator = tree.Partial(tree.Symbol(""), node.by)
        return _around(piece, [Piece((), operator), Piece((opening,), node.of, (closing,))])
    if isinstance(node, tree.Over):
        sign = replace(node, body=tree.Symbol(""))
        return _around(piece, [Piece((), sign), Piece((), node.body, (), True)])
    if isinstance(node, tree.Call):
        *others, last = node.arguments
        arguments = [*(Piece((), a, (",",)) for a in others), Piece((), last)]
        return _around(Piece((*piece.before, node.function + opening), node, (closing, *piece.after)), arguments)
    return ()


def _around(piece: Piece, parts: list[Piece]) -> list[Piece]:
    """What stood before and after the whole stands before its first and after its last part."""
    parts[0] = replace(parts[0], before=(*piece.before, *parts[0].before))
    parts[-1] = replace(parts[-1], after=(*parts[-1].after, *piece.after))
    return parts


# --- widths -----------------------------------------------------------------------------------------------------------


@singledispatch
def width(node: Node) -> float:
    """About how wide a displayed formula is, in em."""
    raise TypeError(f"no width of {node!r}")


@width.register
def _(node: tree.Symbol) -> float:
    inside = f"{node.indices},{node.word}" if node.indices and node.word else node.indices or node.word
    return LETTER * len(node.letter) + 0.1 + SCRIPT * DIGIT * len(inside)


@width.register
def _(node: tree.Number) -> float:
    text = shown(node.decimal or node.value, node.digits)
    return DIGIT * len(text) + (BINARY if "e" in text else 0) + (2 * BRACKET if text.startswith("-") else 0)


@width.register
def _(node: tree.Word) -> float:
    return DIGIT * len(node.text)


@width.register
def _(node: tree.Partial) -> float:
    of, by = width(node.of), LETTER + width(node.by)
    if bracketed(node.of):
        return by + of + 2 * BRACKET + 0.25
    return max(LETTER + of + 2 * BRACKET * isinstance(node.of, tree.Product), by) + 0.25


@width.register
def _(node: tree.Fraction) -> float:
    return max(width(node.above), width(node.below)) + 0.25


@width.register
def _(node: tree.Power) -> float:
    plain = isinstance(node.base, (tree.Symbol, tree.Number))
    return width(node.base) + (0 if plain else 2 * BRACKET) + SCRIPT * DIGIT * len(str(node.exponent))


@width.register
def _(node: tree.Call) -> float:
    return LETTER * len(node.function) + 2 * BRACKET + _joined(node.arguments, 0.6)


@width.register
def _(node: tree.Product) -> float:
    return _joined(node.factors, BINARY * 0.7) + 2 * BRACKET * sum(isinstance(f, tree.Sum) for f in node.factors)


@width.register
def _(node: tree.Sum) -> float:
    return _joined(tuple(t.node if isinstance(t, tree.Negated) else t for t in node.terms), BINARY)


@width.register
def _(node: tree.Negated) -> float:
    return width(node.node) + LETTER + (2 * BRACKET if isinstance(node.node, tree.Sum) else 0)


@width.register
def _(node: tree.Over) -> float:
    sign = {"Σ": 1.5, "max": 1.9}[node.sign]
    return max(sign, SCRIPT * LETTER * 1.6 * len(node.letters)) + 0.2 + width(node.body) + 2 * BRACKET


@width.register
def _(node: tree.Relation) -> float:
    return width(node.left) + width(node.right) + RELATION


@width.register
def _(node: tree.Indicator) -> float:
    return 2 * BRACKET + _joined(node.conditions, 0.6)


@width.register
def _(node: tree.Equality) -> float:
    return _joined(node.members, RELATION)


@width.register
def _(node: tree.Labelled) -> float:
    return width(node.node) + 2 * BRACKET + SCRIPT * DIGIT * len(node.word)


@width.register
def _(node: tree.Update) -> float:
    return 2 * width(node.name) + width(node.slope) + LETTER + RELATION + 2 * BINARY


@width.register
def _(node: tree.Under) -> float:
    return max(width(node.node), SCRIPT * width(node.number))


@width.register
def _(node: tree.Matrix) -> float:
    columns = zip(*node.rows, strict=True)
    return 2 * BRACKET + sum(max(map(_entry, column)) + 0.65 for column in columns)


def _entry(node: Node) -> float:
    """In a matrix a number below 0 needs no brackets."""
    return width(node) - (2 * BRACKET if isinstance(node, tree.Number) and node.value < 0 else 0)


@width.register
def _(node: tree.Convolution) -> float:
    return width(node.image) + width(node.filter) + BINARY


def _joined(nodes: Sequence[Node], between: float) -> float:
    return sum(map(width, nodes)) + between * (len(nodes) - 1)


def tall(node: Node) -> bool:
    """Is it higher than a line of text?"""
    return any(isinstance(n, (tree.Partial, tree.Fraction, tree.Over, tree.Matrix)) for n in nodes(node))


def height(node: Node) -> float:
    """Of a formula on one line, in em: so high are brackets around it."""
    rows = (1.55 * len(n.rows) * (1.7 if tall(n.rows[0][0]) else 1) for n in nodes(node) if isinstance(n, tree.Matrix))
    return max(rows, default=2.6 if tall(node) else 1.0)
