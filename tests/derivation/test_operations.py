"""Operations counted from the equations are those of the scalar graph, counted one by one."""

import pytest
from sympy import Mul

import symcnn
from symcnn.derivation import count_operations
from tests.slow import rest_slow
from tests.tools.networks import from_seed


def one_by_one(variables):
    """Every product of every variable by itself, and the additions between them."""
    total = 0
    for v in variables:
        if v.reduce == "max":
            total += len(v.products) - 1
            continue
        count = sum(len(a.products) for a in v.addends)
        for addend in v.addends:
            for factors in addend.products:
                e = Mul(*factors)
                total += count_operations(-e if count > 1 and e.could_extract_minus_sign() else e)
            total += addend.coefficient != 1 and len(addend.products) > 0
        total += max(count - 1, 0)
    return total


@pytest.mark.parametrize("seed", rest_slow(range(40), fast=15))
def test_the_count_is_that_of_the_graph(seed):
    net = from_seed(seed)[0]
    d = symcnn.derive(net)
    counted = one_by_one(d.graph.forward.values()), one_by_one(d.graph.backward.values())
    for found, wanted in zip(d.operations, counted, strict=True):
        # a share of 1 costs nothing where it stands, and some signs nothing where they are the first
        shares = 60 if any(getattr(layer, "count_include_pad", True) is False for layer in net.layers) else 0
        assert abs(found - wanted) <= 3 + shares, net


def test_it_does_not_grow_with_the_image():
    """A 1000×1000 image: no instance is made."""
    net = symcnn.Network((1000, 1000), [symcnn.Conv2D(2, 3), symcnn.MaxPool2D(2), symcnn.Dense(2)], "cross_entropy")
    forward, backward = symcnn.derive(net).operations
    assert forward > 35_000_000
    assert backward < 2 * forward


@pytest.mark.parametrize(
    "layer", [symcnn.AvgPool2D(2), symcnn.AvgPool2D(4), symcnn.Conv2D(1, 2, normalize=True), symcnn.Conv2D(1, 3)]
)
def test_a_division_behind_a_sum_is_counted_once_for_each_sum(layer):
    d = symcnn.derive(symcnn.Network((4, 4), [layer, symcnn.Dense(1)]))
    assert d.operations == (one_by_one(d.graph.forward.values()), one_by_one(d.graph.backward.values()))
