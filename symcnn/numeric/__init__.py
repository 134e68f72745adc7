"""Programs made from printed equations or from the scalar graph, and the displayed expressions evaluated."""

from symcnn.numeric import displayed  # registers Derivation.evaluate
from symcnn.numeric.parameters import as_theta, initial_values
from symcnn.numeric.program import PROGRAMS, ArrayProgram, Program, PythonProgram, Trainer, compile_program

__all__ = [
    "PROGRAMS", "ArrayProgram", "Program", "PythonProgram", "Trainer", "as_theta", "compile_program", "displayed",
    "initial_values",
]  # fmt: skip
