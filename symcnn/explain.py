"""Explain any number of a training: at which step, for which image."""

from dataclasses import dataclass, replace
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
from symcnn.train import Progress, Run, train
from symcnn.train.settings import check_settings, checked_count, checked_reduction, choose


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


@dataclass(frozen=True)
class Moment:
    """A moment of a training.

    Attributes:
        theta: the parameters.
        factor: the gradient of a step is the sum over the images times this.
        origin: where the parameters are from, in words, if a step did not make them;
        before, rate, step: else the parameters before it, its learning rate and its number.
    """

    theta: Array
    factor: float
    origin: str = ""
    before: Array | None = None
    rate: float = 0.0
    step: int = 0


def explain(name: str, run: Run, *, step: int | None = None, image: int | None = None, lang: str = "en") -> Explanation:
    """Explain one number of a training: its value and its gradient, each with formula, numbers put in, and result.

    >>> import symcnn
    >>> run = symcnn.train(symcnn.article.network(), symcnn.article.images(), learning_rate=0.5, steps=2)
    >>> print(symcnn.explain("f_12", run))
    (f₁₂)[step 2] = (f₁₂)[step 1] − η · (∂E_total/∂f₁₂)[step 1]
                  = −0.467282 − 0.5 × 0.0150017
                  = −0.474782
    computed from (f₁₂)[step 1] = −0.467282, η = 0.5, (∂E_total/∂f₁₂)[step 1] = 0.0150017
    used in x₁₁, x₁₂, x₂₁, x₂₂
    <BLANKLINE>
    ∂E_total/∂f₁₂ = (∂E/∂f₁₂)[image 1] + (∂E/∂f₁₂)[image 2]
                  = −0.014435 + 0.0308388
                  = 0.0164038
    computed from (∂E/∂f₁₂)[image 1] = −0.014435, (∂E/∂f₁₂)[image 2] = 0.0308388
    used in f₁₂
    >>> h_1 = symcnn.explain("h_1", run, image=2)
    >>> round(h_1.value, 6), round(h_1.gradient.value, 6)
    (0.221004, 0.145599)

    Args:
        name: ``f_12`` is a parameter, ``dE_df_12`` its gradient, ``x_12``, ``h_1``, ``E`` values of the forward pass,
            ``dE_dx_12`` an adjoint, ``E_total`` the sum over the images. A name may end in ``_image2``, and may be
            written as symcnn writes it (w_x11-h1).
        run: what ``symcnn.train`` returned.
        step: after how many steps; None: at the end. A training by epochs keeps its first (0) and last parameters.
        image: from 1; None: the total over the images, where there is one, else the first.
        lang: of the words, "en" or "fr".

    Returns:
        An ``Explanation``: ``value``, ``gradient`` (another one, or None where there is none), and texts for the
        terminal, LaTeX and notebooks.

    Raises:
        InputError: no such quantity, image or step.
    """
    if not isinstance(name, str) or not isinstance(run, Run):
        raise InputError(
            f"explain({type(name).__name__}, {type(run).__name__}): expected the name of a quantity and a run of"
            ' symcnn.train, such as explain("f_12", run)'
        )
    text = catalogue(lang)
    subject = Subject.of(run.network, run.data, Question(name, 0, image))
    return subject.explain(_moment(run, step, text), text)


def _moment(run: Run, step: int | None, text: Catalogue) -> Moment:
    """The parameters of a run after so many steps."""
    factor = 1.0 if run.reduction == "sum" else 1.0 / len(run.data)
    if step is not None and checked_count("step", step, 0) > run.steps:
        raise InputError(f"step={quoted(step)}: expected at most {run.steps}, the steps of the run")
    if step == 0 or not run.steps:
        return Moment(run.initial, factor, text("explain.first"))
    if run.course is not None:
        if step is not None:
            raise InputError(
                f"step={quoted(step)}: the run was trained by epochs, of which it keeps the first and the last"
                " parameters; expected 0, or no step"
            )
        return Moment(run.theta, factor, text("explain.learnt", count=run.measured.number))
    step = run.steps if step is None else step
    before, theta = run.parameters_after((step - 1, step))
    return Moment(theta, factor, before=before, rate=run.learning_rate, step=step)


