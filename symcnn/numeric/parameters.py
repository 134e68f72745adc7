"""Parameters as one vector, in the order of ``network.parameters``."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from symcnn.errors import InputError, one_of, quoted
from symcnn.network import Array, Network, as_array
from symcnn.symbolic import Access


def as_theta(network: Network, values: Any) -> Array:
    """Name -> value, or any 1-D sequence, as a vector of floats; a copy.

    Raises:
        InputError: a name is missing or unknown, or the number of values is wrong, or one is no finite number.
    """
    names = network.parameters
    if isinstance(values, Mapping):
        missing = [n for n in names if n not in values]
        known = frozenset(names)
        unknown = [n for n in values if n not in known]
        if missing or unknown:
            where = f"expected a value for each of the {len(names)} parameters of the network, no other name"
            if unknown:
                raise InputError(f"parameters: {quoted(unknown[0])} is unknown; {one_of(unknown[0], names)}")
            raise InputError(f"parameters: {missing[0]} is missing ({len(missing)} of {len(names)} are); {where}")
        values = [values[n] for n in names]
    try:
        theta = np.array(as_array(values), dtype=np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise InputError(f"parameters: expected {len(names)} numbers") from None
    if theta.shape != (len(names),):
        raise InputError(f"parameters of shape {theta.shape}: expected ({len(names)},), in the order of the network")
    if not np.isfinite(theta).all():
        bad = int(np.argmin(np.isfinite(theta)))
        raise InputError(f"parameters: {names[bad]} is {theta[bad]}; expected a finite number")
    return theta


def given_by_name(network: Network, theta: Array, image: Array, target: Array) -> dict[str, float]:
    """Parameter, pixel or target -> value: what one pass over one image is given."""
    stated = network.forward
    assert stated.targets is not None  # a pass with a target has a loss
    parameters = zip(network.parameters, theta.tolist(), strict=True)
    pixels = zip(stated.image.scalars(), image.ravel().tolist(), strict=True)
    return dict([*parameters, *pixels, *zip(stated.targets.scalars(), target.tolist(), strict=True)])


INITIAL = ("uniform", "scaled")


def initial_values(network: Network, seed: int, how: str = "uniform") -> Array:
    """Drawn in the order of the parameters from ``numpy.random.default_rng(seed)``.

    Args:
        how: "uniform" in [-1, 1), as for the article; "scaled": the same, divided by √(number of products that a
            neuron or cell adds up), so that sums don't grow with the size of the network.
    """
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed={quoted(seed)}: expected a whole number, at least 0")
    if how not in INITIAL:
        raise InputError(f"initial={quoted(how)}: unknown; expected one of {', '.join(INITIAL)}, or values")
    values = np.random.default_rng(seed).uniform(-1, 1, len(network.parameters))
    return values / np.sqrt(_summed(network)) if how == "scaled" else values


def _summed(network: Network) -> Array:
    """For each parameter: how many products the equation that it stands in adds up for one entry."""
    found: dict[str, int] = {}
    for equation in network.forward.equations:
        products = max(math.prod(axis.size for axis in term.axes) for term in equation.terms)
        accesses = (a for term in equation.terms for factor in term.factors for a in factor.atoms(Access))
        found |= {access.tensor.name: products for access in accesses}
    return np.concatenate([np.full(p.size, float(found[p.name])) for p in network.forward.parameters])
