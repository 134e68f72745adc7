"""The whole program of loops: an epoch of mini-batch training in one function, which measures too.

    for each batch:     gradient = 0
        for each block of lanes:    gather its samples · the nests: forward; backward, adding to the gradient
        losses[batch] = …           θ and the optimizer's state are updated

``mode`` says how far it goes: MEASURE only fills ``outputs``, DIFFERENTIATE stops at the gradient, LEARN updates.

A block always has the same number of lanes, so that every length is a number in the source. Surplus lanes repeat the
batch's last sample, with ∂E/∂E = 0: finite wherever the batch is.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, S, Symbol

from symcnn.network import Forward
from symcnn.printers.loops.nest import Layout, Machine, Rows, Setting, index_text, nest
from symcnn.printers.loops.rewrite import SEED, rewritten
from symcnn.printers.loops.statements import LoopPrinter, StatementGroup, grouped, language, local_tensors
from symcnn.printers.python import MATH, indented
from symcnn.symbolic import Access, Axis, Tensor

#: How far ``epoch`` goes.
MEASURE, DIFFERENTIATE, LEARN = 0, 1, 2

#: Bytes of a vector register, and of the alignment of arrays.
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
        arguments: of ``epoch``, in order.
    """

    source: str
    work: int
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class OptimizerUpdate:
    """An optimizer as a printer sees it: see ``numeric/learner.py``."""

    updates: Sequence[tuple[Symbol, Expr]]
    scalars: Mapping[str, float]


