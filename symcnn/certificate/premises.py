"""Whether what a certificate's theorems presuppose is so at numbers that a network has: else they would say nothing.

Each theorem lets one number move. A premise about it cannot be broken by what does not depend on that number; and what
depends on it is told apart by formulas: those of one image, where its pixels are numbers, relu is the side on which it
stands, and a maximum is its winner. Quantities whose formulas then are the same stay equal.

    0 < z        relu z is z             z < 0        relu z is 0
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Rational, Symbol

from symcnn.certificate.stage import Stage
from symcnn.certificate.theorems import ANY, MAX_IMAGES, Theorem
from symcnn.certificate.write import Certificate
from symcnn.network import DataLike, checked
from symcnn.numeric.values import values_of_images
from symcnn.symbolic import LEAF, Leaf, Z

#: Nearer than so to a kink or a tie, floating-point numbers do not tell on which side they are.
DOUBT = 1e-9


@dataclass(frozen=True)
class PremiseReport:
    """Of which theorems the premises hold.

    Attributes:
        images: how many were looked at.
        claims: how many theorems there are.
        failed: those of which a premise does not hold, or cannot be decided.
        kink, lead: how near the nearest argument of a relu is to its kink, and by how much at least a maximum leads
            (those of which nothing depends, or which stay equal, apart); None where there is none.
    """

    images: int
    claims: int
    failed: tuple[Theorem, ...]
    kink: float | None
    lead: float | None


def held(certificate: Certificate, theta: Any, data: DataLike) -> PremiseReport:
    """Look at the premises at parameters and samples, the first of them where they are many."""
    derivation = certificate.derivation
    images, targets = (given[:MAX_IMAGES] for given in checked(derivation.network, data))
    values = list(values_of_images(derivation, theta, (images, targets)))
    found = [[AtImage(stage, at) for stage in certificate.stages] for at in values]

    def fails(claim: Theorem) -> bool:
        named = claim.image not in (None, ANY)
        looked_at = [found[int(claim.image.removeprefix(ANY)) - 1]] if claim.image and named else found
        return any(claim.quantity.name in at.undecided for one in looked_at for at in one)

    every = [at for one in found for at in one]
    return PremiseReport(
        len(images), len(certificate.claims), tuple(filter(fails, certificate.claims)),
        min((d for at in every for d in at.kinks), default=None),
        min((d for at in every for d in at.leads), default=None),
    )  # fmt: skip


class AtImage:
    """The premises of one stage at one image.

    Attributes:
        undecided: the quantities of whose theorems a premise does not hold, or cannot be decided.
        kinks, leads: the distances from the kinks and ties that are not there.
    """

    def __init__(self, stage: Stage, values: Mapping[str, float]) -> None:
        self.undecided: set[str] = set()
        self.kinks: list[float] = []
        self.leads: list[float] = []
        self._values = values
        # what moves, and what does not though it has a name
        self._depends = {Symbol(x): frozenset([x]) for x in stage.free}
        self._formulas: dict[Expr, Expr] = {}
        self._first: dict[Expr, Symbol] = {}
        if stage.tensor is None:
            self._formulas = {Symbol(d): Rational(values[d]) for d in stage.numbers.data}
        for v in stage.stated:
            name, e = Symbol(v.name), v.expression
            if v.reduce == "max":
                self._formulas[name] = self._largest(name, e.args)
            elif e.func in LEAF and LEAF[e.func].sides:
                self._formulas[name] = self._rectified(name, e.args[0], LEAF[e.func])
            else:
                self._formulas[name] = self._named(name, e.xreplace(self._formulas))

    def _named(self, name: Symbol, formula: Expr) -> Expr:
        """The formula as the name that it has, if it is not one or a number: that of the first with the same."""
        if formula.is_Atom:
            return formula
        self._depends.setdefault(name, self._moving([formula]))
        return self._first.setdefault(formula, name)

    def _moving(self, formulas: Iterable[Expr]) -> frozenset[str]:
        """What they depend on."""
        none = frozenset[str]()
        return none.union(*(self._depends.get(s, none) for f in formulas for s in f.free_symbols))

    def _rectified(self, name: Symbol, z: Expr, leaf: Leaf) -> Expr:
        formula, value = z.xreplace(self._formulas), self._value(z)
        if abs(value) < DOUBT and formula != 0:
            return self._undecided(name, [formula])
        if formula != 0:
            self.kinks.append(abs(value))
        return self._named(name, leaf.side(value > 0).xreplace({Z: formula}))

    def _largest(self, name: Symbol, cells: tuple[Expr, ...]) -> Expr:
        """The window's winner; no other may be as large, but those that stay equal."""
        formulas = {c: c.xreplace(self._formulas) for c in cells}
        winner = max(cells, key=self._value)
        leads = {c: self._value(winner) - self._value(c) for c in cells if formulas[c] != formulas[winner]}
        near = [formulas[c] for c, lead in leads.items() if lead < DOUBT]
        if near:
            return self._undecided(name, [formulas[winner], *near])
        self.leads += leads.values()
        return self._named(name, formulas[winner])

    def _undecided(self, name: Symbol, formulas: Iterable[Expr]) -> Expr:
        """Where one of these moves; where none does, nothing happens here."""
        self._depends[name] = self._moving(formulas)
        self.undecided |= self._depends[name]
        return name

    def _value(self, e: Expr) -> float:
        return float(e.xreplace({s: Rational(self._values[s.name]) for s in e.free_symbols}))
