"""A Coq file that states and proves a network's gradients."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.resources import files

from symcnn.certificate import proof, specification
from symcnn.certificate.numbering import Numbering
from symcnn.certificate.specification import Claim
from symcnn.certificate.stage import Stage
from symcnn.derivation import Derivation, check_size
from symcnn.version import __version__

#: Products of one image past which no certificate is written, and theorems past which a sample is proved.
MAX_PRODUCTS, MAX_THEOREMS = 20_000, 400

HEAD = f"""(* Written by symcnn {__version__}. To check it: coqc, of Coq 8.16 or later, with Coquelicot.

What is claimed stands in three places: the functions that the formulas use, right below ("What formulas use"); the
network's formulas ("The specification"); the theorems, at the end. All else is proof, which Coq reads. *)
"""


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
        return "\n".join([HEAD, calculus, *self._network()]) + "\n"

    def _network(self) -> Iterator[str]:
        whole, maps = self.whole, self.derivation.network.forward.feature_maps
        stages = [whole, *(Stage(self.derivation, whole.numbers, tensor, whole) for tensor in maps)]
        images = [f"image{k}" for k in range(1, self.derivation.samples + 1)]
        yield "(* ===== The network as a tape ===== *)\n"
        yield from proof.tape(whole)
        for stage in stages[1:]:
            yield from proof.part(stage)
        yield "\n(* ===== The specification ===== *)\n\nModule Spec."
        yield from specification.network(whole)
        yield specification.total(images)
        for stage in stages[1:]:
            yield from specification.after(stage)
        yield "End Spec.\nImport Spec.\n\n(* ===== The proof ===== *)"
        links = [proof.Link(stage) for stage in stages]
        yield from (link.text for link in links)
        yield "\n(* ===== The theorems ===== *)\n"
        owner = {name: link for link in links for name in link.stage.free}
        for claim in self.claims:
            seen = images if claim.image is None else [f"image{claim.image}"]
            yield specification.statement(owner[claim.quantity].stage, claim, seen)
            yield _proof(owner[claim.quantity], claim, seen)


def _proof(link: proof.Link, claim: Claim, images: Sequence[str]) -> str:
    number = link.numbers.of[claim.quantity]
    names = [[f"{name}{k}" for name, _ in link.stage.premises(i)] for k, i in enumerate(images, 1)]
    term = link.derivative(images[0], number, names[0])
    for image, found in zip(images[1:], names[1:], strict=True):
        term = f"(der_plus _ _ _ _ _ {term} {link.derivative(image, number, found)})"
    return f"Proof. intros {' '.join(['parameter', *images, *sum(names, [])])}; exact {term}. Qed."


def _sample(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """All, or so many of them, evenly."""
    if len(claims) <= MAX_THEOREMS:
        return tuple(claims)
    return tuple(claims[n * len(claims) // MAX_THEOREMS] for n in range(MAX_THEOREMS))
