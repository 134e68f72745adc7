"""Which cells of an image a filter's weight meets, read from the derivation's products."""

from collections.abc import Iterator, Sequence

from symcnn.derivation import Derivation, Variable
from symcnn.report.figures.grid import Window
from symcnn.symbolic import Access, Equation, Index, Tensor


def pairs_of(variable: Variable) -> list[tuple[str, str]]:
    """The products of a ∂E/∂f: (cell that the weight met, the adjoint it is multiplied by)."""
    found = []
    for factors in variable.products:
        names = [factor.name for factor in factors if factor.is_Symbol]
        adjoints = [name for name in names if name.startswith("dE_d")]
        cells = [name for name in names if name not in adjoints]
        found.append((cells[0], adjoints[0]))
    return found


def source_of(derivation: Derivation, weights: Tensor) -> Tensor:
    """What a filter slides over."""
    [read] = [tensors for equation in derivation.forward if weights in (tensors := _read(equation))]
    return next(tensor for tensor in read if tensor.role != "parameter")


def around(cells: Sequence[Index], on: tuple[str, ...] = ()) -> Window:
    """The frame around cells, by their last two indices."""
    rows, columns = ([index[axis] for index in cells] for axis in (-2, -1))
    return Window(min(rows), min(columns), max(rows) - min(rows) + 1, max(columns) - min(columns) + 1, on)


def window_of(derivation: Derivation, image: Tensor, at: tuple[int, ...]) -> Iterator[Window]:
    """On one channel of the image: the window of the first cell of the map that it makes, then for each weight of its
    first filter the cells that it meets, to be shown when the weight is touched."""
    graph = derivation.graph
    makers = [e for e in derivation.forward if any(image == t for t in _read(e))]
    maps = [e.target.tensor for e in makers if e.target.tensor in derivation.network.forward.feature_maps]
    if not maps:
        return
    first = graph.forward[maps[0].scalar(next(iter(maps[0].indices())))]
    met = [graph.inputs[s.name] for s in first.symbols() if s.name in graph.inputs]
    here = [index for tensor, index in met if tensor == image and index[:-2] == at]
    if here:
        yield around(here)
    filters = [t for e in makers for t in _read(e) if t.role == "parameter" and len(t.shape) >= 2]
    for index in filters[0].indices():
        if any(index[:-3]):
            continue
        name = filters[0].scalar(index)
        cells = [graph.place(cell)[1] for cell, _ in pairs_of(graph.backward[f"dE_d{name}"])]
        here = [cell for cell in cells if cell[:-2] == at]
        if here:
            yield around(here, (name,))


def _read(equation: Equation) -> list[Tensor]:
    return [a.tensor for t in equation.terms for f in t.factors for a in sorted(f.atoms(Access), key=str)]
