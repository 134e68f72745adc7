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
    written_names,
)
from symcnn.network import Array, DataLike, Network, checked
from symcnn.numeric.values import values_of_images
from symcnn.symbolic import E_TOTAL, E, Quantity, split_name
from symcnn.text import Catalogue, catalogue
from symcnn.train import Progress, Run, train
from symcnn.train.settings import check_settings, choose


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
    text = catalogue(lang)
    samples = len(checked(network, data)[0])
    derivation = Derivation(network, samples)
    name, image = _split(question, samples)
    name = written_names(derivation.graph).get(name, name)
    inputs = dict.fromkeys((*network.parameters, *derivation.graph.inputs))
    known = [*inputs, *(v.name for v in derivation.graph), E_TOTAL.name]
    if name not in known:
        raise InputError(f"{quoted(question.name)}: no such quantity; {one_of(name, known)}")
    quantity = derivation.quantities.of(name)
    is_parameter = quantity.tensor.is_shared and not quantity.is_adjoint
    if image is not None and (is_parameter or quantity == E_TOTAL):
        raise InputError(f"{question.name}: belongs to no image in particular; expected it without an image")

    def trained(steps: int, initial: Any = None) -> Run:
        run = train(
            network, data, learning_rate=learning_rate, steps=steps, seed=seed, initial=initial, reduction=reduction,
            backend=choose(network, samples, question.step), progress=progress,
        )  # fmt: skip
        if run.stopped == "interrupted":
            raise KeyboardInterrupt
        return run

    # the last step is made alone, since the parameters before it are explained too
    check_settings(learning_rate, question.step)
    before = trained(max(question.step - 1, 0), initial)
    run = trained(1, before) if question.step else before
    factor = 1.0 if reduction == "sum" else 1.0 / samples
    answer = _Answer(derivation, data, run.theta, factor, text)
    if is_parameter:
        if question.step == 0:
            origin = text("explain.initial", seed=seed) if initial is None else text("explain.given")
            return answer.input(quantity, run.parameters[name], origin)
        earlier = _Answer(derivation, data, before.theta, factor, text)
        slope = factor * sum(v[quantity.adjoint.name] for v in earlier.values)
        change = Change(before.parameters[name], learning_rate, slope, run.parameters[name], question.step)
        return answer.update(quantity, change)
    if quantity == E_TOTAL or (image is None and quantity.tensor.is_shared):
        return answer.total(quantity)
    values = answer.values[(image or 1) - 1]
    if name in derivation.graph.inputs:
        return answer.input(quantity, values[name], text("explain.given"))
    return answer.variable(quantity, values)


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


class _Answer:
    """Explains numbers at one choice of parameters."""

    def __init__(self, derivation: Derivation, data: DataLike, theta: Array, factor: float, text: Catalogue) -> None:
        self._graph, self._text, self._factor = derivation.graph, text, factor
        self.values = list(values_of_images(derivation, theta, data))
        self._words = {"word": text.words("word"), "explain": text.words("explain")}

    def input(self, quantity: Quantity, value: float, origin: str) -> Explanation:
        return explain_input(self._graph, quantity, value, origin, self._words, self._text.decimal)

    def variable(self, quantity: Quantity, values: dict[str, float]) -> Explanation:
        return explain_variable(self._graph, quantity, values, self._words, self._text.decimal)

    def total(self, quantity: Quantity) -> Explanation:
        parts = [v[(E if quantity == E_TOTAL else quantity).name] for v in self.values]
        labels = self._text.image_labels(None, len(parts))
        return explain_sum(self._graph, quantity, parts, self._factor, labels, self._words, self._text.decimal)

    def update(self, quantity: Quantity, change: Change) -> Explanation:
        return explain_update(self._graph, quantity, change, self._words, self._text.decimal)
