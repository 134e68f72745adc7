"""Training: ``symcnn.train(network, data)``, and ``python -m symcnn.train`` as a command."""

from symcnn.train.checkpoint import load_checkpoint
from symcnn.train.loop import train
from symcnn.train.metrics import Epoch
from symcnn.train.run import Run
from symcnn.train.settings import Course, Progress

__all__ = ["Course", "Epoch", "Progress", "Run", "load_checkpoint", "train"]
