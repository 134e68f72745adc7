"""Settings that cannot be used are refused, each with its value and the remedy; and what the defaults are."""

import pytest

import symcnn
from symcnn.train.settings import RATES, choose, choose_for_epochs


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0}, "learning_rate=0: expected a finite number above 0"),
        ({"learning_rate": -1.0}, "learning_rate=-1.0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"learning_rate": float("inf")}, "learning_rate=inf"),
        ({"learning_rate": "fast"}, "learning_rate='fast'"),
        ({"steps": -1}, "steps=-1: expected a whole number"),
        ({"steps": 10**400}, "steps=1000000000000000000000000000…00000000000000000000000000000: expected at most"),
        ({"initial": [10**400] * 20}, "parameters: expected 20 numbers"),
        ({"steps": 1.5}, "steps=1.5"),
        ({"seed": -1}, "seed=-1"),
        ({"backend": "gpu"}, "backend='gpu': unknown; expected one of auto"),
        ({"reduction": "max"}, "reduction='max'"),
        ({"stop_below": float("nan")}, "stop_below=nan"),
        ({"initial": [1.0]}, "parameters of shape"),
    ],
)
def test_settings_that_cannot_be_used(net, data, settings, message):
    with pytest.raises(symcnn.InputError) as error:
        symcnn.train(net, data, **settings)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size=0: expected a whole number, at least 1"),
        ({"batch_size": 2.5}, "batch_size=2.5"),
        ({"epochs": -1}, "epochs=-1: expected a whole number, at least 0"),
        ({"epochs": True}, "epochs=True"),
        ({"optimizer": "rmsprop"}, "optimizer='rmsprop': unknown; expected one of sgd, momentum, adam"),
        ({"dtype": "float16"}, "dtype='float16'"),
        ({"patience": 0}, "patience=0"),
        ({"epochs": 2, "learning_rate": 0}, "learning_rate=0"),
        ({"epochs": 2, "reduction": "max"}, "reduction='max'"),
        ({"epochs": 2, "initial": "zeros"}, "initial='zeros'"),
        ({"epochs": 2, "seed": -1}, "seed=-1"),
        ({"epochs": 2, "steps": 5}, "steps=5: a training by epochs counts epochs"),
        ({"epochs": 2, "backend": "gpu"}, "backend='gpu'"),
        ({"validation": ([[1.0]], [[1.0]])}, "validation: images of shape (1, 1)"),
        ({"epochs": 2, "checkpoint": "x.json"}, "x.json: unknown suffix"),
        ({"epochs": 2, "checkpoint": "no/x.npz"}, "no/x.npz: the folder no does not exist"),
        ({"epochs": 2, "resume": "missing.npz"}, "missing.npz: no such file"),
    ],
)
def test_settings_by_epochs_that_cannot_be_used(net, data, settings, message):
    with pytest.raises(symcnn.InputError) as error:
        symcnn.train(net, data, **settings)
    assert message in str(error.value)


@pytest.mark.parametrize("optimizer", RATES)
def test_the_default_rate_is_for_the_mean_of_a_batch(net, data, optimizer):
    """A sum over the batch is as many times larger, but adam's steps don't grow with the gradient."""
    for reduction, factor in (("mean", 1), ("sum", 1 if optimizer == "adam" else 2)):
        run = symcnn.train(net, data, epochs=0, batch_size=2, optimizer=optimizer, reduction=reduction)
        assert run.learning_rate == run.course.learning_rate == RATES[optimizer] / factor


def test_auto_says_what_it_chose_and_changes_with_the_size(net, data):
    assert choose(net, 2, 100) == "python"
    assert choose(net, 2, 10_000) == "python"
    assert choose(net, 10_000, 10_000) == "numpy"
    assert choose(net, 2, 10_000_000) == "numba"
    assert symcnn.train(net, data, steps=10).backend == "python"


def test_auto_takes_numba_for_many_samples_only(net):
    assert choose_for_epochs(net, 100, 64, "float64") == "numpy"
    assert choose_for_epochs(net, 1_000_000, 64, "float64") == "numba"
