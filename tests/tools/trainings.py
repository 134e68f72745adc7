"""Random trainings, and how far from PyTorch's a training of ours ends.

A training here is a network with every layer and setting, down to inputs of one cell; images that are drawn, constant,
of few whole numbers (so that many cells tie and rectifiers stand exactly at 0) or all zero; parameters that are drawn,
few quarters, or all equal; an optimizer, and batches of which the last may be smaller. Everything follows from a seed.

PyTorch is asked for the very steps: its own autograd, its own optimizers, the parameters after each.

No two programs add in the same order, and now and then that decides a training: 0 wins a maximum against 6e-21 in one
and against -6e-21 in the other where both are exactly 0 in the mathematics (seed 949), or adam divides one rounding by
another. Then PyTorch is asked for each step alone, from where ours stands: see ``Comparison``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import symcnn
from symcnn.numeric import compile_program, initial_values
from symcnn.numeric.learner import Batching, State, optimizer_called
from tests.tools import torch_oracle
from tests.tools.networks import LOSSES

STEPS = 5
OPTIMIZERS = ("sgd", "momentum", "adam")
RATES = {"sgd": 0.05, "momentum": 0.02, "adam": 0.005}

#: Largest difference, relative to the largest value where that is above 1: parameters, losses, metrics and outputs.
BAR = 1e-10
#: The same in single precision: 24 bits, 6e-8 a rounding, and some hundred roundings in a step.
SINGLE_BAR = 1e-5
#: A loss in single precision: where o is near 1, few bits are left of 1 - o.
SINGLE_LOSS_BAR = 1e-4
#: A single step, from the same parameters: what is left to rounding. A fault that hides below this in every step cannot
#: be told from it.
STEP_BAR = 1e-13
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

    def orders(self, whole: bool) -> list[Array]:
        """The numbers of the samples of every step; ``whole``: by steps, all of them in their order."""
        count = len(self.samples[0])
        if whole:
            return [np.arange(count)] * STEPS
        size = self.batch_size or count
        epochs = [np.random.default_rng((self.seed, e)).permutation(count) for e in range(1, self.epochs + 1)]
        return [order[at : at + size] for order in epochs for at in range(0, count, size)]

    def batches(self, whole: bool) -> list[tuple[Array, Array]]:
        """The samples of every step."""
        images, targets = self.samples
        return [(images[order], targets[order]) for order in self.orders(whole)]


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

    Where the two end apart, last bits may have decided, which is nobody's fault. That is so only if ours is PyTorch's
    training but for last bits, shown step by step: from our own parameters, and what our optimizer remembers of the
    steps before, PyTorch's gradient of that step's batch and PyTorch's update are ours within ``STEP_BAR``; where cells
    of a maximum are so near that rounding alone decides, the gradient is PyTorch's for one way of deciding them. These
    steps must lead to the very bits of the training, whose losses, metrics and outputs are then held against PyTorch's
    at our parameters. So no wrong tie, batch or update passes unseen.

    Attributes:
        faults: what differs by more than the bar.
        hangs_on_last_bits: the two end apart and each single step is PyTorch's.
        worst: the largest difference of the parameters.
    """

    training: Training
    backend: str
    dtype: str = "float64"
    faults: list[str] = field(default_factory=list)
    hangs_on_last_bits: bool = False
    worst: float = 0.0

    def __post_init__(self) -> None:
        by_steps = self.training.optimizer == "sgd" and self.dtype == "float64"
        for whole in (False, True) if by_steps else (False,):
            run = self._run(whole)
            faults = self._differences(run, whole, self._pytorch(whole))
            if faults:
                states = self._states(whole)
                wrong = self._wrong_steps(whole, states)
                if not np.array_equal(run.theta, states[-1]["theta"]):
                    wrong.append("the same steps one by one end elsewhere")
                if wrong:
                    faults += wrong
                else:
                    self.hangs_on_last_bits = True
                    faults = self._differences(run, whole, self._pytorch_along(whole, states))
            self.faults += faults

    @property
    def bar(self) -> float:
        return BAR if self.dtype == "float64" else SINGLE_BAR

    def __str__(self) -> str:
        return f"seed {self.training.seed}, {self.backend}, {self.dtype}: {'; '.join(self.faults)}: {self.training.net}"

    def _run(self, whole: bool, steps: int = STEPS) -> symcnn.Run:
        t = self.training
        settings = {"learning_rate": t.rate, "reduction": t.reduction, "backend": self.backend, "initial": t.theta}
        if whole:
            return symcnn.train(t.net, t.samples, steps=steps, **settings)
        return symcnn.train(
            t.net, t.samples, epochs=t.epochs, batch_size=t.batch_size, seed=t.seed, optimizer=t.optimizer,
            dtype=self.dtype, validation=t.validation, **settings,
        )  # fmt: skip

    def _pytorch(self, whole: bool) -> torch_oracle.Trained:
        t = self.training
        return torch_oracle.trained(t.net, t.theta, t.batches(whole), t.optimizer, t.rate, t.reduction, self.dtype)

    # --- step by step

    def _states(self, whole: bool) -> list[dict[str, Array]]:
        """theta and what is remembered, at the start and after every step of ours."""
        t = self.training
        if whole:
            return [{"theta": self._run(whole, steps).theta} for steps in range(STEPS + 1)]
        state = State.start(t.theta, optimizer_called(t.optimizer), self.dtype)
        images, targets = (values.astype(self.dtype) for values in t.samples)
        batching = Batching(optimizer_called(t.optimizer), t.batch_size or len(images), t.rate, t.reduction)
        learner = compile_program(t.net, self.backend, self.dtype).learner(images, targets, batching, state)
        states = [{name: values.copy() for name, values in state.arrays.items()}]
        for order in t.orders(whole):
            learner.epoch(order)
            states.append({name: values.copy() for name, values in state.arrays.items()})
        return states

    def _wrong_steps(self, whole: bool, states: list[dict[str, Array]]) -> list[str]:
        """What PyTorch does otherwise in the first step that is not its own, started from ours.

        The gradient and the update are held apart: adam makes a whole step of a gradient that is one rounding.
        """
        t = self.training
        bar = STEP_BAR if self.dtype == "float64" else SINGLE_BAR
        for n, (before, after, (images, targets)) in enumerate(
            zip(states[:-1], states[1:], t.batches(whole), strict=True)
        ):
            gradient, count = self._gradient(before, after), len(images) if t.reduction == "mean" else 1
            start = (t.net, before["theta"], images, targets, self.dtype)
            gap = _gap(gradient, torch_oracle.loss_and_gradient(*start)[1] / count)
            if not gap <= bar:  # both of them right: which cell of a maximum is the larger is a matter of last bits
                others = torch_oracle.gradients_of_near_ties(*start, rounded=n > 0)
                gap = min(gap, *(_gap(gradient, other / count) for other in others), np.inf)
            gaps = {"gradient": gap}
            theirs = torch_oracle.stepped(before, gradient, t.optimizer, t.rate, n, self.dtype)
            gaps |= {name: _gap(values, theirs[name]) for name, values in after.items()}
            wrong = [f"step {n + 1} alone: {what}: {gap:.1e} apart" for what, gap in gaps.items() if not gap <= bar]
            if wrong:
                return wrong
        return []

    def _gradient(self, before: dict[str, Array], after: dict[str, Array]) -> Array:
        """What our step took for the gradient, out of what it did."""
        old, new = ({name: values.astype(float) for name, values in state.items()} for state in (before, after))
        match self.training.optimizer:
            case "sgd":
                return (old["theta"] - new["theta"]) / self.training.rate
            case "momentum":
                return new["velocity"] - 0.9 * old["velocity"]
            case _:
                return (new["moment_1"] - 0.9 * old["moment_1"]) / (1 - 0.9)

    def _pytorch_along(self, whole: bool, states: list[dict[str, Array]]) -> torch_oracle.Trained:
        """PyTorch's losses at our parameters."""
        t = self.training
        thetas = np.array([state["theta"] for state in states])
        losses = [
            torch_oracle.measured(t.net, theta, images, targets, self.dtype)[0]
            * (len(images) if t.reduction == "sum" else 1)
            for theta, (images, targets) in zip(thetas[:-1], t.batches(whole), strict=True)
        ]
        return torch_oracle.Trained(thetas, np.array(losses))

    # --- as a whole

    def _differences(self, run: symcnn.Run, whole: bool, theirs: torch_oracle.Trained) -> list[str]:
        """Where the training is not what PyTorch has."""
        t, found = self.training, Differences(self.bar)
        worst = found.compare("by steps, parameters" if whole else "parameters", run.theta, theirs.thetas[-1])
        self.worst = max(self.worst, worst)
        if whole:
            last = torch_oracle.measured(t.net, theirs.thetas[-1], *t.samples)[0]
            last *= len(t.samples[0]) if t.reduction == "sum" else 1
            found.compare("by steps, losses", run.loss, np.append(theirs.losses, last))
            return found.lines
        loss_bar = BAR if self.dtype == "float64" else SINGLE_LOSS_BAR
        found.compare("losses", run.loss, theirs.losses, loss_bar)
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
                found.compare(f"loss {what}", loss, wanted, loss_bar)
                found.accuracy(f"accuracy {what}", accuracy, outputs, samples[1], epoch.number == 0)
        _, outputs = torch_oracle.measured(t.net, theirs.thetas[-1], t.images, t.targets, self.dtype)
        found.compare("outputs", run.predict(t.images), outputs)
        program = symcnn.compile(t.net, self.backend)
        found.compare("outputs of the program", program.predict(run.theta, t.images), outputs)
        return found.lines


@dataclass
class Differences:
    """What differs by more than the bar, in words."""

    bar: float
    lines: list[str] = field(default_factory=list)

    def compare(self, what: str, ours: Any, theirs: Any, bar: float | None = None) -> float:
        gap = _gap(ours, theirs)
        if not gap <= (bar or self.bar):
            self.lines.append(f"{what}: {gap:.1e} apart")
        return gap

    def accuracy(self, what: str, accuracy: float | None, outputs: Array, targets: Array, exact: bool) -> None:
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
                self.lines.append(f"{what}: {accuracy}, where there are no classes")
            return
        least, most = (right & ~close).mean(), (right | close).mean()
        if accuracy is None or not least <= accuracy <= most:
            self.lines.append(f"{what}: {accuracy}, PyTorch's {least} to {most}")


def _gap(ours: Any, theirs: Any) -> float:
    """The largest difference, relative to the largest value where that is above 1; NaN makes it infinite."""
    ours, theirs = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    assert ours.shape == theirs.shape
    gap = float(np.abs(ours - theirs).max(initial=0) / max(1.0, np.abs(theirs).max(initial=0)))
    return gap if np.isfinite(gap) else float("inf")
