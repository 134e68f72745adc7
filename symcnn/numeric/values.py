"""Values of a derivation: every quantity of the scalar graph, image by image; the explanation of a gradient; and the
displayed gradients, evaluated with NumPy.

A small network's values come from the scalar graph as straight-line Python. Of a larger one the equations are evaluated
as arrays, and a number is taken from its array when it is looked up.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from symcnn.derivation import Derivation, Entries, Gradient, Graph, count_products
from symcnn.errors import InputError
from symcnn.formula import Explanation, explain_variable
from symcnn.network import Array, DataLike, Network, checked
from symcnn.numeric.learner import blocks
from symcnn.numeric.program import MAX_PRODUCTS, as_theta, inputs_by_name, run_source
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import NUMPY, quantities_of_one_image, standalone
from symcnn.proof.arithmetic import Reals
from symcnn.proof.interpret import Interpreter
from symcnn.symbolic import Tensor
from symcnn.text import catalogue

#: Entries of all tensors, of all images whose values are computed at once.
ENTRIES = 2_000_000


def values_of_images(derivation: Derivation, theta: Any, data: DataLike) -> Iterator[Mapping[str, float]]:
    """For each image: name -> value of every input, forward quantity and adjoint."""
    network = derivation.network
    values, (images, targets) = as_theta(network, theta), checked(network, data)
    if not _is_small(derivation):
        size = sum(tensor.size for tensor in derivation.graph.tensors)
        for block in blocks(len(images), max(1, ENTRIES // size)):
            yield from array_values(derivation, values, images[block], targets[block])
        return
    complete = completion(derivation.graph)
    for image, target in zip(images, targets, strict=True):
        yield complete(inputs_by_name(network, values, image, target))


def _is_small(derivation: Derivation) -> bool:
    return count_products(derivation.forward) <= MAX_PRODUCTS


def array_values(derivation: Derivation, theta: Array, images: Array, targets: Array) -> list[Mapping[str, float]]:
    """For each image: name -> value of every quantity, by evaluating the equations as arrays."""
    interpreter = Interpreter(Reals(), arrays_of_inputs(derivation.network, theta, images, targets))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        interpreter.run((*derivation.forward, *derivation.backward))
    return [scalars_of(derivation.graph, interpreter.values, n) for n in range(len(images))]


def scalars_of(graph: Graph, arrays: Mapping[Tensor, Array], image: int = 0) -> Entries[float]:
    """Name -> value of every quantity of one image, from arrays of (images, entries)."""
    return Entries(graph.tensors, lambda tensor, index: float(arrays[tensor][image, tensor.flat(index)]))


def arrays_of_inputs(network: Network, theta: Array, images: Array, targets: Array) -> dict[Tensor, Array]:
    """The inputs of an interpreter of equations: parameters, images and targets, (samples, entries) each."""
    forward, samples = network.forward, len(images)
    assert forward.targets is not None  # there are targets, so there is a loss
    cuts = np.cumsum([tensor.size for tensor in forward.parameters])[:-1]
    parts = zip(forward.parameters, np.split(theta, cuts), strict=True)
    arrays = {tensor: np.broadcast_to(part, (samples, len(part))) for tensor, part in parts}
    return {**arrays, forward.image: images.reshape(samples, -1), forward.targets: targets}


def completion(graph: Graph) -> Callable[[Mapping[str, float]], dict[str, float]]:
    """A function that adds to the inputs of one image the value of every variable."""
    names = list(graph.inputs)
    function = run_source(standalone(quantities_of_one_image(graph, names)))["quantities"]
    return lambda inputs: {**inputs, **function(*(inputs[n] for n in names))}


def explain_gradient(gradient: Gradient, values: Mapping[str, float], lang: str = "en") -> Explanation:
    """∂E/∂name of one image at these values of pixels, parameters and targets."""
    derivation, graph = gradient.derivation, gradient.graph
    names = list(graph.inputs)
    missing = [n for n in names if n not in values]
    if missing:
        raise InputError(
            f"values: {missing[0]} is missing; expected one for each of the {len(names)} pixels, parameters and targets"
        )
    text = catalogue(lang)
    words = {"word": text.words("word"), "explain": text.words("explain")}
    if _is_small(derivation):
        each: Mapping[str, float] = completion(graph)({n: float(values[n]) for n in names})
    else:
        forward = derivation.network.forward
        assert forward.targets is not None  # a derivation has a loss
        image, target = (np.array([float(values[n]) for n in t.scalars()]) for t in (forward.image, forward.targets))
        theta = np.array([float(values[n]) for n in derivation.network.parameters])
        (each,) = array_values(derivation, theta, image[None], target[None])
    return explain_variable(graph, gradient.adjoint, each, words, text.decimal)


def evaluate_displayed(derivation: Derivation, theta: Any, images: Any, targets: Any) -> dict[str, Array]:
    """``d.gradients`` at these values: name -> (samples,).

    An expression without adjoints and shared subexpressions; where that would be too long to be displayed, the formula
    with adjoints.
    """
    network, graph = derivation.network, derivation.graph
    derivation.require_scalars(
        "evaluated gradient by gradient", "symcnn.compile(network).loss_and_gradient does without"
    )
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
