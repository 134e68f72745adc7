"""The whole training loop of a small network for a compiler (numba): the scalar graph in plain arithmetic, images as
arguments. Larger networks, mini-batches and many images are loop nests: ``printers/loops``.

A few images are written out one after the other, with what they have in common computed once; more are a loop whose
body is one image. The program depends on the network and the number of images, not on their pixels.
"""

from collections.abc import Sequence

from symcnn.derivation import Graph
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import PYTHON, Statements, indented, of_image
from symcnn.symbolic import Quantity, quantity_of

#: Scalar variables that are written out for all images; past it, a loop over the images.
UNROLLED = 400


def compiled_training(graph: Graph, parameters: Sequence[str], samples: int) -> str:
    """``train(theta, images, targets, step, losses)``: one step for each entry of ``losses``, in place.

    ``images`` (samples, pixels) and ``targets`` (samples, outputs) are flat; ``theta`` and ``losses`` are overwritten.
    """
    unrolled = samples * len(list(graph)) <= UNROLLED
    body = _written_out(graph, parameters, samples) if unrolled else _looped(graph, parameters)
    return "\n".join(
        [
            "def train(theta, images, targets, step, losses):",
            *indented(1, [f"{p} = theta[{n}]" for n, p in enumerate(parameters)]),
            *(indented(1, _data(graph, samples)) if unrolled else []),
            "    for k in range(losses.size):",
            *indented(2, body),
            *indented(1, [f"theta[{n}] = {p}" for n, p in enumerate(parameters)]),
            "",
        ]
    )


def compiled_gradient(graph: Graph, parameters: Sequence[str]) -> str:
    """``loss_and_gradient(theta, images, targets, gradient)`` -> E_total; the gradient is overwritten."""
    inside = _one_of_many(graph, parameters)
    return "\n".join(
        [
            "def loss_and_gradient(theta, images, targets, gradient):",
            *indented(1, [f"{p} = theta[{n}]" for n, p in enumerate(parameters)]),
            "    loss = 0.0",
            *indented(1, [f"total_{p} = 0.0" for p in parameters]),
            "    for n in range(images.shape[0]):",
            *indented(2, inside),
            *indented(1, [f"gradient[{n}] = total_{p}" for n, p in enumerate(parameters)]),
            "    return loss",
            "",
        ]
    )


def _data(graph: Graph, samples: int) -> list[str]:
    """Pixels and targets of every image, fetched once."""
    quantities = _data_of(graph)
    return [f"{q.of_image(m + 1)} = {_entry(q, str(m))}" for m in range(samples) for q in quantities]


def _data_of(graph: Graph) -> list[Quantity]:
    """The pixels and the targets."""
    return [quantity_of(*place) for place in graph.inputs.values() if place[0].role in ("image", "target")]


def _entry(quantity: Quantity, sample: str) -> str:
    """The entry of the arguments that a pixel or a target is."""
    array = "images" if quantity.tensor.role == "image" else "targets"
    return f"{array}[{sample}, {quantity.tensor.flat(quantity.index)}]"


def _written_out(graph: Graph, parameters: Sequence[str], samples: int) -> list[str]:
    lines = Statements()
    images = [of_image(graph, m) for m in range(1, samples + 1)]
    lines.add_passes(images)
    lines.body.append(f"losses[k] = {lines.errors(samples)}")
    lines.add_updates(parameters, images)
    return lines.body


def _looped(graph: Graph, parameters: Sequence[str]) -> list[str]:
    return [
        "loss = 0.0",
        *(f"total_{p} = 0.0" for p in parameters),
        "for n in range(images.shape[0]):",
        *indented(1, _one_of_many(graph, parameters)),
        "losses[k] = loss",
        *(f"{p} -= step*total_{p}" for p in parameters),
    ]


def _one_of_many(graph: Graph, parameters: Sequence[str]) -> list[str]:
    """One image of a loop: fetch, forward, backward, add."""
    printer = InfixPrinter(PYTHON)
    return [
        *(f"{quantity} = {_entry(quantity, 'n')}" for quantity in _data_of(graph)),
        *(f"{v.name} = {printer.variable(v)}" for v in graph if v.tensor.role != "gradient"),
        "loss += E",
        *(f"total_{p} += {printer.variable(graph[graph.quantities.of(p).adjoint])}" for p in parameters),
    ]
