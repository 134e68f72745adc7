"""The index-notation equations are checked at any size, and the check can fail."""

import time
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from sympy import Integer

import symcnn
from symcnn.proof.arithmetic import PRIME, Degrees, PrimeField, Reals
from symcnn.proof.equations import accepts
from symcnn.proof.interpret import Interpreter
from symcnn.symbolic import Access, Term, relu
from symcnn.verification import check_equations, planted, planted_equations
from tests.slow import rest_slow
from tests.tools import oracles
from tests.tools.networks import digits, from_seed, lenet


@pytest.mark.slow
def test_the_adjoints_of_random_networks_hold_in_scatter_and_in_gather_form():
    for seed in range(100):
        net, *_ = from_seed(seed)
        d = symcnn.derive(net)
        for adjoints in (d.backward, d.equations[len(d.forward) :]):
            verdict = check_equations(d, adjoints)
            assert verdict.status == "probable", (seed, net, verdict)
            assert 0 < verdict.epsilon <= 1e-12


def test_a_network_like_lenet_takes_seconds_at_most():
    start = time.process_time()
    net = lenet()
    d = symcnn.derive(net)
    verdict = check_equations(d)
    assert time.process_time() - start < 5
    assert len(net.parameters) == 44_426
    assert verdict.status == "probable"
    assert verdict.epsilon <= 1e-12
    assert "graph" not in vars(d)  # no scalar graph was made


@pytest.mark.parametrize("make", [symcnn.article.network, digits, lambda: from_seed(158)[0], lambda: from_seed(191)[0]])
def test_every_planted_error_is_caught(make):
    d = symcnn.derive(make())
    planted = planted_equations(d, 40)
    assert len(planted) == 40
    assert len({p.kind for p in planted}) >= 15
    for p in planted:
        assert not accepts(d, p.equations), (p.kind, p.right, p.wrong)


def wrong_signs(equations):
    """Each equation once with the other sign, and the tensor that it gives."""
    for n, equation in enumerate(equations):
        (first, *others) = equation.terms
        wrong = replace(equation, terms=(replace(first, factors=(Integer(-1), *first.factors)), *others))
        yield (*equations[:n], wrong, *equations[n + 1 :]), equation.target.tensor


POOLED_FIRST = [symcnn.MaxPool2D(2), symcnn.Conv2D(2, 2), symcnn.Activation("relu"), symcnn.Dense(2)]


@pytest.mark.parametrize(
    "make",
    rest_slow([lambda: symcnn.Network((6, 6), POOLED_FIRST), digits, lenet]),
    ids=["pooled first", "digits", "LeNet"],
)
def test_one_wrong_sign_in_any_equation_is_refuted_and_named(make):
    """Also in that of the image, and in one that no parameter rests on."""
    d = symcnn.derive(make())
    shown = d.equations[len(d.forward) :]
    assert {"dE_di", "dE_dp"} <= {e.target.tensor.name for e in shown}
    for equations in (d.backward, shown):
        for wrong, tensor in wrong_signs(equations):
            verdict = check_equations(d, wrong)
            assert verdict.status == "refuted", tensor.name
            if tensor.role == "gradient":  # nothing else rests on it
                assert verdict.counterexample == f"∂E/∂{tensor.primal.name}"
    verdict = check_equations(d, next(wrong for wrong, tensor in wrong_signs(shown) if tensor.name == "dE_di"))
    assert verdict.counterexample == "∂E/∂i"


def test_planted_errors_are_the_same_every_time(derivation):
    assert planted_equations(derivation, 30) == planted_equations(derivation, 30)


def test_a_planted_error_is_looked_for_when_it_is_asked_for(derivation, monkeypatch):
    """Of a large network each takes seconds, and a time limit ends them."""
    tried = []
    monkeypatch.setattr(planted, "_gradients_differ", lambda _: lambda equations: tried.append(equations) or True)
    assert list(islice(planted.each_planted_equation(derivation), 3))
    assert len(tried) == 3


def test_gates_and_maxima_are_among_the_planted_errors():
    kinds = {p.kind for p in planted_equations(symcnn.derive(digits()), 60)}
    assert {
        "gate missing",
        "gate the wrong way round",
        "maximum's choice missing",
        "index off by one of a maximum",
    } <= kinds


def test_with_gates_of_0_and_1_errors_hide(monkeypatch):
    """Why gates are field elements: real numbers at one image don't show what lies behind closed gates."""
    d = symcnn.derive(digits())
    planted = planted_equations(d, 100)
    right = PrimeField.symbol
    # each candidate wins, each gate opens, once in a hundred times
    monkeypatch.setattr(PrimeField, "symbol", lambda *a: (right(*a) % 100 == 0).astype(np.int64))
    hidden = [p.kind for p in planted if accepts(d, p.equations)]
    assert hidden


def test_a_refuted_derivation_names_the_gradients_that_are_wrong():
    net = from_seed(6)[0]  # convolution, relu, maximum, two dense layers
    d = symcnn.derive(net)
    (place,) = [n for n, e in enumerate(d.backward) if e.target.tensor.name == "dE_dw_ho"]
    wrong = replace(d.backward[place], terms=(Term((Integer(2), *d.backward[place].terms[0].factors)),))
    verdict = check_equations(d, (*d.backward[:place], wrong, *d.backward[place + 1 :]))
    assert verdict.status == "refuted"
    assert verdict.method.endswith(": ∂E/∂w_ho")


