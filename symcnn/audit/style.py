"""The text's own typography: how it writes each quantity, and what stands between factors."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from symcnn.derivation import Derivation
from symcnn.formula import Latex, Typography, tree
from symcnn.formula.reader import Chain
from symcnn.formula.steps import nodes, parts
from symcnn.formula.tree import Node
from symcnn.formula.typography import Letters
from symcnn.formula.written import MeaningError, Spelled, letters_in
from symcnn.symbolic import Name, TensorKind
from symcnn.text import catalogue

_SIGN = re.compile(r"\*|\\cdot(?![a-z])|\\times")

#: So many members with a sign between factors make a habit, and one in so many without it breaks it.
MANY_SIGNED = 20


class Style:
    """How one text writes.

    Args:
        raw: each symbol as it stands in the text.
        chains: of the text.
    """

    def __init__(
        self,
        derivation: Derivation,
        spelled: Spelled,
        raw: Mapping[tree.Symbol, str],
        chains: Iterable[Chain],
        decimal: str = ".",
    ) -> None:
        self.derivation, self._spelled, self._raw = derivation, spelled, raw
        self._chains, self._decimal = list(chains), decimal

    def latex(self, node: Node) -> str:
        """A formula as this text would write it."""
        found = _Echo(self._raw, self._sign, self._decimal).emit(node)
        return found if r"\left" in self._written else found.replace(r"\left(", "(").replace(r"\right)", ")")

    @cached_property
    def typography(self) -> Typography:
        return _Own(self)

    @cached_property
    def _written(self) -> str:
        """The formulas of the text."""
        return " ".join(m.text for c in self._chains for m in c.members)

    @cached_property
    def _sign(self) -> str:
        found = Counter(_SIGN.findall(self._written))
        beside = sum(m.beside for c in self._chains for m in c.members)
        most = found.most_common(1)
        return f" {most[0][0]} " if most and most[0][1] >= beside else self._beside if beside else r" \cdot "

    @property
    def _beside(self) -> str:
        """Between factors that stand beside each other."""
        return r" \, " if r"\," in self._written else " "

    @cached_property
    def writes_signs(self) -> bool:
        """Does the text write a sign between factors, all but everywhere?"""
        members = [m for c in self._chains for m in c.members]
        signed = sum(bool(_SIGN.search(m.text)) for m in members)
        return signed >= MANY_SIGNED and sum(m.beside for m in members) * MANY_SIGNED <= signed

    @cached_property
    def error(self) -> tree.Symbol:
        """The symbol of the loss."""
        found = (s for s in self.symbols if s.letter == "E" and not s.indices)
        return next(found, tree.Symbol("E", "", "total"))

    @cached_property
    def symbols(self) -> list[tree.Symbol]:
        """Every symbol of the text, in its order."""
        members = (m.node for c in self._chains for m in c.members if m.node is not None)
        return [n for node in members for n in nodes(node) if isinstance(n, tree.Symbol)]

    @cached_property
    def _by_name(self) -> dict[tuple[str, bool], tree.Symbol]:
        """(quantity, under a ∂) -> its symbol in the text."""
        found: dict[tuple[str, bool], tree.Symbol] = {}
        for member in (m.node for c in self._chains for m in c.members if m.node is not None):
            for symbol, under in _places(member, False):
                name = self._name_of(symbol)
                if name:
                    found.setdefault((name, under), symbol)
        return found

    def _name_of(self, symbol: tree.Symbol) -> str:
        if symbol.letter == "E" or letters_in(self._spelled.canonical(symbol)):
            return ""
        try:
            tensor, index = self._spelled.entry(symbol, {})
        except MeaningError:
            return ""
        return "" if index is None else tensor.scalar(index)

    def symbol(self, name: str, differentiated: bool) -> tree.Symbol | None:
        """A quantity as the text writes it, or as it would."""
        for key in ((name, differentiated), (name, not differentiated)):
            if key in self._by_name:
                return self._by_name[key]
        look = re.sub(r"\d", "", name)
        for wanted in (differentiated, not differentiated):
            for (other, under), symbol in self._by_name.items():
                raw = self._raw.get(symbol, "")
                alike = under == wanted and re.sub(r"\d", "", other) == look
                if alike and re.findall(r"\d", raw) == re.findall(r"\d", other):
                    return tree.Symbol(_with_digits(raw, re.findall(r"\d", name)))
        return None


def _places(node: Node, under: bool) -> Iterator[tuple[tree.Symbol, bool]]:
    """Every symbol of a formula, and whether it stands under a ∂."""
    if isinstance(node, tree.Symbol):
        yield node, under
        return
    for part in parts(node):
        yield from _places(part, under or isinstance(node, tree.Partial))


def _with_digits(raw: str, digits: list[str]) -> str:
    """A symbol with other digits in their places."""
    left = iter(digits)
    return re.sub(r"\d", lambda _: next(left), raw)


class _Own(Letters):
    """Names as the text writes them."""

    def __init__(self, style: Style) -> None:
        super().__init__(style.derivation.quantities, catalogue("en").words("word"))
        self._style = style
        self.error = style.error

    def name(self, name: Name, differentiated: bool = False) -> Node:
        quantity = self.quantities.of(name)
        if quantity.is_adjoint or quantity.tensor.kind is TensorKind.ERROR:
            return super().name(quantity, differentiated)
        return self._style.symbol(quantity.name, differentiated) or super().name(quantity, differentiated)


class _Echo(Latex):
    """LaTeX with the text's own symbols and its own sign of a product."""

    def __init__(self, raw: Mapping[tree.Symbol, str], sign: str, decimal: str) -> None:
        super().__init__(decimal)
        self._raw, self._sign = raw, sign

    def emit(self, node: Any) -> str:
        if isinstance(node, tree.Symbol) and node in self._raw:
            return self._raw[node]
        if isinstance(node, tree.Product):
            return self._sign.join(map(self._operand, node.factors))
        if isinstance(node, tree.Over) and node.first is not None:
            return rf"\sum_{{{node.letters[0]}={node.first}}}^{{{node.last}}} {self._operand(node.body)}"
        return super().emit(node)
