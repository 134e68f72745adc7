"""A layer of one's own: verification asks its equation, whatever its window looks like."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import symcnn
from symcnn.symbolic import Access, Affine


@dataclass(frozen=True)
class Dilated(symcnn.Conv2D):
    """Every other cell of the image under the filter."""

    def state(self, source, names, final):
        made = symcnn.Conv2D(self.filters, 2 * self.kernel_size - 1, bias=self.bias).state(
            source, names.__class__(), final
        )
        plain = symcnn.Conv2D(self.filters, self.kernel_size, bias=self.bias).state(source, names, final)
        x = replace(plain.output, shape=made.output.shape)
        (equation,) = plain.equations
        sizes = {"r": x.shape[-2], "c": x.shape[-1]}
        axes = tuple(replace(a, size=sizes.get(a.name, a.size)) for a in equation.axes)
        index = (Affine((("r", 1), ("p", 2))), Affine((("c", 1), ("q", 2))))
        first = replace(equation.terms[0], factors=(Access(source, index), equation.terms[0].factors[1]))
        new = replace(equation, target=Access(x, equation.target.index), axes=axes, terms=(first, *equation.terms[1:]))
        return replace(plain, output=x, equations=(new,), feature_maps=(x,))


@pytest.mark.slow
@pytest.mark.parametrize("size", [4, 5])
def test_a_dilated_convolution_is_verified(size):
    net = symcnn.Network((size, size), [Dilated(1, 2, bias=False), symcnn.Dense(2, "sigmoid")])
    assert net.forward.feature_maps[0].shape == (size - 2, size - 2)
    found = symcnn.verify(net)
    assert found.ok, found
    assert not any("convolution of I" in row.claim for row in found.rows)
    rng = np.random.default_rng(0)
    theta = rng.uniform(-1, 1, len(net.parameters))
    image = rng.uniform(size=(size, size))
    f = theta[:4].reshape(2, 2)
    x = sum(f[p, q] * image[2 * p : 2 * p + size - 2, 2 * q : 2 * q + size - 2] for p in (0, 1) for q in (0, 1))
    w, b = theta[4:-2].reshape(-1, 2), theta[-2:]
    wanted = 1 / (1 + np.exp(-(x.ravel() @ w + b)))
    assert np.allclose(symcnn.compile(net).predict(theta, image[None])[0], wanted)


def test_a_plain_convolution_still_has_its_row():
    found = symcnn.verify(symcnn.Network((3, 3), [symcnn.Conv2D(1, 2, normalize=True), symcnn.Dense(1)]))
    assert found.ok
    assert any("convolution of I" in row.claim for row in found.rows)
