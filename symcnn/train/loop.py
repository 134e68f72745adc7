"""``train``: what is asked for is checked, the way that it asks for is gone, and a ``Run`` is given back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from symcnn.network import Data, DataLike, Network, as_data, checked, ink_of, warn_of_large_pixels
from symcnn.train.by_epochs import Extras, train_by_epochs
from symcnn.train.descent import train_full_batch
from symcnn.train.epochs import Limits
from symcnn.train.metrics import Epoch
from symcnn.train.run import Run
from symcnn.train.settings import EPOCHS, Progress, Reduction, check_no_steps, check_stop, checked_count


def train(
    network: Network,
    data: DataLike,
    *,
    learning_rate: float | None = None,
    steps: int | None = None,
    seed: int | None = None,
    initial: Any = None,
    reduction: Reduction | None = None,
    stop_below: float | None = None,
    backend: str = "auto",
    progress: Progress | None = None,
    batch_size: int | None = None,
    epochs: int | None = None,
    optimizer: str | None = None,
    validation: DataLike | None = None,
    dtype: str | None = None,
    patience: int | None = None,
    checkpoint: str | Path | None = None,
    resume: str | Path | None = None,
    each_epoch: Callable[[Epoch], None] | None = None,
) -> Run:
    """Train a network: by gradient descent on all samples at once, as the article does, or epoch by epoch.

    By epochs as soon as one of the arguments from ``batch_size`` on is given. Three defaults differ then, for reasons
    that were measured: with values uniform in [-1, 1) a LeNet-like network stays at chance, and with gradients summed
    over a batch of 64 so does even a small one at the rates that the field uses.

    Args:
        network: with a loss.
        data: ``symcnn.Data`` or a pair (images, targets).
        learning_rate: > 0; sgd subtracts learning_rate · gradient. Default: 0.5; by epochs 0.2 for sgd, 0.05 for
            momentum, 0.005 for adam (with reduction "sum", sgd's and momentum's divided by the batch size).
        steps: how many updates, ≥ 0; default 10,000. By epochs give ``epochs`` instead.
        seed: of the initial values, and by epochs of each epoch's order: ``default_rng((seed, epoch)).permutation``;
            default 0.
        initial: "uniform": in [-1, 1), from ``numpy.random.default_rng(seed)``; "scaled": the same divided by √(number
            of products that a neuron or cell adds up); or values: name -> value, 1-D in the order of
            ``network.parameters``, or a ``Run`` to go on from. Default: "uniform"; by epochs "scaled".
        reduction: "sum" over the samples (the article's E_total), or "mean": gradient and loss of a step divided by its
            samples. Default: "sum"; by epochs "mean".
        stop_below: stop as soon as the loss is below this; by epochs: an epoch's loss per sample.
        backend: "numpy", "expressions", "python", "numba" (extra ``fast``), or "auto": what should finish first for
            this size and these steps. "numba" compiles before its first step, which takes seconds for a network that it
            did not see before (the logger "symcnn.numba" says so), and computes the same bits every time.
        progress: called now and then with the number of steps done so far.
        batch_size: samples of a step; None: all of them.
        epochs: how many in all, those before a resumed checkpoint included, ≥ 0; default 20.
        optimizer: "sgd" (the default), "momentum" (0.9) or "adam" (0.9, 0.999).
        validation: samples that are only measured, after every epoch; where both have labels, a class has the same.
        dtype: "float64" (the default) or "float32" of the training.
        patience: stop when the loss (of the validation data where given) has not been lower for so many epochs. However
            the training ends then, the parameters are those of the epoch where it was lowest, ``Run.best_epoch``; those
            after the last step are ``Run.last_theta``.
        checkpoint: a file (``.npz``) to write after every epoch, as a whole or not at all.
        resume: a checkpoint to go on from, to the bit as if it had never stopped; its settings are taken over where
            None is given here, and others must be as there.
        each_epoch: called after every epoch (and before the first) with its ``Epoch``.

    Returns:
        A ``Run``. After Ctrl-C it holds what was learnt so far, in whole batches.

    Raises:
        InputError: a setting, the data, the initial values or a checkpoint cannot be used.
        TrainingDivergedError: the loss became NaN or infinite.
    """
    network.require_loss("train")
    labels = as_data(data).labels
    images, targets = checked(network, data)
    words = None if labels is None else tuple(map(str, labels))
    given = Data(images.copy(), targets.copy(), words, drawn_in=ink_of(data))
    warn_of_large_pixels(images)
    check_stop(stop_below, backend)
    asked = {
        "optimizer": optimizer, "batch_size": batch_size, "learning_rate": learning_rate, "reduction": reduction,
        "dtype": dtype, "seed": seed,
    }  # fmt: skip
    by_epochs = (batch_size, epochs, validation, patience, checkpoint, resume, each_epoch)
    if optimizer in (None, "sgd") and dtype in (None, "float64") and all(x is None for x in by_epochs):
        return train_full_batch(
            network, given, learning_rate, steps, 0 if seed is None else seed, initial, reduction, stop_below,
            backend, progress,
        )  # fmt: skip
    check_no_steps(steps)
    limits = Limits(
        checked_count("epochs", EPOCHS if epochs is None else epochs, 0), stop_below,
        None if patience is None else checked_count("patience", patience, 1),
    )  # fmt: skip
    extras = Extras(validation, backend, checkpoint, resume, each_epoch, progress)
    return train_by_epochs(network, given, asked, initial, limits, extras)
