"""Loop nests for a compiler, printed from the index-notation equations; see ``program.py`` for the whole."""

from symcnn.printers.loops.program import DIFFERENTIATE, LEARN, MEASURE, Loops, OptimizerUpdate, loops

__all__ = ["DIFFERENTIATE", "LEARN", "MEASURE", "Loops", "OptimizerUpdate", "loops"]
