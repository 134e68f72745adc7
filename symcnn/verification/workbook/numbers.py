"""Every quantity of a workbook at its inputs, to 60 digits: where an altered formula shows by its number."""

import random
from collections.abc import Mapping

from sympy import Expr, Symbol

from symcnn.errors import InputError
from symcnn.printers.cells.addresses import written
from symcnn.proof.arithmetic import Element
from symcnn.proof.verdict import UndecidableError
from symcnn.verification.workbook.equality import Bounded
from symcnn.verification.workbook.graph import CellGraph
from symcnn.verification.workbook.quantities import E_TOTAL, FACTOR, E, Named, NamedCells, initial


def given(quantities: NamedCells, graph: CellGraph) -> dict[Symbol, float]:
    """Pixels, targets, settings and initial values, as they stand in their cells.

    Raises:
        InputError: one of them is no number.
    """
    q = quantities
    data = [quantity.of_image(m) for m in range(1, q.images + 1) for quantity in q.given]
    names: dict[Symbol, Named] = {quantity.symbol: quantity for quantity in data}
    names |= {setting: setting for setting in q.settings}
    names |= {p.symbol: initial(p) if q.trains else p for p in q.parameters}
    found = {}
    for symbol, name in names.items():
        place = q.place(name)
        stored = graph.stored(place)
        if stored.formula is not None or not isinstance(stored.value, float):
            raise InputError(f"{q.path}: {written(place)} ({name}): expected a number, which the reader may change")
        found[symbol] = stored.value
    return found


def elsewhere(values: Mapping[Symbol, float], seed: int) -> dict[Symbol, float]:
    """Others in place of all of them, at random."""
    rng = random.Random(seed)
    return {n: rng.uniform(0.25, 2) * rng.choice((-1, 1)) for n in values}


def everything(quantities: NamedCells, values: Mapping[Symbol, float]) -> dict[Symbol, Element]:
    """Every quantity at these inputs."""
    q, graph = quantities, quantities.derivation.graph
    algebra = Bounded([], 1)
    known: dict[Symbol, Element] = {s: algebra.rational(*v.as_integer_ratio()) for s, v in values.items()}
    known |= {initial(p): known[p.symbol] for p in q.parameters}
    for m in range(1, q.images + 1):
        inputs = (*q.parameters, *q.given)
        of_image: dict[Expr, Element] = {n.symbol: known[n.of_image(m).symbol] for n in inputs}
        for variable in graph:
            try:
                value = algebra.element(variable.expression, of_image)
            except UndecidableError:  # a logarithm of what is not positive: no number, and none for what rests on it
                return known
            quantity = variable.quantity
            of_image[quantity.symbol] = known[quantity.of_image(m).symbol] = value
    factor: Element = known.get(FACTOR, algebra.one)
    for quantity in [E, *(p.adjoint for p in q.parameters)]:
        total = sum((known[quantity.of_image(m).symbol] for m in range(1, q.images + 1)), algebra.zero)
        known[(E_TOTAL if quantity == E else quantity).symbol] = factor * total
    return known
