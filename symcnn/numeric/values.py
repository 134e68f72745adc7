"""Values of a derivation: every quantity of the scalar graph, image by image; the explanation of a gradient; and the
displayed gradients, evaluated with NumPy."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from symcnn.derivation import Derivation, Gradient, Graph
from symcnn.errors import InputError
from symcnn.formula import Explanation, explain_variable
from symcnn.network import Array, DataLike, checked
from symcnn.numeric.program import as_theta, inputs_by_name, run_source
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import NUMPY, quantities_of_one_image, standalone
from symcnn.text import catalogue


def values_of_images(derivation: Derivation, theta: Any, data: DataLike) -> Iterator[dict[str, float]]:
    """For each image: name -> value of every input, forward quantity and adjoint."""
    network = derivation.network
    values, complete = as_theta(network, theta), completion(derivation.graph)
    for image, target in zip(*checked(network, data), strict=True):
        yield complete(inputs_by_name(network, values, image, target))


def completion(graph: Graph) -> Callable[[Mapping[str, float]], dict[str, float]]:
    """A function that adds to the inputs of one image the value of every variable."""
    names = list(graph.inputs)
    function = run_source(standalone(quantities_of_one_image(graph, names)))["quantities"]
    return lambda inputs: {**inputs, **function(*(inputs[n] for n in names))}


def explain_gradient(gradient: Gradient, values: Mapping[str, float], lang: str = "en") -> Explanation:
    """∂E/∂name of one image at these values of pixels, parameters and targets."""
    graph = gradient.graph
    names = list(graph.inputs)
    missing = [n for n in names if n not in values]
    if missing:
        raise InputError(
            f"values: {missing[0]} is missing; expected one for each of the {len(names)} pixels, parameters and targets"
        )
    inputs = {n: float(values[n]) for n in names}
    text = catalogue(lang)
    words = {"word": text.words("word"), "explain": text.words("explain")}
    return explain_variable(graph, gradient.adjoint, completion(graph)(inputs), words, text.decimal)


def evaluate_displayed(derivation: Derivation, theta: Any, images: Any, targets: Any) -> dict[str, Array]:
    """``d.gradients`` at these values: name -> (samples,).

    An expression without adjoints and shared subexpressions; where that would be too long to be displayed, the formula
    with adjoints.
    """
    network, graph = derivation.network, derivation.graph
    assert network.forward.targets is not None  # a derivation has a loss
    pixels, targets = checked(network, (images, targets))
    space: dict[str, Any] = {"np": np}
    space |= zip(network.parameters, as_theta(network, theta), strict=True)
    space |= zip(network.forward.image.scalars(), pixels.reshape(len(pixels), -1).T, strict=True)
    space |= zip(network.forward.targets.scalars(), targets.T, strict=True)
    printer = InfixPrinter(NUMPY)
    with np.errstate(over="ignore", invalid="ignore"):
        is_short = {gradient: gradient.has_short_expression for gradient in derivation.values()}
        variables = graph.forward.values() if all(is_short.values()) else graph
        for variable in variables:
            space[variable.name] = eval(printer.variable(variable), space)  # our own print, not a user's text
        values = {
            g.name: eval(printer.expression(derivation.gradients[g.name]).text, space) if short else space[g.adjoint]
            for g, short in is_short.items()
        }
    return {name: np.broadcast_to(np.asarray(v, dtype=np.float64), (len(pixels),)) for name, v in values.items()}
