"""The article's equations with one place changed, audited: what is caught, by kind, and where."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import symcnn
from symcnn.article import printed
from symcnn.audit.judge import ChainJudge
from symcnn.audit.notation import Notation
from symcnn.audit.style import Style
from symcnn.audit.verdicts import Judged
from symcnn.formula.reader import FormulaReader, read_display
from symcnn.formula.tree import Node
from symcnn.formula.written import Spelled
from tests.tools.equation_mutations import Mutation, mutations

#: What no audit can see, because what is written is then true, and a sound step.
UNDETECTABLE = (
    "a whole member, display or line that is missing",
    "one consistent renaming over a whole equation: of a bound or free index, h_1 and h_2, o_1 and o_2, the map transposed",
    "1 · i_12 written as i_12; brackets that change nothing; spaces; 0,78 written as 0,8",
    "in a text without a given network: a definition itself",
)


@dataclass
class Tally:
    """What was found, by kind of mutation."""

    tried: Counter[str] = field(default_factory=Counter)
    missed: list[tuple[str, Mutation]] = field(default_factory=list)
    elsewhere: list[tuple[str, Mutation]] = field(default_factory=list)
    false: int = 0
    unshown: list[tuple[str, Mutation]] = field(default_factory=list)  # no number shows that it is false
    uncorrected: list[tuple[str, Mutation]] = field(default_factory=list)  # nothing is told that would be true there

    def __str__(self) -> str:
        missed = Counter(m.kind for _, m in self.missed)
        return "\n".join(f"{kind:20} {count:6} tried, {missed[kind]} missed" for kind, count in self.tried.items())


class Bench:
    """The article's displays, and an audit that can begin at any of them."""

    def __init__(self) -> None:
        derivation = symcnn.derive(symcnn.article.network())
        self._reader = FormulaReader()
        self._judge = ChainJudge(Notation(derivation, Spelled(derivation.quantities)))
        self.equations = [e for e in printed.equations() if not e.garbled]
        chains = [c for e in self.equations for c in read_display(e.latex, self._reader)]
        self.style = Style(derivation, self._judge.notation.spelled, self._reader.raw, chains, ",")
        self._judge.writes_signs = self.style.writes_signs
        self._carried: list[Node | None] = [None]
        for equation in self.equations:
            found, after = self.judged(equation.latex, self._carried[-1])
            assert all(j.verdict == "true" for j in found), equation.id
            self._carried.append(after)

    def with_corrections(self) -> None:
        """Ask for what should stand there, too; that takes longer."""
        self._judge.style = self.style

    def judged(self, body: str, carried: Node | None) -> tuple[list[Judged], Node | None]:
        """The verdicts on a display, and what a continuation would go on from."""
        found = []
        for chain in read_display(body, self._reader):
            found.append(self._judge.chain(chain, carried if chain.goes_on else None))
            carried = found[-1].good
        return found, carried

    def is_corrected(self, n: int, mutation: Mutation, judged: list[Judged]) -> bool:
        """Is the display true with what is told in the place of what is false?"""
        body = mutation.body
        for chain, j in reversed(list(zip(read_display(body, self._reader), judged, strict=True))):
            if j.verdict == "false":
                if j.correction is None or j.member is None:
                    return False
                member = chain.members[j.member]
                body = body[: member.start] + self.style.latex(j.correction) + body[member.end :]
        again, _ = self.judged(body, self._carried[n])
        return all(j.verdict == "true" for j in again)

    def all(self) -> Iterator[tuple[int, Mutation]]:
        """Every mutation of every display."""
        for n, equation in enumerate(self.equations):
            for mutation in mutations(equation.latex):
                yield n, mutation

    def sample(self, count: int, seed: int) -> list[tuple[int, Mutation]]:
        return random.Random(seed).sample(list(self.all()), count)

    def run(self, chosen: Iterable[tuple[int, Mutation]], tell: Callable[[int], None] = lambda done: None) -> Tally:
        """Audit each: flagged, and on no other line."""
        tally = Tally()
        for done, (n, mutation) in enumerate(chosen, 1):
            equation = self.equations[n]
            tally.tried[mutation.kind] += 1
            found, after = self.judged(mutation.body, self._carried[n])
            if all(j.verdict in ("true", "mention") for j in found):
                tally.missed.append((equation.id, mutation))
            wrong = [j for j in found if j.verdict == "false"]
            tally.false += bool(wrong)
            if any(j.counterexample is None for j in wrong):
                tally.unshown.append((equation.id, mutation))
            if self._judge.style is not None and wrong and not self.is_corrected(n, mutation, found):
                tally.uncorrected.append((equation.id, mutation))
            following = self.equations[n + 1] if n + 1 < len(self.equations) else None
            if following is not None and following.goes_on:
                later, _ = self.judged(following.latex, after)
                if any(j.verdict != "true" for j in later):
                    tally.elsewhere.append((equation.id, mutation))
            tell(done)
        return tally
