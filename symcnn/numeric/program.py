"""Programs: callables made from printed source. Whatever the backend, they answer the same questions.

    "numpy"        whole arrays, from the index-notation equations
    "expressions"  the scalar graph, NumPy over the samples
    "python"       the scalar graph as straight-line Python; training puts the images in as numbers

The source is symcnn's own print of the network's equations; nothing that comes from a file is ever run.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any, ClassVar

import numpy as np

from symcnn.derivation import Derivation, Graph, check_size
from symcnn.derivation.graph import instantiate
from symcnn.errors import InputError, quoted
from symcnn.network import Array, Network, checked, checked_images
from symcnn.numeric.learner import ArrayLearner, Batching, Filled, Learner, Meter, State, blocks, samples_at_once
from symcnn.numeric.optimizers import Optimizer
from symcnn.numeric.parameters import as_theta
from symcnn.printers.numpy_arrays import array_program, loss_program, update_program
from symcnn.printers.python import OUTPUTS, PASS, one_image, scalars_over_samples, standalone, training_loop

#: One step of training: theta, step size (rate × factor), number of steps -> theta, E_total before each update.
Descend = Callable[[Sequence[float], float, int], tuple[Sequence[float], Array]]

DTYPES = ("float64", "float32")

#: Python's compiler and the reader both drown in more products than this (forward, of one image).
MAX_PRODUCTS = 10_000


class Program(ABC):
    """A network as a program.

    Attributes:
        network: what it computes.
        dtype: "float64", or "float32" where the program supports it.
    """

    backend: ClassVar[str]
    #: What it can be made in.
    dtypes: ClassVar[tuple[str, ...]] = DTYPES

    def __init__(self, network: Network, dtype: str = "float64") -> None:
        if dtype not in DTYPES:
            raise InputError(f"dtype={quoted(dtype)}: expected one of {', '.join(DTYPES)}")
        if dtype not in self.dtypes:
            raise InputError(
                f'dtype={dtype!r}: backend="{self.backend}" computes in {self.dtypes[0]} only; expected "numpy" or'
                ' "numba"'
            )
        self.network, self.dtype = network, dtype
        self._check_size()

    def __reduce__(self) -> tuple[object, ...]:
        # a copy prints and compiles again: what runs is never read from a file
        return type(self), (self.network, self.dtype)

    @cached_property
    def source(self) -> str:
        """The printed program, for reading; it is what runs."""
        return self._print()

    @cached_property
    def _functions(self) -> dict[str, Callable[..., Any]]:
        return run_source(self.source)

    def loss_and_gradient(self, theta: Any, images: Any, targets: Any) -> tuple[float, Array]:
        """E_total and its gradient.

        Args:
            theta: 1-D, in the order of ``network.parameters`` (or name -> value).
            images: (samples, [channels,] height, width) or (samples, features); targets: (samples, outputs).

        Returns:
            the loss summed over the samples, and ∂E_total/∂theta, 1-D.
        """
        self.network.require_loss("loss_and_gradient")
        theta = as_theta(self.network, theta)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.differentiate(theta, *checked(self.network, (images, targets)))

    def predict(self, theta: Any, images: Any) -> Array:
        """The last layer's values: (samples, outputs)."""
        theta = as_theta(self.network, theta)
        with np.errstate(over="ignore", invalid="ignore"):
            return self.outputs(theta, checked_images(self.network, images))

    def trainer(self, images: Array, targets: Array) -> Descend:
        """Full-batch gradient descent on these samples."""

        def train(theta: Sequence[float], step: float, steps: int) -> tuple[Sequence[float], Array]:
            values, losses = np.array(theta, dtype=np.float64), np.empty(steps)
            with np.errstate(over="ignore", invalid="ignore"):
                for k in range(steps):
                    losses[k], gradient = self.differentiate(values, images, targets)
                    values -= step * gradient
            return values.tolist(), losses

        return train

    def learner(self, images: Array, targets: Array, batching: Batching, state: State) -> Learner:
        """Mini-batch training on these samples."""
        return Learner(self, images, targets, batching, state)

    def _check_size(self) -> None:
        """Refuse a network that is too large for this kind of program; arrays take any."""
        return

    @abstractmethod
    def _print(self) -> str: ...

    def differentiate(self, theta: Array, images: Array, targets: Array) -> tuple[float, Array]:
        """``loss_and_gradient`` of what was checked already."""
        loss, gradient = self._functions["loss_and_gradient"](theta, images, targets)
        return float(loss), gradient

    @abstractmethod
    def outputs(self, theta: Array, images: Array) -> Array:
        """``predict`` of what was checked already."""

    def meter(self, theta: Array, images: Array, targets: Array) -> Meter:
        """Measure these samples, which were checked, with what stands in ``theta`` then.

        A program that has no such part leaves it to whole arrays.
        """
        return ArrayProgram(self.network, self.dtype).meter(theta, images, targets)


