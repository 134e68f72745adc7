"""A Coq file that states and proves a network's gradients: the specification, the theorems, and the whole.

The specification, which a reader reads: the network's quantities as functions of parameters and image.

    x_11 := i_11 * f_11 + …        E := …        dE_df_11 := dE_dx_11 * i_11 + …

``After_x`` states E once more as a function of a feature map x whose cells are free: ∂E/∂x means that.

    is_dE_df_11          where f_11 moves, E_total has the derivative dE_df_11 of all images together
    is_dE_dx_11_image1   where x_11 moves and all else stays, E of image 1 has the derivative dE_dx_11

Up to ``MAX_IMAGES`` images E_total is a sum of so many terms. Of more, or where their number is open, it is the sum
over a list of images, of any length, and a cell's theorem is about any image (``is_dE_dx_11``).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

from sympy import Expr

from symcnn.certificate.proof import Bridge, part, tape
from symcnn.certificate.stage import Numbering, Stage
from symcnn.derivation import Derivation, Variable, check_size
from symcnn.printers.coq import COQ
from symcnn.printers.infix import InfixPrinter
from symcnn.symbolic import Quantity, entries
from symcnn.version import __version__

# --- the specification ----------------------------------------------------------------------------------------------


def _define_network(stage: Stage) -> Iterator[str]:
    """Every quantity and every adjoint of one image, in the formulas of the derivation."""
    numbers, graph = stage.numbers, stage.derivation.graph
    yield "(* One image: its numbers and the parameters are given; the forward pass, with E at its end; and what the"
    yield "   derivation claims of E: dE_dx_11 is the derivative of E by x_11. *)"
    yield "Section OneImage.\nVariables parameter image : positive -> R."
    yield from (_input(p, "parameter", numbers.of[p]) for p in numbers.parameters)
    yield from (_input(d, "image", numbers.of[d]) for d in numbers.data)
    yield from _formulas(graph.forward.values())
    yield ""
    yield from _formulas(graph.backward.values())
    yield "End OneImage."
    yield from _define_premises(stage)


def _define_after(stage: Stage) -> Iterator[str]:
    """E as a function of a feature map."""
    assert stage.tensor is not None
    numbers = stage.numbers
    read = {s.name for v in stage.defined for s in v.symbols()}
    cells = "; ".join(stage.whole.applied(x) for x in stage.free)
    name = stage.tensor.name
    yield f"\n(* The map {name}, cell by cell; and E as a function of such a map, whose cells are free: it is E where"
    yield f"   they are those of the network ({stage.module}_is_E, below). *)"
    yield f"Definition map_{name} (parameter image : positive -> R) := listed {stage.low} [\n  {cells}]."
    yield f"Module {stage.module}.\nSection OneImage.\nVariables parameter image map : positive -> R."
    yield from (_input(p, "parameter", numbers.of[p]) for p in numbers.parameters if p in read)
    yield from (_input(d, "image", numbers.of[d]) for d in numbers.data if d in read)
    yield from (_input(x, "map", numbers.of[x]) for x in stage.free)
    yield from _formulas(stage.defined)
    yield "End OneImage."
    yield from _define_premises(stage)
    yield f"End {stage.module}."


def _define_premises(stage: Stage) -> Iterator[str]:
    """No argument of a relu at its kink, no tie in a maximum, as the quantity n moves: where the network has such."""
    if stage.kinks:
        parts = [f"off_kink {stage.moving} n ({_function(stage, z)})" for z in stage.kinks]
        yield _all("no_kink", stage, parts)
    if stage.ties:
        parts = [f"settled {stage.moving} n [{'; '.join(_function(stage, z) for z in cells)}]" for cells in stage.ties]
        yield _all("no_tie", stage, parts)


def _input(name: str, source: str, number: int) -> str:
    return f"Definition {name} := {source} {number}%positive."


def _formulas(variables: Iterable[Variable]) -> Iterator[str]:
    printer = InfixPrinter(COQ)
    return (f"Definition {v.name} := {printer.variable(v)}." for v in variables)


def _function(stage: Stage, value: Expr) -> str:
    return f"fun {stage.moving} => {stage.printed(value, inside=True)}"


def _all(name: str, stage: Stage, parts: Sequence[str]) -> str:
    conjunction = " /\\\n  ".join(parts)
    return f"Definition {name} n ({' '.join(stage.inputs)} : positive -> R) :=\n  {conjunction}."


# --- the theorems ---------------------------------------------------------------------------------------------------


MAX_IMAGES = 10

#: ``Theorem.image`` of a theorem about any image.
ANY = "image"


@dataclass(frozen=True)
class Theorem:
    """One theorem: ∂E_total/∂parameter, or ∂E/∂cell of one image.

    Attributes:
        image: "image1", or ``ANY``; None: E_total.
    """

    quantity: Quantity
    image: str | None = None

    @property
    def theorem(self) -> str:
        return f"is_{self.quantity.adjoint}" + (f"_{self.image}" if self.image not in (None, ANY) else "")


def _define_total(stage: Stage, images: Sequence[str]) -> str:
    """The definition of E_total."""
    if not images:
        error = f"summed (fun image => {stage.applied('E')}) images"
        return f"Definition E_total (parameter : positive -> R) (images : list (positive -> R)) :=\n  {error}."
    error = " + ".join(_bare(stage.applied("E", image=i)) for i in images)
    return f"Definition E_total (parameter {' '.join(images)} : positive -> R) :=\n  {error}."


def _prove(bridge: Bridge, claim: Theorem, images: Sequence[str]) -> str:
    """A theorem with its proof."""
    if claim.image is not None:
        return _of_cell(bridge, claim, claim.image)
    return _of_parameter(bridge, claim, images) if images else _of_any_images(bridge, claim)


def _of_cell(bridge: Bridge, claim: Theorem, image: str) -> str:
    stage = bridge.stage
    error = _bare(stage.applied("E", image=image, map=_moved(stage, claim, image)))
    names, premises = _premises(stage, claim, image, "")
    return f"""Theorem {claim.theorem} : forall parameter {image} : positive -> R,{premises}
  is_derive (fun r => {error}) {stage.whole.applied(claim.quantity.name, image=image)}
  {stage.whole.applied(claim.quantity.adjoint.name, image=image)}.
