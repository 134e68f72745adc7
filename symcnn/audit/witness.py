"""Numbers that show that a member is wrong: at one choice of parameters, pixels and targets, what stands there is one
number and what should stand there another.

Several choices are tried: where a gate is closed or a maximum elsewhere, both sides may be 0 although one is wrong.
"""

import random
from collections.abc import Iterator, Sequence
from functools import cached_property

from sympy import Expr, Symbol

from symcnn.audit.notation import MAX_IMAGES, Notation, number_of
from symcnn.audit.verdicts import Counterexample, Read
from symcnn.formula import tree
from symcnn.formula.meaning import EntryGroup, Meaning, Value, pairs
from symcnn.formula.steps import leaves
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError
from symcnn.proof.algebra import PointAlgebra
from symcnn.proof.paths import QuantityTable, inputs, shares

#: Choices that are tried; quantities whose values are told with a counterexample; entries of a group.
MAX_CHOICES, MAX_TOLD, MAX_ENTRIES = 40, 12, 4

#: Values have two decimals.
_VALUES = [n / 100 for n in range(-95, 96) if n]


class Witness:
    """Looks for counterexamples over one text's notation."""

    def __init__(self, notation: Notation) -> None:
        self._notation = notation
        self._choices: list[QuantityTable] = []

    def differ(self, a: Read, b: Read) -> bool:
        """Do their values differ at the first choice? A quick way to refute."""
        return any(found is not None for found in self._differences(a, b, self._choice(0)))

    def number(self, expression: Expr) -> float | None:
        """A value at the first choice; None where it has none."""
        return number_of(expression, self._choice(0))

    def shows(self, wrong: Read, right: Read) -> Counterexample | None:
        """Where the two differ; of a wrong member without a value what should stand there, alone."""
        if not wrong.values or len(wrong.values) != len(right.values) or not self._fits(wrong, right):
            return self._alone(wrong, right)
        for n in range(MAX_CHOICES):
            quantities = self._choice(n)
            for place, found in enumerate(self._differences(wrong, right, quantities)):
                if found is not None:
                    at = self._told((wrong.node, right.node), right.meanings[place], quantities)
                    return Counterexample((found[0],), (found[1],), at)
        return None

    def _fits(self, wrong: Read, right: Read) -> bool:
        try:
            return all(pairs(a, b, wrong.node) for a, b in zip(wrong.values, right.values, strict=True))
        except MeaningError:
            return False

    def _alone(self, wrong: Read, right: Read) -> Counterexample | None:
        if not right.values:
            return None
        for n in range(MAX_CHOICES):
            quantities = self._choice(n)
            values = self._values(right.values[0], quantities)
            if values:
                written = self._values(wrong.values[0], quantities) if wrong.values else ()
                at = self._told((right.node,), right.meanings[0], quantities)
                return Counterexample(written, values, at)
        return None

    def _values(self, value: Value, quantities: QuantityTable) -> tuple[float, ...]:
        """The first entries of a group, or the value of one quantity; none where one of them has no number."""
        entries = value.entries[:MAX_ENTRIES] if isinstance(value, EntryGroup) else (value,)
        found = [number_of(entry, quantities) for entry in entries]
        return tuple(v for v in found if v is not None) if None not in found else ()

    def _differences(self, a: Read, b: Read, quantities: QuantityTable) -> Iterator[tuple[float, float] | None]:
        """At every point of the free letters: the first entries that differ."""
        for left, right in zip(a.values, b.values, strict=True):
            try:
                entries = pairs(left, right, a.node)
            except MeaningError:
                return
            yield _difference(entries, quantities)

    def _told(
        self, members: Sequence[Node], meaning: Meaning, quantities: QuantityTable
    ) -> tuple[tuple[Node, float], ...]:
        """The values of what stands in the members: symbols, and derivatives as a whole."""
        letters = [(tree.Symbol(letter), float(n)) for letter, n in sorted(meaning.point.items())]
        found: dict[Node, float] = dict(letters)
        for leaf in dict.fromkeys(leaf for member in members for leaf in leaves(member)):
            try:
                value = number_of(meaning.scalar(self._notation.resolved(leaf)), quantities)
            except MeaningError:
                continue
            if value is not None:
                found[leaf] = value
        return tuple(found.items()) if len(found) <= MAX_TOLD else ()

    def _choice(self, n: int) -> QuantityTable:
        while len(self._choices) <= n:
            chosen = random.Random(len(self._choices))
            values = {symbol: chosen.choice(_VALUES) for symbol in self._inputs}
            derivation = self._notation.derivation
            if derivation.network.loss == "cross_entropy":  # shares, as everyone has them
                for last, others in shares(derivation, self._images):
                    values[last] = round(1 - sum(values[other] for other in others), 2)
            self._choices.append(QuantityTable(derivation, PointAlgebra(values), self._images))
        return self._choices[n]

    @cached_property
    def _inputs(self) -> list[Symbol]:
        return inputs(self._notation.derivation, self._images)

    @property
    def _images(self) -> tuple[int, ...]:
        return (0, *range(1, MAX_IMAGES + 1))


def _difference(entries: Sequence[tuple[Expr, Expr]], quantities: QuantityTable) -> tuple[float, float] | None:
    for one, other in entries:
        left, right = number_of(one, quantities), number_of(other, quantities)
        if left is not None and right is not None and abs(left - right) > 1e-9 * max(1, abs(left), abs(right)):
            return left, right
    return None
