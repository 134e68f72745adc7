"""The displayed gradient expressions themselves, evaluated with NumPy: no adjoint, no shared subexpression; where an
expression with all adjoints put in would be too long to be displayed, the formula with adjoints."""

from typing import Any

import numpy as np

from symcnn.derivation import Derivation, evaluate
from symcnn.network import Array, checked
from symcnn.numeric.parameters import as_theta
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.numpy_scalars import NUMPY


@evaluate.register
def evaluate_displayed(derivation: Derivation, theta: Any, images: Any, targets: Any) -> dict[str, Array]:
    """``d.gradients`` at these values: name -> (samples,)."""
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
            name: eval(printer.expression(derivation.gradients[name]).text, space) if short else space[f"dE_d{name}"]
            for name, short in put_in.items()
        }
    return {name: np.broadcast_to(np.asarray(v, dtype=np.float64), (len(pixels),)) for name, v in found.items()}
