"""Convolutions as matrices: X = I ∗ F, and ∂E/∂F = I ∗ ∂E/∂X, where the window moves by one and nothing is padded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from symcnn.formula import Typography, tree
from symcnn.formula.tree import Node
from symcnn.report.document import Block, Display
from symcnn.report.story.teller import MAX_ENTRIES, Teller
from symcnn.symbolic import Access, Equation, Index, Quantity, Tensor, quantity_of

#: Convolutions of one layer that are shown as matrices.
MAX_MATRICES = 4

#: A matrix's entries, row by row.
Cells = tuple[tuple[Quantity, ...], ...]


@dataclass(frozen=True)
class Windows:
    """One map, made by sliding one filter over one map.

    Attributes:
        source, filter, map: their entries.
        share: a number by which all products are multiplied (1/9).
        alone: the map is this convolution and nothing else: no further map, no bias.
    """

    source: Cells
    filter: Cells
    map: Cells
    share: Node | None
    alone: bool


def windows(t: Teller, equation: Equation) -> Iterator[Windows]:
    """The convolutions of a feature map's equation, filter by filter and map by map, if they slide by one, unpadded."""
    term = equation.terms[0]
    accesses = [a for f in term.factors for a in f.atoms(Access)]
    found = {a.tensor.role == "parameter": a for a in accesses}
    if len(accesses) != 2 or len(found) != 2 or not _slides(found[False], equation.sizes):
        return
    source, weights, target = found[False].tensor, found[True].tensor, equation.target.tensor
    share = t.typography.expression(term.coefficient) if term.coefficient != 1 else None
    channels = source.shape[:-2]
    filters = target.shape[:-2]
    for k in range(filters[0] if filters else 1):
        for d in range(channels[0] if channels else 1):
            of_map, of_source = ((k,) if filters else ()), ((d,) if channels else ())
            yield Windows(
                _cells(source, of_source), _cells(weights, of_map + of_source), _cells(target, of_map), share,
                not channels and len(equation.terms) == 1,
            )  # fmt: skip


def _slides(source: Access, sizes: Mapping[str, int]) -> bool:
    """i[…, r + p, c + q], from the first cell to the last."""
    return all(
        len(a.coefficients) == 2 and {c for _, c in a.coefficients} == {1} and a.span(sizes) == (0, size - 1)
        for a, size in zip(source.index[-2:], source.tensor.shape[-2:], strict=True)
    )


def _cells(tensor: Tensor, first: Index) -> Cells:
    rows, columns = tensor.shape[-2:]
    return tuple(tuple(quantity_of(tensor, (*first, r, c)) for c in range(columns)) for r in range(rows))


def slides(t: Teller, tensor: Tensor) -> bool:
    """Does a feature map's window move by one cell, within the edges?"""
    (equation,) = [e for e in t.d.forward if e.target.tensor == tensor]
    return next(windows(t, equation), None) is not None


def _stated(t: Teller, tensor: Tensor) -> list[Windows]:
    """The windows of a feature map that are small enough to be set as matrices."""
    (equation,) = [e for e in t.d.forward if e.target.tensor == tensor]
    found = [] if t.content.large else list(windows(t, equation))
    return [w for w in found if len(w.source) * len(w.source[0]) <= MAX_ENTRIES][:MAX_MATRICES]


def matrix(cells: Cells, typography: Typography) -> tree.Matrix:
    return tree.Matrix(tuple(tuple(map(typography.name, row)) for row in cells))


def numbers(t: Teller, cells: Cells, image: int = 1) -> tree.Matrix:
    return tree.Matrix(tuple(tuple(t.number(q.of_image(image)) for q in row) for row in cells))


def _shared(share: Node | None, node: Node) -> Node:
    return node if share is None else tree.Product((share, node))


def forward_blocks(t: Teller, tensor: Tensor) -> Iterator[Block]:
    """X = I ∗ F, in letters and in numbers."""
    found = [w for w in _stated(t, tensor) if w.alone]
    if found:
        yield t.paragraph("story.as_matrices")
    for n, w in enumerate(found, 1):
        product = tree.Convolution(matrix(w.source, t.typography), matrix(w.filter, t.typography))
        members: list[Node] = [matrix(w.map, t.typography), _shared(w.share, product)]
        if t.quantities:
            worked = tree.Convolution(numbers(t, w.source), numbers(t, w.filter))
            members += [_shared(w.share, worked), numbers(t, w.map)]
        yield t.display(f"{tensor.name}_convolution{n if len(found) > 1 else ''}", *members)


def backward_displays(t: Teller, weights: Tensor, tensor: Tensor) -> list[Display]:
    """∂E/∂F = I ∗ ∂E/∂X, then with the numbers of the first image."""
    shown, found = [], _stated(t, tensor)
    for n, w in enumerate(found, 1):
        number = n if len(found) > 1 else ""
        letters, maps = _adjoints(w.filter), _adjoints(w.map)
        product = tree.Convolution(matrix(w.source, t.typography), matrix(maps, t.typography))
        name = f"{weights.adjoint().name}_convolution{number}"
        shown.append(t.display(name, matrix(letters, t.typography), _shared(w.share, product)))
        if t.quantities:
            worked = tree.Convolution(numbers(t, w.source), numbers(t, maps))
            left = tree.Labelled(matrix(letters, t.of_one), t.label(1))
            shown.append(t.display(f"{name}_image1", left, _shared(w.share, worked), numbers(t, letters)))
    return shown


def _adjoints(cells: Cells) -> Cells:
    return tuple(tuple(q.adjoint for q in row) for row in cells)
