"""The backends by name."""

from symcnn.errors import InputError, quoted
from symcnn.network import Network
from symcnn.numeric.compiled import LoopsProgram, NumbaProgram
from symcnn.numeric.program import PROGRAMS, Program

#: Every backend; "numba" needs the extra ``fast``.
BACKENDS: dict[str, type[Program]] = {**PROGRAMS, NumbaProgram.backend: NumbaProgram}


#: And those that nobody asks for by name, only verification does.
_EVERY: dict[str, type[Program]] = {**BACKENDS, LoopsProgram.backend: LoopsProgram}


def compile_program(network: Network, backend: str = "numpy", dtype: str = "float64") -> Program:
    """A network as a program of one of the backends "numpy", "expressions", "python", "numba"; see ``Program``.

    Args:
        dtype: "float64" or "float32" ("numpy" and "numba").

    Raises:
        InputError: an unknown backend, or one that is not installed.
    """
    if backend not in _EVERY:
        raise InputError(f"backend={quoted(backend)}: unknown; expected one of {', '.join(BACKENDS)}")
    return _EVERY[backend](network, dtype)
