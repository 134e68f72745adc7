"""Verification: what is proved, by which method, what numbers say, which planted errors each method catches, and what
was not checked."""

import html
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import mpmath
import numpy as np
from sympy import QQ, Expr, Poly, Symbol, field

from symcnn.derivation import Derivation, Judge, Verdict
from symcnn.derivation.proof import EXACT, MODULAR
from symcnn.network import Array, Conv2D, DataLike, Network, as_data, checked
from symcnn.numeric import PROGRAMS, compile_program, initial_values
from symcnn.symbolic import sigmoid
from symcnn.text import Catalogue, catalogue
from symcnn.verification.agreement import LEAST, TOLERANCE, programs_agree
from symcnn.verification.evidence import METHODS, Figure, Point
from symcnn.verification.planted import Planted, planted_errors

#: Random parameters at which numbers are compared, by their seeds.
SEEDS = (0, 1)

#: Images at which numbers are compared.
MOST_IMAGES = 4

#: Gradients that are verified one by one; of a larger network a sample.
MOST_GRADIENTS = 400

#: Two programs, both within TOLERANCE of the truth.
PAIR_TOLERANCE = 2 * TOLERANCE

#: Planted errors that are tried whatever the time.
LEAST_PLANTED = 20


def verify(
    network: Network,
    data: DataLike | None = None,
    *,
    backends: Sequence[str] = tuple(PROGRAMS),
    seconds: float = 120.0,
    lang: str = "en",
    progress: Callable[[int], None] | None = None,
) -> Verification:
    """Hold every gradient against the mathematics, and every program against every other.

    Args:
        network: with a loss.
        data: the images and targets at which numbers are compared; random ones if None.
        backends: the programs that are compared; "numba" may be added (it takes a second to compile).
        seconds: after so many, the gradients that remain are "unknown" (time used up), and no more errors are planted.
        lang: of the table, "en" or "fr".
        progress: called with the number of gradients done.

    Returns:
        a ``Verification``: rows of claims with their verdicts and figures, the planted errors that each method caught,
        and what was not checked. It prints as a table.
    """
    network.require_loss("verify")
    text = catalogue(lang)
    images, targets = _random_data(network) if data is None else checked(network, as_data(data))
    derivation = Derivation(network, len(images))
    points = [
        Point(derivation, initial_values(network, seed), images[:MOST_IMAGES], targets[:MOST_IMAGES]) for seed in SEEDS
    ]
    judge = Judge(derivation)
    names = _sample(derivation.names)
    rows, deadline = [], time.monotonic() + seconds
    for n, name in enumerate(names, 1):
        if time.monotonic() > deadline:
            claim = f"∂{'E_total' if name in network.parameters else 'E'}/∂{name}"
            rows.append(Row(claim, "unknown", text("verify.time_is_up", seconds=f"{seconds:g}")))
            continue
        rows.append(_gradient_row(derivation, judge, points, name, text))
        if progress:
            progress(n)
    rows += [_leaf_row(text), *_convolution_rows(derivation, judge, text)]
    rows += _program_rows(derivation, images[:MOST_IMAGES], targets[:MOST_IMAGES], backends, text)
    planted = _caught(judge, points[0], _really_wrong(derivation), deadline)
    return Verification(tuple(rows), planted, tuple(_not_checked(derivation, len(names), backends, text)), text)


# --- the rows -----------------------------------------------------------------------------------------------------


def _gradient_row(derivation: Derivation, judge: Judge, points: Sequence[Point], name: str, text: Catalogue) -> Row:
    formula, verdict = derivation[name].formula, judge.decide_displayed(name)
    figures = _worst([point.figures(name, formula) for point in points])
    witness = _witness(verdict, points[0], formula)
    return Row(verdict.claim, verdict.status, method_in_words(verdict, text), figures, witness)


def _worst(found: Sequence[Sequence[Figure]]) -> tuple[Figure, ...]:
    """Of each method the figure that speaks loudest against the formula."""
    return tuple(max(same, key=lambda figure: figure.distance) for same in zip(*found, strict=True))


def _witness(verdict: Verdict, point: Point, formula: Expr) -> str:
    """Where a formula is refuted: its value and the true one at a point, to 20 digits."""
    if verdict.status != "refuted":
        return ""
    found, wanted = point.value(verdict.name, formula), point.exact(verdict.name)
    return f"{mpmath.nstr(found, 20)} ≠ {mpmath.nstr(wanted, 20)} (seed {SEEDS[0]})"


def _leaf_row(text: Catalogue) -> Row:
    """σ' = σ·(1 - σ), in the field of rational functions of u = exp(z): σ = u/(1 + u), and du/dz = u."""
    z, output = Symbol("z"), Symbol("s")
    stated = Poly(sigmoid(z).diff(z).xreplace({sigmoid(z): output}), output)
    _, u = field("u", QQ)
    s = u / (1 + u)
    equal = s.diff(u) * u == sum(QQ(c.p, c.q) * s**n for (n,), c in stated.terms())
    return Row("σ′(z) = σ(z)·(1 − σ(z))", "proved" if equal else "refuted", text("verify.field"))


