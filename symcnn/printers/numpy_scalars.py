"""The scalar graph with NumPy over the samples: one line a variable, each an array (samples,)."""

from collections.abc import Sequence

import sympy

from symcnn.derivation import Graph
from symcnn.printers.infix import ATOM, POWER, PRODUCT, InfixPrinter, InfixText, Language
from symcnn.symbolic import ERROR, Index

NUMPY = Language(
    column=lambda leaf: leaf.column("numpy"),
    number=lambda q: InfixText(*(f"{q.p}/{q.q}", PRODUCT) if isinstance(q, sympy.Rational) else (repr(float(q)), ATOM)),
    power=lambda base, n: InfixText(f"{base.within(ATOM)}**{n}", POWER),
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
    variables = [v for v in graph.forward.values() if gradients or v.tensor != ERROR]
    if gradients:
        variables += graph.backward.values()
    for v in variables:
        lines.append(f"{v.name} = {printer.variable(v) if v.addends else 'np.zeros(len(images))'}")
    if gradients:
        sums = ", ".join(f"{graph.quantities.of(p).adjoint}.sum()" for p in parameters)
        lines.append(f"return E.sum(), np.array([{sums}])")
    else:
        # an output that rests on no pixel is one number, not one for each image
        lines.append(f"outputs = [{', '.join(outputs)}]")
        lines.append("return np.stack([np.broadcast_to(o, len(images)) for o in outputs], axis=-1)")
    head = "def loss_and_gradient(theta, images, targets):" if gradients else "def predict(theta, images):"
    return "\n    ".join([head, *lines]) + "\n"


def _index(index: Index) -> str:
    return ", ".join(map(str, index))
