"""Workbooks of layers in the tests: networks with every kind of sum, and the numbers that each cell must hold."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

import symcnn
from symcnn.derivation import Derivation
from symcnn.network import as_data
from symcnn.numeric.values import values_of_images
from symcnn.text import catalogue
from symcnn.workbook.cell_values import cell_values
from symcnn.workbook.layer_plan import RATE, LayerPlan
from symcnn.workbook.layer_workbook import LayerInputs, fitting_plan, layer_book

RELU = symcnn.Activation("relu")

#: Strides, spread filters, padding, windows that overlap, several channels: what a sum over cells has to stand.
NETWORKS = {
    "small": symcnn.Network(
        (8, 8),
        [symcnn.Conv2D(2, 3, padding=1), RELU, symcnn.MaxPool2D(2), symcnn.Conv2D(3, 2), RELU, symcnn.Flatten(),
         symcnn.Dense(4, "relu"), symcnn.Dense(3)],
        "cross_entropy",
    ),
    "spread": symcnn.Network(
        (2, 12, 12),
        [symcnn.Conv2D(3, 3, dilation=2, padding=2), RELU, symcnn.Conv2D(2, 3, stride=2, padding=1, dilation=2), RELU,
         symcnn.Flatten(), symcnn.Dense(4)],
        "cross_entropy",
    ),
    "strides": symcnn.Network(
        (11, 13),
        [symcnn.Conv2D(4, (3, 5), stride=(2, 3), padding=1), symcnn.Activation("tanh"),
         symcnn.Conv2D(3, 3, stride=2, padding=1), RELU, symcnn.Flatten(), symcnn.Dense(3)],
        "cross_entropy",
    ),
    "overlapping": symcnn.Network(
        (9, 9), [symcnn.Conv2D(2, 4, stride=2, padding="same"), RELU, symcnn.MaxPool2D(3, 2, padding=1),
                 symcnn.Flatten(), symcnn.Dense(3)],
        "cross_entropy",
    ),
    "means": symcnn.Network(
        (6, 6),
        [symcnn.AvgPool2D(2), symcnn.Conv2D(2, 2, normalize=True), symcnn.Flatten(), symcnn.Dense(1, "sigmoid")],
        "binary_cross_entropy",
    ),
    "neurons": symcnn.Network((9,), [symcnn.Dense(7, "relu"), symcnn.Dense(5, "sigmoid"), symcnn.Dense(3)], "mse"),
}  # fmt: skip


def inputs_for(net: symcnn.Network, seed: int = 0, **more) -> LayerInputs:
    """One sample and parameters; the target names one output."""
    rng = np.random.default_rng(seed)
    image = rng.uniform(0, 1, net.input_shape).round(2)
    target = np.eye(max(net.outputs, 2))[seed % net.outputs, : net.outputs]
    return LayerInputs(net, image, target, rng.uniform(-0.5, 0.5, len(net.parameters)), 0.25, "made", **more)


def exported(net: symcnn.Network, path: Path, seed: int = 0, **options) -> Path:
    """The workbook as a user writes it; a small network gets its layers because they are asked for."""
    of = inputs_for(net, seed)
    return symcnn.export_workbook(
        net, (of.image[None], of.target[None]), path, initial=of.theta, learning_rate=of.rate,
        **({"layers": titles(net)} | options),
    )  # fmt: skip


def titles(net: symcnn.Network) -> list[str]:
    return [sheet.title for sheet in LayerPlan(Derivation(net, 1), catalogue("en")).sheets]


def expected(inputs: LayerInputs) -> dict[str, float]:
    """Every quantity of the sample by name, next values too, from the scalar graph."""
    data = as_data((np.asarray(inputs.image)[None], np.asarray(inputs.target)[None]))
    values = dict(next(iter(values_of_images(Derivation(inputs.network, 1), inputs.theta, data))))
    values |= {f"next_{p}": values[p] - inputs.rate * values[f"dE_d{p}"] for p in inputs.network.parameters}
    return values


def cells(inputs: LayerInputs, lang: str = "en") -> Iterator[tuple[str, str, object]]:
    """Quantity, cell, and the value of that cell, for every entry of every tensor that the workbook shows."""
    text = catalogue(lang)
    book, _ = layer_book(text, inputs)
    plan, _ = fitting_plan(Derivation(inputs.network, 1), text, inputs.forward_only, inputs.layers)
    values = cell_values(book.workbook)
    for tensor, placement in plan.placements.items():
        if tensor == RATE:
            continue
        sheet = book.workbook[placement.sheet]
        for index in tensor.indices():
            row, column = (int(n) for n in placement.at(index))
            cell = sheet.cell(row, column)
            value = values[placement.sheet].get(cell.coordinate, cell.value)
            yield tensor.scalar(index), f"{placement.sheet}!{cell.coordinate}", value