Proof. intros parameter {image}{names}; exact {_derivative(bridge, claim, image, names)}. Qed."""


def _of_parameter(bridge: Bridge, claim: Theorem, images: Sequence[str]) -> str:
    stage, all_names, all_premises, proof = bridge.stage, "", "", ""
    for n, image in enumerate(images, 1):
        names, premises = _premises(stage, claim, image, str(n))
        all_names, all_premises = all_names + names, all_premises + premises
        own = _derivative(bridge, claim, image, names)
        proof = f"(der_plus _ _ _ _ _ {proof} {own})" if proof else own
    adjoint = claim.quantity.adjoint.name
    adjoints = " + ".join(_bare(stage.applied(adjoint, image=i)) for i in images)
    return f"""Theorem {claim.theorem} : forall parameter {" ".join(images)} : positive -> R,{all_premises}
  is_derive (fun r => E_total {_moved(stage, claim, "")} {" ".join(images)}) {stage.applied(claim.quantity.name)}
  ({adjoints}).
Proof. intros parameter {" ".join(images)}{all_names}; exact {proof}. Qed."""


def _of_any_images(bridge: Bridge, claim: Theorem) -> str:
    stage, moved = bridge.stage, _moved(bridge.stage, claim, "")
    names, _ = _premises(stage, claim, ANY, "")
    premises = "".join(
        f"\n  (forall image, In image images -> {premise}) ->"
        for _, premise in stage.premises(ANY, stage.numbers.of[claim.quantity.name])
    )
    own = _derivative(bridge, claim, ANY, "".join(f" ({n} image i)" for n in names.split()))
    return f"""Theorem {claim.theorem} : forall (parameter : positive -> R) (images : list (positive -> R)),{premises}
  is_derive (fun r => E_total {moved} images) {stage.applied(claim.quantity.name)}
  (summed (fun image => {_bare(stage.applied(claim.quantity.adjoint.name))}) images).
