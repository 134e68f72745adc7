"""The index-notation equations checked as they stand, at any size of the network.

    E′ = Σ_u v_u · ∂E/∂u      in a prime field, at random parameters, pixels and targets, in a random direction v

    left    dual numbers through the forward equations: no adjoint, no ``diff``
    right   the adjoint equations, the very ones that programs are printed from

u is every entry of every tensor that has an adjoint: a parameter, a cell of a map, where that is given its own v beside
the change that earlier ones pass on to it. So each adjoint equation is decided, also one that no parameter rests on.

What is no polynomial becomes one. A leaf's value is a random element for each argument and its slope its algebraic rule
(σ' = s·(1 - s)); a rectifier's gate and a maximum's choice of a candidate are random elements for each entry, *any*
field element and not only 0 or 1: with those an error hides behind a closed gate. So formulas are checked, for every
pattern of gates at once, but not where gates open: `>` against `≥`, and ties, are for numbers to show.
The shift of a softmax, through which reverse mode does not differentiate, has its true slope on the left: that nothing
depends on it is checked as well.

Both sides are polynomials of some degree in what is random, with inverses (softmax) multiplied out. As many points are
taken as make the probability of an error small (``domain.error_probability``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symcnn.derivation import Derivation, count_products
from symcnn.proof.arithmetic import PRIME, Degrees, PrimeField
from symcnn.proof.domain import error_probability
from symcnn.proof.interpret import Interpreter, Numbers
from symcnn.proof.verdict import Comparison, OneMethod, TooLargeError, UndecidableError, Verdict, decide
from symcnn.symbolic import Equation, Tensor

EQUATIONS = "dual numbers modulo 2^61 - 1 in random directions; gates, maxima and leaf outputs random field elements"
CLAIM = "E′ = Σ v·∂E/∂u"

#: The largest error probability.
EPSILON = 1e-12

#: The most points of all equations together: some five minutes.
MOST_POINTS = 1_000_000_000

SEED = 20261125


def check_equations(
    derivation: Derivation,
    backward: Sequence[Equation] | None = None,
    *,
    forward: Sequence[Equation] | None = None,
    seed: int = SEED,
    epsilon: float = EPSILON,
) -> Verdict:
    """Decide whether the adjoint equations give the derivative of E of the forward equations.

    Args:
        backward: other equations than ``derivation.backward``: the gather form, or wrong ones.
        forward: other equations than ``derivation.forward`` for E of the same inputs, to go with them.
        epsilon: the largest error probability.

    Returns:
        "right" with its error probability, "wrong" with the parameter tensors (or if they are right, the others)
        whose gradients are wrong, or "not decided" with the reason.
    """
    left = derivation.forward if forward is None else tuple(forward)
    right = derivation.backward if backward is None else tuple(backward)

    def compare(forward: Sequence[Equation], adjoints: Sequence[Equation]) -> Comparison:
        size = count_products((*forward, *adjoints))
        if size > MOST_POINTS:
            raise TooLargeError(f"the equations have {size} points; at most {MOST_POINTS} are worked out")
        check = _Check(derivation, forward, adjoints)
        points, bound = _points(check, epsilon)
        if check.holds(points, seed):
            return Comparison(True, bound)
        return Comparison(False, counterexample=", ".join(check.wrong(seed)))

    return decide(left, right, OneMethod("modulo a prime", EQUATIONS, compare), name="equations", claim=CLAIM)


def accepts(derivation: Derivation, backward: Sequence[Equation], points: int = 1, seed: int = SEED) -> bool:
    """Check adjoint equations at so many points, without a bound: for many planted errors."""

    def compare(forward: Sequence[Equation], adjoints: Sequence[Equation]) -> Comparison:
        passed = _Check(derivation, forward, adjoints).holds(points, seed)
        return Comparison(passed, counterexample=None if passed else "a random point")

    return bool(decide(derivation.forward, tuple(backward), OneMethod("modulo a prime", EQUATIONS, compare)))


@dataclass(frozen=True)
class _Check:
    """Both sides of the identity."""

    derivation: Derivation
    forward: Sequence[Equation]
    adjoints: Sequence[Equation]

    @property
    def _parameters(self) -> tuple[Tensor, ...]:
        return self.derivation.network.forward.parameters

    @cached_property
    def _moved(self) -> tuple[Tensor, ...]:
        """The tensors in whose direction E is differentiated: the parameters, and all others that have an adjoint."""
        adjoints = (e.target.tensor.primal for e in self.adjoints)
        return tuple(dict.fromkeys((*self._parameters, *(tensor for tensor in adjoints if tensor is not None))))

    @property
    def _inputs(self) -> tuple[Tensor, ...]:
        forward = self.derivation.network.forward
        assert forward.targets is not None  # a derivation has a loss
        return (forward.image, *forward.parameters, forward.targets)

    def holds(self, points: int, seed: int) -> bool:
        """Do both sides agree at all points?"""
        return np.array_equal(*self.sides(points, seed))

    def sides(self, points: int, seed: int) -> tuple[Numbers, Numbers]:
        """Return E′ and Σ v·∂E/∂u, (points,) each."""
        rng, field = np.random.default_rng(seed), PrimeField(points, seed)
        values = {tensor: field.random(rng, tensor.size) for tensor in self._inputs}
        direction = {tensor: field.random(rng, tensor.size) for tensor in self._moved}
        slope, gradients = self._interpret(Interpreter(field, values, direction))
        total = np.zeros(points, np.int64)
        for tensor, gradient in gradients.items():
            total = field.plus(total, field.total(field.times(direction[tensor], gradient), 1))
        return slope, total

    def wrong(self, seed: int) -> list[str]:
        """Return the parameter tensors whose gradients are wrong, by a direction in each alone; if none, the others."""
        parameters = self._wrong(self._parameters, seed)
        return parameters or self._wrong([t for t in self._moved if t not in self._parameters], seed)

    def _wrong(self, tensors: Sequence[Tensor], seed: int) -> list[str]:
        many = len(tensors)
        rng, field = np.random.default_rng(seed), PrimeField(many, seed)
        values = {tensor: field.random(rng, tensor.size) for tensor in self._inputs}
        alone = {tensor: np.eye(many, dtype=np.int64)[:, [n]] for n, tensor in enumerate(tensors)}
        direction = {tensor: alone[tensor] * field.random(rng, tensor.size) for tensor in tensors}
        slope, gradients = self._interpret(Interpreter(field, values, direction))
        sums = [field.total(field.times(direction[t], gradients[t]), 1) for t in tensors]
        return [f"∂E/∂{tensor.name}" for n, tensor in enumerate(tensors) if sums[n][n] != slope[n]]

    def degree(self) -> tuple[int, int]:
        """Return the largest degree of a side or of a leaf's argument, and the number of values of leaves."""
        degrees = Degrees()
        one = {tensor: np.ones((1, tensor.size), dtype=np.int64) for tensor in (*self._inputs, *self._moved)}
        inputs, direction = ({t: one[t] for t in tensors} for tensors in (self._inputs, self._moved))
        slope, gradients = self._interpret(Interpreter(degrees, inputs, direction))
        sides = max(int(slope.max()), *(1 + int(g.max()) for g in gradients.values()))
        return max(sides, degrees.argument) * (1 + degrees.cleared), degrees.leaves

    def _interpret(self, interpreter: Interpreter) -> tuple[Numbers, Mapping[Tensor, Numbers]]:
        interpreter.run(self.forward)
        error = self.forward[-1].target.tensor
        slope = interpreter.slopes.pop(error, interpreter.value(error) * 0)[:, 0]
        interpreter.slopes.clear()
        interpreter.run(self.adjoints)
        return slope, {tensor: interpreter.value(tensor.adjoint()) for tensor in self._moved}


def _points(check: _Check, epsilon: float) -> tuple[int, float]:
    """Return the number of random points, at least two, and the bound of the error probability with so many."""
    degree, leaves = check.degree()
    if degree >= PRIME / 2:
        raise UndecidableError(f"polynomials of degree {degree}: too much for a prime of 61 bits")
    points = 2
    while error_probability(degree, leaves, points) > epsilon:
        points += 1
    return points, error_probability(degree, leaves, points)
