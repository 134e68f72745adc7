"""The gather form, for reading, says the same as the scatter form, from which everything is made."""

from collections import defaultdict
from dataclasses import replace

import pytest
import sympy

import symcnn
from symcnn.derivation.graph import instance_of, points
from symcnn.derivation.reverse import gather, reverse
from symcnn.symbolic import Access
from tests.tools.networks import from_seed

LAYERS = {
    "convolution": [symcnn.Conv2D(2, 2)],
    "convolution, stride 2, padding 1": [symcnn.Conv2D(2, (3, 2), stride=2, padding=1)],
    "convolution, same, divided": [symcnn.Conv2D(1, 3, padding="same", normalize=True)],
    "convolution, stride beyond the filter": [symcnn.Conv2D(1, 1, stride=3)],
    "two convolutions": [symcnn.Conv2D(2, 2, padding=1), symcnn.Conv2D(1, 2, stride=2)],
    "maximum": [symcnn.Conv2D(2, 1), symcnn.MaxPool2D(2)],
    "maximum, overlapping, padding left out": [symcnn.Conv2D(1, 1), symcnn.MaxPool2D(3, 2, padding=1)],
    "maximum, padding counts": [symcnn.Conv2D(1, 1), symcnn.MaxPool2D(2, 1, padding="same", pad_value=0)],
    "mean": [symcnn.Conv2D(1, 1), symcnn.AvgPool2D(2)],
    "mean, overlapping, padding": [symcnn.Conv2D(1, 1), symcnn.AvgPool2D(3, 2, padding=1)],
    "mean, shares": [symcnn.Conv2D(2, 1), symcnn.AvgPool2D(3, 2, padding=1, count_include_pad=False)],
    "relu": [symcnn.Conv2D(1, 2), symcnn.Activation("relu")],
    "tanh": [symcnn.Conv2D(1, 2), symcnn.Activation("tanh")],
    "softmax": [symcnn.Dense(3, "softmax")],
    "dense": [symcnn.Dense(2, "sigmoid"), symcnn.Dense(2, "leaky_relu")],
}


def instances(equations):
    """Name of an adjoint's entry -> the products that are added up there, as sorted text; zeros add nothing."""
    found = defaultdict(list)
    for equation in equations:
        for term in equation.terms:
            for point in points((*equation.axes, *term.axes)):
                index = equation.target.at(point)
                factors = instance_of(term, point)
                if index is not None and factors is not None and 0 not in factors:
                    product = sympy.Mul(term.coefficient, *factors)
                    found[equation.target.tensor.scalar(index)].append(str(product))
    return {name: sorted(products) for name, products in found.items()}


def adjoints(net):
    """The adjoint equations in scatter form, also those of the image."""
    stated = net.forward
    return reverse(stated.equations, (stated.targets,))


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
def test_every_layer_says_the_same_in_both_forms(layers):
    net = symcnn.Network((2, 5, 4), [*layers, symcnn.Flatten(), symcnn.Dense(2)], "cross_entropy")
    scatter = adjoints(net)
    assert instances(gather(scatter)) == instances(scatter)


@pytest.mark.parametrize("seed", range(40))
def test_random_networks_say_the_same_in_both_forms(seed):
    scatter = adjoints(from_seed(seed)[0])
    assert instances(gather(scatter)) == instances(scatter)


def test_an_adjoint_is_stated_once_and_after_what_it_rests_on():
    for seed in range(60):
        known = set()
        for equation in gather(adjoints(from_seed(seed)[0])):
            assert equation.target.tensor not in known
            used = {a.tensor for t in equation.terms for f in t.factors for a in f.atoms(Access)}
            assert {tensor for tensor in used if tensor.is_adjoint} <= known
            known.add(equation.target.tensor)


def corrupted(equation):
    """One index of one factor off by one, one sign, one term left out."""
    term = equation.terms[0]
    yield replace(equation, terms=(replace(term, factors=(sympy.S.NegativeOne, *term.factors)), *equation.terms[1:]))
    yield replace(equation, terms=equation.terms[1:])
    for n, factor in enumerate(term.factors):
        for access in sorted(factor.atoms(Access), key=str):
            for m, affine in enumerate(access.index):
                moved = (
                    *access.index[:m],
                    replace(affine, offset=affine.offset + affine.divisor),
                    *access.index[m + 1 :],
                )
                other = factor.xreplace({access: Access(access.tensor, moved, access.outside)})
                factors = (*term.factors[:n], other, *term.factors[n + 1 :])
                yield replace(equation, terms=(replace(term, factors=factors), *equation.terms[1:]))


def test_a_corrupted_gather_equation_is_caught():
    net = symcnn.Network(
        (2, 5, 4), [symcnn.Conv2D(2, (3, 2), stride=2, padding=1), symcnn.MaxPool2D(2), symcnn.Dense(2)], "mse"
    )
    scatter = adjoints(net)
    gathered, right, tried = gather(scatter), instances(scatter), 0
    for n, equation in enumerate(gathered):
        for wrong in corrupted(equation):
            assert instances((*gathered[:n], wrong, *gathered[n + 1 :])) != right, wrong
            tried += 1
    assert tried >= 20
