"""Programs made from printed equations or from the scalar graph, and the displayed expressions evaluated."""

from symcnn.numeric.cache import numba_is_there
from symcnn.numeric.compiled import BACKENDS, compile_program
from symcnn.numeric.program import PROGRAMS, ArrayProgram, Program, as_theta, initial_values, inputs_by_name

__all__ = [
    "BACKENDS", "PROGRAMS", "ArrayProgram", "Program", "as_theta", "compile_program", "initial_values",
    "inputs_by_name", "numba_is_there",
]  # fmt: skip
