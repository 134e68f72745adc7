"""The settings of a training, checked before any work is done, and their defaults.

Full batch, the article's way, unless an argument belongs to a training by epochs: ``batch_size``, ``epochs``, an
optimizer other than "sgd", ``dtype="float32"``, ``validation``, ``patience``, ``checkpoint``, ``resume`` or
``each_epoch``.
"""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeGuard

import numpy as np

from symcnn.derivation import count_products
from symcnn.errors import InputError, one_of, quoted
from symcnn.network import Network
from symcnn.numeric import BACKENDS, compile_program, numba_is_there
from symcnn.numeric.learner import Batching, optimizer_called
from symcnn.numeric.program import DTYPES, MAX_PRODUCTS

Progress = Callable[[int], None]
Reduction = Literal["sum", "mean"]
#: Why a training ended: all steps or epochs were done, the loss fell below the threshold or no more, or Ctrl-C.
Stopped = Literal["steps", "epochs", "loss", "patience", "interrupted"]

#: Full batch: rate and steps as in the article.
FULL_BATCH_RATE, FULL_BATCH_STEPS = 0.5, 10_000

EPOCHS = 20

#: With more samples than this a training without settings says how to go by epochs; it is also a good batch size.
MANY_SAMPLES = 64

#: The most steps, epochs, and samples of a batch.
MAX_COUNT = sys.maxsize

#: Learning rates by epochs, for reduction "mean": they train the 8×8 digits and a LeNet-like network well, in 8 to 20
#: epochs.
RATES = {"sgd": 0.2, "momentum": 0.05, "adam": 0.005}


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a training by epochs.

    Attributes:
        batch_size: samples of a step; the last batch of an epoch has the remainder.
        seed: of the initial values and of the order of the samples in each epoch.
    """

    optimizer: str
    batch_size: int
    learning_rate: float
    reduction: Reduction
    dtype: str
    seed: int

    @classmethod
    def from_request(
        cls, samples: int, *, optimizer: Any, batch_size: Any, learning_rate: Any, reduction: Any, dtype: Any, seed: Any
    ) -> "TrainConfig":
        """Check every setting; None means its default."""
        optimizer = optimizer_called("sgd" if optimizer is None else optimizer).name
        size = samples if batch_size is None else checked_count("batch_size", batch_size, 1)
        dtype = "float64" if dtype is None else dtype
        _check_one_of("dtype", dtype, DTYPES)
        reduction = "mean" if reduction is None else reduction
        if learning_rate is None:
            is_scaled = reduction == "mean" or optimizer == "adam"  # adam's steps don't grow with the gradient
            learning_rate = RATES[optimizer] / (1 if is_scaled else size)
        seed = checked_count("seed", 0 if seed is None else seed, 0, None)
        return cls(optimizer, size, checked_rate(learning_rate), checked_reduction(reduction), dtype, seed)

    @property
    def batching(self) -> Batching:
        return Batching(optimizer_called(self.optimizer), self.batch_size, self.learning_rate, self.reduction)

    def require(self, request: Mapping[str, Any]) -> None:
        """Refuse a request for other settings than these, which are a checkpoint's; None means no request."""
        for word, value in asdict(self).items():
            if request[word] is not None and request[word] != value:
                raise InputError(
                    f"{word}={quoted(request[word])}: the checkpoint was trained with {word}={value!r}; leave it out,"
                    " or start anew"
                )


@dataclass(frozen=True)
class StopCriteria:
    """The criteria to stop a training.

    Attributes:
        limit: the number of steps, or epochs, in all.
        below: the loss (by epochs: an epoch's loss per sample) is below this.
        patience: by epochs: so many without a lower watched loss.
    """

    limit: int
    below: float = -math.inf
    patience: int | None = None


def check_settings(rate: object, steps: object) -> None:
    """Refuse a learning rate or a number of steps that cannot be used."""
    checked_rate(rate)
    checked_count("steps", steps, 0)


def checked_rate(rate: object) -> float:
    if not _is_number(rate) or not math.isfinite(rate) or rate <= 0:
        raise InputError(f"learning_rate={quoted(rate)}: expected a finite number above 0")
    return float(rate)


