"""The equations that softmax and cross-entropy share.

    m = max_j z[j]        u[j] = exp(z[j] - m)        s = Σ_j u[j]

Neither u/s nor log(s) + m depends on m: it is there so that no exponential overflows, and nothing is differentiated
through it.
"""

from dataclasses import dataclass

from symcnn.network.names import Names
from symcnn.symbolic import Access, Affine, Axis, Equation, Tensor, TensorKind, Term, exp


@dataclass(frozen=True)
class Exponentials:
    """The tensors m (largest), u (powers) and s (sum), and the equations that state them."""

    largest: Tensor
    powers: Tensor
    sum: Tensor
    equations: tuple[Equation, ...]


def exponentials(source: Tensor, axis: Axis, names: Names) -> Exponentials:
    """Of a tensor with one dimension."""
    m, u, s = (
        names.tensor(TensorKind.LARGEST, ()),
        names.tensor(TensorKind.EXPONENTIAL, source.shape),
        names.tensor(TensorKind.TOTAL, ()),
    )
    index = (Affine(((axis.name, 1),)),)
    z, power = Access(source, index), Access(u, index)
    equations = (
        Equation(Access(m, ()), (), (Term((z,), (axis,)),), "max", constant=True),
        Equation(power, (axis,), (Term((exp(z - Access(m, ())),)),)),
        Equation(Access(s, ()), (), (Term((power,), (axis,)),)),
    )
    return Exponentials(m, u, s, equations)
