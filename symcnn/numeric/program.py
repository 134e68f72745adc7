"""Programs: callables made from printed source, with one interface; and parameters as a vector.

    "numpy"        whole arrays, from the index-notation equations
    "expressions"  the scalar graph, NumPy over the samples
    "python"       the scalar graph as straight-line Python; in training the images are numbers in the source

The source is symcnn's own print of the network's equations; nothing that comes from a file is ever run.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, ClassVar

import numpy as np

from symcnn.derivation import Derivation, Graph, check_size
from symcnn.derivation.graph import instantiate
from symcnn.errors import InputError, one_of, quoted
from symcnn.network import Array, Network, as_array, checked, checked_images
from symcnn.numeric.learner import (
    ArrayLearner,
    Batching,
    Buffers,
    Learner,
    Meter,
    Optimizer,
    State,
    blocks,
    samples_at_once,
)
from symcnn.printers.numpy_arrays import array_program, loss_program, update_program
from symcnn.printers.python import OUTPUTS, PASS, one_image, scalars_over_samples, standalone, training_loop
from symcnn.symbolic import Access


def parameter_count(network: Network) -> int:
    """The number of parameters; their names are not made."""
    return sum(tensor.size for tensor in network.forward.parameters)


def as_theta(network: Network, values: Any) -> Array:
    """Name -> value, or any 1-D sequence, as a vector of floats; a copy.

    Raises:
        InputError: a name is missing or unknown, or the number of values is wrong, or one is no finite number.
    """
    count = parameter_count(network)
    if isinstance(values, Mapping):
        names = network.parameters
        missing = [n for n in names if n not in values]
        known = frozenset(names)
        unknown = [n for n in values if n not in known]
        if missing or unknown:
            where = f"expected a value for each of the {len(names)} parameters of the network, no other name"
            if unknown:
                raise InputError(f"parameters: {quoted(unknown[0])} is unknown; {one_of(unknown[0], names)}")
            raise InputError(f"parameters: {missing[0]} is missing ({len(missing)} of {len(names)} are); {where}")
        values = [values[n] for n in names]
    try:
        theta = np.array(as_array(values), dtype=np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise InputError(f"parameters: expected {count} numbers") from None
    if theta.shape != (count,):
        raise InputError(f"parameters of shape {theta.shape}: expected ({count},), in the order of the network")
    if not np.isfinite(theta).all():
        bad = int(np.argmin(np.isfinite(theta)))
        raise InputError(f"parameters: {network.parameters[bad]} is {theta[bad]}; expected a finite number")
    return theta


def inputs_by_name(network: Network, theta: Array, image: Array, target: Array) -> dict[str, float]:
    """Parameter, pixel or target -> value: the inputs of a pass over one image."""
    forward = network.forward
    assert forward.targets is not None  # a pass with a target has a loss
    names = (*network.parameters, *forward.image.scalars(), *forward.targets.scalars())
    return dict(zip(names, [*theta.tolist(), *image.ravel().tolist(), *target.tolist()], strict=True))


INITIAL = ("uniform", "scaled")


def initial_values(network: Network, seed: int, how: str = "uniform") -> Array:
    """Drawn in the order of the parameters from ``numpy.random.default_rng(seed)``.

    Args:
        how: "uniform" in [-1, 1), as for the article; "scaled": the same, divided by √(number of products that a
            neuron or cell adds up), so that sums don't grow with the size of the network.
    """
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed={quoted(seed)}: expected a whole number, at least 0")
    if how not in INITIAL:
        raise InputError(f"initial={quoted(how)}: unknown; {one_of(how, INITIAL)}, or values")
    values = np.random.default_rng(seed).uniform(-1, 1, parameter_count(network))
    return values / np.sqrt(_fan_in(network)) if how == "scaled" else values


def _fan_in(network: Network) -> Array:
    """For each parameter: how many products its equation adds up for one entry."""
    products: dict[str, int] = {}
    for equation in network.forward.equations:
        count = max(math.prod(axis.size for axis in term.axes) for term in equation.terms)
        accesses = (a for term in equation.terms for factor in term.factors for a in factor.atoms(Access))
        products |= {access.tensor.name: count for access in accesses}
    return np.concatenate([np.full(p.size, float(products[p.name])) for p in network.forward.parameters])


# --- programs -------------------------------------------------------------------------------------------------------

#: Gradient descent: theta, step size (rate × factor), number of steps -> theta, E_total before each update.
Descend = Callable[[Sequence[float], float, int], tuple[Sequence[float], Array]]

DTYPES = ("float64", "float32")

#: Products (forward, of one image) past which a straight-line program is too long to compile and to read.
MAX_PRODUCTS = 10_000


class Program(ABC):
    """A network as a program.

    >>> import symcnn
    >>> program = symcnn.compile(symcnn.article.network(), "python")
    >>> program.predict([0.1] * 20, symcnn.article.images().images).round(2)
    array([[0.55, 0.55],
           [0.55, 0.55]])

    Attributes:
        backend, dtypes: its name, and the dtypes that it supports.
        dtype: "float64", or "float32" where the program supports it.
    """

    backend: ClassVar[str]
    dtypes: ClassVar[tuple[str, ...]] = DTYPES

    def __init__(self, network: Network, dtype: str = "float64") -> None:
        if dtype not in DTYPES:
            raise InputError(f"dtype={quoted(dtype)}: {one_of(dtype, DTYPES)}")
        if dtype not in self.dtypes:
            raise InputError(
                f'dtype={dtype!r}: backend="{self.backend}" computes in {self.dtypes[0]} only; expected "numpy" or'
                ' "numba"'
            )
        self.network, self.dtype = network, dtype
        self._check_size()

    def __reduce__(self) -> tuple[object, ...]:
        # a copy is printed and compiled again: code is never read from a file
        return type(self), (self.network, self.dtype)

    @cached_property
    def source(self) -> str:
        """The printed program that runs."""
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
        """``loss_and_gradient`` of checked arrays."""
        loss, gradient = self._functions["loss_and_gradient"](theta, images, targets)
        return float(loss), gradient

    @abstractmethod
    def outputs(self, theta: Array, images: Array) -> Array:
        """``predict`` of checked arrays."""

    def meter(self, theta: Array, images: Array, targets: Array) -> Meter:
        """Measure these samples, which were checked, with the values of ``theta`` at that time; by default with whole
        arrays."""
        return ArrayProgram(self.network, self.dtype).meter(theta, images, targets)


class ArrayProgram(Program):
    """Whole arrays, in buffers that are made once for a number of samples: not for two threads at a time."""

    backend = "numpy"

    def _print(self) -> str:
        return _array_source(self.network)

    @cached_property
    def _cache(self) -> dict[tuple[str, int], Buffers]:
        """Function and number of samples -> its buffers, the last four."""
        return {}

    def _cached_buffers(self, name: str, samples: int) -> Buffers:
        key = (name, samples)
        if key not in self._cache:
            if len(self._cache) >= 4:
                self._cache.pop(next(iter(self._cache)))
            theta = np.zeros(parameter_count(self.network), self.dtype)
            self._cache[key] = Buffers(self._functions[name], self.network, samples, theta, np.zeros_like(theta))
        return self._cache[key]

    @cached_property
    def at_once(self) -> int:
        """How many samples go through one set of buffers."""
        return samples_at_once(self.network.forward.equations, np.dtype(self.dtype).itemsize)

    @cached_property
    def _measuring(self) -> dict[str, Callable[..., Any]]:
        """The function ``loss``, printed when a metric needs it."""
        return run_source(_loss_source(self.network))

    def buffers(self, samples: int, theta: Array, gradient: Array) -> Buffers:
        """Buffers for loss and gradient of so many samples, with the caller's parameters and gradient."""
        return Buffers(self._functions["loss_and_gradient"], self.network, samples, theta, gradient)

    def update(self, optimizer: Optimizer) -> Callable[..., Callable[..., None]]:
        """The optimizer's step as a printed function: arrays -> numbers -> a change in place."""
        source = update_program(optimizer.updates, ("rate", *optimizer.scalars))
        return run_source(source)["update"]

    def learner(self, images: Array, targets: Array, batching: Batching, state: State) -> Learner:
        return ArrayLearner(self, images, targets, batching, state)

    def differentiate(self, theta: Array, images: Array, targets: Array) -> tuple[float, Array]:
        loss, gradient = 0.0, np.zeros(len(theta))
        for block in blocks(len(images), self.at_once):
            buffers = self._cached_buffers("loss_and_gradient", block.stop - block.start)
            buffers.fill(theta, images[block], targets[block])
            loss += float(buffers.run())
            gradient += buffers.gradient
        return loss, gradient

    def meter(self, theta: Array, images: Array, targets: Array) -> Meter:
        pixels, name = images.reshape(len(images), -1), self.network.forward.outputs.name
        slices, unused = blocks(len(images), self.at_once), np.zeros_like(theta)
        sizes = {block.stop - block.start for block in slices}
        by_size = {n: Buffers(self._measuring["loss"], self.network, n, theta, unused) for n in sizes}
        outputs = np.empty(targets.shape[::-1], theta.dtype)

        def measure() -> tuple[float, Array]:
            loss = 0.0
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                for block in slices:
                    buffers = by_size[block.stop - block.start]
                    buffers.fill_rows(pixels[block], targets[block])
                    loss += float(buffers.run())
                    outputs[:, block] = buffers.arrays[name].reshape(len(outputs), -1)
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
            buffers = self._cached_buffers("forward", block.stop - block.start)
            buffers.fill(theta, images[block])
            buffers.run()
            yield {n: np.moveaxis(a, -1, 0).copy() for n, a in buffers.arrays.items() if only in (None, n)}

    def outputs(self, theta: Array, images: Array) -> Array:
        outputs = self.network.forward.outputs.name
        parts = [part[outputs] for part in self._forward(theta, images, outputs)]
        return np.concatenate(parts).reshape(len(images), -1)


