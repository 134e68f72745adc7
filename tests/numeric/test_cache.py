"""Nests as machine code: every word of their language does what Python does with it; no other word is compiled."""

import ast
import math

import numpy as np
import pytest

from symcnn.numeric.cache import compiled, numba_is_there
from tests.tools import oracles
from tests.tools.networks import from_seed

pytestmark = pytest.mark.skipif(not numba_is_there(), reason="numba is not installed: pip install numba")

HEAD = "from math import exp, inf, log, log1p, sqrt, tanh\nimport numpy as np\nreal = np.float64\n"
CALLER = "\ndef program(a, b, c):\n    nest_1(a, b, c)\n"


def nest(body, head=HEAD):
    lines = "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))
    return f"{head}\ndef nest_1(a, b, c):\n{lines}\n{CALLER}"


def both(source, a, b, size):
    """What Python and what the compiler put into c."""
    space, found = {}, []
    exec(source, space)
    for function in (space["program"], compiled(source, "program")):
        c = np.zeros(size)
        with np.errstate(all="ignore"):
            function(a.copy(), b.copy(), c)
        found.append(c)
    return found


NUMBERS = np.array([0.0, -0.0, 1.0, -2.5, 1e-300, 1e300, math.inf, -math.inf, math.nan, 0.25])

BODIES = {
    "arithmetic": """
for n in range(10):
    x = a[n]*b[n] + a[n]/b[n] - b[n]
    c[n] = -x
    c[n + 10] = (a[n] + b[n])*(a[n] - 2.0)
""",
    "comparisons": """
for n in range(10):
    first = (a[n] > b[n]) | (a[n] != a[n])
    c[n] = 1.0 if first else 0.0
    c[n + 10] = a[n] if a[n] <= b[n] else b[n]
    c[n + 20] = 3.0 if (a[n] == b[n]) & (b[n] >= 0.0) else -inf
    c[n + 30] = 1.0 if a[n] < b[n] else 0.0
""",
    "functions": """
for n in range(10):
    c[n] = exp(-abs(a[n] if a[n] <= 700.0 else 700.0))
    c[n + 10] = tanh(a[n])
    c[n + 20] = sqrt(abs(b[n])) + log1p(abs(a[n]))
    c[n + 30] = log(abs(a[n]) + 1.0)
""",
    "sums": """
for at_k in range(0, 4, 2):
    total = real(0.0)
    other = 0.0
    for n in range(5):
        total += a[2*at_k + n]*0.5
        other += total
    c[at_k] += total
    c[at_k + 1] += other
    c[at_k] += 1.0
""",
    "numbers of candidates": """
for at_u in range(3):
    for n in range(2, 10, 3):
        c[10*at_u + n] = real(3*at_u + n + 1)
for at in range(0):
    c[at] = inf
""",
}


@pytest.mark.parametrize("body", BODIES)
def test_it_does_what_python_does(body):
    finite = np.where(np.isfinite(NUMBERS), np.clip(NUMBERS, -1e10, 1e10), 0.5)
    pairs = [(finite, finite[::-1] + 0.125), (np.linspace(-3, 3, 10), np.linspace(2, -1, 10))]
    if body == "comparisons":
        pairs += [(NUMBERS, np.roll(NUMBERS, k)) for k in range(10)]
    for a, b in pairs:
        wanted, found = both(nest(BODIES[body]), a, b, 40)
        assert wanted.any()
        assert np.allclose(found, wanted, rtol=1e-14, atol=0, equal_nan=True)


def test_what_is_not_finite_goes_through():
    wanted, found = both(nest(BODIES["arithmetic"]), NUMBERS, np.ones(10), 20)
    assert np.array_equal(np.isnan(found), np.isnan(wanted))
    assert np.array_equal(np.isinf(found), np.isinf(wanted))


def test_constants_and_single_precision():
    head = HEAD.replace("float64", "float32") + "count = np.array([0.5, 3.0], dtype=real)\n"
    source = nest("for at in range(2):\n    for n in range(4):\n        c[4*at + n] = a[n]*count[at] + real(0.1)", head)
    a, c = np.arange(4, dtype=np.float32), np.zeros(8, np.float32)
    compiled(source, "program")(a, a, c)
    assert np.array_equal(c, np.concatenate([a * np.float32(0.5), a * np.float32(3)]) + np.float32(0.1))


@pytest.mark.parametrize(
    "line",
    ["c[0] = a[0]**b[0]", "c[0] = sin(a[0])", "c[0] -= a[0]", "while a[0]: pass", "c[0] = a[1 - 2]", "c[0] = max(a)",
     "c[0] = missing[0]", "for n in a: c[0] = n", "c[0] = a[0] if not b[0] else 1.0", "import os"],
)  # fmt: skip
def test_no_other_word_is_compiled(line):
    ast.parse(line)
    with pytest.raises(Exception, match=r"no rule to compile"):
        compiled(nest(line), "program")(np.ones(3), np.ones(3), np.ones(3))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [pytest.param(s, marks=[] if s < 1 else pytest.mark.slow) for s in range(40)])
def test_compiled_random_networks_agree_with_the_oracle(seed):
    """Any layer, stride, padding and loss, as machine code."""
    from symcnn.numeric.compiled import compile_program

    net, theta, images, targets = from_seed(seed)
    loss, gradient = compile_program(net, "numba loops").loss_and_gradient(theta, images, targets)
    wanted = oracles.gradient(net, theta, images, targets)
    assert loss == pytest.approx(oracles.loss(net, theta, images, targets).real, rel=1e-12)
    assert np.abs(gradient - wanted).max() < 1e-11 * max(np.abs(wanted).max(), 1e-9)
