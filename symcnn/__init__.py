"""Take a small convolutional network apart, symbolically: derive, prove, train and export every number in it."""

from symcnn import article
from symcnn.certificate import write_certificate
from symcnn.derivation import Derivation, derive
from symcnn.errors import InputError, NotSupportedYetError, SymcnnError, TrainingDivergedError
from symcnn.excel import export_workbook
from symcnn.network import (
    Activation,
    AvgPool2D,
    Conv2D,
    Data,
    Dense,
    Flatten,
    MaxPool2D,
    Network,
    read_data,
    read_network,
)
from symcnn.numeric import Program
from symcnn.numeric import compile_program as compile
from symcnn.report import write_report
from symcnn.train import Run
from symcnn.train import train as train
from symcnn.verification import Verification, verify
from symcnn.version import __version__

__all__ = [
    "Activation", "AvgPool2D", "Conv2D", "Data", "Dense", "Derivation", "Flatten", "InputError", "MaxPool2D",
    "Network", "NotSupportedYetError", "Program", "Run", "SymcnnError", "TrainingDivergedError", "Verification",
    "__version__", "article", "compile", "derive", "export_workbook", "read_data", "read_network", "train",
    "verify", "write_certificate", "write_report",
]  # fmt: skip