Proof.
intros parameter images{names}; apply (der_summed (fun r image => {stage.applied("E", parameter=moved)})).
intros image i; exact {own}.
Qed."""


def _premises(stage: Stage, claim: Theorem, image: str, suffix: str) -> tuple[str, str]:
    """Names for the premises of a theorem about an image, and the premises, with their arrows."""
    premises = stage.premises(image, stage.numbers.of[claim.quantity.name])
    return "".join(f" {name}{suffix}" for name, _ in premises), "".join(f"\n  {text} ->" for _, text in premises)


def _moved(stage: Stage, claim: Theorem, image: str) -> str:
    return f"(moved {stage.point(image)} {stage.numbers.of[claim.quantity.name]} r)"


def _derivative(bridge: Bridge, claim: Theorem, image: str, premises: str) -> str:
    """The proof that E of an image has the derivative."""
    arguments = [f"{image} parameter {bridge.numbers.of[claim.quantity.name]}", *bridge.with_premises(premises)]
    return f"({bridge.q}_gradient {' '.join(arguments)} eq_refl eq_refl)"


def _bare(applied: str) -> str:
    return applied.removeprefix("(").removesuffix(")") if applied.startswith("(") else applied


# --- the file -------------------------------------------------------------------------------------------------------


#: Products of one image past which no certificate is written, and theorems past which a sample is proved.
MAX_PRODUCTS, MAX_THEOREMS = 20_000, 2_000

#: The files of the calculus, which is proved once for all networks, in order.
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
        images: their names; none if there are more than ``MAX_IMAGES``.
        whole: E as a function of the parameters; stages: it, then E as a function of each feature map.
    """

    def __init__(self, derivation: Derivation, samples: int | None) -> None:
        equations = (*derivation.forward, *derivation.backward)
        check_size(equations, MAX_PRODUCTS, "in a certificate", "`symcnn verify` does without")
        self.derivation = derivation
        self.whole = Stage(derivation, Numbering(derivation))
        self.images = [f"image{n}" for n in range(1, samples + 1)] if samples and samples <= MAX_IMAGES else []
        maps = derivation.network.forward.feature_maps
        self.stages = (self.whole, *(Stage(derivation, self.whole.numbers, tensor, self.whole) for tensor in maps))
        claims = [Theorem(p) for p in entries(*derivation.network.forward.parameters)]
        claims += [Theorem(x, i) for x in entries(*maps) for i in self.images or [ANY]]
        self.all = len(claims)
        # all, or so many of them, evenly
        count = min(len(claims), MAX_THEOREMS)
        self.claims = tuple(claims[n * len(claims) // count] for n in range(count))

    @property
    def theorems(self) -> tuple[str, ...]:
        return tuple(c.theorem for c in self.claims)

    @property
    def premises(self) -> dict[str, int]:
        """The premises of the theorems, and how many conditions each has."""
        counts = {"no_kink": len(self.whole.kinks), "no_tie": len(self.whole.ties)}
        return {name: count for name, count in counts.items() if count}

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
        yield from tape(whole)
        for stage in stages[1:]:
            yield from part(stage)
        yield "\n(* ===== The specification ===== *)\n\nModule Spec."
        yield from _define_network(whole)
        yield _define_total(whole, self.images)
        for stage in stages[1:]:
            yield from _define_after(stage)
        yield "End Spec.\nImport Spec.\n\n(* ===== The proof ===== *)"
        bridges = [Bridge(stage) for stage in stages]
        yield from (bridge.text for bridge in bridges)
        yield "\n(* ===== The theorems ===== *)\n"
        owner = {name: bridge for bridge in bridges for name in bridge.stage.free}
        yield from (_prove(owner[c.quantity.name], c, self.images) for c in self.claims)
