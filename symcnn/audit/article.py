"""The article's printed equations, held against the derivation: agrees, under a reading, cut off (what it must be)."""

from dataclasses import dataclass
from typing import Literal

from symcnn.article import network, printed
from symcnn.audit.correction import Paths
from symcnn.audit.judge import Judge
from symcnn.audit.notation import Notation
from symcnn.audit.style import Style
from symcnn.audit.verdicts import Judged
from symcnn.derivation import Derivation, derive
from symcnn.formula.reader import Reader, read_display
from symcnn.formula.spelled import Spelled
from symcnn.formula.tree import Node


@dataclass(frozen=True)
class Held:
    """One printed equation, or a missing one.

    Attributes:
        id: of the equation; empty: it is missing in the text that survives.
        latex: the equation, or the left side of a missing one.
        state: "reading": it agrees under the readings that are named; "cut": it agrees as far as it goes.
        must_be: of a cut or missing one: the right side, in the article's typography.
    """

    id: str
    latex: str
    state: Literal["agrees", "reading", "cut", "garbled", "missing", "differs"]
    readings: tuple[str, ...] = ()
    must_be: str = ""


def held(derivation: Derivation | None = None) -> tuple[Held, ...]:
    """Every equation that the article prints, and those that are hidden in the text that survives."""
    return _Bench(derivation or derive(network())).held()


class _Bench:
    def __init__(self, derivation: Derivation) -> None:
        self._reader = Reader()
        spelled = Spelled(derivation.scalars)
        notation = Notation(derivation, spelled)
        self._judge = Judge(notation)
        self._read = {e.id: read_display(e.latex, self._reader) for e in printed.equations()}
        chains = [chain for found in self._read.values() for chain in found]
        self._style = Style(derivation, spelled, self._reader.raw, chains, ",")
        self._paths = Paths(derivation, self._style.typography, notation.meaning)

    def held(self) -> tuple[Held, ...]:
        found = []
        carried: Node | None = None
        for equation in printed.equations():
            judged = []
            for chain in self._read[equation.id]:
                judged.append(self._judge.chain(chain, carried if chain.goes_on else None))
                carried = judged[-1].good
            found.append(self._held(equation, judged))
        missing = (Held("", left, "missing", (), self._must_be(left)) for left in printed.missing())
        return (*found, *missing)

    def _held(self, equation: printed.Equation, judged: list[Judged]) -> Held:
        readings = tuple(dict.fromkeys(r for j in judged for r in j.readings))
        if equation.garbled:
            return Held(equation.id, equation.latex, "garbled")
        if any(j.verdict != "true" for j in judged):
            return Held(equation.id, equation.latex, "differs")
        if equation.cut:
            left = self._read[equation.id][0].members[0].text
            return Held(equation.id, equation.latex, "cut", readings, self._must_be(left))
        return Held(equation.id, equation.latex, "reading" if readings else "agrees", readings)

    def _must_be(self, left: str) -> str:
        node = self._reader.read(left)
        found = self._paths.correction(node, node)
        return "" if found is None else self._style.latex(found)
