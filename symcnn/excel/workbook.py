"""Export: a network's forward and backward pass and its training as one workbook of live formulas."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from symcnn import article
from symcnn.derivation import Derivation
from symcnn.excel.book import Book
from symcnn.excel.contents import write_contents
from symcnn.excel.convolution import write_convolution
from symcnn.excel.inputs import write_inputs, write_parameters
from symcnn.excel.package import package
from symcnn.excel.passes import Passes
from symcnn.excel.plan import Plan
from symcnn.excel.training import Progress, write_training
from symcnn.files import check_writable, write_whole
from symcnn.network import Data, DataLike, Network, as_data, checked, checked_images
from symcnn.numeric import as_theta, initial_values
from symcnn.text import Catalogue, catalogue
from symcnn.train import Run
from symcnn.train.loop import check_settings
from symcnn.version import __version__

SUFFIXES = (".xlsx",)


def export_workbook(
    network: Network,
    data: DataLike,
    path: str | Path,
    *,
    learning_rate: float = 0.5,
    steps: int = 1_000,
    seed: int = 0,
    initial: Any = None,
    lang: str = "en",
    run: Run | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write a network as a workbook of live formulas.

    A network with a loss gives the sheets Contents, Inputs, Parameters, Forward, Backward and Training; the article's
    also Convolution (its part 1). A network without a loss gives Contents and Convolution: its forward pass on the
    first image, with ``initial`` as its parameters.

    Args:
        network: what to export.
        data: ``symcnn.Data`` or a pair (images, targets).
        path: ``.xlsx``.
        learning_rate, steps, seed, initial: as for ``symcnn.train``; steps: rows of the Training sheet.
        lang: "en" or "fr".
        run: take learning rate, reduction and initial values from this training, and at most ``steps`` of its steps.
        progress: called with the number of rows written.

    Returns:
        the path.

    Raises:
        InputError: something cannot be used; nothing is written then.
        NotSupportedYetError: the network is past a spreadsheet's limits.
    """
    text = catalogue(lang)
    target = check_writable(path, SUFFIXES)
    book = Book(text)
    if network.loss is None:
        images = checked_images(network, as_data(data).images)
        theta = initial_values(network, seed) if initial is None else as_theta(network, initial)
        write_contents(book, ["convolution"], [_made(text, __version__, None, None)], "")
        write_convolution(book, network, theta, images[0])
    else:
        factor = 1.0
        if run is not None:
            learning_rate, initial, seed = run.learning_rate, run.initial, -1
            steps = min(steps, run.steps)
            factor = 1.0 / len(as_data(data).images) if run.reduction == "mean" else 1.0
        check_settings(learning_rate, steps)
        theta = initial_values(network, seed) if initial is None else as_theta(network, initial)
        made = _made(text, __version__, steps, seed if initial is None else None)
        _training_book(book, network, as_data(data), theta, learning_rate, factor, steps, made, progress)
    write_whole(target, package(_bytes(book)))
    return target


def _training_book(
    book: Book, network: Network, data: Data, theta: Any, rate: float, factor: float, steps: int, made: str,
    progress: Progress | None,
) -> None:  # fmt: skip
    images, targets = checked(network, data)
    derivation = Derivation(network, len(images))
    plan = Plan(derivation, len(images), steps, book.text)
    labels = _labels(book.text, data.labels, len(images))
    step, error = plan.step_shown.absolute, plan.error_total.absolute
    ribbon = f'="{book.label("step_shown")} "&{step}&" · E_total = "&ROUND({error},6)'
    parameters, count = len(network.parameters), len(derivation.names)
    notes = [book.label("count_24", count=count, parameters=parameters, maps=count - parameters), book.label("sign")]
    sheets = ["inputs", "parameters", "forward", "backward", "training"]
    first_part = network == article.network()
    write_contents(book, [*(["convolution"] if first_part else []), *sheets], [*notes, made], ribbon)
    if first_part:
        operations = article.operations()
        picture = checked_images(operations, article.picture().images)[0]
        write_convolution(book, operations, article.features(), picture)
    write_inputs(book, plan, images, targets, labels, rate, factor)
    write_parameters(book, plan, theta, ribbon)
    Passes(book, plan, labels, ribbon).write()
    write_training(book, plan, progress)


def _made(text: Catalogue, version: str, steps: int | None, seed: int | None) -> str:
    if steps is None:
        return f"symcnn {version}"
    if seed is None:
        return text("workbook.made_given", version=version, steps=steps)
    return text("workbook.made", version=version, steps=steps, seed=seed)


def _labels(text: Catalogue, labels: Sequence[str] | None, count: int) -> list[str]:
    if labels is None:
        return [text("label.image", number=n + 1) for n in range(count)]
    known = [text(f"label.{label}") if text.has(f"label.{label}") else label for label in labels]
    return [text("label.image_named", number=n + 1, label=label) for n, label in enumerate(known)]


def _bytes(book: Book) -> bytes:
    buffer = io.BytesIO()
    book.workbook.save(buffer)
    return buffer.getvalue()
