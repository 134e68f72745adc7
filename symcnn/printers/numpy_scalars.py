"""The scalar graph with NumPy over the samples: one line a variable, each an array (samples,)."""

from collections.abc import Sequence
from functools import reduce

import sympy

from symcnn.derivation import Graph
from symcnn.printers.infix import ATOM, POWER, PRODUCT, InfixPrinter, Language, Text, first_reaches, negated
from symcnn.symbolic import (
    LEAKY_SLOPE,
    Index,
    exp,
    gate,
    leaky_relu,
    log,
    maximum,
    relu,
    sigmoid,
    softplus,
    tanh,
    wins,
)  # fmt: skip


def _first(z: Sequence[Text]) -> Text:
    conditions = " & ".join(f"({c})" for c in first_reaches(z, " == ", " != "))
    return Text(f"np.where({conditions}, 1.0, 0.0)", ATOM)


NUMPY = Language(
    functions={
        sigmoid: lambda z: Text(f"1/(1 + np.exp({negated(z[0])}))", PRODUCT),
        tanh: lambda z: Text(f"np.tanh({z[0].text})", ATOM),
        relu: lambda z: Text(f"np.maximum({z[0].text}, 0)", ATOM),
        leaky_relu: lambda z: Text(f"np.maximum({z[0].text}, {float(LEAKY_SLOPE)}*{z[0].within(POWER)})", ATOM),
        softplus: lambda z: Text(f"np.logaddexp(0, {z[0].text})", ATOM),
        exp: lambda z: Text(f"np.exp({z[0].text})", ATOM),
        log: lambda z: Text(f"np.log({z[0].text})", ATOM),
        gate: lambda z: Text(f"np.where({z[0].text} <= 0, {z[2].text}, {z[1].text})", ATOM),
        # pair by pair: an absent cell is a number beside arrays
        maximum: lambda z: reduce(lambda a, b: Text(f"np.maximum({a.text}, {b.text})", ATOM), z),
        wins: lambda z: _first(z),
    },
    number=lambda q: Text(f"{q.p}/{q.q}", PRODUCT) if isinstance(q, sympy.Rational) else Text(repr(float(q)), ATOM),
    power=lambda base, n: Text(f"{base.within(ATOM)}**{n}", POWER),
    root="np.sqrt",
)


def scalars_over_samples(graph: Graph, outputs: Sequence[str], parameters: Sequence[str], gradients: bool) -> str:
    """``loss_and_gradient(theta, images, targets)``, or without gradients ``predict(theta, images)``."""
    printer = InfixPrinter(NUMPY)
    lines = [f"[{', '.join(parameters)}] = theta"]
    for name, (tensor, index) in graph.inputs.items():
        if tensor.role == "image" or (tensor.role == "target" and gradients):
            source = "images" if tensor.role == "image" else "targets"
            lines.append(f"{name} = {source}[:, {_index(index)}]")
    variables = [v for v in graph.forward.values() if gradients or v.name != "E"]
    if gradients:
        variables += graph.backward.values()
    for v in variables:
        lines.append(f"{v.name} = {printer.variable(v) if v.addends else 'np.zeros(len(images))'}")
    if gradients:
        sums = ", ".join(f"dE_d{p}.sum()" for p in parameters)
        lines.append(f"return E.sum(), np.array([{sums}])")
    else:
        # an output that rests on no pixel is one number, not one for each image
        lines.append(f"outputs = [{', '.join(outputs)}]")
        lines.append("return np.stack([np.broadcast_to(o, len(images)) for o in outputs], axis=-1)")
    head = "def loss_and_gradient(theta, images, targets):" if gradients else "def predict(theta, images):"
    return "\n    ".join([head, *lines]) + "\n"


def _index(index: Index) -> str:
    return ", ".join(map(str, index))
