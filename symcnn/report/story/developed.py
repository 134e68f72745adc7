"""Local derivatives, what a quantity does to those that it acts on directly, developed term by term.

∂x_11/∂f_12 = ∂(i_11·f_11 + i_12·f_12 + …)/∂f_12
            = ∂(i_11·f_11)/∂f_12 + ∂(i_12·f_12)/∂f_12 + …
            = 0 + 1·i_12 + 0 + 0
            = i_12
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Add, Expr, Mul, Symbol

from symcnn.derivation.graph import Product
from symcnn.formula import tree
from symcnn.formula.tree import Node
from symcnn.report.document import Block, Display
from symcnn.report.story.teller import MAX_TERMS, Teller
from symcnn.symbolic import E, Quantity, Tensor, entries

#: Local derivatives between two tensors that are developed; of more the first and the last are.
MAX_DEVELOPED, SHOWN = 16, 3


@dataclass(frozen=True)
class Local:
    """∂through/∂by, as a sum of products of factors in their order.

    Attributes:
        plain: it may be written so: nothing else leads from ``by`` to ``through``.
    """

    through: Quantity
    by: Quantity
    products: tuple[tuple[Expr, ...], ...]
    plain: bool

    @property
    def head(self) -> Quantity | None:
        """∂E/∂through; None where that is E itself."""
        return None if self.through == E else self.through.adjoint

    @property
    def expression(self) -> Expr:
        return Add(*(Mul(*factors) for factors in self.products))


def locals_of(t: Teller, quantity: Quantity) -> list[Local]:
    """The local derivatives by a quantity: of all that it acts on, each once."""
    groups: dict[Quantity, list[tuple[Expr, ...]]] = {}
    for term in t.d.step(quantity).terms:
        groups.setdefault(term.quantity, []).append(term.local)
    symbols = {v.symbol for v in groups}
    return [
        Local(v, quantity, tuple(products), t.d.graph[v].symbols().isdisjoint(symbols - {v.symbol}))
        for v, products in groups.items()
    ]


def partial(t: Teller, local: Local) -> tree.Partial:
    """∂through/∂by"""
    of = t.typography.error if local.through == E else t.typography.name(local.through, differentiated=True)
    return tree.Partial(of, t.typography.name(local.by, differentiated=True))


def local_blocks(t: Teller, tensor: Tensor, into: Tensor | None = None) -> Iterator[Block]:
    """∂(what it acts on)/∂(each entry), for all it acts on, or one tensor of that."""
    groups: dict[Tensor, list[Local]] = {}
    for quantity in entries(tensor):
        for local in locals_of(t, quantity):
            if local.through != E:  # that is ∂E/∂(quantity) itself, and stands there
                groups.setdefault(local.through.tensor, []).append(local)
    for target, found in groups.items():
        if into is not None and target != into:
            continue
        order = list(t.d.graph.forward)
        found = sorted((local for local in found if local.plain), key=lambda local: order.index(local.through.name))
        yield from _group(t, target, tensor, found)


def _group(t: Teller, target: Tensor, tensor: Tensor, found: list[Local]) -> Iterator[Block]:
    shown = found if len(found) <= MAX_DEVELOPED else [*found[: SHOWN - 1], found[-1]]
    if len(shown) < len(found):
        yield t.paragraph("story.some_developed", shown=len(shown), count=len(found))
    yield from (developed(t, local) for local in shown)


def developed(t: Teller, local: Local) -> Display:
    """One local derivative, from its definition to what is left."""
    return t.display(tree.LocalDerivative(local.through, local.by), *members(t, local))


def members(t: Teller, local: Local) -> list[Node]:
    """∂v/∂u = ∂(what v is)/∂u = … = what is left."""
    variable, by = t.d.graph[local.through], t.typography.name(local.by, differentiated=True)
    result = _sum([t.typography.product(p) for p in local.products])
    if variable.reduce == "max":
        return [partial(t, local), result]
    products = variable.products
    found: list[Node] = [partial(t, local)]
    if len(products) > MAX_TERMS:  # the terms without it are constants
        products = tuple(p for p in products if _holds(p, local.by.symbol))
    else:
        found.append(tree.Partial(t.typography.right_side(variable), by))
    found.append(_sum([tree.Partial(t.typography.product(p), by) for p in products]))
    found.append(_sum([_differentiated(t, p, local.by.symbol) for p in products]))
    return [*found, result]


def _differentiated(t: Teller, factors: Product, symbol: Symbol) -> Node:
    """The derivative of a product: 0, 1 · the other factors, or what the rules of its functions give."""
    if not _holds(factors, symbol):
        return tree.Number(0)
    if symbol not in factors:
        found = Mul.make_args(Mul(*factors).diff(symbol))
        return t.typography.product(sorted(found, key=lambda f: (not f.is_Number, f.is_Add)))
    rest = t.typography.product([f for f in factors if f != symbol])
    inner = rest.factors if isinstance(rest, tree.Product) else (rest,)
    return rest if rest == tree.Number(1) else tree.Product((tree.Number(1), *inner))


def _holds(factors: Product, symbol: Symbol) -> bool:
    return any(symbol in f.free_symbols for f in factors)


def _sum(terms: list[Node]) -> Node:
    return terms[0] if len(terms) == 1 else tree.Sum(tuple(terms))
