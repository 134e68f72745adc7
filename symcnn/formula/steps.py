"""Walks over formula trees, and faults of a step whose two sides are equal in value.

A pixel whose derivative is 0 may be any pixel; ∂x_12/∂f_11 and ∂x_11/∂f_12 are both i_12. So a step must also have:

    one function            ∂x/∂f = ∂(…)/∂f = ∂(a)/∂f + ∂(b)/∂f: the same function under ∂ each time
    equal terms             ∂(a)/∂f + ∂(b)/∂f = 0 + i_12: as many terms, each equal to its derivative
    a whole chain           ∂E/∂h · ∂h/∂z · ∂z/∂x: each factor ends where the next begins, the whole is ∂E/∂x
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar, cast

from symcnn.errors import SymcnnError
from symcnn.formula import tree
from symcnn.formula.tree import Node

T = TypeVar("T")


def rewritten(part: T, rule: Callable[[Any], Any]) -> T:
    """Return a tree, or an object with trees, with nodes replaced from the root on.

    Args:
        rule: the replacement of a node; None: the node stays, and its parts are visited.
    """
    node: Any = part
    if isinstance(node, tuple):
        node = tuple(rewritten(p, rule) for p in node)
    elif hasattr(node, "__dataclass_fields__"):
        replacement = rule(node)
        if replacement is not None:
            node = replacement
        elif not isinstance(node, (tree.Symbol, tree.Number)):
            node = type(node)(*(rewritten(p, rule) for p in vars(node).values()))
    return cast(T, node)


def bare(node: Node) -> Node:
    """Return a tree without the numbers under its factors."""
    return rewritten(node, lambda part: bare(part.node) if isinstance(part, tree.Under) else None)


def replaced(node: Node, rule: Callable[[Any], Node]) -> Node:
    """Return a tree with every symbol, and every word, replaced."""
    return rewritten(node, lambda part: rule(part) if isinstance(part, (tree.Symbol, tree.Word)) else None)


def nodes(part: object) -> Iterator[Any]:
    """Yield the nodes of a tree, or of an object with trees, from the root."""
    stack = [part]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack += reversed(node)
        elif hasattr(node, "__dataclass_fields__"):  # is_dataclass, which takes most of the time of a walk
            yield node
            if not isinstance(node, (tree.Symbol, tree.Number)):
                stack += reversed(vars(node).values())


def parts(node: Node) -> list[Node]:
    """Return the direct parts of a node, of a matrix row by row."""
    if isinstance(node, (tree.Symbol, tree.Number)):
        return []
    members: list[Any] = []
    for value in vars(node).values():
        for item in value if isinstance(value, tuple) else (value,):
            members += item if isinstance(item, tuple) else (item,)
    return [member for member in members if hasattr(member, "__dataclass_fields__")]


def leaves(node: Node) -> Iterator[Node]:
    """Yield symbols, and derivatives as a whole, in their order."""
    if isinstance(node, (tree.Symbol, tree.Partial)):
        yield node
    else:
        for part in parts(node):
            yield from leaves(part)


def degree(node: Node) -> int:
    """Return a bound of the degree of a formula as a polynomial in its symbols."""
    if isinstance(node, tree.Power):
        return abs(node.exponent) * max(1, degree(node.base))
    inner = [degree(part) for part in parts(node)]
    if isinstance(node, (tree.Product, tree.Fraction, tree.Convolution)):
        return sum(inner)
    return max(inner, default=1 if isinstance(node, tree.Symbol) else 0)


def alike(a: Node, b: Node) -> bool:
    """Have two nodes the same type, attributes and number of parts?"""
    own = [tuple(v for v in vars(n).values() if isinstance(v, (str, int, float))) for n in (a, b)]
    return type(a) is type(b) and own[0] == own[1] and len(parts(a)) == len(parts(b))


@dataclass(frozen=True)
class Derived:
    """A sum ∂a/∂f + ∂b/∂f + …: the function a + b + … that is derived, and the variable f."""

    of: Node
    by: Node


def derived(member: Node) -> Derived | None:
    """Return the function and variable of a derivative, or of a sum of derivatives by one variable, else None."""
    of: list[Node] = []
    by: list[Node] = []
    for term in _terms(member):
        part = term.node if isinstance(term, tree.Negated) else term
        if not isinstance(part, tree.Partial):
            return None
        of.append(tree.Negated(part.of) if isinstance(term, tree.Negated) else part.of)
        by.append(part.by)
    if not of or len(set(by)) != 1:
        return None
    return Derived(of[0] if len(of) == 1 else tree.Sum(tuple(of)), by[0])


def mixed(member: Node) -> bool:
    """Is it a sum of derivatives by different variables, not all of plain names? No derivative of a sum is that."""
    if not isinstance(member, tree.Sum):
        return False
    terms = [term.node if isinstance(term, tree.Negated) else term for term in member.terms]
    partials = [term for term in terms if isinstance(term, tree.Partial)]
    compound = any(not isinstance(part.of, tree.Symbol) for part in partials)
    return compound and len(partials) == len(terms) and len({part.by for part in partials}) > 1


#: How many more results than terms there may be.
MAX_RUN = 8


def same_terms(first: Node, second: Node) -> list[tuple[Node, Node]] | None:
    """Pair the terms of a sum of derivatives with those of its result, which must be equal; None: one is missing."""
    if not isinstance(first, tree.Sum) or not isinstance(second, tree.Sum) or not derived(first) or derived(second):
        return []
    if len(first.terms) == len(second.terms):
        return list(zip(first.terms, second.terms, strict=True))
    return None if tree.Number(0) in second.terms else []


def misplaced_product(first: Node, second: Node) -> Node | None:
    """Return the first product of a convolution, written as a sum, that is not of the two cells at its place."""
    if not isinstance(first, tree.Convolution) or not isinstance(second, tree.Sum):
        return None
    cells = [parts(m) if isinstance(m, tree.Matrix) else [] for m in (first.image, first.filter)]
    if not len(cells[0]) == len(cells[1]) == len(second.terms):
        return None
    if not any(isinstance(term, tree.Product) for term in second.terms):
        return None  # evaluated already
    for term, a, b in zip(second.terms, *cells, strict=True):
        if not isinstance(term, tree.Product) or list(term.factors) not in ([a, b], [b, a]):
            return cast(Node, term)
    return None


def broken_chain(members: Sequence[Node]) -> tuple[int, Node] | None:
    """Return the first product of derivatives that is no chain from the first member's A to its B, and its member."""
    left = members[0]
    for place, member in enumerate(members[1:], 1):
        for term in _terms(member):
            inner = term.body if isinstance(term, tree.Over) else term
            factors = inner.factors if isinstance(inner, tree.Product) else ()
            chain = [f for f in factors if isinstance(f, tree.Partial)]
            if len(chain) < 2 or len(chain) != len(factors):
                continue
            ends = [(f.of, f.by) for f in chain]
            fits = _follow(ends) or _follow(ends[::-1])
            if isinstance(left, tree.Partial):
                fits = any(_follow(e) and (e[0][0], e[-1][1]) == (left.of, left.by) for e in (ends, ends[::-1]))
            if not fits:
                return place, term
    return None


