"""Which cells of an image a filter's weight meets, read from the derivation's products."""

from collections.abc import Iterator, Sequence

from symcnn.derivation import Derivation, Variable
from symcnn.report.figures.grid import Window
from symcnn.symbolic import Access, Equation, Index, Quantities, Quantity, Tensor, entries


def pairs_of(variable: Variable, quantities: Quantities) -> list[tuple[Quantity, Quantity]]:
    """The products of a ∂E/∂f: (cell that the weight met, the adjoint it is multiplied by)."""
    found = []
    for factors in variable.products:
        both = {q.is_adjoint: q for q in (quantities.of(factor) for factor in factors if factor.is_Symbol)}
        found.append((both[False], both[True]))
    return found


def source_of(derivation: Derivation, weights: Tensor) -> Tensor:
    """What a filter slides over."""
    [read] = [tensors for equation in derivation.forward if weights in (tensors := _read(equation))]
    return next(tensor for tensor in read if tensor.role != "parameter")


def around(cells: Sequence[Index], on: tuple[Quantity, ...] = ()) -> Window:
    """The frame around cells, by their last two indices."""
    rows, columns = ([index[axis] for index in cells] for axis in (-2, -1))
    return Window(min(rows), min(columns), max(rows) - min(rows) + 1, max(columns) - min(columns) + 1, on)


def window_of(derivation: Derivation, image: Tensor, at: tuple[int, ...]) -> Iterator[Window]:
    """On one channel of the image: the window of the first cell of the map that it makes, then for each weight of its
    first filter the cells that it meets, to be shown when the weight is touched."""
    graph, quantities = derivation.graph, derivation.quantities
    makers = [e for e in derivation.forward if any(image == t for t in _read(e))]
    maps = [e.target.tensor for e in makers if e.target.tensor in derivation.network.forward.feature_maps]
    if not maps:
        return
    met = map(quantities.of, graph[next(entries(maps[0]))].symbols())
    here = [cell.index for cell in met if cell.tensor == image and cell.index[:-2] == at]
    if here:
        yield around(here)
    filters = [t for e in makers for t in _read(e) if t.role == "parameter" and len(t.shape) >= 2]
    for weight in entries(filters[0]):
        if any(weight.index[:-3]):
            continue
        cells = (cell.index for cell, _ in pairs_of(graph[weight.adjoint], quantities))
        here = [index for index in cells if index[:-2] == at]
        if here:
            yield around(here, (weight,))


def _read(equation: Equation) -> list[Tensor]:
    return [a.tensor for t in equation.terms for f in t.factors for a in sorted(f.atoms(Access), key=str)]
