"""Export, as a user calls it. What it needs of openpyxl is imported when it is called."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from symcnn.errors import InputError
from symcnn.files import check_writable, write_whole
from symcnn.network import Data, DataLike, Network, as_data, checked, checked_images
from symcnn.numeric import as_theta, initial_values
from symcnn.text import Catalogue, catalogue
from symcnn.train import Run
from symcnn.train.settings import check_settings
from symcnn.verification.again import Given, formulas_again

SUFFIXES = (".xlsx",)

Progress = Callable[[int], None]


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

    A network with a loss gives the sheets Contents, Inputs, Parameters, Forward, Backward, Training, Charts, Symbols
    and Checks; the article's also Convolution (its part 1). Where all images together have more than 2,000 quantities,
    the workbook shows the first image alone, without Training, Charts and Checks, with the parameters of ``run``, if it
    is given; Contents says so. A network without a loss gives Contents and Convolution: its forward pass on the first
    image, with ``initial`` as its parameters.

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
        TrainingDivergedError: not one step of the training has numbers in a spreadsheet. Of one that diverges later the
            steps before are written, with a ``SymcnnWarning``.
        NotSupportedYetError: the network is past a spreadsheet's limits.
    """
    from symcnn.derivation import Derivation
    from symcnn.excel.plan import MAX_QUANTITIES, quantities
    from symcnn.excel.workbook import forward_workbook, one_image_workbook, training_workbook

    text = catalogue(lang)
    target = check_writable(path, SUFFIXES)
    given = as_data(data)
    if run is not None:
        run.require(network)
        learning_rate, initial, steps = run.learning_rate, run.initial, min(steps, run.steps)
    check_settings(learning_rate, steps)
    theta = initial_values(network, seed) if initial is None else as_theta(network, initial)
    if network.loss is None:
        content = forward_workbook(text, network, theta, checked_images(network, given.images)[0])
    elif quantities(Derivation(network), len(checked(network, given)[0])) > MAX_QUANTITIES:
        # nobody follows the training in such a table: what it came to is shown
        made = text("workbook.made_run", steps=run.steps) if run else _made(text, seed if initial is None else None)
        content = one_image_workbook(text, network, given, run.theta if run else theta, learning_rate, made)
    else:
        _by_steps(run)
        factor = 1.0 / len(given.images) if run is not None and run.reduction == "mean" else 1.0
        shown_seed = seed if initial is None else None
        content = training_workbook(text, network, given, theta, learning_rate, factor, steps, shown_seed, progress)
    write_whole(target, content)
    return target


def _by_steps(run: Run | None) -> None:
    if run is not None and run.course is not None:
        raise InputError(
            "run: trained by epochs, but the sheet Training is gradient descent on all images at once; expected a"
            " training by steps, or initial=run.theta in place of run"
        )


def _made(text: Catalogue, seed: int | None) -> str:
    return text("explain.initial", seed=seed) if seed is not None else text("workbook.made_values")


@formulas_again.register
def _written_again(given: Given) -> Mapping[tuple[str, int, int], str]:
    from symcnn.excel.workbook import passes_book

    g, data = given, Data(given.images, given.targets)
    book = passes_book(catalogue(g.lang), g.network, data, g.theta, g.rate, g.factor, g.steps, "")
    return {
        (sheet.title, cell.row, cell.column): cell.value[1:]
        for sheet in book.workbook
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f" and isinstance(cell.value, str)
    }
