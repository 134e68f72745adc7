"""Export, as a user calls it. What it needs of openpyxl is imported when it is called."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from symcnn.errors import InputError
from symcnn.files import check_writable, write_whole
from symcnn.network import DataLike, Network, as_data, checked, checked_images, checked_network
from symcnn.numeric import as_theta, initial_values
from symcnn.text import catalogue
from symcnn.train import Run
from symcnn.train.settings import check_settings
from symcnn.version import __version__

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
    forward_only: bool = False,
    layers: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write a network as a workbook of live formulas.

    >>> import symcnn
    >>> net = symcnn.Network((2,), [symcnn.Dense(1, "sigmoid")])
    >>> symcnn.export_workbook(net, ([[0, 1]], [1]), "cnn.xlsx", steps=10, lang="fr").name
    'cnn.xlsx'

    A network with a loss gives the sheets Contents, Inputs, Parameters, Forward, Backward, Training, Charts, Symbols
    and Checks; the article's also Convolution (its part 1). Where all images together have more than 2,000 quantities,
    the workbook shows the first image alone, with the parameters of ``run``, if it is given: Overview, Picker, a sheet
    for each layer, forward and backward, and one step of gradient descent. Past 600,000 formulas a part is left out,
    and Contents says which. A network without a loss gives Contents and Convolution: its forward pass on the first
    image, with ``initial`` as its parameters.

    Args:
        network: what to export.
        data: ``symcnn.Data`` or a pair (images, targets).
        path: ``.xlsx``.
        learning_rate, steps, seed, initial: as for ``symcnn.train``; steps: rows of the Training sheet.
        lang: "en" or "fr".
        run: take learning rate, reduction and initial values from this training, and at most ``steps`` of its steps.
        forward_only: a sheet for each layer, of the forward pass alone; also of a small network.
        layers: the layers that are worked out ("Conv1", "ReLU1", …, as their sheets are called); what they read of
            others is there as numbers. Also of a small network.
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
    from symcnn.workbook.layer_workbook import LayerInputs, layer_workbook
    from symcnn.workbook.training_plan import MAX_QUANTITIES, quantities
    from symcnn.workbook.training_workbook import TrainingInputs, forward_workbook, training_workbook

    checked_network(network)
    text = catalogue(lang)
    target = check_writable(path, SUFFIXES)
    samples = as_data(data)
    if run is not None:
        run.require(network)
        learning_rate, initial, steps = run.learning_rate, run.initial, min(steps, run.steps)
    check_settings(learning_rate, steps)
    is_part = forward_only or layers is not None
    theta = initial_values(network, seed) if initial is None else as_theta(network, initial)
    if network.loss is None and is_part:
        raise InputError("forward_only, layers: expected a network with a loss; this one has no sheets of layers")
    if network.loss is None:
        content = forward_workbook(text, network, theta, checked_images(network, samples.images)[0])
    elif is_part or quantities(Derivation(network), len(checked(network, samples)[0])) > MAX_QUANTITIES:
        # a training of so many quantities is not followed step by step: only its result is written
        if run:
            made = text("workbook.made_run", steps=run.steps)
        elif initial is None:
            made = text("explain.initial", seed=seed)
        else:
            made = text("workbook.made_values")
        images, targets = checked(network, samples)
        label = text.image_labels(samples.labels, len(images))[0]
        count = quantities(Derivation(network), len(images))
        why = text("workbook.why_one", count=count, images=len(images), most=MAX_QUANTITIES, label=label)
        inputs = LayerInputs(
            network, images[0], targets[0], run.theta if run else theta, learning_rate, f"symcnn {__version__}, {made}",
            forward_only, None if layers is None else tuple(layers), "" if is_part else why,
        )  # fmt: skip
        content = layer_workbook(text, inputs)
    else:
        if run is not None and run.course is not None:
            raise InputError(
                "run: trained by epochs, but the sheet Training is gradient descent on all images at once; expected a"
                " training by steps, or initial=run.theta in place of run"
            )
        factor = 1.0 / len(samples.images) if run is not None and run.reduction == "mean" else 1.0
        used_seed = seed if initial is None else None
        of_training = TrainingInputs(network, samples, theta, learning_rate, factor, steps, used_seed)
        content = training_workbook(text, of_training, progress)
    write_whole(target, content)
    return target
