"""Local derivatives: what a quantity does to those that it acts on directly."""

from dataclasses import dataclass

from sympy import Add, Expr, Mul

from symcnn.formula import tree
from symcnn.report.story.teller import Teller
from symcnn.symbolic import E, Quantity


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
