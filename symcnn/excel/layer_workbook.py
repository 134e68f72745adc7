"""The workbook of a large network: one image, a sheet for each layer, forward and backward, and one step."""

from collections.abc import Mapping

import numpy as np

from symcnn.derivation import Derivation
from symcnn.excel.book import Book, finish
from symcnn.excel.contents import Status, status_cell, write_contents
from symcnn.excel.layer_sheets import LayerSheets
from symcnn.excel.layers import LayerPlan
from symcnn.excel.overview import Overview
from symcnn.excel.picker import Picker
from symcnn.excel.values import cell_values
from symcnn.excel.writer import written
from symcnn.network import Array, Data, Network, checked
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import ERROR, Tensor
from symcnn.text import Catalogue


def layer_workbook(text: Catalogue, network: Network, data: Data, theta: Array, rate: float, made: str) -> bytes:
    """The file."""
    book, sheets = layer_book(text, network, data, theta, rate, made)
    values = cell_values(book.workbook)
    sheets.digits(values)
    return written(book.workbook, values)


def layer_book(text: Catalogue, network: Network, data: Data, theta: Array, rate: float, made: str) -> tuple[Book, LayerSheets]:
    images, targets = checked(network, data)
    plan = LayerPlan(Derivation(network, 1), text)
    book = Book(text)
    error = plan.placements[ERROR]
    row, column = (int(n) for n in error.origins)
    from symcnn.excel.addresses import Cell

    status = Status(CellFormula(f'="E = "&ROUND({Cell(error.sheet, row, column).absolute},6)'))
    ribbon = CellFormula(f"={status_cell(book).absolute}")
    values = input_values(network, images[0], targets[0], theta)
    sheets = LayerSheets(book, plan, values, rate, ribbon)
    keys = sheets.write()
    Overview(book, plan, ribbon).write()
    picker = Picker(book, plan, ribbon)
    if picker.is_needed:
        picker.write_places()
        picker.write()
        keys = ["overview", "picker", *keys, "places"]
    else:
        keys = ["overview", *keys]
    write_contents(book, network, keys, [], made, status, "layers")
    book.workbook._sheets = [book.workbook[book.title(key)] for key in ("contents", *keys)]  # type: ignore[attr-defined]
    finish(book, ["contents", *keys], ribbon)
    return book, sheets


def input_values(network: Network, image: Array, target: Array, theta: Array) -> Mapping[Tensor, Array]:
    """Each input tensor with its numbers."""
    forward = network.forward
    assert forward.targets is not None  # there is a loss
    values = {forward.image: np.asarray(image).reshape(forward.image.shape), forward.targets: np.asarray(target)}
    start = 0
    for tensor in forward.parameters:
        values[tensor] = theta[start : start + tensor.size].reshape(tensor.shape)
        start += tensor.size
    return values
