"""The losses: the error E of one sample, in equations of outputs o and targets t.

    half_squared_error     E = Σ_k ½·(o[k] - t[k])²
    mse                    E = 1/K · Σ_k (o[k] - t[k])²
    cross_entropy          E = Σ_k t[k]·(log(s) + m - o[k])    = -Σ_k t[k]·log y[k],  y[k] = u[k]/s the softmax of o
    binary_cross_entropy   E = Σ_k softplus(z[k]) - t[k]·z[k]  = -Σ_k t[k]·log o[k] + (1 - t[k])·log(1 - o[k]),
                                                                 where o = sigmoid(z)

The last two are written so that no logarithm of 0 and no overflow occurs; that both sides agree is a test. E_total
adds the samples.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sympy import Rational, S

from symcnn.errors import InputError, quoted
from symcnn.network.layers import exponentials
from symcnn.network.names import Names
from symcnn.network.words import canonical
from symcnn.symbolic import ERROR, Access, Affine, Axis, Equation, Tensor, TensorKind, Term, log, sigmoid, softplus


@dataclass(frozen=True)
class Outputs:
    """What a loss is made of: the last layer's values, the targets, the equation that states those values."""

    tensor: Tensor
    targets: Tensor
    stated: Equation | None
    names: Names

    @property
    def axis(self) -> Axis:
        return Axis("k", self.tensor.shape[0])

    def of(self, tensor: Tensor) -> Access:
        """A tensor's entry k."""
        return Access(tensor, (Affine((("k", 1),)),))


def half_squared_error(o: Outputs) -> tuple[Equation, ...]:
    return _squared(o, Rational(1, 2), S.One)


def mse(o: Outputs) -> tuple[Equation, ...]:
    return _squared(o, S.One, Rational(1, o.axis.size))


def _squared(o: Outputs, factor: Rational, scale: Rational) -> tuple[Equation, ...]:
    square = (o.of(o.tensor) - o.of(o.targets)) ** 2
    return _error(Term((square,) if factor == 1 else (factor, square), (o.axis,), scale))


def cross_entropy(o: Outputs) -> tuple[Equation, ...]:
    if o.axis.size < 2:
        raise InputError("loss='cross_entropy': the network has one output; expected a class each, at least 2")
    if o.stated is not None and _is_softmax(o.stated):
        raise InputError(
            "loss='cross_entropy': the last layer is a softmax already, and the loss has one inside; end with"
            " activation=None"
        )
    shifted = exponentials(o.tensor, o.axis, o.names)
    y = o.names.tensor(TensorKind.PROBABILITY, o.tensor.shape)
    share = Term((o.of(shifted.powers) / Access(shifted.sum, ()),))
    surprise = log(Access(shifted.sum, ())) + Access(shifted.largest, ()) - o.of(o.tensor)
    probabilities = Equation(o.of(y), (o.axis,), (share,))
    return (*shifted.equations, probabilities, *_error(Term((o.of(o.targets), surprise), (o.axis,))))


def binary_cross_entropy(o: Outputs) -> tuple[Equation, ...]:
    [call] = o.stated.terms[0].factors[:1] if o.stated and len(o.stated.terms) == 1 else [None]
    if not isinstance(call, sigmoid):
        raise InputError(
            "loss='binary_cross_entropy': the last layer's values must lie between 0 and 1; end with"
            ' activation="sigmoid"'
        )
    z = o.of(call.args[0].tensor)
    return _error(Term((softplus(z),), (o.axis,)), Term((o.of(o.targets), z), (o.axis,), S.NegativeOne))


def _is_softmax(stated: Equation) -> bool:
    """A quotient of exponentials and their sum."""
    factor = stated.terms[0].factors[0]
    return bool(factor.is_Mul and any(f.is_Pow and f.exp == -1 for f in factor.args))


def _error(*terms: Term) -> tuple[Equation, ...]:
    return (Equation(Access(ERROR, ()), (), terms),)


LOSSES: dict[str, Callable[[Outputs], tuple[Equation, ...]]] = {
    "half_squared_error": half_squared_error,
    "mse": mse,
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
}


def loss_named(word: object) -> str | None:
    """Our name of a loss; None for no loss.

    Raises:
        InputError: it is none, or nearly one.
    """
    if word is None or word == "none":
        return None
    name = canonical("loss", word, (*LOSSES, "none"), f"loss={quoted(word)}")
    return None if name == "none" else name
