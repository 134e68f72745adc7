"""The campaigns can fail."""

import numpy as np

import symcnn
from tests.tools import campaign, gradients


def test_the_campaign_can_fail(monkeypatch, capsys):
    """One entry of one tensor wrong by 1e-9 of it: the network's seed, the program and the tensor are named."""
    right = symcnn.compile

    class Wrong:
        def __init__(self, net, backend):
            self.program = right(net, backend)

        def loss_and_gradient(self, *values):
            loss, gradient = self.program.loss_and_gradient(*values)
            gradient = gradient.copy()
            gradient[np.argmax(np.abs(gradient))] *= 1 + 1e-9
            return loss, gradient

    assert campaign.main(["networks", "--count", "3", "--seed", "5", "--backends", "python"]) == 0
    assert "0 failures" in capsys.readouterr().out
    monkeypatch.setattr(symcnn, "compile", Wrong)
    assert campaign.main(["networks", "--count", "1", "--seed", "5", "--backends", "python"]) == 1
    assert "seed 5: python differs by 1e-09 in " in capsys.readouterr().out


def test_a_planted_error_that_is_missed_counts(monkeypatch, capsys):
    assert campaign.main(["planted", "--count", "3"]) == 0
    assert "3 of 3 planted errors caught" in capsys.readouterr().out
    monkeypatch.setattr(gradients, "accepts", lambda *_: True)
    assert campaign.main(["planted", "--count", "3"]) == 1
    assert "missed: " in capsys.readouterr().out
