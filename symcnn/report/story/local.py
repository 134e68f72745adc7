"""Local derivatives: what a quantity does to those that it acts on directly."""

from dataclasses import dataclass

from sympy import Add, Expr, Mul

from symcnn.derivation import Step
from symcnn.formula import tree
from symcnn.report.story.teller import Teller


@dataclass(frozen=True)
class Local:
    """∂through/∂by, as a sum of products of factors in their order.

    Attributes:
        plain: it may be written so: nothing else leads from ``by`` to ``through``.
    """

    through: str
    by: str
    products: tuple[tuple[Expr, ...], ...]
    plain: bool

    @property
    def expression(self) -> Expr:
        return Add(*(Mul(*factors) for factors in self.products))


def locals_of(t: Teller, name: str) -> list[tuple[str | None, Local]]:
    """What a quantity acts on, each once: its adjoint (None: E itself), and the local derivative."""
    step: Step = t.d.step(f"dE_d{name}")
    groups: dict[str, list[tuple[Expr, ...]]] = {}
    adjoints = {term.through: term.adjoint for term in step.terms}
    for term in step.terms:
        groups.setdefault(term.through, []).append(term.local)
    reached = {v: {s.name for s in t.d.graph[v].symbols()} for v in groups}
    return [
        (adjoints[v], Local(v, name, tuple(products), not reached[v] & (groups.keys() - {v})))
        for v, products in groups.items()
    ]


def partial(t: Teller, local: Local) -> tree.Partial:
    """∂through/∂by"""
    of = t.typography.error if local.through == "E" else t.typography.name(local.through, differentiated=True)
    return tree.Partial(of, t.typography.name(local.by, differentiated=True))
