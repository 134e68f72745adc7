"""One weight, many positions: what each position of a map adds to the gradient of a filter's weight.

∂E/∂f_12 = ∂E/∂x_11 · i_12 + ∂E/∂x_12 · i_13 + …        one product a position of the map
"""

from collections.abc import Mapping
from dataclasses import dataclass

from symcnn.derivation import Product
from symcnn.derivation.graph import Graph
from symcnn.network import Network, kind_of

#: Positions and weights that are shown.
MAX_POSITIONS, MAX_WEIGHTS = 49, 9


@dataclass(frozen=True)
class Contributions:
    """The first filter of a network.

    Attributes:
        weights: its names; positions: the adjoints of its map.
        products: (position, weight) -> the product that this position adds; nothing where the window is outside.
    """

    weights: tuple[str, ...]
    positions: tuple[str, ...]
    products: Mapping[tuple[str, str], Product]


def shares_of(graph: Graph, network: Network) -> Contributions | None:
    """Those of the first convolution's first filter; None where there is none, or it is too large to be shown."""
    filters = next((t for t in network.forward.parameters if kind_of(t).letter == "f"), None)
    if filters is None or graph.backward[f"dE_d{filters.scalars()[0]}"].reduce == "max":
        return None
    products: dict[tuple[str, str], Product] = {}
    weights: dict[str, None] = {}
    positions: dict[str, None] = {}
    for name in filters.scalars():
        found = {_position(graph, factors): factors for factors in graph.backward[f"dE_d{name}"].products}
        if positions and not positions.keys() & found.keys():
            break  # another filter, which has a map of its own
        weights[name] = None
        positions.update(dict.fromkeys(found))
        products |= {(position, name): factors for position, factors in found.items()}
        if len(weights) > MAX_WEIGHTS or len(positions) > MAX_POSITIONS:
            return None
    order = [name for name in graph.backward if name in positions]
    return Contributions(tuple(weights), tuple(order), products)


def _position(graph: Graph, factors: Product) -> str:
    """The adjoint in a product."""
    names = (str(f) for f in factors if f.is_Symbol)
    return next(name for name in names if name in graph.backward)
