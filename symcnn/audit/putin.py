"""Numbers put in for letters: which number each letter got, and whether each got one and the same.

−(t_1 − o_1) = −(0.01 − 0.75)      t_1 is 0.01, o_1 is 0.75
o_1 · (1 − o_1) = 0.75 · (1 − 0.77)  o_1 is two numbers: wrong, though nothing else tells what it is
−(t_1 − o_1) = −(0.01 + 0.75)      no number is put in for a letter: nothing ties one side to the other
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice, product
from typing import Any

from symcnn.audit.numbers import Around, NoNumberError, block, is_numeric
from symcnn.formula import tree
from symcnn.formula.steps import leaves, nodes, parts, replaced, rewritten
from symcnn.formula.tree import Node
from symcnn.proof import decide
from symcnn.proof.numbers import INTERVALS

#: Ways to put the numbers of one side in for the letters of the other; terms of a sum that is written out.
MAX_WAYS, MAX_TERMS = 300, 40


@dataclass
class PutIn:
    """What was put in for what.

    Attributes:
        numbers: a symbol, a derivative or a group -> what stands in its place.
        torn: one that got two numbers, and the second.
    """

    numbers: dict[Node, Node] = field(default_factory=dict)
    torn: tuple[Node, Node] | None = None


def put_in(letters: Node, numbers: Node) -> PutIn | None:
    """Which numbers stand for the letters, where both sides are built alike; None: they are not."""
    found = PutIn()
    if isinstance(letters, (tree.Symbol, tree.Partial)):  # it would take any number
        return None
    return found if _matched(_written_out(letters), numbers, found) and found.numbers else None


def may_come_from(letters: Node, numbers: Node, rounded: Around) -> bool:
    """Is one side what the other gives with its numbers put in, in one way or another?"""
    letters = _written_out(letters)
    own = list(dict.fromkeys(leaves(letters)))
    values = list(dict.fromkeys(n for n in nodes(numbers) if isinstance(n, tree.Number)))
    if own == [letters] or not own or not values or isinstance(numbers, tree.Number):
        return False
    try:
        wanted = block(numbers, rounded)
    except NoNumberError:
        return False
    for way in islice(product(values, repeat=len(own)), MAX_WAYS):
        if len(set(way)) < min(len(values), len(own)):
            continue  # some of the numbers would come from nowhere
        try:
            if block(_exchanged(letters, dict(zip(own, way, strict=True))), rounded).meets(wanted):
                return True
        except NoNumberError:
            continue
    return False


def _matched(a: Node, b: Node, found: PutIn) -> bool:
    if isinstance(a, (tree.Symbol, tree.Partial)):
        return is_numeric(b) and _bound(a, b, found)
    if isinstance(a, tree.Number):
        return isinstance(b, tree.Number) and a.exact == b.exact
    if isinstance(a, tree.Product) and isinstance(b, tree.Product):
        return _all_matched(_factors(a), _factors(b), found)
    if isinstance(a, tree.Sum) and isinstance(b, tree.Sum):
        return _all_matched(a.terms, b.terms, found)
    if isinstance(a, tree.Negated) and isinstance(b, tree.Number):
        return b.value < 0 and _matched(a.node, b.negative, found)
    if type(a) is not type(b) or _own(a) != _own(b):
        return False
    return _all_matched(parts(a), parts(b), found)


def _all_matched(a: Sequence[Node], b: Sequence[Node], found: PutIn) -> bool:
    return len(a) == len(b) and all(_matched(x, y, found) for x, y in zip(a, b, strict=True))


def _own(node: Node) -> list[object]:
    return [v for v in vars(node).values() if isinstance(v, (str, int, float))]


def _factors(node: tree.Product) -> list[Node]:
    """Of products in brackets too."""
    return [f for part in node.factors for f in (_factors(part) if isinstance(part, tree.Product) else [part])]


def _bound(letter: Node, number: Node, found: PutIn) -> bool:
    """One letter, one number, to the places that are written."""
    known = found.numbers.setdefault(letter, number)
    try:
        if not decide(block(known, True), block(number, True), INTERVALS):
            found.torn = found.torn or (letter, number)
    except NoNumberError:
        return False
    return True


def _exchanged(node: Node, numbers: dict[Node, Node]) -> Node:
    """A formula with numbers for its symbols and derivatives."""
    found: Node = rewritten(node, lambda part: numbers[part] if isinstance(part, (tree.Symbol, tree.Partial)) else None)
    return found


def _written_out(node: Node) -> Node:
    """A formula with its sums of a few terms written out: Σ_{k=1..2} x_k as x_1 + x_2."""
    found: Node = rewritten(node, lambda part: _terms_of(part) if isinstance(part, tree.Over) else None)
    return found


def _terms_of(over: tree.Over) -> Node:
    body = _written_out(over.body)
    if over.first is None or over.last is None or over.sign != "Σ":
        return replace(over, body=body)
    if len(over.letters) != 1 or not 0 <= over.last - over.first < MAX_TERMS:
        return replace(over, body=body)
    terms = tuple(replaced(body, partial(_at, over.letters[0], n)) for n in range(over.first, over.last + 1))
    return terms[0] if len(terms) == 1 else tree.Sum(terms)


def _at(letter: str, n: int, part: Any) -> Any:
    if not isinstance(part, tree.Symbol):
        return part
    return replace(part, indices=re.sub(rf"(?<![A-Za-z]){letter}(?![A-Za-z])", str(n), part.indices))