def loops(network: Forward, update: OptimizerUpdate, lanes: int, dtype: str) -> Loops:
    """``epoch(theta, gradient, …)`` for blocks of so many lanes; the network has a loss."""
    image, targets, outputs = network.image, network.targets, network.outputs
    assert targets is not None
    forward, backward = rewritten(network.equations, (image, targets), outputs)
    groups = grouped(forward, backward)
    error = network.equations[-1].target.tensor
    layout = Layout.of(groups, lanes)
    machine = Machine(lanes, VECTOR // (8 if dtype == "float64" else 4))
    setting = Setting(layout, machine, dtype, Rows(), sum(s.instances for g in groups for s in g.statements))
    for tensor in (image, targets, SEED):
        layout.borders.setdefault(tensor, ((0, 0),) * len(tensor.shape))
    # a border needs an array in memory
    bordered = {t for t, dimensions in layout.borders.items() if any(map(any, dimensions))}
    local = [own - bordered for own in local_tensors(groups, {error, outputs})]
    calls, functions = [], []
    for number, (group, own) in enumerate(zip(groups, local, strict=True), 1):
        # small functions compile much sooner than one of all lines
        body = nest(group, own, setting)
        names = sorted(t.name for t in group.tensors() - own if t.role != "constant")
        calls.append(f"nest_{number}({', '.join([*names, *(['rows'] if setting.rows.slots else [])])})")
        functions += ["", f"def {calls[-1]}:", *indented(1, body), ""]
    arrays, work = _arrays(network, layout, set().union(*local), setting)
    arguments = _arguments(update)
    # a straight line may hold the error and some adjoints
    last = max(n for n, g in enumerate(groups) if any(s.target.tensor in (error, outputs) for s in g.statements))
    lines = [
        f"def epoch({', '.join(arguments)}):",
        *indented(1, arrays),
        "    for batch in range(losses.size):",
        "        start, stop = batch*batch_size, min((batch + 1)*batch_size, order.size)",
        f"        gradient[:] = {setting.zero}",
        "        loss = 0.0",
        f"        for first in range(start, stop, {lanes}):",
        *indented(3, [*_gather((image, targets), setting), *calls[: last + 1]]),
        f"            if mode == {MEASURE}:",
        *indented(4, _loops(outputs, layout, f"min({lanes}, stop - first)", "outputs[{column}, samples[n]] = {entry}")),
        *([*indented(3, ["else:"]), *indented(4, calls[last + 1 :])] if calls[last + 1 :] else []),
        f"            for n in range(min({lanes}, stop - first)):",
        f"                loss += {error.name}[n]",
        "        factor = real(1.0/(stop - start) if mean else 1.0)",
        "        losses[batch] = loss*factor",
        f"        if mode == {LEARN}:",
        *indented(3, _update(update, dtype)),
        "",
    ]
    head = [HEAD.format(lanes=lanes, dtype=dtype, math=", ".join(sorted((*MATH, "inf")))), *_constants(groups)]
    return Loops("\n".join([*head, *functions, "", *lines]), work, arguments)


def _arguments(update: OptimizerUpdate) -> tuple[str, ...]:
    state = [symbol.name for symbol, _ in update.updates if symbol.name != "theta"]
    return (
        "theta", "gradient", "work", "images", "targets", "order", "batch_size", "mean", "rate", "mode", "losses",
        "outputs", *state, *(["powers"] if update.scalars else []),
    )  # fmt: skip


def _arrays(network: Forward, layout: Layout, local: set[Tensor], setting: Setting) -> tuple[list[str], int]:
    """The tensors as parts of the arguments, and the length of the work array; borders are filled once."""
    lines, at = [], 0
    for tensor in network.parameters:
        part = f"{at}:{at + tensor.size}"
        lines += [f"{tensor.name} = theta[{part}]", f"{tensor.adjoint().name} = gradient[{part}]"]
        at += tensor.size
    at, align = 0, VECTOR // 4
    stored = [t for t in layout.borders if not t.is_shared and t not in local]
    lengths = [(t.name, layout.length(t)) for t in sorted(stored, key=lambda t: t.name)]
    if setting.rows.most:
        lengths.append(("rows", setting.rows.most * layout.lanes))
    for name, length in lengths:
        lines.append(f"{name} = work[{at}:{at + length}]")
        at += -(-length // align) * align
    lines += [f"samples = np.zeros({layout.lanes}, np.int64)", f"work[:] = {setting.zero}"]
    padding = [(t.name, value) for t, value in layout.outside.items() if t in stored and value != 0]
    return [*lines, *(f"{name}[:] = {setting.number(value)}" for name, value in padding)], at


def _constants(groups: Sequence[StatementGroup]) -> list[str]:
    """Tensors whose values are known with the network."""
    constants = {t for g in groups for t in g.tensors() if t.role == "constant"}
    return [
        f"{t.name} = np.array([{', '.join(repr(float(v)) for v in t.values)}], dtype=real)"
        for t in sorted(constants, key=lambda t: t.name)
    ]


def _gather(data: tuple[Tensor, Tensor], setting: Setting) -> list[str]:
    """The images and targets of the block's samples, one in each lane."""
    lanes = setting.layout.lanes
    lines = [
        f"for n in range({lanes}):",
        "    samples[n] = order[min(first + n, stop - 1)]",
        f"    {SEED.name}[n] = {setting.number(S.One)} if first + n < stop else {setting.zero}",
    ]
    for tensor, source in zip(data, ("images", "targets"), strict=True):
        lines += _loops(tensor, setting.layout, str(lanes), f"{{entry}} = {source}[samples[n], {{column}}]")
    return lines


def _loops(tensor: Tensor, layout: Layout, lanes: str, statement: str) -> list[str]:
    """Loops over a tensor's entries and the lanes.

    Args:
        statement: with ``{entry}``, the entry of lane n, and ``{column}``, its column in an array with a row for each
            sample.
    """
    axes = tuple(Axis(letter, size) for letter, size in zip("dpq", tensor.shape, strict=False))
    access = Access(tensor, tuple(a.index for a in axes))
    entry = f"{tensor.name}[n + {index_text(layout.flat(access, dict.fromkeys('dpq', 0), frozenset()))}]"
    strides = [math.prod(tensor.shape[d + 1 :]) for d in range(len(tensor.shape))]
    column = index_text((tuple((a.name, s) for a, s in zip(axes, strides, strict=True)), 0))
    heads = [*(f"for at_{a.name} in range({a.size}):" for a in axes), f"for n in range({lanes}):"]
    lines = [*heads, statement.format(entry=entry, column=column)]
    return [line for depth, text in enumerate(lines) for line in indented(depth, [text])]


def _update(update: OptimizerUpdate, dtype: str) -> list[str]:
    """One step of the optimizer, entry by entry."""
    lines = [f"powers[{n}] *= {factor!r}" for n, factor in enumerate(update.scalars.values())]
    lines += [f"{name} = real(powers[{n}])" for n, name in enumerate(update.scalars)]
    arrays = {symbol: Symbol(f"{symbol.name}[at]") for symbol, _ in update.updates}
    new = {**arrays, Symbol("gradient"): Symbol("change")}
    printer = LoopPrinter(language(dtype), lambda letters, text: text)
    step = [f"{arrays[s]} = {printer.expression(e.xreplace(new)).text}" for s, e in update.updates]
    return [*lines, "for at in range(theta.size):", *indented(1, ["change = factor*gradient[at]", *step])]
