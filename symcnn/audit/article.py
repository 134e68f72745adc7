"""The article's printed equations, held against the derivation: agrees, under a reading, cut off (what it must be)."""

from symcnn.article import network, printed
from symcnn.article.printed import PrintedComparison, State
from symcnn.audit.correction import Paths
from symcnn.audit.judge import ChainJudge
from symcnn.audit.notation import Notation
from symcnn.audit.style import Style
from symcnn.audit.tables import TableAudit, tables
from symcnn.audit.verdicts import Judged
from symcnn.derivation import Derivation, derive
from symcnn.formula import tree
from symcnn.formula.reader import Chain, FormulaReader, NumberTable, fragments, read_display
from symcnn.formula.steps import replaced
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError, Spelled


def held(derivation: Derivation | None = None) -> tuple[PrintedComparison, ...]:
    """Every equation that the article prints, and those that are hidden in the text that survives."""
    return _Bench(derivation or derive(network())).held()


def tables_held() -> tuple[TableAudit, ...]:
    """The tables of numbers that the article prints in its first part, each with the operation that gives it."""
    numbers = [f for f in fragments(printed.tables_text()) if isinstance(f, NumberTable)]
    return tuple(tables(numbers, printed.tables()))


class _Bench:
    def __init__(self, derivation: Derivation) -> None:
        self._reader = FormulaReader()
        self._spelled = Spelled(derivation.quantities)
        self._meaning = (notation := Notation(derivation, self._spelled)).meaning
        self._judge = ChainJudge(notation)
        self._read = {e.id: read_display(e.latex, self._reader) for e in printed.equations()}
        self._chains = [chain for found in self._read.values() for chain in found]
        self._style = Style(derivation, self._spelled, self._reader.raw, self._chains, ",")
        self._paths = Paths(derivation, self._style.typography, self._meaning)

    def held(self) -> tuple[PrintedComparison, ...]:
        found = []
        carried: Node | None = None
        left: tuple[Node, ...] = ()
        for equation in printed.equations():
            chains, judged = self._read[equation.id], []
            for chain in chains:
                judged.append(self._judge.chain(chain, carried if chain.goes_on else None))
                carried = judged[-1].good
            left = left if equation.goes_on else _left(chains)
            found.append(self._held(equation, judged, left))
        return (*found, *map(self._missing, printed.missing()))

    def _held(
        self, equation: printed.PrintedEquation, judged: list[Judged], left: tuple[Node, ...]
    ) -> PrintedComparison:
        readings = tuple(dict.fromkeys(r for j in judged for r in j.readings))
        state = _state(equation, judged)
        must_be = self._must_be(left[0]) if state == "cut" else ("", None)
        here = (equation.here,) if equation.here else self._quantities(left)
        return PrintedComparison(equation.id, equation.latex, state, readings, *must_be, left, here, equation.goes_on)

    def _missing(self, latex: str) -> PrintedComparison:
        left = self._reader.read(latex)
        return PrintedComparison("", latex, "missing", (), *self._must_be(left), (left,), self._quantities((left,)))

    def _must_be(self, left: Node) -> tuple[str, tree.Equality | None]:
        """What must stand on the right, told as the article tells it of a quantity of the same kind."""
        right = self._paths.correction(left, self._like(left) or left)
        if right is None:
            return "", None
        latex = self._style.latex(right)
        sides = (left, self._reader.read(latex))
        return latex, tree.Equality(tuple(replaced(side, self._spelled.canonical) for side in sides))

    def _like(self, left: Node) -> Node | None:
        if not isinstance(left, tree.Partial) or not isinstance(left.by, tree.Symbol):
            return None
        for chain in self._chains:
            first, *rest = (m.node for m in chain.members)
            if (
                isinstance(first, tree.Partial) and first.of == left.of and isinstance(first.by, tree.Symbol)
                and first.by.letter == left.by.letter and rest
            ):  # fmt: skip
                return rest[-1]
        return None

    def _quantities(self, left: tuple[Node, ...]) -> tuple[str, ...]:
        """The names of the quantities on the left: "x_11", "dE_dx_11"."""
        found = []
        for node in left:
            parts = (node.of, node.by) if isinstance(node, tree.Partial) else (node,)
            try:
                names = [str(self._meaning.scalar(part)) for part in parts]
            except MeaningError:
                continue
            found.append(names[0] if len(names) == 1 else f"d{names[0]}_d{names[1]}")
        return tuple(found)


def _state(equation: printed.PrintedEquation, judged: list[Judged]) -> State:
    if equation.garbled:
        return "garbled"
    if any(j.verdict != "true" for j in judged):
        return "differs"
    if equation.cut:
        return "cut"
    return "reading" if any(j.readings for j in judged) else "agrees"


def _left(chains: list[Chain]) -> tuple[Node, ...]:
    """The left sides that could be read."""
    nodes = (chain.members[0].node for chain in chains)
    return tuple(node for node in nodes if node is not None)
