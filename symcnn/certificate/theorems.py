"""The theorems of a certificate: what they claim, and the proof that the calculus has prepared.

    is_dE_df_11          where f_11 moves, E_total has the derivative dE_df_11 of all images together
    is_dE_dx_11_image1   where x_11 moves and all else stays, E of image 1 has the derivative dE_dx_11

Up to ``MAX_IMAGES`` images E_total is a sum of so many terms. Of more, or where their number is open, it is the sum
over a list of images, of any length, and a cell's theorem is about any image (``is_dE_dx_11``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from symcnn.certificate.proof import Bridge
from symcnn.certificate.stage import Stage
from symcnn.symbolic import Quantity

MAX_IMAGES = 10

#: What is not one image by its number.
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


def named(samples: int | None) -> list[str]:
    """The images that have a name: all, or none of many."""
    return [f"image{n}" for n in range(1, samples + 1)] if samples and samples <= MAX_IMAGES else []


def claims_of(parameters: Sequence[Quantity], cells: Sequence[Quantity], images: Sequence[str]) -> list[Theorem]:
    """All that can be claimed: the parameters, then the cells, image by image."""
    return [Theorem(p) for p in parameters] + [Theorem(x, i) for x in cells for i in images or [ANY]]


def total(stage: Stage, images: Sequence[str]) -> str:
    """The definition of E_total."""
    if not images:
        error = f"summed (fun image => {stage.applied('E')}) images"
        return f"Definition E_total (parameter : positive -> R) (images : list (positive -> R)) :=\n  {error}."
    error = " + ".join(_bare(stage.applied("E", image=i)) for i in images)
    return f"Definition E_total (parameter {' '.join(images)} : positive -> R) :=\n  {error}."


def theorem(link: Bridge, claim: Theorem, images: Sequence[str]) -> str:
    """Statement and proof."""
    if claim.image is not None:
        return _of_cell(link, claim, claim.image)
    return _of_parameter(link, claim, images) if images else _of_any_images(link, claim)


def _of_cell(link: Bridge, claim: Theorem, image: str) -> str:
    stage = link.stage
    error = _bare(stage.applied("E", image=image, map=_moved(stage, claim, image)))
    names, premises = _premises(stage, claim, image, "")
    return f"""Theorem {claim.theorem} : forall parameter {image} : positive -> R,{premises}
  is_derive (fun r => {error}) {stage.whole.applied(claim.quantity.name, image=image)}
  {stage.whole.applied(claim.quantity.adjoint.name, image=image)}.
Proof. intros parameter {image}{names}; exact {_derivative(link, claim, image, names)}. Qed."""


def _of_parameter(link: Bridge, claim: Theorem, images: Sequence[str]) -> str:
    stage, all_names, all_premises, proof = link.stage, "", "", ""
    for n, image in enumerate(images, 1):
        names, premises = _premises(stage, claim, image, str(n))
        all_names, all_premises = all_names + names, all_premises + premises
        own = _derivative(link, claim, image, names)
        proof = f"(der_plus _ _ _ _ _ {proof} {own})" if proof else own
    adjoint = claim.quantity.adjoint.name
    adjoints = " + ".join(_bare(stage.applied(adjoint, image=i)) for i in images)
    return f"""Theorem {claim.theorem} : forall parameter {" ".join(images)} : positive -> R,{all_premises}
  is_derive (fun r => E_total {_moved(stage, claim, "")} {" ".join(images)}) {stage.applied(claim.quantity.name)}
  ({adjoints}).
Proof. intros parameter {" ".join(images)}{all_names}; exact {proof}. Qed."""


def _of_any_images(link: Bridge, claim: Theorem) -> str:
    stage, moved = link.stage, _moved(link.stage, claim, "")
    names, _ = _premises(stage, claim, ANY, "")
    every = "".join(
        f"\n  (forall image, In image images -> {said}) ->"
        for _, said in stage.premises(ANY, stage.numbers.of[claim.quantity.name])
    )
    own = _derivative(link, claim, ANY, "".join(f" ({n} image i)" for n in names.split()))
    return f"""Theorem {claim.theorem} : forall (parameter : positive -> R) (images : list (positive -> R)),{every}
  is_derive (fun r => E_total {moved} images) {stage.applied(claim.quantity.name)}
  (summed (fun image => {_bare(stage.applied(claim.quantity.adjoint.name))}) images).
Proof.
intros parameter images{names}; apply (der_summed (fun r image => {stage.applied("E", parameter=moved)})).
intros image i; exact {own}.
Qed."""


def _premises(stage: Stage, claim: Theorem, image: str, suffix: str) -> tuple[str, str]:
    """Names for the premises of a theorem about an image, and the premises, with their arrows."""
    found = stage.premises(image, stage.numbers.of[claim.quantity.name])
    return "".join(f" {name}{suffix}" for name, _ in found), "".join(f"\n  {said} ->" for _, said in found)


def _moved(stage: Stage, claim: Theorem, image: str) -> str:
    return f"(moved {stage.point(image)} {stage.numbers.of[claim.quantity.name]} r)"


def _derivative(link: Bridge, claim: Theorem, image: str, premises: str) -> str:
    """The proof that E of an image has the derivative."""
    given = [f"{image} parameter {link.numbers.of[claim.quantity.name]}", *link.with_premises(premises)]
    return f"({link.q}_gradient {' '.join(given)} eq_refl eq_refl)"


def _bare(applied: str) -> str:
    return applied.removeprefix("(").removesuffix(")") if applied.startswith("(") else applied
