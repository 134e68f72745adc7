"""The whole training loop of a small network for a compiler (numba): the scalar graph in plain arithmetic, images as
arguments. Larger networks, mini-batches and many images are loop nests: ``printers/loops``.

A few images are written out one after the other, with what they have in common computed once; more are a loop whose
body is one image. The program depends on the network and the number of images, not on their pixels.
"""

from collections.abc import Sequence

from symcnn.derivation import Graph
from symcnn.printers.infix import InfixPrinter
from symcnn.printers.python import PYTHON, Statements, indented, of_image

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
    return [f"{name}_image{m + 1} = {entry}" for m in range(samples) for name, entry in _entries(graph, str(m))]


def _entries(graph: Graph, sample: str) -> list[tuple[str, str]]:
    """Name -> entry of the arguments, of the pixels and targets of one sample."""
    return [
        (name, f"{'images' if tensor.role == 'image' else 'targets'}[{sample}, {tensor.flat(index)}]")
        for name, (tensor, index) in graph.inputs.items()
        if tensor.role in ("image", "target")
    ]


def _written_out(graph: Graph, parameters: Sequence[str], samples: int) -> list[str]:
    lines = Statements()
    images = [of_image(graph, m) for m in range(1, samples + 1)]
    lines.add_passes(images)
    lines.body.append(f"losses[k] = {' + '.join(lines.name(f'E_image{m}') for m in range(1, samples + 1))}")
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
        *(f"{name} = {entry}" for name, entry in _entries(graph, "n")),
        *(f"{v.name} = {printer.variable(v)}" for v in graph if v.tensor.role != "gradient"),
        "loss += E",
        *(f"total_{p} += {printer.variable(graph.backward[f'dE_d{p}'])}" for p in parameters),
    ]
