"""Any number of a training, explained: at which step, for which image."""

from dataclasses import dataclass

from symcnn.derivation import Derivation
from symcnn.errors import InputError
from symcnn.formula import Explanation, explain_given, explain_sum, explain_update, explain_variable
from symcnn.network import Array, DataLike, Network, checked
from symcnn.numeric.values import values_of_images
from symcnn.text import Catalogue, catalogue
from symcnn.train import train


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
    network: Network, data: DataLike, question: Question, *, learning_rate: float = 0.5, seed: int = 0, lang: str = "en"
) -> Explanation:
    """Explain one number of the training with these settings.

    ``f_12`` is the parameter's value at that step, ``dE_df_12`` its gradient, ``x_12``, ``h_1``, ``E`` values of the
    forward pass, ``dE_dx_12`` an adjoint, ``E_total`` the sum over the images. A name may end in ``_image2``.

    Raises:
        InputError: no such quantity, image or step.
    """
    text = catalogue(lang)
    derivation = Derivation(network, len(checked(network, data)[0]))
    name, image = _split(question, derivation.samples)
    run = train(network, data, learning_rate=learning_rate, steps=question.step, seed=seed)
    answer = _Answer(derivation, data, run.theta, text)
    if name in network.parameters:
        if question.step == 0:
            return answer.given(name, answer.values[0][name], text("explain.initial", seed=seed))
        before = train(network, data, learning_rate=learning_rate, steps=question.step - 1, seed=seed)
        earlier = _Answer(derivation, data, before.theta, text)
        slope = sum(v[f"dE_d{name}"] for v in earlier.values)
        return answer.update(name, before.parameters[name], learning_rate, slope, question.step)
    if name == "E_total" or (image is None and name.removeprefix("dE_d") in network.parameters):
        return answer.total(name)
    values = answer.values[(image or 1) - 1]
    if name in derivation.graph.inputs:
        return answer.given(name, values[name], text("explain.given"))
    if name not in values:
        known = [*network.parameters, *(v.name for v in derivation.graph), "E_total"]
        listed = ", ".join(known[:24]) + (f", … ({len(known)} in all)" if len(known) > 24 else "")
        raise InputError(f"{question.name}: no such quantity; expected one of {listed}")
    return answer.variable(name, values)


def _split(question: Question, images: int) -> tuple[str, int | None]:
    """The quantity and the image: ``x_12_image2`` names both."""
    name, _, number = question.name.partition("_image")
    image = question.image
    if number:
        if not number.isdigit():
            raise InputError(f"{question.name}: expected a name that ends in _image1, _image2, …")
        image = int(number)
    if image is not None and not 1 <= image <= images:
        raise InputError(f"image {image}: expected a whole number from 1 to {images}")
    return name, image


class _Answer:
    """Explanations at one choice of parameters."""

    def __init__(self, derivation: Derivation, data: DataLike, theta: Array, text: Catalogue) -> None:
        self._graph, self._text = derivation.graph, text
        self.values = list(values_of_images(derivation, theta, data))
        self._words = {"word": text.words("word"), "explain": text.words("explain")}

    def given(self, name: str, value: float, what: str) -> Explanation:
        return explain_given(self._graph, name, value, what, self._words, self._text.decimal)

    def variable(self, name: str, values: dict[str, float]) -> Explanation:
        return explain_variable(self._graph, name, values, self._words, self._text.decimal)

    def total(self, name: str) -> Explanation:
        parts = [v["E" if name == "E_total" else name] for v in self.values]
        labels = self._text.image_labels(None, len(parts))
        return explain_sum(self._graph, name, parts, 1.0, labels, self._words, self._text.decimal)

    def update(self, name: str, before: float, rate: float, slope: float, step: int) -> Explanation:
        return explain_update(self._graph, name, before, rate, slope, step, self._words, self._text.decimal)