def _follow(ends: Sequence[tuple[Node, Node]]) -> bool:
    return all(by == of for (_, by), (of, _) in pairwise(ends))


def _terms(node: Node) -> tuple[Node, ...]:
    return node.terms if isinstance(node, tree.Sum) else (node,)


def _in_runs(terms: Sequence[Node], results: Sequence[Node], same: Callable[[Node, Node], bool]) -> bool:
    """Is each term equal to one or more successive results? ∂(a)/∂f + ∂(b)/∂f = u + v + 0, where ∂(a)/∂f = u + v."""
    if not terms or len(results) < len(terms) or len(results) > len(terms) + MAX_RUN:
        return not terms and not results
    for n in range(1, len(results) - len(terms) + 2):
        run = results[0] if n == 1 else tree.Sum(tuple(results[:n]))
        if _agree(terms[0], run, same) and _in_runs(terms[1:], results[n:], same):
            return True
    return False


def _agree(a: Node, b: Node, same: Callable[[Node, Node], bool]) -> bool:
    try:
        return same(a, b)
    except SymcnnError:
        return False


#: Kinds of faults, in an error message.
FAULTS = {
    "chain": "the derivatives do not follow each other", "variable": "differentiated by another quantity than before",
    "varied": "not the same thing under ∂ as before", "terms": "not the derivative of the sum before it, term by term",
    "product": "not the product of the cells at its place",
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """A fault of a step whose sides may be equal in value.

    Attributes:
        kind: "chain", "varied", "variable", "terms", "product".
        member: the index of the member of the equality, from 0.
        node: the part that is wrong.
    """

    kind: str
    member: int
    node: Node


def faults(
    members: Sequence[Node], same: Callable[[Node, Node], bool], is_rest: Callable[[Derived, Derived], bool]
) -> Iterator[Fault]:
    """Yield the faults of an equality, step by step.

    Args:
        same: are two formulas the same quantity?
        is_rest: is the second the first without its constant terms?
    """
    broken = broken_chain(members) if members else None
    if broken:
        yield Fault("chain", *broken)
    for n, (a, b) in enumerate(pairwise(members), 1):
        first, second = derived(a), derived(b)
        if first and second and first.by != second.by:
            if first.of != second.of:  # ∂E/∂b = ∂E/∂z, where nothing else lies between, is a step
                yield Fault("variable", n, b)
        elif first and second and not is_rest(first, second) and not same(first.of, second.of):
            yield Fault("varied", n, b)
        terms = same_terms(a, b)
        if mixed(b) or (terms is None and not _in_runs(_terms(a), _terms(b), same)):
            yield Fault("terms", n, b)
        for term, result in terms or ():
            if not same(term, result):
                yield Fault("terms", n, result)
        misplaced = misplaced_product(a, b)
        if misplaced:
            yield Fault("product", n, misplaced)
