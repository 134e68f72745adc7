"""The value of every quantity of the scalar graph, image by image."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from symcnn.derivation import Derivation, Graph
from symcnn.network import DataLike, checked
from symcnn.numeric.parameters import as_theta, given_by_name
from symcnn.numeric.program import run_source
from symcnn.printers.python import quantities_of_one_image, standalone


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
