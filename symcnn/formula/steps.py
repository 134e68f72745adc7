"""Steps that are wrong although both sides are equal: what value alone cannot see.

A pixel that a derivative kills may be any pixel; ∂x_12/∂f_11 and ∂x_11/∂f_12 are both i_12. So:

    one thing is derived    ∂x/∂f = ∂(…)/∂f = ∂(a)/∂f + ∂(b)/∂f: what stands under ∂ is the same thing each time
    term by term            ∂(a)/∂f + ∂(b)/∂f = 0 + i_12: as many terms, each equal to its own
    chains fit              ∂E/∂h · ∂h/∂z · ∂z/∂x: each ends where the next begins, the whole is ∂E/∂x
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from symcnn.formula import tree
from symcnn.formula.plain import Plain
from symcnn.formula.tree import Node

_plain = Plain()


def bare(node: Any) -> Any:
    """A tree without the numbers under its factors."""
    if isinstance(node, tree.Under):
        return bare(node.node)
    if isinstance(node, tuple):
        return tuple(map(bare, node))
    if not is_dataclass(node):
        return node
    return type(node)(*(bare(getattr(node, f.name)) for f in fields(node)))  # type: ignore[arg-type]


def nodes(node: Any) -> Iterator[Any]:
    """A tree's nodes, from the root."""
    if isinstance(node, tuple):
        for part in node:
            yield from nodes(part)
    elif is_dataclass(node):
        yield node
        for field in fields(node):
            yield from nodes(getattr(node, field.name))


def derived(member: Node) -> tuple[tuple[Node, ...], Node] | None:
    """(a, b, …) and f of ∂a/∂f + ∂b/∂f + …; None of anything else."""
    terms = member.terms if isinstance(member, tree.Sum) else (member,)
    parts = [term.node if isinstance(term, tree.Negated) else term for term in terms]
    if not all(isinstance(p, tree.Partial) for p in parts) or len({p.by for p in parts if isinstance(p, tree.Partial)}) > 1:
        return None
    of = tuple(
        tree.Negated(p.of) if isinstance(term, tree.Negated) else p.of
        for term, p in zip(terms, parts, strict=True)
        if isinstance(p, tree.Partial)
    )
    first = parts[0]
    assert isinstance(first, tree.Partial)
    return of, first.by


def same_terms(first: Node, second: Node) -> list[tuple[Node, Node]]:
    """Terms that must be equal one by one: of a sum of derivatives and of what it gives."""
    if not isinstance(first, tree.Sum) or not isinstance(second, tree.Sum) or derived(first) is None or derived(second):
        return []
    if len(first.terms) != len(second.terms):
        return []
    return list(zip(first.terms, second.terms, strict=True))


def broken_chain(members: Sequence[Node]) -> str | None:
    """The first product of derivatives that is no chain from the first member's A to its B; in words."""
    left = members[0]
    for member in members[1:]:
        for term in member.terms if isinstance(member, tree.Sum) else (member,):
            factors = term.factors if isinstance(term, tree.Product) else ()
            chain = [f for f in factors if isinstance(f, tree.Partial)]
            if len(chain) < 2 or len(chain) != len(factors):
                continue
            fits = all(a.by == b.of for a, b in zip(chain, chain[1:], strict=False))
            if isinstance(left, tree.Partial):
                fits = fits and (chain[0].of, chain[-1].by) == (left.of, left.by)
            if not fits:
                return f"{_plain.emit(term)}: the derivatives do not follow each other"
    return None