class ArrayProgram(Program):
    """Whole arrays, in buffers that are made once for a number of samples: not for two threads at a time."""

    backend = "numpy"

    def _print(self) -> str:
        return _array_source(self.network)

    @cached_property
    def _buffers(self) -> dict[tuple[str, int], Filled]:
        """Function and number of samples -> its buffers, for a few numbers."""
        return {}

    def _with_buffers(self, name: str, samples: int) -> Filled:
        key = (name, samples)
        if key not in self._buffers:
            if len(self._buffers) >= 4:
                self._buffers.pop(next(iter(self._buffers)))
            theta = np.zeros(len(self.network.parameters), self.dtype)
            self._buffers[key] = Filled(self._functions[name], self.network, samples, theta, np.zeros_like(theta))
        return self._buffers[key]

    @cached_property
    def at_once(self) -> int:
        """How many samples go through one set of buffers."""
        return samples_at_once(self.network.forward.equations, np.dtype(self.dtype).itemsize)

    @cached_property
    def _measuring(self) -> dict[str, Callable[..., Any]]:
        """The function ``loss``, printed when a metric asks for it."""
        return run_source(_loss_source(self.network))

    def filled(self, samples: int, theta: Array, gradient: Array) -> Filled:
        """Loss and gradient of so many samples, with somebody's own parameters and gradient."""
        return Filled(self._functions["loss_and_gradient"], self.network, samples, theta, gradient)

    def update(self, optimizer: Optimizer) -> Callable[..., Callable[..., None]]:
        """The optimizer's step as a printed function: its arrays -> its numbers -> a change in place."""
        source = update_program(optimizer.updates, ("rate", *optimizer.scalars))
        return run_source(source)["update"]

    def learner(self, images: Array, targets: Array, batching: Batching, state: State) -> Learner:
        return ArrayLearner(self, images, targets, batching, state)

    def differentiate(self, theta: Array, images: Array, targets: Array) -> tuple[float, Array]:
        loss, gradient = 0.0, np.zeros(len(theta))
        for block in blocks(len(images), self.at_once):
            filled = self._with_buffers("loss_and_gradient", block.stop - block.start)
            filled.fill(theta, images[block], targets[block])
            loss += float(filled.run())
            gradient += filled.gradient
        return loss, gradient

    def meter(self, theta: Array, images: Array, targets: Array) -> Meter:
        pixels, name = images.reshape(len(images), -1), self.network.forward.outputs.name
        parts, unused = blocks(len(images), self.at_once), np.zeros_like(theta)
        sizes = {part.stop - part.start for part in parts}
        filled = {n: Filled(self._measuring["loss"], self.network, n, theta, unused) for n in sizes}
        outputs = np.empty(targets.shape[::-1], theta.dtype)

        def measure() -> tuple[float, Array]:
            loss = 0.0
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                for part in parts:
                    block = filled[part.stop - part.start]
                    block.give(pixels[part], targets[part])
                    loss += float(block.run())
                    outputs[:, part] = block.arrays[name].reshape(len(outputs), -1)
            return loss, outputs.T

        return measure

    def forward(self, theta: Any, images: Any) -> dict[str, Array]:
        """Every tensor of the forward pass by name: (samples, *shape)."""
        theta = as_theta(self.network, theta)
        with np.errstate(over="ignore", invalid="ignore"):
            parts = list(self._forward(theta, checked_images(self.network, images), None))
        return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}

    def _forward(self, theta: Array, images: Array, only: str | None) -> Iterator[dict[str, Array]]:
        """Block by block: every tensor, or only one."""
        for block in blocks(len(images), self.at_once):
            filled = self._with_buffers("forward", block.stop - block.start)
            filled.fill(theta, images[block])
            filled.run()
            yield {n: np.moveaxis(a, -1, 0).copy() for n, a in filled.arrays.items() if only in (None, n)}

    def outputs(self, theta: Array, images: Array) -> Array:
        outputs = self.network.forward.outputs.name
        parts = [part[outputs] for part in self._forward(theta, images, outputs)]
        return np.concatenate(parts).reshape(len(images), -1)


