"""The value of every quantity of the scalar graph, image by image."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from symcnn.derivation import Derivation
from symcnn.network import DataLike, checked
from symcnn.numeric.parameters import as_theta
from symcnn.numeric.program import run_source
from symcnn.printers.python import quantities_of_one_image


def values_of_images(derivation: Derivation, theta: Any, data: DataLike) -> Iterator[dict[str, float]]:
    """For each image: name -> value of every input, forward quantity and adjoint."""
    network, graph = derivation.network, derivation.graph
    images, targets = checked(network, data)
    names = list(graph.inputs)
    values = as_theta(network, theta)
    function = run_source(quantities_of_one_image(graph, names))["quantities"]
    stated = network.forward
    assert stated.targets is not None  # a derivation has a loss
    for image, target in zip(images, targets, strict=True):
        given = dict(zip(network.parameters, values.tolist(), strict=True))
        given |= zip(stated.image.scalars(), image.ravel().tolist(), strict=True)
        given |= zip(stated.targets.scalars(), target.tolist(), strict=True)
        with np.errstate(all="ignore"):
            yield {**given, **function(*(given[n] for n in names))}
