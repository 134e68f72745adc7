"""What a user holds goes through pickle and copy, and gives the same afterwards; a derivation is a mapping."""

import copy
import pickle

import numpy as np
import pytest

import symcnn
from symcnn.errors import UnknownQuantityError
from symcnn.formula.written import MeaningError

KINKED = symcnn.Network(
    (4, 4), [symcnn.Conv2D(2, 3), symcnn.Activation("relu"), symcnn.MaxPool2D(2), symcnn.Dense(3)], "cross_entropy"
)
WAYS = [lambda thing: pickle.loads(pickle.dumps(thing)), copy.copy, copy.deepcopy]


@pytest.mark.parametrize("way", WAYS)
def test_what_has_an_equality_is_equal_afterwards(way, net, derivation):
    d = symcnn.derive(KINKED)
    assert d.graph.forward["E"].expression != 0  # as after some use
    for thing in (
        net, KINKED, *KINKED.layers, d, d["f_111"], *d.equations, d.backward, d["x_111"].formula, KINKED.forward,
        derivation["f_12"].steps[0], derivation.prove(),
    ):  # fmt: skip
        assert way(thing) == thing


@pytest.mark.parametrize("way", WAYS)
def test_what_has_been_used_works_afterwards(way, net, data):
    run = symcnn.train(net, data, steps=5)
    assert np.array_equal(way(run).predict(data.images), run.predict(data.images))
    program = symcnn.compile(net, "python")
    before = program.loss_and_gradient(run.theta, data.images, data.targets)
    after = way(program).loss_and_gradient(run.theta, data.images, data.targets)
    assert before[0] == after[0]
    assert np.array_equal(before[1], after[1])
    assert np.array_equal(way(data).images, data.images)
    assert way(symcnn.derive(KINKED))["x_111"].formula == symcnn.derive(KINKED)["x_111"].formula
    assert list(way(symcnn.derive(net).gradients).items()) == list(symcnn.derive(net).gradients.items())


def test_errors_go_through_pickle():
    for error in (
        symcnn.InputError("a line"), UnknownQuantityError("'q': no"), symcnn.TrainingDivergedError("step 3"),
        MeaningError("unlabelled", word="x", known="y"),
    ):  # fmt: skip
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))


def test_a_derivation_is_a_mapping(derivation, net):
    assert list(derivation) == list(derivation.gradients) == list(derivation.keys())
    assert len(derivation) == 24
    assert "f_12" in derivation
    assert "h_1" in derivation
    assert "i_11" not in derivation
    assert 3 not in derivation
    assert derivation.get("q") is None
    assert dict(derivation)["f_12"] == derivation["f_12"]
    assert [g.name for g in derivation.values()] == list(derivation)
    assert symcnn.derive(net) == symcnn.derive(net) != symcnn.derive(net, 3)


def test_an_unknown_name_is_a_short_key_error():
    large = symcnn.derive(symcnn.Network((20, 20), [symcnn.Dense(12), symcnn.Dense(3)]))
    for name in ("w_i0101h1", "w_i0101h1" * 5000, "q", 3):
        with pytest.raises(KeyError) as error:
            large[name]
        assert len(str(error.value)) < 300
    with pytest.raises(KeyError, match="did you mean 'w_i0101h1"):
        large["w_i0101h1"]
    with pytest.raises(symcnn.InputError, match="expected one of 4851 names") as error:
        symcnn.compile(large.network).loss_and_gradient({"w": 1}, np.zeros((1, 20, 20)), np.zeros((1, 3)))
    assert len(str(error.value)) < 300
