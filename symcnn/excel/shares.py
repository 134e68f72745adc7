"""One weight, many positions: what each position of a map adds to the gradient of a filter's weight.

∂E/∂f_12 = ∂E/∂x_11 · i_12 + ∂E/∂x_12 · i_13 + …        one product a position of the map
"""

from collections.abc import Mapping
from dataclasses import dataclass

from symcnn.derivation import Product
from symcnn.derivation.graph import Graph
from symcnn.network import Network
from symcnn.symbolic import Quantity, TensorKind, entries

#: Positions and weights that are shown.
MAX_POSITIONS, MAX_WEIGHTS = 49, 9


@dataclass(frozen=True)
class Contributions:
    """The first filter of a network.

    Attributes:
        weights: its entries; positions: the adjoints of its map.
        products: (position, weight) -> the product that this position adds; nothing where the window is outside.
    """

    weights: tuple[Quantity, ...]
    positions: tuple[Quantity, ...]
    products: Mapping[tuple[Quantity, Quantity], Product]


def shares_of(graph: Graph, network: Network) -> Contributions | None:
    """Those of the first convolution's first filter; None where there is none, or it is too large to be shown."""
    filters = next((t for t in network.forward.parameters if t.kind is TensorKind.FILTER), None)
    if filters is None or graph[next(entries(filters)).adjoint].reduce == "max":
        return None
    products: dict[tuple[Quantity, Quantity], Product] = {}
    weights: dict[Quantity, None] = {}
    positions: dict[Quantity, None] = {}
    for weight in entries(filters):
        found = {_position(graph, factors): factors for factors in graph[weight.adjoint].products}
        if positions and not positions.keys() & found.keys():
            break  # another filter, which has a map of its own
        weights[weight] = None
        positions.update(dict.fromkeys(found))
        products |= {(position, weight): factors for position, factors in found.items()}
        if len(weights) > MAX_WEIGHTS or len(positions) > MAX_POSITIONS:
            return None
    order = [v.quantity for v in graph.backward.values() if v.quantity in positions]
    return Contributions(tuple(weights), tuple(order), products)


def _position(graph: Graph, factors: Product) -> Quantity:
    """The adjoint in a product."""
    quantities = (graph.quantities.of(f) for f in factors if f.is_Symbol)
    return next(quantity for quantity in quantities if quantity.is_adjoint)
