"""The workbook of a large network: one image, a sheet for each layer, forward and backward, and one step."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from symcnn.derivation import Derivation
from symcnn.errors import NotSupportedYetError
from symcnn.network import Array, Network
from symcnn.numeric.values import array_values, arrays_of_inputs
from symcnn.printers.excel import CellFormula
from symcnn.symbolic import ERROR, Tensor, TensorKind
from symcnn.text import Catalogue
from symcnn.workbook.addresses import MAX_COLUMNS
from symcnn.workbook.blocks import called
from symcnn.workbook.book import Book, finish
from symcnn.workbook.cell_values import cell_values
from symcnn.workbook.layer_plan import BACKWARD, MAX_NUMBERS, NEXT, Extent, LayerPlan
from symcnn.workbook.sheets.contents import BETWEEN_PARTS, Status, status_cell, write_contents
from symcnn.workbook.sheets.layers import LayerSheets
from symcnn.workbook.sheets.overview import Overview
from symcnn.workbook.sheets.picker import Picker
from symcnn.workbook.xlsx_writer import workbook_bytes

#: Formulas of layers that a workbook holds; past it a part is left out, and Contents says which.
MAX_FORMULAS = 600_000

#: And past these it is refused.
MAX_FORWARD = 1_500_000


@dataclass(frozen=True)
class LayerInputs:
    """What a workbook of layers is made from: one image, its target, the parameters.

    Attributes:
        image, target: (network.input_shape), (outputs,); theta: 1-D.
        made: how it was made, in words.
        forward_only: without the backward pass; layers: the titles of some, None for all.
        why: why it is of one image, in words; "" where nobody wonders.
    """

    network: Network
    image: Array
    target: Array
    theta: Array
    rate: float
    made: str = ""
    forward_only: bool = False
    layers: tuple[str, ...] | None = None
    why: str = ""

    @cached_property
    def values(self) -> Mapping[Tensor, Array]:
        """Each input tensor with its numbers."""
        arrays = arrays_of_inputs(self.network, self.theta, self.image[None], self.target[None])
        return {tensor: array.reshape(tensor.shape) for tensor, array in arrays.items()}


def layer_workbook(text: Catalogue, inputs: LayerInputs) -> bytes:
    """The file.

    Raises:
        NotSupportedYetError: the forward pass alone is past a spreadsheet's limits.
    """
    book, sheets = layer_book(text, inputs)
    values = cell_values(book.workbook)
    sheets.digits(values)
    return workbook_bytes(book.workbook, values)


def layer_book(text: Catalogue, inputs: LayerInputs) -> tuple[Book, LayerSheets]:
    """The workbook, and its sheets of layers."""
    plan, notes = fitting_plan(Derivation(inputs.network, 1), text, inputs.forward_only, inputs.layers)
    book = Book(text)
    status = _status(text, plan)
    ribbon = CellFormula(f"={status_cell(book).absolute}")
    values = inputs.values
    (numbers,) = array_values(plan.derivation, inputs.theta, inputs.image[None], inputs.target[None])
    if plan.given:
        given = {t: np.array([numbers[name] for name in t.scalars()]).reshape(t.shape) for t in plan.given}
        values = {**values, **given}
    sheets = LayerSheets(book, plan, values, inputs.rate, ribbon)
    keys = sheets.write()
    Overview(book, plan, ribbon).write()
    picker = Picker(book, plan, numbers, ribbon)
    if picker.is_needed:
        picker.write_places()
        picker.write()
    keys = ["overview", *(["picker"] if picker.is_needed else []), *keys, *(["places"] if picker.is_needed else [])]
    notes = [*filter(None, [inputs.why]), *notes, *(book.label(f"layer_note_{key}") for key in ("places", "sign"))]
    write_contents(book, inputs.network, keys, notes, inputs.made, status, "layers")
    book.workbook._sheets = [book.workbook[book.title(key)] for key in ("contents", *keys)]  # type: ignore[attr-defined]
    finish(book, ["contents", *keys], ribbon)
    return book, sheets


def fitting_plan(
    derivation: Derivation, text: Catalogue, forward_only: bool, layers: tuple[str, ...] | None = None
) -> tuple[LayerPlan, list[str]]:
    """As much of the network as a workbook holds, and a sentence about each part that is left out.

    First the parameters after one step go, then the gradients of the widest dense layers, which are products of two
    numbers that are shown; at last the backward pass.
    """
    wide = sorted(
        (t for t in derivation.network.forward.parameters if t.kind is TensorKind.WEIGHT), key=lambda t: -t.size
    )
    less = [Extent(next_values=False, without=frozenset(wide[:n])) for n in range(len(wide) + 1)]
    extents = [*([] if forward_only else [Extent(), *less]), Extent(backward=False)]
    everything = LayerPlan(derivation, text, extents[0])
    large, titles = everything.too_large, [sheet.title for sheet in everything.sheets]
    if layers is not None and (wrong := [name for name in layers if name.casefold() in map(str.casefold, large)]):
        raise NotSupportedYetError(
            f"layers: {wrong[0]}: its sheet would have more than {MAX_COLUMNS} columns or {MAX_NUMBERS} numbers, more"
            " than a spreadsheet takes; choose other layers, or write a report"
        )
    kept = layers if layers is not None or not large else tuple(t for t in titles if t not in large)
    whole = None
    for extent in extents:
        plan = LayerPlan(derivation, text, replace(extent, layers=kept))
        whole = plan.count if whole is None else whole
        if plan.count <= MAX_FORMULAS:
            break
    if plan.count > MAX_FORWARD:
        raise NotSupportedYetError(
            f"the workbook of this network would have {plan.count} formulas in its forward pass; at most {MAX_FORWARD}:"
            f" choose some of the layers {', '.join(titles)} (`--layers`), or write a report, which has no such limit"
        )
    return plan, _left_out(text, plan, whole or 0, layers, large, forward_only)


def _left_out(
    text: Catalogue, plan: LayerPlan, whole: int, layers: tuple[str, ...] | None, large: list[str], forward_only: bool
) -> list[str]:
    """A sentence about each part that is left out; ``whole``: formulas of all that was wanted."""
    notes, extent = [], plan.extent
    sizes = {"count": whole, "most": MAX_FORMULAS}
    if layers is not None:
        names = ", ".join(map(called, plan.given))
        made = {c.target.sheet for c in plan.calculations}
        titles = [s.title for s in plan.sheets if {s.name(), s.name(BACKWARD), s.name(NEXT)} & made]
        notes.append(text("workbook.layers_given", layers=", ".join(titles or layers), names=names or "–"))
    elif large:
        notes.append(text("workbook.left_out_large", layers=", ".join(large), most=MAX_NUMBERS))
    if forward_only:
        notes.append(text("workbook.left_out_asked"))
    elif not extent.backward:
        notes.append(text("workbook.left_out_backward", **sizes))
    elif not extent.next_values:
        notes.append(text("workbook.left_out_next", **sizes))
        if extent.without:
            names = ", ".join(sorted(f"∂E/∂{t.name}" for t in extent.without))
            notes.append(text("workbook.left_out_gradients", names=names))
    return notes


def _status(text: Catalogue, plan: LayerPlan) -> Status:
    """E; and where the targets name one output, that one and the largest."""
    targets = plan.forward.targets
    assert targets is not None  # there is a loss
    if any(t not in plan.placements for t in (ERROR, targets, plan.forward.answers)):  # a part of the network
        return Status(CellFormula(f'="{text("workbook.layers_part")}"'))
    parts = [f'"E = "&ROUND({plan.placements[ERROR].reference()},6)']
    if targets.size > 1:
        wanted, answer = (plan.placements[t].reference() for t in (targets, plan.forward.answers))
        for key, place in (("status_target", wanted), ("status_largest", answer)):
            parts.append(f'"{text(f"workbook.{key}")} "&MATCH(MAX({place}),{place},0)')
        if plan.forward.answers.kind is TensorKind.PROBABILITY:
            percent = text("print.percent", number=f'"&ROUND(100*MAX({answer}),0)&"')
            parts[-1] += f'&" ({percent})"'
    return Status(CellFormula("=" + f'&"{BETWEEN_PARTS}"&'.join(parts)))
