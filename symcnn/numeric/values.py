"""The numbers of a derivation: every quantity of the scalar graph, image by image; one of them explained; and the
displayed gradients themselves, evaluated with NumPy."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from symcnn.derivation import Derivation, Gradient, Graph
from symcnn.errors import InputError
from symcnn.formula import Explanation, explain_variable
from symcnn.network import Array, DataLike, checked
from symcnn.numeric.parameters import as_theta, given_by_name
from symcnn.numeric.program import run_source
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import NUMPY, quantities_of_one_image, standalone
from symcnn.text import catalogue


def values_of_images(derivation: Derivation, theta: Any, data: DataLike) -> Iterator[dict[str, float]]:
    """For each image: name -> value of every input, forward quantity and adjoint."""
    network = derivation.network
    values, complete = as_theta(network, theta), completion(derivation.graph)
    for image, target in zip(*checked(network, data), strict=True):
        yield complete(given_by_name(network, values, image, target))


def completion(graph: Graph) -> Callable[[Mapping[str, float]], dict[str, float]]:
    """A function that adds to the inputs of one image the value of every variable."""
    names = list(graph.inputs)
    function = run_source(standalone(quantities_of_one_image(graph, names)))["quantities"]
    return lambda given: {**given, **function(*(given[n] for n in names))}


def explain_gradient(gradient: Gradient, values: Mapping[str, float], lang: str = "en") -> Explanation:
    """∂E/∂name of one image at these values of pixels, parameters and targets."""
    graph = gradient.graph
    names = list(graph.inputs)
    missing = [n for n in names if n not in values]
    if missing:
        raise InputError(
            f"values: {missing[0]} is missing; expected one for each of the {len(names)} pixels, parameters and targets"
        )
    given = {n: float(values[n]) for n in names}
    text = catalogue(lang)
    words = {"word": text.words("word"), "explain": text.words("explain")}
    return explain_variable(graph, gradient.adjoint, completion(graph)(given), words, text.decimal)


def evaluate_displayed(derivation: Derivation, theta: Any, images: Any, targets: Any) -> dict[str, Array]:
    """``d.gradients`` at these values: name -> (samples,).

    No adjoint, no shared subexpression; where an expression with all adjoints put in would be too long to be
    displayed, the formula with adjoints.
    """
    network, graph = derivation.network, derivation.graph
    stated = network.forward
    assert stated.targets is not None  # a derivation has a loss
    pixels, wanted = checked(network, (images, targets))
    space: dict[str, Any] = {"np": np}
    space |= zip(network.parameters, as_theta(network, theta), strict=True)
    space |= zip(stated.image.scalars(), pixels.reshape(len(pixels), -1).T, strict=True)
    space |= zip(stated.targets.scalars(), wanted.T, strict=True)
    printer = InfixPrinter(NUMPY)
    with np.errstate(over="ignore", invalid="ignore"):
        for variable in graph.forward.values():
            space[variable.name] = eval(printer.variable(variable), space)  # our own print, nobody's text
        put_in = {name: derivation[name].has_short_expression for name in derivation.names}
        if not all(put_in.values()):
            for variable in graph.backward.values():
                space[variable.name] = eval(printer.variable(variable), space)
        found = {
            name: eval(printer.expression(derivation.gradients[name]).text, space)
            if short
            else space[derivation[name].adjoint]
            for name, short in put_in.items()
        }
    return {name: np.broadcast_to(np.asarray(v, dtype=np.float64), (len(pixels),)) for name, v in found.items()}
