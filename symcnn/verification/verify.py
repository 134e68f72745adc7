"""Verify a network: what is proved and how, what numbers say, which planted errors are caught, what is not checked.

Every network     the index-notation equations (``proof/equations.py``), the leaves' rules, the programs
not too large     each gradient for itself: proof, numbers at random points, programs against 50 digits
larger            formulas of chosen quantities, programs against dual numbers through the equations
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import mpmath
import numpy as np
from sympy import Expr, Symbol

from symcnn.derivation import Derivation, count_products
from symcnn.derivation.reverse import reverse
from symcnn.errors import InputError
from symcnn.network import Array, DataLike, Network, as_data, checked, checked_network
from symcnn.numeric import PROGRAMS, initial_values
from symcnn.printers.rewriting import rewritten
from symcnn.proof import GradientDomain, Verdict, check_equations
from symcnn.proof.equations import accepts
from symcnn.symbolic import KINKED, Access, Affine
from symcnn.text import Catalogue, catalogue
from symcnn.verification.agreement import displayed_is_short
from symcnn.verification.evaluate import Evaluator
from symcnn.verification.evidence import METHODS, Measurement, Point
from symcnn.verification.leaf_rules import leaf_rows, used_leaves
from symcnn.verification.planted import Planted, each_planted_equation, planted_errors
from symcnn.verification.programs import (
    SEEDS,
    compile_all,
    formulas_row,
    rows_at_50_digits,
    rows_on_flat_images,
    rows_with_duals,
)
from symcnn.verification.result import (
    DECIDING,
    Caught,
    CheckRow,
    CoqEvidence,
    Verification,
    certificate_row,
    method_in_words,
)  # fmt: skip

#: Images at which numbers are compared.
MOST_IMAGES = 4

#: Products of one image up to which each gradient is verified for itself.
MOST_PRODUCTS = 30_000

#: Gradients that are verified one by one; of more than MOST_GRADIENTS, or where that would work out more than MOST_WORK
#: products again (each gradient moves a quantity, and what rests on it), a sample of so many.
MOST_GRADIENTS = 400
MOST_WORK = 60_000
SAMPLE = 20, 150

#: Gradients from which that cost is estimated.
PROBED = 40

#: Planted errors that are tried whatever the time, and in index notation at most.
LEAST_PLANTED = 20
MOST_PLANTED_EQUATIONS = 60


@dataclass(frozen=True)
class _Task:
    """What to verify, at which images, until when, and in which language."""

    derivation: Derivation
    images: Array
    targets: Array
    backends: Sequence[str]
    deadline: float
    seconds: float
    text: Catalogue

    @property
    def data(self) -> tuple[Array, Array]:
        """The images at which numbers are compared."""
        return self.images[:MOST_IMAGES], self.targets[:MOST_IMAGES]

    @property
    def time_is_up(self) -> bool:
        return time.monotonic() > self.deadline


def verify(
    network: Network,
    data: DataLike | None = None,
    *,
    backends: Sequence[str] = tuple(PROGRAMS),
    seconds: float = 120.0,
    lang: str = "en",
    progress: Callable[[int], None] | None = None,
    certificate: CoqEvidence | None = None,
) -> Verification:
    """Hold every gradient against the mathematics, and every program against every other.

    >>> import symcnn
    >>> symcnn.verify(symcnn.Network((2,), [symcnn.Dense(1, "sigmoid")]))
    Verification(...)

    Of a network that is too large to be written out scalar by scalar, its equations in index notation are checked, and
    the programs.

    Args:
        network: with a loss.
        data: the images and targets at which numbers are compared; random ones if None.
        backends: the programs that are compared; "numba" may be added (it takes a second to compile).
        seconds: after so many, the gradients that remain are "unknown" (time used up), and no more errors are planted;
            what has been begun is finished.
        lang: of the table, "en" or "fr".
        progress: called with the number of gradients done.
        certificate: what ``symcnn.certificate.recheck`` says of a certificate of this network; the first row tells it.

    Returns:
        a ``Verification``: rows of claims with their verdicts and figures, the planted errors that each method caught,
        and what was not checked. It prints as a table.
    """
    checked_network(network).require_loss("verify")
    if certificate is not None and certificate.network != network:
        raise InputError("certificate: it is what is known of another network's; expected one of the network given")
    text = catalogue(lang)
    images, targets = _random_data(network) if data is None else checked(network, as_data(data))
    derivation = Derivation(network, len(images))
    # what numba compiles for a small network is not what trains it by epochs
    backends = [*backends, *(["numba loops"] if "numba" in backends else [])]
    task = _Task(derivation, images, targets, backends, time.monotonic() + seconds, seconds, text)
    first = [] if certificate is None else [certificate_row(certificate, text)]
    rows = [*_equation_rows(task), *leaf_rows(derivation, text)]
    programs, refused = compile_all(network, backends, task.data, text)
    names = taken_one_by_one(derivation)
    if names:
        each, planted = _one_by_one(task, names, progress)
        elsewhere = None if data is None else _random_data(network)
        rows = [*each, *rows, *rows_at_50_digits(derivation, task.data, programs, elsewhere, text)]
        rows += rows_on_flat_images(derivation, programs, text)
    else:
        planted = _caught_in_index_notation(task)
        rows.append(formulas_row(derivation, task.data, text))
        rows += rows_with_duals(derivation, task.data, programs, text)
    return Verification((*first, *rows, *refused), planted, tuple(_not_checked(task, len(names))), text)


def taken_one_by_one(derivation: Derivation) -> list[str]:
    """Return the gradients to verify one by one: all, a sample, or none of a large network."""
    if count_products((*derivation.forward, *derivation.backward)) > MOST_PRODUCTS:
        return []
    names, (least, most) = derivation.names, SAMPLE
    evaluator = Evaluator(derivation.graph.forward.values(), "numpy")
    probed = _evenly(names, PROBED)
    cost = max(1.0, sum(map(evaluator.cost, probed)) / len(probed))
    if len(names) <= MOST_GRADIENTS and len(names) * cost <= MOST_WORK:
        return list(names)
    return _evenly(names, min(most, max(least, int(MOST_WORK / cost))))


def _evenly(names: Sequence[str], most: int) -> list[str]:
    """Return at most ``most`` of the names, evenly spaced."""
    count = min(most, len(names))
    return [names[n * len(names) // count] for n in range(count)]


# --- the equations in index notation --------------------------------------------------------------------------------


def _equation_rows(task: _Task) -> Iterator[CheckRow]:
    """Check the adjoint equations as derived, as displayed, and as the NumPy program rewrites them."""
    d, graph = task.derivation, task.derivation.network.forward
    assert graph.targets is not None  # a derivation has a loss
    fewer = rewritten(d.forward) if "numpy" in task.backends else d.forward
    cases = {
        "equations": (d.forward, d.backward),
        "equations_shown": (d.forward, d.equations[len(d.forward) :]),
        "equations_numpy": (fewer, reverse(fewer, (graph.image, graph.targets))),
    }
    for key, (forward, backward) in cases.items():
        if key != "equations_numpy" or forward != d.forward:
            verdict = check_equations(d, backward, forward=forward)
            yield CheckRow(task.text(f"verify.{key}"), verdict.status, method_in_words(verdict, task.text))


def _caught_in_index_notation(task: _Task) -> tuple[Caught, ...]:
    tried = caught = 0
    for error in islice(each_planted_equation(task.derivation), MOST_PLANTED_EQUATIONS):
        if task.time_is_up and tried >= LEAST_PLANTED:
            break
        tried += 1
        caught += not accepts(task.derivation, error.equations)
    return (Caught(DECIDING, caught, tried),)


# --- gradients one by one -------------------------------------------------------------------------------------------


def _one_by_one(
    task: _Task, names: Sequence[str], progress: Callable[[int], None] | None
) -> tuple[list[CheckRow], tuple[Caught, ...]]:
    """Return the rows of the gradients, and the planted errors that were caught."""
    d, text = task.derivation, task.text
    points = [Point(d, initial_values(d.network, seed), *task.data) for seed in SEEDS]
    domain, rows = GradientDomain(d, names), []
    for n, name in enumerate(names, 1):
        if task.time_is_up:
            claim = f"∂{'E_total' if name in d.network.parameters else 'E'}/∂{name}"
            rows.append(CheckRow(claim, "unknown", text("verify.time_is_up", seconds=f"{task.seconds:g}")))
            continue
        rows.append(_gradient_row(d, domain, points, name, text))
        if progress:
            progress(n)
    rows += _convolution_rows(d, domain, text)
    return rows, _caught(domain, points[0], _really_wrong(d, names), task)


def _gradient_row(
    derivation: Derivation, domain: GradientDomain, points: Sequence[Point], name: str, text: Catalogue
) -> CheckRow:
    formula, verdict = derivation[name].formula, domain.decide_displayed(name)
    figures = _worst([point.figures(name, formula) for point in points])
    witness = _witness(verdict, points[0], formula)
    return CheckRow(verdict.claim, verdict.status, method_in_words(verdict, text), figures, witness)


def _worst(measurements: Sequence[Sequence[Measurement]]) -> tuple[Measurement, ...]:
    """Return the measurement of each method that is furthest from right."""
    by_method = {method: [f for figures in measurements for f in figures if f.method == method] for method in METHODS}
    return tuple(max(same, key=lambda figure: figure.distance) for same in by_method.values() if same)


def _witness(verdict: Verdict, point: Point, formula: Expr) -> str:
    """Return the value of a refuted formula and the true one at a point, to 20 digits."""
    if verdict.outcome != "wrong":
        return ""
    value, exact = point.value(verdict.name, formula), point.exact(verdict.name)
    return f"{mpmath.nstr(value, 20)} ≠ {mpmath.nstr(exact, 20)} (seed {SEEDS[0]})"


def _convolution_rows(derivation: Derivation, domain: GradientDomain, text: Catalogue) -> Iterator[CheckRow]:
    """∂E/∂F = I ∗ ∂E/∂X: the window of ∂E/∂X slid over the input, for a first convolution with stride 1."""
    image, first = derivation.network.forward.image, derivation.forward[0]
    term = first.terms[0]
    if term.factors[0].func is not Access or len(term.factors) != 2 or term.factors[1].func is not Access:
        return
    (window, kernel), x = term.factors, first.target.tensor
    f = kernel.tensor
    if window.tensor != image or len(image.shape) != 2 or x not in derivation.network.forward.feature_maps:
        return
    # the layer's own index maps: with a stride, holes in the window or a border around the image it is another claim
    plain = tuple(Affine(((a.name, 1), (b.name, 1))) for a, b in zip(first.axes, term.axes, strict=False))
    inside = len(f.shape) == 2 and all(i == o + k - 1 for i, o, k in zip(image.shape, x.shape, f.shape, strict=False))
    if not inside or kernel.index != tuple(Affine(((a.name, 1),)) for a in term.axes) or window.index != plain:
        return
    verdicts = []
    for p, q in f.indices():
        slid = sum(Symbol(x.adjoint().scalar((r, c))) * Symbol(image.scalar((r + p, c + q))) for r, c in x.indices())
        verdicts.append(domain.decide(f.scalar((p, q)), slid * term.coefficient))
    bad = next((v for v in verdicts if not v), verdicts[0])
    yield CheckRow(text("verify.convolution"), bad.status, method_in_words(bad, text))


def _really_wrong(derivation: Derivation, names: Sequence[str]) -> Iterator[Planted]:
    """Yield the planted errors that change a value: the cells of a pooling window have the same ∂E/∂x."""
    network = derivation.network
    elsewhere = Point(derivation, initial_values(network, 2), *_random_data(network))
    for planted in planted_errors(derivation, names=names):
        if elsewhere.tells_apart(planted.name, planted.candidate, derivation[planted.name].formula):
            yield planted


def _caught(domain: GradientDomain, point: Point, planted: Iterable[Planted], task: _Task) -> tuple[Caught, ...]:
    """Count the planted errors that each method catches."""
    counts: dict[str, int] = dict.fromkeys((DECIDING, *METHODS), 0)
    tried = 0
    for error in planted:
        if task.time_is_up and tried >= LEAST_PLANTED:
            break
        tried += 1
        domain.renew_budget()
        counts[DECIDING] += domain.decide(error.name, error.candidate).outcome == "wrong"
        for figure in point.figures(error.name, error.candidate):
            counts[figure.method] += not figure.ok
    return tuple(Caught(method, caught, tried) for method, caught in counts.items())


def _not_checked(task: _Task, verified: int) -> Iterator[str]:
    d, text = task.derivation, task.text
    if not verified:
        yield text("verify.rest_scalars", most=MOST_PRODUCTS)
    elif verified < len(d.names):
        yield text("verify.rest_sample", verified=verified, count=len(d.names))
    if verified and not displayed_is_short(d):
        yield text("verify.rest_displayed")
    if d.samples > MOST_IMAGES:
        yield text("verify.rest_samples", count=d.samples, most=MOST_IMAGES)
    if "numba" not in task.backends:
        yield text("verify.rest_compiled")
    if used_leaves(d) & {*KINKED}:
        yield text("verify.rest_kinks")
    for key in ("rest_forward", "rest_programs", "rest_kernel", "rest_documents"):
        yield text(f"verify.{key}")


# --- data -----------------------------------------------------------------------------------------------------------


def _random_data(network: Network) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (2, *network.forward.image.shape)), rng.uniform(0, 1, (2, network.outputs))
