"""The certificate in plain words: what is proved, what must be trusted, what is not proved; and whether its premises
hold at a network's own numbers, without which the theorems would say nothing.

Each theorem lets one number move. A premise about it cannot be broken by what does not depend on that number; and what
depends on it follows from formulas: those of one image, with numbers for its pixels, the active side of each relu, and
the winner of each maximum. Quantities whose formulas then are the same stay equal.

    0 < z        relu z is z             z < 0        relu z is 0
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import sympy
from sympy import Expr, Rational

from symcnn.certificate.stage import Stage
from symcnn.certificate.verdict import AXIOMS, CoqVerdict
from symcnn.certificate.write import ANY, MAX_IMAGES, Certificate, Theorem
from symcnn.formula import Latex, Plain, Typography, format_number
from symcnn.formula.tree import Node, Symbol
from symcnn.network import DataLike, checked
from symcnn.numeric.values import values_of_images
from symcnn.symbolic import LEAF, Leaf, Z
from symcnn.text import Catalogue

# --- premises -------------------------------------------------------------------------------------------------------

#: Within this distance of a kink or a tie, floating-point numbers do not decide the side.
DOUBT = 1e-9


@dataclass(frozen=True)
class PremiseReport:
    """For which theorems the premises hold.

    Attributes:
        images: how many were checked.
        claims: how many theorems there are.
        failed: the theorems with a premise that does not hold, or cannot be decided.
        kink, lead: the distance of the nearest argument of a relu from its kink, and the smallest lead of a maximum,
            without those on which nothing depends or which stay equal; None where there is none.
    """

    images: int
    claims: int
    failed: tuple[Theorem, ...]
    kink: float | None
    lead: float | None


def check_premises(certificate: Certificate, theta: Any, data: DataLike) -> PremiseReport:
    """Check the premises at parameters and samples, at most the first ``MAX_IMAGES``."""
    derivation = certificate.derivation
    images, targets = (array[:MAX_IMAGES] for array in checked(derivation.network, data))
    values = values_of_images(derivation, theta, (images, targets))
    checks = [[_Premises(stage, at) for stage in certificate.stages] for at in values]

    def fails(claim: Theorem) -> bool:
        of_all = claim.image is None or claim.image == ANY
        own = checks if of_all else [checks[int(str(claim.image).removeprefix(ANY)) - 1]]
        return any(claim.quantity.name in check.undecided for stages in own for check in stages)

    every = list(chain.from_iterable(checks))
    return PremiseReport(
        len(images), len(certificate.claims), tuple(filter(fails, certificate.claims)),
        min((d for check in every for d in check.kinks), default=None),
        min((d for check in every for d in check.leads), default=None),
    )  # fmt: skip


class _Premises:
    """The premises of one stage at one image.

    Attributes:
        undecided: the quantities whose theorems have a premise that does not hold, or cannot be decided.
        kinks, leads: the distances from kinks and ties.
    """

    def __init__(self, stage: Stage, values: Mapping[str, float]) -> None:
        self.undecided: set[str] = set()
        self.kinks: list[float] = []
        self.leads: list[float] = []
        self._values = values
        self._depends = {sympy.Symbol(x): frozenset([x]) for x in stage.free}
        self._formulas: dict[Expr, Expr] = {}
        self._first: dict[Expr, sympy.Symbol] = {}
        if stage.tensor is None:
            self._formulas = {sympy.Symbol(d): Rational(values[d]) for d in stage.numbers.data}
        for v in stage.variables:
            name, e = sympy.Symbol(v.name), v.expression
            if v.reduce == "max":
                self._formulas[name] = self._largest(name, e.args)
            elif e.func in LEAF and LEAF[e.func].sides:
                self._formulas[name] = self._rectified(name, e.args[0], LEAF[e.func])
            else:
                self._formulas[name] = self._named(name, e.xreplace(self._formulas))

    def _named(self, name: sympy.Symbol, formula: Expr) -> Expr:
        """The name of the first quantity with this formula; an atom stays itself."""
        if formula.is_Atom:
            return formula
        self._depends.setdefault(name, self._moving([formula]))
        return self._first.setdefault(formula, name)

    def _moving(self, formulas: Iterable[Expr]) -> frozenset[str]:
        """The moving quantities that the formulas depend on."""
        none = frozenset[str]()
        return none.union(*(self._depends.get(s, none) for f in formulas for s in f.free_symbols))

    def _rectified(self, name: sympy.Symbol, z: Expr, leaf: Leaf) -> Expr:
        formula, value = z.xreplace(self._formulas), self._value(z)
        if abs(value) < DOUBT and formula != 0:
            return self._undecided(name, [formula])
        if formula != 0:
            self.kinks.append(abs(value))
        return self._named(name, leaf.side(value > 0).xreplace({Z: formula}))

    def _largest(self, name: sympy.Symbol, cells: tuple[Expr, ...]) -> Expr:
        """The window's winner; no other cell may be as large, unless it stays equal."""
        formulas = {c: c.xreplace(self._formulas) for c in cells}
        winner = max(cells, key=self._value)
        leads = {c: self._value(winner) - self._value(c) for c in cells if formulas[c] != formulas[winner]}
        near = [formulas[c] for c, lead in leads.items() if lead < DOUBT]
        if near:
            return self._undecided(name, [formulas[winner], *near])
        self.leads += leads.values()
        return self._named(name, formulas[winner])

    def _undecided(self, name: sympy.Symbol, formulas: Iterable[Expr]) -> Expr:
        """Note that the theorems of the quantities that move these formulas are undecided."""
        self._depends[name] = self._moving(formulas)
        self.undecided |= self._depends[name]
        return name

    def _value(self, e: Expr) -> float:
        return float(e.xreplace({s: Rational(self._values[s.name]) for s in e.free_symbols}))


