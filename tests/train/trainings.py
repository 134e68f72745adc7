"""Random trainings, and how far from PyTorch's a training of ours ends.

A training here is a network with every layer and setting, down to inputs of one cell; images that are drawn, constant,
of few whole numbers (so that many cells tie and rectifiers stand exactly at 0) or all zero; parameters that are drawn,
few quarters, or all equal; an optimizer, and batches of which the last may be smaller. Everything follows from a seed.

PyTorch is asked for the very steps: its own autograd, its own optimizers, the parameters after each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import symcnn
from symcnn.numeric import compile_program, initial_values
from tests import torch_oracle
from tests.networks import LOSSES

STEPS = 5
OPTIMIZERS = ("sgd", "momentum", "adam")
RATES = {"sgd": 0.05, "momentum": 0.02, "adam": 0.005}

#: Largest difference, relative to the largest value where that is above 1: parameters, losses, metrics and outputs.
BAR = 1e-10
#: The same in single precision: 24 bits, 6e-8 a rounding, and some hundred roundings in a step.
SINGLE_BAR = 1e-5
#: A loss in single precision: where o is near 1, few bits are left of 1 - o.
SINGLE_LOSS_BAR = 1e-4
#: Outputs that are nearer to each other, or to ½, may be taken for either class.
CLOSE = 1e-6

Array = np.ndarray[Any, Any]
Pick = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True)
class Training:
    """What is trained, and how.

    Attributes:
        images, targets: the samples; the last ``unseen`` of them are only measured.
        batch_size: None: all samples in a batch.
    """

    seed: int
    net: symcnn.Network
    theta: Array
    images: Array
    targets: Array
    unseen: int
    optimizer: str
    batch_size: int | None
    reduction: str
    rate: float

    @property
    def samples(self) -> tuple[Array, Array]:
        known = len(self.images) - self.unseen
        return self.images[:known], self.targets[:known]

    @property
    def validation(self) -> tuple[Array, Array] | None:
        known = len(self.images) - self.unseen
        return (self.images[known:], self.targets[known:]) if self.unseen else None

    @property
    def epochs(self) -> int:
        """As many as five steps take."""
        count = len(self.samples[0])
        return -(-STEPS // -(-count // (self.batch_size or count)))

    def batches(self, whole: bool) -> list[tuple[Array, Array]]:
        """The samples of every step; ``whole``: by steps, all of them in their order."""
        images, targets = self.samples
        if whole:
            return [(images, targets)] * STEPS
        size = self.batch_size or len(images)
        orders = [np.random.default_rng((self.seed, e)).permutation(len(images)) for e in range(1, self.epochs + 1)]
        parts = [order[at : at + size] for order in orders for at in range(0, len(order), size)]
        return [(images[part], targets[part]) for part in parts]


def random_training(seed: int) -> Training:
    """The training of a seed."""
    rng = np.random.default_rng((7, seed))

    def pick(options: Sequence[Any]) -> Any:
        return options[int(rng.integers(len(options)))]

    while True:
        try:
            net = _network(pick)
        except symcnn.InputError:
            continue
        break
    count, unseen = pick((1, 2, 3, 5, 7)), pick((0, 0, 1, 3))
    optimizer, reduction = pick(OPTIMIZERS), pick(("sum", "mean"))
    return Training(
        seed, net, _theta(net, rng, pick), _images(net, rng, pick, count + unseen),
        _targets(net, rng, pick, count + unseen), unseen, optimizer, pick((None, 1, 2, 3)), reduction, RATES[optimizer],
    )  # fmt: skip


def _network(pick: Pick) -> symcnn.Network:
    """Every layer with every setting, from inputs of one cell on.

    Raises:
        InputError: some layer does not fit what it receives (draw again).
    """
    kinds = ("sigmoid", "tanh", "relu", "leaky_relu")
    layers: list[Any] = []
    shape: tuple[int, ...] = (pick(range(1, 6)),)
    if pick((True, True, True, False)):
        channels = pick((1, 1, 2, 3))
        shape = (channels,) * (channels > 1) + ((1, 1) if pick((True, False, False)) else (pick(range(1, 7)),) * 2)
        if pick((True, False)):
            shape = (*shape[:-1], pick(range(1, 7)))
        if pick((True, False)):  # what a tie decides must reach parameters
            layers.append(symcnn.Conv2D(pick((1, 2)), pick((1, 2)), 1, pick((0, 1, "same")), pick((True, False))))
            layers += [symcnn.Activation(pick(kinds))] * pick((0, 1))
            layers.append(symcnn.MaxPool2D(pick((2, 3)), pick((None, 1, 2)), pick((0, 1)), pick((None, None, 0))))
        for _ in range(pick((0, 1, 1, 2)) if layers else pick((1, 2, 3))):
            layers.append(_layer_of_maps(pick, kinds))
        if pick((True, False)):
            layers.append(symcnn.Flatten())
    elif pick((True, False, False)):
        layers.append(symcnn.Activation(pick((*kinds, "softmax"))))
    for _ in range(pick((0, 0, 1, 2))):
        layers.append(symcnn.Dense(pick((1, 2, 3)), pick((*kinds, "softmax", None)), pick((True, False))))
        if pick((True, False, False, False)):
            layers.append(symcnn.Activation(pick((*kinds, "softmax"))))
    loss = pick(LOSSES)
    last = "sigmoid" if loss == "binary_cross_entropy" else pick((*kinds, "softmax", None, None))
    layers.append(symcnn.Dense(pick((1, 2, 3)), last, pick((True, True, False))))
    return symcnn.Network(shape, layers, loss)


def _layer_of_maps(pick: Pick, kinds: Sequence[str]) -> Any:
    size, stride, padding = pick((1, 2, 2, 3)), pick((None, None, 1, 2, 3)), pick((0, 0, 1, 2, "same"))
    match pick(("convolution", "convolution", "maximum", "maximum", "mean", "activation")):
        case "convolution":
            window = pick((1, 2, 3, (1, 2), (3, 1)))
            return symcnn.Conv2D(
                pick((1, 2, 3)), window, stride or 1, padding, pick((True, False)), pick((True, False, False))
            )
        case "maximum":
            return symcnn.MaxPool2D(size, stride, padding, pick((None, None, 0, -0.5)))
        case "mean":
            return symcnn.AvgPool2D(size, stride, padding, pick((True, False)))
        case _:
            return symcnn.Activation(pick(kinds))


def _theta(net: symcnn.Network, rng: np.random.Generator, pick: Pick) -> Array:
    count = len(net.parameters)
    match pick(("drawn", "drawn", "drawn", "quarters", "quarters", "quarters", "equal", "zero")):
        case "drawn":
            return initial_values(net, int(rng.integers(1000)), "scaled")
        case "quarters":
            return rng.integers(-2, 3, count) / 4
        case "equal":
            return np.full(count, 0.25)
        case _:
            return np.zeros(count)


def _images(net: symcnn.Network, rng: np.random.Generator, pick: Pick, count: int) -> Array:
    shape = (count, *net.input_shape)
    match pick(("drawn", "drawn", "constant", "constant", "whole", "whole", "bits", "bits", "zero")):
        case "drawn":
            return rng.normal(size=shape)
        case "constant":
            # eighths: sums with quarters are exact, so that what ties here ties in every program
            return np.ones(shape) * rng.integers(-8, 9, (count, *(1,) * len(net.input_shape))) / 8
        case "whole":
            return rng.integers(-1, 2, shape).astype(float)
        case "bits":
            return rng.integers(0, 2, shape).astype(float)
        case _:
            return np.zeros(shape)


def _targets(net: symcnn.Network, rng: np.random.Generator, pick: Pick, count: int) -> Array:
    if net.outputs == 1:
        return pick((rng.integers(0, 2, (count, 1)).astype(float), rng.uniform(size=(count, 1))))
    return pick((np.eye(net.outputs)[rng.integers(0, net.outputs, count)], rng.uniform(size=(count, net.outputs))))


# --- held against PyTorch -------------------------------------------------------------------------------------------


@dataclass
class Comparison:
    """A backend's training held against PyTorch's: by epochs, and where one can ask for that (sgd, float64) by steps.

    Attributes:
        faults: what differs by more than the bar.
        hangs_on_last_bits: such a difference that is nobody's fault; see ``_is_ill_conditioned``.
        worst: the largest difference of the parameters.
    """

    training: Training
    backend: str
    dtype: str = "float64"
    faults: list[str] = field(default_factory=list)
    hangs_on_last_bits: bool = False
    worst: float = 0.0

    def __post_init__(self) -> None:
        ways = [(False, self._by_epochs)]
        if self.training.optimizer == "sgd" and self.dtype == "float64":
            ways.append((True, self._by_steps))
        for whole, way in ways:
            before = len(self.faults)
            theirs = self._pytorch(whole)
            way(theirs)
            if len(self.faults) > before and self._is_ill_conditioned(whole, theirs):
                self.hangs_on_last_bits = True
                del self.faults[before:]

    @property
    def bar(self) -> float:
        return BAR if self.dtype == "float64" else SINGLE_BAR

    def __str__(self) -> str:
        return f"seed {self.training.seed}, {self.backend}, {self.dtype}: {'; '.join(self.faults)}: {self.training.net}"

    def _by_steps(self, theirs: torch_oracle.Trained) -> None:
        t = self.training
        settings = {"learning_rate": t.rate, "reduction": t.reduction, "backend": self.backend}
        run = symcnn.train(t.net, t.samples, steps=STEPS, initial=t.theta, **settings)
        last = torch_oracle.measured(t.net, theirs.thetas[-1], *t.samples)[0]
        last *= len(t.samples[0]) if t.reduction == "sum" else 1
        self._parameters("by steps, parameters", run.theta, theirs.thetas[-1])
        self._compare("by steps, losses", run.loss, np.append(theirs.losses, last))

    def _by_epochs(self, theirs: torch_oracle.Trained) -> None:
        t = self.training
        run = symcnn.train(
            t.net, t.samples, epochs=t.epochs, batch_size=t.batch_size, seed=t.seed, optimizer=t.optimizer,
            learning_rate=t.rate, reduction=t.reduction, dtype=self.dtype, initial=t.theta, validation=t.validation,
            backend=self.backend,
        )  # fmt: skip
        self._parameters("parameters", run.theta, theirs.thetas[-1])
        loss_bar = BAR if self.dtype == "float64" else SINGLE_LOSS_BAR
        self._compare("losses", run.loss, theirs.losses, loss_bar)
        an_epoch = len(theirs.losses) // t.epochs
        for epoch in run.history:
            theta = theirs.thetas[an_epoch * epoch.number]
            for what, samples, loss, accuracy in (
                (f"after epoch {epoch.number}", t.samples, epoch.loss, epoch.accuracy),
                (f"validation after epoch {epoch.number}", t.validation, epoch.validation_loss,
                 epoch.validation_accuracy),
            ):  # fmt: skip
                if samples is None:
                    assert loss is None
                    assert accuracy is None
                    continue
                wanted, outputs = torch_oracle.measured(t.net, theta, *samples, self.dtype)
                self._compare(f"loss {what}", loss, wanted, loss_bar)
                self._accuracy(f"accuracy {what}", accuracy, outputs, samples[1], epoch.number == 0)
        _, outputs = torch_oracle.measured(t.net, theirs.thetas[-1], t.images, t.targets, self.dtype)
        self._compare("outputs", run.predict(t.images), outputs)
        program = symcnn.compile(t.net, self.backend)
        self._compare("outputs of the program", program.predict(run.theta, t.images), outputs)

    def _pytorch(self, whole: bool, disturbed: int | None = None) -> torch_oracle.Trained:
        t = self.training
        return torch_oracle.trained(
            t.net, t.theta, t.batches(whole), t.optimizer, t.rate, t.reduction, self.dtype, disturbed
        )

    def _is_ill_conditioned(self, whole: bool, theirs: torch_oracle.Trained) -> bool:
        """Does the result hang on last bits, and is every single step right?

        Where a rectifier stands at 1e-20 for 0, or adam divides one rounding by another, no two programs agree. That
        is so if PyTorch's own training goes elsewhere when last bits are changed. A wrong rule for ties is no excuse:
        from PyTorch's own parameters, ties and all, the gradient of every step must be PyTorch's.
        """
        t = self.training
        gap = max(_gap(self._pytorch(whole, seed).thetas[-1], theirs.thetas[-1]) for seed in range(4))
        if not gap > self.bar / 10:
            return False
        program = compile_program(t.net, self.backend, self.dtype)
        for theta, (images, targets) in zip(theirs.thetas, t.batches(whole), strict=False):
            ours = program.loss_and_gradient(theta.astype(float), images, targets)
            wanted = torch_oracle.loss_and_gradient(t.net, theta, images, targets, self.dtype)
            if not (_gap(ours[0], wanted[0]) <= self.bar and _gap(ours[1], wanted[1]) <= self.bar):
                return False
        return True

    def _parameters(self, what: str, ours: Any, theirs: Any) -> None:
        self.worst = max(self.worst, _gap(ours, theirs))
        self._compare(what, ours, theirs)

    def _compare(self, what: str, ours: Any, theirs: Any, bar: float | None = None) -> None:
        if not _gap(ours, theirs) <= (bar or self.bar):
            self.faults.append(f"{what}: {_gap(ours, theirs):.1e} apart")

    def _accuracy(self, what: str, accuracy: float | None, outputs: Array, targets: Array, exact: bool) -> None:
        """The share of samples that are right; those that hang on last bits may be counted either way.

        ``exact``: no step has rounded the parameters yet, so that equal outputs are equal in every program.
        """
        if targets.shape[1] == 1:
            classes = bool(np.isin(targets, (0, 1)).all())
            right, close = ((outputs >= 0.5) == (targets >= 0.5))[:, 0], np.abs(outputs[:, 0] - 0.5) < CLOSE
        else:
            classes = bool(((targets >= 0) & (targets <= 1)).all())
            first, second = np.sort(outputs, axis=1)[:, :-3:-1].T
            tied = (first == second) & (exact | (first == 0))
            right, close = (outputs.argmax(1) == targets.argmax(1)) & ~tied, (first - second < CLOSE) & ~tied
        if not classes:
            if accuracy is not None:
                self.faults.append(f"{what}: {accuracy}, where there are no classes")
            return
        least, most = (right & ~close).mean(), (right | close).mean()
        if accuracy is None or not least <= accuracy <= most:
            self.faults.append(f"{what}: {accuracy}, PyTorch's {least} to {most}")


def _gap(ours: Any, theirs: Any) -> float:
    """The largest difference, relative to the largest value where that is above 1; NaN makes it infinite."""
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    assert ours.shape == theirs.shape
    gap = float(np.abs(ours - theirs).max(initial=0) / max(1.0, np.abs(theirs).max(initial=0)))
    return gap if np.isfinite(gap) else float("inf")
