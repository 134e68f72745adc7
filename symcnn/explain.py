"""Explain any number of a training: at which step, for which image."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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
from symcnn.numeric import initial_values
from symcnn.numeric.values import values_of_images
from symcnn.symbolic import E_TOTAL, E, Quantity, split_name
from symcnn.text import catalogue
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
    reduction: Literal["sum", "mean"] = "sum", lang: str = "en", progress: Progress | None = None,
) -> Explanation:  # fmt: skip
    """Explain one number of the training with these settings.

    ``f_12`` is the parameter's value at that step, ``dE_df_12`` its gradient, ``x_12``, ``h_1``, ``E`` values of the
    forward pass, ``dE_dx_12`` an adjoint, ``E_total`` the sum over the images. A name may end in ``_image2``, and may
    be written as symcnn writes it (w_x11-h1).

    Raises:
        InputError: no such quantity, image or step.
        KeyboardInterrupt: Ctrl-C, while it trains up to that step.
    """
    text = catalogue(lang)
    images, targets = checked(network, data)
    samples = len(images)
    derivation = Derivation(network, samples)
    name, image = _split(question, samples)
    quantity = _quantity(derivation, question.name, name)
    is_parameter = quantity.tensor.is_shared and not quantity.is_adjoint
    if image is not None and (is_parameter or quantity == E_TOTAL):
        raise InputError(f"{question.name}: belongs to no image in particular; expected it without an image")

    def trained(steps: int, initial: Array) -> Array:
        run = train(
            network, data, learning_rate=learning_rate, steps=steps, initial=initial, reduction=reduction,
            backend=choose(network, samples, question.step), progress=progress,
        )  # fmt: skip
        if run.stopped == "interrupted":
            raise KeyboardInterrupt
        return run.theta

    # the last step is made alone, since the parameters before it are explained too
    check_settings(learning_rate, question.step)
    factor = 1.0 if checked_reduction(reduction) == "sum" else 1.0 / samples
    theta = before = initial_values(network, seed)
    if question.step > 1:
        before = trained(question.step - 1, before)
    if question.step:
        theta = trained(1, before)

    def values(theta: Array, image: int) -> Mapping[str, float]:
        return next(values_of_images(derivation, theta, (images[[image]], targets[[image]])))

    def parts(theta: Array, name: str) -> list[float]:
        return [each[name] for each in values_of_images(derivation, theta, (images, targets))]

    graph, words = derivation.graph, {"word": text.words("word"), "explain": text.words("explain")}
    if is_parameter:
        place = _place(network, quantity)
        if question.step == 0:
            origin = text("explain.initial", seed=seed)
            return explain_input(graph, quantity, float(theta[place]), origin, words, text.decimal)
        slope = factor * sum(parts(before, quantity.adjoint.name))
        change = Change(float(before[place]), learning_rate, slope, float(theta[place]), question.step)
        return explain_update(graph, quantity, change, words, text.decimal)
    if quantity == E_TOTAL or (image is None and quantity.tensor.is_shared):
        each = parts(theta, (E if quantity == E_TOTAL else quantity).name)
        labels = text.image_labels(None, samples)
        return explain_sum(graph, quantity, each, factor, labels, words, text.decimal)
    of_image = values(theta, (image or 1) - 1)
    if quantity.name in graph.inputs:
        value, origin = of_image[quantity.name], text("explain.given")
        return explain_input(graph, quantity, value, origin, words, text.decimal)
    return explain_variable(graph, quantity, of_image, words, text.decimal)


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
