"""A Coq file that states and proves a network's gradients."""

from collections.abc import Iterator, Sequence
from importlib.resources import files

from symcnn.certificate import proof, specification
from symcnn.certificate.numbering import Numbering
from symcnn.certificate.stage import Stage
from symcnn.derivation import Derivation


def certificate(derivation: Derivation, samples: int) -> str:
    """The text of the file."""
    calculus = files("symcnn.certificate").joinpath("calculus.v").read_text("utf-8")
    return "\n".join([calculus, *_network(derivation, samples)]) + "\n"


def _network(derivation: Derivation, samples: int) -> Iterator[str]:
    numbers = Numbering(derivation)
    whole = Stage(derivation, numbers)
    maps = [Stage(derivation, numbers, tensor, whole) for tensor in derivation.network.forward.feature_maps]
    images = [f"image{k}" for k in range(1, samples + 1)]
    yield from proof.tape(whole)
    for stage in maps:
        yield from proof.part(stage)
    yield "Module Spec."
    yield from specification.network(whole)
    yield specification.total(images)
    for stage in maps:
        yield from specification.after(stage)
    yield "End Spec.\nImport Spec."
    links = [proof.Link(stage) for stage in (whole, *maps)]
    for link in links:
        yield from link.lines()
    for name in numbers.parameters:
        yield from _of_parameter(links[0], name, images)
    for link in links[1:]:
        for name in link.stage.free:
            for image in images:
                yield from _of_cell(link, name, image)


def _of_parameter(link: proof.Link, name: str, images: Sequence[str]) -> Iterator[str]:
    number = link.numbers.of[name]
    adjoints = [link.stage.applied(f"dE_d{name}").replace(" image", f" {i}").strip("()") for i in images]
    yield f"Theorem is_dE_d{name} : forall parameter {' '.join(images)}, {''.join(map(link.hypotheses, images))}"
    yield f"  is_derive (fun r => E_total (moved parameter {number} r) {' '.join(images)}) ({name} parameter)"
    yield f"  ({' + '.join(adjoints)})."
    letters = [letter for letter, _ in link._assumed()]
    names = [[f"{letter}{k}" for letter in letters] for k, _ in enumerate(images, 1)]
    term = link.derivative(images[0], number, names[0])
    for image, found in zip(images[1:], names[1:], strict=True):
        term = f"(der_plus _ _ _ _ _ {term} {link.derivative(image, number, found)})"
    yield f"Proof. intros {' '.join(['parameter', *images, *(n for found in names for n in found)])}; exact {term}. Qed."


def _of_cell(link: proof.Link, name: str, image: str) -> Iterator[str]:
    stage, number = link.stage, link.numbers.of[name]
    value, adjoint = (stage.whole.applied(n).replace(" image", f" {image}") for n in (name, f"dE_d{name}"))
    error = f"{stage.module}.E parameter {image}"
    names = [f"{letter}1" for letter, _ in link._assumed()]
    yield f"Theorem is_dE_d{name}_{image} : forall parameter {image}, {link.hypotheses(image)}"
    yield f"  is_derive (fun r => {error} (moved ({stage.moved} parameter {image}) {number} r)) {value} {adjoint}."
    yield f"Proof. intros {' '.join(['parameter', image, *names])}; exact {link.derivative(image, number, names)}. Qed."
