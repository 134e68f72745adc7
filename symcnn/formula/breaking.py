"""Break long formulas into lines: before a sign, never inside a fraction or a factor.

A line is a row of pieces. A formula that fits is one piece. One that does not is split: a sum at its signs, a product
at its dots, a bracket behind the sign before it, and so on inwards, only as far as needed. Widths are estimates in em
of a displayed formula, a little too wide: no emitter can ask a font.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import singledispatch

from symcnn.formula import tree
from symcnn.formula.conventions import bracketed, format_number, signed_term
from symcnn.formula.steps import nodes
from symcnn.formula.tree import Node

#: Estimated widths: one character, a binary sign with its space, a sign of relation, a bracket.
LETTER, DIGIT, SCRIPT, BINARY, RELATION, BRACKET = 0.6, 0.52, 0.7, 1.25, 1.4, 0.45

#: Indent of a line that continues the one above.
INDENT = 1.0


@dataclass(frozen=True)
class Piece:
    """A part of a formula that is never broken.

    Attributes:
        before: signs and opening brackets before it: "=", "+", "−", "·", "(", "max(", tall ones as "⎛".
        node: the formula.
        after: closing brackets behind it, ")", "⎞", of a labelled formula "⎞^image 1"; or a comma.
        bare: the node is a factor or a term behind a sign: it is bracketed where that needs brackets.
        first: it begins a line, because its formula takes several.
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
        closing = sum(BRACKET + SCRIPT * DIGIT * (len(bracket) - 1) for bracket in self.after)
        return signs + width(self.node) + brackets + closing


#: One line of a display.
Line = tuple[Piece, ...]


def lines(node: Node, most: float) -> tuple[Node | None, tuple[Line, ...]]:
    """Return a display as lines of at most ``most`` em: the left side of an equality, if it has room, and the lines.

    Each further member of an equality begins a line with its sign.
    """
    members: tuple[Node, ...]
    if isinstance(node, tree.Relation):
        left, members, sign = node.left, (node.right,), str(node.sign)
    elif isinstance(node, tree.Equality) and len(node.members) > 1:
        left, members, sign = node.members[0], node.members[1:], "="
    else:
        return None, _balanced_lines(Piece((), node), most)
    room = most - width(left)
    beside = tuple(line for m in members for line in _balanced_lines(Piece((sign,), m), room))
    if max(sum(piece.width for piece in line) for line in beside) <= room:
        return left, beside
    # too wide beside it: the left side has lines of its own
    room = most - INDENT
    below = (line for m in members for line in _balanced_lines(Piece((sign,), m), room))
    return None, (*_balanced_lines(Piece((), left), most), *below)


def _balanced_lines(piece: Piece, most: float) -> tuple[Line, ...]:
    """Set a member on as few lines as it needs, of about the same width."""
    pieces = _split(piece, most)
    full = _full_lines(pieces, most)
    target = sum(p.width for p in pieces) / len(full)
    while len(full) > 1 and target < most:
        even = _full_lines(pieces, target)
        if len(even) == len(full):
            return even
        target *= 1.04
    return full


def _full_lines(pieces: tuple[Piece, ...], most: float) -> tuple[Line, ...]:
    """Set pieces on lines, each as full as possible."""
    lines: list[list[Piece]] = [[]]
    for piece in pieces:
        if lines[-1] and (piece.first or sum(p.width for p in lines[-1]) + piece.width > most):
            lines.append([])
        lines[-1].append(piece)
    return tuple(map(tuple, lines))


def _split(piece: Piece, most: float) -> tuple[Piece, ...]:
    """Split a piece until each part fits, or cannot be split."""
    parts = () if piece.width <= most else _parts(piece)
    if not parts:
        return (piece,)
    pieces: list[Piece] = []
    for part in parts:
        inner = _split(part, most - 2 * BINARY)
        has_own_line = len(inner) > 1 and isinstance(part.node, tree.Labelled)
        pieces += (replace(inner[0], first=True), *inner[1:]) if has_own_line else inner
    return tuple(pieces)


def _parts(piece: Piece) -> Sequence[Piece]:
    """Split a piece once; nothing where it has no place for a break."""
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
    """Put the signs and brackets around a piece before its first and after its last part."""
    parts[0] = replace(parts[0], before=(*piece.before, *parts[0].before))
    parts[-1] = replace(parts[-1], after=(*parts[-1].after, *piece.after))
    return parts


# --- widths -----------------------------------------------------------------------------------------------------------


@singledispatch
def width(node: Node) -> float:
    """Return the estimated width of a displayed formula, in em."""
    raise TypeError(f"no width of {node!r}")


@width.register
def _(node: tree.Symbol) -> float:
    inside = f"{node.indices},{node.word}" if node.indices and node.word else node.indices or node.word
    return LETTER * len(node.letter) + 0.1 + SCRIPT * DIGIT * len(inside)


@width.register
def _(node: tree.Number) -> float:
    text = format_number(node.decimal or node.value, node.digits)
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
    return 2 * BRACKET + sum(max(map(_entry_width, column)) + 0.65 for column in columns)


def _entry_width(node: Node) -> float:
    """Return the width of an entry of a matrix, where a number below 0 has no brackets."""
    return width(node) - (2 * BRACKET if isinstance(node, tree.Number) and node.value < 0 else 0)


@width.register
def _(node: tree.Convolution) -> float:
    return width(node.image) + width(node.filter) + BINARY


def _joined(nodes: Sequence[Node], between: float) -> float:
    return sum(map(width, nodes)) + between * (len(nodes) - 1)


def tall(node: Node) -> bool:
    """Is the formula higher than a line of text?"""
    return any(isinstance(n, (tree.Partial, tree.Fraction, tree.Over, tree.Matrix)) for n in nodes(node))


def height(node: Node) -> float:
    """Return the height in em of a formula on one line, and so of brackets around it."""
    rows = (1.55 * len(n.rows) * (1.7 if tall(n.rows[0][0]) else 1) for n in nodes(node) if isinstance(n, tree.Matrix))
    return max(rows, default=2.6 if tall(node) else 1.0)
