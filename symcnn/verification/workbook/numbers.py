"""Every quantity of a workbook at its inputs, to 60 digits: where an altered formula shows by its number."""

import random
from collections.abc import Mapping

from sympy import Expr, Symbol

from symcnn.errors import InputError
from symcnn.printers.cells import written
from symcnn.proof.arithmetic import Element
from symcnn.proof.verdict import UndecidableError
from symcnn.verification.workbook.equality import Bounded
from symcnn.verification.workbook.graph import CellGraph
from symcnn.verification.workbook.quantities import FACTOR, RATE, NamedCells


def given(quantities: NamedCells, graph: CellGraph) -> dict[str, float]:
    """Pixels, targets, settings and initial values, as they stand in their cells.

    Raises:
        InputError: one of them is no number.
    """
    q = quantities
    data = [n for n in q.derivation.graph.inputs if n not in q.network.parameters]
    names = {f"{n}_image{m}": f"{n}_image{m}" for m in range(1, q.images + 1) for n in data}
    names |= {s: s for s in ([RATE, FACTOR] if q.trains else [RATE])}
    names |= {p: f"initial_{p}" if q.trains else p for p in q.network.parameters}
    found = {}
    for quantity, name in names.items():
        place = q.place(name)
        stored = graph.stored(place)
        if stored.formula is not None or not isinstance(stored.value, float):
            raise InputError(f"{q.path}: {written(place)} ({name}): expected a number, which the reader may change")
        found[quantity] = stored.value
    return found


def elsewhere(values: Mapping[str, float], seed: int) -> dict[str, float]:
    """Others in place of all of them, at random."""
    rng = random.Random(seed)
    return {n: rng.uniform(0.25, 2) * rng.choice((-1, 1)) for n in values}


def everything(quantities: NamedCells, values: Mapping[str, float]) -> dict[str, Element]:
    """Every quantity at these inputs."""
    q, graph = quantities, quantities.derivation.graph
    algebra = Bounded([], 1)
    known: dict[str, Element] = {n: algebra.rational(*v.as_integer_ratio()) for n, v in values.items()}
    known |= {f"initial_{p}": known[p] for p in q.network.parameters}
    for m in range(1, q.images + 1):
        of_image: dict[Expr, Element] = {Symbol(n): known[q.of_image(n, m)] for n in graph.inputs}
        for variable in graph:
            try:
                value = algebra.element(variable.expression, of_image)
            except UndecidableError:  # a logarithm of what is not positive: no number, and none for what rests on it
                return known
            of_image[Symbol(variable.name)] = known[f"{variable.name}_image{m}"] = value
    factor: Element = known.get(FACTOR, algebra.one)
    for name in ["E", *(f"dE_d{p}" for p in q.network.parameters)]:
        total = sum((known[f"{name}_image{m}"] for m in range(1, q.images + 1)), algebra.zero)
        known["E_total" if name == "E" else name] = factor * total
    return known
