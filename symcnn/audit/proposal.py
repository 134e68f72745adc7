"""A mapping that a text with names of its own could have: which quantity of the network each of them is.

A name that stands on the left of an equation whose right side is read is what that is: δ = (o_1 - t_1) o_1 (1 - o_1) is
∂E/∂z_o1. The same is decided as everywhere; a proposal that is put in makes its equation true. Nothing is guessed from
how a name looks.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sympy import Expr, Symbol

from symcnn.audit.notation import Notation
from symcnn.audit.style import Style
from symcnn.audit.witness import Witness
from symcnn.formula import tree
from symcnn.formula.meaning import EntryGroup
from symcnn.formula.reader import Chain
from symcnn.formula.steps import bare
from symcnn.formula.tree import Node
from symcnn.formula.written import MeaningError
from symcnn.proof.paths import Slope, parameters_and_data
from symcnn.symbolic import E

#: Letters before a subscript that are no command: a name of several, or a product that looks like one.
_WORD = re.compile(r"(?<![\\A-Za-z{])([A-Za-z]{2,20})(?=\s*_)")


@dataclass(frozen=True)
class Proposal:
    """Entries of a mapping file.

    Attributes:
        names: of several letters.
        alias: a symbol as it is written -> the network's name; derived: -> a derivative, in the text's typography.
    """

    names: tuple[str, ...] = ()
    alias: dict[str, str] = field(default_factory=dict)
    derived: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.names or self.alias or self.derived)

    def __str__(self) -> str:
        """As TOML."""
        alias = [f"'{symbol}' = \"{name}\"" for symbol, name in self.alias.items()]
        derived = [f"'{symbol}' = '{formula}'" for symbol, formula in self.derived.items()]
        names = ", ".join(f'"{name}"' for name in self.names)
        lines = [f"names = [{names}]"] if names else []
        lines += ["[alias]", *alias] if alias else []
        lines += ["[derived]", *derived] if derived else []
        return "\n".join(lines)


class Proposals:
    """Looks for what a text's own names stand for.

    Args:
        witness: works out numbers over the notation.
        names: those of several letters that are known.
    """

    def __init__(self, notation: Notation, witness: Witness, style: Style, names: Sequence[str] = ()) -> None:
        self._notation, self._witness, self._style, self._names = notation, witness, style, frozenset(names)

    def of(self, unread: Iterable[Chain]) -> Proposal:
        """What the names in equations that could not be read may be."""
        names: dict[str, None] = {}
        alias: dict[str, str] = {}
        derived: dict[str, str] = {}
        for chain in unread:
            found = [word for member in chain.members for word in _WORD.findall(member.text) if word not in self._names]
            names |= dict.fromkeys(found)
            left, *rest = (m.node for m in chain.members)
            if found or not isinstance(left, tree.Symbol) or self._notation.spelled.is_known(left):
                continue
            values = list(self._values(rest))
            quantity = next(filter(None, map(self._quantity, values)), None)
            opposite = None if quantity else next(filter(None, map(self._quantity, (-v for v in values))), None)
            if isinstance(quantity, Symbol):
                alias[self._style.latex(left)] = str(quantity)
            elif isinstance(quantity, Slope):
                derived[self._style.latex(left)] = self._derivative(quantity)
            elif isinstance(opposite, Slope):
                derived[self._style.latex(left)] = f"-{self._derivative(opposite)}"
        return Proposal(tuple(names), alias, derived)

    def _derivative(self, slope: Slope) -> str:
        by = self._style.typography.name(slope.by, differentiated=True)
        return self._style.latex(tree.Partial(self._style.error, by))

    def _values(self, members: Sequence[Node | None]) -> Iterator[Expr]:
        for node in members:
            try:
                value = None if node is None else self._notation.meaning.of(self._notation.resolved(bare(node)))
            except MeaningError:
                continue
            if value is not None and not isinstance(value, EntryGroup) and value.free_symbols | value.atoms(Slope):
                yield value

    def _quantity(self, value: Expr) -> Expr | None:
        """The network's quantity, or the derivative of its error, that an expression is."""
        number = self._witness.number(value)
        if number is None:
            return None
        near = (candidate for candidate, at in self._candidates if math.isclose(at, number))
        decided = (c for c in near if self._notation.decide(c, value).status in ("proved", "probable"))
        return next(decided, None)

    @cached_property
    def _candidates(self) -> list[tuple[Expr, float]]:
        """What a name may stand for, each with its number."""
        derivation = self._notation.derivation
        computed = [variable.quantity.symbol for variable in derivation.graph.forward.values()]
        parameters, _ = parameters_and_data(derivation)
        found = (*computed, *(Slope(E.symbol, by) for by in (*computed, *parameters) if by != E.symbol))
        return [(c, number) for c in found if (number := self._witness.number(c)) is not None]
