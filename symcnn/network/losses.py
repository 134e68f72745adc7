"""The losses: the error E of one sample, as one equation of outputs o and targets t.

    half_squared_error   E = Σ_k ½·(o[k] - t[k])²

E_total adds the samples.
"""

from collections.abc import Callable

from sympy import Rational

from symcnn.errors import InputError, NotSupportedYetError
from symcnn.network.names import ERROR
from symcnn.symbolic import Access, Affine, Axis, Equation, Tensor, Term


def half_squared_error(outputs: Tensor, targets: Tensor) -> Equation:
    k = Axis("k", outputs.shape[0])
    index = (Affine((("k", 1),)),)
    difference = Access(outputs, index) - Access(targets, index)
    return Equation(Access(ERROR, ()), (), (Term((Rational(1, 2), difference**2), (k,)),))


LOSSES: dict[str, Callable[[Tensor, Tensor], Equation]] = {"half_squared_error": half_squared_error}
LATER_LOSSES = ("mse", "cross_entropy", "binary_cross_entropy")


def check_loss(name: object) -> None:
    """Refuse what is no loss, or none yet."""
    known = ", ".join(LOSSES)
    if name is not None and not isinstance(name, str):
        raise InputError(f"loss={name!r}: expected one of {known}, or 'none'")
    if name in LATER_LOSSES:
        raise NotSupportedYetError(f"loss={name!r} is not supported yet; use one of {known}")
    if name is not None and name not in LOSSES:
        raise InputError(f"loss={name!r}: unknown; expected one of {known}, or 'none'")