class ScalarProgram(Program):
    """The scalar graph, NumPy over the samples."""

    backend = "expressions"
    dtypes = ("float64",)

    def _check_size(self) -> None:
        check_scalars(self.network)

    def _print(self) -> str:
        graph, arguments = _scalars(self.network)
        kinds = (False, True) if self.network.loss else (False,)
        return standalone("\n\n".join(scalars_over_samples(graph, *arguments, gradients=g) for g in kinds))

    def outputs(self, theta: Array, images: Array) -> Array:
        outputs: Array = self._functions["predict"](theta, images)
        return outputs


class PythonProgram(Program):
    """Straight-line Python."""

    backend = "python"
    dtypes = ("float64",)

    def _check_size(self) -> None:
        check_scalars(self.network)

    def _print(self) -> str:
        graph, arguments = _scalars(self.network)
        kinds = (False, True) if self.network.loss else (False,)
        return standalone("\n\n".join(one_image(graph, *arguments, gradients=g) for g in kinds))

    def differentiate(self, theta: Array, images: Array, targets: Array) -> tuple[float, Array]:
        values, function = theta.tolist(), self._functions[PASS]
        pairs = [
            function(values, image.ravel().tolist(), target.tolist())
            for image, target in zip(images, targets, strict=True)
        ]
        return float(sum(e for e, _ in pairs)), np.sum([g for _, g in pairs], axis=0)

    def outputs(self, theta: Array, images: Array) -> Array:
        values, function = theta.tolist(), self._functions[OUTPUTS]
        return np.array([function(values, image.ravel().tolist()) for image in images], dtype=np.float64)

    def training_source(self, images: Any, targets: Any) -> str:
        """The whole training loop for these very images, as it is run."""
        network, stated = self.network, self.network.forward
        assert stated.targets is not None  # there are targets, so there is a loss
        names = [*stated.image.scalars(), *stated.targets.scalars()]
        pairs = zip(*checked(network, (images, targets)), strict=True)
        samples = [dict(zip(names, [*i.ravel().tolist(), *t.tolist()], strict=True)) for i, t in pairs]
        return standalone(training_loop(scalar_graph(network), network.parameters, samples), passed=("exp",))

    def trainer(self, images: Array, targets: Array) -> Descend:
        if sum(len(v.products) for v in scalar_graph(self.network)) * len(images) > 3 * MAX_PRODUCTS:
            return super().trainer(images, targets)
        loop = run_source(self.training_source(images, targets))["train"]

        def train(theta: Sequence[float], step: float, steps: int) -> tuple[Sequence[float], Array]:
            losses: list[float] = []
            exp: Callable[[float], float] = math.exp
            while True:
                before = len(losses)
                theta = loop(theta, step, steps - before, losses.append, exp)
                if len(losses) == steps:
                    return theta, np.array(losses)
                # math.exp raises where 1/(1 + exp(-z)) is simply 0: go on from the last whole step with an exp
                # that gives inf there (slower, so not from the start)
                exp = _exp

        return train


def _exp(z: float) -> float:
    try:
        return math.exp(z)
    except OverflowError:
        return math.inf


@lru_cache(maxsize=32)
def _array_source(network: Network) -> str:
    """The array program, printed once in a process."""
    stated = network.forward
    return array_program(stated.equations, stated.parameters, stated.image, stated.targets)


@lru_cache(maxsize=32)
def _loss_source(network: Network) -> str:
    """What measures, printed once in a process."""
    stated = network.forward
    assert stated.targets is not None  # a metric has targets
    return loss_program(stated.equations, stated.parameters, stated.image, stated.targets, stated.outputs)


@lru_cache(maxsize=32)
def _derived(network: Network) -> Derivation:
    """The derivation of a network, once in a process."""
    return Derivation(network)


def check_scalars(network: Network) -> None:
    """Refuse a network that is too large for straight-line programs."""
    check_size(network.forward.equations, MAX_PRODUCTS, "as a straight-line program", 'backend="numpy" does without')


def scalar_graph(network: Network) -> Graph:
    """The scalar graph; forward only without a loss."""
    if network.loss:
        return _derived(network).graph
    stated = network.forward
    return instantiate((stated.image, *stated.parameters), stated.equations, ())


def _scalars(network: Network) -> tuple[Graph, tuple[list[str], tuple[str, ...]]]:
    """The scalar graph, and the names of outputs and parameters."""
    return scalar_graph(network), (network.forward.outputs.scalars(), network.parameters)


def run_source(source: str) -> dict[str, Callable[..., Any]]:
    """The functions of symcnn's own printed source."""
    space: dict[str, Any] = {}
    exec(compile(source, "<printed by symcnn>", "exec"), space)
    return space


#: What is always there.
PROGRAMS: dict[str, type[Program]] = {p.backend: p for p in (ArrayProgram, ScalarProgram, PythonProgram)}
