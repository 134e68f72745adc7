"""Training: ``symcnn.train(network, data)``, and ``python -m symcnn.train`` as a command."""

from symcnn.train.metrics import Epoch
from symcnn.train.run import Run
from symcnn.train.settings import Progress, TrainConfig
from symcnn.train.store import load_checkpoint
from symcnn.train.trainer import train

#: The name in earlier versions.
Course = TrainConfig

__all__ = ["Course", "Epoch", "Progress", "Run", "TrainConfig", "load_checkpoint", "train"]
