"""Programs made from printed equations or from the scalar graph, and the displayed expressions evaluated."""

from symcnn.numeric.backends import BACKENDS, compile_program
from symcnn.numeric.cache import numba_is_there
from symcnn.numeric.compiled import NumbaProgram
from symcnn.numeric.parameters import as_theta, given_by_name, initial_values
from symcnn.numeric.program import PROGRAMS, ArrayProgram, Descend, Program, PythonProgram

__all__ = [
    "BACKENDS",
    "PROGRAMS",
    "ArrayProgram",
    "Descend",
    "NumbaProgram",
    "Program",
    "PythonProgram",
    "as_theta",
    "compile_program",
    "given_by_name",
    "initial_values",
    "numba_is_there",
]  # fmt: skip
