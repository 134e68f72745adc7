"""Training: ``symcnn.train(network, data)``, and ``python -m symcnn.train`` as a command."""

from symcnn.train.loop import Progress, train
from symcnn.train.run import Run

__all__ = ["Progress", "Run", "train"]
