"""The whole program of loops: an epoch of mini-batch training in one function, which measures too.

    for each batch:     gradient = 0
        for each block of lanes:    gather its samples · the nests: forward; backward, adding to the gradient
        losses[batch] = …           θ and what the optimizer remembers are updated

``mode`` says how far it goes: MEASURE only fills ``outputs``, DIFFERENTIATE stops at the gradient, LEARN updates.

A block always has the same number of lanes, so that every length is a number in the source. Lanes that no sample is
left for repeat the batch's last one, with ∂E/∂E = 0: finite wherever the batch is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, S, Symbol

from symcnn.printers.loops.layout import Layout, index_text
from symcnn.printers.loops.nest import Machine, Rows, Setting, nest
from symcnn.printers.loops.rewrite import SEED, rewritten
from symcnn.printers.loops.statements import LoopPrinter, StatementGroup, grouped, language, local_tensors, number_text
from symcnn.printers.python import MATH, indented
from symcnn.symbolic import Access, Affine, Axis, Equation, Tensor

#: How far ``epoch`` goes.
MEASURE, DIFFERENTIATE, LEARN = 0, 1, 2

#: Bytes of a vector register, and what arrays begin at.
VECTOR = 64

HEAD = '''\
"""Printed by symcnn from the equations of a network; a block has {lanes} lanes, numbers are {dtype}."""

from math import {math}

import numpy as np

real = np.{dtype}
'''


@dataclass(frozen=True)
class Loops:
    """A printed program.

    Attributes:
        source: a module with the function ``epoch``.
        work: numbers in the work array that it needs.
        arguments: what ``epoch`` takes, in order.
    """

    source: str
    work: int
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class NetworkSpec:
    """A network as a printer sees it: data, outputs, parameters, and the forward equations; the last one states E."""

    image: Tensor
    targets: Tensor
    outputs: Tensor
    parameters: tuple[Tensor, ...]
    equations: tuple[Equation, ...]


@dataclass(frozen=True)
class OptimizerUpdate:
    """An optimizer as a printer sees it: see ``numeric/optimizers.py``."""

    updates: Sequence[tuple[Symbol, Expr]]
    scalars: Mapping[str, float]


def loops(stated: NetworkSpec, update: OptimizerUpdate, lanes: int, dtype: str) -> Loops:
    """``epoch(theta, gradient, …)`` for blocks of so many lanes."""
    outputs = stated.outputs
    forward, backward = rewritten(stated.equations, (stated.image, stated.targets), outputs)
    groups = grouped(forward, backward)
    error = stated.equations[-1].target.tensor
    layout = Layout.of(groups, lanes)
    machine = Machine(lanes, VECTOR // (8 if dtype == "float64" else 4))
    setting = Setting(layout, machine, dtype, Rows(), sum(s.instances for g in groups for s in g.statements))
    for tensor in (stated.image, stated.targets, SEED):
        layout.borders.setdefault(tensor, ((0, 0),) * len(tensor.shape))
    # what stands around a tensor stands in memory
    bordered = {t for t, dimensions in layout.borders.items() if any(map(any, dimensions))}
    local = [own - bordered for own in local_tensors(groups, {error, outputs})]
    nests = [_Nest.of(n, g, own, setting) for n, (g, own) in enumerate(zip(groups, local, strict=True), 1)]
    arrays, work = _arrays(stated, layout, set().union(*local), setting)
    arguments = _arguments(update)
    # a straight line may hold the error and some adjoints
    last = max(n for n, g in enumerate(groups) if any(s.target.tensor in (error, outputs) for s in g.statements))
    calls = [n.call for n in nests]
    lines = [
        f"def epoch({', '.join(arguments)}):",
        *indented(1, arrays),
        "    for batch in range(losses.size):",
        "        start, stop = batch*batch_size, min((batch + 1)*batch_size, order.size)",
        f"        gradient[:] = {number_text(S.Zero, dtype)}",
        "        loss = 0.0",
        f"        for first in range(start, stop, {lanes}):",
        *indented(3, [*_gathered(stated, layout, dtype), *calls[: last + 1]]),
        f"            if mode == {MEASURE}:",
        *indented(4, _scattered(outputs, layout)),
        *([*indented(3, ["else:"]), *indented(4, calls[last + 1 :])] if calls[last + 1 :] else []),
        f"            for n in range(min({lanes}, stop - first)):",
        f"                loss += {error.name}[n]",
        "        factor = real(1.0/(stop - start) if mean else 1.0)",
        "        losses[batch] = loss*factor",
        f"        if mode == {LEARN}:",
        *indented(3, _updated(update, dtype)),
        "",
    ]
    head = [HEAD.format(lanes=lanes, dtype=dtype, math=", ".join(sorted((*MATH, "inf")))), *_constants(groups)]
    text = "\n".join([*head, *(line for n in nests for line in ["", *n.lines, ""]), "", *lines])
    return Loops(text, work, arguments)


@dataclass(frozen=True)
class _Nest:
    """A group as a function of the arrays that it needs: small functions compile much sooner than one of all lines."""

    call: str
    lines: list[str]

    @classmethod
    def of(cls, number: int, group: StatementGroup, local: set[Tensor], setting: Setting) -> "_Nest":
        body = nest(group, local, setting)
        names = sorted(t.name for t in group.tensors() - local if t.role != "constant")
        call = f"nest_{number}({', '.join([*names, *(['rows'] if setting.rows.slots else [])])})"
        return cls(call, [f"def {call}:", *indented(1, body)])


def _arguments(update: OptimizerUpdate) -> tuple[str, ...]:
    remembered = [symbol.name for symbol, _ in update.updates if symbol.name != "theta"]
    return (
        "theta", "gradient", "work", "images", "targets", "order", "batch_size", "mean", "rate", "mode", "losses",
        "outputs", *remembered, *(["powers"] if update.scalars else []),
    )  # fmt: skip


def _arrays(stated: NetworkSpec, layout: Layout, local: set[Tensor], setting: Setting) -> tuple[list[str], int]:
    """The tensors as parts of the arguments; borders are filled once."""
    lines, at = [], 0
    for tensor in stated.parameters:
        part = f"{at}:{at + tensor.size}"
        lines += [f"{tensor.name} = theta[{part}]", f"{tensor.adjoint().name} = gradient[{part}]"]
        at += tensor.size
    at, align = 0, VECTOR // 4
    filled = []
    stored = [t for t in layout.borders if not t.is_shared and t not in local]
    lengths = [(t.name, layout.length(t)) for t in sorted(stored, key=lambda t: t.name)]
    if setting.rows.most:
        lengths.append(("rows", setting.rows.most * layout.lanes))
    for name, length in lengths:
        lines.append(f"{name} = work[{at}:{at + length}]")
        at += -(-length // align) * align
    for tensor, value in layout.outside.items():
        if tensor in stored and value != 0:
            filled.append(f"{tensor.name}[:] = {number_text(value, setting.dtype)}")
    lines.append(f"samples = np.zeros({layout.lanes}, np.int64)")
    return [*lines, f"work[:] = {number_text(S.Zero, setting.dtype)}", *filled], at


def _constants(groups: Sequence[StatementGroup]) -> list[str]:
    """Tensors whose values are known with the network."""
    found = {t for g in groups for t in g.tensors() if t.role == "constant"}
    return [
        f"{t.name} = np.array([{', '.join(repr(float(v)) for v in t.values)}], dtype=real)"
        for t in sorted(found, key=lambda t: t.name)
    ]


def _gathered(stated: NetworkSpec, layout: Layout, dtype: str) -> list[str]:
    """The block's samples, one in each lane."""
    one, zero = number_text(S.One, dtype), number_text(S.Zero, dtype)
    lines = [
        f"for n in range({layout.lanes}):",
        "    samples[n] = order[min(first + n, stop - 1)]",
        f"    {SEED.name}[n] = {one} if first + n < stop else {zero}",
    ]
    for tensor, source in ((stated.image, "images"), (stated.targets, "targets")):
        loops, entry, column = _entries(tensor, layout)
        row = [f"for n in range({layout.lanes}):", f"    {entry} = {source}[samples[n], {column}]"]
        lines += [*loops, *indented(len(loops), row)]
    return lines


