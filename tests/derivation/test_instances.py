"""One entry from its equation alone (gather form for an adjoint), against the whole scalar graph."""

from collections import Counter

import pytest

import symcnn
from symcnn.derivation import instance
from symcnn.symbolic import quantity_of
from tests.slow import rest_slow
from tests.tools.networks import from_seed


def products(variable):
    """Its products, in no order: factors as a bag, zeros left out."""
    found = [Counter(p) for p in variable.products if p != (0,)]
    return sorted(found, key=str), variable.reduce


@pytest.mark.parametrize("seed", rest_slow(range(40), 15))
def test_an_instance_is_the_graphs_variable_up_to_order(seed):
    derivation = symcnn.derive(from_seed(seed)[0])
    seen = 0
    for equation in derivation.equations:
        tensor = equation.target.tensor
        for index in tensor.indices():
            name = tensor.scalar(index)
            if name in derivation.graph.forward or name in derivation.graph.backward:
                assert products(instance(equation, index)) == products(derivation.graph[name]), name
                seen += 1
    assert seen == len(derivation.graph.forward) + len(derivation.graph.backward)


def test_a_wrong_index_is_seen():
    derivation = symcnn.derive(symcnn.article.network())
    [equation] = [e for e in derivation.equations if e.target.tensor.name == "dE_df"]
    assert products(instance(equation, (0, 1))) != products(derivation.graph["dE_df_11"])


def test_scalars_know_every_name_and_no_other():
    derivation = symcnn.derive(from_seed(5)[0])
    graph = derivation.graph
    for name, place in [*graph.inputs.items(), *((v.name, (v.tensor, v.index)) for v in graph)]:
        assert derivation.quantities.of(name) == quantity_of(*place)
    for unknown in ("x_999", "x_1", "nope", "x_0111", "w_x11"):
        with pytest.raises(KeyError):
            derivation.quantities.of(unknown)