class _StraightLine(Program):
    """Programs printed from the scalar graph by ``_printer``."""

    dtypes = ("float64",)
    _printer: "ClassVar[staticmethod[[Graph, Sequence[str], Sequence[str], bool], str]]"

    def _check_size(self) -> None:
        equations = self.network.forward.equations
        check_size(equations, MAX_PRODUCTS, "as a straight-line program", 'backend="numpy" does without')

    def _print(self) -> str:
        graph, outputs = scalar_graph(self.network), self.network.forward.outputs.scalars()
        kinds = (False, True) if self.network.loss else (False,)
        return standalone("\n\n".join(self._printer(graph, outputs, self.network.parameters, g) for g in kinds))


class ScalarProgram(_StraightLine):
    """The scalar graph, NumPy over the samples."""

    backend = "expressions"
    _printer = staticmethod(scalars_over_samples)

    def outputs(self, theta: Array, images: Array) -> Array:
        outputs: Array = self._functions["predict"](theta, images)
        return outputs


class PythonProgram(_StraightLine):
    """Straight-line Python."""

    backend = "python"
    _printer = staticmethod(one_image)

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
        """The whole training loop for these very images."""
        network, forward = self.network, self.network.forward
        assert forward.targets is not None  # there are targets, so there is a loss
        names = [*forward.image.scalars(), *forward.targets.scalars()]
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
                # math.exp raises where 1/(1 + exp(-z)) is simply 0: continue from the last whole step with an exp
                # that returns inf there (slower, so not from the start)
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
    forward = network.forward
    return array_program(forward.equations, forward.parameters, forward.image, forward.targets)


@lru_cache(maxsize=32)
def _loss_source(network: Network) -> str:
    """The program that measures, printed once in a process."""
    forward = network.forward
    assert forward.targets is not None  # a metric has targets
    return loss_program(forward.equations, forward.parameters, forward.image, forward.targets, forward.outputs)


#: The derivation of a network, made once in a process.
_derivation = lru_cache(maxsize=32)(Derivation)


def scalar_graph(network: Network) -> Graph:
    """The scalar graph; forward only without a loss."""
    if network.loss:
        return _derivation(network).graph
    forward = network.forward
    return instantiate((forward.image, *forward.parameters), forward.equations, ())


def run_source(source: str) -> dict[str, Callable[..., Any]]:
    """The functions of symcnn's own printed source."""
    space: dict[str, Any] = {}
    exec(compile(source, "<printed by symcnn>", "exec"), space)
    return space


#: The backends that need NumPy only.
PROGRAMS: dict[str, type[Program]] = {p.backend: p for p in (ArrayProgram, ScalarProgram, PythonProgram)}
