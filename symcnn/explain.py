"""Explain any number of a training: at which step, for which image."""

from dataclasses import dataclass
from typing import Any, Literal

from symcnn.derivation import Derivation
from symcnn.errors import InputError, one_of, quoted
from symcnn.formula import (
    Change,
    Explanation,
    explain_input,
    explain_sum,
    explain_update,
    explain_variable,
    name_as_written,
)
from symcnn.network import Array, DataLike, Network, checked
from symcnn.numeric import as_theta, initial_values
from symcnn.numeric.values import values_of_images
from symcnn.symbolic import E_TOTAL, E, Quantity, split_name
from symcnn.text import Catalogue, catalogue
from symcnn.train import Progress, train
from symcnn.train.settings import check_settings, checked_reduction, choose


@dataclass(frozen=True)
class Question:
    """Which number is meant.

    Attributes:
        step: after how many steps of the training.
        image: from 1; None: the total over the images, where there is one, else the first.
    """

    name: str
    step: int = 0
    image: int | None = None


def explain_number(
    network: Network, data: DataLike, question: Question, *, learning_rate: float = 0.5, seed: int = 0,
    initial: Any = None, reduction: Literal["sum", "mean"] = "sum", lang: str = "en", progress: Progress | None = None,
) -> Explanation:  # fmt: skip
    """Explain one number of the training with these settings; ``initial``: its first parameters, in place of a seed.

    ``f_12`` is the parameter's value at that step, ``dE_df_12`` its gradient, ``x_12``, ``h_1``, ``E`` values of the
    forward pass, ``dE_dx_12`` an adjoint, ``E_total`` the sum over the images. A name may end in ``_image2``, and may
    be written as symcnn writes it (w_x11-h1).

    Raises:
        InputError: no such quantity, image or step.
        KeyboardInterrupt: Ctrl-C, while it trains up to that step.
    """
    return explain_with_gradient(
        network, data, question, learning_rate=learning_rate, seed=seed, initial=initial, reduction=reduction,
        lang=lang, progress=progress,
    )[0]  # fmt: skip


def explain_with_gradient(
    network: Network, data: DataLike, question: Question, *, learning_rate: float, seed: int, initial: Any,
    reduction: Literal["sum", "mean"], lang: str, progress: Progress | None = None,
) -> list[Explanation]:  # fmt: skip
    """Explain a number as ``explain_number`` does, and then its gradient, if E is differentiated by it."""
    images, targets = checked(network, data)
    derivation = Derivation(network, len(images))
    name, image = _split(question, len(images))
    quantity = _quantity(derivation, question.name, name)
    if image is not None and (_is_parameter(quantity) or quantity == E_TOTAL):
        raise InputError(f"{question.name}: belongs to no single image; leave the image out")

    def trained(steps: int, initial: Array) -> Array:
        run = train(
            network, data, learning_rate=learning_rate, steps=steps, initial=initial, reduction=reduction,
            backend=choose(network, len(images), question.step), progress=progress,
        )  # fmt: skip
        if run.stopped == "interrupted":
            raise KeyboardInterrupt
        return run.theta

    # the last step is made alone, since the parameters before it are explained too
    check_settings(learning_rate, question.step)
    factor = 1.0 if checked_reduction(reduction) == "sum" else 1.0 / len(images)
    text = catalogue(lang)
    origin = text("explain.initial", seed=seed) if initial is None else text("explain.given")
    theta = before = initial_values(network, seed) if initial is None else as_theta(network, initial)
    if question.step > 1:
        before = trained(question.step - 1, before)
    if question.step:
        theta = trained(1, before)
    explainer = _Explainer(
        derivation, images, targets, question.step, before, theta, origin, learning_rate, factor, text
    )
    found = [explainer.explain(quantity, image)]
    if not quantity.is_adjoint and derivation.differentiates(quantity.tensor):
        found.append(explainer.explain(quantity.adjoint, image))
    return found


@dataclass(frozen=True)
class _Explainer:
    """Explains numbers after one step of a training.

    Attributes:
        before, theta: the parameters before that step and after it; at step 0 they are the same.
        origin: where the first parameters come from, in words.
        factor: of the sum over the images.
    """

    derivation: Derivation
    images: Array
    targets: Array
    step: int
    before: Array
    theta: Array
    origin: str
    learning_rate: float
    factor: float
    text: Catalogue

    def explain(self, quantity: Quantity, image: int | None) -> Explanation:
        graph, text = self.derivation.graph, self.text
        words = {"word": text.words("word"), "explain": text.words("explain")}
        if _is_parameter(quantity):
            place = _place(self.derivation.network, quantity)
            value = float(self.theta[place])
            if self.step == 0:
                return explain_input(graph, quantity, value, self.origin, words, text.decimal)
            slope = self.factor * sum(self._parts(self.before, quantity.adjoint.name))
            change = Change(float(self.before[place]), self.learning_rate, slope, value, self.step)
            return explain_update(graph, quantity, change, words, text.decimal)
        if quantity == E_TOTAL or (image is None and quantity.tensor.is_shared):
            each = self._parts(self.theta, (E if quantity == E_TOTAL else quantity).name)
            labels = text.image_labels(None, len(self.images))
            return explain_sum(graph, quantity, each, self.factor, labels, words, text.decimal)
        one = [(image or 1) - 1]
        of_image = next(values_of_images(self.derivation, self.theta, (self.images[one], self.targets[one])))
        if quantity.name in graph.inputs:
            value, origin = of_image[quantity.name], text("explain.given")
            return explain_input(graph, quantity, value, origin, words, text.decimal)
        return explain_variable(graph, quantity, of_image, words, text.decimal)

    def _parts(self, theta: Array, name: str) -> list[float]:
        """A quantity's value for each image."""
        return [each[name] for each in values_of_images(self.derivation, theta, (self.images, self.targets))]


def _is_parameter(quantity: Quantity) -> bool:
    return quantity.tensor.is_shared and not quantity.is_adjoint


def _place(network: Network, parameter: Quantity) -> int:
    """Return the place of a parameter in the vector of all."""
    tensors = network.forward.parameters
    before = tensors[: tensors.index(parameter.tensor)]
    return sum(tensor.size for tensor in before) + parameter.tensor.flat(parameter.index)


def _quantity(derivation: Derivation, written: str, name: str) -> Quantity:
    """Return the quantity of a name without an image, which may be as symcnn writes it."""
    graph = derivation.graph
    for known in (name, name_as_written(graph, name) or name):
        if known in graph.inputs or known in graph or known == E_TOTAL.name:
            return derivation.quantities.of(known)
    names = dict.fromkeys((*derivation.network.parameters, *graph.inputs, *graph.forward, *graph.backward))
    raise InputError(f"{quoted(written)}: no such quantity; {one_of(name, [*names, E_TOTAL.name])}")


def _split(question: Question, images: int) -> tuple[str, int | None]:
    """Return the quantity's name and the image; ``x_12_image2`` names both."""
    image = question.image
    try:
        name, named = split_name(question.name)
    except ValueError as error:
        raise InputError(str(error)) from None
    if named is not None:
        if image not in (None, named):
            raise InputError(f"{question.name}: names image {named}, and image {image} is asked for")
        image = named
    if image is not None and not 1 <= image <= images:
        raise InputError(f"image {image}: expected a whole number from 1 to {images}")
    return name, image