def checked_count(word: str, value: object, least: int, most: int | None = MAX_COUNT) -> int:
    """A whole number in a range."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise InputError(f"{word}={quoted(value)}: expected a whole number, at least {least}")
    if most is not None and value > most:
        raise InputError(f"{word}={quoted(value)}: expected at most {most}")
    return int(value)


def checked_reduction(reduction: object) -> Reduction:
    if reduction == "sum" or reduction == "mean":
        return reduction
    raise InputError(f'reduction={quoted(reduction)}: expected "sum" or "mean"')


def check_stop(stop_below: object, backend: object) -> None:
    """Refuse a threshold or a backend that cannot be used."""
    if stop_below is not None and (not _is_number(stop_below) or math.isnan(stop_below)):
        raise InputError(f"stop_below={quoted(stop_below)}: expected a number or None")
    _check_one_of("backend", backend, ("auto", *BACKENDS))


def _check_one_of(word: str, value: object, allowed: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in allowed:
        raise InputError(f"{word}={quoted(value)}: unknown; {one_of(value, allowed)}")


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, int) and abs(value) > sys.float_info.max:  # no float: math.isfinite would raise OverflowError
        return False
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


# --- backend="auto" ---------------------------------------------------------------------------------------------------

# A model of the backends' costs, measured once, decides which finishes first, so that a choice never depends on noise.
# Seconds on a 2-core machine of 2026 (only their ratios matter):
#
#     python        printing and compiling: a part for the network, a part for every product of every image;
#                   a step: every product of every image
#     numba         (extra ``fast``) importing and compiling; a step: every product of every image
#     numpy         a step: a fixed part for every equation, and its multiplications for every image
#
# ``python -m tests.benchmarks.article`` prints the measured times beside the choice.

#: seconds: fixed and per product and image to build; per product and image of one step
PYTHON_BUILD, PYTHON_BUILD_EACH, PYTHON_STEP_EACH = 0.001, 2e-5, 8.8e-9
#: the same, with the import of numba and its compiler
NUMBA_BUILD, NUMBA_BUILD_EACH, NUMBA_STEP_EACH = 0.45, 1.8e-3, 3.5e-10
#: seconds per equation to build; per equation and per multiplication of one step
NUMPY_BUILD_EACH, NUMPY_STEP_EACH, NUMPY_STEP_PRODUCT = 3.5e-4, 1.2e-6, 2.5e-9

#: mini-batches: seconds per equation and step, and per product; of numba's import and compiling, fixed and per
#: equation; per product
BATCH_NUMPY_STEP_EACH, BATCH_NUMPY_PRODUCT = 1.2e-5, 2.2e-10
BATCH_NUMBA_BUILD, BATCH_NUMBA_BUILD_EACH, BATCH_NUMBA_PRODUCT = 0.6, 0.17, 6e-11


def choose(network: Network, samples: int, steps: int) -> str:
    """The backend that should finish first for this network, number of samples and steps; never "expressions", which
    only checks the others."""
    equations = network.forward.equations
    products = 3 * samples * count_products(equations)  # forward, and about twice that backward
    arrays = 3 * len(equations) * (NUMPY_BUILD_EACH + steps * NUMPY_STEP_EACH) + steps * products * NUMPY_STEP_PRODUCT
    seconds = {"numpy": arrays}
    if products <= 3 * MAX_PRODUCTS:
        seconds["python"] = PYTHON_BUILD + products * (PYTHON_BUILD_EACH + steps * PYTHON_STEP_EACH)
        if numba_is_there():
            seconds["numba"] = NUMBA_BUILD + products * (NUMBA_BUILD_EACH + steps * NUMBA_STEP_EACH)
    return min(seconds, key=lambda backend: seconds[backend])


def choose_for_epochs(network: Network, samples: int, batch_size: int, dtype: str) -> str:
    """The backend for mini-batches: "numpy", or "numba" if it is installed and saves more time than it compiles.

    For the default number of epochs, whatever is requested: a training that is resumed must give the same bits as one
    in one go, and programs differ in the last bit.
    """
    equations = network.forward.equations
    steps = EPOCHS * math.ceil(samples / batch_size)
    products = 3 * EPOCHS * samples * count_products(equations)
    arrays = steps * len(equations) * BATCH_NUMPY_STEP_EACH + products * BATCH_NUMPY_PRODUCT
    compiled = BATCH_NUMBA_BUILD + len(equations) * BATCH_NUMBA_BUILD_EACH + products * BATCH_NUMBA_PRODUCT
    if not numba_is_there() or arrays < compiled:
        return "numpy"
    try:
        compile_program(network, "numba", dtype)
    except InputError:  # too large for it
        return "numpy"
    return "numba"
