"""What should stand in the place of a wrong member, as a person would write it.

First the member itself with one place set right; where that is not to be had, the sum over the paths from B to A of
the local derivatives, cut at the derivatives that the wrong member uses itself.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import islice
from typing import Any

from sympy import Expr

from symcnn.derivation import Derivation
from symcnn.formula import Typography, tree
from symcnn.formula.meaning import Meaning
from symcnn.formula.steps import nodes
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError
from symcnn.symbolic import E, Quantity

#: Changes of a member that are tried.
MAX_TRIED = 600
#: Of a long member fewer: so many nodes in all.
MAX_WORK = 100_000


def repaired(member: Node, is_right: Callable[[Node], bool]) -> Node | None:
    """The member with one place changed, where exactly one such change makes it right."""
    if isinstance(member, tree.Negated) and is_right(member.node):
        return member.node
    found = _only(_changes(member, _here), is_right)
    return tree.Negated(member) if found is None and is_right(tree.Negated(member)) else found


def renamed(
    member: Node, others: Sequence[Node], symbols: Iterable[tree.Symbol], is_right: Callable[[Node], bool]
) -> Node | None:
    """The member with another symbol in one place, where exactly one makes it right.

    Args:
        others: the other members: a symbol of theirs may have been meant.
        symbols: of the text: one with the same indices may have been meant.
    """
    near = tuple(dict.fromkeys(n for n in nodes(tuple(others)) if isinstance(n, tree.Symbol)))
    far = tuple(dict.fromkeys(symbols))
    return _only(_changes(member, lambda node: _meant(node, near, far)), is_right)


def _only(changes: Iterator[Node], is_right: Callable[[Node], bool]) -> Node | None:
    first = list(islice(changes, 1))
    most = min(MAX_TRIED, MAX_WORK // (1 + sum(1 for _ in nodes(tuple(first)))))
    found = list(filter(is_right, islice(dict.fromkeys((*first, *islice(changes, MAX_TRIED))), most)))
    return found[0] if len(found) == 1 else None


def _changes(node: Any, here: Callable[[Any], Iterator[Any]]) -> Iterator[Any]:
    """A tree with one place changed, each in turn."""
    yield from here(node)
    for part in fields(node):
        value = getattr(node, part.name)
        if isinstance(value, tuple):
            for n, inner in enumerate(value):
                if is_dataclass(inner):
                    for new in _changes(inner, here):
                        yield replace(node, **{part.name: (*value[:n], new, *value[n + 1 :])})
        elif is_dataclass(value):
            for new in _changes(value, here):
                yield replace(node, **{part.name: new})


def _meant(node: Any, near: Sequence[tree.Symbol], far: Sequence[tree.Symbol]) -> Iterator[Any]:
    """Another symbol in the place of one."""
    if isinstance(node, tree.Symbol):
        yield from (s for s in near if s != node)
        yield from (s for s in far if s != node and s.indices == node.indices != "")


def _here(node: Any) -> Iterator[Any]:
    if isinstance(node, tree.Symbol):
        for n, c in enumerate(node.indices):
            if c.isdigit():
                for other in "1234":
                    if other != c:
                        yield replace(node, indices=node.indices[:n] + other + node.indices[n + 1 :])
        if len(node.indices) == 2 and node.indices.isdigit():
            yield replace(node, indices=node.indices[::-1])
    elif isinstance(node, tree.Number) and node.digits is None and not node.key:
        yield from (tree.Number(n) for n in (0, 1, 2) if n != node.value)
    elif isinstance(node, tree.Sum):
        for n, term in enumerate(node.terms):
            rest = (*node.terms[:n], *node.terms[n + 1 :])
            yield rest[0] if len(rest) == 1 else tree.Sum(rest)
            flipped = term.node if isinstance(term, tree.Negated) else tree.Negated(term)
            yield tree.Sum((*node.terms[:n], flipped, *node.terms[n + 1 :]))
        if len(node.terms) == 2 and isinstance(node.terms[1], tree.Negated):  # b - a for a - b
            yield tree.Sum((node.terms[1].node, tree.Negated(node.terms[0])))
    elif isinstance(node, tree.Negated):
        yield node.node
    elif isinstance(node, tree.Call) and node.function == "exp":
        yield tree.Call("exp", tuple(map(tree.Negated, node.arguments)))


class Paths:
    """Path sums as formulas.

    Args:
        typography: how quantities are written.
    """

    def __init__(self, derivation: Derivation, typography: Typography, meaning: Meaning) -> None:
        self._d, self._typography, self._meaning = derivation, typography, meaning

    def correction(self, left: Node, wrong: Node) -> Node | None:
        """What the left side is, in the way in which the wrong member tries to say it."""
        try:
            if isinstance(left, tree.Partial):
                of, by = (self._meaning.scalar(n) for n in (left.of, left.by))
                if not by.is_Symbol:
                    return None
                if of.is_Symbol and by in self._d.quantities and of in self._d.quantities:
                    return self._sum(self._d.quantities.of(of), self._d.quantities.of(by), self._cuts(wrong, of))
                return None
            value = self._meaning.scalar(left)
        except MeaningError:
            return None
        variable = self._d.graph.forward.get(str(value))
        return None if variable is None else self._typography.right_side(variable)

    def _cuts(self, wrong: Node, of: Expr) -> dict[Quantity, Node]:
        """The derivatives of A that the wrong member uses: by which quantity -> as it writes them."""
        found: dict[Quantity, Node] = {}
        for part in nodes(wrong):
            if isinstance(part, tree.Partial) and isinstance(part.of, tree.Symbol) and isinstance(part.by, tree.Symbol):
                try:
                    by = self._meaning.scalar(part.by)
                    if self._meaning.scalar(part.of) == of and by in self._d.quantities:
                        found[self._d.quantities.of(by)] = part
                except MeaningError:
                    continue
        return found

    def _sum(self, of: Quantity, by: Quantity, cuts: dict[Quantity, Node]) -> Node | None:
        """∂of/∂by; None where there is no path."""
        if of == by:
            return tree.Number(1)
        if by.adjoint not in self._d.graph:
            return None
        terms: list[Node] = []
        for step in self._d.step(by).terms:
            local = self._typography.product(step.local)
            if step.quantity == of:
                terms.append(local)
                continue
            head = None if step.is_last else self._head(of, step.quantity, cuts)
            if head is not None:
                terms.append(_times(head, local))
        if not terms:
            return None if of != E else tree.Number(0)
        return terms[0] if len(terms) == 1 else tree.Sum(tuple(terms))

    def _head(self, of: Quantity, through: Quantity, cuts: dict[Quantity, Node]) -> Node | None:
        """∂of/∂through: as a derivative, where the wrong member has those of its kind."""
        if through in cuts:
            return cuts[through]
        like = {by.tensor: node for by, node in cuts.items()}.get(through.tensor)
        if isinstance(like, tree.Partial):
            return tree.Partial(like.of, self._typography.name(through, differentiated=True))
        return self._sum(of, through, cuts)


def _times(head: Node, local: Node) -> Node:
    if head == tree.Number(1) or local == tree.Number(1):
        return local if head == tree.Number(1) else head
    factors = [f for node in (head, local) for f in (node.factors if isinstance(node, tree.Product) else (node,))]
    return tree.Product(tuple(factors))
