"""Compare the programs with 50 digits, with dual numbers, and with each other.

Programs are compared, not proved: a row that holds is "unknown", with the largest difference.

Dual numbers in float64 go through the forward equations, at any size of the network:

Σ_images E′ = Σ_p v_p · g_p       v in the parameters of one tensor at a time, g what the program computed
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from sympy import Expr

from symcnn.derivation import Derivation
from symcnn.errors import NotSupportedYetError
from symcnn.network import Array, DataLike, Network, checked
from symcnn.numeric import Program, as_theta, compile_program, initial_values
from symcnn.numeric.values import arrays_of_inputs, scalars_of
from symcnn.proof.arithmetic import Reals
from symcnn.proof.interpret import Interpreter
from symcnn.symbolic import Access, Equation, relu
from symcnn.text import Catalogue
from symcnn.verification.agreement import LEAST, Agreement, programs_agree, tolerance
from symcnn.verification.evaluate import Evaluator
from symcnn.verification.result import CheckRow

#: The largest relative difference of a tensor: both sides are float64, and each adds in its own order.
DUAL_TOLERANCE = 1e-11

#: A tensor whose gradients all nearly vanish is measured against this part of the largest.
FLOOR = 1e-3

SEED = 0


def duals_agree(derivation: Derivation, theta: Any, data: DataLike, program: Program) -> tuple[float, str]:
    """Return the largest relative difference, and the tensor (or E_total) that has it."""
    network = derivation.network
    images, targets = checked(network, data)
    values = as_theta(network, theta)
    loss, gradient = program.loss_and_gradient(values, images, targets)
    if not (np.isfinite(loss) and np.all(np.isfinite(gradient))):
        return float("inf"), "E_total"
    tensors = network.forward.parameters
    cuts = np.cumsum([p.size for p in tensors])[:-1]
    # from a continuum, and another one at other parameters: exchanged entries must not weigh the same
    direction = np.random.default_rng([SEED, int(np.float64(values[0]).view(np.uint64))]).uniform(0.5, 2, len(values))
    error, slopes = _slopes(derivation, values, direction, images, targets)
    products = np.split(direction * gradient, cuts)
    floor = FLOOR * max(float(np.abs(p).sum()) for p in products)
    gaps = [
        (abs(float(slope - part.sum())) / max(float(np.abs(part).sum()), floor, 1e-300), f"∂E_total/∂{tensor.name}")
        for tensor, slope, part in zip(tensors, slopes, products, strict=True)
    ]
    return max([*gaps, (abs(loss - error) / max(abs(error), 1e-300), "E_total")])


def _slopes(derivation: Derivation, theta: Any, direction: Any, images: Any, targets: Any) -> tuple[float, Any]:
    """Return E_total, and its slope along each parameter tensor's part of a direction."""
    tensors, samples = derivation.network.forward.parameters, len(images)
    cuts = np.cumsum([p.size for p in tensors])[:-1]
    error, slopes = derivation.forward[-1].target.tensor, []
    inputs = arrays_of_inputs(derivation.network, theta, images, targets)
    total = 0.0
    for tensor, part in zip(tensors, np.split(direction, cuts), strict=True):
        run = Interpreter(Reals(), inputs, {tensor: np.tile(part, (samples, 1))})
        run.run(derivation.forward)
        slopes.append(run.slopes[error].sum() if error in run.slopes else 0.0)
        total = float(run.value(error).sum())
    return total, slopes


#: Random parameters at which numbers are compared, by their seeds.
SEEDS = (0, 1)

#: Two programs are both within the tolerance of the truth.
PAIR_FACTOR = 2

Data = tuple[Array, Array]
Programs = Mapping[str, Program]


def compile_all(
    network: Network, backends: Sequence[str], data: Data, text: Catalogue
) -> tuple[dict[str, Program], list[CheckRow]]:
    """Compile the programs of a network; return them, and a row for each backend without one."""
    programs, refused = {}, []
    theta = initial_values(network, SEEDS[0])
    for backend in backends:
        try:
            program = compile_program(network, backend)
            program.loss_and_gradient(theta, *data)
            programs[backend] = program
        except NotSupportedYetError as reason:
            refused.append(CheckRow(text("verify.program", backend=backend), "unknown", str(reason)))
    return programs, refused


def rows_at_50_digits(
    derivation: Derivation, data: Data, programs: Programs, elsewhere: Data | None, text: Catalogue
) -> Iterator[CheckRow]:
    """Compare every program, and the displayed formulas, with 50 digits; then the programs in pairs.

    Args:
        elsewhere: other images, for when rounding alone decides a kink or a tie at these; None: there are none.
    """
    agreements = _at_seeds(derivation, data, programs)
    where = ""
    if elsewhere and any(not a.ok and a.at_a_tie for same in agreements for a in same):
        data, where = elsewhere, text("verify.elsewhere")
        agreements = _at_seeds(derivation, data, programs)
    for same in zip(*agreements, strict=True):
        worst = max(same, key=lambda a: a.worst)
        key = "verify.displayed" if worst.backend == "displayed" else "verify.program"
        yield _row(text(key, backend=worst.backend), worst.ok, worst.worst, worst.where, text, where)
    yield from pair_rows(derivation.network, data, programs, text, PAIR_FACTOR * tolerance(derivation))


def _at_seeds(derivation: Derivation, data: Data, programs: Programs) -> list[list[Agreement]]:
    return [programs_agree(derivation, initial_values(derivation.network, s), data, programs) for s in SEEDS]


