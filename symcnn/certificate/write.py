"""A Coq file that states and proves a network's gradients."""

from collections.abc import Iterator
from functools import cached_property
from importlib.resources import files

from symcnn.certificate import proof, specification, theorems
from symcnn.certificate.numbering import Numbering
from symcnn.certificate.stage import Stage
from symcnn.derivation import Derivation, check_size
from symcnn.symbolic import entries
from symcnn.version import __version__

#: Products of one image past which no certificate is written, and theorems past which a sample is proved.
MAX_PRODUCTS, MAX_THEOREMS = 20_000, 2_000

#: What is proved once for all networks, in this order.
CALCULUS = ("functions", "expressions", "leaves", "chain", "polynomials", "network")

HEAD = f"""(* Written by symcnn {__version__}. To check it: coqc, of Coq 8.16 or later, with Coquelicot.

What is claimed stands in three places: the functions that the formulas use, right below ("What formulas use"); the
network's formulas ("The specification"); the theorems, at the end. All else is proof, which Coq reads. *)
"""


class Certificate:
    """The theorems of a network's gradients and the text that proves them.

    Args:
        derivation: of the network.
        samples: how many images E_total adds; None: any number.

    Attributes:
        claims: the theorems, in the derivation's order; all: how many gradients there are.
        images: their names; none of many.
        whole: E as a function of the parameters; stages: it, then E as a function of each feature map.
    """

    def __init__(self, derivation: Derivation, samples: int | None) -> None:
        check_size(
            (*derivation.forward, *derivation.backward),
            MAX_PRODUCTS,
            "in a certificate",
            "`symcnn verify` does without",
        )
        self.derivation = derivation
        self.whole = Stage(derivation, Numbering(derivation))
        self.images = theorems.named(samples)
        maps = derivation.network.forward.feature_maps
        self.stages = (self.whole, *(Stage(derivation, self.whole.numbers, tensor, self.whole) for tensor in maps))
        parameters = [q for t in derivation.network.forward.parameters for q in entries(t)]
        cells = [q for t in maps for q in entries(t)]
        every = theorems.claims_of(parameters, cells, self.images)
        self.all = len(every)
        # all, or so many of them, evenly
        count = min(len(every), MAX_THEOREMS)
        self.claims = tuple(every[n * len(every) // count] for n in range(count))

    @property
    def theorems(self) -> tuple[str, ...]:
        return tuple(c.theorem for c in self.claims)

    @property
    def premises(self) -> dict[str, int]:
        """What the theorems presuppose, and of how many parts it is."""
        found = {"no_kink": len(self.whole.kinks), "no_tie": len(self.whole.ties)}
        return {name: count for name, count in found.items() if count}

    @property
    def sampled(self) -> bool:
        """Is it a sample of the gradients?"""
        return len(self.claims) < self.all

    @cached_property
    def text(self) -> str:
        folder = files("symcnn.certificate").joinpath("calculus")
        calculus = [folder.joinpath(f"{name}.v").read_text("utf-8") for name in CALCULUS]
        return "\n".join([HEAD, *calculus, *self._network()]) + "\n"

    def _network(self) -> Iterator[str]:
        whole, stages = self.whole, self.stages
        yield "(* ===== The network as a tape ===== *)\n"
        yield from proof.tape(whole)
        for stage in stages[1:]:
            yield from proof.part(stage)
        yield "\n(* ===== The specification ===== *)\n\nModule Spec."
        yield from specification.network(whole)
        yield theorems.total(whole, self.images)
        for stage in stages[1:]:
            yield from specification.after(stage)
        yield "End Spec.\nImport Spec.\n\n(* ===== The proof ===== *)"
        links = [proof.Bridge(stage) for stage in stages]
        yield from (link.text for link in links)
        yield "\n(* ===== The theorems ===== *)\n"
        owner = {name: link for link in links for name in link.stage.free}
        yield from (theorems.theorem(owner[c.quantity.name], c, self.images) for c in self.claims)