def _convolution_rows(derivation: Derivation, judge: Judge, text: Catalogue) -> Iterator[Row]:
    """∂E/∂F = I ∗ ∂E/∂X: the window of ∂E/∂X slid over the input, for a first convolution with stride 1."""
    first = derivation.network.layers[0]
    image = derivation.network.forward.image
    if not isinstance(first, Conv2D) or first.stride != 1 or first.padding != 0 or len(image.shape) != 2:
        return
    f, x = derivation.network.forward.parameters[0], derivation.network.forward.feature_maps[0]
    if len(f.shape) != 2:
        return
    scale = QQ(1, f.size) if first.normalize else QQ(1)
    verdicts = []
    for p, q in f.indices():
        window = sum(Symbol(x.adjoint().scalar((r, c))) * Symbol(image.scalar((r + p, c + q))) for r, c in x.indices())
        verdicts.append(judge.decide(f.scalar((p, q)), window * scale))
    bad = next((v for v in verdicts if not v), verdicts[0])
    yield Row(text("verify.convolution"), bad.status, method_in_words(bad, text))


def _program_rows(
    derivation: Derivation, images: Array, targets: Array, backends: Sequence[str], text: Catalogue
) -> Iterator[Row]:
    """Programs are compared, not proved: "unknown", with how far they agree."""
    network, points = derivation.network, len(SEEDS)
    thetas = [initial_values(network, seed) for seed in SEEDS]
    found = [programs_agree(derivation, theta, (images, targets), backends) for theta in thetas]
    for same in zip(*found, strict=True):
        worst = max(same, key=lambda a: a.worst)
        status = "unknown" if worst.ok else "refuted"
        words = "verify.agrees" if worst.ok else "verify.differs"
        method = text(words, points=points, worst=f"{worst.worst:.0e}", where=worst.where)
        key = "verify.displayed" if worst.backend == "displayed" else "verify.program"
        yield Row(text(key, backend=worst.backend), status, method)
    gradients = {
        backend: [compile_program(network, backend).loss_and_gradient(t, images, targets)[1] for t in thetas]
        for backend in backends
    }
    for one, other in combinations(gradients, 2):
        pairs = zip(gradients[one], gradients[other], strict=True)
        gap = max(float(np.abs(a - b).max() / max(np.abs(a).max(), LEAST)) for a, b in pairs)
        ok = gap <= PAIR_TOLERANCE
        method = text("verify.agrees" if ok else "verify.differs", points=points, worst=f"{gap:.0e}", where="")
        yield Row(text("verify.pair", one=one, other=other), "unknown" if ok else "refuted", method)


def _really_wrong(derivation: Derivation) -> list[Planted]:
    """Planted errors that are errors: cells of one pooling window have the same ∂E/∂x, so exchanging them is none."""
    network = derivation.network
    elsewhere = Point(derivation, initial_values(network, 2), *_random_data(network))
    return [
        p for p in planted_errors(derivation) if elsewhere.tells_apart(p.name, p.candidate, derivation[p.name].formula)
    ]


def _caught(judge: Judge, point: Point, planted: Sequence[Planted], deadline: float) -> tuple[Caught, ...]:
    """What each method says of the planted errors: caught when it does not accept one."""
    counts: dict[str, int] = dict.fromkeys((EXACT_METHOD, *METHODS), 0)
    tried = 0
    for error in planted:
        if time.monotonic() > deadline and tried >= LEAST_PLANTED:
            break
        tried += 1
        judge.renew_budget()
        counts[EXACT_METHOD] += judge.decide(error.name, error.candidate).status == "refuted"
        for figure in point.figures(error.name, error.candidate):
            counts[figure.method] += not figure.ok
    return tuple(Caught(method, caught, tried) for method, caught in counts.items())


def _not_checked(derivation: Derivation, verified: int, backends: Sequence[str], text: Catalogue) -> Iterator[str]:
    if verified < len(derivation.names):
        yield text("verify.rest_sample", verified=verified, count=len(derivation.names))
    if derivation.samples > MOST_IMAGES:
        yield text("verify.rest_images", count=derivation.samples, most=MOST_IMAGES)
    if "numba" not in backends:
        yield text("verify.rest_compiled")
    for key in ("rest_forward", "rest_programs", "rest_kernel", "rest_documents"):
        yield text(f"verify.{key}")


# --- what it works on -----------------------------------------------------------------------------------------------


def _random_data(network: Network) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (2, *network.forward.image.shape)), rng.uniform(0, 1, (2, network.outputs))


def _sample(names: Sequence[str]) -> list[str]:
    every = -(-len(names) // MOST_GRADIENTS)
    return list(islice(names, 0, None, every))