def rows_on_flat_images(derivation: Derivation, programs: Programs, text: Catalogue) -> Iterator[CheckRow]:
    """Compare the programs where every window ties and rectifiers are at 0: first maximum, relu'(0) = 0.

    All numbers are exact in binary, so equal sums are equal numbers in whatever order they are added; networks in which
    that would not hold (a sigmoid before a maximum, a division by 9) have no such row.
    """
    network = derivation.network
    if not _is_exact_up_to_its_last_kink(derivation):
        return
    rng = np.random.default_rng(SEEDS[0])
    thetas = [rng.integers(-8, 9, len(network.parameters)) / 8, np.zeros(len(network.parameters))]
    images = np.ones((2, *network.forward.image.shape))
    images[1] = -0.5
    targets = np.zeros((2, network.outputs))
    targets[:, 0] = 1
    agreements = [programs_agree(derivation, theta, (images, targets), programs) for theta in thetas]
    for same in zip(*agreements, strict=True):
        worst = max(same, key=lambda a: a.worst)
        if worst.backend != "displayed":
            claim = text("verify.flat", backend=worst.backend)
            yield _row(claim, worst.ok, worst.worst, worst.where, text)


def _is_exact_up_to_its_last_kink(derivation: Derivation) -> bool:
    """Whether it has kinks, and only sums, products, rectifiers, maxima and halves before the last."""
    kinks = [n for n, e in enumerate(derivation.forward) if not e.constant and e.has_kink]
    return bool(kinks) and all(_keeps_exact(e) for e in derivation.forward[: kinks[-1] + 1])


def _keeps_exact(equation: Equation) -> bool:
    return all(_is_power_of_2(term.coefficient.q) and all(map(_is_exact, term.factors)) for term in equation.terms)


def _is_exact(factor: Expr) -> bool:
    if isinstance(factor, Access):
        shares = factor.tensor.values
        return all(_is_power_of_2(v.q) for v in shares) and (factor.outside is None or _is_power_of_2(factor.outside.q))
    return isinstance(factor, relu) and isinstance(factor.args[0], Access)


def _is_power_of_2(n: int) -> bool:
    return int(n) & (int(n) - 1) == 0


def rows_with_duals(derivation: Derivation, data: Data, programs: Programs, text: Catalogue) -> Iterator[CheckRow]:
    """For networks that are too large to be written out: dual numbers through the forward equations."""
    thetas = [initial_values(derivation.network, seed) for seed in SEEDS]
    for backend, program in programs.items():
        differences = [duals_agree(derivation, theta, data, program) for theta in thetas]
        worst, where = max(differences)
        row = text("verify.program", backend=backend)
        yield _row(row, worst <= DUAL_TOLERANCE, worst, where, text, text("verify.duals"))
    yield from pair_rows(derivation.network, data, programs, text, DUAL_TOLERANCE)


def formulas_row(derivation: Derivation, data: Data, text: Catalogue) -> CheckRow:
    """Compare the formulas of some quantities of each tensor with the arrays that its equations give.

    An adjoint's formula is evaluated at random adjoints, so that no error hides where theirs are 0.
    """
    rng, evaluator, graph = np.random.default_rng(SEED), Evaluator((), "numpy"), derivation.graph
    gaps = []
    for seed in SEEDS:
        inputs = arrays_of_inputs(derivation.network, initial_values(derivation.network, seed, "scaled"), *data)
        run = Interpreter(Reals(), {tensor: array[:1] for tensor, array in inputs.items()})
        run.run(derivation.forward)
        arrays = run.values | {t: rng.uniform(0.5, 2, (1, t.size)) for t in graph.backward.tensors}
        values = scalars_of(graph, arrays)
        for tensor in (*graph.forward.tensors, *graph.backward.tensors):
            own = Interpreter(Reals(), arrays)
            own.run([equation for equation in graph.equations if equation.target.tensor == tensor])
            for n in {0, tensor.size // 2, tensor.size - 1, *rng.integers(tensor.size, size=2).tolist()}:
                variable = graph[tensor.scalar(tuple(map(int, np.unravel_index(n, tensor.shape))))]
                products = [math.prod(float(evaluator.value(f, values)) for f in fs) for fs in variable.products]
                value = max(products) if variable.reduce == "max" else math.fsum(products)
                wanted = float(own.value(tensor)[0, n])
                size = max(math.fsum(map(abs, products)), abs(wanted), 1e-300)
                gaps.append((abs(value - wanted) / size, variable.name))
    worst, where = max(gaps)
    claim = text("verify.formulas", count=len({name for _, name in gaps}))
    return _row(claim, worst <= DUAL_TOLERANCE, worst, where, text, text("verify.arrays"))


def pair_rows(network: Network, data: Data, programs: Programs, text: Catalogue, allowed: float) -> Iterator[CheckRow]:
    """Compare the programs in pairs."""
    thetas = [initial_values(network, seed) for seed in SEEDS]
    gradients = {b: [p.loss_and_gradient(t, *data)[1] for t in thetas] for b, p in programs.items()}
    for one, other in combinations(gradients, 2):
        pairs = zip(gradients[one], gradients[other], strict=True)
        gap = max(float(np.abs(a - b).max() / max(np.abs(a).max(), LEAST)) for a, b in pairs)
        yield _row(text("verify.pair", one=one, other=other), gap <= allowed, gap, "", text)


def _row(claim: str, ok: bool, worst: float, where: str, text: Catalogue, remark: str = "") -> CheckRow:
    words = text("verify.agrees" if ok else "verify.differs", points=len(SEEDS), worst=f"{worst:.0e}", where=where)
    return CheckRow(claim, "unknown" if ok else "refuted", f"{words} {remark}".strip(), worst=worst)