def _scattered(outputs: Tensor, layout: Layout) -> list[str]:
    """The block's outputs, in the samples' places."""
    loops, entry, column = _entries(outputs, layout)
    row = [f"for n in range(min({layout.lanes}, stop - first)):", f"    outputs[{column}, samples[n]] = {entry}"]
    return [*loops, *indented(len(loops), row)]


def _entries(tensor: Tensor, layout: Layout) -> tuple[list[str], str, str]:
    """Loops over a tensor's entries, the entry of lane n, and its column in an array with a row for each sample."""
    axes = tuple(Axis(letter, size) for letter, size in zip("dpq", tensor.shape, strict=False))
    access = Access(tensor, tuple(Affine(((a.name, 1),)) for a in axes))
    flat = layout.flat(access, dict.fromkeys("dpq", 0), frozenset())
    strides = [math.prod(tensor.shape[d + 1 :]) for d in range(len(tensor.shape))]
    column = index_text((tuple((a.name, s) for a, s in zip(axes, strides, strict=True)), 0))
    loops = [line for d, a in enumerate(axes) for line in indented(d, [f"for at_{a.name} in range({a.size}):"])]
    return loops, f"{tensor.name}[n + {index_text(flat)}]", column


def _updated(update: OptimizerUpdate, dtype: str) -> list[str]:
    """One step of the optimizer, entry by entry."""
    lines = [f"powers[{n}] *= {by!r}" for n, by in enumerate(update.scalars.values())]
    lines += [f"{name} = real(powers[{n}])" for n, name in enumerate(update.scalars)]
    arrays = {symbol: Symbol(f"{symbol.name}[at]") for symbol, _ in update.updates}
    step: list[str] = []
    printer = LoopPrinter(language(dtype), lambda letters, text: text)
    for symbol, expression in update.updates:
        right = expression.xreplace({**arrays, Symbol("gradient"): Symbol("change")})
        step.append(f"{arrays[symbol]} = {printer.expression(right).text}")
    return [*lines, "for at in range(theta.size):", *indented(1, ["change = factor*gradient[at]", *step])]
