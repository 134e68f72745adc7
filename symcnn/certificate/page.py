"""The certificate in plain words: what exactly is proved, what must be trusted, what is not proved."""

from collections.abc import Iterator

from symcnn.certificate.premises import PremiseReport
from symcnn.certificate.theorems import ANY, Theorem
from symcnn.certificate.verdict import AXIOMS, CoqVerdict
from symcnn.certificate.write import Certificate
from symcnn.formula import Latex, Plain, Typography, shown
from symcnn.formula.tree import Node, Symbol
from symcnn.text import Catalogue

#: Premises, in words.
PREMISES = {"no_kink": "certificate.premise_no_kink", "no_tie": "certificate.premise_no_tie"}

#: Quantities that are listed one by one, in a table and in a sentence.
MAX_LISTED, MAX_NAMED = 60, 12

#: Of the initial parameters at which the premises are looked at.
SEED = 0


class Page:
    """Markdown, in one language.

    Args:
        held: of which theorems the premises hold at the network's own numbers; None: without samples.
    """

    def __init__(
        self, certificate: Certificate, verdict: CoqVerdict, text: Catalogue, held: PremiseReport | None = None
    ) -> None:
        self.certificate, self.verdict, self.text, self.held = certificate, verdict, text, held
        self._latex = Latex(text.decimal)

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
        asked = f"Require certificate. Print Assumptions certificate.{self.certificate.theorems[0]}."
        yield f"```sh\n{INSTALL}\ncoqc -w none {FILE}\necho '{asked}' | coqtop -q -quiet 2> /dev/null\n```"
        yield text("certificate.yourself_again")

    def _premises(self) -> Iterator[str]:
        for name, count in self.certificate.premises.items():
            yield self.text(PREMISES[name], count=count)
        if self.held:
            yield held_in_words(self.held, self.text, SEED)
            if self.held.failed:
                names = ", ".join(f"`{c.theorem}`" for c in self.held.failed[:MAX_NAMED])
                more = ", …" if len(self.held.failed) > MAX_NAMED else ""
                yield self.text("certificate.held_list", names=names + more, count=len(self.held.failed))
        shifts = self.certificate.whole.numbers.shifts
        if shifts:
            yield self.text("certificate.softmax", count=len(shifts))

    def _list(self) -> str:
        claims = self.certificate.claims
        shown = claims if len(claims) <= MAX_LISTED else claims[: MAX_LISTED // 2]
        rows = [f"| {self._latex.inline(self.symbol(c))} | {self._image(c)} | `{c.theorem}` |" for c in shown]
        heads = " | ".join(self.text(f"certificate.{key}") for key in ("quantity", "image", "theorem"))
        table = "\n".join([f"| {heads} |", "| --- | --- | --- |", *rows])
        more = len(claims) - len(shown)
        return table + (f"\n\n{self.text('certificate.more', count=more, file=FILE)}" if more else "")

    def _example(self) -> Iterator[str]:
        """The first theorem's statement."""
        first, numbers = self.certificate.claims[0], self.certificate.whole.numbers
        typography = Typography(self.certificate.derivation.quantities, self.text.words("word"))
        quantity = self._latex.inline(typography.name(first.quantity))
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
        """∂E_total/∂f₁₁; ∂E/∂x₁₁ for what belongs to an image."""
        typography = Typography(self.certificate.derivation.quantities, self.text.words("word"))
        if claim.image is not None:
            typography.error = Symbol("E")
        return typography.name(claim.quantity.adjoint)

    def rows(self) -> list[tuple[str, str, str]]:
        """What is claimed, the verdict, the axioms: one row for each theorem."""
        found = []
        status = self.text(f"certificate.status_{self.verdict.status}")
        for claim in self.certificate.claims:
            image = f", {self.text('label.image', number=self._image(claim))}" if claim.image not in (None, ANY) else ""
            axioms = self.verdict.theorems.get(claim.theorem, frozenset())
            known = ", ".join(sorted(a.rsplit(".", 1)[-1] for a in axioms))
            found.append((f"{Plain(self.text.decimal).emit(self.symbol(claim))}{image}", status, known))
        return found


#: What the certificate's file is called in a folder, and how one gets Coq.
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


def held_in_words(held: PremiseReport, text: Catalogue, seed: int | None) -> str:
    """Whether the premises hold at the network's own numbers, and how near the nearest kink or tie is."""
    count, left = held.claims, held.claims - len(held.failed)
    drawn = "" if seed is None else f" {text('certificate.seed', seed=seed)}"
    said = text("certificate.held_all", images=held.images, seed=drawn, count=count)
    if held.failed:
        said = text("certificate.held_some", images=held.images, seed=drawn, held=left, count=count)
    sentences = [said]
    for key, number in (("certificate.held_kink", held.kink), ("certificate.held_lead", held.lead)):
        if number is not None:
            sentences.append(text(key, distance=shown(number, 2).replace(".", text.decimal)))
    return " ".join(sentences)


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
