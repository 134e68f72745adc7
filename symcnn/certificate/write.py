"""A Coq file that states and proves a network's gradients."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

from symcnn.certificate import proof, specification
from symcnn.certificate.numbering import Numbering
from symcnn.certificate.stage import Stage
from symcnn.derivation import Derivation, check_size
from symcnn.version import __version__

#: Products of one image past which no certificate is written, and theorems past which a sample is proved.
MAX_PRODUCTS, MAX_THEOREMS = 20_000, 400


@dataclass(frozen=True)
class Claim:
    """One theorem: ∂E_total/∂parameter, or ∂E/∂cell of one image."""

    quantity: str
    image: int | None = None

    @property
    def theorem(self) -> str:
        return f"is_dE_d{self.quantity}" + (f"_image{self.image}" if self.image else "")


class Certificate:
    """The theorems of a network's gradients and the text that proves them.

    Attributes:
        claims: the theorems, in the derivation's order; all: how many gradients there are.
        whole: E as a function of the parameters.
    """

    def __init__(self, derivation: Derivation) -> None:
        check_size((*derivation.forward, *derivation.backward), MAX_PRODUCTS, "a certificate")
        self.derivation = derivation
        self.whole = Stage(derivation, Numbering(derivation))
        parameters = [Claim(p) for p in derivation.network.parameters]
        cells = [t.scalars() for t in derivation.network.forward.feature_maps]
        maps = [Claim(x, k) for names in cells for x in names for k in range(1, derivation.samples + 1)]
        self.all = len(parameters) + len(maps)
        self.claims = _sample(parameters + maps)

    @property
    def theorems(self) -> tuple[str, ...]:
        return tuple(c.theorem for c in self.claims)

    @property
    def sampled(self) -> bool:
        """Is it a sample of the gradients?"""
        return len(self.claims) < self.all

    @cached_property
    def text(self) -> str:
        calculus = files("symcnn.certificate").joinpath("calculus.v").read_text("utf-8")
        return "\n".join([*self._head(), calculus, *self._network()]) + "\n"

    def _head(self) -> Iterator[str]:
        yield f"(* Written by symcnn {__version__}. To check it: coqc FILE.v (Coq 8.16 or later, with Coquelicot)."
        yield "   What is claimed: the definitions of the module Spec and the theorems at the end; and, at the head of the"
        yield "   calculus, sigmoid to settled. All else is proof, which Coq reads. *)"

    def _network(self) -> Iterator[str]:
        d, whole = self.derivation, self.whole
        maps = [Stage(d, whole.numbers, tensor, whole) for tensor in d.network.forward.feature_maps]
        images = [f"image{k}" for k in range(1, d.samples + 1)]
        # claims first: what they call gets its number there
        yield from proof.tape(whole)
        for stage in maps:
            yield from proof.part(stage)
        yield "\n(* ===== The specification: what a reader reads ===== *)\n\nModule Spec."
        yield from specification.network(whole)
        yield specification.total(images)
        for stage in maps:
            yield from specification.after(stage)
        yield "End Spec.\nImport Spec.\n\n(* ===== Its proof ===== *)\n"
        links = [proof.Link(stage) for stage in (whole, *maps)]
        for link in links:
            yield from link.lines()
        yield "\n(* ===== The theorems ===== *)\n"
        owner = {name: link for link in links for name in link.stage.free}
        for claim in self.claims:
            link = owner[claim.quantity]
            if claim.image is None:
                yield from _of_parameter(link, claim, images)
            else:
                yield from _of_cell(link, claim, f"image{claim.image}")


def _sample(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """All, or so many of them, evenly."""
    if len(claims) <= MAX_THEOREMS:
        return tuple(claims)
    return tuple(claims[n * len(claims) // MAX_THEOREMS] for n in range(MAX_THEOREMS))


def _of_parameter(link: proof.Link, claim: Claim, images: Sequence[str]) -> Iterator[str]:
    name, number = claim.quantity, link.numbers.of[claim.quantity]
    adjoint = link.stage.applied(f"dE_d{name}").strip("()")
    adjoints = [adjoint.replace(" image", f" {i}") for i in images]
    yield f"Theorem {claim.theorem} : forall parameter {' '.join(images)},"
    yield from (f"  {link.hypotheses(i)}" for i in images if link.hypotheses(i))
    yield f"  is_derive (fun r => E_total (moved parameter {number} r) {' '.join(images)}) ({name} parameter)"
    yield f"  ({' + '.join(adjoints)})."
    names = [link.assumed(str(k)) for k, _ in enumerate(images, 1)]
    term = link.derivative(images[0], number, names[0])
    for image, found in zip(images[1:], names[1:], strict=True):
        term = f"(der_plus _ _ _ _ _ {term} {link.derivative(image, number, found)})"
    yield f"Proof. intros {' '.join(['parameter', *images, *(n for found in names for n in found)])}; exact {term}. Qed."


def _of_cell(link: proof.Link, claim: Claim, image: str) -> Iterator[str]:
    stage, number = link.stage, link.numbers.of[claim.quantity]
    both = (claim.quantity, f"dE_d{claim.quantity}")
    value, adjoint = (stage.whole.applied(n).replace(" image", f" {image}") for n in both)
    error = f"{stage.module}.E parameter {image}"
    names = link.assumed("1")
    yield f"Theorem {claim.theorem} : forall parameter {image},"
    if names:
        yield f"  {link.hypotheses(image)}"
    yield f"  is_derive (fun r => {error} (moved ({stage.moved} parameter {image}) {number} r)) {value} {adjoint}."
    yield f"Proof. intros {' '.join(['parameter', image, *names])}; exact {link.derivative(image, number, names)}. Qed."