def test_that_nothing_depends_on_the_shift_of_a_softmax_is_checked(monkeypatch):
    """Reverse mode does not differentiate through it; where E does depend on it, that is wrong and is seen."""
    d = symcnn.derive(symcnn.Network((3,), [symcnn.Dense(2)], "cross_entropy"))
    assert check_equations(d)
    error = d.forward[-1]
    (term,) = error.terms
    (largest,) = [e.target.tensor for e in d.forward if e.constant]
    without = tuple(f.xreplace({Access(largest, ()): Integer(0)}) for f in term.factors)
    monkeypatch.setattr(d, "forward", (*d.forward[:-1], replace(error, terms=(replace(term, factors=without),))))
    assert check_equations(d).status == "refuted"


def test_what_has_no_rule_is_undecided_with_the_reason(derivation, monkeypatch):
    equation = derivation.forward[-1]
    (term,) = equation.terms
    inside = replace(equation, terms=(replace(term, factors=tuple(relu(f) for f in term.factors)),))
    d = symcnn.derive(derivation.network)
    monkeypatch.setattr(d, "forward", (*d.forward[:-1], inside))
    verdict = check_equations(d)
    assert verdict.status == "unknown"
    assert "relu inside a larger expression" in verdict.method


def test_what_is_too_large_is_said(derivation, monkeypatch):
    monkeypatch.setattr("symcnn.proof.equations.MOST_POINTS", 10)
    verdict = check_equations(derivation)
    assert verdict.status == "unknown"
    assert "at most 10" in verdict.method


def test_a_smaller_error_probability_takes_more_points(derivation):
    assert check_equations(derivation, epsilon=1e-60).epsilon <= 1e-60 < check_equations(derivation).epsilon


def test_pieces_add_up_to_the_whole(monkeypatch):
    d = symcnn.derive(from_seed(19)[0])
    monkeypatch.setattr("symcnn.proof.interpret.CHUNK", 8)
    assert check_equations(d)
    assert all(not accepts(d, p.equations) for p in planted_equations(d, 10))


def test_in_real_numbers_the_equations_give_the_gradient_of_the_oracle():
    for seed in range(40):
        net, theta, images, targets = from_seed(seed)
        d, stated = symcnn.derive(net), net.forward
        cuts = np.cumsum([p.size for p in stated.parameters])[:-1]
        given = {p: np.tile(v, (len(images), 1)) for p, v in zip(stated.parameters, np.split(theta, cuts), strict=True)}
        given |= {stated.image: images.reshape(len(images), -1), stated.targets: targets}
        direction = {p: np.ones_like(given[p]) for p in stated.parameters}
        run = Interpreter(Reals(), given, direction)
        run.run(d.forward)
        slope = run.slopes.pop(d.forward[-1].target.tensor).sum()
        run.slopes.clear()
        run.run(d.backward)
        found = np.concatenate([run.value(p.adjoint()).sum(0) for p in stated.parameters])
        wanted = oracles.gradient(net, theta, images, targets)
        scale = max(np.abs(wanted).max(), 1e-12)
        assert np.abs(found - wanted).max() <= 1e-12 * scale, (seed, net)
        assert abs(slope - wanted.sum()) <= 1e-11 * scale * len(theta), (seed, net)


def test_the_field():
    field = PrimeField(2, 0)
    values = field.random(np.random.default_rng(0), 5)
    assert np.all(field.times(values, field.inverse(values)) == 1)
    assert field.times(field.number(Integer(3) / 7), 7) == 3
    assert field.minus(0, 1) == PRIME - 1
    one, same, other = np.array([[1], [2]]), np.array([[1], [2]]), np.array([[1], [3]])
    assert np.array_equal(field.leaf(relu, one), field.leaf(relu, same))
    # the key is the argument at all points together
    assert not np.any(field.leaf(relu, one) == field.leaf(relu, other))


def test_the_field_is_that_of_whole_numbers():
    """Products by halves, sums of many, and what is brought to one place, held against Python's whole numbers."""
    rng, field = np.random.default_rng(3), PrimeField(2, 0)
    a, b = field.random(rng, 300), field.random(rng, 300)
    edges = [0, 1, 2**31 - 1, 2**31, PRIME - 1]
    a[0, :25], b[0, :25] = np.repeat(edges, 5), np.tile(edges, 5)
    whole, other = a.astype(object), b.astype(object)
    assert np.array_equal(field.times(a, b), whole * other % PRIME)
    assert np.array_equal(field.plus(a, b), (whole + other) % PRIME)
    assert np.array_equal(field.minus(a, b), (whole - other) % PRIME)
    assert np.array_equal(field.total(a, 1), whole.sum(1) % PRIME)
    assert field.total(np.full((1, 10**6), PRIME - 1), 1) == PRIME - 10**6
    places, into = rng.integers(0, 4, 300), field.random(rng, 4)
    sums = [[(row[p] + values[places == p].sum()) % PRIME for p in range(4)]
            for row, values in zip(into.astype(object), whole, strict=True)]  # fmt: skip
    field.scatter(into, places, a)
    assert into.tolist() == sums


def test_degrees_are_upper_bounds():
    a = Degrees()
    assert a.times(2, 3) == 5
    assert a.plus(np.array(2), 3) == 3
    assert a.cleared == 0
    assert a.inverse(np.array([1, 1])).tolist() == [2, 2]
    assert a.cleared == 2