def explain_number(
    network: Network, data: DataLike, question: Question, *, learning_rate: float = 0.5, seed: int = 0,
    initial: Any = None, reduction: Literal["sum", "mean"] = "sum", lang: str = "en", progress: Progress | None = None,
) -> Explanation:  # fmt: skip
    """Explain one number of the training with these settings, as ``explain`` does.

    Args:
        initial: the first parameters, in place of a seed.

    Raises:
        InputError: no such quantity, image or step.
        KeyboardInterrupt: Ctrl-C, while it trains up to that step.
    """
    text = catalogue(lang)
    subject = Subject.of(network, data, question)
    samples = len(subject.images)

    def trained(steps: int, initial: Array) -> Array:
        run = train(
            network, data, learning_rate=learning_rate, steps=steps, initial=initial, reduction=reduction,
            backend=choose(network, samples, question.step), progress=progress,
        )  # fmt: skip
        if run.stopped == "interrupted":
            raise KeyboardInterrupt
        return run.theta

    check_settings(learning_rate, question.step)
    factor = 1.0 if checked_reduction(reduction) == "sum" else 1.0 / samples
    theta = initial_values(network, seed) if initial is None else as_theta(network, initial)
    if question.step == 0:
        origin = text("explain.initial", seed=seed) if initial is None else text("explain.given")
        return subject.explain(Moment(theta, factor, origin), text)
    # the last step is made alone, since the parameters before it are explained too
    before = trained(question.step - 1, theta) if question.step > 1 else theta
    moment = Moment(trained(1, before), factor, before=before, rate=learning_rate, step=question.step)
    return subject.explain(moment, text)


@dataclass(frozen=True)
class Subject:
    """The number that a question is about, and the samples.

    Attributes:
        image: from 1; None: of no image in particular.
    """

    derivation: Derivation
    quantity: Quantity
    image: int | None
    images: Array
    targets: Array

    @classmethod
    def of(cls, network: Network, data: DataLike, question: Question) -> "Subject":
        images, targets = checked(network, data)
        derivation = Derivation(network, len(images))
        name, image = _split(question, len(images))
        subject = cls(derivation, _quantity(derivation, question.name, name), image, images, targets)
        if image is not None and (subject.is_parameter or subject.quantity == E_TOTAL):
            raise InputError(f"{question.name}: belongs to no single image; leave the image out")
        return subject

    @property
    def is_parameter(self) -> bool:
        return self.quantity.tensor.is_shared and not self.quantity.is_adjoint

    def explain(self, moment: Moment, text: Catalogue) -> Explanation:
        """Explain it, and where it has one, its gradient."""
        explanation, adjoint = self._alone(moment, text), self.quantity.adjoint
        if self.quantity.is_adjoint or adjoint.name not in self.derivation.graph:
            return explanation
        return replace(explanation, gradient=replace(self, quantity=adjoint)._alone(moment, text))

    def _alone(self, moment: Moment, text: Catalogue) -> Explanation:
        graph, quantity = self.derivation.graph, self.quantity
        words = {"word": text.words("word"), "explain": text.words("explain")}
        if self.is_parameter:
            place = _place(self.derivation.network, quantity)
            value = float(moment.theta[place])
            if moment.before is None:
                return explain_input(graph, quantity, value, moment.origin, words, text.decimal)
            slope = moment.factor * sum(self._parts(moment.before, quantity.adjoint.name))
            change = Change(float(moment.before[place]), moment.rate, slope, value, moment.step)
            return explain_update(graph, quantity, change, words, text.decimal)
        if quantity == E_TOTAL or (self.image is None and quantity.tensor.is_shared):
            parts = self._parts(moment.theta, (E if quantity == E_TOTAL else quantity).name)
            labels = text.image_labels(None, len(self.images))
            return explain_sum(graph, quantity, parts, moment.factor, labels, words, text.decimal)
        chosen = [(self.image or 1) - 1]
        values = next(values_of_images(self.derivation, moment.theta, (self.images[chosen], self.targets[chosen])))
        if quantity.name in graph.inputs:
            origin = text("explain.given")
            return explain_input(graph, quantity, values[quantity.name], origin, words, text.decimal)
        return explain_variable(graph, quantity, values, words, text.decimal)

    def _parts(self, theta: Array, name: str) -> list[float]:
        """A quantity's value for each image."""
        return [each[name] for each in values_of_images(self.derivation, theta, (self.images, self.targets))]


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
