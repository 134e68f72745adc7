"""Optimizers: how a step changes the parameters, stated once as expressions and printed for every backend.

    sgd        θ ← θ - η·g
    momentum   v ← μ·v + g                                       θ ← θ - η·v
    adam       m ← β₁·m + (1 - β₁)·g    v ← β₂·v + (1 - β₂)·g²   θ ← θ - η·(m/(1 - β₁ᵏ))/(√(v/(1 - β₂ᵏ)) + ε)

θ and what is remembered of it (v, m) have an entry for each parameter; g is ∂E_total/∂θ of the batch (reduction "mean":
divided by its samples). ``scalars`` are single numbers that every step multiplies on: β₁ᵏ, β₂ᵏ.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Expr, Float, Symbol, sqrt

from symcnn.errors import InputError, quoted

THETA, GRADIENT, RATE = Symbol("theta"), Symbol("gradient"), Symbol("rate")


@dataclass(frozen=True)
class Optimizer:
    """One rule.

    Attributes:
        name: as the user calls it.
        updates: per entry, in order: ``theta`` or a remembered array <- an expression of theta, gradient, rate, the
            remembered arrays and the scalars.
        scalars: name -> the factor that it is multiplied by at the start of every step, from 1 on.
    """

    name: str
    updates: tuple[tuple[Symbol, Expr], ...]
    scalars: Mapping[str, float]

    @property
    def remembered(self) -> tuple[str, ...]:
        """The arrays besides theta, each as long: zeros at the start."""
        return tuple(symbol.name for symbol, _ in self.updates if symbol != THETA)


def _sgd() -> Optimizer:
    return Optimizer("sgd", ((THETA, THETA - RATE * GRADIENT),), {})


def _momentum(mu: float = 0.9) -> Optimizer:
    v = Symbol("velocity")
    return Optimizer("momentum", ((v, Float(mu) * v + GRADIENT), (THETA, THETA - RATE * v)), {})


def _adam(beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8) -> Optimizer:
    m, v, power_1, power_2 = (Symbol(name) for name in ("moment_1", "moment_2", "power_1", "power_2"))
    first = Float(beta_1) * m + Float(1 - beta_1) * GRADIENT
    second = Float(beta_2) * v + Float(1 - beta_2) * GRADIENT**2
    step = RATE / (1 - power_1) * m / (sqrt(v / (1 - power_2)) + Float(epsilon))
    return Optimizer("adam", ((m, first), (v, second), (THETA, THETA - step)), {"power_1": beta_1, "power_2": beta_2})


OPTIMIZERS: Mapping[str, Optimizer] = {o.name: o for o in (_sgd(), _momentum(), _adam())}


def optimizer_called(name: object) -> Optimizer:
    """By name.

    Raises:
        InputError: unknown.
    """
    if not isinstance(name, str) or name not in OPTIMIZERS:
        raise InputError(f"optimizer={quoted(name)}: unknown; expected one of {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[name]
