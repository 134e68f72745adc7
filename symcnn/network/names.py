"""Which letters a network's quantities have, and how many of each kind there already are.

    i image · f filter · x feature map · a activated map ·
    p pooled map · z preactivation · h hidden neuron · o output · w weight · b bias · t target · E error ·
    softmax: m the largest, u exponentials, s their sum, y probabilities · q shares of a mean

A further layer of a kind takes a letter after its own: f, fb, fc, …; x, xb, xc, … Axes of length 1 that only count
filters or channels do not exist in a tensor, so no name carries them.
"""

from collections import Counter
from keyword import iskeyword
from string import ascii_lowercase

from sympy import Rational

from symcnn.symbolic import Role, Tensor, TensorKind


class Names:
    """Hands out the tensors of one network, each with letters of its own."""

    def __init__(self) -> None:
        self._taken: Counter[TensorKind] = Counter()

    def letters(self, kind: TensorKind) -> str:
        """``x``, then ``xb``, ``xc``, …, ``xz``, ``xbb``, … (``xa`` is left out: it would look like a first)."""
        while True:
            letters = kind.value + _suffix(self._taken[kind])
            self._taken[kind] += 1
            if not iskeyword(letters):  # the nineteenth activated map would be "as"
                return letters

    def tensor(
        self, kind: TensorKind, shape: tuple[int, ...], role: Role = "value", values: tuple[Rational, ...] = ()
    ) -> Tensor:
        letters = self.letters(kind)
        # a single quantity has no index: m, s
        return Tensor(letters, shape, ((f"{letters}_" if shape else letters, len(shape)),), role, values, kind)


def _suffix(n: int) -> str:
    text = ""
    while n:
        n, digit = divmod(n - 1, 25)
        text = ascii_lowercase[1 + digit] + text
    return text


def preactivation(of: Tensor) -> Tensor:
    name = f"z_{of.letters}"
    return Tensor(name, of.shape, ((name, len(of.shape)),), kind=TensorKind.PREACTIVATION, target=of)


def weights(source: Tensor, target: Tensor) -> Tensor:
    a, b = source.letters, target.letters
    parts = ((f"w_{a}", len(source.shape)), (b, len(target.shape)))
    shape = source.shape + target.shape
    return Tensor(f"w_{a}{b}", shape, parts, "parameter", kind=TensorKind.WEIGHT, source=source, target=target)


def bias(target: Tensor, size: int) -> Tensor:
    """One bias for each of the target's neurons or filters."""
    name = f"b_{target.letters}"
    return Tensor(name, (size,), ((name, 1),), "parameter", kind=TensorKind.BIAS, target=target)