# --- the page -------------------------------------------------------------------------------------------------------

#: Premises, in words.
PREMISES = {"no_kink": "certificate.premise_no_kink", "no_tie": "certificate.premise_no_tie"}

#: Quantities that are listed one by one, in a table and in a sentence.
MAX_LISTED, MAX_NAMED = 60, 12

#: The seed of the initial parameters at which the premises are checked.
SEED = 0


class Page:
    """The page in Markdown, in one language.

    Args:
        premises: for which theorems they hold at the network's own numbers; None: without samples.
    """

    def __init__(
        self, certificate: Certificate, verdict: CoqVerdict, text: Catalogue, premises: PremiseReport | None = None
    ) -> None:
        self.certificate, self.verdict, self.text, self.premises = certificate, verdict, text, premises
        self._latex = Latex(text.decimal)
        self._typography = Typography(certificate.derivation.quantities, text.words("word"))

    def write(self) -> str:
        return "\n\n".join(self._paragraphs()) + "\n"

    def _paragraphs(self) -> Iterator[str]:
        text = self.text
        yield f"# {text('certificate.title')}"
        yield text("certificate.intro", file=FILE, count=len(self.certificate.claims))
        yield in_words(self.verdict, text)
        yield f"## {text('certificate.proved_heading')}"
        yield self._inline(text("certificate.proved"))
        yield from self._premises()
        if self.certificate.sampled:
            yield text("certificate.sampled", count=len(self.certificate.claims), all=self.certificate.all)
        yield self._list()
        yield from self._example()
        yield f"## {text('certificate.trusted_heading')}"
        axioms = ", ".join(f"`{a}`" for a in sorted(AXIOMS))
        trusted = [text("certificate.trusted_kernel"), text("certificate.trusted_axioms", axioms=axioms)]
        yield _bullets([*trusted, text("certificate.trusted_spec")])
        yield f"## {text('certificate.not_heading')}"
        yield _bullets([text(f"certificate.{key}") for key in ("not_floats", "not_programs", "not_network")])
        yield f"## {text('certificate.yourself_heading')}"
        yield text("certificate.yourself")
        query = f"Require certificate. Print Assumptions certificate.{self.certificate.theorems[0]}."
        yield f"```sh\n{INSTALL}\ncoqc -w none {FILE}\necho '{query}' | coqtop -q -quiet 2> /dev/null\n```"
        yield text("certificate.yourself_again")

    def _premises(self) -> Iterator[str]:
        for name, count in self.certificate.premises.items():
            yield self.text(PREMISES[name], count=count)
        if self.premises:
            failed = self.premises.failed
            yield premises_in_words(self.premises, self.text, SEED)
            if failed:
                names = ", ".join(f"`{c.theorem}`" for c in failed[:MAX_NAMED])
                more = ", …" if len(failed) > MAX_NAMED else ""
                yield self.text("certificate.held_list", names=names + more, count=len(failed))
        shifts = self.certificate.whole.numbers.shifts
        if shifts:
            yield self.text("certificate.softmax", count=len(shifts))

    def _list(self) -> str:
        claims = self.certificate.claims
        listed = claims if len(claims) <= MAX_LISTED else claims[: MAX_LISTED // 2]
        rows = [f"| {self._latex.inline(self.symbol(c))} | {self._image(c)} | `{c.theorem}` |" for c in listed]
        heads = " | ".join(self.text(f"certificate.{key}") for key in ("quantity", "image", "theorem"))
        table = "\n".join([f"| {heads} |", "| --- | --- | --- |", *rows])
        more = len(claims) - len(listed)
        return table + (f"\n\n{self.text('certificate.more', count=more, file=FILE)}" if more else "")

    def _example(self) -> Iterator[str]:
        """The first theorem's statement."""
        first, numbers = self.certificate.claims[0], self.certificate.whole.numbers
        quantity = self._latex.inline(self._typography.name(first.quantity))
        yield self.text("certificate.example", place=numbers.of[first.quantity.name], quantity=quantity)
        statement = self.certificate.text.partition(f"\nTheorem {first.theorem} :")[2].partition("\nProof.")[0]
        yield f"```coq\nTheorem {first.theorem} :{statement}\n```"

    def _image(self, claim: Theorem) -> str:
        if claim.image is None:
            return self.text("certificate.images_together")
        return self.text("certificate.images_each") if claim.image == ANY else claim.image.removeprefix(ANY)

    def _inline(self, sentence: str) -> str:
        return sentence.replace("{E_total}", self._latex.inline(Symbol("E", "", self.text("label.total"))))

    def symbol(self, claim: Theorem) -> Node:
        """∂E_total/∂f₁₁; ∂E/∂x₁₁ for a quantity of one image."""
        typography = Typography(self.certificate.derivation.quantities, self.text.words("word"))
        if claim.image is not None:
            typography.error = Symbol("E")
        return typography.name(claim.quantity.adjoint)

    def rows(self) -> list[tuple[str, str, str]]:
        """The claim, the verdict, the axioms: one row for each theorem."""
        rows = []
        status = self.text(f"certificate.status_{self.verdict.status}")
        for claim in self.certificate.claims:
            image = f", {self.text('label.image', number=self._image(claim))}" if claim.image not in (None, ANY) else ""
            axioms = self.verdict.theorems.get(claim.theorem, frozenset())
            names = ", ".join(sorted(a.rsplit(".", 1)[-1] for a in axioms))
            rows.append((f"{Plain(self.text.decimal).emit(self.symbol(claim))}{image}", status, names))
        return rows


#: The name of the certificate's file in a folder, and the command that installs Coq.
FILE = "certificate.v"
INSTALL = "apt-get install --no-install-recommends coq libcoq-coquelicot"


def in_words(verdict: CoqVerdict, text: Catalogue) -> str:
    """The verdict in a sentence."""
    if verdict.status == "certified":
        return text("certificate.certified", count=len(verdict.theorems), version=verdict.coq)
    if verdict.status == "rejected":
        return text("certificate.rejected", reason=verdict.reason)
    if verdict.reason:
        return text("certificate.unanswered", reason=verdict.reason)
    return text("certificate.unchecked", command=INSTALL)


def premises_in_words(report: PremiseReport, text: Catalogue, seed: int | None) -> str:
    """Whether the premises hold at the network's own numbers, and how near the nearest kink or tie is."""
    count, number = report.claims, report.claims - len(report.failed)
    drawn = "" if seed is None else f" {text('certificate.seed', seed=seed)}"
    if report.failed:
        sentences = [text("certificate.held_some", images=report.images, seed=drawn, held=number, count=count)]
    else:
        sentences = [text("certificate.held_all", images=report.images, seed=drawn, count=count)]
    for key, distance in (("certificate.held_kink", report.kink), ("certificate.held_lead", report.lead)):
        if distance is not None:
            sentences.append(text(key, distance=format_number(distance, 2).replace(".", text.decimal)))
    return " ".join(sentences)


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
