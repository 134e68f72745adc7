"""Compare the programs with the symbolic expressions, evaluated to 50 digits.

The reference does not use symcnn's printers: ``evaluate.py`` walks the expressions, so an error of a printer shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import mpmath
import numpy as np

from symcnn.derivation import Derivation
from symcnn.network import DataLike, checked
from symcnn.numeric import PROGRAMS, Program, as_theta, compile_program, inputs_by_name
from symcnn.numeric.values import evaluate_displayed, values_of_images
from symcnn.symbolic import Tensor
from symcnn.verification.evaluate import Evaluator

DIGITS = 50

#: The largest relative difference that float64 programs may have, entry by entry; where the sums on the way to E are
#: longer than LONG, one after the other, in proportion more: every addend brings its rounding.
TOLERANCE = 1e-13
LONG = 20

#: Quantities that all displayed formulas together may consist of, adjoints substituted: past it they are not evaluated.
MOST_DISPLAYED = 50_000

#: Entries smaller than this part of the largest are measured against that part: where a neuron is saturated, 1 - h
#: loses digits in any float64 program.
FLOOR = 1e-2

#: And none is measured against less than this times the largest quantity of the pass (at least 1): 1 - h has an
#: absolute error of 1e-16, which is TOLERANCE of it, and what it is multiplied by enlarges it.
LEAST = 1e-3

#: Rounding may decide a kink or a tie that is nearer than this part of the largest quantity of the pass.
NEAR = 1e-12


@dataclass(frozen=True)
class Agreement:
    """The largest difference of one program from the 50-digit values.

    Attributes:
        backend: which program ("displayed": the displayed expressions evaluated with NumPy).
        worst: the largest relative difference of an entry.
        where: that entry: the name of a gradient, or "E_total".
        at_a_tie: at these images a kink or a tie is so near that rounding decides it.
        tolerance: what is allowed for this network.
    """

    backend: str
    worst: float
    where: str
    at_a_tie: bool = False
    tolerance: float = TOLERANCE

    @property
    def ok(self) -> bool:
        return self.worst <= self.tolerance


def exact_gradients(derivation: Derivation, theta: Any, data: DataLike) -> tuple[Any, list[dict[str, Any]]]:
    """E_total, and for each image name -> ∂E/∂name, as mpmath numbers of 50 digits."""
    total, rows, _ = _exact(derivation, theta, data)
    return total, rows


def _exact(derivation: Derivation, theta: Any, data: DataLike) -> tuple[Any, list[dict[str, Any]], float]:
    """Return the exact gradients, and the distance from the nearest kink or tie."""
    network, graph = derivation.network, derivation.graph
    derivation.require_scalars("evaluated to 50 digits", "`symcnn verify` compares programs with dual numbers")
    images, targets = checked(network, data)
    distances: list[Any] = []
    evaluator = Evaluator(graph, "mpmath", distances)
    values = as_theta(network, theta)
    with mpmath.workdps(DIGITS):
        each = [
            evaluator.values(inputs_by_name(network, values, image, target))
            for image, target in zip(images, targets, strict=True)
        ]
        total = mpmath.fsum(quantities["E"] for quantities in each)
    adjoints = {name: derivation[name].adjoint for name in derivation.names}
    rows = [{name: quantities[adjoint] for name, adjoint in adjoints.items()} for quantities in each]
    return total, rows, float(min(distances, default=mpmath.inf))


def programs_agree(
    derivation: Derivation,
    theta: Any,
    data: DataLike,
    programs: Sequence[str] | Mapping[str, Program] = tuple(PROGRAMS),
) -> list[Agreement]:
    """Compare programs (or backends by name), and the displayed expressions if short, with 50 digits."""
    network = derivation.network
    if not isinstance(programs, Mapping):
        programs = {backend: compile_program(network, backend) for backend in programs}
    images, targets = checked(network, data)
    total, each, distance = _exact(derivation, theta, (images, targets))
    with mpmath.workdps(DIGITS):
        sums = {p: mpmath.fsum(row[p] for row in each) for p in network.parameters}
        # what the images add to a sum may cancel: its error is measured against what was added
        sizes = {p: mpmath.fsum(abs(row[p]) for row in each) for p in network.parameters}
    wanted, size = {"E_total": total, **sums}, {"E_total": total, **sizes}
    reach = max(
        1.0, *(abs(v) for each in values_of_images(derivation, theta, (images, targets)) for v in each.values())
    )
    remarks = distance <= NEAR * reach, tolerance(derivation)
    agreements = []
    for backend, program in programs.items():
        loss, gradient = program.loss_and_gradient(theta, images, targets)
        ours = dict(zip(wanted, [loss, *gradient.tolist()], strict=True))
        agreements.append(Agreement(backend, *_worst(ours, wanted, size, reach), *remarks))
    if not displayed_is_short(derivation):
        return agreements
    displayed = evaluate_displayed(derivation, theta, images, targets)
    of = derivation.quantities.of
    each_of = {name: [replace(of(name), image=n).name for n in range(1, len(each) + 1)] for name in derivation.names}
    flat = {keys[n]: row[name] for n, row in enumerate(each) for name, keys in each_of.items()}
    ours = {key: v for name, keys in each_of.items() for key, v in zip(keys, displayed[name].tolist(), strict=True)}
    sizes = {key: abs(value) for key, value in flat.items()}
    return [*agreements, Agreement("displayed", *_worst(ours, flat, sizes, reach), *remarks)]


def tolerance(derivation: Derivation) -> float:
    """Return the tolerance that rounding needs in this network."""
    longest: dict[Tensor, int] = {}
    for variable in derivation.graph:
        longest[variable.tensor] = max(longest.get(variable.tensor, 0), len(variable.products))
    forward = sum(n for tensor, n in longest.items() if n > 1 and not tensor.is_adjoint)
    return TOLERANCE * max(1.0, max(forward, *longest.values()) / LONG)


def displayed_is_short(derivation: Derivation) -> bool:
    """Whether the displayed formulas, adjoints substituted, can be evaluated in reasonable time."""
    return sum(derivation.expanded_size(quantity.adjoint) for quantity in derivation.listed) <= MOST_DISPLAYED


def _worst(ours: dict[str, float], exact: dict[str, Any], size: dict[str, Any], reach: float) -> tuple[float, str]:
    floor = max(LEAST * reach, FLOOR * max(value for name, value in size.items() if name != "E_total"))
    with mpmath.workdps(DIGITS):
        differences = {name: _relative(ours[name], value, max(size[name], floor)) for name, value in exact.items()}
    where = max(differences, key=lambda name: differences[name])
    return differences[where], where


def _relative(value: float, exact: Any, scale: Any) -> float:
    if not np.isfinite(value):
        return float("inf")
    return float(abs(mpmath.mpf(value) - exact) / scale) if scale else abs(value)
